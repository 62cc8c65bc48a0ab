//! How an organisation writes down one person: names after its habits, what it knows of dates and addresses, and errors.

use domain::{
    Address, AddressKind, PartialDate, Person, PersonName, PersonalText, PreviousAddress, Role, Sex,
};

use super::addresses::Dwelling;
use super::chance::{Chance, Purpose, stream};
use super::names::{NameUse, TrueName};
use super::origins::Origin;
use super::people::{Dwells, Household};
use super::sectors::{GivenHabit, Sector};
use super::slips::{misspelt, spelt_otherwise, wrong_date};
use super::surnames::Surname;
use super::{Human, PopulationOptions};
use crate::Dice;

/// What stands where a name or date is not known.
const NO_NAME: &[&str] = &["onbekend", "Onbekend", "NN", "n.n.b.", "-", "?", "baby", "x"];

/// The habits of one organisation's staff and system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Letters outside of a–z become plain.
    plain_letters: bool,
    capitals: bool,
    prefix: PrefixHabit,
    /// Additions as in the BAG; otherwise as they come.
    careful_units: bool,
    /// Dwellings at a shared number without their addition, in percent.
    unit_left_out: u64,
}

/// Where the voorvoegsel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PrefixHabit {
    Column,
    InSurname,
    AfterComma,
    Mixed,
}

impl Habits {
    pub(super) fn draw(seed: u64, organisation: usize) -> Self {
        let mut dice = stream(seed, Purpose::Organisations, organisation);
        Self {
            plain_letters: dice.percent(45),
            capitals: dice.percent(6),
            prefix: dice.weighted(&[
                (PrefixHabit::Column, 55),
                (PrefixHabit::InSurname, 20),
                (PrefixHabit::AfterComma, 8),
                (PrefixHabit::Mixed, 17),
            ]),
            careful_units: dice.percent(50),
            unit_left_out: dice.weighted(&[(2, 50), (15, 35), (60, 15)]),
        }
    }
}

/// What is being written: who, where, by whom.
pub(super) struct Page<'a> {
    pub(super) seed: u64,
    /// Counts the persons of all records, so that each has streams of its own.
    pub(super) line: usize,
    pub(super) options: &'a PopulationOptions,
    pub(super) sector: &'a Sector,
    pub(super) habits: Habits,
    pub(super) human: &'a Human,
    pub(super) home: &'a Household,
    /// The home of the child that the record is about, where that is another home of this person.
    pub(super) role: Role,
    pub(super) client: bool,
}

