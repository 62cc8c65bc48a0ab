//! The attempts at one key, as one node follows them: which is the present one, who abandoned it, and when the next
//! may begin.
//!
//! Bookkeeping only: secrets and what is said to others are the keeper's business.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, KeySet, KeyholderSection, Signed, Unverified};
use domain::Timestamp;

use super::abandonment::{AbandonmentDocument, next_participants};
use crate::Refused;

/// Attempts ahead of the present one of which a signer's abandonments are kept: others pass on those of their present
/// attempt and of the one before.
const AHEAD: usize = 2;

/// Bounds of the seconds between a quorum of abandonments and the next attempt, in which slower ones still arrive.
const SETTLE_SECONDS: (u64, u64) = (5, 60);

/// The seconds between a quorum of abandonments and the next attempt: a small part of the deadline.
pub(super) fn settle_seconds(deadline_seconds: u32) -> u64 {
    (u64::from(deadline_seconds) / 20).clamp(SETTLE_SECONDS.0, SETTLE_SECONDS.1)
}

/// All attempts of one keyholder section at one key.
pub(super) struct Attempts {
    first: CeremonyId,
    section: KeyholderSection,
    me: u16,
    present: u32,
    /// Since when the present attempt is followed here.
    since: Timestamp,
    participants: BTreeSet<u16>,
    signed: BTreeMap<u32, BTreeMap<u16, Signed<AbandonmentDocument>>>,
    /// The newest attempt that a quorum abandoned, and since when that is known here.
    settling: Option<(u32, Timestamp)>,
}

impl Attempts {
    /// At the first attempt, in which every keyholder takes part.
    pub(super) fn new(first: CeremonyId, section: KeyholderSection, me: u16, now: Timestamp) -> Self {
        let participants = section.indices();
        Self {
            first,
            section,
            me,
            present: first.attempt,
            since: now,
            participants,
            signed: BTreeMap::new(),
            settling: None,
        }
    }

    /// The present attempt.
    pub(super) fn id(&self) -> CeremonyId {
        self.first.with_attempt(self.present)
    }

    /// An attempt as this keyholder signs for it: its name, and the own index.
    pub(super) fn own_place(&self, attempt: u32) -> (CeremonyId, u16) {
        (self.first.with_attempt(attempt), self.me)
    }

    pub(super) fn section(&self) -> &KeyholderSection {
        &self.section
    }

    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Who takes part in the present attempt.
    pub(super) fn participants(&self) -> &BTreeSet<u16> {
        &self.participants
    }

    pub(super) fn takes_part(&self) -> bool {
        self.participants.contains(&self.me)
    }

    /// Takes up an attempt that an earlier run had begun.
    pub(super) fn resume(&mut self, attempt: u32, participants: BTreeSet<u16>, now: Timestamp) {
        (self.present, self.participants, self.since) = (attempt, participants, now);
    }

    /// Takes an abandonment; the signed document when it is news. Of two that one keyholder signed for one attempt all
    /// nodes keep the same.
    pub(super) fn take(
        &mut self,
        wire: &[u8],
        refused: &mut Refused,
    ) -> Option<&Signed<AbandonmentDocument>> {
        let Ok(unverified) = Unverified::<AbandonmentDocument>::parse(wire) else {
            refused.malformed_frames += 1;
            return None;
        };
        let claimed = unverified.claimed();
        let sound = claimed.is_sound(&self.first, &self.section);
        let (attempt, index) = (claimed.attempt, claimed.index);
        if sound && attempt.saturating_add(1) < self.present {
            return None;
        }
        let key = self.section.keyholder(index).filter(|_| sound).map(|keyholder| keyholder.key);
        let Some(signed) = key.and_then(|key| unverified.verify(&key).ok()) else {
            refused.bad_signatures += 1;
            return None;
        };
        let held = self.signed.get(&attempt).and_then(|signed| signed.get(&index));
        if held.is_some_and(|held| index == self.me || held.digest() <= signed.digest()) {
            return None;
        }
        self.signed.entry(attempt).or_default().insert(index, signed);
        self.bound(index);
        self.signed.get(&attempt)?.get(&index)
    }

    /// Lets go of a signer's oldest abandonments ahead when it has signed more than an honest one would send.
    fn bound(&mut self, index: u16) {
        let ahead = self
            .signed
            .iter()
            .filter(|(attempt, signed)| **attempt > self.present && signed.contains_key(&index));
        let mut ahead: Vec<u32> = ahead.map(|(attempt, _)| *attempt).collect();
        ahead.truncate(ahead.len().saturating_sub(AHEAD));
        for attempt in ahead {
            if let Some(signed) = self.signed.get_mut(&attempt) {
                signed.remove(&index);
            }
        }
        self.signed.retain(|_, signed| !signed.is_empty());
    }

