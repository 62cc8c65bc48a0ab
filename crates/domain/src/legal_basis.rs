//! The code of a legal basis (grondslag) as it stands in the roster.

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// A short code such as `jeugdwet-7.3.11`: 1 to 40 of `a-z`, `0-9`, `.`, `-`, `_`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegalBasisCode(String);

impl LegalBasisCode {
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LegalBasisCode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        code("grondslag", text).map(Self)
    }
}

impl fmt::Display for LegalBasisCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Trims, folds capitals, and checks the characters and length shared by all codes.
pub(crate) fn code(what: &'static str, text: &str) -> Result<String, Invalid> {
    let text = text.trim().to_lowercase();
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if starts && text.len() <= 40 && text.chars().all(allowed) {
        Ok(text)
    } else {
        Err(Invalid::new(
            what,
            "expected a code of 1 to 40 letters, digits, dots, hyphens, starting with a letter",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_plain() {
        assert_eq!(" Jeugdwet-7.1 ".parse::<LegalBasisCode>().unwrap().as_str(), "jeugdwet-7.1");
        for refused in ["", "7jeugdwet", "jeugd wet", "wet/7", &"a".repeat(41)] {
            assert!(refused.parse::<LegalBasisCode>().is_err(), "{refused}");
        }
    }
}
