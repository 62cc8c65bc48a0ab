//! What was found: per own family, which keys agree with which organisation.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Certainty, CircleId, Epoch, FamilyRef, KeyClass, Oin};
use linkage::{Basis, Explanation, LinkageKey, Verdict};

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
    found: BTreeMap<FamilyRef, BTreeMap<FeedId, BTreeSet<LinkageKey>>>,
}

impl Matches {
    /// Adds hits on one feed. Returns the records that changed.
    pub fn add(&mut self, feed: FeedId, hits: Vec<Hit>) -> Vec<MatchRecord> {
        let mut changed = BTreeSet::new();
        for hit in hits {
            let agreeing = self.found.entry(hit.family.clone()).or_default().entry(feed).or_default();
            if agreeing.insert(hit.key) {
                changed.insert(hit.family);
            }
        }
        changed.into_iter().map(|family| self.record(family, feed)).collect()
    }

    /// Removes hits on one feed: its publisher withdrew the tags. Returns the records that changed, those without
    /// agreeing keys among them.
    pub fn withdraw(&mut self, feed: FeedId, hits: &[Hit]) -> Vec<MatchRecord> {
        let mut changed = BTreeSet::new();
        for hit in hits {
            let Some(found) = self.found.get_mut(&hit.family) else { continue };
            let Some(agreeing) = found.get_mut(&feed) else { continue };
            if agreeing.remove(&hit.key) {
                changed.insert(hit.family.clone());
            }
            if agreeing.is_empty() {
                found.remove(&feed);
            }
        }
        let record = |family: FamilyRef| self.record(family, feed);
        changed.into_iter().map(record).collect()
    }

    /// Puts what was found for a family in an epoch in the place of what was found there before. Returns the records
    /// that changed, those that are gone without agreeing keys.
    pub fn replace(
        &mut self,
        epoch: Epoch,
        family: &FamilyRef,
        found: BTreeMap<FeedId, BTreeSet<LinkageKey>>,
    ) -> Vec<MatchRecord> {
        let held = self.found.entry(family.clone()).or_default();
        let before: BTreeMap<FeedId, BTreeSet<LinkageKey>> =
            held.extract_if(.., |feed, _| feed.epoch == epoch).collect();
        held.extend(found);
        let now = self.found.get(family).into_iter().flatten().filter(|(feed, _)| feed.epoch == epoch);
        let changed =
            now.filter(|(place, agreeing)| before.get(place) != Some(agreeing)).map(|(place, _)| *place);
        let mut changed: BTreeSet<FeedId> = changed.collect();
        let gone = |place: &&FeedId| !self.found.get(family).is_some_and(|found| found.contains_key(place));
        changed.extend(before.keys().filter(gone));
        let record = |feed| self.record(family.clone(), feed);
        changed.into_iter().map(record).collect()
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
        let mut changed = Vec::new();
        for (place, agreeing) in found.iter_mut() {
            let before = agreeing.len();
            let stays = takes_part(&place.circle);
            agreeing.retain(|key| stays && carried(key));
            if agreeing.len() != before {
                changed.push(*place);
            }
        }
        found.retain(|_, agreeing| !agreeing.is_empty());
        let record = |feed| self.record(family.clone(), feed);
        changed.into_iter().map(record).collect()
    }

    /// Takes back a record after a restart.
    pub fn restore(&mut self, record: MatchRecord) {
        self.found.entry(record.family).or_default().insert(record.feed, record.agreeing);
    }

    /// Forgets everything found in one feed. Returns the records that are gone, without agreeing keys.
    pub fn remove_feed(&mut self, feed: FeedId) -> Vec<MatchRecord> {
        let mut gone = Vec::new();
        for (family, found) in &mut self.found {
            if found.remove(&feed).is_some() {
                gone.push(family.clone());
            }
        }
        gone.into_iter().map(|family| self.record(family, feed)).collect()
    }

    /// Forgets everything found in an epoch that is over. Returns the families concerned.
    pub fn remove_epoch(&mut self, epoch: Epoch) -> Vec<FamilyRef> {
        let mut gone = Vec::new();
        for (family, found) in &mut self.found {
            if found.extract_if(.., |feed, _| feed.epoch == epoch).count() > 0 {
                gone.push(family.clone());
            }
        }
        gone
    }

    /// Forgets everything about a family, and names what is to be removed from disk.
    pub fn remove_family(&mut self, family: &FamilyRef) -> Vec<FeedId> {
        self.found.remove(family).map(|found| found.into_keys().collect()).unwrap_or_default()
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
        for (feed, agreeing) in self.found.get(family).into_iter().flatten() {
            let counting = agreeing.iter().filter(|key| counts(feed, key.kind().class())).cloned();
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
        let found = self.found.get(family).into_iter().flatten();
        let of = *organisation;
        found
            .filter(move |(feed, _)| feed.publisher == of && feed.epoch >= since)
            .flat_map(|(_, agreeing)| agreeing)
    }

    fn record(&self, family: FamilyRef, feed: FeedId) -> MatchRecord {
        let found = self.found.get(&family).and_then(|found| found.get(&feed));
        let agreeing = found.cloned().unwrap_or_default();
        MatchRecord { family, feed, agreeing }
    }
}
