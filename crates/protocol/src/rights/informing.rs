//! Who of a family was told that a signal is registered, and until when the others are to be told.

use std::collections::BTreeMap;

use audit::InformingStep;
use domain::{CalendarDate, Family, FamilyRef, PersonNumber, Role, Timestamp, ToldHow};

use crate::Collection;
use crate::effects::Effects;
use crate::record::{informing_key, informing_record, read_informing};

/// Years for which telling somebody can be postponed at once; after that somebody decides again.
pub(crate) const MOST_POSTPONED_YEARS: u16 = 1;

/// Why somebody is not told yet (AVG 23, UAVG 41).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostponeGround {
    /// The safety of a child.
    ChildSafety,
    /// The safety of somebody else.
    OtherSafety,
    /// An investigation that telling would harm.
    Investigation,
    /// Nobody knows where the person is.
    Unreachable,
}

impl PostponeGround {
    /// Every ground.
    pub const ALL: [Self; 4] = [Self::ChildSafety, Self::OtherSafety, Self::Investigation, Self::Unreachable];

    /// How the log says it.
    #[must_use]
    pub const fn step(self) -> InformingStep {
        match self {
            Self::ChildSafety => InformingStep::ChildSafety,
            Self::OtherSafety => InformingStep::OtherSafety,
            Self::Investigation => InformingStep::Investigation,
            Self::Unreachable => InformingStep::Unreachable,
        }
    }
}

/// What was done to tell somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Told on a day.
    Told(CalendarDate),
    /// Postponed, to a day at most.
    Postponed(PostponeGround, CalendarDate),
}

/// Where telling somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Informed {
    /// Told on a day.
    Told(CalendarDate),
    /// Lawfully postponed to a day.
    Postponed(PostponeGround, CalendarDate),
    /// To be told by a day.
    Due(CalendarDate),
    /// That day is over.
    Overdue(CalendarDate),
    /// Nobody tells this person.
    Not,
}

/// Where telling one person stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonInformed {
    /// The own family.
    pub family: FamilyRef,
    /// The person's number in the record.
    pub person: PersonNumber,
    /// The person's role.
    pub role: Role,
    /// How the person is told.
    pub how: ToldHow,
    /// Where it stands.
    pub state: Informed,
}

/// What is kept of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InformingFile {
    /// When the signal was registered: with that the timer starts.
    pub(crate) registered_at: Timestamp,
    /// What was done, by person.
    pub(crate) persons: BTreeMap<PersonNumber, Telling>,
}

/// What states follow from, beside what was done.
#[derive(Clone, Copy)]
pub(crate) struct Timer {
    pub(crate) today: CalendarDate,
    /// Days within which everybody is told.
    pub(crate) within_days: u16,
}

/// What is kept of all families.
#[derive(Default)]
pub(crate) struct Informing {
    kept: BTreeMap<FamilyRef, InformingFile>,
}

impl Informing {
    /// Takes back what is on disk. What cannot be read is left out: the store has already said when it is damaged.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        Self { kept: records.iter().filter_map(|bytes| read_informing(bytes)).collect() }
    }

    /// When a signal was registered.
    pub(crate) fn registered_at(&self, family: &FamilyRef) -> Option<Timestamp> {
        self.kept.get(family).map(|file| file.registered_at)
    }

    /// A signal is registered, or was by a version that kept nothing of this: the timer starts.
    pub(crate) fn begin(&mut self, family: &FamilyRef, now: Timestamp, fx: &mut Effects<'_>) {
        if !self.kept.contains_key(family) {
            self.keep(family, InformingFile { registered_at: now, persons: BTreeMap::new() }, fx);
        }
    }

    /// What was done to tell a person.
    pub(crate) fn tell(
        &mut self,
        family: &FamilyRef,
        person: PersonNumber,
        telling: Telling,
        fx: &mut Effects<'_>,
    ) {
        let Some(held) = self.kept.get(family) else { return };
        let mut file = held.clone();
        file.persons.insert(person, telling);
        self.keep(family, file, fx);
    }

    /// The record of a family changed: persons have other numbers. Whoever is new is to be told.
    pub(crate) fn follow(
        &mut self,
        family: &FamilyRef,
        followed: &BTreeMap<PersonNumber, PersonNumber>,
        fx: &mut Effects<'_>,
    ) {
        let Some(held) = self.kept.get(family) else { return };
        let told = held.persons.iter();
        let persons: BTreeMap<_, _> =
            told.filter_map(|(number, telling)| Some((*followed.get(number)?, *telling))).collect();
        if persons != held.persons {
            let registered_at = held.registered_at;
            self.keep(family, InformingFile { registered_at, persons }, fx);
        }
    }

    /// A family has no signal any more.
    pub(crate) fn remove(&mut self, family: &FamilyRef, fx: &mut Effects<'_>) {
        if self.kept.remove(family).is_some() {
            fx.delete(Collection::Informing, informing_key(family));
        }
    }

    fn keep(&mut self, family: &FamilyRef, file: InformingFile, fx: &mut Effects<'_>) {
        fx.put(Collection::Informing, informing_key(family), informing_record(family, &file));
        self.kept.insert(family.clone(), file);
    }

    /// Where telling the persons of a family stands. `told_on` is the day on which the family as a whole was told: it counts
    /// for everybody of whom nothing else is kept.
    pub(crate) fn states(
        &self,
        family: &FamilyRef,
        record: &Family,
        told_on: Option<CalendarDate>,
        timer: Timer,
    ) -> Vec<PersonInformed> {
        let file = self.kept.get(family);
        let alone = |number| alone(file, number, told_on, timer);
        let parents: Vec<Informed> = record.told_for_children().map(alone).collect();
        let state = |number, how| match how {
            ToldHow::Not => Informed::Not,
            ToldHow::ThroughParents if !parents.is_empty() => last_of(&parents),
            ToldHow::ThroughParents | ToldHow::InPerson | ToldHow::BesideParents => alone(number),
        };
        let line = |(number, person): (PersonNumber, &domain::Person)| {
            let how = record.told_how(number, timer.today)?;
            let (family, role, state) = (family.clone(), person.role, state(number, how));
            Some(PersonInformed { family, person: number, role, how, state })
        };
        record.numbered().filter_map(line).collect()
    }
}

