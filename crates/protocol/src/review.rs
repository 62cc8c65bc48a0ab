//! What people decide about matches, and what stands of it when the evidence changes.
//!
//! A match that is only `mogelijk` raises no alarm: it waits on the review list (beoordelingslijst) for somebody to say
//! whether the other organisation means the same family. What was said lasts. It is about the facts that agreed then: it
//! stands as long as one of them agrees still and, where it was "another family", as long as the match has not become more
//! certain. Otherwise the match comes back for a new decision, and what was said before is told with it.
//!
//! A decision holds at this node only. Nothing of it is published, and it makes no answer more or less complete.

mod decisions;

use std::collections::BTreeSet;

use domain::{Certainty, FamilyRef, Oin, Timestamp, Unit};
use linkage::LinkageKey;
use thiserror::Error;

pub(crate) use self::decisions::Decisions;
use crate::Refusal;
use crate::record::key_digest;

/// Decisions kept about one family: more organisations than are ever taken for one family's.
pub(crate) const MAX_DECISIONS: usize = 64;

/// Days for which decisions outlast the withdrawal of their family. A file in which families are missing by mistake is
/// noticed within days; whoever is really gone is not kept in mind for longer than that needs.
const DAYS_AFTER_WITHDRAWAL: u64 = 30;

/// The same in seconds.
pub(crate) const SECONDS_AFTER_WITHDRAWAL: u64 = DAYS_AFTER_WITHDRAWAL * 86_400;

/// Whether the other organisation means the same family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Judgement {
    /// `zelfde gezin`
    Same,
    /// `ander gezin`
    Different,
    /// `verkeerde match`: it never was one, and what was found by it is gone.
    Wrong,
}

impl Judgement {
    /// The Dutch words used in the API and on pages.
    #[must_use]
    pub const fn dutch(self) -> &'static str {
        match self {
            Self::Same => "zelfde gezin",
            Self::Different => "ander gezin",
            Self::Wrong => "verkeerde match",
        }
    }
}

/// What somebody decided about one match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What it is.
    pub judgement: Judgement,
    /// How certain the match was then.
    pub certainty: Certainty,
    /// When.
    pub decided_at: Timestamp,
    /// The unit that decided, where it was said.
    pub unit: Option<Unit>,
}

/// Where a match stands between evidence and decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Certain enough to be told, and nobody has decided.
    Told,
    /// Only possible, and nobody has decided: it is on the review list.
    Waiting,
    /// Decided: the same family.
    Confirmed,
    /// Decided: another family.
    SetAside,
    /// What was decided does not stand any more: it is on the review list again.
    Returned,
}

impl Standing {
    /// Where a match stands that is so certain and rests on these facts.
    pub(crate) fn of(certainty: Certainty, agreeing: &Facts, decided: Option<&Decided>) -> Self {
        let Some(decided) = decided else {
            return if certainty > Certainty::Possible { Self::Told } else { Self::Waiting };
        };
        let has_grown = certainty > decided.decision.certainty;
        match decided.decision.judgement {
            _ if decided.facts.is_other_than(agreeing) => Self::Returned,
            Judgement::Same => Self::Confirmed,
            Judgement::Different if has_grown => Self::Returned,
            Judgement::Different | Judgement::Wrong => Self::SetAside,
        }
    }

    /// Whether somebody is to decide.
    #[must_use]
    pub const fn is_on_the_review_list(self) -> bool {
        matches!(self, Self::Waiting | Self::Returned)
    }

    /// Whether what was decided stands.
    #[must_use]
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Confirmed | Self::SetAside)
    }
}

/// What is known of a match beside its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Since when this node finds the organisation involved, without interruption.
    pub since: Timestamp,
    /// Where it stands.
    pub standing: Standing,
    /// The last decision, also one that does not stand any more.
    pub decision: Option<Decision>,
}

/// Matches that wait for a decision. Holds no personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReviewCount {
    /// How many.
    pub waiting: usize,
    /// Since when the oldest of them is found.
    pub oldest: Option<Timestamp>,
}

/// What somebody wants to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionWanted {
    /// The own family.
    pub family: FamilyRef,
    /// The other organisation.
    pub organisation: Oin,
    /// What is decided.
    pub judgement: Judgement,
    /// The unit that decides.
    pub unit: Option<Unit>,
    /// Whoever decides knows that the match is certain: a burgerservicenummer agrees.
    pub although_certain: bool,
}

