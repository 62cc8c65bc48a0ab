//! Chance in whole numbers: streams that do not disturb one another, shares, ranks.

use crate::Dice;

/// What a stream decides. Each purpose has streams of its own, so that changing one option leaves all else as it was.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(super) enum Purpose {
    People = 1,
    Moves,
    Organisations,
    Known,
    Schools,
    Writing,
    Numbers,
    WrongNumbers,
    Misspelling,
    FamilyMisspelling,
    Carelessness,
    Haste,
    AddressesApart,
    Births,
    Addresses,
}

/// The stream of the `index`-th thing that is decided for a purpose.
pub(super) fn stream(seed: u64, purpose: Purpose, index: usize) -> Dice {
    let thing = Dice::new(purpose as u64 ^ ((index as u64) << 8)).roll();
    Dice::new(Dice::new(seed).roll() ^ thing)
}

/// Ways to decide.
pub(super) trait Chance {
    /// True in so many of a thousand cases.
    fn per_mille(&mut self, share: u64) -> bool;
    /// One of several, equally likely.
    fn one<T: Copy>(&mut self, several: &[T]) -> T;
    /// One of several by weight.
    fn weighted<T: Copy>(&mut self, several: &[(T, u64)]) -> T;
    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: i64, high: i64) -> i64;
    /// A rank of which the chance falls off as one divided by (rank + offset), as names do (Zipf), in steps of doubling;
    /// below `offset` × (2^`octaves` − 1).
    fn rank(&mut self, offset: usize, octaves: u64) -> usize;
}

impl Chance for Dice {
    fn per_mille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    fn one<T: Copy>(&mut self, several: &[T]) -> T {
        *several.get(self.pick(several.len())).expect("a list in the code is never empty")
    }

    fn weighted<T: Copy>(&mut self, several: &[(T, u64)]) -> T {
        let mut left = self.below(several.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in several {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        several.last().expect("a list in the code is never empty").0
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(0);
        low + i64::try_from(self.below(span)).unwrap_or(0)
    }

    fn rank(&mut self, offset: usize, octaves: u64) -> usize {
        let low = offset << self.below(octaves);
        low - offset + self.pick(low)
    }
}
