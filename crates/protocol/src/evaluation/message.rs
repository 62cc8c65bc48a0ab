//! Frames of the evaluation conversation.

use domain::Timestamp;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Blinded elements that one request may carry.
pub(crate) const MAX_ELEMENTS: usize = 256;

/// Leaves that one frame may carry.
pub(crate) const LEAVES_PER_PAGE: usize = 32;

const ELEMENT_BYTES: usize = 32;

/// What an organisation says to a keyholder, always of its own evaluation log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EvaluationRequest {
    /// Evaluate these elements with your share of the keys that the last leaf names.
    #[n(1)]
    Evaluate {
        /// One to 32 leaves in a row; the last one covers the elements, those before it may be missing.
        #[n(0)]
        leaves: Vec<ByteVec>,
        /// Checkpoint of the log with the last leaf as its last.
        #[cbor(n(1), with = "minicbor::bytes")]
        checkpoint: Vec<u8>,
        /// As many serialised ristretto255 elements as the leaf counts, 32 bytes each.
        #[cbor(n(2), with = "minicbor::bytes")]
        elements: Vec<u8>,
    },
    /// Hold these leaves, which you may have missed.
    #[n(2)]
    Show {
        /// One to 32 leaves in a row.
        #[n(0)]
        leaves: Vec<ByteVec>,
        /// Checkpoint of the log with the last of them as its last.
        #[cbor(n(1), with = "minicbor::bytes")]
        checkpoint: Vec<u8>,
    },
    /// Which leaves do you hold from this place on?
    #[n(3)]
    Hear {
        /// The place.
        #[n(0)]
        from: u64,
    },
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
    /// Not evaluated, or not taken.
    #[n(2)]
    Refused {
        /// Why.
        #[n(0)]
        reason: EvaluationRefusal,
    },
    /// What is held of the asker's log.
    #[n(3)]
    Holds {
        /// How many leaves.
        #[n(0)]
        size: u64,
        /// Those asked for, at most 32; none when leaves were shown.
        #[n(1)]
        leaves: Vec<ByteVec>,
        /// The asker's checkpoint at that size; empty when nothing is held.
        #[cbor(n(2), with = "minicbor::bytes")]
        checkpoint: Vec<u8>,
    },
}

/// Why a keyholder does not evaluate, or does not take a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
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
    /// Leaves before those are not there.
    #[n(5)]
    Missing {
        /// The first place that is missing.
        #[n(0)]
        from: u64,
    },
    /// The leaf does not cover the elements, or does not go on where the log left off.
    #[n(6)]
    NotCounted,
    /// More was counted than the asker may have evaluated.
    #[n(7)]
    OverQuota {
        /// The first moment at which it may; absent when there is none under these keys.
        #[cbor(n(0), with = "again")]
        again: Option<Timestamp>,
    },
    /// The asker has shown two logs, here or elsewhere.
    #[n(8)]
    TwoLogs,
    /// The roster gives the asker no key for its logs.
    #[n(9)]
    NoLogKey,
}

/// How many elements a request asks for, as far as it can be read: 0 for one that hands over or asks for leaves.
#[must_use]
pub fn elements_asked(frame: &[u8]) -> usize {
    let mut decoder = minicbor::Decoder::new(frame);
    let mut asked = || {
        let (_request, kind) = (decoder.array()?, decoder.u32()?);
        let _fields = decoder.array()?;
        decoder.skip()?;
        decoder.skip()?;
        Ok::<_, minicbor::decode::Error>(if kind == 1 { decoder.bytes()?.len() / ELEMENT_BYTES } else { 0 })
    };
    asked().unwrap_or(0)
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

/// A moment that may be absent, in UTC seconds.
mod again {
    use domain::Timestamp;
    use minicbor::decode::Error as DecodeError;
    use minicbor::encode::{Error, Write};
    use minicbor::{Decoder, Encoder};

    pub(super) fn encode<C, W: Write>(
        again: &Option<Timestamp>,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), Error<W::Error>> {
        match again {
            Some(moment) => encoder.u64(moment.0)?.ok(),
            None => encoder.null()?.ok(),
        }
    }

    pub(super) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Option<Timestamp>, DecodeError> {
        if decoder.datatype()? == minicbor::data::Type::Null {
            decoder.null()?;
            return Ok(None);
        }
        decoder.u64().map(Timestamp).map(Some)
    }
}
