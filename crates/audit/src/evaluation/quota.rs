//! Quotas: how many elements an organisation may have evaluated under one key set, by the clock of who evaluates.

use domain::{KeyClass, Oin, Timestamp};
use roster::VerifiedRoster;

const DAY_SECONDS: u64 = 86_400;

/// Elements beyond the ordinary, granted by the governors, for example for a first import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkAllowance {
    /// How many.
    pub elements: u64,
    /// The first moment at which they no longer count.
    pub until: Timestamp,
}

/// What a member may have evaluated under one key set: a base, so many more each day since the epoch of the key set
/// began, and bulk allowances while they last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// At once.
    pub base: u64,
    /// More for each whole day.
    pub daily: u64,
    /// Beyond that, for a time.
    pub bulk: Vec<BulkAllowance>,
}

/// Whether a count is within a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaAnswer {
    /// It is.
    Allowed,
    /// Not yet: it will be at this moment.
    TryAgainAt(Timestamp),
    /// Not under this key set, unless the quota grows.
    Never,
}

impl Quota {
    /// What the governors allow a member under key sets of a class; `None` where they set no quota, neither its own nor
    /// everybody's.
    #[must_use]
    pub fn of_member(roster: &VerifiedRoster, member: &Oin, class: KeyClass) -> Option<Self> {
        let quota = roster.quota(member, class)?;
        let granted = roster.accountability().bulk_allowances.iter();
        let granted = granted.filter(|bulk| bulk.member.0 == *member && bulk.class == class);
        // The roster names the last second at which an allowance counts.
        let bulk = granted.map(|bulk| BulkAllowance {
            elements: bulk.amount.into(),
            until: Timestamp(bulk.expires).plus(1),
        });
        Some(Self { base: quota.base.into(), daily: quota.daily.into(), bulk: bulk.collect() })
    }

    /// How many elements may have been counted under a key set at a moment; `began` is when its epoch did. Before that,
    /// while the epoch is prepared, no day has gone by.
    #[must_use]
    pub fn allowance(&self, began: Timestamp, now: Timestamp) -> u64 {
        self.ordinary(now.since(began) / DAY_SECONDS).saturating_add(self.bulk(now))
    }

    /// Whether so many elements may have been counted.
    #[must_use]
    pub fn answer(&self, counted: u64, began: Timestamp, now: Timestamp) -> QuotaAnswer {
        if counted <= self.allowance(began, now) {
            return QuotaAnswer::Allowed;
        }
        // Between the ends of bulk allowances the quota only grows, so each such stretch has one first moment at most.
        let mut ends: Vec<Timestamp> =
            self.bulk.iter().map(|bulk| bulk.until).filter(|until| *until > now).collect();
        ends.sort_unstable();
        let starts = std::iter::once(now).chain(ends.iter().copied());
        let stops = ends.iter().copied().map(Some).chain([None]);
        let found = starts.zip(stops).find_map(|(start, stop)| {
            let enough = self.enough(counted.saturating_sub(self.bulk(start)), began)?;
            Some(enough.max(start)).filter(|moment| stop.is_none_or(|stop| *moment < stop))
        });
        found.map_or(QuotaAnswer::Never, QuotaAnswer::TryAgainAt)
    }

    fn ordinary(&self, days: u64) -> u64 {
        self.base.saturating_add(self.daily.saturating_mul(days))
    }

    fn bulk(&self, now: Timestamp) -> u64 {
        let lasting = self.bulk.iter().filter(|bulk| now < bulk.until);
        lasting.fold(0, |sum, bulk| sum.saturating_add(bulk.elements))
    }

