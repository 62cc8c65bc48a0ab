//! Ed25519 signatures over a label and bytes exactly as received.

#[cfg(feature = "remember-verified")]
pub(crate) mod remembered;

use std::fmt;

use ed25519_dalek::Signer;
use thiserror::Error;

use crate::cbor::byte_string;
use crate::seed::Seed;

/// A signature that does not verify, or a key that is none. The signer, or whoever forwarded it, is to blame:
/// refuse the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// A private signing key; wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key whose RFC 8032 secret is the seed. Sealed storage keeps the seed.
    #[must_use]
    pub fn from_seed(seed: &Seed) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed.reveal()))
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `label ‖ bytes`.
    #[must_use]
    pub fn sign(&self, label: &str, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(&message(label, bytes)).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {}, redacted)", self.verifying_key())
    }
}

/// A public signing key. Whether the bytes are a key at all shows when a signature is verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
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

    /// Verifies a signature over `label ‖ bytes`, strictly: keys and commitments of small order are refused, so
    /// one signature fits one key and one message.
    ///
    /// # Errors
    /// The signature does not verify, or the key is not a point.
    pub fn verify(&self, label: &str, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        #[cfg(feature = "remember-verified")]
        let name = remembered::name(self, label, bytes, signature);
        #[cfg(feature = "remember-verified")]
        if remembered::was_verified(&name) {
            return Ok(());
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&message(label, bytes), &signature).map_err(|_| BadSignature)?;
        #[cfg(feature = "remember-verified")]
        remembered::remember(name);
        Ok(())
    }
}

byte_string!(VerifyingKey, 32);

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Wraps the bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

byte_string!(Signature, 64);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

fn message(label: &str, bytes: &[u8]) -> Vec<u8> {
    [label.as_bytes(), bytes].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_one_key_one_label_and_one_message() {
        let key = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
        let other = SigningKey::from_seed(&Seed::from_bytes([2; 32]));
        let signature = key.sign("label", b"bytes");
        let verify = |key: VerifyingKey, label, bytes, signature| key.verify(label, bytes, signature).is_ok();
        assert!(verify(key.verifying_key(), "label", b"bytes", &signature));
        assert!(!verify(other.verifying_key(), "label", b"bytes", &signature));
        assert!(!verify(key.verifying_key(), "Label", b"bytes", &signature));
        assert!(!verify(key.verifying_key(), "label", b"byte", &signature));
        let mut bytes = *signature.as_bytes();
        bytes[0] ^= 1;
        assert!(!verify(key.verifying_key(), "label", b"bytes", &Signature::from_bytes(bytes)));
    }

    #[test]
    fn a_key_of_small_order_verifies_nothing() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        let forged = Signature::from_bytes(forged);
        assert!(VerifyingKey::from_bytes(identity).verify("label", b"any", &forged).is_err());
        assert!(VerifyingKey::from_bytes([0xff; 32]).verify("label", b"any", &forged).is_err());
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let key = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
        assert!(format!("{key:?}").starts_with("SigningKey(of 8a88e3dd"));
        assert!(!format!("{key:?}").contains("0101010101"));
    }
}
