//! The record of an objection to a signal.

use crypto::cbor;
use domain::{FamilyRef, PersonNumber, Timestamp};
use minicbor::{Decode, Encode};

use crate::rights::Objection;

/// An objection as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct ObjectionRecord {
    #[n(0)]
    family: String,
    #[cbor(n(1), with = "crypto::cbor::timestamp")]
    made_at: Timestamp,
    #[n(2)]
    person: Option<u8>,
    #[n(3)]
    upheld_at: Option<u64>,
}

/// Key of the record.
pub(crate) fn objection_key(family: &FamilyRef) -> Vec<u8> {
    family.as_str().as_bytes().to_vec()
}

/// The record.
pub(crate) fn objection_record(family: &FamilyRef, objection: &Objection) -> Vec<u8> {
    cbor::to_vec(&ObjectionRecord {
        family: family.as_str().to_owned(),
        made_at: objection.made_at,
        person: objection.person.map(PersonNumber::number),
        upheld_at: objection.upheld_at.map(|at| at.0),
    })
}

/// Reads a record; `None` for one that this version did not write.
pub(crate) fn read_objection(bytes: &[u8]) -> Option<(FamilyRef, Objection)> {
    let record: ObjectionRecord = cbor::from_slice(bytes).ok()?;
    let person = record.person.map(PersonNumber::new).transpose().ok()?;
    let upheld_at = record.upheld_at.map(Timestamp);
    Some((FamilyRef::new(&record.family).ok()?, Objection { made_at: record.made_at, person, upheld_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_objection_survives_its_record() {
        let family = FamilyRef::new("L-1").unwrap();
        for person in [None, PersonNumber::new(2).ok()] {
            for upheld_at in [None, Some(Timestamp(9))] {
                let objection = Objection { made_at: Timestamp(5), person, upheld_at };
                let bytes = objection_record(&family, &objection);
                assert_eq!(read_objection(&bytes), Some((family.clone(), objection)));
            }
        }
        let first = Objection { made_at: Timestamp(5), person: None, upheld_at: None };
        assert_eq!(hex(&objection_record(&family, &first)), "82634c2d3105");
        assert_eq!(read_objection(b"\x83\x63L-1\x05\x00"), None, "nobody has the number 0");
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
