//! Who is known where: which families, to how many organisations, and which of their members each has in its record.

use domain::{Kindcheck, Role, Sex};

use super::chance::{Chance, Purpose, stream};
use super::people::{Dwells, Household, People};
use super::sectors::{Focus, ORGANISATIONS, Sector};
use super::{HouseholdId, HumanId, PopulationOptions};
use crate::Dice;

/// To how many organisations a family is known that is known at all. The inspectorates' reports on calamities count up to
/// a dozen; most known families are known to one or two.
const INVOLVED: [(u64, u64); 8] = [(1, 36), (2, 26), (3, 16), (4, 10), (5, 6), (6, 4), (8, 1), (10, 1)];

/// Families that one organisation has twice: siblings enrolled apart, a second file.
const TWICE_PERCENT: u64 = 2;

/// One person of a record to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) human: HumanId,
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

/// Everybody that belongs to a household in the eyes of care.
struct Kin {
    /// Under age and living here, also half of the week.
    children: Vec<HumanId>,
    /// Parents of these children who live here, mothers first; then parents who live elsewhere.
    parents: Vec<HumanId>,
    elsewhere: Vec<HumanId>,
    /// Who lives with a parent as a partner and is no parent of any child here.
    partners: Vec<HumanId>,
    /// All other adults here: grown-up children, grandparents, people on their own.
    others: Vec<HumanId>,
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
        let mut involved: Vec<usize> = Vec::new();
        for _ in 0..dice.weighted(&INVOLVED) {
            let chosen = organisation(household, options.organisations, with_children, &mut dice);
            if chosen.is_some_and(|chosen| !involved.contains(&chosen)) {
                involved.extend(chosen);
            }
        }
        for organisation in involved {
            for _ in 0..=u64::from(dice.percent(TWICE_PERCENT)) {
                planned.extend(record(people, &kin, organisation, &mut dice));
            }
        }
    }
    planned
}

/// The sector of an organisation.
pub(super) fn sector(organisation: usize) -> &'static Sector {
    ORGANISATIONS.get(organisation % ORGANISATIONS.len()).expect("the remainder lies within")
}

/// One organisation by weight. Schools and practices are chosen by neighbourhood, with exceptions.
fn organisation(household: &Household, count: usize, with_children: bool, dice: &mut Dice) -> Option<usize> {
    let weight = |sector: &Sector| if with_children { sector.with_children } else { sector.childless };
    let kinds: Vec<(&str, u64)> = ORGANISATIONS
        .iter()
        .take(count)
        .enumerate()
        .filter(|(place, sector)| {
            ORGANISATIONS.iter().position(|other| other.name == sector.name) == Some(*place)
        })
        .map(|(_, sector)| (sector.name, weight(sector)))
        .collect();
    if kinds.iter().all(|(_, weight)| *weight == 0) {
        return None;
    }
    let kind = dice.weighted(&kinds);
    let here: Vec<usize> = (0..count).filter(|place| sector(*place).name == kind).collect();
    let near = household.dwelling.area() % here.len();
    here.get(if dice.percent(60) { near } else { dice.pick(here.len()) }).copied()
}

impl Kin {
    fn of(people: &People, home: HouseholdId, household: &Household) -> Self {
        let human = |id: HumanId| people.humans.get(id.place());
        let (mut children, mut adults) = (Vec::new(), Vec::new());
        for member in &household.members {
            let Some(person) = human(*member) else { continue };
            if person.is_child { children.push(*member) } else { adults.push(*member) }
        }
        let (mut parents, mut elsewhere) = (Vec::new(), Vec::new());
        for parent in
            children.iter().filter_map(|child| human(*child)).flat_map(|child| child.parents).flatten()
        {
            let here = human(parent).is_some_and(|parent| parent.home == home);
            let list = if here { &mut parents } else { &mut elsewhere };
            if !list.contains(&parent) {
                list.push(parent);
            }
        }
        let partner_of_parent = |adult: &HumanId| {
            let partner = human(*adult).and_then(|adult| adult.partner);
            partner.is_some_and(|partner| parents.contains(&partner)) && !parents.contains(adult)
        };
        let partners: Vec<HumanId> = adults.iter().copied().filter(partner_of_parent).collect();
        adults.retain(|adult| !parents.contains(adult) && !partners.contains(adult));
        Self { children, parents, elsewhere, partners, others: adults }
    }

    fn role(&self, people: &People, who: HumanId) -> Role {
        if self.children.contains(&who) {
            return Role::Child;
        }
        if self.parents.contains(&who) || self.elsewhere.contains(&who) {
            return Role::Parent;
        }
        if self.partners.contains(&who) {
            return Role::Partner;
        }
        let Some(human) = people.humans.get(who.place()) else { return Role::Other };
        let child_of_these = human.parents.iter().flatten().any(|parent| self.parents.contains(parent));
        let grandparent = || {
            let child_here = |id: &HumanId| {
                people.humans.get(id.place()).is_some_and(|parent| parent.parents.contains(&Some(who)))
            };
            self.parents.iter().any(child_here)
        };
        match () {
            () if child_of_these => Role::Other,
            () if grandparent() => Role::Carer,
            // Adults without children in the record: a couple, somebody alone.
            () => Role::Partner,
        }
    }
}

/// What one organisation has in its record; `None` when nobody there is of its concern.
fn record(people: &People, kin: &Kin, organisation: usize, dice: &mut Dice) -> Option<Planned> {
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
            let first = dice.pick(kin.children.len());
            let along = if focus == Focus::Pupil { 40 } else { 50 };
            for (place, child) in kin.children.iter().enumerate() {
                if place == first || dice.percent(along) {
                    clients.push(*child);
                }
            }
            around(kin, sector, dice, &mut others);
        }
        Focus::Children => {
            clients.extend(kin.children.iter().filter(|_| dice.percent(95)));
            if clients.is_empty() {
                clients.extend(kin.children.first());
            }
            around(kin, sector, dice, &mut others);
        }
        Focus::Household => {
            let here = kin.children.iter().chain(&kin.parents).chain(&kin.partners).chain(&kin.others);
            clients.extend(here.filter(|_| dice.percent(88)));
            others.extend(kin.elsewhere.iter().filter(|_| dice.percent(sector.elsewhere)));
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
    let entry = |human: HumanId, client| Entry { human, role: kin.role(people, human), client };
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
