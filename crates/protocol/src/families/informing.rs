//! Telling persons that a signal on their family is registered: what is to be done, and what was.

use audit::{Event, InformingStep};
use domain::{FamilyRef, PersonNumber, Signal, ToldHow};

use super::Families;
use crate::effects::{Context, Effects};
use crate::rights::{
    CannotServe, Informed, LetterFacts, MOST_POSTPONED_YEARS, PersonInformed, Telling, Timer,
};

impl Families {
    /// Where telling the persons of one family, or of all, stands.
    pub(super) fn informed(
        &self,
        cx: &Context<'_>,
        family: Option<&FamilyRef>,
    ) -> Result<Vec<PersonInformed>, CannotServe> {
        if let Some(family) = family {
            let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
            return Ok(self.states(cx, signal));
        }
        Ok(self.signals.values().flat_map(|signal| self.states(cx, signal)).collect())
    }

    fn states(&self, cx: &Context<'_>, signal: &Signal) -> Vec<PersonInformed> {
        let timer = Timer { today: cx.now.date(), within_days: self.inform_within_days };
        self.informing.states(&signal.family_ref, &signal.family, signal.informed_on, timer)
    }

    fn overdue(&self, cx: &Context<'_>, signal: &Signal) -> usize {
        let states = self.states(cx, signal);
        states.iter().filter(|line| matches!(line.state, Informed::Overdue(_))).count()
    }

    /// Counts anew who should have been told by now: days pass, and records change.
    pub(super) fn count_overdue(&mut self, cx: &Context<'_>) {
        self.informing_overdue = self.signals.values().map(|signal| self.overdue(cx, signal)).sum();
    }

    /// Starts the timer of signals that have none: a version that knew of none registered them.
    pub(super) fn start_timers(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        for family in self.signals.keys() {
            self.informing.begin(family, cx.now, fx);
            fx.cut();
        }
        self.count_overdue(cx);
    }

    /// How a person is told, where somebody tells this person.
    fn told_how(
        &self,
        cx: &Context<'_>,
        family: &FamilyRef,
        person: PersonNumber,
    ) -> Result<(&Signal, ToldHow), CannotServe> {
        let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
        let how = signal.family.told_how(person, cx.now.date()).ok_or(CannotServe::NoSuchPerson)?;
        let has_parents = signal.family.told_for_children().next().is_some();
        match how {
            ToldHow::Not => Err(CannotServe::NotToldAtAll),
            ToldHow::ThroughParents if has_parents => Err(CannotServe::ToldThroughParents),
            ToldHow::ThroughParents | ToldHow::InPerson | ToldHow::BesideParents => Ok((signal, how)),
        }
    }

    /// Somebody says that a person was told, or why that has to wait.
    pub(super) fn inform(
        &mut self,
        cx: &Context<'_>,
        (family, person): (&FamilyRef, PersonNumber),
        telling: Telling,
        fx: &mut Effects<'_>,
    ) -> Result<PersonInformed, CannotServe> {
        let (signal, _) = self.told_how(cx, family, person)?;
        let (today, before) = (cx.now.date(), self.overdue(cx, signal));
        let step = match telling {
            Telling::Told(on) if on > today => return Err(CannotServe::NotYet),
            Telling::Told(_) => InformingStep::Told,
            Telling::Postponed(_, until) if until <= today => return Err(CannotServe::PostponedToThePast),
            Telling::Postponed(_, until) if until > today.plus_years(MOST_POSTPONED_YEARS) => {
                return Err(CannotServe::PostponedTooLong);
            }
            Telling::Postponed(ground, _) => ground.step(),
        };
        self.log(cx, Event::Informing { step, person: person.number() }, family, fx);
        self.informing.tell(family, person, telling, fx);
        let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
        self.informing_overdue = (self.informing_overdue + self.overdue(cx, signal)).saturating_sub(before);
        let line = self.states(cx, signal).into_iter().find(|line| line.person == person);
        line.ok_or(CannotServe::NoSuchPerson)
    }

    /// What a letter to a person says. That one was made is logged.
    pub(super) fn letter(
        &self,
        cx: &Context<'_>,
        (family, person): (&FamilyRef, PersonNumber),
        fx: &mut Effects<'_>,
    ) -> Result<LetterFacts, CannotServe> {
        let (signal, how) = self.told_how(cx, family, person)?;
        let is_child = signal.family.person(person).is_some_and(|person| person.role == domain::Role::Child);
        let for_children = signal.family.told_for_children().any(|number| number == person)
            && signal.family.numbered().any(|(number, _)| {
                let how = signal.family.told_how(number, cx.now.date());
                matches!(how, Some(ToldHow::ThroughParents | ToldHow::BesideParents))
            });
        self.log(cx, Event::Informing { step: InformingStep::Letter, person: person.number() }, family, fx);
        Ok(LetterFacts {
            family: family.clone(),
            registered_on: self.informing.registered_at(family).unwrap_or(cx.now).date(),
            // A child under twelve without parents in the record: whoever stands in for them reads it.
            to_youth: is_child && how != ToldHow::ThroughParents,
            for_children: for_children || how == ToldHow::ThroughParents,
            unit: signal.unit.clone(),
            ends_on: signal.ends_on,
            legal_basis: signal.legal_basis.clone(),
        })
    }
}
