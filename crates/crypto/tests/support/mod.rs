//! What the tests share: keyholders, and a dealer that knows the whole key. Only tests have such a dealer.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;

use crypto::{
    CeremonyId, Digest, KeySet, KeySetDocument, KeyShare, Keyholder, KeyholderSection, Seed, Signature,
    SignedKeySet, SigningKey,
};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use domain::{Epoch, KeyClass, NetworkId, Oin};

pub(crate) fn network() -> NetworkId {
    NetworkId::from_bytes([0xa1; 32])
}

pub(crate) fn signing_key(index: u16) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([0x40; 32]).derive("test keyholder", u64::from(index)))
}

/// Keyholders 1 to `count`.
pub(crate) fn section(count: u16, threshold: u16) -> KeyholderSection {
    let keyholder = |index| Keyholder {
        index,
        oin: Oin::test_number(u64::from(index)).unwrap(),
        key: signing_key(index).verifying_key(),
    };
    KeyholderSection { network: network(), threshold, keyholders: (1..=count).map(keyholder).collect() }
}

pub(crate) fn ceremony(section: &KeyholderSection, attempt: u32) -> CeremonyId {
    let (epoch, class) = (Epoch(7), KeyClass::Bsn);
    CeremonyId { network: section.network, section: section.digest(), epoch, class, attempt }
}

pub(crate) fn transcript_digest() -> Digest {
    Digest::from_bytes([0x5c; 32])
}

/// The signatures of exactly the participants.
pub(crate) fn signatures(document: &KeySetDocument) -> Vec<(u16, Signature)> {
    document.participants().map(|index| (index, document.sign(&signing_key(index)))).collect()
}

pub(crate) fn signed(document: &KeySetDocument) -> SignedKeySet {
    SignedKeySet::new(document, signatures(document))
}

/// A key in shares of a known polynomial.
pub(crate) struct Dealt {
    pub(crate) shares: BTreeMap<u16, KeyShare>,
    pub(crate) verifying_shares: BTreeMap<u16, [u8; 32]>,
    pub(crate) group_key: [u8; 32],
}

/// Shares `secret` among 1 to `count`; `salt` tells polynomials apart.
pub(crate) fn deal(secret: Scalar, count: u16, threshold: u16, salt: u64) -> Dealt {
    let coefficient = |power: u16| {
        let seed = Seed::from_bytes([0x51; 32]).derive("test polynomial", (salt << 16) + u64::from(power));
        Scalar::from_bytes_mod_order(*seed.reveal())
    };
    let coefficients: Vec<Scalar> = std::iter::once(secret).chain((1..threshold).map(coefficient)).collect();
    let value = |index: u16| {
        coefficients.iter().rev().fold(Scalar::ZERO, |sum, next| sum * Scalar::from(index) + next)
    };
    let share = |index: u16| {
        let bytes = [index.to_be_bytes().as_slice(), value(index).as_bytes()].concat();
        (index, KeyShare::from_secret_bytes(&bytes).unwrap())
    };
    let shares: BTreeMap<u16, KeyShare> = (1..=count).map(share).collect();
    Dealt {
        verifying_shares: shares.iter().map(|(index, share)| (*index, share.verifying_share())).collect(),
        shares,
        group_key: RistrettoPoint::mul_base(&secret).compress().to_bytes(),
    }
}

impl Dealt {
    pub(crate) fn document(&self, section: &KeyholderSection, attempt: u32) -> KeySetDocument {
        KeySetDocument::new(
            &ceremony(section, attempt),
            section.threshold,
            &self.verifying_shares,
            self.group_key,
            transcript_digest(),
        )
    }

    pub(crate) fn key_set(&self, section: &KeyholderSection, attempt: u32) -> KeySet {
        signed(&self.document(section, attempt)).verify(section).unwrap()
    }
}
