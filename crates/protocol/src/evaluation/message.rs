//! Frames of the evaluation conversation.

use crypto::Digest;
use minicbor::{Decode, Encode};

/// Blinded elements that one request may carry.
pub(crate) const MAX_ELEMENTS: usize = 256;

const ELEMENT_BYTES: usize = 32;

/// Asks a keyholder to evaluate blinded elements with its share.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EvaluationRequest {
    /// Digest of the key set to evaluate with.
    #[n(0)]
    pub key_set: Digest,
    /// Random id of the request; the same at every keyholder asked.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub request_id: [u8; 16],
    /// One to 256 serialised ristretto255 elements, 32 bytes each.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub elements: Vec<u8>,
}

/// What a keyholder answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EvaluationResponse {
    /// The elements evaluated, in order, and one proof over all of them.
    #[n(1)]
    Evaluated {
        /// As many elements as were asked, 32 bytes each.
        #[cbor(n(0), with = "minicbor::bytes")]
        elements: Vec<u8>,
        /// DLEQ proof of RFC 9497, 64 bytes.
        #[cbor(n(1), with = "minicbor::bytes")]
        proof: [u8; 64],
    },
    /// Not evaluated.
    #[n(2)]
    Refused {
        /// Why.
        #[n(0)]
        reason: EvaluationRefusal,
    },
}

/// Why a keyholder does not evaluate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EvaluationRefusal {
    /// The key set is not one of this keyholder's for the epoch that is entered or prepared.
    #[n(1)]
    UnknownKeySet,
    /// The asker may not process the BSN.
    #[n(2)]
    NotEntitled,
    /// The request cannot be read, or holds an element that is none.
    #[n(3)]
    Malformed,
    /// This keyholder holds no share of that key set: it was restored, or gave the attempt up that made it.
    #[n(4)]
    NoShare,
    /// The asker is proven to have signed two logs.
    #[n(9)]
    Forked,
}

/// Lays elements end to end.
pub(crate) fn pack(elements: &[[u8; ELEMENT_BYTES]]) -> Vec<u8> {
    elements.as_flattened().to_vec()
}

/// Cuts bytes into elements; `None` when they do not come out even or are too many.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Vec<[u8; ELEMENT_BYTES]>> {
    let (elements, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
    (rest.is_empty() && !elements.is_empty() && elements.len() <= MAX_ELEMENTS).then(|| elements.to_vec())
}
