//! OIN: the organisation identification number of the Dutch government (Logius, Digikoppeling).

use std::fmt;
use std::str::FromStr;

use crate::Invalid;

/// An organisation identification number: exactly twenty ASCII digits. Test numbers start with `00000099`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oin([u8; 20]);

impl Oin {
    /// The twenty ASCII digits, as they enter hashes and tags.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an OIN holds ASCII digits only")
    }

    /// A test number, `00000099` followed by `serial` in twelve digits.
    ///
    /// # Errors
    /// When `serial` needs more than twelve digits.
    pub fn test_number(serial: u64) -> Result<Self, Invalid> {
        format!("00000099{serial:012}").parse()
    }
}

impl FromStr for Oin {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::try_from(text.as_bytes())
    }
}

impl TryFrom<&[u8]> for Oin {
    type Error = Invalid;

    fn try_from(bytes: &[u8]) -> Result<Self, Invalid> {
        let refused = Invalid::new("OIN", "expected twenty digits");
        let digits: [u8; 20] = bytes.try_into().map_err(|_| refused.clone())?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(refused) }
    }
}

impl fmt::Display for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Oin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oin({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twenty_digits_make_an_oin() {
        for (text, accepted) in [
            ("00000099000000000001", true),
            ("0000009900000000000", false),
            ("000000990000000000011", false),
            ("0000009900000000000a", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Oin>().is_ok(), accepted, "{text}");
        }
        assert_eq!(Oin::test_number(7).unwrap().as_str(), "00000099000000000007");
    }
}
