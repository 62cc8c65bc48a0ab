//! Addresses in libp2p's form: of nodes, of circuits through a relay, and by which path a connection came.

use std::net::SocketAddr;

use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// What a connection runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Path {
    /// A TCP connection of its own.
    Tcp,
    /// QUIC, so UDP.
    Quic,
    /// A circuit: two connections of a relay.
    Relayed,
}

impl Path {
    /// The path of a connection that was just established.
    pub(crate) fn of(endpoint: &ConnectedPoint) -> Self {
        let is_quic = |address: &Multiaddr| address.iter().any(|part| part == Protocol::QuicV1);
        if endpoint.is_relayed() {
            return Self::Relayed;
        }
        match endpoint {
            ConnectedPoint::Dialer { address, .. } if is_quic(address) => Self::Quic,
            ConnectedPoint::Listener { local_addr, .. } if is_quic(local_addr) => Self::Quic,
            ConnectedPoint::Dialer { .. } | ConnectedPoint::Listener { .. } => Self::Tcp,
        }
    }

    /// Whether no third node stands between.
    pub(crate) fn is_direct(self) -> bool {
        self != Self::Relayed
    }
}

/// The libp2p form of a TCP address.
pub(crate) fn tcp(address: &SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

/// The libp2p form of the UDP address with the same port.
pub(crate) fn quic(address: &SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Udp(address.port())).with(Protocol::QuicV1)
}

/// Where to wait for circuits that a relay opens to the own node.
pub(crate) fn place_at(relay: PeerId, relay_address: &Multiaddr) -> Multiaddr {
    relay_address.clone().with(Protocol::P2p(relay)).with(Protocol::P2pCircuit)
}

/// How to reach a member through a relay.
pub(crate) fn circuit(relay: PeerId, relay_address: &Multiaddr, member: PeerId) -> Multiaddr {
    place_at(relay, relay_address).with(Protocol::P2p(member))
}

/// The TCP address in libp2p's form, if it is one.
pub(crate) fn socket_address(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    let (host, port) = (parts.next()?, parts.next()?);
    let ip: std::net::IpAddr = if let Protocol::Ip4(ip) = host {
        ip.into()
    } else if let Protocol::Ip6(ip) = host {
        ip.into()
    } else {
        return None;
    };
    let Protocol::Tcp(port) = port else { return None };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use libp2p::core::Endpoint;
    use libp2p::core::transport::PortUse;

    use super::*;

    #[test]
    fn the_path_is_read_from_the_address() {
        let node: SocketAddr = "192.0.2.1:7310".parse().unwrap();
        let (relay, member) = (PeerId::random(), PeerId::random());
        let dialled = |address: Multiaddr| {
            Path::of(&ConnectedPoint::Dialer {
                address,
                role_override: Endpoint::Dialer,
                port_use: PortUse::New,
            })
        };
        assert_eq!(dialled(tcp(&node)), Path::Tcp);
        assert_eq!(dialled(quic(&node)), Path::Quic);
        // A circuit is a circuit, whatever its relay is reached by.
        assert_eq!(dialled(circuit(relay, &quic(&node), member)), Path::Relayed);
        let accepted = |local_addr: Multiaddr| {
            Path::of(&ConnectedPoint::Listener { local_addr, send_back_addr: tcp(&node) })
        };
        assert_eq!(accepted(tcp(&node)), Path::Tcp);
        assert_eq!(accepted(quic(&node)), Path::Quic);
        assert_eq!(accepted(tcp(&node).with(Protocol::P2pCircuit)), Path::Relayed);
    }

    #[test]
    fn addresses_are_written_as_libp2p_reads_them() {
        let node: SocketAddr = "[2001:db8::1]:7310".parse().unwrap();
        let (relay, member) = (PeerId::random(), PeerId::random());
        assert_eq!(tcp(&node).to_string(), "/ip6/2001:db8::1/tcp/7310");
        assert_eq!(quic(&node).to_string(), "/ip6/2001:db8::1/udp/7310/quic-v1");
        assert_eq!(
            circuit(relay, &tcp(&node), member).to_string(),
            format!("/ip6/2001:db8::1/tcp/7310/p2p/{relay}/p2p-circuit/p2p/{member}")
        );
        assert_eq!(socket_address(&tcp(&node)), Some(node));
        assert_eq!(socket_address(&quic(&node)), None);
    }
}
