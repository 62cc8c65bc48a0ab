//! The desk: where requests find the node, whatever state it is in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Result, anyhow};
use control::{Phase, Problem, ProblemKind, StatusLine};
use domain::{Oin, Unit};
use protocol::{Command, Reply};
use roster::{Standing, VerifiedRoster};
use store::{Snapshot, Store};
use tokio::sync::{Semaphore, watch};

use super::leave::{Consequences, NO_MORE_SIGNALS};
use super::{lines, reach};
use crate::config::Config;
use crate::departure::{Departure, Stage};
use crate::governance::RosterFolder;
use crate::runtime::{Alone, RunningNode};

/// A node that takes commands.
#[derive(Clone)]
pub(crate) enum Engine {
    /// At work in its network.
    Running(Arc<RunningNode>),
    /// Without network, within the command that asks.
    Alone(Arc<Alone>),
}

/// What there is behind the desk.
enum State {
    /// No roster names this node; says what to do.
    Waiting(String),
    At(Engine),
    Stopping,
}

/// Shared by everybody who asks the node something.
pub(crate) struct Desk {
    oin: Oin,
    folder: PathBuf,
    addresses: Vec<String>,
    roster_folder: PathBuf,
    /// Whether the configuration says that this node relays.
    relays: bool,
    state: RwLock<State>,
    /// The organisation is leaving.
    departure: RwLock<Option<Departure>>,
    stop: watch::Sender<bool>,
    /// One import at a time: its files are held in memory.
    pub(super) imports: Semaphore,
    /// The units that families may name; `None`: any.
    pub(super) units: Option<BTreeSet<Unit>>,
    /// One backup at a time, for the same reason.
    pub(super) backups: Semaphore,
}

impl Desk {
    /// What a node says that has joined nothing yet.
    pub(crate) const NO_ROSTER: &str = "no roster is installed; send the governors the join request that \
                                        `samenhang init` wrote, and install the roster that they send back with \
                                        `samenhang roster install`";

    /// A node that waits for its roster.
    pub(crate) fn waiting(config: &Config, addresses: Vec<String>) -> Result<Self> {
        Ok(Self {
            oin: config.oin,
            folder: config.data_folder.clone(),
            addresses,
            roster_folder: config.roster_folder(),
            relays: config.relay,
            state: RwLock::new(State::Waiting(String::new())),
            departure: RwLock::new(Departure::read(&config.data_folder)?),
            stop: watch::Sender::new(false),
            imports: Semaphore::new(1),
            units: config.units.names.clone(),
            backups: Semaphore::new(1),
        })
    }

    /// A node without network.
    pub(crate) fn alone(config: &Config, alone: Alone) -> Result<Self> {
        let desk = Self::waiting(config, Vec::new())?;
        desk.set(State::At(Engine::Alone(Arc::new(alone))));
        Ok(desk)
    }

    /// The organisation.
    pub(super) fn oin(&self) -> Oin {
        self.oin
    }

    /// The node waits, for the reason given. Returns whether that is news.
    pub(super) fn wait(&self, why: String) -> bool {
        let news = !matches!(&*self.state(), State::Waiting(known) if *known == why);
        self.set(State::Waiting(why));
        news
    }

    pub(super) fn run(&self, node: Arc<RunningNode>) {
        self.set(State::At(Engine::Running(node)));
    }

    pub(super) fn close(&self) {
        self.set(State::Stopping);
    }

    /// Asks the node to stop.
    pub(super) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns when somebody has asked the node to stop.
    pub(super) async fn asked_to_stop(&self) {
        let mut asked = self.stop.subscribe();
        // The sender lives as long as the desk, so this never fails.
        let _asked = asked.wait_for(|asked| *asked).await;
    }

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node, when it can take commands.
    pub(super) fn engine(&self) -> Result<Engine, Problem> {
        match &*self.state() {
            State::At(engine) => Ok(engine.clone()),
            State::Waiting(why) => Err(Problem::new(ProblemKind::NotNow, why)),
            State::Stopping => Err(Problem::new(ProblemKind::NotNow, "the node is stopping; start it again")),
        }
    }

    /// Since when the organisation is leaving, when it is.
    pub(super) fn leaving(&self) -> Option<String> {
        let departure = self.departure.read().unwrap_or_else(PoisonError::into_inner);
        departure.as_ref().map(|departure| departure.begun.clone())
    }

    /// Refuses new signals of an organisation that is leaving.
    pub(super) fn takes_signals(&self) -> Result<(), Problem> {
        match self.leaving() {
            None => Ok(()),
            Some(_) => Err(Problem::new(ProblemKind::NotNow, NO_MORE_SIGNALS)),
        }
    }

    /// What leaving would mean: for the keys of the network, and how many signals there are.
    pub(super) async fn consequences(&self) -> Result<(Consequences, usize)> {
        // A node that has no roster, or is not in it, has nothing that others rely on.
        let Ok(engine) = self.engine() else { return Ok((Consequences::default(), 0)) };
        let Reply::Status(status) = engine.command(Command::Status).await? else { return Err(mixed_up()) };
        let Reply::Signals(held) = engine.command(Command::Signals).await? else { return Err(mixed_up()) };
        Ok((Consequences::of(self.oin, &status, &engine.roster()), held.len()))
    }

