//! Commits batches of Steps to sled, sealed, and recovers after a crash.
//!
//! A data folder holds `lock` (one process at a time), `db/` (the sealed records, one sled tree), `commits` (how many
//! there have been) and `keys/` (sealed secret files, among them `data.sealed`, the key everything else is sealed
//! under, and one data key for each epoch). [`Store`] opens it
//! and is the [`protocol::Durable`] of a running node; [`Writer`] is the one thread that commits Steps to it in
//! order and hands out what they say only after a flush and a sync.
//!
//! On disk nobody without the storage secret reads a value or a record key. They do see the names of secret files,
//! how many records each collection has in each epoch, and roughly how long each is. Nobody at all, with or without that
//! secret, reads a record of an epoch that was forgotten: its data key is gone.
//!
//! A backup is one sealed file that a store can be made of again: [`BackupContents`], [`BackupReader`],
//! [`RestoringStore`]. A folder of an older format is brought up to date by [`OlderStore`], after a backup.
//!
//! What is not here: retention keys, and protection against someone who puts back an older copy of the whole folder; a
//! node learns that from the others before it signs.

mod backup;
#[cfg(all(test, target_os = "linux"))]
mod crash_matrix;
#[doc(hidden)]
pub mod decoders;
mod engine;
mod erase;
mod error;
mod fault;
mod files;
mod inspect;
mod lock;
mod mark;
mod migration;
mod plan;
mod record;
mod restoring;
mod scopes;
mod seal;
mod secrets;
mod store;
mod writer;

pub use backup::{
    BackupContents, BackupFile, BackupHead, BackupKey, BackupReader, BackupSummary, Entry, HEAD_BYTES,
    HashCosts, MAX_ENTRY_BYTES, Manifest, PASSPHRASE_HASH_BYTES, Sealing, Snapshot, is_backed_up,
};
pub use erase::erase;
pub use error::StoreError;
pub use inspect::{KeyFiles, inspect_keys};
pub use migration::{BackedUp, Migration, OlderStore, Schema};
pub use plan::{MAX_KEY_BYTES, MAX_SECRET_BYTES, MAX_VALUE_BYTES, MAX_WRITES};
pub use record::Record;
pub use restoring::{Restoring, RestoringStore};
pub use seal::StorageSecret;
pub use store::{Records, Store, StoreOptions};
pub use writer::{Looker, QUEUED_STEPS, StepSender, Stopped, Writer};
