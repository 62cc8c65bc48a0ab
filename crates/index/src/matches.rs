//! What was found: per own family, which keys agree with which organisation.

mod found;

use std::collections::{BTreeMap, BTreeSet};

use domain::{Certainty, CircleId, Epoch, FamilyRef, KeyClass, Oin};
use linkage::{Basis, Explanation, LinkageKey, Verdict};

pub use self::found::Found;
use crate::{FeedId, Hit, OwnFamilies};

/// Another organisation involved with an own family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Involvement {
    /// The organisation.
    pub organisation: Oin,
    /// How sure.
    pub certainty: Certainty,
    /// Why, in terms of the own record only.
    pub basis: Vec<Basis>,
    /// The same person by person, for people.
    pub explanation: Explanation,
}

/// The keys of one family that agree with one feed, as kept on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRecord {
    /// The own family.
    pub family: FamilyRef,
    /// The feed of the other organisation.
    pub feed: FeedId,
    /// The keys that agree.
    pub agreeing: BTreeSet<LinkageKey>,
}

/// The match table: kept up to date as segments and evaluations arrive, so that a question only reads it.
#[derive(Debug, Default)]
pub struct Matches {
    found: BTreeMap<FamilyRef, Found>,
}

impl Matches {
    /// Adds hits on one feed. Returns the records that changed.
    pub fn add(&mut self, feed: FeedId, hits: Vec<Hit>) -> Vec<MatchRecord> {
        let mut changed = BTreeSet::new();
        for hit in hits {
            let found = match self.found.get_mut(&hit.family) {
                Some(found) => found,
                None => self.found.entry(hit.family.clone()).or_default(),
            };
            if found.insert(feed, hit.key) {
                changed.insert(hit.family);
            }
        }
        changed.into_iter().map(|family| self.record(family, feed)).collect()
    }

    /// Removes hits on one feed: its publisher withdrew the tags. Returns the records that changed, those without
    /// agreeing keys among them.
    pub fn withdraw(&mut self, feed: FeedId, hits: &[Hit]) -> Vec<MatchRecord> {
        let mut gone: BTreeMap<&FamilyRef, Vec<&LinkageKey>> = BTreeMap::new();
        for hit in hits {
            gone.entry(&hit.family).or_default().push(&hit.key);
        }
        let mut changed = Vec::new();
        for (family, keys) in gone {
            if self.found.get_mut(family).is_some_and(|found| found.remove(&feed, keys)) {
                changed.push(self.record(family.clone(), feed));
                self.tidy(family);
            }
        }
        changed
    }

    /// Puts what was found for a family in an epoch in the place of what was found there before. Returns the records
    /// that changed, those that are gone without agreeing keys.
    pub fn replace(&mut self, epoch: Epoch, family: &FamilyRef, found: &Found) -> Vec<MatchRecord> {
        let held = self.found.entry(family.clone()).or_default();
        let of_epoch = held.feeds().chain(found.feeds()).filter(|feed| feed.epoch == epoch);
        let concerned: BTreeSet<FeedId> = of_epoch.copied().collect();
        let mut changed = Vec::new();
        for feed in concerned {
            let (before, agreeing) = (held.agreeing_with(&feed), found.agreeing_with(&feed));
            if before == agreeing {
                continue;
            }
            held.remove(&feed, before.difference(&agreeing));
            for key in agreeing.difference(&before) {
                held.insert(feed, key.clone());
            }
            changed.push(MatchRecord { family: family.clone(), feed, agreeing });
        }
        self.tidy(family);
        changed
    }

    /// Removes the keys of one family that it no longer carries, and everything in circles in which it no longer takes
    /// part. Returns the records that changed.
    pub fn keep_only(
        &mut self,
        family: &FamilyRef,
        carried: impl Fn(&LinkageKey) -> bool,
        takes_part: impl Fn(&CircleId) -> bool,
    ) -> Vec<MatchRecord> {
        let Some(found) = self.found.get_mut(family) else { return Vec::new() };
        let changed = found.retain(|feed, key| takes_part(&feed.circle) && carried(key));
        let changed = changed.into_iter().map(|feed| self.record(family.clone(), feed)).collect();
        self.tidy(family);
        changed
    }

