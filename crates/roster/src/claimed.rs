//! What a roster says before anybody has weighed its signatures: for drafts, and for showing what one would sign.

use std::collections::BTreeSet;

use crypto::{Digest, VerifyingKey};
use domain::NetworkId;

use crate::genesis::Place;
use crate::verified::check_document;
use crate::{Fingerprint, Governors, RosterContent, RosterDocument, RosterError, SignedRoster};

/// A well-formed roster without contradictions, with those whose signature on it verifies.
///
/// Whether these are enough, and the right ones, is known only with the version before: see
/// [`VerifiedRoster`](crate::VerifiedRoster). Nothing may take effect on the strength of this type.
#[derive(Clone, Debug)]
pub struct ClaimedRoster {
    /// What it says.
    pub document: RosterDocument,
    /// Digest of the document.
    pub digest: Digest,
    /// The network: of a genesis roster its digest, of any other what it says.
    pub network: NetworkId,
    /// Keys with a valid signature over it.
    pub signers: BTreeSet<VerifyingKey>,
}

impl ClaimedRoster {
    /// Whether it founds a network.
    #[must_use]
    pub fn is_genesis(&self) -> bool {
        self.document.version == 1
    }

    /// How many of these governors signed it.
    #[must_use]
    pub fn signed_by(&self, governors: &Governors) -> usize {
        governors.keys.iter().filter(|key| self.signers.contains(*key)).count()
    }

    /// What two people compare: of a genesis roster the network's, which its digest is, of any other its own.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.digest.as_bytes())
    }
}

impl SignedRoster {
    /// Reads what it says, checks that it contradicts nothing in itself, and sees whose signatures verify.
    ///
    /// # Errors
    /// Unreadable, or contradicting itself.
    pub fn claimed(&self) -> Result<ClaimedRoster, RosterError> {
        let document = self.document()?;
        let genesis_id = NetworkId::from_bytes([0; 32]);
        if (document.version == 1) != (document.network == genesis_id)
            || (document.version <= 1) != document.previous.is_none()
        {
            return Err(RosterError::Inconsistent("its version does not fit its place in the chain"));
        }
        check_document(&document)?;
        let digest = self.digest();
        let network = match document.version {
            1 => NetworkId::from_bytes(*digest.as_bytes()),
            _ => document.network,
        };
        Ok(ClaimedRoster { document, digest, network, signers: self.valid_signers() })
    }

    /// A version that nobody has signed yet: the one after `previous`, or a genesis roster.
    ///
    /// # Errors
    /// When the content, or the version before, contradicts itself.
    pub fn draft(previous: Option<&ClaimedRoster>, content: RosterContent) -> Result<Self, RosterError> {
        Self::draft_resolving(previous, content, &[])
    }

    /// The same, deciding between rosters of one version.
    ///
    /// # Errors
    /// As [`draft`](Self::draft).
    pub fn draft_resolving(
        previous: Option<&ClaimedRoster>,
        content: RosterContent,
        resolves: &[Digest],
    ) -> Result<Self, RosterError> {
        let document = match previous {
            None => content.at(Place::GENESIS),
            Some(before) => {
                content.at(Place::after(&before.document, (before.network, before.digest), resolves))
            }
        };
        check_document(&document)?;
        Ok(Self::sign(&document, &[]))
    }
}
