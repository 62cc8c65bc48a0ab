//! Persons and households while a region is being drawn: couples, children, twins, and what they are called.
//!
//! Everybody is drawn in turn from one stream, family by family (`families`), until the region is full.

use domain::{CalendarDate, Sex};

use super::addresses::{Dwelling, Dwellings};
use super::chance::{Chance, Purpose, stream};
use super::days::{age, days_before};
use super::names::{NameUse, Names, TrueName, masculine};
use super::numbers::Numbers;
use super::origins::Origin;
use super::surnames::Surname;
use super::{HouseholdId, Human, HumanId, PopulationOptions};
use crate::Dice;

/// Persons that are drawn between a parent and the last child, at most: two families and what new partners bring.
const MOST_BETWEEN: usize = 60;

/// What sort of address a household has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dwells {
    Home,
    /// Nobody may know where.
    Secretly,
    /// Letters arrive there; nobody lives there.
    ByLetter,
    Abroad,
}

/// Persons who live together.
#[derive(Clone, Debug)]
pub(super) struct Household {
    pub(super) dwelling: Dwelling,
    pub(super) dwells: Dwells,
    /// Where they came from, and when.
    pub(super) previous: Option<(Dwelling, CalendarDate)>,
    /// Residents, and children who live here half of the week.
    pub(super) members: Vec<HumanId>,
    /// The home that somebody left to found this one.
    pub(super) left: Option<Dwelling>,
    pub(super) institution: bool,
}

/// Everybody, while families are being drawn.
pub(super) struct People {
    pub(super) humans: Vec<Human>,
    pub(super) households: Vec<Household>,
    pub(super) dwellings: Dwellings,
    /// Dwellings of institutions that are on public record.
    pub(super) institutions: Vec<Dwelling>,
    pub(super) names: Names,
    numbers: Numbers,
    pub(super) dice: Dice,
    pub(super) today: CalendarDate,
}

/// What is decided about a person before the person is drawn.
pub(super) struct Draft {
    pub(super) home: HouseholdId,
    pub(super) origin: Origin,
    pub(super) sex: Sex,
    pub(super) born: CalendarDate,
    pub(super) surname: Surname,
    pub(super) parents: [Option<HumanId>; 2],
    /// The first given name, where it is taken from somebody.
    pub(super) after: Option<String>,
}

impl People {
    /// Whole years of age.
    pub(super) fn age_of(&self, who: HumanId) -> i64 {
        self.humans.get(who.place()).map_or(0, |human| age(human.born, self.today))
    }

    /// Sons and daughters. They were drawn after their parents, and soon after.
    pub(super) fn children_of(&self, parent: HumanId) -> impl Iterator<Item = HumanId> {
        let near = self.humans.iter().enumerate().skip(parent.place()).take(MOST_BETWEEN);
        let own = near.filter(move |(_, human)| human.parents.contains(&Some(parent)));
        own.filter_map(|(place, _)| u32::try_from(place).ok().map(HumanId))
    }

    /// Draws families until there are as many persons as asked for.
    pub(super) fn draw(seed: u64, options: &PopulationOptions) -> Self {
        let mut dice = stream(seed, Purpose::People, 0);
        let dwellings = Dwellings::new(options.persons, seed, &mut dice);
        let numbers = Numbers::new(&mut dice);
        let names = Names::new(&mut dice);
        let mut people = Self {
            humans: Vec::with_capacity(options.persons + 64),
            households: Vec::with_capacity(options.persons / 2 + 64),
            dwellings,
            institutions: Vec::new(),
            names,
            numbers,
            dice,
            today: options.today,
        };
        while people.humans.len() < options.persons {
            people.settle();
        }
        people
    }

    pub(super) fn sex(&mut self) -> Sex {
        if self.dice.percent(50) { Sex::Female } else { Sex::Male }
    }

    /// A birth day for somebody of so many years.
    pub(super) fn born(&mut self, years: i64, origin: Origin) -> CalendarDate {
        let born = days_before(self.today, years * 365 + years / 4 + self.dice.between(0, 364));
        if self.dice.per_mille(origin.january_per_mille(born.year())) {
            return CalendarDate::new(born.year(), 1, 1).unwrap_or(born);
        }
        born
    }

