//! The rights of persons, between the lines of the control socket and the node's own types.

use control::{
    IncidentLine, IncidentOutcomeWanted, InformingLine, LetterLine, ObjectionLine, ObjectionOutcomeWanted,
    Page, PostponeGroundWanted, Problem, ProblemKind, Reply, RightsAnswer, RightsEntry, RightsLine,
    RightsRequest,
};
use domain::{CalendarDate, FamilyRef, Invalid, LegalBasisCode, Oin, PersonNumber, Timestamp};
use protocol::{
    CannotServe, Command, Incident, IncidentOutcome, Informed, LetterFacts, Objection, ObjectionOutcome,
    PersonInformed, PostponeGround, RightsCommand, RightsCount, RightsReply, Telling,
};
use roster::VerifiedRoster;
use tokio::io::{AsyncRead, AsyncWrite};

use super::desk::mixed_up;
use super::lines;
use super::serve::{Stop, Talk, reference};
use crate::runtime::now;

const DAY_SECONDS: u64 = 86_400;

/// An incident that has fewer hours left is told of.
const HOURS_LEFT: u64 = 24;

impl<S: AsyncRead + AsyncWrite> Talk<S> {
    /// Serves what is asked for the rights of persons.
    pub(super) async fn rights(&mut self, wanted: RightsRequest) -> Result<(), Stop> {
        match wanted {
            RightsRequest::Object { family, person } => {
                let (family, person) = (reference(&family)?, person.map(number).transpose()?);
                let made = RightsCommand::Object { family: family.clone(), person };
                self.objection(&family, made).await
            }
            RightsRequest::DecideObjection { family, outcome } => {
                let family = reference(&family)?;
                let outcome = match outcome {
                    ObjectionOutcomeWanted::Upheld => ObjectionOutcome::Upheld,
                    ObjectionOutcomeWanted::Rejected => ObjectionOutcome::Rejected,
                    ObjectionOutcomeWanted::Lifted => ObjectionOutcome::Lifted,
                };
                let decided = RightsCommand::DecideObjection { family: family.clone(), outcome };
                self.objection(&family, decided).await
            }
            RightsRequest::Wrong { family, organisation, person } => {
                let (family, organisation) = self.about(&family, &organisation)?;
                let person = person.map(number).transpose()?;
                self.incident(RightsCommand::Wrong { family, organisation, person }).await
            }
            RightsRequest::Incidents => {
                let RightsReply::Incidents(all) = self.right(RightsCommand::Incidents).await? else {
                    return Err(mixed_up().into());
                };
                let roster = self.desk.engine()?.roster();
                let line = |incident| RightsEntry::Incident(self::incident(incident, &roster, now()));
                let lines: Vec<_> = all.iter().map(line).collect();
                self.pages(&lines, Page::Rights).await?;
                self.reply(Reply::Rights(RightsAnswer::Counted(lines.len()))).await
            }
            RightsRequest::CloseIncident { number, outcome } => {
                let outcome = match outcome {
                    IncidentOutcomeWanted::NoBreach => IncidentOutcome::NoBreach,
                    IncidentOutcomeWanted::Corrected => IncidentOutcome::Corrected,
                    IncidentOutcomeWanted::Reported => IncidentOutcome::Reported,
                    IncidentOutcomeWanted::ReportedToPersons => IncidentOutcome::ReportedToPersons,
                };
                self.incident(RightsCommand::CloseIncident { number, outcome }).await
            }
            RightsRequest::Informed { family } => {
                let family = family.as_deref().map(reference).transpose()?;
                let all = self.informed(RightsCommand::Informed(family)).await?;
                let lines: Vec<_> = all.into_iter().map(RightsEntry::Informing).collect();
                self.pages(&lines, Page::Rights).await?;
                self.reply(Reply::Rights(RightsAnswer::Counted(lines.len()))).await
            }
            RightsRequest::Told { family, person, on } => {
                let telling = Telling::Told(day(&on)?);
                self.inform(&family, person, telling).await
            }
            RightsRequest::Postpone { family, person, ground, until } => {
                let ground = match ground {
                    PostponeGroundWanted::ChildSafety => PostponeGround::ChildSafety,
                    PostponeGroundWanted::OtherSafety => PostponeGround::OtherSafety,
                    PostponeGroundWanted::Investigation => PostponeGround::Investigation,
                    PostponeGroundWanted::Unreachable => PostponeGround::Unreachable,
                };
                let telling = Telling::Postponed(ground, day(&until)?);
                self.inform(&family, person, telling).await
            }
            RightsRequest::Letter { family, person } => {
                let wanted = RightsCommand::Letter { family: reference(&family)?, person: number(person)? };
                let RightsReply::Letter(facts) = self.right(wanted).await? else {
                    return Err(mixed_up().into());
                };
                let roster = self.desk.engine()?.roster();
                let line = letter(&facts, &roster, &self.desk.oin());
                self.reply(Reply::Rights(RightsAnswer::Letter(line))).await
            }
            RightsRequest::Report { family, person, release, key } => {
                let whom = (reference(&family)?, number(person)?);
                self.report(whom, release, &key).await
            }
            RightsRequest::Objections => {
                let RightsReply::Objections(all) = self.right(RightsCommand::Objections).await? else {
                    return Err(mixed_up().into());
                };
                let lines: Vec<_> = all
                    .iter()
                    .map(|(family, made)| RightsEntry::Objection(objection(family, Some(made))))
                    .collect();
                self.pages(&lines, Page::Rights).await?;
                self.reply(Reply::Rights(RightsAnswer::Counted(lines.len()))).await
            }
        }
    }

