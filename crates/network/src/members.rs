//! Who the members are, who of them is reachable, and when to dial whom.
//!
//! Both sides of a pair dial, the one with the higher number a little later, so that normally one connection
//! arises. A failed attempt doubles the pause before the next. No clock here: `now` is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Oin;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, identity};
use tokio::time::Instant;

use crate::Peer;

/// Pause after the first failed attempt; doubled by each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause: how late a member is noticed that came back and does not dial by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Head start of the lower number: longer than a handshake takes, so that the higher one need not dial.
const HEAD_START: Duration = Duration::from_secs(2);

/// Own attempts under way at one time.
const MAX_DIALLING: usize = 32;

/// Members of a network: a few thousand by design.
const MAX_MEMBERS: usize = 10_000;

/// Addresses of one member.
const MAX_ADDRESSES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// No connection; dial when due.
    Waiting { due: Instant },
    /// No connection; an own attempt is under way.
    Dialling,
    /// The handshake succeeded; the member may still refuse.
    Open,
    /// The member has answered.
    Reachable,
}

#[derive(Debug)]
struct Member {
    peer: PeerId,
    addresses: Vec<Multiaddr>,
    link: Link,
    failures: u32,
}

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

/// The members other than the own organisation.
#[derive(Debug)]
pub(crate) struct Members {
    own: Oin,
    own_peer: PeerId,
    members: BTreeMap<Oin, Member>,
    by_peer: BTreeMap<PeerId, Oin>,
}

impl Members {
    pub(crate) fn new(own: Oin, own_peer: PeerId) -> Self {
        Self { own, own_peer, members: BTreeMap::new(), by_peer: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Replaces the list. Who stays with the same key keeps its connection.
    pub(crate) fn replace(&mut self, peers: Vec<Peer>, now: Instant) -> Change {
        let mut change = Change::default();
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
            let addresses: Vec<Multiaddr> =
                entry.addresses.iter().take(MAX_ADDRESSES).map(multiaddr).collect();
            let member = if before.get(&entry.oin).is_some_and(|old| old.peer == peer)
                && let Some(old) = before.remove(&entry.oin)
            {
                old.moved_to(addresses, now)
            } else {
                change.added.push(peer);
                let due = if self.own < entry.oin { now } else { now + HEAD_START };
                Member { peer, addresses, link: Link::Waiting { due }, failures: 0 }
            };
            self.by_peer.insert(peer, entry.oin);
            self.members.insert(entry.oin, member);
        }
        change.removed = before
            .into_iter()
            .map(|(oin, old)| Removed { peer: old.peer, oin, was_reachable: old.link == Link::Reachable })
            .collect();
        change
    }

    /// The member that owns a node key.
    pub(crate) fn oin(&self, peer: &PeerId) -> Option<Oin> {
        self.by_peer.get(peer).copied()
    }

    /// The node of a member that has answered.
    pub(crate) fn reachable(&self, oin: &Oin) -> Option<PeerId> {
        self.members.get(oin).filter(|member| member.link == Link::Reachable).map(|member| member.peer)
    }

    /// A handshake with a node succeeded.
    pub(crate) fn opened(&mut self, peer: &PeerId) {
        if let Some((_, member)) = self.member(peer)
            && member.link != Link::Reachable
        {
            member.link = Link::Open;
        }
    }

    /// A node said something over an open connection. Returns the member if it was not reachable before.
    pub(crate) fn answered(&mut self, peer: &PeerId) -> Option<Oin> {
        let (oin, member) = self.member(peer)?;
        if member.link != Link::Open {
            return None;
        }
        member.link = Link::Reachable;
        member.failures = 0;
        Some(oin)
    }

    /// The last connection with a node closed. Returns the member if it was reachable before.
    pub(crate) fn closed(&mut self, peer: &PeerId, now: Instant) -> Option<Oin> {
        let own = self.own;
        let (oin, member) = self.member(peer)?;
        match member.link {
            Link::Reachable => {
                let pause = if own < oin { FIRST_PAUSE } else { HEAD_START };
                member.link = Link::Waiting { due: now + pause };
                Some(oin)
            }
            Link::Open => {
                member.fail(now);
                None
            }
            Link::Waiting { .. } | Link::Dialling => None,
        }
    }

    /// An own attempt failed.
    pub(crate) fn dial_failed(&mut self, peer: &PeerId, now: Instant) {
        if let Some((_, member)) = self.member(peer)
            && member.link == Link::Dialling
        {
            member.fail(now);
        }
    }

    /// When the next attempt is due, if there is room for one.
    pub(crate) fn next_dial(&self) -> Option<Instant> {
        let mut dialling = 0;
        let mut earliest: Option<Instant> = None;
        for member in self.members.values() {
            match member.link {
                Link::Dialling => dialling += 1,
                Link::Waiting { due } if !member.addresses.is_empty() => {
                    earliest = Some(earliest.map_or(due, |found| found.min(due)));
                }
                Link::Waiting { .. } | Link::Open | Link::Reachable => {}
            }
        }
        earliest.filter(|_| dialling < MAX_DIALLING)
    }

    /// The next attempt that is due, as begun.
    pub(crate) fn begin_dial(&mut self, now: Instant) -> Option<(PeerId, Vec<Multiaddr>)> {
        if self.next_dial()? > now {
            return None;
        }
        let member = self.members.values_mut().find(|member| {
            !member.addresses.is_empty() && matches!(member.link, Link::Waiting { due } if due <= now)
        })?;
        member.link = Link::Dialling;
        Some((member.peer, member.addresses.clone()))
    }

    fn member(&mut self, peer: &PeerId) -> Option<(Oin, &mut Member)> {
        let oin = *self.by_peer.get(peer)?;
        Some((oin, self.members.get_mut(&oin)?))
    }
}

impl Member {
    fn moved_to(mut self, addresses: Vec<Multiaddr>, now: Instant) -> Self {
        if addresses != self.addresses {
            self.addresses = addresses;
            self.failures = 0;
            if let Link::Waiting { due } = &mut self.link {
                *due = now;
            }
        }
        self
    }

