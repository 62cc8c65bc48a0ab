//! The key-set document, its signatures and its verification.

use std::collections::BTreeMap;

use curve25519_dalek::ristretto::RistrettoPoint;
use domain::{Epoch, KeyClass, NetworkId};
use minicbor::{Decode, Encode};

use super::{CeremonyId, KeySet, KeySetError, KeyholderSection, VerifyingShare};
use crate::cbor::{self, EncodingError};
use crate::document::{Document, TypeName};
use crate::lagrange::interpolate;
use crate::point;
#[cfg(feature = "remember-verified")]
use crate::signing::remembered;
use crate::signing::{Signature, SigningKey};
use crate::transcript::{Digest, digest};

/// What the participants of a ceremony agree on. Nothing here is proven before [`SignedKeySet::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeySetDocument {
    #[n(0)]
    kind: TypeName<Self>,
    #[cbor(n(1), with = "crate::cbor::network_id")]
    network: NetworkId,
    #[n(2)]
    section: Digest,
    #[cbor(n(3), with = "crate::cbor::epoch")]
    epoch: Epoch,
    #[cbor(n(4), with = "crate::cbor::key_class")]
    class: KeyClass,
    #[n(5)]
    attempt: u32,
    #[n(6)]
    threshold: u16,
    #[n(7)]
    shares: Vec<ShareEntry>,
    #[cbor(n(8), with = "minicbor::bytes")]
    group_key: [u8; 32],
    #[n(9)]
    transcript: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct ShareEntry {
    #[n(0)]
    index: u16,
    #[cbor(n(1), with = "minicbor::bytes")]
    share: [u8; 32],
}

impl Document for KeySetDocument {
    const LABEL: &'static str = "samenhang keyset v1";
}

impl KeySetDocument {
    /// What a participant proposes after its ceremony: the verifying shares and group key of the outcome, and
    /// the digest of the ceremony's transcript.
    #[must_use]
    pub fn new(
        ceremony: &CeremonyId,
        threshold: u16,
        verifying_shares: &BTreeMap<u16, [u8; 32]>,
        group_key: [u8; 32],
        transcript: Digest,
    ) -> Self {
        let entry = |(index, share): (&u16, &[u8; 32])| ShareEntry { index: *index, share: *share };
        Self {
            kind: TypeName::new(),
            network: ceremony.network,
            section: ceremony.section,
            epoch: ceremony.epoch,
            class: ceremony.class,
            attempt: ceremony.attempt,
            threshold,
            shares: verifying_shares.iter().map(entry).collect(),
            group_key,
            transcript,
        }
    }

    /// The ceremony it claims to come from.
    #[must_use]
    pub const fn ceremony(&self) -> CeremonyId {
        CeremonyId {
            network: self.network,
            section: self.section,
            epoch: self.epoch,
            class: self.class,
            attempt: self.attempt,
        }
    }

    /// The digest of the ceremony's transcript.
    #[must_use]
    pub const fn transcript(&self) -> Digest {
        self.transcript
    }

    /// The participants, in the order listed.
    pub fn participants(&self) -> impl Iterator<Item = u16> + '_ {
        self.shares.iter().map(|entry| entry.index)
    }

    /// The bytes that participants sign.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// The digest by which heads and evaluations name the key set.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(Self::LABEL, &[&self.to_bytes()])
    }

    /// One participant's signature. A keyholder signs one document per attempt.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(Self::LABEL, &self.to_bytes())
    }

    /// Verifies one participant's signature over this document.
    ///
    /// # Errors
    /// The index is not a keyholder, or its signature does not verify.
    pub fn verify_signature(
        &self,
        section: &KeyholderSection,
        index: u16,
        signature: &Signature,
    ) -> Result<(), KeySetError> {
        verify_signature(section, index, &self.to_bytes(), signature)
    }

    fn validate(&self, section: &KeyholderSection) -> Result<KeySet, KeySetError> {
        if self.network != section.network {
            return Err(KeySetError::OtherNetwork);
        }
        if self.section != section.digest() {
            return Err(KeySetError::OtherSection);
        }
        if self.threshold != section.threshold {
            return Err(KeySetError::Threshold { found: self.threshold, expected: section.threshold });
        }
        if !self.shares.is_sorted_by(|one, next| one.index < next.index) {
            return Err(KeySetError::Order);
        }
        if let Some(index) = self.participants().find(|index| section.keyholder(*index).is_none()) {
            return Err(KeySetError::Stranger { index });
        }
        let (participants, quorum) = (self.shares.len(), section.quorum());
        if participants < quorum {
            return Err(KeySetError::TooFew { participants, quorum });
        }
        let decode = |entry: &ShareEntry| {
            let point = point::decode(&entry.share).ok_or(KeySetError::Share { index: entry.index })?;
            Ok((entry.index, VerifyingShare { bytes: entry.share, point }))
        };
        let shares: BTreeMap<u16, VerifyingShare> =
            self.shares.iter().map(decode).collect::<Result<_, KeySetError>>()?;
        let group_key = point::decode(&self.group_key).ok_or(KeySetError::GroupKey)?;
        if !self.holds_together(&shares, &group_key) {
            return Err(KeySetError::Polynomial);
        }
        Ok(KeySet {
            ceremony: self.ceremony(),
            threshold: self.threshold,
            group_key: self.group_key,
            shares,
            digest: self.digest(),
        })
    }

    #[cfg(not(feature = "remember-verified"))]
    fn holds_together(&self, shares: &BTreeMap<u16, VerifyingShare>, group_key: &RistrettoPoint) -> bool {
        on_one_polynomial(self.threshold, shares, group_key)
    }

    #[cfg(feature = "remember-verified")]
    fn holds_together(&self, shares: &BTreeMap<u16, VerifyingShare>, group_key: &RistrettoPoint) -> bool {
        let name = remembered::name_of_key_set(&self.to_bytes());
        if remembered::was_verified(&name) {
            return true;
        }
        let holds = on_one_polynomial(self.threshold, shares, group_key);
        if holds {
            remembered::remember(name);
        }
        holds
    }
}