impl Page<'_> {
    /// The person without a BSN.
    pub(super) fn write(&self) -> Person {
        let mut dice = stream(self.seed, Purpose::Writing, self.line);
        let column = usize::from(!self.client);
        let known = |shares: [u64; 2]| shares.get(column).copied().unwrap_or(0);
        let mut person = Person::new(self.role);
        person.name = self.name(&mut dice);
        person.sex = dice.percent(85).then_some(if dice.percent(99) { self.human.sex } else { Sex::Unknown });
        let born_known = dice.percent(known(self.sector.born));
        let address_known = dice.percent(known(self.sector.address));
        if born_known {
            person.born = self.born();
        }
        self.place(&mut person, address_known, &mut dice);
        person
    }

    // ---- names ------------------------------------------------------------------------------------------------------

    fn name(&self, dice: &mut Dice) -> PersonName {
        let mut slips = stream(self.seed, Purpose::Misspelling, self.line);
        let adult = !self.human.is_child;
        let name = &self.human.name;
        let habit = if adult { self.sector.adults } else { self.sector.children };
        let (mut given, in_full) = written_given(name, habit, dice);
        let usage = if adult && dice.percent(self.sector.used_name) { name.usage } else { NameUse::Own };
        let Surname { prefix, mut stem } = surname(name, usage, dice);
        if self.human.origin.transliterated() && dice.percent(self.spelling_wavers()) {
            stem = spelt_otherwise(&stem, dice);
            if in_full && dice.percent(50) {
                given = spelt_otherwise(&given, dice);
            }
        }
        // Two rolls each time, so that one misspelt name leaves the next as it was.
        let (wrong_surname, wrong_given) =
            (slips.percent(self.options.misspelt_percent), slips.percent(self.options.misspelt_percent));
        if wrong_surname {
            stem = misspelt(&stem, &mut slips);
        }
        if wrong_given && in_full {
            given = misspelt(&given, &mut slips);
        }
        if self.habits.plain_letters {
            (stem, given) = (plain(&stem), plain(&given));
        }
        let (mut prefix, mut stem) = self.columns(prefix, stem, dice);
        // Slips of the form: everything in the wrong column, or nothing known.
        match dice.below(1_000) {
            0..=1 => std::mem::swap(&mut given, &mut stem),
            2 => dice.one(NO_NAME).clone_into(&mut stem),
            3..=5 => dice.one(NO_NAME).clone_into(&mut given),
            6 => prefix.clear(),
            _ => {}
        }
        if self.habits.capitals {
            (stem, given, prefix) = (stem.to_uppercase(), given.to_uppercase(), prefix.to_uppercase());
        } else if dice.percent(1) {
            (stem, given) = (stem.to_lowercase(), given.to_lowercase());
        }
        let text = |text: &str| PersonalText::new("naam", text).ok();
        PersonName { given_names: text(&given), prefix: text(&prefix), surname: text(&stem) }
    }

    /// How often a name from another script is spelt in another way: seldom where the BRP is copied.
    fn spelling_wavers(&self) -> u64 {
        (100 - self.sector.linked.min(100)) / 4
    }

    /// The columns for prefix and surname.
    fn columns(&self, prefix: &'static str, stem: String, dice: &mut Dice) -> (String, String) {
        if prefix.is_empty() {
            return (String::new(), stem);
        }
        let short = match prefix {
            "van der" => "v.d.",
            "van den" => "v.d.",
            "van de" => "v.d.",
            "van" => "v.",
            other => other,
        };
        let habit = match self.habits.prefix {
            PrefixHabit::Mixed => {
                dice.one(&[PrefixHabit::Column, PrefixHabit::InSurname, PrefixHabit::AfterComma])
            }
            habit @ (PrefixHabit::Column | PrefixHabit::InSurname | PrefixHabit::AfterComma) => {
                if dice.percent(3) { PrefixHabit::InSurname } else { habit }
            }
        };
        let prefix = if dice.percent(3) { short } else { prefix };
        match habit {
            PrefixHabit::Column | PrefixHabit::Mixed => (prefix.to_owned(), stem),
            PrefixHabit::InSurname => (String::new(), format!("{prefix} {stem}")),
            PrefixHabit::AfterComma => (String::new(), format!("{stem}, {prefix}")),
        }
    }

    // ---- dates ------------------------------------------------------------------------------------------------------

    fn born(&self) -> Option<PartialDate> {
        let mut dice = stream(self.seed, Purpose::Births, self.line);
        let born = self.human.born;
        // Also where nobody knows the day, some write 1 July, some leave it open.
        let january = born.day() == 1 && born.month() == 1 && self.human.origin != Origin::Dutch;
        if january && dice.percent(25) {
            let (month, day) = dice.one(&[(0, 0), (0, 0), (7, 1)]);
            return PartialDate::new(born.year(), month, day).ok();
        }
        if dice.per_mille(self.options.birth_wrong_per_mille) {
            return wrong_date(born, &mut dice);
        }
        PartialDate::new(born.year(), born.month(), born.day()).ok()
    }

    // ---- addresses --------------------------------------------------------------------------------------------------

    fn place(&self, person: &mut Person, known: bool, dice: &mut Dice) {
        let mut slips = stream(self.seed, Purpose::Addresses, self.line);
        let home = self.home;
        let linked = dice.percent(self.sector.linked);
        let (knows_move, keeps_previous, old_file) = (
            dice.percent(if linked { 90 } else { 55 }),
            dice.percent(if linked { 70 } else { 25 }),
            dice.percent(70),
        );
        if !known {
            return;
        }
        if let Some((left, moved_on)) = &home.previous {
            let long_ago = self.options.today.days_since(*moved_on) > 730;
            // Nearly everybody has learned of an old move.
            if !knows_move && (!long_ago || !old_file) {
                person.address = Some(self.written(left, &mut slips));
                return;
            }
            if keeps_previous {
                let moved_on = (!slips.percent(10)).then_some(*moved_on);
                person.previous = Some(PreviousAddress { address: self.written(left, &mut slips), moved_on });
            }
        }
        match home.dwells {
            Dwells::Home => person.address = Some(self.written(&home.dwelling, &mut slips)),
            Dwells::Secretly => {
                // Some register the address and mark it; some know no more than that it is secret.
                person.address_kind = AddressKind::Secret;
                person.address = slips.percent(60).then(|| self.written(&home.dwelling, &mut slips));
            }
            Dwells::ByLetter => {
                person.address_kind =
                    if slips.percent(80) { AddressKind::Correspondence } else { AddressKind::Home };
                person.address = Some(self.written(&home.dwelling, &mut slips));
            }
            Dwells::Abroad => person.address_kind = AddressKind::Abroad,
        }
    }

    fn written(&self, dwelling: &Dwelling, dice: &mut Dice) -> Address {
        let wrong = dice.per_mille(self.options.address_wrong_per_mille);
        let dwelling = if wrong { dwelling.slipped(dice) } else { *dwelling };
        if dwelling.shares_number() && dice.percent(self.habits.unit_left_out) {
            dwelling.without_unit()
        } else if self.habits.careful_units {
            dwelling.plain()
        } else {
            dwelling.uneven(dice)
        }
    }
}

