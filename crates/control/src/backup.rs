//! A backup over the socket: the key goes to the node, sealed bytes come back. What is backed up never crosses it
//! unsealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key under which one backup is sealed, in hexadecimal. Shown to nobody, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SealingKey(String);

impl SealingKey {
    /// Wraps 32 bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hex::encode(bytes))
    }

    /// The bytes. Secret: only for sealing. `None` when a client sent something else.
    #[must_use]
    pub fn reveal(&self) -> Option<[u8; 32]> {
        let mut bytes = hex::decode(&self.0).ok()?;
        let key = bytes.as_slice().try_into().ok();
        bytes.zeroize();
        key
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(redacted)")
    }
}

/// Sealed bytes on their way to a file, in hexadecimal: lines of JSON carry text only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedBytes(String);

impl SealedBytes {
    /// Wraps bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hex::encode(bytes))
    }

    /// The bytes; `None` when a node sent something else.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        hex::decode(&self.0).ok()
    }
}

impl fmt::Debug for SealedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBytes({})", self.0.len() / 2)
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupReport {
    /// The organisation.
    pub oin: String,
    /// When it was made (UTC).
    pub made_at: String,
    /// Signals.
    pub signals: u64,
    /// Key files: the organisation's and the node's.
    pub keys: u64,
    /// Versions of the roster.
    pub rosters: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealing_key_shows_itself_to_nobody_and_has_one_length() {
        let key = SealingKey::new(&[0xab; 32]);
        assert_eq!(format!("{key:?}"), "SealingKey(redacted)");
        assert_eq!(key.reveal(), Some([0xab; 32]));
        for text in ["", "ab", "xy"] {
            assert_eq!(SealingKey(text.to_owned()).reveal(), None);
        }
    }
}
