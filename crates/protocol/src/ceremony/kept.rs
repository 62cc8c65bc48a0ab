//! What is kept of ceremonies: the secret files of one under way and of the share that it leaves, and abandonments.

use crypto::{CeremonyId, Digest, KeyholderSection, Seed, cbor};
use domain::{Epoch, KeyClass, Timestamp};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::machine::{Ceremony, KeptAttempt, Span};
use super::material::KeyId;
use crate::effects::{Effects, Identity};
use crate::{Secret, SecretName, Write};

/// What the secret file of a ceremony holds.
#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
pub(super) struct CeremonySecret {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(super) seed: Vec<u8>,
    #[n(1)]
    pub(super) deadline: u64,
    #[n(2)]
    pub(super) round1: Vec<PackageWire>,
    #[n(3)]
    pub(super) began: u64,
    #[n(4)]
    pub(super) participants: Vec<u16>,
    #[n(5)]
    pub(super) round2: Vec<PackageWire>,
}

#[derive(Encode, Decode, Zeroize)]
#[cbor(transparent)]
pub(super) struct PackageWire(#[cbor(n(0), with = "minicbor::bytes")] pub(super) Vec<u8>);

/// Keeps what a restarted keyholder needs to say exactly what it said before.
pub(super) fn keep_secret(ceremony: &Ceremony, fx: &mut Effects<'_>) {
    let span = ceremony.span();
    let (round1, round2) = ceremony.packages();
    let secret = CeremonySecret {
        seed: ceremony.seed().reveal().to_vec(),
        deadline: span.deadline.0,
        round1: round1.into_iter().map(PackageWire).collect(),
        began: span.began.0,
        participants: ceremony.participants().iter().copied().collect(),
        round2: round2.into_iter().map(PackageWire).collect(),
    };
    let name = ceremony_name(ceremony.id());
    fx.write(Write::PutSecret { name, secret: Secret::new(cbor::to_vec(&secret)) });
}

impl CeremonySecret {
    /// The attempt that it is of, taken up where it was; the own share's verifying share when that is kept as well.
    pub(super) fn take_up(
        &self,
        id: CeremonyId,
        section: KeyholderSection,
        identity: &Identity,
        verifying_share: Option<[u8; 32]>,
    ) -> Option<Ceremony> {
        let seed = Seed::from_bytes(<[u8; 32]>::try_from(self.seed.as_slice()).ok()?);
        let span = Span { began: Timestamp(self.began), deadline: Timestamp(self.deadline) };
        let [round1, round2] =
            [&self.round1, &self.round2].map(|kept| kept.iter().map(|wire| wire.0.clone()).collect());
        let among = (section, self.participants.iter().copied().collect());
        Ceremony::start(id, among, identity, seed, span, &KeptAttempt { round1, round2, verifying_share })
    }
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

/// The attempt of a ceremony's secret file, when it is of the same section and key as `first`.
pub(super) fn attempt_of(name: &SecretName, first: &CeremonyId) -> Option<u32> {
    let attempt = name.as_str().split('-').nth(3)?.parse().ok()?;
    (*name == ceremony_name(&first.with_attempt(attempt))).then_some(attempt)
}

/// The section is part of the name: when a roster names other keyholders, an attempt of theirs is another one.
fn secret_name(what: &str, id: &CeremonyId) -> SecretName {
    let section: String = id.section.to_string().chars().take(8).collect();
    SecretName::new(format!("{what}-{}-{}-{}-{section}", id.epoch, id.class, id.attempt))
}

/// The record of an abandonment: the signed document, and the key and keyholders that its digest stands for.
#[derive(Encode, Decode)]
pub(super) struct KeptAbandonment {
    #[cbor(n(0), with = "crypto::cbor::epoch")]
    pub(super) epoch: Epoch,
    #[cbor(n(1), with = "crypto::cbor::key_class")]
    pub(super) class: KeyClass,
    #[n(2)]
    pub(super) section: Digest,
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(super) wire: Vec<u8>,
}

/// Key of an abandonment's record.
pub(super) fn abandonment_key(id: &CeremonyId, index: u16) -> Vec<u8> {
    format!("{}/{}/{}/{}/{index}", id.epoch, id.class, id.section, id.attempt).into_bytes()
}
