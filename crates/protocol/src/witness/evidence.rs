//! What is held against keepers: proofs that one signed two logs, which everybody hears of, and challenges that one has not
//! answered, which the witness keeps that made them.
//!
//! Whoever finds or hears of a fork keeps the proof and passes it on once, after it is on disk, so that it reaches all in a
//! few steps. Whoever was away asks one member after another. A challenge is made whenever two checkpoints of different
//! sizes meet; that happens to every honest keeper, who answers within a second. It is kept and shown when the keeper was
//! asked a few times and did not answer, or not with a proof.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Challenge, ConsistencyProof, ForkKind, ForkProof, SignedCheckpoint};
use crypto::{VerifyingKey, cbor};
use domain::{Oin, Timestamp};
use roster::VerifiedRoster;

use super::message::{LogKind, LogName, WitnessRequest};
use super::record::EvidenceRecord;
use super::{Asking, RETRY_SECONDS, Wanted};
use crate::effects::{Context, Effects};
use crate::{Collection, Notice};

/// Most forks that are kept, and most challenges: two logs of every member of a large network. Beyond that many there are
/// no honest members left.
const MAX_HELD: usize = 4_096;

/// How often a keeper is asked in vain before others are told: messages get lost.
const PATIENT_TIMES: u32 = 3;

/// A proof that a keeper signed two logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFork {
    /// Of which log.
    pub log: LogName,
    /// How it shows.
    pub kind: ForkKind,
    /// Since when this node has it.
    pub since: Timestamp,
    /// Whether it counts: the key is the keeper's still, and governors did not let the log go on in another generation.
    pub is_open: bool,
    /// The proof as it travels.
    pub proof: Vec<u8>,
}

/// A challenge that its keeper has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChallenge {
    /// Of which log.
    pub log: LogName,
    /// The sizes that were not shown to be of one log.
    pub sizes: (u64, u64),
    /// Since when.
    pub since: Timestamp,
}

struct Fork {
    key: VerifyingKey,
    kind: ForkKind,
    since: Timestamp,
    proof: ForkProof,
}

struct Open {
    key: VerifyingKey,
    sizes: (u64, u64),
    challenge: Challenge,
    since: Timestamp,
    /// When the keeper was last asked, and how often it was.
    asked_at: Option<Timestamp>,
    asked: u32,
    /// Whether it is on disk and shown.
    is_kept: bool,
}

/// What this node holds.
#[derive(Default)]
pub(super) struct Evidence {
    forks: BTreeMap<LogName, Fork>,
    challenges: BTreeMap<LogName, Open>,
}

impl Evidence {
    /// Takes back what is on disk. What does not verify is left out.
    pub(super) fn restore(&mut self, cx: &Context<'_>, records: &[Vec<u8>]) {
        let network = cx.roster.network();
        for record in records.iter().filter_map(|bytes| EvidenceRecord::from_bytes(bytes)) {
            let EvidenceRecord { log, key, since, is_fork, bytes } = record;
            let origin = log.origin(network);
            if is_fork {
                let Ok(proof) = ForkProof::from_bytes(&bytes) else { continue };
                if let Ok(kind) = proof.verify(&origin, &key) {
                    self.forks.insert(log, Fork { key, kind, since, proof });
                }
            } else if let Ok(challenge) = Challenge::from_bytes(&bytes)
                && let Ok(sizes) = challenge.verify(&origin, &key)
            {
                let open = Open { key, sizes, challenge, since, asked_at: None, asked: 0, is_kept: true };
                self.challenges.insert(log, open);
            }
        }
    }

    /// Whether a fork of a log is proven, under whatever key. Its proof.
    pub(super) fn fork_of(&self, log: &LogName, key: &VerifyingKey) -> Option<Vec<u8>> {
        self.forks.get(log).filter(|fork| fork.key == *key).map(|fork| fork.proof.to_bytes())
    }

    /// Whether a member signed two logs with the key that it has: in a generation that is in force.
    pub(super) fn is_forked(&self, roster: &VerifiedRoster, keeper: &Oin) -> bool {
        self.forks.iter().any(|(log, fork)| log.keeper == *keeper && is_open(roster, log, &fork.key))
    }

