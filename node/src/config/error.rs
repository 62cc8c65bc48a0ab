//! What is wrong with a configuration or a passphrase, and what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::PASSPHRASE_VARIABLE;

/// Why a node cannot start with what it was given. The operator's to mend.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}; name the right file with --config, or make it readable for this user", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file says something that cannot be.
    #[error("the configuration {} is not right:\n  {flaws}", .path.display())]
    Flawed {
        /// The file.
        path: PathBuf,
        /// One sentence a line.
        flaws: String,
    },
    /// No passphrase was given.
    #[error(
        "no passphrase: name a file that holds it as node.passphrase_file in the configuration, or put it in the \
         environment variable {PASSPHRASE_VARIABLE}"
    )]
    NoPassphrase,
    /// The file of the passphrase cannot be read.
    #[error("cannot read the passphrase from {}; check that the file exists and that this user may read it", .path.display())]
    PassphraseUnreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Too short to withstand guessing by whoever has a copy of the folder, or too long to be a passphrase.
    #[error("the passphrase in {place} has {found} characters; give one of {least} to {most}")]
    PassphraseLength {
        /// Where it comes from.
        place: String,
        /// How long it is.
        found: usize,
        /// Shortest.
        least: usize,
        /// Longest.
        most: usize,
    },
    /// A file of the data folder cannot be read or written.
    #[error("could not {what} {}; check that the disk has space and that the folder belongs to this user", .path.display())]
    Folder {
        /// The operation.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The salt is gone while the folder is in use: making another would lock the data away.
    #[error("{} is missing although the data folder is in use; put it back, or restore a backup", .path.display())]
    SaltMissing {
        /// Where it ought to be.
        path: PathBuf,
    },
    /// The salt file is not what was written there.
    #[error("{} is damaged; put it back from a copy, or restore a backup", .path.display())]
    SaltDamaged {
        /// The file.
        path: PathBuf,
    },
    /// Argon2id could not be computed.
    #[error("the key could not be made of the passphrase; {needed_mebibytes} MiB of free memory are needed")]
    Derivation {
        /// Memory that it takes.
        needed_mebibytes: u32,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gives no random bytes; no salt can be made without them")]
    Randomness,
}
