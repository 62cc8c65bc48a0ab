//! What one organisation has of one home: the present address or the old one, both, or a sort of address that hides it.
//!
//! Decided once for a record, because whoever learns of a move, or mistypes an address, does so for all who live there.

use domain::{Address, AddressKind, HouseNumber, PreviousAddress};

use super::PopulationOptions;
use super::addresses::Dwelling;
use super::chance::Chance;
use super::people::{Dwells, Household};
use super::sectors::Sector;
use super::writing::Habits;
use crate::Dice;

/// Persons of a hundred whose address was entered apart from that of the others in the record.
pub(super) const APART_PERCENT: u64 = 8;

/// Addresses of a thousand that stand for "unknown".
const PLACEHOLDER_PER_MILLE: u64 = 2;

/// An address as recorded.
#[derive(Clone)]
pub(super) struct Whereabouts {
    pub(super) address: Option<Address>,
    pub(super) kind: AddressKind,
    pub(super) previous: Option<PreviousAddress>,
}

/// Who records, and with how many errors.
#[derive(Clone, Copy)]
pub(super) struct Recorder<'a> {
    pub(super) sector: &'a Sector,
    pub(super) habits: Habits,
    pub(super) options: &'a PopulationOptions,
}

impl Recorder<'_> {
    /// What this organisation has of a home.
    pub(super) fn whereabouts(&self, home: &Household, dice: &mut Dice) -> Whereabouts {
        let mut found = Whereabouts { address: None, kind: AddressKind::Home, previous: None };
        // Whoever copies the BRP hears of nearly every move, and mostly keeps where from.
        let linked = dice.percent(self.sector.linked);
        let [hears, keeps] = if linked { [90, 70] } else { [50, 25] };
        if let Some((left, moved_on)) = &home.previous {
            let long_ago = self.options.today.days_since(*moved_on) > 730;
            if !dice.percent(if long_ago { 85 + hears / 10 } else { hears }) {
                found.address = Some(self.written(left, dice));
                return found;
            }
            if dice.percent(keeps) {
                let moved_on = dice.percent(90).then_some(*moved_on);
                found.previous = Some(PreviousAddress { address: self.written(left, dice), moved_on });
            }
        }
        match home.dwells {
            Dwells::Home => found.address = Some(self.written(&home.dwelling, dice)),
            Dwells::Secretly => {
                // Some have the address and mark it; some know no more than that it is secret; some do not know.
                found.kind = if dice.percent(92) { AddressKind::Secret } else { AddressKind::Home };
                found.address = dice.percent(60).then(|| self.written(&home.dwelling, dice));
            }
            Dwells::ByLetter => {
                found.kind = if dice.percent(75) { AddressKind::Correspondence } else { AddressKind::Home };
                found.address = Some(self.written(&home.dwelling, dice));
            }
            Dwells::Abroad => found.kind = AddressKind::Abroad,
        }
        found
    }

    fn written(&self, dwelling: &Dwelling, dice: &mut Dice) -> Address {
        if dice.per_mille(PLACEHOLDER_PER_MILLE) {
            return placeholder(dice);
        }
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

fn placeholder(dice: &mut Dice) -> Address {
    let (postcode, number) = dice.one(&[("9999ZZ", 1), ("9999XX", 99_999), ("1111AA", 1), ("1000AA", 1)]);
    Address {
        postcode: postcode.parse().expect("written here"),
        number: HouseNumber::new(number).expect("written here"),
        letter: None,
        addition: None,
    }
}
