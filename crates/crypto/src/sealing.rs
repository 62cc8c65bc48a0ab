//! Sealing to a member's public key: HPKE in base mode (RFC 9180) with X25519-HKDF-SHA256, HKDF-SHA256 and
//! ChaCha20-Poly1305; the info is the label. The receiver learns nothing about who sealed.

use std::convert::Infallible;
use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_chacha_03::ChaCha20Rng;
use rand_core_06::RngCore;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::cbor::byte_string;
use crate::seed::Seed;

const ENCAPSULATED_LEN: usize = 32;
const SEAL_LABEL: &str = "samenhang seal v1";

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// The receiver's public key is not usable: whoever published it is to blame.
    #[error("the receiver's sealing key is not a usable public key")]
    ReceiverKey,
    /// Sealed for another key, label or additional data, or damaged: whoever sent it is to blame.
    #[error("the sealed message does not open with this key, label and additional data")]
    DoesNotOpen,
}

/// A private sealing key; wiped when dropped.
#[derive(Clone)]
pub struct SealingKey {
    private: <X25519HkdfSha256 as Kem>::PrivateKey,
    public: SealingPublicKey,
}

impl SealingKey {
    /// RFC 9180 `DeriveKeyPair` of the seed. Sealed storage keeps the seed.
    #[must_use]
    pub fn from_seed(seed: &Seed) -> Self {
        let (private, public) = X25519HkdfSha256::derive_keypair(seed.reveal());
        Self { private, public: SealingPublicKey(public.to_bytes().into()) }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> SealingPublicKey {
        self.public
    }

    /// Opens what [`SealingPublicKey::seal`] made for this key under the same label and additional data.
    ///
    /// # Errors
    /// It does not open.
    pub fn open(&self, label: &str, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (encapsulated, ciphertext) =
            sealed.split_at_checked(ENCAPSULATED_LEN).ok_or(SealError::DoesNotOpen)?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| SealError::DoesNotOpen)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &encapsulated,
            label.as_bytes(),
            ciphertext,
            aad,
        )
        .map(Zeroizing::new)
        .map_err(|_| SealError::DoesNotOpen)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey(of {:?}, redacted)", self.public)
    }
}

/// A public sealing key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealingPublicKey([u8; 32]);

impl SealingPublicKey {
    /// Wraps the bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals: the 32-byte encapsulated key, then the ciphertext with its 16-byte tag. The ephemeral key is bound
    /// to receiver, label, additional data and plaintext, so a repeated seed repeats no nonce.
    ///
    /// # Errors
    /// The public key is not usable.
    pub fn seal(&self, label: &str, aad: &[u8], plaintext: &[u8], seed: &Seed) -> Result<Vec<u8>, SealError> {
        let receiver =
            <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&self.0).map_err(|_| SealError::ReceiverKey)?;
        let context: &[&[u8]] = &[&self.0, label.as_bytes(), aad, &Sha256::digest(plaintext)];
        let mut generator = Generator(seed.generator(SEAL_LABEL, context));
        let (encapsulated, ciphertext) =
            hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &receiver,
                label.as_bytes(),
                plaintext,
                aad,
                &mut generator,
            )
            .map_err(|_| SealError::ReceiverKey)?;
        Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
    }
}

byte_string!(SealingPublicKey, 32);

impl fmt::Display for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingPublicKey({self})")
    }
}

/// Carries a generator of the older `rand_core` generation to the one that `hpke` speaks.
struct Generator(ChaCha20Rng);

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Generator {}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::from_seed(&Seed::from_bytes([byte; 32]))
    }

    #[test]
    fn only_the_receiver_opens_and_only_in_context() {
        let seed = Seed::from_bytes([9; 32]);
        let sealed = key(1).public().seal("label", b"aad", b"plaintext", &seed).unwrap();
        assert_eq!(sealed.len(), 32 + 9 + 16);
        assert_eq!(key(1).open("label", b"aad", &sealed).unwrap().as_slice(), b"plaintext");
        let refused = |key: SealingKey, label, aad: &[u8], sealed: &[u8]| {
            assert_eq!(key.open(label, aad, sealed).unwrap_err(), SealError::DoesNotOpen);
        };
        refused(key(2), "label", b"aad", &sealed);
        refused(key(1), "other", b"aad", &sealed);
        refused(key(1), "label", b"other", &sealed);
        refused(key(1), "label", b"aad", &sealed[..47]);
        refused(key(1), "label", b"aad", &sealed[..31]);
        refused(key(1), "label", b"aad", b"");
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            refused(key(1), "label", b"aad", &damaged);
        }
    }

    #[test]
    fn a_repeated_seed_repeats_no_ephemeral_key() {
        let seed = Seed::from_bytes([9; 32]);
        let seal = |plaintext: &[u8]| key(1).public().seal("label", b"aad", plaintext, &seed).unwrap();
        assert_eq!(seal(b"one"), seal(b"one"));
        assert_ne!(seal(b"one")[..32], seal(b"two")[..32]);
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let sealed =
            SealingPublicKey::from_bytes([0; 32]).seal("label", b"", b"x", &Seed::from_bytes([9; 32]));
        assert_eq!(sealed.unwrap_err(), SealError::ReceiverKey);
    }
}
