//! Asks nodes, and holds what they say against what is true.

use std::collections::{BTreeMap, BTreeSet};

use domain::Oin;
use index::Completeness;
use protocol::{Answer, CeremonyProblem, Command, Notice, Reply, Status};

use super::truth::{Key, Span, has_ended, number_of, reference};
use super::turns::oldest_readable;
use super::{ASKED_EACH_TIME, Asked, Run};
use crate::founding::HEARTBEAT_SECONDS;
use crate::schedule::Record;
use crate::{Founding, Plan};

/// What one answer says of one organisation.
#[derive(Clone, Copy)]
struct Said {
    is_named: bool,
    is_current: bool,
}

impl Run {
    /// What must hold at every moment; asked of all nodes of a small network, of some of a large one.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let members: Vec<usize> = self.truth.plan.numbers().collect();
        if members.len() > ASKED_EACH_TIME {
            return self.check_some(ASKED_EACH_TIME);
        }
        members.into_iter().try_for_each(|member| self.check_member(member))
    }

    pub(super) fn check_some(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let member = 1 + self.dice.pick(self.truth.plan.members.len());
            self.check_member(member)?;
        }
        Ok(())
    }

    fn check_member(&mut self, member: usize) -> Result<(), String> {
        let is_member = !self.plan_of(member).absent.contains(&member);
        if self.is_down(member) || !self.is_honest(Founding::oin(member)) || !is_member {
            return Ok(());
        }
        self.learn(member)?;
        self.nobody_accused(member)?;
        self.judge_answers(member)?;
        self.judge_status(member)
    }

    /// Hears what a node holds: it must be what it acknowledged.
    pub(super) fn learn(&mut self, member: usize) -> Result<(), String> {
        let had_doubts = self.truth.has_doubts(member);
        let Asked::Told(Reply::Signals(held)) = self.command(member, Command::Signals) else { return Ok(()) };
        self.truth.compare(member, &held)?;
        if had_doubts {
            self.notice_time(member);
            self.truth.publish(member);
        }
        Ok(())
    }

    fn nobody_accused(&self, member: usize) -> Result<(), String> {
        for notice in self.net.notices(Founding::oin(member)) {
            let accused = match notice {
                Notice::Equivocation { publisher }
                | Notice::FeedContinued { publisher, .. }
                | Notice::BeyondCap { publisher, .. } => *publisher,
                Notice::TwoLogs { member } => *member,
                Notice::LogForked { keeper } | Notice::LogUnshown { keeper, .. } => *keeper,
                Notice::FailingProof { keyholder }
                | Notice::Ceremony(CeremonyProblem::Lying { keyholder, .. }) => *keyholder,
                Notice::Ceremony(CeremonyProblem::Lost { .. }) | Notice::NumbersUsedUp { .. } | Notice::LogLost { .. } => {
                    Founding::oin(member)
                }
                Notice::Ceremony(
                    CeremonyProblem::Missing { .. }
                    | CeremonyProblem::TooFew { .. }
                    // Whoever gave an attempt up that others completed has no share of its key.
                    | CeremonyProblem::ShareLost { .. }
                    | CeremonyProblem::Late { .. },
                )
                | Notice::OtherKeySet { .. }
                | Notice::ClockAhead { .. }
                | Notice::NewMatch { .. }
                | Notice::NewUnitMatch { .. }
                | Notice::ClockBehind { .. } => continue,
                Notice::RosterConflict { version } => {
                    return Err(format!("member {member} found two rosters of version {version}"));
                }
            };
            let excused = number_of(&self.truth.plan, accused);
            let is_excused = excused.is_some_and(|accused| self.is_excused(accused, notice));
            if self.is_honest(accused) && !is_excused {
                return Err(format!("member {member} accuses {}: {notice:?}", self.name(accused)));
            }
        }
        Ok(())
    }

    pub(super) fn is_honest(&self, oin: Oin) -> bool {
        !self.net.is_hostile(oin)
    }

    fn name(&self, oin: Oin) -> String {
        number_of(&self.truth.plan, oin).map_or_else(|| oin.to_string(), |number| format!("member {number}"))
    }

    /// Asks about every family of a member, and returns what was answered, by family.
    fn judge_answers(&mut self, member: usize) -> Result<BTreeMap<usize, Answer>, String> {
        let clock = self.clock(member);
        let Asked::Told(Reply::WhoAll(answers)) = self.command(member, Command::WhoAll) else {
            return Ok(BTreeMap::new());
        };
        let mut by_family: BTreeMap<usize, Answer> = BTreeMap::new();
        if self.plan_of(member).absent.contains(&member) {
            // Who knows that it was removed has no circle left to ask in.
            return if answers.is_empty() {
                Ok(by_family)
            } else {
                Err(format!("member {member} was removed and answers"))
            };
        }
        let families: Vec<_> = self.truth.families(member).collect();
        let mut answers: BTreeMap<String, Answer> =
            answers.into_iter().map(|answer| (answer.family.to_string(), answer)).collect();
        for (number, held) in families {
            let answer = answers.remove(reference(number).as_str());
            if !held.is_certain() {
                continue;
            }
            let may_ask = held.now.filter(|known| {
                !has_ended(&known.record, clock.date())
                    && self.truth.circles(&known.record, clock.date()).next().is_some()
            });
            match (may_ask, answer) {
                (None, None) => {}
                (Some(known), Some(answer)) => {
                    self.judge_answer(member, number, &known.record, &answer)?;
                    by_family.insert(number, answer);
                }
                (Some(_), None) => {
                    return Err(format!("member {member} does not answer on its family {number}"));
                }
                (None, Some(_)) => {
                    return Err(format!("member {member} answers on its family {number}, which may not ask"));
                }
            }
        }
        match answers.into_keys().next() {
            Some(unknown) => Err(format!("member {member} answers on {unknown}, which it does not hold")),
            None => Ok(by_family),
        }
    }

    fn judge_answer(
        &self,
        member: usize,
        number: usize,
        record: &Record,
        answer: &Answer,
    ) -> Result<(), String> {
        let (clock, roster) = (self.clock(member).0, self.roster_of(member));
        let about = format!("member {member}, family {number}");
        // An answer that calls nobody current may still go by a record before.
        let is_open = answer.completeness.current() == 0;
        let before = self.truth.before(member, number).iter().filter(|_| is_open);
        let by_record_before =
            |other: usize| before.clone().any(|record| self.agreeing(member, record, other).is_some());
        let mut may_publish = 0;
        for other in self.truth.plan.numbers() {
            let Some(spans) = self.agreeing(member, record, other) else { continue };
            may_publish += 1;
            let said = said(answer, Founding::oin(other));
            if said.is_named && spans.is_empty() && !by_record_before(other) {
                return Err(format!("{about}: names member {other}, which never published anything of it"));
            }
            let readable = oldest_readable(roster, self.clock(member));
            if said.is_named && self.truth.clock(other) < self.governors.earliest_preparation_of(readable) {
                return Err(format!(
                    "{about}: names member {other}, which published nothing that is not over: epoch {readable} is the oldest"
                ));
            }
            if !said.is_current || !self.is_honest(Founding::oin(other)) {
                continue;
            }
            let is_past = |since: u64| clock > since + u64::from(HEARTBEAT_SECONDS);
            let is_there = spans.iter().any(|span| span.there_since.is_some_and(is_past));
            let is_gone = spans.iter().all(|span| span.gone_since.is_some_and(is_past));
            if is_there && !said.is_named {
                return Err(format!(
                    "{about}: calls member {other} current without naming it, at {clock}, of {spans:?}"
                ));
            }
            if is_gone && said.is_named {
                return Err(format!(
                    "{about}: names member {other} and calls it current, which withdrew: at {clock}, of {spans:?}"
                ));
            }
        }
        let named = answer.involved.iter().map(|found| found.organisation);
        for oin in named {
            let other = number_of(&self.truth.plan, oin);
            let may_be_named =
                |other: usize| self.agreeing(member, record, other).is_some() || by_record_before(other);
            if !other.is_some_and(may_be_named) {
                return Err(format!("{about}: names {}, which publishes nothing to it", self.name(oin)));
            }
        }
        let total = answer.completeness.total();
        if total == may_publish {
            return Ok(());
        }
        Err(format!("{about}: counts {total} organisations where {may_publish} may publish to it"))
    }

    /// How the keys of a member's record stand in the feeds of another that it may read; `None` when there are none
    /// such feeds.
    fn agreeing(&self, member: usize, record: &Record, other: usize) -> Option<Vec<Span>> {
        let today = self.clock(member).date();
        let circles = self.truth.circles(record, today);
        let open: Vec<usize> =
            circles.filter(|circle| self.plan_of(member).publishes_to(*circle, other, member)).collect();
        if open.is_empty() {
            return None;
        }
        let keys: Vec<Key> = self.truth.keys(member, record).collect();
        let places = open.iter().flat_map(|circle| keys.iter().map(move |key| (*circle, *key)));
        Some(places.filter_map(|(circle, key)| self.truth.span(other, circle, key)).collect())
    }

    /// Holds what a node says of its own feeds against what follows from what it holds.
    fn judge_status(&mut self, member: usize) -> Result<(), String> {
        let Some(status) = self.status(member) else { return Ok(()) };
        self.keys.hear(member, &status)?;
        if status.published {
            self.truth.has_followed(member);
        }
        let countable = is_in_one_epoch(&status) && self.has_same_readers(member);
        let expected = self.truth.live_tags(member, self.plan_of(member)).filter(|_| countable);
        if status.published && expected.is_some_and(|live| live != status.tags_published) {
            return Err(format!(
                "member {member} says that everything is published: {} tags, where {expected:?} are right",
                status.tags_published
            ));
        }
        if !status.published || expected.is_none() {
            return Ok(());
        }
        // One reader, drawn by lot, must know what it is said to have taken.
        let reader = 1 + self.dice.pick(self.truth.plan.members.len());
        if status.readers.behind.contains(&Founding::oin(reader)) {
            return Ok(());
        }
        self.has_taken(reader, member, &status)
    }

    /// Whether a reader knows what a publisher says that it has taken.
    fn has_taken(&mut self, reader: usize, publisher: usize, said_by: &Status) -> Result<(), String> {
        // What was put back may have lost what it had taken; and who reads is said by the publisher's roster.
        let version = |member: usize| self.roster_of(member).version();
        let is_other = reader == publisher || self.restored.contains(&reader);
        if is_other
            || version(reader) != version(publisher)
            || self.is_down(reader)
            || !self.is_honest(Founding::oin(reader))
        {
            return Ok(());
        }
        self.learn(reader)?;
        // Whoever is in another epoch is told of what others have taken there.
        let is_there = |status: Status| status.published && status.entered == said_by.entered;
        let evaluated = self.status(reader).is_some_and(is_there);
        if !evaluated || self.truth.has_doubts(reader) {
            return Ok(());
        }
        for (number, answer) in self.judge_answers(reader)? {
            let Some(known) = self.truth.of(reader, number).now else { continue };
            let spans = self.agreeing(reader, &known.record, publisher).unwrap_or_default();
            let is_there = spans.iter().any(|span| span.there_since.is_some());
            if is_there && !said(&answer, Founding::oin(publisher)).is_named {
                return Err(format!(
                    "member {publisher} says that member {reader} has taken everything, which does not name it on its \
                     family {number}"
                ));
            }
        }
        Ok(())
    }

    /// Whether a member's feeds were read by somebody all along, or never: what is live where nobody reads any more stays
    /// and is counted.
    fn has_same_readers(&self, member: usize) -> bool {
        let is_read = |plan: &Plan| {
            (0..plan.circles.len()).map(|circle| plan.is_read(circle, member)).collect::<Vec<_>>()
        };
        let now = is_read(self.plan_of(member));
        self.governors.plans().all(|plan| is_read(plan) == now)
    }

    pub(super) fn status(&mut self, member: usize) -> Option<Status> {
        match self.command(member, Command::Status) {
            Asked::Told(Reply::Status(status)) => Some(*status),
            Asked::Down | Asked::Crashed | Asked::Told(_) => None,
        }
    }

    /// Whether every answer is complete and exactly right.
    pub(super) fn is_right(&mut self) -> Result<(), String> {
        for member in self.truth.plan.numbers() {
            self.learn(member)?;
        }
        let silent = self.silenced();
        for member in self.honest() {
            for (number, answer) in self.judge_answers(member)? {
                let Some(known) = self.truth.of(member, number).now else { continue };
                self.is_exact(member, number, &known.record, &answer, &silent)?;
            }
        }
        Ok(())
    }

    /// Publishers that have fewer honest readers than they must hear before they speak.
    fn silenced(&mut self) -> BTreeSet<usize> {
        let honest = self.honest();
        if self.truth.plan.numbers().all(|member| self.is_honest(Founding::oin(member))) {
            return BTreeSet::new();
        }
        let is_silenced = |run: &mut Self, member: usize| {
            let hearing = run.status(member).map(|status| status.hearing).unwrap_or_default();
            let plan = run.plan_of(member);
            hearing.iter().any(|own| {
                let circle =
                    (0..plan.circles.len()).find(|circle| Plan::circle_id(*circle) == own.feed.circle);
                let reads =
                    |reader: &&usize| circle.is_some_and(|at| plan.publishes_to(at, member, **reader));
                honest.iter().filter(reads).count() < own.needed
            })
        };
        honest.iter().copied().filter(|member| is_silenced(self, *member)).collect()
    }

    fn is_exact(
        &self,
        member: usize,
        number: usize,
        record: &Record,
        answer: &Answer,
        silent: &BTreeSet<usize>,
    ) -> Result<(), String> {
        let mut named: BTreeSet<usize> = BTreeSet::new();
        let mut right: BTreeSet<usize> = BTreeSet::new();
        for other in self.truth.plan.numbers().filter(|other| self.is_honest(Founding::oin(*other))) {
            let Some(spans) = self.agreeing(member, record, other) else { continue };
            let said = said(answer, Founding::oin(other));
            if !said.is_current && silent.contains(&other) {
                continue;
            }
            if !said.is_current {
                return Err(format!(
                    "member {member}, family {number}, does not become current: {:?}",
                    answer.completeness
                ));
            }
            named.extend(said.is_named.then_some(other));
            right.extend(spans.iter().any(|span| span.there_since.is_some()).then_some(other));
        }
        if named == right {
            return Ok(());
        }
        Err(format!("member {member}, family {number}: named {named:?}, right is {right:?}"))
    }
}

/// Whether both classes of keys are in the same epoch, so that each tag is counted once.
fn is_in_one_epoch(status: &Status) -> bool {
    status.entered.values().collect::<BTreeSet<_>>().len() == 1
}

fn said(answer: &Answer, oin: Oin) -> Said {
    Said {
        is_named: answer.involved.iter().any(|found| found.organisation == oin),
        is_current: is_current(&answer.completeness, oin),
    }
}

fn is_current(completeness: &Completeness, oin: Oin) -> bool {
    !completeness.incomplete().any(|other| other == oin)
        && !completeness.two_histories().any(|other| other == oin)
        && !completeness.stale().any(|(other, _)| other == oin)
}
