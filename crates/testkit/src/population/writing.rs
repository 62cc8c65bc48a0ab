//! How an organisation writes down one person: names after its habits, what it knows of dates, and errors.

use domain::{PartialDate, Person, PersonName, PersonalText, Role, Sex};

use super::Human;
use super::chance::{Chance, Purpose, stream};
use super::names::{NameUse, TrueName};
use super::origins::Origin;
use super::sectors::GivenHabit;
use super::slips::{misspelt, rejoined, spelt_otherwise, wrong_date};
use super::surnames::Surname;
use super::whereabouts::{Recorder, Whereabouts};
use crate::Dice;

/// What stands where a name is not known.
const NO_NAME: &[&str] = &["onbekend", "Onbekend", "NN", "n.n.b.", "-", "?", "x"];

/// Letters in a thousand names with signs that a faulty conversion made unreadable.
const UNREADABLE_PER_MILLE: u64 = 15;

/// The habits of one organisation's staff and system.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// Letters outside of a–z become plain.
    plain_letters: bool,
    capitals: bool,
    prefix: PrefixHabit,
    /// Additions as in the BAG; otherwise as they come.
    pub(super) careful_units: bool,
    /// Dwellings at a shared number without their addition, in percent.
    pub(super) unit_left_out: u64,
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

/// One person to be written, by whom, into which record.
pub(super) struct Page<'a> {
    pub(super) seed: u64,
    /// Counts records, so that what is decided for a whole family has streams of its own.
    pub(super) record: usize,
    /// Counts the persons of all records, for the same reason.
    pub(super) line: usize,
    pub(super) recorder: Recorder<'a>,
    pub(super) human: &'a Human,
    pub(super) whereabouts: Whereabouts,
    pub(super) role: Role,
    pub(super) client: bool,
}

