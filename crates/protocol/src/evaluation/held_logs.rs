//! What a keyholder holds of everybody's evaluation logs: every leaf, replayed, so that a quota holds over all keyholders
//! together and nobody counts twice unseen.

use std::collections::{BTreeMap, VecDeque};

use audit::{
    Checkpoint, Counters, EvaluationLeaf, ForkProof, LeafHash, LeafRefusal, Origin, Quota, QuotaAnswer, Root,
    SignedCheckpoint,
};
use crypto::{VerifyingKey, cbor};
use domain::Oin;
use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::message::{EvaluationRefusal, EvaluationResponse, LEAVES_PER_PAGE};
use super::record::{HeldLeaf, held_leaf_key, held_log_key};
use crate::effects::{Context, Effects};
use crate::{Collection, Notice, ResponseToken, Scope, TwoLogs};

/// Newest leaves of a log that are known again when they are presented a second time. An asker has a few requests under
/// way at once.
const RECENT: usize = 16;

/// The logs of others.
#[derive(Default)]
pub(crate) struct HeldLogs(BTreeMap<Oin, HeldLog>);

/// One of them.
#[derive(Default)]
struct HeldLog {
    counters: Counters,
    /// The newest leaves; the last is the newest.
    recent: VecDeque<Recent>,
    /// Their keeper's checkpoint of what is held.
    checkpoint: Vec<u8>,
    /// That the keeper signed two logs.
    fork: Option<Vec<u8>>,
}

/// What is remembered of a leaf, to know it again and to prove that another one was signed for its place.
#[derive(Clone, Encode, Decode)]
struct Recent {
    #[n(0)]
    leaf: LeafHash,
    /// The root with it as the last leaf, where its keeper signed that, and the signature.
    #[n(1)]
    signed: Option<(Root, ByteArray<64>)>,
}

/// The same as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct HeldLogRecord {
    #[cbor(n(0), with = "crypto::cbor::oin")]
    keeper: Oin,
    #[n(1)]
    counters: ByteVec,
    #[n(2)]
    recent: Vec<Recent>,
    #[n(3)]
    checkpoint: ByteVec,
    #[n(4)]
    fork: Option<ByteVec>,
}

impl HeldLog {
    fn to_bytes(&self, keeper: Oin) -> Vec<u8> {
        cbor::to_vec(&HeldLogRecord {
            keeper,
            counters: self.counters.to_bytes().into(),
            recent: self.recent.iter().cloned().collect(),
            checkpoint: self.checkpoint.clone().into(),
            fork: self.fork.clone().map(ByteVec::from),
        })
    }

    fn from_bytes(bytes: &[u8]) -> Option<(Oin, Self)> {
        let record: HeldLogRecord = cbor::from_slice(bytes).ok()?;
        let held = Self {
            counters: Counters::from_bytes(&record.counters).ok()?,
            recent: record.recent.into(),
            checkpoint: record.checkpoint.into(),
            fork: record.fork.map(Vec::from),
        };
        Some((record.keeper, held))
    }

    /// What is held at a place, where it is one of the newest.
    fn recent(&self, place: u64) -> Option<&Recent> {
        let from_end = usize::try_from(self.counters.size().checked_sub(place)?).ok()?;
        self.recent.get(self.recent.len().checked_sub(from_end)?)
    }
}

