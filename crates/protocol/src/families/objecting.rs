//! Objections to own signals: one that is open stops the signal until it is decided, one that is upheld ends it.

use audit::{Event, ObjectionStep};
use domain::{FamilyRef, PersonNumber, Timestamp};

use super::{Families, Neighbours};
use crate::effects::{Context, Effects};
use crate::rights::{
    CannotServe, Incident, Objection, ObjectionOutcome, RightsCommand, RightsCount, RightsReply,
};

impl Families {
    /// Does what is wanted for the rights of persons.
    pub(crate) fn serve_rights(
        &mut self,
        cx: &Context<'_>,
        command: RightsCommand,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<RightsReply, CannotServe> {
        match command {
            RightsCommand::Object { family, person } => {
                self.object(cx, &family, person, with, fx).map(|made| RightsReply::Objection(Some(made)))
            }
            RightsCommand::DecideObjection { family, outcome } => {
                self.decide_objection(cx, &family, outcome, with, fx).map(RightsReply::Objection)
            }
            RightsCommand::Wrong { family, organisation, person } => {
                self.wrong(cx, (&family, organisation, person), with, fx).map(RightsReply::Incident)
            }
            RightsCommand::Incidents => Ok(RightsReply::Incidents(self.incidents.all().cloned().collect())),
            RightsCommand::CloseIncident { number, outcome } => {
                self.close_incident(cx, number, outcome, fx).map(RightsReply::Incident)
            }
            RightsCommand::Informed(family) => self.informed(cx, family.as_ref()).map(RightsReply::Informed),
            RightsCommand::Inform { family, person, telling } => {
                let told = self.inform(cx, (&family, person), telling, fx)?;
                Ok(RightsReply::Informed(vec![told]))
            }
            RightsCommand::Letter { family, person } => {
                self.letter(cx, (&family, person), fx).map(RightsReply::Letter)
            }
            RightsCommand::Person { family, person, logged } => {
                let file = self.person_file(cx, (&family, person), logged, fx)?;
                Ok(RightsReply::Person(Box::new(file)))
            }
            RightsCommand::Objections => {
                let all = self.objections.all();
                Ok(RightsReply::Objections(
                    all.map(|(family, made)| (family.clone(), made.clone())).collect(),
                ))
            }
        }
    }

    /// How much waits to be done.
    pub(crate) fn rights_count(&self, now: Timestamp) -> RightsCount {
        let incidents = || self.incidents.all().filter(|incident| incident.closed.is_none());
        let open = || self.objections.all().filter(|(_, objection)| objection.upheld_at.is_none());
        RightsCount {
            objections_open: open().count(),
            oldest_objection: open().map(|(_, objection)| objection.made_at).min(),
            incidents_open: incidents().count(),
            incident_deadline: incidents().map(Incident::deadline).min(),
            informing_overdue: self.informing_overdue,
            incidents_overdue: incidents().filter(|incident| incident.deadline() < now).count(),
        }
    }

    /// Somebody objects: from now on nothing of the signal is served.
    fn object(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        person: Option<PersonNumber>,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<Objection, CannotServe> {
        let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
        if person.is_some_and(|number| signal.family.person(number).is_none()) {
            return Err(CannotServe::NoSuchPerson);
        }
        if let Some(made) = self.objections.of(family) {
            return Err(CannotServe::ObjectedAlready(made.made_at));
        }
        if self.objections.is_full() {
            return Err(CannotServe::TooManyObjections);
        }
        self.log_objection(cx, ObjectionStep::Made, person, family, fx);
        let objection = Objection { made_at: cx.now, person, upheld_at: None };
        self.objections.keep(family, objection.clone(), fx);
        self.follow_changes(cx, with, fx);
        Ok(objection)
    }

    /// An objection is decided, or taken back. Returns what stands of it.
    fn decide_objection(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        outcome: ObjectionOutcome,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<Option<Objection>, CannotServe> {
        let held = self.objections.of(family).cloned().ok_or(CannotServe::NoObjection)?;
        if held.upheld_at.is_some() && outcome != ObjectionOutcome::Lifted {
            return Err(CannotServe::NoObjection);
        }
        let step = match outcome {
            ObjectionOutcome::Upheld => ObjectionStep::Upheld,
            ObjectionOutcome::Rejected => ObjectionStep::Rejected,
            ObjectionOutcome::Lifted => ObjectionStep::Lifted,
        };
        self.log_objection(cx, step, held.person, family, fx);
        if outcome == ObjectionOutcome::Upheld {
            // Nobody is left whom the number could mean.
            let upheld = Objection { person: None, upheld_at: Some(cx.now), ..held };
            self.objections.keep(family, upheld.clone(), fx);
            self.withdraw(cx, std::slice::from_ref(family), with, fx);
            return Ok(Some(upheld));
        }
        self.objections.remove(family, fx);
        self.follow_changes(cx, with, fx);
        Ok(None)
    }

    fn log_objection(
        &self,
        cx: &Context<'_>,
        step: ObjectionStep,
        person: Option<PersonNumber>,
        family: &FamilyRef,
        fx: &mut Effects<'_>,
    ) {
        let event = Event::Objection { step, person: person.map(PersonNumber::number) };
        self.log(cx, event, family, fx);
    }

    /// Withdraws what an upheld objection ended, as when a run ended between the two.
    pub(super) fn follow_objections(
        &mut self,
        cx: &Context<'_>,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) {
        let kept_out = self.objections.all().filter(|(_, objection)| objection.upheld_at.is_some());
        let left: Vec<FamilyRef> = kept_out
            .map(|(family, _)| family.clone())
            .filter(|family| self.signals.contains_key(family))
            .collect();
        self.withdraw(cx, &left, with, fx);
    }
}
