//! Signed notes of C2SP with this network's keys.

use crypto::{Signature, SigningKey, VerifyingKey};
use signed_note::{Note, VerificationError, Verifier, Verifiers};

/// What a key signs, by the first byte of its description: a note's text, or that it was consistent at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Ed25519 over the text.
    Ed25519,
    /// Ed25519 over a time and the text.
    CosignatureV1,
}

impl Algorithm {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    /// The number by which signatures name a key.
    pub(crate) fn key_id(self, name: &str, key: &VerifyingKey) -> u32 {
        signed_note::key_id(name, &[&[self.byte()], key.as_bytes().as_slice()].concat())
    }
}

/// Signs the bytes themselves: notes bring their own separation, and no text of one begins like a label of the network's
/// documents.
pub(crate) fn sign(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    key.sign("", message).as_bytes().to_vec()
}

/// Whether a signature over the bytes verifies.
pub(crate) fn verifies(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
    key.verify("", message, &Signature::from_bytes(signature)).is_ok()
}

/// One key that a note must be signed with.
pub(crate) struct Known<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a VerifyingKey,
}

impl Verifier for Known<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn key_id(&self) -> u32 {
        Algorithm::Ed25519.key_id(self.name, self.key)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(self.key, message, signature)
    }
}

impl Verifiers for Known<'_> {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        if (name, id) == (self.name, self.key_id()) {
            Ok(self)
        } else {
            Err(VerificationError::UnknownKey { name: name.to_owned(), id })
        }
    }
}

/// The signatures of a note with this name and number, as bytes.
pub(crate) fn signatures_of(note: &Note, name: &str, id: u32) -> Vec<Vec<u8>> {
    // The library tells a note's signatures apart by who is known; nobody is, so all are returned with the error.
    let lines = note.to_bytes();
    let lines = lines.get(note.text().len() + 1..).unwrap_or_default();
    let lines =
        lines.split(|byte| *byte == b'\n').filter_map(|line| signed_note::Signature::from_bytes(line).ok());
    lines
        .filter(|signature| signature.name() == name && signature.id() == id)
        .map(|signature| signature.signature().to_vec())
        .collect()
}
