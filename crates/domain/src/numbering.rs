//! Persons of a family by number, and who is who in a record that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{Family, Invalid, Person, Role};

/// A person's place in the record of a family, from 1: what people and entries of a log call somebody without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonNumber(u8);

/// The largest: a record has at most forty persons.
const LARGEST: u8 = 40;

impl PersonNumber {
    /// Checks the number.
    ///
    /// # Errors
    /// Zero, or above forty.
    pub fn new(number: u8) -> Result<Self, Invalid> {
        if (1..=LARGEST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Invalid::new("persoon", "expected the number of a person in the record, 1 to 40"))
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    fn at(index: usize) -> Option<Self> {
        Self::new(u8::try_from(index).ok()?.checked_add(1)?).ok()
    }
}

impl fmt::Display for PersonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Family {
    /// The person with a number.
    #[must_use]
    pub fn person(&self, number: PersonNumber) -> Option<&Person> {
        self.persons().get(usize::from(number.0).checked_sub(1)?)
    }

    /// The persons with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (PersonNumber, &Person)> {
        let numbered = |(index, person)| Some((PersonNumber::at(index)?, person));
        self.persons().iter().enumerate().filter_map(numbered)
    }

    /// The same family, of some of whom nothing is known: persons keep their numbers, and nothing is derived from these.
    #[must_use]
    pub fn without(&self, left_out: &BTreeSet<PersonNumber>) -> Self {
        let blank = |(number, person): (PersonNumber, &Person)| match left_out.contains(&number) {
            true => Person::new(Role::Other),
            false => person.clone(),
        };
        let persons = self.numbered().map(blank).collect();
        Self::new(persons, self.kindcheck()).expect("as many persons, and no more text")
    }

    /// Where the persons of this record stand in a newer one of the same family. Whoever cannot be told is not there:
    /// what is kept of a person must never pass to another.
    ///
    /// Whoever stands unchanged in the same place is the same. Otherwise somebody is known by BSN, else by role, birth date and name as recorded, else by role and one of the two. Twins
    /// without BSN whose names both changed are not told apart.
    #[must_use]
    pub fn followed_by(&self, newer: &Self) -> BTreeMap<PersonNumber, PersonNumber> {
        let stays = |(number, person): &(PersonNumber, &Person)| newer.person(*number) == Some(*person);
        let staying = self.numbered().filter(stays);
        let mut found: BTreeMap<_, _> = staying.map(|(number, _)| (number, number)).collect();
        for is_same in [same_number, same_name_and_birth, same_name_or_birth] {
            let taken: BTreeSet<PersonNumber> = found.values().copied().collect();
            let left = || self.numbered().filter(|(number, _)| !found.contains_key(number));
            let free = || newer.numbered().filter(|(number, _)| !taken.contains(number));
            let mut pairs = Vec::new();
            for (number, person) in left() {
                let Some(there) = only(free(), |other| is_same(person, other)) else { continue };
                let Some(other) = newer.person(there) else { continue };
                let back = only(left(), |person| is_same(person, other));
                pairs.extend((back == Some(number)).then_some((number, there)));
            }
            found.extend(pairs);
        }
        found
    }
}

/// The only one of the persons that fits.
fn only<'a>(
    persons: impl Iterator<Item = (PersonNumber, &'a Person)>,
    fits: impl Fn(&Person) -> bool,
) -> Option<PersonNumber> {
    let mut fitting = persons.filter(|(_, person)| fits(person)).map(|(number, _)| number);
    fitting.next().filter(|_| fitting.next().is_none())
}

fn same_number(one: &Person, other: &Person) -> bool {
    one.bsn.is_some() && one.bsn == other.bsn
}

fn may_be_same(one: &Person, other: &Person) -> bool {
    one.role == other.role && (one.bsn.is_none() || other.bsn.is_none() || one.bsn == other.bsn)
}

fn same_name_and_birth(one: &Person, other: &Person) -> bool {
    may_be_same(one, other) && one.name == other.name && one.born == other.born
}

