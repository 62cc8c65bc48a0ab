//! The bounds that a network of real families keeps, whoever signs its roster.
//!
//! A `test_network` holds synthetic families and may turn its clocks as fast as it likes. In production a governor's
//! typing error must not be able to publish every second, declare silent members stale between two heartbeats, or
//! leave all keys with one organisation.

use crate::{RosterDocument, RosterError};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// How test OINs start; Logius issues none in this range.
const TEST_OIN: &str = "00000099";

/// Refuses what only a test network may have.
pub(crate) fn check(document: &RosterDocument) -> Result<(), RosterError> {
    if document.test_network {
        return Ok(());
    }
    let rules = &document.rules;
    let publish = u64::from(rules.publish_interval_seconds);
    let heartbeat = u64::from(rules.heartbeat_seconds);
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    // A shorter epoch has everybody evaluate everything anew all the time; a longer one keeps keys for too long.
    within("the length of an epoch in seconds", rules.epoch.length_seconds, 28 * DAY, 366 * DAY)?;
    // A member that was away over a roll-over is found while it catches up; what was harvested ends soon after.
    within("the grace of an epoch in seconds", rules.epoch.grace_seconds, 7 * DAY, 28 * DAY)?;
    // Keyholders on holiday, a ceremony that has to be repeated, and everybody's evaluations after it.
    within("the preparation of an epoch in seconds", rules.epoch.preparation_seconds, 7 * DAY, 90 * DAY)?;
    // A large member must fit; a malicious one must not fill everybody's memory.
    within("live_tags", u64::from(rules.live_tags), 10_000, 2_000_000)?;
    // More often, and full sets are most of what is sent; less often, and withdrawn tags stay for months.
    within("segments_per_snapshot", u64::from(rules.segments_per_snapshot), 24, 20_000)?;
    // Segments more often than this show from their timing which families were registered together.
    within("publish_interval_seconds", publish, 60, DAY)?;
    // One lost head must not make a member stale; a member silent for a week is.
    within("heartbeat_seconds", heartbeat, 2 * publish, 7 * DAY)?;
    // Keyholders in other places, one of them restarting; the epoch waits no longer than a few days for a retry.
    within("ceremony_deadline_seconds", u64::from(rules.ceremony_deadline_seconds), 10 * 60, 3 * DAY)?;
    // A majority of governors that was bribed, or robbed of its keys, is seen before it has done anything.
    within("the notice period in seconds", u64::from(rules.notice_seconds), 7 * DAY, 90 * DAY)?;
    // With one keyholder, or one that suffices, a single organisation could open every pseudonym.
    within("the number of keyholders", count(document.keyholders.len()), 3, u64::MAX)?;
    within("the keyholders' threshold", u64::from(document.threshold), 2, u64::MAX)?;
    // One person must not be able to admit or remove anybody.
    within("the governors' threshold", u64::from(document.governors.threshold), 2, u64::MAX)?;
    if document.members.iter().any(|member| member.oin.as_str().starts_with(TEST_OIN)) {
        return Err(RosterError::Inconsistent("a member with a test OIN, and it is no test network"));
    }
    Ok(())
}

fn within(rule: &'static str, found: u64, least: u64, most: u64) -> Result<(), RosterError> {
    if found < least {
        Err(RosterError::TooLow { rule, found, least })
    } else if found > most {
        Err(RosterError::TooHigh { rule, found, most })
    } else {
        Ok(())
    }
}
