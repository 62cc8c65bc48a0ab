//! What an import did.

use serde::{Deserialize, Serialize};

/// Counts of families by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportReport {
    /// Not known before.
    pub added: usize,
    /// Known with another record.
    pub changed: usize,
    /// Known with the same record.
    pub unchanged: usize,
    /// Absent from the files, so no longer an own family.
    pub withdrawn: usize,
    /// Left exactly as they were because of a bad row.
    pub untouched: usize,
    /// Reasons why rows are bad; each was told as a [`BadRow`].
    pub bad_rows: usize,
    /// Families that are absent but were kept, because a bad row may belong to them.
    pub kept_for_unplaced_rows: usize,
    /// Families on which no signal is taken, because an objection to one was upheld.
    #[serde(default)]
    pub kept_out: usize,
}

/// One reason why a family was left as it was. Repeats no cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadRow {
    /// The file.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u64,
    /// The column, where one is meant.
    pub column: Option<String>,
    /// What was expected, or what to do.
    pub reason: String,
}
