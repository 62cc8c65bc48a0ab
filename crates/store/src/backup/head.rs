//! The head of a backup file: what somebody with the passphrase needs to open the rest.
//!
//! [`MAGIC`] ‖ version (2) ‖ Argon2id memory in KiB, passes, lanes (4 each) ‖ salt (16) ‖ check (32) ‖ SHA-256 of all
//! before; numbers are big-endian. The key of the stream hangs from the passphrase hash *and* the bytes before the
//! check, so an altered head opens nothing. The check tells a wrong passphrase from a damaged stream, and the hash
//! tells a damaged head from a wrong passphrase; neither protects anything.

use std::{fmt, io::Read};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{StoreError, seal::Key};

/// The first line of the file, for people and for `file`.
const MAGIC: &[u8; 17] = b"samenhang backup\n";
const VERSION: u16 = 1;
const SALT_BYTES: usize = 16;
const CHECK_BYTES: usize = 32;
const HASH_BYTES: usize = 32;
const FIXED_BYTES: usize = MAGIC.len() + 2 + 12 + SALT_BYTES;
/// Length of the head.
pub const HEAD_BYTES: usize = FIXED_BYTES + CHECK_BYTES + HASH_BYTES;
/// Length of what the passphrase hash yields.
pub const PASSPHRASE_HASH_BYTES: usize = 32;

/// The most that a file may ask of this machine: a foreign file must not take all its memory or an hour.
const MOST: HashCosts = HashCosts { memory_kibibytes: 1 << 20, passes: 64, lanes: 64 };

/// What the passphrase hash (Argon2id, RFC 9106) costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCosts {
    /// Memory, in KiB.
    pub memory_kibibytes: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// The key of one backup's stream. Never used for a second one: it hangs from a random salt.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BackupKey(Key);

impl BackupKey {
    /// Takes the bytes that [`Self::reveal`] gave.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Key::from_bytes(bytes))
    }

    /// The bytes. Secret: only for whoever seals this one backup.
    #[must_use]
    pub fn reveal(&self) -> &[u8; 32] {
        self.0.reveal()
    }

    pub(super) fn key(&self) -> &Key {
        &self.0
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKey(redacted)")
    }
}

/// The head of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupHead {
    costs: HashCosts,
    salt: [u8; SALT_BYTES],
    /// Zero while the head is being made.
    check: [u8; CHECK_BYTES],
}

impl BackupHead {
    /// A head for a new backup, with a random salt.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(costs: HashCosts) -> Result<Self, StoreError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|source| StoreError::Randomness { source })?;
        Ok(Self { costs, salt, check: [0; CHECK_BYTES] })
    }

    /// What the passphrase hash costs.
    #[must_use]
    pub fn costs(&self) -> HashCosts {
        self.costs
    }

    /// The salt of the passphrase hash.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Finishes a new head with the hash of its passphrase: the bytes that begin the file, and the key of the stream
    /// that follows them.
    #[must_use]
    pub fn seal(mut self, passphrase_hash: &[u8; PASSPHRASE_HASH_BYTES]) -> (Vec<u8>, BackupKey) {
        let (check, key) = self.derive(passphrase_hash);
        self.check = check;
        (self.encode(), key)
    }

    /// Reads the head from the beginning of a file.
    ///
    /// # Errors
    /// When it is no backup, of a newer format, or damaged, or cannot be read.
    pub fn read(source: &mut impl Read) -> Result<Self, StoreError> {
        let damaged = || StoreError::BackupDamaged { what: "its head" };
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        let longest = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
        source
            .take(longest)
            .read_to_end(&mut bytes)
            .map_err(|source| StoreError::BackupUnreadable { source })?;
        let rest = bytes.strip_prefix(MAGIC).ok_or(StoreError::NotABackup)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        match u16::from_be_bytes(*version) {
            VERSION => {}
            found if found > VERSION => {
                return Err(StoreError::BackupNewer { found: found.into(), known: VERSION.into() });
            }
            _ => return Err(damaged()),
        }
        let (content, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
        if bytes.len() != HEAD_BYTES || Sha256::digest(content).as_slice() != hash {
            return Err(damaged());
        }
        let mut rest = rest;
        let mut number = || {
            let (number, after) = rest.split_first_chunk::<4>()?;
            rest = after;
            Some(u32::from_be_bytes(*number))
        };
        let mut next = || number().ok_or_else(damaged);
        let costs = HashCosts { memory_kibibytes: next()?, passes: next()?, lanes: next()? };
        let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or_else(damaged)?;
        let (check, _) = rest.split_first_chunk::<CHECK_BYTES>().ok_or_else(damaged)?;
        let sane = costs.memory_kibibytes <= MOST.memory_kibibytes
            && costs.passes <= MOST.passes
            && costs.lanes <= MOST.lanes;
        if !sane {
            return Err(damaged());
        }
        Ok(Self { costs, salt: *salt, check: *check })
    }

    /// The key of the stream, when the hash is that of the right passphrase.
    ///
    /// # Errors
    /// [`StoreError::BackupPassphrase`].
    pub fn open(&self, passphrase_hash: &[u8; PASSPHRASE_HASH_BYTES]) -> Result<BackupKey, StoreError> {
        let (check, key) = self.derive(passphrase_hash);
        if bool::from(check.ct_eq(&self.check)) { Ok(key) } else { Err(StoreError::BackupPassphrase) }
    }

    fn derive(&self, passphrase_hash: &[u8; PASSPHRASE_HASH_BYTES]) -> ([u8; CHECK_BYTES], BackupKey) {
        let base = Key::from_bytes(*passphrase_hash).derive(b"samenhang/backup/1 head", &self.fixed());
        let check = base.derive(b"samenhang/backup/1 check", &[]);
        (*check.reveal(), BackupKey(base.derive(b"samenhang/backup/1 stream", &[])))
    }

    fn fixed(&self) -> Vec<u8> {
        let HashCosts { memory_kibibytes, passes, lanes } = self.costs;
        let numbers = [memory_kibibytes, passes, lanes].map(u32::to_be_bytes).concat();
        [MAGIC.as_slice(), &VERSION.to_be_bytes(), &numbers, &self.salt].concat()
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.fixed();
        bytes.extend_from_slice(&self.check);
        let hash = Sha256::digest(&bytes);
        bytes.extend_from_slice(&hash);
        bytes
    }
}

