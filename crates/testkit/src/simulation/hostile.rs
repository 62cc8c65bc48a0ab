//! Hostile members: a real node whose messages somebody with all of its keys twists on the way out, and who sends more
//! of his own.
//!
//! What a hostile member receives it may keep and use; what it sends it may drop, delay, change, repeat, sign anew, or
//! make up. It cannot sign for anybody else.

mod fake;
mod forge;

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use crypto::cbor;
use domain::Oin;
use index::HeadDocument;
use protocol::Conversation;
use protocol::evaluation::{EvaluationRequest, EvaluationResponse};
use protocol::feed::{FeedRequest, FeedResponse};

use self::fake::FakeFeed;
use self::forge::Forger;
use super::Simulation;
use super::wire::{Message, Route};
use crate::{Dice, Founding};

/// Frames that a hostile member keeps to use them again.
const MOST_HEARD: usize = 64;

/// Frames of its own that it sends in a second, as many as one connection carries without effort.
const FLOOD_PER_SECOND: u64 = 40;

/// What a hostile member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trick {
    /// Two nodes under one name, each with its own half of the others, who publish different things.
    Fork,
    /// Documents signed with the right key that say what is not so: other networks, circles, epochs, numbers, times.
    Forge,
    /// A feed of tags lifted from the feeds of others.
    Lift,
    /// Frames of others, and its own of earlier, in the place of what belongs there.
    Replay,
    /// Frames cut, flipped, empty, or of random bytes.
    Garble,
    /// No answers, and nothing said.
    Silence,
    /// Evaluations with another share, of other elements, in another order, without proof.
    Shares,
    /// In a ceremony: two packages, shares that fit nothing, false complaints, another transcript.
    Lies,
    /// More frames than anybody asked for.
    Flood,
}

impl Trick {
    /// Every trick.
    pub const ALL: [Self; 9] = [
        Self::Fork,
        Self::Forge,
        Self::Lift,
        Self::Replay,
        Self::Garble,
        Self::Silence,
        Self::Shares,
        Self::Lies,
        Self::Flood,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Forge => "forge",
            Self::Lift => "lift",
            Self::Replay => "replay",
            Self::Garble => "garble",
            Self::Silence => "silence",
            Self::Shares => "shares",
            Self::Lies => "lies",
            Self::Flood => "flood",
        }
    }
}

impl fmt::Display for Trick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that names no trick.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hostile member knows this trick")]
pub struct NoTrick;

impl FromStr for Trick {
    type Err = NoTrick;

    fn from_str(word: &str) -> Result<Self, NoTrick> {
        Self::ALL.into_iter().find(|trick| trick.word() == word).ok_or(NoTrick)
    }
}

/// A frame that was sent to a hostile member, or by it.
struct Heard {
    conversation: Option<Conversation>,
    is_response: bool,
    frame: Vec<u8>,
}

/// Whoever has a member's keys.
pub(super) struct Hostile {
    tricks: Vec<Trick>,
    dice: Dice,
    forger: Forger,
    heard: VecDeque<Heard>,
    fake: Option<FakeFeed>,
}

impl Hostile {
    fn plays(&self, trick: Trick) -> bool {
        self.tricks.contains(&trick)
    }

    fn keep(&mut self, message: &Message) {
        if self.heard.len() >= MOST_HEARD {
            let place = self.dice.pick(MOST_HEARD);
            self.heard.remove(place);
        }
        let (conversation, is_response) = (message.conversation, message.is_response);
        self.heard.push_back(Heard { conversation, is_response, frame: message.frame.clone() });
    }

    /// A frame heard before that could stand in the place of this message's.
    fn another(&mut self, message: &Message) -> Option<Vec<u8>> {
        let fitting: Vec<&Heard> = self
            .heard
            .iter()
            .filter(|heard| {
                (heard.conversation, heard.is_response) == (message.conversation, message.is_response)
            })
            .collect();
        let place = self.dice.pick(fitting.len());
        fitting.get(place).map(|heard| heard.frame.clone())
    }

