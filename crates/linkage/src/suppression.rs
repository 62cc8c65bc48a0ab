//! Addresses at which a household key would tie strangers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Address, AddressKind, CalendarDate, Family, Role};

use crate::birth::Birth;
use crate::name::{given_name, surname_codes};
use crate::place::Place;
use crate::private::PrivateBytes;

/// Addresses that yield no household key: those of institutions, and those where the own records show families
/// of different surnames (a shelter, a boarding house, a flat recorded without additions). Person keys remain, at a
/// lower weight.
#[derive(Clone, Default)]
pub struct HouseholdSuppression {
    shared: BTreeSet<Place>,
    institutions: BTreeSet<Place>,
}

impl HouseholdSuppression {
    /// Finds the addresses at which the own families are strangers to one another.
    ///
    /// Families at one address belong together when they share a surname, a BSN, or a person with one initial and
    /// birth date, directly or through a third there: two records of one family, siblings registered apart, and a
    /// family whose members bear different names suppress nothing.
    #[must_use]
    pub fn from_families<'a>(families: impl IntoIterator<Item = &'a Family>) -> Self {
        let mut by_place: BTreeMap<Place, Vec<BTreeSet<PrivateBytes>>> = BTreeMap::new();
        for family in families {
            for (place, marks) in marks_by_place(family) {
                by_place.entry(place).or_default().push(marks);
            }
        }
        let shared =
            by_place.into_iter().filter(|(_, families)| !all_connected(families)).map(|(place, _)| place);
        Self { shared: shared.collect(), institutions: BTreeSet::new() }
    }

    /// Adds the institutions. One listed without letter and addition stands for every dwelling at its number.
    #[must_use]
    pub fn with_institutions<'a>(mut self, institutions: impl IntoIterator<Item = &'a Address>) -> Self {
        self.institutions.extend(institutions.into_iter().filter_map(Place::of));
        self
    }

    /// Number of addresses at which the own records show strangers; institutions not counted.
    #[must_use]
    pub fn shared_addresses(&self) -> usize {
        self.shared.len()
    }

    /// Whether strangers are known to live at this address.
    pub(crate) fn covers(&self, place: &Place) -> bool {
        self.shared.contains(place)
            || self.institutions.contains(place)
            || self.institutions.iter().any(|listed| listed.unit().is_empty() && listed.door == place.door)
    }
}

impl fmt::Debug for HouseholdSuppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HouseholdSuppression({} shared, {} institutions)",
            self.shared.len(),
            self.institutions.len()
        )
    }
}

/// Per address of the family the marks by which another record of it would be recognised. Persons without a
/// mark leave no trace: nothing shows that they are strangers.
fn marks_by_place(family: &Family) -> BTreeMap<Place, BTreeSet<PrivateBytes>> {
    // Any whole date serves to recognise a person, however far ahead the clock of the record was.
    let latest = CalendarDate::new(2200, 12, 31).expect("a day on the calendar");
    let mut found: BTreeMap<Place, BTreeSet<PrivateBytes>> = BTreeMap::new();
    for person in family.persons().iter().filter(|person| person.role != Role::Other) {
        if person.address_kind != AddressKind::Home {
            continue;
        }
        let Some(place) = person.address.as_ref().and_then(Place::of) else { continue };
        let surnames = surname_codes(&person.name);
        let mut marks: BTreeSet<PrivateBytes> = surnames
            .iter()
            .map(|code| PrivateBytes::from_fields(&[b"naam", code.reveal().as_bytes()]))
            .collect();
        if marks.is_empty() {
            continue;
        }
        marks.extend(
            person.bsn.iter().map(|bsn| PrivateBytes::from_fields(&[b"bsn", bsn.reveal().as_bytes()])),
        );
        if let (Some(given), Some(birth)) =
            (given_name(&person.name), Birth::of(person.born.as_ref(), latest))
        {
            let initial = u32::from(given.initial).to_be_bytes();
            marks.insert(PrivateBytes::from_fields(&[b"persoon", &initial, birth.reveal()]));
        }
        found.entry(place).or_default().extend(marks);
    }
    found
}

/// Whether every family can be reached from every other through shared marks.
fn all_connected(families: &[BTreeSet<PrivateBytes>]) -> bool {
    let Some((first, others)) = families.split_first() else { return true };
    let mut reached = first.clone();
    let mut waiting: Vec<&BTreeSet<PrivateBytes>> = others.iter().collect();
    loop {
        let before = waiting.len();
        waiting.retain(|marks| {
            let connected = !reached.is_disjoint(marks);
            if connected {
                reached.extend(marks.iter().cloned());
            }
            !connected
        });
        if waiting.is_empty() || waiting.len() == before {
            return waiting.is_empty();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{HouseNumber, Person, PersonName, PersonalText};

    use super::*;

    fn address(number: u32, addition: &str) -> Address {
        Address {
            postcode: "3512JK".parse().unwrap(),
            number: HouseNumber::new(number).unwrap(),
            letter: None,
            addition: PersonalText::new("toevoeging", addition).ok(),
        }
    }

    fn person(given: &str, surname: &str, born: &str) -> Person {
        Person {
            name: PersonName {
                given_names: PersonalText::new("voornamen", given).ok(),
                prefix: None,
                surname: PersonalText::new("geslachtsnaam", surname).ok(),
            },
            born: born.parse().ok(),
            address: Some(address(4, "")),
            ..Person::new(Role::Parent)
        }
    }

    fn suppressed(families: &[Vec<Person>]) -> bool {
        let families: Vec<Family> =
            families.iter().map(|persons| Family::new(persons.clone(), None).unwrap()).collect();
        HouseholdSuppression::from_families(&families).covers(&Place::of(&address(4, "")).unwrap())
    }

    #[test]
    fn only_strangers_suppress() {
        let (jansen, vries) =
            (person("Anna", "Jansen", "1985-03-20"), person("Bert", "de Vries", "1983-07-21"));
        let sibling = person("Cas", "Janssen", "2012-05-30");
        let double = person("Dirk", "Jansen-de Vries", "2014-05-30");
        let nameless = Person { name: PersonName::default(), ..vries.clone() };
        for (what, families, expected) in [
            ("one family with two names", vec![vec![jansen.clone(), vries.clone()]], false),
            ("one family recorded twice", vec![vec![jansen.clone()], vec![jansen.clone()]], false),
            ("siblings apart", vec![vec![jansen.clone()], vec![sibling.clone()]], false),
            ("strangers", vec![vec![jansen.clone()], vec![vries.clone()]], true),
            (
                "connected through a third",
                vec![vec![jansen.clone()], vec![vries.clone()], vec![double]],
                false,
            ),
            (
                "one person under two names",
                vec![vec![jansen.clone()], vec![person("A.", "Bakker", "1985-03-20")]],
                false,
            ),
            ("nothing known of the other", vec![vec![jansen], vec![nameless]], false),
        ] {
            assert_eq!(suppressed(&families), expected, "{what}");
        }
    }

    #[test]
    fn an_institution_covers_its_number_or_only_its_dwelling() {
        let covers = |listed: &Address, place: &Address| {
            HouseholdSuppression::default().with_institutions([listed]).covers(&Place::of(place).unwrap())
        };
        assert!(covers(&address(10, ""), &address(10, "12")));
        assert!(covers(&address(10, "B"), &address(10, "b")));
        assert!(!covers(&address(10, "B"), &address(10, "C")));
        assert!(!covers(&address(10, ""), &address(11, "")));
    }
}
