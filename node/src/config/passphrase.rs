//! The passphrase, and how it becomes the secret that opens the data folder.
//!
//! `keys/passphrase.salt` is one line, `argon2id <KiB of memory> <passes> <lanes> <salt in hexadecimal>`. It is not
//! secret. It is made once; without it the passphrase opens nothing.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use store::StorageSecret;
use zeroize::Zeroizing;

use super::{Config, ConfigError};
use crate::passphrase::{COSTS, HashCosts, LEAST_CHARACTERS, Passphrase};

/// Holds the passphrase where no file does.
pub const PASSPHRASE_VARIABLE: &str = "SAMENHANG_PASSPHRASE";

/// Longest passphrase; whatever exceeds this is another file.
const MOST_CHARACTERS: usize = 1_024;

const SALT_BYTES: usize = 16;

/// A salt file can ask for no more than this, so that a damaged one does not eat the machine.
const MOST_KIBIBYTES: u32 = 4 << 20;

/// The passphrase of the data folder: from the credential that the service manager hands over; without one from the
/// file that the configuration names; without that from the environment.
///
/// # Errors
/// When there is none, or it is too short.
pub fn find(config: &Config) -> Result<Passphrase, ConfigError> {
    // What the service manager hands over is in a folder for the service alone, whatever the mode of the file.
    if let Some(path) = credential() {
        return read(&path);
    }
    match &config.passphrase_file {
        Some(path) => read_file(path),
        None => {
            let text = env::var(PASSPHRASE_VARIABLE).map_err(|_| ConfigError::NoPassphrase)?;
            checked(format!("the environment variable {PASSPHRASE_VARIABLE}"), &Zeroizing::new(text))
        }
    }
}

/// A passphrase from a file.
///
/// # Errors
/// When the file cannot be read, or what is in it is too short.
pub fn read_file(path: &Path) -> Result<Passphrase, ConfigError> {
    warn_when_others_read(path);
    read(path)
}

fn read(path: &Path) -> Result<Passphrase, ConfigError> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let unreadable = |source| ConfigError::PassphraseUnreadable { path: path.to_owned(), source };
    checked(path.display().to_string(), &text.map_err(unreadable)?)
}

fn checked(place: String, text: &str) -> Result<Passphrase, ConfigError> {
    let passphrase = Passphrase::new(text.trim_end_matches(['\r', '\n']));
    let found = passphrase.characters();
    if !(LEAST_CHARACTERS..=MOST_CHARACTERS).contains(&found) {
        let (least, most) = (LEAST_CHARACTERS, MOST_CHARACTERS);
        return Err(ConfigError::PassphraseLength { place, found, least, most });
    }
    Ok(passphrase)
}

/// The file that systemd makes of `LoadCredential=passphrase:…` (systemd.exec(5)), when it does.
pub(crate) fn credential() -> Option<PathBuf> {
    let file = Path::new(&env::var_os("CREDENTIALS_DIRECTORY")?).join("passphrase");
    file.exists().then_some(file)
}

/// A service manager may hand over a file that its group can read, so this is no reason to refuse.
fn warn_when_others_read(path: &Path) {
    if fs::metadata(path).is_ok_and(|held| held.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "other users can read the passphrase file; give it mode 0600");
    }
}

/// The secret of the data folder: Argon2id (RFC 9106) of the passphrase and the salt in the folder. Makes folder and
/// salt when the folder is new.
///
/// # Errors
/// When the salt is gone or damaged, or the folder cannot be written.
pub fn storage_secret(folder: &Path, passphrase: &Passphrase) -> Result<StorageSecret, ConfigError> {
    let salt = salt(folder)?;
    let needed_mebibytes = salt.costs.memory_kibibytes >> 10;
    let secret = passphrase.hash(&salt.salt, salt.costs);
    let secret = secret.ok_or(ConfigError::Derivation { needed_mebibytes })?;
    Ok(StorageSecret::from_bytes(*secret))
}

/// The costs in the text of a salt file; `None` when it is damaged.
pub(crate) fn costs(text: &str) -> Option<HashCosts> {
    Salt::read(text).map(|salt| salt.costs)
}

#[derive(Debug, PartialEq, Eq)]
struct Salt {
    costs: HashCosts,
    salt: [u8; SALT_BYTES],
}