    pub(super) fn adult(&mut self, home: HouseholdId, origin: Origin, sex: Sex, years: i64) -> HumanId {
        let surname = self.names.surname(origin, &mut self.dice);
        let born = self.born(years, origin);
        self.human(Draft { home, origin, sex, born, surname, parents: [None, None], after: None })
    }

    /// Woman and man, of whom the man bears the surname. She comes first.
    pub(super) fn couple(
        &mut self,
        home: HouseholdId,
        origin: Origin,
        surname: Surname,
        years: i64,
    ) -> [HumanId; 2] {
        let her_origin = if self.dice.percent(90) { origin } else { Origin::draw(&mut self.dice) };
        let woman = self.adult(home, her_origin, Sex::Female, years);
        let his_years = self.dice.between(years - 3, years + 7).max(18);
        let born = self.born(his_years, origin);
        let man = self.human(Draft {
            home,
            origin,
            sex: Sex::Male,
            born,
            surname,
            parents: [None, None],
            after: None,
        });
        self.pair(woman, man, if years < 40 { 55 } else { 85 });
        [woman, man]
    }

    /// Makes two persons partners; so many in a hundred of them marry.
    pub(super) fn pair(&mut self, one: HumanId, other: HumanId, married_percent: u64) {
        let married = self.dice.percent(married_percent);
        let surname = |who: HumanId| self.humans.get(who.place()).map(|human| human.name.own.clone());
        let surnames = [surname(one), surname(other)];
        for ((who, partner), surname) in
            [(one, other), (other, one)].into_iter().zip(surnames.into_iter().rev())
        {
            let Some(human) = self.humans.get_mut(who.place()) else { continue };
            human.partner = Some(partner);
            if !married {
                continue;
            }
            human.name.partner = surname;
            // Naamgebruik after surveys of the CBS: older women use their husband's name, younger ones their own.
            human.name.usage = match human.sex {
                Sex::Female if age(human.born, self.today) > 50 => self.dice.weighted(&[
                    (NameUse::Own, 18),
                    (NameUse::Partner, 30),
                    (NameUse::PartnerThenOwn, 50),
                    (NameUse::OwnThenPartner, 2),
                ]),
                Sex::Female => self.dice.weighted(&[
                    (NameUse::Own, 48),
                    (NameUse::Partner, 22),
                    (NameUse::PartnerThenOwn, 25),
                    (NameUse::OwnThenPartner, 5),
                ]),
                Sex::Male | Sex::Unknown => self.dice.weighted(&[
                    (NameUse::Own, 96),
                    (NameUse::PartnerThenOwn, 1),
                    (NameUse::OwnThenPartner, 3),
                ]),
            };
        }
    }

    /// One child of `eldest` years and its younger siblings; twins now and then.
    pub(super) fn children(
        &mut self,
        home: HouseholdId,
        father: Option<HumanId>,
        mother: Option<HumanId>,
        eldest: i64,
    ) {
        let count = self.dice.weighted(&[(1, 30), (2, 46), (3, 17), (4, 5), (5, 2)]);
        let mut years = eldest;
        for _ in 0..count {
            if years < 0 {
                break;
            }
            let child = self.child(home, father, mother, years, None);
            // Fourteen in a thousand births are of twins.
            if self.dice.per_mille(14) {
                self.twin(child);
            }
            years -= self.dice.weighted(&[(1, 12), (2, 38), (3, 27), (4, 12), (5, 6), (7, 5)]);
        }
    }

