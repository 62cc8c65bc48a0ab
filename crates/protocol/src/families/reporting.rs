//! What this node has of one person, for the report that this person may ask for.

use audit::Event;
use domain::{FamilyRef, PersonNumber};
use index::Involvement;

use super::Families;
use crate::effects::{Context, Effects};
use crate::review::Standing;
use crate::rights::{CannotServe, PersonFile};

impl Families {
    /// What there is of one person, and nobody else: matches that do not rest on this person are others' data. Nothing
    /// leaves before it is logged.
    pub(super) fn person_file(
        &self,
        cx: &Context<'_>,
        (family, person): (&FamilyRef, PersonNumber),
        logged: Option<bool>,
        fx: &mut Effects<'_>,
    ) -> Result<PersonFile, CannotServe> {
        let signal = self.signals.get(family).ok_or(CannotServe::NoSignal)?;
        let details = signal.family.person(person).ok_or(CannotServe::NoSuchPerson)?;
        if let Some(released) = logged {
            let event = Event::PersonReport { person: person.number(), released };
            self.log(cx, event, family, fx);
        }
        let position = usize::from(person.number()) - 1;
        let rests_on_person = |found: &Involvement| {
            let mut persons = found.explanation.persons.iter();
            persons.any(|one| one.source.person == position && one.certainty.is_some())
        };
        let stands = |found: &Involvement| self.review(cx, family, found).standing != Standing::SetAside;
        let involved =
            self.involved(cx, family).into_iter().filter(|found| rests_on_person(found) && stands(found));
        let informed = self.informed(cx, Some(family))?;
        Ok(PersonFile {
            person: details.clone(),
            kind: signal.kind,
            legal_basis: signal.legal_basis.clone(),
            unit: signal.unit.clone(),
            involved_since: signal.involved_since,
            registered_on: self.informing.registered_at(family).map(|at| at.date()),
            ends_on: signal.ends_on,
            informed: informed.into_iter().find(|line| line.person == person),
            involved: involved.map(|found| found.organisation).collect(),
        })
    }
}
