//! Keeps the ceremonies of the current epoch going.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, Digest, KeySet, KeyShare, Seed, cbor};
use domain::{KeyClass, Oin, Timestamp};

use super::asking::Asking;
use super::kept::{CeremonySecret, ceremony_name, keep_secret, share_name};
use super::machine::{Ceremony, Milestone};
use super::material::{KeyMaterial, key_set_key, verified_key_set};
use super::message::{CeremonyRequest, CeremonyResponse, MAX_PARTS};
use crate::effects::{Context, Effects};
use crate::{
    CeremonyProblem, Collection, Conversation, Notice, RequestId, ResponseToken, Secret, SecretName, Write,
};

/// Seconds between two attempts to reach a member that has what is missing.
const RETRY_SECONDS: u64 = 1;

/// The only attempt; further ones need signed abandonments.
const ATTEMPT: u32 = 1;

/// The ceremonies of this node.
#[derive(Default)]
pub(crate) struct CeremonyKeeper {
    pub(super) running: BTreeMap<KeyClass, Ceremony>,
    /// Attempts that this keyholder has not begun.
    pub(super) asking: BTreeMap<KeyClass, Asking>,
    /// Whether the data folder was restored from a backup.
    pub(super) restored: bool,
    pub(crate) material: KeyMaterial,
    /// Exchanges and key-set requests under way.
    pending: BTreeMap<RequestId, (Oin, KeyClass)>,
    /// When each member was last asked, by class.
    asked: BTreeMap<(Oin, KeyClass), Timestamp>,
    /// Members that have not seen the newest state.
    dirty: BTreeSet<(Oin, KeyClass)>,
    told: BTreeSet<(KeyClass, Oin)>,
}

impl CeremonyKeeper {
    /// Without anything on disk; `restored` when that may be because the data folder was restored from a backup.
    pub(crate) fn new(restored: bool) -> Self {
        Self { restored, ..Self::default() }
    }

    /// Takes back a key set from disk. One that does not verify against the roster is left out.
    pub(crate) fn restore_key_set(&mut self, cx: &Context<'_>, wire: &[u8]) {
        if let Some(key_set) = verified_key_set(cx, wire) {
            self.material.key_sets.insert(key_set.ceremony().class, (key_set, wire.to_vec()));
        }
    }

