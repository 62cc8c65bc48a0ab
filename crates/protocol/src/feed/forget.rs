//! Forgetting: headers that nothing needs any more and the bodies that only they named, in memory and on disk.

use std::collections::BTreeSet;

use index::FeedId;

use super::keeper::{BodyId, FeedKeeper, HeldHeader};
use super::publish::header_key;
use crate::effects::{Context, Effects};
use crate::record::restored_key;
use crate::{Collection, Scope};

impl FeedKeeper {
    /// Forgets the headers of a feed that do not stay. The oldest go first, so that what a stop in the middle leaves
    /// is a chain without its beginning, which nobody takes for a whole one.
    pub(super) fn forget_headers(
        &mut self,
        feed: &FeedId,
        stays: impl Fn(&HeldHeader) -> bool,
        fx: &mut Effects<'_>,
    ) {
        let Some(held) = self.headers.get_mut(feed) else { return };
        let (stay, go): (Vec<HeldHeader>, Vec<HeldHeader>) =
            std::mem::take(held).into_iter().partition(stays);
        if stay.is_empty() {
            self.headers.remove(feed);
        } else {
            *held = stay;
        }
        if go.is_empty() {
            return;
        }
        for header in go {
            let scope = Scope::Epoch(feed.epoch);
            fx.delete_in(scope, Collection::Header, header_key(feed, header.position.sequence));
            let body = (feed.epoch, header.body);
            if self.let_go(&body) {
                fx.delete_in(scope, Collection::Body, header.body.as_bytes().to_vec());
            }
            fx.cut();
        }
    }

    /// Counts one header less that names a body. Returns whether it was the last and the body is on disk.
    pub(super) fn let_go(&mut self, body: &BodyId) -> bool {
        let Some(named) = self.bodies.get_mut(body) else { return false };
        named.headers = named.headers.saturating_sub(1);
        if named.headers > 0 {
            return false;
        }
        self.bodies.remove(body).is_some_and(|named| named.is_kept)
    }

    /// Forgets the headers of generations that a replica no longer holds.
    pub(super) fn forget_generations(&mut self, feed: &FeedId, fx: &mut Effects<'_>) {
        let Some(replica) = self.replicas.get(feed) else { return };
        let held: BTreeSet<u32> = self
            .headers
            .get(feed)
            .into_iter()
            .flatten()
            .map(|header| header.position.generation)
            .filter(|generation| replica.holds_generation(*generation))
            .collect();
        self.forget_headers(feed, |header| held.contains(&header.position.generation), fx);
    }

    /// Deletes what a start found on disk and had no use for.
    pub(crate) fn sweep(&mut self, fx: &mut Effects<'_>) {
        for (epoch, collection, key) in std::mem::take(&mut self.leftovers) {
            fx.delete_in(Scope::Epoch(epoch), collection, key);
            fx.cut();
        }
    }

    /// Takes the mark of a restore away once every own feed that has readers went on.
    pub(crate) fn forget_restore(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let have_spoken = self.read_feeds(cx).count() > 0 && self.read_feeds(cx).all(|own| own.has_spoken);
        if self.restored && have_spoken {
            self.restored = false;
            fx.delete(Collection::Restored, restored_key());
        }
    }

    /// Forgets what a new generation of an own feed took the place of, once it is published.
    pub(super) fn forget_own_generations(&mut self, fx: &mut Effects<'_>) {
        let newest: Vec<(FeedId, u32)> = self
            .own
            .values()
            .map(|own| (own.publisher.feed(), own.publisher.generation()))
            .filter(|(feed, generation)| {
                let first = self.headers.get(feed).and_then(|held| held.first());
                let last = self.headers.get(feed).and_then(|held| held.last());
                first.is_some_and(|first| first.position.generation != *generation)
                    && last.is_some_and(|last| last.position.generation == *generation)
            })
            .collect();
        for (feed, generation) in newest {
            self.forget_headers(&feed, |header| header.position.generation == generation, fx);
        }
    }
}
