//! Decisions about matches, between the lines of the control socket and the node's own types.

use std::collections::BTreeSet;

use control::{JudgementLine, JudgementWanted, Problem, ProblemKind, ReviewLine};
use domain::{Oin, Timestamp, Unit};
use protocol::{CannotDecide, Decision, Judgement, ReviewCount};
use roster::VerifiedRoster;

const DAY_SECONDS: u64 = 86_400;

pub(super) fn judgement(decision: &Decision) -> JudgementLine {
    JudgementLine {
        oordeel: decision.judgement.dutch().to_owned(),
        op: decision.decided_at.date().to_string(),
        zekerheid: decision.certainty.dutch().to_owned(),
        afdeling: decision.unit.as_ref().map(ToString::to_string),
    }
}

pub(super) const fn wanted(judgement: JudgementWanted) -> Judgement {
    match judgement {
        JudgementWanted::Same => Judgement::Same,
        JudgementWanted::Different => Judgement::Different,
    }
}

pub(super) fn count(count: &ReviewCount, now: Timestamp) -> ReviewLine {
    let oldest_days = count.oldest.map_or(0, |since| now.since(since) / DAY_SECONDS);
    ReviewLine { waiting: count.waiting, oldest_days }
}

/// The organisation that somebody means: by its number, also when it has left the network, or by its name in the roster,
/// whatever the case of its letters.
pub(super) fn organisation(text: &str, roster: &VerifiedRoster, own: &Oin) -> Result<Oin, Problem> {
    let refused = |message: &str| Err(Problem::new(ProblemKind::Request, message));
    let named = text.trim().to_lowercase();
    let members = roster.members().iter().filter(|member| member.name.to_lowercase() == named);
    let found: Vec<Oin> =
        named.parse().map_or_else(|_| members.map(|member| member.oin).collect(), |oin| vec![oin]);
    match found.as_slice() {
        [one] if one == own => refused(
            "that is the own organisation; decisions are about matches with others, not between own units",
        ),
        [one] => Ok(*one),
        [] => refused(
            "no organisation of the network has that name; `samenhang match list` shows the names, and the number (OIN) \
             will do as well",
        ),
        _ => refused("several organisations of the network have that name; give the number (OIN)"),
    }
}

/// The unit that decides, one of those configured where they are.
pub(super) fn unit(text: Option<&str>, known: Option<&BTreeSet<Unit>>) -> Result<Option<Unit>, Problem> {
    let refused = |message: String| Problem::new(ProblemKind::Request, message);
    let Some(text) = text else { return Ok(None) };
    let unit = Unit::new("afdeling", text).map_err(|invalid| refused(invalid.to_string()))?;
    if known.is_none_or(|known| known.contains(&unit)) {
        return Ok(Some(unit));
    }
    Err(refused("that unit (afdeling) does not stand in units.names of the configuration".to_owned()))
}

/// Why nothing was decided, with what to do about it.
pub(super) fn refusal(refusal: &CannotDecide) -> Problem {
    let how = match refusal {
        CannotDecide::CertainMatch => " (`--although-certain`)",
        CannotDecide::Decided { .. } => " (`samenhang match undo`)",
        CannotDecide::NotInvolved => "; `samenhang who` shows who is",
        CannotDecide::Refused(_) | CannotDecide::TooMany | CannotDecide::NotDecided => "",
    };
    Problem::new(ProblemKind::Signal, format!("{refusal}{how}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_never_negative() {
        let since = Timestamp(10 * DAY_SECONDS);
        let days = |oldest, now| count(&ReviewCount { waiting: 2, oldest }, now).oldest_days;
        assert_eq!(days(None, since), 0);
        assert_eq!(days(Some(since), Timestamp(0)), 0);
        assert_eq!(days(Some(since), since.plus(DAY_SECONDS - 1)), 0);
        assert_eq!(days(Some(since), since.plus(3 * DAY_SECONDS)), 3);
    }

    #[test]
    fn a_unit_is_bounded_and_one_of_those_configured() {
        let known: BTreeSet<Unit> = [Unit::new("afdeling", "west").unwrap()].into();
        assert_eq!(unit(None, Some(&known)), Ok(None));
        assert!(unit(Some("west"), Some(&known)).unwrap().is_some());
        assert!(unit(Some("oost"), None).unwrap().is_some());
        assert!(unit(Some("oost"), Some(&known)).unwrap_err().message.contains("units.names"));
        assert!(unit(Some(&"x".repeat(201)), None).is_err());
    }
}
