//! What can go wrong with a data folder: whose fault it is, and what to do.

use std::{error::Error, io, path::PathBuf};

use protocol::{Collection, Scope};

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
    #[error("the storage secret, made of the passphrase, does not fit the data folder {}; give the passphrase that it was made with", .folder.display())]
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
    /// The folder was written by an older program.
    #[error(
        "the data folder has format {found} and this program works with {known}; start the node with \
         `samenhang run`: it makes a backup first and then brings the folder up to date"
    )]
    Older {
        /// Format found on disk.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// A restore into the folder was begun and not finished.
    #[error(
        "a restore into the data folder {} was interrupted; run `samenhang restore` again, it begins anew",
        .folder.display()
    )]
    HalfRestored {
        /// The data folder.
        folder: PathBuf,
    },
    /// There is something in the folder that a restore would mix with or bury.
    #[error(
        "the data folder {} is not empty; a backup is restored into an empty or absent one. Move what is there out of \
         the way, for it may be the only copy, or name another data_folder in the configuration",
        .folder.display()
    )]
    NotEmpty {
        /// The data folder.
        folder: PathBuf,
    },
    /// The file begins with something else.
    #[error("the file is no backup of samenhang; name the file that `samenhang backup` wrote")]
    NotABackup,
    /// The backup was made by a newer program.
    #[error(
        "the backup has format {found} and this program knows formats up to {known}; restore it with the newer \
         program that made it"
    )]
    BackupNewer {
        /// Format of the file, or of the records in it.
        found: u32,
        /// Newest format this program knows.
        known: u32,
    },
    /// The backup is not what was written.
    #[error(
        "the backup is damaged or was altered ({what}); nothing of it can be relied on. Copy it anew from where it is \
         kept, or use another one"
    )]
    BackupDamaged {
        /// The part.
        what: &'static str,
    },
    /// The passphrase is another than the one the backup was made with.
    #[error(
        "the passphrase does not open the backup; give the one that it was made with. Without it nobody can open it"
    )]
    BackupPassphrase,
    /// The backup cannot be read.
    #[error(
        "the backup cannot be read; check that it exists, that this user may read it, and the disk it is on"
    )]
    BackupUnreadable {
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// There is a file under the name that the backup is to have.
    #[error("{} exists; choose another name, or replace it with --force", .path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// A record cannot be brought to the next format.
    #[error(
        "a record of {collection:?} cannot be brought to format {to}; the folder is as it was before, but for records \
         that were. Run the program that wrote it again on the backup that was made, and report this"
    )]
    Migration {
        /// The sort of record.
        collection: Collection,
        /// The format it was to have.
        to: u32,
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
    /// A record was to be put into an epoch or month whose data key was destroyed. Ours, or that of a clock that went back.
    #[error(
        "something was to be kept of {scope}, which this data folder has forgotten for good; check the clock of \
         this machine, and when it is right report this: it is a mistake in the program"
    )]
    Forgotten {
        /// The epoch or month.
        scope: Scope,
    },
    /// What lasts was to be forgotten. A mistake in this program.
    #[error("what lasts was to be forgotten; this is a mistake in the program: report it")]
    ForgetsLasting,
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
