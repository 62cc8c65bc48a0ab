//! The one error of this crate: a value that its type refuses, told without repeating the value.

use thiserror::Error;

/// A value that was refused. The text says what was expected and never repeats what was given, because what was
/// given may be personal data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: {expected}")]
pub struct Invalid {
    what: &'static str,
    expected: &'static str,
}

impl Invalid {
    /// `what` names the kind of value, `expected` says what would have been accepted.
    #[must_use]
    pub const fn new(what: &'static str, expected: &'static str) -> Self {
        Self { what, expected }
    }
}
