//! What a node's main log tells of its configuration, and for how long it can be read.

use audit::Retention;
use crypto::Digest;

/// What the configuration says about the main log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounting {
    /// SHA-256 over the configuration file.
    pub configuration: Digest,
    /// How long what is logged can be read.
    pub retention: Retention,
}

impl Default for Accounting {
    /// Of a node that was started without a file.
    fn default() -> Self {
        Self { configuration: Digest::from_bytes([0; 32]), retention: Retention::default() }
    }
}
