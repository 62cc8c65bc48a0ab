//! A backup that was read to its end: whole, opened by its passphrase, with keys and rosters that a node can start on.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use roster::{RosterChain, SignedRoster};
use store::{
    BackupHead, BackupKey, BackupReader, BackupSummary, Entry, HEAD_BYTES, Manifest, Schema, StoreError,
};

use super::{KeyError, Pace, Watch, hash};
use crate::passphrase::Passphrase;
use crate::runtime::NodeSecrets;

/// A backup, verified as a whole. The file stays open, so that what is restored is the file that was read; should it be
/// altered meanwhile, the second reading notices.
pub struct VerifiedBackup {
    file: File,
    key: BackupKey,
    summary: BackupSummary,
    chain: RosterChain,
}

impl std::fmt::Debug for VerifiedBackup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedBackup").field("summary", &self.summary).finish_non_exhaustive()
    }
}

/// Why a backup is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// What is wrong with it, or with its passphrase.
    #[error("{}", .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: KeyError,
    },
}

impl BackupError {
    /// Whether the backup is at fault: it was opened, and is not what was written.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Refused { source: KeyError::Store(StoreError::BackupDamaged { .. }), .. })
    }

    /// Whether the passphrase is another one.
    #[must_use]
    pub fn is_passphrase(&self) -> bool {
        matches!(self, Self::Refused { source: KeyError::Store(StoreError::BackupPassphrase), .. })
    }
}

impl VerifiedBackup {
    /// Reads a backup from beginning to end.
    ///
    /// # Errors
    /// It cannot be read, is none, does not open with the passphrase, or is not whole.
    pub fn read(path: &Path, passphrase: &Passphrase, watch: Watch<'_>) -> Result<Self, BackupError> {
        Self::verify(path, passphrase, watch)
            .map_err(|source| BackupError::Refused { path: path.to_owned(), source })
    }

    fn verify(path: &Path, passphrase: &Passphrase, watch: Watch<'_>) -> Result<Self, KeyError> {
        let mut file = File::open(path).map_err(|source| StoreError::BackupUnreadable { source })?;
        let head = BackupHead::read(&mut file)?;
        let key = head.open(&*hash(passphrase, &head)?)?;
        let reader = BackupReader::new(BufReader::new(&file), &key)?;
        let Schema { format: known, .. } = Schema::CURRENT;
        let (found, total) = (reader.manifest().format, reader.manifest().entries());
        if found > known {
            return Err(StoreError::BackupNewer { found, known }.into());
        }
        let mut pace = Pace::new(watch, "reading the backup", total);
        let mut keys = Vec::new();
        let mut chain: Option<RosterChain> = None;
        let summary = reader.read_all(|entry, done| {
            match entry {
                Entry::Key { name, secret } if secret.reveal().len() == 32 => keys.push(name),
                Entry::Key { .. } => {
                    return Err(StoreError::BackupDamaged { what: "a key of another length" });
                }
                Entry::Roster(wire) => {
                    let grown = SignedRoster::parse(&wire).and_then(|signed| match chain.take() {
                        None => RosterChain::found(signed, None),
                        Some(mut chain) => chain.accept(signed).map(|()| chain),
                    });
                    let broken = |_| StoreError::BackupDamaged { what: "the chain of its rosters" };
                    chain = Some(grown.map_err(broken)?);
                }
                Entry::Record { .. } => {}
            }
            pace.at(done);
            Ok(())
        })?;
        let (own, staged) = (NodeSecrets::names(), NodeSecrets::names_if_there());
        keys.sort();
        let twice = keys.windows(2).any(|pair| matches!(pair, [one, next] if one == next));
        let foreign = keys.iter().any(|name| !own.contains(name) && !staged.contains(name));
        if twice || foreign || own.iter().any(|name| !keys.contains(name)) {
            return Err(StoreError::BackupDamaged { what: "its keys, which are not those of a node" }.into());
        }
        let chain =
            chain.ok_or(StoreError::BackupDamaged { what: "its rosters, of which there are none" })?;
        Ok(Self { file, key, summary, chain })
    }

    /// Whose it is, of when, and what is in it.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.summary.manifest
    }

    /// How many signals are in it.
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.summary.signals
    }

    /// Its rosters.
    #[must_use]
    pub fn chain(&self) -> &RosterChain {
        &self.chain
    }

    /// Its entries, once more from the first one.
    pub(super) fn entries(&mut self) -> Result<BackupReader<BufReader<&File>>, StoreError> {
        let start = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
        self.file.seek(SeekFrom::Start(start)).map_err(|source| StoreError::BackupUnreadable { source })?;
        BackupReader::new(BufReader::new(&self.file), &self.key)
    }
}
