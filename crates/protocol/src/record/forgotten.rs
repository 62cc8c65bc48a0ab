//! The record of the last epoch that was forgotten: nothing of it or of an earlier one may be kept again.

use crypto::cbor;
use domain::Epoch;
use minicbor::{Decode, Encode};

#[derive(Encode, Decode)]
struct Record {
    #[cbor(n(0), with = "crypto::cbor::epoch")]
    last: Epoch,
}

/// Key of the record.
pub(crate) fn forgotten_key() -> Vec<u8> {
    b"epoch".to_vec()
}

/// The record.
pub(crate) fn forgotten_record(last: Epoch) -> Vec<u8> {
    cbor::to_vec(&Record { last })
}

/// The last epoch that was forgotten.
pub(crate) fn last_forgotten(bytes: &[u8]) -> Option<Epoch> {
    cbor::from_slice::<Record>(bytes).ok().map(|record| record.last)
}