    /// What is sent in the place of a message; `None` when nothing is.
    fn twist(&mut self, message: &Message) -> Option<Vec<u8>> {
        if self.plays(Trick::Silence) && self.dice.percent(60) {
            return None;
        }
        let mut frame = message.frame.clone();
        if self.plays(Trick::Shares) && message.conversation == Some(Conversation::Evaluation) {
            frame = self.wrong_shares(message).unwrap_or(frame);
        }
        if self.plays(Trick::Lies) && message.conversation == Some(Conversation::Ceremony) {
            frame = self.forger.lies(&frame, message.is_response, &mut self.dice).unwrap_or(frame);
        }
        if self.plays(Trick::Forge) && self.dice.percent(50) {
            frame = self.forged(message).unwrap_or(frame);
        }
        if self.plays(Trick::Replay) && self.dice.percent(40) {
            frame = self.another(message).unwrap_or(frame);
        }
        if self.plays(Trick::Garble) && self.dice.percent(40) {
            frame = garble(frame, &mut self.dice);
        }
        Some(frame)
    }

    fn forged(&mut self, message: &Message) -> Option<Vec<u8>> {
        if message.conversation.is_none() {
            return self.forger.head(&message.frame, &mut self.dice);
        }
        if message.conversation != Some(Conversation::Feed) || !message.is_response {
            return None;
        }
        let response = cbor::from_slice::<FeedResponse>(&message.frame).ok()?;
        self.forger.feed_response(response, &mut self.dice)
    }

    fn wrong_shares(&mut self, message: &Message) -> Option<Vec<u8>> {
        if !message.is_response {
            return None;
        }
        let EvaluationResponse::Evaluated { mut elements, mut proof } =
            cbor::from_slice(&message.frame).ok()?
        else {
            return None;
        };
        match self.dice.below(7) {
            0 => elements.rotate_left(32),
            1 => elements.fill(0),
            2 => elements.truncate(elements.len().saturating_sub(32)),
            3 => elements.extend_from_within(..),
            4 => proof.fill(0),
            // The key 1: what was asked is given back.
            5 => elements = self.asked_elements().unwrap_or(elements),
            _ => {
                if let Some(byte) = proof.get_mut(self.dice.pick(64)) {
                    *byte ^= 1;
                }
            }
        }
        Some(cbor::to_vec(&EvaluationResponse::Evaluated { elements, proof }))
    }

    fn asked_elements(&self) -> Option<Vec<u8>> {
        let asked = self
            .heard
            .iter()
            .rev()
            .find(|heard| heard.conversation == Some(Conversation::Evaluation) && !heard.is_response)?;
        match cbor::from_slice(&asked.frame).ok()? {
            EvaluationRequest::Evaluate { elements, .. } => Some(elements),
            EvaluationRequest::Show { .. } | EvaluationRequest::Hear { .. } => None,
        }
    }
}

fn garble(mut frame: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => frame.clear(),
        1 => frame.truncate(dice.pick(frame.len())),
        2 => {
            let place = dice.pick(frame.len());
            if let Some(byte) = frame.get_mut(place) {
                *byte ^= 1 << dice.below(8);
            }
        }
        _ => frame = random_bytes(dice),
    }
    frame
}

fn random_bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(300)).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).collect()
}

impl Simulation {
    /// Gives somebody the keys and the place of a member. Tricks add up.
    pub fn corrupt(&mut self, oin: Oin, trick: Trick, seed: u64) {
        let (network, key) = (self.founding.roster.network(), Founding::organisation_key(oin));
        let hostile = self.hostile.entry(oin).or_insert_with(|| Hostile {
            tricks: Vec::new(),
            dice: Dice::new(seed),
            forger: Forger { network, oin, key },
            heard: VecDeque::new(),
            fake: None,
        });
        if !hostile.plays(trick) {
            hostile.tricks.push(trick);
        }
        if trick == Trick::Fork {
            self.fork(oin);
        }
    }

    /// Whether somebody else has a member's keys.
    #[must_use]
    pub fn is_hostile(&self, oin: Oin) -> bool {
        self.hostile.contains_key(&oin)
    }

