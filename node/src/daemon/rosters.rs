//! The roster versions that lie in the data folder, and whether they name this node.

use std::path::Path;

use anyhow::Result;
use roster::{RosterChain, SignedRoster, VerifiedRoster};

use crate::governance::{RosterFolder, read_roster};
use crate::runtime::NodeIdentity;

/// The chain of the installed versions; `None` while there is none.
///
/// # Errors
/// When a file cannot be read or the chain does not hold.
pub(crate) fn installed(folder: &Path) -> Result<Option<RosterChain>> {
    Ok(RosterFolder::open(folder)?.versions()?)
}

/// The file of one version, when it is there. Nothing in it is verified.
pub(super) fn version(folder: &Path, version: u32) -> Result<Option<SignedRoster>> {
    let path = folder.join(format!("{version:08}.roster"));
    if path.exists() { Ok(Some(read_roster(&path)?)) } else { Ok(None) }
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
    let own = &identity.secrets;
    if member.keys.organisation != own.organisation_key().verifying_key()
        || member.keys.node != own.node_public_key()
    {
        return Err(format!(
            "version {version} of the roster names organisation {oin} with other keys than those of this data folder; \
             use the folder with which it joined, or have the governors replace the keys"
        ));
    }
    Ok(())
}
