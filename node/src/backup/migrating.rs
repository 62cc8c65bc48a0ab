//! Opening the data folder of a node that may have been written by an older program: backup first, then migration.

use anyhow::{Context as _, Result};
use store::{BackupContents, OlderStore, Store, StoreError, StoreOptions};

use super::new_head;
use crate::config::{Config, storage_secret};
use crate::governance::RosterFolder;
use crate::passphrase::Passphrase;
use crate::runtime::{NodeSecrets, now};

/// Opens the data folder. An older one is backed up into `backups/` beside the database, under the node's passphrase,
/// and then brought up to date; without the backup nothing is changed.
///
/// # Errors
/// As [`Store::open`]; or when the backup cannot be made, or a record cannot be brought up to date.
pub fn open_store(config: &Config, passphrase: &Passphrase, options: &StoreOptions) -> Result<Store> {
    let folder = &config.data_folder;
    let secret = storage_secret(folder, passphrase)?;
    let (found, known) = match Store::open_with(folder, &secret, options) {
        Err(StoreError::Older { found, known }) => (found, known),
        opened => return Ok(opened?),
    };
    let older = OlderStore::open_with(folder, &secret, options)?;
    let backed_up = match older.resumes()? {
        Some(backed_up) => {
            tracing::warn!(
                found,
                known,
                "going on with the migration of the data folder that was interrupted"
            );
            backed_up
        }
        None => back_up(&older, config, passphrase, found, known).with_context(|| {
            format!("the data folder has format {found}; it is not changed without a backup")
        })?,
    };
    let store = older.migrate(backed_up, |format, records| {
        tracing::info!(format, records, "migrating");
    })?;
    tracing::info!(format = known, "the data folder is up to date");
    Ok(store)
}

fn back_up(
    older: &OlderStore,
    config: &Config,
    passphrase: &Passphrase,
    found: u32,
    known: u32,
) -> Result<store::BackedUp> {
    let made_at = now();
    let time = made_at.to_string().replace(':', "");
    let path = config.data_folder.join("backups").join(format!("format-{found}-{time}.backup"));
    tracing::warn!(
        "the data folder has format {found}; a backup goes to {}; then it is migrated to format {known}",
        path.display()
    );
    let rosters = match RosterFolder::open(&config.roster_folder())?.versions()? {
        Some(chain) => chain.signed().map(roster::SignedRoster::to_wire).collect(),
        None => Vec::new(),
    };
    let contents = BackupContents {
        oin: config.oin,
        made_at,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        rosters,
        snapshot: older.snapshot(&NodeSecrets::names(), &NodeSecrets::names_if_there())?,
    };
    let (head, sealed_head, key) = new_head(passphrase)?;
    let (backed_up, _summary) = older.back_up(&path, &head, &sealed_head, &key, contents)?;
    Ok(backed_up)
}
