//! How often: so much at once, and one more after each pause. No clock here: `now` is an argument.
//!
//! A node keeps to the rates that it grants, so two honest nodes never refuse each other for haste: own requests wait
//! on the own side, before their time-out begins.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Conversation;
use tokio::time::Instant;

/// So many at once, and one more after each pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once, after a rest.
    pub burst: u32,
    /// How long until one more.
    pub every: Duration,
}

impl Rate {
    /// A rate that hinders nobody; for tests of what happens without.
    pub const UNBOUNDED: Self = Self { burst: u32::MAX, every: Duration::ZERO };
}

/// What members, and whoever knocks, may do how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Elements that one member has evaluated. More wait.
    pub evaluation: Rate,
    /// Requests of one member in the key ceremony. More wait.
    pub ceremony: Rate,
    /// Requests of one member for feeds. More wait.
    pub feed: Rate,
    /// Requests of one member for rosters. More wait.
    pub roster: Rate,
    /// Requests of one member to a witness, and of a witness. More wait.
    pub witness: Rate,
    /// Gossip of one author in one circle, from itself. More is dropped.
    pub gossip: Rate,
    /// Gossip of others that one member passes on. More is dropped.
    pub passed_gossip: Rate,
    /// Packets of gossip that are read from one member, whoever is their author. More wait, unread.
    pub read_gossip: Rate,
    /// Connections that one member opens. More are refused.
    pub connections_of_member: Rate,
    /// Connections from one network address, before it is known who it is. More are refused.
    pub connections_from_address: Rate,
}

impl Rates {
    /// A first import of five thousand families, 70,000 keys of which each of three keyholders evaluates two thirds, at
    /// once; afterwards five million a day, and half a percent of a keyholder's processor.
    pub const EVALUATION: Rate = Rate { burst: 65_536, every: Duration::from_micros(15_625) };

    /// A ceremony repeats what is missing once a second, for each class and each of two epochs, at every keyholder.
    pub const CEREMONY: Rate = Rate { burst: 256, every: Duration::from_micros(62_500) };

    /// A thousand segments at once to catch up; afterwards five megabytes a second. A member in step needs two
    /// requests an interval.
    pub const FEED: Rate = Rate { burst: 1_024, every: Duration::from_micros(15_625) };

    /// Versions of the roster are asked for one by one; each may be megabytes.
    pub const ROSTER: Rate = Rate { burst: 32, every: Duration::from_secs(1) };

    /// A keeper shows two logs, and another witness compares a page at a time; both are asked again within seconds.
    pub const WITNESS: Rate = Rate { burst: 256, every: Duration::from_micros(62_500) };

    /// An author has one head an interval, circle and epoch, and the shortest interval of a test network is a second. Of
    /// those that a line held up the last is said again an interval later.
    pub const GOSSIP: Rate = Rate { burst: 16, every: Duration::from_millis(250) };

    /// What reaches this node through a neighbour before it comes from its author: in a network of two thousand members
    /// and three circles, with quarters of an hour between heads, at most seven a second.
    pub const PASSED_GOSSIP: Rate = Rate { burst: 2_048, every: Duration::from_micros(15_625) };

    /// Steadily above what a member may say itself and pass on, for copies of what others passed on already: those are
    /// read to be known. What waits for it is not lost: a longer burst finds room in its stream and in its sender's queue.
    /// Signatures of a packet take 50 µs, so ten members that send without pause take an eighth of a core.
    pub const READ_GOSSIP: Rate = Rate { burst: 64, every: Duration::from_millis(4) };

    /// A member dials when it starts or its connection broke. One that restarts every second is still let in.
    pub const CONNECTIONS_OF_MEMBER: Rate = Rate { burst: 32, every: Duration::from_secs(1) };

    /// The nodes of many organisations may share a supplier's address and all dial after a restart of this one; a
    /// handshake takes a millisecond.
    pub const CONNECTIONS_FROM_ADDRESS: Rate = Rate { burst: 256, every: Duration::from_micros(62_500) };

    /// The rate of requests in a conversation.
    pub(crate) fn requests(&self, conversation: Conversation) -> Rate {
        match conversation {
            Conversation::Ceremony => self.ceremony,
            Conversation::Evaluation => self.evaluation,
            Conversation::Feed => self.feed,
            Conversation::Roster => self.roster,
            Conversation::Witness => self.witness,
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            evaluation: Self::EVALUATION,
            ceremony: Self::CEREMONY,
            feed: Self::FEED,
            roster: Self::ROSTER,
            witness: Self::WITNESS,
            gossip: Self::GOSSIP,
            passed_gossip: Self::PASSED_GOSSIP,
            read_gossip: Self::READ_GOSSIP,
            connections_of_member: Self::CONNECTIONS_OF_MEMBER,
            connections_from_address: Self::CONNECTIONS_FROM_ADDRESS,
        }
    }
}

