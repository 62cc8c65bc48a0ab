//! What witnessing leaves on disk.

use crypto::{VerifyingKey, cbor};
use domain::Timestamp;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::message::{LogKind, LogName};

/// The newest checkpoint that this node cosigned of a log, or the own newest with enough cosignatures; with the key that
/// signed it.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct CheckpointRecord {
    #[n(0)]
    pub(super) log: LogName,
    #[n(1)]
    pub(super) key: VerifyingKey,
    #[n(2)]
    pub(super) note: ByteVec,
}

/// How far an own log was signed: on disk before a checkpoint leaves.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct SignedRecord {
    #[n(0)]
    pub(super) log: LogName,
    #[n(1)]
    pub(super) size: u64,
}

impl SignedRecord {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        cbor::from_slice(bytes).ok()
    }
}

/// Evidence about a log, with the key that signed what is in it.
#[derive(Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct EvidenceRecord {
    #[n(0)]
    pub(super) log: LogName,
    #[n(1)]
    pub(super) key: VerifyingKey,
    #[cbor(n(2), with = "crypto::cbor::timestamp")]
    pub(super) since: Timestamp,
    /// A proof of a fork, or else a challenge.
    #[n(3)]
    pub(super) is_fork: bool,
    #[n(4)]
    pub(super) bytes: ByteVec,
}

impl CheckpointRecord {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        cbor::from_slice(bytes).ok()
    }
}

impl EvidenceRecord {
    /// Key of the record: one of each sort for a log.
    pub(super) fn key(log: &LogName, is_fork: bool) -> Vec<u8> {
        [log.key(), vec![u8::from(is_fork)]].concat()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(self)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        cbor::from_slice(bytes).ok()
    }
}

/// Key of the newest checkpoint of an own log that enough witnesses cosigned.
#[must_use]
pub fn cosigned_key(log: LogKind) -> Vec<u8> {
    vec![log as u8]
}

/// Reads that record: of which log, and the note with its cosignatures.
#[must_use]
pub fn cosigned_note(record: &[u8]) -> Option<(LogName, Vec<u8>)> {
    let CheckpointRecord { log, note, .. } = CheckpointRecord::from_bytes(record)?;
    Some((log, note.into()))
}

/// Key of the only record that says that this node forgot once what it remembers of others' logs.
pub(super) fn memory_lost_key() -> Vec<u8> {
    b"memory lost".to_vec()
}

#[cfg(test)]
mod tests {
    use domain::Oin;

    use super::*;

    #[test]
    fn records_survive_and_others_are_not_taken_for_them() {
        let log = LogName { keeper: Oin::test_number(1).unwrap(), kind: LogKind::Main, generation: 2 };
        let key = VerifyingKey::from_bytes([3; 32]);
        let checkpoint = CheckpointRecord { log, key, note: vec![1, 2].into() };
        let bytes = checkpoint.to_bytes();
        assert_eq!(CheckpointRecord::from_bytes(&bytes), Some(checkpoint));
        assert_eq!(CheckpointRecord::from_bytes(&bytes[1..]), None);
        let evidence = EvidenceRecord { log, key, since: Timestamp(7), is_fork: true, bytes: vec![4].into() };
        let bytes = evidence.to_bytes();
        assert_eq!(EvidenceRecord::from_bytes(&bytes), Some(evidence));
        assert_eq!(CheckpointRecord::from_bytes(&bytes), None);
        let signed = SignedRecord { log, size: 812 };
        assert_eq!(SignedRecord::from_bytes(&signed.to_bytes()), Some(signed));
        assert_ne!(EvidenceRecord::key(&log, true), EvidenceRecord::key(&log, false));
    }
}
