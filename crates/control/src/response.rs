//! What the node answers.

use serde::{Deserialize, Serialize};

use crate::{
    AnswerLine, BackupReport, BadRow, Coverage, DecidedLine, ImportReport, LeaveLine, LogLine, LogState,
    MatchLine, Problem, RightsAnswer, RightsEntry, SealedBytes, SignalLine, StatusLine,
};

/// Lines in one [`Page`]: a line has a few kilobytes at most, so a page stays well below
/// [`MAX_RESPONSE_BYTES`](crate::MAX_RESPONSE_BYTES).
pub const PAGE_LINES: usize = 200;

/// One line from the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    /// How far long work is.
    Progress(Progress),
    /// Part of a long list; the reply ends it.
    Page(Page),
    /// Done.
    Reply(Reply),
    /// Not done.
    Refused(Problem),
}

/// How far long work is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// What is being done.
    pub doing: String,
    /// Units done.
    pub done: u64,
    /// Units in all, when known.
    pub total: Option<u64>,
}

/// Part of a long list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// Own signals, by reference.
    Signals(Vec<SignalLine>),
    /// Matches, by own reference and organisation.
    Matches(Vec<MatchLine>),
    /// Bad rows, by file and line.
    BadRows(Vec<BadRow>),
    /// The next sealed bytes of a backup.
    Backup(SealedBytes),
    /// Entries of the main log, in order.
    Log(Vec<LogLine>),
    /// What there is for the rights of persons, by own reference.
    Rights(Vec<RightsEntry>),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// How the node is doing.
    Status(Box<StatusLine>),
    /// What an import did.
    Imported(ImportReport),
    /// How many signals there are; they stood in the pages.
    Signals(usize),
    /// How many signals were withdrawn.
    Withdrawn(usize),
    /// How many signals last until the day given.
    Renewed(usize),
    /// Who else is involved.
    Who(AnswerLine),
    /// How many matches there are, which stood in the pages, and how complete they are.
    Matches {
        /// How many.
        count: usize,
        /// Completeness over all circles.
        dekking: Coverage,
    },
    /// What was decided about a match, or taken back.
    Decided(DecidedLine),
    /// What the backup holds whose bytes stood in the pages.
    BackedUp(BackupReport),
    /// What the main log is whose entries follow.
    Log(LogState),
    /// How many entries of the main log stood in the pages.
    LogEntries(u64),
    /// What leaving means.
    Leaving(LeaveLine),
    /// The node stops now.
    Stopping,
    /// What was done for the rights of persons.
    Rights(RightsAnswer),
}
