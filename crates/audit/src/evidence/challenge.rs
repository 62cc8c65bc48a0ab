//! Two checkpoints of different sizes that nobody has shown to be of one log. That they are not cannot be proven by whoever
//! has no entries; that they are can be proven by the keeper alone, and an honest one does. Until then the challenge stands.

use crypto::{Document, TypeName, VerifyingKey, cbor};
use minicbor::{Decode, Encode};

use super::read;
use crate::{AuditError, Checkpoint, ConsistencyProof, Origin, SignedCheckpoint};

/// A smaller and a larger checkpoint, as they were signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Challenge {
    #[n(0)]
    kind: TypeName<Self>,
    #[cbor(n(1), with = "minicbor::bytes")]
    earlier: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    later: Vec<u8>,
}

impl Document for Challenge {
    const LABEL: &'static str = "samenhang challenge v1";
}

impl Challenge {
    /// Challenges a keeper to show that a later checkpoint continues an earlier one.
    #[must_use]
    pub fn new(earlier: &SignedCheckpoint, later: &SignedCheckpoint) -> Self {
        Self { kind: TypeName::new(), earlier: earlier.to_bytes(), later: later.to_bytes() }
    }

    /// Reads a challenge.
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

    /// Verifies that the keeper owes an answer: it signed both, and something is to be shown. Returns the two sizes.
    ///
    /// # Errors
    /// A checkpoint is not the keeper's, or there is nothing to show between these two.
    pub fn verify(&self, origin: &Origin, key: &VerifyingKey) -> Result<(u64, u64), AuditError> {
        let (earlier, later) = self.checkpoints(origin, key)?;
        let is_open = 0 < earlier.size && earlier.size < later.size;
        if is_open { Ok((earlier.size, later.size)) } else { Err(AuditError::ProvesNothing) }
    }

    /// Whether an answer shows that the later checkpoint continues the earlier one, which ends the challenge.
    ///
    /// # Errors
    /// It does not, or the challenge is none.
    pub fn answered_by(
        &self,
        proof: &ConsistencyProof,
        origin: &Origin,
        key: &VerifyingKey,
    ) -> Result<(), AuditError> {
        let (earlier, later) = self.checkpoints(origin, key)?;
        proof.check((earlier.size, earlier.root), (later.size, later.root))
    }

    fn checkpoints(
        &self,
        origin: &Origin,
        key: &VerifyingKey,
    ) -> Result<(Checkpoint, Checkpoint), AuditError> {
        let earlier = SignedCheckpoint::verify(&self.earlier, origin, key)?;
        let later = SignedCheckpoint::verify(&self.later, origin, key)?;
        Ok((earlier.checkpoint().clone(), later.checkpoint().clone()))
    }
}