    async fn objection(&mut self, family: &FamilyRef, command: RightsCommand) -> Result<(), Stop> {
        let RightsReply::Objection(stands) = self.right(command).await? else {
            return Err(mixed_up().into());
        };
        self.reply(Reply::Rights(RightsAnswer::Objection(objection(family, stands.as_ref())))).await
    }

    async fn incident(&mut self, command: RightsCommand) -> Result<(), Stop> {
        let RightsReply::Incident(incident) = self.right(command).await? else {
            return Err(mixed_up().into());
        };
        let line = self::incident(&incident, &self.desk.engine()?.roster(), now());
        self.reply(Reply::Rights(RightsAnswer::Incident(line))).await
    }

    async fn informed(&mut self, command: RightsCommand) -> Result<Vec<InformingLine>, Stop> {
        let RightsReply::Informed(all) = self.right(command).await? else {
            return Err(mixed_up().into());
        };
        Ok(all.iter().map(informing).collect())
    }

    async fn inform(&mut self, family: &str, person: u8, telling: Telling) -> Result<(), Stop> {
        let (family, person) = (reference(family)?, number(person)?);
        let lines = self.informed(RightsCommand::Inform { family, person, telling }).await?;
        let line = lines.into_iter().next().ok_or_else(mixed_up)?;
        self.reply(Reply::Rights(RightsAnswer::Informing(line))).await
    }

    /// Gives a command, and tells why nothing was done.
    pub(super) async fn right(&self, command: RightsCommand) -> Result<RightsReply, Stop> {
        let engine = self.desk.engine()?;
        let protocol::Reply::Rights(done) = engine.command(Command::Rights(command)).await? else {
            return Err(mixed_up().into());
        };
        Ok(done.map_err(|refusal| self::refusal(&refusal))?)
    }
}

fn number(number: u8) -> Result<PersonNumber, Problem> {
    PersonNumber::new(number).map_err(|invalid| Problem::new(ProblemKind::Request, invalid.to_string()))
}

/// Why nothing was done, with what to do about it.
fn refusal(refusal: &CannotServe) -> Problem {
    let how = match refusal {
        CannotServe::NoSignal => "; `samenhang signal list` shows those there are",
        CannotServe::ObjectedAlready(_) => "; `samenhang objection decide` decides about it",
        CannotServe::NoObjection => "; `samenhang objection list` shows those there are",
        CannotServe::NotInvolved => "; `samenhang who` shows who is",
        CannotServe::NoOpenIncident => "; `samenhang incident list --open` shows those there are",
        CannotServe::NoSuchPerson
        | CannotServe::NotToldAtAll
        | CannotServe::ToldThroughParents
        | CannotServe::NotYet
        | CannotServe::PostponedToThePast
        | CannotServe::PostponedTooLong
        | CannotServe::Refused(_)
        | CannotServe::TooManyIncidents
        | CannotServe::TooManyDecisions
        | CannotServe::TooManyObjections => "",
    };
    Problem::new(ProblemKind::Signal, format!("{refusal}{how}"))
}

fn day(text: &str) -> Result<CalendarDate, Problem> {
    text.parse().map_err(|invalid: Invalid| Problem::new(ProblemKind::Request, invalid.to_string()))
}