    /// Begins to leave, or goes on: from now on no signal is taken, and all there are are withdrawn. Returns how many.
    pub(super) async fn leave(&self) -> Result<usize> {
        let engine = self.engine().ok();
        if self.leaving().is_none() {
            let network = engine.as_ref().map(|engine| engine.roster().name().to_owned());
            // Logged before it begins: a node that is killed in between is told to leave once more, and logs that too.
            if let Some(engine) = &engine {
                let Reply::Logged = engine.command(Command::Leaving).await? else { return Err(mixed_up()) };
            }
            let departure = Departure::begin(self.oin, network, Stage::Withdrawing);
            // On disk first: a node that is killed in between goes on when it starts again.
            departure.write(&self.folder)?;
            *self.departure.write().unwrap_or_else(PoisonError::into_inner) = Some(departure);
            tracing::warn!("the organisation leaves the network");
        }
        let Some(engine) = engine else { return Ok(0) };
        // An import that has begun is let through: its signals are among those withdrawn.
        let _turn = self.imports.acquire().await?;
        let Reply::Signals(held) = engine.command(Command::Signals).await? else { return Err(mixed_up()) };
        let families = held.into_iter().map(|signal| signal.family).collect();
        let Reply::Withdrawn(count) = engine.command(Command::Withdraw(families)).await? else {
            return Err(mixed_up());
        };
        Ok(count)
    }

    /// How the node is doing.
    pub(super) async fn status(&self) -> Result<StatusLine> {
        let (phase, messages) = match &*self.state() {
            State::At(_) => (Phase::Running, Vec::new()),
            State::Waiting(why) => (Phase::WaitingForRoster, vec![why.clone()]),
            State::Stopping => (Phase::Stopping, Vec::new()),
        };
        let mut blank = lines::blank(self.oin, phase, messages, self.addresses.clone());
        // A folder that cannot be listed is said by whatever needs it.
        let conflicts = RosterFolder::open(&self.roster_folder).and_then(|folder| folder.open_conflicts());
        lines::conflicts(&mut blank, conflicts.map_or(0, |found| found.len()));
        blank.leaving = self.leaving();
        match self.engine() {
            Err(_) => Ok(blank),
            Ok(engine) => {
                let Reply::Status(status) = engine.command(Command::Status).await? else {
                    return Err(mixed_up());
                };
                blank.logical_bytes = engine.logical_bytes();
                let roster = engine.roster();
                let mut line = lines::status(blank, &status, &roster, engine.network_counters());
                if let Some(paths) = engine.paths() {
                    line.messages.extend(reach::remarks(&self.oin, self.relays, &roster, &paths));
                    line.connections = reach::line(&paths);
                }
                Ok(line)
            }
        }
    }
}

impl Engine {
    /// Gives a command; replies when what it did is durable.
    pub(super) async fn command(&self, command: Command) -> Result<Reply> {
        match self {
            Self::Running(node) => node.command(command).await,
            Self::Alone(alone) => {
                let alone = Arc::clone(alone);
                tokio::task::spawn_blocking(move || alone.command(command)).await?
            }
        }
    }

    /// Records and key files for a backup, as they are on disk between two commits.
    pub(super) async fn snapshot(&self) -> Result<Snapshot> {
        match self {
            Self::Running(node) => node.snapshot().await,
            Self::Alone(alone) => {
                let alone = Arc::clone(alone);
                tokio::task::spawn_blocking(move || alone.snapshot()).await?
            }
        }
    }

    /// Looks at the store.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T> {
        match self {
            Self::Running(node) => node.look(look).await,
            Self::Alone(alone) => {
                let alone = Arc::clone(alone);
                Ok(tokio::task::spawn_blocking(move || alone.look(look)).await?)
            }
        }
    }

    /// Every version of the roster as signed, genesis first.
    pub(super) async fn rosters(&self) -> Result<Vec<Vec<u8>>> {
        let mut wires = Vec::new();
        for version in 0.. {
            let Reply::NextRoster(next) = self.command(Command::RosterAfter(version)).await? else {
                return Err(mixed_up());
            };
            let Some((signed, standing)) = next else { break };
            // Who is restored from it begins the notice anew.
            if standing == Standing::Waits {
                break;
            }
            wires.push(signed.to_wire());
        }
        Ok(wires)
    }

    /// The roster in force.
    pub(super) fn roster(&self) -> Arc<VerifiedRoster> {
        match self {
            Self::Running(node) => node.roster(),
            Self::Alone(alone) => alone.roster(),
        }
    }

    /// Bytes of the records when they were read.
    fn logical_bytes(&self) -> u64 {
        match self {
            Self::Running(node) => node.logical_bytes(),
            Self::Alone(alone) => alone.logical_bytes(),
        }
    }

    /// By which paths other members are reached; nothing without a network.
    fn paths(&self) -> Option<network::Paths> {
        match self {
            Self::Running(node) => Some(node.paths()),
            Self::Alone(_) => None,
        }
    }

    fn network_counters(&self) -> BTreeMap<String, u64> {
        match self {
            Self::Running(node) => node
                .network_counters()
                .named()
                .into_iter()
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
            Self::Alone(_) => BTreeMap::new(),
        }
    }
}

/// A command got another one's reply.
pub(super) fn mixed_up() -> anyhow::Error {
    anyhow!("a command got the reply of another one; this is a mistake in the program: report it")
}
