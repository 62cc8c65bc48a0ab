//! Who is known where: which families, to how many organisations, and which of their members each has in its record.

use domain::{Kindcheck, Role, Sex};

use super::chance::{Chance, Purpose, stream};
use super::kin::Kin;
use super::people::{Dwells, Household, People};
use super::sectors::{Focus, ORGANISATIONS, REFUGE, SCHOOL, Sector};
use super::{HouseholdId, HumanId, PopulationOptions};
use crate::Dice;

/// To how many organisations a family is known that is known at all. The inspectorates' reports on calamities count up to
/// a dozen; most known families are known to one or two.
const INVOLVED: [(u64, u64); 8] = [(1, 36), (2, 26), (3, 16), (4, 10), (5, 6), (6, 4), (8, 1), (10, 1)];

/// Families that one organisation has twice: siblings enrolled apart, a second file.
const TWICE_PERCENT: u64 = 2;

/// Of children with siblings, those at another school than the nearest; and how often, when one school is concerned about a
/// child, the schools of its siblings are as well.
const OTHER_SCHOOL_PERCENT: u64 = 35;
const SIBLINGS_SCHOOL_PERCENT: u64 = 40;

/// Co-parented children whom an organisation has at the other parent's, by percent of records.
const OTHER_HOME_PERCENT: u64 = 30;

/// Children of these parents of 18 to 22 years that a record about the children or the household still holds, by percent; and
/// of these, those that it still calls a child.
const GROWN_UP_PERCENT: u64 = 25;
const STILL_CHILD_PERCENT: u64 = 60;

/// One person of a record to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) human: HumanId,
    /// Which home the organisation takes for the person's; a child may have two.
    pub(super) home: HouseholdId,
    pub(super) role: Role,
    /// Whether the organisation's work is about this person.
    pub(super) client: bool,
}

/// A record to be written.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) organisation: usize,
    pub(super) entries: Vec<Entry>,
    pub(super) kindcheck: Option<Kindcheck>,
}

/// The records that the organisations of a region have, family by family.
pub(super) fn plan(people: &People, seed: u64, options: &PopulationOptions) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (place, household) in people.households.iter().enumerate() {
        let mut dice = stream(seed, Purpose::Known, place);
        let home = HouseholdId(u32::try_from(place).unwrap_or(u32::MAX));
        let kin = Kin::of(people, home, household);
        let with_children = !kin.children.is_empty();
        let share = match household {
            Household { dwells: Dwells::Secretly, .. } => 60,
            Household { institution: true, .. } => 30,
            _ if with_children => options.known_percent,
            _ => options.known_childless_percent,
        };
        if !dice.percent(share) {
            continue;
        }
        let schools = schools(people, &kin, household, seed, options.organisations);
        let mut involved: Vec<usize> = Vec::new();
        if household.institution && household.dwells == Dwells::Secretly {
            involved.extend((0..options.organisations).find(|place| sector(*place).name == REFUGE.name));
        }
        for _ in 0..dice.weighted(&INVOLVED) {
            for chosen in organisations(&schools, household, options.organisations, with_children, &mut dice)
            {
                if !involved.contains(&chosen) {
                    involved.push(chosen);
                }
            }
        }
        for organisation in involved {
            for _ in 0..=u64::from(dice.percent(TWICE_PERCENT)) {
                planned.extend(record(people, &kin, organisation, &schools, &mut dice));
            }
        }
    }
    planned
}

/// The sector of an organisation.
pub(super) fn sector(organisation: usize) -> &'static Sector {
    ORGANISATIONS.get(organisation % ORGANISATIONS.len()).expect("the remainder lies within")
}

/// The organisations of one sector, drawn by weight, that become involved: one, or the schools of several children. A
/// practice is chosen by neighbourhood, with exceptions.
fn organisations(
    schools: &[(HumanId, usize)],
    household: &Household,
    count: usize,
    with_children: bool,
    dice: &mut Dice,
) -> Vec<usize> {
    let weight = |sector: &Sector| if with_children { sector.with_children } else { sector.childless };
    let first_of_its_sector =
        |place: usize| ORGANISATIONS.iter().position(|other| other.name == sector(place).name) == Some(place);
    let places = (0..count.min(ORGANISATIONS.len())).filter(|place| first_of_its_sector(*place));
    let kinds: Vec<(usize, u64)> = places.map(|place| (place, weight(sector(place)))).collect();
    if kinds.iter().all(|(_, weight)| *weight == 0) {
        return Vec::new();
    }
    let kind = sector(dice.weighted(&kinds));
    if kind.focus == Focus::Pupil {
        let all = dice.percent(SIBLINGS_SCHOOL_PERCENT);
        let one = dice.pick(schools.len());
        let chosen = schools.iter().enumerate().filter(|(place, _)| all || *place == one);
        return chosen.map(|(_, (_, school))| *school).collect();
    }
    let here = of_sector(kind.name, count);
    let near = household.dwelling.area() % here.len();
    here.get(if dice.percent(60) { near } else { dice.pick(here.len()) }).copied().into_iter().collect()
}

fn of_sector(name: &str, count: usize) -> Vec<usize> {
    (0..count).filter(|place| sector(*place).name == name).collect()
}

/// Which school each child goes to: the nearest, or another. Compulsory schooling begins at five; nearly all come at four.
fn schools(
    people: &People,
    kin: &Kin,
    household: &Household,
    seed: u64,
    count: usize,
) -> Vec<(HumanId, usize)> {
    let all = of_sector(SCHOOL.name, count);
    if all.is_empty() {
        return Vec::new();
    }
    let near = household.dwelling.area() % all.len();
    let pupils = kin.children.iter().filter(|child| people.age_of(**child) >= 4);
    let school = |child: &HumanId| {
        let mut dice = stream(seed, Purpose::Schools, child.place());
        let elsewhere = dice.percent(OTHER_SCHOOL_PERCENT);
        let place = if elsewhere { dice.pick(all.len()) } else { near };
        all.get(place).map(|school| (*child, *school))
    };
    pupils.filter_map(school).collect()
}

