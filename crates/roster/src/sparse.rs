//! Fields that say nothing take no bytes: a document without them is encoded as before they existed.
//!
//! So the rosters of a network that uses none of them keep their digests, and its nodes need no new version.

use minicbor::data::Type;
use minicbor::decode::Error as ReadError;
use minicbor::encode::{Error as WriteError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

pub(crate) fn encode<C, T: Encode<C>, W: Write>(
    value: &T,
    encoder: &mut Encoder<W>,
    context: &mut C,
) -> Result<(), WriteError<W::Error>> {
    value.encode(encoder, context)
}

pub(crate) fn decode<'b, C, T: Decode<'b, C> + Default>(
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> Result<T, ReadError> {
    // Left out before a field that says something, it is null.
    if decoder.datatype()? == Type::Null {
        decoder.skip()?;
        return Ok(T::default());
    }
    T::decode(decoder, context)
}

pub(crate) fn is_nil<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[expect(clippy::unnecessary_wraps, reason = "the signature is the encoder's")]
pub(crate) fn nil<T: Default>() -> Option<T> {
    Some(T::default())
}
