//! The roster versions that lie in the data folder, and whether they name this node.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use crypto::Digest;
use domain::Oin;
use protocol::{Command, Reply};
use roster::{RosterChain, RosterError, SignedRoster, Standing, VerifiedRoster};
use store::Store;

use crate::governance::{RosterFolder, read_roster};
use crate::runtime::{NodeIdentity, NodeSecrets, RunningNode};

/// The chain of the installed versions; `None` while there is none.
///
/// # Errors
/// When a file cannot be read or the chain does not hold.
pub(crate) fn installed(folder: &Path) -> Result<Option<RosterChain>> {
    Ok(RosterFolder::open(folder)?.versions()?)
}

/// The file of one version, when it is there, also of one that waits. Nothing in it is verified.
pub(super) fn version(folder: &Path, version: u32) -> Result<Option<SignedRoster>> {
    let paths = [RosterFolder::ENDING, RosterFolder::WAITING]
        .map(|ending| folder.join(format!("{version:08}.{ending}")));
    let path = paths.into_iter().find(|path| path.exists());
    path.map(|path| read_roster(&path)).transpose().map_err(Into::into)
}

/// Offers the node the versions that lie in the folder and that it has not been offered. `offered` is the newest of them.
///
/// # Errors
/// When the node has stopped. What it refuses is only said.
pub(super) async fn offer(node: &RunningNode, folder: &Path, offered: &mut u32) -> Result<()> {
    let first = node.roster().version().max(*offered).saturating_add(1);
    for next in first.. {
        let Ok(Some(signed)) = version(folder, next) else { break };
        // A version that is known already would be taken without a word, whatever its file is called.
        if !signed.claimed().is_ok_and(|claimed| claimed.document.version == next) {
            tracing::warn!(
                version = next,
                "a roster file was refused: it holds another version than its name says"
            );
            break;
        }
        let reply = node.command(Command::InstallRoster(Box::new(signed))).await?;
        if let Reply::Roster(Err(error)) = reply {
            tracing::warn!(version = next, error = %anyhow::Error::from(error), "a roster file was refused");
            break;
        }
        *offered = next;
    }
    Ok(())
}

/// Offers the node what governors signed beside its versions, as far as an operator brought it here: others hear of it by the
/// node, and a decision is taken up. `shown` is what it was offered before.
///
/// # Errors
/// When the node has stopped. What it refuses is only said.
pub(super) async fn show(node: &RunningNode, folder: &Path, shown: &mut BTreeSet<PathBuf>) -> Result<()> {
    let Ok(found) = RosterFolder::open(folder).and_then(|folder| folder.open_conflicts()) else {
        return Ok(());
    };
    for path in found {
        if !shown.insert(path.clone()) {
            continue;
        }
        let Ok(signed) = read_roster(&path) else { continue };
        let Reply::Roster(outcome) = node.command(Command::InstallRoster(Box::new(signed))).await? else {
            continue;
        };
        match outcome {
            Ok(_) => tracing::info!(path = %path.display(), "a decision between rosters was taken up"),
            Err(RosterError::Conflict { .. }) => {}
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::warn!(path = %path.display(), %error, "a roster beside the own ones was refused");
            }
        }
    }
    Ok(())
}