pub(super) fn informing(line: &PersonInformed) -> InformingLine {
    let (stand, datum, ground) = match line.state {
        Informed::Told(on) => ("geinformeerd", Some(on), None),
        Informed::Postponed(ground, until) => ("uitgesteld tot", Some(until), Some(ground)),
        Informed::Due(until) => ("uiterlijk", Some(until), None),
        Informed::Overdue(since) => (InformingLine::OVERDUE, Some(since), None),
        Informed::Not => ("niet nodig", None, None),
    };
    InformingLine {
        gezin: line.family.to_string(),
        persoon: line.person.number(),
        rol: line.role.dutch().to_owned(),
        hoe: line.how.dutch().to_owned(),
        stand: stand.to_owned(),
        datum: datum.map(|day| day.to_string()),
        grond: ground.map(|ground| ground.step().dutch().to_owned()),
    }
}

fn letter(facts: &LetterFacts, roster: &VerifiedRoster, own: &Oin) -> LetterLine {
    let member = roster.member(own);
    let of = |code: &LegalBasisCode| roster.document().legal_bases.iter().find(|basis| basis.code == *code);
    let article = facts.legal_basis.as_ref().and_then(of);
    LetterLine {
        gezin: facts.family.to_string(),
        organisatie: lines::name(roster, own),
        netwerk: roster.name().to_owned(),
        contactpunt: member.map(|member| member.contact_point.clone()).unwrap_or_default(),
        afdeling: facts.unit.as_ref().map(ToString::to_string),
        geregistreerd_op: facts.registered_on.to_string(),
        einddatum: facts.ends_on.map(|day| day.to_string()),
        grondslag: article.map(|basis| basis.article.clone()),
        aan_jongere: facts.to_youth,
        ook_voor_kinderen: facts.for_children,
    }
}

fn objection(family: &FamilyRef, stands: Option<&Objection>) -> ObjectionLine {
    let upheld_at = stands.and_then(|objection| objection.upheld_at);
    let stand = match (stands, upheld_at) {
        (None, _) => "opgeheven",
        (Some(_), None) => "open",
        (Some(_), Some(_)) => "gegrond",
    };
    ObjectionLine {
        gezin: family.to_string(),
        stand: stand.to_owned(),
        persoon: stands.and_then(|objection| objection.person).map(PersonNumber::number),
        gemaakt_op: stands.map(|objection| objection.made_at.date().to_string()),
        gegrond_op: upheld_at.map(|at| at.date().to_string()),
    }
}

fn incident(incident: &Incident, roster: &VerifiedRoster, now: Timestamp) -> IncidentLine {
    let stand = match incident.closed {
        Some(_) => "gesloten",
        None if incident.deadline() < now => "te laat",
        None => "open",
    };
    IncidentLine {
        nummer: incident.number,
        gezin: incident.family.to_string(),
        oin: incident.organisation.to_string(),
        organisatie: lines::name(roster, &incident.organisation),
        persoon: incident.person.map(PersonNumber::number),
        stand: stand.to_owned(),
        geopend_op: incident.opened_at.to_string(),
        uiterlijk: incident.deadline().to_string(),
        gesloten_op: incident.closed.map(|(at, _)| at.to_string()),
        uitkomst: incident.closed.map(|(_, outcome)| outcome.step().dutch().to_owned()),
    }
}

/// What is to be done for persons in time.
pub(super) fn sentences(line: &RightsLine) -> Vec<String> {
    let close = "`samenhang incident list --open` shows which; close them with what was done";
    let mut sentences = Vec::new();
    if line.incidents_overdue > 0 {
        sentences.push(format!("the 72 hours of {} incidents are over; {close}", line.incidents_overdue));
    } else if line.incidents_open > 0 && line.incident_hours_left < HOURS_LEFT {
        sentences.push(format!(
            "an incident is to be closed within {} hours; {close}",
            line.incident_hours_left + 1
        ));
    }
    sentences
}

/// What waits to be done for persons.
pub(super) fn count(count: &RightsCount, now: Timestamp) -> RightsLine {
    RightsLine {
        objections_open: count.objections_open,
        oldest_objection_days: count.oldest_objection.map_or(0, |since| now.since(since) / DAY_SECONDS),
        incidents_open: count.incidents_open,
        incidents_overdue: count.incidents_overdue,
        informing_overdue: count.informing_overdue,
        incident_hours_left: count.incident_deadline.map_or(0, |until| until.since(now) / 3_600),
    }
}
