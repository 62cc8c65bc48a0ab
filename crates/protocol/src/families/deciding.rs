//! What is told of matches, and what people decide about them.

use std::collections::BTreeMap;

use audit::Event;
use domain::{Certainty, FamilyRef, Oin, Timestamp};
use index::Involvement;

use super::Families;
use crate::effects::{Context, Effects};
use crate::review::{
    CannotDecide, Decided, Decision, DecisionWanted, Facts, Judgement, Review, ReviewCount, Standing,
};
use crate::{Notice, Refusal};

/// What this node knows of an organisation that is involved with a family, beside the evidence.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// Since when, without interruption.
    pub(super) since: Timestamp,
    standing: Standing,
    heard: Heard,
}

impl Seen {
    /// What the disk tells of it; where it stands follows from the evidence.
    pub(super) fn since(since: Timestamp) -> Self {
        Self { since, standing: Standing::Waiting, heard: Heard::Nothing }
    }
}

/// What people have heard of an involvement, so that each is told once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    /// An alarm. It is not repeated while the organisation stays involved, however the certainty moves.
    Alarm,
    /// Somebody has decided about it.
    Decision,
}

impl Heard {
    /// What they have heard when it stands so, and whether an alarm is part of that.
    fn after(self, standing: Standing, certainty: Certainty) -> (Self, bool) {
        let is_possible = certainty == Certainty::Possible;
        match (standing, self) {
            (Standing::Confirmed | Standing::SetAside, _) => (Self::Decision, false),
            // Whoever undoes a decision knows of the match.
            (Standing::Told, Self::Alarm | Self::Decision) => (Self::Alarm, false),
            (Standing::Waiting | Standing::Returned, Self::Alarm) => (Self::Alarm, false),
            (Standing::Waiting, Self::Nothing | Self::Decision) => (Self::Nothing, false),
            (Standing::Returned, Self::Nothing | Self::Decision) if is_possible => (Self::Nothing, false),
            (Standing::Told, Self::Nothing) | (Standing::Returned, Self::Nothing | Self::Decision) => {
                (Self::Alarm, true)
            }
        }
    }
}

impl Families {
    /// Who is involved by what was found in any epoch that is not over.
    pub(super) fn involved(&self, cx: &Context<'_>, family: &FamilyRef) -> Vec<Involvement> {
        self.matches.involved(family, &self.own, |feed, _| feed.epoch >= cx.epochs.since)
    }

    /// Looks at who is involved with a family now, and names those of whom people have not heard and should.
    pub(super) fn look(&mut self, cx: &Context<'_>, family: &FamilyRef) -> Vec<Involvement> {
        let involved = self.involved(cx, family);
        let before = self.seen.remove(family).unwrap_or_default();
        let (mut now, mut unheard) = (BTreeMap::new(), Vec::new());
        for involvement in involved {
            let organisation = involvement.organisation;
            let standing = self.standing(cx, family, &involvement);
            let seen = before.get(&organisation).copied().unwrap_or(Seen::since(cx.now));
            let (heard, tell) = seen.heard.after(standing, involvement.certainty);
            now.insert(organisation, Seen { standing, heard, ..seen });
            if tell {
                unheard.push(involvement);
            }
        }
        if !now.is_empty() {
            self.seen.insert(family.clone(), now);
        }
        unheard
    }

    /// Looks at who is involved with a family now, and tells what is to be told.
    pub(super) fn tell(&mut self, cx: &Context<'_>, family: &FamilyRef, fx: &mut Effects<'_>) {
        for involvement in self.look(cx, family) {
            let event = Event::match_seen(involvement.organisation, involvement.certainty);
            self.log(cx, event, family, fx);
            fx.notice(Notice::NewMatch { family: family.clone(), involvement });
        }
    }

    fn agreeing(&self, cx: &Context<'_>, family: &FamilyRef, organisation: &Oin) -> Facts {
        Facts::of(self.matches.agreeing(family, organisation, cx.epochs.since))
    }

    fn standing(&self, cx: &Context<'_>, family: &FamilyRef, involvement: &Involvement) -> Standing {
        let decided = self.decisions.of(family, &involvement.organisation);
        // Facts matter to decisions only, and most matches have none.
        let agreeing = decided.map(|_| self.agreeing(cx, family, &involvement.organisation));
        Standing::of(involvement.certainty, &agreeing.unwrap_or_default(), decided)
    }

    /// What is known of a match beside its evidence.
    pub(super) fn review(&self, cx: &Context<'_>, family: &FamilyRef, involvement: &Involvement) -> Review {
        let organisation = &involvement.organisation;
        let seen = self.seen.get(family).and_then(|seen| seen.get(organisation));
        Review {
            since: seen.map_or(cx.now, |seen| seen.since),
            standing: self.standing(cx, family, involvement),
            decision: self.decisions.of(family, organisation).map(|decided| decided.decision.clone()),
        }
    }

