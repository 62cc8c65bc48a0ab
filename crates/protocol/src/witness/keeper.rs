//! The keeper: shows its logs to its witnesses and collects what they sign.
//!
//! Nothing is signed after a start before as many witnesses as a checkpoint needs have said what they remember, and every
//! connected one was asked. How far the log was signed is on disk before a checkpoint leaves, and goes into backups with the
//! log; a witness that remembers more shows that the disk is older than what was signed, and the log stops there. Then
//! governors let it go on as another generation, under another name.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Checkpoint, ConsistencyProof, Cosignature, Cosigner, Root, SignedCheckpoint};
use crypto::{VerifyingKey, cbor};
use domain::{Oin, Timestamp};

use super::evidence::Evidence;
use super::memory;
use super::message::{LogKind, LogName, Shown, WitnessRequest, generation};
use super::record::{CheckpointRecord, SignedRecord, cosigned_key};
use super::stored::LogNow;
use super::{Asking, RETRY_SECONDS, Wanted};
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Notice};

/// How long witnesses are waited for with one checkpoint before a newer one takes its place.
const ROUND_SECONDS: u64 = 60;

/// How an own log stands with its witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLogStatus {
    /// Its name.
    pub log: LogName,
    /// The newest checkpoint with enough cosignatures, as a note; `None` when there is none.
    pub cosigned: Option<Vec<u8>>,
    /// How many entries that has.
    pub size: u64,
    /// How many witnesses cosigned it.
    pub cosignatures: usize,
    /// How many must.
    pub needed: usize,
    /// How many witnesses there are.
    pub witnesses: usize,
    /// Of these, how many have said since the start what they remember.
    pub heard: usize,
    /// What was lost.
    pub lost: Option<LostEntries>,
}

/// Entries that a witness remembers and that the log on disk does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostEntries {
    /// The first of them.
    pub from: u64,
    /// How many entries the newest checkpoint counts that a witness remembers.
    pub to: u64,
    /// Its root.
    pub root: Root,
}

/// One checkpoint on its way around the witnesses.
struct Round {
    now: LogNow,
    signed: SignedCheckpoint,
    /// The note as it is shown, without cosignatures.
    note: Vec<u8>,
    opened: Timestamp,
    by: BTreeSet<Oin>,
}

/// A witness as this node knows it since it connected.
#[derive(Default)]
struct Peer {
    /// The size that it remembers; `None` until it has said so.
    confirmed: Option<u64>,
    is_asked: bool,
    asked_at: Option<Timestamp>,
    /// Whether it was asked and gave no answer: it is not waited for.
    is_silent: bool,
}

impl Peer {
    fn is_due(&self, now: Timestamp) -> bool {
        !self.is_asked && self.asked_at.is_none_or(|asked| now.since(asked) >= RETRY_SECONDS)
    }

    fn ask(&mut self, now: Timestamp) {
        self.is_asked = true;
        self.asked_at = Some(now);
    }
}

struct OwnLog {
    name: LogName,
    /// Up to this size it was signed, as the disk has it.
    known: u64,
    now: Option<LogNow>,
    wanted_at: Option<Timestamp>,
    round: Option<Round>,
    cosigned: Option<SignedCheckpoint>,
    peers: BTreeMap<Oin, Peer>,
    /// Whether enough was heard to sign.
    is_open: bool,
    lost: Option<LostEntries>,
}

/// The own logs.
#[derive(Default)]
pub(super) struct Keeper {
    logs: BTreeMap<LogKind, OwnLog>,
    /// How far logs were signed when this run began.
    signed: BTreeMap<LogName, u64>,
}

impl Keeper {
    /// Begins with a log.
    pub(super) fn begin(&mut self, name: LogName) {
        let known = self.signed.get(&name).copied().unwrap_or(0);
        let log = OwnLog {
            name,
            known,
            now: None,
            wanted_at: None,
            round: None,
            cosigned: None,
            peers: BTreeMap::new(),
            is_open: false,
            lost: None,
        };
        self.logs.insert(name.kind, log);
    }

