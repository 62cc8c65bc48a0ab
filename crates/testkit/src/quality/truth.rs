//! Who is who: whether an organisation really knows a person or a household of a record.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AddressKind, Person, Role};

use crate::population::{HouseholdId, HumanId, Organisation, Population, Record};

/// What every organisation really knows.
pub(super) struct Truth {
    known: Vec<Known>,
}

/// What one organisation really knows.
struct Known {
    /// Everybody in its records, with which facts each record of them has.
    humans: BTreeMap<HumanId, Vec<Facts>>,
    /// Homes of people in records with children.
    households: BTreeMap<HouseholdId, Home>,
    /// Homes of everybody in its records.
    homes: BTreeSet<HouseholdId>,
}

/// What an organisation knows of a home.
#[derive(Default)]
struct Home {
    /// The addresses it recorded for children who live there.
    addresses: BTreeSet<(String, u32)>,
    /// Who of those who live there are in its records.
    people: BTreeSet<HumanId>,
}

/// How a record and another organisation are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    /// It knows nobody of this family.
    None,
    /// It knows people of the household, but nobody of the record.
    Household {
        /// Whether both recorded one address for children of the household.
        one_address: bool,
        /// Whether somebody of the household whom one knows bears a surname of somebody whom the other knows.
        one_name: bool,
    },
    /// It knows a person of the record.
    Person {
        /// Whether both recorded the same sorts of facts of that person, enough to tell them from others.
        identified: bool,
    },
}

impl Truth {
    pub(super) fn of(population: &Population) -> Self {
        Self {
            known: population
                .organisations
                .iter()
                .map(|organisation| Known::of(population, organisation))
                .collect(),
        }
    }

    /// Whether an organisation knows somebody.
    pub(super) fn knows(&self, organisation: usize, human: HumanId) -> bool {
        self.known.get(organisation).is_some_and(|known| known.humans.contains_key(&human))
    }

    /// Whether an organisation knows somebody who lives with a person of the record, children or not.
    pub(super) fn knows_housemate(&self, population: &Population, record: &Record, other: usize) -> bool {
        let mut homes = people(record).flat_map(|(_, human)| homes(population, *human));
        self.known.get(other).is_some_and(|known| homes.any(|home| known.homes.contains(&home)))
    }

    pub(super) fn relation(&self, population: &Population, record: &Record, other: usize) -> Relation {
        let Some(known) = self.known.get(other) else { return Relation::None };
        let mut relation = Relation::None;
        for (person, human) in people(record) {
            let found = match known.humans.get(human) {
                Some(theirs) => {
                    let own = Facts::of(person);
                    Relation::Person { identified: theirs.iter().any(|theirs| own.tell_apart(*theirs)) }
                }
                None => household(population, record, person, *human, known),
            };
            relation = relation.max(found);
        }
        relation
    }
}

fn household(
    population: &Population,
    record: &Record,
    person: &Person,
    human: HumanId,
    known: &Known,
) -> Relation {
    if !record.family.has_children() {
        return Relation::None;
    }
    let shared = || homes(population, human).filter_map(|home| Some((home, known.households.get(&home)?)));
    if shared().next().is_none() {
        return Relation::None;
    }
    let recorded = address(person).filter(|_| person.role == Role::Child);
    let one_address =
        recorded.is_some_and(|address| shared().any(|(_, known)| known.addresses.contains(&address)));
    let one_name = shared().any(|(home, known)| {
        let own = people(record).map(|(_, human)| *human);
        own.filter(|own| homes(population, *own).any(|of| of == home))
            .any(|own| known.people.iter().any(|other| share_surname(population, own, *other)))
    });
    Relation::Household { one_address, one_name }
}

fn share_surname(population: &Population, one: HumanId, other: HumanId) -> bool {
    let both = population.human(one).zip(population.human(other));
    both.is_some_and(|(one, other)| one.shares_surname_with(other))
}

/// Where somebody lives; a child of parents who live apart at both.
fn homes(population: &Population, human: HumanId) -> impl Iterator<Item = HouseholdId> {
    population.human(human).into_iter().flat_map(|human| [Some(human.home), human.second_home]).flatten()
}

impl Known {
    fn of(population: &Population, organisation: &Organisation) -> Self {
        let mut known = Self { humans: BTreeMap::new(), households: BTreeMap::new(), homes: BTreeSet::new() };
        for record in &organisation.records {
            for (person, human) in people(record) {
                known.humans.entry(*human).or_default().push(Facts::of(person));
                known.homes.extend(homes(population, *human));
                if !record.family.has_children() {
                    continue;
                }
                for home in homes(population, *human) {
                    let of_home = known.households.entry(home).or_default();
                    of_home.addresses.extend(address(person).filter(|_| person.role == Role::Child));
                    of_home.people.insert(*human);
                }
            }
        }
        known
    }
}

/// The persons of a record who count, each with who it is.
pub(super) fn people(record: &Record) -> impl Iterator<Item = (&Person, &HumanId)> {
    let all = record.family.persons().iter().zip(&record.humans);
    all.filter(|(person, _)| person.role != Role::Other)
}

/// Which sorts of facts are recorded of a person, right or wrong.
#[derive(Clone, Copy)]
struct Facts {
    number: bool,
    name: bool,
    birth: bool,
    address: bool,
}

impl Facts {
    fn of(person: &Person) -> Self {
        Self {
            number: person.bsn.is_some(),
            name: person.name.surname.is_some() && person.name.given_names.is_some(),
            birth: person.born.as_ref().is_some_and(|born| born.reveal_whole().is_some()),
            address: address(person).is_some(),
        }
    }

    /// Whether two records have enough in common to tell a person from others: a BSN, or two of name, whole birth date and
    /// address. Of a name here and a birth date there nobody can say that they are one person's.
    fn tell_apart(self, other: Self) -> bool {
        let common = [self.name && other.name, self.birth && other.birth, self.address && other.address];
        self.number && other.number || common.into_iter().filter(|is_common| *is_common).count() >= 2
    }
}

/// Where a person lives according to the record.
fn address(person: &Person) -> Option<(String, u32)> {
    let address = person.address.as_ref().filter(|_| person.address_kind == AddressKind::Home)?;
    Some((address.postcode.reveal().to_owned(), address.number.reveal()))
}
