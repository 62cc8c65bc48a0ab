//! Who moved and when, who lives at a secret address, by letter only, or abroad.

use super::PopulationOptions;
use super::chance::{Chance, Purpose, stream};
use super::days::days_before;
use super::people::{Dwells, People};

/// Days of the months for which a previous address is of use.
const RECENT_DAYS: i64 = 730;

/// Households with a correspondence address only (briefadres), and with a known family abroad, in thousandths.
const BY_LETTER_PER_MILLE: u64 = 4;
const ABROAD_PER_MILLE: u64 = 3;

/// Decides for every household.
pub(super) fn move_households(people: &mut People, seed: u64, options: &PopulationOptions) {
    let People { humans, households, dwellings, .. } = people;
    for (place, household) in households.iter_mut().enumerate() {
        let mut dice = stream(seed, Purpose::Moves, place);
        let came_from = household.left.unwrap_or_else(|| dwellings.origin(&mut dice));
        let share = options.moved_percent * 10;
        let days = match dice.below(1_000) {
            roll if roll < share => Some(dice.between(1, RECENT_DAYS - 1)),
            roll if roll < share * 3 / 2 => Some(dice.between(RECENT_DAYS + 2, 2 * RECENT_DAYS)),
            _ => None,
        };
        household.previous = days.map(|days| (came_from, days_before(options.today, days)));
        for member in &household.members {
            let Some(human) = humans.get_mut(member.place()) else { continue };
            if human.home.place() == place {
                human.moved_on = household.previous.as_ref().map(|(_, day)| *day);
            }
        }
        if household.dwells == Dwells::Home && !household.institution {
            let secret = options.secret_per_mille;
            household.dwells = match dice.below(1_000) {
                roll if roll < secret => Dwells::Secretly,
                roll if roll < secret + BY_LETTER_PER_MILLE => Dwells::ByLetter,
                roll if roll < secret + BY_LETTER_PER_MILLE + ABROAD_PER_MILLE => Dwells::Abroad,
                _ => Dwells::Home,
            };
        }
    }
}
