//! The restore drill: everything that a restore does, in a folder that is thrown away.

use anyhow::{Context as _, Result};
use index::UnitMatrix;
use protocol::{Command, Reply};
use store::{Restoring, StorageSecret, Store, StoreError};
use zeroize::Zeroizing;

use super::filling::{compare, fill};
use super::{VerifiedBackup, Watch};
use crate::runtime::{Accounting, Alone, NodeIdentity, NodeSecrets};

/// How a drill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drill {
    /// What was restored is what is in the backup, and a node starts on it.
    Sound,
    /// It is not; says what differs.
    Unsound(&'static str),
}

/// Restores a backup into a folder of its own under a key that nobody keeps, opens it as a store, compares every entry
/// and has a node take it up.
///
/// # Errors
/// When the drill could not be held: no room for the folder, for instance.
pub fn drill(backup: &mut VerifiedBackup, watch: Watch<'_>) -> Result<Drill> {
    let place = tempfile::Builder::new().prefix("samenhang-drill-").tempdir();
    let place =
        place.context("no folder for the drill; name one with room in the environment variable TMPDIR")?;
    let folder = place.path().join("data");
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut()).context("the operating system gives no randomness")?;
    let secret = StorageSecret::from_bytes(*key);
    let filled = fill(Restoring::begin(&folder)?, &folder, &secret, backup, watch)?;
    let store = filled.finish()?;
    if let Err(differs) = compare(&store, backup, watch)? {
        return Ok(Drill::Unsound(differs));
    }
    drop(store);
    let mut store = match Store::open(&folder, &secret) {
        Ok(store) => store,
        // It would be migrated at its first start; that it came back as it was is compared above.
        Err(StoreError::Older { .. }) => return Ok(Drill::Sound),
        Err(error) => return Err(error.into()),
    };
    let oin = backup.manifest().oin;
    let identity = NodeIdentity { oin, secrets: NodeSecrets::of(&mut store)? };
    let alone =
        Alone::new(&identity, store, backup.chain().clone(), UnitMatrix::default(), Accounting::default())?;
    let Reply::Signals(signals) = alone.command(Command::Signals)? else {
        return Ok(Drill::Unsound("a node that starts on it does not tell its signals"));
    };
    if u64::try_from(signals.len()).ok() != Some(backup.signals()) {
        return Ok(Drill::Unsound("a node that starts on it does not read every signal"));
    }
    Ok(Drill::Sound)
}
