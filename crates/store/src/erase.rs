//! Erasing a data folder for good.

use std::{fs, io, path::Path};

use crate::{
    StoreError, fault, files,
    lock::FolderLock,
    secrets::{DATA_KEY, KeyFolder},
};

/// Makes everything in a data folder unreadable, and then removes it: the data key first, since records and secret
/// files are sealed under it, then every other file in `keys/`, then the backups that migrations made in `backups/`,
/// which open with a passphrase alone, then the database. The folder itself stays, with whatever others keep in it.
///
/// Needs no storage secret. A crash at any point leaves a folder in which the same call finishes the work, and done
/// again it changes nothing. Key files and backups are overwritten before they are unlinked; media that keep old blocks keep them
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
        destroy_all(&keys)?;
    }
    destroy_all(&folder.join("backups"))?;
    let (db, commits) = (folder.join("db"), folder.join("commits"));
    gone(&db, fault::step("remove a folder", || fs::remove_dir_all(&db)))?;
    gone(&commits, fault::step("remove", || fs::remove_file(&commits)))?;
    files::sync_folder(folder)
}

/// Overwrites and unlinks every file of a folder, and then removes it; fine when there is none.
fn destroy_all(folder: &Path) -> Result<(), StoreError> {
    if folder.exists() {
        for entry in files::entries(folder)? {
            files::destroy(&entry.path())?;
        }
    }
    gone(folder, fault::step("remove a folder", || fs::remove_dir(folder)))
}

/// What is not there need not be removed.
fn gone(path: &Path, removed: io::Result<()>) -> Result<(), StoreError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_a_migration_backed_up_is_overwritten_and_gone_and_what_others_keep_stays() {
        let folder = tempfile::tempdir().unwrap();
        let witness = tempfile::tempdir().unwrap();
        let (data, seen) = (folder.path(), witness.path().join("seen"));
        fs::write(data.join("departure.json"), b"{}").unwrap();
        for name in ["backups", "keys"] {
            fs::create_dir(data.join(name)).unwrap();
        }
        fs::write(data.join("keys/node.sealed"), b"key").unwrap();
        let backup = data.join("backups/format-1.backup");
        fs::write(&backup, b"signals").unwrap();
        fs::hard_link(&backup, &seen).unwrap();
        erase(data).unwrap();
        assert_eq!(fs::read(&seen).unwrap(), [0; 7]);
        let left = || {
            let names = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name());
            names.collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(left(), ["departure.json", "lock"].map(Into::into).into());

        // Interrupted between the keys and the backups, it goes on.
        fs::create_dir(data.join("backups")).unwrap();
        fs::write(&backup, b"half").unwrap();
        erase(data).unwrap();
        assert_eq!(left(), ["departure.json", "lock"].map(Into::into).into());
    }
}
