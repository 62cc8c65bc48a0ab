//! A new store, filled from a backup.

use std::path::Path;

use protocol::{Durable as _, Write};
use store::{Entry, Restoring, RestoringStore, StorageSecret, Store, StoreError};

use super::{Pace, VerifiedBackup, Watch};
use crate::governance::{GovernanceError, RosterFolder};

/// Changes in one commit; what a commit may hold is 200.
const BATCH_WRITES: usize = 150;

/// Why a folder could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The backup or the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of the rosters.
    #[error(transparent)]
    Rosters(#[from] GovernanceError),
}

/// Makes a store in a folder that a restore has taken, with everything that is in the backup.
pub(super) fn fill(
    restoring: Restoring,
    folder: &Path,
    secret: &StorageSecret,
    backup: &mut VerifiedBackup,
    watch: Watch<'_>,
) -> Result<RestoringStore, FillError> {
    let mut filled = restoring.open(secret, backup.manifest().format)?;
    let mut pace = Pace::new(watch, "restoring", backup.manifest().entries());
    let mut writes = Vec::new();
    backup.entries()?.read_all::<StoreError>(|entry, done| {
        match entry {
            Entry::Key { name, secret } => writes.push(Write::PutSecret { name, secret }),
            Entry::Record { collection, record } => {
                writes.push(Write::Put {
                    scope: record.scope,
                    collection,
                    key: record.key,
                    value: record.value,
                });
            }
            Entry::Roster(_) => {}
        }
        if writes.len() == BATCH_WRITES {
            filled.store().make_durable(std::mem::take(&mut writes))?;
            pace.at(done);
        }
        Ok(())
    })?;
    filled.store().make_durable(writes)?;
    // Verified as one chain before, and verified again version by version as the folder always does.
    let rosters = RosterFolder::open(&folder.join("roster"))?;
    let network = backup.chain().newest().network();
    for signed in backup.chain().signed() {
        rosters.install(signed, Some(network))?;
    }
    Ok(filled)
}

/// Whether a store holds every entry of the backup, byte by byte, and no further record of those collections.
pub(super) fn compare(
    store: &Store,
    backup: &mut VerifiedBackup,
    watch: Watch<'_>,
) -> Result<Result<(), &'static str>, StoreError> {
    let mut pace = Pace::new(watch, "comparing", backup.manifest().entries());
    let mut differs = None;
    let summary = backup.entries()?.read_all::<StoreError>(|entry, done| {
        match entry {
            Entry::Key { name, secret } => {
                if store.secret(&name)? != Some(secret) {
                    differs = Some("a key came back differently");
                }
            }
            Entry::Record { collection, record } => {
                if store.record(record.scope, collection, &record.key)? != Some(record.value) {
                    differs = Some("a record came back differently");
                }
            }
            Entry::Roster(_) => {}
        }
        pace.at(done);
        Ok(())
    })?;
    let mut held: u64 = 0;
    for collection in protocol::Collection::ALL.into_iter().filter(|one| store::is_backed_up(*one)) {
        for record in store.records(collection) {
            record?;
            held += 1;
        }
    }
    if held != summary.manifest.records {
        differs = Some("the number of records is another one");
    }
    Ok(differs.map_or(Ok(()), Err))
}