    /// The first moment at which base and days suffice.
    fn enough(&self, counted: u64, began: Timestamp) -> Option<Timestamp> {
        let missing = counted.saturating_sub(self.base);
        if missing == 0 {
            return Some(Timestamp(0));
        }
        let days = missing.checked_add(self.daily.checked_sub(1)?)? / self.daily;
        Some(Timestamp(began.0.checked_add(days.checked_mul(DAY_SECONDS)?)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEGAN: Timestamp = Timestamp(1_795_000_000);

    fn day(number: u64) -> Timestamp {
        BEGAN.plus(number * DAY_SECONDS)
    }

    fn quota(base: u64, daily: u64, bulk: &[(u64, Timestamp)]) -> Quota {
        let bulk = bulk.iter().map(|(elements, until)| BulkAllowance { elements: *elements, until: *until });
        Quota { base, daily, bulk: bulk.collect() }
    }

    #[test]
    fn a_quota_is_a_base_days_and_what_lasts() {
        let check = |quota: &Quota, now, expected| assert_eq!(quota.allowance(BEGAN, now), expected);
        let ordinary = quota(1000, 200, &[]);
        check(&ordinary, Timestamp(0), 1000);
        check(&ordinary, day(0), 1000);
        check(&ordinary, Timestamp(day(1).0 - 1), 1000);
        check(&ordinary, day(1), 1200);
        check(&ordinary, day(10), 3000);
        let bulk = quota(1000, 200, &[(50_000, day(2)), (7, day(3))]);
        check(&bulk, day(0), 51_007);
        check(&bulk, Timestamp(day(2).0 - 1), 51_207);
        check(&bulk, day(2), 1407);
        check(&bulk, day(3), 1600);
        check(&quota(u64::MAX, u64::MAX, &[(u64::MAX, day(9))]), day(8), u64::MAX);
    }

    #[test]
    fn a_refusal_says_when_it_may_try_again() {
        let ordinary = quota(1000, 200, &[]);
        let check = |quota: &Quota, counted, now, expected| {
            assert_eq!(quota.answer(counted, BEGAN, now), expected, "{counted} at {now}");
        };
        check(&ordinary, 1000, day(0), QuotaAnswer::Allowed);
        check(&ordinary, 1001, day(0), QuotaAnswer::TryAgainAt(day(1)));
        check(&ordinary, 1201, day(0), QuotaAnswer::TryAgainAt(day(2)));
        check(&ordinary, 1001, Timestamp(day(1).0 - 1), QuotaAnswer::TryAgainAt(day(1)));
        check(&ordinary, u64::MAX, day(0), QuotaAnswer::Never);
        check(&quota(1000, 0, &[]), 1001, day(0), QuotaAnswer::Never);
        // An allowance that ends comes too early for the days that are needed with it.
        check(&quota(1000, 200, &[(500, day(2))]), 1800, day(0), QuotaAnswer::TryAgainAt(day(4)));
        check(&quota(1000, 200, &[(500, day(3))]), 1800, day(0), QuotaAnswer::TryAgainAt(day(2)));
    }

    proptest! {
        /// The moment named is the first at which it is allowed; none is named when none comes.
        #[test]
        fn the_moment_named_is_the_first(
            base in 0_u64..50, daily in 0_u64..10, counted in 0_u64..200, hours in 0_u64..200,
            bulk in proptest::collection::vec((0_u64..60, 0_u64..300), 0..3),
        ) {
            let at = |hour: u64| BEGAN.plus(hour * 3600);
            let bulk: Vec<(u64, Timestamp)> = bulk.into_iter().map(|(elements, until)| (elements, at(until))).collect();
            let quota = quota(base, daily, &bulk);
            // Everything happens at whole hours; after 300 only days go by.
            let first = (hours..=300 + 24 * 200).find(|hour| counted <= quota.allowance(BEGAN, at(*hour)));
            let expected = match first {
                None => QuotaAnswer::Never,
                Some(hour) if hour == hours => QuotaAnswer::Allowed,
                Some(hour) => QuotaAnswer::TryAgainAt(at(hour)),
            };
            prop_assert_eq!(quota.answer(counted, BEGAN, at(hours)), expected);
        }
    }
}
