//! Seeds: all randomness of the pure crates, handed in from outside and spread by HKDF under labels.

use std::fmt;

use hkdf::Hkdf;
use rand_chacha_03::ChaCha20Rng;
use rand_core_06::SeedableRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::transcript::transcript;

const DERIVE_LABEL: &str = "samenhang seed v1";

/// Thirty-two secret bytes of full entropy, from the operating system or derived from such.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Wraps the bytes, which must be uniformly random.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. Secret: only for sealed storage.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The seed that belongs to a label and a counter: HKDF-Expand (RFC 5869 §2.3) with SHA-256.
    #[must_use]
    pub fn derive(&self, label: &str, counter: u64) -> Self {
        let mut derived = Self([0; 32]);
        let info = transcript(DERIVE_LABEL, &[label.as_bytes(), &counter.to_be_bytes()]);
        self.expand(&info, &mut derived.0);
        derived
    }

    /// HKDF-Expand of this seed into `output`, at most 8,160 bytes.
    pub(crate) fn expand(&self, info: &[u8], output: &mut [u8]) {
        Hkdf::<Sha256>::from_prk(&self.0)
            .expect("32 bytes make a pseudorandom key")
            .expand(info, output)
            .expect("callers ask for at most 255 blocks");
    }

    /// A generator for one operation, bound to everything that operation is about. Repeating a seed for another
    /// message therefore never repeats a nonce.
    pub(crate) fn generator(&self, label: &str, context: &[&[u8]]) -> ChaCha20Rng {
        let mut bytes = Zeroizing::new([0; 32]);
        self.expand(&transcript(label, context), bytes.as_mut());
        ChaCha20Rng::from_seed(*bytes)
    }
}

impl PartialEq for Seed {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Seed {}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(redacted)")
    }
}

/// A source of fresh seeds for a state machine: every call counts up, so a replay draws the same.
#[derive(Debug)]
pub struct SeedSequence {
    seed: Seed,
    drawn: u64,
}

impl SeedSequence {
    /// Starts at zero. A seed starts one sequence in its life.
    #[must_use]
    pub const fn new(seed: Seed) -> Self {
        Self { seed, drawn: 0 }
    }

    /// The next seed, unlike every other this sequence gives.
    ///
    /// # Panics
    /// After 2⁶⁴ calls.
    #[must_use]
    pub fn next(&mut self, label: &str) -> Seed {
        let next = self.seed.derive(label, self.drawn);
        self.drawn = self.drawn.checked_add(1).expect("nobody draws 2⁶⁴ seeds");
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_counters_keep_seeds_apart() {
        let seed = Seed::from_bytes([7; 32]);
        assert_eq!(seed.derive("a", 0), seed.derive("a", 0));
        assert_ne!(seed.derive("a", 0), seed.derive("a", 1));
        assert_ne!(seed.derive("a", 0), seed.derive("b", 0));
        let mut sequence = SeedSequence::new(seed.clone());
        assert_eq!(sequence.next("a"), seed.derive("a", 0));
        assert_eq!(sequence.next("a"), seed.derive("a", 1));
    }

    #[test]
    fn debug_says_nothing_of_the_seed() {
        assert_eq!(format!("{:?}", Seed::from_bytes([7; 32])), "Seed(redacted)");
    }
}
