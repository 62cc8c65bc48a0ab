//! Families as they live: couples, single parents, co-parents, step-families, grandparents, institutions.
//!
//! Shares of sorts of households after the CBS (2023): 39 in a hundred live alone, 29 are couples without children at
//! home, 25 couples with, 7 one parent with.

use domain::Sex;

use super::addresses::Dwelling;
use super::chance::Chance;
use super::days::age;
use super::names::{NameUse, masculine};
use super::origins::Origin;
use super::people::{Draft, Dwells, Household, People};
use super::surnames::Surname;
use super::{HouseholdId, HumanId};

impl People {
    pub(super) fn settle(&mut self) {
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

    pub(super) fn new_home(&mut self, left: Option<Dwelling>) -> HouseholdId {
        let dwelling = self.dwellings.next();
        self.household(dwelling, left)
    }

    pub(super) fn dwelling_of(&self, home: HouseholdId) -> Option<Dwelling> {
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

    pub(super) fn move_out(&mut self, who: HumanId, from: HouseholdId, to: HouseholdId) {
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
}
