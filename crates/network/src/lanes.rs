//! Own requests in line: per member and conversation a bounded number is under way, the rest wait their turn.
//!
//! Both sides of a connection share its streams, so each uses at most half for its own requests. Nor does a node ask
//! faster than it lets others ask. A request that waits has not been sent; its time-out starts when it is.

use std::collections::{BTreeMap, VecDeque};

use domain::Oin;
use protocol::{Conversation, RequestId};
use tokio::time::Instant;

use crate::rates::{Buckets, Rates};
use crate::work;

/// Rates remembered: one for each member and conversation of the largest network.
const MAX_BUCKETS: usize = 40_000;

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
    rates: Rates,
    spent: Buckets<(Oin, Conversation)>,
}

impl Lanes {
    /// `max_under_way` holds per member and conversation, `max_waiting` over all.
    pub(crate) fn new(max_under_way: usize, max_waiting: usize, rates: Rates) -> Self {
        Self {
            lanes: BTreeMap::new(),
            waiting: 0,
            max_under_way: max_under_way.max(1),
            max_waiting,
            rates,
            spent: Buckets::new(MAX_BUCKETS),
        }
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Puts a request in line. Every [`Offer::Send`] is owed one [`Lanes::release`].
    pub(crate) fn offer(
        &mut self,
        to: Oin,
        conversation: Conversation,
        id: RequestId,
        frame: Vec<u8>,
        now: Instant,
    ) -> Offer {
        let is_due = self.due((to, conversation), &frame, now) <= now;
        let lane = self.lanes.entry((to, conversation)).or_default();
        if is_due && lane.waiting.is_empty() && lane.under_way < self.max_under_way {
            lane.under_way += 1;
            self.spend((to, conversation), &frame, now);
            return Offer::Send(Ready { id, frame });
        }
        if self.waiting >= self.max_waiting {
            if lane.under_way == 0 && lane.waiting.is_empty() {
                self.lanes.remove(&(to, conversation));
            }
            return Offer::Full;
        }
        self.waiting += 1;
        lane.waiting.push_back(Ready { id, frame });
        Offer::Waits
    }

    /// Notes that a request ended. The next in its line comes with [`Lanes::next`].
    pub(crate) fn release(&mut self, to: Oin, conversation: Conversation) {
        let Some(lane) = self.lanes.get_mut(&(to, conversation)) else { return };
        lane.under_way = lane.under_way.saturating_sub(1);
        if lane.under_way == 0 && lane.waiting.is_empty() {
            self.lanes.remove(&(to, conversation));
        }
    }

    /// When the next of those that wait may be sent, unless that depends on one under way.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.sendable(now).map(|(due, _)| due).min()
    }

    /// Takes a request that may be sent now; it is owed a [`Lanes::release`].
    pub(crate) fn next(&mut self, now: Instant) -> Option<(Oin, Conversation, Ready)> {
        let (_, key) = self.sendable(now).find(|(due, _)| *due <= now)?;
        let lane = self.lanes.get_mut(&key)?;
        let ready = lane.waiting.pop_front()?;
        lane.under_way += 1;
        self.waiting -= 1;
        self.spend(key, &ready.frame, now);
        Some((key.0, key.1, ready))
    }

    /// The first of every line with room under way, and when its rate allows it.
    fn sendable(&self, now: Instant) -> impl Iterator<Item = (Instant, (Oin, Conversation))> {
        let waiting = if self.waiting == 0 { None } else { Some(&self.lanes) };
        waiting.into_iter().flatten().filter_map(move |(key, lane)| {
            let first = lane.waiting.front().filter(|_| lane.under_way < self.max_under_way)?;
            Some((self.due(*key, &first.frame, now), *key))
        })
    }

    fn due(&self, key: (Oin, Conversation), frame: &[u8], now: Instant) -> Instant {
        self.spent.due(&key, self.rates.requests(key.1), work::amount(key.1, frame), now)
    }

