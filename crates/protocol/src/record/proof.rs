//! The record of a proof of equivocation.

use crypto::cbor;
use domain::Timestamp;
use index::ProofPlace;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// A proof as it is kept.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ProofRecord {
    /// Since when this node has it.
    #[cbor(n(0), with = "crypto::cbor::timestamp")]
    pub(crate) since: Timestamp,
    /// Whether the publisher has begun anew since, under a higher generation.
    #[n(1)]
    pub(crate) begun_anew: bool,
    /// The proof as it travels.
    #[n(2)]
    pub(crate) wire: ByteVec,
}

impl ProofRecord {
    /// Key of the record: publisher, circle.
    pub(crate) fn key(place: &ProofPlace) -> Vec<u8> {
        [place.publisher.as_bytes().as_slice(), place.circle.as_bytes()].concat()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        cbor::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use domain::{CircleId, Oin};

    use super::*;

    #[test]
    fn the_record_is_one_array_under_publisher_and_circle() {
        let record =
            ProofRecord { since: Timestamp(1_795_000_000), begun_anew: true, wire: vec![1, 2].into() };
        let bytes = record.to_bytes();
        assert_eq!(bytes, [0x83, 0x1a, 0x6a, 0xfd, 0x86, 0xc0, 0xf5, 0x42, 1, 2]);
        assert_eq!(ProofRecord::from_bytes(&bytes), Some(record));
        assert_eq!(ProofRecord::from_bytes(&bytes[1..]), None);
        let place =
            ProofPlace { publisher: Oin::test_number(1).unwrap(), circle: CircleId::from_bytes([3; 16]) };
        assert_eq!(ProofRecord::key(&place).len(), 36);
    }
}
