//! What can go wrong with a data folder: whose fault it is, and what to do.

use std::{error::Error, io, path::PathBuf};

use protocol::Collection;

/// Why the store refused or failed. Messages name files and collections, never a record key or a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock of the folder.
    #[error(
        "the data folder {} is in use by another process; stop that one first, or send it the command",
        .folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The caller's storage secret is not the one the folder was made with.
    #[error("the storage secret does not fit the data folder {}; give the one it was made with", .folder.display())]
    WrongSecret {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder was written by a newer program.
    #[error(
        "the data folder has format {found} and this program knows formats up to {known}; install the newer \
         program again, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Format found on disk.
        found: u32,
        /// Newest format this program knows.
        known: u32,
    },
    /// Bytes on disk are not what this program wrote there.
    #[error(
        "{part} in the data folder is damaged; stop using the folder, check the disk and restore a backup"
    )]
    Corrupt {
        /// The collection or file.
        part: String,
    },
    /// The database is whole but older than what it acknowledged.
    #[error(
        "the database lost its newest {lost} commits; stop using the folder, check the disk and restore a backup"
    )]
    LostCommits {
        /// How many at least.
        lost: u64,
    },
    /// The key of an existing folder is gone; making a new one would hide that nothing can be read any more.
    #[error("{} is missing although the folder is in use; put it back, or restore a backup", .path.display())]
    KeyMissing {
        /// Where it ought to be.
        path: PathBuf,
    },
    /// The operating system refused a file operation.
    #[error("could not {what} {}; check that the disk has space and that the folder belongs to this user", .path.display())]
    Io {
        /// The operation.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The database engine reported a failure.
    #[error(
        "the database could not {doing}; check that the disk has space and is sound, restart, and restore a backup only if \
         it happens again then"
    )]
    Engine {
        /// The operation.
        doing: &'static str,
        /// The cause; absent when the engine gave up without saying why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes; nothing can be sealed without them")]
    Randomness {
        /// The cause.
        #[source]
        source: getrandom::Error,
    },
    /// A Step holds more changes than one commit may. A mistake in this program.
    #[error("a Step holds {writes} changes, more than {limit}; this is a mistake in the program: report it")]
    StepTooLarge {
        /// Its changes.
        writes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A record key or value is longer than it may be. A mistake in this program.
    #[error(
        "a {part} of {collection:?} has {bytes} bytes, more than {limit}; this is a mistake in the program: report it"
    )]
    RecordTooLarge {
        /// `key` or `value`.
        part: &'static str,
        /// The sort of record.
        collection: Collection,
        /// Its length.
        bytes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A secret is longer than it may be. A mistake in this program.
    #[error(
        "the secret {name} has {bytes} bytes, more than {limit}; this is a mistake in the program: report it"
    )]
    SecretTooLarge {
        /// Its name.
        name: String,
        /// Its length.
        bytes: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A secret would overwrite a file of the store itself. A mistake in this program.
    #[error("the secret name {name} is the store's own; this is a mistake in the program: report it")]
    ReservedName {
        /// The name.
        name: String,
    },
    /// An earlier commit failed: what is in memory may no longer be what is on disk.
    #[error("an earlier write to the data folder failed; restart the node to read again what is on disk")]
    Failed,
    /// The writer thread had ended before it was stopped; it has reported why.
    #[error("the writer had stopped after a failure that it reported; restart the node")]
    WriterStopped,
}

impl StoreError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    pub(crate) fn corrupt(part: impl Into<String>) -> Self {
        Self::Corrupt { part: part.into() }
    }

    pub(crate) fn corrupt_collection(collection: Collection) -> Self {
        Self::corrupt(format!("the collection {collection:?}"))
    }
}
