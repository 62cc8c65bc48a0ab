//! How logs stand with those who watch them.

use serde::{Deserialize, Serialize};

/// The own logs, and what is held against others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessingLine {
    /// The own logs, where the roster names witnesses for them.
    pub logs: Vec<OwnLogLine>,
    /// How many logs of others this node remembers.
    pub remembered: usize,
    /// Proofs that an organisation signed two logs.
    pub forks: Vec<ForkLine>,
    /// Organisations that did not show that two checkpoints are of one log.
    pub challenges: Vec<ChallengeLine>,
}

/// Which of an organisation's logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogSort {
    /// What it did.
    Main,
    /// What it had evaluated.
    Evaluations,
}

impl LogSort {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Main => "main log",
            Self::Evaluations => "evaluation log",
        }
    }
}

/// An own log with its witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLogLine {
    /// Which.
    pub log: LogSort,
    /// In which generation; 0 is the first.
    pub generation: u32,
    /// Entries of the newest checkpoint that enough witnesses cosigned; 0 without one.
    pub cosigned: u64,
    /// How many witnesses cosigned it.
    pub cosignatures: usize,
    /// How many must.
    pub needed: usize,
    /// How many there are.
    pub witnesses: usize,
    /// How many have said since the start what they remember.
    pub heard: usize,
    /// What is lost.
    pub lost: Option<LostLine>,
}

/// Entries that witnesses remember and this node does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostLine {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// How many entries the newest checkpoint counts that a witness remembers, for `[[log_generation]]`.
    pub size: u64,
    /// Its root, in hexadecimal.
    pub root: String,
}

/// A proof that an organisation signed two logs under one name. Whoever has the key of its logs can check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForkLine {
    /// The organisation's number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// Which of its logs.
    pub log: LogSort,
    /// In which generation.
    pub generation: u32,
    /// Since when this node has it (RFC 3339).
    pub since: String,
    /// Whether it counts: neither was the key replaced, nor did governors let the log go on.
    pub open: bool,
    /// The proof, in hexadecimal.
    pub proof: String,
}

/// Two checkpoints that an organisation signed and did not show to be of one log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeLine {
    /// The organisation's number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// Which of its logs.
    pub log: LogSort,
    /// Entries of the smaller one.
    pub earlier: u64,
    /// Entries of the larger one.
    pub later: u64,
    /// Since when (RFC 3339).
    pub since: String,
}
