//! What waits in the network now, and the most that ever did, for operators and for tests of the bounds.

use std::sync::atomic::{AtomicU64, Ordering};

/// Amounts that bounds hold, now or at their highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Events that the node has not taken yet.
    pub events: u64,
    /// Requests of members that are not answered yet.
    pub requests: u64,
    /// Bytes of these requests.
    pub request_bytes: u64,
    /// Bytes of own answers that the asker has not read yet.
    pub answer_bytes: u64,
    /// Own requests that wait to be sent.
    pub own_requests: u64,
    /// Open connections.
    pub connections: u64,
}

impl Load {
    fn values(self) -> [u64; 6] {
        let Self { events, requests, request_bytes, answer_bytes, own_requests, connections } = self;
        [events, requests, request_bytes, answer_bytes, own_requests, connections]
    }

    fn of([events, requests, request_bytes, answer_bytes, own_requests, connections]: [u64; 6]) -> Self {
        Self { events, requests, request_bytes, answer_bytes, own_requests, connections }
    }
}

/// The live values behind [`Load`]. Each is written by the swarm task alone.
#[derive(Debug, Default)]
pub(crate) struct LiveLoad {
    now: [AtomicU64; 6],
    most: [AtomicU64; 6],
}

impl LiveLoad {
    pub(crate) fn set(&self, load: Load) {
        // Each is a figure of its own; readers need no common moment.
        for ((now, most), value) in self.now.iter().zip(&self.most).zip(load.values()) {
            now.store(value, Ordering::Relaxed);
            most.fetch_max(value, Ordering::Relaxed);
        }
    }

    pub(crate) fn now(&self) -> Load {
        Load::of(self.now.each_ref().map(|value| value.load(Ordering::Relaxed)))
    }

    pub(crate) fn most(&self) -> Load {
        Load::of(self.most.each_ref().map(|value| value.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_is_remembered_for_each_figure() {
        let live = LiveLoad::default();
        let (first, second) = (
            Load { events: 3, connections: 1, ..Load::default() },
            Load { events: 1, requests: 2, ..Load::default() },
        );
        live.set(first);
        live.set(second);
        assert_eq!(live.now(), second);
        assert_eq!(live.most(), Load { events: 3, requests: 2, connections: 1, ..Load::default() });
    }
}
