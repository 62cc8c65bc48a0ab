//! Asking: before a keyholder signs its first package of an attempt, it asks the others what they hold of it.
//!
//! A data folder that was restored holds no secrets of a ceremony. A second package for one attempt would convict its
//! keyholder and spoil the attempt for everybody, so whoever gets back a package of its own that it knows nothing
//! about signs none. Others can keep it back, but not invent it.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, Digest, KeyholderSection, Unverified};
use domain::{Oin, Timestamp};

use super::keeper::{CeremonyKeeper, ceremony_id, keys_to_make};
use super::material::{KeyId, verified_key_set};
use super::message::{Part, Round1Document};
use crate::CeremonyProblem;
use crate::effects::{Context, Effects};

/// Failed questions after which a connected keyholder is no longer waited for.
const PATIENCE: u32 = 3;

/// What is known of an attempt that this keyholder has not begun, as far as its disk says.
pub(super) struct Asking {
    /// The keyholders asked: when a roster names others, an attempt of theirs is another one.
    pub(super) section: Digest,
    pub(super) since: Timestamp,
    answered: BTreeSet<Oin>,
    failures: BTreeMap<Oin, u32>,
    /// Somebody holds a package that this keyholder signed and lost.
    is_lost: bool,
}

impl Asking {
    pub(super) fn new(section: Digest, since: Timestamp) -> Self {
        Self { section, since, answered: BTreeSet::new(), failures: BTreeMap::new(), is_lost: false }
    }
}

impl CeremonyKeeper {
    /// Whether the first package may be signed: every connected keyholder has said what it holds, at least one of
    /// them, and all there are after a restore. A ceremony completes with all of them only, so nothing is delayed.
    pub(super) fn may_begin(&self, cx: &Context<'_>, key: KeyId) -> bool {
        let Some(asking) = self.asking.get(&key) else { return false };
        let section = cx.roster.keyholder_section();
        let waits_for = |oin: &Oin| {
            !asking.answered.contains(oin)
                && (self.restored
                    || cx.connected.contains(oin)
                        && asking.failures.get(oin).is_none_or(|failures| *failures < PATIENCE))
        };
        let others: Vec<Oin> = others(&section, cx.identity.oin).collect();
        !asking.is_lost
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
    pub(super) fn told(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        from: Oin,
        parts: &[Part],
        fx: &mut Effects<'_>,
    ) {
        let id = ceremony_id(cx, key);
        let Some(asking) = self.asking.get_mut(&key) else { return };
        for part in parts {
            match part {
                Part::Round1(wire) => asking.is_lost |= is_own(cx, &id, wire),
                Part::KeySet(wire) => {
                    // Complete: it is used without a share, if this keyholder had one. One that is still being
                    // signed says nothing here.
                    if let Some(key_set) =
                        verified_key_set(cx, wire).filter(|key_set| KeyId::of(key_set) == key)
                    {
                        self.keep_key_set(key_set, wire.clone(), fx);
                        self.asking.remove(&key);
                        return;
                    }
                }
                Part::Round2(_) | Part::Echo(_) | Part::Complaint(_) | Part::Disclosure(_) => {}
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
            if asking.is_lost {
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

/// Whether this organisation signed that package, for that attempt.
fn is_own(cx: &Context<'_>, id: &CeremonyId, wire: &[u8]) -> bool {
    let Ok(unverified) = Unverified::<Round1Document>::parse(wire) else { return false };
    let claimed = unverified.claimed();
    claimed.signer == cx.identity.oin
        && claimed.ceremony == id.digest()
        && unverified.verify(&cx.identity.key.verifying_key()).is_ok()
}
