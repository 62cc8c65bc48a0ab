//! Months of the calendar: how long records of accountability are kept is counted in them.

use std::fmt;
use std::str::FromStr;

use crate::{CalendarDate, Invalid};

/// A month of a year, as the number of months since the year 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

impl Month {
    /// The month of this number; numbers go up to the last month of the year 9999.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        if number < 10_000 * 12 { Some(Self(number)) } else { None }
    }

    /// Months since the year 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The month so many months later; stays within the calendar.
    #[must_use]
    pub fn plus(self, months: u32) -> Self {
        Self(self.0.saturating_add(months).min(10_000 * 12 - 1))
    }
}

impl From<CalendarDate> for Month {
    fn from(date: CalendarDate) -> Self {
        Self(u32::from(date.year()) * 12 + u32::from(date.month()) - 1)
    }
}

impl FromStr for Month {
    type Err = Invalid;

    /// `YYYY-MM`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let refused = || Invalid::new("maand", "a month is written YYYY-MM");
        let (year, month) = text.split_once('-').ok_or_else(refused)?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(refused());
        }
        let year: u32 = year.parse().map_err(|_| refused())?;
        match month.parse::<u32>() {
            Ok(month @ 1..=12) => Ok(Self(year * 12 + month - 1)),
            Ok(_) | Err(_) => Err(refused()),
        }
    }
}

impl fmt::Display for Month {
    /// `YYYY-MM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_counted_written_and_read_in_one_way() {
        let december = Month::from(CalendarDate::new(2026, 12, 31).unwrap());
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.plus(1).to_string(), "2027-01");
        assert_eq!(december.plus(60).to_string(), "2031-12");
        assert_eq!("2026-12".parse(), Ok(december));
        assert_eq!(Month::from_number(december.number()), Some(december));
        assert_eq!(december.plus(u32::MAX).to_string(), "9999-12");
        assert_eq!(Month::from_number(120_000), None);
        for wrong in ["2026-13", "2026-00", "2026-1", "26-12", "2026/12", "2026-12-01", "+026-12", ""] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}
