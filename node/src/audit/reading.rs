//! Reading the main log from the store, some entries at a time.

use anyhow::{Context as _, Result, bail};
use audit::{Checkpoint, Details, Entry, Origin, SignedCheckpoint, TreeHash, blocks_of};
use control::{LogLine, LogState};
use crypto::SigningKey;
use domain::{Month, NetworkId, Oin};
use protocol::witness::{LogKind, cosigned_key, cosigned_note};
use protocol::{Collection, LogHashes, LogHead, Scope, log_head_key, log_place_key};
use store::Store;

/// Entries that are read while the store does nothing else: some milliseconds.
pub(crate) const READ_ENTRIES: u64 = 100;

/// A log at one size. What is appended while it is read is not part of it.
#[derive(Debug, Clone)]
pub(crate) struct LogReader {
    checkpoint: Checkpoint,
    generation: u32,
    /// The last month that was forgotten, maybe by the node that a backup was made of.
    forgotten: Option<Month>,
}

impl LogReader {
    /// Takes the log as it is now.
    pub(crate) fn open(store: &Store, network: NetworkId, keeper: Oin) -> Result<Self> {
        let head = store.record(Scope::Lasting, Collection::LogHead, &log_head_key())?;
        let head = match head {
            Some(bytes) => LogHead::from_bytes(&bytes).context("the head of the main log cannot be read")?,
            None => LogHead::default(),
        };
        let origin = Origin::main_log_generation(network, keeper, head.generation);
        let checkpoint = Checkpoint { origin, size: head.tree.size(), root: head.tree.root() };
        Ok(Self { checkpoint, generation: head.generation, forgotten: head.forgotten })
    }

    /// How many entries it has.
    pub(crate) fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// What it is, signed.
    pub(crate) fn state(&self, store: &Store, key: &SigningKey) -> Result<LogState> {
        let mut broken = None;
        let blocks = blocks_of(self.size(), |place, level| match hashes(store, place) {
            Ok(stored) => stored.hashes.get(level).copied(),
            Err(error) => {
                broken = broken.take().or(Some(error));
                None
            }
        });
        let blocks = match (blocks, broken) {
            (_, Some(error)) => return Err(error),
            (blocks, None) => blocks.context("hashes of the main log are missing")?,
        };
        let signed = SignedCheckpoint::sign(self.checkpoint.clone(), key)?;
        Ok(LogState {
            checkpoint: String::from_utf8(signed.to_bytes()).context("a checkpoint is text")?,
            key: hex::encode(key.verifying_key().as_bytes()),
            generation: self.generation,
            cosigned: self.cosigned(store)?,
            blocks: blocks.iter().map(|block| hex::encode(block.as_bytes())).collect(),
        })
    }

    /// The newest checkpoint of this generation that enough witnesses cosigned.
    fn cosigned(&self, store: &Store) -> Result<Option<String>> {
        let key = cosigned_key(LogKind::Main);
        let record = store.record(Scope::Lasting, Collection::CosignedCheckpoint, &key)?;
        let kept = record.and_then(|record| cosigned_note(&record));
        let note = kept.filter(|(log, _)| log.generation == self.generation).map(|(_, note)| note);
        note.map(String::from_utf8).transpose().context("a checkpoint is text")
    }

    /// Some entries from a place on; fewer at the end.
    pub(crate) fn entries(&self, store: &Store, from: u64, with_details: bool) -> Result<Vec<LogLine>> {
        let until = from.saturating_add(READ_ENTRIES).min(self.size());
        (from..until).map(|place| self.entry(store, place, with_details)).collect()
    }

    /// An entry. Its details are looked at in any case: whoever replaced them is found out here.
    fn entry(&self, store: &Store, place: u64, with_details: bool) -> Result<LogLine> {
        let stored = hashes(store, place)?;
        let (scope, key) = (Scope::Month(stored.month), log_place_key(place));
        let Some(leaf) = stored.hashes.first().map(TreeHash::as_bytes) else {
            bail!("entry {place} of the main log has no hash");
        };
        let line = |entry: Option<&[u8]>, details: Option<&[u8]>| LogLine {
            place,
            leaf: hex::encode(leaf),
            entry: entry.map(hex::encode),
            details: details.map(hex::encode),
        };
        if store.is_forgotten(scope) || self.forgotten.is_some_and(|forgotten| stored.month <= forgotten) {
            return Ok(line(None, None));
        }
        let record = |collection| -> Result<Vec<u8>> {
            store.record(scope, collection, &key)?.with_context(|| {
                format!(
                    "entry {place} of the main log is gone before its time: somebody or something removed it"
                )
            })
        };
        let (entry, details) = (record(Collection::LogEntry)?, record(Collection::LogDetails)?);
        let committed = Entry::from_bytes(&entry).map(|entry| entry.details);
        let held = Details::from_bytes(&details).map(|details| details.commitment());
        if committed.is_ok() && committed != held {
            bail!("entry {place} of the main log was about somebody else: its details were replaced");
        }
        Ok(line(Some(&entry), with_details.then_some(details.as_slice())))
    }
}

fn hashes(store: &Store, place: u64) -> Result<LogHashes> {
    let bytes = store.record(Scope::Lasting, Collection::LogHashes, &log_place_key(place))?;
    let hashes = bytes.and_then(|bytes| LogHashes::from_bytes(&bytes));
    hashes.with_context(|| {
        format!("the hashes of entry {place} of the main log are gone: somebody or something removed them")
    })
}
