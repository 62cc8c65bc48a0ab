//! A backup as the node makes it: read and sealed here, so that nothing unsealed leaves the process; named and kept by
//! whoever asked for it.

use anyhow::{Result, anyhow};
use control::BackupReport;
use domain::Oin;
use store::{BackupContents, BackupKey, StoreError};
use tokio::sync::mpsc;

use super::desk::Engine;
use crate::runtime::now;

/// Sealed pieces that wait for a client: a slow one holds the sealing up instead of filling memory.
const QUEUED_PIECES: usize = 4;

/// A backup on its way.
pub(super) struct Backup {
    pub(super) report: BackupReport,
    /// Entries in all.
    pub(super) entries: u64,
    pieces: mpsc::Receiver<Result<(Vec<u8>, u64), StoreError>>,
    /// Entries whose bytes may still come.
    left: u64,
}

impl Backup {
    /// Takes the picture and begins to seal it.
    pub(super) async fn begin(engine: &Engine, oin: Oin, key: &BackupKey) -> Result<Self> {
        let snapshot = engine.snapshot().await?;
        let contents = BackupContents {
            oin,
            made_at: now(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            rosters: engine.rosters().await?,
            snapshot,
        };
        let (manifest, signals) = (contents.manifest(), contents.signals());
        let report = BackupReport {
            oin: manifest.oin.to_string(),
            made_at: manifest.made_at.to_string(),
            signals,
            keys: manifest.keys,
            rosters: manifest.rosters,
        };
        let (give, pieces) = mpsc::channel(QUEUED_PIECES);
        let mut sealing = contents.seal(key);
        tokio::task::spawn_blocking(move || {
            while let Some(piece) = sealing.next() {
                let piece = piece.map(|bytes| (bytes, sealing.done()));
                // A client that is gone wants no more.
                if give.blocking_send(piece).is_err() {
                    return;
                }
            }
        });
        Ok(Self { report, entries: manifest.entries(), pieces, left: manifest.entries() })
    }

    /// The next sealed bytes, and how many entries are sealed; `None` when all are.
    pub(super) async fn next(&mut self) -> Result<Option<(Vec<u8>, u64)>> {
        match self.pieces.recv().await {
            Some(piece) => {
                let (bytes, done) = piece?;
                self.left = self.entries.saturating_sub(done);
                Ok(Some((bytes, done)))
            }
            None if self.left == 0 => Ok(None),
            None => Err(anyhow!("the sealing ended early; this is a mistake in the program: report it")),
        }
    }
}
