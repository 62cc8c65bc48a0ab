//! What a network needs before it can start: who it is, where it listens, and its bounds.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use domain::Oin;
use libp2p::identity::Keypair;
use zeroize::Zeroizing;

use crate::rates::Rates;

/// Everything [`crate::Network::start`] needs. The members come later, with
/// [`crate::NetworkCommand::SetMembers`]: their addresses are often known only once everyone listens.
pub struct NetworkConfig {
    /// The own organisation.
    pub oin: Oin,
    /// Seed of the Ed25519 key that authenticates this node to others; its public half stands in the roster.
    pub node_seed: Zeroizing<[u8; 32]>,
    /// Where to listen; port 0 lets the system choose. Empty: this node only dials, and others reach it through
    /// relays.
    pub listen: Vec<SocketAddr>,
    /// Whether to listen on UDP too, at the same ports, and to dial QUIC beside TCP.
    pub quic: bool,
    /// Whether to relay between members of which one cannot be dialled. Useful only where it can be dialled itself.
    pub relay: bool,
    /// How long a request may take from sending to answer, at either side.
    pub request_timeout: Duration,
    /// Bounds on what peers and the own node may pile up.
    pub limits: Limits,
}

impl NetworkConfig {
    /// Keyholders evaluate thousands of elements for many askers, so an honest answer can take tens of seconds.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

    /// A node with the default time-out and limits, that uses QUIC where it is open and relays for nobody.
    #[must_use]
    pub fn new(oin: Oin, node_seed: Zeroizing<[u8; 32]>, listen: Vec<SocketAddr>) -> Self {
        Self {
            oin,
            node_seed,
            listen,
            quic: true,
            relay: false,
            request_timeout: Self::DEFAULT_REQUEST_TIMEOUT,
            limits: Limits::default(),
        }
    }

    /// The key that authenticates this node.
    pub(crate) fn keypair(&self) -> Keypair {
        keypair(&self.node_seed)
    }
}

impl fmt::Debug for NetworkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkConfig")
            .field("oin", &self.oin)
            .field("node_seed", &"redacted")
            .field("listen", &self.listen)
            .field("quic", &self.quic)
            .field("relay", &self.relay)
            .field("request_timeout", &self.request_timeout)
            .field("limits", &self.limits)
            .finish()
    }
}

/// Bounds that an operator may move. Every other bound is a constant beside the code that keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way on one connection in one conversation, both directions together. Own requests use at most
    /// half and wait in line for the rest, so two honest nodes never refuse each other for lack of room. Between
    /// 2 and 256; values outside are moved to the nearest.
    pub streams_per_connection: usize,
    /// Connections with one member. More than one arises when both dial at once, or when a member restarts before
    /// its old connection is known to be dead.
    pub connections_per_member: u32,
    /// Connections in the middle of their handshake, which anyone can open.
    pub pending_incoming: u32,
    /// Of these, from one network address.
    pub pending_from_address: u32,
    /// Requests of one member that wait for the own node's answer; the next one is refused.
    pub unanswered_per_member: usize,
    /// Own requests that wait for room, over all members; the next one fails at once.
    pub waiting_requests: usize,
    /// What members, and whoever knocks, may do how often.
    pub rates: Rates,
    /// Circuits that this node carries as a relay, over all members. A pair of members behind firewalls needs one.
    pub relay_circuits: usize,
    /// Refuse new connections while this process uses more memory. `None`: no such bound.
    pub process_memory_bytes: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams_per_connection: 32,
            connections_per_member: 4,
            pending_incoming: 128,
            pending_from_address: 32,
            unanswered_per_member: 64,
            waiting_requests: 1_024,
            rates: Rates::default(),
            relay_circuits: Self::DEFAULT_RELAY_CIRCUITS,
            process_memory_bytes: None,
        }
    }
}

impl Limits {
    /// Every pair of ninety members behind firewalls. A circuit costs its relay some ten KiB while it is quiet.
    pub const DEFAULT_RELAY_CIRCUITS: usize = 4_096;

    /// [`Limits::streams_per_connection`], moved into the range that works.
    pub(crate) fn streams(&self) -> usize {
        self.streams_per_connection.clamp(2, 256)
    }
}

/// The Ed25519 public key for a node's seed, as it stands in the roster and in [`crate::Peer::node_key`].
#[must_use]
pub fn node_public_key(seed: &[u8; 32]) -> [u8; 32] {
    let pair = keypair(seed).try_into_ed25519().expect("made as an Ed25519 key");
    pair.public().to_bytes()
}

fn keypair(seed: &[u8; 32]) -> Keypair {
    let mut copy = Zeroizing::new(*seed);
    Keypair::ed25519_from_bytes(copy.as_mut_slice()).expect("any 32 bytes are an Ed25519 seed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_key_is_the_one_of_rfc_8032() {
        // RFC 8032, section 7.1, test 1.
        let mut seed = [0; 32];
        for (byte, pair) in seed
            .iter_mut()
            .zip("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".as_bytes().chunks(2))
        {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        }
        assert_eq!(node_public_key(&seed)[..4], [0xd7, 0x5a, 0x98, 0x01]);
    }

    #[test]
    fn debug_does_not_show_the_seed() {
        let config = NetworkConfig::new(Oin::test_number(1).unwrap(), Zeroizing::new([0xAB; 32]), Vec::new());
        let text = format!("{config:?}");
        assert!(text.contains("redacted") && !text.contains("171"), "{text}");
    }
}
