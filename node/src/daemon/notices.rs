//! Versions of the roster that wait for the end of their notice, as they are shown on every node.

use control::WaitingRosterLine;
use domain::Timestamp;
use protocol::Status;
use roster::VerifiedRoster;

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
        let mut told: Vec<String> = changes(before, waiting.roster.document())
            .into_iter()
            .map(|change| format!("{}: {}", change.subject, change.change))
            .collect();
        if told.len() > MAX_CHANGES {
            let more = told.len() - MAX_CHANGES;
            told.truncate(MAX_CHANGES);
            told.push(format!("and {more} more changes"));
        }
        lines.push(WaitingRosterLine {
            version: waiting.roster.version(),
            digest: waiting.roster.digest().to_string(),
            first_seen: waiting.notice.seen.to_string(),
            takes_effect: waiting.due.to_string(),
            takes_effect_seconds: waiting.due.0,
            clock_agreed: waiting.notice.sure,
            changes: told,
        });
        before = waiting.roster.document();
    }
    lines
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
