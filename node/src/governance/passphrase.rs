//! The passphrase that seals a governor's key: from a file, the environment, or a terminal. Never an argument, which
//! every user of the machine can read in the list of processes.

use std::path::{Path, PathBuf};

use zeroize::{Zeroize as _, Zeroizing};

use super::{GovernanceError, files};
use crate::passphrase::LEAST_CHARACTERS;
pub use crate::passphrase::Passphrase;

/// Environment variable that holds the passphrase.
const VARIABLE: &str = "SAMENHANG_PASSPHRASE";

/// Longest file that is read for a passphrase.
const MAX_FILE_BYTES: usize = 4_096;

/// Where a passphrase comes from: the named file, else the environment, else the terminal.
#[derive(Debug, Clone)]
pub struct PassphraseSource {
    file: Option<PathBuf>,
}

impl PassphraseSource {
    /// With the file that was named on the command line.
    #[must_use]
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// The passphrase of a key that exists.
    ///
    /// # Errors
    /// An unreadable file, or nowhere to take one from.
    pub fn existing(&self, key: &Path) -> Result<Passphrase, GovernanceError> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => prompt(&format!("Passphrase of {}: ", key.display())),
        }
    }

    /// A passphrase for a new key: long enough, and typed twice when it is typed.
    ///
    /// # Errors
    /// As [`Self::existing`], and one that is too short or typed differently.
    pub fn chosen(&self) -> Result<Passphrase, GovernanceError> {
        let passphrase = match self.given()? {
            Some(passphrase) => passphrase,
            None => {
                let first = prompt("Choose a passphrase for the new key: ")?;
                let second = prompt("The same passphrase once more: ")?;
                if first.reveal() != second.reveal() {
                    return Err(GovernanceError::PassphrasesDiffer);
                }
                first
            }
        };
        if passphrase.characters() < LEAST_CHARACTERS {
            return Err(GovernanceError::ShortPassphrase { least: LEAST_CHARACTERS });
        }
        Ok(passphrase)
    }

    fn given(&self) -> Result<Option<Passphrase>, GovernanceError> {
        if let Some(path) = &self.file {
            let mut bytes = files::read_bounded(path, MAX_FILE_BYTES, "a passphrase")?;
            let passphrase = std::str::from_utf8(&bytes).map(Passphrase::new);
            let passphrase = passphrase.map_err(|_| {
                let refused = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8 text");
                GovernanceError::io("use as a passphrase the file", path)(refused)
            });
            bytes.zeroize();
            return passphrase.map(Some);
        }
        match std::env::var(VARIABLE) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                Ok(Some(Passphrase::new(&text)))
            }
            Err(_) => Ok(None),
        }
    }
}

fn prompt(question: &str) -> Result<Passphrase, GovernanceError> {
    Passphrase::ask(question).ok_or(GovernanceError::NoPassphrase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_ending_of_a_file_does_not_count_and_short_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        let source = PassphraseSource::new(Some(path.clone()));
        for ending in ["", "\n", "\r\n"] {
            std::fs::write(&path, format!("twelve chars{ending}")).unwrap();
            assert_eq!(source.chosen().unwrap().reveal(), b"twelve chars");
        }
        std::fs::write(&path, "eleven char\n").unwrap();
        assert!(matches!(source.chosen(), Err(GovernanceError::ShortPassphrase { least: 12 })));
        assert_eq!(source.existing(Path::new("k")).unwrap().reveal(), b"eleven char");
        std::fs::write(&path, [0xff]).unwrap();
        assert!(matches!(source.chosen(), Err(GovernanceError::Io { .. })));
    }
}
