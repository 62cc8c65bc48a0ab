//! One process at a time: the lock file of a data folder.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::{StoreError, fault, files};

/// Held as long as the folder is open. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock(File);

impl Drop for FolderLock {
    /// Closing alone would not do: a program that another thread is starting shares all open files until it runs.
    fn drop(&mut self) {
        // The file is closed in any case.
        let _let_go = self.0.unlock();
    }
}

impl FolderLock {
    /// Takes the lock without waiting.
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("lock");
        let mut options = files::private();
        let file =
            fault::step("open the lock", || options.create(true).truncate(false).write(true).open(&path));
        let file = file.map_err(StoreError::io("open", &path))?;
        match fault::step("lock", || Ok(file.try_lock()))
            .unwrap_or_else(|error| Err(TryLockError::Error(error)))
        {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(source)) => Err(StoreError::Io { what: "lock", path, source }),
        }
    }
}
