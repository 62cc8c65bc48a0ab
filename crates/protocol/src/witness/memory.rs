//! The witness: what it remembers of the logs of others, and what it says to what it is shown.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use audit::witness::{Judgement, judge};
use audit::{Challenge, ConsistencyProof, Cosignature, SignedCheckpoint};
use crypto::{VerifyingKey, cbor};
use domain::{Oin, Timestamp};

use super::evidence::Evidence;
use super::message::{COMPARED_PER_FRAME, LogName, MAX_SHOWN_BYTES, Shown, WitnessRequest, WitnessResponse};
use super::record::{CheckpointRecord, memory_lost_key};
use super::{Asking, RETRY_SECONDS, Wanted};
use crate::Collection;
use crate::effects::{Context, Effects};

/// What a witness remembers of a log: the newest checkpoint that it cosigned, and the key that had signed it.
struct Remembered {
    key: VerifyingKey,
    signed: SignedCheckpoint,
}

/// What other witnesses remember of a log that this one may have forgotten.
#[derive(Default)]
struct Doubt {
    asked_at: BTreeMap<Oin, Timestamp>,
    heard: BTreeSet<Oin>,
    newest: Option<SignedCheckpoint>,
}

/// The logs that this node watches.
#[derive(Default)]
pub(super) struct Memory {
    held: BTreeMap<LogName, Remembered>,
    /// Whether the node was restored from a backup, which holds nothing of this: a log that it does not remember may be one
    /// that it has forgotten.
    is_lost: bool,
    doubts: BTreeMap<LogName, Doubt>,
    /// Logs that others do not remember either.
    new: BTreeSet<LogName>,
    /// Witnesses to be told what is remembered, with the log after which to go on.
    compared: VecDeque<(Oin, Option<LogName>)>,
    compared_at: Option<Timestamp>,
    turn: usize,
}

impl Memory {
    /// Takes back what is on disk. A checkpoint that no key of its keeper bears out is left out.
    pub(super) fn restore(&mut self, cx: &Context<'_>, records: &[Vec<u8>], is_lost: bool) {
        self.is_lost = is_lost;
        for record in records.iter().filter_map(|bytes| CheckpointRecord::from_bytes(bytes)) {
            let CheckpointRecord { log, key, note } = record;
            let origin = log.origin(cx.roster.network());
            if let Ok(signed) = SignedCheckpoint::verify(&note, &origin, &key) {
                self.held.insert(log, Remembered { key, signed });
            }
        }
    }

    /// The data folder was made of a backup: nothing is remembered, and that stays so for good.
    pub(super) fn note_loss(&mut self, fx: &mut Effects<'_>) {
        if !self.is_lost {
            self.is_lost = true;
            fx.put(Collection::MemoryLost, memory_lost_key(), Vec::new());
        }
    }

    /// How many logs it remembers.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Answers the keeper of a log that shows a checkpoint.
    pub(super) fn show(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        (shown, proof): (&Shown, &ConsistencyProof),
        (evidence, asking): (&mut Evidence, &mut Asking),
        fx: &mut Effects<'_>,
    ) -> WitnessResponse {
        let log = shown.log;
        let Some(key) = cx.roster.log_key(&from).filter(|_| log.keeper == from && may_cosign(cx, &log))
        else {
            return WitnessResponse::Nothing;
        };
        if let Some(proof) = evidence.fork_of(&log, &key) {
            return WitnessResponse::Forked { log, proof };
        }
        let Some(signed) = read(cx, shown, &key, fx) else { return WitnessResponse::Nothing };
        let Some(held) = self.held.get(&log) else {
            if self.is_lost && !self.new.contains(&log) {
                self.doubts.entry(log).or_default();
                return WitnessResponse::Nothing;
            }
            return self.cosign(cx, log, key, signed, fx);
        };
        if held.key != key {
            // Two keys prove no fork. Whoever replaced its key goes on with its log all the same.
            let (earlier, later) = (held.signed.checkpoint(), signed.checkpoint());
            let continues = proof.check((earlier.size, earlier.root), (later.size, later.root)).is_ok();
            return if continues { self.cosign(cx, log, key, signed, fx) } else { recalled(Some(held)) };
        }
        match judge(Some(&held.signed), &signed, proof) {
            Judgement::Cosign => self.cosign(cx, log, key, signed, fx),
            Judgement::Fork(fork) => {
                let proof = fork.to_bytes();
                evidence.keep_fork(cx, (log, key, *fork), asking, fx);
                WitnessResponse::Forked { log, proof }
            }
            Judgement::Unshown(challenge) | Judgement::Behind(challenge) => {
                let answer = recalled(Some(held));
                evidence.challenge(cx, log, key, *challenge);
                answer
            }
            Judgement::GiveAgain => recalled(Some(held)),
        }
    }

