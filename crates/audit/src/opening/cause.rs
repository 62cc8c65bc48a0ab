//! What an opening shows of the main log: the entry that caused the evaluation, which the leaf commits to.

use crypto::VerifyingKey;
use domain::{NetworkId, Oin};
use minicbor::{Decode, Encode};

use super::OpeningError;
use crate::{
    Checkpoint, Commitment, InclusionProof, LeafHash, MAX_ENTRY_BYTES, Origin, Salt, SignedCheckpoint,
};

/// An entry of the main log and the salt by which a leaf commits to it. The entry holds commitments in the place of
/// personal details, and shows none.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Cause {
    #[cbor(n(0), with = "minicbor::bytes")]
    salt: [u8; 32],
    #[n(1)]
    place: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    entry: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    checkpoint: Vec<u8>,
    #[n(4)]
    inclusion: InclusionProof,
}

impl Cause {
    /// Shows the entry at a place of the main log under one of its checkpoints.
    #[must_use]
    pub fn new(
        salt: &Salt,
        place: u64,
        entry: Vec<u8>,
        checkpoint: &SignedCheckpoint,
        inclusion: InclusionProof,
    ) -> Self {
        Self { salt: *salt.reveal(), place, entry, checkpoint: checkpoint.to_bytes(), inclusion }
    }

    /// Where the entry stands in the main log.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// The entry's bytes.
    #[must_use]
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    /// Checks that the leaf commits to this entry and that it stands in the main log. Returns the checkpoint that says so.
    pub(super) fn verify(
        &self,
        commitment: Commitment,
        network: NetworkId,
        keeper: Oin,
        key: &VerifyingKey,
    ) -> Result<Checkpoint, OpeningError> {
        let hash = LeafHash::of(&self.entry);
        let is_bounded = self.entry.len() <= MAX_ENTRY_BYTES;
        if !is_bounded || Commitment::to_cause(&Salt::from_bytes(self.salt), self.place, hash) != commitment {
            return Err(OpeningError::Cause);
        }
        let origin = Origin::main_log(network, keeper);
        let signed =
            SignedCheckpoint::verify(&self.checkpoint, &origin, key).map_err(|_| OpeningError::Cause)?;
        let Checkpoint { size, root, .. } = *signed.checkpoint();
        self.inclusion.check(hash, self.place, size, root).map_err(|_| OpeningError::Cause)?;
        Ok(signed.checkpoint().clone())
    }
}
