//! Exit statuses, documented in the README and in `--help`.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// Done, but some families were left out because of bad rows, each reported.
    BadRows,
    /// `doctor` found something to do.
    Findings,
    /// A check was made, and what it checked is not sound.
    Unsound,
    /// Nothing was done: wrong usage, unusable files, or a node that could not run.
    Failed,
    /// What was waited for has not come, such as no progress for ten minutes; what was known was printed.
    Standstill,
    /// The node ran and something failed under it, its disk for instance; starting it again may help.
    Broken,
    /// Stopped by a signal before it was done.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::BadRows | Exit::Findings | Exit::Unsound => 1,
            Exit::Failed => 2,
            Exit::Standstill => 3,
            Exit::Broken => 4,
            Exit::Interrupted => 130,
        })
    }
}