/// What each of many has left of one rate. Whoever has all of it left takes no room.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    /// When each has everything left again.
    full_at: BTreeMap<K, Instant>,
    max: usize,
}

impl<K: Ord + Copy> Buckets<K> {
    /// For at most `max` at once; those beyond are given nothing.
    pub(crate) fn new(max: usize) -> Self {
        Self { full_at: BTreeMap::new(), max: max.max(1) }
    }

    /// From when on `key` may take `amount`. More than the burst counts as the burst.
    pub(crate) fn due(&self, key: &K, rate: Rate, amount: u32, now: Instant) -> Instant {
        let spent = self.full_at.get(key).map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        let amount = amount.min(rate.burst);
        let room = rate.every.saturating_mul(rate.burst - amount);
        now + spent.saturating_sub(room)
    }

    /// Takes `amount`, whether it is due or not.
    pub(crate) fn take(&mut self, key: K, rate: Rate, amount: u32, now: Instant) {
        if rate.every.is_zero() {
            return;
        }
        let from = self.full_at.get(&key).copied().filter(|full| *full > now).unwrap_or(now);
        self.full_at.insert(key, from + rate.every.saturating_mul(amount.min(rate.burst)));
    }

    /// Takes one if it is due and there is room to remember it.
    pub(crate) fn try_take(&mut self, key: K, rate: Rate, now: Instant) -> bool {
        if self.full_at.len() >= self.max && !self.full_at.contains_key(&key) {
            self.full_at.retain(|_, full| *full > now);
            if self.full_at.len() >= self.max {
                return false;
            }
        }
        let is_due = self.due(&key, rate, 1, now) <= now;
        if is_due {
            self.take(key, rate, 1, now);
        }
        is_due
    }

    /// Forgets whoever has everything left, once so many are remembered that it is worth a look at all of them.
    pub(crate) fn tidy(&mut self, now: Instant) {
        if self.full_at.len() >= self.max {
            self.full_at.retain(|_, full| *full > now);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.full_at.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(2) };

    fn after(seconds: u64, start: Instant) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_burst_at_once_and_then_one_after_each_pause() {
        let start = Instant::now();
        let mut buckets = Buckets::new(2);
        let taken = |buckets: &mut Buckets<u8>, at| {
            (0..9).take_while(|_| buckets.try_take(1, RATE, after(at, start))).count()
        };
        assert_eq!(taken(&mut buckets, 0), 3);
        assert_eq!(taken(&mut buckets, 1), 0);
        assert_eq!(buckets.due(&1, RATE, 1, after(1, start)), after(2, start));
        assert_eq!(taken(&mut buckets, 2), 1);
        assert_eq!(taken(&mut buckets, 6), 2);
        assert_eq!(taken(&mut buckets, 600), 3, "a rest gives back the burst and no more");
        assert!(buckets.try_take(2, RATE, after(600, start)), "others have their own");
    }

    #[tokio::test]
    async fn an_amount_waits_until_all_of_it_is_there_and_never_for_ever() {
        let start = Instant::now();
        let mut buckets = Buckets::new(1);
        buckets.take((), RATE, 2, start);
        assert_eq!(buckets.due(&(), RATE, 1, start), start);
        assert_eq!(buckets.due(&(), RATE, 2, start), after(2, start));
        assert_eq!(buckets.due(&(), RATE, 1_000, start), after(4, start), "more than a burst counts as one");
        buckets.take((), RATE, 1_000, start);
        assert_eq!(buckets.due(&(), RATE, 3, start), after(10, start));
    }

    #[tokio::test]
    async fn so_many_are_remembered_and_those_at_rest_make_room() {
        let start = Instant::now();
        let mut buckets = Buckets::new(2);
        assert!(buckets.try_take(1, RATE, start) && buckets.try_take(2, RATE, start));
        assert!(!buckets.try_take(3, RATE, start));
        assert_eq!(buckets.len(), 2);
        assert!(buckets.try_take(3, RATE, after(2, start)));
        assert_eq!(buckets.len(), 1);
    }
}
