//! A synthetic Dutch region: who lives there, and what each organisation has recorded of them.
//!
//! Read in this order: `families` and `people` draw who lives there (`names`, `addresses`, `numbers` supply the
//! particulars), `moves` lets some move, `knowledge` decides which organisation knows whom of a family (`kin`), `writing`
//! and `whereabouts` write that down with the habits of a sector (`sectors`) and with errors (`slips`).
//! [`PopulationOptions`] holds the sizes and rates; `docs/adr/0023-synthetic-regions.md` lists the rest, with what is
//! left out.
//!
//! Everything follows from one seed by whole numbers, the same on every machine. The truth (who is who, who is whose
//! child, who lives where) stands in [`Human`]; records know nothing of it but the positions of their persons.

mod addresses;
mod chance;
mod days;
mod families;
mod filling;
mod given;
mod kin;
mod knowledge;
mod moves;
mod names;
mod numbers;
mod options;
mod origins;
mod people;
mod sectors;
mod slips;
mod surnames;
#[cfg(test)]
mod tests;
mod whereabouts;
mod writing;

use std::fmt;

use domain::{Address, CalendarDate, Family, Oin, Sex};

pub use options::PopulationOptions;

use filling::write_records;
use knowledge::{plan, sector};
use moves::move_households;
use names::TrueName;
use origins::Origin;
use people::People;

/// A region.
pub struct Population {
    /// Everybody, by [`HumanId`].
    pub humans: Vec<Human>,
    /// The organisations with their records.
    pub organisations: Vec<Organisation>,
    /// Institutions that are on public record, as a roster lists them. Shelters at a secret address are not among them.
    pub institutions: Vec<Address>,
}

/// A person's position in [`Population::humans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanId(pub u32);

/// A home of the region; who lives together has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdId(pub u32);

/// The truth about one person.
pub struct Human {
    /// Where the person lives.
    pub home: HouseholdId,
    /// The other parent's home, for a child that lives with both in turn.
    pub second_home: Option<HouseholdId>,
    /// Mother and father, as far as they are in the region.
    pub parents: [Option<HumanId>; 2],
    /// Whom the person lives with as a couple.
    pub partner: Option<HumanId>,
    /// The birth date that the BRP has.
    pub born: CalendarDate,
    /// Sex.
    pub sex: Sex,
    /// Under eighteen.
    pub is_child: bool,
    /// The last move, if within four years.
    pub moved_on: Option<CalendarDate>,
    /// Citizen service number.
    number: u32,
    origin: Origin,
    name: TrueName,
}

/// One organisation and what it has recorded.
pub struct Organisation {
    /// A test number.
    pub oin: Oin,
    /// The sector.
    pub name: &'static str,
    /// Whether it may process the BSN.
    pub bsn_entitled: bool,
    /// One for each family it has a signal about.
    pub records: Vec<Record>,
}

/// One family as an organisation recorded it, and who its persons really are.
pub struct Record {
    /// What was recorded.
    pub family: Family,
    /// The truth: the same positions as [`Family::persons`].
    pub humans: Vec<HumanId>,
}

/// The region of a seed.
#[must_use]
pub fn population(seed: u64, options: &PopulationOptions) -> Population {
    let mut people = People::draw(seed, options);
    move_households(&mut people, seed, options);
    let planned = plan(&people, seed, options);
    let mut organisations: Vec<Organisation> = (0..options.organisations).map(organisation).collect();
    write_records(&people, planned, seed, options, &mut organisations);
    let institutions = people.institutions.iter().map(addresses::Dwelling::plain).collect();
    Population { humans: people.humans, organisations, institutions }
}

fn organisation(place: usize) -> Organisation {
    let sector = sector(place);
    let oin = Oin::test_number(place as u64 + 1).expect("fewer organisations than twelve digits count");
    Organisation { oin, name: sector.name, bsn_entitled: sector.bsn_entitled, records: Vec::new() }
}

impl Population {
    /// The truth about a person.
    #[must_use]
    pub fn human(&self, id: HumanId) -> Option<&Human> {
        self.humans.get(id.place())
    }
}

impl Human {
    /// Whether both bear one surname: their own, or the partner's that they use.
    #[must_use]
    pub fn shares_surname_with(&self, other: &Self) -> bool {
        let names = |human: &Self| -> Vec<String> {
            let borne = std::iter::once(&human.name.own).chain(&human.name.partner);
            borne.map(|surname| surname.stem.clone()).collect()
        };
        let others = names(other);
        names(self).iter().any(|name| others.contains(name))
    }
}

impl HumanId {
    fn place(self) -> usize {
        self.0 as usize
    }
}

impl HouseholdId {
    fn place(self) -> usize {
        self.0 as usize
    }
}

impl Human {
    /// Whether both have a parent in common.
    #[must_use]
    pub fn is_sibling_of(&self, other: &Self) -> bool {
        self.parents.iter().flatten().any(|parent| other.parents.contains(&Some(*parent)))
    }

    /// Whether both live in one home, all the time or in turn.
    #[must_use]
    pub fn lives_with(&self, other: &Self) -> bool {
        let homes = |human: &Self| [Some(human.home), human.second_home];
        homes(self).into_iter().flatten().any(|home| homes(other).contains(&Some(home)))
    }
}

impl fmt::Debug for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Human(synthetic, home {})", self.home.0)
    }
}

impl fmt::Debug for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Population({} persons, {} organisations)", self.humans.len(), self.organisations.len())
    }
}
