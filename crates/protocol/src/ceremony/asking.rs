//! Asking: before a keyholder signs its first package for a key, it asks the others what they hold of it.
//!
//! A data folder that was restored holds no secrets of a ceremony. A second package for one attempt would convict its
//! keyholder and spoil the attempt for everybody, so whoever gets back a package of its own that it knows nothing
//! about signs none for that attempt, and takes part in the next. Others can keep it back, but not invent it.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, Digest, KeyholderSection, Unverified};
use domain::{Oin, Timestamp};

use super::attempts::Attempts;
use super::keeper::{CeremonyKeeper, ceremony_id, keys_to_make};
use super::material::KeyId;
use super::message::{Part, Round1Document};
use crate::CeremonyProblem;
use crate::effects::Context;

/// Failed questions after which a connected keyholder is no longer waited for.
const PATIENCE: u32 = 3;

/// What is known of an attempt that this keyholder has not begun, as far as its disk says.
pub(super) struct Asking {
    /// The keyholders asked: when a roster names others, an attempt of theirs is another one.
    pub(super) section: Digest,
    pub(super) since: Timestamp,
    answered: BTreeSet<Oin>,
    failures: BTreeMap<Oin, u32>,
    /// The newest attempt of which somebody holds a package that this keyholder signed and lost.
    lost: Option<u32>,
}

impl Asking {
    pub(super) fn new(section: Digest, since: Timestamp) -> Self {
        Self { section, since, answered: BTreeSet::new(), failures: BTreeMap::new(), lost: None }
    }
}

impl CeremonyKeeper {
    /// Whether a package may be signed for an attempt: every connected keyholder has said what it holds, at least one of
    /// them, and all there are after a restore. The first attempt completes with all of them only, so nothing is
    /// delayed.
    pub(super) fn may_begin(&self, cx: &Context<'_>, key: KeyId, attempt: u32) -> bool {
        let Some(asking) = self.asking.get(&key) else { return false };
        let section = cx.roster.keyholder_section();
        let waits_for = |oin: &Oin| {
            !asking.answered.contains(oin)
                && (self.restored
                    || cx.connected.contains(oin)
                        && asking.failures.get(oin).is_none_or(|failures| *failures < PATIENCE))
        };
        let others: Vec<Oin> = others(&section, cx.identity.oin).collect();
        asking.lost.is_none_or(|lost| lost < attempt)
            && !others.iter().any(waits_for)
            && (others.is_empty() || others.iter().any(|oin| asking.answered.contains(oin)))
    }

    /// Whether nothing is asked any more of which a restore could have lost the answer: every class has its key set, or
    /// its ceremony has begun, or is none of this node's.
    pub(crate) fn needs_no_mark(&self, cx: &Context<'_>) -> bool {
        let section = cx.roster.keyholder_section();
        let is_keyholder = section.keyholders.iter().any(|keyholder| keyholder.oin == cx.identity.oin);
        !is_keyholder
            || keys_to_make(cx)
                .all(|key| self.material.key_sets.contains_key(&key) || self.running.contains_key(&key))
    }

    /// Takes what another keyholder holds of an attempt that is not begun here.
    pub(super) fn told(&mut self, cx: &Context<'_>, key: KeyId, from: Oin, parts: &[Part]) {
        let id = ceremony_id(cx, key);
        let Some(asking) = self.asking.get_mut(&key) else { return };
        for part in parts {
            match part {
                Part::Round1(wire) => asking.lost = asking.lost.max(own_attempt(cx, &id, wire)),
                Part::Round2(_)
                | Part::Echo(_)
                | Part::Complaint(_)
                | Part::Disclosure(_)
                | Part::KeySet(_)
                | Part::Abandonment(_) => {}
            }
        }
        asking.answered.insert(from);
    }

    /// A keyholder did not tell.
    pub(super) fn not_told(&mut self, from: Oin, key: KeyId) {
        if let Some(asking) = self.asking.get_mut(&key) {
            let failures = asking.failures.entry(from).or_default();
            *failures = failures.saturating_add(1);
        }
    }

    /// What is wrong with attempts that are not begun, and with shares that are gone.
    pub(super) fn problems_of_asking(&self, cx: &Context<'_>) -> Vec<CeremonyProblem> {
        let me = cx.identity.oin;
        let deadline = u64::from(cx.roster.rules().ceremony_deadline_seconds);
        let mut problems = Vec::new();
        for (key, asking) in &self.asking {
            let attempts = self.present(cx, *key);
            let present = attempts.map(|attempts| attempts.id().attempt);
            // What this keyholder gave up it has destroyed itself.
            let given_up = attempts.and_then(Attempts::newest_own);
            if asking.lost > given_up && asking.lost >= present {
                problems.push(CeremonyProblem::Lost { key: *key });
            } else if cx.now.since(asking.since) >= deadline {
                let section = cx.roster.keyholder_section();
                let silent = others(&section, me).filter(|oin| !asking.answered.contains(oin));
                problems.extend(silent.map(|keyholder| CeremonyProblem::Missing {
                    key: *key,
                    keyholder,
                    what: "answer",
                }));
            }
        }
        for (key, (key_set, _)) in &self.material.key_sets {
            if key.epoch < cx.epochs.entered(key.class) {
                continue;
            }
            let section = cx.chain.section(&key_set.ceremony().section);
            let index = section
                .into_iter()
                .flat_map(|section| &section.keyholders)
                .find(|keyholder| keyholder.oin == me)
                .map(|keyholder| keyholder.index);
            let had = index.is_some_and(|index| key_set.verifying_share(index).is_some());
            if had && !self.material.shares.contains_key(key) {
                problems.push(CeremonyProblem::ShareLost { key: *key });
            }
        }
        problems
    }
}

fn others(section: &KeyholderSection, me: Oin) -> impl Iterator<Item = Oin> {
    section.keyholders.iter().map(|keyholder| keyholder.oin).filter(move |oin| *oin != me)
}

/// The attempt at that key for which this organisation signed a round 1 package, if it is one of its own.
fn own_attempt(cx: &Context<'_>, first: &CeremonyId, wire: &[u8]) -> Option<u32> {
    let unverified = Unverified::<Round1Document>::parse(wire).ok()?;
    let claimed = unverified.claimed();
    let attempt = claimed.attempt;
    let participants = claimed.participants.iter().copied().collect();
    let is_own = claimed.signer == cx.identity.oin
        && claimed.ceremony == first.with_attempt(attempt).session(&participants)
        && unverified.verify(&cx.identity.key.verifying_key()).is_ok();
    is_own.then_some(attempt)
}
