//! Days counted from one epoch, so that dates can be drawn and moved in whole numbers.

use domain::CalendarDate;

/// 1 January 1800 in the count used here.
const FIRST_YEAR: i64 = 1800;

/// The date so many days before `date`, or after it for a negative number.
pub(super) fn days_before(date: CalendarDate, days: i64) -> CalendarDate {
    let origin = CalendarDate::new(1800, 1, 1).expect("a day on the calendar");
    let (mut year, mut left) = (FIRST_YEAR, date.days_since(origin) - days);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if left < length {
            break;
        }
        left -= length;
        year += 1;
    }
    let mut month = 1;
    while left >= month_days(year, month) {
        left -= month_days(year, month);
        month += 1;
    }
    date_of(year, month, left + 1)
}

/// Whole years from `born` to `today`; zero for a day that has not come.
pub(super) fn age(born: CalendarDate, today: CalendarDate) -> i64 {
    let years = i64::from(today.year()) - i64::from(born.year());
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    (years - i64::from(!had_birthday)).max(0)
}

/// The date, with the day moved into the month when that has fewer days.
pub(super) fn date_of(year: i64, month: i64, day: i64) -> CalendarDate {
    let month = month.clamp(1, 12);
    let day = day.clamp(1, month_days(year, month));
    let part = |part: i64| u8::try_from(part).unwrap_or(1);
    CalendarDate::new(u16::try_from(year).unwrap_or(1800), part(month), part(day))
        .expect("clamped to the calendar")
}

/// Days of a month.
pub(super) fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        let day = |text: &str| text.parse::<CalendarDate>().unwrap();
        for (from, days, expected) in [
            ("2026-06-30", 0, "2026-06-30"),
            ("2026-03-01", 1, "2026-02-28"),
            ("2024-03-01", 1, "2024-02-29"),
            ("2026-01-01", 1, "2025-12-31"),
            ("2026-06-30", 46_201, "1900-01-01"),
            ("2026-12-31", -1, "2027-01-01"),
        ] {
            assert_eq!(days_before(day(from), days), day(expected), "{from} {days}");
        }
        assert_eq!(age(day("2008-06-30"), day("2026-06-30")), 18);
        assert_eq!(age(day("2008-07-01"), day("2026-06-30")), 17);
        assert_eq!(age(day("2026-07-01"), day("2026-06-30")), 0);
    }
}
