//! Writes planned records down and fills in the citizen service numbers.

use std::collections::BTreeMap;

use domain::{Bsn, Family, Person};

use super::chance::{Chance, Purpose, stream};
use super::knowledge::{Planned, sector};
use super::numbers::{PLACEHOLDER, typed_wrong};
use super::people::People;
use super::whereabouts::{APART_PERCENT, Recorder, Whereabouts};
use super::writing::{Habits, Page};
use super::{HouseholdId, HumanId, Organisation, PopulationOptions, Record};
use crate::Dice;

/// How likely a client lacks the BSN, as a weight; relatives more, by sector.
const CLIENT_LACKS: u64 = 2;

/// Of wrong numbers: a relative's, or the placeholder; the others are typed wrong. Percents.
const RELATIVES_PERCENT: u64 = 30;
const PLACEHOLDER_PERCENT: u64 = 10;

/// Fills the organisations with records.
pub(super) fn write_records(
    people: &People,
    planned: Vec<Planned>,
    seed: u64,
    options: &PopulationOptions,
    organisations: &mut [Organisation],
) {
    let habits: Vec<Habits> = (0..organisations.len()).map(|place| Habits::draw(seed, place)).collect();
    let lacks: Vec<Vec<u64>> =
        planned.iter().enumerate().map(|(record, plan)| weights(plan, record, seed)).collect();
    let entitled = planned.iter().zip(&lacks).filter(|(plan, _)| sector(plan.organisation).bsn_entitled);
    let persons: usize = lacks.iter().map(Vec::len).sum();
    let lacking =
        Lacking::over(entitled.flat_map(|(_, weights)| weights), persons as u64, options.bsn_missing_percent);
    let mut line = 0;
    for (record, (plan, weights)) in planned.into_iter().zip(lacks).enumerate() {
        let Some(habits) = habits.get(plan.organisation) else { continue };
        let recorder = Recorder { sector: sector(plan.organisation), habits: *habits, options };
        let mut homes: Vec<(HouseholdId, Whereabouts)> = Vec::new();
        let mut together = stream(seed, Purpose::Addresses, record);
        let mut persons = Vec::with_capacity(plan.entries.len());
        for (entry, weight) in plan.entries.iter().zip(weights) {
            line += 1;
            let Some(human) = people.humans.get(entry.human.place()) else { continue };
            let Some(home) = people.households.get(entry.home.place()) else { continue };
            if !homes.iter().any(|(known, _)| *known == entry.home) {
                homes.push((entry.home, recorder.whereabouts(home, &mut together)));
            }
            let mut apart = stream(seed, Purpose::AddressesApart, line);
            let shared = homes
                .iter()
                .find(|(known, _)| *known == entry.home)
                .filter(|_| !apart.percent(APART_PERCENT));
            let whereabouts = shared.map_or_else(
                || recorder.whereabouts(home, &mut apart),
                |(_, whereabouts)| whereabouts.clone(),
            );
            let (role, client) = (entry.role, entry.client);
            let mut person = Page { seed, record, line, recorder, human, whereabouts, role, client }.write();
            let mut dice = stream(seed, Purpose::Numbers, line);
            if recorder.sector.bsn_entitled && !dice.per_mille(lacking.per_mille(weight)) {
                person.bsn = number(people, &plan, entry.human, seed, line, options);
            }
            persons.push(person);
        }
        let humans: Vec<HumanId> = plan.entries.iter().map(|entry| entry.human).collect();
        let family = family(persons, &plan);
        if let Some(organisation) = organisations.get_mut(plan.organisation) {
            organisation.records.push(Record { family, humans });
        }
    }
}

fn family(persons: Vec<Person>, plan: &Planned) -> Family {
    Family::new(persons, plan.kindcheck).expect("a plan holds one to forty persons with bounded names")
}

/// How likely each person of a record lacks the number, relative to others: relatives more than clients, everybody at a
/// careless organisation, and everybody in a record that was made in haste.
fn weights(plan: &Planned, record: usize, seed: u64) -> Vec<u64> {
    let careless = 1 + stream(seed, Purpose::Carelessness, plan.organisation).below(3);
    let hasty = if stream(seed, Purpose::Haste, record).percent(25) { 3 } else { 1 };
    let relative = sector(plan.organisation).relative_lacks;
    let of = |client| CLIENT_LACKS * careless * hasty * if client { 1 } else { relative };
    plan.entries.iter().map(|entry| of(entry.client)).collect()
}

/// The number that is written: the right one, mostly.
fn number(
    people: &People,
    plan: &Planned,
    of: HumanId,
    seed: u64,
    line: usize,
    options: &PopulationOptions,
) -> Option<Bsn> {
    let mut dice = stream(seed, Purpose::WrongNumbers, line);
    let right = people.humans.get(of.place())?.number;
    let written = if dice.per_mille(options.bsn_wrong_per_mille) {
        wrong(people, plan, of, right, &mut dice)
    } else {
        right
    };
    format!("{written:09}").parse().ok()
}

fn wrong(people: &People, plan: &Planned, of: HumanId, right: u32, dice: &mut Dice) -> u32 {
    let others: Vec<HumanId> =
        plan.entries.iter().map(|entry| entry.human).filter(|other| *other != of).collect();
    let roll = dice.below(100);
    if roll < RELATIVES_PERCENT {
        let relative = others.get(dice.pick(others.len())).and_then(|other| people.humans.get(other.place()));
        if let Some(relative) = relative {
            return relative.number;
        }
    }
    if roll >= 100 - PLACEHOLDER_PERCENT { PLACEHOLDER } else { typed_wrong(right, dice) }
}

/// The chance of lacking a number by weight at organisations that may have it, so that the share over all persons is met.
struct Lacking {
    /// Thousandths per unit of weight, times a thousand.
    scale: u64,
}

impl Lacking {
    fn over<'a>(weights: impl Iterator<Item = &'a u64>, persons: u64, percent: u64) -> Self {
        let mut by_weight = BTreeMap::<u64, u64>::new();
        for weight in weights {
            *by_weight.entry(*weight).or_default() += 1;
        }
        let elsewhere = persons.saturating_sub(by_weight.values().sum());
        let wanted = (persons * percent * 10).saturating_sub(elsewhere * 1_000);
        // The smallest scale that reaches the share; no chance exceeds one.
        let lacking = |scale: u64| {
            by_weight.iter().map(|(weight, count)| (scale * weight / 1_000).min(1_000) * count).sum::<u64>()
        };
        let (mut low, mut high) = (0, 1_000_000);
        while low < high {
            let middle = (low + high) / 2;
            if lacking(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        Self { scale: low }
    }

    fn per_mille(&self, weight: u64) -> u64 {
        (self.scale * weight / 1_000).min(1_000)
    }
}
