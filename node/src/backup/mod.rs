//! What becomes of backups in the node: reading one to its end, restoring it, trying whether that would work, and the
//! one that is made before an older data folder is brought up to date.
//!
//! The format is the store's; who asks for a backup talks to [`daemon`](crate::daemon) like everybody else.

mod drill;
mod filling;
mod migrating;
mod reading;
mod restoring;

pub use drill::{Drill, drill};
pub use filling::FillError;
pub use migrating::open_store;
pub use reading::{BackupError, VerifiedBackup};
pub use restoring::{Restored, restore};

use store::{BackupHead, BackupKey, PASSPHRASE_HASH_BYTES, StoreError};
use zeroize::Zeroizing;

use crate::config::ConfigError;
use crate::passphrase::{COSTS, Passphrase};

/// Hears how far long work is: what is done, how much of it, of how much.
pub type Watch<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Tells a watch now and then: at most some twenty times, whatever the number of entries.
struct Pace<'a> {
    watch: Watch<'a>,
    doing: &'static str,
    total: u64,
    told: u64,
}

impl<'a> Pace<'a> {
    fn new(watch: Watch<'a>, doing: &'static str, total: u64) -> Self {
        Self { watch, doing, total, told: 0 }
    }

    fn at(&mut self, done: u64) {
        if done.saturating_sub(self.told) >= (self.total / 20).max(1) {
            self.told = done;
            (self.watch)(self.doing, done, self.total);
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The passphrase or the machine.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The backup.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The head of a new backup, as it stands in the file, and the key of what follows it.
///
/// # Errors
/// No memory for the passphrase hash, or no randomness.
pub fn new_head(passphrase: &Passphrase) -> Result<(BackupHead, Vec<u8>, BackupKey), KeyError> {
    let head = BackupHead::new(COSTS)?;
    let (bytes, key) = head.seal(&*hash(passphrase, &head)?);
    Ok((head, bytes, key))
}

fn hash(
    passphrase: &Passphrase,
    head: &BackupHead,
) -> Result<Zeroizing<[u8; PASSPHRASE_HASH_BYTES]>, ConfigError> {
    let costs = head.costs();
    let needed_mebibytes = costs.memory_kibibytes >> 10;
    passphrase.hash(head.salt(), costs).ok_or(ConfigError::Derivation { needed_mebibytes })
}