impl Page<'_> {
    /// The person without a BSN.
    pub(super) fn write(self) -> Person {
        let mut dice = stream(self.seed, Purpose::Writing, self.line);
        let column = usize::from(!self.client);
        let known = |shares: [u64; 2]| shares.get(column).copied().unwrap_or(0);
        let mut person = Person::new(self.role);
        person.name = self.name(&mut dice);
        person.sex = dice.percent(85).then_some(self.sex(&mut dice));
        let born_known = dice.percent(known(self.recorder.sector.born));
        let address_known = dice.percent(known(self.recorder.sector.address));
        if born_known {
            person.born = self.born();
        }
        if address_known {
            person.address = self.whereabouts.address;
            person.address_kind = self.whereabouts.kind;
            person.previous = self.whereabouts.previous;
        }
        person
    }

    fn sex(&self, dice: &mut Dice) -> Sex {
        match (dice.below(1_000), self.human.sex) {
            (0..=9, _) => Sex::Unknown,
            (10..=12, Sex::Male) => Sex::Female,
            (10..=12, Sex::Female) => Sex::Male,
            (_, sex) => sex,
        }
    }

    // ---- names ------------------------------------------------------------------------------------------------------

    fn name(&self, dice: &mut Dice) -> PersonName {
        let adult = !self.human.is_child;
        let name = &self.human.name;
        let sector = self.recorder.sector;
        let habit = if adult { sector.adults } else { sector.children };
        let (mut given, in_full) = written_given(name, habit, dice);
        let usage = if adult && dice.percent(sector.used_name) { name.usage } else { NameUse::Own };
        let Surname { prefix, mut stem } = surname(name, usage, dice);
        let (waver, rejoin) = (dice.percent(self.spelling_wavers()), dice.percent(5));
        if self.human.origin.transliterated() && waver {
            stem = spelt_otherwise(&stem, dice);
            if in_full && dice.percent(50) {
                given = spelt_otherwise(&given, dice);
            }
        }
        if rejoin {
            stem = rejoined(&stem, dice);
        }
        self.misspell(&mut stem, &mut given, in_full);
        if self.recorder.habits.plain_letters {
            (stem, given) = (plain(&stem), plain(&given));
        } else if dice.per_mille(UNREADABLE_PER_MILLE) {
            (stem, given) = (unreadable(&stem), unreadable(&given));
        }
        let (mut prefix, mut stem) = self.columns(prefix, stem, dice);
        // Slips of the form: everything in the wrong column, or nothing known.
        match dice.below(1_000) {
            0..=1 => std::mem::swap(&mut given, &mut stem),
            2 => dice.one(NO_NAME).clone_into(&mut stem),
            3..=5 if self.human.is_child && dice.percent(20) => "baby".clone_into(&mut given),
            3..=5 => dice.one(NO_NAME).clone_into(&mut given),
            6 => prefix.clear(),
            _ => {}
        }
        if self.recorder.habits.capitals {
            (stem, given, prefix) = (stem.to_uppercase(), given.to_uppercase(), prefix.to_uppercase());
        } else if dice.percent(1) {
            (stem, given) = (stem.to_lowercase(), given.to_lowercase());
        }
        let text = |text: &str| PersonalText::new("naam", text).ok();
        PersonName { given_names: text(&given), prefix: text(&prefix), surname: text(&stem) }
    }

    /// Half of misspelt surnames are so for everybody in the record: one wrote it, or it was copied. Surnames, and given
    /// names that are written out, are each misspelt in two thirds of the share: half of given names are written out, so
    /// the share of all names is met.
    fn misspell(&self, stem: &mut String, given: &mut String, in_full: bool) {
        let mut slips = stream(self.seed, Purpose::Misspelling, self.line);
        let mut family = stream(self.seed, Purpose::FamilyMisspelling, self.record ^ letters_of(stem));
        let share = self.recorder.options.misspelt_percent;
        let (alone, together) = (slips.per_mille(share * 10 / 3), family.per_mille(share * 10 / 3));
        let wrong_given = slips.per_mille(share * 20 / 3);
        if together {
            *stem = misspelt(stem, &mut family);
        } else if alone {
            *stem = misspelt(stem, &mut slips);
        }
        if wrong_given && in_full {
            *given = misspelt(given, &mut slips);
        }
    }

    /// How often a name from another script is spelt in another way: seldom where the BRP is copied.
    fn spelling_wavers(&self) -> u64 {
        (100 - self.recorder.sector.linked.min(100)) / 4
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
        let habit = match self.recorder.habits.prefix {
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
        if dice.per_mille(self.recorder.options.birth_wrong_per_mille) {
            return wrong_date(born, &mut dice);
        }
        PartialDate::new(born.year(), born.month(), born.day()).ok()
    }
}

/// A number that a surname makes, high enough to keep clear of the count of records.
fn letters_of(name: &str) -> usize {
    name.bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 1_000_003) << 24
}

/// The given names as written, and whether they are written out.
fn written_given(name: &TrueName, habit: GivenHabit, dice: &mut Dice) -> (String, bool) {
    let GivenHabit { all, first, called, initials, both } = habit;
    let first_name = || name.given.first().cloned().unwrap_or_default();
    match dice.weighted(&[(0, all), (1, first), (2, called), (3, initials), (4, both)]) {
        0 => (name.given.join(" "), true),
        1 => (first_name(), true),
        2 => (name.called.clone(), true),
        3 => (written_initials(name, dice), false),
        _ => (format!("{} ({})", name.initials(), name.called), false),
    }
}

/// Initials: all with dots, without, the first alone, of the name called by, or two letters where one sound is written so.
fn written_initials(name: &TrueName, dice: &mut Dice) -> String {
    let first = name.given.first().map_or("", String::as_str);
    match dice.below(100) {
        0..=7 => name.initials().replace('.', ""),
        8..=19 => name.initials().chars().take(2).collect(),
        20..=23 => name.called.chars().next().map(|letter| format!("{letter}.")).unwrap_or_default(),
        24..=49 if ["Th", "Ch", "Ph", "IJ"].iter().any(|pair| first.starts_with(pair)) => {
            let rest: String = name.initials().chars().skip(2).collect();
            first.chars().take(2).collect::<String>() + "." + &rest
        }
        _ => name.initials(),
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

/// Letters outside of ASCII replaced, as by a conversion between code pages.
fn unreadable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect()
}
