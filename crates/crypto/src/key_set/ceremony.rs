//! Who may hold key shares, and the name of one attempt to make a key.

use std::collections::BTreeSet;

use domain::{Epoch, KeyClass, NetworkId, Oin};

use crate::signing::VerifyingKey;
use crate::transcript::{Digest, digest};

const SECTION_LABEL: &str = "samenhang keyholders v1";
const CEREMONY_LABEL: &str = "samenhang ceremony v1";
const SESSION_LABEL: &str = "samenhang session v1";

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

    /// How many participants a key set needs, and how many abandonments the next attempt, ⌈(n+t)/2⌉: two quorums
    /// always share t keyholders, of whom one is honest. So two key sets of one attempt cannot both be signed without
    /// an honest keyholder signing twice, and whoever made an abandoned key set cannot reach the threshold with it.
    #[must_use]
    pub fn quorum(&self) -> usize {
        (self.keyholders.len() + usize::from(self.threshold)).div_ceil(2)
    }

    /// How many keyholders may stay away without keeping the others from making a key: all but a quorum.
    #[must_use]
    pub fn spare(&self) -> usize {
        self.keyholders.len().saturating_sub(self.quorum())
    }

    /// Every index, ascending.
    #[must_use]
    pub fn indices(&self) -> BTreeSet<u16> {
        self.keyholders.iter().map(|holder| holder.index).collect()
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
    /// The same key at another attempt.
    #[must_use]
    pub const fn with_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// The digest that round packages are bound to: this attempt among these participants, and no others.
    #[must_use]
    pub fn session(&self, participants: &BTreeSet<u16>) -> Digest {
        let ceremony = self.digest();
        let indices: Vec<[u8; 2]> = participants.iter().map(|index| index.to_be_bytes()).collect();
        let mut fields: Vec<&[u8]> = vec![ceremony.as_bytes()];
        fields.extend(indices.iter().map(<[u8; 2]>::as_slice));
        digest(SESSION_LABEL, &fields)
    }

    /// The digest that names the attempt.
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

    fn section(keyholders: u16, threshold: u16) -> KeyholderSection {
        let holder = |index| Keyholder {
            index,
            oin: Oin::test_number(u64::from(index)).unwrap(),
            key: VerifyingKey::from_bytes([0; 32]),
        };
        KeyholderSection {
            network: NetworkId::from_bytes([0; 32]),
            threshold,
            keyholders: (1..=keyholders).map(holder).collect(),
        }
    }

    #[test]
    fn two_quorums_share_a_threshold() {
        for (keyholders, threshold, quorum) in
            [(3, 2, 3), (5, 3, 4), (7, 4, 6), (2, 2, 2), (6, 4, 5), (9, 5, 7)]
        {
            let section = section(keyholders, threshold);
            assert_eq!(section.quorum(), quorum, "{threshold} of {keyholders}");
            assert_eq!(section.spare(), usize::from(keyholders) - quorum);
        }
        for keyholders in 2..=32_u16 {
            for threshold in keyholders / 2 + 1..=keyholders {
                let section = section(keyholders, threshold);
                let (n, t, q) = (usize::from(keyholders), usize::from(threshold), section.quorum());
                // Two sets of q among n have at least 2q - n in common.
                assert!(2 * q >= n + t, "two key sets of one attempt share {t} signers of {n}");
                // Of any key set's participants, those that did not abandon are n - q at most.
                assert!(n - q < t, "an abandoned key of {n} is out of reach of those that kept its shares");
            }
        }
    }

    #[test]
    fn a_session_is_one_attempt_among_some() {
        let section = section(5, 3);
        let id = CeremonyId {
            network: section.network,
            section: section.digest(),
            epoch: Epoch(1),
            class: KeyClass::Bsn,
            attempt: 1,
        };
        let all = section.indices();
        let four: BTreeSet<u16> = all.iter().copied().filter(|index| *index != 3).collect();
        let sessions = BTreeSet::from([
            id.session(&all),
            id.session(&four),
            id.with_attempt(2).session(&all),
            id.with_attempt(2).session(&four),
        ]);
        assert_eq!(sessions.len(), 4);
    }
}
