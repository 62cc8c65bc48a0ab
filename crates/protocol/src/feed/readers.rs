//! What this node knows of those who read its own feeds.
//!
//! Whoever asks this node for headers says up to where it matches on everything of the feed. Every interval has a
//! segment, so every reader that is reachable asks. One that fetches from other readers is not known to have taken
//! anything until it asks here.

use std::collections::BTreeMap;

use crypto::cbor;
use domain::{Epoch, Oin};
use index::{FeedId, HeaderDocument};

use super::keeper::FeedKeeper;
use super::message::FeedRequest;
use crate::effects::Context;

/// Those who may read the own feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// How many organisations may.
    pub total: usize,
    /// Who is not known to have taken everything that was published to it, in order.
    pub behind: Vec<Oin>,
}

/// Up to where readers are known to hold the own feeds.
#[derive(Default)]
pub(crate) struct ReaderMarks {
    /// The number up to which each reader has taken an own feed.
    holds: BTreeMap<(FeedId, Oin), u64>,
    /// The newest segment of each own feed in which families came or went, or with which a generation begins.
    changed: BTreeMap<FeedId, u64>,
    /// The generation of each own feed.
    generations: BTreeMap<FeedId, u32>,
}

impl ReaderMarks {
    /// A segment of an own feed is out, in which something other than dummies came or went. The first of a further
    /// generation takes back what was out before.
    pub(super) fn published(&mut self, header: &HeaderDocument, changes: bool) {
        let (feed, generation) = (header.feed, header.generation);
        let begins = self.generations.insert(feed, generation) != Some(generation) && generation > 0;
        if begins || changes {
            self.changed.insert(feed, header.sequence);
        }
    }

    /// An epoch is over.
    pub(super) fn forget_epoch(&mut self, epoch: Epoch) {
        self.holds.retain(|(feed, _), _| feed.epoch != epoch);
        self.changed.retain(|feed, _| feed.epoch != epoch);
        self.generations.retain(|feed, _| feed.epoch != epoch);
    }
}

impl FeedKeeper {
    /// Takes from a request what it says about the reader that sends it.
    pub(crate) fn note_reader(&mut self, cx: &Context<'_>, from: Oin, frame: &[u8]) {
        let Ok(FeedRequest::Headers { feed, taken, .. }) = cbor::from_slice::<FeedRequest>(frame) else {
            return;
        };
        if self.own.contains_key(&feed) && cx.roster.publishes_to(&feed.circle, &cx.identity.oin, &from) {
            let held = self.marks.holds.entry((feed, from)).or_default();
            *held = taken.max(*held);
        }
    }

    /// Who may read the own feeds, and who is behind.
    pub(crate) fn readers(&self, cx: &Context<'_>) -> Readers {
        let mut readers: BTreeMap<Oin, bool> = BTreeMap::new();
        let in_force = cx.epochs.in_force();
        for feed in self.own.keys().filter(|feed| in_force.contains(&feed.epoch)) {
            let changed = self.marks.changed.get(feed).copied().unwrap_or(0);
            let may = |oin: &Oin| cx.roster.publishes_to(&feed.circle, &cx.identity.oin, oin);
            for reader in cx.roster.members().iter().map(|member| member.oin).filter(may) {
                let holds = self.marks.holds.get(&(*feed, reader)).copied().unwrap_or(0);
                *readers.entry(reader).or_default() |= holds < changed;
            }
        }
        Readers {
            total: readers.len(),
            behind: readers.into_iter().filter(|(_, behind)| *behind).map(|(oin, _)| oin).collect(),
        }
    }
}
