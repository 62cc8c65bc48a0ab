//! The secret files of a ceremony: what it is made of while it runs, and the share that it leaves.

use crypto::{CeremonyId, cbor};
use domain::{Epoch, Timestamp};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::machine::Ceremony;
use super::material::KeyId;
use crate::effects::Effects;
use crate::{Secret, SecretName, Write};

/// What the secret file of a ceremony holds.
#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
pub(super) struct CeremonySecret {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) seed: Vec<u8>,
    #[n(1)]
    pub(super) deadline: u64,
    #[n(2)]
    pub(super) round1: Vec<Round1Wire>,
}

#[derive(Encode, Decode, Zeroize)]
#[cbor(transparent)]
pub(super) struct Round1Wire(#[cbor(n(0), with = "minicbor::bytes")] pub(super) Vec<u8>);

/// Keeps what a restarted keyholder needs to say exactly what it said before.
pub(super) fn keep_secret(
    ceremony: &Ceremony,
    deadline: Timestamp,
    round1: &[Vec<u8>],
    fx: &mut Effects<'_>,
) {
    let secret = CeremonySecret {
        seed: ceremony.seed().reveal().to_vec(),
        deadline: deadline.0,
        round1: round1.iter().cloned().map(Round1Wire).collect(),
    };
    let name = ceremony_name(ceremony.id());
    fx.write(Write::PutSecret { name, secret: Secret::new(cbor::to_vec(&secret)) });
}

/// The file of a ceremony under way.
pub(super) fn ceremony_name(id: &CeremonyId) -> SecretName {
    secret_name("ceremony", id)
}

/// The file of the share that it leaves.
pub(super) fn share_name(id: &CeremonyId) -> SecretName {
    secret_name("share", id)
}

/// The key that a secret file belongs to.
pub(super) fn key_of(name: &SecretName) -> Option<KeyId> {
    let mut parts = name.as_str().split('-');
    let _what = parts.next().filter(|what| ["ceremony", "share"].contains(what))?;
    let epoch = Epoch(parts.next()?.parse().ok()?);
    let class = parts.next()?;
    KeyId::all(epoch).find(|key| key.class.to_string() == class)
}

/// The section is part of the name: when a roster names other keyholders, an attempt of theirs is another one.
fn secret_name(what: &str, id: &CeremonyId) -> SecretName {
    let section: String = id.section.to_string().chars().take(8).collect();
    SecretName::new(format!("{what}-{}-{}-{}-{section}", id.epoch, id.class, id.attempt))
}
