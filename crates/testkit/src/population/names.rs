//! What a person is really called: all given names, the name used, the surname at birth and the surname used.

use domain::Sex;

use super::chance::Chance;
use super::given::{Given, GivenNames};
use super::origins::{Groups, Origin};
use super::surnames::{Surname, Surnames};
use crate::Dice;

/// Which surname somebody uses (naamgebruik in the BRP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameUse {
    Own,
    Partner,
    PartnerThenOwn,
    OwnThenPartner,
}

/// A person's names as the BRP has them.
#[derive(Clone, Debug)]
pub(super) struct TrueName {
    pub(super) given: Vec<String>,
    /// Roepnaam.
    pub(super) called: String,
    pub(super) own: Surname,
    pub(super) partner: Option<Surname>,
    pub(super) usage: NameUse,
}

/// Draws names.
pub(super) struct Names {
    given: GivenNames,
    surnames: Surnames,
    groups: Groups,
}

impl Names {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { given: GivenNames::new(), surnames: Surnames::new(dice), groups: Groups::new() }
    }

    /// The surname of a family, as a man bears it.
    pub(super) fn surname(&self, origin: Origin, dice: &mut Dice) -> Surname {
        // Families from Suriname and the Antilles also bear Dutch names.
        let dutch = match origin {
            Origin::Dutch => true,
            Origin::Creole | Origin::Antillean => dice.percent(25),
            Origin::Turkish
            | Origin::Moroccan
            | Origin::Hindustani
            | Origin::Polish
            | Origin::Syrian
            | Origin::Eritrean => false,
        };
        let drawn = if dutch { None } else { self.groups.surname(origin, dice) };
        drawn.unwrap_or_else(|| self.surnames.draw(dice))
    }

    /// A first given name.
    pub(super) fn given(&self, origin: Origin, sex: Sex, year: u16, dice: &mut Dice) -> Given {
        // Some children of migrants bear a name of the country.
        let dutch = origin == Origin::Dutch || (year >= 1990 && dice.percent(10));
        let drawn = if dutch { None } else { self.groups.given(origin, sex, dice) };
        drawn.unwrap_or_else(|| self.given.first(sex, year, dice))
    }

    /// All names of a person whose first given name is known.
    pub(super) fn complete(
        &self,
        first: &Given,
        surname: Surname,
        origin: Origin,
        sex: Sex,
        dice: &mut Dice,
    ) -> TrueName {
        let several = matches!(origin, Origin::Dutch | Origin::Creole | Origin::Antillean | Origin::Polish);
        let further = if several {
            dice.weighted(&[(0, 43), (1, 36), (2, 18), (3, 3)])
        } else {
            u64::from(dice.percent(6))
        };
        let mut given = vec![first.formal.clone()];
        for _ in 0..further {
            let name = self.given.further(sex, dice);
            if !given.contains(&name) {
                given.push(name);
            }
        }
        let called = match given.get(1) {
            // Some are called by a later name.
            Some(second) if dice.percent(3) => second.clone(),
            Some(_) | None => first.called(dice),
        };
        let own = if sex == Sex::Female { feminine(surname, origin) } else { surname };
        TrueName { given, called, own, partner: None, usage: NameUse::Own }
    }
}

/// Polish surnames on -ski and -cki end in -a for women.
fn feminine(mut surname: Surname, origin: Origin) -> Surname {
    if origin == Origin::Polish && surname.stem.ends_with("ki") {
        surname.stem.pop();
        surname.stem.push('a');
    }
    surname
}

/// The same name as a man bears it.
pub(super) fn masculine(mut surname: Surname, origin: Origin) -> Surname {
    if origin == Origin::Polish && surname.stem.ends_with("ka") {
        surname.stem.pop();
        surname.stem.push('i');
    }
    surname
}

impl TrueName {
    /// First letters, as `J.C.M.`.
    pub(super) fn initials(&self) -> String {
        let letters = self.given.iter().filter_map(|name| name.chars().next());
        letters.flat_map(|letter| [letter, '.']).collect()
    }
}
