//! What is kept on disk, in encodings of its own: the domain does not serialise.

mod decision;
mod family;
mod forgotten;
mod incident;
mod informing;
mod objection;
mod proof;
mod restored;
mod signal;

pub(crate) use decision::{decision_key, decision_record, read_decision};
pub use family::evaluated_record;
pub(crate) use family::{
    FamilyKeysRecord, MatchKeysRecord, UnitMatchRecord, key_digest, keys_key, match_key, unit_match_key,
};
pub(crate) use forgotten::{forgotten_key, forgotten_record, last_forgotten};
pub(crate) use incident::{
    incident_key, incident_record, read_incident, read_wrong_persons, wrong_persons_key, wrong_persons_record,
};
pub(crate) use informing::{informing_key, informing_record, read_informing};
pub(crate) use objection::{objection_key, objection_record, read_objection};
pub(crate) use proof::ProofRecord;
pub(crate) use restored::restored_key;
pub use restored::restored_marker;
pub(crate) use signal::{SignalRecord, person_digest};
