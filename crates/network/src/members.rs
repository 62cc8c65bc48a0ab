//! Who the members are, who of them is reachable, and when to dial whom by which way.
//!
//! Both sides of a pair dial, the one with the higher number a little later, so that normally one connection
//! arises. A failed attempt doubles the pause before the next.
//!
//! A member with addresses is dialled there; every second attempt, and every attempt at a member without addresses,
//! goes through a relay to which the own node has a connection already. Members without addresses hold places at the
//! relays whose node keys are nearest to their own ([`nearest_first`]), so both ends look at the same ones first. A
//! pair that is connected through a relay tries the addresses now and then; once that succeeds, the circuit goes.
//!
//! No clock here: `now` is an argument.

mod member;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Oin;
use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId, identity};
use tokio::time::Instant;

use self::member::{FIRST_PAUSE, Link, Member};
use crate::Peer;
use crate::address::{self, Path};

/// Head start of the lower number: longer than a handshake takes, so that the higher one need not dial.
const HEAD_START: Duration = Duration::from_secs(2);

/// Head start of a member without addresses over one that has some: it can dial, and spare the relay a circuit.
const HEAD_START_OUTBOUND_ONLY: Duration = Duration::from_secs(5);

/// Own attempts under way at one time.
const MAX_DIALLING: usize = 32;

/// Of these, attempts through one relay. libp2p drops requests for circuits beyond ten on one connection.
const MAX_DIALLING_THROUGH_ONE: usize = 8;

/// Members of a network: a few thousand by design.
const MAX_MEMBERS: usize = 10_000;

/// Addresses of one member.
const MAX_ADDRESSES: usize = 8;

/// Relays that are tried for one member: as many as may hold its places, and as many again.
const MAX_RELAYS: usize = 8;

/// What a new list of members changed.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Newly allowed.
    pub(crate) added: Vec<PeerId>,
    /// No longer allowed.
    pub(crate) removed: Vec<Removed>,
    /// Entries left out.
    pub(crate) skipped: usize,
}

/// A node that is no member's any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) peer: PeerId,
    pub(crate) oin: Oin,
    pub(crate) was_reachable: bool,
}

/// What somebody's answer changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The member, if it was not reachable before.
    pub(crate) newly: Option<Oin>,
    /// Circuits to close: the member is reachable without a relay.
    pub(crate) superseded: Vec<ConnectionId>,
}

/// An own attempt, begun.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) peer: PeerId,
    pub(crate) addresses: Vec<Multiaddr>,
    /// Whether the member is connected already, through a relay.
    pub(crate) is_upgrade: bool,
}

/// A relay that can be used now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relay {
    pub(crate) oin: Oin,
    pub(crate) peer: PeerId,
    pub(crate) address: Multiaddr,
}

/// What can be tried next for one member.
enum Way {
    Addresses,
    Through(Relay),
    Upgrade,
}

/// The members other than the own organisation.
#[derive(Debug)]
pub(crate) struct Members {
    own: Oin,
    own_peer: PeerId,
    listens: bool,
    quic: bool,
    outbound_only: bool,
    /// Every relay, in the order in which the own node asks for places.
    own_relays: Vec<Oin>,
    members: BTreeMap<Oin, Member>,
    by_peer: BTreeMap<PeerId, Oin>,
}

