//! A node before it runs: its store open and its ports bound; and its start.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, Result};
use index::UnitMatrix;
use network::{Network, NetworkConfig};
use protocol::{Command, CommandId, Input, NodeConfig};
use roster::RosterChain;
use store::{StorageSecret, Store, Writer};
use tokio::sync::mpsc;

use super::accounting::Accounting;
use super::dispatch::{dispatch, members};
use super::evaluators::Evaluators;
use super::event_loop;
use super::identity::{NodeIdentity, NodeSecrets, random_seed};
use super::inbox::{self, Inbox, Senders};
use super::running::RunningNode;
use super::taking_up::taken_up;
use super::waiting::{CloseAtEnd, Waiting};

/// How often the state machine learns that time has passed. Its own intervals are whole seconds.
const TICK: Duration = Duration::from_millis(100);

/// Notices that may wait for somebody to read them; later ones are dropped, the match table has them all.
const QUEUED_NOTICES: usize = 4_096;

/// The import with which a node starts; nobody waits for its reply.
const FIRST_COMMAND: CommandId = CommandId(1);

/// A node whose store is open and whose port is bound, before it knows its roster.
pub struct Prepared {
    identity: NodeIdentity,
    store: Store,
    network: Network,
    commands: mpsc::Sender<Input>,
    ticks: mpsc::Sender<Input>,
    events: mpsc::Sender<Input>,
    inbox: Inbox,
    units: UnitMatrix,
    accounting: Accounting,
}

/// How a node and others reach each other.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Where it listens. Empty: it only dials out.
    pub listen: Vec<SocketAddr>,
    /// Whether it uses QUIC beside TCP.
    pub quic: bool,
    /// How many circuits it carries for others as a relay; `None`: it relays for nobody.
    pub relay_circuits: Option<usize>,
}

impl Prepared {
    /// Opens the data folder, makes or reads the node's secrets and binds its port.
    ///
    /// # Errors
    /// When the folder cannot be opened, or the address cannot be bound.
    pub async fn open(
        oin: domain::Oin,
        folder: &Path,
        secret: &StorageSecret,
        listen: SocketAddr,
    ) -> Result<Self> {
        let reach = Reach { listen: vec![listen], ..Reach::default() };
        Self::with_store(oin, Store::open(folder, secret)?, reach).await
    }

    /// Makes or reads the node's secrets in an open store and binds its ports.
    ///
    /// # Errors
    /// When the store cannot be read or written, or an address cannot be bound.
    pub async fn with_store(oin: domain::Oin, mut store: Store, reach: Reach) -> Result<Self> {
        let secrets = NodeSecrets::of(&mut store)?;
        let (Senders { commands, ticks, events }, inbox) = inbox::new();
        let mut config = NetworkConfig::new(oin, secrets.node_seed(), reach.listen);
        config.quic = reach.quic;
        if let Some(circuits) = reach.relay_circuits {
            config.relay = true;
            config.limits.relay_circuits = circuits;
        }
        let network = Network::start(config, events.clone()).await?;
        Ok(Self {
            identity: NodeIdentity { oin, secrets },
            store,
            network,
            commands,
            ticks,
            events,
            inbox,
            units: UnitMatrix::default(),
            accounting: Accounting::default(),
        })
    }

    /// Opens units to each other; without this none sees another.
    #[must_use]
    pub fn with_units(mut self, units: UnitMatrix) -> Self {
        self.units = units;
        self
    }

    /// What the log tells of the configuration, and how long it can be read.
    #[must_use]
    pub fn with_accounting(mut self, accounting: Accounting) -> Self {
        self.accounting = accounting;
        self
    }

    /// The organisation and its secrets.
    #[must_use]
    pub fn identity(&self) -> &NodeIdentity {
        &self.identity
    }

    /// Where the node listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.network.listen_addresses()
    }

    /// Starts work under a roster, continuing from what the store holds. `first` signals are registered before the
    /// node says anything, so that its first head already tells that it has a backlog.
    ///
    /// # Errors
    /// When the store cannot be read, or a thread cannot be started.
    pub async fn start(self, chain: RosterChain, first: Vec<domain::Signal>) -> Result<RunningNode> {
        let hear_before_signing = hears(&chain);
        let config = NodeConfig {
            oin: self.identity.oin,
            organisation_key: self.identity.secrets.organisation_key(),
            log_key: self.identity.secrets.log_key(),
            cosignature_key: self.identity.secrets.cosignature_key(),
            chain,
            seed: random_seed()?,
            units: self.units,
            configuration: self.accounting.configuration,
            retention: self.accounting.retention,
            inform_within_days: self.accounting.inform_within_days,
            hear_before_signing,
        };
        let (node, logical_bytes) = taken_up(config, &self.store, event_loop::now())?;
        let members = members(node.roster());

        let waiting = Arc::new(Waiting::new(node.roster()));
        let (notify, notices) = mpsc::channel(QUEUED_NOTICES);
        let (evaluators, evaluator_threads) = Evaluators::start(&self.events)?;
        let (writer, steps) = {
            let (network, replies, failed) =
                (self.network.clone(), Arc::clone(&waiting), Arc::clone(&waiting));
            Writer::spawn(
                self.store,
                move |said| {
                    for said in said {
                        dispatch(said, &network, &evaluators, &replies, &notify);
                    }
                },
                move |error| failed.fail(error),
            )
        };
        let inbox = self.inbox;
        self.commands.send(Input::Command { id: FIRST_COMMAND, command: Command::Import(first) }).await?;
        let at_end = CloseAtEnd(Arc::clone(&waiting));
        let runtime = tokio::runtime::Handle::current();
        let event_loop = std::thread::Builder::new()
            .name("event-loop".to_owned())
            .spawn(move || {
                let _end = at_end;
                event_loop::run(node, inbox, &runtime, &steps);
            })
            .context("cannot start the event loop's thread")?;
        let ticker = tokio::spawn(tick(self.ticks));
        self.network.send(members).await?;
        Ok(RunningNode {
            network: self.network,
            commands: self.commands,
            notices,
            waiting,
            logical_bytes,
            last_command: AtomicU64::new(FIRST_COMMAND.0),
            ticker,
            event_loop,
            evaluators: evaluator_threads,
            looker: writer.looker(),
            writer,
        })
    }
}

async fn tick(ticks: mpsc::Sender<Input>) {
    let mut clock = tokio::time::interval(TICK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        if ticks.send(Input::Tick).await.is_err() {
            return;
        }
    }
}

/// Whether the node hears others before it signs. Always; a test of what happens without sets this variable, which
/// means nothing in a network that is not one of tests.
fn hears(chain: &RosterChain) -> bool {
    let unheard =
        std::env::var_os("SAMENHANG_TEST_SIGN_UNHEARD").is_some() && chain.newest().document().test_network;
    if unheard {
        tracing::warn!("signs without hearing what it signed before: others may take it for a fork");
    }
    !unheard
}
