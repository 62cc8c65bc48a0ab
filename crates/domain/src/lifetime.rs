//! How long a signal lasts: a year unless something else is said, two years at most, and never past the day on which
//! the youngest child turns 23 (Jeugdwet 7.1: the index is for those who are younger).

use thiserror::Error;

use crate::{CalendarDate, Family, Kindcheck, PartialDate, Role};

/// Years that a signal lasts when nothing is said.
const USUAL_YEARS: u16 = 1;

/// Years that a signal may last from the day on which that is said.
const MOST_YEARS: u16 = 2;

/// The birthday of the youngest child past which no signal on the family lasts.
const LAST_BIRTHDAY: u16 = 23;

/// Why a day is too late for a signal to end on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TooLate {
    /// Over two years ahead.
    #[error("lies more than two years ahead; a signal lasts two years at most and can be renewed")]
    TwoYears,
    /// The youngest child is 23 by then.
    #[error("lies past the 23rd birthday of the youngest child; a signal lasts until that day at most")]
    Birthday,
}

impl Family {
    /// The day on which the youngest child turns 23; `None` without children, and while a child may be younger than
    /// can be told: one without a year of birth, or one that is expected.
    ///
    /// Of a partly unknown birth date the latest day that it may be counts, so that no child is taken for older than
    /// it is.
    #[must_use]
    pub fn youngest_turns_23(&self) -> Option<CalendarDate> {
        if self.kindcheck() == Some(Kindcheck::Pregnant) {
            return None;
        }
        let children = self.persons().iter().filter(|person| person.role == Role::Child);
        let latest = |born: &Option<PartialDate>| born.as_ref().and_then(PartialDate::reveal_latest);
        let youngest =
            children.map(|child| latest(&child.born)).collect::<Option<Vec<_>>>()?.into_iter().max()?;
        Some(youngest.plus_years(LAST_BIRTHDAY))
    }

    /// Checks the day that a signal on this family is said to last until.
    ///
    /// # Errors
    /// When it is too late. A day in the past is none of these: the signal has ended.
    pub fn check_end(&self, end: CalendarDate, today: CalendarDate) -> Result<(), TooLate> {
        if end > today.plus_years(MOST_YEARS) {
            return Err(TooLate::TwoYears);
        }
        match self.youngest_turns_23() {
            Some(birthday) if end > birthday => Err(TooLate::Birthday),
            Some(_) | None => Ok(()),
        }
    }

    /// The day until which a signal on this family lasts when nothing is said: the one `held` before, if there was one,
    /// otherwise a year from today; but not past the birthday of its youngest child.
    ///
    /// A day that is held stays. So whoever repeats a record changes nothing, and a signal ends although its record is
    /// sent every night: lasting longer is a decision.
    #[must_use]
    pub fn usual_end(&self, held: Option<CalendarDate>, today: CalendarDate) -> CalendarDate {
        let end = held.unwrap_or_else(|| today.plus_years(USUAL_YEARS));
        self.youngest_turns_23().map_or(end, |birthday| end.min(birthday))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Person;

    const TODAY: &str = "2026-11-22";

    fn date(text: &str) -> CalendarDate {
        text.parse().unwrap()
    }

    /// A parent and a child for each birth date; an empty one is unknown.
    fn family(born: &[&str], kindcheck: Option<Kindcheck>) -> Family {
        let child = |born: &&str| Person { born: born.parse().ok(), ..Person::new(Role::Child) };
        let mut parent = Person::new(Role::Parent);
        parent.born = "1960-01-01".parse().ok();
        let persons = std::iter::once(parent).chain(born.iter().map(child)).collect();
        Family::new(persons, kindcheck).unwrap()
    }

    #[test]
    fn the_youngest_child_as_far_as_known_decides() {
        for (born, kindcheck, expected) in [
            (&["2010-03-01", "2004-05-09"][..], None, Some("2033-03-01")),
            (&["2004-02-29"], None, Some("2027-03-01")),
            (&["2004-02-00"], None, Some("2027-03-01")),
            (&["2003-02-00"], None, Some("2026-02-28")),
            (&["2004-04-00"], None, Some("2027-04-30")),
            (&["2004-00-00"], None, Some("2027-12-31")),
            (&["2004-05-09", "2004-00-00"], None, Some("2027-12-31")),
            (&["2004-05-09", "0000-00-00"], None, None),
            (&["2004-05-09", ""], None, None),
            (&["2004-05-09"], Some(Kindcheck::Yes), Some("2027-05-09")),
            (&["2004-05-09"], Some(Kindcheck::Pregnant), None),
            (&[], Some(Kindcheck::Yes), None),
            (&[], None, None),
        ] {
            assert_eq!(family(born, kindcheck).youngest_turns_23(), expected.map(date), "{born:?}");
        }
    }

    #[test]
    fn nothing_said_is_a_year_and_what_is_held_stays_but_for_the_birthday() {
        for (born, held, expected) in [
            ("2020-01-01", None, "2027-11-22"),
            ("2020-01-01", Some("2027-01-05"), "2027-01-05"),
            ("2020-01-01", Some("2026-01-05"), "2026-01-05"),
            ("2004-05-09", None, "2027-05-09"),
            ("2004-05-09", Some("2027-08-01"), "2027-05-09"),
            ("1999-05-09", None, "2022-05-09"),
        ] {
            let end = family(&[born], None).usual_end(held.map(date), date(TODAY));
            assert_eq!(end, date(expected), "{born}, {held:?}");
        }
    }

    #[test]
    fn a_day_too_late_is_refused_with_the_reason() {
        for (born, end, expected) in [
            ("2020-01-01", "2028-11-22", Ok(())),
            ("2020-01-01", "2028-11-23", Err(TooLate::TwoYears)),
            ("2004-05-09", "2027-05-09", Ok(())),
            ("2004-05-09", "2027-05-10", Err(TooLate::Birthday)),
            ("2004-05-09", "2029-01-01", Err(TooLate::TwoYears)),
            ("1999-05-09", "2020-01-01", Ok(())),
            ("", "2028-11-22", Ok(())),
        ] {
            assert_eq!(family(&[born], None).check_end(date(end), date(TODAY)), expected, "{born}, {end}");
        }
    }
}