/// Why nothing is decided or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CannotDecide {
    /// Whoever may not ask about a family does not decide about it either.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing agrees, so there is nothing to decide.
    #[error("that organisation is not involved with this family, as far as this node knows")]
    NotInvolved,
    /// A decision stands.
    #[error("decided already on {}: {}; undo that first", decided_at.date(), judgement.dutch())]
    Decided {
        /// What it is.
        judgement: Judgement,
        /// When it was taken.
        decided_at: Timestamp,
    },
    /// A burgerservicenummer agrees, so more must be wrong than a chance resemblance.
    #[error(
        "the match is certain (zeker): a burgerservicenummer agrees. Check it with the other organisation first; if it is \
         another family all the same, say so expressly"
    )]
    CertainMatch,
    /// The bound on decisions.
    #[error("{MAX_DECISIONS} decisions on this family are kept already; undo some that matter no more")]
    TooMany,
    /// There is nothing to undo.
    #[error("nothing was decided about that organisation and this family")]
    NotDecided,
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    /// What agreed then.
    pub(crate) facts: Facts,
    /// Since when the family has no signal any more.
    pub(crate) withdrawn_at: Option<Timestamp>,
}

/// Facts of the own record that agree, each recognised by the first bytes of the digest that names its linkage key.
/// Unknown when empty: a match without agreeing facts is none.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts(pub(crate) BTreeSet<u64>);

impl std::fmt::Debug for Facts {
    /// Whoever guesses a person could recognise them by these.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Facts({})", self.0.len())
    }
}

impl Facts {
    pub(crate) fn of<'a>(keys: impl IntoIterator<Item = &'a LinkageKey>) -> Self {
        let first = |key: &LinkageKey| {
            let [a, b, c, d, e, f, g, h, ..] = *key_digest(key).as_bytes();
            u64::from_be_bytes([a, b, c, d, e, f, g, h])
        };
        Self(keys.into_iter().map(first).collect())
    }

    /// Whether a fact is among these.
    pub(crate) fn holds(&self, key: &LinkageKey) -> bool {
        Self::of([key]).0.is_subset(&self.0)
    }

    /// Whether none of these facts, which are known, is among others.
    fn is_other_than(&self, others: &Self) -> bool {
        !self.0.is_empty() && self.0.is_disjoint(&others.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Certainty::{Certain, Possible, Probable};
    use Judgement::{Different, Same};
    use Standing::{Confirmed, Returned, SetAside, Told, Waiting};

    fn facts(named: &[u64]) -> Facts {
        Facts(named.iter().copied().collect())
    }

    fn decided(judgement: Judgement, certainty: Certainty, named: &[u64]) -> Decided {
        let decision = Decision { judgement, certainty, decided_at: Timestamp(1), unit: None };
        Decided { decision, facts: facts(named), withdrawn_at: None }
    }

    #[test]
    fn nobody_is_alarmed_by_what_is_only_possible() {
        for (certainty, expected) in [(Possible, Waiting), (Probable, Told), (Certain, Told)] {
            assert_eq!(Standing::of(certainty, &facts(&[1]), None), expected, "{certainty}");
        }
    }

    #[test]
    fn a_decision_stands_until_the_evidence_is_another() {
        for (judgement, then, agreed, now, agrees, expected) in [
            // The same evidence, less of it, and more of it that makes it no more certain.
            (Different, Possible, &[1, 2][..], Possible, &[1, 2][..], SetAside),
            (Different, Possible, &[1, 2], Possible, &[2], SetAside),
            (Different, Possible, &[1, 2], Possible, &[2, 3], SetAside),
            (Different, Certain, &[1, 2], Probable, &[2], SetAside),
            (Different, Certain, &[1], Certain, &[1, 2], SetAside),
            // More certain than it was.
            (Different, Possible, &[1], Probable, &[1, 2], Returned),
            (Different, Probable, &[1], Certain, &[1, 2], Returned),
            // As certain, and for other reasons.
            (Different, Possible, &[1, 2], Possible, &[3], Returned),
            (Different, Certain, &[1, 2], Possible, &[3], Returned),
            // The same family remains the same, unless it rests on other facts.
            (Same, Possible, &[1], Possible, &[1], Confirmed),
            (Same, Possible, &[1], Certain, &[1, 2], Confirmed),
            (Same, Certain, &[1, 2], Possible, &[2], Confirmed),
            (Same, Possible, &[1], Possible, &[2], Returned),
            // Of a family that was gone for a while it is not known what agreed.
            (Different, Possible, &[], Possible, &[1], SetAside),
            (Different, Possible, &[], Probable, &[1], Returned),
            (Same, Possible, &[], Probable, &[1], Confirmed),
        ] {
            let standing = Standing::of(now, &facts(agrees), Some(&decided(judgement, then, agreed)));
            assert_eq!(standing, expected, "{judgement:?} at {then} on {agreed:?}, now {now} on {agrees:?}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let decided = CannotDecide::Decided { judgement: Different, decided_at: Timestamp(1_795_253_400) };
        assert_eq!(decided.to_string(), "decided already on 2026-11-21: ander gezin; undo that first");
        let refused = CannotDecide::from(Refusal::NoOwnSignal);
        assert_eq!(refused.to_string(), Refusal::NoOwnSignal.to_string());
    }

    #[test]
    fn facts_show_themselves_to_nobody() {
        assert_eq!(format!("{:?}", facts(&[1, 2])), "Facts(2)");
    }
}
