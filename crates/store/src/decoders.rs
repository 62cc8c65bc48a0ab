//! What reads bytes of the disk and of backups, as functions of bytes: for tests that feed arbitrary ones.
//!
//! Whatever is sealed is read in two ways: as it lies there, where hardly anything opens, and by what the sealed text
//! says, where this module seals it first.

use protocol::{Collection, Scope, Secret};

use crate::backup::stream::Sealer;
use crate::record::{self, Drawer};
use crate::seal::Key;
use crate::secrets::{self, DataKey};
use crate::{BackupKey, Record, StoreError, mark};

/// Everything is sealed under this key here.
const KEY: [u8; 32] = [7; 32];

/// The number in the file `commits`; `None` when it counts as none.
#[must_use]
pub fn commits(bytes: &[u8]) -> Option<u64> {
    mark::decode(bytes)
}

/// The scope that an engine key names, and what follows it.
#[must_use]
pub fn scope(bytes: &[u8]) -> Option<(Scope, &[u8])> {
    record::split_scope(bytes)
}

/// How a scope is written.
#[must_use]
pub fn scope_bytes(scope: Scope) -> Vec<u8> {
    record::scope_bytes(scope)
}

/// What a key file holds.
///
/// # Errors
/// Damaged, of a newer format, or sealed under another key or name.
pub fn key_file(name: &str, bytes: &[u8]) -> Result<Secret, StoreError> {
    let sealed = secrets::whole(name, bytes)?;
    let opened = Key::from_bytes(KEY).open(&secrets::about(name), sealed.to_vec());
    let mut content = opened.ok_or_else(|| StoreError::corrupt("a key file"))?;
    Ok(Secret::new(std::mem::take(&mut *content)))
}

/// A key file that holds these bytes.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn sealed_key_file(name: &str, content: &[u8]) -> Result<Vec<u8>, StoreError> {
    secrets::seal_file(&Key::from_bytes(KEY), name, content)
}

/// Whether the folder of a data key is in use, when the content of its file is one.
///
/// # Errors
/// No data key.
pub fn data_key(content: &[u8]) -> Result<bool, StoreError> {
    DataKey::decode(content).map(|key| key.in_use)
}

/// The record that begins with the first of these entries of the engine and goes on in the others.
///
/// # Errors
/// Damaged, or sealed under another key.
pub fn record(
    scope: Scope,
    collection: Collection,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<Record, StoreError> {
    let drawer = Drawer::new(scope, collection, &Key::from_bytes(KEY));
    let mut entries = entries.into_iter().map(Ok);
    drawer.next(&mut entries).unwrap_or_else(|| Err(StoreError::corrupt_collection(collection)))
}

/// The record whose sealed text this is.
///
/// # Errors
/// When the text is no record.
pub fn record_text(scope: Scope, collection: Collection, text: &[u8]) -> Result<Record, StoreError> {
    Drawer::new(scope, collection, &Key::from_bytes(KEY)).read_text(text)
}

/// What follows the head of a backup whose entries are these bytes.
#[must_use]
pub fn sealed_backup(entries: &[u8], key: &BackupKey) -> Vec<u8> {
    let mut sealer = Sealer::new(key);
    sealer.push(entries);
    sealer.finish()
}
