//! Units (afdelingen) of one organisation: which of them sees which, and which of them know the same family.
//!
//! No pseudonym is needed: the keys of both families are at hand, so pairs of families are compared, each pair by
//! itself. What is not here: matches with other organisations ([`Matches`](crate::Matches)).

use std::collections::{BTreeMap, BTreeSet};

use domain::{Certainty, FamilyRef, Unit};
use linkage::{Basis, Explanation};

use crate::OwnFamilies;

/// Who of an organisation's units sees whom: directed, and closed unless opened. `None` stands for the signals
/// without a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitMatrix {
    /// By publisher, its readers.
    open: BTreeMap<Option<Unit>, BTreeSet<Option<Unit>>>,
}

impl UnitMatrix {
    /// Lets `reader` see which families `publisher` registered too. A unit and itself stay closed: its own families
    /// do not match each other.
    pub fn open(&mut self, publisher: Option<Unit>, reader: Option<Unit>) {
        if publisher != reader {
            self.open.entry(publisher).or_default().insert(reader);
        }
    }

    /// Whether `reader` sees `publisher`.
    #[must_use]
    pub fn is_open(&self, publisher: &Option<Unit>, reader: &Option<Unit>) -> bool {
        self.open.get(publisher).is_some_and(|readers| readers.contains(reader))
    }

    /// Whether no unit sees another.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.open.is_empty()
    }
}

/// Another unit of the own organisation involved with an own family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitInvolvement {
    /// The unit; `None`: a signal without a unit.
    pub unit: Option<Unit>,
    /// How sure.
    pub certainty: Certainty,
    /// Why, in terms of the asker's record only.
    pub basis: Vec<Basis>,
    /// The same person by person, for people.
    pub explanation: Explanation,
}

/// Families that may carry a key which brings families together. A person is registered by a handful of units; what
/// more families share is the address of an institution or a default of some system. Such a key still counts between
/// families that another key brings together.
const MAX_CARRIERS: usize = 64;

impl OwnFamilies {
    /// The families that share a key with this one, itself excepted, as far as [`OwnFamilies::units_involved`] may look
    /// at them: those whose answer may change when this family does.
    #[must_use]
    pub fn sharing(&self, family: &FamilyRef) -> BTreeSet<&FamilyRef> {
        // One carrier more: whoever adds or takes away the one that is too many changes the answers of all of them.
        self.sharing_up_to(family, MAX_CARRIERS + 1)
    }

    fn sharing_up_to(&self, family: &FamilyRef, most: usize) -> BTreeSet<&FamilyRef> {
        let keys = self.keys(family).into_iter().flat_map(|keys| keys.keys());
        let carriers =
            keys.filter_map(|key| self.all_carriers(key)).filter(|carriers| carriers.len() <= most);
        carriers.flatten().filter(|other| *other != family).collect()
    }

    /// The units involved with a family that its own unit may see. As with another organisation both signals must take
    /// part in a circle, the same one, and a shielded signal is never shown. Of several families of one unit the
    /// strongest counts: evidence about different families does not add up.
    #[must_use]
    pub fn units_involved(&self, family: &FamilyRef, matrix: &UnitMatrix) -> Vec<UnitInvolvement> {
        let (Some(keys), Some(how)) = (self.keys(family), self.participation(family)) else {
            return Vec::new();
        };
        let mut found: BTreeMap<Option<Unit>, UnitInvolvement> = BTreeMap::new();
        for other in self.sharing_up_to(family, MAX_CARRIERS) {
            let (Some(theirs), Some(their)) = (self.keys(other), self.participation(other)) else { continue };
            let shown = their.publishes
                && matrix.is_open(&their.unit, &how.unit)
                && !their.circles.is_disjoint(&how.circles);
            if !shown {
                continue;
            }
            let agreeing = keys.keys().enumerate().filter(|(_, key)| theirs.position(key).is_some());
            let evidence = keys.evidence(agreeing.map(|(position, _)| position));
            let Some(verdict) = &evidence.verdict else { continue };
            let held = found.get(&their.unit).map(|held| (held.certainty, held.basis.len()));
            if held >= Some((verdict.certainty, verdict.basis.len())) {
                continue;
            }
            let involvement = UnitInvolvement {
                unit: their.unit.clone(),
                certainty: verdict.certainty,
                basis: verdict.basis.clone(),
                explanation: evidence.explanation(),
            };
            found.insert(their.unit.clone(), involvement);
        }
        found.into_values().collect()
    }
}
