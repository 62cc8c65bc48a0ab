//! A data folder in a temporary place, of a node that has joined the network of the bench.

use std::fs::{self, File};
use std::io::Write as _;
use std::num::NonZeroU64;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use audit::Retention;
use crypto::Digest;
use domain::Timestamp;
use index::UnitMatrix;
use protocol::NodeConfig;
use roster::RosterChain;
use rustix::fs::{Advice, fadvise};
use store::Store;
use tempfile::TempDir;

use super::network;
use crate::backup::open_store;
use crate::config::{Config, find_passphrase};
use crate::daemon::installed;
use crate::governance::RosterFolder;
use crate::runtime::{NodeSecrets, now, random_seed};

/// Opens the folder; nothing real is ever in it.
const PASSPHRASE: &str = "a passphrase for the bench";

/// A folder of which nobody holds the lock.
pub(super) struct Folder {
    place: TempDir,
    /// When the network was founded.
    pub(super) founded: Timestamp,
}

impl Folder {
    /// A folder with keys, a configuration and a roster of so many others, and nothing else.
    pub(super) fn joined(organisations: usize) -> Result<Self> {
        let place = tempfile::Builder::new().prefix("samenhang-bench-").tempdir()?;
        let folder = Self { place, founded: now() };
        let own = network::own()?;
        let text = format!(
            "[organisation]\noin = \"{own}\"\nname = \"bench\"\nsector = \"jeugd\"\nworking_area = \"bench\"\n\
             contact_point = \"bench\"\nbsn_entitled = true\n\n\
             [node]\ndata_folder = \"data\"\nlisten = [\"127.0.0.1:0\"]\nadvertise = [\"127.0.0.1:7310\"]\n\
             passphrase_file = \"passphrase\"\n\n[log]\nfilter = \"warn,libp2p=error\"\n\n\
             [health]\nlisten = \"127.0.0.1:0\"\n"
        );
        fs::write(folder.config_file(), text)?;
        let passphrase = folder.place.path().join("passphrase");
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(passphrase)?;
        file.write_all(PASSPHRASE.as_bytes())?;
        let config = folder.config()?;
        let mut store = folder.open()?;
        let (signed, network) = network::found(organisations, &NodeSecrets::of(&mut store)?, folder.founded)?;
        RosterFolder::open(&config.roster_folder())?.install(&signed, Some(network))?;
        Ok(folder)
    }

    pub(super) fn config_file(&self) -> PathBuf {
        self.place.path().join("node.toml")
    }

    /// Where its node says that it is ready.
    pub(super) fn notify_socket(&self) -> PathBuf {
        self.place.path().join("notify")
    }

    pub(super) fn config(&self) -> Result<Config> {
        Ok(Config::read(&self.config_file())?)
    }

    /// Opens the store, as `run` does.
    pub(super) fn open(&self) -> Result<Store> {
        let config = self.config()?;
        open_store(&config, &find_passphrase(&config)?, &config.store_options())
    }

    /// What its node is started with. A node that nobody has heard of need not hear what it said.
    pub(super) fn node_config(&self, store: &mut Store, hear_before_signing: bool) -> Result<NodeConfig> {
        let secrets = NodeSecrets::of(store)?;
        Ok(NodeConfig {
            oin: network::own()?,
            organisation_key: secrets.organisation_key(),
            log_key: secrets.log_key(),
            cosignature_key: secrets.cosignature_key(),
            chain: self.chain()?,
            seed: random_seed()?,
            units: UnitMatrix::default(),
            configuration: Digest::from_bytes([0; 32]),
            retention: Retention::default(),
            inform_within_days: 28,
            hear_before_signing,
        })
    }

    pub(super) fn chain(&self) -> Result<RosterChain> {
        installed(&self.config()?.roster_folder())?.context("the roster was installed")
    }

    /// Bytes of the database.
    pub(super) fn database_bytes(&self) -> Result<u64> {
        self.database_files()?.iter().map(|file| Ok(file.metadata()?.len())).sum()
    }

    /// Has the operating system forget what it holds of the database, so that the next start reads it from the disk.
    /// What it does not let go of stays.
    pub(super) fn forget_cached(&self) -> Result<()> {
        let whole: Option<NonZeroU64> = None;
        for file in self.database_files()? {
            file.sync_all()?;
            fadvise(&file, 0, whole, Advice::DontNeed).context("the operating system keeps its cache")?;
        }
        Ok(())
    }

    fn database_files(&self) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.config()?.data_folder.join("db"))? {
            let path = entry?.path();
            if path.is_file() {
                files.push(File::open(path)?);
            }
        }
        Ok(files)
    }
}
