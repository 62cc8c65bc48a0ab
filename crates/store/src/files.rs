//! Files that are on disk when a function returns, readable by nobody else.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use crate::{StoreError, fault};

/// Options for files that only the own user reads and writes.
pub(crate) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only unix has modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder with everything above it, durably; narrows an existing one to the own user.
pub(crate) fn private_folder(folder: &Path) -> Result<(), StoreError> {
    let made = !folder.exists();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    fault::step("make a folder", || builder.create(folder))
        .map_err(StoreError::io("create the folder", folder))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fault::step("narrow a folder", || fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
            .map_err(StoreError::io("set the permissions of", folder))?;
    }
    // An existing folder may lie in one that this user cannot read, and then there is nothing to sync either.
    if made {
        sync_parent(folder)?;
    }
    Ok(())
}

/// Makes the names in a folder durable: a rename or an unlink is on disk only after this.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Other systems offer no way to sync a folder through a file handle; they order metadata themselves.
    if cfg!(unix) {
        fault::sync_names(folder).map_err(StoreError::io("sync the folder", folder))?;
    }
    Ok(())
}

/// Reads a file up to one byte beyond `limit`, so that a foreign file costs no memory; `None` when there is none.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match fault::step("open to read", || File::open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    let longest = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    fault::step("read", || file.take(longest).read_to_end(&mut bytes))
        .map_err(StoreError::io("read", path))?;
    Ok(Some(bytes))
}

/// Puts `bytes` under `path`: temporary file, sync, rename, sync of the folder. A file it replaces is overwritten.
///
/// After a crash there is the old content or the new one, never a mixture.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension(TEMPORARY);
    destroy(&temporary)?;
    let mut options = private();
    let mut file = fault::step("create", || options.write(true).create_new(true).open(&temporary))
        .map_err(StoreError::io("create", &temporary))?;
    fault::write_all(&mut file, bytes)
        .and_then(|()| fault::sync(&file))
        .map_err(StoreError::io("write", &temporary))?;
    let old = match fault::step("open to overwrite", || OpenOptions::new().write(true).open(path)) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    fault::step("rename", || fs::rename(&temporary, path))
        .map_err(StoreError::io("rename a new file to", path))?;
    sync_parent(path)?;
    old.map_or(Ok(()), overwrite).map_err(StoreError::io("overwrite the old content of", path))
}

/// Ending of a file that [`replace`] has not finished.
pub(crate) const TEMPORARY: &str = "new";

/// Overwrites, syncs and unlinks a file and syncs its folder; fine when there is none.
pub(crate) fn destroy(path: &Path) -> Result<(), StoreError> {
    let file = match fault::step("open to overwrite", || OpenOptions::new().write(true).open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("open", path)(error)),
    };
    overwrite(file).map_err(StoreError::io("overwrite", path))?;
    remove(path)?;
    sync_parent(path)
}

/// Unlinks a file; its folder is to be synced.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    fault::step("remove", || fs::remove_file(path)).map_err(StoreError::io("remove", path))
}

/// The entries of a folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, StoreError> {
    fault::step("list", || fs::read_dir(folder)?.collect()).map_err(StoreError::io("list", folder))
}

/// Best effort: media that keep old blocks keep them all the same.
fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    fault::step("overwrite", || io::copy(&mut io::repeat(0).take(length), &mut file))?;
    fault::sync(&file)
}

fn sync_parent(path: &Path) -> Result<(), StoreError> {
    if path.parent().is_some() { sync_folder(parent(path)) } else { Ok(()) }
}

/// The folder in which a file lies: a relative path of one part lies in the working folder.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_leaves_the_new_content_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sealed");
        fs::write(folder.path().join("a.new"), b"left by a crash").unwrap();
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn the_content_that_is_replaced_or_destroyed_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other_name) = (folder.path().join("a.sealed"), folder.path().join("witness"));
        replace(&path, b"first").unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&other_name).unwrap(), [0; 5]);

        fs::remove_file(&other_name).unwrap();
        fs::hard_link(&path, &other_name).unwrap();
        destroy(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(fs::read(&other_name).unwrap(), [0; 6]);
        destroy(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_too_long_is_read_no_further_than_one_byte_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_bounded(&path, 10).unwrap().unwrap().len(), 11);
        assert_eq!(read_bounded(&folder.path().join("none"), 10).unwrap(), None);
    }
}
