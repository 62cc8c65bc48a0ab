//! The passphrase, the key files, and whether the database opens.

use store::{StorageSecret, Store, StoreError, inspect_keys};

use super::Patient;
use super::finding::Findings;
use super::node::Node;
use crate::config::{find_passphrase, storage_secret};
use crate::runtime::Earlier;

/// Looks at the passphrase and the key files. Gives the folder's secret when the folder may be opened with it: it is
/// this user's, everything in `keys/` is sound, and no node is at work there.
pub(super) fn look(patient: &Patient<'_>, own: bool, findings: &mut Findings) -> Option<StorageSecret> {
    let folder = &patient.config.data_folder;
    findings.unknown(
        "keys",
        "whether keys/ is part of a system backup or a snapshot cannot be seen from here",
        format!(
            "leave {} out of both: what is destroyed there must be gone everywhere",
            folder.join("keys").display()
        ),
    );
    if !folder.join("keys").is_dir() {
        findings.wrong(
            "keys",
            format!("{} holds no keys", folder.display()),
            format!(
                "make a new node with `samenhang init --config {}`; if there was one here, restore a backup instead",
                patient.file.display()
            ),
        );
        return None;
    }
    // Making the secret of a folder without salt would make one.
    let salted = folder.join("keys").join("passphrase.salt").exists();
    let secret = match (find_passphrase(patient.config), salted) {
        (Ok(passphrase), true) => storage_secret(folder, &passphrase).map_err(anyhow::Error::from),
        (Ok(_), false) => {
            Err(anyhow::anyhow!("keys/passphrase.salt is missing although the folder is in use"))
        }
        (Err(error), _) => Err(error.into()),
    };
    let secret = match secret {
        Ok(secret) => Some(secret),
        Err(error) => {
            findings.wrong(
                "keys",
                format!("{error:#}"),
                "put it right as it says; without passphrase and salt nothing in the folder can be read",
            );
            None
        }
    };
    let found = match inspect_keys(folder, secret.as_ref()) {
        Ok(found) => found,
        Err(error) => {
            findings.wrong(
                "keys",
                format!("{:#}", anyhow::Error::from(error)),
                "run this as the user of the node",
            );
            return None;
        }
    };
    let sound = found.faults.is_empty();
    for fault in found.faults {
        let to_do = if matches!(fault, StoreError::WrongSecret { .. }) {
            "give the passphrase with which the folder was made"
        } else {
            "put the file back from where it went; if it is lost, restore a backup"
        };
        findings.wrong("keys", format!("{:#}", anyhow::Error::from(fault)), to_do);
    }
    if sound && secret.is_some() {
        findings.ok("keys", format!("{} key files are whole and open with the passphrase", found.sound));
    }
    let free = matches!(patient.node, Node::Stopped);
    secret.filter(|_| sound && own && free && folder.join("db").exists())
}

/// Opens the database as a start does, and reads every record.
pub(super) fn open(patient: &Patient<'_>, secret: &StorageSecret, findings: &mut Findings) {
    let opened = Store::open(&patient.config.data_folder, secret).map_err(anyhow::Error::from);
    let counted = |store: store::Store| {
        Earlier::read(&store).map(|earlier| (earlier.records(), earlier.logical_bytes()))
    };
    match opened.and_then(counted) {
        Ok((records, bytes)) => {
            findings.ok("database", format!("{records} records are whole, {}", super::space::amount(bytes)));
            super::space::enough(patient, bytes, findings);
        }
        Err(error) => findings.wrong("database", format!("{error:#}"), "do as it says before the next start"),
    }
}
