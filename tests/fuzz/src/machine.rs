//! The state machine of a node under arbitrary orders of inputs: three nodes whose messages arrive in whatever order, twice,
//! changed or not at all, among frames that were recorded, changed, made up, or signed by a member that lies.

mod world;

use crypto::{Signed, cbor};
use domain::{CircleId, FamilyRef, Oin, Timestamp};
use protocol::feed::FeedResponse;
use protocol::{Command, Conversation, DecisionWanted, Input, Judgement, RequestId, ResponseToken};
use testkit::{Founding, MemoryDisk, START};

use self::world::{NODES, World};
use super::pieces::Pieces;
use super::recorded::{MEMBERS, registered};
use super::{Check, recorded};

pub(crate) const CHECKS: &[(&str, Check)] = &[("founded", founded), ("settled", settled)];

/// Things that happen in one input; more would only make it slow.
const MOST_EVENTS: usize = 200;

/// Good inputs, by check: in order, with losses, and with lies.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    // Everybody is connected, time passes, and whatever is on its way arrives in order.
    let quiet: Vec<u8> = (0..40).flat_map(|_| [1, 1, 0, 3, 0, 3, 0, 3, 0, 3, 0]).collect();
    // 138 is 3 with evaluations that take their time.
    let busy: Vec<u8> = (0..40).flat_map(|_| [1, 1, 0, 138, 0, 138, 0, 138, 0, 3, 0]).collect();
    let restarts: Vec<u8> = (0..20).flat_map(|_| [1, 1, 0, 3, 0, 3, 1, 12, 0, 4, 0, 3, 2, 5, 0]).collect();
    let commands: Vec<u8> = (0..3).flat_map(|node| [11, node, 0, 11, node, 4, 1, 2, 0, 3, 0, 3, 0]).collect();
    let partings: Vec<u8> =
        (0..20).flat_map(|_| [1, 1, 0, 3, 0, 13, 0, 1, 1, 3, 0, 13, 0, 1, 0, 13, 1, 2, 0]).collect();
    let installs: Vec<u8> = (0..4)
        .flat_map(|version| [14, version % 3, version, 1, 1, 0, 3, 0, 3, 0, 3, 0, 3, 0, 3, 0])
        .collect();
    let jumps: Vec<u8> = (0..10).flat_map(|size| [2, size, 0x30, 1, 1, 0, 3, 0, 3, 0, 3, 0]).collect();
    let mut inputs = Vec::new();
    for check in ["founded", "settled"] {
        for rest in [&quiet, &busy, &restarts, &partings, &installs, &jumps] {
            inputs.push((check, [[0].as_slice(), &commands, rest].concat()));
        }
        for (number, frame) in recorded().frames.iter().enumerate().step_by(7) {
            let number = u8::try_from(number).expect("a few dozen frames");
            let place = u8::try_from(frame.bytes.len() % 251).expect("below 251");
            let changed = [0, 7, 0, 1, number, 8, 1, 2, number, place, 0x40, 9, 0, 1, number, 1, 1, 0, 3, 0];
            inputs.push((check, changed.to_vec()));
        }
        let forged = [0, 10, 0, 0, 0, 0, 1, 10, 1, 1, 0, 0, 2, 10, 2, 1, 0, 0, 3, 1, 1, 0, 3, 0, 3, 0];
        inputs.push((check, forged.to_vec()));
    }
    inputs
}

/// From an empty disk: the keys are still to be made.
fn founded(bytes: &[u8]) -> bool {
    World::new(START, |_| MemoryDisk::default()).play(bytes)
}

/// From where the network had settled.
fn settled(bytes: &[u8]) -> bool {
    let recorded = recorded();
    World::new(recorded.now, |number| recorded.disks[number - 1].clone()).play(bytes)
}

impl World {
    /// Whether at least one node replied to a command or took a message.
    fn play(mut self, bytes: &[u8]) -> bool {
        let mut pieces = Pieces::new(bytes);
        if pieces.byte().is_multiple_of(2) {
            for one in 1..=NODES {
                for other in 1..=NODES {
                    self.connect(Founding::oin(one), Founding::oin(other));
                }
            }
        }
        let mut events = 0;
        while !pieces.is_empty() && events < MOST_EVENTS {
            self.event(&mut pieces);
            events += 1;
        }
        self.work(false);
        for oin in self.nodes.keys().copied().collect::<Vec<_>>() {
            self.command(oin, Command::Status);
        }
        self.replies > 0
    }

