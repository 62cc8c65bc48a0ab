//! A signal: one organisation's registered involvement with one family.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Bsn, CalendarDate, Invalid, LegalBasisCode, Person, PersonalText, PlainText, Role};

/// Most persons in one family record; keeps evaluation and storage bounded.
const MAX_PERSONS: usize = 40;

/// The organisation's own reference of a family. It never leaves its node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyRef(PlainText);

/// Longest reference in bytes: it is part of the keys of records.
const MAX_REFERENCE_BYTES: usize = 300;

/// Most text in one family record, so that it fits one record of the store.
const MAX_FAMILY_TEXT_BYTES: usize = 40_000;

impl FamilyRef {
    /// Trims and checks.
    ///
    /// # Errors
    /// Empty, over 200 characters, or holding a control character.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let text = PlainText::new("gezin", text)?;
        if text.as_str().len() > MAX_REFERENCE_BYTES {
            return Err(Invalid::new("gezin", "longer than 300 bytes"));
        }
        Ok(Self(text))
    }

    /// The reference as the organisation wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for FamilyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FamilyRef(redacted)")
    }
}

impl fmt::Display for FamilyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Adult care's check whether an adult client has children (CSV column `kindcheck`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kindcheck {
    /// `ja`: there are children.
    Yes,
    /// `zwanger`: a child is expected.
    Pregnant,
}

/// Whether the organisation merely knows the family or is concerned (CSV column `soort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SignalKind {
    /// `bekend`
    #[default]
    Known,
    /// `zorg`
    Concern,
}

/// Who may learn of the involvement (CSV column `zichtbaarheid`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Visibility {
    /// `zichtbaar`: published to the readers that the circle names.
    #[default]
    Visible,
    /// `afgeschermd`: published by nobody.
    Shielded,
}

/// A unit (afdeling) of the organisation.
pub type Unit = PlainText;

/// Whom a colleague calls. Personal data of a professional; stays on the node until a card is released.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Name of the contact person.
    pub person: Option<PersonalText>,
    /// Function of the contact person.
    pub function: Option<PersonalText>,
    /// Telephone number.
    pub phone: Option<PersonalText>,
    /// E-mail address.
    pub email: Option<PersonalText>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(redacted)")
    }
}

/// The persons of one family as one organisation knows them: one to forty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    persons: Vec<Person>,
    kindcheck: Option<Kindcheck>,
}

impl Family {
    /// Checks the number of persons.
    ///
    /// # Errors
    /// No person, or more than forty.
    pub fn new(persons: Vec<Person>, kindcheck: Option<Kindcheck>) -> Result<Self, Invalid> {
        if persons.is_empty() || persons.len() > MAX_PERSONS {
            return Err(Invalid::new("gezin", "expected one to forty persons"));
        }
        if persons.iter().map(Person::text_bytes).sum::<usize>() > MAX_FAMILY_TEXT_BYTES {
            return Err(Invalid::new("gezin", "holds more text than a family record can"));
        }
        Ok(Self { persons, kindcheck })
    }

    /// Whether all persons are made up for tests: with a BSN that is meant for tests, or without BSN and with a surname that
    /// begins with `Proef`.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        let named = |person: &Person| {
            person
                .name
                .surname
                .as_ref()
                .is_some_and(|name| name.reveal().trim().to_lowercase().starts_with("proef"))
        };
        self.persons.iter().all(|person| person.bsn.as_ref().map_or_else(|| named(person), Bsn::is_for_tests))
    }

    /// The persons, in the order recorded.
    #[must_use]
    pub fn persons(&self) -> &[Person] {
        &self.persons
    }

    /// The recorded kindcheck.
    #[must_use]
    pub fn kindcheck(&self) -> Option<Kindcheck> {
        self.kindcheck
    }

    /// Whether a child is recorded or known to exist or to be expected.
    #[must_use]
    pub fn has_children(&self) -> bool {
        self.kindcheck.is_some() || self.persons.iter().any(|person| person.role == Role::Child)
    }

    /// The roles present, each once.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<Role> {
        self.persons.iter().map(|person| person.role).collect()
    }
}

/// One organisation's registered involvement with one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The organisation's own reference.
    pub family_ref: FamilyRef,
    /// Who belongs to the family.
    pub family: Family,
    /// Known or concerned.
    pub kind: SignalKind,
    /// The legal basis the organisation relies on; absent means nothing is published.
    pub legal_basis: Option<LegalBasisCode>,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// The unit that registered it.
    pub unit: Option<Unit>,
    /// Whom a colleague calls.
    pub contact: Contact,
    /// Involved since.
    pub involved_since: Option<CalendarDate>,
    /// When the family was told.
    pub informed_on: Option<CalendarDate>,
    /// When the signal ends by itself.
    pub ends_on: Option<CalendarDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_one_to_forty_persons() {
        assert!(Family::new(vec![], None).is_err());
        assert!(Family::new(vec![Person::new(Role::Child); 40], None).is_ok());
        assert!(Family::new(vec![Person::new(Role::Child); 41], None).is_err());
    }

    #[test]
    fn references_and_records_are_bounded_and_references_do_not_print() {
        assert!(FamilyRef::new(&"é".repeat(150)).is_ok());
        assert!(FamilyRef::new(&"é".repeat(151)).is_err());
        assert!(!format!("{:?}", FamilyRef::new("L-0012").unwrap()).contains("0012"));
        let mut wordy = Person::new(Role::Child);
        wordy.name.surname = Some(PersonalText::new("geslachtsnaam", &"\u{1F40D}".repeat(200)).unwrap());
        wordy.name.given_names = wordy.name.surname.clone();
        assert!(Family::new(vec![wordy.clone(); 25], None).is_ok());
        assert!(Family::new(vec![wordy; 26], None).is_err());
    }

    #[test]
    fn children_are_recorded_known_or_expected() {
        let adult = || vec![Person::new(Role::Parent)];
        assert!(!Family::new(adult(), None).unwrap().has_children());
        assert!(Family::new(adult(), Some(Kindcheck::Pregnant)).unwrap().has_children());
        assert!(Family::new(vec![Person::new(Role::Child)], None).unwrap().has_children());
    }
}