fn same_name_or_birth(one: &Person, other: &Person) -> bool {
    let named = one.name.surname.is_some() && one.name == other.name;
    may_be_same(one, other) && (named || (one.born.is_some() && one.born == other.born))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PersonalText;

    fn person(role: Role, surname: &str, born: &str, bsn: &str) -> Person {
        let mut person = Person::new(role);
        person.name.surname = PersonalText::new("geslachtsnaam", surname).ok();
        person.born = born.parse().ok();
        person.bsn = bsn.parse().ok();
        person
    }

    fn family(persons: &[(Role, &str, &str, &str)]) -> Family {
        let persons = persons.iter().map(|(role, surname, born, bsn)| person(*role, surname, born, bsn));
        Family::new(persons.collect(), None).unwrap()
    }

    fn followed(older: &[(Role, &str, &str, &str)], newer: &[(Role, &str, &str, &str)]) -> Vec<(u8, u8)> {
        let followed = family(older).followed_by(&family(newer));
        followed.iter().map(|(here, there)| (here.number(), there.number())).collect()
    }

    const ANNA: (Role, &str, &str, &str) = (Role::Parent, "Zonneveld", "1980-02-03", "111222333");
    const KEES: (Role, &str, &str, &str) = (Role::Partner, "De Jong", "1984-11-23", "");
    const LOTTE: (Role, &str, &str, &str) = (Role::Child, "De Jong", "2015-03-09", "");

    #[test]
    fn persons_are_followed_through_a_record_that_changed_and_never_taken_for_another() {
        let moved = (Role::Parent, "Jansen", "1980-03-02", "111222333");
        let renamed = (Role::Child, "Zonneveld", "2015-03-09", "");
        let twin = (Role::Child, "De Boer", "2015-03-09", "");
        for (older, newer, expected) in [
            (&[ANNA, KEES, LOTTE][..], &[ANNA, KEES, LOTTE][..], &[(1, 1), (2, 2), (3, 3)][..]),
            (&[ANNA, KEES, LOTTE], &[LOTTE, ANNA, KEES], &[(1, 2), (2, 3), (3, 1)]),
            (&[ANNA, KEES], &[KEES], &[(2, 1)]),
            // A BSN carries somebody through any other change; so does a birth date, where it is the only one.
            (&[ANNA, LOTTE], &[moved, renamed], &[(1, 1), (2, 2)]),
            // With two that it may be, it is neither.
            (&[LOTTE], &[renamed, twin], &[]),
            (&[renamed, twin], &[LOTTE], &[]),
            (&[LOTTE, twin], &[twin], &[(2, 1)]),
            // Another BSN or another role is another person.
            (&[ANNA], &[(Role::Parent, "Zonneveld", "1980-02-03", "123456782")], &[]),
            (&[KEES], &[(Role::Parent, "De Jong", "1984-11-23", "")], &[]),
            (&[(Role::Child, "", "", ""); 2], &[(Role::Child, "", "", ""); 2], &[(1, 1), (2, 2)]),
            (&[ANNA, (Role::Child, "", "", "")], &[(Role::Child, "", "", ""), ANNA], &[(1, 2), (2, 1)]),
        ] {
            assert_eq!(followed(older, newer), expected);
        }
    }

    #[test]
    fn whoever_is_left_out_leaves_the_others_their_numbers() {
        let all = family(&[ANNA, KEES, LOTTE]);
        let second = PersonNumber::new(2).unwrap();
        let without = all.without(&[second].into());
        assert_eq!(without.person(second), Some(&Person::new(Role::Other)));
        assert_eq!(without.persons().len(), 3);
        assert_eq!(without.persons()[2], all.persons()[2]);
        assert!(PersonNumber::new(0).is_err() && PersonNumber::new(41).is_err());
        assert_eq!(all.person(PersonNumber::new(4).unwrap()), None);
    }
}