    /// Takes back how far logs were signed, before any begins.
    pub(super) fn restore_signed(&mut self, records: &[Vec<u8>]) {
        let records = records.iter().filter_map(|bytes| SignedRecord::from_bytes(bytes));
        self.signed = records.map(|record| (record.log, record.size)).collect();
    }

    /// Takes back the newest checkpoints that were cosigned.
    pub(super) fn restore(&mut self, cx: &Context<'_>, records: &[Vec<u8>]) {
        for record in records.iter().filter_map(|bytes| CheckpointRecord::from_bytes(bytes)) {
            let CheckpointRecord { log, key, note } = record;
            let origin = log.origin(cx.roster.network());
            if let Some(own) = self.logs.get_mut(&log.kind).filter(|own| own.name == log) {
                let read = SignedCheckpoint::verify(&note, &origin, &key).ok();
                own.cosigned = read.filter(|signed| signed.checkpoint().size <= own.known);
            }
        }
    }

    /// A log is to be cosigned as it is now: not more often than at intervals, and only when it grew.
    pub(super) fn want_at_intervals(&mut self, cx: &Context<'_>, now: LogNow) {
        let Some(log) = self.logs.get_mut(&now.kind) else { return };
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        let is_due = log.wanted_at.is_none_or(|wanted| cx.now.since(wanted) >= interval);
        if is_due && log.now.is_none_or(|before| before.size < now.size) {
            log.now = Some(now);
            log.wanted_at = Some(cx.now);
        }
    }

    /// Asks witnesses whatever is to be asked now.
    pub(super) fn advance(
        &mut self,
        cx: &Context<'_>,
        evidence: &Evidence,
        asking: &mut Asking,
        fx: &mut Effects<'_>,
    ) {
        let Some(key) = own_key(cx) else { return };
        let policy = cx.roster.witness_policy(&cx.identity.oin);
        for log in self.logs.values_mut() {
            log.peers
                .retain(|member, _| cx.connected.contains(member) && policy.witnesses.contains_key(member));
            if log.name.generation != generation(cx.roster, &log.name.keeper, log.name.kind)
                || evidence.fork_of(&log.name, &key).is_some()
            {
                continue;
            }
            for witness in policy.witnesses.keys().filter(|member| cx.connected.contains(member)) {
                let peer = log.peers.entry(*witness).or_default();
                if peer.confirmed.is_none() && peer.is_due(cx.now) {
                    peer.ask(cx.now);
                    let frame = cbor::to_vec(&WitnessRequest::Recall { log: log.name });
                    asking.ask(*witness, Wanted::Recall(log.name), frame, fx);
                }
            }
            let heard = log.peers.values().filter(|peer| peer.confirmed.is_some()).count();
            let awaited = log.peers.values().any(|peer| peer.confirmed.is_none() && !peer.is_silent);
            log.is_open |= policy.needed > 0 && heard >= policy.needed && !awaited;
            if log.lost.is_some() || !log.is_open {
                continue;
            }
            log.open_round(cx, policy.needed, fx);
            log.show(cx, asking, fx);
        }
    }

    /// What a witness remembers of a log. `asked`: it was asked; otherwise what it was shown does not continue it.
    pub(super) fn recalled(
        &mut self,
        cx: &Context<'_>,
        (witness, name): (Oin, LogName),
        note: Option<&[u8]>,
        asked: bool,
        fx: &mut Effects<'_>,
    ) {
        // The tree goes on from one generation to the next, so what was signed of an earlier one is there as well.
        let earlier =
            self.signed.iter().filter(|(log, _)| log.kind == name.kind).map(|(_, size)| *size).max();
        let Some(log) = self.logs.get_mut(&name.kind).filter(|log| log.name == name) else { return };
        let (size, root) = match note {
            None => (0, Root::empty()),
            Some(note) => match own_checkpoint(cx, name, note, fx) {
                Some(Checkpoint { size, root, .. }) => (size, root),
                None => return log.not_answered(witness),
            },
        };
        if size > log.known && log.lost.is_none_or(|lost| lost.to < size) {
            let from = log.known.max(earlier.unwrap_or(0)).min(size.saturating_sub(1));
            log.lost = Some(LostEntries { from, to: size, root });
            log.round = None;
            fx.notice(Notice::LogLost { from, to: size });
        }
        if let Some(peer) = log.peers.get_mut(&witness) {
            peer.confirmed = Some(size);
            peer.is_asked = false;
            peer.is_silent = false;
            if asked {
                peer.asked_at = None;
            }
        }
    }

