//! Bounded text, in two sorts: text that may be shown anywhere and text that is personal data.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Invalid;

/// Longest text in characters; the BRP bounds names at 200.
const MAX_CHARS: usize = 200;

fn checked(what: &'static str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(what, "expected text, found nothing"));
    }
    if text.chars().count() > MAX_CHARS {
        return Err(Invalid::new(what, "longer than 200 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::new(what, "holds a control character"));
    }
    if text.chars().any(turns_direction) {
        return Err(Invalid::new(what, "holds an invisible character that changes the direction of text"));
    }
    Ok(text.to_owned())
}

/// The embeddings, overrides and isolates of the bidirectional algorithm (Unicode, annex 9): invisible, and able to
/// show what stands around them in another order than it has.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One to 200 characters without control characters, fit to be shown and logged. Control characters include those that
/// change the direction of text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainText(String);

impl PlainText {
    /// Trims and checks.
    ///
    /// # Errors
    /// Empty, over 200 characters, or holding a control character.
    pub fn new(what: &'static str, text: &str) -> Result<Self, Invalid> {
        checked(what, text).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One to 200 characters without control characters that name or describe a person: never logged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Zeroize, ZeroizeOnDrop)]
pub struct PersonalText(String);

impl PersonalText {
    /// Trims and checks.
    ///
    /// # Errors
    /// Empty, over 200 characters, or holding a control character.
    pub fn new(what: &'static str, text: &str) -> Result<Self, Invalid> {
        checked(what, text).map(Self)
    }

    /// The text itself. Personal data: only for deriving keys and for sealed storage.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalText(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_bounded_and_printable() {
        assert_eq!(PlainText::new("x", "  a b ").unwrap().as_str(), "a b");
        assert!(PlainText::new("x", "   ").is_err());
        assert!(PlainText::new("x", "a\u{7}b").is_err());
        assert!(PlainText::new("x", &"é".repeat(200)).is_ok());
        assert!(PlainText::new("x", &"é".repeat(201)).is_err());
    }

    #[test]
    fn characters_that_change_the_direction_of_text_are_refused() {
        for c in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let text = format!("a{c}b");
            assert!(PlainText::new("x", &text).is_err() && PersonalText::new("x", &text).is_err(), "{c:?}");
        }
        // Letters of scripts that run from right to left are plain letters; the neighbours in the table are left alone.
        for text in ["אב", "أب", "a\u{2029}b", "a\u{202f}b", "a\u{2065}b", "a\u{206a}b"] {
            assert!(PersonalText::new("x", text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn personal_text_does_not_print() {
        let name = PersonalText::new("geslachtsnaam", "Zonneveld").unwrap();
        assert!(!format!("{name:?}").contains("Zonneveld"));
    }
}
