//! What could be found if everybody laid all records on one table: fuzzy comparison in clear text, person by person.
//!
//! After Fellegi and Sunter, as the usual libraries do it: names by Jaro–Winkler similarity, dates by how many of their
//! parts agree, addresses by door and area, each with a weight for agreement and one against; candidates are pairs that
//! share a BSN, a birth date, a door, or the beginning of the surname with an initial. Nobody may work like this: it is the
//! measure for what remains possible without seeing anything.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CalendarDate, Person, Sex};

use super::score::Tally;
use super::truth::{Relation, Truth, people};
use crate::population::{Organisation, Population};

/// What is compared of a person.
struct Clear {
    number: Option<String>,
    surnames: Vec<String>,
    given: String,
    born: Option<CalendarDate>,
    doors: Vec<(String, u32)>,
    sex: Option<Sex>,
}

/// Similarity of two persons in bits: of what is theirs alone, and with what a household shares.
#[derive(Clone, Copy, Default)]
struct Likeness {
    own: f64,
    all: f64,
}

/// What clear text finds at the threshold at which it is right as often as the product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClearText {
    /// What is told.
    pub told: Tally,
    /// Of pairs of which both recorded enough of a person, those found, and how many there are.
    pub person_known: Tally,
}

/// Every record beside every other organisation, at the lowest threshold at which it is right as often as `ours`.
pub(super) fn run(population: &Population, truth: &Truth, ours: Tally) -> ClearText {
    let tables: Vec<Table> = population.organisations.iter().map(Table::of).collect();
    let mut scored: Vec<(f64, bool, bool)> = Vec::new();
    let mut there = 0;
    for (asker, own) in tables.iter().enumerate() {
        let Some(organisation) = population.organisations.get(asker) else { continue };
        for (record, persons) in organisation.records.iter().zip(&own.records) {
            for (other, theirs) in tables.iter().enumerate().filter(|(other, _)| *other != asker) {
                let relation = truth.relation(population, record, other);
                let is_known = relation == Relation::Person { identified: true };
                there += usize::from(is_known);
                if let Some(score) = theirs.most_alike(persons) {
                    scored.push((score, relation != Relation::None, is_known));
                }
            }
        }
    }
    at_precision(scored, there, ours)
}

/// What is found at the lowest threshold at which as much of what is told is right.
fn at_precision(mut scored: Vec<(f64, bool, bool)>, there: usize, ours: Tally) -> ClearText {
    scored.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let (mut told, mut found) = (Tally::default(), 0);
    let mut best = ClearText::default();
    for (_, is_right, is_known) in scored {
        told.count(is_right);
        found += usize::from(is_known && is_right);
        if told.right * ours.shown >= told.shown * ours.right {
            best = ClearText { told, person_known: Tally { shown: there, right: found } };
        }
    }
    best
}

/// An organisation's records with what candidates are found by.
struct Table {
    records: Vec<Vec<Clear>>,
    by_mark: BTreeMap<String, BTreeSet<usize>>,
}

impl Table {
    fn of(organisation: &Organisation) -> Self {
        let clear = |record| people(record).map(|(person, _)| Clear::of(person)).collect::<Vec<_>>();
        let records: Vec<Vec<Clear>> = organisation.records.iter().map(clear).collect();
        let mut by_mark: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (place, record) in records.iter().enumerate() {
            for mark in record.iter().flat_map(Clear::marks) {
                by_mark.entry(mark).or_default().insert(place);
            }
        }
        Self { records, by_mark }
    }

    /// The likeness of the record that is most like these persons.
    fn most_alike(&self, persons: &[Clear]) -> Option<f64> {
        let marks = persons.iter().flat_map(Clear::marks);
        let candidates: BTreeSet<usize> =
            marks.filter_map(|mark| self.by_mark.get(&mark)).flatten().copied().collect();
        let records = candidates.into_iter().filter_map(|place| self.records.get(place));
        records.map(|theirs| alike(persons, theirs)).max_by(f64::total_cmp)
    }
}

/// How alike two records are: the most alike pair of persons, and of the others what is their own.
fn alike(own: &[Clear], theirs: &[Clear]) -> f64 {
    let best = |person: &Clear| {
        let pairs = theirs.iter().map(|other| person.likeness(other));
        pairs.max_by(|one, other| one.all.total_cmp(&other.all)).unwrap_or_default()
    };
    let mut each: Vec<Likeness> = own.iter().map(best).collect();
    each.sort_by(|one, other| other.all.total_cmp(&one.all));
    let mut each = each.into_iter();
    let most = each.next().map_or(0.0, |likeness| likeness.all);
    most + each.map(|likeness| likeness.own.max(0.0)).sum::<f64>()
}