/// Whether the shares lie on a polynomial of degree below the threshold that has the group key at zero: the
/// first `threshold` shares determine it, everything else must follow.
fn on_one_polynomial(
    threshold: u16,
    shares: &BTreeMap<u16, VerifyingShare>,
    group_key: &RistrettoPoint,
) -> bool {
    let threshold = usize::from(threshold);
    let determining = || shares.iter().take(threshold);
    let indices: Vec<u16> = determining().map(|(index, _)| *index).collect();
    let points: Vec<RistrettoPoint> = determining().map(|(_, share)| share.point).collect();
    let follows = |at: u16, point: &RistrettoPoint| interpolate(at, &indices, &points) == *point;
    threshold > 0
        && indices.len() == threshold
        && follows(0, group_key)
        && shares.iter().skip(threshold).all(|(index, share)| follows(*index, &share.point))
}

/// A key-set document with the signatures of its participants, as it is gossiped and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKeySet {
    bytes: Vec<u8>,
    signatures: Vec<(u16, Signature)>,
}

#[derive(Encode, Decode)]
struct Wire {
    #[cbor(n(0), with = "minicbor::bytes")]
    document: Vec<u8>,
    #[n(1)]
    signatures: Vec<SignatureEntry>,
}

#[derive(Encode, Decode)]
struct SignatureEntry {
    #[n(0)]
    index: u16,
    #[n(1)]
    signature: Signature,
}

impl SignedKeySet {
    /// The document with signatures by index: one while they are gathered, those of all participants in ascending
    /// order once it is complete.
    #[must_use]
    pub fn new(document: &KeySetDocument, signatures: Vec<(u16, Signature)>) -> Self {
        Self { bytes: document.to_bytes(), signatures }
    }

    /// The document bytes that are signed, without the label.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signatures by index. Nothing here is proven.
    #[must_use]
    pub fn signatures(&self) -> &[(u16, Signature)] {
        &self.signatures
    }

    /// The CBOR array of document bytes and signatures.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        let entry =
            |(index, signature): &(u16, Signature)| SignatureEntry { index: *index, signature: *signature };
        cbor::to_vec(&Wire {
            document: self.bytes.clone(),
            signatures: self.signatures.iter().map(entry).collect(),
        })
    }

    /// Reads the wire form; both layers must be canonical.
    ///
    /// # Errors
    /// Malformed or not canonical.
    pub fn parse(wire: &[u8]) -> Result<Self, EncodingError> {
        let wire: Wire = cbor::from_slice(wire)?;
        cbor::from_slice::<KeySetDocument>(&wire.document)?;
        let signatures = wire.signatures.into_iter().map(|entry| (entry.index, entry.signature)).collect();
        Ok(Self { bytes: wire.document, signatures })
    }

    /// The ceremony it claims to come from, to find the right section by. Nothing here is proven.
    ///
    /// # Panics
    /// Never: both ways of making a value leave a document that can be read.
    #[must_use]
    pub fn claimed(&self) -> KeySetDocument {
        cbor::from_slice(&self.bytes).expect("the document was written here or read before")
    }

    /// Checks everything: network, section, threshold, participants, polynomial, and a signature of each
    /// participant and of nobody else.
    ///
    /// # Errors
    /// Says what is wrong and, where it can, which keyholder.
    pub fn verify(&self, section: &KeyholderSection) -> Result<KeySet, KeySetError> {
        let document: KeySetDocument = cbor::from_slice(&self.bytes)?;
        let key_set = document.validate(section)?;
        if !key_set.indices().eq(self.signatures.iter().map(|(index, _)| *index)) {
            return Err(KeySetError::Signers);
        }
        for (index, signature) in &self.signatures {
            verify_signature(section, *index, &self.bytes, signature)?;
        }
        Ok(key_set)
    }
}

fn verify_signature(
    section: &KeyholderSection,
    index: u16,
    bytes: &[u8],
    signature: &Signature,
) -> Result<(), KeySetError> {
    let holder = section.keyholder(index).ok_or(KeySetError::Stranger { index })?;
    holder.key.verify(KeySetDocument::LABEL, bytes, signature).map_err(|_| KeySetError::Signature { index })
}