    /// Remembers first, and then cosigns: both are in one Step.
    fn cosign(
        &mut self,
        cx: &Context<'_>,
        log: LogName,
        key: VerifyingKey,
        signed: SignedCheckpoint,
        fx: &mut Effects<'_>,
    ) -> WitnessResponse {
        let cosigned = Cosignature::sign(signed.checkpoint(), cx.now, &cx.identity.cosignature_key);
        let Ok(cosignature) = cosigned else { return WitnessResponse::Nothing };
        self.remember(log, key, signed, fx);
        WitnessResponse::Cosigned { cosignature: cosignature.to_bytes() }
    }

    fn remember(&mut self, log: LogName, key: VerifyingKey, signed: SignedCheckpoint, fx: &mut Effects<'_>) {
        let record = CheckpointRecord { log, key, note: signed.to_bytes().into() };
        fx.put(Collection::Witnessed, log.key(), record.to_bytes());
        self.doubts.remove(&log);
        self.held.insert(log, Remembered { key, signed });
    }

    /// What is remembered of a log: for its keeper, and for whoever witnesses it as well.
    pub(super) fn recall(&mut self, cx: &Context<'_>, from: Oin, log: &LogName) -> WitnessResponse {
        let is_witness = cx.roster.witness_policy(&log.keeper).witnesses.contains_key(&from);
        if log.keeper != from && !is_witness || !may_cosign(cx, log) {
            return WitnessResponse::Nothing;
        }
        let held = self.held.get(log);
        // Whoever may have forgotten does not say to a keeper that there is nothing, but asks others first.
        if held.is_none() && self.is_lost && !self.new.contains(log) && log.keeper == from {
            self.doubts.entry(*log).or_default();
            return WitnessResponse::Nothing;
        }
        recalled(held)
    }

    /// Takes what another witness remembers of logs that this one watches too.
    pub(super) fn compare(
        &self,
        cx: &Context<'_>,
        from: Oin,
        shown: &[Shown],
        (evidence, asking): (&mut Evidence, &mut Asking),
        fx: &mut Effects<'_>,
    ) {
        if !cx.roster.is_witness(&from) {
            fx.refused.not_allowed += 1;
            return;
        }
        for shown in shown.iter().take(COMPARED_PER_FRAME) {
            let (log, held) = (shown.log, self.held.get(&shown.log));
            let key = cx.roster.log_key(&log.keeper);
            let Some((held, key)) = held.zip(key).filter(|(held, key)| held.key == *key) else { continue };
            if held.signed.to_bytes() == shown.note || evidence.fork_of(&log, &key).is_some() {
                continue;
            }
            let Some(signed) = read(cx, shown, &key, fx) else { return };
            match judge(Some(&held.signed), &signed, &ConsistencyProof::none()) {
                Judgement::Cosign | Judgement::GiveAgain => {}
                Judgement::Fork(fork) => evidence.keep_fork(cx, (log, key, *fork), asking, fx),
                Judgement::Unshown(challenge) | Judgement::Behind(challenge) => {
                    evidence.challenge(cx, log, key, Challenge::clone(&challenge));
                }
            }
        }
    }

    /// Tells one other witness after another what is remembered, and asks them about what may have been forgotten.
    pub(super) fn talk(&mut self, cx: &Context<'_>, asking: &mut Asking, fx: &mut Effects<'_>) {
        if !cx.roster.is_witness(&cx.identity.oin) {
            return;
        }
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let compared_at = *self.compared_at.get_or_insert(cx.now);
        if cx.now.since(compared_at) >= interval && self.compared.is_empty() {
            self.compared_at = Some(cx.now);
            let others: Vec<Oin> =
                cx.connected.iter().filter(|member| cx.roster.is_witness(member)).copied().collect();
            self.turn = self.turn.wrapping_add(1);
            self.compared.extend(others.get(self.turn % others.len().max(1)).map(|member| (*member, None)));
        }
        while let Some((member, after)) = self.compared.pop_front() {
            let page = self.page(cx, &member, after);
            if let Some(last) = page.last().map(|shown| shown.log).filter(|_| cx.connected.contains(&member))
            {
                let wanted = Wanted::Compared((page.len() == COMPARED_PER_FRAME).then_some(last));
                asking.ask(member, wanted, cbor::to_vec(&WitnessRequest::Compare { shown: page }), fx);
            }
        }
        self.ask_others(cx, asking, fx);
    }

