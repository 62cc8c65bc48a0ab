//! Following the attempts at a key: beginning one, giving it up, and entering the next.
//!
//! What is given up is destroyed first: the secrets go in the same Step that keeps the abandonment, and nothing is said
//! before that Step is on disk.

use crypto::{CeremonyId, Digest, KeyShare, Seed, Signed, TypeName, cbor};

use super::abandonment::{AbandonmentDocument, MAX_ATTEMPTS};
use super::asking::Asking;
use super::attempts::{Attempts, settle_seconds};
use super::keeper::{CeremonyKeeper, ceremony_id};
use super::kept::{KeptAbandonment, abandonment_key, ceremony_name, keep_secret, share_name};
use super::machine::{Accused, Ceremony, KeptAttempt, Milestone, Span};
use super::material::KeyId;
use crate::effects::{Context, Effects};
use crate::{CeremonyProblem, Collection, Scope, Secret, Write};

impl CeremonyKeeper {
    /// Goes as far with a key as the clock and the others allow.
    pub(super) fn follow(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        seed: &mut impl FnMut() -> Seed,
        fx: &mut Effects<'_>,
    ) {
        self.end_among_others(cx, key, fx);
        if self.attempts_of(cx, key, ceremony_id(cx, key).section).is_none() {
            self.asking.remove(&key);
            return;
        }
        if let Some((key_set, _)) = self.material.key_sets.get(&key) {
            let attempt = key_set.ceremony().attempt;
            let is_dead = |attempts: &&Attempts| attempts.is_dead(key_set) && attempt < MAX_ATTEMPTS;
            let Some(attempts) = self.present(cx, key).filter(is_dead) else { return };
            let is_given_up = attempts.id().attempt != attempt || attempts.own(attempt).is_some();
            self.let_go(key, fx);
            if !is_given_up {
                // It signed for this attempt, so it begins none like it again: the others learn that it is of no use.
                self.abandon(cx, key, attempt, fx);
            }
        }
        self.advance(cx, key, fx);
        if self.material.key_sets.contains_key(&key) {
            return;
        }
        if let Some(attempt) = self.given_up(cx, key) {
            self.abandon(cx, key, attempt, fx);
        }
        self.enter_next(cx, key, fx);
        self.begin(cx, key, seed, fx);
    }

    /// When a roster names other keyholders, they begin anew among themselves. Whoever was in the middle of an attempt
    /// gives it up for good, since a later roster may name the same keyholders again.
    fn end_among_others(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let section = cx.roster.keyholder_section().digest();
        if self.asking.get(&key).is_some_and(|asking| asking.section != section) {
            self.asking.remove(&key);
        }
        if let Some(id) = self.running.get(&key).map(|ceremony| *ceremony.id())
            && id.section != section
        {
            self.sign_abandonment(cx, key, id.section, id.attempt, fx);
            self.left.remove(&key);
        }
    }

    /// The attempt that this keyholder has to give up now.
    fn given_up(&self, cx: &Context<'_>, key: KeyId) -> Option<u32> {
        let attempts = self.present(cx, key)?;
        let present = attempts.id().attempt;
        if let Some(abandoned) = attempts.abandoned() {
            return attempts.own(abandoned).is_none().then_some(abandoned);
        }
        if attempts.has_abandoned() || present >= MAX_ATTEMPTS {
            return None;
        }
        let is_over = self.running.get(&key).is_some_and(|ceremony| cx.now >= ceremony.span().deadline);
        // Whoever is late for the first attempt need not wait. Later ones last a little, whatever somebody signs.
        let settle = settle_seconds(cx.roster.rules().ceremony_deadline_seconds);
        let may_join = present == 1 || cx.now.since(attempts.since()) >= settle;
        (is_over || may_join && attempts.is_forsaken()).then_some(present)
    }

    /// Destroys everything of the attempts up to this one and signs that it is so.
    fn abandon(&mut self, cx: &Context<'_>, key: KeyId, attempt: u32, fx: &mut Effects<'_>) {
        let section = cx.roster.keyholder_section();
        let left = self.running.get(&key).map(|ceremony| ceremony.problems(cx.now)).unwrap_or_default();
        self.left.insert(key, left);
        self.sign_abandonment(cx, key, section.digest(), attempt, fx);
        self.dirty.extend(section.keyholders.iter().map(|keyholder| (keyholder.oin, key)));
    }

    pub(super) fn sign_abandonment(
        &mut self,
        cx: &Context<'_>,
        key: KeyId,
        section: Digest,
        attempt: u32,
        fx: &mut Effects<'_>,
    ) {
        let ended = self.running.remove(&key);
        let Accused { mut missing, mut lying } =
            ended.as_ref().map(|ended| ended.accused(cx.now)).unwrap_or_default();
        if ended.is_some_and(|ended| ended.id().attempt != attempt) {
            missing.clear();
        }
        self.sweep(key, fx);
        let Some(attempts) = self.attempts_of(cx, key, section) else { return };
        lying.extend(attempts.convicted());
        let (id, index) = attempts.own_place(attempt);
        let document = AbandonmentDocument {
            kind: TypeName::new(),
            network: id.network,
            signer: cx.identity.oin,
            ceremony: id.digest(),
            index,
            attempt,
            missing: missing.into_iter().collect(),
            lying: lying.into_iter().collect(),
            time: cx.now,
        };
        let signed = Signed::sign(document, &cx.identity.key);
        keep_abandonment(key, &id, index, signed.to_wire(), fx);
        attempts.note_own(signed);
    }

