//! Round 1: commit to a polynomial and prove knowledge of its secret; then give every other its share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use frost_ristretto255::keys::dkg as frost;
use zeroize::Zeroizing;

use super::{DkgError, Round2Secret, culprit, identifier, parse_packages};
use crate::seed::Seed;

const START_LABEL: &str = "samenhang dkg v1";

/// Begins one attempt: the secret to keep, and the package that all others must see alike.
///
/// # Errors
/// The participants and the threshold make no key generation.
pub fn start(
    index: u16,
    participants: &BTreeSet<u16>,
    threshold: u16,
    seed: &Seed,
) -> Result<(Round1Secret, Vec<u8>), DkgError> {
    let count = u16::try_from(participants.len()).map_err(|_| DkgError::Parameters)?;
    if !participants.contains(&index) || participants.contains(&0) {
        return Err(DkgError::Parameters);
    }
    let context: Vec<[u8; 2]> = participants.iter().map(|index| index.to_be_bytes()).collect();
    let context: &[&[u8]] = &[&index.to_be_bytes(), &threshold.to_be_bytes(), context.as_flattened()];
    let generator = seed.generator(START_LABEL, context);
    let (secret, package) =
        frost::part1(identifier(index)?, count, threshold, generator).map_err(|_| DkgError::Parameters)?;
    let package = package.serialize().map_err(|_| DkgError::Degenerate)?;
    Ok((Round1Secret { index, participants: participants.clone(), secret }, package))
}

/// What a participant keeps between its package and its shares. Wiped when dropped.
pub struct Round1Secret {
    index: u16,
    participants: BTreeSet<u16>,
    secret: frost::round1::SecretPackage,
}

impl Round1Secret {
    /// This participant's index.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Checks the packages of all others and computes the share of each. A share goes to its recipient alone.
    ///
    /// # Errors
    /// Names the participant whose package is malformed, of another threshold, or without proof of knowledge.
    #[expect(clippy::type_complexity, reason = "a secret and a share per recipient; a name would hide that")]
    pub fn distribute(
        &self,
        packages: &BTreeMap<u16, Vec<u8>>,
    ) -> Result<(Round2Secret, BTreeMap<u16, Zeroizing<Vec<u8>>>), DkgError> {
        let threshold = *self.secret.min_signers();
        let parsed = parse_packages(self.index, &self.participants, threshold, packages)?;
        let (secret, shares) = frost::part2(self.secret.clone(), &parsed)
            .map_err(|error| culprit(&error, &self.participants))?;
        let mut named = BTreeMap::new();
        for index in packages.keys() {
            let share = shares.get(&identifier(*index)?).ok_or(DkgError::Participants)?;
            named.insert(*index, Zeroizing::new(share.signing_share().serialize()));
        }
        Ok((Round2Secret::new(self.index, self.participants.clone(), secret), named))
    }
}

impl fmt::Debug for Round1Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Round1Secret({}, redacted)", self.index)
    }
}
