//! Short notation for records, and the comparison of two of them.

use domain::{
    Address, AddressKind, CalendarDate, Certainty, Family, HouseNumber, Kindcheck, Person, PersonName,
    PersonalText, PreviousAddress, Role,
};
use linkage::{DeriveOptions, FamilyKeys, HouseholdSuppression, KeyKind, Verdict, derive};

/// The day on which every test takes place.
pub(crate) const TODAY: &str = "2026-11-21";

/// A person under construction.
#[derive(Clone)]
pub(crate) struct Draft(pub(crate) Person);

pub(crate) fn child() -> Draft {
    Draft(Person::new(Role::Child))
}

pub(crate) fn parent() -> Draft {
    Draft(Person::new(Role::Parent))
}

pub(crate) fn with_role(role: Role) -> Draft {
    Draft(Person::new(role))
}

impl Draft {
    /// Given names and surname; an empty part is unknown.
    pub(crate) fn named(mut self, given: &str, surname: &str) -> Self {
        self.0.name = PersonName {
            given_names: PersonalText::new("voornamen", given).ok(),
            prefix: None,
            surname: PersonalText::new("geslachtsnaam", surname).ok(),
        };
        self
    }

    pub(crate) fn prefix(mut self, prefix: &str) -> Self {
        self.0.name.prefix = PersonalText::new("voorvoegsel", prefix).ok();
        self
    }

    pub(crate) fn born(mut self, date: &str) -> Self {
        self.0.born = Some(date.parse().unwrap());
        self
    }

    pub(crate) fn bsn(mut self, digits: &str) -> Self {
        self.0.bsn = Some(digits.parse().unwrap());
        self
    }

    /// `3512JK 4` or `3512JK 4 A`.
    pub(crate) fn at(mut self, text: &str) -> Self {
        self.0.address = Some(address(text));
        self
    }

    pub(crate) fn kind(mut self, kind: AddressKind) -> Self {
        self.0.address_kind = kind;
        self
    }

    pub(crate) fn left(mut self, text: &str, moved_on: Option<&str>) -> Self {
        let moved_on = moved_on.map(|date| date.parse().unwrap());
        self.0.previous = Some(PreviousAddress { address: address(text), moved_on });
        self
    }
}

pub(crate) fn address(text: &str) -> Address {
    let parts: Vec<&str> = text.split(' ').collect();
    Address {
        postcode: parts[0].parse().unwrap(),
        number: HouseNumber::new(parts[1].parse().unwrap()).unwrap(),
        letter: None,
        addition: parts.get(2).map(|addition| PersonalText::new("toevoeging", addition).unwrap()),
    }
}

pub(crate) fn family(persons: &[Draft]) -> Family {
    Family::new(persons.iter().map(|draft| draft.0.clone()).collect(), None).unwrap()
}

/// A record of adult care that knows that there are children.
pub(crate) fn with_kindcheck(persons: &[Draft], kindcheck: Kindcheck) -> Family {
    Family::new(persons.iter().map(|draft| draft.0.clone()).collect(), Some(kindcheck)).unwrap()
}

pub(crate) fn today() -> CalendarDate {
    TODAY.parse().unwrap()
}

pub(crate) fn keys_of(family: &Family) -> FamilyKeys {
    keys_with(family, true, &HouseholdSuppression::default())
}

pub(crate) fn keys_with(
    family: &Family,
    bsn_entitled: bool,
    suppressed: &HouseholdSuppression,
) -> FamilyKeys {
    derive(family, &DeriveOptions { bsn_entitled, today: today(), suppressed_households: suppressed })
}

/// How many keys of each kind, as `kind×n`.
pub(crate) fn census(keys: &FamilyKeys) -> String {
    let count = |kind| keys.keys().filter(|key| key.kind() == kind).count();
    let kinds = KeyKind::ALL.into_iter().filter(|kind| count(*kind) > 0);
    kinds.map(|kind| format!("{kind}×{}", count(kind))).collect::<Vec<_>>().join(" ")
}

/// What the first record learns of the second.
pub(crate) fn compare(own: &FamilyKeys, other: &FamilyKeys) -> Option<Verdict> {
    own.weigh(
        own.keys().enumerate().filter(|(_, key)| other.position(key).is_some()).map(|(position, _)| position),
    )
}

/// Asserts the verdict as seen from both sides.
#[track_caller]
pub(crate) fn check(one: &Family, other: &Family, expected: Option<Certainty>) {
    let (one, other) = (keys_of(one), keys_of(other));
    assert_eq!(compare(&one, &other).map(|verdict| verdict.certainty), expected);
    assert_eq!(compare(&other, &one).map(|verdict| verdict.certainty), expected, "seen from the other side");
}

/// The basis as `rol:sleutel`, joined by blanks.
pub(crate) fn basis(verdict: &Verdict) -> String {
    let words: Vec<String> =
        verdict.basis.iter().map(|basis| format!("{}:{}", basis.role, basis.key)).collect();
    words.join(" ")
}
