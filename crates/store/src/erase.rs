//! Erasing a data folder for good.

use std::{fs, io, path::Path};

use crate::{
    StoreError, files,
    lock::FolderLock,
    secrets::{DATA_KEY, KeyFolder},
};

/// Makes everything in a data folder unreadable, and then removes it: the data key first, since records and secret
/// files are sealed under it, then every other file in `keys/`, then the database. The folder itself stays, with
/// whatever others keep in it.
///
/// Needs no storage secret. A crash at any point leaves a folder in which the same call finishes the work, and done
/// again it changes nothing. Key files are overwritten before they are unlinked; media that keep old blocks keep them
/// all the same.
///
/// # Errors
/// When another process holds the folder, or the operating system refuses.
pub fn erase(folder: &Path) -> Result<(), StoreError> {
    files::private_folder(folder)?;
    let _lock = FolderLock::take(folder)?;
    let keys = folder.join("keys");
    if keys.exists() {
        KeyFolder::open(keys.clone())?.destroy(DATA_KEY)?;
        for entry in fs::read_dir(&keys).map_err(StoreError::io("list", &keys))? {
            files::destroy(&entry.map_err(StoreError::io("list", &keys))?.path())?;
        }
        gone(&keys, fs::remove_dir(&keys))?;
    }
    let (db, commits) = (folder.join("db"), folder.join("commits"));
    gone(&db, fs::remove_dir_all(&db))?;
    gone(&commits, fs::remove_file(&commits))?;
    files::sync_folder(folder)
}

/// What is not there need not be removed.
fn gone(path: &Path, removed: io::Result<()>) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
