//! A node at work: talking to it, stopping it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use anyhow::{Result, anyhow};
use network::Network;
use protocol::{Answer, Command, CommandId, ImportCounts, Input, Notice, Reply, Status};
use roster::VerifiedRoster;
use store::{Looker, Snapshot, Store, Writer};
use tokio::sync::{mpsc, oneshot};

use super::evaluators::EvaluatorThreads;
use super::identity::NodeSecrets;
use super::waiting::Waiting;

/// A node at work.
pub struct RunningNode {
    pub(super) network: Network,
    pub(super) commands: mpsc::Sender<Input>,
    pub(super) notices: mpsc::Receiver<Notice>,
    pub(super) waiting: Arc<Waiting>,
    pub(super) logical_bytes: u64,
    pub(super) last_command: AtomicU64,
    pub(super) ticker: tokio::task::JoinHandle<()>,
    pub(super) event_loop: std::thread::JoinHandle<()>,
    pub(super) evaluators: EvaluatorThreads,
    pub(super) writer: Writer,
    pub(super) looker: Looker,
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
        let taken = self.look(|store| store.snapshot(&NodeSecrets::names(), &NodeSecrets::names_if_there()));
        Ok(taken.await??)
    }

    /// Looks at the store as it is after everything that was done before this was asked.
    ///
    /// # Errors
    /// When the node has stopped.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T> {
        let looker = self.looker.clone();
        let looked = tokio::task::spawn_blocking(move || looker.look(look)).await?;
        looked.map_err(|store::Stopped| self.waiting.why_stopped())
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

fn mistaken_reply() -> anyhow::Error {
    debug_assert!(false, "a command got another command's reply");
    anyhow!("a command got the reply of another one; this is a mistake in the program: report it")
}
