//! The configuration file of a node: TOML, read once at start.
//!
//! What is not here: anything the network decides (that is the roster's) and secrets, which come by file or
//! environment ([`Passphrase`]).

mod audit;
mod error;
mod keys;
mod passphrase;
mod raw;
mod units;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::SealingPublicKey;
use domain::{Oin, PlainText, Sector};
use store::StoreOptions;

pub use error::ConfigError;
pub(crate) use passphrase::costs as hash_costs;
pub use passphrase::{
    PASSPHRASE_VARIABLE, find as find_passphrase, read_file as read_passphrase, storage_secret,
};
pub use units::Units;

pub use crate::passphrase::Passphrase;
use crate::runtime::Accounting;

/// Where a node looks for its configuration when none is named: where the packages put it.
pub const DEFAULT_FILE: &str = "/etc/samenhang/node.toml";

/// Where health and metrics are served when the configuration says nothing.
pub const DEFAULT_HEALTH: &str = "127.0.0.1:7311";

/// What a node logs when the configuration says nothing. The transport speaks of single connections, which come and
/// go.
pub const DEFAULT_LOG: &str = "info,libp2p=warn";

/// A node's configuration, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The organisation's number.
    pub oin: Oin,
    /// Its name for people.
    pub name: PlainText,
    /// Its sector.
    pub sector: Sector,
    /// Where it works.
    pub working_area: PlainText,
    /// Whom others call when nobody else is known: a function and a number.
    pub contact_point: PlainText,
    /// What is for the privacy officer is sealed to it.
    pub privacy_officer_key: Option<SealingPublicKey>,
    /// What is for the data-protection officer (FG) is sealed to it.
    pub fg_key: Option<SealingPublicKey>,
    /// Whether it may process the BSN, as it asks to be listed; the roster decides.
    pub bsn_entitled: bool,
    /// Everything the node keeps.
    pub data_folder: PathBuf,
    /// Where it listens for other nodes. Empty: it only dials out, and is reached through relays.
    pub listen: Vec<SocketAddr>,
    /// Whether it uses QUIC beside TCP.
    pub quic: bool,
    /// Whether it relays for members that cannot be dialled, and how many circuits at most.
    pub relay: bool,
    /// Circuits that it carries at most when it relays.
    pub relay_circuits: usize,
    /// Where others reach it.
    pub advertise: Vec<SocketAddr>,
    /// File that holds the passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// How much of its database the node keeps in memory.
    pub store_cache_bytes: u64,
    /// What to log.
    pub log_filter: String,
    /// How to log.
    pub log_format: LogFormat,
    /// Where health and metrics are served; `None`: nowhere.
    pub health: Option<SocketAddr>,
    /// The units of the organisation.
    pub units: Units,
    /// What the main log tells of this file, and how long it can be read.
    pub accounting: Accounting,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

impl Config {
    /// Reads and checks a file. Relative paths in it are relative to the folder it lies in.
    ///
    /// # Errors
    /// When it cannot be read, or with everything that is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
            .map_err(|flaws| ConfigError::Flawed { path: path.to_owned(), flaws: flaws.join("\n  ") })
    }

    /// Checks the text of a file that lies in `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it, one sentence each.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        let mut config = raw::parse(text)?.checked(folder)?;
        config.accounting.configuration = crypto::digest("samenhang configuration v1", &[text.as_bytes()]);
        Ok(config)
    }

    /// How the store is opened.
    #[must_use]
    pub fn store_options(&self) -> StoreOptions {
        StoreOptions { cache_bytes: self.store_cache_bytes, ..StoreOptions::default() }
    }

    /// The control socket of the running node.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.data_folder.join("control.sock")
    }

    /// Where installed roster versions lie.
    #[must_use]
    pub fn roster_folder(&self) -> PathBuf {
        self.data_folder.join("roster")
    }

    /// The join request that `init` writes.
    #[must_use]
    pub fn join_file(&self) -> PathBuf {
        self.data_folder.join(format!("{}.join", self.oin))
    }

    /// Where the running node writes the address of its health endpoint.
    #[must_use]
    pub fn health_file(&self) -> PathBuf {
        self.data_folder.join("health.addr")
    }
}

#[cfg(test)]
mod tests;