    /// A cosignature of what a witness was shown.
    pub(super) fn cosigned_by(
        &mut self,
        cx: &Context<'_>,
        (witness, name, size): (Oin, LogName, u64),
        cosignature: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let Some(log) = self.logs.get_mut(&name.kind).filter(|log| log.name == name) else { return };
        let policy = cx.roster.witness_policy(&cx.identity.oin);
        let key = policy.witnesses.get(&witness).copied();
        let cosigner = key.map(|key| Cosigner::new(cx.roster.network(), witness, key));
        let read = cosigner.zip(Cosignature::from_bytes(cosignature));
        let round = log.round.as_mut().filter(|round| round.now.size == size);
        let added = match (read, round) {
            (Some((cosigner, cosignature)), Some(round)) => {
                let added = round.signed.add(&cosigner, &cosignature).is_ok();
                if added {
                    round.by.insert(witness);
                } else {
                    fx.refused.bad_signatures += 1;
                }
                added
            }
            // Of a checkpoint that another took the place of. It is remembered all the same.
            (Some(_), None) => true,
            (None, _) => {
                fx.refused.malformed_frames += 1;
                false
            }
        };
        if !added {
            return log.not_answered(witness);
        }
        if let Some(peer) = log.peers.get_mut(&witness) {
            peer.confirmed = Some(size);
            peer.is_asked = false;
            peer.asked_at = None;
        }
        log.keep(cx, policy.needed, fx);
    }

    /// A witness said nothing to what it was asked.
    pub(super) fn not_answered(&mut self, witness: Oin, name: LogName) {
        if let Some(log) = self.logs.get_mut(&name.kind).filter(|log| log.name == name) {
            log.not_answered(witness);
        }
    }

    /// How a log may be proven to have grown from one size to another; `None` when it has no such sizes.
    pub(super) fn now_of(&self, name: &LogName) -> Option<&LogNow> {
        self.logs.get(&name.kind).filter(|log| log.name == *name)?.now.as_ref()
    }

    pub(super) fn clock_went_back(&mut self) {
        for log in self.logs.values_mut() {
            log.wanted_at = None;
            for peer in log.peers.values_mut() {
                peer.asked_at = None;
            }
            if let Some(round) = &mut log.round {
                round.opened = Timestamp(0);
            }
        }
    }

    pub(super) fn status(&self, cx: &Context<'_>) -> Vec<OwnLogStatus> {
        let policy = cx.roster.witness_policy(&cx.identity.oin);
        let signers = |signed: &SignedCheckpoint| {
            let cosigners = policy.witnesses.iter();
            cosigners
                .filter(|(oin, key)| {
                    signed.cosignature_of(&Cosigner::new(cx.roster.network(), **oin, **key)).is_ok()
                })
                .count()
        };
        let status = |log: &OwnLog| OwnLogStatus {
            log: log.name,
            cosigned: log.cosigned.as_ref().map(SignedCheckpoint::to_bytes),
            size: log.cosigned.as_ref().map_or(0, |signed| signed.checkpoint().size),
            cosignatures: log.cosigned.as_ref().map_or(0, signers),
            needed: policy.needed,
            witnesses: policy.witnesses.len(),
            heard: log.peers.values().filter(|peer| peer.confirmed.is_some()).count(),
            lost: log.lost,
        };
        self.logs.values().filter(|_| policy.needed > 0).map(status).collect()
    }
}

