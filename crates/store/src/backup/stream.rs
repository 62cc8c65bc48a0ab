//! The sealed stream: chunks whose place and end are part of what is authenticated.

use std::io::Read;

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::ChaCha20Poly1305;
use zeroize::Zeroizing;

use super::BackupKey;
use crate::{StoreError, seal::TAG_BYTES};

/// Plaintext in every chunk but the last, which has at least one byte.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;
const SEALED_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

const DAMAGED: StoreError = StoreError::BackupDamaged { what: "its sealed part" };

/// Cuts and seals. The nonce in front of counter and last flag is zero: every stream has a key of its own.
pub(crate) struct Sealer {
    stream: EncryptorBE32<ChaCha20Poly1305>,
    held: Zeroizing<Vec<u8>>,
    /// Sealed chunks that nobody has taken yet.
    sealed: Vec<u8>,
}

impl Sealer {
    pub(crate) fn new(key: &BackupKey) -> Self {
        let stream = EncryptorBE32::from_aead(key.key().chacha20(), &Default::default());
        // Never grows, so no copy of plaintext is left behind in freed memory.
        let held = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        Self { stream, held, sealed: Vec::new() }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // Sealed only when more follows: which chunk is the last is part of its nonce.
            if self.held.len() == CHUNK_BYTES {
                let chunk = self.stream.encrypt_next(self.held.as_slice());
                self.sealed.extend(chunk.expect("2³² chunks are 256 TiB"));
                self.held.clear();
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.held.len()));
            self.held.extend_from_slice(now);
            bytes = later;
        }
    }

    pub(super) fn sealed_len(&self) -> usize {
        self.sealed.len()
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sealed)
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let chunk = self.stream.encrypt_last(self.held.as_slice());
        self.sealed.extend(chunk.expect("2³² chunks are 256 TiB"));
        self.sealed
    }
}

/// Reads and opens chunk by chunk, in bounded memory.
pub(super) struct Opener<R> {
    source: R,
    /// `None` after the last chunk.
    stream: Option<DecryptorBE32<ChaCha20Poly1305>>,
    ahead: Vec<u8>,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(source: R, key: &BackupKey) -> Self {
        let stream = DecryptorBE32::from_aead(key.key().chacha20(), &Default::default());
        Self { source, stream: Some(stream), ahead: Vec::new() }
    }

    /// The next chunk; `None` after the last one. After an error there is nothing more.
    pub(super) fn chunk(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        // One byte further, because only that tells whether this chunk is the last.
        let missing = (SEALED_BYTES + 1).saturating_sub(self.ahead.len());
        (&mut self.source)
            .take(u64::try_from(missing).unwrap_or(u64::MAX))
            .read_to_end(&mut self.ahead)
            .map_err(|source| StoreError::BackupUnreadable { source })?;
        let opened = if self.ahead.len() > SEALED_BYTES {
            let rest = self.ahead.split_off(SEALED_BYTES);
            let sealed = std::mem::replace(&mut self.ahead, rest);
            let opened = stream.decrypt_next(sealed.as_slice());
            self.stream = Some(stream);
            opened
        } else {
            stream.decrypt_last(self.ahead.as_slice())
        };
        match opened {
            Ok(opened) if !opened.is_empty() => Ok(Some(Zeroizing::new(opened))),
            Ok(_) | Err(_) => {
                self.stream = None;
                Err(DAMAGED)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> BackupKey {
        BackupKey::from_bytes([3; 32])
    }

    fn seal(length: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(&key());
        let text: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        // In pieces that fit no chunk.
        text.chunks(1_000).for_each(|piece| sealer.push(piece));
        sealer.finish()
    }

    fn open(sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut opener = Opener::new(sealed, &key());
        let mut text = Vec::new();
        while let Some(chunk) = opener.chunk()? {
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    #[test]
    fn every_length_comes_back() {
        for length in [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let sealed = seal(length);
            assert_eq!(sealed.len(), length + length.div_ceil(CHUNK_BYTES) * TAG_BYTES);
            assert_eq!(open(&sealed).unwrap().len(), length);
        }
    }

    #[test]
    fn chunks_cannot_be_cut_off_moved_left_out_or_added() {
        let sealed = seal(3 * CHUNK_BYTES);
        let refused = |bytes: &[u8], what: &str| {
            assert!(matches!(open(bytes), Err(StoreError::BackupDamaged { .. })), "{what}");
        };
        for chunks in 0..3 {
            let border = chunks * SEALED_BYTES;
            for cut in [border, border + 1, border + TAG_BYTES, border + SEALED_BYTES - 1] {
                refused(&sealed[..cut], &format!("cut at {cut}"));
            }
        }
        let chunk = |number: usize| &sealed[number * SEALED_BYTES..(number + 1) * SEALED_BYTES];
        refused(&[chunk(1), chunk(0), chunk(2)].concat(), "exchanged");
        refused(&[chunk(0), chunk(2)].concat(), "left out");
        refused(&[sealed.as_slice(), chunk(2)].concat(), "added");
        refused(&[sealed.as_slice(), &[0]].concat(), "a byte added");
        for at in (0..sealed.len()).step_by(4_099).chain([sealed.len() - 1]) {
            let mut flipped = sealed.clone();
            flipped[at] ^= 0x40;
            refused(&flipped, &format!("a bit of byte {at}"));
        }
    }
}