    fn spend(&mut self, key: (Oin, Conversation), frame: &[u8], now: Instant) {
        self.spent.tidy(now);
        self.spent.take(key, self.rates.requests(key.1), work::amount(key.1, frame), now);
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
    use std::time::Duration;

    use super::*;
    use crate::rates::Rate;

    const FEED: Conversation = Conversation::Feed;

    fn member(serial: u64) -> Oin {
        Oin::test_number(serial).unwrap()
    }

    fn ready(id: u64) -> Ready {
        Ready { id: RequestId(id), frame: vec![] }
    }

    struct Line {
        lanes: Lanes,
        now: Instant,
    }

    impl Line {
        fn new(max_under_way: usize, max_waiting: usize, feed: Rate) -> Self {
            let rates = Rates { feed, ..Rates::default() };
            Self { lanes: Lanes::new(max_under_way, max_waiting, rates), now: Instant::now() }
        }

        fn offer(&mut self, to: u64, id: u64) -> Offer {
            self.lanes.offer(member(to), FEED, RequestId(id), vec![], self.now)
        }

        fn next(&mut self) -> Option<u64> {
            self.lanes.next(self.now).map(|(_, _, ready)| ready.id.0)
        }

        fn released(&mut self, to: u64) -> Option<u64> {
            self.lanes.release(member(to), FEED);
            self.next()
        }
    }

    #[tokio::test]
    async fn requests_beyond_the_bound_wait_in_order() {
        let mut line = Line::new(1, 2, Rate::UNBOUNDED);
        assert_eq!(line.offer(1, 10), Offer::Send(ready(10)));
        assert_eq!(line.offer(1, 11), Offer::Waits);
        assert_eq!(line.offer(2, 20), Offer::Send(ready(20)), "another member has its own lane");
        assert_eq!(line.offer(1, 12), Offer::Waits);
        assert_eq!(line.offer(1, 13), Offer::Full);
        assert_eq!((line.next(), line.lanes.next_due(line.now)), (None, None), "it depends on one under way");
        assert_eq!(line.released(1), Some(11));
        assert_eq!(line.offer(1, 14), Offer::Waits, "a place in line came free");
        assert_eq!(line.released(1), Some(12));
        assert_eq!(line.released(1), Some(14));
        assert_eq!(line.released(1), None);
        assert_eq!(line.released(2), None);
        assert!(line.lanes.lanes.is_empty(), "an empty lane is forgotten");
        assert_eq!(line.released(1), None, "a release too many does no harm");
    }

    #[tokio::test]
    async fn giving_up_frees_the_line_but_not_what_is_under_way() {
        let mut line = Line::new(1, 2, Rate::UNBOUNDED);
        assert_eq!(line.offer(1, 10), Offer::Send(ready(10)));
        assert_eq!(line.offer(1, 11), Offer::Waits);
        assert_eq!(line.offer(1, 12), Offer::Waits);
        assert_eq!(line.lanes.give_up(member(1)), [RequestId(11), RequestId(12)]);
        assert_eq!(line.offer(1, 13), Offer::Waits, "10 is still under way");
        assert_eq!(line.released(1), Some(13));
    }

    #[tokio::test]
    async fn a_node_asks_no_faster_than_it_lets_others_ask() {
        let pause = Duration::from_secs(5);
        let mut line = Line::new(9, 9, Rate { burst: 2, every: pause });
        assert_eq!(line.offer(1, 10), Offer::Send(ready(10)));
        assert_eq!(line.offer(1, 11), Offer::Send(ready(11)));
        assert_eq!(line.offer(1, 12), Offer::Waits);
        assert_eq!(line.offer(1, 13), Offer::Waits);
        assert_eq!(line.offer(2, 20), Offer::Send(ready(20)), "another member is another matter");
        assert_eq!((line.next(), line.lanes.next_due(line.now)), (None, Some(line.now + pause)));
        line.now += pause;
        assert_eq!((line.next(), line.next()), (Some(12), None));
        assert_eq!(line.offer(1, 14), Offer::Waits, "who comes later does not overtake");
        line.now += 2 * pause;
        assert_eq!((line.next(), line.next(), line.next()), (Some(13), Some(14), None));
    }
}
