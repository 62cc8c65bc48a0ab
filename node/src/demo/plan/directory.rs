//! The entries of the directory of a demonstration: which are read, and which must not be passed over in silence.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{MAX_ORGANISATIONS, NETWORK_FILE, NotAFile, PlanError, is_plain};
use crate::import::is_utf16;

/// Largest `netwerk.toml`: a thousand organisations fit, and it is held in memory.
const MAX_NETWORK_FILE_BYTES: u64 = 1 << 20;

/// A name at most so many edits from `netwerk.toml` is a misspelling of it.
const MISSPELT_EDITS: usize = 2;

/// The CSV files by name without `.csv`, each with its path. Hidden files are none: editors and archives leave them.
///
/// # Errors
/// When the directory cannot be listed, an entry by such a name is no file, or the names will not do.
pub(super) fn csv_names(directory: &Path) -> Result<Vec<(String, PathBuf)>, PlanError> {
    let mut names = Vec::new();
    let mut no_files = Vec::new();
    for path in entries(directory)? {
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let Some(stem) = path.file_stem().filter(|_| is_csv) else { continue };
        let shown = stem.to_string_lossy();
        if shown.starts_with('.') {
            continue;
        }
        if let Err(no_file) = must_be_file(&path) {
            no_files.push(no_file);
        } else if stem.to_str().is_none_or(|stem| !is_plain(stem)) {
            return Err(PlanError::UnusableName { name: shown.into_owned() });
        } else {
            names.push((shown.into_owned(), path));
        }
    }
    if !no_files.is_empty() {
        return Err(PlanError::NoFileThere(no_files));
    }
    names.sort();
    let double = names.iter().zip(names.iter().skip(1)).find(|((a, _), (b, _))| a == b);
    if let Some(((name, _), _)) = double {
        return Err(PlanError::DoubleName { name: name.clone() });
    }
    let directory = directory.to_owned();
    match names.as_slice() {
        [] => Err(PlanError::NoFiles { directory }),
        [(file, _)] => Err(PlanError::OneFile { directory, file: format!("{file}.csv") }),
        files if files.len() > MAX_ORGANISATIONS => Err(PlanError::TooManyFiles { found: files.len() }),
        _ => Ok(names),
    }
}

