//! Starting a node, talking to it, stopping it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use index::UnitMatrix;
use network::{Network, NetworkCommand, NetworkConfig, Peer};
use protocol::{
    Answer, Collection, Command, CommandId, ImportCounts, Input, Kept, Node, NodeConfig, Notice, Outbound,
    Reply, Status,
};
use roster::{RosterChain, VerifiedRoster};
use store::{Looker, Snapshot, StorageSecret, Store, StoreError, Writer};
use tokio::sync::{mpsc, oneshot};

use super::evaluators::{EvaluatorThreads, Evaluators};
use super::event_loop;
use super::identity::{NodeIdentity, NodeSecrets, random_seed};
use super::inbox::{self, Inbox, Senders};

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

/// A node at work.
pub struct RunningNode {
    network: Network,
    commands: mpsc::Sender<Input>,
    notices: mpsc::Receiver<Notice>,
    waiting: Arc<Waiting>,
    logical_bytes: u64,
    last_command: AtomicU64,
    ticker: tokio::task::JoinHandle<()>,
    event_loop: std::thread::JoinHandle<()>,
    evaluators: EvaluatorThreads,
    writer: Writer,
    looker: Looker,
}

/// The roster in force, commands that wait for their reply, and what ended the node if something did.
struct Waiting {
    roster: Mutex<Arc<VerifiedRoster>>,
    /// `None` once the event loop has ended: nobody will reply any more.
    replies: Mutex<Option<BTreeMap<CommandId, oneshot::Sender<Reply>>>>,
    failure: Mutex<Option<StoreError>>,
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
        })
    }

    /// Opens units to each other; without this none sees another.
    #[must_use]
    pub fn with_units(mut self, units: UnitMatrix) -> Self {
        self.units = units;
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
        let kept = kept(&self.store)?;
        let hear_before_signing = hears(&chain);
        let config = NodeConfig {
            oin: self.identity.oin,
            organisation_key: self.identity.secrets.organisation_key(),
            chain,
            seed: random_seed()?,
            units: self.units,
            hear_before_signing,
        };
        let node = Node::new(config, &kept, event_loop::now());
        let members = members(node.roster());
        let logical_bytes = logical_bytes(&kept);
        drop(kept);

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

impl RunningNode {
    /// Registers signals.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn import(&self, signals: Vec<domain::Signal>) -> Result<ImportCounts> {
        let Reply::Imported(counts) = self.command(Command::Import(signals)).await? else {
            return Err(mistaken_reply());
        };
        Ok(counts)
    }

    /// Who else is involved, for every own family that may ask.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn who_all(&self) -> Result<Vec<Answer>> {
        let Reply::WhoAll(answers) = self.command(Command::WhoAll).await? else {
            return Err(mistaken_reply());
        };
        Ok(answers)
    }

    /// How the node is doing.
    ///
    /// # Errors
    /// When the node has stopped.
    pub async fn status(&self) -> Result<Status> {
        let Reply::Status(status) = self.command(Command::Status).await? else {
            return Err(mistaken_reply());
        };
        Ok(*status)
    }

    /// Gives a command and waits for its reply, which comes when what it did is durable.
    ///
    /// # Errors
    /// When the node has stopped, with the reason where it is the disk.
    pub async fn command(&self, command: Command) -> Result<Reply> {
        let id = CommandId(self.last_command.fetch_add(1, Ordering::Relaxed) + 1);
        let (tell, told) = oneshot::channel();
        self.waiting.expect(id, tell);
        if self.commands.send(Input::Command { id, command }).await.is_err() {
            return Err(self.waiting.why_stopped());
        }
        told.await.map_err(|_| self.waiting.why_stopped())
    }

    /// What goes into a backup, as it is on disk after everything that was done before this was asked.
    ///
    /// # Errors
    /// When the node has stopped, or its store is damaged.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let looker = self.looker.clone();
        let look =
            move || looker.look(|store| store.snapshot(&NodeSecrets::names(), &NodeSecrets::next_names()));
        match tokio::task::spawn_blocking(look).await? {
            Ok(snapshot) => Ok(snapshot?),
            Err(store::Stopped) => Err(self.waiting.why_stopped()),
        }
    }

    /// The roster in force.
    #[must_use]
    pub fn roster(&self) -> Arc<VerifiedRoster> {
        Arc::clone(&self.waiting.roster.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where the node listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.network.listen_addresses()
    }

    /// What the node has told unasked since this was last called.
    pub fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.notices.try_recv().ok()).collect()
    }

    /// Counts of what the network refused.
    #[must_use]
    pub fn network_counters(&self) -> network::Counters {
        self.network.counters()
    }

    /// The most that has waited in the network at one time.
    #[must_use]
    pub fn most_network_load(&self) -> network::Load {
        self.network.most_load()
    }

    /// Bytes of the records when the node started.
    #[must_use]
    pub fn logical_bytes(&self) -> u64 {
        self.logical_bytes
    }

    /// By which paths other members are reached now.
    #[must_use]
    pub fn paths(&self) -> network::Paths {
        self.network.paths()
    }

    /// Stops in order: the network first, then the event loop, then the writer with all that is queued.
    ///
    /// # Errors
    /// When the disk refused something before.
    pub async fn stop(self) -> Result<()> {
        self.ticker.abort();
        let _ended = self.ticker.await;
        self.network.stop().await;
        drop(self.commands);
        let (event_loop, evaluators, writer) = (self.event_loop, self.evaluators, self.writer);
        tokio::task::spawn_blocking(move || {
            event_loop.join().map_err(|_| anyhow!("the event loop ended badly"))?;
            let stopped = writer.stop().map(drop).map_err(anyhow::Error::from);
            evaluators.join();
            stopped
        })
        .await?
    }
}

