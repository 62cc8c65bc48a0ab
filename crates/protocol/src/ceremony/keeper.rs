//! Keeps the ceremonies going: of the epoch that runs while its key set is missing, and in time of the next.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, Digest, KeySet, KeyShare, Seed, cbor};
use domain::{Epoch, Oin, Timestamp};

use super::asking::Asking;
use super::kept::{CeremonySecret, ceremony_name, keep_secret, key_of, share_name};
use super::machine::{Ceremony, Milestone};
use super::material::{KeyId, KeyMaterial, key_set_key, verified_key_set};
use super::message::{CeremonyRequest, CeremonyResponse, MAX_PARTS};
use crate::effects::{Context, Effects};
use crate::{
    CeremonyProblem, Collection, Conversation, Notice, RequestId, ResponseToken, Scope, Secret, SecretName,
    Write,
};

/// Seconds between two attempts to reach a member that has what is missing.
const RETRY_SECONDS: u64 = 1;

/// The only attempt; further ones need signed abandonments.
const ATTEMPT: u32 = 1;

/// The ceremonies of this node.
#[derive(Default)]
pub(crate) struct CeremonyKeeper {
    pub(super) running: BTreeMap<KeyId, Ceremony>,
    /// Attempts that this keyholder has not begun.
    pub(super) asking: BTreeMap<KeyId, Asking>,
    /// Whether the data folder was restored from a backup.
    pub(super) restored: bool,
    pub(crate) material: KeyMaterial,
    /// Names of the secret files there are.
    secrets: BTreeSet<SecretName>,
    /// Exchanges and key-set requests under way.
    pending: BTreeMap<RequestId, (Oin, KeyId)>,
    /// When each member was last asked, by key.
    asked: BTreeMap<(Oin, KeyId), Timestamp>,
    /// Members that have not seen the newest state.
    dirty: BTreeSet<(Oin, KeyId)>,
    told: BTreeSet<(KeyId, Oin)>,
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

    /// Takes back shares and ceremonies under way from their secret files. A share that is not the key set's is left
    /// out.
    pub(crate) fn restore_secrets(&mut self, cx: &Context<'_>, secrets: &[(SecretName, Secret)]) {
        self.secrets.extend(secrets.iter().map(|(name, _)| name.clone()));
        let held = self.material.key_sets.keys().copied();
        let keys: BTreeSet<KeyId> = held.chain(keys_to_make(cx)).collect();
        for key in keys {
            let made = self.material.key_set(key.epoch, key.class);
            let id = made.map_or_else(|| ceremony_id(cx, key), |set| *set.ceremony());
            let held =
                |name: SecretName| secrets.iter().find(|(held, _)| *held == name).map(|(_, secret)| secret);
            let share =
                held(share_name(&id)).and_then(|secret| KeyShare::from_secret_bytes(secret.reveal()).ok());
            let kept_share = share.as_ref().map(KeyShare::verifying_share);
            if let Some(share) = share {
                let fits = |set: &KeySet| set.verifying_share(share.index()) == kept_share.as_ref();
                if made.is_none_or(fits) {
                    self.material.shares.insert(key, share);
                }
            }
            let kept = held(ceremony_name(&id))
                .and_then(|secret| cbor::from_slice::<CeremonySecret>(secret.reveal()).ok());
            if let Some(kept) = kept
                && let Ok(seed) = <[u8; 32]>::try_from(kept.seed.as_slice())
                && !self.material.key_sets.contains_key(&key)
            {
                let wires: Vec<Vec<u8>> = kept.round1.iter().map(|wire| wire.0.clone()).collect();
                let (section, seed) = (cx.roster.keyholder_section(), Seed::from_bytes(seed));
                let deadline = Timestamp(kept.deadline);
                let ceremony = Ceremony::start(id, section, cx.identity, seed, deadline, &wires, kept_share);
                self.running.extend(ceremony.map(|ceremony| (key, ceremony)));
            }
        }
    }

    /// Problems of the ceremonies under way, and of what is left of those that are over.
    pub(crate) fn problems(&self, cx: &Context<'_>) -> Vec<CeremonyProblem> {
        let running = self.running.values().flat_map(|ceremony| ceremony.problems(cx.now));
        running.chain(self.problems_of_asking(cx)).collect()
    }

