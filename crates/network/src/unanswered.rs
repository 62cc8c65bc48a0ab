//! Requests of members that wait for the own node's answer, and answers that wait to be read.

use std::collections::BTreeMap;

use domain::Oin;
use libp2p::request_response::{InboundRequestId, ResponseChannel};
use protocol::evaluation::FEW_ELEMENTS;
use protocol::{Conversation, ResponseToken};

use crate::event_queue::Place;
use crate::shares::{Room, Shares};

/// Evaluations that one evaluator has in hand: one at work, and the next. The others wait in their fair order.
const MAX_EVALUATIONS_IN_HAND: usize = 2;

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) from: Oin,
    pub(crate) conversation: Conversation,
    pub(crate) request: InboundRequestId,
    pub(crate) channel: ResponseChannel<Vec<u8>>,
    /// Of its frame.
    pub(crate) bytes: usize,
    /// Elements to evaluate.
    pub(crate) elements: usize,
}

/// A request that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) token: ResponseToken,
    /// Another one, which gave way to it.
    pub(crate) given_up: Option<(Oin, ResponseToken)>,
}

#[derive(Debug)]
struct Held {
    waiting: Waiting,
    in_hand: bool,
    /// The evaluator that it needs.
    evaluator: Option<Evaluator>,
}

/// Who evaluates: one for what is over soon, one for the rest, so that few elements never wait behind many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Evaluator {
    OfFew,
    OfMany,
}

impl Evaluator {
    fn of(request: &Waiting) -> Option<Self> {
        match request.conversation {
            Conversation::Evaluation if request.elements <= FEW_ELEMENTS => Some(Self::OfFew),
            Conversation::Evaluation => Some(Self::OfMany),
            Conversation::Ceremony | Conversation::Feed | Conversation::Roster | Conversation::Witness => {
                None
            }
        }
    }
}

/// Where answers go. Tokens count up and are never given out twice.
#[derive(Debug)]
pub(crate) struct Unanswered {
    held: BTreeMap<ResponseToken, Held>,
    /// Answers on their way, with their bytes.
    answers: BTreeMap<(Conversation, InboundRequestId), (Oin, usize)>,
    next: u64,
    shares: Shares,
    /// Evaluations in hand.
    evaluating: BTreeMap<Evaluator, usize>,
}

impl Unanswered {
    pub(crate) fn new(max_per_member: usize) -> Self {
        Self {
            held: BTreeMap::new(),
            answers: BTreeMap::new(),
            next: 0,
            shares: Shares::new(max_per_member),
            evaluating: BTreeMap::new(),
        }
    }

    /// Keeps a request until it is answered. `None`, and the request is refused, when there is no room for it.
    pub(crate) fn keep(&mut self, request: Waiting) -> Option<Kept> {
        let given_up = match self.shares.room(&request.from, request.bytes) {
            Room::Free => None,
            Room::InPlaceOf(other) => Some((other, self.give_up_newest(&other)?)),
            Room::Full => return None,
        };
        if given_up.is_some() && self.shares.room(&request.from, request.bytes) != Room::Free {
            // Long for short: what gave way was not enough.
            return None;
        }
        let token = ResponseToken(self.next);
        self.next += 1;
        self.shares.arrived(request.from, request.bytes);
        let evaluator = Evaluator::of(&request);
        self.held.insert(token, Held { waiting: request, in_hand: false, evaluator });
        Some(Kept { token, given_up })
    }

    fn give_up_newest(&mut self, of: &Oin) -> Option<ResponseToken> {
        let waits = |(_, held): &(&ResponseToken, &Held)| held.waiting.from == *of && !held.in_hand;
        let (token, _) = self.held.iter().rev().find(waits)?;
        let token = *token;
        self.take(token).map(|_| token)
    }

    /// The node takes a request in hand. False when its sender no longer waits.
    pub(crate) fn begin(&mut self, token: ResponseToken) -> bool {
        let Some(held) = self.held.get_mut(&token) else { return false };
        if !held.waiting.channel.is_open() {
            return false;
        }
        held.in_hand = true;
        self.shares.begun(held.waiting.from);
        if let Some(evaluator) = held.evaluator {
            *self.evaluating.entry(evaluator).or_default() += 1;
        }
        true
    }

    /// Whether the node may take this request of this member in hand.
    pub(crate) fn place(&self, from: &Oin, token: ResponseToken) -> Place {
        if !self.shares.may_serve(from) {
            return Place::Used;
        }
        let evaluator = self.held.get(&token).and_then(|held| held.evaluator);
        let in_hand = evaluator.and_then(|evaluator| self.evaluating.get(&evaluator)).copied().unwrap_or(0);
        if in_hand < MAX_EVALUATIONS_IN_HAND { Place::Free } else { Place::Taken }
    }

    /// Requests that wait or are in hand, their bytes, and the bytes of answers on their way.
    pub(crate) fn held(&self) -> (usize, usize, usize) {
        self.shares.all()
    }

    /// The request that `token` names, once.
    pub(crate) fn take(&mut self, token: ResponseToken) -> Option<Waiting> {
        let Held { waiting, in_hand, evaluator } = self.held.remove(&token)?;
        self.shares.ended(waiting.from, waiting.bytes, in_hand);
        if in_hand && let Some(count) = evaluator.and_then(|evaluator| self.evaluating.get_mut(&evaluator)) {
            *count = count.saturating_sub(1);
        }
        Some(waiting)
    }

    /// An answer of so many bytes is on its way.
    pub(crate) fn answering(
        &mut self,
        from: Oin,
        conversation: Conversation,
        request: InboundRequestId,
        bytes: usize,
    ) {
        self.answers.insert((conversation, request), (from, bytes));
        self.shares.answering(from, bytes);
    }

    /// An answer was read, or will not be.
    pub(crate) fn answered(&mut self, conversation: Conversation, request: InboundRequestId) {
        if let Some((from, bytes)) = self.answers.remove(&(conversation, request)) {
            self.shares.answered(from, bytes);
        }
    }

    /// Forgets requests whose sender no longer waits; returns how many.
    pub(crate) fn sweep(&mut self) -> usize {
        let gone: Vec<ResponseToken> = self
            .held
            .iter()
            .filter(|(_, held)| !held.waiting.channel.is_open())
            .map(|(token, _)| *token)
            .collect();
        for token in &gone {
            self.take(*token);
        }
        gone.len()
    }
}