/// The given names as written, and whether they are written out.
fn written_given(name: &TrueName, habit: GivenHabit, dice: &mut Dice) -> (String, bool) {
    let GivenHabit { all, first, called, initials, both } = habit;
    let first_name = || name.given.first().cloned().unwrap_or_default();
    match dice.weighted(&[(0, all), (1, first), (2, called), (3, initials), (4, both)]) {
        0 => (name.given.join(" "), true),
        1 => (first_name(), true),
        2 => (name.called.clone(), true),
        3 if dice.percent(85) => (name.initials(), false),
        3 if dice.percent(50) => (name.initials().replace('.', ""), false),
        3 => (name.initials().chars().take(2).collect(), false),
        _ => (format!("{} ({})", name.initials(), name.called), false),
    }
}

/// The surname by usage. Those with two names are often written with one of them.
fn surname(name: &TrueName, usage: NameUse, dice: &mut Dice) -> Surname {
    let Some(partner) = &name.partner else { return name.own.clone() };
    let joined = |first: &Surname, second: &Surname, dice: &mut Dice| {
        let hyphen = dice.one(&["-", "-", "-", " - ", " "]);
        let second = [second.prefix, &second.stem]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        Surname { prefix: first.prefix, stem: format!("{}{hyphen}{second}", first.stem) }
    };
    match usage {
        NameUse::Own => name.own.clone(),
        NameUse::Partner => partner.clone(),
        NameUse::PartnerThenOwn if dice.percent(85) => joined(partner, &name.own, dice),
        NameUse::PartnerThenOwn => partner.clone(),
        NameUse::OwnThenPartner if dice.percent(85) => joined(&name.own, partner, dice),
        NameUse::OwnThenPartner => name.own.clone(),
    }
}

/// Without signs on letters, as old systems store them.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            'á' | 'à' | 'â' | 'ä' | 'ą' | 'ã' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' | 'ę' => out.push('e'),
            'í' | 'ï' | 'ı' | 'î' => out.push('i'),
            'ó' | 'ö' | 'ô' => out.push('o'),
            'ü' | 'ú' => out.push('u'),
            'ç' | 'ć' => out.push('c'),
            'ş' | 'ś' => out.push('s'),
            'Ş' | 'Ś' => out.push('S'),
            'Ç' => out.push('C'),
            'ğ' => out.push('g'),
            'ł' => out.push('l'),
            'Ł' => out.push('L'),
            'ń' => out.push('n'),
            'ż' | 'ź' => out.push('z'),
            'İ' => out.push('I'),
            'Ö' => out.push('O'),
            'Ü' => out.push('U'),
            other => out.push(other),
        }
    }
    out
}
