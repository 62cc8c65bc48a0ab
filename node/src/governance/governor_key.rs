//! A governor's key: the private half in a file sealed under a passphrase, the public half as one line of text.
//!
//! The sealed file is [`MAGIC`] ‖ version (2, big-endian) ‖ Argon2id memory in KiB, passes, lanes (4 each) ‖ salt (16)
//! ‖ public key (32) ‖ nonce (24) ‖ XChaCha20-Poly1305 of the seed (32 + 16) ‖ SHA-256 of all before. Everything before
//! the nonce is additional data. The hash tells damage from a wrong passphrase; it protects nothing.
//!
//! The public line is `samenhang-governor-v1`, the key and a signature of the key over itself, in hexadecimal: whoever
//! hands it over holds the key, and a line that mail has broken is noticed.

use std::path::Path;

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use crypto::{Seed, Signature, SigningKey, VerifyingKey};
use roster::Fingerprint;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{GovernanceError, Passphrase, files};
use crate::passphrase::HashCosts;

const MAGIC: &[u8; 6] = b"smhgov";
const VERSION: u16 = 1;
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// Magic, version, cost, salt, public key.
const HEADER_BYTES: usize = 6 + 2 + 12 + SALT_BYTES + KEY_BYTES;
const FILE_BYTES: usize = HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES + HASH_BYTES;

/// The second recommended setting of RFC 9106 §4: 64 MiB, three passes, four lanes.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

/// The most that a file may ask of this machine: a foreign file must not take all its memory or an hour.
const MAX_COST: Cost = Cost { memory_kib: 2 * 1024 * 1024, passes: 64, lanes: 64 };

const PUBLIC_PREFIX: &str = "samenhang-governor-v1";
const PUBLIC_LABEL: &str = "samenhang governor public key v1";
const MAX_PUBLIC_BYTES: usize = 1_024;

/// What the passphrase hash costs.
#[derive(Clone, Copy)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A governor's key file, still sealed.
#[derive(Debug)]
pub struct GovernorKeyFile {
    bytes: [u8; FILE_BYTES],
}

/// The public half of a governor's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GovernorPublicKey(VerifyingKey);

impl GovernorKeyFile {
    /// Seals the key of a seed under a passphrase and writes both halves to files that must not exist yet.
    ///
    /// # Errors
    /// A file that exists, a disk that refuses, no memory or no randomness.
    pub fn create(
        seed: &Seed,
        passphrase: &Passphrase,
        private: &Path,
        public: &Path,
    ) -> Result<GovernorPublicKey, GovernanceError> {
        // The public half first: should the private one fail, nothing secret is left without its counterpart.
        let key = SigningKey::from_seed(seed);
        let bytes = seal(seed, &key.verifying_key(), passphrase)?;
        files::write_new(public, public_line(&key).as_bytes(), false)?;
        if let Err(refused) = files::write_new(private, &bytes, true) {
            // Best effort: a public half without its private one is of no use, and of no harm.
            let _left_behind = std::fs::remove_file(public);
            return Err(refused);
        }
        Ok(GovernorPublicKey(key.verifying_key()))
    }

    /// Reads a key file without opening it.
    ///
    /// # Errors
    /// Unreadable, no key file, damaged, or of a newer format.
    pub fn read(path: &Path) -> Result<Self, GovernanceError> {
        let bytes = Zeroizing::new(files::read_bounded(path, FILE_BYTES * 2, "a governor's key file")?);
        Self::parse(&bytes, path)
    }

    /// Takes the bytes of a key file without opening it. `path` is for messages.
    ///
    /// # Errors
    /// No key file, damaged, or of a newer format.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, GovernanceError> {
        let none = || GovernanceError::NoKeyFile { path: path.to_owned() };
        let damaged = || GovernanceError::DamagedKeyFile { path: path.to_owned() };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(none)?;
        let (version, _) = rest.split_first_chunk::<2>().ok_or_else(damaged)?;
        match u16::from_be_bytes(*version) {
            VERSION => {}
            found => return Err(GovernanceError::NewerKeyFile { path: path.to_owned(), found }),
        }
        let bytes: [u8; FILE_BYTES] = bytes.try_into().map_err(|_| damaged())?;
        let (content, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
        if Sha256::digest(content).as_slice() != hash {
            return Err(damaged());
        }
        Ok(Self { bytes })
    }

