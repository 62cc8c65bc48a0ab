//! A data folder while it is made from a backup.
//!
//! A file `restoring` lies in the folder from before the first byte until after the last one is on disk. While it is
//! there the folder is no node's: [`Store::open`] refuses it, and only a restore that begins anew takes it, which
//! clears away what the interrupted one made. So a folder is whole or is refused, wherever the power fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Schema, StorageSecret, Store, StoreError, StoreOptions, fault,
    files::{self, private_folder, sync_folder},
    lock::FolderLock,
};

/// What a restore makes, and clears away when it begins anew.
const FOLDERS: [&str; 3] = ["db", "keys", "roster"];
const FILES: [&str; 1] = ["commits"];

/// What may lie in an empty folder: the lock, and what a file system keeps at its root.
const HARMLESS: [&str; 2] = ["lock", "lost+found"];

/// The file that says that a restore is not finished.
pub(crate) fn marker(folder: &Path) -> PathBuf {
    folder.join("restoring")
}

/// Takes the lock of a node's folder, which is made when it is absent; one that is half restored is refused.
pub(crate) fn lock_whole(folder: &Path) -> Result<FolderLock, StoreError> {
    private_folder(folder)?;
    let lock = FolderLock::take(folder)?;
    if marker(folder).exists() {
        return Err(StoreError::HalfRestored { folder: folder.to_owned() });
    }
    Ok(lock)
}

/// A folder that is empty but for the marker, and locked.
#[derive(Debug)]
#[must_use = "a restore that is begun and not finished leaves a folder that is refused"]
pub struct Restoring {
    folder: PathBuf,
    lock: FolderLock,
}

impl Restoring {
    /// Takes an absent or empty folder, or one that an interrupted restore has left.
    ///
    /// # Errors
    /// When something else lies in it, another process holds it, or the disk refuses.
    pub fn begin(folder: &Path) -> Result<Self, StoreError> {
        let there = match fs::read_dir(folder) {
            Ok(entries) => entries
                .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(StoreError::io("list", folder))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(StoreError::io("list", folder)(error)),
        };
        let marker = marker(folder);
        if !marker.exists() && there.iter().any(|name| !HARMLESS.contains(&name.as_str())) {
            return Err(StoreError::NotEmpty { folder: folder.to_owned() });
        }
        private_folder(folder)?;
        let lock = FolderLock::take(folder)?;
        let mut options = files::private();
        let file =
            fault::step("open the marker", || options.create(true).truncate(false).write(true).open(&marker));
        file.and_then(|file| fault::sync(&file)).map_err(StoreError::io("create", &marker))?;
        sync_folder(folder)?;
        let restoring = Self { folder: folder.to_owned(), lock };
        restoring.clear()?;
        Ok(restoring)
    }

    /// Opens the new store, with records of the format that the backup's have.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(self, secret: &StorageSecret, format: u32) -> Result<RestoringStore, StoreError> {
        // Only written; a program of a later format migrates it when it opens it for the first time.
        let options = StoreOptions { schema: Schema { format, migrations: &[] }, ..StoreOptions::default() };
        let store = Store::open_locked(&self.folder, secret, &options, self.lock)?;
        Ok(RestoringStore { store, folder: self.folder })
    }

    fn clear(&self) -> Result<(), StoreError> {
        for name in FOLDERS {
            let path = self.folder.join(name);
            match fault::step("remove a folder", || fs::remove_dir_all(&path)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("clear away", path)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        for name in FILES {
            files::destroy(&self.folder.join(name))?;
        }
        sync_folder(&self.folder)
    }
}

/// A new store in a folder that counts as half restored until [`Self::finish`].
#[derive(Debug)]
#[must_use = "a restore that is not finished leaves a folder that is refused"]
pub struct RestoringStore {
    store: Store,
    folder: PathBuf,
}

impl RestoringStore {
    /// The store, to be filled.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Everything is there and on disk: from now on the folder is a node's.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Store, StoreError> {
        let marker = marker(&self.folder);
        // What others put beside the database (rosters) they have synced; their folders' names are in this one.
        sync_folder(&self.folder)?;
        files::remove(&marker)?;
        sync_folder(&self.folder)?;
        Ok(self.store)
    }
}
