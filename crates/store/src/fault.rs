//! The steps in which the store touches the disk, each a place where it can fail.
//!
//! In the program these functions do what they say and nothing else. In this crate's own tests they count the steps and
//! fail at the one that a test names, before or after it was done, and remember what would be left if the power failed
//! then (`testing`).

use std::{fs::File, io};

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
pub(crate) use testing::step;

/// A step, by what it does.
#[cfg(not(test))]
#[inline]
pub(crate) fn step<T, E: From<io::Error>>(
    _what: &'static str,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    work()
}

/// Writes all bytes. A test can make it stop half-way.
pub(crate) fn write_all(to: &mut impl io::Write, bytes: &[u8]) -> io::Result<()> {
    #[cfg(test)]
    if testing::is_torn() {
        to.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
    }
    step("write", || to.write_all(bytes))
}

/// Makes the content of a file durable.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    step("sync", || {
        file.sync_all()?;
        #[cfg(test)]
        testing::file_synced(file)?;
        Ok(())
    })
}

/// As [`sync`], without times and the like.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    step("sync data", || {
        file.sync_data()?;
        #[cfg(test)]
        testing::file_synced(file)?;
        Ok(())
    })
}

/// Makes the names in a folder durable.
pub(crate) fn sync_names(folder: &std::path::Path) -> io::Result<()> {
    step("sync a folder", || {
        File::open(folder)?.sync_all()?;
        #[cfg(test)]
        testing::folder_synced(folder)?;
        Ok(())
    })
}
