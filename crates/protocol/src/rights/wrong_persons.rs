//! Persons of own records who turned out to be somebody else: nothing is derived from them until their record is
//! corrected.
//!
//! They are known by a digest of what was recorded, not by a number: a corrected person has another, and one whom the
//! next file brings unchanged, or brings back, has the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crypto::Digest;
use domain::{Family, FamilyRef, PersonNumber, Timestamp};

use crate::Collection;
use crate::effects::Effects;
use crate::record::{person_digest, read_wrong_persons, wrong_persons_key, wrong_persons_record};
use crate::review::SECONDS_AFTER_WITHDRAWAL;

/// The wrong persons of one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrongOfFamily {
    pub(crate) persons: BTreeSet<Digest>,
    /// Since when the family has no signal any more.
    pub(crate) withdrawn_at: Option<Timestamp>,
}

/// The wrong persons kept.
#[derive(Default)]
pub(crate) struct WrongPersons {
    kept: BTreeMap<FamilyRef, WrongOfFamily>,
}

impl WrongPersons {
    /// Takes back what is on disk. What cannot be read is left out: the store has already said when it is damaged.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        Self { kept: records.iter().filter_map(|bytes| read_wrong_persons(bytes)).collect() }
    }

    /// What of a family keys are derived from.
    pub(crate) fn served<'a>(&self, family: &FamilyRef, record: &'a Family) -> Cow<'a, Family> {
        match self.kept.get(family) {
            Some(wrong) => Cow::Owned(record.without(&numbers(wrong, record))),
            None => Cow::Borrowed(record),
        }
    }

    /// Puts a person aside.
    pub(crate) fn put_aside(
        &mut self,
        family: &FamilyRef,
        record: &Family,
        person: PersonNumber,
        fx: &mut Effects<'_>,
    ) {
        let Some(person) = record.person(person) else { return };
        let mut wrong = self.kept.get(family).cloned().unwrap_or_default();
        wrong.persons.insert(person_digest(person));
        self.keep(family, wrong, fx);
    }

    /// The record of a family came or changed: whoever was corrected is put aside no longer.
    pub(crate) fn follow(&mut self, family: &FamilyRef, record: &Family, fx: &mut Effects<'_>) {
        let Some(held) = self.kept.get(family) else { return };
        let recorded: BTreeSet<Digest> = record.persons().iter().map(person_digest).collect();
        let persons: BTreeSet<Digest> = held.persons.intersection(&recorded).copied().collect();
        let now = WrongOfFamily { persons, withdrawn_at: None };
        if *held != now {
            self.keep(family, now, fx);
        }
    }

    /// A family has no signal any more.
    pub(crate) fn withdrawn(&mut self, family: &FamilyRef, now: Timestamp, fx: &mut Effects<'_>) {
        if let Some(held) = self.kept.get(family) {
            self.keep(family, WrongOfFamily { withdrawn_at: Some(now), ..held.clone() }, fx);
        }
    }

    fn keep(&mut self, family: &FamilyRef, wrong: WrongOfFamily, fx: &mut Effects<'_>) {
        if wrong.persons.is_empty() {
            fx.delete(Collection::WrongPerson, wrong_persons_key(family));
            self.kept.remove(family);
        } else {
            fx.put(Collection::WrongPerson, wrong_persons_key(family), wrong_persons_record(family, &wrong));
            self.kept.insert(family.clone(), wrong);
        }
    }

    /// Forgets those of families that have been gone for long.
    pub(crate) fn expire(&mut self, now: Timestamp, fx: &mut Effects<'_>) {
        let is_over = |wrong: &WrongOfFamily| {
            wrong.withdrawn_at.is_some_and(|at| now.since(at) >= SECONDS_AFTER_WITHDRAWAL)
        };
        for (family, _) in self.kept.extract_if(.., |_, wrong| is_over(wrong)) {
            fx.delete(Collection::WrongPerson, wrong_persons_key(&family));
            fx.cut();
        }
    }
}

fn numbers(wrong: &WrongOfFamily, record: &Family) -> BTreeSet<PersonNumber> {
    let is_wrong = |person| wrong.persons.contains(&person_digest(person));
    record.numbered().filter(|(_, person)| is_wrong(person)).map(|(number, _)| number).collect()
}
