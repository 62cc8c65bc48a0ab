//! Why a match is one, for people: which sorts of own facts agree and which are not confirmed, never a value.
//!
//! It follows from the agreeing keys, as the verdict does, so it is the same whenever these are. What is not here: what
//! the other organisation recorded. Tags do not tell that, nor whether two of them stem from one person there.

use domain::Certainty;

use crate::{Evidence, FieldKind, PersonEvidence, Source};

/// Why a match is one, in terms of the own record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Whether a household key agrees: somebody there has a surname of this family, or one that begins or ends alike, and
    /// an address of it; the basis says which.
    pub household: bool,
    /// The persons about whom something agrees, by position in the record. No others are named.
    pub persons: Vec<PersonExplanation>,
}

/// What agrees about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonExplanation {
    /// The person.
    pub source: Source,
    /// How sure it is that this person is meant; `None`: what agrees is too little to count.
    pub certainty: Option<Certainty>,
    /// The facts that agree, ascending, but for those that another of them implies: an address is in its area.
    pub agreed: Vec<FieldKind>,
    /// The facts of which it is not known, ascending, but for those that another fact implies, agreed or not. The other
    /// side recorded them otherwise or not at all, or every key that covers one covers something else that differs.
    pub unconfirmed: Vec<FieldKind>,
    /// Whether the BSN agrees and nothing else that the own record has: one of the two may be typed wrong.
    pub is_contradicted: bool,
}

impl Evidence {
    /// What is told of it.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        Explanation {
            household: self.household,
            persons: self.persons.iter().map(PersonExplanation::of).collect(),
        }
    }
}

impl PersonExplanation {
    fn of(person: &PersonEvidence) -> Self {
        let PersonEvidence { source, certainty, agreed, unconfirmed, is_contradicted, .. } = person;
        let in_agreed = |fact: &&FieldKind| agreed.iter().any(|known| implies(*known, **fact));
        let in_unconfirmed = |fact: &&FieldKind| unconfirmed.iter().any(|known| implies(*known, **fact));
        let unknown = unconfirmed.iter().filter(|fact| !in_agreed(fact) && !in_unconfirmed(fact));
        Self {
            source: *source,
            certainty: *certainty,
            agreed: agreed.iter().filter(|fact| !in_agreed(fact)).copied().collect(),
            unconfirmed: unknown.copied().collect(),
            is_contradicted: *is_contradicted,
        }
    }
}

/// Whether a fact says all that the other does.
fn implies(fact: FieldKind, other: FieldKind) -> bool {
    matches!(
        (fact, other),
        (FieldKind::GivenName | FieldKind::Initials, FieldKind::Initial)
            | (FieldKind::Address, FieldKind::Area)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::Role;

    use super::*;

    use FieldKind::{Address, Area, BirthDate, Bsn, GivenName, Initial, Initials, Surname};

    #[test]
    fn what_another_fact_implies_is_not_said_beside_it() {
        for (agreed, unconfirmed, told_agreed, told_unconfirmed) in [
            (&[Surname, Initial, GivenName][..], &[Bsn][..], &[Surname, GivenName][..], &[Bsn][..]),
            (
                &[Initial, BirthDate],
                &[GivenName, Address, Area],
                &[Initial, BirthDate],
                &[GivenName, Address],
            ),
            (&[GivenName, BirthDate, Area], &[Initial, Address], &[GivenName, BirthDate, Area], &[Address]),
            (&[BirthDate, Address], &[Initial, Area], &[BirthDate, Address], &[Initial]),
            (&[Bsn], &[Initial, GivenName, Area], &[Bsn], &[GivenName, Area]),
            (&[Address, Area], &[], &[Address], &[]),
            (&[Initial, Initials], &[GivenName], &[Initials], &[GivenName]),
        ] {
            let person = PersonEvidence {
                source: Source { person: 0, role: Role::Child },
                certainty: None,
                weight: 0,
                kinds: BTreeSet::new(),
                agreed_kinds: BTreeSet::new(),
                agreed: agreed.iter().copied().collect(),
                unconfirmed: unconfirmed.iter().copied().collect(),
                is_contradicted: false,
            };
            let told = PersonExplanation::of(&person);
            assert_eq!(
                (told.agreed.as_slice(), told.unconfirmed.as_slice()),
                (told_agreed, told_unconfirmed)
            );
        }
    }
}
