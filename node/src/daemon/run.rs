//! From start to stop.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use roster::VerifiedRoster;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::health::Health;
use super::rosters::Filed;
use super::socket::ControlSocket;
use super::{Desk, admitted, installed, notify, rosters};
use crate::backup::open_store;
use crate::config::{Config, find_passphrase};
use crate::departure;
use crate::exit::Exit;
use crate::runtime::{NodeSecrets, Prepared, Reach, RunningNode};

/// How often the node looks for a roster in its folder, and whether it is still well.
const LOOK: Duration = Duration::from_secs(1);

/// How long the last question may take.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Runs a node until it is asked to stop: SIGINT, SIGTERM or a command.
///
/// What fails after the start, the disk for instance, is told and becomes the exit status.
///
/// # Errors
/// When it cannot start: a person has something to mend first.
pub async fn run(config: Config) -> Result<Exit> {
    loop {
        match run_once(&config).await? {
            Ended::KeysReplaced => tracing::warn!("starting again with other keys"),
            Ended::Asked => return Ok(Exit::Ok),
            Ended::Broken(error) => {
                say!("samenhang: {error:#}");
                return Ok(Exit::Broken);
            }
        }
    }
}

/// Why a node has stopped.
enum Ended {
    /// It was asked to.
    Asked,
    /// A roster names the organisation with the keys that were made to replace those in use.
    KeysReplaced,
    /// Something failed after the start.
    Broken(anyhow::Error),
}

async fn run_once(config: &Config) -> Result<Ended> {
    departure::refuse_after(&config.data_folder)?;
    let mut store = open_store(config, &find_passphrase(config)?, &config.store_options())?;
    rosters::rotate(&mut store, config.oin, &config.roster_folder())?;
    let next_keys = NodeSecrets::next(&store)?;
    let reach = Reach {
        listen: config.listen.clone(),
        quic: config.quic,
        relay_circuits: config.relay.then_some(config.relay_circuits),
    };
    let prepared = Prepared::with_store(config.oin, store, reach).await?;
    let prepared =
        prepared.with_units(config.units.matrix.clone()).with_accounting(config.accounting.clone());
    let mut signals = Signals::new()?;
    let addresses = prepared.addresses().iter().map(ToString::to_string).collect();
    let desk = Arc::new(Desk::waiting(config, addresses)?);
    let socket = ControlSocket::open(&config.socket())?;
    let health = match config.health {
        Some(address) => Some(Health::open(address, &config.health_file()).await?),
        None => None,
    };
    let health_address = health.as_ref().map(|health| health.address);
    tracing::info!(
        oin = %config.oin,
        listen = ?prepared.addresses(),
        health = ?health_address,
        version = env!("CARGO_PKG_VERSION"),
        "started"
    );

    let mut node = Life::Waiting(Box::new(prepared));
    node.look(config, &desk).await?;
    notify::ready();
    let outcome = {
        let clients = socket.serve(Arc::clone(&desk));
        let watching = async {
            match health {
                Some(health) => health.serve(Arc::clone(&desk), &config.data_folder).await,
                None => std::future::pending().await,
            }
        };
        let looking = node.keep_looking(config, &desk, next_keys.as_ref());
        tokio::pin!(clients, watching, looking);
        loop {
            tokio::select! {
                () = &mut clients => {}
                () = &mut watching => {}
                () = signals.stop() => break Ok(Ended::Asked),
                () = desk.asked_to_stop() => break Ok(Ended::Asked),
                replaced = &mut looking => break replaced.map(|()| Ended::KeysReplaced),
            }
        }
    };
    tracing::info!("stopping");
    if !matches!(outcome, Ok(Ended::KeysReplaced)) {
        notify::stopping();
    }
    desk.close();
    drop(socket);
    let _gone = fs::remove_file(config.health_file());
    let stopped = node.stop().await;
    let ended = match outcome.and_then(|ended| stopped.map(|()| ended)) {
        Ok(ended) => ended,
        Err(error) => return Ok(Ended::Broken(error)),
    };
    tracing::info!("stopped");
    Ok(ended)
}

