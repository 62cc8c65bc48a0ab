//! Dates as Dutch registers keep them: whole, or partly unknown.

use std::fmt;
use std::str::FromStr;

use time::{Date, Month};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Invalid;

/// A whole date on the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarDate(Date);

impl CalendarDate {
    /// Year, month 1–12, day 1–31.
    ///
    /// # Errors
    /// When no such day exists.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, Invalid> {
        let refused = Invalid::new("datum", "no such day on the calendar");
        let month = Month::try_from(month).map_err(|_| refused.clone())?;
        Date::from_calendar_date(i32::from(year), month, day).map(Self).map_err(|_| refused)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        u16::try_from(self.0.year()).expect("years are made from u16")
    }

    /// The month, 1–12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().into()
    }

    /// The day of the month, 1–31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.0.day()
    }

    /// This day so many years later; 29 February is followed by 1 March in other years, as ages are counted. Stays
    /// within the calendar.
    #[must_use]
    pub fn plus_years(self, years: u16) -> Self {
        let year = self.year().saturating_add(years).min(9_999);
        let day = Self::new(year, self.month(), self.day());
        day.or_else(|_| Self::new(year, 3, 1)).unwrap_or(self)
    }

    /// Whole days from `earlier` to this date; negative when this date comes first.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).whole_days()
    }
}

impl From<Date> for CalendarDate {
    fn from(date: Date) -> Self {
        Self(date)
    }
}

impl FromStr for CalendarDate {
    type Err = Invalid;

    /// `YYYY-MM-DD`, `DD-MM-YYYY`, `DD.MM.YYYY` or, as in messages of the BRP, `YYYYMMDD`; a midnight behind it is left
    /// out.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (year, month, day) = split(text)?;
        Self::new(year, month, day)
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

/// A birth date of which day, month or year may be unknown (LO BRP: `00` or `0000`). Personal data.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

impl PartialDate {
    /// `0` stands for unknown in each part.
    ///
    /// # Errors
    /// A day without a month, a month without a year, or a day that no calendar has.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, Invalid> {
        let refused = Invalid::new("geboortedatum", "no such date; unknown parts are written 00");
        match (year, month, day) {
            (0, 0, 0) | (_, 0, 0) if year == 0 || (1800..=2200).contains(&year) => {}
            (1800..=2200, 1..=12, 0) => {}
            (1800..=2200, 1..=12, _) => {
                CalendarDate::new(year, month, day).map_err(|_| refused)?;
            }
            _ => return Err(refused),
        }
        Ok(Self { year, month, day })
    }

    /// The date when all of it is known. Personal data.
    #[must_use]
    pub fn reveal_whole(&self) -> Option<CalendarDate> {
        CalendarDate::new(self.year, self.month, self.day).ok()
    }

    /// The latest day that it may be; `None` without a year. Personal data.
    #[must_use]
    pub fn reveal_latest(&self) -> Option<CalendarDate> {
        if self.year == 0 {
            return None;
        }
        let month = if self.month == 0 { 12 } else { self.month };
        let days = if self.day == 0 { 28..=31 } else { self.day..=self.day };
        days.rev().find_map(|day| CalendarDate::new(self.year, month, day).ok())
    }

    /// Year, month and day, `0` where unknown. Personal data.
    #[must_use]
    pub fn reveal_parts(&self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }
}

impl FromStr for PartialDate {
    type Err = Invalid;

    /// The notations of [`CalendarDate`], unknown parts `00` or `0000`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (year, month, day) = split(text)?;
        Self::new(year, month, day)
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartialDate(redacted)")
    }
}

/// Year, month and day. Slashes are refused: whether the day or the month stands first depends on the country of the
/// program that wrote them, and a date of which both are at most 12 would be misread silently.
fn split(text: &str) -> Result<(u16, u8, u8), Invalid> {
    let refused = Invalid::new("datum", "expected YYYY-MM-DD or DD-MM-YYYY");
    let text = without_midnight(text.trim());
    let separator = if text.contains('.') { '.' } else { '-' };
    let mut parts: Vec<&str> = text.split(separator).collect();
    if let (&[_], (Some(year), Some(month), Some(day), 8)) =
        (parts.as_slice(), (text.get(..4), text.get(4..6), text.get(6..), text.len()))
    {
        parts = vec![year, month, day];
    }
    let [first, month, last] = parts.as_slice() else { return Err(refused) };
    let (year, day) = match (first.len(), last.len()) {
        (4, 1..=2) if separator == '-' => (first, last),
        (1..=2, 4) => (last, first),
        _ => return Err(refused),
    };
    let number =
        |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten();
    let small = |part: &str| number(part).and_then(|n| u8::try_from(n).ok());
    match (number(year), small(month), small(day)) {
        (Some(year), Some(month), Some(day)) => Ok((year, month, day)),
        _ => Err(refused),
    }
}

/// Databases write a time behind a date that has none.
fn without_midnight(text: &str) -> &str {
    let Some((date, time)) = text.split_once(['T', ' ']) else { return text };
    let time = time.trim_end_matches('Z');
    let zeros = time.len() >= 4 && time.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
    if zeros { date } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_and_unknown_parts() {
        for (text, parts) in [
            ("2015-03-09", Some((2015, 3, 9))),
            ("09-03-2015", Some((2015, 3, 9))),
            ("9-3-2015", Some((2015, 3, 9))),
            ("1987-00-00", Some((1987, 0, 0))),
            ("00-05-1987", Some((1987, 5, 0))),
            ("0000-00-00", Some((0, 0, 0))),
            ("29-02-2016", Some((2016, 2, 29))),
            ("29-02-2015", None),
            ("1987-00-12", None),
            ("0000-05-12", None),
            ("20150309", Some((2015, 3, 9))),
            ("19870500", Some((1987, 5, 0))),
            ("00000000", Some((0, 0, 0))),
            ("09.03.2015", Some((2015, 3, 9))),
            ("2015-03-09T00:00:00", Some((2015, 3, 9))),
            ("09-03-2015 00:00:00.000", Some((2015, 3, 9))),
            ("2015-03-09 0:00", Some((2015, 3, 9))),
            ("2015-03-09T12:30:00", None),
            ("2015.03.09", None),
            ("12/05/1987", None),
            ("09032015", None),
            ("2015039", None),
            ("201503-9", None),
            ("09-03-15", None),
            ("1987-13-01", None),
            ("+987-01-01", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<PartialDate>().ok().map(|d| d.reveal_parts()), parts, "{text}");
        }
    }

    #[test]
    fn whole_dates_have_no_unknown_part() {
        assert!("1987-00-00".parse::<CalendarDate>().is_err());
        assert!("1987-05-00".parse::<PartialDate>().unwrap().reveal_whole().is_none());
        let moved: CalendarDate = "2026-01-31".parse().unwrap();
        assert_eq!(moved.days_since("2025-12-31".parse().unwrap()), 31);
        assert_eq!(moved.to_string(), "2026-01-31");
        for (from, years, expected) in [
            ("2024-02-29", 1, "2025-03-01"),
            ("2024-02-29", 4, "2028-02-29"),
            ("2026-11-22", 2, "2028-11-22"),
            ("9999-01-01", 5, "9999-01-01"),
        ] {
            assert_eq!(from.parse::<CalendarDate>().unwrap().plus_years(years).to_string(), expected);
        }
    }
}