    /// Takes back shares and ceremonies under way from their secret files. A share that is not the key set's is left
    /// out.
    pub(crate) fn restore_secrets(&mut self, cx: &Context<'_>, secrets: &[(SecretName, Secret)]) {
        for class in KeyClass::ALL {
            let id =
                self.material.key_set(class).map_or_else(|| ceremony_id(cx, class), |set| *set.ceremony());
            let held =
                |name: SecretName| secrets.iter().find(|(held, _)| *held == name).map(|(_, secret)| secret);
            let share =
                held(share_name(&id)).and_then(|secret| KeyShare::from_secret_bytes(secret.reveal()).ok());
            let kept_share = share.as_ref().map(KeyShare::verifying_share);
            if let Some(share) = share {
                let fits = |set: &KeySet| set.verifying_share(share.index()) == kept_share.as_ref();
                if self.material.key_set(class).is_none_or(fits) {
                    self.material.shares.insert(class, share);
                }
            }
            let kept = held(ceremony_name(&id))
                .and_then(|secret| cbor::from_slice::<CeremonySecret>(secret.reveal()).ok());
            if let Some(kept) = kept
                && let Ok(seed) = <[u8; 32]>::try_from(kept.seed.as_slice())
                && self.material.key_set(class).is_none()
            {
                let wires: Vec<Vec<u8>> = kept.round1.iter().map(|wire| wire.0.clone()).collect();
                let (section, seed) = (cx.roster.keyholder_section(), Seed::from_bytes(seed));
                let deadline = Timestamp(kept.deadline);
                let ceremony = Ceremony::start(id, section, cx.identity, seed, deadline, &wires, kept_share);
                self.running.extend(ceremony.map(|ceremony| (class, ceremony)));
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
        for class in KeyClass::ALL {
            if self.material.key_sets.contains_key(&class) {
                self.asking.remove(&class);
                continue;
            }
            let section = cx.roster.keyholder_section().digest();
            if self.running.get(&class).is_some_and(|ceremony| ceremony.id().section != section) {
                // Other keyholders were named meanwhile: they begin anew among themselves.
                if let Some(ended) = self.running.remove(&class) {
                    fx.write(Write::DestroySecret { name: ceremony_name(ended.id()) });
                }
            }
            if !self.running.contains_key(&class) {
                self.start(cx, class, &mut seed, fx);
            }
            self.drive(cx, class, fx);
        }
        for problem in self.problems(cx) {
            let about = match &problem {
                CeremonyProblem::Lying { class, keyholder, .. }
                | CeremonyProblem::Missing { class, keyholder, .. } => (*class, *keyholder),
                CeremonyProblem::Lost { class } | CeremonyProblem::ShareLost { class } => {
                    (*class, cx.identity.oin)
                }
            };
            if self.told.insert(about) {
                fx.notice(Notice::Ceremony(problem));
            }
        }
    }

    fn start(
        &mut self,
        cx: &Context<'_>,
        class: KeyClass,
        seed: &mut impl FnMut() -> Seed,
        fx: &mut Effects<'_>,
    ) {
        let section = cx.roster.keyholder_section();
        let digest = section.digest();
        let is_keyholder = section.keyholders.iter().any(|keyholder| keyholder.oin == cx.identity.oin);
        self.asking.retain(|held, asking| *held != class || is_keyholder && asking.section == digest);
        if !is_keyholder {
            return;
        }
        let since = self.asking.entry(class).or_insert_with(|| Asking::new(digest, cx.now)).since;
        if !self.may_begin(cx, class) {
            return;
        }
        let deadline = since.plus(u64::from(cx.roster.rules().ceremony_deadline_seconds));
        let id = ceremony_id(cx, class);
        if let Some(ceremony) = Ceremony::start(id, section, cx.identity, seed(), deadline, &[], None) {
            self.asking.remove(&class);
            keep_secret(&ceremony, deadline, &[], fx);
            self.dirty.extend(ceremony.others().map(|oin| (oin, class)));
            self.running.insert(class, ceremony);
            self.advance(cx, class, fx);
        }
    }

    /// Exchanges with every connected participant, or asks all of them before it begins. Whoever is no keyholder asks
    /// one.
    fn drive(&mut self, cx: &Context<'_>, class: KeyClass, fx: &mut Effects<'_>) {
        let section = cx.roster.keyholder_section();
        let reachable = section.keyholders.iter().map(|keyholder| keyholder.oin);
        let mut free: Vec<Oin> = reachable
            .filter(|oin| *oin != cx.identity.oin && cx.connected.contains(oin))
            .filter(|oin| !self.pending.values().any(|asked| *asked == (*oin, class)))
            .filter(|oin| self.dirty.contains(&(*oin, class)) || self.waited(cx.now, *oin, class))
            .collect();
        if !self.running.contains_key(&class) && !self.asking.contains_key(&class) {
            // Whoever was asked longest ago comes first, so that a silent keyholder does not stand in the way.
            free.sort_by_key(|oin| self.asked.get(&(*oin, class)).copied());
            free.truncate(1);
        }
        for oin in free {
            let request = match self.running.get(&class) {
                Some(ceremony) => {
                    let Some(index) = ceremony.index_of(&oin) else { continue };
                    CeremonyRequest::Exchange {
                        ceremony: ceremony.digest(),
                        parts: ceremony.parts_for(index),
                    }
                }
                None if self.asking.contains_key(&class) => {
                    CeremonyRequest::Exchange { ceremony: ceremony_id(cx, class).digest(), parts: Vec::new() }
                }
                None => CeremonyRequest::KeySet { epoch: cx.epoch, class },
            };
            self.dirty.remove(&(oin, class));
            self.asked.insert((oin, class), cx.now);
            let id = fx.request(oin, Conversation::Ceremony, cbor::to_vec(&request));
            self.pending.insert(id, (oin, class));
        }
    }

    fn waited(&self, now: Timestamp, oin: Oin, class: KeyClass) -> bool {
        self.asked.get(&(oin, class)).is_none_or(|at| now.since(*at) >= RETRY_SECONDS)
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
            Ok(CeremonyRequest::KeySet { epoch, class }) if epoch == cx.epoch => self
                .material
                .key_sets
                .get(&class)
                .map(|(_, wire)| CeremonyResponse::KeySet { wire: wire.clone() }),
            Ok(CeremonyRequest::KeySet { .. }) => None,
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
        let class = KeyClass::ALL.into_iter().find(|class| ceremony_id(cx, *class).digest() == ceremony)?;
        let is_keyholder =
            cx.roster.keyholder_section().keyholders.iter().any(|keyholder| keyholder.oin == from);
        if !is_keyholder || parts.len() > MAX_PARTS {
            fx.refused.not_allowed += 1;
            return None;
        }
        if let Some((_, wire)) = self.material.key_sets.get(&class) {
            return Some(CeremonyResponse::Exchange { parts: vec![super::Part::KeySet(wire.clone())] });
        }
        self.told(cx, class, from, parts, fx);
        self.receive(cx, class, from, parts, fx);
        if let Some((_, wire)) = self.material.key_sets.get(&class) {
            return Some(CeremonyResponse::Exchange { parts: vec![super::Part::KeySet(wire.clone())] });
        }
        if self.asking.contains_key(&class) {
            return Some(CeremonyResponse::Exchange { parts: Vec::new() });
        }
        let running = self.running.get(&class)?;
        let index = running.index_of(&from)?;
        self.dirty.remove(&(from, class));
        Some(CeremonyResponse::Exchange { parts: running.parts_for(index) })
    }

    /// Takes the response to an own request.
    pub(crate) fn response(&mut self, cx: &Context<'_>, id: RequestId, frame: &[u8], fx: &mut Effects<'_>) {
        let Some((from, class)) = self.pending.remove(&id) else { return };
        match cbor::from_slice::<CeremonyResponse>(frame) {
            Ok(CeremonyResponse::Exchange { parts }) if parts.len() <= MAX_PARTS => {
                self.told(cx, class, from, &parts, fx);
                self.receive(cx, class, from, &parts, fx);
            }
            Ok(CeremonyResponse::KeySet { wire }) if !self.running.contains_key(&class) => {
                match verified_key_set(cx, &wire) {
                    Some(key_set) if key_set.ceremony().class == class => {
                        self.keep_key_set(key_set, wire, fx)
                    }
                    Some(_) | None => fx.refused.bad_signatures += 1,
                }
            }
            Ok(CeremonyResponse::Unknown) => self.not_told(from, class),
            Ok(CeremonyResponse::Exchange { .. } | CeremonyResponse::KeySet { .. }) | Err(_) => {
                fx.refused.malformed_frames += 1;
                self.not_told(from, class);
            }
        }
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, id: RequestId) {
        if let Some((from, class)) = self.pending.remove(&id) {
            self.not_told(from, class);
        }
    }

    fn receive(
        &mut self,
        cx: &Context<'_>,
        class: KeyClass,
        from: Oin,
        parts: &[super::Part],
        fx: &mut Effects<'_>,
    ) {
        if self.overtaken(cx, class, parts, fx) {
            return;
        }
        let Some(ceremony) = self.running.get_mut(&class) else { return };
        let Some(index) = ceremony.index_of(&from) else { return };
        let before = ceremony.parts_for(index).len();
        ceremony.receive(index, parts, fx.refused);
        self.advance(cx, class, fx);
        // Whoever learnt something has something to tell.
        let learnt =
            self.running.get(&class).is_some_and(|ceremony| ceremony.parts_for(index).len() != before);
        if learnt && let Some(ceremony) = self.running.get(&class) {
            self.dirty.extend(ceremony.others().map(|oin| (oin, class)));
        }
    }

    /// A complete key set of this epoch that keyholders of another roster made ends the own ceremony: an epoch has
    /// one key set per class.
    fn overtaken(
        &mut self,
        cx: &Context<'_>,
        class: KeyClass,
        parts: &[super::Part],
        fx: &mut Effects<'_>,
    ) -> bool {
        let Some(own) = self.running.get(&class).map(|ceremony| *ceremony.id()) else { return false };
        for part in parts {
            if let super::Part::KeySet(wire) = part
                && let Some(key_set) = verified_key_set(cx, wire)
                && key_set.ceremony().class == class
                && key_set.ceremony().section != own.section
            {
                self.running.remove(&class);
                fx.write(Write::DestroySecret { name: ceremony_name(&own) });
                self.keep_key_set(key_set, wire.clone(), fx);
                return true;
            }
        }
        false
    }

    fn advance(&mut self, cx: &Context<'_>, class: KeyClass, fx: &mut Effects<'_>) {
        let Some(ceremony) = self.running.get_mut(&class) else { return };
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
                    fx.write(Write::PutSecret { name: share_name(&id), secret });
                    self.material.shares.insert(class, share);
                }
                Milestone::Complete(key_set, wire) => {
                    fx.write(Write::DestroySecret { name: ceremony_name(&id) });
                    self.material.key_sets.insert(class, (key_set, wire.clone()));
                    fx.put(Collection::KeySet, key_set_key(cx.epoch, class), wire);
                }
            }
        }
        if self.material.key_sets.contains_key(&class) {
            self.running.remove(&class);
        }
    }

    pub(super) fn keep_key_set(&mut self, key_set: KeySet, wire: Vec<u8>, fx: &mut Effects<'_>) {
        let ceremony = *key_set.ceremony();
        if self.material.key_sets.contains_key(&ceremony.class) {
            return;
        }
        fx.put(Collection::KeySet, key_set_key(ceremony.epoch, ceremony.class), wire.clone());
        self.material.key_sets.insert(ceremony.class, (key_set, wire));
    }
}

pub(super) fn ceremony_id(cx: &Context<'_>, class: KeyClass) -> CeremonyId {
    CeremonyId {
        network: cx.roster.network(),
        section: cx.roster.keyholder_section().digest(),
        epoch: cx.epoch,
        class,
        attempt: ATTEMPT,
    }
}
