//! Short ways to write synthetic persons and signals.

use domain::{
    Address, Contact, Family, FamilyRef, Person, PersonalText, Role, Signal, SignalKind, Visibility,
};

/// Builds one synthetic person.
#[derive(Debug, Clone)]
pub struct PersonBuilder(Person);

/// A person of whom only the role is known so far.
#[must_use]
pub fn person(role: Role) -> PersonBuilder {
    PersonBuilder(Person::new(role))
}

/// A visible signal on the legal basis `test` about a family of these persons.
///
/// # Panics
/// On a reference or a number of persons that the domain refuses.
#[must_use]
pub fn family(reference: &str, persons: impl IntoIterator<Item = PersonBuilder>) -> Signal {
    let persons = persons.into_iter().map(|builder| builder.0).collect();
    Signal {
        family_ref: FamilyRef::new(reference).expect("a test's reference"),
        family: Family::new(persons, None).expect("a test's family"),
        kind: SignalKind::Known,
        legal_basis: Some("test".parse().expect("a code")),
        visibility: Visibility::Visible,
        unit: None,
        contact: Contact::default(),
        involved_since: None,
        informed_on: None,
        ends_on: None,
    }
}

impl PersonBuilder {
    /// Sets the BSN.
    ///
    /// # Panics
    /// On one that fails the 11-proef.
    #[must_use]
    pub fn bsn(mut self, bsn: &str) -> Self {
        self.0.bsn = Some(bsn.parse().expect("a test's BSN"));
        self
    }

    /// Sets given names and surname.
    ///
    /// # Panics
    /// On text that the domain refuses.
    #[must_use]
    pub fn name(mut self, given: &str, surname: &str) -> Self {
        let text = |text: &str| Some(PersonalText::new("name", text).expect("a test's name"));
        self.0.name.given_names = text(given);
        self.0.name.surname = text(surname);
        self
    }

    /// Sets the birth date.
    ///
    /// # Panics
    /// On a date that the domain refuses.
    #[must_use]
    pub fn born(mut self, date: &str) -> Self {
        self.0.born = Some(date.parse().expect("a test's date"));
        self
    }

    /// Sets the present address.
    ///
    /// # Panics
    /// On an address that the domain refuses.
    #[must_use]
    pub fn at(mut self, postcode: &str, number: &str) -> Self {
        self.0.address = Some(Address {
            postcode: postcode.parse().expect("a test's postcode"),
            number: number.parse().expect("a test's house number"),
            letter: None,
            addition: None,
        });
        self
    }
}
