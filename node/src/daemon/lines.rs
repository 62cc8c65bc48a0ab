//! From the node's own types to the lines of the control socket.

use std::collections::BTreeMap;

use control::{
    AnswerLine, CeremonyKeyholderLine, CeremonyLine, ClockLine, ConnectionLine, ContinuedLine, Coverage,
    HearingLine, InvolvedLine, KeySetLine, KeyholderLine, MatchLine, OrganisationLine, Phase, ReadersLine,
    ReasonLine, ReviewLine, RightsLine, RosterLine, SignalLine, StaleLine, StatusLine, Which, WitnessingLine,
};
use domain::{Certainty, LegalBasisCode, Oin};
use index::{Completeness, Involvement, UnitInvolvement};
use linkage::Basis;
use protocol::ceremony::CeremonyState;
use protocol::{Answer, HearingStatus, SignalSummary, Status};
use roster::{BasisStanding, Fingerprint, Member, VerifiedRoster};

use super::{clock, counting, epochs, explanations, notices, proofs, reviews, rights, witnessing};
use crate::runtime::now;

/// A status of which only the outside is known.
pub(super) fn blank(oin: Oin, phase: Phase, messages: Vec<String>, addresses: Vec<String>) -> StatusLine {
    StatusLine {
        phase,
        messages,
        oin: oin.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        addresses,
        roster: None,
        epoch: None,
        entered: BTreeMap::new(),
        next_epoch: None,
        key_sets: Vec::new(),
        keyholders: KeyholderLine::default(),
        keys_waiting: 0,
        keys_evaluated: 0,
        evaluations: Vec::new(),
        two_logs: Vec::new(),
        tags_published: 0,
        unit_matches: 0,
        review: ReviewLine::default(),
        published: false,
        hearing: Vec::new(),
        continued: Vec::new(),
        dekking: Coverage::default(),
        proofs: Vec::new(),
        clock: ClockLine::default(),
        roster_conflicts: 0,
        logical_bytes: 0,
        refused: BTreeMap::new(),
        network: BTreeMap::new(),
        connections: ConnectionLine::default(),
        ceremonies: Vec::new(),
        readers: ReadersLine::default(),
        leaving: None,
        witnessing: WitnessingLine::default(),
        rights: RightsLine::default(),
    }
}

/// Puts second rosters of one version into a status. Governors and operators must know until they are settled.
pub(super) fn conflicts(status: &mut StatusLine, conflicts: usize) {
    status.roster_conflicts = conflicts;
    if conflicts != 0 {
        status.messages.push(
            "governors signed two different rosters of one version; the one installed first stays in force, the other \
             is kept as roster/conflict-… in the data folder: call the governors"
                .to_owned(),
        );
    }
}

pub(super) fn status(
    blank: StatusLine,
    status: &Status,
    roster: &VerifiedRoster,
    network: BTreeMap<String, u64>,
) -> StatusLine {
    let mut messages = blank.messages;
    messages.extend(status.keyholder_shortage().map(|shortage| {
        format!("{shortage}; new signals wait, and go on by themselves when enough keyholders are back")
    }));
    let hearing: Vec<HearingLine> = status.hearing.iter().map(|circle| hearing(circle, roster)).collect();
    messages.extend(hearing.iter().map(unheard));
    messages.extend(status.ceremony_problems().map(ToString::to_string));
    messages.extend(epochs::sentences(status, roster));
    messages.extend(clock::sentences(&status.set_back, &status.clock));
    messages.extend(counting::sentences(status, roster));
    let waiting = notices::lines(status, roster);
    messages.extend(notices::sentences(&waiting, now()));
    let (conflicts, crossing) = (notices::conflicts(status), notices::crossing(status, roster));
    messages.extend(notices::conflicting(&conflicts));
    messages.extend(crossing.as_ref().map(notices::crossing_over));
    let open = conflicts.iter().filter(|conflict| conflict.resolved_by.is_none()).count();
    let proofs = proofs::lines(status, roster);
    messages.extend(proofs::sentences(&proofs, &blank.oin));
    let witnessing = witnessing::line(status, roster);
    messages.extend(witnessing::sentences(&witnessing, &blank.oin));
    let waits = rights::count(&status.rights, now());
    messages.extend(rights::sentences(&waits));
    messages.extend(blank.leaving.as_ref().map(|since| {
        format!("the organisation is leaving the network since {since}; `samenhang leave` goes on with it")
    }));
    StatusLine {
        messages,
        roster: Some(RosterLine {
            name: roster.name().to_owned(),
            network: roster.network().to_string(),
            version: roster.version(),
            members: roster.members().len(),
            newest_heard: status.newest_roster_heard,
            waiting,
            conflicts,
            crossing,
        }),
        roster_conflicts: blank.roster_conflicts.max(open),
        epoch: Some(status.epoch.0),
        entered: epochs::entered(status),
        next_epoch: status.next.as_ref().map(epochs::next),
        key_sets: status.key_sets.iter().map(|class| class.dutch().to_owned()).collect(),
        keyholders: KeyholderLine {
            reachable: status.keyholders_reachable,
            total: status.keyholders,
            threshold: status.threshold,
        },
        keys_waiting: status.keys_waiting,
        keys_evaluated: status.keys_evaluated,
        evaluations: counting::evaluations(status),
        two_logs: counting::two_logs(status, roster),
        tags_published: status.tags_published,
        unit_matches: status.unit_matches,
        review: reviews::count(&status.review, now()),
        published: status.published,
        hearing,
        continued: status
            .continued
            .iter()
            .map(|(oin, generation)| ContinuedLine {
                oin: oin.to_string(),
                organisatie: name(roster, oin),
                generation: *generation,
            })
            .collect(),
        dekking: coverage(&status.completeness, roster),
        proofs,
        clock: ClockLine {
            members: status.clock.members,
            ahead_minutes: status.clock.ahead_seconds / 60,
            behind_own_seconds: status.set_back.seconds,
        },
        refused: status.refused.named().into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        network,
        ceremonies: status.ceremonies.iter().map(|ceremony| self::ceremony(ceremony, roster)).collect(),
        readers: ReadersLine {
            total: status.readers.total,
            behind: status.readers.behind.iter().map(|oin| organisation(roster, oin)).collect(),
        },
        witnessing,
        rights: waits,
        ..blank
    }
}