    /// Notes the own abandonment of the present attempt.
    pub(super) fn note_own(&mut self, signed: Signed<AbandonmentDocument>) {
        self.signed.entry(signed.document().attempt).or_default().insert(self.me, signed);
    }

    /// The own abandonment of an attempt.
    pub(super) fn own(&self, attempt: u32) -> Option<&AbandonmentDocument> {
        self.signed.get(&attempt)?.get(&self.me).map(Signed::document)
    }

    /// The newest attempt that this keyholder abandoned.
    pub(super) fn newest_own(&self) -> Option<u32> {
        let own = self.signed.iter().rev().find(|(_, signed)| signed.contains_key(&self.me));
        own.map(|(attempt, _)| *attempt)
    }

    /// Whom this keyholder found lying in any attempt that it still knows of.
    pub(super) fn convicted(&self) -> BTreeSet<u16> {
        let own = self.signed.values().filter_map(|signed| signed.get(&self.me));
        own.flat_map(|signed| signed.document().lying.iter().copied()).collect()
    }

    pub(super) fn has_abandoned(&self) -> bool {
        self.own(self.present).is_some()
    }

    /// Who abandoned an attempt.
    pub(super) fn signers(&self, attempt: u32) -> impl Iterator<Item = u16> + '_ {
        self.signed.get(&attempt).into_iter().flat_map(|signed| signed.keys().copied())
    }

    /// Whether more keyholders abandoned the present attempt than may be wrong or lying: at one honest keyholder its
    /// deadline has passed.
    pub(super) fn is_forsaken(&self) -> bool {
        self.signers(self.present).filter(|index| *index != self.me).count() > self.section.spare()
    }

    /// The newest attempt, from the present one on, that a quorum abandoned.
    pub(super) fn abandoned(&self) -> Option<u32> {
        let quorum = self.section.quorum();
        let newest = self.signed.range(self.present..).rev().find(|(_, signed)| signed.len() >= quorum);
        newest.map(|(attempt, _)| *attempt)
    }

    /// Whether nobody can use a key set any more: its participants that abandoned its attempt, and destroyed their
    /// shares, leave fewer than the threshold; or a later attempt is under way, for which a quorum did.
    pub(super) fn is_dead(&self, key_set: &KeySet) -> bool {
        let made = key_set.ceremony();
        if made.with_attempt(self.first.attempt) != self.first {
            return false;
        }
        let gone =
            self.signers(made.attempt).filter(|index| key_set.verifying_share(*index).is_some()).count();
        let left = key_set.indices().count().saturating_sub(gone);
        made.attempt < self.present || left < usize::from(key_set.threshold())
    }

    /// Enters the attempt after the newest one that a quorum abandoned, once everybody's word is in or slower ones had
    /// their time. Returns the attempts whose abandonments are of no use any more.
    pub(super) fn enter_next(&mut self, now: Timestamp, settle_seconds: u64) -> Option<Vec<(u32, u16)>> {
        let abandoned = self.abandoned()?;
        let since = match self.settling {
            Some((attempt, since)) if attempt == abandoned => since,
            Some(_) | None => now,
        };
        self.settling = Some((abandoned, since));
        let signed = self.signed.get(&abandoned)?;
        let everybody = signed.len() == self.section.keyholders.len();
        if !everybody && now.since(since) < settle_seconds {
            return None;
        }
        self.participants = next_participants(&self.section, signed)?;
        (self.present, self.since, self.settling) = (abandoned.saturating_add(1), now, None);
        Some(self.forget_below(abandoned))
    }

    /// Forgets abandonments of attempts below one; returns which.
    pub(super) fn forget_below(&mut self, attempt: u32) -> Vec<(u32, u16)> {
        let kept = self.signed.split_off(&attempt);
        let gone = std::mem::replace(&mut self.signed, kept);
        gone.iter().flat_map(|(attempt, signed)| signed.keys().map(|index| (*attempt, *index))).collect()
    }

    /// Everything that another keyholder needs in order to follow: the abandonments that made the present attempt
    /// possible, and those of it.
    pub(super) fn wires(&self) -> Vec<Vec<u8>> {
        let from = self.present.saturating_sub(1);
        self.signed
            .range(from..=self.present)
            .flat_map(|(_, signed)| signed.values())
            .map(Signed::to_wire)
            .collect()
    }
}
