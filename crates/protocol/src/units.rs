//! Matches between the own organisation's units: found at once from the own families, told once by a node at work.

use std::collections::{BTreeMap, BTreeSet};

use audit::Event;
use crypto::cbor;
use domain::{FamilyRef, Oin, Unit};
use index::{OwnFamilies, UnitInvolvement, UnitMatrix};

use crate::effects::Effects;
use crate::log::Happening;
use crate::record::{UnitMatchRecord, unit_match_key};
use crate::{Collection, Notice};

/// Which units are involved with which own family, and what was told of that.
#[derive(Default)]
pub(crate) struct UnitMatches {
    matrix: UnitMatrix,
    found: BTreeMap<FamilyRef, Vec<UnitInvolvement>>,
    /// Involvements told, so that each is told once. On disk too: what is found can be found anew, but not whether
    /// it was told before the matrix or the files changed.
    told: BTreeSet<(FamilyRef, Option<Unit>)>,
    /// Families whose answer may have changed.
    stale: BTreeSet<FamilyRef>,
    /// Families of which what was told may differ from what was found.
    untold: BTreeSet<FamilyRef>,
}

impl UnitMatches {
    /// Takes back from disk what was told. What is involved is found anew, under the matrix of this run.
    pub(crate) fn restore(matrix: UnitMatrix, told: &[Vec<u8>], own: &OwnFamilies) -> Self {
        let mut restored = Self { matrix, ..Self::default() };
        for bytes in told {
            let Ok(record) = cbor::from_slice::<UnitMatchRecord>(bytes) else { continue };
            if let Ok((family, unit)) = record.parts() {
                restored.untold.insert(family.clone());
                restored.told.insert((family, unit));
            }
        }
        if !restored.matrix.is_closed() {
            restored.stale.extend(own.families().cloned());
        }
        restored.follow(own);
        restored
    }

    /// Notes a family that is about to change or has just changed, with those that share a key with it.
    pub(crate) fn touch(&mut self, own: &OwnFamilies, family: &FamilyRef) {
        if !self.matrix.is_closed() {
            self.stale.extend(own.sharing(family).into_iter().cloned());
            self.stale.insert(family.clone());
        }
    }

    /// Finds anew who is involved with the families noted.
    pub(crate) fn follow(&mut self, own: &OwnFamilies) {
        for family in std::mem::take(&mut self.stale) {
            let found = own.units_involved(&family, &self.matrix);
            if found.is_empty() && self.found.remove(&family).is_none() {
                continue;
            }
            self.untold.insert(family.clone());
            if !found.is_empty() {
                self.found.insert(family, found);
            }
        }
    }

    /// Tells what is new and lets go of what is over. Only a node at work does so: nobody listens to a command in
    /// the data folder.
    pub(crate) fn tell(&mut self, own_organisation: Oin, fx: &mut Effects<'_>) {
        for family in std::mem::take(&mut self.untold) {
            let found = self.found.get(&family).map_or(&[][..], Vec::as_slice);
            let first = (family.clone(), None);
            let told = self.told.range(first..).take_while(|(told, _)| *told == family);
            let over = |(_, unit): &&(FamilyRef, Option<Unit>)| !found.iter().any(|one| one.unit == *unit);
            let over: Vec<(FamilyRef, Option<Unit>)> = told.filter(over).cloned().collect();
            for involvement in found {
                let tell = (family.clone(), involvement.unit.clone());
                if self.told.insert(tell) {
                    let record = UnitMatchRecord::new(&family, involvement.unit.as_ref());
                    let key = unit_match_key(&family, involvement.unit.as_ref());
                    fx.put(Collection::UnitMatch, key, cbor::to_vec(&record));
                    let event = Event::match_seen(own_organisation, involvement.certainty);
                    fx.record(Happening::about(event, &family).of_unit(involvement.unit.as_ref()));
                    let (family, involvement) = (family.clone(), involvement.clone());
                    fx.notice(Notice::NewUnitMatch { family, involvement });
                    fx.cut();
                }
            }
            for gone in over {
                fx.delete(Collection::UnitMatch, unit_match_key(&gone.0, gone.1.as_ref()));
                self.told.remove(&gone);
            }
            fx.cut();
        }
    }

    /// The units involved with a family.
    pub(crate) fn of(&self, family: &FamilyRef) -> Vec<UnitInvolvement> {
        self.found.get(family).cloned().unwrap_or_default()
    }

    /// Number of families with a unit involved, each counted once for each unit.
    pub(crate) fn count(&self) -> usize {
        self.found.values().map(Vec::len).sum()
    }
}
