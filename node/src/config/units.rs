//! The units (afdelingen) of the own organisation, and which of them sees which.

use std::collections::BTreeSet;

use domain::Unit;
use index::UnitMatrix;
use serde::Deserialize;

/// Most units of an organisation: the largest municipalities have some hundred teams.
const MAX_UNITS: usize = 500;

/// How the file names the signals without a unit. No unit can have this name.
const WITHOUT_UNIT: &str = "";

/// The units of the own organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// The units that families may name; `None`: any, and none of them sees another.
    pub names: Option<BTreeSet<Unit>>,
    /// Which of them sees which.
    pub matrix: UnitMatrix,
}

/// The table as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUnits {
    names: Option<Vec<String>>,
    #[serde(default)]
    open: Vec<RawOpen>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOpen {
    publisher: String,
    readers: Vec<String>,
}

impl RawUnits {
    /// Checks the names; what is wrong goes to `flaws`.
    pub(super) fn checked(&self, flaws: &mut Vec<String>) -> Units {
        let Some(listed) = &self.names else {
            if !self.open.is_empty() {
                let why = "a name that is mistyped here or in a file would otherwise open nothing, and nobody would see";
                flaws.push(format!("units.open: list all units in units.names first; {why}"));
            }
            return Units::default();
        };
        let mut names = BTreeSet::new();
        for name in listed {
            match Unit::new("afdeling", name) {
                Err(flaw) => flaws.push(format!("units.names: {flaw}")),
                Ok(unit) if names.contains(&unit) => {
                    flaws.push(format!("units.names: '{unit}' stands there twice"));
                }
                Ok(unit) => {
                    names.insert(unit);
                }
            }
        }
        if names.len() > MAX_UNITS {
            flaws.push(format!("units.names: more than {MAX_UNITS} units"));
        }
        let matrix = self.matrix(&names, flaws);
        Units { names: Some(names), matrix }
    }

    fn matrix(&self, names: &BTreeSet<Unit>, flaws: &mut Vec<String>) -> UnitMatrix {
        let mut matrix = UnitMatrix::default();
        for open in &self.open {
            let publisher = known(&open.publisher, names, flaws);
            for reader in &open.readers {
                let reader = known(reader, names, flaws);
                let (Some(publisher), Some(reader)) = (publisher.clone(), reader) else { continue };
                if publisher == reader {
                    let name = publisher.as_ref().map_or(WITHOUT_UNIT, Unit::as_str);
                    flaws.push(format!(
                        "units.open: '{name}' cannot read itself; leave it out of its readers"
                    ));
                }
                matrix.open(publisher, reader);
            }
        }
        matrix
    }
}

/// The unit of this name; a flaw for one that is not listed.
fn known(name: &str, names: &BTreeSet<Unit>, flaws: &mut Vec<String>) -> Option<Option<Unit>> {
    if name.trim() == WITHOUT_UNIT {
        return Some(None);
    }
    if let Some(unit) = names.iter().find(|unit| unit.as_str() == name.trim()) {
        return Some(Some(unit.clone()));
    }
    let likeness = |unit: &&Unit| strsim::normalized_damerau_levenshtein(unit.as_str(), name);
    let nearest = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let meant = nearest.map(|unit| format!("; did you mean '{unit}'?")).unwrap_or_default();
    flaws.push(format!("units.open: units.names holds no '{}'{meant}", name.escape_debug()));
    None
}
