//! Requests of members that wait for the own node's answer.

use std::collections::BTreeMap;

use domain::Oin;
use libp2p::request_response::ResponseChannel;
use protocol::{Conversation, ResponseToken};

/// Requests that wait over all members together; beyond it the oldest gives way.
const MAX_UNANSWERED: usize = 4_096;

/// A request that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) from: Oin,
    pub(crate) conversation: Conversation,
    pub(crate) channel: ResponseChannel<Vec<u8>>,
}

/// Where answers go. Tokens count up and are never given out twice.
#[derive(Debug)]
pub(crate) struct Unanswered {
    waiting: BTreeMap<ResponseToken, Waiting>,
    next: u64,
    max_per_member: usize,
}

impl Unanswered {
    pub(crate) fn new(max_per_member: usize) -> Self {
        Self { waiting: BTreeMap::new(), next: 0, max_per_member }
    }

    /// Keeps a request until it is answered. `None`, and the request is refused, when too many of its sender wait,
    /// so that no member can push out another's.
    pub(crate) fn keep(&mut self, request: Waiting) -> Option<ResponseToken> {
        let of_sender = self.waiting.values().filter(|kept| kept.from == request.from).count();
        if of_sender >= self.max_per_member {
            return None;
        }
        let token = ResponseToken(self.next);
        self.next += 1;
        self.waiting.insert(token, request);
        Some(token)
    }

    /// The request that `token` names, once.
    pub(crate) fn take(&mut self, token: ResponseToken) -> Option<Waiting> {
        self.waiting.remove(&token)
    }

    /// Forgets requests whose sender no longer waits, and the oldest ones beyond the bound; returns how many.
    pub(crate) fn sweep(&mut self) -> usize {
        let before = self.waiting.len();
        self.waiting.retain(|_, kept| kept.channel.is_open());
        while self.waiting.len() > MAX_UNANSWERED {
            self.waiting.pop_first();
        }
        before - self.waiting.len()
    }

    /// Whether the bound over all members is exceeded and a sweep is due.
    pub(crate) fn is_over_bound(&self) -> bool {
        self.waiting.len() > MAX_UNANSWERED
    }
}
