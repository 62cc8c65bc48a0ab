//! What keyholders and members say to each other about keys: exchanges of parts, and questions for a key set.

use std::collections::BTreeSet;

use crypto::{Digest, cbor};
use domain::{Epoch, Oin};

use super::following::keep_abandonment;
use super::keeper::{CeremonyKeeper, ceremony_id, keys_to_make};
use super::machine::Ceremony;
use super::material::KeyId;
use super::message::{CeremonyRequest, CeremonyResponse, MAX_PARTS, Part};
use crate::effects::{Context, Effects};
use crate::{Conversation, Notice, RequestId, ResponseToken};

/// Seconds between two attempts to reach a member that has what is missing.
const RETRY_SECONDS: u64 = 1;

/// Seconds after which a member asks a keyholder whether another key set took the place of the one in hand. Heads that
/// name another one are asked about at once; this is for whoever reads none.
const LOOK_SECONDS: u64 = 60;

impl CeremonyKeeper {
    /// Exchanges with every connected keyholder, or asks all of them before it begins. Whoever is no keyholder asks
    /// one.
    pub(super) fn drive(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let exchanges = self.present(cx, key).is_some() && keys_to_make(cx).any(|to_make| to_make == key);
        let mut free: Vec<Oin> = self.free(cx, key);
        free.retain(|oin| self.dirty.contains(&(*oin, key)) || self.waited(cx, *oin, key));
        if !exchanges {
            // Whoever was asked longest ago comes first, so that a silent keyholder does not stand in the way.
            free.sort_by_key(|oin| self.asked.get(&(*oin, key)).copied());
            free.truncate(1);
        }
        for oin in free {
            let request = if exchanges {
                let ceremony = ceremony_id(cx, key).digest();
                CeremonyRequest::Exchange { ceremony, parts: self.parts_for(cx, key, oin) }
            } else {
                CeremonyRequest::KeySet { epoch: key.epoch, class: key.class }
            };
            self.dirty.remove(&(oin, key));
            self.ask(cx, key, oin, &request, fx);
        }
    }

    /// Now and then asks a keyholder for the key set that is in hand: a higher attempt may have taken its place.
    pub(super) fn look_for_newer(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let asked = self.asked.iter().filter(|((_, asked), _)| *asked == key).map(|(_, at)| *at).max();
        if asked.is_some_and(|at| cx.now.since(at) < LOOK_SECONDS) {
            return;
        }
        let mut free = self.free(cx, key);
        free.sort_by_key(|oin| self.asked.get(&(*oin, key)).copied());
        if let Some(oin) = free.first() {
            let request = CeremonyRequest::KeySet { epoch: key.epoch, class: key.class };
            self.ask(cx, key, *oin, &request, fx);
        }
    }

    /// Asks whoever names a key set in its heads that is not in hand for it, and tells of one that does not come of
    /// that: somebody publishes under a key that is not the network's.
    pub(crate) fn ask_publishers(
        &mut self,
        cx: &Context<'_>,
        named: BTreeSet<(Oin, Epoch, Digest)>,
        fx: &mut Effects<'_>,
    ) {
        self.named.retain(|about, _| named.contains(about));
        for about in named {
            let (publisher, epoch, _) = about;
            let (since, told) = *self.named.entry(about).or_insert((cx.now, false));
            if !told && cx.now.since(since) >= LOOK_SECONDS {
                self.named.insert(about, (since, true));
                fx.notice(Notice::OtherKeySet { publisher, epoch });
            }
            for key in KeyId::all(epoch).filter(|_| cx.connected.contains(&publisher)) {
                let is_asked = self.pending.values().any(|asked| *asked == (publisher, key));
                let asked = self.asked.get(&(publisher, key));
                if !is_asked && asked.is_none_or(|at| *at < since || cx.now.since(*at) >= LOOK_SECONDS) {
                    let request = CeremonyRequest::KeySet { epoch, class: key.class };
                    self.ask(cx, key, publisher, &request, fx);
                }
            }
        }
    }

    fn ask(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        oin: Oin,
        request: &CeremonyRequest,
        fx: &mut Effects<'_>,
    ) {
        self.asked.insert((oin, key), cx.now);
        let id = fx.request(oin, Conversation::Ceremony, cbor::to_vec(request));
        self.pending.insert(id, (oin, key));
    }

    /// The other keyholders that are connected and were not asked about a key already.
    fn free(&self, cx: &Context<'_>, key: KeyId) -> Vec<Oin> {
        let section = cx.roster.keyholder_section();
        let keyholders = section.keyholders.iter().map(|keyholder| keyholder.oin);
        keyholders
            .filter(|oin| *oin != cx.identity.oin && cx.connected.contains(oin))
            .filter(|oin| !self.pending.values().any(|asked| *asked == (*oin, key)))
            .collect()
    }

