//! Publishing: one segment and one head per circle and interval.

use crypto::{Digest, Seed};
use domain::KeyClass;
use index::FeedId;

use super::keeper::{FeedKeeper, HeldHeader, key};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::{Collection, Notice, Outbound};

impl FeedKeeper {
    /// Publishes the segments that are due. `backlog`: families wait for their keys.
    pub(crate) fn publish(
        &mut self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        backlog: bool,
        mut seed: impl FnMut() -> Seed,
        fx: &mut Effects<'_>,
    ) {
        let rules = cx.roster.rules();
        let interval = u64::from(rules.publish_interval_seconds);
        let mut key_sets: Vec<Digest> = KeyClass::ALL
            .iter()
            .filter_map(|class| material.key_set(*class))
            .map(|set| set.digest())
            .collect();
        key_sets.sort();
        self.conclude_hearing(cx, fx);
        for (circle, own) in &mut self.own {
            if own.hearing.is_some() || !cx.roster.has_readers(circle, &cx.identity.oin) {
                continue;
            }
            if own.published_at.is_some_and(|at| cx.now.since(at) < interval) {
                continue;
            }
            let feed = own.publisher.feed();
            own.publisher.set_cap(usize::try_from(rules.live_tags).unwrap_or(usize::MAX));
            own.publisher.pad(&mut seed);
            let mut segments = Vec::new();
            if !own.publisher.is_set_unfinished() {
                let Some(segment) = own.publisher.segment(cx.now, key(cx)) else {
                    if self.told_used_up.insert(*circle) {
                        fx.notice(Notice::NumbersUsedUp { circle: *circle });
                    }
                    continue;
                };
                segments.push(segment);
            }
            if own.publisher.is_full_set_due(rules.segments_per_snapshot) {
                segments.extend(own.publisher.full_set(cx.now, key(cx)));
            }
            own.published_at = Some(cx.now);
            if let Some(dummies) = own.publisher.dummies() {
                // Before the segments, with the first of them: a dummy that is live is known to be one.
                fx.put(Collection::Dummies, feed_key(&feed), dummies.to_bytes());
            }
            for segment in segments {
                self.marks.published(segment.header.document(), segment.changes);
                let held = HeldHeader::from(&segment.header);
                let body = segment.body.to_bytes();
                fx.put(Collection::Header, header_key(&feed, held.position.sequence), held.wire.clone());
                fx.put(Collection::Body, held.body.as_bytes().to_vec(), body.clone());
                *self.named.entry(held.body).or_default() += 1;
                self.bodies.insert(held.body, body);
                self.headers.entry(feed).or_default().push(held);
                fx.cut();
            }
            let beyond = own.publisher.beyond_cap() > 0;
            if !beyond {
                self.told_beyond_cap.remove(&feed);
            } else if self.told_beyond_cap.insert(feed) {
                fx.notice(Notice::BeyondCap { publisher: feed.publisher, circle: *circle });
            }
            let roster = (cx.roster.version(), cx.roster.digest());
            own.head = own.publisher.head(cx.now, backlog, roster, key_sets.clone(), key(cx));
            if let Some(head) = &own.head {
                fx.put(Collection::Head, feed_key(&feed), head.to_wire());
                fx.say(Outbound::Gossip { circle: *circle, frame: head.to_wire() });
            }
            own.has_spoken = true;
            fx.cut();
        }
        // After what takes their place: a stop in between leaves too much, never too little.
        self.forget_own_generations(fx);
        self.forget_over(cx, fx);
    }
}

/// Key of a feed's record: publisher, circle, epoch.
pub(super) fn feed_key(feed: &FeedId) -> Vec<u8> {
    [feed.publisher.as_bytes().as_slice(), feed.circle.as_bytes(), &feed.epoch.0.to_be_bytes()].concat()
}

/// Key of a header's record: sorts by feed, then by sequence.
pub(super) fn header_key(feed: &FeedId, sequence: u64) -> Vec<u8> {
    [feed_key(feed), sequence.to_be_bytes().to_vec()].concat()
}
