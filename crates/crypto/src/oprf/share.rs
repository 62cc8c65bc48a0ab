//! The keyholder's side: a key share and its evaluations.

use std::fmt;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use voprf::{Group, Ristretto255};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::proof::{self, Elements};
use super::{MAX_BATCH, OprfError};
use crate::point;
use crate::seed::Seed;

const EVALUATE_LABEL: &str = "samenhang evaluate v1";

/// One keyholder's share of a key: an RFC 9497 private key. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeyShare {
    index: u16,
    secret: [u8; 32],
    verifying_share: [u8; 32],
}

impl KeyShare {
    /// A share from its canonical scalar.
    pub(crate) fn new(index: u16, secret: &[u8; 32]) -> Result<Self, OprfError> {
        let key = Zeroizing::new(scalar(secret).filter(|_| index != 0).ok_or(OprfError::KeyShare)?);
        let verifying_share = RistrettoPoint::mul_base(&key).compress().to_bytes();
        Ok(Self { index, secret: *secret, verifying_share })
    }

    /// For the key store only: index (2 bytes, big-endian), then the scalar (32 bytes).
    #[must_use]
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.index.to_be_bytes().as_slice(), &self.secret].concat())
    }

    /// Reads what [`KeyShare::to_secret_bytes`] wrote.
    ///
    /// # Errors
    /// The bytes are not a share.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, OprfError> {
        let (index, secret) = bytes.split_first_chunk().ok_or(OprfError::KeyShare)?;
        let secret = Zeroizing::new(<[u8; 32]>::try_from(secret).map_err(|_| OprfError::KeyShare)?);
        Self::new(u16::from_be_bytes(*index), &secret)
    }

    /// The keyholder's index; never zero.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// The public key that this share's proofs verify against.
    #[must_use]
    pub const fn verifying_share(&self) -> [u8; 32] {
        self.verifying_share
    }

    /// Evaluates a batch and proves it in one go. The proof's nonce is bound to share and batch, so a repeated
    /// seed gives nothing away.
    ///
    /// # Errors
    /// The requester sent no, too many, or unusable elements.
    pub fn evaluate(&self, elements: &[[u8; 32]], seed: &Seed) -> Result<Evaluation, OprfError> {
        let mut context: Vec<&[u8]> = vec![&self.verifying_share];
        context.extend(elements.iter().map(<[u8; 32]>::as_slice));
        self.evaluate_with(elements, &mut seed.generator(EVALUATE_LABEL, &context))
    }

    pub(super) fn evaluate_with<R>(
        &self,
        elements: &[[u8; 32]],
        generator: &mut R,
    ) -> Result<Evaluation, OprfError>
    where
        R: rand_core_06::RngCore + rand_core_06::CryptoRng,
    {
        if elements.is_empty() || elements.len() > MAX_BATCH {
            return Err(OprfError::BatchSize { found: elements.len() });
        }
        let decode = |(position, element): (usize, &[u8; 32])| {
            point::decode(element).ok_or(OprfError::Element { position })
        };
        let points: Vec<RistrettoPoint> =
            elements.iter().enumerate().map(decode).collect::<Result<_, _>>()?;
        let key = Zeroizing::new(scalar(&self.secret).expect("checked when the share was made"));
        // Multiplied by half the key, in constant time; the batched encoding multiplies by two.
        let half = Zeroizing::new(*key * Scalar::from(2_u8).invert());
        let halves: Vec<RistrettoPoint> = points.iter().map(|point| point * *half).collect();
        let evaluated: Vec<[u8; 32]> = RistrettoPoint::double_and_compress_batch(halves.iter())
            .iter()
            .map(CompressedRistretto::to_bytes)
            .collect();
        let nonce = Zeroizing::new(Ristretto255::random_scalar(generator));
        let blinded = Elements { points: &points, bytes: elements };
        let proof = proof::prove(&key, &self.verifying_share, blinded, &evaluated, &nonce);
        Ok(Evaluation { elements: evaluated, proof })
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyShare({}, redacted)", self.index)
    }
}

/// A canonical scalar other than zero.
fn scalar(secret: &[u8; 32]) -> Option<Scalar> {
    Option::from(Scalar::from_canonical_bytes(*secret)).filter(|scalar| *scalar != Scalar::ZERO)
}

/// A keyholder's answer to one request: as many elements, and one proof for all. Nothing here is proven before
/// [`super::BlindedBatch::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The evaluated elements, in the order of the request.
    pub elements: Vec<[u8; 32]>,
    /// Challenge and response of the proof.
    pub proof: [u8; 64],
}

#[cfg(test)]
mod tests {
    use rand_core_06::{CryptoRng, RngCore};

    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/rfc9497_a_1_2.txt");

    /// Gives one scalar, so that the proof's nonce is the RFC's.
    struct Fixed(Vec<u8>);

    impl RngCore for Fixed {
        fn next_u32(&mut self) -> u32 {
            unreachable!("scalars are drawn as bytes")
        }

        fn next_u64(&mut self) -> u64 {
            unreachable!("scalars are drawn as bytes")
        }

        fn fill_bytes(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
            bytes[..32].copy_from_slice(&self.0);
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
            self.fill_bytes(bytes);
            Ok(())
        }
    }

    impl CryptoRng for Fixed {}

    fn fields(name: &str) -> Vec<Vec<Vec<u8>>> {
        let values = VECTORS.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        values.map(|value| value.split(',').map(|part| hex::decode(part).unwrap()).collect()).collect()
    }

    #[test]
    fn a_keyholder_proves_exactly_as_the_rfc() {
        let secret = fields("skSm")[0][0].clone();
        let share = KeyShare::from_secret_bytes(&[&[0, 1], secret.as_slice()].concat()).unwrap();
        assert_eq!(share.verifying_share().to_vec(), fields("pkSm")[0][0]);
        let blinded = fields("BlindedElement");
        assert_eq!(blinded.len(), 3);
        for (vector, elements) in blinded.into_iter().enumerate() {
            let elements: Vec<[u8; 32]> = elements.into_iter().map(|e| e.try_into().unwrap()).collect();
            let mut nonce = Fixed(fields("ProofRandomScalar")[vector][0].clone());
            let evaluation = share.evaluate_with(&elements, &mut nonce).unwrap();
            assert_eq!(evaluation.proof.to_vec(), fields("Proof")[vector][0]);
            let evaluated: Vec<Vec<u8>> = evaluation.elements.iter().map(|e| e.to_vec()).collect();
            assert_eq!(evaluated, fields("EvaluationElement")[vector]);
        }
    }

    #[test]
    fn only_shares_are_read_back() {
        let bytes = |index: u8, secret: [u8; 32]| [&[0, index], secret.as_slice()].concat();
        let share = KeyShare::from_secret_bytes(&bytes(3, [1; 32])).unwrap();
        assert_eq!(share.index(), 3);
        assert_eq!(share.to_secret_bytes().as_slice(), bytes(3, [1; 32]));
        for refused in [
            bytes(0, [1; 32]),
            bytes(3, [0; 32]),
            bytes(3, [0xff; 32]),
            vec![],
            bytes(3, [1; 32])[..33].to_vec(),
        ] {
            assert_eq!(KeyShare::from_secret_bytes(&refused).unwrap_err(), OprfError::KeyShare);
        }
    }
}
