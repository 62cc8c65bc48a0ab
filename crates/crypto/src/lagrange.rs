//! Lagrange interpolation over the scalars of ristretto255, and in its exponent. All input here is public, so
//! nothing here takes care of timing.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};

/// The coefficients λ_j with f(at) = Σ λ_j·f(indices_j) for every polynomial f of degree below the number of
/// indices. The indices are distinct.
pub(crate) fn coefficients(at: u16, indices: &[u16]) -> Vec<Scalar> {
    let at = Scalar::from(at);
    let coefficient = |index: u16| {
        let own = Scalar::from(index);
        let others = || indices.iter().filter(|other| **other != index).map(|other| Scalar::from(*other));
        let numerator: Scalar = others().map(|other| at - other).product();
        let denominator: Scalar = others().map(|other| own - other).product();
        numerator * denominator.invert()
    };
    indices.iter().map(|index| coefficient(*index)).collect()
}

/// f(at)·G from the points f(indices_j)·G.
pub(crate) fn interpolate(at: u16, indices: &[u16], points: &[RistrettoPoint]) -> RistrettoPoint {
    RistrettoPoint::vartime_multiscalar_mul(coefficients(at, indices), points)
}

/// Interpolation at zero of many batches over the same indices.
///
/// The coefficients at zero are fractions of small integers: over 1, 2, 3 they are 3, −3, 1. So a combined point
/// is a handful of additions, and the common denominator can be divided out together with the blind.
#[derive(Debug)]
pub(crate) struct AtZero {
    weights: Weights,
    denominator: Scalar,
}

#[derive(Debug)]
enum Weights {
    /// Numerators over the common denominator.
    Small(Vec<i128>),
    /// The coefficients themselves, over one: for indices so large that the numerators do not fit.
    Full(Vec<Scalar>),
}

impl AtZero {
    /// Prepares for these indices, which are distinct and not zero.
    pub(crate) fn new(indices: &[u16]) -> Self {
        match small_integers(indices) {
            Some((numerators, denominator)) => {
                Self { weights: Weights::Small(numerators), denominator: Scalar::from(denominator) }
            }
            None => Self { weights: Weights::Full(coefficients(0, indices)), denominator: Scalar::ONE },
        }
    }

    /// What [`AtZero::multiple`] must still be divided by.
    pub(crate) const fn denominator(&self) -> Scalar {
        self.denominator
    }

    /// denominator · f(0)·G from the points f(indices_j)·G, one per index in order.
    pub(crate) fn multiple(&self, points: &[RistrettoPoint]) -> RistrettoPoint {
        match &self.weights {
            Weights::Small(numerators) => small_multiscalar(numerators, points),
            Weights::Full(coefficients) => RistrettoPoint::vartime_multiscalar_mul(coefficients, points),
        }
    }
}

/// The coefficients at zero as integers over one common denominator; `None` when they do not fit.
fn small_integers(indices: &[u16]) -> Option<(Vec<i128>, u128)> {
    let mut fractions = Vec::with_capacity(indices.len());
    for own in indices {
        let (mut numerator, mut denominator) = (1_i128, 1_i128);
        for other in indices.iter().filter(|other| *other != own) {
            numerator = numerator.checked_mul(i128::from(*other))?;
            denominator = denominator.checked_mul(i128::from(*other) - i128::from(*own))?;
        }
        let common = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).cast_signed();
        fractions.push((numerator / common, denominator / common));
    }
    let mut multiple = 1_u128;
    for (_, denominator) in &fractions {
        let denominator = denominator.unsigned_abs();
        multiple = multiple.checked_mul(denominator / gcd(multiple, denominator))?;
    }
    let signed = i128::try_from(multiple).ok()?;
    let numerators: Option<Vec<i128>> = fractions
        .into_iter()
        .map(|(numerator, denominator)| numerator.checked_mul(signed / denominator))
        .collect();
    Some((numerators?, multiple))
}

const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Σ weight·point by doubling and adding over the few bits that the weights have.
fn small_multiscalar(weights: &[i128], points: &[RistrettoPoint]) -> RistrettoPoint {
    let bits = weights.iter().map(|weight| 128 - weight.unsigned_abs().leading_zeros()).max().unwrap_or(0);
    let mut sum = RistrettoPoint::identity();
    for bit in (0..bits).rev() {
        sum += sum;
        for (weight, point) in weights.iter().zip(points) {
            if weight.unsigned_abs() >> bit & 1 == 1 {
                if *weight < 0 { sum -= point } else { sum += point }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 7 + 5x + 3x², at any index.
    fn value(at: u16) -> Scalar {
        let at = Scalar::from(at);
        Scalar::from(7_u8) + Scalar::from(5_u8) * at + Scalar::from(3_u8) * at * at
    }

    fn points(indices: &[u16]) -> Vec<RistrettoPoint> {
        indices.iter().map(|index| RistrettoPoint::mul_base(&value(*index))).collect()
    }

    #[test]
    fn three_points_determine_a_parabola() {
        for indices in [&[1, 2, 3][..], &[2, 5, 9], &[65_535, 1, 300], &[1, 2, 3, 4, 5]] {
            for at in [0, 1, 17, 65_535] {
                let expected = RistrettoPoint::mul_base(&value(at));
                assert_eq!(interpolate(at, indices, &points(indices)), expected, "{indices:?} at {at}");
            }
        }
        assert_ne!(interpolate(0, &[1, 2], &points(&[1, 2])), RistrettoPoint::mul_base(&value(0)));
    }

    #[test]
    fn both_ways_of_combining_agree() {
        let many: Vec<u16> = (0..12).map(|i| 65_535 - 977 * i).collect();
        for (indices, small) in
            [(&[1, 2, 3][..], true), (&[2, 5, 9], true), (&[7, 40, 41, 99, 150], true), (&many, false)]
        {
            let at_zero = AtZero::new(indices);
            assert_eq!(matches!(at_zero.weights, Weights::Small(_)), small, "{indices:?}");
            let combined = at_zero.multiple(&points(indices)) * at_zero.denominator().invert();
            assert_eq!(combined, RistrettoPoint::mul_base(&value(0)), "{indices:?}");
        }
        assert_eq!(small_integers(&[1, 2, 3]), Some((vec![3, -3, 1], 1)));
    }
}
