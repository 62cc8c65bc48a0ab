//! Families as they live: couples, single parents, co-parents, step-families, grandparents, institutions.
//!
//! Each family is drawn in turn from one stream until the region is full. Shares of sorts of households after the CBS
//! (2023): 39 in a hundred live alone, 29 are couples without children at home, 25 couples with, 7 one parent with.

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
    names: Names,
    numbers: Numbers,
    pub(super) dice: Dice,
    today: CalendarDate,
}

/// What is decided about a person before the person is drawn.
struct Draft {
    home: HouseholdId,
    origin: Origin,
    sex: Sex,
    born: CalendarDate,
    surname: Surname,
    parents: [Option<HumanId>; 2],
    /// The first given name, where it is taken from somebody.
    after: Option<String>,
}

impl People {
    /// Draws families until there are as many persons as asked for.
    pub(super) fn draw(seed: u64, options: &PopulationOptions) -> Self {
        let mut dice = stream(seed, Purpose::People, 0);
        let dwellings = Dwellings::new(options.persons, seed, &mut dice);
        let numbers = Numbers::new(&mut dice);
        let mut people = Self {
            humans: Vec::with_capacity(options.persons + 64),
            households: Vec::with_capacity(options.persons / 2 + 64),
            dwellings,
            institutions: Vec::new(),
            names: Names::new(),
            numbers,
            dice,
            today: options.today,
        };
        while people.humans.len() < options.persons {
            people.settle();
        }
        people
    }

    fn settle(&mut self) {
        let kind = self.dice.below(10_000);
        match kind {
            0..=4_199 => self.alone(),
            4_200..=6_999 => {
                self.couple_without_children();
            }
            7_000..=9_099 => self.family(),
            9_100..=9_739 => self.separated(),
            9_740..=9_993 => self.single_mother(),
            _ => self.institution(),
        }
    }

    // ---- households -------------------------------------------------------------------------------------------------

    fn household(&mut self, dwelling: Dwelling, left: Option<Dwelling>) -> HouseholdId {
        let id = HouseholdId(u32::try_from(self.households.len()).expect("fewer households than u32 holds"));
        self.households.push(Household {
            dwelling,
            dwells: Dwells::Home,
            previous: None,
            members: Vec::new(),
            left,
            institution: false,
        });
        id
    }

    fn new_home(&mut self, left: Option<Dwelling>) -> HouseholdId {
        let dwelling = self.dwellings.next();
        self.household(dwelling, left)
    }

    fn dwelling_of(&self, home: HouseholdId) -> Option<Dwelling> {
        self.households.get(home.place()).map(|household| household.dwelling)
    }

    fn alone(&mut self) {
        let origin = Origin::draw(&mut self.dice);
        let home = self.new_home(None);
        let years = self.grown_up_age();
        let sex = self.sex();
        self.adult(home, origin, sex, years);
    }

    /// Ages of those who live alone or as two: young or old more often than in between.
    fn grown_up_age(&mut self) -> i64 {
        let (low, high) = self.dice.weighted(&[
            ((19, 29), 22),
            ((30, 44), 18),
            ((45, 64), 27),
            ((65, 79), 23),
            ((80, 95), 10),
        ]);
        self.dice.between(low, high)
    }

    fn couple_without_children(&mut self) {
        let home = self.new_home(None);
        let years = self.grown_up_age();
        let origin = Origin::draw(&mut self.dice);
        let surname = self.names.surname(origin, &mut self.dice);
        self.couple(home, origin, surname, years);
    }

    fn family(&mut self) {
        let origin = Origin::draw(&mut self.dice);
        let surname = self.names.surname(origin, &mut self.dice);
        let home = self.new_home(None);
        self.family_in(home, origin, surname.clone());
        // Brothers who live next door to one another.
        if self.dice.percent(1) {
            let beside = self.dwellings.beside_last();
            let home = self.household(beside, None);
            self.family_in(home, origin, surname);
        }
    }

    /// Father, mother and their children; perhaps a grandparent.
    fn family_in(&mut self, home: HouseholdId, origin: Origin, surname: Surname) -> [HumanId; 2] {
        let at_first = self.age_at_first_birth(origin);
        let eldest = self.dice.between(0, 24);
        let parents = self.couple(home, origin, surname, at_first + eldest);
        let [mother, father] = parents;
        self.children(home, Some(father), Some(mother), eldest);
        let living_in = if origin == Origin::Dutch { 10 } else { 50 };
        if self.dice.per_mille(living_in) {
            let years = self.dice.between(at_first + eldest + 20, at_first + eldest + 34).min(98);
            let of = self.dice.one(&parents);
            self.grandparent(home, of, years);
        }
        parents
    }