impl Waiting {
    fn new(roster: &VerifiedRoster) -> Self {
        Self {
            roster: Mutex::new(Arc::new(roster.clone())),
            replies: Mutex::new(Some(BTreeMap::new())),
            failure: Mutex::new(None),
        }
    }

    fn follow(&self, roster: &VerifiedRoster) {
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(roster.clone());
    }

    /// Registers whoever waits; after the end of the event loop the teller is dropped, and so is the wait.
    fn expect(&self, id: CommandId, tell: oneshot::Sender<Reply>) {
        if let Some(replies) = self.replies.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            replies.insert(id, tell);
        }
    }

    fn reply(&self, id: CommandId, reply: Reply) {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(teller) = replies.as_mut().and_then(|replies| replies.remove(&id)) {
            // Whoever asked may have stopped waiting.
            let _unheard = teller.send(reply);
        }
    }

    /// Remembers why, and lets go of everybody who waits.
    fn fail(&self, error: StoreError) {
        tracing::error!(%error, "the disk refused; the node stops");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.close();
    }

    fn close(&self) {
        *self.replies.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn why_stopped(&self) -> anyhow::Error {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => anyhow::Error::from(error).context("the node has stopped"),
            None => anyhow!("the node has stopped"),
        }
    }
}

/// Hands out what a commit allows to be said. Runs on the writer's thread.
fn dispatch(
    said: Outbound,
    network: &Network,
    evaluators: &Evaluators,
    waiting: &Waiting,
    notices: &mpsc::Sender<Notice>,
) {
    match said {
        Outbound::Reply { id, reply } => waiting.reply(id, reply),
        Outbound::Evaluate(task) => evaluators.take(*task),
        Outbound::Members(roster) => {
            tracing::info!(version = roster.version(), "another roster is in force");
            waiting.follow(&roster);
            // The network has stopped: so does the node, in a moment.
            let _stopping = network.blocking_send(members(&roster));
        }
        Outbound::Notice(notice) => {
            log(&notice);
            // Full or nobody there: the match table has it all the same.
            let _dropped = notices.try_send(notice);
        }
        said @ (Outbound::Request { .. } | Outbound::Respond { .. } | Outbound::Gossip { .. }) => {
            // The network has stopped: so does the node, in a moment.
            let _stopping = network.blocking_send(NetworkCommand::Outbound(said));
        }
    }
}

