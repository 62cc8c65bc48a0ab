//! Which node a command is for, and whom it talks to: the running node over its socket, or the same handler within
//! this process when none runs.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use control::{Client, in_process};
use store::Store;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use crate::config::{Config, DEFAULT_FILE, find_passphrase, storage_secret};
use crate::daemon::{Desk, admitted, converse, installed, rotate};
use crate::departure;
use crate::runtime::{Alone, NodeIdentity, NodeSecrets};

/// The node that a command is for.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// The node's configuration.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE, env = "SAMENHANG_CONFIG")]
    pub(super) config: PathBuf,
}

/// A stream of bytes to whoever answers.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl Stream for UnixStream {}
impl Stream for DuplexStream {}

/// A conversation with a node.
pub(super) struct Connection {
    pub(super) client: Client<Box<dyn Stream>>,
    alone: Option<JoinHandle<()>>,
}

impl Target {
    /// The running node.
    pub(super) async fn running(&self) -> Result<Connection> {
        let config = Config::read(&self.config)?;
        match connect(&config).await? {
            Some(connection) => Ok(connection),
            None => bail!(
                "no node runs on {}; start it with `samenhang run --config {}`",
                config.data_folder.display(),
                self.config.display()
            ),
        }
    }

    /// The running node, when one runs.
    pub(super) async fn running_now(&self, config: &Config) -> Result<Option<Connection>> {
        connect(config).await
    }

    /// The running node, or without one the data folder itself.
    pub(super) async fn any(&self) -> Result<Connection> {
        let config = Config::read(&self.config)?;
        match connect(&config).await? {
            Some(connection) => Ok(connection),
            None => alone(&config).await,
        }
    }
}

impl Connection {
    /// Ends the conversation; a data folder that was opened for it is closed.
    pub(super) async fn close(self) {
        drop(self.client);
        if let Some(alone) = self.alone {
            // A panic has been printed.
            let _ended = alone.await;
        }
    }
}

async fn connect(config: &Config) -> Result<Option<Connection>> {
    let path = config.socket();
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Some(Connection { client: Client::new(Box::new(stream)), alone: None })),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error).with_context(|| {
            format!(
                "cannot reach the node at {}; run this command as the user that the node runs as",
                path.display()
            )
        }),
    }
}

async fn alone(config: &Config) -> Result<Connection> {
    if !config.join_file().exists() {
        bail!("{} holds no node; make one with `samenhang init`", config.data_folder.display());
    }
    departure::refuse_after(&config.data_folder)?;
    let secret = storage_secret(&config.data_folder, &find_passphrase(config)?)?;
    let mut store = Store::open(&config.data_folder, &secret)?;
    rotate(&mut store, config.oin, &config.roster_folder())?;
    let identity = NodeIdentity { oin: config.oin, secrets: NodeSecrets::of(&mut store)? };
    let Some(chain) = installed(&config.roster_folder())? else { bail!(Desk::NO_ROSTER) };
    if let Err(why) = admitted(chain.newest(), &identity) {
        bail!(why);
    }
    let alone = Alone::new(&identity, store, chain, config.units.matrix.clone(), config.accounting.clone())?;
    let desk = Desk::alone(config, alone)?;
    let (handle, conversations) = in_process(1);
    let alone = tokio::spawn(converse(conversations, Arc::new(desk)));
    say!("samenhang: no node runs on {}; working in the folder itself", config.data_folder.display());
    Ok(Connection { client: Client::new(Box::new(handle.open().await?)), alone: Some(alone) })
}