    fn waited(&self, cx: &Context<'_>, oin: Oin, key: KeyId) -> bool {
        // Whoever makes a key is in a hurry; whoever waits for that of the next epoch is not.
        let is_ahead = key.epoch > cx.epochs.clock && !self.running.contains_key(&key);
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let wait = if is_ahead { interval.max(RETRY_SECONDS) } else { RETRY_SECONDS };
        self.asked.get(&(oin, key)).is_none_or(|at| cx.now.since(*at) >= wait)
    }

    /// Everything that this node has for another keyholder about a key.
    fn parts_for(&self, cx: &Context<'_>, key: KeyId, to: Oin) -> Vec<Part> {
        let held = self.material.key_sets.get(&key).map(|(_, wire)| Part::KeySet(wire.clone()));
        let abandoned = self.present(cx, key).map(|attempts| attempts.wires()).unwrap_or_default();
        let mut parts: Vec<Part> = held.into_iter().collect();
        parts.extend(abandoned.into_iter().map(Part::Abandonment));
        let running = self.running.get(&key).filter(|running| running.index_of(&to).is_some());
        parts.extend(running.into_iter().flat_map(Ceremony::parts));
        parts
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
        parts: &[Part],
        fx: &mut Effects<'_>,
    ) -> Option<CeremonyResponse> {
        let key = keys_to_make(cx).find(|key| ceremony_id(cx, *key).digest() == ceremony)?;
        let is_keyholder =
            cx.roster.keyholder_section().keyholders.iter().any(|keyholder| keyholder.oin == from);
        if !is_keyholder || parts.len() > MAX_PARTS {
            fx.refused.not_allowed += 1;
            return None;
        }
        self.attempts_of(cx, key, ceremony_id(cx, key).section)?;
        self.told(cx, key, from, parts);
        self.receive(cx, key, from, parts, fx);
        self.dirty.remove(&(from, key));
        Some(CeremonyResponse::Exchange { parts: self.parts_for(cx, key, from) })
    }

    /// Takes the response to an own request.
    pub(crate) fn response(&mut self, cx: &Context<'_>, id: RequestId, frame: &[u8], fx: &mut Effects<'_>) {
        let Some((from, key)) = self.pending.remove(&id) else { return };
        match cbor::from_slice::<CeremonyResponse>(frame) {
            Ok(CeremonyResponse::Exchange { parts }) if parts.len() <= MAX_PARTS => {
                self.told(cx, key, from, &parts);
                self.receive(cx, key, from, &parts, fx);
            }
            Ok(CeremonyResponse::KeySet { wire }) => {
                if !self.adopt(cx, key, &wire, fx) {
                    fx.refused.bad_signatures += 1;
                }
            }
            Ok(CeremonyResponse::Unknown) => self.not_told(from, key),
            Ok(CeremonyResponse::Exchange { .. }) | Err(_) => {
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

    fn receive(&mut self, cx: &Context<'_>, key: KeyId, from: Oin, parts: &[Part], fx: &mut Effects<'_>) {
        let learnt = self.take_abandonments(cx, key, parts, fx);
        self.adopt_parts(cx, key, parts, fx);
        let more = self.take_round(cx, key, from, parts, fx);
        // Whoever learnt something has something to tell.
        if learnt || more {
            let keyholders = cx.roster.keyholder_section().keyholders;
            self.dirty.extend(keyholders.iter().map(|keyholder| (keyholder.oin, key)));
        }
    }

    /// Takes abandonments. Whether there was a new one.
    fn take_abandonments(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        parts: &[Part],
        fx: &mut Effects<'_>,
    ) -> bool {
        let first = ceremony_id(cx, key);
        let mut kept = Vec::new();
        let Some(attempts) = self.attempts_of(cx, key, first.section) else { return false };
        for part in parts {
            if let Part::Abandonment(wire) = part
                && let Some(signed) = attempts.take(wire, fx.refused)
            {
                kept.push((signed.document().attempt, signed.document().index, signed.to_wire()));
            }
        }
        let learnt = !kept.is_empty();
        let gave_up = attempts.has_abandoned().then(|| attempts.id());
        if gave_up.is_some() && self.running.get(&key).map(|running| *running.id()) == gave_up {
            // Signed by an earlier run whose disk is lost: this one keeps the word.
            self.running.remove(&key);
            self.sweep(key, fx);
        }
        for (attempt, index, wire) in kept {
            keep_abandonment(key, &first.with_attempt(attempt), index, wire, fx);
        }
        learnt
    }

    /// Takes parts of the attempt under way. Whether there is more to tell than before.
    fn take_round(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        from: Oin,
        parts: &[Part],
        fx: &mut Effects<'_>,
    ) -> bool {
        let Some(ceremony) = self.running.get_mut(&key) else { return false };
        let Some(index) = ceremony.index_of(&from) else { return false };
        let before = ceremony.parts();
        ceremony.receive(index, parts, fx.refused);
        self.advance(cx, key, fx);
        self.running.get(&key).is_none_or(|ceremony| ceremony.parts() != before)
    }
}
