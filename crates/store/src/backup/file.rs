//! A backup on its way to disk: under a name of its own until it is whole.

use std::{
    io::{BufReader, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{BackupHead, BackupKey, BackupReader, BackupSummary};
use crate::{StoreError, fault, files};

/// A file that is not there yet under its name. Dropped before [`Self::finish`] it leaves nothing.
#[derive(Debug)]
pub struct BackupFile {
    file: NamedTempFile,
    path: PathBuf,
    replace: bool,
}

impl BackupFile {
    /// Begins a file that only the own user may read. With `replace` one that is there under its name is replaced in
    /// the end.
    ///
    /// # Errors
    /// When there is one and it is not to be replaced, or the folder cannot be written.
    pub fn create(path: &Path, replace: bool) -> Result<Self, StoreError> {
        if !replace && path.symlink_metadata().is_ok() {
            return Err(StoreError::BackupExists { path: path.to_owned() });
        }
        // The mode of such files is 0600 whatever the umask.
        let mut builder = tempfile::Builder::new();
        let file = fault::step("create", || builder.prefix(".unfinished-").tempfile_in(files::parent(path)));
        let file = file.map_err(StoreError::io("begin the backup", path))?;
        Ok(Self { file, path: path.to_owned(), replace })
    }

    /// Appends.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        fault::write_all(&mut self.file, bytes).map_err(StoreError::io("write the backup", &self.path))
    }

    /// Makes what was written durable, reads it again from beginning to end, and only then gives it its name. Returns
    /// what is in it, and its length.
    ///
    /// # Errors
    /// When the disk refuses, or what comes back is not a whole backup.
    pub fn finish(mut self, head: &BackupHead, key: &BackupKey) -> Result<(BackupSummary, u64), StoreError> {
        let refused = |what| StoreError::io(what, &self.path);
        fault::sync(self.file.as_file()).map_err(refused("write the backup"))?;
        let bytes = self.file.as_file().metadata().map_err(refused("look at the backup"))?.len();
        self.file.seek(SeekFrom::Start(0)).map_err(refused("read the backup again"))?;
        let mut written = BufReader::new(self.file.as_file());
        if BackupHead::read(&mut written)?.salt() != head.salt() {
            return Err(StoreError::BackupDamaged { what: "its head" });
        }
        let summary = BackupReader::new(written, key)?.read_all(|_, _| Ok::<_, StoreError>(()))?;
        let named = fault::step("name the backup", || {
            let named = if self.replace {
                self.file.persist(&self.path)
            } else {
                self.file.persist_noclobber(&self.path)
            };
            named.map(drop).map_err(|refused| refused.error)
        });
        match named {
            Ok(()) => {}
            Err(refused) if refused.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(StoreError::BackupExists { path: self.path });
            }
            Err(refused) => return Err(StoreError::io("name the backup", &self.path)(refused)),
        }
        files::sync_folder(files::parent(&self.path))?;
        Ok((summary, bytes))
    }
}
