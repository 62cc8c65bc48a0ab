//! Each member's share of what requests and answers hold in memory.
//!
//! A request counts from its arrival until its answer is made, the answer from then until the asker has read it. A
//! member beyond its own share is refused or waits. When all members together are beyond theirs, the newest request of
//! the member with the most gives way to a member with fewer: nobody can push out an honest one by asking more.

use std::collections::BTreeMap;

use domain::Oin;

/// Bytes of one member's requests that wait for the own answer: sixteen of the longest frames of a ceremony.
pub(crate) const MAX_REQUEST_BYTES_PER_MEMBER: usize = 4 << 20;

/// Requests that wait over all members together: two of each in the largest network in mind.
pub(crate) const MAX_REQUESTS: usize = 4_096;

/// Bytes of requests that wait over all members together.
pub(crate) const MAX_REQUEST_BYTES: usize = 64 << 20;

/// Requests of one member that the node has in hand at one time. Enough to keep it busy; the others wait where they can
/// still give way to other members'.
pub(crate) const MAX_IN_HAND_PER_MEMBER: usize = 8;

/// Bytes of answers that one member has not read yet, above which its requests wait: two of the longest.
pub(crate) const MAX_ANSWER_BYTES_PER_MEMBER: usize = 8 << 20;

/// Bytes of answers that nobody has read yet, above which only members are served that have read all of theirs.
pub(crate) const MAX_ANSWER_BYTES: usize = 128 << 20;

/// What one member holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    requests: usize,
    bytes: usize,
    in_hand: usize,
    answer_bytes: usize,
}

/// Whether there is room for one more request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is.
    Free,
    /// When the newest that waits of this member gives way.
    InPlaceOf(Oin),
    /// There is none.
    Full,
}

/// What all members hold.
#[derive(Debug)]
pub(crate) struct Shares {
    members: BTreeMap<Oin, Share>,
    all: Share,
    max_per_member: usize,
}

impl Shares {
    /// `max_per_member`: requests of one member.
    pub(crate) fn new(max_per_member: usize) -> Self {
        Self { members: BTreeMap::new(), all: Share::default(), max_per_member }
    }

    /// Whether a request of so many bytes may be kept.
    pub(crate) fn room(&self, from: &Oin, bytes: usize) -> Room {
        let own = self.members.get(from).copied().unwrap_or_default();
        if own.requests >= self.max_per_member || own.bytes + bytes > MAX_REQUEST_BYTES_PER_MEMBER {
            return Room::Full;
        }
        if self.all.requests < MAX_REQUESTS && self.all.bytes + bytes <= MAX_REQUEST_BYTES {
            return Room::Free;
        }
        // By what waits: what the node has in hand can no longer give way.
        let waiting = |share: &Share| (share.requests - share.in_hand).min(share.requests);
        let most = self.members.iter().max_by_key(|(_, share)| (waiting(share), share.bytes));
        match most {
            Some((other, share)) if waiting(share) > waiting(&own) + 1 => Room::InPlaceOf(*other),
            Some(_) | None => Room::Full,
        }
    }

    /// Requests of a member that wait or are in hand.
    pub(crate) fn arrived(&mut self, from: Oin, bytes: usize) {
        self.change(from, |share| {
            share.requests += 1;
            share.bytes += bytes;
        });
    }

    /// The node took a request in hand.
    pub(crate) fn begun(&mut self, from: Oin) {
        self.change(from, |share| share.in_hand += 1);
    }

    /// A request is answered or given up.
    pub(crate) fn ended(&mut self, from: Oin, bytes: usize, in_hand: bool) {
        self.change(from, |share| {
            share.requests = share.requests.saturating_sub(1);
            share.bytes = share.bytes.saturating_sub(bytes);
            share.in_hand = share.in_hand.saturating_sub(usize::from(in_hand));
        });
    }

    /// An answer is on its way.
    pub(crate) fn answering(&mut self, from: Oin, bytes: usize) {
        self.change(from, |share| share.answer_bytes += bytes);
    }

