//! A passphrase, and the memory-hard hash of one. Where one comes from is the affair of whoever asks for it.

use std::fmt;
use std::io::IsTerminal as _;

use argon2::{Algorithm, Argon2, Params, Version};
use console::Term;
use zeroize::Zeroizing;

pub(crate) use store::HashCosts;

/// Least characters of a new passphrase: with a second of work per guess, four random words or twelve random characters
/// are out of reach.
pub(crate) const LEAST_CHARACTERS: usize = 12;

/// RFC 9106, section 4, second recommended option: 64 MiB, three passes, four lanes.
pub(crate) const COSTS: HashCosts = HashCosts { memory_kibibytes: 64 << 10, passes: 3, lanes: 4 };

/// A passphrase; shown to nobody, wiped when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes the text as it is, but for one line ending: an editor ends a file with one, which nobody means.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Asks the person at the terminal; `None` when nobody sits there.
    pub(crate) fn ask(question: &str) -> Option<Self> {
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        let terminal = Term::stderr();
        terminal.write_str(question).ok()?;
        let typed = Zeroizing::new(terminal.read_secure_line().ok()?);
        Some(Self::new(&typed))
    }

    /// How long it is.
    pub(crate) fn characters(&self) -> usize {
        self.0.chars().count()
    }

    /// The bytes. Secret: only for the hash.
    pub(crate) fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Argon2id (RFC 9106) of the passphrase; `None` when the machine cannot compute it: not enough memory, or costs
    /// that make no sense.
    pub(crate) fn hash(&self, salt: &[u8], costs: HashCosts) -> Option<Zeroizing<[u8; 32]>> {
        let HashCosts { memory_kibibytes, passes, lanes } = costs;
        let params = Params::new(memory_kibibytes, passes, lanes, Some(32)).ok()?;
        let mut hash = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.reveal(), salt, hash.as_mut())
            .ok()?;
        Some(hash)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_ending_does_not_count_and_nothing_is_shown() {
        for ending in ["", "\n", "\r\n"] {
            assert_eq!(Passphrase::new(&format!("twelve chars{ending}")).reveal(), b"twelve chars");
        }
        assert_eq!(format!("{:?}", Passphrase::new("twelve chars")), "Passphrase(redacted)");
    }
}
