//! Relaying for other members: what this node carries when its organisation is willing, and how much.
//!
//! A relay passes on opaque bytes: the TLS session runs between the two members, and each checks the other's node key
//! as it does on a connection of its own. Who may hold a place or ask for a circuit follows from who is connected,
//! and only members are. A circuit leads only to a member that holds a place here, never to an address.
//!
//! libp2p's defaults (two minutes, 128 KiB) are made for introductions between strangers. Here circuits are the
//! connections of members for days, so bounds are those of a connection.

use std::num::NonZeroU32;
use std::time::Duration;

use libp2p::{PeerId, relay};

use crate::Limits;

/// Places of members. One costs nothing beside the connection on which it is held, and a network has a few thousand
/// members, of whom some are behind firewalls.
const MAX_RESERVATIONS: usize = 8_192;

/// A place ends with the connection on which it is held, which is tested every few seconds, so it needs no end of its
/// own. A year as for idle connections; renewed by libp2p after three quarters.
const RESERVATION_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Circuits of one member. Each is a stream on its connection and may buffer 256 KiB when its other end does not read.
pub(crate) const MAX_CIRCUITS_PER_MEMBER: usize = 512;

/// After a day the two members connect anew, perhaps through another relay: load evens out, and whatever a circuit
/// has piled up is let go.
const CIRCUIT_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Seventy million tags of a whole nation are 1.1 GB. More than several times that in a day is no feed.
const CIRCUIT_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Requests for places that a member may make at once, and how long until one more.
const RESERVATION_BURST: NonZeroU32 = NonZeroU32::new(16).expect("not zero");
const RESERVATION_REFILL: Duration = Duration::from_secs(5);

/// Requests for circuits that a member may make at once: to everybody after a start. Absent members are tried again
/// every half minute.
const CIRCUIT_BURST: NonZeroU32 = NonZeroU32::new(1_024).expect("not zero");
const CIRCUIT_REFILL: Duration = Duration::from_millis(50);

/// The relay that a willing node runs.
pub(crate) fn server(own: PeerId, limits: &Limits) -> relay::Behaviour {
    let config = relay::Config {
        max_reservations: MAX_RESERVATIONS,
        max_reservations_per_peer: usize::try_from(limits.connections_per_member).unwrap_or(usize::MAX),
        reservation_duration: RESERVATION_DURATION,
        // Not by address: the members behind one firewall share theirs.
        reservation_rate_limiters: Vec::new(),
        max_circuits: limits.relay_circuits,
        max_circuits_per_peer: MAX_CIRCUITS_PER_MEMBER,
        max_circuit_duration: CIRCUIT_DURATION,
        max_circuit_bytes: CIRCUIT_BYTES,
        circuit_src_rate_limiters: Vec::new(),
    }
    .reservation_rate_per_peer(RESERVATION_BURST, RESERVATION_REFILL)
    .circuit_src_per_peer(CIRCUIT_BURST, CIRCUIT_REFILL);
    let mut server = relay::Behaviour::new(own, config);
    // By configuration, not by what libp2p thinks of the own addresses.
    server.set_status(Some(relay::Status::Enable));
    server
}
