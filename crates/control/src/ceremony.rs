//! How the key ceremonies stand. Holds no secret: of a share only its index.

use serde::{Deserialize, Serialize};

/// The ceremony of one class of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyLine {
    /// The class: `bsn` or `zwak`.
    pub class: String,
    /// The epoch.
    pub epoch: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Until when this node waits before it names who is missing (RFC 3339); only while it takes part.
    pub deadline: Option<String>,
    /// The keyholders, by index.
    pub keyholders: Vec<CeremonyKeyholderLine>,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
    /// What came out of it.
    pub key_set: Option<KeySetLine>,
    /// Index of the share that this node holds.
    pub share: Option<u16>,
}

/// How far one keyholder has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyKeyholderLine {
    /// Its number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// Index of its share.
    pub index: u16,
    /// Whether it is reachable now.
    pub reachable: bool,
    /// The last thing that it has done: `nothing`, `commitments`, `shares`, `echo` or `signature`; absent at a node that
    /// takes no part, until there is a key set.
    pub done: Option<String>,
}

/// A key set, as two people compare it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySetLine {
    /// Its digest: the same at every node.
    pub digest: String,
    /// The digest as it is read aloud.
    pub fingerprint: String,
    /// Shares needed for one evaluation.
    pub threshold: u16,
}

impl CeremonyLine {
    /// Whether the keys are made.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.key_set.is_some()
    }
}