    /// Another witness took a page; the next one follows.
    pub(super) fn told(&mut self, member: Oin, after: Option<LogName>) {
        if after.is_some() {
            self.compared.push_back((member, after));
        }
    }

    fn page(&self, cx: &Context<'_>, member: &Oin, after: Option<LogName>) -> Vec<Shown> {
        let held = self.held.iter().filter(|(log, _)| {
            after.is_none_or(|after| **log > after) && log.keeper != *member && log.is_in_force(cx.roster)
        });
        let shown = |(log, held): (&LogName, &Remembered)| Shown { log: *log, note: held.signed.to_bytes() };
        held.take(COMPARED_PER_FRAME).map(shown).collect()
    }

    /// Asks the other witnesses of logs that this one may have forgotten; each connected one until it answers.
    fn ask_others(&mut self, cx: &Context<'_>, asking: &mut Asking, fx: &mut Effects<'_>) {
        self.doubts.retain(|log, _| log.is_in_force(cx.roster));
        for (log, doubt) in &mut self.doubts {
            let others = cx.roster.witness_policy(&log.keeper).witnesses;
            for other in others.keys().filter(|other| cx.connected.contains(other)) {
                let is_due = |asked: &Timestamp| cx.now.since(*asked) >= RETRY_SECONDS;
                if !doubt.heard.contains(other) && doubt.asked_at.get(other).is_none_or(is_due) {
                    doubt.asked_at.insert(*other, cx.now);
                    let frame = cbor::to_vec(&WitnessRequest::Recall { log: *log });
                    asking.ask(*other, Wanted::Doubt(*log), frame, fx);
                }
            }
        }
    }

    /// What another witness remembers of a log that this one may have forgotten.
    pub(super) fn take_recalled(
        &mut self,
        cx: &Context<'_>,
        (from, log): (Oin, LogName),
        note: Option<&[u8]>,
        (evidence, asking): (&mut Evidence, &mut Asking),
        fx: &mut Effects<'_>,
    ) {
        let Some(doubt) = self.doubts.get_mut(&log) else { return };
        let Some(key) = cx.roster.log_key(&log.keeper) else { return };
        if let Some(note) = note {
            let shown = Shown { log, note: note.to_vec() };
            let Some(signed) = read(cx, &shown, &key, fx) else { return };
            if let Some(newest) = &doubt.newest {
                evidence.compare(cx, (log, key), (newest, &signed), asking, fx);
            }
            let size = |signed: &SignedCheckpoint| signed.checkpoint().size;
            if doubt.newest.as_ref().is_none_or(|newest| size(newest) < size(&signed)) {
                doubt.newest = Some(signed);
            }
        }
        doubt.heard.insert(from);
        // As many as make, with this one, what a checkpoint needs: any two such sets have a witness in common.
        let policy = cx.roster.witness_policy(&log.keeper);
        let heard = doubt.heard.iter().filter(|member| policy.witnesses.contains_key(member)).count();
        if heard + 1 < policy.needed {
            return;
        }
        match self.doubts.remove(&log).and_then(|doubt| doubt.newest) {
            Some(newest) => self.remember(log, key, newest, fx),
            None => {
                self.new.insert(log);
            }
        }
    }

    pub(super) fn clock_went_back(&mut self) {
        self.compared_at = None;
        for doubt in self.doubts.values_mut() {
            doubt.asked_at.clear();
        }
    }
}

/// Whether this node witnesses a log that is kept now, with the key that the roster names.
fn may_cosign(cx: &Context<'_>, log: &LogName) -> bool {
    let own = cx.roster.witness_policy(&log.keeper).witnesses.get(&cx.identity.oin).copied();
    log.is_in_force(cx.roster) && own == Some(cx.identity.cosignature_key.verifying_key())
}

/// A checkpoint that its keeper signed. Anything else is counted and gone.
pub(super) fn read(
    cx: &Context<'_>,
    shown: &Shown,
    key: &VerifyingKey,
    fx: &mut Effects<'_>,
) -> Option<SignedCheckpoint> {
    if shown.note.len() > MAX_SHOWN_BYTES {
        fx.refused.malformed_frames += 1;
        return None;
    }
    let verified = SignedCheckpoint::verify(&shown.note, &shown.log.origin(cx.roster.network()), key);
    if verified.is_err() {
        fx.refused.bad_signatures += 1;
    }
    verified.ok()
}

fn recalled(held: Option<&Remembered>) -> WitnessResponse {
    WitnessResponse::Recalled { note: held.map(|held| held.signed.to_bytes().into()) }
}
