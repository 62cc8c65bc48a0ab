//! Addresses as the BAG and the BRP write them.

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Invalid, PersonalText};

/// A Dutch postcode: four digits, not starting with 0, and two capitals. Personal data.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Postcode([u8; 6]);

impl Postcode {
    /// The six characters, for example `1234AB`. Personal data.
    #[must_use]
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a postcode holds ASCII only")
    }
}

impl FromStr for Postcode {
    type Err = Invalid;

    /// Blanks, hyphens, dots, small letters and the country in front (`NL-1234 AB`) are accepted.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let refused = Invalid::new("postcode", "expected four digits and two letters, such as 1234AB");
        let found: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.')).collect();
        let found = found.to_ascii_uppercase();
        let found = found.strip_prefix("NL").unwrap_or(&found);
        let code: [u8; 6] = found.as_bytes().try_into().map_err(|_| refused.clone())?;
        let (digits, letters) = code.split_at(4);
        let shaped = digits.iter().all(u8::is_ascii_digit) && letters.iter().all(u8::is_ascii_uppercase);
        if shaped && digits.first() != Some(&b'0') { Ok(Self(code)) } else { Err(refused) }
    }
}

impl fmt::Debug for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postcode(redacted)")
    }
}

/// A house number, 1 to 99,999 (BAG). Personal data.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct HouseNumber(u32);

impl HouseNumber {
    /// Checks the range.
    ///
    /// # Errors
    /// Outside 1 to 99,999.
    pub fn new(number: u32) -> Result<Self, Invalid> {
        if (1..=99_999).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Invalid::new("huisnummer", "expected a number from 1 to 99999"))
        }
    }

    /// The number. Personal data.
    #[must_use]
    pub fn reveal(&self) -> u32 {
        self.0
    }
}

impl FromStr for HouseNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let number = if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
        number.map_or_else(|| Self::new(0), Self::new)
    }
}

impl fmt::Debug for HouseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HouseNumber(redacted)")
    }
}

/// What sort of address it is (CSV column `adressoort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AddressKind {
    /// `woon`: where the person lives.
    #[default]
    Home,
    /// `brief`: a correspondence address; the person lives elsewhere or nowhere.
    Correspondence,
    /// `geheim`: disclosure is restricted. Never used for keys.
    Secret,
    /// `buitenland`: abroad.
    Abroad,
}

/// Postcode and house number with letter and addition.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The postcode.
    pub postcode: Postcode,
    /// The house number.
    pub number: HouseNumber,
    /// The house letter, as given.
    pub letter: Option<PersonalText>,
    /// The addition, as given: `2`, `bis`, `hs`.
    pub addition: Option<PersonalText>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postcodes_and_house_numbers() {
        for (text, kept) in [
            ("1234AB", Some("1234AB")),
            ("1234 ab", Some("1234AB")),
            (" 1234\u{a0}AB ", Some("1234AB")),
            ("1234-AB", Some("1234AB")),
            ("1234.AB.", Some("1234AB")),
            ("NL-1234 AB", Some("1234AB")),
            ("nl 1234ab", Some("1234AB")),
            ("1234NL", Some("1234NL")),
            ("NL", None),
            ("B-1000", None),
            ("NLNL1234AB", None),
            ("0234AB", None),
            ("1234A", None),
            ("12345B", None),
            ("1234ÀB", None),
        ] {
            assert_eq!(text.parse::<Postcode>().ok().as_ref().map(Postcode::reveal), kept, "{text}");
        }
        assert_eq!("12".parse::<HouseNumber>().unwrap().reveal(), 12);
        for refused in ["0", "100000", "12a", "", "-1", "+1"] {
            assert!(refused.parse::<HouseNumber>().is_err(), "{refused}");
        }
    }
}
