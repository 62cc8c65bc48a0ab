//! Heads of others on their way to the disk.
//!
//! A head that is forgotten is heard again an interval later, and asked for at once by a node that starts; what its
//! publisher signed before is told by headers, which are kept when they come. So a head is worth no commit of its own: it
//! goes to the disk with the next header of its feed, and the rest together once an interval, with the own segment. A
//! member that signs a head for every reason and none has no reader wait for its disk.

use std::collections::BTreeSet;

use domain::{Epoch, Timestamp};
use index::{FeedId, Replica};

use super::keeper::FeedKeeper;
use super::publish::feed_key;
use crate::effects::{Context, Effects};
use crate::{Collection, Scope};

/// Feeds of which a newer head is in memory than on disk.
#[derive(Default)]
pub(super) struct UnkeptHeads {
    feeds: BTreeSet<FeedId>,
    /// When all of them were last kept.
    kept_at: Option<Timestamp>,
}

impl UnkeptHeads {
    pub(super) fn note(&mut self, feed: FeedId) {
        self.feeds.insert(feed);
    }

    pub(super) fn forget(&mut self, feed: &FeedId) {
        self.feeds.remove(feed);
    }

    pub(super) fn forget_epoch(&mut self, epoch: Epoch) {
        self.feeds.retain(|feed| feed.epoch != epoch);
    }

    pub(super) fn clock_went_back(&mut self) {
        self.kept_at = None;
    }
}

impl FeedKeeper {
    /// Keeps the newest head of a feed beside what is kept now, when the disk has none as new.
    pub(super) fn keep_head(&mut self, feed: &FeedId, fx: &mut Effects<'_>) {
        if !self.unkept_heads.feeds.remove(feed) {
            return;
        }
        if let Some(head) = self.replicas.get(feed).and_then(Replica::head) {
            fx.put_in(Scope::Epoch(feed.epoch), Collection::Head, feed_key(feed), head.to_wire());
        }
    }

    /// Keeps the heads that came without a header, once an interval: beside an own segment where one was published just
    /// now, else when one would have been.
    pub(crate) fn keep_heads(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let published = self.own.values().any(|own| own.published_at == Some(cx.now));
        let is_due = self.unkept_heads.kept_at.is_none_or(|at| {
            let since = cx.now.since(at);
            since > interval || since == interval && published
        });
        if !is_due {
            return;
        }
        self.unkept_heads.kept_at = Some(cx.now);
        for feed in self.unkept_heads.feeds.clone() {
            self.keep_head(&feed, fx);
            fx.cut();
        }
    }
}
