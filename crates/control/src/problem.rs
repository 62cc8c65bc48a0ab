//! Why something was refused, in a sentence for whoever asked.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A refusal. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{message}")]
pub struct Problem {
    /// For programs.
    pub kind: ProblemKind,
    /// For people: what is wrong and what to do. Holds no personal details.
    pub message: String,
}

/// Who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The client: what it sent is not understood or not allowed.
    Request,
    /// The files: refused as a whole.
    File,
    /// The user: the import would withdraw more than it may without being told to.
    Withdrawals,
    /// The user: there is no such signal, or it does not allow the question.
    Signal,
    /// Time: the node has no roster yet, is busy, or is stopping.
    NotNow,
    /// The operator: the node itself failed.
    Node,
}

impl Problem {
    /// A refusal.
    #[must_use]
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
