//! Bodies that nobody needs to send: empty ones, and parts of a full set that the tags held make up.

use std::collections::BTreeSet;
use std::ops::Bound;

use index::{Body, FeedId, HeaderDocument, Replica};

use super::follow::Arrived;
use super::keeper::{FeedKeeper, bounds};
use crate::effects::{Context, Effects};

/// Parts of full sets that are made in one event: 20 ms, most of it digests.
const PARTS_AT_ONCE: usize = 64;

/// Parts that may still be made in this event.
struct Budget(usize);

impl Budget {
    /// Whether there is room for the body of a header, which takes it up.
    fn admits(&mut self, header: &HeaderDocument) -> bool {
        if header.added == 0 && header.withdrawn == 0 {
            return true;
        }
        let is_room = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        is_room
    }
}

impl FeedKeeper {
    /// Applies the bodies that need no asking, so many in one event, the feeds in turn. Returns what arrived, and the
    /// feeds of which more is in hand.
    pub(super) fn apply_held_bodies(
        &mut self,
        cx: &Context<'_>,
        fx: &mut Effects<'_>,
    ) -> (Vec<Arrived>, BTreeSet<FeedId>) {
        let mut budget = Budget(PARTS_AT_ONCE);
        let (mut arrived, mut in_hand) = (Vec::new(), BTreeSet::new());
        for feed in self.feeds_in_turn() {
            while let Some(replica) = self.replicas.get_mut(&feed) {
                replica.set_bounds(bounds(cx));
                let Some(header) = replica.next_bodies().next().cloned() else { break };
                let is_empty = header.body == Body::default().digest();
                if !is_empty && !replica.may_derive() {
                    break;
                }
                if !budget.admits(&header) {
                    in_hand.insert(feed);
                    break;
                }
                let empty = || is_empty.then(Body::default);
                let Some(body) = replica.derive().or_else(empty) else { break };
                self.applied_last = Some(feed);
                let Some(applied) = self.apply_body(cx, feed, feed.publisher, &body, fx) else { break };
                arrived.extend(applied);
                fx.cut();
            }
            if self.replicas.get(&feed).is_some_and(Replica::is_over_cap) {
                self.tell_beyond_cap(&feed, fx);
            }
        }
        (arrived, in_hand)
    }

    /// All feeds of others, from the one after that which had the last turn.
    fn feeds_in_turn(&self) -> Vec<FeedId> {
        let Some(last) = self.applied_last else { return self.replicas.keys().copied().collect() };
        let after = self.replicas.range((Bound::Excluded(last), Bound::Unbounded));
        after.chain(self.replicas.range(..=last)).map(|(feed, _)| *feed).collect()
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Seed, SigningKey, Tag};
    use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
    use index::Publisher;

    use super::*;

    #[test]
    fn so_many_bodies_are_applied_in_one_event() {
        let oin = Oin::test_number(1).unwrap();
        let feed = FeedId { publisher: oin, circle: CircleId::from_bytes([1; 16]), epoch: Epoch(1) };
        let mut publisher = Publisher::new(NetworkId::from_bytes([7; 32]), feed);
        let key = SigningKey::from_seed(&Seed::from_bytes([3; 32]));
        let mut segment = || publisher.segment(Timestamp(1), &key).unwrap().header.document().clone();
        let empty = segment();
        publisher.add([Tag::from_bytes([1; 16])]);
        publisher.segment(Timestamp(1), &key).unwrap();
        let part = publisher.full_set(Timestamp(1), &key)[0].header.document().clone();
        let mut budget = Budget(PARTS_AT_ONCE);
        assert_eq!((0..100).filter(|_| budget.admits(&part)).count(), PARTS_AT_ONCE);
        assert!((0..100).all(|_| budget.admits(&empty)), "nothing is done for a body without tags");
    }
}
