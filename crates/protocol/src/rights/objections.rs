//! Objections (bezwaren): open until somebody decides, and those upheld for as long as a file may bring the family back.

use std::collections::BTreeMap;

use domain::{FamilyRef, PersonNumber, Timestamp};

use crate::Collection;
use crate::effects::Effects;
use crate::record::{objection_key, objection_record, read_objection};

/// Most objections kept: as many signals as a large organisation has.
pub(super) const MAX_OBJECTIONS: usize = 100_000;

/// Days for which an upheld objection keeps its family out, and an open one waits for a family that is gone: as long as a
/// signal may last. Whoever registers the family after that has another reason.
const KEPT_DAYS: u64 = 731;

/// The same in seconds.
pub(crate) const OBJECTION_KEPT_SECONDS: u64 = KEPT_DAYS * 86_400;

/// How an objection is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectionOutcome {
    /// It is right: the signal is withdrawn, and no other is taken in its place.
    Upheld,
    /// It is not: the signal is served again.
    Rejected,
    /// It was taken back; or what was upheld does not stand any more, because there is another reason for a signal.
    Lifted,
}

/// An objection to a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// When it was made.
    pub made_at: Timestamp,
    /// Who made it, where it is a person of the record.
    pub person: Option<PersonNumber>,
    /// When it was upheld; open until then.
    pub upheld_at: Option<Timestamp>,
}

/// The objections kept.
#[derive(Default)]
pub(crate) struct Objections {
    kept: BTreeMap<FamilyRef, Objection>,
}

impl Objections {
    /// Takes back what is on disk. What cannot be read is left out: the store has already said when it is damaged.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        Self { kept: records.iter().filter_map(|bytes| read_objection(bytes)).collect() }
    }

    /// The objection to a signal, open or upheld.
    pub(crate) fn of(&self, family: &FamilyRef) -> Option<&Objection> {
        self.kept.get(family)
    }

    /// Since when a signal stands still, when it does. One whose objection was upheld is withdrawn, unless the node was
    /// stopped in between.
    pub(crate) fn still_since(&self, family: &FamilyRef) -> Option<Timestamp> {
        self.of(family).map(|objection| objection.made_at)
    }

    /// Whether no signal is taken on a family.
    pub(crate) fn keeps_out(&self, family: &FamilyRef) -> bool {
        self.of(family).is_some_and(|objection| objection.upheld_at.is_some())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_OBJECTIONS
    }

    /// All of them, in order of reference.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&FamilyRef, &Objection)> {
        self.kept.iter()
    }

    /// Keeps an objection in the place of the one there was.
    pub(crate) fn keep(&mut self, family: &FamilyRef, objection: Objection, fx: &mut Effects<'_>) {
        fx.put(Collection::Objection, objection_key(family), objection_record(family, &objection));
        self.kept.insert(family.clone(), objection);
    }

    /// Forgets an objection.
    pub(crate) fn remove(&mut self, family: &FamilyRef, fx: &mut Effects<'_>) {
        if self.kept.remove(family).is_some() {
            fx.delete(Collection::Objection, objection_key(family));
        }
    }

    /// The record of a family changed: whoever objected has another number, or is not in it any more.
    pub(crate) fn follow(
        &mut self,
        family: &FamilyRef,
        followed: &BTreeMap<PersonNumber, PersonNumber>,
        fx: &mut Effects<'_>,
    ) {
        let Some(held) = self.kept.get(family) else { return };
        let person = held.person.and_then(|person| followed.get(&person).copied());
        if person != held.person {
            self.keep(family, Objection { person, ..held.clone() }, fx);
        }
    }

    /// Forgets what was made or upheld long ago about families without a signal.
    pub(crate) fn expire(
        &mut self,
        now: Timestamp,
        has_signal: impl Fn(&FamilyRef) -> bool,
        fx: &mut Effects<'_>,
    ) {
        let is_over = |family: &FamilyRef, objection: &Objection| {
            let last = objection.upheld_at.unwrap_or(objection.made_at);
            !has_signal(family) && now.since(last) >= OBJECTION_KEPT_SECONDS
        };
        for (family, _) in self.kept.extract_if(.., |family, objection| is_over(family, objection)) {
            fx.delete(Collection::Objection, objection_key(&family));
            fx.cut();
        }
    }
}

#[cfg(test)]
mod tests {
    use audit::{ActorRole, Retention};
    use crypto::Seed;

    use super::*;
    use crate::Refused;
    use crate::effects::Requests;
    use crate::log::MainLog;

    /// Does something; what it wants kept is no matter here.
    fn does(work: impl FnOnce(&mut Effects<'_>)) {
        let (mut requests, mut refused) = (Requests::default(), Refused::default());
        let mut log = MainLog::restore(None, Retention::default(), Seed::from_bytes([1; 32]));
        let at = (Timestamp(0), ActorRole::Node);
        work(&mut Effects::new(&mut requests, &mut refused, &mut log, at));
    }

    fn family(number: usize) -> FamilyRef {
        FamilyRef::new(&format!("L-{number}")).unwrap()
    }

    #[test]
    fn so_many_objections_are_kept() {
        let made =
            |number| (family(number), Objection { made_at: Timestamp(0), person: None, upheld_at: None });
        let mut objections = Objections { kept: (1..MAX_OBJECTIONS).map(made).collect() };
        assert!(!objections.is_full());
        does(|fx| objections.keep(&family(0), made(0).1, fx));
        assert!(objections.is_full());
    }

    #[test]
    fn what_was_upheld_is_forgotten_when_no_file_can_bring_the_family_back() {
        let upheld = Objection { made_at: Timestamp(0), person: None, upheld_at: Some(Timestamp(5)) };
        let mut objections = Objections { kept: [(family(1), upheld)].into() };
        let over = Timestamp(5).plus(OBJECTION_KEPT_SECONDS);
        does(|fx| objections.expire(Timestamp(over.0 - 1), |_| false, fx));
        does(|fx| objections.expire(over, |_| true, fx));
        assert_eq!(objections.all().count(), 1);
        does(|fx| objections.expire(over, |_| false, fx));
        assert_eq!(objections.all().count(), 0);
    }
}