    /// Takes back a record after a restart.
    pub fn restore(&mut self, record: MatchRecord) {
        let MatchRecord { family, feed, agreeing } = record;
        if agreeing.is_empty() {
            return;
        }
        let found = self.found.entry(family).or_default();
        for key in agreeing {
            found.insert(feed, key);
        }
    }

    /// Forgets what one family's keys agree with of one organisation. Returns the records that are gone, without agreeing
    /// keys.
    pub fn remove_organisation(&mut self, family: &FamilyRef, organisation: &Oin) -> Vec<MatchRecord> {
        let Some(found) = self.found.get_mut(family) else { return Vec::new() };
        let changed = found.retain(|feed, _| feed.publisher != *organisation);
        let changed = changed.into_iter().map(|feed| self.record(family.clone(), feed)).collect();
        self.tidy(family);
        changed
    }

    /// Forgets everything found in one feed. Returns the records that are gone, without agreeing keys.
    pub fn remove_feed(&mut self, feed: FeedId) -> Vec<MatchRecord> {
        let gone = self.remove_where(|found| *found == feed);
        gone.into_iter().map(|family| self.record(family, feed)).collect()
    }

    /// Forgets everything found in an epoch that is over. Returns the families concerned.
    pub fn remove_epoch(&mut self, epoch: Epoch) -> Vec<FamilyRef> {
        self.remove_where(|feed| feed.epoch == epoch)
    }

    /// Forgets everything found in some feeds. Returns the families concerned.
    fn remove_where(&mut self, is_over: impl Fn(&FeedId) -> bool) -> Vec<FamilyRef> {
        let mut gone = Vec::new();
        self.found.retain(|family, found| {
            if !found.retain(|feed, _| !is_over(feed)).is_empty() {
                gone.push(family.clone());
            }
            !found.is_empty()
        });
        gone
    }

    /// Forgets everything about a family, and names what is to be removed from disk.
    pub fn remove_family(&mut self, family: &FamilyRef) -> Vec<FeedId> {
        self.found.remove(family).map(|found| found.feeds().copied().collect()).unwrap_or_default()
    }

    /// A family for which nothing is found has no place in the table.
    fn tidy(&mut self, family: &FamilyRef) {
        if self.found.get(family).is_some_and(Found::is_empty) {
            self.found.remove(family);
        }
    }

    /// The organisations involved with a family, by OIN, by the keys that count where they were found. Keys that agree
    /// too weakly make nobody involved.
    #[must_use]
    pub fn involved(
        &self,
        family: &FamilyRef,
        own: &OwnFamilies,
        counts: impl Fn(&FeedId, KeyClass) -> bool,
    ) -> Vec<Involvement> {
        let mut by_organisation: BTreeMap<Oin, BTreeSet<LinkageKey>> = BTreeMap::new();
        for (feed, agreeing) in self.found.get(family).into_iter().flat_map(Found::agreeing) {
            let counting = agreeing.filter(|key| counts(feed, key.kind().class())).cloned();
            by_organisation.entry(feed.publisher).or_default().extend(counting);
        }
        by_organisation
            .into_iter()
            .filter_map(|(organisation, agreeing)| {
                let evidence = own.evidence(family, &agreeing)?;
                let explanation = evidence.explanation();
                let Verdict { certainty, basis } = evidence.verdict?;
                Some(Involvement { organisation, certainty, basis, explanation })
            })
            .collect()
    }

    /// The keys of a family that agree with one organisation, by what was found in epoch `since` and later ones; some
    /// of them several times.
    pub fn agreeing(
        &self,
        family: &FamilyRef,
        organisation: &Oin,
        since: Epoch,
    ) -> impl Iterator<Item = &LinkageKey> {
        let found = self.found.get(family).into_iter().flat_map(Found::agreeing);
        let of = *organisation;
        found
            .filter(move |(feed, _)| feed.publisher == of && feed.epoch >= since)
            .flat_map(|(_, agreeing)| agreeing)
    }

    fn record(&self, family: FamilyRef, feed: FeedId) -> MatchRecord {
        let found = self.found.get(&family);
        let agreeing = found.map(|found| found.agreeing_with(&feed)).unwrap_or_default();
        MatchRecord { family, feed, agreeing }
    }
}
