//! Why a network cannot start or no longer takes commands.

use std::io;
use std::net::SocketAddr;

/// What went wrong at the own side. What peers do wrong is counted ([`crate::Counters`]) and never an error.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// TLS could not be set up with the node key.
    #[error("cannot make a TLS certificate for the node key; check the node's key file")]
    Tls(#[source] libp2p::tls::certificate::GenError),
    /// The address is taken, not of this machine, or not allowed.
    #[error("cannot listen on {address}; choose an address of this machine that is free")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A listener closed, or none was ready in time, during the start.
    #[error("a listener did not become ready; check the configured addresses and try again")]
    ListenerNotReady,
    /// The network has stopped, by command or because nobody takes its events.
    #[error("the network has stopped; stop the node")]
    Stopped,
}
