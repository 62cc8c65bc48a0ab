//! What of the families goes into the main log.

use audit::{Event, Said, Wanted};
use domain::{FamilyRef, Oin, Signal};

use super::{Families, Neighbours, participation};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::feed::FeedKeeper;
use crate::log::Happening;
use crate::review::{CannotDecide, Decision, DecisionWanted, Judgement};
use crate::rights::Objections;
use crate::{Answer, Refusal};

/// Something that is about a signal.
pub(super) fn about<'a>(
    cx: &Context<'_>,
    event: Event,
    signal: &'a Signal,
    objections: &Objections,
) -> Happening<'a> {
    Happening::about(event, &signal.family_ref)
        .of_unit(signal.unit.as_ref())
        .on_basis(signal.legal_basis.as_ref(), participation(cx, signal, objections).circles)
}

impl Families {
    /// Logs something about a family, with what its signal says if there is one.
    pub(super) fn log(&self, cx: &Context<'_>, event: Event, family: &FamilyRef, fx: &mut Effects<'_>) {
        fx.record(match self.signals.get(family) {
            Some(signal) => about(cx, event, signal, &self.objections),
            None => Happening::about(event, family),
        });
    }

    /// Who else is involved with a family. That it was asked is logged with the answer, or that it was refused.
    pub(crate) fn ask(
        &self,
        cx: &Context<'_>,
        family: &FamilyRef,
        (feeds, material): (&FeedKeeper, &KeyMaterial),
        fx: &mut Effects<'_>,
    ) -> Result<Answer, Refusal> {
        let answer = self.who(cx, family, feeds, material);
        let event = match &answer {
            Ok(answer) => asked(1, [answer]),
            Err(_) => Event::Refusal { wanted: Wanted::Question },
        };
        self.log(cx, event, family, fx);
        answer
    }

    /// Keeps what somebody says of a match.
    pub(crate) fn decide_and_log(
        &mut self,
        cx: &Context<'_>,
        wanted: DecisionWanted,
        fx: &mut Effects<'_>,
    ) -> Result<Decision, CannotDecide> {
        let (family, organisation) = (wanted.family.clone(), wanted.organisation);
        let said = match wanted.judgement {
            Judgement::Same => Said::Same,
            Judgement::Different => Said::Different,
            Judgement::Wrong => Said::Wrong,
        };
        let decided = self.decide(cx, wanted, fx);
        self.log_statement(cx, decided.is_ok().then_some((organisation, said)), &family, fx);
        decided
    }

    /// Takes back what somebody said of a match.
    pub(crate) fn undo_and_log(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        organisation: &Oin,
        with: &mut Neighbours<'_>,
        fx: &mut Effects<'_>,
    ) -> Result<(), CannotDecide> {
        let undone = self.undo(cx, family, organisation, fx);
        if undone.is_ok() {
            self.find_again(cx, family, with, fx);
        }
        self.log_statement(cx, undone.is_ok().then_some((*organisation, Said::TakenBack)), family, fx);
        undone
    }

    fn log_statement(
        &self,
        cx: &Context<'_>,
        made: Option<(Oin, Said)>,
        family: &FamilyRef,
        fx: &mut Effects<'_>,
    ) {
        let event = match made {
            Some((organisation, said)) => Event::Statement { organisation, said },
            None => Event::Refusal { wanted: Wanted::Statement },
        };
        self.log(cx, event, family, fx);
    }
}

/// That questions were asked, with what the answers named together.
pub(crate) fn asked<'a>(families: usize, answers: impl IntoIterator<Item = &'a Answer>) -> Event {
    let bounded = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let (mut found, mut complete) = (0, true);
    for answer in answers {
        found += answer.involved.len() + answer.set_aside.len() + answer.units.len();
        complete &= answer.completeness.is_complete();
    }
    Event::Question { families: bounded(families), found: bounded(found), complete }
}
