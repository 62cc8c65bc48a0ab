//! The governors' signatures around a roster document, and the step from one version to the next.

use std::collections::BTreeSet;

use crypto::{Digest, Document, Signature, SigningKey, VerifyingKey, cbor, digest};
use minicbor::{Decode, Encode};

use crate::genesis::{Place, RosterContent};
use crate::{Governors, RosterDocument, RosterError, VerifiedRoster};

/// Most signatures read; more than any network has governors.
const MAX_SIGNATURES: usize = 64;

/// Longest document, in bytes. With the signatures it must fit the longest frame in which rosters travel, 4 MiB; ten
/// thousand members take 3.5 million, or a hundred thousand institutions' addresses as much.
pub const MAX_DOCUMENT_BYTES: usize = (4 << 20) - SIGNATURES_BYTES;

/// Room for the signatures, about a hundred bytes each.
const SIGNATURES_BYTES: usize = 16 << 10;

/// A roster document as bytes with signatures over exactly these bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedRoster {
    #[cbor(n(0), with = "minicbor::bytes")]
    bytes: Vec<u8>,
    #[n(1)]
    signatures: Vec<GovernorSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct GovernorSignature {
    #[n(0)]
    governor: VerifyingKey,
    #[n(1)]
    signature: Signature,
}

impl SignedRoster {
    /// Signs a document with each key.
    #[must_use]
    pub fn sign(document: &RosterDocument, governors: &[&SigningKey]) -> Self {
        let bytes = cbor::to_vec(document);
        let mut signatures: Vec<GovernorSignature> = governors
            .iter()
            .map(|key| GovernorSignature {
                governor: key.verifying_key(),
                signature: key.sign(RosterDocument::LABEL, &bytes),
            })
            .collect();
        signatures.sort_by_key(|signature| signature.governor);
        Self { bytes, signatures }
    }

    /// Makes the version after `held`, signed with the given keys. Whether the signatures suffice is checked by
    /// whoever accepts it.
    #[must_use]
    pub fn next(held: &VerifiedRoster, content: RosterContent, governors: &[&SigningKey]) -> Self {
        Self::resolving(held, content, &[], governors)
    }

    /// The same, deciding between rosters of one version.
    #[must_use]
    pub fn resolving(
        held: &VerifiedRoster,
        content: RosterContent,
        resolves: &[Digest],
        governors: &[&SigningKey],
    ) -> Self {
        let place = Place::after(held.document(), (held.network(), held.digest()), resolves);
        Self::sign(&content.at(place), governors)
    }

    /// Adds a governor's signature. `false` when this key has signed it before, and nothing changes.
    ///
    /// # Errors
    /// When it carries as many signatures as are ever read.
    pub fn add_signature(&mut self, key: &SigningKey) -> Result<bool, RosterError> {
        let governor = key.verifying_key();
        if self.valid_signers().contains(&governor) {
            return Ok(false);
        }
        // One that does not verify under the same key would only stand in the way.
        self.signatures.retain(|by| by.governor != governor);
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(RosterError::Inconsistent("it carries more signatures than are ever read"));
        }
        let signature = key.sign(RosterDocument::LABEL, &self.bytes);
        self.signatures.push(GovernorSignature { governor, signature });
        self.signatures.sort_by_key(|by| by.governor);
        Ok(true)
    }

    /// Takes over the valid signatures of another copy of the same document, such as governors make who sign at the
    /// same time. Returns whose signatures are new here; those that do not verify are left out.
    ///
    /// # Errors
    /// Another document, or together more signatures than are ever read.
    pub fn merge(&mut self, other: &Self) -> Result<BTreeSet<VerifyingKey>, RosterError> {
        if self.bytes != other.bytes {
            return Err(RosterError::OtherDocument);
        }
        let held = self.valid_signers();
        let fresh: BTreeSet<VerifyingKey> = other.valid_signers().difference(&held).copied().collect();
        // One that does not verify under the same key would only stand in the way.
        self.signatures.retain(|by| !fresh.contains(&by.governor));
        if self.signatures.len() + fresh.len() > MAX_SIGNATURES {
            return Err(RosterError::Inconsistent("it carries more signatures than are ever read"));
        }
        let mut wanted = fresh.clone();
        for by in other.signatures.iter().take(MAX_SIGNATURES) {
            let verifies = || by.governor.verify(RosterDocument::LABEL, &self.bytes, &by.signature).is_ok();
            if wanted.contains(&by.governor) && verifies() {
                wanted.remove(&by.governor);
                self.signatures.push(by.clone());
            }
        }
        self.signatures.sort_by_key(|by| by.governor);
        Ok(fresh)
    }

    /// Keys whose signature over exactly these bytes verifies, whoever they are.
    #[must_use]
    pub fn valid_signers(&self) -> BTreeSet<VerifyingKey> {
        self.signatures
            .iter()
            .take(MAX_SIGNATURES)
            .filter(|by| by.governor.verify(RosterDocument::LABEL, &self.bytes, &by.signature).is_ok())
            .map(|by| by.governor)
            .collect()
    }

    /// The bytes to store or send.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// Reads what `to_wire` wrote.
    ///
    /// # Errors
    /// Bytes that are no deterministic encoding of a signed roster.
    pub fn parse(wire: &[u8]) -> Result<Self, RosterError> {
        if wire.len() > MAX_DOCUMENT_BYTES + SIGNATURES_BYTES {
            return Err(too_long());
        }
        let signed: Self = cbor::from_slice(wire).map_err(RosterError::Encoding)?;
        // Signatures are outside the digest: a padded list would be kept and passed on by everybody.
        if signed.signatures.len() > MAX_SIGNATURES {
            return Err(RosterError::Inconsistent(
                "it carries more signatures than any network has governors",
            ));
        }
        Ok(signed)
    }

    /// The document, not yet verified.
    pub(crate) fn document(&self) -> Result<RosterDocument, RosterError> {
        if self.bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(too_long());
        }
        cbor::from_slice(&self.bytes).map_err(RosterError::Encoding)
    }

    /// Digest of the document.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(RosterDocument::LABEL, &[&self.bytes])
    }

    /// Succeeds when enough different governors of `office` signed exactly these bytes.
    pub(crate) fn check_signatures(&self, office: &Governors) -> Result<(), RosterError> {
        let valid: BTreeSet<VerifyingKey> = self
            .signatures
            .iter()
            .take(MAX_SIGNATURES)
            .filter(|by| office.keys.contains(&by.governor))
            .filter(|by| by.governor.verify(RosterDocument::LABEL, &self.bytes, &by.signature).is_ok())
            .map(|by| by.governor)
            .collect();
        if valid.len() >= usize::from(office.threshold) {
            Ok(())
        } else {
            Err(RosterError::TooFewSignatures {
                valid: valid.len(),
                governors: office.keys.len(),
                needed: office.threshold,
            })
        }
    }
}

fn too_long() -> RosterError {
    RosterError::Inconsistent("it is longer than nodes pass on to each other; list fewer or shorter entries")
}
