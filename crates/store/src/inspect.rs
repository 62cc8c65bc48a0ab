//! Looking at the key files of a data folder without opening it: no lock is taken and nothing is changed, so a node
//! may be at work there.

use std::path::Path;

use crate::{StorageSecret, StoreError, secrets::KeyFolder};

/// What is wrong with the key files of a data folder.
#[derive(Debug)]
pub struct KeyFiles {
    /// Files that are whole and open under the storage secret, where one was given.
    pub sound: usize,
    /// One for each file that is not, and for a data key that is missing.
    pub faults: Vec<StoreError>,
}

/// Reads every key file of the folder, and with a secret opens each.
///
/// # Errors
/// When the folder `keys/` cannot be listed.
pub fn inspect_keys(folder: &Path, secret: Option<&StorageSecret>) -> Result<KeyFiles, StoreError> {
    KeyFolder::at(folder.join("keys")).inspect(secret)
}
