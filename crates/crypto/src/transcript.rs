//! Labelled transcripts: how everything hashed, keyed or fed to the OPRF is laid out, and the digest over one.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::cbor::byte_string;

/// The label, then each field as a big-endian 32-bit length and its bytes. No label is a prefix of another, so
/// two different lists never lay out the same.
///
/// # Panics
/// When a field is 4 GiB or longer; every caller bounds its fields far below.
#[must_use]
pub fn transcript(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let length = label.len() + fields.iter().map(|field| 4 + field.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(label.as_bytes());
    for field in fields {
        let length = u32::try_from(field.len()).expect("fields are bounded far below 4 GiB");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// SHA-256 of the transcript, of which no copy is left behind: fields may be secret.
///
/// # Panics
/// As [`transcript`].
#[must_use]
pub fn digest(label: &str, fields: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new_with_prefix(label);
    for field in fields {
        let length = u32::try_from(field.len()).expect("fields are bounded far below 4 GiB");
        hash.update(length.to_be_bytes());
        hash.update(field);
    }
    Digest(hash.finalize().into())
}

/// A SHA-256 digest of a labelled transcript.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
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
}

byte_string!(Digest, 32);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_run_into_each_other() {
        assert_eq!(transcript("l", &[b"ab", b""]), b"l\0\0\0\x02ab\0\0\0\0");
        assert_ne!(digest("l", &[b"ab", b"c"]), digest("l", &[b"a", b"bc"]));
        assert_ne!(digest("l", &[b"ab"]), digest("l", &[b"ab", b""]));
        assert_ne!(digest("l", &[b"ab"]), digest("m", &[b"ab"]));
        let whole = Sha256::digest(transcript("l", &[b"ab", b"", b"c"]));
        assert_eq!(digest("l", &[b"ab", b"", b"c"]).as_bytes().as_slice(), whole.as_slice());
    }
}
