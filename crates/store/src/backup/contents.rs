//! What goes into a backup, and the way there.

use std::vec::IntoIter;

use domain::{Oin, Timestamp};
use protocol::{Collection, Secret, SecretName};
use zeroize::Zeroizing;

use super::{
    BackupKey, Manifest,
    entry::{Entry, entry_frame, manifest_frame},
    stream::Sealer,
};
use crate::{Store, StoreError, record::Drawer};

/// Sealed bytes are handed out when there are at least this many.
const PIECE_BYTES: usize = 64 * 1024;

/// Whether records of a collection go into a backup. What the network holds or the node makes again stays out. What is to
/// be forgotten with its epoch never goes in, whatever its collection: a backup outlives it. What is kept for years and
/// forgotten with its month does: losing it with the disk would be worse.
#[must_use]
pub const fn is_backed_up(collection: Collection) -> bool {
    match collection {
        // What people registered and decided; nobody else has it.
        Collection::Signal | Collection::Decision => true,
        Collection::Objection | Collection::Incident => true,
        Collection::WrongPerson | Collection::Informing => true,
        // What happened, until its retention ends. Its tree goes on where it was, or others will have seen more of it.
        Collection::LogEntry | Collection::LogDetails | Collection::LogHashes | Collection::LogHead => true,
        // What was asked, so that it can be opened, and the log that counts it.
        Collection::OwnLeaf | Collection::AskedInputs | Collection::OwnLeaves | Collection::SealedSeed => {
            true
        }
        // Every member shows its log again to a keyholder that lost it.
        Collection::HeldLog | Collection::HeldLeaf => false,
        // How far that tree was signed: whoever is restored knows by it what it lost.
        Collection::SignedLog => true,
        // Pseudonym keys of the epoch: asked for again.
        Collection::FamilyKeys => false,
        // Every member keeps and serves them.
        Collection::KeySet => false,
        // Own feeds are continued above what peers hold; others' are fetched again.
        Collection::Header | Collection::Body | Collection::Head | Collection::Dummies => false,
        // Found again when the feeds are back; what people decided about them is a collection of its own.
        Collection::Match | Collection::UnitMatch | Collection::Forgotten => false,
        // Whoever is restored signs nothing of an attempt before the other keyholders told what they hold of it.
        Collection::Abandonment => false,
        // Whoever holds one tells whoever has none.
        Collection::Proof => false,
        // The chain goes in as the signed documents themselves, and is recorded again from those.
        Collection::Roster => false,
        // Whoever was restored does not rely on what it remembered: it asks others. What is proven it hears again.
        Collection::Witnessed | Collection::LogEvidence => false,
        Collection::CosignedCheckpoint | Collection::MemoryLost => false,
        // The mark of a restore; the next one puts its own.
        Collection::Restored => false,
        // Whoever holds a conflict tells whoever does not; a notice that is counted anew is no shorter.
        Collection::RosterConflict | Collection::RosterDecision => false,
    }
}

/// A consistent copy of what a store backs up, still sealed as it lies on disk: as large as the records are.
pub struct Snapshot {
    format: u32,
    records: u64,
    signals: u64,
    parts: Vec<Part>,
    keys: Vec<(SecretName, Secret)>,
}

struct Part {
    collection: Collection,
    drawer: Drawer,
    entries: IntoIter<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshot({} records)", self.records)
    }
}

