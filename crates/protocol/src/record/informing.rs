//! The record of who of a family was told.

use crypto::cbor;
use domain::{CalendarDate, FamilyRef, PersonNumber, Timestamp};
use minicbor::{Decode, Encode};

use crate::rights::{InformingFile, PostponeGround, Telling};

/// What was done to tell the persons of a family, as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct InformingRecord {
    #[n(0)]
    family: String,
    #[cbor(n(1), with = "crypto::cbor::timestamp")]
    registered_at: Timestamp,
    /// Ascending by person.
    #[n(2)]
    persons: Vec<TellingRecord>,
}

#[derive(Encode, Decode)]
struct TellingRecord {
    #[n(0)]
    person: u8,
    /// The number of the step in the log.
    #[n(1)]
    step: u8,
    /// Told on, or postponed to.
    #[n(2)]
    day: String,
}

const TOLD: u8 = 1;
const GROUNDS: [(PostponeGround, u8); 4] = [
    (PostponeGround::ChildSafety, 2),
    (PostponeGround::OtherSafety, 3),
    (PostponeGround::Investigation, 4),
    (PostponeGround::Unreachable, 5),
];

/// Key of the record.
pub(crate) fn informing_key(family: &FamilyRef) -> Vec<u8> {
    family.as_str().as_bytes().to_vec()
}

/// The record.
pub(crate) fn informing_record(family: &FamilyRef, file: &InformingFile) -> Vec<u8> {
    let record = |(person, telling): (&PersonNumber, &Telling)| {
        let (step, day) = match telling {
            Telling::Told(on) => (TOLD, on),
            Telling::Postponed(ground, until) => {
                let row = GROUNDS.iter().find(|(known, _)| known == ground);
                (row.expect("the table holds every ground").1, until)
            }
        };
        TellingRecord { person: person.number(), step, day: day.to_string() }
    };
    cbor::to_vec(&InformingRecord {
        family: family.as_str().to_owned(),
        registered_at: file.registered_at,
        persons: file.persons.iter().map(record).collect(),
    })
}

/// Reads a record; `None` for one that this version did not write.
pub(crate) fn read_informing(bytes: &[u8]) -> Option<(FamilyRef, InformingFile)> {
    let record: InformingRecord = cbor::from_slice(bytes).ok()?;
    let telling = |told: &TellingRecord| {
        let day: CalendarDate = told.day.parse().ok()?;
        let telling = if told.step == TOLD {
            Telling::Told(day)
        } else {
            let (ground, _) = GROUNDS.iter().find(|(_, known)| *known == told.step)?;
            Telling::Postponed(*ground, day)
        };
        Some((PersonNumber::new(told.person).ok()?, telling))
    };
    let persons = record.persons.iter().map(telling).collect::<Option<_>>()?;
    let file = InformingFile { registered_at: record.registered_at, persons };
    Some((FamilyRef::new(&record.family).ok()?, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_survives_its_record() {
        let family = FamilyRef::new("L-1").unwrap();
        let day: CalendarDate = "2026-11-21".parse().unwrap();
        let postponed = PostponeGround::ALL.map(|ground| Telling::Postponed(ground, day));
        let tellings = postponed.into_iter().chain([Telling::Told(day)]);
        let persons =
            (1..).zip(tellings).map(|(person, telling)| (PersonNumber::new(person).unwrap(), telling));
        let file = InformingFile { registered_at: Timestamp(5), persons: persons.collect() };
        let bytes = informing_record(&family, &file);
        assert_eq!(read_informing(&bytes), Some((family, file)));
    }
}
