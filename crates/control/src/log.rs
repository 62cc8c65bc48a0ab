//! The main log, on its way to whoever may read it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody wants of the log. In either case that is logged before anything is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogUse {
    /// To read it.
    Read,
    /// To check it. Whom its entries are about stays where it is.
    Verify,
}

/// One entry as it was logged. In hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// Its place.
    pub place: u64,
    /// Its hash in the tree.
    pub leaf: String,
    /// The bytes that the tree hashes; absent when its retention ended.
    pub entry: Option<String>,
    /// Whom it is about. Personal data.
    pub details: Option<String>,
}

impl fmt::Debug for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogLine({})", self.place)
    }
}

/// What a log is, before its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogState {
    /// The checkpoint, signed by the log's key: a signed note of C2SP.
    pub checkpoint: String,
    /// That key, in hexadecimal.
    pub key: String,
    /// In which generation the log is; 0 is the first.
    pub generation: u32,
    /// The newest checkpoint that enough witnesses cosigned, with their signatures.
    pub cosigned: Option<String>,
    /// Hashes of its whole blocks of 256 entries, in hexadecimal.
    pub blocks: Vec<String>,
}