/// What one organisation has in its record; `None` when nobody there is of its concern.
fn record(
    people: &People,
    kin: &Kin,
    organisation: usize,
    schools: &[(HumanId, usize)],
    dice: &mut Dice,
) -> Option<Planned> {
    let sector = sector(organisation);
    let mut clients: Vec<HumanId> = Vec::new();
    let mut others: Vec<HumanId> = Vec::new();
    let mut kindcheck = None;
    let focus = if kin.children.is_empty() && !matches!(sector.focus, Focus::Household) {
        Focus::Adult
    } else {
        sector.focus
    };
    match focus {
        Focus::Pupil | Focus::Child => {
            let goes_here = |child: &HumanId| schools.contains(&(*child, organisation));
            let of_its = |child: &HumanId| focus == Focus::Child || goes_here(child);
            let children: Vec<HumanId> = kin.children.iter().copied().filter(of_its).collect();
            let first = dice.pick(children.len());
            let along = if focus == Focus::Pupil { 80 } else { 50 };
            for (place, child) in children.iter().enumerate() {
                if place == first || dice.percent(along) {
                    clients.push(*child);
                }
            }
            if clients.is_empty() {
                return None;
            }
            if !dice.percent(sector.children_only) {
                around(kin, sector, dice, &mut others);
            }
        }
        Focus::Children => {
            clients.extend(kin.children.iter().filter(|_| dice.percent(95)));
            if clients.is_empty() {
                clients.extend(kin.children.first());
            }
            if !dice.percent(sector.children_only) {
                around(kin, sector, dice, &mut others);
            }
            others.extend(kin.grown_up(people).into_iter().filter(|_| dice.percent(GROWN_UP_PERCENT)));
        }
        Focus::Household => {
            let here = kin.children.iter().chain(&kin.parents).chain(&kin.partners).chain(&kin.others);
            clients.extend(here.filter(|_| dice.percent(88)));
            others.extend(kin.elsewhere.iter().filter(|_| dice.percent(sector.elsewhere)));
            others.extend(kin.grown_up(people).into_iter().filter(|_| dice.percent(GROWN_UP_PERCENT)));
        }
        Focus::Adult => {
            // Also a parent who lives elsewhere may be the client.
            let mut candidates: Vec<(HumanId, u64)> = Vec::new();
            candidates
                .extend(kin.parents.iter().chain(&kin.partners).chain(&kin.others).map(|adult| (*adult, 3)));
            candidates.extend(kin.elsewhere.iter().map(|adult| (*adult, 1)));
            if candidates.is_empty() {
                return None;
            }
            let client = dice.weighted(&candidates);
            clients.push(client);
            let lives_with = people.humans.get(client.place()).and_then(|human| human.partner);
            others.extend(lives_with.filter(|_| dice.percent(sector.partner)));
            let parent_of = |child: &&HumanId| {
                let child = people.humans.get(child.place());
                child.is_some_and(|child| child.parents.contains(&Some(client)))
            };
            let own: Vec<HumanId> = kin.children.iter().filter(parent_of).copied().collect();
            if own.is_empty() {
                let may_expect =
                    people.humans.get(client.place()).is_some_and(|human| human.sex == Sex::Female);
                kindcheck = (may_expect && dice.percent(2)).then_some(Kindcheck::Pregnant);
            } else {
                kindcheck = dice.percent(80).then_some(Kindcheck::Yes);
                if dice.percent(sector.names_children) {
                    others.extend(own);
                }
            }
        }
        Focus::MotherAndChildren => {
            let mother = kin.parents.iter().chain(&kin.elsewhere).find(|parent| {
                people.humans.get(parent.place()).is_some_and(|parent| parent.sex == Sex::Female)
            })?;
            clients.push(*mother);
            clients.extend(kin.children.iter().filter(|_| dice.percent(95)));
            others
                .extend(kin.parents.iter().filter(|parent| *parent != mother && dice.percent(sector.second)));
        }
    }
    // An organisation has all children of two homes at one of them.
    let other_home = dice.percent(OTHER_HOME_PERCENT);
    let still_child = dice.percent(STILL_CHILD_PERCENT);
    let entry = |human: HumanId, client| {
        let role = kin.role(people, human);
        let called_child = role == Role::Other && still_child && people.age_of(human) < 23;
        let role = if called_child { Role::Child } else { role };
        Entry { human, home: kin.home_of(people, human, other_home), role, client }
    };
    let mut entries: Vec<Entry> = clients.iter().map(|human| entry(*human, true)).collect();
    for human in others {
        if !entries.iter().any(|known| known.human == human) {
            entries.push(entry(human, false));
        }
    }
    entries.truncate(40);
    if entries.is_empty() { None } else { Some(Planned { organisation, entries, kindcheck }) }
}

/// The adults around a child.
fn around(kin: &Kin, sector: &Sector, dice: &mut Dice, others: &mut Vec<HumanId>) {
    for (place, parent) in kin.parents.iter().enumerate() {
        if dice.percent(if place == 0 { 95 } else { sector.second }) {
            others.push(*parent);
        }
    }
    others.extend(kin.elsewhere.iter().filter(|_| dice.percent(sector.elsewhere)));
    others.extend(kin.partners.iter().filter(|_| dice.percent(sector.partner)));
}
