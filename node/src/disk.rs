//! Room on disk: what the database takes, and what is left.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Folders below the database's own that are looked into; the engine has one.
const DEPTH: usize = 3;

/// The disk under a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes of the database's files.
    pub(crate) database_bytes: u64,
    /// Bytes that this user may still write.
    pub(crate) free_bytes: u64,
    /// The file system takes no writes.
    pub(crate) read_only: bool,
}

impl Room {
    /// Looks at the disk under a data folder.
    pub(crate) fn under(data_folder: &Path) -> io::Result<Self> {
        let disk = statvfs(data_folder)?;
        Ok(Self {
            database_bytes: size(&data_folder.join("db"), DEPTH),
            free_bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }
}

/// Bytes of the files below; what cannot be read counts as nothing.
fn size(folder: &Path, depth: usize) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(held) if held.is_dir() && depth > 0 => size(&entry.path(), depth - 1),
        Ok(held) if held.is_file() => held.len(),
        Ok(_) | Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_database_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Room::under(folder.path()).unwrap().database_bytes, 0);
        fs::create_dir_all(folder.path().join("db/blobs")).unwrap();
        fs::write(folder.path().join("db/db"), [0; 100]).unwrap();
        fs::write(folder.path().join("db/blobs/1"), [0; 20]).unwrap();
        fs::write(folder.path().join("lock"), [0; 7]).unwrap();
        let room = Room::under(folder.path()).unwrap();
        assert_eq!((room.database_bytes, room.read_only), (120, false));
        assert!(room.free_bytes > 0);
        assert!(Room::under(&folder.path().join("none")).is_err());
    }
}