impl HeldLogs {
    /// Takes back what was held. Of a log of which the record is damaged nothing is: its keeper shows it again.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        Self(records.iter().filter_map(|bytes| HeldLog::from_bytes(bytes)).collect())
    }

    /// The proofs that members signed two logs.
    pub(crate) fn forks(&self) -> impl Iterator<Item = TwoLogs> {
        let proven = self.0.iter().filter_map(|(keeper, held)| Some((*keeper, held.fork.clone()?)));
        proven.map(|(keeper, proof)| TwoLogs { keeper, proof })
    }

    /// Takes leaves of a member in a row, with its checkpoint that ends with them, and keeps what is new. Returns the last.
    pub(crate) fn show(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        (leaves, checkpoint): (&[ByteVec], &[u8]),
        fx: &mut Effects<'_>,
    ) -> Result<EvaluationLeaf, EvaluationRefusal> {
        let key = cx.roster.log_key(&from).ok_or(EvaluationRefusal::NoLogKey)?;
        let origin = Origin::evaluation_log(cx.roster.network(), from);
        let shown = SignedCheckpoint::verify(checkpoint, &origin, &key);
        let shown = shown.map_err(|_| EvaluationRefusal::Malformed)?;
        let read =
            |bytes: &ByteVec| EvaluationLeaf::from_bytes(bytes).map_err(|_| EvaluationRefusal::Malformed);
        let leaves: Vec<EvaluationLeaf> = leaves.iter().map(read).collect::<Result<_, _>>()?;
        let in_a_row =
            leaves.iter().zip(leaves.iter().skip(1)).all(|(one, next)| next.place == one.place + 1);
        let (Some(first), Some(last)) = (leaves.first(), leaves.last()) else {
            return Err(EvaluationRefusal::Malformed);
        };
        let size = shown.checkpoint().size;
        if !in_a_row || leaves.len() > LEAVES_PER_PAGE || last.place + 1 != size {
            return Err(EvaluationRefusal::Malformed);
        }
        let held = self.0.entry(from).or_default();
        if held.fork.is_some() {
            return Err(EvaluationRefusal::TwoLogs);
        }
        let had = held.counters.size();
        if first.place > had {
            return Err(EvaluationRefusal::Missing { from: had });
        }
        let is_other =
            |leaf: &EvaluationLeaf| held.recent(leaf.place).is_some_and(|held| held.leaf != leaf.hash());
        let is_known = |leaf: &EvaluationLeaf| held.recent(leaf.place).is_some();
        if leaves.iter().any(is_other) {
            return Err(held.two_logs(from, &shown, &key, fx));
        }
        if last.place < had {
            // Whatever was evaluated for it may be again; of an older one nobody knows that it is the same.
            return if is_known(last) { Ok(last.clone()) } else { Err(EvaluationRefusal::NotCounted) };
        }
        let mut counters = held.counters.clone();
        counters.forget_before(cx.epochs.oldest_in_force());
        let mut stored = Vec::new();
        for leaf in leaves.iter().filter(|leaf| leaf.place >= had) {
            match counters.take(leaf) {
                Ok(hashes) => stored.push((leaf, hashes)),
                Err(LeafRefusal::Missing { from }) => return Err(EvaluationRefusal::Missing { from }),
                Err(
                    LeafRefusal::AlreadyTaken { .. }
                    | LeafRefusal::DayBack { .. }
                    | LeafRefusal::CountedTwice { .. }
                    | LeafRefusal::Uncounted { .. }
                    | LeafRefusal::KeySets
                    | LeafRefusal::Full,
                ) => return Err(EvaluationRefusal::NotCounted),
            }
        }
        if counters.root() != shown.checkpoint().root {
            return Err(held.two_logs(from, &shown, &key, fx));
        }
        for (leaf, hashes) in stored {
            let is_last = leaf.place == last.place;
            let signature = shown.signature(&key).filter(|_| is_last);
            let signed = signature.map(|signature| (shown.checkpoint().root, signature.into()));
            held.recent.push_back(Recent { leaf: leaf.hash(), signed });
            let record = HeldLeaf { leaf: leaf.to_bytes(), hashes };
            fx.put(Collection::HeldLeaf, held_leaf_key(&from, leaf.place), record.to_bytes());
        }
        let excess = held.recent.len().saturating_sub(RECENT);
        held.recent.drain(..excess);
        (held.counters, held.checkpoint) = (counters, checkpoint.to_vec());
        fx.put(Collection::HeldLog, held_log_key(&from), held.to_bytes(from));
        Ok(last.clone())
    }

    /// Whether what a leaf counts is within the quota of its keeper.
    pub(crate) fn within_quota(
        cx: &Context<'_>,
        from: &Oin,
        leaf: &EvaluationLeaf,
    ) -> Result<(), EvaluationRefusal> {
        let Some(quota) = Quota::of_member(cx.roster, from, leaf.key_set.class) else { return Ok(()) };
        let began = cx.roster.start_of(leaf.key_set.epoch);
        match quota.answer(leaf.counted, began, cx.now) {
            QuotaAnswer::Allowed => Ok(()),
            QuotaAnswer::TryAgainAt(moment) => Err(EvaluationRefusal::OverQuota { again: Some(moment) }),
            QuotaAnswer::Never => Err(EvaluationRefusal::OverQuota { again: None }),
        }
    }

    /// Tells a member which of its leaves are held from a place on.
    pub(crate) fn tell(&self, from: Oin, token: ResponseToken, place: u64, fx: &mut Effects<'_>) {
        let Some(held) = self.0.get(&from) else {
            fx.respond(token, holds(0, Vec::new(), Vec::new()));
            return;
        };
        let (size, checkpoint) = (held.counters.size(), held.checkpoint.clone());
        let places = (place..size).take(LEAVES_PER_PAGE);
        let record = |place| (Scope::Lasting, Collection::HeldLeaf, held_leaf_key(&from, place));
        let frame = move |found: Vec<Vec<u8>>| {
            let leaf = |bytes: Vec<u8>| HeldLeaf::from_bytes(&bytes).map(|held| held.leaf);
            holds(size, found.into_iter().map_while(leaf).collect(), checkpoint)
        };
        fx.respond_quoting(token, places.map(record).collect(), usize::MAX, Box::new(frame));
    }

    /// What is held of a member's log now.
    pub(crate) fn state(&self, from: &Oin) -> Vec<u8> {
        let held = self.0.get(from);
        holds(
            held.map_or(0, |held| held.counters.size()),
            Vec::new(),
            held.map_or_else(Vec::new, |held| held.checkpoint.clone()),
        )
    }
}

impl HeldLog {
    /// The keeper shows a log that does not begin with what is held. Where two of its signatures prove that, it is kept.
    fn two_logs(
        &mut self,
        keeper: Oin,
        shown: &SignedCheckpoint,
        key: &VerifyingKey,
        fx: &mut Effects<'_>,
    ) -> EvaluationRefusal {
        let Checkpoint { origin, size, .. } = shown.checkpoint().clone();
        let held = size.checked_sub(1).and_then(|place| self.recent(place)?.signed.as_ref());
        let held = held.and_then(|(root, signature)| {
            let held = Checkpoint { origin, size, root: *root };
            SignedCheckpoint::from_signature(held, key, signature).ok()
        });
        if let Some(fork) = held.and_then(|held| ForkProof::of(&held, shown)) {
            self.fork = Some(fork.to_bytes());
            fx.put(Collection::HeldLog, held_log_key(&keeper), self.to_bytes(keeper));
        }
        fx.notice(Notice::TwoLogs { member: keeper });
        EvaluationRefusal::TwoLogs
    }
}

fn holds(size: u64, leaves: Vec<Vec<u8>>, checkpoint: Vec<u8>) -> Vec<u8> {
    let leaves = leaves.into_iter().map(ByteVec::from).collect();
    cbor::to_vec(&EvaluationResponse::Holds { size, leaves, checkpoint })
}