    /// How many matches wait for a decision.
    pub(crate) fn review_count(&self) -> ReviewCount {
        let seen = self.seen.values().flat_map(BTreeMap::values);
        let waiting = seen.filter(|seen| seen.standing.is_on_the_review_list());
        waiting.fold(ReviewCount::default(), |count, seen| ReviewCount {
            waiting: count.waiting + 1,
            oldest: Some(count.oldest.map_or(seen.since, |oldest| oldest.min(seen.since))),
        })
    }

    /// Keeps what somebody decides about a match.
    pub(crate) fn decide(
        &mut self,
        cx: &Context<'_>,
        wanted: DecisionWanted,
        fx: &mut Effects<'_>,
    ) -> Result<Decision, CannotDecide> {
        let DecisionWanted { family, organisation, judgement, unit, although_certain } = wanted;
        self.may_ask(cx, &family)?;
        let mut involved = self.involved(cx, &family).into_iter();
        let involvement = involved.find(|found| found.organisation == organisation);
        let involvement = involvement.ok_or(CannotDecide::NotInvolved)?;
        match self.decisions.of(&family, &organisation) {
            Some(decided) if self.standing(cx, &family, &involvement).is_decided() => {
                let Decision { judgement, decided_at, .. } = decided.decision;
                return Err(CannotDecide::Decided { judgement, decided_at });
            }
            None if self.decisions.is_full(&family) => return Err(CannotDecide::TooMany),
            Some(_) | None => {}
        }
        let certainty = involvement.certainty;
        if judgement != Judgement::Same && certainty == Certainty::Certain && !although_certain {
            return Err(CannotDecide::CertainMatch);
        }
        let decision = Decision { judgement, certainty, decided_at: cx.now, unit };
        let facts = self.agreeing(cx, &family, &organisation);
        let decided = Decided { decision: decision.clone(), facts, withdrawn_at: None };
        self.decisions.keep(&family, organisation, decided, fx);
        self.tell(cx, &family, fx);
        Ok(decision)
    }

    /// Takes a decision back, also one about an organisation that is not involved now.
    pub(crate) fn undo(
        &mut self,
        cx: &Context<'_>,
        family: &FamilyRef,
        organisation: &Oin,
        fx: &mut Effects<'_>,
    ) -> Result<(), CannotDecide> {
        if !self.signals.contains_key(family) {
            return Err(Refusal::NoOwnSignal.into());
        }
        if !self.decisions.undo(family, organisation, fx) {
            return Err(CannotDecide::NotDecided);
        }
        self.tell(cx, family, fx);
        Ok(())
    }

    /// Brings decisions in line with the signals there are, as when a run ended between the two.
    pub(super) fn follow_signals(&mut self, now: Timestamp, fx: &mut Effects<'_>) {
        let families: Vec<FamilyRef> = self.decisions.families().cloned().collect();
        for family in families {
            self.decisions.follow(&family, self.signals.contains_key(&family), now, fx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Certainty::{Certain, Possible, Probable};
    use Standing::{Confirmed, Returned, SetAside, Told, Waiting};

    #[test]
    fn each_involvement_raises_one_alarm_and_one_more_when_it_comes_back() {
        for (what, story, alarms) in [
            ("possible for ever", &[(Waiting, Possible), (Waiting, Possible)][..], 0),
            ("probable at once", &[(Told, Probable), (Told, Certain)], 1),
            ("rises", &[(Waiting, Possible), (Told, Probable)], 1),
            ("falls and rises", &[(Told, Probable), (Waiting, Possible), (Told, Probable)], 1),
            ("confirmed, then rises", &[(Waiting, Possible), (Confirmed, Possible), (Confirmed, Certain)], 0),
            ("set aside, then rises", &[(SetAside, Possible), (Returned, Probable), (Returned, Certain)], 1),
            (
                "told, set aside, then rises",
                &[(Told, Probable), (SetAside, Probable), (Returned, Certain)],
                2,
            ),
            ("set aside, then other facts", &[(SetAside, Possible), (Returned, Possible)], 0),
            ("and these rise", &[(SetAside, Possible), (Returned, Possible), (Returned, Probable)], 1),
            ("set aside and undone", &[(SetAside, Probable), (Told, Probable)], 0),
            (
                "undone while possible, then rises",
                &[(SetAside, Possible), (Waiting, Possible), (Told, Certain)],
                1,
            ),
        ] {
            let mut heard = Heard::Nothing;
            let mut count = 0;
            for (standing, certainty) in story {
                let (now, tell) = heard.after(*standing, *certainty);
                heard = now;
                count += usize::from(tell);
            }
            assert_eq!(count, alarms, "{what}");
        }
    }
}
