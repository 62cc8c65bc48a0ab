//! Making and verifying a keyholder's batched proof (RFC 9497 §2.2.1 and §2.2.2): one multiscalar multiplication over all
//! blinded elements, and for the verifier one over all evaluated, instead of one or two multiplications an element.
//!
//! Elements and weights are public, so variable-time arithmetic on them leaks nothing; whatever touches the key or the
//! nonce is in constant time. The `voprf` crate is the oracle: the tests hold both to accept and refuse the same, and
//! the vectors of the RFC hold the prover to every byte.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use sha2::{Digest, Sha512};

use super::suite::{ELEMENT_LEN, SEED_DST, hash_to_scalar};

/// Points with their encodings.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    pub(super) points: &'a [RistrettoPoint],
    pub(super) bytes: &'a [[u8; 32]],
}

/// Whether `proof` shows that one key, of which `public` is the public key, took each blinded element to the
/// evaluated element in the same place. The two lists are equally long and hold at most 65,535 elements.
pub(super) fn verify(
    public: &RistrettoPoint,
    public_bytes: &[u8; 32],
    blinded: Elements<'_>,
    evaluated: Elements<'_>,
    proof: &[u8; 64],
) -> bool {
    let Some((challenge, response)) = scalars(proof) else { return false };
    let weights = weights(public_bytes, blinded.bytes, evaluated.bytes);
    let m = RistrettoPoint::vartime_multiscalar_mul(&weights, blinded.points);
    let z = RistrettoPoint::vartime_multiscalar_mul(&weights, evaluated.points);
    let t2 = RistrettoPoint::vartime_double_scalar_mul_basepoint(&challenge, public, &response);
    let t3 = RistrettoPoint::vartime_multiscalar_mul([response, challenge], [m, z]);
    challenge_of(public_bytes, [m, z, t2, t3]) == challenge
}

/// Proves that `key`, of which `public_bytes` is the public key, took each blinded element to the evaluated element in
/// the same place, with a nonce that is used for nothing else.
pub(super) fn prove(
    key: &Scalar,
    public_bytes: &[u8; 32],
    blinded: Elements<'_>,
    evaluated: &[[u8; 32]],
    nonce: &Scalar,
) -> [u8; 64] {
    let weights = weights(public_bytes, blinded.bytes, evaluated);
    let m = RistrettoPoint::vartime_multiscalar_mul(&weights, blinded.points);
    let challenge = challenge_of(public_bytes, [m, m * key, RistrettoPoint::mul_base(nonce), m * nonce]);
    let response = nonce - challenge * key;
    let mut proof = [0; 64];
    let (first, second) = proof.split_at_mut(32);
    first.copy_from_slice(challenge.as_bytes());
    second.copy_from_slice(response.as_bytes());
    proof
}

fn challenge_of(public_bytes: &[u8; 32], points: [RistrettoPoint; 4]) -> Scalar {
    let [a0, a1, a2, a3] = points.map(|point| point.compress().to_bytes());
    hash_to_scalar(&[
        &ELEMENT_LEN,
        public_bytes,
        &ELEMENT_LEN,
        &a0,
        &ELEMENT_LEN,
        &a1,
        &ELEMENT_LEN,
        &a2,
        &ELEMENT_LEN,
        &a3,
        b"Challenge",
    ])
}

/// Challenge and response; like the oracle, refuses zero and every encoding but the canonical one.
fn scalars(proof: &[u8; 64]) -> Option<(Scalar, Scalar)> {
    let decode = |bytes: &[u8]| {
        let bytes = bytes.try_into().ok()?;
        Option::from(Scalar::from_canonical_bytes(bytes)).filter(|scalar| *scalar != Scalar::ZERO)
    };
    let (challenge, response) = proof.split_at(32);
    Some((decode(challenge)?, decode(response)?))
}

/// The weights d_i of `ComputeComposites` (RFC 9497 §2.2.1).
fn weights(public: &[u8; 32], blinded: &[[u8; 32]], evaluated: &[[u8; 32]]) -> Vec<Scalar> {
    let seed_dst_len = u16::try_from(SEED_DST.len()).expect("a short constant").to_be_bytes();
    let seed: [u8; 64] = Sha512::new()
        .chain_update(ELEMENT_LEN)
        .chain_update(public)
        .chain_update(seed_dst_len)
        .chain_update(SEED_DST)
        .finalize()
        .into();
    let weight = |((i, c), d): ((u16, &[u8; 32]), &[u8; 32])| {
        let position = i.to_be_bytes();
        hash_to_scalar(&[&[0, 64], &seed, &position, &ELEMENT_LEN, c, &ELEMENT_LEN, d, b"Composite"])
    };
    (0..u16::MAX).zip(blinded).zip(evaluated).map(weight).collect()
}
