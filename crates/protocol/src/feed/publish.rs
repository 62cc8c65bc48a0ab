//! Publishing: one segment and one head per circle and interval.

use std::collections::{BTreeMap, BTreeSet};

use crypto::Digest;
use domain::{Epoch, KeyClass};
use index::{FeedId, Position};

use super::keeper::{FeedKeeper, HeldHeader, key};
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
        fx: &mut Effects<'_>,
    ) {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let mut left: BTreeMap<Epoch, BTreeSet<KeyClass>> = BTreeMap::new();
        self.conclude_hearing(cx, fx);
        for (feed, own) in &mut self.own {
            let has_readers = cx.roster.has_readers(&feed.circle, &cx.identity.oin);
            if own.hearing.is_some() || !has_readers || feed.epoch < cx.epochs.since {
                continue;
            }
            if own.published_at.is_some_and(|at| cx.now.since(at) < interval) {
                continue;
            }
            let Some(segment) = own.publisher.segment(cx.now, key(cx)) else {
                if self.told_used_up.insert(*feed) {
                    fx.notice(Notice::NumbersUsedUp { circle: feed.circle });
                }
                continue;
            };
            own.published_at = Some(cx.now);
            let (scope, sequence) = (Scope::Epoch(feed.epoch), segment.header.document().sequence);
            self.marks.published(segment.header.document());
            let (digest, body) = (segment.body.digest(), segment.body.to_bytes());
            fx.put_in(scope, Collection::Header, header_key(feed, sequence), segment.header.to_wire());
            fx.put_in(scope, Collection::Body, digest.as_bytes().to_vec(), body.clone());
            let position = Position::from(&segment.header);
            let held = HeldHeader { position, wire: segment.header.to_wire(), body: digest };
            *self.named.entry((feed.epoch, digest)).or_default() += 1;
            self.headers.entry(*feed).or_default().push(held);
            self.bodies.insert((feed.epoch, digest), body);
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
