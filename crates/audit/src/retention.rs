//! How long what an entry says is readable.

use std::collections::BTreeMap;

use domain::{Month, Timestamp};

use crate::EntryKind;

/// Months for which entries are kept when nothing else is said: five years.
pub const DEFAULT_RETENTION_MONTHS: u32 = 60;

/// Longest retention that can be set, in months: as long as files of youth care are kept.
pub const MAX_RETENTION_MONTHS: u32 = 240;

/// Months for which entries are kept, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    usual: u32,
    of: BTreeMap<EntryKind, u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { usual: DEFAULT_RETENTION_MONTHS, of: BTreeMap::new() }
    }
}

impl Retention {
    /// So many months for every kind, but for those named. `None` when one is zero or above [`MAX_RETENTION_MONTHS`].
    #[must_use]
    pub fn new(usual: u32, of: BTreeMap<EntryKind, u32>) -> Option<Self> {
        let fits = |months: &u32| (1..=MAX_RETENTION_MONTHS).contains(months);
        (fits(&usual) && of.values().all(fits)).then_some(Self { usual, of })
    }

    /// Months for which a kind is kept.
    #[must_use]
    pub fn months(&self, kind: EntryKind) -> u32 {
        self.of.get(&kind).copied().unwrap_or(self.usual)
    }

    /// The month with which an entry made at this time is forgotten: its retention ends in that month, and when the month
    /// is over it is unreadable.
    #[must_use]
    pub fn last_month(&self, kind: EntryKind, made: Timestamp) -> Month {
        Month::from(made.date()).plus(self.months(kind))
    }
}

/// Whether a month is over, so that what is kept until it is to be forgotten.
#[must_use]
pub fn is_over(month: Month, now: Timestamp) -> bool {
    Month::from(now.date()) > month
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_readable_for_its_months_whole_and_not_after_the_next() {
        let of = BTreeMap::from([(EntryKind::Question, 24)]);
        let retention = Retention::new(60, of).unwrap();
        let made = Timestamp(1_795_253_400);
        assert_eq!(made.date().to_string(), "2026-11-21");
        assert_eq!(retention.last_month(EntryKind::Question, made).to_string(), "2028-11");
        let last = retention.last_month(EntryKind::SignalRegistered, made);
        assert_eq!(last.to_string(), "2031-11");
        let at = |year, month, day| {
            let days = domain::CalendarDate::new(year, month, day).unwrap().days_since(Timestamp(0).date());
            Timestamp(u64::try_from(days).unwrap() * 86_400)
        };
        assert!(!is_over(last, at(2031, 11, 21)) && !is_over(last, at(2031, 11, 30)));
        assert!(is_over(last, at(2031, 12, 1)));
    }

    #[test]
    fn no_retention_is_nothing_or_for_ever() {
        for months in [0, MAX_RETENTION_MONTHS + 1] {
            assert_eq!(Retention::new(months, BTreeMap::new()), None);
            assert_eq!(Retention::new(60, BTreeMap::from([(EntryKind::Export, months)])), None);
        }
        assert_eq!(Retention::new(DEFAULT_RETENTION_MONTHS, BTreeMap::new()), Some(Retention::default()));
    }
}
