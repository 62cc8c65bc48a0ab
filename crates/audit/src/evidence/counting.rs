//! Proof that an evaluation log does not count what it has: two of its own leaves that no honest log holds both of.

use crypto::{Document, TypeName, VerifyingKey, cbor};
use minicbor::{Decode, Encode};

use super::read;
use crate::{AuditError, EvaluationLeaf, InclusionProof, Origin, SignedCheckpoint};

/// What is wrong between two leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountingFault {
    /// The later leaf counts again what the earlier one under the same keys has counted.
    CountedTwice,
    /// The later leaf, right after the earlier one and under the same keys, counts what no leaf has.
    Uncounted,
    /// The later leaf is dated before the earlier one.
    DayBack,
}

/// A leaf as its keeper has shown it: under a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ShownLeaf {
    #[cbor(n(0), with = "minicbor::bytes")]
    checkpoint: Vec<u8>,
    #[n(1)]
    leaf: EvaluationLeaf,
    #[n(2)]
    inclusion: InclusionProof,
}

impl ShownLeaf {
    /// A leaf that stands in the log of a checkpoint.
    #[must_use]
    pub fn new(checkpoint: &SignedCheckpoint, leaf: EvaluationLeaf, inclusion: InclusionProof) -> Self {
        Self { checkpoint: checkpoint.to_bytes(), leaf, inclusion }
    }

    fn verify(&self, origin: &Origin, key: &VerifyingKey) -> Result<(), AuditError> {
        let signed = SignedCheckpoint::verify(&self.checkpoint, origin, key)?;
        let checkpoint = signed.checkpoint();
        self.inclusion.check(self.leaf.hash(), self.leaf.place, checkpoint.size, checkpoint.root)
    }
}

/// Two leaves of one log, the earlier first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CountingProof {
    #[n(0)]
    kind: TypeName<Self>,
    #[n(1)]
    earlier: ShownLeaf,
    #[n(2)]
    later: ShownLeaf,
}

impl Document for CountingProof {
    const LABEL: &'static str = "samenhang counting v1";
}

impl CountingProof {
    /// The proof that two leaves make; `None` when they make none.
    #[must_use]
    pub fn of(earlier: ShownLeaf, later: ShownLeaf) -> Option<Self> {
        fault(&earlier.leaf, &later.leaf)?;
        Some(Self { kind: TypeName::new(), earlier, later })
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// Not one in its one encoding, or longer than any.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AuditError> {
        read(bytes)
    }

    /// The bytes that are kept and passed on.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Verifies that the key signed a log, or two, with both leaves, and says what is wrong between them.
    ///
    /// # Errors
    /// A leaf does not stand in a log of the keeper, or the two prove nothing.
    pub fn verify(&self, origin: &Origin, key: &VerifyingKey) -> Result<CountingFault, AuditError> {
        self.earlier.verify(origin, key)?;
        self.later.verify(origin, key)?;
        fault(&self.earlier.leaf, &self.later.leaf).ok_or(AuditError::ProvesNothing)
    }
}

fn fault(earlier: &EvaluationLeaf, later: &EvaluationLeaf) -> Option<CountingFault> {
    if earlier.place >= later.place {
        return None;
    }
    let is_of_one_key_set = earlier.key_set == later.key_set;
    let before = later.counted_before();
    if is_of_one_key_set && before < earlier.counted {
        Some(CountingFault::CountedTwice)
    } else if is_of_one_key_set && later.place == earlier.place + 1 && before > earlier.counted {
        Some(CountingFault::Uncounted)
    } else if later.day < earlier.day {
        Some(CountingFault::DayBack)
    } else {
        None
    }
}
