//! The seed of a day, sealed to those who may open questions. Its digest stands in every leaf of the day, so it was sealed
//! before anything was asked and is not exchanged later.

use crypto::{Digest, Document, SealError, SealingKey, SealingPublicKey, Seed, TypeName, cbor, digest};
use domain::{NetworkId, Oin};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use super::OpeningError;
use crate::Day;

/// Longest sealed seed in bytes: two times a sealed 32 bytes and the keys that open them.
pub const MAX_SEALED_SEED_BYTES: usize = 512;

const SEAL_LABEL: &str = "samenhang day seed v1";

/// Who may open the questions of an organisation, by the keys that the roster gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Officers {
    /// The privacy officer, who handles requests and incidents.
    pub privacy_officer: SealingPublicKey,
    /// The data-protection officer (FG), who supervises.
    pub supervisor: SealingPublicKey,
}

/// The seed of one day of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SealedSeed {
    #[n(0)]
    kind: TypeName<Self>,
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    network: NetworkId,
    #[cbor(n(2), with = "crypto::cbor::oin")]
    keeper: Oin,
    #[n(3)]
    day: Day,
    #[n(4)]
    privacy_officer: SealedFor,
    #[n(5)]
    supervisor: SealedFor,
}

/// Sealed for one of them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct SealedFor {
    #[n(0)]
    key: SealingPublicKey,
    #[cbor(n(1), with = "minicbor::bytes")]
    sealed: Vec<u8>,
}

impl Document for SealedSeed {
    const LABEL: &'static str = "samenhang sealed seed v1";
}

impl SealedSeed {
    /// Seals a day's seed. `randomness` is for the sealing alone, and no other than the seed is ever sealed with it.
    ///
    /// # Errors
    /// A key that the roster gives is no key.
    pub fn seal(
        network: NetworkId,
        keeper: Oin,
        day: Day,
        seed: &Seed,
        officers: &Officers,
        randomness: &Seed,
    ) -> Result<Self, SealError> {
        let aad = aad(network, keeper, day);
        let sealed_for = |key: SealingPublicKey| {
            let sealed = key.seal(SEAL_LABEL, &aad, seed.reveal(), randomness)?;
            Ok(SealedFor { key, sealed })
        };
        let (privacy_officer, supervisor) =
            (sealed_for(officers.privacy_officer)?, sealed_for(officers.supervisor)?);
        Ok(Self { kind: TypeName::new(), network, keeper, day, privacy_officer, supervisor })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Not a sealed seed in its one encoding, or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpeningError> {
        let read = (bytes.len() <= MAX_SEALED_SEED_BYTES).then(|| cbor::from_slice(bytes));
        read.and_then(Result::ok).ok_or(OpeningError::Malformed)
    }

    /// The bytes that are kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    /// What stands in leaves of an organisation for which the roster names nobody who could open its questions.
    #[must_use]
    pub fn nobody() -> Digest {
        digest(Self::LABEL, &[])
    }

    /// The digest that stands in leaves.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(Self::LABEL, &[&self.to_bytes()])
    }

    /// Of which day.
    #[must_use]
    pub const fn day(&self) -> Day {
        self.day
    }

    /// Opens the seed, as the privacy officer or as the supervisor.
    ///
    /// # Errors
    /// Sealed for others, or not what was sealed.
    pub fn open(&self, key: &SealingKey) -> Result<Seed, OpeningError> {
        let aad = aad(self.network, self.keeper, self.day);
        let own = [&self.privacy_officer, &self.supervisor].into_iter().filter(|own| own.key == key.public());
        let opened = own.filter_map(|own| key.open(SEAL_LABEL, &aad, &own.sealed).ok()).next();
        let seed = opened.and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok().map(Zeroizing::new));
        seed.map(|seed| Seed::from_bytes(*seed)).ok_or(OpeningError::Sealed)
    }
}

/// Fields of fixed lengths, so that a seed sealed for one day or organisation is none of another.
fn aad(network: NetworkId, keeper: Oin, day: Day) -> Vec<u8> {
    [network.as_bytes().as_slice(), keeper.as_bytes(), &day.0.to_be_bytes()].concat()
}
