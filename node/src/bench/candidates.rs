//! The baseline of the headline figure: how fast a guesser goes through numbers under a plain hash.

use std::hint::black_box;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::measure::{self, Case, Name, Section};

/// Numbers of nine digits that pass the 11-proef.
pub(super) const ALL_BSNS: f64 = 90_900_000.0;

/// The figure that the headline figure is compared with.
pub(super) const PLAIN_HASH: &str = "plain_sha256";

/// Numbers in one round.
const NUMBERS: usize = 200_000;

/// Measures the plain hash of a number of nine digits.
pub(super) fn measure() -> Result<Section> {
    let case = Case {
        name: Name { id: PLAIN_HASH, words: "SHA-256 of a nine-digit number" },
        unit: "number",
        units: NUMBERS,
        work: Box::new(|| {
            let mut digits = *b"900000000";
            for _ in 0..NUMBERS {
                count_up(&mut digits);
                black_box(Sha256::digest(black_box(digits)));
            }
            Ok(())
        }),
    };
    measure::measure("a plain hash, for comparison".to_owned(), vec![case])
}

fn count_up(digits: &mut [u8; 9]) {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_carries() {
        let mut digits = *b"900009999";
        count_up(&mut digits);
        assert_eq!(&digits, b"900010000");
    }
}
