//! How evaluation logs lie on disk: the own one, and those of others that a keyholder holds.

use audit::{EvaluationLeaf, TreeHash};
use crypto::cbor;
use domain::{FamilyRef, Month, Oin};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// Inputs of one request that one record holds, so that no record gets too long.
pub(super) const INPUTS_PER_RECORD: usize = 32;

/// Families that are named beside an input. More share a key only where many siblings have records of their own.
const FAMILIES_PER_INPUT: usize = 4;

/// A leaf of the own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLeaf {
    /// The leaf.
    pub leaf: EvaluationLeaf,
    /// The hashes of the tree that were stored with it, its own first.
    pub hashes: Vec<TreeHash>,
    /// The own checkpoint with it as the last leaf.
    pub checkpoint: Vec<u8>,
    /// With which month what was asked is forgotten; `None` for a leaf that was lost and got back from keyholders.
    pub month: Option<Month>,
}

/// A leaf of somebody else's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldLeaf {
    pub(super) leaf: Vec<u8>,
    pub(super) hashes: Vec<TreeHash>,
}

/// Both as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct LeafRecord {
    #[n(0)]
    leaf: ByteVec,
    #[n(1)]
    hashes: Vec<TreeHash>,
    #[n(2)]
    checkpoint: Option<ByteVec>,
    #[n(3)]
    month: Option<u32>,
}

impl OwnLeaf {
    /// The record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(&LeafRecord {
            leaf: self.leaf.to_bytes().into(),
            hashes: self.hashes.clone(),
            checkpoint: Some(self.checkpoint.clone().into()),
            month: self.month.map(Month::number),
        })
    }

    /// Reads the record; `None` for one that this version did not write.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: LeafRecord = cbor::from_slice(bytes).ok()?;
        let month = match record.month {
            None => None,
            Some(number) => Some(Month::from_number(number)?),
        };
        Some(Self {
            leaf: EvaluationLeaf::from_bytes(&record.leaf).ok()?,
            hashes: record.hashes,
            checkpoint: record.checkpoint?.into(),
            month,
        })
    }
}

impl HeldLeaf {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(&LeafRecord {
            leaf: self.leaf.clone().into(),
            hashes: self.hashes.clone(),
            checkpoint: None,
            month: None,
        })
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: LeafRecord = cbor::from_slice(bytes).ok()?;
        Some(Self { leaf: record.leaf.into(), hashes: record.hashes })
    }
}

/// One input of an own request: what only the organisation and its officers may see.
#[derive(Clone, PartialEq, Eq)]
pub struct AskedInput {
    /// The kind of linkage key, by its Dutch name.
    pub kind: String,
    /// Its value. Personal data.
    pub value: Zeroizing<Vec<u8>>,
    /// Own families that had it when it was asked: at most four.
    pub families: Vec<FamilyRef>,
}

/// What is kept of an own request until its retention ends: the first record of each says what caused it.
#[derive(Clone, PartialEq, Eq)]
pub struct AskedInputs {
    /// The salt of the commitment to the cause, and the place of the cause in the main log.
    pub cause: ([u8; 32], u64),
    /// Some of the inputs, in order; what filled the request up is not among them.
    pub inputs: Vec<AskedInput>,
}

#[derive(Encode, Decode)]
struct InputsRecord {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 32],
    #[n(1)]
    place: u64,
    #[n(2)]
    inputs: Vec<InputRecord>,
}

#[derive(Encode, Decode)]
struct InputRecord {
    #[n(0)]
    kind: String,
    #[n(1)]
    value: ByteVec,
    #[n(2)]
    families: Vec<String>,
}

impl AskedInput {
    pub(super) fn new<'a>(
        kind: &str,
        value: &[u8],
        families: impl IntoIterator<Item = &'a FamilyRef>,
    ) -> Self {
        let families = families.into_iter().take(FAMILIES_PER_INPUT).cloned().collect();
        Self { kind: kind.to_owned(), value: Zeroizing::new(value.to_vec()), families }
    }
}

impl AskedInputs {
    /// The record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let input = |input: &AskedInput| InputRecord {
            kind: input.kind.clone(),
            value: input.value.to_vec().into(),
            families: input.families.iter().map(|family| family.as_str().to_owned()).collect(),
        };
        let (salt, place) = self.cause;
        cbor::to_vec(&InputsRecord { salt, place, inputs: self.inputs.iter().map(input).collect() })
    }

    /// Reads the record; `None` for one that this version did not write.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let InputsRecord { salt, place, inputs } = cbor::from_slice(bytes).ok()?;
        let input = |record: InputRecord| {
            let families = record.families.iter().map(|family| FamilyRef::new(family).ok());
            let families: Option<Vec<FamilyRef>> = families.collect();
            let value = Zeroizing::new(record.value.into());
            Some(AskedInput { kind: record.kind, value, families: families? })
        };
        let inputs: Option<Vec<AskedInput>> = inputs.into_iter().map(input).collect();
        Some(Self { cause: (salt, place), inputs: inputs? })
    }
}

/// Key of an own leaf.
#[must_use]
pub fn own_leaf_key(place: u64) -> Vec<u8> {
    place.to_be_bytes().to_vec()
}

/// Key of some inputs of an own request: those from a position on.
#[must_use]
pub fn inputs_key(place: u64, position: u32) -> Vec<u8> {
    [place.to_be_bytes().as_slice(), &position.to_be_bytes()].concat()
}

/// Key of the only record about the own log as a whole.
pub(super) fn own_head_key() -> Vec<u8> {
    b"head".to_vec()
}

/// Key of what is held of a member's log as a whole.
pub(super) fn held_log_key(member: &Oin) -> Vec<u8> {
    member.as_str().as_bytes().to_vec()
}

/// Key of a leaf of a member.
pub(super) fn held_leaf_key(member: &Oin, place: u64) -> Vec<u8> {
    [member.as_str().as_bytes(), &place.to_be_bytes()].concat()
}
