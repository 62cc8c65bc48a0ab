//! Reading a backup, entry by entry. Whoever wants to act on one reads it to its end first: only then is it known to
//! be whole.

use std::io::Read;

use protocol::Collection;
use zeroize::Zeroizing;

use super::{
    BackupKey, BackupSummary, Entry, MAX_ENTRY_BYTES, Manifest,
    entry::{entry, manifest},
    stream::Opener,
};
use crate::StoreError;

/// Iterator over the entries after the manifest. Ends after the first error; ends without one only when the file ended
/// where it was finished and held what its manifest promised.
pub struct BackupReader<R> {
    frames: Frames<R>,
    manifest: Manifest,
    keys: u64,
    rosters: u64,
    records: u64,
    signals: u64,
    over: bool,
}

impl<R> std::fmt::Debug for BackupReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BackupReader").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

impl<R: Read> BackupReader<R> {
    /// Begins after the head, and reads the manifest.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read.
    pub fn new(source: R, key: &BackupKey) -> Result<Self, StoreError> {
        let mut frames = Frames { opener: Opener::new(source, key), plain: Zeroizing::default(), at: 0 };
        let body = frames.next()?.ok_or(StoreError::BackupDamaged { what: "its first entry" })?;
        let manifest = manifest(&body)?;
        Ok(Self { frames, manifest, keys: 0, rosters: 0, records: 0, signals: 0, over: false })
    }

    /// The first entry. Its counts are promises until the end is reached.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Entries read so far.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.keys + self.rosters + self.records
    }

    /// Reads to the end, showing every entry to `each`.
    ///
    /// # Errors
    /// When the backup is not whole, or `each` refuses.
    pub fn read_all<E: From<StoreError>>(
        mut self,
        mut each: impl FnMut(Entry, u64) -> Result<(), E>,
    ) -> Result<BackupSummary, E> {
        while let Some(entry) = self.next() {
            let entry = entry?;
            each(entry, self.done())?;
        }
        Ok(BackupSummary { manifest: self.manifest, signals: self.signals })
    }

    fn entry(&mut self) -> Result<Option<Entry>, StoreError> {
        let Some(body) = self.frames.next()? else {
            let Manifest { keys, rosters, records, .. } = self.manifest;
            if (keys, rosters, records) != (self.keys, self.rosters, self.records) {
                return Err(StoreError::BackupDamaged { what: "the number of its entries" });
            }
            return Ok(None);
        };
        let entry = entry(&body)?;
        match &entry {
            Entry::Key { .. } => self.keys += 1,
            Entry::Roster(_) => self.rosters += 1,
            Entry::Record { collection, .. } => {
                self.records += 1;
                self.signals += u64::from(*collection == Collection::Signal);
            }
        }
        Ok(Some(entry))
    }
}

impl<R: Read> Iterator for BackupReader<R> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.entry().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The stream as entries: length, body, length, body.
struct Frames<R> {
    opener: Opener<R>,
    /// What is opened and not yet read, from `at` on.
    plain: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<R: Read> Frames<R> {
    /// The body of the next entry; `None` at the end.
    fn next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let cut = || StoreError::BackupDamaged { what: "its last entry" };
        let mut length = [0; 4];
        match self.fill(4)? {
            0 => return Ok(None),
            4 => self.copy(&mut length),
            _ => return Err(cut()),
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_ENTRY_BYTES {
            return Err(StoreError::BackupDamaged { what: "the length of an entry" });
        }
        if self.fill(length)? < length {
            return Err(cut());
        }
        let mut body = Zeroizing::new(vec![0; length]);
        self.copy(&mut body);
        Ok(Some(body))
    }

    /// Opens chunks until `wanted` bytes are there, or the stream ends; how many of them there are. Memory grows with
    /// what was authenticated, not with what a length claims.
    fn fill(&mut self, wanted: usize) -> Result<usize, StoreError> {
        while self.plain.len() - self.at < wanted {
            let Some(chunk) = self.opener.chunk()? else { break };
            self.plain.drain(..self.at);
            self.at = 0;
            self.plain.extend_from_slice(&chunk);
        }
        Ok(wanted.min(self.plain.len() - self.at))
    }

    /// Moves bytes that [`Self::fill`] found.
    fn copy(&mut self, to: &mut [u8]) {
        let from = self.plain.iter().skip(self.at);
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        self.at += to.len();
    }
}
