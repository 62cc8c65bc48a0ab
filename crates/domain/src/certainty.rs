//! How sure a match is.

use std::fmt;

/// Verdict of a match, weakest first so that the greater is the more certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// `mogelijk`
    Possible,
    /// `waarschijnlijk`
    Probable,
    /// `zeker`
    Certain,
}

impl Certainty {
    /// The Dutch word used in the API and on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Possible => "mogelijk",
            Self::Probable => "waarschijnlijk",
            Self::Certain => "zeker",
        }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dutch())
    }
}
