//! Proof that a keeper signed two logs under one name.

use crypto::{Document, TypeName, VerifyingKey, cbor};
use minicbor::{Decode, Encode};

use super::read;
use crate::{AuditError, Checkpoint, InclusionProof, LeafHash, Origin, SignedCheckpoint};

/// What makes two checkpoints two logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForkKind {
    /// One size and two roots.
    OneSize {
        /// The size.
        size: u64,
    },
    /// Two entries at one place.
    OnePlace {
        /// The place.
        place: u64,
    },
    /// A period that was closed in two ways.
    ClosedTwice,
}

/// An entry as one of the two logs has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryAtPlace {
    /// Its hash.
    #[n(0)]
    pub entry: LeafHash,
    /// That it stands there.
    #[n(1)]
    pub inclusion: InclusionProof,
}

/// Two entries for one place, in the order of the checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct TwoEntries {
    #[n(0)]
    place: u64,
    #[n(1)]
    first: EntryAtPlace,
    #[n(2)]
    second: EntryAtPlace,
}

/// Two checkpoints that one log cannot have, as they were signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ForkProof {
    #[n(0)]
    kind: TypeName<Self>,
    #[cbor(n(1), with = "minicbor::bytes")]
    first: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    second: Vec<u8>,
    #[n(3)]
    entries: Option<TwoEntries>,
}

impl Document for ForkProof {
    const LABEL: &'static str = "samenhang fork v1";
}

impl ForkProof {
    /// The proof that two checkpoints make by themselves; `None` when they make none: then they may be of one log, or it
    /// takes entries or a [`Challenge`](super::Challenge) to tell.
    #[must_use]
    pub fn of(first: &SignedCheckpoint, second: &SignedCheckpoint) -> Option<Self> {
        kind(first.checkpoint(), second.checkpoint())?;
        let (first, second) = (first.to_bytes(), second.to_bytes());
        let (first, second) = if first <= second { (first, second) } else { (second, first) };
        Some(Self { kind: TypeName::new(), first, second, entries: None })
    }

    /// The proof that two checkpoints make with the entries that each has at one place. Whether it holds is for
    /// [`verify`](Self::verify).
    #[must_use]
    pub fn of_entries(
        place: u64,
        (first, at_first): (&SignedCheckpoint, EntryAtPlace),
        (second, at_second): (&SignedCheckpoint, EntryAtPlace),
    ) -> Self {
        let (one, other) = ((first.to_bytes(), at_first), (second.to_bytes(), at_second));
        let (one, other) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        let entries = TwoEntries { place, first: one.1, second: other.1 };
        Self { kind: TypeName::new(), first: one.0, second: other.0, entries: Some(entries) }
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// Not one in its one encoding, or longer than any.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        let proof: Self = read(bytes)?;
        // In one order, so that a proof has one form.
        if proof.first <= proof.second { Ok(proof) } else { Err(AuditError::MalformedEvidence) }
    }

    /// The bytes that are kept and passed on.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Verifies that the key signed two logs of this name, and says how that shows.
    ///
    /// # Errors
    /// A checkpoint is not the keeper's, or the two prove nothing.
    pub fn verify(&self, origin: &Origin, key: &VerifyingKey) -> Result<ForkKind, AuditError> {
        let first = SignedCheckpoint::verify(&self.first, origin, key)?;
        let second = SignedCheckpoint::verify(&self.second, origin, key)?;
        let (first, second) = (first.checkpoint(), second.checkpoint());
        let Some(entries) = &self.entries else {
            return kind(first, second).ok_or(AuditError::ProvesNothing);
        };
        let place = entries.place;
        entries.first.inclusion.check(entries.first.entry, place, first.size, first.root)?;
        entries.second.inclusion.check(entries.second.entry, place, second.size, second.root)?;
        let differ = entries.first.entry != entries.second.entry;
        if differ { Ok(ForkKind::OnePlace { place }) } else { Err(AuditError::ProvesNothing) }
    }
}

/// What two checkpoints of one name prove without more.
fn kind(first: &Checkpoint, second: &Checkpoint) -> Option<ForkKind> {
    if first.origin != second.origin || (first.size, first.root) == (second.size, second.root) {
        return None;
    }
    if first.origin.is_closed_period() {
        return Some(ForkKind::ClosedTwice);
    }
    (first.size == second.size).then_some(ForkKind::OneSize { size: first.size })
}