    /// The public half, which is not sealed.
    #[must_use]
    pub fn public_key(&self) -> GovernorPublicKey {
        let mut key = [0; KEY_BYTES];
        let place = self.bytes.iter().skip(HEADER_BYTES - KEY_BYTES);
        key.iter_mut().zip(place).for_each(|(to, from)| *to = *from);
        GovernorPublicKey(VerifyingKey::from_bytes(key))
    }

    /// Opens it. `path` is for messages.
    ///
    /// # Errors
    /// A wrong passphrase, or no memory for its hash.
    pub fn open(&self, passphrase: &Passphrase, path: &Path) -> Result<SigningKey, GovernanceError> {
        let wrong = || GovernanceError::WrongPassphrase { path: path.to_owned() };
        let damaged = || GovernanceError::DamagedKeyFile { path: path.to_owned() };
        let (header, rest) = self.bytes.split_first_chunk::<HEADER_BYTES>().ok_or_else(damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let (sealed, rest) = rest.split_first_chunk::<KEY_BYTES>().ok_or_else(damaged)?;
        let (tag, _) = rest.split_first_chunk::<TAG_BYTES>().ok_or_else(damaged)?;
        let (cost, salt) = cost_and_salt(header).ok_or_else(damaged)?;
        let key = passphrase_key(passphrase, &salt, cost)?;
        let mut seed = Zeroizing::new(*sealed);
        let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
        XChaCha20Poly1305::new((&*key).into())
            .decrypt_inout_detached(&nonce, header, seed.as_mut_slice().into(), &tag)
            .map_err(|_| wrong())?;
        Ok(SigningKey::from_seed(&Seed::from_bytes(*seed)))
    }
}

impl GovernorPublicKey {
    /// Reads the `.pub` file.
    ///
    /// # Errors
    /// Unreadable, or not the line that was written.
    pub fn read(path: &Path) -> Result<Self, GovernanceError> {
        let bytes = files::read_bounded(path, MAX_PUBLIC_BYTES, "a governor's public key")?;
        Self::parse(&bytes, path)
    }

    /// Takes the bytes of a `.pub` file. `path` is for messages.
    ///
    /// # Errors
    /// Not the line that was written.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, GovernanceError> {
        let none = || GovernanceError::NoPublicKey { path: path.to_owned() };
        let text = std::str::from_utf8(bytes).map_err(|_| none())?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let [PUBLIC_PREFIX, key, signature] = words.as_slice() else { return Err(none()) };
        let (mut key_bytes, mut signature_bytes) = ([0; 32], [0; 64]);
        hex::decode_to_slice(key, &mut key_bytes).map_err(|_| none())?;
        hex::decode_to_slice(signature, &mut signature_bytes).map_err(|_| none())?;
        let key = VerifyingKey::from_bytes(key_bytes);
        key.verify(PUBLIC_LABEL, &key_bytes, &Signature::from_bytes(signature_bytes)).map_err(|_| none())?;
        Ok(Self(key))
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> VerifyingKey {
        self.0
    }

    /// What its owner reads to the others by telephone.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_governor(&self.0)
    }
}

fn public_line(key: &SigningKey) -> String {
    let public = key.verifying_key();
    let signature = key.sign(PUBLIC_LABEL, public.as_bytes());
    format!("{PUBLIC_PREFIX} {public} {}\n", hex::encode(signature.as_bytes()))
}

fn seal(seed: &Seed, public: &VerifyingKey, passphrase: &Passphrase) -> Result<Vec<u8>, GovernanceError> {
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    getrandom::fill(&mut salt)
        .and_then(|()| getrandom::fill(&mut nonce))
        .map_err(|source| machine("draw random numbers", &source))?;
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_be_bytes()].concat();
    for number in [COST.memory_kib, COST.passes, COST.lanes] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&salt);
    bytes.extend_from_slice(public.as_bytes());
    let key = passphrase_key(passphrase, &salt, COST)?;
    let mut sealed = Zeroizing::new(*seed.reveal());
    let tag = XChaCha20Poly1305::new((&*key).into())
        .encrypt_inout_detached(&XNonce::from(nonce), &bytes, sealed.as_mut_slice().into())
        .expect("XChaCha20-Poly1305 refuses only texts of 256 GiB");
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(sealed.as_slice());
    bytes.extend_from_slice(&tag);
    let hash = Sha256::digest(&bytes);
    bytes.extend_from_slice(&hash);
    Ok(bytes)
}

