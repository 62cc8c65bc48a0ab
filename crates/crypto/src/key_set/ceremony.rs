//! Who may hold key shares, and the name of one attempt to make a key.

use domain::{Epoch, KeyClass, NetworkId, Oin};

use crate::signing::VerifyingKey;
use crate::transcript::{Digest, digest};

const SECTION_LABEL: &str = "samenhang keyholders v1";
const CEREMONY_LABEL: &str = "samenhang ceremony v1";

/// One keyholder as the roster names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyholder {
    /// Where its share lies on the polynomial; never zero, never given to another.
    pub index: u16,
    /// The organisation.
    pub oin: Oin,
    /// The organisation's document key.
    pub key: VerifyingKey,
}

/// The part of a roster that a key set depends on. Its digest changes when keyholders, their keys or the
/// threshold change, and not otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyholderSection {
    /// The network.
    pub network: NetworkId,
    /// How many keyholders one evaluation needs.
    pub threshold: u16,
    /// The keyholders, ascending by index.
    pub keyholders: Vec<Keyholder>,
}

impl KeyholderSection {
    /// The digest by which ceremonies and key sets name the section.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let threshold = self.threshold.to_be_bytes();
        let indices: Vec<[u8; 2]> = self.keyholders.iter().map(|holder| holder.index.to_be_bytes()).collect();
        let mut fields: Vec<&[u8]> = vec![self.network.as_bytes(), &threshold];
        for (holder, index) in self.keyholders.iter().zip(&indices) {
            fields.extend([index.as_slice(), holder.oin.as_bytes(), holder.key.as_bytes()]);
        }
        digest(SECTION_LABEL, &fields)
    }

    /// How many participants a key set needs, ⌈(n+t)/2⌉: two quorums always share t keyholders, so two key sets
    /// of one attempt cannot both be signed without an honest keyholder signing twice.
    #[must_use]
    pub fn quorum(&self) -> usize {
        (self.keyholders.len() + usize::from(self.threshold)).div_ceil(2)
    }

    /// The keyholder with this index.
    #[must_use]
    pub fn keyholder(&self, index: u16) -> Option<&Keyholder> {
        self.keyholders.iter().find(|holder| holder.index == index)
    }
}

/// One attempt of the keyholders to make the key of an epoch and class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CeremonyId {
    /// The network.
    pub network: NetworkId,
    /// Digest of the keyholder section.
    pub section: Digest,
    /// The epoch the key is for.
    pub epoch: Epoch,
    /// The class of linkage keys it is for.
    pub class: KeyClass,
    /// Attempts count from one; the highest that succeeds wins.
    pub attempt: u32,
}

impl CeremonyId {
    /// The digest that round packages are bound to.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(
            CEREMONY_LABEL,
            &[
                self.network.as_bytes(),
                self.section.as_bytes(),
                &self.epoch.0.to_be_bytes(),
                self.class.dutch().as_bytes(),
                &self.attempt.to_be_bytes(),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_share_a_threshold() {
        for (keyholders, threshold, quorum) in [(3, 2, 3), (5, 3, 4), (7, 4, 6), (2, 2, 2), (6, 4, 5)] {
            let holder = |index| Keyholder {
                index,
                oin: Oin::test_number(u64::from(index)).unwrap(),
                key: VerifyingKey::from_bytes([0; 32]),
            };
            let section = KeyholderSection {
                network: NetworkId::from_bytes([0; 32]),
                threshold,
                keyholders: (1..=keyholders).map(holder).collect(),
            };
            assert_eq!(section.quorum(), quorum, "{threshold} of {keyholders}");
            assert!(2 * quorum >= usize::from(keyholders + threshold));
        }
    }
}