/// Files the versions that arrived over the network beside those that were installed by hand, so that commands on the
/// folder see what the node acts on. `filed` is the newest version there. Where the node has left its line for another, the
/// versions that it left are put aside.
///
/// # Errors
/// When the node has stopped. A folder that cannot be written is only said: the node has the version in its database.
pub(super) async fn file(node: &RunningNode, folder: &Path, filed: &mut Filed) -> Result<()> {
    let newest = node.roster();
    if filed.digest == newest.digest() {
        return Ok(());
    }
    if let Some(parted) = parted(node, folder, filed.version).await? {
        if let Err(error) = RosterFolder::open(folder).and_then(|folder| folder.leave_from(parted)) {
            tracing::warn!(error = %anyhow::Error::from(error), "rosters that were left are still in the folder");
            return Ok(());
        }
        tracing::warn!(
            version = parted,
            "the node has left its rosters from this version on for another line"
        );
        filed.version = parted.saturating_sub(1);
    }
    while filed.version < newest.version() {
        let Reply::NextRoster(Some((signed, standing))) =
            node.command(Command::RosterAfter(filed.version)).await?
        else {
            return Ok(());
        };
        let network = node.roster().network();
        let written = RosterFolder::open(folder).and_then(|folder| match standing {
            Standing::PassedOver => folder.pass_over(&signed),
            Standing::Taken | Standing::Waits => folder.install(&signed, Some(network)).map(|_| ()),
        });
        if let Err(error) = written {
            tracing::warn!(error = %anyhow::Error::from(error), "a roster that arrived is not in the folder");
            return Ok(());
        }
        filed.version += 1;
        tracing::info!(version = filed.version, "a roster that arrived is in the folder");
    }
    filed.digest = newest.digest();
    Ok(())
}

/// The first version of which the folder has another roster than the node.
async fn parted(node: &RunningNode, folder: &Path, filed: u32) -> Result<Option<u32>> {
    let Ok(folder) = RosterFolder::open(folder) else { return Ok(None) };
    let mut parted = None;
    for version in (1..=filed).rev() {
        let reply = node.command(Command::RosterAfter(version - 1)).await?;
        if let Reply::NextRoster(Some((signed, _))) = reply
            && folder.digest_of(version) == Some(signed.digest())
        {
            break;
        }
        parted = Some(version);
    }
    Ok(parted)
}

/// What is in the folder.
pub(super) struct Filed {
    /// The newest version there.
    pub(super) version: u32,
    /// Its digest.
    pub(super) digest: Digest,
}

impl Filed {
    /// As a chain has it.
    pub(super) fn of(roster: &VerifiedRoster) -> Self {
        Self { version: roster.version(), digest: roster.digest() }
    }
}

/// Whether the newest installed roster names this organisation with the keys that were made to replace those in use.
///
/// # Errors
/// When the store cannot be read.
fn names_next(store: &Store, oin: Oin, roster: &VerifiedRoster) -> Result<Option<NodeSecrets>> {
    let named = |keys: &NodeSecrets| roster.member(&oin).is_some_and(|member| keys.are_of(member));
    Ok(NodeSecrets::next(store)?.filter(named))
}

/// Puts keys in use that were made to replace the present ones, once an installed roster names them. A roster folder
/// that cannot be read is left to whoever starts the node.
///
/// # Errors
/// When the store cannot be read or written.
pub(crate) fn rotate(store: &mut Store, oin: Oin, folder: &Path) -> Result<()> {
    let Ok(Some(chain)) = installed(folder) else { return Ok(()) };
    if let Some(next) = names_next(store, oin, chain.newest())? {
        next.replace_by(store)?;
        tracing::warn!(
            version = chain.newest().version(),
            "the keys of the node were replaced; the old are destroyed"
        );
    }
    Ok(())
}

/// Whether the roster names this node with the keys that it has; when not, the sentence that says what to do.
pub(crate) fn admitted(roster: &VerifiedRoster, identity: &NodeIdentity) -> Result<(), String> {
    let (version, oin) = (roster.version(), identity.oin);
    let Some(member) = roster.member(&oin) else {
        return Err(format!(
            "version {version} of the roster does not name organisation {oin}; send the governors the join request \
             that `samenhang init` wrote, and install the version that names it"
        ));
    };
    if !identity.secrets.are_of(member) {
        return Err(format!(
            "version {version} of the roster names organisation {oin} with other keys than those of this data folder; \
             use the folder with which it joined, or have the governors replace the keys"
        ));
    }
    Ok(())
}
