//! All versions of one network's roster that a node holds, genesis first: those in force so far, and those that wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crypto::{Digest, KeyholderSection, VerifyingKey};
use domain::{Epoch, NetworkId, Oin, Timestamp};

use crate::{
    Crossing, KeyholderRecord, RosterDocument, RosterError, SignedRoster, VerifiedRoster, only_narrows,
};

/// Most versions that wait: governors hardly ever change their minds so often within a notice period.
pub(crate) const MAX_WAITING: usize = 16;

/// A verified chain from genesis to the version in force, and the versions after it that wait for the end of their
/// notice period. Never empty.
#[derive(Clone, Debug)]
pub struct RosterChain {
    pub(crate) signed: Vec<SignedRoster>,
    /// Digests of the same.
    pub(crate) digests: Vec<Digest>,
    pub(crate) newest: VerifiedRoster,
    /// Versions that were never in force here: a later one took their place while they waited.
    pub(crate) passed_over: BTreeSet<u32>,
    pub(crate) waiting: Vec<Waiting>,
    /// Another line of versions, for which governors decided and which takes the place of this one in time.
    pub(crate) crossing: Option<Crossing>,
    /// Which version up to the one in force decides about a roster.
    pub(crate) resolved: BTreeMap<Digest, u32>,
    /// Whose each keyholder's index was in a version up to the one in force.
    pub(crate) indices: BTreeMap<u16, Oin>,
    first_epoch: Epoch,
    /// Keyholders of every version that was in force: a key set stays bound to those who made it.
    sections: BTreeMap<Digest, KeyholderSection>,
    /// The version with which each came to hold keys, the last time that it did.
    section_versions: BTreeMap<Digest, u32>,
    /// Organisation keys of members of every version that was in force, the newest last.
    organisation_keys: BTreeMap<Oin, Vec<VerifyingKey>>,
    /// The same of the keys that sign checkpoints.
    log_keys: BTreeMap<Oin, Vec<VerifyingKey>>,
}

/// A version that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub(crate) signed: SignedRoster,
    /// What it says.
    pub roster: Arc<VerifiedRoster>,
    /// Since when it is known here.
    pub notice: FirstSight,
    /// When it takes effect.
    pub due: Timestamp,
}

/// When a node first saw a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSight {
    /// UTC seconds.
    pub seen: Timestamp,
    /// Whether the clocks of others bore the own one out. Otherwise the notice period begins when they first do.
    pub sure: bool,
}

/// How a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is in force, or was.
    Taken,
    /// A later one took its place while it waited.
    PassedOver,
    /// It waits.
    Waits,
}

impl RosterChain {
    /// Starts a chain with its genesis roster; with `expected` only that of the named network.
    ///
    /// # Errors
    /// As [`VerifiedRoster::genesis`].
    pub fn found(genesis: SignedRoster, expected: Option<NetworkId>) -> Result<Self, RosterError> {
        let newest = VerifiedRoster::genesis(&genesis, expected)?;
        let mut chain = Self {
            signed: vec![genesis],
            digests: vec![newest.digest()],
            first_epoch: Epoch(newest.rules().epoch.anchor_epoch),
            newest,
            passed_over: BTreeSet::new(),
            waiting: Vec::new(),
            crossing: None,
            resolved: BTreeMap::new(),
            indices: BTreeMap::new(),
            section_versions: BTreeMap::new(),
            sections: BTreeMap::new(),
            organisation_keys: BTreeMap::new(),
            log_keys: BTreeMap::new(),
        };
        chain.note();
        Ok(chain)
    }

    /// Puts the version after the newest in force without notice: one that was in force before, or that a new node begins
    /// with. What waited is forgotten.
    ///
    /// # Errors
    /// As [`follows`](Self::follows); the chain is then as it was.
    pub fn accept(&mut self, next: SignedRoster) -> Result<(), RosterError> {
        let roster = self.follows(&next)?;
        self.put_behind(next, roster);
        self.waiting.clear();
        self.note();
        Ok(())
    }

