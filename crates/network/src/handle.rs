//! The handle that the node holds.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::{ListenerId, TransportError};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use protocol::Input;
use tokio::sync::mpsc;

use crate::behaviour::{self, Behaviour};
use crate::counters::Tally;
use crate::members::multiaddr;
use crate::task::Task;
use crate::{Counters, NetworkCommand, NetworkConfig, NetworkError};

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
}

impl Network {
    /// Starts listening and spawns the swarm task on the current tokio runtime. Nobody is admitted before
    /// [`NetworkCommand::SetMembers`].
    ///
    /// `events` receives [`Input::Connected`], [`Input::Disconnected`], [`Input::Request`], [`Input::Response`],
    /// [`Input::RequestFailed`] and [`Input::Gossip`]. While it is full, peers wait; commands never do. Every own
    /// request gets exactly one response or failure, unless tens of thousands of events are left untaken.
    ///
    /// # Errors
    /// When an address cannot be listened on or the node key cannot be used.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn start(config: NetworkConfig, events: mpsc::Sender<Input>) -> Result<Self, NetworkError> {
        let tally = Arc::new(Tally::default());
        let mut swarm = behaviour::swarm(&config, &tally)?;
        let listening = listen(&mut swarm, &config.listen);
        let listen_addresses = tokio::time::timeout(LISTEN_TIMEOUT, listening)
            .await
            .map_err(|_| NetworkError::ListenerNotReady)??;
        let (commands, command_receiver) = mpsc::channel(COMMAND_QUEUE);
        let task = Task::new(&config, swarm, Arc::clone(&tally));
        tokio::spawn(task.run(command_receiver, events));
        Ok(Self { commands, listen_addresses: listen_addresses.into(), tally })
    }

    /// Where the network listens, with the ports that the system chose.
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

    /// Closes every connection and listener; returns when that is done. Stopping twice is fine.
    pub async fn stop(self) {
        // A failure means that it has stopped already.
        let _ = self.commands.send(NetworkCommand::Stop).await;
        self.commands.closed().await;
    }
}

/// Binds every address and waits until each is listened on.
async fn listen(
    swarm: &mut Swarm<Behaviour>,
    addresses: &[SocketAddr],
) -> Result<Vec<SocketAddr>, NetworkError> {
    let mut waiting: HashMap<ListenerId, SocketAddr> = HashMap::new();
    for address in addresses {
        let refused = |source| NetworkError::Listen { address: *address, source };
        check_free(*address).map_err(refused)?;
        let listener = swarm.listen_on(multiaddr(address)).map_err(|error| refused(into_io(error)))?;
        waiting.insert(listener, *address);
    }
    let mut ready = Vec::new();
    while !waiting.is_empty() {
        let event = swarm.select_next_some().await;
        if let SwarmEvent::NewListenAddr { listener_id, address } = event {
            waiting.remove(&listener_id);
            ready.extend(socket_address(&address));
        } else if let SwarmEvent::ListenerClosed { .. } = event {
            return Err(NetworkError::ListenerNotReady);
        }
    }
    Ok(ready)
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

fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let (host, port) = (parts.next()?, parts.next()?);
    let ip: IpAddr = if let Protocol::Ip4(ip) = host {
        ip.into()
    } else if let Protocol::Ip6(ip) = host {
        ip.into()
    } else {
        return None;
    };
    let Protocol::Tcp(port) = port else { return None };
    Some(SocketAddr::new(ip, port))
}
