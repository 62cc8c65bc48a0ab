//! Governing a network by files: the folder of rosters that a node holds, governors' keys, the TOML that governors
//! write, and rosters in plain words. Nothing here needs a running node.
//!
//! The rules of succession and signatures are `roster`'s; here are the files around them. What travels between
//! nodes by itself once it is installed is the matter of `protocol`.

mod apply;
mod diff;
mod error;
mod files;
mod folder;
mod governor_key;
mod granted;
mod granting;
mod network_file;
mod passphrase;
mod plain;
mod show;

pub use apply::{apply, blank_content};
pub use diff::{Change, changes};
pub use error::GovernanceError;
pub use files::{MAX_ROSTER_BYTES, read_bounded, read_join_request, read_roster, replace, write_new};
pub use folder::{Installed, RosterFolder};
pub use governor_key::{GovernorKeyFile, GovernorPublicKey};
pub use network_file::NetworkFile;
pub use passphrase::{Passphrase, PassphraseSource};
pub use plain::plain;
pub use show::{describe, json, span, unreachable_pairs};
