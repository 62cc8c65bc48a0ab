//! What a region is like: sizes, shares and rates of errors, each with its reason.

use domain::CalendarDate;

/// The settings of a synthetic region. `Default` is the region that quality is measured on.
///
/// Shares are whole percents or thousandths, so that no floating point decides anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopulationOptions {
    /// Inhabitants. A last family may bring a few more.
    pub persons: usize,
    /// Organisations; the sectors repeat in a fixed order.
    pub organisations: usize,
    /// The day on which everything was recorded.
    pub today: CalendarDate,
    /// Of person records, the share without a BSN, those of organisations that may not have it included. Others have it of
    /// their client more often than of a relative; the share is met over all.
    pub bsn_missing_percent: u64,
    /// Of recorded BSNs, thousandths that are another valid number: typed wrong, a relative's, a placeholder. The
    /// 11-proef catches single slips, so few remain.
    pub bsn_wrong_per_mille: u64,
    /// Of names of persons, the share with wrong letters in the surname or a given name. Other ways of writing (initials,
    /// capitals, a prefix in the other column, the partner's name) come on top, after the habits of the organisation.
    pub misspelt_percent: u64,
    /// Of inhabitants, the share that moved within the last 24 months. Half as many moved in the 24 months before.
    pub moved_percent: u64,
    /// Of recorded birth dates, thousandths that are wrong or partly unknown.
    pub birth_wrong_per_mille: u64,
    /// Of recorded addresses, thousandths with a wrong number or postcode.
    pub address_wrong_per_mille: u64,
    /// Of families with children, the share that any organisation has a signal about: one child in ten receives youth
    /// care in a year (CBS), and schools and adult care know as many other families.
    pub known_percent: u64,
    /// Of households without children, the share that an organisation of adult care has a signal about.
    pub known_childless_percent: u64,
    /// Of households, thousandths whose address is kept secret.
    pub secret_per_mille: u64,
}

impl Default for PopulationOptions {
    fn default() -> Self {
        Self {
            persons: 50_000,
            organisations: 24,
            today: CalendarDate::new(2026, 6, 30).expect("a day on the calendar"),
            bsn_missing_percent: 25,
            bsn_wrong_per_mille: 2,
            misspelt_percent: 6,
            moved_percent: 10,
            birth_wrong_per_mille: 20,
            address_wrong_per_mille: 15,
            known_percent: 20,
            known_childless_percent: 2,
            secret_per_mille: 5,
        }
    }
}

impl PopulationOptions {
    /// The same region with so many inhabitants.
    #[must_use]
    pub fn with_persons(mut self, persons: usize) -> Self {
        self.persons = persons;
        self
    }

    /// The same region, carelessly recorded: numbers are missing in a third more records, and half as many names again are
    /// misspelt.
    #[must_use]
    pub fn careless(mut self) -> Self {
        (self.bsn_missing_percent, self.misspelt_percent) = (33, 9);
        self
    }

    /// The same region without any BSN.
    #[must_use]
    pub fn with_no_bsn(mut self) -> Self {
        self.bsn_missing_percent = 100;
        self
    }
}