/// The text of `netwerk.toml`; `None` when there is no such entry, nor one that may be meant to be it.
///
/// # Errors
/// When it is there under another name, is no file, or cannot be read.
pub(super) fn network_file(directory: &Path) -> Result<Option<String>, PlanError> {
    let names: Vec<String> = entries(directory)?
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    // The list of entries tells, not an attempt to open: a link that leads nowhere opens like an absent file.
    if !names.iter().any(|name| name == NETWORK_FILE) {
        return match names.into_iter().find(|name| is_nearly_network_file(name)) {
            Some(name) => Err(PlanError::NearlyNetworkFile { name }),
            None => Ok(None),
        };
    }
    let path = directory.join(NETWORK_FILE);
    must_be_file(&path).map_err(|no_file| PlanError::NoFileThere(vec![no_file]))?;
    let file = File::open(path).map_err(PlanError::NetworkFile)?;
    let mut bytes = Vec::new();
    file.take(MAX_NETWORK_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(PlanError::NetworkFile)?;
    let refused = |flaw: String| PlanError::Network(vec![flaw]);
    if bytes.len() as u64 > MAX_NETWORK_FILE_BYTES {
        return Err(refused(format!("larger than {} KiB", MAX_NETWORK_FILE_BYTES >> 10)));
    }
    if is_utf16(&bytes) {
        return Err(refused("this is UTF-16; save it as UTF-8".to_owned()));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("not UTF-8; save it as UTF-8".to_owned()))?;
    Ok(Some(text))
}

/// Everything in the directory, by name, so that the same directory always tells the same.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, PlanError> {
    let unlisted = |cause| PlanError::Directory { directory: directory.to_owned(), cause };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unlisted)? {
        paths.push(entry.map_err(unlisted)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Follows links. What is no regular file is not opened: a pipe would be waited for without end.
fn must_be_file(path: &Path) -> Result<(), NotAFile> {
    let what = match fs::metadata(path) {
        Ok(found) if found.is_file() => return Ok(()),
        Ok(found) if found.is_dir() => "a directory",
        Ok(_) => "a pipe, socket or device",
        Err(_) if path.is_symlink() => "a link that leads nowhere",
        Err(_) => "an entry that this program may not look at",
    };
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Err(NotAFile { name, what })
}

/// Whether someone may have meant `netwerk.toml`: other capitals, a slip, or an ending that another program added.
fn is_nearly_network_file(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with(NETWORK_FILE) || strsim::damerau_levenshtein(&name, NETWORK_FILE) <= MISSPELT_EDITS
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A directory with two files that will do.
    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.csv", "b.csv"] {
            fs::write(directory.path().join(name), "gezin;rol\n").unwrap();
        }
        directory
    }

    fn told(directory: &Path) -> String {
        csv_names(directory).unwrap_err().to_string()
    }

    #[test]
    fn an_entry_that_is_no_file_is_refused_by_name() {
        let directory = directory();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("folder.csv")).unwrap();
        symlink("loop.csv", at("loop.csv")).unwrap();
        symlink("nowhere", at("dangling.CSV")).unwrap();
        let _socket = UnixListener::bind(at("socket.csv")).unwrap();
        assert_eq!(
            told(directory.path()),
            "'dangling.CSV' is a link that leads nowhere, not a file; rename it, or put a file in its place\n\
             'folder.csv' is a directory, not a file; rename it, or put a file in its place\n\
             'loop.csv' is a link that leads nowhere, not a file; rename it, or put a file in its place\n\
             'socket.csv' is a pipe, socket or device, not a file; rename it, or put a file in its place"
        );
    }

    #[test]
    fn links_to_files_are_followed_and_hidden_entries_passed_over() {
        let directory = directory();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("elsewhere.txt"), "gezin;rol\n").unwrap();
        symlink("elsewhere.txt", at("c.csv")).unwrap();
        symlink("user@host.1234", at(".#a.csv")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let names: Vec<String> =
            csv_names(directory.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_network_file_that_leads_nowhere_does_not_count_as_absent() {
        let directory = directory();
        let file = directory.path().join(NETWORK_FILE);
        assert_eq!(network_file(directory.path()).unwrap(), None);
        symlink("nowhere", &file).unwrap();
        let error = network_file(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with("'netwerk.toml' is a link that leads nowhere"), "{error}");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let error = network_file(directory.path()).unwrap_err().to_string();
        assert!(error.starts_with("'netwerk.toml' is a directory"), "{error}");
        fs::remove_dir(&file).unwrap();
        fs::write(directory.path().join("x"), "abc").unwrap();
        symlink("x", &file).unwrap();
        assert_eq!(network_file(directory.path()).unwrap().as_deref(), Some("abc"));
        fs::write(&file, b"\xff\xfea\0").unwrap();
        let error = network_file(directory.path()).unwrap_err().to_string();
        assert_eq!(error, "netwerk.toml: this is UTF-16; save it as UTF-8");
    }

    #[test]
    fn a_name_that_is_nearly_that_of_the_network_file_is_refused() {
        for (name, is_near) in [
            ("Netwerk.toml", true),
            ("NETWERK.TOML", true),
            ("netwerk.tml", true),
            ("network.toml", true),
            ("newterk.toml", true),
            ("netwerk.toml.txt", true),
            ("netwerken.toml", true),
            ("notes.toml", false),
            ("net.toml", false),
            ("netwerk.md", false),
        ] {
            let directory = directory();
            fs::write(directory.path().join(name), "").unwrap();
            match network_file(directory.path()) {
                Ok(found) => assert!(found.is_none() && !is_near, "{name}"),
                Err(error) => {
                    let told = format!("there is no netwerk.toml, but '{name}': did you mean netwerk.toml?");
                    assert!(is_near && error.to_string().starts_with(&told), "{error}");
                }
            }
            // Beside the real one a copy under another name is no danger.
            fs::write(directory.path().join(NETWORK_FILE), "abc").unwrap();
            assert_eq!(network_file(directory.path()).unwrap().as_deref(), Some("abc"));
        }
    }
}
