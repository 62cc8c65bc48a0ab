//! Bytes that are personal data: compared and sorted, never printed, erased when dropped.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Personal data in canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize, ZeroizeOnDrop)]
pub(crate) struct PrivateBytes(Vec<u8>);

impl PrivateBytes {
    /// Joins fields unambiguously: each is preceded by its length, 16 bits big-endian. A field beyond 65,535 bytes
    /// is cut; no normaliser makes one.
    pub(crate) fn from_fields(fields: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 2).sum());
        for field in fields {
            let length = u16::try_from(field.len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend(field.iter().take(usize::from(length)));
        }
        Self(bytes)
    }

    /// The bytes.
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateBytes(redacted)")
    }
}

/// Text of personal data in canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize, ZeroizeOnDrop)]
pub(crate) struct PrivateText(String);

impl PrivateText {
    /// Wraps the text.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateText(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_fields_cannot_be_shifted() {
        let joined = PrivateBytes::from_fields(&[b"ab", b"c"]);
        assert_eq!(joined.reveal(), b"\x00\x02ab\x00\x01c");
        assert_ne!(joined, PrivateBytes::from_fields(&[b"a", b"bc"]));
    }

    #[test]
    fn neither_prints_its_content() {
        assert!(!format!("{:?}", PrivateBytes::from_fields(&[b"Zonneveld"])).contains("90"));
        assert!(!format!("{:?}", PrivateText::new("Zonneveld".into())).contains("Zonneveld"));
    }
}