    /// Twists a message of a hostile member; the error is one that is not sent.
    pub(super) fn twist(&mut self, mut message: Message) -> Result<Message, Message> {
        if message.is_final {
            return Ok(message);
        }
        let Some(hostile) = self.hostile.get_mut(&message.from) else { return Ok(message) };
        hostile.keep(&message);
        match hostile.twist(&message) {
            Some(frame) => {
                message.frame = frame;
                Ok(message)
            }
            None => Err(message),
        }
    }

    /// A message reaches a hostile member, who keeps it and may answer himself. Returns it when the node is to see it.
    pub(super) fn overheard(&mut self, message: Message) -> Option<Message> {
        let Some(hostile) = self.hostile.get_mut(&message.to) else { return Some(message) };
        hostile.keep(&message);
        let answered = message.conversation == Some(Conversation::Feed) && !message.is_response;
        let request = cbor::from_slice::<FeedRequest>(&message.frame).ok().filter(|_| answered);
        let (Some(fake), Some(request)) = (&hostile.fake, request) else { return Some(message) };
        let Some(response) = fake.answer(&request) else { return Some(message) };
        let Route::Request(id) = message.route else { return Some(message) };
        let (from, to) = (message.to, message.from);
        let frame = cbor::to_vec(&response);
        self.queue.push_back(Message::new(from, to, message.conversation, frame, Route::Response(id)));
        None
    }

    /// What hostile members do besides, once a second.
    pub(super) fn mischief(&mut self) {
        let hostile: Vec<Oin> =
            self.hostile.keys().filter(|oin| self.nodes.contains_key(oin)).copied().collect();
        for oin in hostile {
            let peers = self.peers_of(oin);
            let (now, circle) = (self.clock(oin), self.founding.circle);
            let Some(member) = self.hostile.get_mut(&oin) else { continue };
            let mut sent: Vec<Message> = Vec::new();
            if member.plays(Trick::Lift) {
                let lifted =
                    member.heard.iter().filter_map(|heard| fake::tags(&heard.frame)).flatten().collect();
                let head = last_head(&member.heard, oin);
                let fake = match (&mut member.fake, head) {
                    (Some(fake), _) => Some(fake),
                    (none, Some(head)) => Some(none.insert(FakeFeed::above(&head, &member.forger))),
                    (None, None) => None,
                };
                if let Some(head) = fake.and_then(|fake| fake.publish(lifted, now, &member.forger)) {
                    let gossip = |to: &Oin| Message::new(oin, *to, None, head.clone(), Route::Gossip(circle));
                    sent.extend(peers.iter().map(gossip));
                }
            }
            if member.plays(Trick::Flood) {
                for _ in 0..member.dice.below(FLOOD_PER_SECOND) {
                    let Some(to) = peers.get(member.dice.pick(peers.len())) else { break };
                    sent.push(flood(oin, *to, circle, member));
                }
            }
            self.queue.extend(sent.into_iter().map(Message::sent_as_it_is));
        }
    }
}

/// The newest own head that passed.
fn last_head(heard: &VecDeque<Heard>, oin: Oin) -> Option<HeadDocument> {
    let heads = heard.iter().filter(|heard| heard.conversation.is_none());
    let documents = heads.filter_map(|heard| forge::read::<HeadDocument>(&heard.frame));
    documents.filter(|head| head.feed.publisher == oin).max_by_key(|head| head.sequence)
}

fn flood(from: Oin, to: Oin, circle: domain::CircleId, member: &mut Hostile) -> Message {
    let place = member.dice.pick(member.heard.len());
    let frame = match member.heard.get(place).filter(|_| member.dice.percent(60)) {
        Some(heard) => heard.frame.clone(),
        None => random_bytes(&mut member.dice),
    };
    let conversation = Conversation::ALL.get(member.dice.pick(Conversation::ALL.len() + 1)).copied();
    // No node gives out this number for its own requests.
    let id = protocol::RequestId(u64::MAX);
    let route = conversation.map_or(Route::Gossip(circle), |_| Route::Request(id));
    Message::new(from, to, conversation, frame, route)
}