impl OwnLog {
    fn not_answered(&mut self, witness: Oin) {
        if let Some(peer) = self.peers.get_mut(&witness) {
            peer.is_asked = false;
            peer.is_silent = true;
        }
    }

    /// Signs the newest that is wanted, unless a checkpoint is on its way.
    fn open_round(&mut self, cx: &Context<'_>, needed: usize, fx: &mut Effects<'_>) {
        let Some(now) = self.now else { return };
        let is_free = self.round.as_ref().is_none_or(|round| {
            let is_over = round.by.len() >= needed || cx.now.since(round.opened) >= ROUND_SECONDS;
            is_over && round.now.size < now.size
        });
        if !is_free {
            return;
        }
        let origin = self.name.origin(cx.roster.network());
        let checkpoint = Checkpoint { origin, size: now.size, root: now.root };
        let Ok(signed) = SignedCheckpoint::sign(checkpoint, &cx.identity.log_key) else { return };
        self.known = self.known.max(now.size);
        let record = SignedRecord { log: self.name, size: self.known };
        fx.put(Collection::SignedLog, cosigned_key(self.name.kind), record.to_bytes());
        let note = signed.to_bytes();
        self.round = Some(Round { now, signed, note, opened: cx.now, by: BTreeSet::new() });
    }

    /// Shows the checkpoint to the witnesses that have not cosigned it.
    fn show(&mut self, cx: &Context<'_>, asking: &mut Asking, fx: &mut Effects<'_>) {
        let Some(round) = &self.round else { return };
        for (witness, peer) in &mut self.peers {
            let Some(confirmed) = peer.confirmed.filter(|size| *size <= round.now.size) else { continue };
            if round.by.contains(witness) || !peer.is_due(cx.now) {
                continue;
            }
            peer.ask(cx.now);
            let shown = Shown { log: self.name, note: round.note.clone() };
            let (records, proof) = round.now.hashes.proof(confirmed, round.now.size);
            let frame = move |found| {
                let proof = proof(found).unwrap_or_else(ConsistencyProof::none);
                cbor::to_vec(&WitnessRequest::Show { shown, proof })
            };
            let id = fx.request_quoting(*witness, Conversation::Witness, records, Box::new(frame));
            asking.note(id, *witness, Wanted::Cosignature(self.name, round.now.size));
        }
    }

    /// Keeps the checkpoint once it has as many cosignatures as it needs, and again with each further one.
    fn keep(&mut self, cx: &Context<'_>, needed: usize, fx: &mut Effects<'_>) {
        let Some(round) = self.round.as_ref().filter(|round| round.by.len() >= needed) else { return };
        let key = cx.identity.log_key.verifying_key();
        let bytes = round.signed.to_bytes();
        self.cosigned = SignedCheckpoint::verify(&bytes, &round.signed.checkpoint().origin, &key).ok();
        let record = CheckpointRecord { log: self.name, key, note: bytes.into() };
        // One for each log: of an earlier generation nothing is asked any more.
        fx.put(Collection::CosignedCheckpoint, cosigned_key(self.name.kind), record.to_bytes());
    }
}

/// The key that signs the own checkpoints, where the roster names it.
fn own_key(cx: &Context<'_>) -> Option<VerifyingKey> {
    let key = cx.identity.log_key.verifying_key();
    (cx.roster.log_key(&cx.identity.oin) == Some(key)).then_some(key)
}

/// A checkpoint that this organisation signed, be it with a key that was replaced since.
fn own_checkpoint(cx: &Context<'_>, log: LogName, note: &[u8], fx: &mut Effects<'_>) -> Option<Checkpoint> {
    let shown = Shown { log, note: note.to_vec() };
    let origin = log.origin(cx.roster.network());
    let mut earlier = cx.chain.log_keys_ever(&cx.identity.oin);
    let signed = earlier.find_map(|key| SignedCheckpoint::verify(note, &origin, &key).ok());
    let signed = signed.or_else(|| memory::read(cx, &shown, &own_key(cx)?, fx))?;
    Some(signed.checkpoint().clone())
}
