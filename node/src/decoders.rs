//! What reads the small files that a node keeps for itself, as functions of text: for tests that feed arbitrary text.

use crate::departure::Departure;
use crate::passphrase::HashCosts;

/// What the file beside a passphrase says that hashing it costs; `None` when it is damaged.
#[must_use]
pub fn hash_costs(text: &str) -> Option<HashCosts> {
    crate::config::hash_costs(text)
}

/// Whether the text is the record of a departure.
#[must_use]
pub fn is_departure(text: &str) -> bool {
    Departure::parse(text).is_ok()
}
