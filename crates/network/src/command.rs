//! What the node tells the network.

use std::fmt;
use std::net::SocketAddr;

use domain::{CircleId, NetworkId, Oin};
use protocol::Outbound;

/// A member of the network as its roster lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The organisation.
    pub oin: Oin,
    /// The Ed25519 public key of its node.
    pub node_key: [u8; 32],
    /// Where its node listens. Empty: it dials others itself, and is dialled through relays.
    pub addresses: Vec<SocketAddr>,
    /// Whether it relays for members that cannot be dialled.
    pub relay: bool,
}

/// An order to the network.
pub enum NetworkCommand {
    /// Replaces the whole list of members and circles. Members that are gone, or whose key changed, are
    /// disconnected at once.
    SetMembers {
        /// The network whose circles these are; part of every topic's name.
        network: NetworkId,
        /// Every member. The own organisation may be among them and is skipped.
        peers: Vec<Peer>,
        /// The circles whose heads to listen for.
        circles: Vec<CircleId>,
    },
    /// Sends what a committed Step says. [`Outbound::Evaluate`], [`Outbound::Reply`] and
    /// [`Outbound::Notice`] are for the own organisation and ignored here.
    Outbound(Outbound),
    /// Closes every connection and ends the network.
    Stop,
}

impl fmt::Debug for NetworkCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SetMembers { peers, circles, .. } => {
                write!(f, "SetMembers({} peers, {} circles)", peers.len(), circles.len())
            }
            Self::Outbound(_) => f.write_str("Outbound"),
            Self::Stop => f.write_str("Stop"),
        }
    }
}