    fn grandparent(&mut self, home: HouseholdId, of: HumanId, years: i64) {
        let Some(child) = self.humans.get(of.place()) else { return };
        let (origin, surname) = (child.origin, child.name.own.clone());
        let sex = if self.dice.percent(70) { Sex::Female } else { Sex::Male };
        // A grandmother bears her own name; a grandfather his child's.
        let surname = if sex == Sex::Male {
            masculine(surname, origin)
        } else {
            self.names.surname(origin, &mut self.dice)
        };
        let born = self.born(years, origin);
        let grandparent =
            self.human(Draft { home, origin, sex, born, surname, parents: [None, None], after: None });
        if let Some(child) = self.humans.get_mut(of.place()) {
            let slot = usize::from(sex == Sex::Male);
            if let Some(parent) = child.parents.get_mut(slot) {
                *parent = Some(grandparent);
            }
        }
    }

    fn age_at_first_birth(&mut self, origin: Origin) -> i64 {
        let latest = if origin == Origin::Dutch { 21 } else { 17 };
        // The sum of two throws: mostly around thirty, seldom under twenty.
        18 + self.dice.between(0, latest / 2) + self.dice.between(0, latest / 2)
    }

    /// Parents who live apart: children with one of them, or half of the week with each; often a new partner.
    fn separated(&mut self) {
        let origin = Origin::draw(&mut self.dice);
        let surname = self.names.surname(origin, &mut self.dice);
        let home = self.new_home(None);
        let [mother, father] = self.family_in(home, origin, surname);
        let leaver = if self.dice.percent(85) { father } else { mother };
        let left = self.dwelling_of(home);
        let other = self.new_home(left);
        self.move_out(leaver, home, other);
        for parent in [mother, father] {
            if let Some(human) = self.humans.get_mut(parent.place()) {
                human.partner = None;
                if human.name.usage != NameUse::Own {
                    human.name.usage = if self.dice.percent(60) { NameUse::Own } else { human.name.usage };
                }
            }
        }
        // About three in ten children of separated parents live with both (CBS).
        if self.dice.percent(30) {
            self.share_children(home, other);
        }
        for (parent, home) in [(leaver, other), (if leaver == father { mother } else { father }, home)] {
            if self.dice.percent(35) {
                self.new_partner(parent, home);
            }
        }
    }

    fn move_out(&mut self, who: HumanId, from: HouseholdId, to: HouseholdId) {
        if let Some(household) = self.households.get_mut(from.place()) {
            household.members.retain(|member| *member != who);
        }
        if let Some(household) = self.households.get_mut(to.place()) {
            household.members.push(who);
        }
        if let Some(human) = self.humans.get_mut(who.place()) {
            human.home = to;
        }
    }

    fn share_children(&mut self, home: HouseholdId, other: HouseholdId) {
        let members =
            self.households.get(home.place()).map(|household| household.members.clone()).unwrap_or_default();
        for member in members {
            let Some(human) = self.humans.get_mut(member.place()) else { continue };
            if human.is_child {
                human.second_home = Some(other);
                if let Some(household) = self.households.get_mut(other.place()) {
                    household.members.push(member);
                }
            }
        }
    }

    /// A partner moves in, perhaps with children of an earlier relation; perhaps a child of both is born.
    fn new_partner(&mut self, of: HumanId, home: HouseholdId) {
        let Some(parent) = self.humans.get(of.place()) else { return };
        let (sex, years, origin) = (parent.sex, age(parent.born, self.today), parent.origin);
        let other_sex = if sex == Sex::Male { Sex::Female } else { Sex::Male };
        let origin = if self.dice.percent(75) { origin } else { Origin::draw(&mut self.dice) };
        let years = self.dice.between(years - 6, years + 6).max(20);
        let partner = self.adult(home, origin, other_sex, years);
        self.pair(of, partner, 40);
        let (father, mother) = if sex == Sex::Male { (of, partner) } else { (partner, of) };
        if self.dice.percent(40) {
            let eldest = self.dice.between(0, (years - 20).clamp(0, 17));
            let own = if other_sex == Sex::Male { (Some(partner), None) } else { (None, Some(partner)) };
            self.children(home, own.0, own.1, eldest);
        }
        if years < 45 && self.dice.percent(30) {
            let newborn = self.dice.between(0, 6);
            self.child(home, Some(father), Some(mother), newborn, None);
        }
    }