    /// Starts what is missing and asks for what others have.
    pub(crate) fn tick(&mut self, cx: &Context<'_>, mut seed: impl FnMut() -> Seed, fx: &mut Effects<'_>) {
        self.erase(cx, fx);
        for key in keys_wanted(cx, &self.material) {
            if self.material.key_sets.contains_key(&key) {
                self.asking.remove(&key);
                continue;
            }
            let section = cx.roster.keyholder_section().digest();
            if self.running.get(&key).is_some_and(|ceremony| ceremony.id().section != section) {
                // Other keyholders were named meanwhile: they begin anew among themselves.
                if let Some(ended) = self.running.remove(&key) {
                    fx.write(Write::DestroySecret { name: ceremony_name(ended.id()) });
                }
            }
            if !self.running.contains_key(&key) && keys_to_make(cx).any(|to_make| to_make == key) {
                self.start(cx, key, &mut seed, fx);
            }
            self.drive(cx, key, fx);
        }
        for problem in self.problems(cx) {
            let about = match &problem {
                CeremonyProblem::Lying { key, keyholder, .. }
                | CeremonyProblem::Missing { key, keyholder, .. } => (*key, *keyholder),
                CeremonyProblem::Lost { key } | CeremonyProblem::ShareLost { key } => (*key, cx.identity.oin),
            };
            if self.told.insert(about) {
                fx.notice(Notice::Ceremony(problem));
            }
        }
    }

    fn start(&mut self, cx: &Context<'_>, key: KeyId, seed: &mut impl FnMut() -> Seed, fx: &mut Effects<'_>) {
        let section = cx.roster.keyholder_section();
        let digest = section.digest();
        let is_keyholder = section.keyholders.iter().any(|keyholder| keyholder.oin == cx.identity.oin);
        self.asking.retain(|held, asking| *held != key || is_keyholder && asking.section == digest);
        if !is_keyholder {
            return;
        }
        let since = self.asking.entry(key).or_insert_with(|| Asking::new(digest, cx.now)).since;
        if !self.may_begin(cx, key) {
            return;
        }
        let deadline = since.plus(u64::from(cx.roster.rules().ceremony_deadline_seconds));
        let id = ceremony_id(cx, key);
        if let Some(ceremony) = Ceremony::start(id, section, cx.identity, seed(), deadline, &[], None) {
            self.asking.remove(&key);
            keep_secret(&ceremony, deadline, &[], fx);
            self.secrets.insert(ceremony_name(&id));
            self.dirty.extend(ceremony.others().map(|oin| (oin, key)));
            self.running.insert(key, ceremony);
            self.advance(cx, key, fx);
        }
    }

    /// Exchanges with every connected participant, or asks all of them before it begins. Whoever is no keyholder asks
    /// one.
    fn drive(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let section = cx.roster.keyholder_section();
        let reachable = section.keyholders.iter().map(|keyholder| keyholder.oin);
        let mut free: Vec<Oin> = reachable
            .filter(|oin| *oin != cx.identity.oin && cx.connected.contains(oin))
            .filter(|oin| !self.pending.values().any(|asked| *asked == (*oin, key)))
            .filter(|oin| self.dirty.contains(&(*oin, key)) || self.waited(cx, *oin, key))
            .collect();
        if !self.running.contains_key(&key) && !self.asking.contains_key(&key) {
            // Whoever was asked longest ago comes first, so that a silent keyholder does not stand in the way.
            free.sort_by_key(|oin| self.asked.get(&(*oin, key)).copied());
            free.truncate(1);
        }
        for oin in free {
            let request = match self.running.get(&key) {
                Some(ceremony) => {
                    let Some(index) = ceremony.index_of(&oin) else { continue };
                    CeremonyRequest::Exchange {
                        ceremony: ceremony.digest(),
                        parts: ceremony.parts_for(index),
                    }
                }
                None if self.asking.contains_key(&key) => {
                    CeremonyRequest::Exchange { ceremony: ceremony_id(cx, key).digest(), parts: Vec::new() }
                }
                None => CeremonyRequest::KeySet { epoch: key.epoch, class: key.class },
            };
            self.dirty.remove(&(oin, key));
            self.asked.insert((oin, key), cx.now);
            let id = fx.request(oin, Conversation::Ceremony, cbor::to_vec(&request));
            self.pending.insert(id, (oin, key));
        }
    }

