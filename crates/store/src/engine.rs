//! The small surface of the database engine: get, list by prefix, and one atomic, durable batch.
//!
//! Everything particular to sled 0.34.7 stays in this file. It panics on some damage where it ought to return an
//! error; those panics end here as a [`StoreError::Engine`].

use std::{
    fs::{File, OpenOptions},
    io,
    ops::Bound,
    panic::{self, AssertUnwindSafe},
    path::Path,
    time::Duration,
};

use crate::{StoreError, fault, files};

const DAMAGED: &str = "the database (db/)";
/// How often, and after how long each, the engine's own lock is tried again: a store of this process that was just
/// dropped lets go of it when its last background task ends.
const LOCK_TRIES: usize = 400;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// How often the page of a record is looked at again when it was read.
///
/// The engine notes which pages are looked at in 256 lists, by their number, and lets go of pages once a list is full, which
/// is when 64 notes are in it. A node reads records far apart, each of a page of its own: 16,384 of them would stay in memory
/// whatever the cache may hold, which can be a whole database. So each is noted more often. A look at a page that is in
/// memory takes a microsecond.
const LOOKS: usize = 8;

/// Entries of a listing after one of which the page is looked at again: about half of what a page holds.
const ENTRIES_PER_LOOKS: usize = 8;

/// Changes for one batch.
#[derive(Default)]
pub(crate) struct Changes {
    batch: sled::Batch,
    some: bool,
}

impl Changes {
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.batch.insert(key, value);
        self.some = true;
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.batch.remove(key);
        self.some = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.some
    }
}

/// An open database.
pub(crate) struct Engine {
    db: sled::Db,
    /// The engine's log: its own flush hands the pages to the operating system without waiting for the disk's cache.
    log: File,
    log_path: std::path::PathBuf,
}

impl Engine {
    /// Opens or makes the database in `folder`. The caller holds the lock of the data folder.
    pub(crate) fn open(folder: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        files::private_folder(folder)?;
        remove_unfinished_snapshots(folder)?;
        let log_path = folder.join("db");
        wait_for_engine_lock(folder, &log_path)?;
        // Flushing is the commit's business, so the engine starts no thread for it.
        let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(None);
        let db = guarded("open its files", || config.open())?;
        let log = fault::step("open the log", || OpenOptions::new().write(true).open(&log_path))
            .map_err(StoreError::io("open", &log_path))?;
        // The names of files that were made just now; the engine syncs none of them.
        for name in ["conf", "blobs"] {
            let path = folder.join(name);
            File::open(&path).and_then(|file| fault::sync(&file)).map_err(StoreError::io("sync", path))?;
        }
        files::sync_folder(folder)?;
        Ok(Self { db, log, log_path })
    }

    pub(crate) fn is_empty(&self) -> Result<bool, StoreError> {
        guarded("read", || self.db.first()).map(|first| first.is_none())
    }

    pub(crate) fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = guarded("read", || {
            let value = self.db.get(key)?;
            look_again(&self.db, key)?;
            Ok(value)
        })?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Keys and values under a prefix, in the order of the keys; ends after the first error.
    pub(crate) fn entries(&self, prefix: &[u8]) -> Entries {
        Entries { db: self.db.clone(), iter: Some(self.db.scan_prefix(prefix)), listed: 0 }
    }

    /// As [`Self::entries`], without those up to `after`.
    pub(crate) fn entries_after(&self, prefix: u8, after: &[u8]) -> Entries {
        let end = prefix.checked_add(1).map_or(Bound::Unbounded, |end| Bound::Excluded(vec![end]));
        let iter = self.db.range((Bound::Excluded(after.to_vec()), end));
        Entries { db: self.db.clone(), iter: Some(iter), listed: 0 }
    }

    /// Applies all changes or none and returns when they would survive the loss of power.
    pub(crate) fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        guarded("apply a batch", || self.db.apply_batch(changes.batch))?;
        guarded("flush", || self.db.flush())?;
        fault::sync_data(&self.log).map_err(StoreError::io("sync", &self.log_path))
    }
}

/// Iterator over engine entries.
pub(crate) struct Entries {
    db: sled::Db,
    iter: Option<sled::Iter>,
    listed: usize,
}

impl Iterator for Entries {
    type Item = Result<(Vec<u8>, Vec<u8>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let iter = self.iter.as_mut()?;
        self.listed += 1;
        let looks = self.listed.is_multiple_of(ENTRIES_PER_LOOKS);
        let next = guarded("read", || {
            let next = iter.next().transpose()?;
            if let Some((key, _)) = next.as_ref().filter(|_| looks) {
                look_again(&self.db, key)?;
            }
            Ok(next)
        });
        match next {
            Ok(Some((key, value))) => Some(Ok((key.to_vec(), value.to_vec()))),
            Ok(None) => {
                self.iter = None;
                None
            }
            Err(error) => {
                self.iter = None;
                Some(Err(error))
            }
        }
    }
}

/// Has the engine note the page of a key, which is in memory.
fn look_again(db: &sled::Db, key: &[u8]) -> sled::Result<()> {
    (0..LOOKS).try_for_each(|_| db.contains_key(key).map(drop))
}

/// Runs engine code; an engine panic becomes an error.
fn guarded<T>(doing: &'static str, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    // Unwind safety: after any error here the store is given up or only read, and the engine keeps its state in
    // atomics and its own files.
    match panic::catch_unwind(AssertUnwindSafe(|| fault::step(doing, work))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Corruption { .. })) => Err(StoreError::corrupt(DAMAGED)),
        Ok(Err(error)) => Err(StoreError::Engine { doing, source: Some(Box::new(error)) }),
        Err(_) => Err(StoreError::Engine { doing, source: None }),
    }
}

/// A process killed while the engine writes a snapshot leaves a file that makes every later open fail. Its content
/// is in the log as well, so nothing is lost with it.
fn remove_unfinished_snapshots(folder: &Path) -> Result<(), StoreError> {
    for entry in files::entries(folder)? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Waits until the engine is free, and makes durable what it has written.
fn wait_for_engine_lock(folder: &Path, log_path: &Path) -> Result<(), StoreError> {
    let log = match fault::step("open the log", || OpenOptions::new().write(true).open(log_path)) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("open", log_path)(error)),
    };
    for _ in 0..LOCK_TRIES {
        if log.try_lock().is_ok() {
            log.unlock().map_err(StoreError::io("unlock", log_path))?;
            // What a killed process left in the log may never have reached the disk. The engine takes it up, writes a
            // snapshot that builds on it and syncs that: after a loss of power there would be a snapshot of what is lost.
            // And whoever reads a commit in an open store may rely on it.
            return fault::sync(&log).map_err(StoreError::io("sync", log_path));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the operating system offers no event for a lock let go"
        )]
        std::thread::sleep(LOCK_PAUSE);
    }
    Err(StoreError::InUse { folder: folder.to_owned() })
}
