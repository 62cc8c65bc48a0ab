//! Versions of the roster that wait for the end of their notice, as they are shown on every node.

use control::{RosterConflictLine, WaitingRosterLine};
use domain::Timestamp;
use protocol::Status;
use roster::{RosterDocument, VerifiedRoster, Waiting};

use crate::governance::changes;

/// Most changes of one version that are shown; `roster diff` shows all of them.
const MAX_CHANGES: usize = 200;

/// Most of them in a message.
const TOLD: usize = 3;

/// One line for each version that waits, the next one first; each says what it changes in the one before it.
pub(super) fn lines(status: &Status, roster: &VerifiedRoster) -> Vec<WaitingRosterLine> {
    let mut before = roster.document();
    let mut lines = Vec::new();
    for waiting in &status.rosters_waiting {
        lines.push(line(waiting, before));
        before = waiting.roster.document();
    }
    lines
}

/// The decision between two lines that waits, with what it changes in the version in force.
pub(super) fn crossing(status: &Status, roster: &VerifiedRoster) -> Option<WaitingRosterLine> {
    status.roster_crossing.as_ref().map(|waiting| line(waiting, roster.document()))
}

fn line(waiting: &Waiting, before: &RosterDocument) -> WaitingRosterLine {
    let mut told: Vec<String> = changes(before, waiting.roster.document())
        .into_iter()
        .map(|change| format!("{}: {}", change.subject, change.change))
        .collect();
    if told.len() > MAX_CHANGES {
        let more = told.len() - MAX_CHANGES;
        told.truncate(MAX_CHANGES);
        told.push(format!("and {more} more changes"));
    }
    WaitingRosterLine {
        version: waiting.roster.version(),
        digest: waiting.roster.digest().to_string(),
        first_seen: waiting.notice.seen.to_string(),
        takes_effect: waiting.due.to_string(),
        takes_effect_seconds: waiting.due.0,
        clock_agreed: waiting.notice.sure,
        changes: told,
    }
}

/// Versions of which governors signed more than one roster.
pub(super) fn conflicts(status: &Status) -> Vec<RosterConflictLine> {
    let text = |digest: &crypto::Digest| digest.to_string();
    let line = |conflict: &protocol::roster::RosterConflict| RosterConflictLine {
        version: conflict.version,
        held: conflict.held.as_ref().map(text),
        others: conflict.others.iter().map(text).collect(),
        since: conflict.since.to_string(),
        resolved_by: conflict.resolved_by,
    };
    status.roster_conflicts.iter().map(line).collect()
}

/// One sentence for each about which nothing is decided.
pub(super) fn conflicting(lines: &[RosterConflictLine]) -> Vec<String> {
    let open = lines.iter().filter(|line| line.resolved_by.is_none());
    let sentence = |line: &RosterConflictLine| {
        let held = line.held.as_deref().map_or_else(String::new, |held| format!(" keeps to {held} and"));
        format!(
            "governors signed different rosters of version {}: this node{held} knows of {} as well. Call the governors: \
             only a version that names them decides between them",
            line.version,
            line.others.join(" and ")
        )
    };
    open.map(sentence).collect()
}

/// What is going to take the place of the version in force.
pub(super) fn crossing_over(line: &WaitingRosterLine) -> String {
    let when = if line.clock_agreed {
        format!("it takes effect on {}", line.takes_effect)
    } else {
        "its notice begins when the clock agrees with those of others".to_owned()
    };
    format!(
        "the governors decided for another line of rosters than this node's: version {} of it takes the place of the one in \
         force, {when}: {}",
        line.version,
        line.changes.get(..TOLD).unwrap_or(&line.changes).join("; ")
    )
}

/// One sentence for each.
pub(super) fn sentences(lines: &[WaitingRosterLine], now: Timestamp) -> Vec<String> {
    let sentence = |line: &WaitingRosterLine| {
        let shown = line.changes.get(..TOLD).unwrap_or(&line.changes).join("; ");
        let more = match line.changes.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let when = match (line.clock_agreed, line.takes_effect_seconds.saturating_sub(now.0)) {
            (false, _) => "its notice begins when the clock agrees with those of others".to_owned(),
            (true, 0) => "it takes effect as soon as the clock agrees with those of others".to_owned(),
            (true, _) => format!("it takes effect on {}", line.takes_effect),
        };
        format!(
            "version {} of the roster waits, {when}: {shown}{more}. If nobody told you of it, call a governor",
            line.version
        )
    };
    lines.iter().map(sentence).collect()
}
