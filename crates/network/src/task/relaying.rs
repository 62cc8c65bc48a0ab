//! Relays, from both sides: the own places at them, and the circuits that this node carries.

use libp2p::core::transport::ListenerId;
use libp2p::{PeerId, relay};
use tokio::time::Instant;

use super::Task;
use crate::address::{self, Path};
use crate::paths::Paths;

impl Task {
    /// Asks for the places that are missing, and gives back those that are no longer needed.
    pub(super) fn keep_places(&mut self) {
        let now = Instant::now();
        let is_needed = self.members.is_outbound_only();
        let unwanted = self.reservations.to_give_back(|relay| is_needed && self.members.is_relay(relay));
        for listener in unwanted {
            self.swarm.remove_listener(listener);
        }
        if !is_needed {
            return;
        }
        for relay in self.reservations.to_ask(self.members.own_relays(), now) {
            match self.swarm.listen_on(address::place_at(relay.peer, &relay.address)) {
                Ok(listener) => self.reservations.asked(relay.oin, listener),
                Err(error) => {
                    tracing::debug!(relay = %relay.oin, %error, "cannot ask for a place");
                    self.reservations.failed(relay.oin, now);
                }
            }
        }
    }

    /// A listener closed: a place was lost, or a socket.
    pub(super) fn listener_closed(&mut self, listener: ListenerId, reason: &std::io::Result<()>) {
        let Some(relay) = self.reservations.closed(listener, Instant::now()) else {
            tracing::error!("a listener closed; restart the node");
            return;
        };
        let error = reason.as_ref().err().map(tracing::field::display);
        if let Some(count) = self.tally.reservations_lost.raise_and_tell() {
            tracing::warn!(%relay, error, count, "a place at a relay was refused or lost");
        }
        self.note_paths();
    }

    pub(super) fn waited_at_relay(&mut self, event: &relay::client::Event) {
        match event {
            relay::client::Event::ReservationReqAccepted { relay_peer_id, .. } => {
                if let Some(relay) = self.members.oin(relay_peer_id)
                    && self.reservations.held(relay)
                {
                    tracing::info!(%relay, "holds a place at a relay");
                    self.note_paths();
                }
            }
            // The connection over the circuit is told like any other.
            relay::client::Event::OutboundCircuitEstablished { .. }
            | relay::client::Event::InboundCircuitEstablished { .. } => {}
        }
    }

    pub(super) fn relayed(&mut self, event: &relay::Event) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is deprecated or of no consequence")]
        match event {
            relay::Event::CircuitReqAccepted { src_peer_id, dst_peer_id } => {
                self.carried.insert(pair(src_peer_id, dst_peer_id));
            }
            relay::Event::CircuitClosed { src_peer_id, dst_peer_id, .. } => {
                self.carried.remove(&pair(src_peer_id, dst_peer_id));
            }
            relay::Event::ReservationReqDenied { src_peer_id, status } => {
                self.refused_to_relay(src_peer_id, status);
            }
            // An attempt at a member that is away: nobody's fault.
            relay::Event::CircuitReqDenied { status: relay::StatusCode::NoReservation, .. } => {}
            relay::Event::CircuitReqDenied { src_peer_id, status, .. } => {
                self.refused_to_relay(src_peer_id, status);
            }
            _ => {}
        }
        self.note_paths();
    }

    fn refused_to_relay(&self, member: &PeerId, status: &relay::StatusCode) {
        if let Some(count) = self.tally.relaying_refused.raise_and_tell() {
            let member = self.members.oin(member).map(tracing::field::display);
            tracing::warn!(member, ?status, count, "refused to relay for a member");
        }
    }

    /// Writes down by which paths members are reached now.
    pub(super) fn note_paths(&self) {
        let paths = self.members.paths();
        let reached = |path| paths.get(&path).copied().unwrap_or_default();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.paths.set(Paths {
            tcp: reached(Path::Tcp),
            quic: reached(Path::Quic),
            relayed: reached(Path::Relayed),
            places: count(self.reservations.count()),
            carried: count(self.carried.len()),
        });
    }
}

/// Two members in one order, whoever asked for the circuit. libp2p may tell the end of a circuit twice, so circuits
/// are not counted but known by their ends.
fn pair(one: &PeerId, other: &PeerId) -> (PeerId, PeerId) {
    (*one.min(other), *one.max(other))
}