/// `None` when the file asks for more than any governor's file does.
fn cost_and_salt(header: &[u8; HEADER_BYTES]) -> Option<(Cost, [u8; SALT_BYTES])> {
    let rest = header.get(MAGIC.len() + 2..)?;
    let (memory, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (lanes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, _) = rest.split_first_chunk::<SALT_BYTES>()?;
    let cost = Cost {
        memory_kib: u32::from_be_bytes(*memory),
        passes: u32::from_be_bytes(*passes),
        lanes: u32::from_be_bytes(*lanes),
    };
    let bearable = cost.memory_kib <= MAX_COST.memory_kib
        && cost.passes <= MAX_COST.passes
        && cost.lanes <= MAX_COST.lanes;
    bearable.then_some((cost, *salt))
}

fn passphrase_key(
    passphrase: &Passphrase,
    salt: &[u8; SALT_BYTES],
    cost: Cost,
) -> Result<Zeroizing<[u8; KEY_BYTES]>, GovernanceError> {
    let Cost { memory_kib, passes, lanes } = cost;
    passphrase.hash(salt, HashCosts { memory_kibibytes: memory_kib, passes, lanes }).ok_or_else(|| {
        let reason = format!("{} MiB of free memory are needed", memory_kib >> 10);
        GovernanceError::Machine { doing: "hash the passphrase", reason }
    })
}

fn machine(doing: &'static str, source: &dyn std::fmt::Display) -> GovernanceError {
    GovernanceError::Machine { doing, reason: source.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_under_its_passphrase_only_and_not_after_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let (private, public) = (folder.path().join("a.key"), folder.path().join("a.pub"));
        let seed = Seed::from_bytes([7; 32]);
        let passphrase = Passphrase::new("correct horse battery");
        let made = GovernorKeyFile::create(&seed, &passphrase, &private, &public).unwrap();
        assert_eq!(GovernorPublicKey::read(&public).unwrap(), made);
        let file = GovernorKeyFile::read(&private).unwrap();
        assert_eq!(file.public_key(), made);
        let key = file.open(&passphrase, &private).unwrap();
        assert_eq!(key.verifying_key(), SigningKey::from_seed(&seed).verifying_key());
        let other = Passphrase::new("correct horse battery.");
        assert!(matches!(file.open(&other, &private), Err(GovernanceError::WrongPassphrase { .. })));

        let bytes = std::fs::read(&private).unwrap();
        assert_eq!(bytes.len(), FILE_BYTES);
        assert!(!bytes.windows(32).any(|window| window == [7; 32]));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            std::fs::write(&private, &changed).unwrap();
            assert!(GovernorKeyFile::read(&private).is_err(), "byte {place}");
        }
        std::fs::write(&private, &bytes[..100]).unwrap();
        assert!(matches!(GovernorKeyFile::read(&private), Err(GovernanceError::DamagedKeyFile { .. })));
        std::fs::write(&private, "samenhang").unwrap();
        assert!(matches!(GovernorKeyFile::read(&private), Err(GovernanceError::NoKeyFile { .. })));
    }

    #[test]
    fn a_file_with_another_public_half_does_not_open() {
        let passphrase = Passphrase::new("correct horse battery");
        let seed = Seed::from_bytes([7; 32]);
        let public = SigningKey::from_seed(&seed).verifying_key();
        let mut bytes = seal(&seed, &public, &passphrase).unwrap();
        bytes[HEADER_BYTES - 1] ^= 1;
        let end = bytes.len() - HASH_BYTES;
        let hash = Sha256::digest(&bytes[..end]);
        bytes[end..].copy_from_slice(&hash);
        let file = GovernorKeyFile { bytes: bytes.try_into().unwrap() };
        let opened = file.open(&passphrase, Path::new("k"));
        assert!(matches!(opened, Err(GovernanceError::WrongPassphrase { .. })));
    }

    #[test]
    fn a_public_line_is_refused_when_a_digit_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pub");
        let line = public_line(&SigningKey::from_seed(&Seed::from_bytes([7; 32])));
        std::fs::write(&path, line.replace(' ', "\n  ")).unwrap();
        assert!(GovernorPublicKey::read(&path).is_ok());
        for changed in [line.replacen('a', "b", 3), line.to_uppercase(), String::new(), line + "x"] {
            std::fs::write(&path, changed).unwrap();
            assert!(matches!(GovernorPublicKey::read(&path), Err(GovernanceError::NoPublicKey { .. })));
        }
    }
}