    fn fail(&mut self, now: Instant) {
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.link = Link::Waiting { due: now + pause };
    }
}

/// The libp2p name of an Ed25519 key; `None` when the bytes are no such key.
fn peer_id(node_key: &[u8; 32]) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(node_key).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// The libp2p form of a TCP address.
pub(crate) fn multiaddr(address: &std::net::SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_public_key;

    const OWN: u64 = 5;

    fn oin(serial: u64) -> Oin {
        Oin::test_number(serial).unwrap()
    }

    fn entry(serial: u8, key_seed: u8) -> Peer {
        let node_key = node_public_key(&[key_seed; 32]);
        Peer { oin: oin(serial.into()), node_key, addresses: vec![([127, 0, 0, 1], 4_000).into()] }
    }

    fn peer(key_seed: u8) -> PeerId {
        peer_id(&node_public_key(&[key_seed; 32])).unwrap()
    }

    fn members(entries: Vec<Peer>, now: Instant) -> Members {
        let mut members = Members::new(oin(OWN), peer(5));
        let added = entries.len();
        assert_eq!(members.replace(entries, now).added.len(), added);
        members
    }

    #[tokio::test]
    async fn the_lower_number_dials_first_and_pauses_double_up_to_the_longest() {
        let now = Instant::now();
        let mut members = members(vec![entry(9, 9)], now);
        let mut due = now;
        for pause_ms in [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            assert_eq!(members.next_dial(), Some(due));
            assert_eq!(members.begin_dial(due).unwrap().0, peer(9));
            assert_eq!((members.next_dial(), members.begin_dial(due)), (None, None), "one attempt at a time");
            members.dial_failed(&peer(9), due);
            due += Duration::from_millis(pause_ms);
        }
        let mut members = self::members(vec![entry(1, 1)], now);
        assert_eq!(members.next_dial(), Some(now + HEAD_START), "the own number is the higher one");
        assert_eq!(members.begin_dial(now), None);
    }

    #[tokio::test]
    async fn a_handshake_alone_makes_nobody_reachable() {
        let now = Instant::now();
        let mut members = members(vec![entry(9, 9)], now);
        assert_eq!(members.answered(&peer(9)), None, "no connection yet");
        members.opened(&peer(9));
        assert_eq!(members.reachable(&oin(9)), None);
        assert_eq!(members.closed(&peer(9), now), None, "refused: it never was reachable");
        assert_eq!(members.next_dial(), Some(now + FIRST_PAUSE));
        members.opened(&peer(9));
        assert_eq!(members.answered(&peer(9)), Some(oin(9)));
        assert_eq!(members.answered(&peer(9)), None, "told once");
        members.opened(&peer(9));
        assert_eq!(members.reachable(&oin(9)), Some(peer(9)), "a second connection changes nothing");
        assert_eq!(members.closed(&peer(9), now), Some(oin(9)));
        assert_eq!(members.closed(&peer(9), now), None);
    }

    #[tokio::test]
    async fn a_new_list_keeps_who_stays_and_names_who_goes() {
        let now = Instant::now();
        let mut members = members(vec![entry(1, 1), entry(2, 2), entry(3, 3)], now);
        for seed in [1, 2, 3] {
            members.opened(&peer(seed));
            members.answered(&peer(seed));
        }
        let change = members.replace(vec![entry(1, 1), entry(2, 22), entry(4, 4)], now);
        assert_eq!(change.added, [peer(22), peer(4)]);
        let gone = |serial, seed| Removed { peer: peer(seed), oin: oin(serial), was_reachable: true };
        assert_eq!(change.removed, [gone(2, 2), gone(3, 3)], "a changed key is another node");
        assert_eq!(members.reachable(&oin(1)), Some(peer(1)));
        assert_eq!((members.reachable(&oin(2)), members.oin(&peer(2))), (None, None));
    }

    #[tokio::test]
    async fn the_own_organisation_and_doubtful_keys_are_left_out() {
        let mut members = Members::new(oin(OWN), peer(5));
        // Not the y coordinate of any point of the curve.
        let no_key = Peer { node_key: [2; 32], ..entry(6, 6) };
        assert_eq!(peer_id(&no_key.node_key), None);
        let list = vec![entry(5, 5), entry(1, 1), entry(2, 1), entry(1, 3), entry(7, 5), no_key];
        let change = members.replace(list, Instant::now());
        assert_eq!((change.added, change.skipped, members.len()), (vec![peer(1)], 4, 1));
    }
}