    /// The proofs, by log.
    pub(super) fn forks(&self, roster: &VerifiedRoster) -> Vec<HeldFork> {
        let held = |(log, fork): (&LogName, &Fork)| HeldFork {
            log: *log,
            kind: fork.kind,
            since: fork.since,
            is_open: is_open(roster, log, &fork.key),
            proof: fork.proof.to_bytes(),
        };
        self.forks.iter().map(held).collect()
    }

    /// The challenges that were not answered, by log.
    pub(super) fn challenges(&self) -> Vec<HeldChallenge> {
        let kept = self.challenges.iter().filter(|(_, open)| open.is_kept);
        kept.map(|(log, open)| HeldChallenge { log: *log, sizes: open.sizes, since: open.since }).collect()
    }

    /// The first proof after a log that still counts.
    pub(super) fn next_fork(
        &self,
        roster: &VerifiedRoster,
        after: Option<LogName>,
    ) -> Option<(LogName, Vec<u8>)> {
        let mut open = self.forks.iter().filter(|(log, fork)| is_open(roster, log, &fork.key));
        let next = open.find(|(log, _)| after.is_none_or(|after| **log > after));
        next.map(|(log, fork)| (*log, fork.proof.to_bytes()))
    }

    /// Takes a proof that somebody brings. Whether it proves something of a log that there is.
    pub(super) fn take_fork(
        &mut self,
        cx: &Context<'_>,
        (log, bytes): (LogName, &[u8]),
        asking: &mut Asking,
        fx: &mut Effects<'_>,
    ) -> bool {
        let Ok(proof) = ForkProof::from_bytes(bytes) else {
            fx.refused.malformed_frames += 1;
            return false;
        };
        // Of a generation that is over, or of nobody: it says nothing.
        let Some(key) = cx.roster.log_key(&log.keeper).filter(|_| log.is_in_force(cx.roster)) else {
            return false;
        };
        self.keep_fork(cx, (log, key, proof), asking, fx);
        self.forks.get(&log).is_some_and(|held| held.key == key)
    }

    /// Keeps a proof that verifies and is not held yet, tells of it and passes it on.
    pub(super) fn keep_fork(
        &mut self,
        cx: &Context<'_>,
        (log, key, proof): (LogName, VerifyingKey, ForkProof),
        asking: &mut Asking,
        fx: &mut Effects<'_>,
    ) {
        if self.forks.get(&log).is_some_and(|held| held.key == key) || self.forks.len() >= MAX_HELD {
            return;
        }
        let Ok(kind) = proof.verify(&log.origin(cx.roster.network()), &key) else {
            fx.refused.bad_signatures += 1;
            return;
        };
        let bytes = proof.to_bytes();
        put(log, key, (cx.now, true), bytes.clone(), fx);
        if self.challenges.remove(&log).is_some_and(|open| open.is_kept) {
            fx.delete(Collection::LogEvidence, EvidenceRecord::key(&log, false));
        }
        fx.notice(Notice::LogForked { keeper: log.keeper });
        let frame = cbor::to_vec(&WitnessRequest::Evidence { log, proof: bytes });
        for member in audience(cx, &log.keeper) {
            asking.ask(member, Wanted::Nothing, frame.clone(), fx);
        }
        self.forks.insert(log, Fork { key, kind, since: cx.now, proof });
        fx.cut();
    }

    /// Two checkpoints of a log met that nobody has shown to be of one.
    pub(super) fn challenge(
        &mut self,
        cx: &Context<'_>,
        log: LogName,
        key: VerifyingKey,
        challenge: Challenge,
    ) {
        let Ok(sizes) = challenge.verify(&log.origin(cx.roster.network()), &key) else { return };
        if self.challenges.len() < MAX_HELD && !self.challenges.contains_key(&log) {
            let open =
                Open { key, sizes, challenge, since: cx.now, asked_at: None, asked: 0, is_kept: false };
            self.challenges.insert(log, open);
        }
    }

