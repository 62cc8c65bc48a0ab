//! How often somebody may knock, and how many may stand at the door.
//!
//! A handshake costs a millisecond before it is known who comes, and keeps a place for as long as the other side likes
//! to take. So each network address has a share of the places and a rate, and each member a rate of its own. A circuit
//! comes from a relay and is bounded there.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::behaviour::ListenFailure;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::Limits;
use crate::rates::{Buckets, Rates};

/// Addresses remembered because they came of late: half a megabyte. While as many are busy, none beyond them gets in.
const MAX_ADDRESSES: usize = 16_384;

/// Nodes remembered because they came of late: those of the largest network.
const MAX_PEERS: usize = 10_000;

/// Comes too often, or with too many at once.
#[derive(Debug)]
pub(crate) struct TooOften;

impl fmt::Display for TooOften {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("comes too often, or with too many at once")
    }
}

impl std::error::Error for TooOften {}

/// Refuses whoever comes too often.
#[derive(Debug)]
pub(crate) struct Arrivals {
    rates: Rates,
    max_pending: usize,
    pending: BTreeMap<ConnectionId, IpAddr>,
    addresses: Buckets<IpAddr>,
    peers: Buckets<PeerId>,
}

impl Arrivals {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            rates: limits.rates,
            max_pending: usize::try_from(limits.pending_from_address).unwrap_or(usize::MAX),
            pending: BTreeMap::new(),
            addresses: Buckets::new(MAX_ADDRESSES),
            peers: Buckets::new(MAX_PEERS),
        }
    }

    fn knock(&mut self, connection: ConnectionId, address: IpAddr, now: Instant) -> Result<(), TooOften> {
        let pending = self.pending.values().filter(|from| **from == address).count();
        if pending >= self.max_pending
            || !self.addresses.try_take(address, self.rates.connections_from_address, now)
        {
            return Err(TooOften);
        }
        self.pending.insert(connection, address);
        Ok(())
    }

    fn enter(&mut self, connection: ConnectionId, peer: PeerId, now: Instant) -> Result<(), TooOften> {
        self.pending.remove(&connection);
        let is_due = self.peers.try_take(peer, self.rates.connections_of_member, now);
        if is_due { Ok(()) } else { Err(TooOften) }
    }
}

/// Where a connection comes from: the address, of IPv6 the network of one subscriber. `None` for a circuit.
fn origin(remote: &Multiaddr) -> Option<IpAddr> {
    if remote.iter().any(|part| part == Protocol::P2pCircuit) {
        return None;
    }
    let first = remote.iter().next()?;
    if let Protocol::Ip4(ip) = first {
        Some(ip.into())
    } else if let Protocol::Ip6(ip) = first {
        let network = u128::from(ip) & !u128::from(u64::MAX);
        Some(ip.to_ipv4_mapped().map_or_else(|| Ipv6Addr::from(network).into(), IpAddr::from))
    } else {
        None
    }
}

impl NetworkBehaviour for Arrivals {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let Some(address) = origin(remote) else { return Ok(()) };
        self.knock(connection, address, Instant::now()).map_err(ConnectionDenied::new)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _local: &Multiaddr,
        _remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enter(connection, peer, Instant::now()).map_err(ConnectionDenied::new)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _connection: ConnectionId,
        _peer: PeerId,
        _address: &Multiaddr,
        _role: Endpoint,
        _port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) = event {
            self.pending.remove(&connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _peer: PeerId,
        _connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rates::Rate;

    fn arrivals() -> Arrivals {
        let every = Duration::from_secs(1);
        let rates = Rates {
            connections_from_address: Rate { burst: 3, every },
            connections_of_member: Rate { burst: 1, every },
            ..Rates::default()
        };
        Arrivals::new(&Limits { rates, pending_from_address: 2, ..Limits::default() })
    }

    fn from(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn one_address_cannot_take_every_place_at_the_door() {
        let mut arrivals = arrivals();
        let now = Instant::now();
        let [first, second, third, fourth] = [1, 2, 3, 4].map(ConnectionId::new_unchecked);
        let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
        assert!(arrivals.knock(first, one, now).is_ok() && arrivals.knock(second, one, now).is_ok());
        assert!(arrivals.knock(third, one, now).is_err(), "two are at the door");
        assert!(arrivals.knock(third, other, now).is_ok());
        let local: Multiaddr = "/ip4/192.0.2.9/tcp/1".parse().unwrap();
        let error = libp2p::swarm::ListenError::Aborted;
        arrivals.on_swarm_event(FromSwarm::ListenFailure(ListenFailure {
            local_addr: &local,
            send_back_addr: &local,
            error: &error,
            connection_id: first,
            peer_id: None,
        }));
        assert!(arrivals.knock(fourth, one, now).is_ok(), "one has gone");
        let enough =
            arrivals.enter(second, PeerId::random(), now).and_then(|()| arrivals.knock(second, one, now));
        assert!(enough.is_err(), "there is room, but it came three times at once");
        assert!(arrivals.knock(second, one, now + Duration::from_secs(1)).is_ok());
        assert_eq!(arrivals.pending.len(), 3);
    }

    #[tokio::test]
    async fn a_member_that_comes_again_and_again_is_refused_for_a_while() {
        let mut arrivals = arrivals();
        let now = Instant::now();
        let [one, other] = [PeerId::random(), PeerId::random()];
        let connection = ConnectionId::new_unchecked(1);
        assert!(arrivals.enter(connection, one, now).is_ok());
        assert!(arrivals.enter(connection, one, now).is_err());
        assert!(arrivals.enter(connection, other, now).is_ok());
        assert!(arrivals.enter(connection, one, now + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn a_subscriber_has_one_address() {
        fn check(remote: &str, expected: Option<&str>) {
            assert_eq!(origin(&remote.parse().unwrap()), expected.map(from), "{remote}");
        }
        check("/ip4/192.0.2.1/tcp/7310", Some("192.0.2.1"));
        check("/ip4/192.0.2.1/udp/7310/quic-v1", Some("192.0.2.1"));
        check("/ip6/2001:db8:1:2:3:4:5:6/tcp/7310", Some("2001:db8:1:2::"));
        check("/ip6/::ffff:192.0.2.1/tcp/7310", Some("192.0.2.1"));
        let relay = PeerId::random();
        check(&format!("/ip4/192.0.2.1/tcp/7310/p2p/{relay}/p2p-circuit"), None);
        check("/memory/1", None);
    }
}