    /// Puts the version after the newest behind the chain as one that never was in force. Another must follow.
    ///
    /// # Errors
    /// As [`follows`](Self::follows); the chain is then as it was.
    pub fn accept_passed_over(&mut self, next: SignedRoster) -> Result<(), RosterError> {
        let roster = self.follows(&next)?;
        self.put_behind(next, roster);
        self.waiting.clear();
        self.passed_over.insert(self.newest.version());
        Ok(())
    }

    /// The version after the newest, signed by the governors of that one; or by those of an earlier one that it only narrows,
    /// as is one that took effect at once where the versions in between waited.
    ///
    /// # Errors
    /// As [`VerifiedRoster::successor`].
    pub fn follows(&self, next: &SignedRoster) -> Result<VerifiedRoster, RosterError> {
        let roster = self.newest.unsigned_successor(next)?;
        self.check_indices(&roster)?;
        let document = roster.document();
        // When it was first seen is not known here: at its best moment.
        let seen = Some(Timestamp(document.rules.epoch.anchor_time));
        let urgent = |earlier: &SignedRoster| {
            earlier.document().is_ok_and(|held| {
                only_narrows(&held, document, seen) && next.check_signatures(&held.governors).is_ok()
            })
        };
        next.check_signatures(&self.newest.document().governors).or_else(|refused| {
            let earlier = self.signed.iter().rev().skip(1).take(MAX_WAITING);
            earlier.map(urgent).find(|urgent| *urgent).map(drop).ok_or(refused)
        })?;
        Ok(roster)
    }

    /// Takes in the version after the last one known. It waits for its notice; [`ripen`](Self::ripen) says whether that is
    /// over. `false` for one that is known.
    ///
    /// Who signs it are the governors of the last one known, and those in force as well: governors who wait have no say yet.
    /// One that is at once because it only narrows the version in force needs those in force, and no others: those who wait
    /// cannot keep those in office from taking the change back.
    ///
    /// # Errors
    /// As [`VerifiedRoster::successor`], or when too many wait; the chain is then as it was.
    pub fn receive(&mut self, next: SignedRoster, sight: FirstSight) -> Result<bool, RosterError> {
        let digest = next.digest();
        if self.digests.contains(&digest) || self.waiting.iter().any(|held| held.roster.digest() == digest) {
            return Ok(false);
        }
        let last = self.waiting.last().map_or(&self.newest, |waiting| &waiting.roster);
        let roster = last.unsigned_successor(&next)?;
        self.check_indices(&roster)?;
        let urgent = is_urgent(self.newest.document(), &next, roster.document(), sight);
        if !urgent {
            next.check_signatures(&last.document().governors)?;
            // Governors who wait have no say until they are in office here.
            let office = &self.newest.document().governors;
            if next.check_signatures(office).is_err() {
                return Err(RosterError::GovernorsWait);
            }
            if self.crossing.is_some() {
                return Err(RosterError::Superseded);
            }
            if self.waiting.len() >= MAX_WAITING {
                return Err(RosterError::TooManyWaiting);
            }
        }
        self.waiting.push(Waiting { signed: next, roster: Arc::new(roster), notice: sight, due: sight.seen });
        self.reckon();
        Ok(true)
    }

    /// Puts in force what has waited long enough, as well as what need not wait. Whether the version in force is another.
    ///
    /// `agrees` says that others' clocks bear out that it is `now`: while they do not, no notice period ends, and one that
    /// began so begins when they do. A clock that is set can so neither shorten a notice nor, once it is set right,
    /// lengthen it.
    pub fn ripen(&mut self, now: Timestamp, agrees: bool) -> bool {
        if agrees {
            for waiting in self.waiting.iter_mut().filter(|waiting| !waiting.notice.sure) {
                waiting.notice = FirstSight { seen: now, sure: true };
            }
            if let Some(crossing) = self.crossing.as_mut().filter(|crossing| !crossing.notice.sure) {
                crossing.notice = FirstSight { seen: now, sure: true };
            }
            self.reckon();
        }
        if self.cross_over(now, agrees) {
            return true;
        }
        let ripe = |waiting: &Waiting| {
            waiting.due == Timestamp(0) || (agrees && waiting.notice.sure && waiting.due <= now)
        };
        let Some(last) = self.waiting.iter().rposition(ripe) else { return false };
        for waiting in self.waiting.drain(..=last).collect::<Vec<_>>() {
            let version = waiting.roster.version();
            let taken = ripe(&waiting);
            self.put_behind(waiting.signed, Arc::unwrap_or_clone(waiting.roster));
            if taken {
                self.note();
            } else {
                self.passed_over.insert(version);
            }
        }
        self.reckon();
        true
    }

