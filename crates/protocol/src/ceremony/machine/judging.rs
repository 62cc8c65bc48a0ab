//! Who lied, and after the deadline who is silent: what a keyholder can say of the others.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;

use super::Ceremony;
use super::pace::Piece;
use crate::CeremonyProblem;
use crate::ceremony::message::Part;
use crate::ceremony::{CeremonyRound, KeyId};

/// Keyholders that are convicted, by index, each of what it was first seen to do.
#[derive(Default)]
pub(super) struct Liars(BTreeMap<u16, &'static str>);

/// Whom a keyholder holds responsible when it gives an attempt up, by index.
#[derive(Default)]
pub(crate) struct Accused {
    pub(crate) missing: BTreeSet<u16>,
    pub(crate) lying: BTreeSet<u16>,
}

impl Liars {
    pub(super) fn convict(&mut self, index: u16, what: &'static str) {
        self.0.entry(index).or_insert(what);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Ceremony {
    /// Who lied, and after the deadline who is silent.
    pub(crate) fn problems(&self, now: Timestamp) -> Vec<CeremonyProblem> {
        let key = KeyId { epoch: self.id.epoch, class: self.id.class };
        if self.complete.is_some() {
            return Vec::new();
        }
        let mut problems: Vec<CeremonyProblem> = self
            .liars
            .0
            .iter()
            .filter_map(|(index, what)| {
                Some(CeremonyProblem::Lying { key, keyholder: self.keyholder(*index)?.0, what })
            })
            .collect();
        if problems.is_empty() && now >= self.span.deadline {
            let held_up = self.held_up_by(now).into_iter();
            problems.extend(held_up.filter_map(|(index, what)| {
                Some(CeremonyProblem::Missing { key, keyholder: self.keyholder(index)?.0, what })
            }));
        }
        problems
    }

    /// Which others this keyholder convicted, and who holds the attempt up. Nobody accuses itself, also not when it was
    /// put back to a moment before this attempt and gets to see that it signed twice: the others say so.
    pub(crate) fn accused(&self, now: Timestamp) -> Accused {
        // With a liar among them nobody goes on, so what is missing is missing for its sake.
        let missing = if self.liars.is_empty() { self.held_up_by(now) } else { BTreeMap::new() };
        let lying = self.liars.0.keys().copied().filter(|index| *index != self.me).collect();
        Accused { missing: missing.into_keys().collect(), lying }
    }

    /// The last thing that a keyholder is known to have done.
    pub(crate) fn round_of(&self, index: u16) -> CeremonyRound {
        if self.result.as_ref().is_some_and(|result| result.signatures.contains_key(&index)) {
            CeremonyRound::Signature
        } else if self.echoes.contains_key(&index) {
            CeremonyRound::Echo
        } else if self.round2.contains_key(&index) {
            CeremonyRound::Shares
        } else if self.round1.contains_key(&index) {
            CeremonyRound::Commitments
        } else {
            CeremonyRound::Nothing
        }
    }

    /// The first thing that a keyholder still owes.
    pub(super) fn missing_of(&self, index: u16) -> Option<Piece> {
        let signed_key_set =
            self.result.as_ref().is_some_and(|result| result.signatures.contains_key(&index));
        let open = |(accuser, accused): &&(u16, u16)| !self.disclosures.contains_key(&(*accused, *accuser));
        if !self.round1.contains_key(&index) {
            Some(Piece::Round1 { of: index })
        } else if let Some((to, _)) =
            self.complaints.keys().filter(open).find(|(_, accused)| *accused == index)
        {
            Some(Piece::Answer { of: index, to: *to })
        } else if self.complaints.keys().filter(open).any(|(accuser, _)| *accuser == index) {
            // It waits itself.
            None
        } else if self.dealt.is_some() && !self.round2.contains_key(&index) {
            Some(Piece::Round2 { of: index })
        } else if self.echoes.contains_key(&self.me) && !self.echoes.contains_key(&index) {
            Some(Piece::Echo { of: index })
        } else if self.result.is_some() && !signed_key_set {
            Some(Piece::Signature { of: index })
        } else {
            None
        }
    }

    /// An echo must be of the packages that its signer passes on.
    pub(super) fn compare_echo(&mut self, from: u16, parts: &[Part]) {
        let Some(echo) = self.echoes.get(&from) else { return };
        if !self.has_all_packages() || echo.document().transcript == self.transcript() {
            return;
        }
        let (round1, round2) = self.packages();
        let held: BTreeSet<Vec<u8>> = round1.into_iter().chain(round2).collect();
        let passed_on: BTreeSet<&Vec<u8>> = parts
            .iter()
            .filter_map(|part| match part {
                Part::Round1(wire) | Part::Round2(wire) => Some(wire),
                Part::Echo(_)
                | Part::Complaint(_)
                | Part::Disclosure(_)
                | Part::KeySet(_)
                | Part::Abandonment(_) => None,
            })
            .collect();
        if passed_on.len() == held.len() && passed_on.into_iter().all(|wire| held.contains(wire)) {
            self.liars.convict(from, "echoed other packages than it passes on");
        }
    }
}
