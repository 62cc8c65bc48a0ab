//! For how long the main log can be read.

use std::collections::BTreeMap;

use audit::{DEFAULT_RETENTION_MONTHS, EntryKind, MAX_RETENTION_MONTHS, Retention};
use serde::Deserialize;

/// The table as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAudit {
    retention_months: Option<u32>,
    #[serde(default)]
    retention_months_by_kind: BTreeMap<String, u32>,
}

impl RawAudit {
    /// Checks kinds and months; what is wrong goes to `flaws`.
    pub(super) fn checked(&self, flaws: &mut Vec<String>) -> Retention {
        let mut of = BTreeMap::new();
        for (name, months) in &self.retention_months_by_kind {
            match EntryKind::ALL.into_iter().find(|kind| kind.dutch() == name) {
                Some(kind) => drop(of.insert(kind, *months)),
                None => {
                    let known: Vec<&str> = EntryKind::ALL.into_iter().map(EntryKind::dutch).collect();
                    flaws.push(format!(
                        "audit.retention_months_by_kind: there are no entries of kind '{}'; known are {}",
                        name.escape_debug(),
                        known.join(", ")
                    ));
                }
            }
        }
        let usual = self.retention_months.unwrap_or(DEFAULT_RETENTION_MONTHS);
        Retention::new(usual, of).unwrap_or_else(|| {
            flaws.push(format!("audit: what is logged is kept for 1 to {MAX_RETENTION_MONTHS} months"));
            Retention::default()
        })
    }
}