    /// Reckons when each takes effect: at once what only narrows the version in force and is signed by its governors, with the
    /// one before it what only narrows that, all else after its own notice and not before the one before it.
    pub(crate) fn reckon(&mut self) {
        self.reckon_crossing();
        let held = self.newest.document();
        let notice = u64::from(held.rules.notice_seconds);
        let mut before: Option<(Arc<VerifiedRoster>, Timestamp)> = None;
        for waiting in &mut self.waiting {
            let document = waiting.roster.document();
            let own = waiting.notice.seen.plus(notice);
            waiting.due = match &before {
                _ if notice == 0 || is_urgent(held, &waiting.signed, document, waiting.notice) => {
                    Timestamp(0)
                }
                Some((earlier, due)) if only_narrows(earlier.document(), document, None) => *due,
                Some((_, due)) => own.max(*due),
                None => own,
            };
            before = Some((Arc::clone(&waiting.roster), waiting.due));
        }
    }

    /// Puts a version behind those up to the one in force.
    pub(crate) fn put_behind(&mut self, signed: SignedRoster, roster: VerifiedRoster) {
        self.signed.push(signed);
        self.digests.push(roster.digest());
        for digest in &roster.document().resolves {
            self.resolved.entry(*digest).or_insert(roster.version());
        }
        self.indices.extend(roster.document().keyholders.iter().map(|held| (held.index, held.oin)));
        self.newest = roster;
    }

    /// Refuses a version that gives the index of a keyholder to another.
    fn check_indices(&self, roster: &VerifiedRoster) -> Result<(), RosterError> {
        let waiting = self.waiting.iter().flat_map(|waiting| &waiting.roster.document().keyholders);
        let waiting: BTreeMap<u16, Oin> = waiting.map(|held| (held.index, held.oin)).collect();
        for KeyholderRecord { index, oin } in &roster.document().keyholders {
            let held = self.indices.get(index).or_else(|| waiting.get(index));
            if let Some(held) = held.filter(|held| *held != oin) {
                return Err(RosterError::IndexReused { index: *index, held: *held, found: *oin });
            }
        }
        Ok(())
    }

    pub(crate) fn note(&mut self) {
        let keyholders = &self.newest.document().keyholders;
        self.indices.extend(keyholders.iter().map(|held| (held.index, held.oin)));
        let section = self.newest.keyholder_section();
        let digest = section.digest();
        let newest = self.section_versions.iter().max_by_key(|(_, version)| **version);
        if newest.is_none_or(|(held, _)| *held != digest) {
            self.section_versions.insert(digest, self.newest.version());
        }
        self.sections.insert(digest, section);
        for member in self.newest.members() {
            let keys = self.organisation_keys.entry(member.oin).or_default();
            if keys.last() != Some(&member.keys.organisation) {
                keys.push(member.keys.organisation);
            }
            if let Some(key) = member.keys.log {
                let keys = self.log_keys.entry(member.oin).or_default();
                if keys.last() != Some(&key) {
                    keys.push(key);
                }
            }
        }
    }

    /// Every key that an organisation has had in some version, the newest first.
    ///
    /// Only for what an organisation signed itself and wants to recognise as its own. A document of another is good
    /// only under the key in force: an older key was replaced because somebody else may have it.
    pub fn keys_ever(&self, oin: &Oin) -> impl Iterator<Item = VerifyingKey> {
        self.organisation_keys.get(oin).into_iter().flatten().rev().copied()
    }

