//! Time on the wire and in records: UTC seconds.

use std::fmt;

use time::OffsetDateTime;

use crate::CalendarDate;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This moment plus `seconds`, saturating.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this moment; zero when this moment comes first.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day.
    #[must_use]
    pub fn date(self) -> CalendarDate {
        self.utc().date().into()
    }

    /// Moments past the year 9999 are shown as its last second.
    fn utc(self) -> OffsetDateTime {
        const LAST: i64 = 253_402_300_799;
        let seconds = i64::try_from(self.0).unwrap_or(LAST).min(LAST);
        OffsetDateTime::from_unix_timestamp(seconds).expect("bounded by the year 9999")
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, `2026-11-21T09:30:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc();
        write!(f, "{}T{:02}:{:02}:{:02}Z", self.date(), at.hour(), at.minute(), at.second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_rfc_3339_and_never_panics() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(1_795_253_400).to_string(), "2026-11-21T09:30:00Z");
        assert_eq!(Timestamp(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
