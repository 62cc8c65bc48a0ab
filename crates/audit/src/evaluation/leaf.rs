//! The leaf: one request for evaluation, as it stands in the log of who asks.

use crypto::{Digest, Document, MAX_BATCH, TypeName, cbor};
use domain::{Epoch, KeyClass, Timestamp};
use minicbor::{Decode, Encode};

use super::elements_root;
use crate::{AuditError, Commitment, LeafHash, MAX_LOG_SIZE, Root};

/// Longest leaf in bytes.
pub const MAX_LEAF_BYTES: usize = 256;

const DAY_SECONDS: u64 = 86_400;

/// A day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Day(#[n(0)] pub u32);

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        Self(u32::try_from(moment.0 / DAY_SECONDS).unwrap_or(u32::MAX))
    }
}

/// Names the keys that were asked for: those of one epoch and class, by the digest of their key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct KeySetName {
    /// Of which epoch.
    #[cbor(n(0), with = "crypto::cbor::epoch")]
    pub epoch: Epoch,
    /// Of which class.
    #[cbor(n(1), with = "crypto::cbor::key_class")]
    pub class: KeyClass,
    /// Which key set, since an epoch and class can have several attempts.
    #[n(2)]
    pub digest: Digest,
}

/// What an evaluation was asked for. Keyholders see it, so it says nothing of anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum EvaluationPurpose {
    /// Families were registered or changed.
    #[n(1)]
    Registration,
    /// Families that are registered, under other keys: the next epoch's, or those of another attempt.
    #[n(2)]
    Renewal,
    /// An emergency question.
    #[n(3)]
    Emergency,
}

impl EvaluationPurpose {
    /// Every purpose, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Registration, Self::Renewal, Self::Emergency];

    /// The Dutch name, as exports show it.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Registration => "registratie",
            Self::Renewal => "vernieuwing",
            Self::Emergency => "noodraadpleging",
        }
    }
}

/// One request for evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EvaluationLeaf {
    /// Its own label.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// Its place in the log, from 0.
    #[n(1)]
    pub place: u64,
    /// The request's random number.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub request: [u8; 16],
    /// Under which keys.
    #[n(3)]
    pub key_set: KeySetName,
    /// On which day, by the clock of who asks.
    #[n(4)]
    pub day: Day,
    /// How many elements, those that fill it up among them.
    #[n(5)]
    pub count: u32,
    /// How many elements under these keys in all leaves up to this one.
    #[n(6)]
    pub counted: u64,
    /// The root of the tree over the blinded elements.
    #[n(7)]
    pub elements: Root,
    /// What for.
    #[n(8)]
    pub purpose: EvaluationPurpose,
    /// Digest of the sealed seed that the blinding scalars follow from.
    #[n(9)]
    pub seed: Digest,
    /// Commitment to the entry of the main log that caused it.
    #[n(10)]
    pub cause: Commitment,
}

impl Document for EvaluationLeaf {
    const LABEL: &'static str = "samenhang evaluation leaf v1";
}

impl EvaluationLeaf {
    /// Reads a leaf.
    ///
    /// # Errors
    /// Not a leaf in its one encoding, or with numbers that no request has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        let leaf: Self = cbor::from_slice(bytes).map_err(|_| AuditError::MalformedLeaf)?;
        let holds = leaf.is_possible() && bytes.len() <= MAX_LEAF_BYTES;
        if holds { Ok(leaf) } else { Err(AuditError::MalformedLeaf) }
    }

    /// Whether a request can have these numbers.
    pub(crate) fn is_possible(&self) -> bool {
        let is_batch = (1..=MAX_BATCH).contains(&(self.count as usize));
        let is_counted = self.counted >= u64::from(self.count) && self.counted <= MAX_LOG_SIZE;
        is_batch && is_counted && self.place < MAX_LOG_SIZE
    }

    /// The bytes that stand in the log.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Its hash in the tree.
    #[must_use]
    pub fn hash(&self) -> LeafHash {
        LeafHash::of(&self.to_bytes())
    }

    /// What was counted under these keys before it.
    #[must_use]
    pub fn counted_before(&self) -> u64 {
        self.counted.saturating_sub(u64::from(self.count))
    }

    /// Whether it is a leaf for exactly these blinded elements, in this order. Keyholders evaluate no others.
    #[must_use]
    pub fn covers(&self, elements: &[[u8; 32]]) -> bool {
        elements.len() == self.count as usize
            && elements_root(elements).is_ok_and(|root| root == self.elements)
    }
}
