//! The records of incidents and of persons who turned out to be somebody else.

use std::collections::BTreeSet;

use crypto::{Digest, cbor};
use domain::{FamilyRef, Oin, PersonNumber, Timestamp};
use minicbor::{Decode, Encode};

use crate::rights::{Incident, IncidentOutcome, WrongOfFamily};

/// An incident as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct IncidentRecord {
    #[n(0)]
    number: u32,
    #[n(1)]
    family: String,
    #[cbor(n(2), with = "crypto::cbor::oin")]
    organisation: Oin,
    #[n(3)]
    person: Option<u8>,
    #[cbor(n(4), with = "crypto::cbor::timestamp")]
    opened_at: Timestamp,
    #[n(5)]
    closed_at: Option<u64>,
    /// The number of the step in the log.
    #[n(6)]
    outcome: Option<u8>,
}

const OUTCOMES: [(IncidentOutcome, u8); 4] = [
    (IncidentOutcome::NoBreach, 2),
    (IncidentOutcome::Corrected, 3),
    (IncidentOutcome::Reported, 4),
    (IncidentOutcome::ReportedToPersons, 5),
];

/// Key of the record.
pub(crate) fn incident_key(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The record.
pub(crate) fn incident_record(incident: &Incident) -> Vec<u8> {
    let number = |outcome| OUTCOMES.iter().find(|(known, _)| *known == outcome).map(|(_, number)| *number);
    cbor::to_vec(&IncidentRecord {
        number: incident.number,
        family: incident.family.as_str().to_owned(),
        organisation: incident.organisation,
        person: incident.person.map(PersonNumber::number),
        opened_at: incident.opened_at,
        closed_at: incident.closed.map(|(at, _)| at.0),
        outcome: incident.closed.and_then(|(_, outcome)| number(outcome)),
    })
}

/// Reads a record; `None` for one that this version did not write.
pub(crate) fn read_incident(bytes: &[u8]) -> Option<Incident> {
    let record: IncidentRecord = cbor::from_slice(bytes).ok()?;
    let closed = match (record.closed_at, record.outcome) {
        (None, None) => None,
        (Some(at), Some(number)) => {
            let (outcome, _) = OUTCOMES.iter().find(|(_, known)| *known == number)?;
            Some((Timestamp(at), *outcome))
        }
        (None, Some(_)) | (Some(_), None) => return None,
    };
    Some(Incident {
        number: record.number,
        family: FamilyRef::new(&record.family).ok()?,
        organisation: record.organisation,
        person: record.person.map(PersonNumber::new).transpose().ok()?,
        opened_at: record.opened_at,
        closed,
    })
}

/// The wrong persons of a family as bytes on disk.
#[derive(Encode, Decode)]
struct WrongPersonsRecord {
    #[n(0)]
    family: String,
    /// Ascending.
    #[n(1)]
    persons: Vec<Digest>,
    #[n(2)]
    withdrawn_at: Option<u64>,
}

/// Key of the record.
pub(crate) fn wrong_persons_key(family: &FamilyRef) -> Vec<u8> {
    family.as_str().as_bytes().to_vec()
}

/// The record.
pub(crate) fn wrong_persons_record(family: &FamilyRef, wrong: &WrongOfFamily) -> Vec<u8> {
    cbor::to_vec(&WrongPersonsRecord {
        family: family.as_str().to_owned(),
        persons: wrong.persons.iter().copied().collect(),
        withdrawn_at: wrong.withdrawn_at.map(|at| at.0),
    })
}

/// Reads a record; `None` for one that this version did not write.
pub(crate) fn read_wrong_persons(bytes: &[u8]) -> Option<(FamilyRef, WrongOfFamily)> {
    let record: WrongPersonsRecord = cbor::from_slice(bytes).ok()?;
    let persons: BTreeSet<Digest> = record.persons.into_iter().collect();
    let wrong = WrongOfFamily { persons, withdrawn_at: record.withdrawn_at.map(Timestamp) };
    Some((FamilyRef::new(&record.family).ok()?, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_and_wrong_persons_survive_their_records() {
        let family = FamilyRef::new("L-1").unwrap();
        let open = Incident {
            number: 7,
            family: family.clone(),
            organisation: Oin::test_number(4).unwrap(),
            person: PersonNumber::new(2).ok(),
            opened_at: Timestamp(5),
            closed: None,
        };
        let closed =
            |outcome| Incident { closed: Some((Timestamp(9), outcome)), person: None, ..open.clone() };
        for incident in IncidentOutcome::ALL.map(closed).into_iter().chain([open.clone()]) {
            assert_eq!(read_incident(&incident_record(&incident)), Some(incident));
        }
        let numbers: Vec<u8> = OUTCOMES.iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, [2, 3, 4, 5], "as in the log");
        let persons = [Digest::from_bytes([3; 32]), Digest::from_bytes([7; 32])].into();
        for withdrawn_at in [None, Some(Timestamp(3))] {
            let wrong = WrongOfFamily { persons: BTreeSet::clone(&persons), withdrawn_at };
            let bytes = wrong_persons_record(&family, &wrong);
            assert_eq!(read_wrong_persons(&bytes), Some((family.clone(), wrong)));
        }
    }
}
