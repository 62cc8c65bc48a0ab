//! Keeps the ceremonies going: of the epoch that runs while its key set is missing, and in time of the next.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::Discriminant;

use crypto::{CeremonyId, Digest, KeySet, KeyShare, cbor};
use domain::{Epoch, Oin, Timestamp};

use super::asking::Asking;
use super::attempts::Attempts;
use super::kept::{CeremonySecret, KeptAbandonment, attempt_of, ceremony_name, key_of, share_name};
use super::machine::Ceremony;
use super::material::{KeyId, KeyMaterial, verified_key_set};
use crate::effects::{Context, Effects};
use crate::{CeremonyProblem, Notice, Refused, RequestId, Secret, SecretName, Write};

/// What a problem that was told is about.
type Told = (KeyId, Discriminant<CeremonyProblem>, Option<Oin>);

/// The attempt with which each key begins.
const FIRST_ATTEMPT: u32 = 1;

/// The ceremonies of this node.
#[derive(Default)]
pub(crate) struct CeremonyKeeper {
    /// The attempts at each key among each section of keyholders that this node belongs to.
    pub(super) attempts: BTreeMap<(KeyId, Digest), Attempts>,
    /// The present attempts that this keyholder takes part in.
    pub(super) running: BTreeMap<KeyId, Ceremony>,
    /// Keys of which this keyholder does not know yet whether it has signed something and lost it.
    pub(super) asking: BTreeMap<KeyId, Asking>,
    /// Keys of which this run began or continued an attempt, so that it knows what it signed.
    pub(super) begun: BTreeSet<(KeyId, Digest)>,
    /// What was wrong with the attempt that this keyholder gave up.
    pub(super) left: BTreeMap<KeyId, Vec<CeremonyProblem>>,
    /// Whether the data folder was restored from a backup.
    pub(super) restored: bool,
    pub(crate) material: KeyMaterial,
    /// Keys whose key set another took the place of, or that lost it.
    pub(super) replaced: BTreeSet<KeyId>,
    /// Names of the secret files there are.
    pub(super) secrets: BTreeSet<SecretName>,
    /// Exchanges and key-set requests under way.
    pub(super) pending: BTreeMap<RequestId, (Oin, KeyId)>,
    /// When each member was last asked, by key.
    pub(super) asked: BTreeMap<(Oin, KeyId), Timestamp>,
    /// Members that have not seen the newest state.
    pub(super) dirty: BTreeSet<(Oin, KeyId)>,
    /// Problems told: each of its sort about a key and a keyholder once.
    told: Vec<Told>,
    /// Key sets that heads name and that are not in hand: since when, and whether it was told.
    pub(super) named: BTreeMap<(Oin, Epoch, Digest), (Timestamp, bool)>,
}

impl CeremonyKeeper {
    /// Without anything on disk; `restored` when that may be because the data folder was restored from a backup.
    pub(crate) fn new(restored: bool) -> Self {
        Self { restored, ..Self::default() }
    }

    /// Takes back a key set from disk. One that does not verify against the roster is left out.
    pub(crate) fn restore_key_set(&mut self, cx: &Context<'_>, wire: &[u8]) {
        if let Some(key_set) = verified_key_set(cx, wire) {
            self.material.key_sets.insert(KeyId::of(&key_set), (key_set, wire.to_vec()));
        }
    }

    /// Takes back an abandonment from disk, own or another's.
    pub(crate) fn restore_abandonment(&mut self, cx: &Context<'_>, record: &[u8]) {
        let Ok(kept) = cbor::from_slice::<KeptAbandonment>(record) else { return };
        let key = KeyId { epoch: kept.epoch, class: kept.class };
        if !cx.epochs.is_near(key.epoch) {
            return;
        }
        if let Some(attempts) = self.attempts_of(cx, key, kept.section) {
            attempts.take(&kept.wire, &mut Refused::default());
        }
    }

