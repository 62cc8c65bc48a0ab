//! By which paths members are reached now, for operators.

use std::sync::atomic::{AtomicU64, Ordering};

/// How the network reaches others at this moment, and what it carries for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Members reached over TCP.
    pub tcp: u64,
    /// Members reached over QUIC.
    pub quic: u64,
    /// Members reached through a relay.
    pub relayed: u64,
    /// Relays at which this node, which others cannot dial, holds a place.
    pub places: u64,
    /// Pairs of members whose circuits this node carries.
    pub carried: u64,
}

/// The live values behind [`Paths`]. Each is written by the swarm task alone.
#[derive(Debug, Default)]
pub(crate) struct LivePaths {
    tcp: AtomicU64,
    quic: AtomicU64,
    relayed: AtomicU64,
    places: AtomicU64,
    carried: AtomicU64,
}

impl LivePaths {
    pub(crate) fn set(&self, paths: Paths) {
        let Paths { tcp, quic, relayed, places, carried } = paths;
        for (live, value) in [
            (&self.tcp, tcp),
            (&self.quic, quic),
            (&self.relayed, relayed),
            (&self.places, places),
            (&self.carried, carried),
        ] {
            // Each is a figure of its own; readers need no common moment.
            live.store(value, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Paths {
        let value = |live: &AtomicU64| live.load(Ordering::Relaxed);
        Paths {
            tcp: value(&self.tcp),
            quic: value(&self.quic),
            relayed: value(&self.relayed),
            places: value(&self.places),
            carried: value(&self.carried),
        }
    }
}