impl Store {
    /// Copies what goes into a backup: the records of the collections that [`is_backed_up`] names, and the key
    /// files: those of `keys`, which must be there, and those of `staged` that are. Nothing is opened but the key files,
    /// so this is quick.
    ///
    /// # Errors
    /// When a key file is missing, something is damaged, or the disk refuses.
    pub fn snapshot(&self, keys: &[SecretName], staged: &[SecretName]) -> Result<Snapshot, StoreError> {
        let mut snapshot = Snapshot {
            format: self.format(),
            records: 0,
            signals: 0,
            parts: Vec::new(),
            keys: Vec::with_capacity(keys.len() + staged.len()),
        };
        for name in keys {
            let secret = self.secret(name)?.ok_or_else(|| self.missing_key(name))?;
            snapshot.keys.push((name.clone(), secret));
        }
        for name in staged {
            snapshot.keys.extend(self.secret(name)?.map(|secret| (name.clone(), secret)));
        }
        for collection in Collection::ALL.into_iter().filter(|collection| is_backed_up(*collection)) {
            for scope in self.scopes().backed_up() {
                let Some(drawer) = self.scopes().drawer(scope, collection) else { continue };
                let entries = self.sealed(scope, collection).collect::<Result<Vec<_>, _>>()?;
                let records = entries.iter().filter(|(key, _)| Drawer::is_first_chunk(key)).count();
                let records = u64::try_from(records).unwrap_or(u64::MAX);
                snapshot.records += records;
                if collection == Collection::Signal {
                    snapshot.signals += records;
                }
                let drawer = drawer.clone();
                snapshot.parts.push(Part { collection, drawer, entries: entries.into_iter() });
            }
        }
        Ok(snapshot)
    }
}

/// Everything that goes into one backup.
#[derive(Debug)]
pub struct BackupContents {
    /// The organisation.
    pub oin: Oin,
    /// Now.
    pub made_at: Timestamp,
    /// Version of this program.
    pub program: String,
    /// Every version of the roster as signed, genesis first.
    pub rosters: Vec<Vec<u8>>,
    /// Records and key files.
    pub snapshot: Snapshot,
}

impl BackupContents {
    /// The first entry.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        Manifest {
            oin: self.oin,
            made_at: self.made_at,
            program: self.program.clone(),
            format: self.snapshot.format,
            keys: count(self.snapshot.keys.len()),
            rosters: count(self.rosters.len()),
            records: self.snapshot.records,
        }
    }

    /// How many of the records are signals.
    #[must_use]
    pub fn signals(&self) -> u64 {
        self.snapshot.signals
    }

    /// Seals everything, piece by piece, in memory that does not grow with it.
    #[must_use]
    pub fn seal(self, key: &BackupKey) -> Sealing {
        let mut sealer = Sealer::new(key);
        sealer.push(&manifest_frame(&self.manifest()));
        Sealing {
            sealer: Some(sealer),
            keys: self.snapshot.keys.into_iter(),
            rosters: self.rosters.into_iter(),
            parts: self.snapshot.parts,
            done: 0,
        }
    }
}

/// Iterator over the sealed bytes that follow the head. Ends after the first error.
pub struct Sealing {
    /// `None` when all is sealed.
    sealer: Option<Sealer>,
    keys: IntoIter<(SecretName, Secret)>,
    rosters: IntoIter<Vec<u8>>,
    parts: Vec<Part>,
    done: u64,
}

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealing({} done)", self.done)
    }
}

impl Sealing {
    /// Entries sealed so far, of those that the manifest counts.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }

    fn entry(&mut self) -> Option<Result<Zeroizing<Vec<u8>>, StoreError>> {
        if let Some((name, secret)) = self.keys.next() {
            return Some(Ok(entry_frame(Entry::Key { name, secret })));
        }
        if let Some(wire) = self.rosters.next() {
            return Some(Ok(entry_frame(Entry::Roster(wire))));
        }
        loop {
            let part = self.parts.first_mut()?;
            match part.drawer.next(&mut part.entries.by_ref().map(Ok)) {
                Some(record) => {
                    let collection = part.collection;
                    return Some(record.map(|record| entry_frame(Entry::Record { collection, record })));
                }
                None => {
                    self.parts.remove(0);
                }
            }
        }
    }
}

impl Iterator for Sealing {
    type Item = Result<Vec<u8>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sealer = self.sealer.take()?;
        while sealer.sealed_len() < PIECE_BYTES {
            match self.entry() {
                Some(Ok(frame)) => {
                    sealer.push(&frame);
                    self.done += 1;
                }
                Some(Err(error)) => return Some(Err(error)),
                None => return Some(Ok(sealer.finish())),
            }
        }
        let piece = sealer.take();
        self.sealer = Some(sealer);
        Some(Ok(piece))
    }
}