    /// Takes back shares and ceremonies under way from their secret files. A share that is not the key set's is left
    /// out, and so is what belongs to an attempt that was abandoned.
    pub(crate) fn restore_secrets(&mut self, cx: &Context<'_>, secrets: &[(SecretName, Secret)]) {
        self.secrets.extend(secrets.iter().map(|(name, _)| name.clone()));
        let held = self.material.key_sets.keys().copied();
        // Also those whose time is not yet, or over, by a clock that may be wrong.
        let begun = secrets.iter().filter_map(|(name, _)| key_of(name));
        let keys: BTreeSet<KeyId> = held.chain(keys_to_make(cx)).chain(begun).collect();
        let held =
            |name: SecretName| secrets.iter().find(|(held, _)| *held == name).map(|(_, secret)| secret);
        let share_of = |id: &CeremonyId| {
            held(share_name(id)).and_then(|secret| KeyShare::from_secret_bytes(secret.reveal()).ok())
        };
        for key in keys {
            if let Some(made) = self.material.key_set(key.epoch, key.class) {
                let fits =
                    |share: &KeyShare| made.verifying_share(share.index()) == Some(&share.verifying_share());
                let share = share_of(made.ceremony()).filter(fits);
                self.material.shares.extend(share.map(|share| (key, share)));
                continue;
            }
            let first = ceremony_id(cx, key);
            let Some(attempts) = self.attempts_of(cx, key, first.section) else { continue };
            let abandoned = attempts.newest_own();
            let begun = secrets.iter().filter_map(|(name, _)| attempt_of(name, &first)).max();
            let Some(attempt) = begun.filter(|attempt| abandoned.is_none_or(|newest| newest < *attempt))
            else {
                if let Some(abandoned) = abandoned {
                    attempts.resume(abandoned, BTreeSet::new(), cx.now);
                }
                continue;
            };
            let id = first.with_attempt(attempt);
            let share = share_of(&id);
            let kept = held(ceremony_name(&id))
                .and_then(|secret| cbor::from_slice::<CeremonySecret>(secret.reveal()).ok());
            let section = attempts.section().clone();
            let ceremony = kept.and_then(|kept| {
                kept.take_up(id, section, cx.identity, share.as_ref().map(KeyShare::verifying_share))
            });
            let Some(ceremony) = ceremony else { continue };
            attempts.resume(attempt, ceremony.participants().clone(), ceremony.span().began);
            self.begun.insert((key, first.section));
            self.material.shares.extend(share.map(|share| (key, share)));
            self.running.insert(key, ceremony);
        }
    }

    /// The attempts at a key among a section, when this node belongs to it.
    pub(super) fn attempts_of(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        section: Digest,
    ) -> Option<&mut Attempts> {
        let present = cx.roster.keyholder_section();
        let found = if present.digest() == section { &present } else { cx.chain.section(&section)? };
        let me = found.keyholders.iter().find(|keyholder| keyholder.oin == cx.identity.oin)?.index;
        let first = CeremonyId { section, ..ceremony_id(cx, key) };
        let new = || Attempts::new(first, found.clone(), me, cx.now);
        Some(self.attempts.entry((key, section)).or_insert_with(new))
    }

    /// The attempts at a key among the present keyholders.
    pub(super) fn present(&self, cx: &Context<'_>, key: KeyId) -> Option<&Attempts> {
        self.attempts.get(&(key, cx.roster.keyholder_section().digest()))
    }

    /// Problems of the ceremonies under way, and of what is left of those that are over.
    pub(crate) fn problems(&self, cx: &Context<'_>) -> Vec<CeremonyProblem> {
        let running = self.running.values().flat_map(|ceremony| ceremony.problems(cx.now));
        let waiting = self.problems_of_waiting(cx).into_iter();
        running.chain(waiting).chain(self.problems_of_asking(cx)).chain(self.late(cx)).collect()
    }

    /// Keys of the next epoch that are not there when half of its preparation has passed.
    fn late(&self, cx: &Context<'_>) -> impl Iterator<Item = CeremonyProblem> {
        let is_half_over = |epoch: &Epoch| {
            let (from, until) = (cx.roster.preparation_of(*epoch), cx.roster.start_of(*epoch));
            cx.now >= from.plus(until.since(from) / 2)
        };
        let next = cx.epochs.next.filter(is_half_over).into_iter().flat_map(KeyId::all);
        let missing = next.filter(|key| !self.material.key_sets.contains_key(key));
        missing.map(|key| CeremonyProblem::Late { key })
    }

    /// Starts what is missing and asks for what others have.
    pub(crate) fn tick(
        &mut self,
        cx: &Context<'_>,
        mut seed: impl FnMut() -> crypto::Seed,
        fx: &mut Effects<'_>,
    ) {
        self.erase(cx, fx);
        for key in keys_wanted(cx, &self.material) {
            if keys_to_make(cx).any(|to_make| to_make == key) {
                self.follow(cx, key, &mut seed, fx);
            }
            if self.material.key_sets.contains_key(&key) {
                self.asking.remove(&key);
                self.look_for_newer(cx, key, fx);
            } else {
                self.drive(cx, key, fx);
            }
        }
        for problem in self.problems(cx) {
            let about = (problem.key(), std::mem::discriminant(&problem), problem.keyholder());
            if !self.told.contains(&about) {
                self.told.push(about);
                fx.notice(Notice::Ceremony(problem));
            }
        }
    }

    /// The keys whose key set was replaced since this was last asked: what was made with the old one is void.
    pub(crate) fn replaced(&mut self) -> BTreeSet<KeyId> {
        std::mem::take(&mut self.replaced)
    }

