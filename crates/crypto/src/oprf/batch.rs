//! The client's side: blinding a batch, verifying evaluations, combining and unblinding.

use std::collections::BTreeMap;
use std::fmt;

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroizing;

use super::proof::{self, Elements};
use super::suite::{finalize, hash_to_group};
use super::{Evaluation, MAX_BATCH, OprfError};
use crate::key_set::KeySet;
use crate::lagrange::AtZero;
use crate::point;
use crate::seed::Seed;
use crate::tag::PseudonymKey;
use crate::transcript::{Digest, digest};

const BLIND_LABEL: &[u8; 18] = b"samenhang blind v1";
const FILLING_LABEL: &[u8; 20] = b"samenhang filling v1";
const BATCH_LABEL: &str = "samenhang batch v1";

/// Inputs blinded for one request. Inputs and blinds are wiped when dropped. The same inputs, seed and request
/// id give the same batch again, so a node that was stopped goes on where it was.
pub struct BlindedBatch {
    inputs: Vec<Zeroizing<Vec<u8>>>,
    blinds: Zeroizing<Vec<Scalar>>,
    points: Vec<RistrettoPoint>,
    elements: Vec<[u8; 32]>,
    id: Digest,
}

impl BlindedBatch {
    /// Blinds each input with the scalar that the day's seed, the request id and its position determine.
    ///
    /// # Errors
    /// No or too many inputs, or one that is empty or too long.
    pub fn new(inputs: &[impl AsRef<[u8]>], seed: &Seed, request_id: &[u8; 16]) -> Result<Self, OprfError> {
        let positions = (0_u32..).take(inputs.len().min(MAX_BATCH + 1));
        Self::blind(inputs, Zeroizing::new(positions.map(|j| scalar(seed, request_id, j)).collect()))
    }

    /// Blinds with given scalars: for conformance vectors and for verifying openings. Whoever blinds two
    /// requests with one scalar links them.
    ///
    /// # Errors
    /// As [`BlindedBatch::new`], or the blinds are not one canonical scalar, not zero, per input.
    pub fn with_blinds(inputs: &[impl AsRef<[u8]>], blinds: &[[u8; 32]]) -> Result<Self, OprfError> {
        let decode = |bytes: &[u8; 32]| {
            Option::from(Scalar::from_canonical_bytes(*bytes)).filter(|blind| *blind != Scalar::ZERO)
        };
        let blinds: Option<Vec<Scalar>> = blinds.iter().map(decode).collect();
        let blinds = blinds.filter(|blinds| blinds.len() == inputs.len()).ok_or(OprfError::Blind)?;
        Self::blind(inputs, Zeroizing::new(blinds))
    }

    fn blind(inputs: &[impl AsRef<[u8]>], blinds: Zeroizing<Vec<Scalar>>) -> Result<Self, OprfError> {
        if inputs.is_empty() || inputs.len() > MAX_BATCH {
            return Err(OprfError::BatchSize { found: inputs.len() });
        }
        let usable = |input: &[u8]| !input.is_empty() && input.len() <= usize::from(u16::MAX);
        if let Some(position) = inputs.iter().position(|input| !usable(input.as_ref())) {
            return Err(OprfError::Input { position });
        }
        let points: Vec<RistrettoPoint> = inputs
            .iter()
            .zip(blinds.iter())
            .map(|(input, blind)| hash_to_group(input.as_ref()) * blind)
            .collect();
        let elements: Vec<[u8; 32]> = points.iter().map(|point| point.compress().to_bytes()).collect();
        let inputs = inputs.iter().map(|input| Zeroizing::new(input.as_ref().to_vec())).collect();
        let id = digest(BATCH_LABEL, &[elements.as_flattened()]);
        Ok(Self { inputs, blinds, points, elements, id })
    }

    /// What goes to the keyholders: one blinded element per input.
    #[must_use]
    pub fn elements(&self) -> &[[u8; 32]] {
        &self.elements
    }

    /// Verifies one keyholder's answer against its verifying share. All or nothing: one wrong element spoils the
    /// proof of the batch.
    ///
    /// # Errors
    /// Names the keyholder, who holds no share or answered wrongly.
    pub fn verify(
        &self,
        key_set: &KeySet,
        index: u16,
        evaluation: &Evaluation,
    ) -> Result<VerifiedEvaluation, OprfError> {
        let share = key_set.share(index).ok_or(OprfError::Stranger { index })?;
        if evaluation.elements.len() != self.elements.len() {
            return Err(OprfError::Evaluation { index });
        }
        let points: Option<Vec<RistrettoPoint>> = evaluation.elements.iter().map(point::decode).collect();
        let points = points.ok_or(OprfError::Evaluation { index })?;
        let blinded = Elements { points: &self.points, bytes: &self.elements };
        let evaluated = Elements { points: &points, bytes: &evaluation.elements };
        if !proof::verify(&share.point, &share.bytes, blinded, evaluated, &evaluation.proof) {
            return Err(OprfError::Proof { index });
        }
        Ok(VerifiedEvaluation { index, key_set: key_set.digest(), batch: self.id, points })
    }

    /// Combines a threshold of verified evaluations, those of the lowest indices, and gives each input its `K`.
    ///
    /// # Errors
    /// Fewer than the threshold of different keyholders, or an evaluation of another batch or key set.
    pub fn finish(
        &self,
        key_set: &KeySet,
        verified: &[VerifiedEvaluation],
    ) -> Result<Vec<PseudonymKey>, OprfError> {
        let outputs = self.finish_raw(key_set, verified)?;
        Ok(outputs.iter().map(|output| PseudonymKey::from_output(output)).collect())
    }