impl Salt {
    fn line(&self) -> String {
        let HashCosts { memory_kibibytes, passes, lanes } = self.costs;
        format!("argon2id {memory_kibibytes} {passes} {lanes} {}\n", hex::encode(self.salt))
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let mut word = || words.next();
        let (name, memory, passes, lanes, salt) = (word()?, word()?, word()?, word()?, word()?);
        let costs = HashCosts {
            memory_kibibytes: memory.parse().ok()?,
            passes: passes.parse().ok()?,
            lanes: lanes.parse().ok()?,
        };
        let salt = Self { costs, salt: hex::decode(salt).ok()?.try_into().ok()? };
        let sane = costs.memory_kibibytes <= MOST_KIBIBYTES && costs.passes <= 100 && costs.lanes <= 64;
        // Written back it must be the same: a damaged digit elsewhere is still a damaged file.
        (name == "argon2id" && sane && salt.line() == text).then_some(salt)
    }
}

fn salt(folder: &Path) -> Result<Salt, ConfigError> {
    let path = folder.join("keys").join("passphrase.salt");
    let refused =
        |what| move |path: &Path, source| ConfigError::Folder { what, path: path.to_owned(), source };
    match fs::read_to_string(&path) {
        Ok(text) => return Salt::read(&text).ok_or(ConfigError::SaltDamaged { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(ConfigError::SaltDamaged { path });
        }
        Err(error) => return Err(refused("read")(&path, error)),
    }
    if folder.join("keys").join("data.sealed").exists() || folder.join("db").exists() {
        return Err(ConfigError::SaltMissing { path });
    }
    let keys = folder.join("keys");
    let make = |folder: &Path| DirBuilder::new().recursive(true).mode(0o700).create(folder);
    make(&keys).map_err(|error| refused("create the folder")(&keys, error))?;
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| ConfigError::Randomness)?;
    let made = Salt { costs: COSTS, salt };
    write_new(&path, made.line().as_bytes()).map_err(|error| refused("write")(&path, error))?;
    // Another process may have been first, and then its salt is the one.
    let text = fs::read_to_string(&path).map_err(|error| refused("read")(&path, error))?;
    Salt::read(&text).ok_or(ConfigError::SaltDamaged { path })
}

/// Puts a file in place whole and durably, unless there is one.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = PathBuf::from(format!("{}.{}", path.display(), std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        checked("a test".to_owned(), text).unwrap()
    }

    fn bytes(folder: &Path, text: &str) -> Result<String, ConfigError> {
        storage_secret(folder, &passphrase(text))?;
        Ok(fs::read_to_string(folder.join("keys/passphrase.salt")).unwrap())
    }

    #[test]
    fn the_salt_is_made_once_and_opens_the_same_folder_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let first = bytes(&path, "a long passphrase").unwrap();
        assert!(first.starts_with("argon2id 65536 3 4 "), "{first}");
        assert_eq!(bytes(&path, "a long passphrase").unwrap(), first);
        let secret = || storage_secret(&path, &passphrase("a long passphrase")).unwrap();
        drop(store::Store::open(&path, &secret()).unwrap());
        drop(store::Store::open(&path, &secret()).unwrap());
        let other = storage_secret(&path, &passphrase("another passphrase")).unwrap();
        assert!(matches!(store::Store::open(&path, &other), Err(store::StoreError::WrongSecret { .. })));

        fs::remove_file(path.join("keys/passphrase.salt")).unwrap();
        assert!(matches!(bytes(&path, "a long passphrase"), Err(ConfigError::SaltMissing { .. })));
    }

    #[test]
    fn a_damaged_salt_is_told_and_left() {
        // The last one asks for more memory than any machine should give for a passphrase.
        for damaged in [
            "",
            "argon2id",
            "argon2id 65536 3 4 00\n",
            "argon2id 65536 3 4 000102030405060708090a0b0c0d0e0f",
            "argon2id 4194305 3 4 000102030405060708090a0b0c0d0e0f\n",
        ] {
            assert!(Salt::read(damaged).is_none(), "{damaged}");
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("keys")).unwrap();
            let path = folder.path().join("keys/passphrase.salt");
            fs::write(&path, damaged).unwrap();
            assert!(matches!(
                bytes(folder.path(), "a long passphrase"),
                Err(ConfigError::SaltDamaged { .. })
            ));
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }

    #[test]
    fn a_passphrase_has_a_least_length_and_shows_itself_to_nobody() {
        let checked = |text| checked("x".to_owned(), text);
        assert!(matches!(checked("elevenchars\n"), Err(ConfigError::PassphraseLength { found: 11, .. })));
        let accepted = checked("twelve chars\r\n").unwrap();
        assert_eq!(accepted.reveal(), b"twelve chars");
        assert_eq!(format!("{accepted:?}"), "Passphrase(redacted)");
    }

    #[test]
    fn a_passphrase_has_a_greatest_length() {
        assert!(checked("x".to_owned(), &"é".repeat(1_024)).is_ok());
        let refused = checked("x".to_owned(), &"é".repeat(1_025));
        assert!(matches!(refused, Err(ConfigError::PassphraseLength { found: 1_025, .. })));
    }
}