/// Logs what an operator should know. Matches are for professionals, not for logs.
fn log(notice: &Notice) {
    match notice {
        Notice::NewMatch { .. } | Notice::NewUnitMatch { .. } => {}
        Notice::Ceremony(problem) => tracing::error!(%problem, "key ceremony"),
        Notice::OtherKeySet { publisher, epoch } => {
            tracing::error!(
                %publisher,
                %epoch,
                "the organisation publishes under a key set that it does not show, and does not count as complete"
            );
        }
        Notice::FailingProof { keyholder } => tracing::error!(%keyholder, "an evaluation fails its proof"),
        Notice::ClockBehind { seconds } => {
            tracing::error!(
                seconds,
                "the clock stands before what was published already: nothing is published"
            );
        }
        Notice::ClockAhead { seconds } => {
            tracing::error!(seconds, "the clock is ahead of those of other members: nothing is published");
        }
        Notice::NumbersUsedUp { circle } => {
            tracing::error!(
                %circle,
                "the own feed has no number left and nothing is published: somebody else has the organisation's key; replace it"
            );
        }
        Notice::Equivocation { publisher } => {
            tracing::error!(
                %publisher,
                "the organisation has signed two histories of its feed; where it is proven, the status holds the proof"
            );
        }
        Notice::BeyondCap { publisher, circle } => {
            tracing::error!(
                %publisher,
                %circle,
                "the feed has more tags than the network allows; what goes beyond is neither published nor taken"
            );
        }
        Notice::FeedContinued { publisher, generation } => {
            tracing::warn!(
                %publisher,
                generation,
                "the organisation lost what it had published, and goes on under a new generation"
            );
        }
    }
}

/// Lets go of everybody who waits when the event loop ends, however it ends.
struct CloseAtEnd(Arc<Waiting>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
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

/// Everything that an earlier run kept.
pub(crate) fn kept(store: &Store) -> Result<Kept> {
    let mut kept = Kept::default();
    for collection in Collection::ALL {
        let mut records = store.records(collection).collect::<Result<Vec<_>, _>>()?;
        records.sort_by(|a, b| a.key.cmp(&b.key));
        kept.records.extend(records.into_iter().map(|record| (collection, record.scope, record.value)));
    }
    for name in store.secret_names()? {
        if let Some(secret) = store.secret(&name)? {
            kept.secrets.push((name, secret));
        }
    }
    Ok(kept)
}

/// Bytes of the records, before they are sealed and before the engine lays them out.
pub(crate) fn logical_bytes(kept: &Kept) -> u64 {
    kept.records.iter().map(|(_, _, value)| u64::try_from(value.len()).unwrap_or(u64::MAX)).sum()
}

/// Whom the network may reach under a roster, and in which topics.
fn members(roster: &VerifiedRoster) -> NetworkCommand {
    NetworkCommand::SetMembers {
        network: roster.network(),
        peers: peers(roster),
        circles: roster.circles().iter().map(|circle| circle.id).collect(),
    }
}

fn peers(roster: &VerifiedRoster) -> Vec<Peer> {
    let peer = |member: &roster::Member| Peer {
        oin: member.oin,
        node_key: *member.keys.node.as_bytes(),
        addresses: member.socket_addresses(),
        relay: member.relay,
    };
    roster.members().iter().map(peer).collect()
}

fn mistaken_reply() -> anyhow::Error {
    debug_assert!(false, "a command got another command's reply");
    anyhow!("a command got the reply of another one; this is a mistake in the program: report it")
}
