//! Files that people hand to each other: read up to a bound, written whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use crypto::Signed;
use roster::{JoinRequest, MAX_JOIN_REQUEST_BYTES, SignedRoster};
use tempfile::NamedTempFile;

use super::GovernanceError;

/// Largest roster file: ten thousand members and a hundred thousand institution addresses fit.
pub const MAX_ROSTER_BYTES: usize = 32 << 20;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// Unreadable, or longer.
pub fn read_bounded(path: &Path, limit: usize, expected: &'static str) -> Result<Vec<u8>, GovernanceError> {
    let file = File::open(path).map_err(GovernanceError::io("open", path))?;
    let mut bytes = Vec::new();
    let longest = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(longest).read_to_end(&mut bytes).map_err(GovernanceError::io("read", path))?;
    if bytes.len() > limit {
        return Err(GovernanceError::TooLarge { path: path.to_owned(), limit, expected });
    }
    Ok(bytes)
}

/// Reads a roster file, signed or still a draft. Nothing in it is verified.
///
/// # Errors
/// Unreadable, or no roster.
pub fn read_roster(path: &Path) -> Result<SignedRoster, GovernanceError> {
    let bytes = read_bounded(path, MAX_ROSTER_BYTES, "a roster")?;
    SignedRoster::parse(&bytes).map_err(|source| GovernanceError::Roster { path: path.to_owned(), source })
}

/// Reads a join request and verifies that the key it presents signed it.
///
/// # Errors
/// Unreadable, no join request, or not signed by its own key.
pub fn read_join_request(path: &Path) -> Result<Signed<JoinRequest>, GovernanceError> {
    let bytes = read_bounded(path, MAX_JOIN_REQUEST_BYTES, "a join request")?;
    JoinRequest::read(&bytes).map_err(|source| GovernanceError::Join { path: path.to_owned(), source })
}

/// Writes a file that must not exist yet; on disk when it returns. A `private` one is for the own user only.
///
/// # Errors
/// There is one already, or the disk refuses.
pub fn write_new(path: &Path, bytes: &[u8], private: bool) -> Result<(), GovernanceError> {
    match temporary(path, bytes, private)?.persist_noclobber(path) {
        Ok(_) => sync_parent(path),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
            Err(GovernanceError::Exists { path: path.to_owned() })
        }
        Err(refused) => Err(GovernanceError::io("write", path)(refused.error)),
    }
}

/// Replaces a file as a whole; on disk when it returns. After a crash there is the old content or the new.
///
/// # Errors
/// The disk refuses.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), GovernanceError> {
    temporary(path, bytes, false)?
        .persist(path)
        .map_err(|refused| GovernanceError::io("replace", path)(refused.error))?;
    sync_parent(path)
}

/// A file beside the wanted one, on the same disk, so that giving it its name is one step.
fn temporary(path: &Path, bytes: &[u8], private: bool) -> Result<NamedTempFile, GovernanceError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(if private { 0o600 } else { 0o644 }));
    }
    let mut file = builder.tempfile_in(parent(path)).map_err(GovernanceError::io("write", path))?;
    file.write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
        .map_err(GovernanceError::io("write", path))?;
    Ok(file)
}

/// Makes a name durable: a new name is on disk only after this.
fn sync_parent(path: &Path) -> Result<(), GovernanceError> {
    // Other systems offer no way to sync a folder through a file handle; they order metadata themselves.
    if cfg!(unix) {
        let folder = parent(path);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(GovernanceError::io("sync the folder", folder))?;
    }
    Ok(())
}

/// A relative path of one part lies in the working folder.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_replaced_only_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("draft.roster");
        write_new(&path, b"one", false).unwrap();
        assert!(matches!(write_new(&path, b"two", false), Err(GovernanceError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(read_bounded(&path, 4, "a roster"), Err(GovernanceError::TooLarge { .. })));
    }

    #[test]
    fn files_that_are_too_long_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let long = |bytes: usize| {
            // With a hole, so that nothing is written.
            File::create(&path).unwrap().set_len(u64::try_from(bytes + 1).unwrap()).unwrap();
        };
        let is_too_long =
            |refused: Option<GovernanceError>| matches!(refused, Some(GovernanceError::TooLarge { .. }));
        long(MAX_ROSTER_BYTES);
        assert!(is_too_long(read_roster(&path).err()));
        long(MAX_JOIN_REQUEST_BYTES);
        assert!(is_too_long(read_join_request(&path).err()));
        long(16 << 20);
        assert!(is_too_long(crate::governance::NetworkFile::read(&path).err()));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_for_the_own_user_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("governor.key");
        write_new(&path, b"sealed", true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