    pub(super) fn child(
        &mut self,
        home: HouseholdId,
        father: Option<HumanId>,
        mother: Option<HumanId>,
        years: i64,
        surname: Option<Surname>,
    ) -> HumanId {
        let (sex, of) = (self.sex(), |people: &Self, parent: Option<HumanId>| {
            parent
                .and_then(|id| people.humans.get(id.place()))
                .map(|human| (human.origin, human.name.clone()))
        });
        let (father_is, mother_is) = (of(self, father), of(self, mother));
        let origin = father_is.as_ref().or(mother_is.as_ref()).map_or(Origin::Dutch, |(origin, _)| *origin);
        let born = self.born(years, if years > 12 { origin } else { Origin::Dutch });
        let surname =
            surname.unwrap_or_else(|| self.child_surname(father_is.as_ref(), mother_is.as_ref(), born));
        // A son who bears his father's first name, a daughter her mother's.
        let namesake = if sex == Sex::Male { &father_is } else { &mother_is };
        let share = if sex == Sex::Male { 30 } else { 10 };
        let after = namesake
            .as_ref()
            .filter(|_| self.dice.per_mille(share))
            .and_then(|(_, name)| name.given.first().cloned());
        let child = self.human(Draft { home, origin, sex, born, surname, parents: [mother, father], after });
        let years = age(born, self.today);
        // Half of those aged 23 have left home (CBS).
        if years >= 18 && self.dice.percent(u64::try_from((years - 17) * 9).unwrap_or(0).min(90)) {
            let left = self.dwelling_of(home);
            let own = self.new_home(left);
            self.move_out(child, home, own);
        }
        child
    }

    fn child_surname(
        &mut self,
        father: Option<&(Origin, TrueName)>,
        mother: Option<&(Origin, TrueName)>,
        born: CalendarDate,
    ) -> Surname {
        match (father, mother) {
            // A child's second name is its father's first.
            (Some((Origin::Eritrean, father)), _) => {
                Surname::plain(father.given.first().cloned().unwrap_or_default())
            }
            (Some((origin, father)), Some((_, mother))) => {
                // Both names since 2024, for children born since 2016.
                if born.year() >= 2016 && self.dice.percent(3) {
                    let Surname { prefix, stem } = mother.own.clone();
                    let second = [prefix, &stem]
                        .into_iter()
                        .filter(|part| !part.is_empty())
                        .collect::<Vec<_>>()
                        .join(" ");
                    return Surname {
                        prefix: father.own.prefix,
                        stem: format!("{} {second}", father.own.stem),
                    };
                }
                if self.dice.percent(94) {
                    masculine(father.own.clone(), *origin)
                } else {
                    mother.own.clone()
                }
            }
            (Some((origin, one)), None) | (None, Some((origin, one))) => masculine(one.own.clone(), *origin),
            (None, None) => self.names.surname(Origin::Dutch, &mut self.dice),
        }
    }

    /// A sibling born on the same day; one pair in six shares the initial.
    fn twin(&mut self, of: HumanId) {
        let Some(first) = self.humans.get(of.place()) else { return };
        let (home, origin, born, parents) = (first.home, first.origin, first.born, first.parents);
        let (surname, initial) =
            (masculine(first.name.own.clone(), origin), first.name.initials().chars().next());
        let sex = if self.dice.percent(67) { first.sex } else { self.sex() };
        let alike = self.dice.percent(16);
        let mut after = None;
        for _ in 0..40 {
            let name = self.names.given(origin, sex, born.year(), &mut self.dice).formal;
            if (name.chars().next() == initial) == alike {
                after = Some(name);
                break;
            }
        }
        self.human(Draft { home, origin, sex, born, surname, parents, after });
    }

    pub(super) fn human(&mut self, draft: Draft) -> HumanId {
        let id = HumanId(u32::try_from(self.humans.len()).expect("fewer persons than u32 holds"));
        let Draft { home, origin, sex, born, surname, parents, after } = draft;
        let mut first = self.names.given(origin, sex, born.year(), &mut self.dice);
        if let Some(name) = after {
            first = super::given::Given::only(name);
        }
        let name = self.names.complete(&first, surname, origin, sex, &mut self.dice);
        let human = Human {
            home,
            second_home: None,
            parents,
            partner: None,
            born,
            sex,
            is_child: age(born, self.today) < 18,
            moved_on: None,
            number: self.numbers.next(),
            origin,
            name,
        };
        self.humans.push(human);
        if let Some(household) = self.households.get_mut(home.place()) {
            household.members.push(id);
        }
        id
    }
}
