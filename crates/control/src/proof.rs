//! Proofs that an organisation signed two histories of a feed.

use serde::{Deserialize, Serialize};

/// A proof that a node holds. Whoever has the key and the two statements can check it without trusting anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofLine {
    /// The organisation's number.
    pub oin: String,
    /// Its name.
    pub organisatie: String,
    /// The circle's name; its id where the roster has it no more.
    pub circle: String,
    /// The epoch of the feed.
    pub epoch: u32,
    /// The generation of which there are two histories.
    pub generation: u32,
    /// The lower of the two numbers that the statements are about.
    pub sequence: u64,
    /// Since when this node has it (RFC 3339).
    pub since: String,
    /// What it means now.
    pub standing: Standing,
    /// The two signed headers or heads exactly as they were signed, in hexadecimal.
    pub statements: [String; 2],
}

/// What a proof means now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The organisation does not count as complete in the circle.
    Open,
    /// The organisation has published everything anew since, above both histories.
    BegunAnew,
    /// The key that signed both was replaced, or the organisation left the network.
    Over,
}

impl Standing {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Open, Self::BegunAnew, Self::Over];

    /// As it stands in JSON and in metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::BegunAnew => "begun-anew",
            Self::Over => "over",
        }
    }

    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "does not count as complete",
            Self::BegunAnew => "has begun anew since",
            Self::Over => "over: its key was replaced, or it left",
        }
    }
}
