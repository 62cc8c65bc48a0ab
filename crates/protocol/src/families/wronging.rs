//! A match that turned out to be wrong, and a person who turned out to be somebody else: what was found by it goes, stays
//! gone, and an incident is opened.

use audit::{Event, IncidentStep};
use domain::{FamilyRef, Oin, PersonNumber};

use super::{Families, Neighbours};
use crate::effects::{Context, Effects};
use crate::review::{DecisionWanted, Judgement};
use crate::rights::{CannotServe, Incident, IncidentOutcome};

impl Families {
    /// A match is wrong, or rests on a person of the own record who is somebody else.
    pub(super) fn wrong(
        &mut self,
        cx: &Context<'_>,
        (family, organisation, person): (&FamilyRef, Oin, Option<PersonNumber>),
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<Incident, CannotServe> {
        self.may_ask(cx, family)?;
        let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
        if person.is_some_and(|number| signal.family.person(number).is_none()) {
            return Err(CannotServe::NoSuchPerson);
        }
        if self.incidents.is_full() {
            return Err(CannotServe::TooManyIncidents);
        }
        let is_involved =
            self.involved(cx, family).iter().any(|involvement| involvement.organisation == organisation);
        if !is_involved {
            return Err(CannotServe::NotInvolved);
        }
        match person {
            None => self.drop_match(cx, family, organisation, fx)?,
            Some(person) => {
                self.wrong_persons.put_aside(family, &signal.family, person, fx);
                self.follow_changes(cx, with, fx);
            }
        }
        let incident = self.incidents.open(cx.now, (family, organisation, person), fx);
        self.log_incident(cx, IncidentStep::Opened, &incident, fx);
        Ok(incident)
    }

    /// Drops what was found by a match. The same facts are not taken for one again.
    fn drop_match(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        organisation: Oin,
        fx: &mut Effects<'_>,
    ) -> Result<(), CannotServe> {
        let wanted = DecisionWanted {
            family: family.clone(),
            organisation,
            judgement: Judgement::Wrong,
            unit: None,
            although_certain: true,
        };
        // Whatever was decided before: this stands in its place.
        self.decisions.undo(family, &organisation, fx);
        self.decide_and_log(cx, wanted, fx).map_err(|_| CannotServe::TooManyDecisions)?;
        for record in self.matches.remove_organisation(family, &organisation) {
            self.keep_match(cx, record, fx);
            fx.cut();
        }
        Ok(())
    }

    /// Somebody says what was done about an incident.
    pub(super) fn close_incident(
        &mut self,
        cx: &Context<'_>,
        number: u32,
        outcome: IncidentOutcome,
        fx: &mut Effects<'_>,
    ) -> Result<Incident, CannotServe> {
        let closed = self.incidents.close(number, cx.now, outcome, fx).ok_or(CannotServe::NoOpenIncident)?;
        self.log_incident(cx, outcome.step(), &closed, fx);
        Ok(closed)
    }

    fn log_incident(&self, cx: &Context<'_>, step: IncidentStep, incident: &Incident, fx: &mut Effects<'_>) {
        let (organisation, person) = (incident.organisation, incident.person.map(PersonNumber::number));
        self.log(cx, Event::Incident { step, organisation, person }, &incident.family, fx);
    }
}
