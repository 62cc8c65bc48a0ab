//! What a node's main log tells of its configuration, for how long it can be read, and within how many days persons are
//! told.

use audit::Retention;
use crypto::Digest;

/// Days within which persons are told, when nothing else is said: four weeks.
pub(crate) const USUAL_DAYS: u16 = 28;

/// What the configuration says about the main log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounting {
    /// SHA-256 over the configuration file.
    pub configuration: Digest,
    /// How long what is logged can be read.
    pub retention: Retention,
    /// Days within which every person of a family is told that a signal is registered.
    pub inform_within_days: u16,
}

impl Default for Accounting {
    /// Of a node that was started without a file.
    fn default() -> Self {
        Self {
            configuration: Digest::from_bytes([0; 32]),
            retention: Retention::default(),
            inform_within_days: USUAL_DAYS,
        }
    }
}