fn ceremony(ceremony: &CeremonyState, roster: &VerifiedRoster) -> CeremonyLine {
    CeremonyLine {
        class: ceremony.class.dutch().to_owned(),
        epoch: ceremony.epoch.0,
        attempt: ceremony.attempt,
        deadline: ceremony.deadline.map(|deadline| deadline.to_string()),
        keyholders: ceremony
            .keyholders
            .iter()
            .map(|held| CeremonyKeyholderLine {
                oin: held.keyholder.to_string(),
                organisatie: name(roster, &held.keyholder),
                index: held.index,
                reachable: held.reachable,
                done: held.done.map(|round| round.code().to_owned()),
            })
            .collect(),
        problems: ceremony.problems.iter().map(ToString::to_string).collect(),
        key_set: ceremony.key_set.map(|made| KeySetLine {
            digest: made.digest.to_string(),
            fingerprint: Fingerprint::of(made.digest.as_bytes()).to_string(),
            threshold: made.threshold,
        }),
        share: ceremony.share,
    }
}

fn organisation(roster: &VerifiedRoster, oin: &Oin) -> OrganisationLine {
    OrganisationLine { oin: oin.to_string(), organisatie: name(roster, oin) }
}

fn hearing(status: &HearingStatus, roster: &VerifiedRoster) -> HearingLine {
    let circle = roster.circles().iter().find(|circle| circle.id == status.feed.circle);
    HearingLine {
        circle: circle.map(|circle| circle.name.clone()).unwrap_or_default(),
        heard: status.heard,
        needed: status.needed,
        awaited: status.awaited,
        restored: status.restored,
    }
}

/// Why nothing is published in a circle, and what it waits for.
fn unheard(line: &HearingLine) -> String {
    let HearingLine { circle, heard, needed, awaited, restored } = line;
    let since = if *restored { "before the restore" } else { "before its start" };
    let more = if *awaited > 0 { format!("; {awaited} more connected, asked") } else { String::new() };
    format!(
        "circle {circle}: publishes nothing until {needed} other organisations have told what this node published \
         {since} ({heard} so far{more}); goes on by itself"
    )
}

pub(super) fn coverage(completeness: &Completeness, roster: &VerifiedRoster) -> Coverage {
    Coverage {
        actueel: completeness.current(),
        onvolledig: completeness.incomplete().map(|oin| organisation(roster, &oin)).collect(),
        verouderd: completeness
            .stale()
            .map(|(oin, since)| StaleLine {
                oin: oin.to_string(),
                organisatie: name(roster, &oin),
                sinds: since.to_string(),
            })
            .collect(),
        tegenstrijdig: completeness.two_histories().map(|oin| organisation(roster, &oin)).collect(),
    }
}

pub(super) fn answer(answer: &Answer, roster: &VerifiedRoster, own: &Oin) -> AnswerLine {
    let mut line = AnswerLine {
        gezin: answer.family.to_string(),
        betrokken: all_involved(answer, roster, own).collect(),
        ander_gezin: set_aside(answer, roster).collect(),
        dekking: coverage(&answer.completeness, roster),
        proef: answer.trial,
    };
    explanations::explain(&mut line, answer);
    line
}