    /// Destroys what is left of keys that are not used any more: shares and ceremonies of an epoch once the next is
    /// entered, whoever made them. A clock that others contradict destroys nothing. An attempt under way is given up in
    /// words: a clock that is set back may make its epoch the present one again, and nobody begins an attempt twice.
    fn erase(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        if !cx.clock_agrees {
            return;
        }
        let is_left = |key: KeyId| key.epoch < cx.epochs.entered(key.class);
        let under_way = self.running.iter().filter(|(key, _)| is_left(**key) && cx.epochs.is_near(key.epoch));
        let under_way: Vec<(KeyId, CeremonyId)> =
            under_way.map(|(key, running)| (*key, *running.id())).collect();
        for (key, id) in under_way {
            self.sign_abandonment(cx, key, id.section, id.attempt, fx);
        }
        for name in self.secrets.extract_if(.., |name| key_of(name).is_some_and(is_left)) {
            fx.write(Write::DestroySecret { name });
            fx.cut();
        }
        self.material.shares.retain(|key, _| !is_left(*key));
        self.running.retain(|key, _| !is_left(*key));
        self.asking.retain(|key, _| !is_left(*key));
        self.left.retain(|key, _| !is_left(*key));
    }

    /// Destroys every secret of a key that belongs to neither the attempt under way nor the key set in hand.
    pub(super) fn sweep(&mut self, key: KeyId, fx: &mut Effects<'_>) {
        let made = self.material.key_set(key.epoch, key.class).map(KeySet::ceremony);
        let running = self.running.get(&key).map(Ceremony::id);
        let wanted: BTreeSet<SecretName> = made
            .map(share_name)
            .into_iter()
            .chain(running.into_iter().flat_map(|id| [share_name(id), ceremony_name(id)]))
            .collect();
        let is_stale = |name: &SecretName| key_of(name) == Some(key) && !wanted.contains(name);
        for name in self.secrets.extract_if(.., |name| is_stale(name)) {
            fx.write(Write::DestroySecret { name });
        }
        let fits = |share: &KeyShare| match self.material.key_set(key.epoch, key.class) {
            Some(made) => made.verifying_share(share.index()) == Some(&share.verifying_share()),
            None => running.is_some(),
        };
        if self.material.shares.get(&key).is_some_and(|share| !fits(share)) {
            self.material.shares.remove(&key);
        }
    }

    /// The clock was set: an attempt lasts as long as it would have, since nobody else waited for less.
    pub(crate) fn clock_jumped(&mut self, from: Timestamp, to: Timestamp) {
        for running in self.running.values_mut() {
            running.clock_jumped(from, to);
        }
    }

    /// The clock was set right after it had been ahead: who was asked at a moment of then may be asked again.
    pub(crate) fn clock_went_back(&mut self, now: Timestamp) {
        self.asked.clear();
        for asking in self.asking.values_mut() {
            asking.since = asking.since.min(now);
        }
    }

    /// Lets go of an epoch that is over; its records go with its data key. Also of what is under way: whatever is
    /// answered late has no place on disk any more.
    pub(crate) fn forget(&mut self, epoch: Epoch) {
        self.pending.retain(|_, (_, key)| key.epoch != epoch);
        self.running.retain(|key, _| key.epoch != epoch);
        self.asking.retain(|key, _| key.epoch != epoch);
        self.left.retain(|key, _| key.epoch != epoch);
        self.material.key_sets.retain(|key, _| key.epoch != epoch);
        self.attempts.retain(|(key, _), _| key.epoch != epoch);
        self.begun.retain(|(key, _)| key.epoch != epoch);
        self.asked.retain(|(_, key), _| key.epoch != epoch);
        self.dirty.retain(|(_, key)| key.epoch != epoch);
        self.told.retain(|(key, ..)| key.epoch != epoch);
    }
}

/// The keys that keyholders are to make: those of the epoch that runs, and in time those of the next.
pub(super) fn keys_to_make(cx: &Context<'_>) -> impl Iterator<Item = KeyId> {
    let epochs = [Some(cx.epochs.clock), cx.epochs.next].into_iter().flatten();
    epochs.filter(|epoch| *epoch >= cx.epochs.since).flat_map(KeyId::all)
}

/// The keys of which a node wants the key set: those to make, and of the epoch before those that others may still use
/// because the next one is not there.
fn keys_wanted(cx: &Context<'_>, material: &KeyMaterial) -> Vec<KeyId> {
    let is_current = |class| material.key_set(cx.epochs.clock, class).is_some();
    let before =
        KeyId::all(cx.epochs.since).filter(|key| key.epoch < cx.epochs.clock && !is_current(key.class));
    before.chain(keys_to_make(cx)).collect()
}

/// The first attempt at a key among the present keyholders; it names all of them.
pub(super) fn ceremony_id(cx: &Context<'_>, key: KeyId) -> CeremonyId {
    CeremonyId {
        network: cx.roster.network(),
        section: cx.roster.keyholder_section().digest(),
        epoch: key.epoch,
        class: key.class,
        attempt: FIRST_ATTEMPT,
    }
}
