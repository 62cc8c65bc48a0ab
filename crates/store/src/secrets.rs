//! Secret files in `keys/`, each sealed under its name.
//!
//! A file is [`MAGIC`] ‖ version (2, big-endian) ‖ nonce ‖ XChaCha20-Poly1305 ‖ tag ‖ SHA-256 of all before. The hash
//! tells damage from a wrong key; it protects nothing. The additional data is [`FORMAT`] ‖ 0 ‖ name, so that a file
//! under another's name does not open.

use std::path::{Path, PathBuf};

use domain::{Epoch, Month};
use protocol::{Scope, Secret, SecretName};
use sha2::{Digest, Sha256};

use crate::{KeyFiles, MAX_SECRET_BYTES, StorageSecret, StoreError, files, seal::Key};

const FORMAT: &[u8] = b"samenhang/store/1 sealed file";
const MAGIC: &[u8; 6] = b"smhkey";
const VERSION: u16 = 1;
const HASH_BYTES: usize = 32;
/// More than everything around the secret takes.
const OVERHEAD_BYTES: usize = 128;
const ENDING: &str = "sealed";

/// Name of the file that holds the data key.
pub(crate) const DATA_KEY: &str = "data";

/// What the names of the files begin with that hold the data keys of epochs and of months, 32 bytes each.
const EPOCH_KEY: &str = "epoch-";
const MONTH_KEY: &str = "month-";

/// What the file of the data key holds: the key (32) ‖ whether it is in use (1).
pub(crate) struct DataKey {
    /// Everything but this file is sealed under keys derived from it.
    pub(crate) key: Key,
    /// Set once the database has been made. From then on an empty database is a lost one.
    pub(crate) in_use: bool,
}

impl DataKey {
    pub(crate) fn decode(content: &[u8]) -> Result<Self, StoreError> {
        let (key, in_use) = match content {
            [key @ .., 0] => (key, false),
            [key @ .., 1] => (key, true),
            _ => return Err(corrupt_file(DATA_KEY)),
        };
        let key = Key::from_slice(key).ok_or_else(|| corrupt_file(DATA_KEY))?;
        Ok(Self { key, in_use })
    }
}

/// The folder `keys/` without the key: what can be done before the data key is known.
pub(crate) struct KeyFolder {
    path: PathBuf,
}

