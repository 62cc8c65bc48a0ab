//! What governors decide: changes of the roster, in words.

use std::fmt;

/// A change of the roster. Members are numbered from 1, circles from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterChange {
    /// A member is no member any more, nor a keyholder.
    Remove {
        /// The member.
        member: usize,
    },
    /// A member that was removed is one again, with a node that holds nothing.
    Add {
        /// The member.
        member: usize,
    },
    /// Whoever is in the sector of one member publishes no more, in a circle, to whoever is in that of another.
    Close(Pair),
    /// And does so again, or for the first time.
    Open(Pair),
    /// Another member holds keys in the place of a keyholder.
    Replace {
        /// The keyholder.
        keyholder: usize,
        /// Who takes its place.
        by: usize,
    },
    /// The next epoch begins now.
    Early,
}

/// Two sectors in a circle, each named by a member of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The circle.
    pub circle: usize,
    /// A member of the sector that publishes.
    pub publisher: usize,
    /// A member of the sector that reads.
    pub reader: usize,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} to {}", self.circle, self.publisher, self.reader)
    }
}

impl fmt::Display for RosterChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove { member } => write!(f, "remove {member}"),
            Self::Add { member } => write!(f, "add {member}"),
            Self::Close(pair) => write!(f, "close {pair}"),
            Self::Open(pair) => write!(f, "open {pair}"),
            Self::Replace { keyholder, by } => write!(f, "replace {keyholder} by {by}"),
            Self::Early => f.write_str("early"),
        }
    }
}

impl RosterChange {
    /// Reads what was written; `member` reads the number of a member.
    pub(super) fn read(words: &[&str], member: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        let pair = |circle: &str, publisher, reader| {
            Some(Pair {
                circle: circle.parse().ok()?,
                publisher: member(publisher)?,
                reader: member(reader)?,
            })
        };
        Some(match *words {
            ["remove", who] => Self::Remove { member: member(who)? },
            ["add", who] => Self::Add { member: member(who)? },
            ["close", circle, "from", from, "to", to] => Self::Close(pair(circle, from, to)?),
            ["open", circle, "from", from, "to", to] => Self::Open(pair(circle, from, to)?),
            ["replace", keyholder, "by", by] => {
                Self::Replace { keyholder: member(keyholder)?, by: member(by)? }
            }
            ["early"] => Self::Early,
            _ => return None,
        })
    }

    /// The highest number of a member in it.
    pub(super) fn highest(&self) -> usize {
        match self {
            Self::Remove { member } | Self::Add { member } => *member,
            Self::Close(pair) | Self::Open(pair) => pair.publisher.max(pair.reader),
            Self::Replace { keyholder, by } => *keyholder.max(by),
            Self::Early => 0,
        }
    }
}