impl Clear {
    fn of(person: &Person) -> Self {
        let text = |text: &Option<domain::PersonalText>| {
            text.as_ref().map_or("", |text| text.reveal()).to_lowercase()
        };
        let tokens = |text: &str| -> Vec<String> {
            let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 2);
            words
                .filter(|word| !["van", "der", "den", "het", "ten", "ter"].contains(word))
                .map(str::to_owned)
                .collect()
        };
        let addresses = person.address.iter().chain(person.previous.iter().map(|previous| &previous.address));
        Self {
            number: person.bsn.as_ref().map(|bsn| bsn.reveal().to_owned()),
            surnames: tokens(&text(&person.name.surname)),
            given: text(&person.name.given_names)
                .split([' ', '.', ',', '-', '('])
                .next()
                .unwrap_or_default()
                .to_owned(),
            born: person.born.as_ref().and_then(|born| born.reveal_whole()).filter(|date| date.year() > 1900),
            doors: addresses
                .map(|address| (address.postcode.reveal().to_owned(), address.number.reveal()))
                .collect(),
            sex: person.sex,
        }
    }

    fn marks(&self) -> Vec<String> {
        let mut marks: Vec<String> = self.number.iter().map(|number| format!("n{number}")).collect();
        marks.extend(self.born.map(|born| format!("b{born}")));
        marks.extend(self.doors.iter().map(|(postcode, number)| format!("d{postcode}{number}")));
        let initial = self.given.chars().next().unwrap_or('-');
        marks.extend(
            self.surnames
                .iter()
                .map(|name| format!("s{initial}{}", name.chars().take(3).collect::<String>())),
        );
        marks
    }

    fn likeness(&self, other: &Self) -> Likeness {
        let number = match (&self.number, &other.number) {
            (Some(one), Some(other)) if one == other => 26.4,
            (Some(_), Some(_)) => -8.0,
            (None, _) | (_, None) => 0.0,
        };
        let surname = match most_similar(&self.surnames, &other.surnames) {
            None => 0.0,
            Some(similarity) if similarity > 0.999 => 12.0,
            Some(similarity) if similarity >= 0.92 => 10.0,
            Some(similarity) if similarity >= 0.86 => 7.0,
            Some(_) => -3.0,
        };
        let sex = match (self.sex, other.sex) {
            (Some(Sex::Male), Some(Sex::Female)) | (Some(Sex::Female), Some(Sex::Male)) => -5.0,
            _ => 0.0,
        };
        let own = number + given(&self.given, &other.given) + birth(self.born, other.born) + sex;
        Likeness { own, all: own + surname + place(&self.doors, &other.doors) }
    }
}

fn most_similar(one: &[String], other: &[String]) -> Option<f64> {
    let pairs = one.iter().flat_map(|one| other.iter().map(move |other| strsim::jaro_winkler(one, other)));
    pairs.max_by(f64::total_cmp)
}

fn given(one: &str, other: &str) -> f64 {
    let (Some(a), Some(b)) = (one.chars().next(), other.chars().next()) else { return 0.0 };
    let is_full = |name: &str| name.chars().count() > 2;
    if is_full(one) && is_full(other) && strsim::jaro_winkler(one, other) >= 0.88 {
        7.0
    } else if a == b {
        4.0
    } else {
        -3.0
    }
}

fn birth(one: Option<CalendarDate>, other: Option<CalendarDate>) -> f64 {
    let (Some(one), Some(other)) = (one, other) else { return 0.0 };
    let parts = |date: CalendarDate| [u32::from(date.year()), u32::from(date.month()), u32::from(date.day())];
    let [year, month, day] = parts(one);
    let [other_year, other_month, other_day] = parts(other);
    let same = [year == other_year, month == other_month, day == other_day];
    let is_swapped = year == other_year && month == other_day && day == other_month;
    match same.into_iter().filter(|is_same| *is_same).count() {
        3 => 14.4,
        _ if is_swapped => 12.0,
        2 => 6.0,
        _ => -6.0,
    }
}

fn place(one: &[(String, u32)], other: &[(String, u32)]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return 0.0;
    }
    let pairs = || one.iter().flat_map(|one| other.iter().map(move |other| (one, other)));
    let area = |postcode: &str| postcode.get(..4).map(str::to_owned);
    if pairs().any(|(one, other)| one == other) {
        16.0
    } else if pairs()
        .any(|(one, other)| one.0 == other.0 || one.1 == other.1 && area(&one.0) == area(&other.0))
    {
        9.0
    } else if pairs().any(|(one, other)| area(&one.0) == area(&other.0)) {
        3.0
    } else {
        -1.0
    }
}
