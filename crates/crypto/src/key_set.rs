//! Key sets: which key the keyholders made together for one epoch and class, and with which shares.
//!
//! A key set is a document that every participant of its ceremony signed. [`SignedKeySet::verify`] turns it into
//! a [`KeySet`]; nothing downstream checks again.

mod ceremony;
mod document;
mod error;

use std::collections::BTreeMap;

pub use ceremony::{CeremonyId, Keyholder, KeyholderSection};
use curve25519_dalek::ristretto::RistrettoPoint;
pub use document::{KeySetDocument, SignedKeySet};
pub use error::KeySetError;

use crate::transcript::Digest;

/// A verified key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    ceremony: CeremonyId,
    threshold: u16,
    group_key: [u8; 32],
    shares: BTreeMap<u16, VerifyingShare>,
    digest: Digest,
}

/// A keyholder's public share, encoded and decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerifyingShare {
    pub(crate) bytes: [u8; 32],
    pub(crate) point: RistrettoPoint,
}

impl KeySet {
    /// The ceremony that made it.
    #[must_use]
    pub const fn ceremony(&self) -> &CeremonyId {
        &self.ceremony
    }

    /// How many keyholders one evaluation needs.
    #[must_use]
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// The public key of the whole.
    #[must_use]
    pub const fn group_key(&self) -> &[u8; 32] {
        &self.group_key
    }

    /// The verifying share of one keyholder.
    #[must_use]
    pub fn verifying_share(&self, index: u16) -> Option<&[u8; 32]> {
        self.shares.get(&index).map(|share| &share.bytes)
    }

    /// The keyholders that hold a share, ascending.
    pub fn indices(&self) -> impl Iterator<Item = u16> + '_ {
        self.shares.keys().copied()
    }

    /// The digest of the document, by which heads and evaluations name it.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn share(&self, index: u16) -> Option<&VerifyingShare> {
        self.shares.get(&index)
    }
}
