//! Birth dates as far as they can carry a key.

use domain::{CalendarDate, PartialDate};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::weight::{BIRTH, BIRTH_BY_CONVENTION, BIRTH_SWAPPABLE, Bits};

/// The last year of which a recorded birth is taken for a placeholder (`01-01-1900`) or a century typed wrong.
const LAST_PLACEHOLDER_YEAR: u16 = 1900;

/// A whole birth date in canonical form.
///
/// Day and month are kept in ascending order, so that a record in which they are swapped agrees; two dates then
/// share one form only where both parts are at most 12, which costs those one bit of evidence.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Birth {
    form: [u8; 4],
    bits: Bits,
}

impl Birth {
    /// `None` when a part is unknown, the date is a placeholder, or it lies ahead of `today` (an expected birth).
    pub(crate) fn of(born: Option<&PartialDate>, today: CalendarDate) -> Option<Self> {
        let date = born?.reveal_whole()?;
        if date.year() <= LAST_PLACEHOLDER_YEAR || date > today {
            return None;
        }
        let [century, year] = date.year().to_be_bytes();
        let (low, high) = (date.day().min(date.month()), date.day().max(date.month()));
        // 1 January and 1 July stand for an unknown day in records from abroad (Logisch Ontwerp BRP; practice at
        // the first registration of migrants), so many persons share them.
        let bits = match (low, high) {
            (1, 1 | 7) => BIRTH_BY_CONVENTION,
            (low, high) if high <= 12 && low != high => BIRTH_SWAPPABLE,
            _ => BIRTH,
        };
        Some(Self { form: [century, year, low, high], bits })
    }

    /// Year, 16 bits big-endian, then the lower and the higher of day and month. Personal data.
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.form
    }

    /// What an agreement on it is worth.
    pub(crate) fn bits(&self) -> Bits {
        self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<([u8; 4], Bits)>) {
        let today: CalendarDate = "2026-06-30".parse().unwrap();
        let born: PartialDate = input.parse().unwrap();
        assert_eq!(Birth::of(Some(&born), today).map(|birth| (birth.form, birth.bits)), expected, "{input}");
    }

    #[test]
    fn whole_dates_only_and_day_and_month_may_be_swapped() {
        check("2015-03-29", Some(([7, 223, 3, 29], BIRTH)));
        check("2015-03-09", Some(([7, 223, 3, 9], BIRTH_SWAPPABLE)));
        check("2015-09-03", Some(([7, 223, 3, 9], BIRTH_SWAPPABLE)));
        check("2015-05-05", Some(([7, 223, 5, 5], BIRTH)));
        check("1980-01-01", Some(([7, 188, 1, 1], BIRTH_BY_CONVENTION)));
        check("1980-07-01", Some(([7, 188, 1, 7], BIRTH_BY_CONVENTION)));
        check("2026-06-30", Some(([7, 234, 6, 30], BIRTH)));
    }

    #[test]
    fn unknown_placeholder_and_future_dates_carry_nothing() {
        for unusable in ["1987-05-00", "1987-00-00", "0000-00-00", "1900-01-01", "1899-12-31", "2026-07-01"] {
            check(unusable, None);
        }
    }
}
