//! Round 2: check the shares received and add them up to one's share of the key.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use frost_ristretto255::keys::{SigningShare, dkg as frost};
use zeroize::Zeroizing;

use super::{DkgError, culprit, identifier, parse_packages};
use crate::oprf::KeyShare;

/// What a participant keeps until it has everyone's share. Wiped when dropped.
pub struct Round2Secret {
    index: u16,
    participants: BTreeSet<u16>,
    secret: frost::round2::SecretPackage,
}

/// What a key generation leaves a participant with: its share, and what all can know of the key.
#[derive(Debug)]
pub struct DkgOutcome {
    /// This participant's share.
    pub share: KeyShare,
    /// The public key of every participant's share.
    pub verifying_shares: BTreeMap<u16, [u8; 32]>,
    /// The public key of the whole.
    pub group_key: [u8; 32],
}

impl Round2Secret {
    pub(super) const fn new(
        index: u16,
        participants: BTreeSet<u16>,
        secret: frost::round2::SecretPackage,
    ) -> Self {
        Self { index, participants, secret }
    }

    /// This participant's index.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Checks each received share against its dealer's package and adds up. `packages` are those that were given
    /// to [`super::Round1Secret::distribute`].
    ///
    /// # Errors
    /// Names the participant whose share is malformed or not the one committed to.
    pub fn finish(
        &self,
        packages: &BTreeMap<u16, Vec<u8>>,
        shares: &BTreeMap<u16, Zeroizing<Vec<u8>>>,
    ) -> Result<DkgOutcome, DkgError> {
        let threshold = *self.secret.min_signers();
        let parsed = parse_packages(self.index, &self.participants, threshold, packages)?;
        if !shares.keys().eq(packages.keys()) {
            return Err(DkgError::Participants);
        }
        let read = |(index, bytes): (&u16, &Zeroizing<Vec<u8>>)| {
            let share = SigningShare::deserialize(bytes).map_err(|_| DkgError::Culprit { index: *index })?;
            Ok((identifier(*index)?, frost::round2::Package::new(share)))
        };
        let shares: BTreeMap<_, _> = shares.iter().map(read).collect::<Result<_, DkgError>>()?;
        let (key, public) = frost::part3(&self.secret, &parsed, &shares)
            .map_err(|error| culprit(&error, &self.participants))?;
        let mut verifying_shares = BTreeMap::new();
        for index in &self.participants {
            let share = public.verifying_shares().get(&identifier(*index)?).ok_or(DkgError::Participants)?;
            verifying_shares.insert(*index, array(&share.serialize().map_err(|_| DkgError::Degenerate)?)?);
        }
        let secret = Zeroizing::new(key.signing_share().serialize());
        let secret = Zeroizing::new(array(&secret)?);
        Ok(DkgOutcome {
            share: KeyShare::new(self.index, &secret).map_err(|_| DkgError::Degenerate)?,
            verifying_shares,
            group_key: array(&public.verifying_key().serialize().map_err(|_| DkgError::Degenerate)?)?,
        })
    }
}

impl fmt::Debug for Round2Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Round2Secret({}, redacted)", self.index)
    }
}

fn array(bytes: &[u8]) -> Result<[u8; 32], DkgError> {
    bytes.try_into().map_err(|_| DkgError::Degenerate)
}