/// A node before and after its roster.
enum Life {
    Waiting(Box<Prepared>),
    Running {
        node: Arc<RunningNode>,
        /// The newest version among the files of the data folder.
        filed: Filed,
        /// The newest version that the node was offered from there.
        offered: u32,
        /// What governors signed beside the versions, as far as the node was offered it from there.
        shown: BTreeSet<PathBuf>,
    },
    /// Between the two, or when the start failed.
    Over,
}

impl Life {
    /// Does what is due, again and again, until something fails, or until the roster in force names the organisation
    /// with its next keys. A busy node makes this wait, and nobody else.
    async fn keep_looking(
        &mut self,
        config: &Config,
        desk: &Desk,
        next_keys: Option<&NodeSecrets>,
    ) -> Result<()> {
        let mut clock = tokio::time::interval(LOOK);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            self.look(config, desk).await?;
            let Some(next) = next_keys else { continue };
            let names_next = |roster: &VerifiedRoster| {
                roster.member(&config.oin).is_some_and(|member| next.are_of(member))
            };
            let replaced = match self {
                // Only once the version is in the folder, where the next start looks for it.
                Self::Running { node, filed, .. } => {
                    let roster = node.roster();
                    filed.digest == roster.digest() && names_next(&roster)
                }
                Self::Waiting(_) => {
                    let chain = installed(&config.roster_folder()).ok().flatten();
                    chain.is_some_and(|chain| names_next(chain.newest()))
                }
                Self::Over => false,
            };
            if replaced {
                return Ok(());
            }
        }
    }

    /// Does what is due: start when a roster is there, take the next version, notice that the node has failed.
    async fn look(&mut self, config: &Config, desk: &Desk) -> Result<()> {
        match self {
            Self::Waiting(prepared) => {
                let chain = match installed(&config.roster_folder()) {
                    Ok(None) => {
                        if desk.wait(Desk::NO_ROSTER.to_owned()) {
                            tracing::warn!("{}", Desk::NO_ROSTER);
                        }
                        return Ok(());
                    }
                    Ok(Some(chain)) => admitted(chain.newest(), prepared.identity()).map(|()| chain),
                    Err(error) => Err(format!("{error:#}")),
                };
                let chain = match chain {
                    Ok(chain) => chain,
                    Err(why) => {
                        if desk.wait(why.clone()) {
                            tracing::warn!("{why}");
                        }
                        return Ok(());
                    }
                };
                let Self::Waiting(prepared) = std::mem::replace(self, Self::Over) else { return Ok(()) };
                let filed = Filed::of(chain.newest());
                let node = Arc::new(prepared.start(chain, Vec::new()).await?);
                let roster = node.roster();
                tracing::info!(network = %roster.network(), version = roster.version(), "running");
                notify::status(&format!("running under version {} of the roster", roster.version()));
                desk.run(Arc::clone(&node));
                if desk.leaving().is_some() {
                    desk.leave().await?;
                }
                let offered = filed.version;
                *self = Self::Running { node, filed, offered, shown: BTreeSet::new() };
                Ok(())
            }
            Self::Running { node, filed, offered, shown } => {
                // Answers only as long as the event loop and the disk do.
                node.status().await?;
                rosters::offer(node, &config.roster_folder(), offered).await?;
                rosters::show(node, &config.roster_folder(), shown).await?;
                rosters::file(node, &config.roster_folder(), filed).await
            }
            Self::Over => Ok(()),
        }
    }

    /// Stops in order. Every conversation has ended, so nobody else holds the node.
    async fn stop(self) -> Result<()> {
        match self {
            Self::Running { node, .. } => {
                // A question over HTTP may still be under way; it takes milliseconds.
                let alone = async {
                    while Arc::strong_count(&node) > 1 {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                };
                let _late = tokio::time::timeout(STOP_PATIENCE, alone).await;
                match Arc::into_inner(node) {
                    Some(node) => node.stop().await,
                    None => {
                        bail!("a question was not answered in time; the next start finishes what was left")
                    }
                }
            }
            Self::Waiting(_) | Self::Over => Ok(()),
        }
    }
}

/// The signals that ask a process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
