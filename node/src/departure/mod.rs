//! Leaving a network: what is left to do, kept beside the data that it removes, so that it goes on after a kill at any
//! point.
//!
//! 1. *Withdrawing*: the running node withdraws every signal, takes no new ones, and publishes the withdrawal.
//! 2. *Erasing*: the node has stopped; keys, database, and what an upgrade backed up there are destroyed.
//! 3. *Left*: the folder holds the rosters, the join request and this record, and no node runs on it any more.

mod record;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use store::StoreError;

pub(crate) use record::{Departure, Stage};

/// How long a node may take to let go of its folder after it was asked to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// Refuses to work on a folder whose organisation has left; finishes an erasure that was interrupted.
///
/// # Errors
/// When the organisation has left: the sentence says when and what to do.
pub(crate) fn refuse_after(folder: &Path) -> Result<()> {
    let Some(mut departure) = Departure::read(folder)? else { return Ok(()) };
    match departure.stage {
        Stage::Withdrawing => Ok(()),
        Stage::Erasing => {
            erase(folder, &mut departure)?;
            bail!(departure.sentence(folder))
        }
        Stage::Left => bail!(departure.sentence(folder)),
    }
}

/// Destroys keys, backups and database in a folder that no node holds.
///
/// # Errors
/// When a node holds it, or the disk refuses; done again it goes on.
pub(crate) fn erase(folder: &Path, departure: &mut Departure) -> Result<()> {
    store::erase(folder)?;
    departure.stage = Stage::Left;
    departure.ended = Some(crate::runtime::now().to_string());
    departure.write(folder)
}

/// The same as soon as the node that holds the folder has let go of it.
///
/// # Errors
/// When it does not, or the disk refuses.
pub(crate) async fn erase_when_free(folder: &Path, departure: &mut Departure) -> Result<()> {
    let freed = async {
        loop {
            match erase(folder, departure) {
                Err(error) if in_use(&error) => tokio::time::sleep(LOOK).await,
                done => return done,
            }
        }
    };
    match tokio::time::timeout(STOP_PATIENCE, freed).await {
        Ok(done) => done,
        Err(_late) => bail!(
            "the node still holds {}; stop its service and repeat `samenhang leave`, which goes on from here",
            folder.display()
        ),
    }
}

fn in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<StoreError>(), Some(StoreError::InUse { .. }))
}
