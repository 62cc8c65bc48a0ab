//! The mark that a restore leaves in a data folder: what this node signed after its backup was made is not in it.

use domain::Timestamp;
use minicbor::{Decode, Encode};

use crate::Collection;

/// Key of the only record in [`Collection::Restored`].
const KEY: &[u8] = b"restored";

#[derive(Debug, PartialEq, Eq, Encode, Decode)]
struct RestoredRecord {
    #[cbor(n(0), with = "crypto::cbor::timestamp")]
    restored_at: Timestamp,
}

/// The record that a restore puts beside what it takes from a backup: collection, key and value. A node that finds
/// it hears more than half of its readers before it signs for a feed, and removes it once every own feed went on.
///
/// A backup never holds this record.
#[must_use]
pub fn restored_marker(now: Timestamp) -> (Collection, Vec<u8>, Vec<u8>) {
    let record = RestoredRecord { restored_at: now };
    (Collection::Restored, restored_key(), crypto::cbor::to_vec(&record))
}

/// Key of the record.
pub(crate) fn restored_key() -> Vec<u8> {
    KEY.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_one_array_with_a_time() {
        let (collection, key, value) = restored_marker(Timestamp(1_795_000_000));
        assert_eq!((collection.number(), key.as_slice()), (9, b"restored".as_slice()));
        assert_eq!(value, [0x81, 0x1a, 0x6a, 0xfd, 0x86, 0xc0]);
    }
}
