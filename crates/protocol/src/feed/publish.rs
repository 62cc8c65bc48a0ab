//! Publishing: one segment and one head per circle and interval.

use crypto::Digest;
use domain::KeyClass;
use index::FeedId;

use index::Position;

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
        fx: &mut Effects<'_>,
    ) {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
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
            let Some(segment) = own.publisher.segment(cx.now, key(cx)) else {
                if self.told_used_up.insert(*circle) {
                    fx.notice(Notice::NumbersUsedUp { circle: *circle });
                }
                continue;
            };
            own.published_at = Some(cx.now);
            let (feed, sequence) = (own.publisher.feed(), segment.header.document().sequence);
            self.marks.published(segment.header.document());
            let (digest, body) = (segment.body.digest(), segment.body.to_bytes());
            fx.put(Collection::Header, header_key(&feed, sequence), segment.header.to_wire());
            fx.put(Collection::Body, digest.as_bytes().to_vec(), body.clone());
            let position = Position::from(&segment.header);
            let held = HeldHeader { position, wire: segment.header.to_wire(), body: digest };
            *self.named.entry(digest).or_default() += 1;
            self.headers.entry(feed).or_default().push(held);
            self.bodies.insert(digest, body);
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
