//! Sealing at rest: XChaCha20-Poly1305 with random nonces, under keys that HMAC-SHA256 derives for one purpose each.
//!
//! The storage secret comes from the caller and seals only the data key; the data key is random and everything else
//! hangs from it. A new storage secret therefore means sealing one file again.

use std::fmt;

use chacha20poly1305::{
    ChaCha20Poly1305, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::StoreError;

/// Bytes in front of a ciphertext.
pub(crate) const NONCE_BYTES: usize = 24;
/// Bytes behind a ciphertext.
pub(crate) const TAG_BYTES: usize = 16;

/// The key that seals the data key of a folder. Where it comes from is the caller's affair.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StorageSecret([u8; 32]);

impl StorageSecret {
    /// Takes 32 bytes of full entropy: the output of a passphrase hash, a key service or a key file.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn data_file_key(&self) -> Key {
        Key(self.0).derive(b"samenhang/store/1 data key file", &[])
    }
}

impl fmt::Debug for StorageSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageSecret(redacted)")
    }
}

/// A symmetric key for one purpose.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(redacted)")
    }
}

impl Key {
    pub(crate) fn random() -> Result<Self, StoreError> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0).map_err(|source| StoreError::Randomness { source })?;
        Ok(key)
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The cipher of a stream that has this key for itself, so that counters suffice as nonces.
    pub(crate) fn chacha20(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.0.into())
    }

    /// `None` unless there are exactly 32 bytes.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Only for sealing this key under another, and for handing on the key of a backup.
    pub(crate) fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256(this key, label ‖ 0 ‖ suffix). Labels hold no zero byte.
    pub(crate) fn derive(&self, label: &[u8], suffix: &[u8]) -> Self {
        let mac = self.mac().chain_update(label).chain_update([0]).chain_update(suffix);
        Self(mac.finalize().into_bytes().into())
    }

    /// HMAC-SHA256 keyed with this key; cloning it saves keying again.
    pub(crate) fn mac(&self) -> Hmac<Sha256> {
        Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length")
    }

    /// Seals `plaintext`, given in pieces, with a random nonce: nonce ‖ ciphertext ‖ tag.
    pub(crate) fn seal(&self, about: &[u8], plaintext: &[&[u8]]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|source| StoreError::Randomness { source })?;
        Ok(self.seal_with_nonce(nonce, about, plaintext))
    }

    fn seal_with_nonce(&self, nonce: [u8; NONCE_BYTES], about: &[u8], plaintext: &[&[u8]]) -> Vec<u8> {
        let length: usize = plaintext.iter().map(|piece| piece.len()).sum();
        let mut sealed = Vec::with_capacity(NONCE_BYTES + length + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        for piece in plaintext {
            sealed.extend_from_slice(piece);
        }
        let (nonce, text) = sealed.split_at_mut(NONCE_BYTES);
        let nonce = XNonce::try_from(&*nonce).expect("split at the length of a nonce");
        let tag = XChaCha20Poly1305::new(&self.0.into())
            .encrypt_inout_detached(&nonce, about, text.into())
            .expect("XChaCha20-Poly1305 refuses only texts of 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Key::seal`] made; `None` when the key, `about` or a single bit is another.
    pub(crate) fn open(&self, about: &[u8], mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let text_end = sealed.len().checked_sub(TAG_BYTES)?;
        let (rest, tag) = sealed.split_at_mut_checked(text_end)?;
        let (nonce, text) = rest.split_at_mut_checked(NONCE_BYTES)?;
        let (nonce, tag) = (XNonce::try_from(&*nonce).ok()?, Tag::try_from(&*tag).ok()?);
        XChaCha20Poly1305::new(&self.0.into())
            .decrypt_inout_detached(&nonce, about, text.into(), &tag)
            .ok()?;
        sealed.truncate(text_end);
        sealed.drain(..NONCE_BYTES);
        Some(Zeroizing::new(sealed))
    }
}

#[cfg(test)]
pub(crate) fn fixed_key(byte: u8) -> Key {
    Key([byte; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again_and_no_bit_of_it_may_differ() {
        let key = fixed_key(1);
        let sealed = key.seal(b"about", &[b"two ", b"pieces"]).unwrap();
        assert_eq!(sealed.len(), NONCE_BYTES + 10 + TAG_BYTES);
        assert_eq!(**key.open(b"about", sealed.clone()).unwrap(), *b"two pieces");
        assert!(key.open(b"other", sealed.clone()).is_none());
        assert!(fixed_key(2).open(b"about", sealed.clone()).is_none());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 0x10;
            assert!(key.open(b"about", flipped).is_none(), "byte {at}");
            assert!(key.open(b"about", sealed[..at].to_vec()).is_none(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let key = fixed_key(1);
        assert_ne!(key.seal(b"", &[b"text"]).unwrap(), key.seal(b"", &[b"text"]).unwrap());
    }

    /// The test vector of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn sealing_is_xchacha20_poly1305() {
        let key: Vec<u8> = (0x80..0xa0).collect();
        let nonce: Vec<u8> = (0x40..0x58).collect();
        let text =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                     sunscreen would be it.";
        let about = hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let sealed = Key::from_slice(&key).unwrap().seal_with_nonce(
            nonce.as_slice().try_into().unwrap(),
            &about,
            &[text],
        );
        let tag = &sealed[sealed.len() - TAG_BYTES..];
        assert_eq!(hex::encode(tag), "c0875924c1c7987947deafd8780acf49");
        assert_eq!(hex::encode(&sealed[NONCE_BYTES..NONCE_BYTES + 8]), "bd6d179d3e83d43b");
    }

    #[test]
    fn debugging_shows_no_key() {
        let shown = format!("{:?} {:?}", StorageSecret::from_bytes([0xab; 32]), fixed_key(0xab));
        assert_eq!(shown, "StorageSecret(redacted) Key(redacted)");
    }
}