    fn enter_next(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let settle = settle_seconds(cx.roster.rules().ceremony_deadline_seconds);
        let first = ceremony_id(cx, key);
        let Some(attempts) = self.attempts_of(cx, key, first.section) else { return };
        let Some(of_no_use) = attempts.enter_next(cx.now, settle) else { return };
        forget_abandonments(&first, of_no_use, fx);
        self.left.remove(&key);
    }

    /// Begins the present attempt, unless it is begun, given up, among others, or maybe begun by an earlier run.
    fn begin(&mut self, cx: &Context<'_>, key: KeyId, seed: &mut impl FnMut() -> Seed, fx: &mut Effects<'_>) {
        let Some(attempts) = self.present(cx, key) else { return };
        let (id, section) = (attempts.id(), attempts.section().clone());
        let participants = attempts.participants().clone();
        let takes_part = attempts.takes_part() && !attempts.has_abandoned();
        if self.running.contains_key(&key) {
            return;
        }
        if !self.begun.contains(&(key, id.section)) {
            self.asking.entry(key).or_insert_with(|| Asking::new(id.section, cx.now));
            if !self.may_begin(cx, key, id.attempt) {
                return;
            }
        }
        if !takes_part {
            return;
        }
        let deadline = cx.now.plus(u64::from(cx.roster.rules().ceremony_deadline_seconds));
        let span = Span { began: cx.now, deadline };
        let among = (section, participants);
        let kept = KeptAttempt::default();
        if let Some(ceremony) = Ceremony::start(id, among, cx.identity, seed(), span, &kept) {
            self.asking.remove(&key);
            self.begun.insert((key, id.section));
            keep_secret(&ceremony, fx);
            self.secrets.insert(ceremony_name(&id));
            self.dirty.extend(ceremony.others().map(|oin| (oin, key)));
            self.running.insert(key, ceremony);
            self.advance(cx, key, fx);
        }
    }

    /// Lets the attempt under way go as far as what is held allows.
    pub(super) fn advance(&mut self, cx: &Context<'_>, key: KeyId, fx: &mut Effects<'_>) {
        let Some(ceremony) = self.running.get_mut(&key) else { return };
        let reached = ceremony.advance(cx.identity, cx.now);
        let id = *ceremony.id();
        let mut complete = None;
        for milestone in reached {
            match milestone {
                Milestone::Bound => keep_secret(ceremony, fx),
                Milestone::ShareMade(share) => {
                    let secret = Secret::new(KeyShare::to_secret_bytes(&share).to_vec());
                    self.secrets.insert(share_name(&id));
                    fx.write(Write::PutSecret { name: share_name(&id), secret });
                    self.material.shares.insert(key, share);
                }
                Milestone::Complete(key_set, wire) => complete = Some((key_set, wire)),
            }
        }
        if let Some((key_set, wire)) = complete {
            self.running.remove(&key);
            self.hold(cx, key_set, wire, fx);
        }
    }

    /// What keeps this keyholder from another attempt after it gave one up.
    pub(super) fn problems_of_waiting(&self, cx: &Context<'_>) -> Vec<CeremonyProblem> {
        let section = cx.roster.keyholder_section();
        let mut problems = Vec::new();
        for ((key, digest), attempts) in &self.attempts {
            if *digest != section.digest() || !attempts.has_abandoned() || self.running.contains_key(key) {
                continue;
            }
            let attempt = attempts.id().attempt;
            let signed: Vec<u16> = attempts.signers(attempt).collect();
            let is_back = |oin| {
                section.keyholders.iter().any(|holder| holder.oin == oin && signed.contains(&holder.index))
            };
            let left = self.left.get(key).into_iter().flatten();
            problems.extend(left.filter(|problem| !problem.keyholder().is_some_and(is_back)).cloned());
            let (abandoned, quorum) = (signed.len(), section.quorum());
            let settle = settle_seconds(cx.roster.rules().ceremony_deadline_seconds);
            let since = attempts.own(attempt).map_or(cx.now, |own| own.time);
            if abandoned < quorum && cx.now.since(since) >= settle {
                problems.push(CeremonyProblem::TooFew { key: *key, attempt, abandoned, quorum });
            }
        }
        problems
    }
}

/// Keeps an abandonment as long as its epoch lasts.
pub(super) fn keep_abandonment(key: KeyId, id: &CeremonyId, index: u16, wire: Vec<u8>, fx: &mut Effects<'_>) {
    let record = KeptAbandonment { epoch: key.epoch, class: key.class, section: id.section, wire };
    let (collection, name) = (Collection::Abandonment, abandonment_key(id, index));
    fx.put_in(Scope::Epoch(key.epoch), collection, name, cbor::to_vec(&record));
}

/// Deletes abandonments of attempts that are long over.
pub(super) fn forget_abandonments(first: &CeremonyId, gone: Vec<(u32, u16)>, fx: &mut Effects<'_>) {
    for (attempt, index) in gone {
        let name = abandonment_key(&first.with_attempt(attempt), index);
        fx.delete_in(Scope::Epoch(first.epoch), Collection::Abandonment, name);
    }
}
