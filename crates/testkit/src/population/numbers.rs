//! Made-up citizen service numbers: valid by the 11-proef, a different one for each person.

use crate::Dice;

/// Numbers of eight digits that a check digit follows; the first is never zero.
const HEADS: u64 = 80_000_000;
const FIRST_HEAD: u64 = 10_000_000;
/// Odd, ends in neither 5 nor 0: no divisor in common with `HEADS`, so every head comes once.
const STRIDE: u64 = 38_196_601;

/// Typed where none is known although a field demands one; passes the 11-proef.
pub(super) const PLACEHOLDER: u32 = 999_999_990;

/// Hands out numbers without repetition.
pub(super) struct Numbers {
    place: u64,
}

impl Numbers {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self { place: dice.below(HEADS) }
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u32 {
        loop {
            self.place = (self.place + STRIDE) % HEADS;
            if let Some(number) = complete(FIRST_HEAD + self.place) {
                return number;
            }
        }
    }
}

/// The number with its check digit; one head in eleven has none.
fn complete(head: u64) -> Option<u32> {
    let mut sum = 0;
    let mut rest = head;
    for weight in 2..=9 {
        sum += rest % 10 * weight;
        rest /= 10;
    }
    let check = sum % 11;
    if check == 10 { None } else { u32::try_from(head * 10 + check).ok() }
}

/// Another number that passes: two digits of the head changed, or two exchanged, and the check digit with them.
pub(super) fn typed_wrong(number: u32, dice: &mut Dice) -> u32 {
    let head = u64::from(number) / 10;
    loop {
        let place = 10_u64.pow(u32::try_from(dice.below(7)).unwrap_or(0));
        let changed = head - head / place % 10 * place + dice.below(10) * place;
        let other = if changed == head || changed < FIRST_HEAD { None } else { complete(changed) };
        if let Some(other) = other {
            return other;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_pass_the_eleven_proof_and_differ() {
        let mut dice = Dice::new(1);
        let mut numbers = Numbers::new(&mut dice);
        let mut seen = BTreeSet::new();
        for _ in 0..2_000 {
            let number = numbers.next();
            let wrong = typed_wrong(number, &mut dice);
            assert!(seen.insert(number) && wrong != number);
            for number in [number, wrong, PLACEHOLDER] {
                assert!(number.to_string().parse::<domain::Bsn>().is_ok(), "{number}");
            }
        }
    }
}
