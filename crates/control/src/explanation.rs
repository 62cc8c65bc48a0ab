//! Why a match is one: sorts of facts of the own record by their Dutch names, never a value of either side.

use serde::{Deserialize, Serialize};

/// Parties of one answer of whom it says why, the first ones. Each may have a line for every person of the family; so an
/// answer that names every member of the largest network still fits [`MAX_RESPONSE_BYTES`](crate::MAX_RESPONSE_BYTES).
pub const MAX_EXPLAINED: usize = 200;

/// Why a match is one, in terms of the own record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplanationLine {
    /// Whether the household agrees: a surname, or the beginning of one, and an address of this family stand together there;
    /// the basis says which.
    pub huishouden: bool,
    /// The persons about whom something agrees, in the order of the record.
    pub personen: Vec<ExplainedPersonLine>,
}

/// What agrees about one person of the own record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainedPersonLine {
    /// Which person, counted from 1 in the order of the record.
    pub persoon: usize,
    /// The role.
    pub rol: String,
    /// How sure it is that this person is meant; absent: too little agrees to count.
    pub zekerheid: Option<String>,
    /// The sorts of facts that agree.
    pub overeen: Vec<String>,
    /// The sorts of facts of which it is not known: recorded otherwise there, or not at all, or not comparable by
    /// themselves.
    pub niet_bevestigd: Vec<String>,
    /// Whether only the BSN agrees although more is recorded: one of the two numbers may be typed wrong.
    pub alleen_bsn: bool,
}