    /// The outputs of RFC 9497 themselves, for conformance tests.
    ///
    /// # Errors
    /// As [`BlindedBatch::finish`].
    pub fn finish_raw(
        &self,
        key_set: &KeySet,
        verified: &[VerifiedEvaluation],
    ) -> Result<Vec<Zeroizing<[u8; 64]>>, OprfError> {
        let (at_zero, multiples) = self.combine(key_set, verified)?;
        // Dividing by the blind and by the common denominator is one multiplication, by a secret scalar and hence
        // in constant time; the factor two is what the batched encoding multiplies by.
        let factor = at_zero.denominator() + at_zero.denominator();
        let mut divisors: Zeroizing<Vec<Scalar>> =
            Zeroizing::new(self.blinds.iter().map(|blind| blind * factor).collect());
        Scalar::batch_invert(&mut divisors);
        let halves: Zeroizing<Vec<RistrettoPoint>> = Zeroizing::new(
            multiples.iter().zip(divisors.iter()).map(|(point, inverse)| point * inverse).collect(),
        );
        let unblinded = Zeroizing::new(RistrettoPoint::double_and_compress_batch(halves.iter()));
        let output = |(input, element): (&Zeroizing<Vec<u8>>, &CompressedRistretto)| {
            Zeroizing::new(finalize(input, element.as_bytes()))
        };
        Ok(self.inputs.iter().zip(unblinded.iter()).map(output).collect())
    }

    /// The evaluated elements that the whole key would have returned, still blinded, for conformance tests.
    ///
    /// # Errors
    /// As [`BlindedBatch::finish`].
    pub fn combined_elements(
        &self,
        key_set: &KeySet,
        verified: &[VerifiedEvaluation],
    ) -> Result<Vec<[u8; 32]>, OprfError> {
        let (at_zero, multiples) = self.combine(key_set, verified)?;
        let inverse = at_zero.denominator().invert();
        Ok(multiples.into_iter().map(|point| (point * inverse).compress().to_bytes()).collect())
    }

    /// Each evaluated element of the whole key, times the denominator that comes with it.
    fn combine(
        &self,
        key_set: &KeySet,
        verified: &[VerifiedEvaluation],
    ) -> Result<(AtZero, Vec<RistrettoPoint>), OprfError> {
        let mut chosen = BTreeMap::new();
        for evaluation in verified {
            if evaluation.key_set != key_set.digest() || evaluation.batch != self.id {
                return Err(OprfError::Mixed { index: evaluation.index });
            }
            chosen.insert(evaluation.index, evaluation.points.as_slice());
        }
        let needed = usize::from(key_set.threshold());
        if chosen.len() < needed {
            return Err(OprfError::TooFew { found: chosen.len(), needed });
        }
        let (indices, mut columns): (Vec<u16>, Vec<_>) =
            chosen.into_iter().take(needed).map(|(index, points)| (index, points.iter().copied())).unzip();
        let at_zero = AtZero::new(&indices);
        let mut row = Vec::with_capacity(needed);
        let mut multiples = Vec::with_capacity(self.points.len());
        for _ in &self.points {
            row.clear();
            row.extend(columns.iter_mut().filter_map(Iterator::next));
            multiples.push(at_zero.multiple(&row));
        }
        Ok((at_zero, multiples))
    }
}

impl fmt::Debug for BlindedBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlindedBatch({} inputs, redacted)", self.inputs.len())
    }
}

/// One keyholder's answer to one batch under one key set, its proof verified.
#[derive(Clone, Debug)]
pub struct VerifiedEvaluation {
    index: u16,
    key_set: Digest,
    batch: Digest,
    points: Vec<RistrettoPoint>,
}

impl VerifiedEvaluation {
    /// Whose answer it is.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }
}

/// The blinding scalar of position `j` in a request, canonical and little-endian: 64 bytes of HKDF-Expand(seed,
/// "samenhang blind v1" ‖ request id ‖ j as 32 bits big-endian), modulo the order of the group. Secret.
#[must_use]
pub fn blind_scalar(seed: &Seed, request_id: &[u8; 16], j: u32) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(scalar(seed, request_id, j).to_bytes())
}

/// The value of the input that fills position `j` of a request whose size must not tell how much is asked: 16 bytes of
/// HKDF-Expand(seed, "samenhang filling v1" ‖ request id ‖ j as 32 bits big-endian). So whoever opens the day's seed knows
/// it again.
#[must_use]
pub fn filling_value(seed: &Seed, request_id: &[u8; 16], j: u32) -> [u8; 16] {
    let mut value = [0; 16];
    seed.expand(&[FILLING_LABEL.as_slice(), request_id, &j.to_be_bytes()].concat(), &mut value);
    value
}

/// Zero comes out once in 2²⁵² and would show as an element that every keyholder refuses.
fn scalar(seed: &Seed, request_id: &[u8; 16], j: u32) -> Scalar {
    let info = [BLIND_LABEL.as_slice(), request_id, &j.to_be_bytes()].concat();
    let mut wide = Zeroizing::new([0; 64]);
    seed.expand(&info, wide.as_mut());
    Scalar::from_bytes_mod_order_wide(&wide)
}
