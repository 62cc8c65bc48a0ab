//! What may be asked.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{LogUse, RightsRequest, SealingKey};

/// Bytes of a file that go into one [`Upload::Text`]. Escaped as JSON they are at most six times as long, which
/// stays below [`MAX_REQUEST_BYTES`](crate::MAX_REQUEST_BYTES).
pub const CHUNK_BYTES: usize = 64 << 10;

/// One line from a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request", deny_unknown_fields)]
pub enum Request {
    /// How the node is doing; with `follow` again at every change.
    Status {
        /// Keep telling.
        #[serde(default)]
        follow: bool,
    },
    /// Take over files, which follow as [`Upload`] lines.
    Import {
        /// What the files are.
        #[serde(default)]
        extent: Extent,
        /// Withdraw absent families however many they are.
        #[serde(default)]
        allow_withdrawals: bool,
    },
    /// The own signals, without personal details.
    Signals,
    /// Let the signals on these families last until a day.
    Renew {
        /// The organisation's own references.
        families: Vec<String>,
        /// The last day (YYYY-MM-DD).
        until: String,
    },
    /// Withdraw the signals on these families.
    Withdraw {
        /// The organisation's own references.
        families: Vec<String>,
    },
    /// Who else is involved with a family?
    Who {
        /// The organisation's own reference.
        family: String,
    },
    /// Matches of all own families.
    Matches {
        /// Which of them.
        #[serde(default)]
        which: Which,
    },
    /// Decide whether another organisation means the same family.
    Decide {
        /// The organisation's own reference.
        family: String,
        /// The other organisation: its number, or its name in the roster.
        organisation: String,
        /// What is decided.
        judgement: JudgementWanted,
        /// The unit that decides.
        #[serde(default)]
        unit: Option<String>,
        /// Also when the match is certain.
        #[serde(default)]
        although_certain: bool,
    },
    /// Take back what was decided.
    Undo {
        /// The organisation's own reference.
        family: String,
        /// The other organisation: its number, or its name in the roster.
        organisation: String,
    },
    /// Seal everything that goes into a backup under this key; the sealed bytes come as pages.
    Backup {
        /// Used for this one backup only.
        key: SealingKey,
    },
    /// The main log: its entries come as pages, between the two replies that say what it is and how many there were.
    Log {
        /// What for.
        purpose: LogUse,
    },
    /// Leave the network: withdraw every signal and take no more.
    Leave {
        /// Do it; otherwise only tell what it would mean.
        begin: bool,
        /// Also when the network's keys suffer.
        force: bool,
    },
    /// Stop the node in order.
    Stop,
    /// Something for the rights of persons.
    Rights {
        /// What.
        right: RightsRequest,
    },
}

/// Which matches are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// Those of whoever is involved; without those decided to be another family.
    #[default]
    Involved,
    /// Those that wait for a decision.
    Review,
    /// Also those decided to be another family.
    All,
}

/// What is decided about a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgementWanted {
    /// The same family.
    Same,
    /// Another family.
    Different,
}

/// What the files of an import are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// The whole list of the units that they name: absent families are withdrawn.
    #[default]
    Whole,
    /// Families without a signal yet; nothing is withdrawn.
    New,
    /// Families with a signal already; nothing is withdrawn.
    Known,
}

/// A line of an import: for each file its name, then its text in pieces; then the end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "kebab-case")]
pub enum Upload {
    /// The next file begins. The name is for messages only.
    File(String),
    /// Text of the file, in pieces of whole characters.
    Text(String),
    /// There is no further file: take them over.
    End,
}

impl fmt::Debug for Upload {
    /// Text of a file is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.debug_tuple("File").field(name).finish(),
            Self::Text(_) => f.write_str("Text(redacted)"),
            Self::End => f.write_str("End"),
        }
    }
}