    fn single_mother(&mut self) {
        let origin = Origin::draw(&mut self.dice);
        let home = self.new_home(None);
        let at_first = self.age_at_first_birth(origin);
        let eldest = self.dice.between(0, 22);
        let mother = self.adult(home, origin, Sex::Female, at_first + eldest);
        // Children of different fathers, who are not in the region: abroad, dead, or unknown.
        let fathers = self.dice.weighted(&[(0, 45), (1, 35), (2, 20)]);
        let surnames: Vec<Surname> = (0..fathers)
            .map(|_| {
                let origin = if self.dice.percent(70) { origin } else { Origin::draw(&mut self.dice) };
                self.names.surname(origin, &mut self.dice)
            })
            .collect();
        let count = self.dice.weighted(&[(1, 52), (2, 34), (3, 14)]);
        let mut years = eldest;
        for _ in 0..count {
            if years < 0 {
                break;
            }
            let surname = if surnames.is_empty() {
                None
            } else {
                surnames.get(self.dice.pick(surnames.len())).cloned()
            };
            self.child(home, None, Some(mother), years, surname);
            years -= self.dice.between(1, 6);
        }
        if self.dice.percent(25) {
            self.new_partner(mother, home);
        }
    }

    /// Dozens of strangers at one address.
    fn institution(&mut self) {
        let dwelling = self.dwellings.institution();
        // A shelter's address is on no public list.
        let shelter = self.dice.percent(35);
        let reception = !shelter && self.dice.percent(50);
        if !shelter {
            self.institutions.push(dwelling);
        }
        let rooms = self.dice.percent(40);
        for room in 1..=self.dice.between(10, 35) {
            let place = if rooms { dwelling.room(u8::try_from(room).unwrap_or(1)) } else { dwelling };
            let left = self.dwellings.any(&mut self.dice);
            let home = self.household(place, Some(left));
            if let Some(household) = self.households.get_mut(home.place()) {
                household.institution = true;
                household.dwells = if shelter { Dwells::Secretly } else { Dwells::Home };
            }
            if shelter {
                let origin = Origin::draw(&mut self.dice);
                let eldest = self.dice.between(0, 15);
                let at_first = self.age_at_first_birth(origin);
                let mother = self.adult(home, origin, Sex::Female, at_first + eldest);
                self.children(home, None, Some(mother), eldest);
            } else if reception && self.dice.percent(45) {
                let origin = self.dice.one(&[Origin::Syrian, Origin::Syrian, Origin::Eritrean]);
                let surname = self.names.surname(origin, &mut self.dice);
                self.family_in(home, origin, surname);
            } else {
                let origin = if reception {
                    self.dice.one(&[Origin::Syrian, Origin::Eritrean])
                } else {
                    Origin::draw(&mut self.dice)
                };
                let years = self.dice.between(18, 70);
                let sex = if self.dice.percent(70) { Sex::Male } else { Sex::Female };
                self.adult(home, origin, sex, years);
            }
        }
    }

    // ---- persons ----------------------------------------------------------------------------------------------------

    fn sex(&mut self) -> Sex {
        if self.dice.percent(50) { Sex::Female } else { Sex::Male }
    }

    /// A birth day for somebody of so many years.
    fn born(&mut self, years: i64, origin: Origin) -> CalendarDate {
        let born = days_before(self.today, years * 365 + years / 4 + self.dice.between(0, 364));
        if self.dice.per_mille(origin.january_per_mille(born.year())) {
            return CalendarDate::new(born.year(), 1, 1).unwrap_or(born);
        }
        born
    }

    fn adult(&mut self, home: HouseholdId, origin: Origin, sex: Sex, years: i64) -> HumanId {
        let surname = self.names.surname(origin, &mut self.dice);
        let born = self.born(years, origin);
        self.human(Draft { home, origin, sex, born, surname, parents: [None, None], after: None })
    }

    /// Woman and man, of whom the man bears the surname. She comes first.
    fn couple(&mut self, home: HouseholdId, origin: Origin, surname: Surname, years: i64) -> [HumanId; 2] {
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
    fn pair(&mut self, one: HumanId, other: HumanId, married_percent: u64) {
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
    fn children(&mut self, home: HouseholdId, father: Option<HumanId>, mother: Option<HumanId>, eldest: i64) {
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

    fn child(
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

    fn human(&mut self, draft: Draft) -> HumanId {
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
