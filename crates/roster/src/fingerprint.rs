//! Fingerprints: what two people read to each other over the telephone.
//!
//! A fingerprint is the first 128 bits of a SHA-256 digest as eight groups of five decimal digits, each group the
//! value of two bytes:
//!
//! ```text
//! 05321 60418 00923 44170  31002 65121 18734 00411
//! ```
//!
//! Decimal, because digits are the one alphabet that is read aloud without mistakes in Dutch (in hexadecimal "b",
//! "c", "d" and "e" rhyme, and "a" and "h" are confused); half a minute, half the time of the whole digest. 128 bits
//! and not 80, because a genesis roster is also to be safe from the person who drafts it: who chooses both of two
//! documents finds a pair with one fingerprint of n bits in 2^(n/2) attempts. 2^40 is an evening's work, 2^64 is not,
//! and against somebody else's document it is 2^128.

use std::fmt;
use std::str::FromStr;

use crypto::{VerifyingKey, digest};
use domain::NetworkId;
use thiserror::Error;

const BYTES: usize = 16;
const GROUPS: usize = 8;
const DIGITS: usize = 5;

/// Domain tag of the digest behind a governor key's fingerprint.
const GOVERNOR_LABEL: &str = "samenhang governor key v1";

/// Eight groups of five digits that stand for a join request, a governor's key or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; BYTES]);

/// Text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a fingerprint is eight groups of five digits, each group at most 65535")]
pub struct NoFingerprint;

impl Fingerprint {
    /// The fingerprint of a digest: its first half.
    #[must_use]
    pub fn of(digest: &[u8; 32]) -> Self {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(digest.split_at(BYTES).0);
        Self(bytes)
    }

    /// The fingerprint of a governor's public key.
    #[must_use]
    pub fn of_governor(key: &VerifyingKey) -> Self {
        Self::of(digest(GOVERNOR_LABEL, &[key.as_bytes()]).as_bytes())
    }
}

impl From<NetworkId> for Fingerprint {
    /// Of the network, and so of its genesis roster, whose digest the id is.
    fn from(network: NetworkId) -> Self {
        Self::of(network.as_bytes())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (groups, _) = self.0.as_chunks::<2>();
        for (place, group) in groups.iter().enumerate() {
            let gap = match place {
                0 => "",
                4 => "  ",
                _ => " ",
            };
            write!(f, "{gap}{:05}", u16::from_be_bytes(*group))?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    /// Blanks, hyphens and dots between digits do not count.
    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let is_gap = |c: &char| c.is_whitespace() || matches!(c, '-' | '.');
        let digits: String = text.chars().filter(|c| !is_gap(c)).collect();
        if digits.len() != GROUPS * DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoFingerprint);
        }
        let (groups, _) = digits.as_bytes().as_chunks::<DIGITS>();
        let mut bytes = [0; BYTES];
        for (place, group) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(groups) {
            let group = std::str::from_utf8(group).map_err(|_| NoFingerprint)?;
            *place = group.parse::<u16>().map_err(|_| NoFingerprint)?.to_be_bytes();
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_in_any_spacing() {
        let mut digest = [0; 32];
        for (place, byte) in digest.iter_mut().zip(0..) {
            *place = byte;
        }
        let fingerprint = Fingerprint::of(&digest);
        let shown = fingerprint.to_string();
        assert_eq!(shown, "00001 00515 01029 01543  02057 02571 03085 03599");
        for text in [shown.clone(), shown.replace(' ', ""), shown.replace(' ', "-"), format!(" {shown}\n")] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        assert_eq!(Fingerprint::of(&[0xff; 32]).to_string().parse(), Ok(Fingerprint::of(&[0xff; 32])));
    }

    #[test]
    fn anything_else_is_none() {
        let shown = Fingerprint::of(&[7; 32]).to_string();
        for text in ["", &shown[1..], &format!("{shown}1"), &shown.replacen('0', "x", 1), &"65536".repeat(8)]
        {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
        }
        assert_ne!(shown.parse(), Ok(Fingerprint::of(&[8; 32])));
    }
}
