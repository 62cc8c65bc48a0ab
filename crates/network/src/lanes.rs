//! Own requests in line: per member and conversation a bounded number is under way, the rest wait their turn.
//!
//! Both sides of a connection share its streams, so each uses at most half for its own requests. A request that
//! waits has not been sent; its time-out starts when it is.

use std::collections::{BTreeMap, VecDeque};

use domain::Oin;
use protocol::{Conversation, RequestId};

/// A request that may be sent now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) id: RequestId,
    pub(crate) frame: Vec<u8>,
}

/// What became of a request that was offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Send it now.
    Send(Ready),
    /// It waits for its turn.
    Waits,
    /// Too many wait already.
    Full,
}

#[derive(Debug, Default)]
struct Lane {
    under_way: usize,
    waiting: VecDeque<Ready>,
}

/// All lanes.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: BTreeMap<(Oin, Conversation), Lane>,
    waiting: usize,
    max_under_way: usize,
    max_waiting: usize,
}

impl Lanes {
    /// `max_under_way` holds per member and conversation, `max_waiting` over all.
    pub(crate) fn new(max_under_way: usize, max_waiting: usize) -> Self {
        Self { lanes: BTreeMap::new(), waiting: 0, max_under_way: max_under_way.max(1), max_waiting }
    }

    /// Puts a request in line. Every [`Offer::Send`] is owed one [`Lanes::release`].
    pub(crate) fn offer(
        &mut self,
        to: Oin,
        conversation: Conversation,
        id: RequestId,
        frame: Vec<u8>,
    ) -> Offer {
        let lane = self.lanes.entry((to, conversation)).or_default();
        if lane.under_way < self.max_under_way {
            lane.under_way += 1;
            return Offer::Send(Ready { id, frame });
        }
        if self.waiting >= self.max_waiting {
            return Offer::Full;
        }
        self.waiting += 1;
        lane.waiting.push_back(Ready { id, frame });
        Offer::Waits
    }

    /// Notes that a request ended, and takes the next from its line; that one is owed a release of its own.
    pub(crate) fn release(&mut self, to: Oin, conversation: Conversation) -> Option<Ready> {
        let lane = self.lanes.get_mut(&(to, conversation))?;
        lane.under_way = lane.under_way.saturating_sub(1);
        let next = lane.waiting.pop_front();
        if next.is_some() {
            self.waiting -= 1;
            lane.under_way += 1;
        } else if lane.under_way == 0 {
            self.lanes.remove(&(to, conversation));
        }
        next
    }

    /// Gives up the requests that wait for a member that is gone. Those under way are released as they fail.
    pub(crate) fn give_up(&mut self, to: Oin) -> Vec<RequestId> {
        let mut given_up = Vec::new();
        for conversation in Conversation::ALL {
            if let Some(lane) = self.lanes.get_mut(&(to, conversation)) {
                given_up.extend(lane.waiting.drain(..).map(|ready| ready.id));
            }
        }
        self.waiting -= given_up.len();
        given_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: Conversation = Conversation::Feed;

    fn member(serial: u64) -> Oin {
        Oin::test_number(serial).unwrap()
    }

    fn ready(id: u64) -> Ready {
        Ready { id: RequestId(id), frame: vec![] }
    }

    fn offer(lanes: &mut Lanes, to: u64, id: u64) -> Offer {
        lanes.offer(member(to), FEED, RequestId(id), vec![])
    }

    #[test]
    fn requests_beyond_the_bound_wait_in_order() {
        let mut lanes = Lanes::new(1, 2);
        assert_eq!(offer(&mut lanes, 1, 10), Offer::Send(ready(10)));
        assert_eq!(offer(&mut lanes, 1, 11), Offer::Waits);
        assert_eq!(offer(&mut lanes, 2, 20), Offer::Send(ready(20)), "another member has its own lane");
        assert_eq!(offer(&mut lanes, 1, 12), Offer::Waits);
        assert_eq!(offer(&mut lanes, 1, 13), Offer::Full);
        assert_eq!(lanes.release(member(1), FEED), Some(ready(11)));
        assert_eq!(offer(&mut lanes, 1, 14), Offer::Waits, "a place in line came free");
        assert_eq!(lanes.release(member(1), FEED), Some(ready(12)));
        assert_eq!(lanes.release(member(1), FEED), Some(ready(14)));
        assert_eq!(lanes.release(member(1), FEED), None);
        assert_eq!(lanes.release(member(2), FEED), None);
        assert!(lanes.lanes.is_empty(), "an empty lane is forgotten");
        assert_eq!(lanes.release(member(1), FEED), None, "a release too many does no harm");
    }

    #[test]
    fn giving_up_frees_the_line_but_not_what_is_under_way() {
        let mut lanes = Lanes::new(1, 2);
        assert_eq!(offer(&mut lanes, 1, 10), Offer::Send(ready(10)));
        assert_eq!(offer(&mut lanes, 1, 11), Offer::Waits);
        assert_eq!(offer(&mut lanes, 1, 12), Offer::Waits);
        assert_eq!(lanes.give_up(member(1)), [RequestId(11), RequestId(12)]);
        assert_eq!(offer(&mut lanes, 1, 13), Offer::Waits, "10 is still under way");
        assert_eq!(lanes.release(member(1), FEED), Some(ready(13)));
    }
}
