//! The ciphersuite: hashing to the group and to scalars under the contexts of RFC 9497, and its final hash.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use sha2::{Digest, Sha512};
use voprf::{CipherSuite, Group, Ristretto255};

/// `"Seed-" || contextString` (RFC 9497 §2.2.1, §3.1 with mode 0x01).
pub(super) const SEED_DST: &[u8] = b"Seed-OPRFV1-\x01-ristretto255-SHA512";
const HASH_TO_GROUP_DST: &[u8] = b"HashToGroup-OPRFV1-\x01-ristretto255-SHA512";
const HASH_TO_SCALAR_DST: &[u8] = b"HashToScalar-OPRFV1-\x01-ristretto255-SHA512";

/// The length prefix of an element, I2OSP(32, 2).
pub(super) const ELEMENT_LEN: [u8; 2] = [0, 32];

/// `HashToGroup`; the input is 1 to 65,535 bytes.
pub(super) fn hash_to_group(input: &[u8]) -> RistrettoPoint {
    Ristretto255::hash_to_curve::<<Ristretto255 as CipherSuite>::Hash>(&[input], &[HASH_TO_GROUP_DST])
        .expect("the caller bounds the input")
}

/// `HashToScalar` of the parts together, which are 1 to 65,535 bytes.
pub(super) fn hash_to_scalar(parts: &[&[u8]]) -> Scalar {
    Ristretto255::hash_to_scalar::<<Ristretto255 as CipherSuite>::Hash>(parts, &[HASH_TO_SCALAR_DST])
        .expect("the caller bounds the input")
}

/// The last step of `Finalize` (RFC 9497 §3.3.2).
pub(super) fn finalize(input: &[u8], unblinded: &[u8; 32]) -> [u8; 64] {
    let length = u16::try_from(input.len()).expect("the batch bounds its inputs");
    Sha512::new()
        .chain_update(length.to_be_bytes())
        .chain_update(input)
        .chain_update(ELEMENT_LEN)
        .chain_update(unblinded)
        .chain_update(b"Finalize")
        .finalize()
        .into()
}
