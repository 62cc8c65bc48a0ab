//! BSN: the citizen service number, checked by the 11-proef (Wet algemene bepalingen burgerservicenummer;
//! Logisch Ontwerp BSN).

use std::fmt;
use std::str::FromStr;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Invalid;

/// A citizen service number: nine digits that pass the 11-proef, leading zeros included.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Bsn([u8; 9]);

impl Bsn {
    /// The nine ASCII digits. Personal data: only for deriving keys and for sealed storage.
    #[must_use]
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a BSN holds ASCII digits only")
    }

    /// Whether it lies in the range that is issued to nobody and meant for tests: numbers that begin with 999 (RvIG).
    #[must_use]
    pub fn is_for_tests(&self) -> bool {
        self.0.starts_with(b"999")
    }
}

impl FromStr for Bsn {
    type Err = Invalid;

    /// Accepts eight or nine digits (spreadsheets drop the leading zero), surrounding blanks and the usual dots.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let shape = Invalid::new("burgerservicenummer", "expected nine digits");
        let mut digits = [b'0'; 9];
        let given: Vec<u8> = text.trim().bytes().filter(|b| *b != b'.' && *b != b' ').collect();
        let Some(room) = 9_usize.checked_sub(given.len()).filter(|room| *room <= 1) else {
            return Err(shape);
        };
        if !given.iter().all(u8::is_ascii_digit) {
            return Err(shape);
        }
        for (slot, digit) in digits.iter_mut().skip(room).zip(&given) {
            *slot = *digit;
        }
        if eleven_proof(&digits) {
            Ok(Self(digits))
        } else {
            Err(Invalid::new("burgerservicenummer", "does not pass the 11-proef; check the digits"))
        }
    }
}

/// 9a + 8b + 7c + 6d + 5e + 4f + 3g + 2h − i is a multiple of eleven, and not all digits are zero.
fn eleven_proof(digits: &[u8; 9]) -> bool {
    let weights = [9, 8, 7, 6, 5, 4, 3, 2, -1];
    let sum: i32 = digits.iter().zip(weights).map(|(digit, weight)| i32::from(digit - b'0') * weight).sum();
    sum % 11 == 0 && digits.iter().any(|digit| *digit != b'0')
}

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bsn(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleven_proof_decides() {
        for (text, kept) in [
            ("111222333", Some("111222333")),
            ("123456782", Some("123456782")),
            ("999990019", Some("999990019")),
            ("010464554", Some("010464554")),
            ("10464554", Some("010464554")),
            (" 1112.22.333 ", Some("111222333")),
            ("111222334", None),
            ("000000000", None),
            ("1234567", None),
            ("1234567890", None),
            ("12345678a", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Bsn>().ok().as_ref().map(Bsn::reveal), kept, "{text}");
        }
    }

    #[test]
    fn debug_and_errors_say_nothing_of_the_number() {
        let bsn: Bsn = "111222333".parse().unwrap();
        assert!(!format!("{bsn:?}").contains("111"));
        let refused = "111222334".parse::<Bsn>().unwrap_err();
        assert!(!refused.to_string().contains("111"));
    }
}