    /// An answer was read, or will not be.
    pub(crate) fn answered(&mut self, from: Oin, bytes: usize) {
        self.change(from, |share| share.answer_bytes = share.answer_bytes.saturating_sub(bytes));
    }

    /// Whether the node may take a request of this member in hand.
    pub(crate) fn may_serve(&self, from: &Oin) -> bool {
        let own = self.members.get(from).copied().unwrap_or_default();
        let crowded = self.all.answer_bytes > MAX_ANSWER_BYTES;
        own.in_hand < MAX_IN_HAND_PER_MEMBER
            && own.answer_bytes <= if crowded { 0 } else { MAX_ANSWER_BYTES_PER_MEMBER }
    }

    /// Requests, their bytes, and bytes of answers of all members.
    pub(crate) fn all(&self) -> (usize, usize, usize) {
        (self.all.requests, self.all.bytes, self.all.answer_bytes)
    }

    fn change(&mut self, from: Oin, change: impl Fn(&mut Share)) {
        let share = self.members.entry(from).or_default();
        change(share);
        if *share == Share::default() {
            self.members.remove(&from);
        }
        change(&mut self.all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(serial: u64) -> Oin {
        Oin::test_number(serial).unwrap()
    }

    #[test]
    fn one_member_has_so_many_requests_and_so_many_bytes() {
        let mut shares = Shares::new(2);
        let one = member(1);
        assert_eq!(shares.room(&one, MAX_REQUEST_BYTES_PER_MEMBER), Room::Free);
        assert_eq!(shares.room(&one, MAX_REQUEST_BYTES_PER_MEMBER + 1), Room::Full);
        shares.arrived(one, 10);
        assert_eq!(shares.room(&one, MAX_REQUEST_BYTES_PER_MEMBER - 9), Room::Full);
        shares.arrived(one, 10);
        assert_eq!(shares.room(&one, 1), Room::Full);
        assert_eq!(shares.room(&member(2), 1), Room::Free, "others have their own share");
        shares.begun(one);
        shares.ended(one, 10, true);
        assert_eq!(shares.room(&one, 1), Room::Free);
        shares.ended(one, 10, false);
        assert_eq!((shares.members.len(), shares.all), (0, Share::default()), "nothing is left behind");
    }

    #[test]
    fn the_member_with_most_gives_way_to_one_with_fewer() {
        let mut shares = Shares::new(usize::MAX);
        let [greedy, modest, new] = [1, 2, 3].map(member);
        shares.arrived(modest, 1);
        shares.arrived(modest, 1);
        for _ in 2..MAX_REQUESTS {
            shares.arrived(greedy, 1);
        }
        assert_eq!(shares.room(&new, 1), Room::InPlaceOf(greedy));
        assert_eq!(shares.room(&modest, 1), Room::InPlaceOf(greedy));
        assert_eq!(shares.room(&greedy, 1), Room::Full);
        shares.ended(greedy, 1, false);
        assert_eq!(shares.room(&greedy, 1), Room::Free);
    }

    #[test]
    fn who_does_not_read_its_answers_waits() {
        let mut shares = Shares::new(64);
        let [slow, other] = [1, 2].map(member);
        shares.answering(slow, MAX_ANSWER_BYTES_PER_MEMBER);
        assert!(shares.may_serve(&slow));
        shares.answering(slow, 1);
        assert!(!shares.may_serve(&slow) && shares.may_serve(&other));
        shares.answered(slow, 1);
        assert!(shares.may_serve(&slow));
        for serial in 10..=(10 + MAX_ANSWER_BYTES / MAX_ANSWER_BYTES_PER_MEMBER) as u64 {
            shares.answering(member(serial), MAX_ANSWER_BYTES_PER_MEMBER);
        }
        assert!(shares.may_serve(&other) && !shares.may_serve(&slow), "all together hold too much");
        for _ in 0..MAX_IN_HAND_PER_MEMBER {
            assert!(shares.may_serve(&other));
            shares.begun(other);
        }
        assert!(!shares.may_serve(&other), "so many of one member are in hand");
    }
}
