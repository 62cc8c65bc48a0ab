//! What can be wrong with the files of governance, each with what to do.

use std::io;
use std::path::PathBuf;

use roster::{Fingerprint, JoinError, RosterError};
use thiserror::Error;

/// A file, folder or roster that was refused. Nothing was changed.
#[derive(Debug, Error)]
pub enum GovernanceError {
    /// The operating system refused.
    #[error("cannot {doing} {}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Far longer than what it should be.
    #[error("{} is larger than {limit} bytes and therefore not {expected}; check the file name", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: usize,
        /// What it should have been.
        expected: &'static str,
    },
    /// A result must not replace what is there.
    #[error("{} exists already; choose another name with --out, or remove it first", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A roster file that was refused.
    #[error("{} was refused", .path.display())]
    Roster {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: RosterError,
    },
    /// A join request that was refused.
    #[error("{} was refused", .path.display())]
    Join {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: JoinError,
    },
    /// A file of the folder that no longer verifies.
    #[error(
        "{} does not follow from the versions before it: the file was changed or damaged; take the roster folder from \
         a backup, or move it aside and install every version again",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: RosterError,
    },
    /// A version is missing between others.
    #[error(
        "the roster folder {} holds version {found} but not version {missing}; take it from a backup, or move the \
         folder aside and install every version again",
        .path.display()
    )]
    Hole {
        /// The folder.
        path: PathBuf,
        /// The version that is missing.
        missing: u32,
        /// A later version that is there.
        found: u32,
    },
    /// A roster that was offered is refused.
    #[error("the roster is refused")]
    Refused(#[source] RosterError),
    /// A later version cannot be the first.
    #[error(
        "this is version {found}, and no roster is installed yet; install the genesis roster (version 1) first and then \
         each version in order: all of them can be named in one command"
    )]
    GenesisFirst {
        /// The version offered.
        found: u32,
    },
    /// Nobody has said which network this should be.
    #[error(
        "the roster founds the network with fingerprint {found}; have a governor read the fingerprint to you by \
         telephone and repeat the command with --network FINGERPRINT"
    )]
    NetworkUnconfirmed {
        /// The network offered.
        found: Fingerprint,
    },
    /// Another network than the one held or expected.
    #[error(
        "the roster belongs to the network with fingerprint {found}, and this must be the one with fingerprint \
         {expected}; ask a governor for the right file"
    )]
    OtherNetwork {
        /// The network offered.
        found: Fingerprint,
        /// The network held or expected.
        expected: Fingerprint,
    },
    /// Versions between are missing.
    #[error(
        "this is version {found}, and version {held} is installed; ask a governor for version {} and install that first",
        .held.saturating_add(1)
    )]
    Gap {
        /// The newest version held.
        held: u32,
        /// The version offered.
        found: u32,
    },
    /// The next version, built on another version than the one held.
    #[error(
        "version {found} builds on another version {held} than the one installed here; two versions {held} were signed: \
         call the governors, and install nothing until they have settled it"
    )]
    OtherBranch {
        /// The newest version held.
        held: u32,
        /// The version offered.
        found: u32,
    },
    /// Older than what is held, and not one that was ever in force.
    #[error(
        "this is version {found}, and version {held} is installed already; an older version never takes effect"
    )]
    Older {
        /// The newest version held.
        held: u32,
        /// The version offered.
        found: u32,
    },
    /// Governors signed two different rosters with one version number.
    #[error(
        "CONFLICT: governors signed two different rosters of version {version}. The one installed first stays in force; \
         the other is kept as {}. Call the governors: they have signed twice, or a governor's key is in wrong hands",
        .kept.display()
    )]
    Conflict {
        /// The version of both.
        version: u32,
        /// Where the second one is kept as evidence.
        kept: PathBuf,
    },
    /// Text that says something wrong, one sentence each.
    #[error("{}", .0.join("\n"))]
    Content(Vec<String>),
    /// Not a governor's key file.
    #[error("{} is no governor's key file; `samenhang governor new` makes one", .path.display())]
    NoKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// A governor's key file whose bytes changed.
    #[error("the key file {} is damaged; take it from your copy", .path.display())]
    DamagedKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// A governor's key file of a later version of this program.
    #[error(
        "the key file {} was written by a newer version of this program (format {found}); install that version",
        .path.display()
    )]
    NewerKeyFile {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u16,
    },
    /// The passphrase does not open the key file.
    #[error("the passphrase does not open {}; nothing was signed", .path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// Not the public half of a governor's key.
    #[error(
        "{} is no governor's public key: expected the file that `samenhang governor new` wrote with ending .pub, unchanged",
        .path.display()
    )]
    NoPublicKey {
        /// The file.
        path: PathBuf,
    },
    /// Nobody gave a passphrase.
    #[error(
        "a passphrase is needed: name a file with --passphrase-file, set SAMENHANG_PASSPHRASE, or run this in a terminal"
    )]
    NoPassphrase,
    /// Too short to protect a key.
    #[error(
        "the passphrase has fewer than {least} characters; take a longer one, for example five random words"
    )]
    ShortPassphrase {
        /// The least.
        least: usize,
    },
    /// Typed differently the second time.
    #[error("the two passphrases differ; run the command again")]
    PassphrasesDiffer,
    /// No randomness or memory for a key.
    #[error("cannot {doing}: {reason}")]
    Machine {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
}

impl GovernanceError {
    /// Wraps an error of the operating system.
    pub(super) fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