    fn waited(&self, cx: &Context<'_>, oin: Oin, key: KeyId) -> bool {
        // Whoever makes a key is in a hurry; whoever waits for that of the next epoch is not.
        let is_ahead = key.epoch > cx.epochs.clock && !self.running.contains_key(&key);
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let wait = if is_ahead { interval.max(RETRY_SECONDS) } else { RETRY_SECONDS };
        self.asked.get(&(oin, key)).is_none_or(|at| cx.now.since(*at) >= wait)
    }

    /// Answers a member.
    pub(crate) fn request(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        token: ResponseToken,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let response = match cbor::from_slice::<CeremonyRequest>(frame) {
            Ok(CeremonyRequest::Exchange { ceremony, parts }) => {
                self.exchange(cx, from, ceremony, &parts, fx)
            }
            Ok(CeremonyRequest::KeySet { epoch, class }) => self
                .material
                .key_sets
                .get(&KeyId { epoch, class })
                .map(|(_, wire)| CeremonyResponse::KeySet { wire: wire.clone() }),
            Err(_) => {
                fx.refused.malformed_frames += 1;
                None
            }
        };
        fx.respond(token, cbor::to_vec(&response.unwrap_or(CeremonyResponse::Unknown)));
    }

    fn exchange(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        ceremony: Digest,
        parts: &[super::Part],
        fx: &mut Effects<'_>,
    ) -> Option<CeremonyResponse> {
        let key = keys_to_make(cx).find(|key| ceremony_id(cx, *key).digest() == ceremony)?;
        let is_keyholder =
            cx.roster.keyholder_section().keyholders.iter().any(|keyholder| keyholder.oin == from);
        if !is_keyholder || parts.len() > MAX_PARTS {
            fx.refused.not_allowed += 1;
            return None;
        }
        if let Some((_, wire)) = self.material.key_sets.get(&key) {
            return Some(CeremonyResponse::Exchange { parts: vec![super::Part::KeySet(wire.clone())] });
        }
        self.told(cx, key, from, parts, fx);
        self.receive(cx, key, from, parts, fx);
        if let Some((_, wire)) = self.material.key_sets.get(&key) {
            return Some(CeremonyResponse::Exchange { parts: vec![super::Part::KeySet(wire.clone())] });
        }
        if self.asking.contains_key(&key) {
            return Some(CeremonyResponse::Exchange { parts: Vec::new() });
        }
        let running = self.running.get(&key)?;
        let index = running.index_of(&from)?;
        self.dirty.remove(&(from, key));
        Some(CeremonyResponse::Exchange { parts: running.parts_for(index) })
    }

    /// Takes the response to an own request.
    pub(crate) fn response(&mut self, cx: &Context<'_>, id: RequestId, frame: &[u8], fx: &mut Effects<'_>) {
        let Some((from, key)) = self.pending.remove(&id) else { return };
        match cbor::from_slice::<CeremonyResponse>(frame) {
            Ok(CeremonyResponse::Exchange { parts }) if parts.len() <= MAX_PARTS => {
                self.told(cx, key, from, &parts, fx);
                self.receive(cx, key, from, &parts, fx);
            }
            Ok(CeremonyResponse::KeySet { wire }) if !self.running.contains_key(&key) => {
                match verified_key_set(cx, &wire) {
                    Some(key_set) if KeyId::of(&key_set) == key => self.keep_key_set(key_set, wire, fx),
                    Some(_) | None => fx.refused.bad_signatures += 1,
                }
            }
            Ok(CeremonyResponse::Unknown) => self.not_told(from, key),
            Ok(CeremonyResponse::Exchange { .. } | CeremonyResponse::KeySet { .. }) | Err(_) => {
                fx.refused.malformed_frames += 1;
                self.not_told(from, key);
            }
        }
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, id: RequestId) {
        if let Some((from, key)) = self.pending.remove(&id) {
            self.not_told(from, key);
        }
    }