    /// Every key that signed checkpoints of an organisation in some version, the newest first. For the organisation itself,
    /// as above, and for whoever remembers a checkpoint from before its key was replaced.
    pub fn log_keys_ever(&self, oin: &Oin) -> impl Iterator<Item = VerifyingKey> {
        self.log_keys.get(oin).into_iter().flatten().rev().copied()
    }

    /// The version in force.
    #[must_use]
    pub fn newest(&self) -> &VerifiedRoster {
        &self.newest
    }

    /// The versions that wait, the next one first.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// Number of the last version known, in force or not.
    #[must_use]
    pub fn last_version(&self) -> u32 {
        self.waiting.last().map_or(self.newest.version(), |waiting| waiting.roster.version())
    }

    /// Digest of the last version known.
    #[must_use]
    pub fn last_digest(&self) -> Digest {
        self.waiting.last().map_or(self.newest.digest(), |waiting| waiting.roster.digest())
    }

    /// Digest of a version, also of one that waits; `None` for one that is not known.
    #[must_use]
    pub fn digest_of(&self, version: u32) -> Option<Digest> {
        let place = usize::try_from(version.checked_sub(1)?).ok()?;
        let waiting = || self.waiting.get(place.checked_sub(self.digests.len())?);
        self.digests.get(place).copied().or_else(|| waiting().map(|waiting| waiting.roster.digest()))
    }

    /// Which version, of those up to the one in force, decides about a roster that governors signed beside another.
    #[must_use]
    pub fn resolved_by(&self, digest: &Digest) -> Option<u32> {
        self.resolved.get(digest).copied()
    }

    /// How a version stands; `None` for one that is not known.
    #[must_use]
    pub fn standing(&self, version: u32) -> Option<Standing> {
        if version == 0 || version > self.last_version() {
            None
        } else if version > self.newest.version() {
            Some(Standing::Waits)
        } else if self.passed_over.contains(&version) {
            Some(Standing::PassedOver)
        } else {
            Some(Standing::Taken)
        }
    }

    /// The epoch with which the network began.
    #[must_use]
    pub fn first_epoch(&self) -> Epoch {
        self.first_epoch
    }

    /// Every version up to the one in force as signed, genesis first.
    pub fn signed(&self) -> impl Iterator<Item = &SignedRoster> {
        self.signed.iter()
    }

    /// Every version as signed, also those that wait, genesis first.
    pub fn all(&self) -> impl Iterator<Item = &SignedRoster> {
        self.signed.iter().chain(self.waiting.iter().map(|waiting| &waiting.signed))
    }

    /// The version after `version`, as signed, also one that waits.
    #[must_use]
    pub fn after(&self, version: u32) -> Option<&SignedRoster> {
        let place = usize::try_from(version).ok()?;
        let waiting = || self.waiting.get(place.checked_sub(self.signed.len())?).map(|held| &held.signed);
        self.signed.get(place).or_else(waiting)
    }

    /// The version of the roster with which these keyholders came to hold keys, the last time that they did; 0 for those
    /// that none names.
    #[must_use]
    pub fn section_version(&self, digest: &Digest) -> u32 {
        self.section_versions.get(digest).copied().unwrap_or_default()
    }

    /// The keyholders that a digest names, of whichever version.
    #[must_use]
    pub fn section(&self, digest: &Digest) -> Option<&KeyholderSection> {
        self.sections.get(digest)
    }
}

/// Whether a version only narrows the one in force, and enough of the governors in force signed it.
fn is_urgent(
    held: &RosterDocument,
    signed: &SignedRoster,
    document: &RosterDocument,
    sight: FirstSight,
) -> bool {
    let seen = sight.sure.then_some(sight.seen);
    only_narrows(held, document, seen) && signed.check_signatures(&held.governors).is_ok()
}
