//! Incidents: a match or a person turned out to be wrong. Within 72 hours somebody says what was done (AVG 33).

use std::collections::BTreeMap;

use audit::IncidentStep;
use domain::{FamilyRef, Oin, PersonNumber, Timestamp};

use crate::Collection;
use crate::effects::Effects;
use crate::record::{incident_key, incident_record, read_incident};

/// Most incidents kept.
pub(super) const MAX_INCIDENTS: usize = 10_000;

/// How long somebody has to close one.
const CLOCK_SECONDS: u64 = 72 * 3_600;

/// Days for which a closed one is kept: as long as entries of the log by default.
const KEPT_DAYS: u64 = 1_827;

/// The same in seconds.
pub(crate) const INCIDENT_KEPT_SECONDS: u64 = KEPT_DAYS * 86_400;

/// What was done about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentOutcome {
    /// It is no breach of personal data.
    NoBreach,
    /// Corrected, and without a risk that has to be reported.
    Corrected,
    /// Reported to the supervisory authority.
    Reported,
    /// Reported to the supervisory authority, and to the persons concerned.
    ReportedToPersons,
}

impl IncidentOutcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [Self::NoBreach, Self::Corrected, Self::Reported, Self::ReportedToPersons];

    /// How the log says it.
    #[must_use]
    pub const fn step(self) -> IncidentStep {
        match self {
            Self::NoBreach => IncidentStep::NoBreach,
            Self::Corrected => IncidentStep::Corrected,
            Self::Reported => IncidentStep::Reported,
            Self::ReportedToPersons => IncidentStep::ReportedToPersons,
        }
    }
}

/// One incident. Its file is its number: what was written about it elsewhere names that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number, from 1.
    pub number: u32,
    /// The own family.
    pub family: FamilyRef,
    /// With which organisation the match was.
    pub organisation: Oin,
    /// The person of the record that is somebody else; `None`: the match as a whole was wrong.
    pub person: Option<PersonNumber>,
    /// Since when it is known.
    pub opened_at: Timestamp,
    /// When and how it was closed.
    pub closed: Option<(Timestamp, IncidentOutcome)>,
}

impl Incident {
    /// Until when it is to be closed.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        self.opened_at.plus(CLOCK_SECONDS)
    }
}

/// The incidents kept.
#[derive(Default)]
pub(crate) struct Incidents {
    kept: BTreeMap<u32, Incident>,
}

impl Incidents {
    /// Takes back what is on disk. What cannot be read is left out: the store has already said when it is damaged.
    pub(crate) fn restore(records: &[Vec<u8>]) -> Self {
        let read = records.iter().filter_map(|bytes| read_incident(bytes));
        Self { kept: read.map(|incident| (incident.number, incident)).collect() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_INCIDENTS
    }

    /// All of them, the oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Incident> {
        self.kept.values()
    }

    /// Opens one.
    pub(crate) fn open(
        &mut self,
        now: Timestamp,
        (family, organisation, person): (&FamilyRef, Oin, Option<PersonNumber>),
        fx: &mut Effects<'_>,
    ) -> Incident {
        let number = self.kept.last_key_value().map_or(0, |(last, _)| *last).saturating_add(1);
        let incident =
            Incident { number, family: family.clone(), organisation, person, opened_at: now, closed: None };
        self.keep(incident.clone(), fx);
        incident
    }

    /// Closes one; `None` when there is no such one that is open.
    pub(crate) fn close(
        &mut self,
        number: u32,
        now: Timestamp,
        outcome: IncidentOutcome,
        fx: &mut Effects<'_>,
    ) -> Option<Incident> {
        let open = self.kept.get(&number).filter(|incident| incident.closed.is_none())?;
        let closed = Incident { closed: Some((now, outcome)), ..open.clone() };
        self.keep(closed.clone(), fx);
        Some(closed)
    }

    fn keep(&mut self, incident: Incident, fx: &mut Effects<'_>) {
        fx.put(Collection::Incident, incident_key(incident.number), incident_record(&incident));
        self.kept.insert(incident.number, incident);
    }

    /// Forgets those closed long ago. The newest stays, so that no number is given twice.
    pub(crate) fn expire(&mut self, now: Timestamp, fx: &mut Effects<'_>) {
        let last = self.kept.last_key_value().map(|(last, _)| *last);
        let is_over = |number: &u32, incident: &Incident| {
            let is_old = |(closed, _)| now.since(closed) >= INCIDENT_KEPT_SECONDS;
            Some(*number) != last && incident.closed.is_some_and(is_old)
        };
        for (number, _) in self.kept.extract_if(.., |number, incident| is_over(number, incident)) {
            fx.delete(Collection::Incident, incident_key(number));
            fx.cut();
        }
    }
}

#[cfg(test)]
mod tests {
    use audit::{ActorRole, Retention};
    use crypto::Seed;

    use super::*;
    use crate::Refused;
    use crate::effects::Requests;
    use crate::log::MainLog;

    /// Does something; what it wants kept is no matter here.
    fn does(work: impl FnOnce(&mut Effects<'_>)) {
        let (mut requests, mut refused) = (Requests::default(), Refused::default());
        let mut log = MainLog::restore(None, Retention::default(), Seed::from_bytes([1; 32]));
        let at = (Timestamp(0), ActorRole::Node);
        work(&mut Effects::new(&mut requests, &mut refused, &mut log, at));
    }

    fn about() -> (FamilyRef, Oin) {
        (FamilyRef::new("L-1").unwrap(), Oin::test_number(2).unwrap())
    }

    #[test]
    fn so_many_incidents_are_kept() {
        let (family, organisation) = about();
        let mut incidents = Incidents::default();
        does(|fx| {
            for _ in 0..MAX_INCIDENTS {
                assert!(!incidents.is_full());
                incidents.open(Timestamp(0), (&family, organisation, None), fx);
            }
        });
        assert!(incidents.is_full());
    }

    #[test]
    fn closed_incidents_are_kept_for_years_and_no_number_is_given_twice() {
        let (family, organisation) = about();
        let mut incidents = Incidents::default();
        let open = |incidents: &mut Incidents, fx: &mut Effects<'_>| {
            incidents.open(Timestamp(0), (&family, organisation, None), fx).number
        };
        does(|fx| {
            for number in 1..=3 {
                assert_eq!(open(&mut incidents, fx), number);
            }
            for number in [1, 3] {
                incidents.close(number, Timestamp(5), IncidentOutcome::Corrected, fx).unwrap();
            }
            let over = Timestamp(5).plus(INCIDENT_KEPT_SECONDS);
            incidents.expire(Timestamp(over.0 - 1), fx);
            assert_eq!(incidents.all().count(), 3);
            // The second is open, and the third is the newest.
            incidents.expire(over, fx);
            assert_eq!(incidents.all().map(|incident| incident.number).collect::<Vec<_>>(), [2, 3]);
            assert_eq!(open(&mut incidents, fx), 4);
        });
    }
}