impl KeyFolder {
    /// Opens or makes the folder and clears away what a crash left half written.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        files::private_folder(&path)?;
        let folder = Self { path };
        for (name, ending) in folder.files()? {
            if ending == files::TEMPORARY {
                files::destroy(&folder.path.join(name).with_extension(ending))?;
            }
        }
        Ok(folder)
    }

    /// A folder to look at; nothing is made or cleared away.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Reads every file; opens each when there is a secret.
    pub(crate) fn inspect(&self, secret: Option<&StorageSecret>) -> Result<KeyFiles, StoreError> {
        let mut found = KeyFiles { sound: 0, faults: Vec::new() };
        let data_key = match secret {
            Some(secret) => again_if_damaged(|| self.held_data_key(secret)).map(Some),
            None => again_if_damaged(|| self.sealed(DATA_KEY)).and_then(|held| match held {
                Some(_) => Ok(None),
                None => Err(StoreError::KeyMissing { path: self.file(DATA_KEY) }),
            }),
        };
        let key = match data_key {
            Ok(data_key) => {
                found.sound += 1;
                data_key.map(|data_key| Secrets::key(&data_key.key))
            }
            Err(fault) => {
                found.faults.push(fault);
                None
            }
        };
        for name in self.names()? {
            // Without the key a file can still be seen to be whole. One that is gone was destroyed since it was listed.
            let seen = again_if_damaged(|| match &key {
                None => self.sealed(&name).map(drop),
                Some(key) => match self.read(key, &name)? {
                    Opened::OtherKey => Err(corrupt_file(&name)),
                    Opened::Content(_) | Opened::Missing => Ok(()),
                },
            });
            match seen {
                Ok(()) => found.sound += 1,
                Err(fault) => found.faults.push(fault),
            }
        }
        Ok(found)
    }

    fn held_data_key(&self, secret: &StorageSecret) -> Result<DataKey, StoreError> {
        match self.read(&secret.data_file_key(), DATA_KEY)? {
            Opened::Content(content) => DataKey::decode(content.reveal()),
            Opened::OtherKey => {
                let folder = self.path.parent().unwrap_or(&self.path).to_owned();
                Err(StoreError::WrongSecret { folder })
            }
            Opened::Missing => Err(StoreError::KeyMissing { path: self.file(DATA_KEY) }),
        }
    }

    /// The data key. One is made only in a folder without a database (`fresh`) and without secrets.
    pub(crate) fn data_key(&self, secret: &StorageSecret, fresh: bool) -> Result<DataKey, StoreError> {
        let path = self.file(DATA_KEY);
        match self.read(&secret.data_file_key(), DATA_KEY)? {
            Opened::Content(content) => DataKey::decode(content.reveal()),
            Opened::OtherKey => {
                let folder = self.path.parent().unwrap_or(&self.path).to_owned();
                Err(StoreError::WrongSecret { folder })
            }
            Opened::Missing if !fresh || !self.names()?.is_empty() => Err(StoreError::KeyMissing { path }),
            Opened::Missing => {
                let made = DataKey { key: Key::random()?, in_use: false };
                self.put_data_key(secret, &made)?;
                Ok(made)
            }
        }
    }

    /// Replaces the file of the data key.
    pub(crate) fn put_data_key(&self, secret: &StorageSecret, data_key: &DataKey) -> Result<(), StoreError> {
        let content = Secret::new([data_key.key.reveal().as_slice(), &[u8::from(data_key.in_use)]].concat());
        let bytes = seal_file(&secret.data_file_key(), DATA_KEY, content.reveal())?;
        files::replace(&self.file(DATA_KEY), &bytes)
    }

    /// Names of the secret files, sorted, without the data key.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = self
            .files()?
            .into_iter()
            .filter(|(name, ending)| ending == ENDING && name != DATA_KEY)
            .map(|(name, _)| name)
            .collect();
        names.sort();
        Ok(names)
    }

    /// Overwrites, syncs and unlinks; fine when there is no such file.
    pub(crate) fn destroy(&self, name: &str) -> Result<(), StoreError> {
        files::destroy(&self.file(name))
    }

    /// Name and ending of the files that can be ours.
    fn files(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut found = Vec::new();
        for entry in files::entries(&self.path)? {
            let file_name = entry.file_name();
            if let Some((name, ending)) = file_name.to_str().and_then(|name| name.split_once('.'))
                && is_secret_name(name)
            {
                found.push((name.to_owned(), ending.to_owned()));
            }
        }
        Ok(found)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name).with_extension(ENDING)
    }

    fn read(&self, key: &Key, name: &str) -> Result<Opened, StoreError> {
        let Some(sealed) = self.sealed(name)? else { return Ok(Opened::Missing) };
        Ok(match key.open(&about(name), sealed) {
            Some(mut content) => Opened::Content(Secret::new(std::mem::take(&mut *content))),
            None => Opened::OtherKey,
        })
    }

    /// What a file seals, still sealed, when the file is whole; `None` when there is none.
    fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(bytes) = files::read_bounded(&self.file(name), MAX_SECRET_BYTES + OVERHEAD_BYTES)? else {
            return Ok(None);
        };
        whole(name, &bytes).map(|sealed| Some(sealed.to_vec()))
    }
}

/// What the bytes of a file seal, still sealed, when they are whole.
pub(crate) fn whole<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let corrupt = || corrupt_file(name);
    let (rest, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or_else(corrupt)?;
    if Sha256::digest(rest).as_slice() != hash {
        return Err(corrupt());
    }
    let rest = rest.strip_prefix(MAGIC).ok_or_else(corrupt)?;
    let (&version, sealed) = rest.split_first_chunk::<2>().ok_or_else(corrupt)?;
    match u16::from_be_bytes(version) {
        VERSION => Ok(sealed),
        found if found > VERSION => Err(StoreError::Newer { found: found.into(), known: VERSION.into() }),
        _ => Err(corrupt()),
    }
}

/// The folder `keys/` with the key for the secrets in it.
pub(crate) struct Secrets {
    folder: KeyFolder,
    key: Key,
}

impl Secrets {
    pub(crate) fn new(folder: KeyFolder, data_key: &Key) -> Self {
        Self { folder, key: Self::key(data_key) }
    }

    /// What seals every file but that of the data key.
    fn key(data_key: &Key) -> Key {
        data_key.derive(b"samenhang/store/1 secret files", &[])
    }

    /// On disk when it returns.
    pub(crate) fn put(&self, name: &SecretName, secret: &Secret) -> Result<(), StoreError> {
        let bytes = seal_file(&self.key, name.as_str(), secret.reveal())?;
        files::replace(&self.folder.file(name.as_str()), &bytes)
    }