    fn receive(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        from: Oin,
        parts: &[super::Part],
        fx: &mut Effects<'_>,
    ) {
        if self.overtaken(cx, key, parts, fx) {
            return;
        }
        let Some(ceremony) = self.running.get_mut(&key) else { return };
        let Some(index) = ceremony.index_of(&from) else { return };
        let before = ceremony.parts_for(index).len();
        ceremony.receive(index, parts, fx.refused);
        self.advance(cx, key, fx);
        // Whoever learnt something has something to tell.
        let learnt = self.running.get(&key).is_some_and(|ceremony| ceremony.parts_for(index).len() != before);
        if learnt && let Some(ceremony) = self.running.get(&key) {
            self.dirty.extend(ceremony.others().map(|oin| (oin, key)));
        }
    }

    /// A complete key set of the epoch that keyholders of another roster made ends the own ceremony: an epoch has
    /// one key set per class.
    fn overtaken(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        parts: &[super::Part],
        fx: &mut Effects<'_>,
    ) -> bool {
        let Some(own) = self.running.get(&key).map(|ceremony| *ceremony.id()) else { return false };
        for part in parts {
            if let super::Part::KeySet(wire) = part
                && let Some(key_set) = verified_key_set(cx, wire)
                && KeyId::of(&key_set) == key
                && key_set.ceremony().section != own.section
            {
                self.running.remove(&key);
                fx.write(Write::DestroySecret { name: ceremony_name(&own) });
                self.keep_key_set(key_set, wire.clone(), fx);
                return true;
            }
        }
        false
    }

    fn advance(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let Some(ceremony) = self.running.get_mut(&key) else { return };
        let reached = ceremony.advance(cx.identity);
        let id = *ceremony.id();
        for milestone in reached {
            match milestone {
                Milestone::Echoed => {
                    let deadline = ceremony.deadline();
                    keep_secret(ceremony, deadline, &ceremony.round1_wires(), fx);
                }
                Milestone::ShareMade(share) => {
                    let secret = Secret::new(share.to_secret_bytes().to_vec());
                    self.secrets.insert(share_name(&id));
                    fx.write(Write::PutSecret { name: share_name(&id), secret });
                    self.material.shares.insert(key, share);
                }
                Milestone::Complete(key_set, wire) => {
                    fx.write(Write::DestroySecret { name: ceremony_name(&id) });
                    self.secrets.remove(&ceremony_name(&id));
                    self.material.key_sets.insert(key, (key_set, wire.clone()));
                    fx.put_in(Scope::Epoch(key.epoch), Collection::KeySet, key_set_key(key), wire);
                }
            }
        }
        if self.material.key_sets.contains_key(&key) {
            self.running.remove(&key);
        }
    }

    pub(super) fn keep_key_set(&mut self, key_set: KeySet, wire: Vec<u8>, fx: &mut Effects<'_>) {
        let key = KeyId::of(&key_set);
        if self.material.key_sets.contains_key(&key) {
            return;
        }
        fx.put_in(Scope::Epoch(key.epoch), Collection::KeySet, key_set_key(key), wire.clone());
        self.material.key_sets.insert(key, (key_set, wire));
    }

    /// Destroys what is left of keys that are not used any more: shares and ceremonies of an epoch once the next is
    /// entered, whoever made them. A clock that others contradict destroys nothing.
    fn erase(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        if !cx.clock_agrees {
            return;
        }
        let is_left = |key: KeyId| key.epoch < cx.epochs.entered(key.class);
        for name in self.secrets.extract_if(.., |name| key_of(name).is_some_and(is_left)) {
            fx.write(Write::DestroySecret { name });
            fx.cut();
        }
        self.material.shares.retain(|key, _| !is_left(*key));
        self.running.retain(|key, _| !is_left(*key));
        self.asking.retain(|key, _| !is_left(*key));
    }

    /// Lets go of an epoch that is over; its records go with its data key.
    pub(crate) fn forget(&mut self, epoch: Epoch) {
        self.material.key_sets.retain(|key, _| key.epoch != epoch);
        self.asked.retain(|(_, key), _| key.epoch != epoch);
        self.dirty.retain(|(_, key)| key.epoch != epoch);
        self.told.retain(|(key, _)| key.epoch != epoch);
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

pub(super) fn ceremony_id(cx: &Context<'_>, key: KeyId) -> CeremonyId {
    CeremonyId {
        network: cx.roster.network(),
        section: cx.roster.keyholder_section().digest(),
        epoch: key.epoch,
        class: key.class,
        attempt: ATTEMPT,
    }
}
