//! What is kept on disk, in encodings of its own: the domain does not serialise.

mod family;
mod signal;

pub(crate) use family::{FamilyKeysRecord, KeyRecord, MatchKeysRecord, key_digest, match_key};
pub(crate) use signal::SignalRecord;