impl Members {
    /// `listens` says whether the own node can be dialled at all, `quic` whether it uses QUIC.
    pub(crate) fn new(own: Oin, own_peer: PeerId, listens: bool, quic: bool) -> Self {
        Self {
            own,
            own_peer,
            listens,
            quic,
            outbound_only: !listens,
            own_relays: Vec::new(),
            members: BTreeMap::new(),
            by_peer: BTreeMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Replaces the list. Who stays with the same key keeps its connection.
    pub(crate) fn replace(&mut self, peers: Vec<Peer>, now: Instant) -> Change {
        let mut change = Change::default();
        let listed = |peer: &Peer| peer.oin == self.own && !peer.addresses.is_empty();
        self.outbound_only =
            !self.listens || (peers.iter().any(|peer| peer.oin == self.own) && !peers.iter().any(listed));
        let relays: Vec<(Oin, PeerId)> = peers
            .iter()
            .filter(|peer| peer.relay && peer.oin != self.own && !peer.addresses.is_empty())
            .filter_map(|peer| Some((peer.oin, peer_id(&peer.node_key)?)))
            .collect();
        self.own_relays = nearest_first(&self.own_peer, &relays, usize::MAX);
        let mut before = std::mem::take(&mut self.members);
        self.by_peer.clear();
        for entry in peers {
            if entry.oin == self.own {
                continue;
            }
            let Some(peer) = peer_id(&entry.node_key).filter(|peer| {
                *peer != self.own_peer
                    && !self.by_peer.contains_key(peer)
                    && !self.members.contains_key(&entry.oin)
                    && self.members.len() < MAX_MEMBERS
            }) else {
                change.skipped += 1;
                continue;
            };
            let addresses = self.multiaddrs(&entry);
            let relays = nearest_first(&peer, &relays, MAX_RELAYS);
            let member = if before.get(&entry.oin).is_some_and(|old| old.peer == peer)
                && let Some(old) = before.remove(&entry.oin)
            {
                old.updated(addresses, entry.relay, relays, now)
            } else {
                change.added.push(peer);
                let wait = self.head_start(&entry.oin, addresses.is_empty());
                Member::new(peer, addresses, entry.relay, relays, now + wait)
            };
            self.by_peer.insert(peer, entry.oin);
            self.members.insert(entry.oin, member);
        }
        change.removed = before
            .into_iter()
            .map(|(oin, old)| Removed { peer: old.peer, oin, was_reachable: old.is_reachable() })
            .collect();
        change
    }

    fn multiaddrs(&self, entry: &Peer) -> Vec<Multiaddr> {
        let listed = entry.addresses.iter().take(MAX_ADDRESSES);
        if self.quic {
            listed.flat_map(|one| [address::quic(one), address::tcp(one)]).collect()
        } else {
            listed.map(address::tcp).collect()
        }
    }

    /// How long the other side has to dial before the own node does.
    fn head_start(&self, oin: &Oin, has_no_address: bool) -> Duration {
        let by_number = if self.own < *oin { Duration::ZERO } else { HEAD_START };
        if has_no_address && !self.outbound_only { by_number + HEAD_START_OUTBOUND_ONLY } else { by_number }
    }

    /// The member that owns a node key.
    pub(crate) fn oin(&self, peer: &PeerId) -> Option<Oin> {
        self.by_peer.get(peer).copied()
    }

    /// The node of a member that has answered.
    pub(crate) fn reachable(&self, oin: &Oin) -> Option<PeerId> {
        self.members.get(oin).filter(|member| member.is_reachable()).map(|member| member.peer)
    }

    /// How many members are reachable, by the best path to each.
    pub(crate) fn paths(&self) -> BTreeMap<Path, u64> {
        let mut paths = BTreeMap::new();
        for path in self.members.values().filter_map(Member::path) {
            *paths.entry(path).or_default() += 1;
        }
        paths
    }

    /// Whether nobody can dial the own node, so that it needs places at relays.
    pub(crate) fn is_outbound_only(&self) -> bool {
        self.outbound_only
    }

    /// Whether the roster lists it as a relay.
    pub(crate) fn is_relay(&self, oin: &Oin) -> bool {
        self.own_relays.contains(oin)
    }

    /// Relays at which the own node can ask for a place now, nearest first.
    pub(crate) fn own_relays(&self) -> impl Iterator<Item = Relay> {
        self.own_relays.iter().filter_map(|oin| self.usable_relay(oin))
    }

    fn usable_relay(&self, oin: &Oin) -> Option<Relay> {
        let member =
            self.members.get(oin).filter(|member| member.is_relay && member.is_directly_reachable())?;
        // Only names the circuit; the connection that is there is used.
        let address = member.addresses.last()?.clone();
        Some(Relay { oin: *oin, peer: member.peer, address })
    }

    /// A handshake with a node succeeded.
    pub(crate) fn opened(&mut self, peer: &PeerId, connection: ConnectionId, path: Path) {
        if let Some((_, member)) = self.member(peer) {
            member.opened(connection, path);
        }
    }

    /// A node said something over an open connection.
    pub(crate) fn answered(&mut self, peer: &PeerId, connection: ConnectionId, now: Instant) -> Answered {
        let Some((oin, member)) = self.member(peer) else { return Answered::default() };
        let (is_news, superseded) = member.answered(connection, now);
        Answered { newly: is_news.then_some(oin), superseded }
    }

    /// A connection with a node closed. Returns the member if it was reachable before and is not any more.
    pub(crate) fn closed(&mut self, peer: &PeerId, connection: ConnectionId, now: Instant) -> Option<Oin> {
        let oin = *self.by_peer.get(peer)?;
        let wait = self.head_start(&oin, self.members.get(&oin)?.addresses.is_empty()).max(FIRST_PAUSE);
        let member = self.members.get_mut(&oin)?;
        if !member.closed(connection) {
            return None;
        }
        match member.link {
            Link::Reachable => {
                member.link = Link::Waiting { due: now + wait };
                Some(oin)
            }
            Link::Open => {
                member.fail(now);
                None
            }
            Link::Waiting { .. } | Link::Dialling { .. } => None,
        }
    }

    /// An own attempt failed.
    pub(crate) fn dial_failed(&mut self, peer: &PeerId, now: Instant) {
        if let Some((_, member)) = self.member(peer)
            && matches!(member.link, Link::Dialling { .. })
        {
            member.fail(now);
        }
    }

    /// When the next attempt is due, if there is room for one.
    pub(crate) fn next_dial(&self) -> Option<Instant> {
        self.earliest().map(|(due, _, _)| due)
    }

    /// The next attempt that is due, as begun.
    pub(crate) fn begin_dial(&mut self, now: Instant) -> Option<Attempt> {
        let (due, oin, way) = self.earliest()?;
        if due > now {
            return None;
        }
        let member = self.members.get_mut(&oin)?;
        let peer = member.peer;
        let addresses = member.addresses.clone();
        Some(match way {
            Way::Addresses => {
                member.link = Link::Dialling { through: None };
                Attempt { peer, addresses, is_upgrade: false }
            }
            Way::Through(relay) => {
                member.link = Link::Dialling { through: Some(relay.oin) };
                let circuit = address::circuit(relay.peer, &relay.address, peer);
                Attempt { peer, addresses: vec![circuit], is_upgrade: false }
            }
            Way::Upgrade => {
                member.begin_upgrade(now);
                Attempt { peer, addresses, is_upgrade: true }
            }
        })
    }

    fn earliest(&self) -> Option<(Instant, Oin, Way)> {
        let mut under_way = BTreeMap::new();
        for member in self.members.values() {
            if let Link::Dialling { through } = member.link {
                *under_way.entry(through).or_insert(0) += 1;
            }
        }
        if under_way.values().sum::<usize>() >= MAX_DIALLING {
            return None;
        }
        let due = |member: &Member| match member.link {
            Link::Waiting { due } => Some(due),
            Link::Reachable => member.next_upgrade(),
            Link::Dialling { .. } | Link::Open => None,
        };
        // Of those due at one moment the lowest number, as long as there is a way to it.
        let mut earliest: Option<(Instant, Oin, Way)> = None;
        for (oin, member) in &self.members {
            let Some(due) = due(member) else { continue };
            if earliest.as_ref().is_some_and(|(found, _, _)| *found <= due) {
                continue;
            }
            if let Some(way) = self.way(member, &under_way) {
                earliest = Some((due, *oin, way));
            }
        }
        earliest
    }

    /// How to try it next. Alternates between its addresses and, one after the other, the relays.
    fn way(&self, member: &Member, under_way: &BTreeMap<Option<Oin>, usize>) -> Option<Way> {
        if member.is_reachable() {
            return Some(Way::Upgrade);
        }
        // A relay can be dialled and waits nowhere.
        let candidates = if member.is_relay { &[][..] } else { member.relays.as_slice() };
        let relays: Vec<Relay> = candidates.iter().filter_map(|oin| self.usable_relay(oin)).collect();
        let has_addresses = !member.addresses.is_empty();
        let turn = usize::try_from(member.failures).unwrap_or(usize::MAX);
        if has_addresses && (relays.is_empty() || turn.is_multiple_of(2)) {
            return Some(Way::Addresses);
        }
        let turn = if has_addresses { turn / 2 } else { turn };
        let place = turn.checked_rem(relays.len())?;
        let relay = relays.into_iter().nth(place)?;
        let busy = under_way.get(&Some(relay.oin)).is_some_and(|count| *count >= MAX_DIALLING_THROUGH_ONE);
        (!busy).then_some(Way::Through(relay))
    }

    fn member(&mut self, peer: &PeerId) -> Option<(Oin, &mut Member)> {
        let oin = *self.by_peer.get(peer)?;
        Some((oin, self.members.get_mut(&oin)?))
    }
}

/// Relays in the order of the distance (XOR) of their node keys to that of a node: the same at every node, and
/// different for every node, so that places are spread. At most `most` of them.
fn nearest_first(node: &PeerId, relays: &[(Oin, PeerId)], most: usize) -> Vec<Oin> {
    let own = node.to_bytes();
    let distance = |relay: &PeerId| -> Vec<u8> {
        own.iter().zip(relay.to_bytes()).map(|(one, other)| one ^ other).collect()
    };
    let mut ranked: Vec<(Vec<u8>, Oin)> = relays
        .iter()
        .filter(|(_, relay)| relay != node)
        .map(|(oin, relay)| (distance(relay), *oin))
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, oin)| oin).take(most).collect()
}

/// The libp2p name of an Ed25519 key; `None` when the bytes are no such key.
fn peer_id(node_key: &[u8; 32]) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(node_key).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}
