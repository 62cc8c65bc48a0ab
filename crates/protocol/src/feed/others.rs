//! What the heads of others say about this node: whether its clock agrees with theirs, and whether they act on a newer
//! roster.
//!
//! Every head carries the time at which its publisher signed it and reaches every member within seconds, whoever may
//! read the feed. One member can say anything; so the clocks are compared by the middle of all members' heads, and a
//! roster is newer when a second member knows of it.

use std::collections::BTreeMap;

use domain::{Oin, Timestamp};
use index::HeadDocument;
use roster::VerifiedRoster;

/// Versions above the own one that are believed of a single member: more are rarely signed while a node is away.
const VERSIONS_AHEAD: u32 = 16;

/// What one member's newest head says.
struct Heard {
    /// When the member signed it.
    signed_at: Timestamp,
    /// When it arrived, by the own clock.
    arrived_at: Timestamp,
    roster_version: u32,
}

/// The newest gossiped head of every member.
#[derive(Default)]
pub(crate) struct Others(BTreeMap<Oin, Heard>);

/// The own clock beside those of the members heard of late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockComparison {
    /// How many members it is compared with; none until the first of them publishes.
    pub members: usize,
    /// Seconds by which the own clock is ahead of theirs; negative when it is behind. Includes the time that a head
    /// travels.
    pub ahead_seconds: i64,
}

impl Others {
    /// Takes note of a head that has just arrived by gossip and whose signature is verified. A head that is repeated
    /// says nothing about the time now.
    pub(crate) fn hear(&mut self, head: &HeadDocument, now: Timestamp) {
        let heard = Heard { signed_at: head.time, arrived_at: now, roster_version: head.roster_version };
        let newer = self.0.get(&head.feed.publisher).is_none_or(|held| held.signed_at < heard.signed_at);
        if newer {
            self.0.insert(head.feed.publisher, heard);
        }
    }

    /// Compares the clocks. Members count that were heard within two heartbeats; when the own clock jumps, none does
    /// until its next head.
    pub(crate) fn clock(&self, roster: &VerifiedRoster, now: Timestamp) -> ClockComparison {
        let lately = 2 * u64::from(roster.rules().heartbeat_seconds);
        let ahead: Vec<i64> = self
            .0
            .iter()
            .filter(|(oin, heard)| roster.member(oin).is_some() && apart(heard.arrived_at, now) <= lately)
            .map(|(_, heard)| difference(heard.arrived_at, heard.signed_at))
            .collect();
        ClockComparison { members: ahead.len(), ahead_seconds: middle(ahead) }
    }

    /// The newest version of the roster that two members act on, as they say, or the only one that was heard; 0 when
    /// nobody was.
    pub(crate) fn newest_roster(&self, roster: &VerifiedRoster) -> u32 {
        let members = self.0.iter().filter(|(oin, _)| roster.member(oin).is_some());
        believed(members.map(|(_, heard)| heard.roster_version).collect(), roster.version())
    }
}

/// The second highest of the versions that members name. A single one may name anything, so it counts up to a little
/// above the own version.
fn believed(mut versions: Vec<u32>, own: u32) -> u32 {
    versions.sort_unstable();
    match versions.as_slice() {
        [] => 0,
        [only] => (*only).min(own.saturating_add(VERSIONS_AHEAD)),
        [.., second, _highest] => *second,
    }
}

/// The middle value; of two in the middle the one nearer to zero.
fn middle(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    let (upper, lower) = (values.len() / 2, values.len().saturating_sub(1) / 2);
    [upper, lower]
        .into_iter()
        .filter_map(|at| values.get(at))
        .min_by_key(|value| value.unsigned_abs())
        .copied()
        .unwrap_or(0)
}

fn apart(one: Timestamp, other: Timestamp) -> u64 {
    one.0.abs_diff(other.0)
}

fn difference(later: Timestamp, earlier: Timestamp) -> i64 {
    let seconds = i64::try_from(apart(later, earlier)).unwrap_or(i64::MAX);
    if later >= earlier { seconds } else { -seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_no_liars() {
        fn check(values: &[i64], expected: i64) {
            assert_eq!(middle(values.to_vec()), expected, "{values:?}");
        }
        check(&[], 0);
        check(&[7], 7);
        check(&[-86_400, 3], 3);
        check(&[2, i64::MAX, 1], 2);
        check(&[86_399, 86_401, 0], 86_399);
        check(&[i64::MIN, -5, -4, 1], -4);
    }

    #[test]
    fn one_member_makes_no_version_exist() {
        fn check(versions: &[u32], expected: u32) {
            assert_eq!(believed(versions.to_vec(), 3), expected, "{versions:?}");
        }
        check(&[], 0);
        check(&[2], 2);
        check(&[5], 5);
        check(&[u32::MAX], 19);
        check(&[u32::MAX, 3], 3);
        check(&[5, 2, 5], 5);
        check(&[u32::MAX, 4, 3, 3], 4);
    }

    #[test]
    fn a_difference_has_a_sign() {
        assert_eq!(difference(Timestamp(10), Timestamp(4)), 6);
        assert_eq!(difference(Timestamp(4), Timestamp(10)), -6);
        assert_eq!(difference(Timestamp(u64::MAX), Timestamp(0)), i64::MAX);
    }
}