    pub(crate) fn secret(&self, name: &SecretName) -> Result<Option<Secret>, StoreError> {
        if is_reserved(name.as_str()) {
            return Ok(None);
        }
        match self.folder.read(&self.key, name.as_str())? {
            Opened::Missing => Ok(None),
            Opened::Content(secret) => Ok(Some(secret)),
            Opened::OtherKey => Err(corrupt_file(name.as_str())),
        }
    }

    /// Where a secret's file is or would be.
    pub(crate) fn path(&self, name: &SecretName) -> PathBuf {
        self.folder.file(name.as_str())
    }

    pub(crate) fn names(&self) -> Result<Vec<SecretName>, StoreError> {
        let names = self.folder.names()?.into_iter();
        Ok(names.filter(|name| !is_reserved(name)).map(SecretName::new).collect())
    }

    pub(crate) fn destroy(&self, name: &str) -> Result<(), StoreError> {
        self.folder.destroy(name)
    }

    /// The data key of a scope that can be forgotten.
    pub(crate) fn scope_key(&self, scope: Scope) -> Result<Option<Key>, StoreError> {
        let name = scope_name(scope);
        match self.folder.read(&self.key, &name)? {
            Opened::Missing => Ok(None),
            Opened::Content(content) => match Key::from_slice(content.reveal()) {
                Some(key) => Ok(Some(key)),
                None => Err(corrupt_file(&name)),
            },
            Opened::OtherKey => Err(corrupt_file(&name)),
        }
    }

    /// Makes the data key of a scope; on disk when it returns.
    pub(crate) fn make_scope_key(&self, scope: Scope) -> Result<Key, StoreError> {
        let (name, made) = (scope_name(scope), Key::random()?);
        files::replace(&self.folder.file(&name), &seal_file(&self.key, &name, made.reveal())?)?;
        Ok(made)
    }

    /// Overwrites, syncs and unlinks the data key of a scope; fine when there is none.
    pub(crate) fn destroy_scope_key(&self, scope: Scope) -> Result<(), StoreError> {
        self.folder.destroy(&scope_name(scope))
    }

    /// The scopes for which a data key lies in the folder.
    pub(crate) fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let names = self.folder.names()?.into_iter();
        Ok(names.filter_map(|name| named_scope(&name)).collect())
    }

    /// The data key of a scope ought to be there and is not.
    pub(crate) fn missing_scope_key(&self, scope: Scope) -> StoreError {
        StoreError::KeyMissing { path: self.folder.file(&scope_name(scope)) }
    }
}

/// A file that is replaced while it is read looks damaged: its old content is overwritten after the rename.
fn again_if_damaged<T>(read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    match read() {
        Err(StoreError::Corrupt { .. }) => read(),
        once => once,
    }
}

/// What a sealed file turned out to be.
enum Opened {
    Missing,
    Content(Secret),
    /// Whole, but sealed under another key or name.
    OtherKey,
}

pub(crate) fn seal_file(key: &Key, name: &str, content: &[u8]) -> Result<Vec<u8>, StoreError> {
    let sealed = key.seal(&about(name), &[content])?;
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_be_bytes(), &sealed].concat();
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok(bytes)
}

pub(crate) fn about(name: &str) -> Vec<u8> {
    [FORMAT, &[0], name.as_bytes()].concat()
}

/// Whether a name is that of a file of the store itself, which callers neither read nor write.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == DATA_KEY || name.starts_with(EPOCH_KEY) || name.starts_with(MONTH_KEY)
}

/// The name of the file of a scope's data key. What lasts lies under the folder's own.
fn scope_name(scope: Scope) -> String {
    match scope {
        Scope::Lasting => DATA_KEY.to_owned(),
        Scope::Epoch(epoch) => format!("{EPOCH_KEY}{epoch}"),
        Scope::Month(month) => format!("{MONTH_KEY}{month}"),
    }
}

fn named_scope(name: &str) -> Option<Scope> {
    if let Some(epoch) = name.strip_prefix(EPOCH_KEY) {
        return epoch.parse().ok().map(Epoch).map(Scope::Epoch);
    }
    name.strip_prefix(MONTH_KEY)?.parse::<Month>().ok().map(Scope::Month)
}

/// Whether [`SecretName::new`] takes it: files of others may lie in the folder.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 64 && name.chars().all(allowed)
}

fn corrupt_file(name: &str) -> StoreError {
    StoreError::corrupt(format!("the file {}", Path::new("keys").join(name).with_extension(ENDING).display()))
}
