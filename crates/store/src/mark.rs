//! How many commits the disk has acknowledged, kept beside the database.
//!
//! The engine takes damage in the newest part of its log for the end of the log, cuts it off, and starts as if the
//! commits in it had never been. The database counts its commits; this file says how many there were at least.
//!
//! It is written after the commit is durable and is not synced itself: a killed process leaves it exact, a loss of
//! power leaves it at an older number, and it is never ahead of a sound database. What cannot be read counts as none.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::{StoreError, fault, files};

/// The number and its complement, each 8 bytes, big-endian.
const BYTES: usize = 16;

/// The open file.
pub(crate) struct Mark {
    file: File,
    path: PathBuf,
}

impl Mark {
    /// Opens or makes the file and returns the number in it.
    pub(crate) fn open(path: &Path) -> Result<(Self, u64), StoreError> {
        let found = files::read_bounded(path, BYTES)?.and_then(|bytes| decode(&bytes)).unwrap_or(0);
        let mut options = files::private();
        let file =
            fault::step("open the mark", || options.create(true).truncate(false).write(true).open(path));
        let file = file.map_err(StoreError::io("open", path))?;
        Ok((Self { file, path: path.to_owned() }, found))
    }

    /// Sets the number; on disk sometime later.
    pub(crate) fn set(&mut self, commits: u64) -> Result<(), StoreError> {
        let bytes = [commits.to_be_bytes(), (!commits).to_be_bytes()].concat();
        let write = |file: &mut File| -> io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            fault::write_all(file, &bytes)
        };
        write(&mut self.file).map_err(StoreError::io("write", &self.path))
    }

    /// Makes file and number durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        fault::sync(&self.file).map_err(StoreError::io("sync", &self.path))
    }
}

pub(crate) fn decode(bytes: &[u8]) -> Option<u64> {
    let (number, complement) = bytes.split_first_chunk::<8>()?;
    let number = u64::from_be_bytes(*number);
    (*complement == (!number).to_be_bytes()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_again_and_anything_else_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("commits");
        let (mut mark, found) = Mark::open(&path).unwrap();
        assert_eq!(found, 0);
        mark.set(700).unwrap();
        mark.set(9).unwrap();
        mark.sync().unwrap();
        assert_eq!(Mark::open(&path).unwrap().1, 9);
        for other in [&b""[..], &[0; 16], &[7; 15], &[7; 17]] {
            std::fs::write(&path, other).unwrap();
            assert_eq!(Mark::open(&path).unwrap().1, 0);
        }
    }
}
