//! One member: its node, how to get there, which connections there are, and when to try again. No clock here.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Oin;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::address::Path;

/// Pause after the first failed attempt; doubled by each further one.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause: how late a member is noticed that came back and does not dial by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often a member that is connected through a relay, and has addresses, is tried at these.
pub(super) const UPGRADE_PAUSE: Duration = Duration::from_secs(5 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// No connection; dial when due.
    Waiting { due: Instant },
    /// No connection; an own attempt is under way, through a relay or not.
    Dialling { through: Option<Oin> },
    /// The handshake succeeded; the member may still refuse.
    Open,
    /// The member has answered.
    Reachable,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) peer: PeerId,
    /// Of its TCP listeners, and of QUIC beside them where the own node uses it.
    pub(super) addresses: Vec<Multiaddr>,
    pub(super) is_relay: bool,
    /// Relays at which it is likely to hold a place, likeliest first.
    pub(super) relays: Vec<Oin>,
    pub(super) link: Link,
    pub(super) connections: BTreeMap<ConnectionId, Path>,
    pub(super) failures: u32,
    /// When to try its addresses, once it is connected through a relay.
    upgrade_due: Option<Instant>,
}

impl Member {
    pub(super) fn new(
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        is_relay: bool,
        relays: Vec<Oin>,
        due: Instant,
    ) -> Self {
        Self {
            peer,
            addresses,
            is_relay,
            relays,
            link: Link::Waiting { due },
            connections: BTreeMap::new(),
            failures: 0,
            upgrade_due: None,
        }
    }

    /// What the roster now says of the same node.
    pub(super) fn updated(
        mut self,
        addresses: Vec<Multiaddr>,
        is_relay: bool,
        relays: Vec<Oin>,
        now: Instant,
    ) -> Self {
        (self.is_relay, self.relays) = (is_relay, relays);
        if addresses != self.addresses {
            self.addresses = addresses;
            self.failures = 0;
            if let Link::Waiting { due } = &mut self.link {
                *due = now;
            }
            self.upgrade_due = self.upgrade_due.map(|_| now);
        }
        self
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.link == Link::Reachable
    }

    /// Whether it has answered, and a connection without a relay is open.
    pub(super) fn is_directly_reachable(&self) -> bool {
        self.is_reachable() && self.connections.values().any(|path| path.is_direct())
    }

    /// The best path of a reachable member.
    pub(super) fn path(&self) -> Option<Path> {
        let paths = || self.connections.values().copied();
        let best = paths().find(|path| *path == Path::Quic).or_else(|| paths().min());
        best.filter(|_| self.is_reachable())
    }

    pub(super) fn opened(&mut self, connection: ConnectionId, path: Path) {
        self.connections.insert(connection, path);
        if !self.is_reachable() {
            self.link = Link::Open;
        }
    }

    /// It said something over a connection. Returns whether that is news, and the circuits that are no longer needed.
    pub(super) fn answered(&mut self, connection: ConnectionId, now: Instant) -> (bool, Vec<ConnectionId>) {
        let Some(path) = self.connections.get(&connection).copied() else { return (false, Vec::new()) };
        let is_news = self.link == Link::Open;
        if is_news {
            self.link = Link::Reachable;
            self.failures = 0;
        }
        if !path.is_direct() {
            if !self.is_directly_reachable() {
                self.upgrade_due.get_or_insert(now + UPGRADE_PAUSE);
            }
            return (is_news, Vec::new());
        }
        self.upgrade_due = None;
        let relayed = self.connections.iter().filter(|(_, path)| !path.is_direct());
        (is_news, relayed.map(|(connection, _)| *connection).collect())
    }

    /// Returns whether that was the last connection.
    pub(super) fn closed(&mut self, connection: ConnectionId) -> bool {
        self.connections.remove(&connection);
        if self.connections.is_empty() {
            self.upgrade_due = None;
        }
        self.connections.is_empty()
    }

    /// When its addresses are to be tried although it is connected.
    pub(super) fn next_upgrade(&self) -> Option<Instant> {
        self.upgrade_due.filter(|_| !self.addresses.is_empty())
    }

    pub(super) fn begin_upgrade(&mut self, now: Instant) {
        self.upgrade_due = Some(now + UPGRADE_PAUSE);
    }

    pub(super) fn fail(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Waiting { due: now + pause };
    }
}