    /// Asks keepers for what they owe. Who was asked before and has not answered is told of.
    pub(super) fn ask_keepers(&mut self, cx: &Context<'_>, asking: &mut Asking, fx: &mut Effects<'_>) {
        let over: Vec<LogName> = self
            .challenges
            .iter()
            .filter(|(log, open)| !is_open(cx.roster, log, &open.key))
            .map(|(log, _)| *log)
            .collect();
        for log in over {
            self.answered(&log, fx);
        }
        for (log, open) in &mut self.challenges {
            let is_due = open.asked_at.is_none_or(|asked| cx.now.since(asked) >= RETRY_SECONDS);
            if !is_due || !cx.connected.contains(&log.keeper) {
                continue;
            }
            if open.asked >= PATIENT_TIMES && !open.is_kept {
                keep(log, open, fx);
            }
            open.asked_at = Some(cx.now);
            open.asked = open.asked.saturating_add(1);
            let challenge = open.challenge.to_bytes();
            let frame = cbor::to_vec(&WitnessRequest::Challenge { log: *log, challenge });
            asking.ask(log.keeper, Wanted::Answer(*log), frame, fx);
        }
    }

    /// What a keeper answers to a challenge; `None`: nothing that is one.
    pub(super) fn take_answer(
        &mut self,
        cx: &Context<'_>,
        log: &LogName,
        proof: Option<&ConsistencyProof>,
        fx: &mut Effects<'_>,
    ) {
        let Some(open) = self.challenges.get_mut(log) else { return };
        let origin = log.origin(cx.roster.network());
        let holds = proof.is_some_and(|proof| open.challenge.answered_by(proof, &origin, &open.key).is_ok());
        if holds {
            self.answered(log, fx);
        } else if !open.is_kept {
            keep(log, open, fx);
        }
    }

    fn answered(&mut self, log: &LogName, fx: &mut Effects<'_>) {
        if self.challenges.remove(log).is_some_and(|open| open.is_kept) {
            fx.delete(Collection::LogEvidence, EvidenceRecord::key(log, false));
        }
    }

    pub(super) fn clock_went_back(&mut self) {
        for open in self.challenges.values_mut() {
            open.asked_at = None;
        }
    }

    /// A fork that two checkpoints of one size make, which both verified.
    pub(super) fn compare(
        &mut self,
        cx: &Context<'_>,
        (log, key): (LogName, VerifyingKey),
        (one, other): (&SignedCheckpoint, &SignedCheckpoint),
        asking: &mut Asking,
        fx: &mut Effects<'_>,
    ) {
        if let Some(proof) = ForkProof::of(one, other) {
            self.keep_fork(cx, (log, key, proof), asking, fx);
        }
    }
}

fn keep(log: &LogName, open: &mut Open, fx: &mut Effects<'_>) {
    open.is_kept = true;
    put(*log, open.key, (open.since, false), open.challenge.to_bytes(), fx);
    fx.notice(Notice::LogUnshown { keeper: log.keeper, sizes: open.sizes });
}

fn put(
    log: LogName,
    key: VerifyingKey,
    (since, is_fork): (Timestamp, bool),
    bytes: Vec<u8>,
    fx: &mut Effects<'_>,
) {
    let record = EvidenceRecord { log, key, since, is_fork, bytes: bytes.into() };
    fx.put(Collection::LogEvidence, EvidenceRecord::key(&log, is_fork), record.to_bytes());
}

/// Whether evidence under a key says something of the log that is kept now.
fn is_open(roster: &VerifiedRoster, log: &LogName, key: &VerifyingKey) -> bool {
    // Another generation of the main log is another log, and governors know why.
    let is_in_force = log.kind == LogKind::Evaluations || log.is_in_force(roster);
    is_in_force && roster.log_key(&log.keeper) == Some(*key)
}

/// Whom a proof is passed on to: in the circle of all connected members those one, two, four and so on places further, and
/// the keeper. When everybody does so it reaches all in as many steps as their number has bits.
fn audience(cx: &Context<'_>, keeper: &Oin) -> BTreeSet<Oin> {
    let members: Vec<Oin> = cx.connected.iter().copied().collect();
    let own_place = members.partition_point(|member| *member < cx.identity.oin);
    let distances = std::iter::successors(Some(1_usize), |distance| distance.checked_mul(2));
    let told = distances
        .take_while(|distance| *distance <= members.len())
        .filter_map(|distance| members.get((own_place + distance - 1) % members.len()).copied());
    told.chain(members.iter().filter(|member| *member == keeper).copied()).collect()
}
