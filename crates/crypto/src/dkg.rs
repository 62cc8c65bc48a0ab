//! Making a key without a dealer: the two rounds of FROST's distributed key generation over ristretto255.
//!
//! This is the mathematics of one participant. Who the participants are, that everyone saw the same packages, and
//! that shares reach only their recipient, is the ceremony protocol's business.

mod round1;
mod round2;

use std::collections::{BTreeMap, BTreeSet};

use frost_ristretto255::Identifier;
use frost_ristretto255::keys::{SecretShare, SigningShare, dkg as frost};
pub use round1::{Round1Secret, start};
pub use round2::{DkgOutcome, Round2Secret};
use thiserror::Error;

/// Why a step of the key generation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DkgError {
    /// Index zero, fewer than two participants, a threshold below two or above their number, or not taking part
    /// oneself. The roster, or a mistake of ours, is to blame.
    #[error("these participants and this threshold make no key generation")]
    Parameters,
    /// Packages or shares are not from exactly the other participants. A mistake of ours.
    #[error("packages or shares are not from exactly the other participants")]
    Participants,
    /// A participant's package or share is invalid; the attempt cannot go on with it.
    #[error("participant {index} sent an invalid package or share")]
    Culprit {
        /// The participant to blame.
        index: u16,
    },
    /// The shares add up to zero. Nobody is to blame, and nobody lives to see it.
    #[error("the key generation came out at zero")]
    Degenerate,
}

impl DkgError {
    /// The participant to blame, where it is one.
    #[must_use]
    pub const fn culprit(&self) -> Option<u16> {
        match self {
            Self::Culprit { index } => Some(*index),
            Self::Parameters | Self::Participants | Self::Degenerate => None,
        }
    }
}

/// Whether `share` is the one that the dealer of `dealer_package` committed to for `recipient` (Feldman's check).
/// Settles a dispute in the open: invalid means the dealer lied.
#[must_use]
pub fn share_is_valid(dealer_package: &[u8], recipient: u16, share: &[u8]) -> bool {
    let valid = || {
        let package = parse_package(dealer_package)?;
        let share = SigningShare::deserialize(share).ok()?;
        let recipient = Identifier::try_from(recipient).ok()?;
        SecretShare::new(recipient, share, package.commitment().clone()).verify().ok()
    };
    valid().is_some()
}

/// Reads a round-1 package; only its canonical encoding is accepted, so that all see the same bytes.
fn parse_package(bytes: &[u8]) -> Option<frost::round1::Package> {
    let package = frost::round1::Package::deserialize(bytes).ok()?;
    (package.serialize().ok()? == bytes).then_some(package)
}

/// The packages of all others, read and found to be of the right degree.
fn parse_packages(
    index: u16,
    participants: &BTreeSet<u16>,
    threshold: u16,
    packages: &BTreeMap<u16, Vec<u8>>,
) -> Result<BTreeMap<Identifier, frost::round1::Package>, DkgError> {
    if !packages.keys().eq(participants.iter().filter(|other| **other != index)) {
        return Err(DkgError::Participants);
    }
    let parse = |(index, bytes): (&u16, &Vec<u8>)| {
        let culprit = DkgError::Culprit { index: *index };
        let package = parse_package(bytes).ok_or(culprit)?;
        let degree = package.commitment().serialize().map_err(|_| culprit)?.len();
        if degree != usize::from(threshold) {
            return Err(culprit);
        }
        Ok((identifier(*index)?, package))
    };
    packages.iter().map(parse).collect()
}

fn identifier(index: u16) -> Result<Identifier, DkgError> {
    Identifier::try_from(index).map_err(|_| DkgError::Parameters)
}

/// Whom FROST names, as an index.
fn culprit(error: &frost_ristretto255::Error, participants: &BTreeSet<u16>) -> DkgError {
    let named = error.culprits();
    let blamed = participants
        .iter()
        .find(|index| identifier(**index).is_ok_and(|identifier| named.contains(&identifier)));
    blamed.map_or(DkgError::Participants, |index| DkgError::Culprit { index: *index })
}
