//! A backup back into a data folder.

use anyhow::{Context as _, Result, bail};
use domain::Timestamp;
use protocol::{Durable as _, Scope, Write, restored_marker};
use store::Restoring;

use super::filling::fill;
use super::{VerifiedBackup, Watch};
use crate::config::{Config, storage_secret};
use crate::passphrase::Passphrase;
use crate::runtime::NodeSecrets;

/// What was restored.
pub struct Restored {
    /// The keys with which the organisation asks to be a member: those that wait for their roster, or else its own.
    pub secrets: NodeSecrets,
    /// Whether they wait for the roster that names them.
    pub staged: bool,
    /// Whether the organisation is a keyholder by the newest roster of the backup.
    pub keyholder: bool,
}

/// Restores into the data folder of the configuration, which is then a node's whole data folder or, when this fails,
/// one that is refused until a restore into it succeeds. The new folder is sealed under `own`.
///
/// # Errors
/// Another organisation's backup, a folder that is not empty, or a disk that refuses. The first two touch nothing.
pub fn restore(
    backup: &mut VerifiedBackup,
    config: &Config,
    own: &Passphrase,
    now: Timestamp,
    watch: Watch<'_>,
) -> Result<Restored> {
    let owner = backup.manifest().oin;
    if owner != config.oin {
        bail!(
            "the backup is of organisation {owner} and the configuration names {}; use the configuration of {owner}",
            config.oin
        );
    }
    let folder = &config.data_folder;
    let restoring = Restoring::begin(folder)?;
    let secret = storage_secret(folder, own)?;
    let mut filled = fill(restoring, folder, &secret, backup, watch)?;
    let (collection, key, value) = restored_marker(now);
    filled.store().make_durable(vec![Write::Put { scope: Scope::Lasting, collection, key, value }])?;
    let own = NodeSecrets::of(filled.store()).context("the restored keys cannot be read")?;
    let next = NodeSecrets::next(filled.store()).context("the restored keys cannot be read")?;
    filled.finish()?;
    let section = backup.chain().newest().keyholder_section();
    let keyholder = section.keyholders.iter().any(|keyholder| keyholder.oin == owner);
    Ok(Restored { staged: next.is_some(), secrets: next.unwrap_or(own), keyholder })
}