pub(super) fn matches(
    answers: &[Answer],
    which: Which,
    roster: &VerifiedRoster,
    own: &Oin,
) -> Vec<MatchLine> {
    let lines = answers.iter().flat_map(|answer| {
        let line = |betrokken| MatchLine { gezin: answer.family.to_string(), betrokken };
        let set_aside = set_aside(answer, roster).filter(|_| which == Which::All);
        let wanted = move |line: &InvolvedLine| which != Which::Review || line.te_beoordelen;
        all_involved(answer, roster, own).chain(set_aside).filter(wanted).map(line)
    });
    let mut lines: Vec<MatchLine> = lines.collect();
    if which == Which::Review {
        // Moments of one notation: the oldest comes first. Stable, so that those of one moment stay in order.
        lines.sort_by(|a, b| a.betrokken.sinds.cmp(&b.betrokken.sinds));
    }
    lines
}

/// The own units first, then the other organisations.
fn all_involved(answer: &Answer, roster: &VerifiedRoster, own: &Oin) -> impl Iterator<Item = InvolvedLine> {
    let units = answer.units.iter().map(|unit| involved_unit(unit, roster, own));
    units.chain(answer.involved.iter().map(|other| involved(other, answer, roster)))
}

/// Organisations of which somebody decided that they mean another family.
fn set_aside(answer: &Answer, roster: &VerifiedRoster) -> impl Iterator<Item = InvolvedLine> {
    answer.set_aside.iter().map(|other| involved(other, answer, roster))
}

fn involved_unit(unit: &UnitInvolvement, roster: &VerifiedRoster, own: &Oin) -> InvolvedLine {
    let name = unit.unit.as_ref().map(ToString::to_string).unwrap_or_default();
    InvolvedLine { afdeling: Some(name), ..line(own, unit.certainty, &unit.basis, roster) }
}

fn involved(other: &Involvement, answer: &Answer, roster: &VerifiedRoster) -> InvolvedLine {
    let review = answer.reviews.get(&other.organisation);
    let decision = review.and_then(|review| review.decision.as_ref());
    InvolvedLine {
        sinds: review.map(|review| review.since.to_string()),
        te_beoordelen: review.is_some_and(|review| review.standing.is_on_the_review_list()),
        oordeel: decision.map(reviews::judgement),
        ..line(&other.organisation, other.certainty, &other.basis, roster)
    }
}

fn line(oin: &Oin, certainty: Certainty, basis: &[Basis], roster: &VerifiedRoster) -> InvolvedLine {
    let member: Option<&Member> = roster.member(oin);
    InvolvedLine {
        oin: oin.to_string(),
        organisatie: name(roster, oin),
        afdeling: None,
        contactpunt: member.map(|member| member.contact_point.clone()).unwrap_or_default(),
        zekerheid: InvolvedLine::zekerheid(certainty).to_owned(),
        basis: basis
            .iter()
            .map(|basis| ReasonLine {
                rol: basis.role.dutch().to_owned(),
                sleutel: basis.key.dutch().to_owned(),
            })
            .collect(),
        onderbouwing: None,
        sinds: None,
        te_beoordelen: false,
        oordeel: None,
    }
}

/// `grounds` says how the roster's legal bases stand for the organisation.
pub(super) fn signal(signal: &SignalSummary, grounds: &Grounds) -> SignalLine {
    SignalLine {
        gezin: signal.family.to_string(),
        soort: SignalLine::soort(signal.kind).to_owned(),
        zichtbaarheid: SignalLine::zichtbaarheid(signal.visibility).to_owned(),
        grondslag: signal.legal_basis.as_ref().map(ToString::to_string),
        gesloten: still(signal).or_else(|| closed(signal.legal_basis.as_ref(), grounds)),
        afdeling: signal.unit.as_ref().map(ToString::to_string),
        betrokken_sinds: signal.involved_since.map(|date| date.to_string()),
        geinformeerd_op: signal.informed_on.map(|date| date.to_string()),
        einddatum: signal.ends_on.map(|date| date.to_string()),
    }
}

/// How legal bases stand for the own organisation, by code.
pub(super) type Grounds = BTreeMap<LegalBasisCode, BasisStanding>;

/// That a signal stands still.
fn still(signal: &SignalSummary) -> Option<String> {
    let since = signal.still_since?;
    Some(format!("staat stil door een bezwaar van {}", since.date()))
}

/// Why nothing is published on a legal basis, in the words of a professional.
fn closed(code: Option<&LegalBasisCode>, grounds: &Grounds) -> Option<String> {
    let Some(code) = code else { return Some("zonder grondslag wordt niets gepubliceerd".to_owned()) };
    match grounds.get(code) {
        Some(BasisStanding::Holds { .. }) => None,
        Some(BasisStanding::Lapsed(until)) => Some(format!("de grondslag is vervallen op {}", until.date())),
        Some(BasisStanding::Closed) => {
            Some("de grondslag geldt in geen kring voor wat deze sector publiceert".to_owned())
        }
        None => Some("het netwerk kent deze grondslag niet".to_owned()),
    }
}

pub(super) fn name(roster: &VerifiedRoster, oin: &Oin) -> String {
    roster.member(oin).map_or_else(|| oin.to_string(), |member| member.name.clone())
}
