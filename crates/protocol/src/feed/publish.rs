//! Publishing: one segment and one head per circle and interval.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Seed};
use domain::{Epoch, KeyClass};
use index::FeedId;

use super::keeper::{FeedKeeper, HeldHeader, NamedBody, bounds, key};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::{Collection, Notice, Outbound, Scope};

impl FeedKeeper {
    /// Publishes the segments that are due. `work_left` says of an epoch in which classes of keys families wait for
    /// their pseudonym.
    pub(crate) fn publish(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        work_left: impl Fn(Epoch) -> BTreeSet<KeyClass>,
        mut seed: impl FnMut() -> Seed,
        fx: &mut Effects<'_>,
    ) {
        let rules = cx.roster.rules();
        let interval = u64::from(rules.publish_interval_seconds);
        let mut left: BTreeMap<Epoch, BTreeSet<KeyClass>> = BTreeMap::new();
        self.conclude_hearing(cx, fx);
        self.answer_proofs(cx, fx);
        for (feed, own) in &mut self.own {
            let has_readers = cx.roster.has_readers(&feed.circle, &cx.identity.oin);
            if own.hearing.is_some() || !has_readers || feed.epoch < cx.epochs.since {
                continue;
            }
            if own.published_at.is_some_and(|at| cx.now.since(at) < interval) {
                continue;
            }
            own.publisher.set_bounds(bounds(cx));
            own.publisher.pad(&mut seed);
            let mut segments = Vec::new();
            if !own.publisher.is_set_unfinished() {
                let Some(segment) = own.publisher.segment(cx.now, key(cx)) else {
                    if self.told_used_up.insert(*feed) {
                        fx.notice(Notice::NumbersUsedUp { circle: feed.circle });
                    }
                    continue;
                };
                segments.push(segment);
            }
            if own.publisher.is_full_set_due() {
                segments.extend(own.publisher.full_set(cx.now, key(cx)));
            }
            own.published_at = Some(cx.now);
            let scope = Scope::Epoch(feed.epoch);
            if let Some(dummies) = own.publisher.dummies() {
                // With the first of the segments: a dummy that is live is known to be one.
                fx.put_in(scope, Collection::Dummies, feed_key(feed), dummies.to_bytes());
            }
            for segment in segments {
                self.marks.published(segment.header.document(), segment.changes);
                let held = HeldHeader::from(&segment.header);
                let (body, key) = (segment.body.to_bytes(), header_key(feed, held.position.sequence));
                fx.put_in(scope, Collection::Header, key, held.wire.clone());
                fx.put_in(scope, Collection::Body, held.body.as_bytes().to_vec(), body);
                let named = self.bodies.entry((feed.epoch, held.body)).or_default();
                *named = NamedBody { headers: named.headers + 1, is_kept: true };
                self.headers.entry(*feed).or_default().push(held);
                fx.cut();
            }
            if own.publisher.beyond_cap() == 0 {
                self.told_beyond_cap.remove(feed);
            } else if self.told_beyond_cap.insert(*feed) {
                fx.notice(Notice::BeyondCap { publisher: feed.publisher, circle: feed.circle });
            }
            let roster = (cx.roster.version(), cx.roster.digest());
            let left = left.entry(feed.epoch).or_insert_with(|| work_left(feed.epoch));
            let (key_sets, backlog) = promised(cx, material, feed.epoch, left);
            own.head = own.publisher.head(cx.now, backlog, roster, key_sets, key(cx));
            if let Some(head) = &own.head {
                fx.put_in(scope, Collection::Head, feed_key(feed), head.to_wire());
                fx.say(Outbound::Gossip { circle: feed.circle, frame: head.to_wire() });
            }
            own.has_spoken = true;
            fx.cut();
        }
        // After what takes their place: a stop in between leaves too much, never too little.
        self.forget_own_generations(fx);
        self.forget_over(cx, fx);
    }
}

/// Digests of the key sets under which everything is published in an epoch, ascending, and whether something is left
/// to do. A class of keys that has entered a later epoch gets no pseudonyms here any more: as soon as one is missing,
/// nothing is promised for it.
fn promised(
    cx: &Context<'_>,
    material: &KeyMaterial,
    epoch: Epoch,
    left: &BTreeSet<KeyClass>,
) -> (Vec<Digest>, bool) {
    let is_past = |class: &KeyClass| epoch < cx.epochs.entered(*class);
    let kept = material.classes(epoch).filter(|class| !(is_past(class) && left.contains(class)));
    let mut digests: Vec<Digest> =
        kept.filter_map(|class| material.key_set(epoch, class)).map(crypto::KeySet::digest).collect();
    digests.sort();
    (digests, left.iter().any(|class| !is_past(class)))
}

/// Key of a feed's record: publisher, circle, epoch.
pub(super) fn feed_key(feed: &FeedId) -> Vec<u8> {
    [feed.publisher.as_bytes().as_slice(), feed.circle.as_bytes(), &feed.epoch.0.to_be_bytes()].concat()
}

/// Key of a header's record: sorts by feed, then by sequence.
pub(super) fn header_key(feed: &FeedId, sequence: u64) -> Vec<u8> {
    [feed_key(feed), sequence.to_be_bytes().to_vec()].concat()
}