#[cfg(test)]
pub(super) fn fixed_head() -> BackupHead {
    let costs = HashCosts { memory_kibibytes: 65_536, passes: 3, lanes: 4 };
    BackupHead { costs, salt: [5; SALT_BYTES], check: [0; CHECK_BYTES] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<BackupHead, StoreError> {
        BackupHead::read(&mut &*bytes)
    }

    #[test]
    fn a_head_is_read_again_and_opens_with_its_passphrase_only() {
        let (bytes, key) = fixed_head().seal(&[1; 32]);
        assert_eq!(bytes.len(), HEAD_BYTES);
        let head = read(&bytes).unwrap();
        assert_eq!(head.open(&[1; 32]).unwrap().reveal(), key.reveal());
        assert!(matches!(head.open(&[2; 32]), Err(StoreError::BackupPassphrase)));
    }

    #[test]
    fn damage_a_foreign_file_and_a_newer_format_are_told_apart() {
        let (bytes, _) = fixed_head().seal(&[1; 32]);
        for at in 0..HEAD_BYTES {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            let error = read(&flipped).unwrap_err();
            match at {
                0..17 => assert!(matches!(error, StoreError::NotABackup), "byte {at}: {error}"),
                17 => assert!(matches!(error, StoreError::BackupNewer { found: 257, known: 1 })),
                _ => assert!(matches!(error, StoreError::BackupDamaged { .. }), "byte {at}: {error}"),
            }
            let cut = read(&bytes[..at]).unwrap_err();
            assert!(matches!(cut, StoreError::NotABackup | StoreError::BackupDamaged { .. }), "{at}: {cut}");
        }
    }

    #[test]
    fn a_head_that_was_altered_with_care_opens_nothing_and_costs_little() {
        let head = fixed_head();
        let cheaper = BackupHead { costs: HashCosts { memory_kibibytes: 8, ..head.costs }, ..head };
        let (bytes, _) = head.seal(&[1; 32]);
        let check: [u8; 32] = bytes[FIXED_BYTES..][..32].try_into().unwrap();
        let altered = BackupHead { check, ..cheaper }.encode();
        assert!(matches!(read(&altered).unwrap().open(&[1; 32]), Err(StoreError::BackupPassphrase)));

        let greedy = BackupHead { costs: HashCosts { memory_kibibytes: u32::MAX, ..head.costs }, ..head };
        assert!(matches!(read(&greedy.encode()), Err(StoreError::BackupDamaged { .. })));
    }

    #[test]
    fn debugging_shows_no_key() {
        assert_eq!(format!("{:?}", BackupKey::from_bytes([0xab; 32])), "BackupKey(redacted)");
    }
}
