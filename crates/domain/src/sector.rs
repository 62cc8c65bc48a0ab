//! The sector of an organisation, by which circles say who publishes to whom.

use std::fmt;
use std::str::FromStr;

use crate::{Invalid, legal_basis::code};

/// A sector code such as `onderwijs`; the same characters as a legal-basis code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sector(String);

impl Sector {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sector {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        code("sector", text).map(Self)
    }
}

impl fmt::Display for Sector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
