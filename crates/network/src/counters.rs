//! Counts of what was refused, failed or lost, for operators and alarms.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that the swarm task and the codecs of every connection raise.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn raise(&self) {
        self.raise_by(1);
    }

    /// Raises by one and returns the count when it is worth a line in the log: the first, second, fourth, eighth …
    /// Whoever is refused a million times fills twenty lines.
    pub(crate) fn raise_and_tell(&self) -> Option<u64> {
        let count = self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        count.is_power_of_two().then_some(count)
    }

    pub(crate) fn raise_by(&self, amount: usize) {
        // Counts order nothing, so no count needs to be seen before another.
        self.0.fetch_add(u64::try_from(amount).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What the network refused, failed at or lost since it started.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            /// Every count with its name, in the order of the fields.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)+]
            }
        }

        /// The live counts behind [`Counters`].
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $(pub(crate) $name: Count,)+
        }

        impl Tally {
            pub(crate) fn snapshot(&self) -> Counters {
                Counters { $($name: self.$name.value(),)+ }
            }
        }
    };
}

counters! {
    /// Connections refused because the node key is no member's.
    strangers_refused,
    /// Connections refused because a limit was reached.
    connections_over_limit,
    /// Connections refused because their address or member came too often, or with too many at once.
    arrivals_refused,
    /// Incoming connections that failed before their node key was known.
    handshakes_failed,
    /// Own attempts to reach a member that failed.
    dials_failed,
    /// Connections closed because the member no longer answered.
    dead_connections,
    /// Entries of a member list that were skipped: key is no Ed25519 key, or used twice.
    members_skipped,
    /// Circles of a member list that were skipped because there are too many.
    circles_skipped,
    /// Frames announced longer than their conversation allows; refused unread.
    frames_oversized,
    /// Frames that ended before their announced length.
    frames_truncated,
    /// Own frames that were too long to send.
    own_frames_refused,
    /// Own requests that got no answer.
    requests_failed,
    /// Requests of members refused because too many of theirs wait.
    requests_refused,
    /// Requests of members given up for another member's, because too many of theirs and of all wait.
    requests_given_up,
    /// Requests of members that timed out or lost their connection before the own answer.
    requests_expired,
    /// Answers for which no request waits (any more).
    answers_unknown,
    /// Gossip refused because its author is no member or its topic unknown.
    gossip_foreign,
    /// Gossip refused because it is too long.
    gossip_oversized,
    /// Gossip dropped because its author, or the member that passed it on, says too much.
    gossip_too_often,
    /// Own gossip that nobody could be given: nobody listens yet, it was sent before, or queues are full.
    gossip_unsent,
    /// Places at relays that were refused or lost; they are asked for again.
    reservations_lost,
    /// Places and circuits that this node refused as a relay: over a bound, or for a member that holds no place.
    relaying_refused,
    /// Events lost because the node takes none.
    events_lost,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_told_ever_more_rarely() {
        let count = Count::default();
        let told: Vec<u64> = (0..1_000).filter_map(|_| count.raise_and_tell()).collect();
        assert_eq!(told, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(count.value(), 1_000);
    }
}
