//! The clock: beside those of other members, beside what this machine wrote before, and what the system says of it.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use control::ClockLine;
use domain::Timestamp;

use super::Patient;
use super::finding::Findings;
use crate::runtime::now;

/// Nodes bear with this much; what is dated further ahead is refused.
const MAX_SKEW_SECONDS: u64 = 300;

/// Where systemd-timesyncd says that it has set the clock.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";

const SET_IT: &str =
    "set the clock right and keep it right with NTP (systemd-timesyncd or chrony), then restart the node";

/// Looks at the clock. Returns whether it is past the last write of the data folder.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) -> bool {
    let before = findings.0.len();
    if let Some(written) = last_write(&patient.config.data_folder) {
        beside_the_last_write(now(), written, findings);
    }
    let past_the_last_write = findings.0.len() == before;
    if let Some(status) = patient.node.status()
        && status.clock.behind_own_seconds != 0
    {
        findings.wrong(
            "clock",
            format!(
                "it stands {} before what this node has published already; nothing is published meanwhile",
                told(status.clock.behind_own_seconds)
            ),
            SET_IT,
        );
    } else if let Some(status) = patient.node.status()
        && status.clock.members != 0
    {
        beside_others(status.clock, findings);
    } else if Path::new(SYNCHRONISED).exists() {
        findings.ok("clock", "systemd-timesyncd has set the clock since the start of this machine");
    } else {
        findings.unknown(
            "clock",
            format!("it says {}; nobody was heard of late to compare it with", now()),
            "compare it with another clock; a running node compares it by itself",
        );
    }
    past_the_last_write
}

/// When something in the data folder was last written.
fn last_write(folder: &Path) -> Option<Timestamp> {
    let written =
        ["commits", "db/db"].iter().filter_map(|name| fs::metadata(folder.join(name)).ok()?.modified().ok());
    let seconds =
        |time: SystemTime| time.duration_since(UNIX_EPOCH).ok().map(|since| Timestamp(since.as_secs()));
    written.filter_map(seconds).max()
}

fn beside_the_last_write(now: Timestamp, written: Timestamp, findings: &mut Findings) {
    let behind = written.since(now);
    if behind > MAX_SKEW_SECONDS {
        findings.wrong(
            "clock",
            format!("it says {now}, but the data folder was written at {written}, {} later", told(behind)),
            SET_IT,
        );
    }
}

fn beside_others(clock: ClockLine, findings: &mut Findings) {
    let minutes = clock.ahead_minutes.unsigned_abs();
    if minutes * 60 < MAX_SKEW_SECONDS {
        findings.ok("clock", format!("agrees with those of {} other members", clock.members));
        return;
    }
    let direction = if clock.ahead_minutes > 0 { "ahead of" } else { "behind" };
    let members = match clock.members {
        1 => "that of the one other member heard; the other may be the one that is wrong".to_owned(),
        members => format!("those of {members} other members"),
    };
    findings.wrong("clock", format!("it is {} {direction} {members}", told(minutes * 60)), SET_IT);
}

/// A duration in the largest unit that fits.
fn told(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn a_clock_that_is_off_is_told_with_how_much() {
        fn check(members: usize, ahead_minutes: i64, verdict: Verdict, sentence: &str) {
            let mut findings = Findings::default();
            beside_others(ClockLine { members, ahead_minutes, behind_own_seconds: 0 }, &mut findings);
            assert_eq!(findings.0[0].verdict, verdict);
            assert!(findings.0[0].seen.contains(sentence), "{:?}", findings.0[0]);
        }
        check(5, 0, Verdict::Ok, "agrees with those of 5");
        check(5, -4, Verdict::Ok, "agrees");
        check(5, -5, Verdict::Wrong, "5 minutes behind those of 5");
        check(5, 1_440, Verdict::Wrong, "24 hours ahead of those of 5");
        check(5, 10_080, Verdict::Wrong, "7 days ahead of");
        check(1, i64::MIN / 100, Verdict::Wrong, "the other may be the one");
    }

    #[test]
    fn a_clock_behind_the_last_write_is_wrong() {
        let mut findings = Findings::default();
        beside_the_last_write(Timestamp(1_000), Timestamp(1_300), &mut findings);
        beside_the_last_write(Timestamp(5_000), Timestamp(1_000), &mut findings);
        assert!(findings.0.is_empty());
        beside_the_last_write(Timestamp(1_000), Timestamp(87_400), &mut findings);
        assert_eq!(findings.0[0].verdict, Verdict::Wrong);
        assert!(findings.0[0].seen.contains("24 hours later"), "{:?}", findings.0[0]);
    }
}