    fn event(&mut self, pieces: &mut Pieces<'_>) {
        let choice = pieces.byte();
        // Work goes on beside everything else; some of it takes long, and what began last may be over first.
        if choice & 0x80 == 0 {
            self.work(choice & 0x40 != 0);
        }
        match choice % 15 {
            0 => {
                let oin = self.node(pieces);
                self.input(oin, Input::Tick);
            }
            1 => {
                self.now = self.now.plus(pieces.below(8) as u64);
                for oin in self.nodes.keys().copied().collect::<Vec<_>>() {
                    self.input(oin, Input::Tick);
                }
            }
            2 => self.jump(pieces),
            3 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue.remove(place)) {
                    self.arrive(message);
                }
            }
            4 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue[place].clone()) {
                    // A doubled answer is another's: the network gives each request one.
                    self.is_tampered = true;
                    self.arrive(message);
                }
            }
            5 => {
                if let Some(message) = self.message(pieces).map(|place| self.queue.remove(place)) {
                    self.lose(&message);
                }
            }
            6 => {
                if let Some(place) = self.message(pieces) {
                    let mut message = self.queue.remove(place);
                    change(&mut message.frame, pieces);
                    self.is_tampered = true;
                    self.arrive(message);
                }
            }
            7 => {
                let (to, from) = (self.node(pieces), self.member(pieces));
                let frame = self.frame(pieces, false);
                self.request(from, to, frame);
            }
            8 => {
                let to = self.node(pieces);
                let place = pieces.byte();
                let awaited = self.awaited.get(&to).map_or(&[][..], Vec::as_slice);
                let known = awaited.get(usize::from(place).checked_rem(awaited.len()).unwrap_or(0));
                let id = known.copied().unwrap_or(RequestId(place.into()));
                let (_, frame) = self.frame(pieces, true);
                self.answered(to, id);
                self.is_tampered = true;
                self.input(to, Input::Response { id, frame });
            }
            9 => {
                let to = self.node(pieces);
                let is_known = pieces.byte() != 0;
                let circle =
                    if is_known { recorded().founding.circle } else { CircleId::from_bytes([0; 16]) };
                let (_, frame) = self.frame(pieces, false);
                self.is_tampered = true;
                self.input(to, Input::Gossip { circle, frame });
            }
            10 => self.forge(pieces),
            11 => {
                let oin = self.node(pieces);
                let command = command(pieces);
                self.command(oin, command);
            }
            12 => {
                let oin = self.node(pieces);
                self.restart(oin);
            }
            13 => {
                let (one, other) = (self.node(pieces), self.node(pieces));
                self.part(one, other);
                if pieces.byte().is_multiple_of(2) {
                    self.connect(one, other);
                    self.connect(other, one);
                }
            }
            _ => self.install(pieces),
        }
    }

    /// Somebody installs a version of the roster: one of those that governors signed one after the other, of which each
    /// node takes the next, or one that contradicts them.
    fn install(&mut self, pieces: &mut Pieces<'_>) {
        let oin = self.node(pieces);
        let Some(roster) = pieces.pick(&recorded().rosters).cloned() else { return };
        self.is_other_roster = true;
        self.command(oin, Command::InstallRoster(Box::new(roster)));
    }

    /// The clock moves, forwards or back, by seconds or by years.
    fn jump(&mut self, pieces: &mut Pieces<'_>) {
        let (size, amount) = (pieces.byte(), pieces.byte());
        let seconds = u64::from(amount) << (size & 0x1f);
        self.now = if size & 0x80 == 0 {
            self.now.plus(seconds)
        } else {
            Timestamp(self.now.0.saturating_sub(seconds))
        };
    }

    fn node(&self, pieces: &mut Pieces<'_>) -> Oin {
        Founding::oin(1 + pieces.below(NODES))
    }

    /// A member, or in rare cases somebody who is none.
    fn member(&self, pieces: &mut Pieces<'_>) -> Oin {
        Founding::oin(1 + pieces.below(MEMBERS + 1))
    }

    fn message(&self, pieces: &mut Pieces<'_>) -> Option<usize> {
        let place = pieces.below(self.queue.len());
        (place < self.queue.len()).then_some(place)
    }

    /// A frame as recorded, one changed, or one made up; with its conversation.
    fn frame(&mut self, pieces: &mut Pieces<'_>, is_response: bool) -> (Conversation, Vec<u8>) {
        let sort = pieces.byte();
        if sort.is_multiple_of(4) {
            let conversation = pieces.pick(&Conversation::ALL).copied().unwrap_or(Conversation::Feed);
            return (conversation, pieces.piece().to_vec());
        }
        // One in four is of the wrong sort.
        let frames = recorded().frames.iter();
        let fitting: Vec<_> =
            frames.filter(|frame| sort % 4 == 3 || frame.is_response == is_response).collect();
        let Some(frame) = pieces.pick(&fitting) else { return (Conversation::Feed, Vec::new()) };
        let mut bytes = frame.bytes.clone();
        if sort % 4 == 2 {
            change(&mut bytes, pieces);
        }
        let any = || Conversation::ALL[usize::from(sort / 4) % Conversation::ALL.len()];
        (frame.conversation.unwrap_or_else(any), bytes)
    }

    fn request(&mut self, from: Oin, to: Oin, (conversation, frame): (Conversation, Vec<u8>)) {
        self.is_tampered = true;
        self.last += 1;
        // Nobody awaits the answer.
        self.input(to, Input::Request { from, conversation, token: ResponseToken(self.last), frame });
    }

    /// The last member says something of its own feed, signed as it should be: a head or a header, in gossip or as the
    /// answer to whatever a node awaits.
    fn forge(&mut self, pieces: &mut Pieces<'_>) {
        let liar = Founding::oin(MEMBERS);
        let (sort, to) = (pieces.byte(), self.node(pieces));
        let key = Founding::organisation_key(liar);
        let (number, seconds) = (pieces.short(), pieces.byte());
        let sequence = if number & 0x8000 == 0 { number.into() } else { u64::MAX - u64::from(number & 0xff) };
        let time = self.now.plus(u64::from(seconds) << (sort & 0x0f));
        self.is_tampered = true;
        if sort & 1 == 0 {
            let Some(mut head) = pieces.pick(&recorded().heads()).cloned() else { return };
            head.feed.publisher = liar;
            (head.sequence, head.generation, head.time) = (sequence, u32::from(sort >> 4), time);
            let frame = Signed::sign(head, &key).to_wire();
            self.input(to, Input::Gossip { circle: recorded().founding.circle, frame });
            return;
        }
        let Some(mut header) = pieces.pick(&recorded().headers()).cloned() else { return };
        header.feed.publisher = liar;
        (header.sequence, header.generation, header.time) = (sequence, u32::from(sort >> 4), time);
        (header.added, header.withdrawn) = (pieces.short().into(), pieces.byte().into());
        let headers = vec![Signed::sign(header, &key).to_wire().into()];
        let frame = cbor::to_vec(&FeedResponse::Headers { headers });
        for id in self.awaited.remove(&to).unwrap_or_default() {
            self.input(to, Input::Response { id, frame: frame.clone() });
        }
    }
}

