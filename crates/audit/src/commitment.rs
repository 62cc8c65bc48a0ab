//! Commitments that can be forgotten: a log holds thirty-two bytes, and what they stand for is kept elsewhere with a salt.
//! Without the salt nobody can try out what it might have been, so erasing salt and details leaves the tree whole and
//! says nothing more of anybody.

use std::fmt;

use crypto::{Digest, Seed, digest};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::LeafHash;

const DETAILS_LABEL: &str = "samenhang details v1";
const CAUSE_LABEL: &str = "samenhang cause v1";

/// Thirty-two random bytes, for one commitment only. As secret as what it hides, and erased with it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt of a fresh seed.
    #[must_use]
    pub fn from_seed(seed: &Seed) -> Self {
        Self(*seed.reveal())
    }

    /// Wraps bytes from sealed storage or from an opening.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. Only for sealed storage, and for who may see what is committed to.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(redacted)")
    }
}

/// What a log holds in the place of something that must stay erasable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Commitment(#[n(0)] Digest);

impl Commitment {
    /// Wraps the bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Digest::from_bytes(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Commits to personal details, field by field.
    #[must_use]
    pub fn to_details(salt: &Salt, fields: &[&[u8]]) -> Self {
        let fields = [&[salt.0.as_slice()], fields].concat();
        Self(digest(DETAILS_LABEL, &fields))
    }

    /// Commits to an entry of the main log, by its place and hash: what caused an evaluation. Keyholders, who see the
    /// commitment, do not learn which entry it is, nor that two evaluations have one cause.
    #[must_use]
    pub fn to_cause(salt: &Salt, place: u64, entry: LeafHash) -> Self {
        Self(digest(CAUSE_LABEL, &[&salt.0, &place.to_be_bytes(), entry.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(byte: u8) -> Salt {
        Salt::from_bytes([byte; 32])
    }

    #[test]
    fn a_commitment_fits_one_salt_and_one_list_of_fields() {
        let held = Commitment::to_details(&salt(1), &[b"Jansen", b"2015-06-17"]);
        let same = |salt, fields: &[&[u8]]| Commitment::to_details(&salt, fields) == held;
        assert!(same(salt(1), &[b"Jansen", b"2015-06-17"]));
        assert!(!same(salt(2), &[b"Jansen", b"2015-06-17"]));
        assert!(!same(salt(1), &[b"Jansen2", b"015-06-17"]));
        assert!(!same(salt(1), &[b"Jansen", b"2015-06-17", b""]));
        assert!(!same(salt(1), &[b"Jansen"]));
    }

    #[test]
    fn a_cause_is_one_entry_at_one_place() {
        let held = Commitment::to_cause(&salt(1), 7, LeafHash::of(b"entry"));
        assert_ne!(held, Commitment::to_cause(&salt(1), 8, LeafHash::of(b"entry")));
        assert_ne!(held, Commitment::to_cause(&salt(1), 7, LeafHash::of(b"other")));
        assert_ne!(held, Commitment::to_cause(&salt(2), 7, LeafHash::of(b"entry")));
        let (place, hash) = (7_u64.to_be_bytes(), LeafHash::of(b"entry"));
        assert_ne!(held, Commitment::to_details(&salt(1), &[&place, hash.as_bytes()]), "of its own kind");
    }

    #[test]
    fn debug_says_nothing_of_the_salt() {
        assert_eq!(format!("{:?}", salt(1)), "Salt(redacted)");
    }
}
