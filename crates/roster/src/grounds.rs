//! Legal bases: for whose signals, in which circle and until when they hold. Whatever is not named is closed.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CircleId, LegalBasisCode, Oin, Sector, Timestamp};

use crate::{Circle, LegalBasisText, RosterDocument, RosterError, VerifiedRoster};

/// How a legal basis stands for the signals of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasisStanding {
    /// It holds in a circle.
    Holds {
        /// In trial circles only: synthetic families.
        trial: bool,
    },
    /// It held until this moment.
    Lapsed(Timestamp),
    /// No circle names it for what members of this sector publish.
    Closed,
}

impl VerifiedRoster {
    /// Whether a signal of a member on this legal basis may take part in the circle at `now`. Absent, unknown or lapsed:
    /// closed. One feed goes to all readers in a circle, so the basis must hold for each pair through which the member's
    /// sector publishes there.
    #[must_use]
    pub fn basis_holds(
        &self,
        circle: &CircleId,
        member: &Oin,
        code: &LegalBasisCode,
        now: Timestamp,
    ) -> bool {
        let (Some(circle), Some(member)) = (self.circle(circle), self.member(member)) else { return false };
        names(circle, &member.sector, code)
            && self.basis(code).is_some_and(|until| until.is_none_or(|until| now.0 <= until))
    }

    /// How a legal basis stands for the signals of a member; `None` for one that the roster does not know.
    #[must_use]
    pub fn basis_standing(
        &self,
        member: &Oin,
        code: &LegalBasisCode,
        now: Timestamp,
    ) -> Option<BasisStanding> {
        let until = self.basis(code)?;
        if let Some(until) = until.filter(|until| *until < now.0) {
            return Some(BasisStanding::Lapsed(Timestamp(until)));
        }
        let member = self.member(member)?;
        let mut circles =
            self.circles().iter().filter(|circle| names(circle, &member.sector, code)).peekable();
        Some(match circles.peek() {
            None => BasisStanding::Closed,
            Some(_) => BasisStanding::Holds { trial: circles.all(|circle| circle.trial) },
        })
    }

    /// How every legal basis of the roster stands for the signals of a member.
    #[must_use]
    pub fn basis_standings(&self, member: &Oin, now: Timestamp) -> BTreeMap<LegalBasisCode, BasisStanding> {
        let codes = self.legal_basis_codes().into_iter();
        codes.filter_map(|code| Some((code.clone(), self.basis_standing(member, &code, now)?))).collect()
    }

    /// Until when a legal basis holds, if it ends; `None` for one that the roster does not know.
    fn basis(&self, code: &LegalBasisCode) -> Option<Option<u64>> {
        self.document().legal_bases.iter().find(|basis| basis.code == *code).map(|basis| basis.valid_until)
    }
}

/// Whether a circle names the basis for everything that a sector publishes in it.
pub(crate) fn names(circle: &Circle, sector: &Sector, code: &LegalBasisCode) -> bool {
    let lists = |bases: &[LegalBasisText]| bases.iter().any(|held| held.0 == *code);
    let mut published = circle.open.iter().filter(|pair| pair.publisher == *sector);
    lists(&circle.legal_bases)
        && published.all(|pair| pair.legal_bases.is_empty() || lists(&pair.legal_bases))
}

/// The rules that legal bases keep whoever signs them.
pub(crate) fn check(document: &RosterDocument) -> Result<(), RosterError> {
    let mut pairs =
        document.circles.iter().flat_map(|circle| circle.open.iter().map(move |pair| (circle, pair)));
    if pairs.any(|(circle, pair)| pair.legal_bases.iter().any(|code| !circle.legal_bases.contains(code))) {
        return Err(RosterError::Inconsistent(
            "a pair of sectors names a legal basis that its circle does not",
        ));
    }
    for circle in &document.circles {
        let pairs: BTreeSet<_> = circle.open.iter().map(|pair| (&pair.publisher, &pair.reader)).collect();
        if pairs.len() != circle.open.len() {
            return Err(RosterError::Inconsistent("a circle opens one pair of sectors twice"));
        }
    }
    let of = |trial: bool| -> BTreeSet<&LegalBasisText> {
        let circles = document.circles.iter().filter(|circle| circle.trial == trial);
        circles.flat_map(|circle| &circle.legal_bases).collect()
    };
    if !of(true).is_disjoint(&of(false)) {
        return Err(RosterError::Inconsistent(
            "a trial circle and one for real families name the same legal basis: what is tried would be mixed with what is real",
        ));
    }
    Ok(())
}