/// Flips a byte, cuts, or puts another frame's end behind.
fn change(frame: &mut Vec<u8>, pieces: &mut Pieces<'_>) {
    let (place, with) = (usize::from(pieces.byte()), pieces.byte());
    let place = place.checked_rem(frame.len()).unwrap_or(0);
    match with {
        0 => frame.truncate(place),
        0xff => frame.extend_from_within(place..),
        _ => {
            if let Some(byte) = frame.get_mut(place) {
                *byte ^= with;
            }
        }
    }
}

fn command(pieces: &mut Pieces<'_>) -> Command {
    let family = |pieces: &mut Pieces<'_>| {
        FamilyRef::new(&format!("G-{}", 1 + pieces.below(NODES))).expect("a reference")
    };
    let byte = pieces.byte();
    let about = |pieces: &mut Pieces<'_>| (family(pieces), Founding::oin(1 + pieces.below(NODES)));
    match byte % 8 {
        _ if byte >= 0xe0 => {
            let (family, organisation) = about(pieces);
            let judgement = if byte & 1 == 0 { Judgement::Same } else { Judgement::Different };
            let (unit, although_certain) = (None, byte & 2 != 0);
            Command::Decide(DecisionWanted { family, organisation, judgement, unit, although_certain })
        }
        _ if byte >= 0xd0 => {
            let (family, organisation) = about(pieces);
            Command::Undo(family, organisation)
        }
        0 => registered(1 + pieces.below(NODES)),
        1 => Command::Withdraw(vec![family(pieces)]),
        2 => Command::Who(family(pieces)),
        3 => Command::WhoAll,
        4 => Command::Status,
        5 => Command::Signals,
        6 => Command::RosterAfter(pieces.byte().into()),
        _ => {
            let day = Timestamp(START.0).plus(u64::from(pieces.short()) * 86_400).date();
            Command::Renew { families: vec![family(pieces)], until: day }
        }
    }
}
