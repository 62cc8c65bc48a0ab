//! The record of a decision about a match. It lasts, so it holds no more than is needed: no name, no text, and of the
//! facts that agreed only by what they are recognised.

use crypto::cbor;
use domain::{Certainty, FamilyRef, Oin, Timestamp, Unit};
use minicbor::{Decode, Encode};

use crate::review::{Decided, Decision, Facts, Judgement};

/// A decision as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct DecisionRecord {
    #[n(0)]
    family: String,
    #[cbor(n(1), with = "crypto::cbor::oin")]
    organisation: Oin,
    #[n(2)]
    judgement: u8,
    #[n(3)]
    certainty: u8,
    #[cbor(n(4), with = "crypto::cbor::timestamp")]
    decided_at: Timestamp,
    #[n(5)]
    unit: Option<String>,
    /// Ascending.
    #[n(6)]
    facts: Vec<u64>,
    #[n(7)]
    withdrawn_at: Option<u64>,
}

const JUDGEMENTS: [(Judgement, u8); 3] =
    [(Judgement::Same, 1), (Judgement::Different, 2), (Judgement::Wrong, 3)];
const CERTAINTIES: [(Certainty, u8); 3] =
    [(Certainty::Possible, 1), (Certainty::Probable, 2), (Certainty::Certain, 3)];

fn number_of<T: PartialEq + Copy>(table: &[(T, u8)], value: T) -> u8 {
    let row = table.iter().find(|(known, _)| *known == value);
    row.expect("the table holds every value").1
}

fn value_of<T: Copy>(table: &[(T, u8)], number: u8) -> Option<T> {
    table.iter().find(|(_, known)| *known == number).map(|(value, _)| *value)
}

/// Key of the record: organisation, family.
pub(crate) fn decision_key(family: &FamilyRef, organisation: &Oin) -> Vec<u8> {
    [organisation.as_bytes().as_slice(), family.as_str().as_bytes()].concat()
}

/// The record.
pub(crate) fn decision_record(family: &FamilyRef, organisation: &Oin, decided: &Decided) -> Vec<u8> {
    let Decided { decision, facts, withdrawn_at } = decided;
    cbor::to_vec(&DecisionRecord {
        family: family.as_str().to_owned(),
        organisation: *organisation,
        judgement: number_of(&JUDGEMENTS, decision.judgement),
        certainty: number_of(&CERTAINTIES, decision.certainty),
        decided_at: decision.decided_at,
        unit: decision.unit.as_ref().map(|unit| unit.as_str().to_owned()),
        facts: facts.0.iter().copied().collect(),
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// Reads a record; `None` for one that this version did not write.
pub(crate) fn read_decision(bytes: &[u8]) -> Option<(FamilyRef, Oin, Decided)> {
    let record: DecisionRecord = cbor::from_slice(bytes).ok()?;
    let unit = record.unit.as_deref().map(|unit| Unit::new("afdeling", unit)).transpose().ok()?;
    let decision = Decision {
        judgement: value_of(&JUDGEMENTS, record.judgement)?,
        certainty: value_of(&CERTAINTIES, record.certainty)?,
        decided_at: record.decided_at,
        unit,
    };
    let facts = Facts(record.facts.into_iter().collect());
    let decided = Decided { decision, facts, withdrawn_at: record.withdrawn_at.map(Timestamp) };
    Some((FamilyRef::new(&record.family).ok()?, record.organisation, decided))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(judgement: Judgement, certainty: Certainty) -> Decided {
        let unit = Some(Unit::new("afdeling", "west").unwrap());
        let decided_at = Timestamp(1_795_000_000);
        let decision = Decision { judgement, certainty, decided_at, unit };
        Decided { decision, facts: Facts([3, 7].into()), withdrawn_at: None }
    }

    #[test]
    fn a_decision_survives_its_record() {
        let (family, organisation) = (FamilyRef::new("L-0012").unwrap(), Oin::test_number(4).unwrap());
        for (judgement, _) in JUDGEMENTS {
            for (certainty, _) in CERTAINTIES {
                for withdrawn_at in [None, Some(Timestamp(5))] {
                    let decided = Decided { withdrawn_at, ..decided(judgement, certainty) };
                    let bytes = decision_record(&family, &organisation, &decided);
                    assert_eq!(read_decision(&bytes), Some((family.clone(), organisation, decided)));
                }
            }
        }
    }

    #[test]
    fn the_record_is_one_array_under_organisation_and_family() {
        let (family, organisation) = (FamilyRef::new("L-1").unwrap(), Oin::test_number(4).unwrap());
        let plain = Decided { facts: Facts::default(), ..decided(Judgement::Different, Certainty::Possible) };
        let bytes = decision_record(&family, &organisation, &plain);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let oin = "3030303030303939303030303030303030303034";
        assert_eq!(hex, format!("87634c2d3154{oin}02011a6afd86c0647765737480"));
        assert_eq!(decision_key(&family, &organisation), b"00000099000000000004L-1");
        // A number that nobody has written.
        let other = hex.replace("02011a", "04011a");
        let pairs = (0..other.len()).step_by(2).map(|at| u8::from_str_radix(&other[at..at + 2], 16).unwrap());
        assert_eq!(read_decision(&pairs.collect::<Vec<_>>()), None);
    }
}