/// Where telling one person stands, whoever else there is.
fn alone(
    file: Option<&InformingFile>,
    number: PersonNumber,
    told_on: Option<CalendarDate>,
    timer: Timer,
) -> Informed {
    let Timer { today, within_days } = timer;
    let wait = |until| if until < today { Informed::Overdue(until) } else { Informed::Due(until) };
    match (file.and_then(|file| file.persons.get(&number)).copied(), told_on) {
        (Some(Telling::Told(on)), _) | (None, Some(on)) => Informed::Told(on),
        (Some(Telling::Postponed(ground, until)), _) if until >= today => Informed::Postponed(ground, until),
        (Some(Telling::Postponed(_, until)), _) => Informed::Overdue(until),
        (None, None) => {
            let seconds = u64::from(within_days) * 86_400;
            file.map_or(Informed::Due(today), |file| wait(file.registered_at.plus(seconds).date()))
        }
    }
}

/// Where it stands with all of them: as with the one who is farthest behind.
fn last_of(all: &[Informed]) -> Informed {
    let rank = |state: &Informed| match state {
        Informed::Overdue(_) => 0,
        Informed::Due(_) => 1,
        Informed::Postponed(..) => 2,
        Informed::Told(_) => 3,
        Informed::Not => 4,
    };
    let behind = |one: Informed, other: Informed| match (one, other) {
        (Informed::Told(on), Informed::Told(other)) => Informed::Told(on.max(other)),
        (Informed::Overdue(since), Informed::Overdue(other)) => Informed::Overdue(since.min(other)),
        (one, other) if rank(&other) < rank(&one) => other,
        (one, _) => one,
    };
    all.iter().copied().reduce(behind).unwrap_or(Informed::Not)
}

#[cfg(test)]
mod tests {
    use domain::Person;

    use super::*;
    use Informed::{Due, Not, Overdue, Postponed, Told};

    fn day(text: &str) -> CalendarDate {
        text.parse().unwrap()
    }

    fn number(number: u8) -> PersonNumber {
        PersonNumber::new(number).unwrap()
    }

    /// Two parents, children of six and of fourteen, a youth of seventeen, and somebody else.
    fn family() -> Family {
        let child = |born: &str| Person { born: born.parse().ok(), ..Person::new(Role::Child) };
        let (parent, other) = (Person::new(Role::Parent), Person::new(Role::Other));
        let children = [child("2020-01-01"), child("2012-01-01"), child("2009-01-01")];
        Family::new([parent.clone(), parent].into_iter().chain(children).chain([other]).collect(), None)
            .unwrap()
    }

    fn states(tellings: &[(u8, Telling)], told_on: Option<&str>, today: &str) -> Vec<Informed> {
        let reference = FamilyRef::new("L-1").unwrap();
        let persons = tellings.iter().map(|(person, telling)| (number(*person), *telling)).collect();
        // 21 November 2026.
        let file = InformingFile { registered_at: Timestamp(1_795_253_400), persons };
        let kept = Informing { kept: [(reference.clone(), file)].into() };
        let timer = Timer { today: day(today), within_days: 28 };
        let states = kept.states(&reference, &family(), told_on.map(day), timer);
        states.into_iter().map(|line| line.state).collect()
    }

    #[test]
    fn each_person_has_a_state_and_small_children_that_of_their_parents() {
        let due = Due(day("2026-12-19"));
        assert_eq!(states(&[], None, "2026-12-19"), [due, due, due, due, due, Not]);
        let late = Overdue(day("2026-12-19"));
        assert_eq!(states(&[], None, "2026-12-20"), [late, late, late, late, late, Not]);
        let told = |on: &str| Telling::Told(day(on));
        let (first, second) = (Told(day("2026-12-01")), Told(day("2026-12-02")));
        assert_eq!(
            states(&[(1, told("2026-12-01"))], None, "2026-12-20"),
            [first, late, late, late, late, Not]
        );
        let both = [(1, told("2026-12-01")), (2, told("2026-12-02"))];
        assert_eq!(states(&both, None, "2026-12-20"), [first, second, second, late, late, Not]);
    }

    #[test]
    fn what_is_postponed_is_so_to_its_day_and_then_overdue_whatever_the_family_was_told() {
        let safety = PostponeGround::OtherSafety;
        let postponed = [(2, Telling::Postponed(safety, day("2027-02-01")))];
        let (put_off, told) = (Postponed(safety, day("2027-02-01")), Told(day("2026-12-01")));
        assert_eq!(
            states(&postponed, Some("2026-12-01"), "2027-02-01"),
            [told, put_off, put_off, told, told, Not]
        );
        let late = Overdue(day("2027-02-01"));
        assert_eq!(states(&postponed, Some("2026-12-01"), "2027-02-02"), [told, late, late, told, told, Not]);
    }
}
