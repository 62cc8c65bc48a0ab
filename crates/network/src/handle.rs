//! The handle that the node holds.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use protocol::Input;
use tokio::sync::mpsc;

use crate::address::{self, socket_address};
use crate::behaviour::{self, Behaviour};
use crate::counters::Tally;
use crate::load::LiveLoad;
use crate::paths::LivePaths;
use crate::task::Task;
use crate::{Counters, Load, NetworkCommand, NetworkConfig, NetworkError, Paths};

/// Commands on their way to the swarm task, which always takes them: enough for a burst.
const COMMAND_QUEUE: usize = 256;

/// Binding a socket takes milliseconds.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);

/// A running network. Clones are handles to the same one; it ends with [`Network::stop`], with
/// [`NetworkCommand::Stop`], when the last handle is dropped, or when the receiver of its events is.
#[derive(Clone, Debug)]
pub struct Network {
    commands: mpsc::Sender<NetworkCommand>,
    listen_addresses: Arc<[SocketAddr]>,
    tally: Arc<Tally>,
    paths: Arc<LivePaths>,
    load: Arc<LiveLoad>,
}

impl Network {
    /// Starts listening and spawns the swarm task on the current tokio runtime. Nobody is admitted before
    /// [`NetworkCommand::SetMembers`].
    ///
    /// `events` receives [`Input::Connected`], [`Input::Disconnected`], [`Input::Request`], [`Input::Response`],
    /// [`Input::RequestFailed`] and [`Input::Gossip`]. What happens waits in a fair order until it has room, so it is
    /// best short. Every own request gets exactly one response or failure, unless tens of thousands of events are left
    /// untaken.
    ///
    /// # Errors
    /// When an address cannot be listened on or the node key cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(config: NetworkConfig, events: mpsc::Sender<Input>) -> Result<Self, NetworkError> {
        let tally = Arc::new(Tally::default());
        let mut swarm = behaviour::swarm(&config, &tally)?;
        let listening = listen(&mut swarm, &config);
        let listen_addresses = tokio::time::timeout(LISTEN_TIMEOUT, listening)
            .await
            .map_err(|_| NetworkError::ListenerNotReady)??;
        let (commands, command_receiver) = mpsc::channel(COMMAND_QUEUE);
        let paths = Arc::new(LivePaths::default());
        let load = Arc::new(LiveLoad::default());
        let task = Task::new(&config, swarm, Arc::clone(&tally), Arc::clone(&paths), Arc::clone(&load));
        tokio::spawn(task.run(command_receiver, events));
        Ok(Self { commands, listen_addresses: listen_addresses.into(), tally, paths, load })
    }

    /// Where the network listens for TCP, with the ports that the system chose; for QUIC at the same ports.
    #[must_use]
    pub fn listen_addresses(&self) -> &[SocketAddr] {
        &self.listen_addresses
    }

    /// Gives a command from a thread outside the runtime; waits only while the channel is full.
    ///
    /// # Errors
    /// When the network has stopped.
    ///
    /// # Panics
    /// Inside a runtime: use [`Network::send`] there.
    pub fn blocking_send(&self, command: NetworkCommand) -> Result<(), NetworkError> {
        self.commands.blocking_send(command).map_err(|_| NetworkError::Stopped)
    }

    /// Gives a command; waits only while the channel is full.
    ///
    /// # Errors
    /// When the network has stopped.
    pub async fn send(&self, command: NetworkCommand) -> Result<(), NetworkError> {
        self.commands.send(command).await.map_err(|_| NetworkError::Stopped)
    }

    /// What was refused, failed or lost so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.tally.snapshot()
    }

    /// By which paths members are reached now.
    #[must_use]
    pub fn paths(&self) -> Paths {
        self.paths.snapshot()
    }

    /// What waits in the network now.
    #[must_use]
    pub fn load(&self) -> Load {
        self.load.now()
    }

    /// The most of each that has waited at one time since the start.
    #[must_use]
    pub fn most_load(&self) -> Load {
        self.load.most()
    }

    /// Closes every connection and listener; returns when that is done. Stopping twice is fine.
    pub async fn stop(self) {
        // A failure means that it has stopped already.
        let _ = self.commands.send(NetworkCommand::Stop).await;
        self.commands.closed().await;
    }
}

/// Binds every address and waits until each is listened on; returns the TCP addresses.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    config: &NetworkConfig,
) -> Result<Vec<SocketAddr>, NetworkError> {
    // All before the first is taken: a socket for both families of IP would find the port in use by the first one.
    for address in &config.listen {
        check_free(*address).map_err(|source| NetworkError::Listen { address: *address, source })?;
    }
    // The configured address of a TCP listener, nothing for one of QUIC.
    let mut waiting: HashMap<ListenerId, Option<SocketAddr>> = HashMap::new();
    for address in &config.listen {
        let refused = |error| NetworkError::Listen { address: *address, source: into_io(error) };
        waiting.insert(swarm.listen_on(address::tcp(address)).map_err(refused)?, Some(*address));
    }
    let mut ready = Vec::new();
    while !waiting.is_empty() {
        let (listener, address) = listening(swarm).await?;
        let configured = waiting.remove(&listener).flatten();
        let Some(chosen) = socket_address(&address) else { continue };
        if let Some(configured) = configured.filter(|_| config.quic) {
            // The UDP port with the number of the TCP port. Without it everything works, over TCP alone.
            let beside = SocketAddr::new(configured.ip(), chosen.port());
            match swarm.listen_on(address::quic(&beside)) {
                Ok(listener) => {
                    waiting.insert(listener, None);
                }
                Err(error) => {
                    tracing::warn!(address = %beside, error = %into_io(error), "no QUIC: cannot listen on UDP");
                }
            }
        }
        if config.relay {
            // libp2p gives no place without an address of the relay; members use the one they know from the roster.
            swarm.add_external_address(address);
        }
        ready.push(chosen);
    }
    Ok(ready)
}

/// Waits for a listener to be ready.
async fn listening(swarm: &mut Swarm<Behaviour>) -> Result<(ListenerId, Multiaddr), NetworkError> {
    loop {
        let event = swarm.select_next_some().await;
        if let SwarmEvent::NewListenAddr { listener_id, address } = event {
            return Ok((listener_id, address));
        } else if let SwarmEvent::ListenerClosed { .. } = event {
            return Err(NetworkError::ListenerNotReady);
        }
    }
}

/// libp2p listens with `SO_REUSEPORT`, by which a second node on one address would silently take half of the first
/// one's connections. A plain bind tells whether somebody listens there.
fn check_free(address: SocketAddr) -> io::Result<()> {
    if address.port() == 0 { Ok(()) } else { TcpListener::bind(address).map(drop) }
}

fn into_io(error: TransportError<io::Error>) -> io::Error {
    match error {
        TransportError::Other(error) => error,
        TransportError::MultiaddrNotSupported(_) => io::Error::from(io::ErrorKind::Unsupported),
    }
}
