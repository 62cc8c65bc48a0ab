//! Deterministic CBOR (RFC 8949 §4.2.1): arrays only, no floats, one encoding per value.
//!
//! Types derive `minicbor::Encode` and `minicbor::Decode` as arrays. What makes the encoding deterministic is
//! [`from_slice`]: bytes that do not come out the same when encoded again are refused, so indefinite lengths,
//! longer integers, extra array items and trailing bytes never pass. The modules here are codecs of the domain's
//! types, for `#[cbor(with = "crypto::cbor::epoch")]`; the domain itself knows no encoding.

use minicbor::{Decode, Decoder, Encode};
use thiserror::Error;

/// Bytes of a peer or of the disk that are not what they should be. Drop them; whoever sent them is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EncodingError {
    /// Not CBOR, or not of the expected type.
    #[error("not the expected CBOR structure")]
    Malformed,
    /// The value is complete, yet bytes follow.
    #[error("bytes follow the CBOR value")]
    TrailingBytes,
    /// A second spelling of a value that has one canonical encoding.
    #[error("not in deterministic CBOR")]
    NotCanonical,
}

/// Encodes a value.
///
/// # Panics
/// Never for types that derive `Encode`: writing to memory does not fail.
#[must_use]
pub fn to_vec<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("encoding into memory does not fail")
}

/// Decodes exactly one value and refuses every encoding of it but the canonical one.
///
/// # Errors
/// Malformed, followed by other bytes, or not canonical.
pub fn from_slice<T>(bytes: &[u8]) -> Result<T, EncodingError>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| EncodingError::Malformed)?;
    if decoder.position() != bytes.len() {
        return Err(EncodingError::TrailingBytes);
    }
    if to_vec(&value) == bytes { Ok(value) } else { Err(EncodingError::NotCanonical) }
}

/// Implements the codec of a newtype over `[u8; N]` as one byte string.
macro_rules! byte_string {
    ($name:ty, $len:literal) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(self.as_bytes())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let bytes = <[u8; $len]>::try_from(decoder.bytes()?)
                    .map_err(|_| minicbor::decode::Error::message("wrong length of byte string"))?;
                Ok(Self::from_bytes(bytes))
            }
        }
    };
}
pub(crate) use byte_string;

/// Writes the module of one domain identifier: how it is written, how it is read.
macro_rules! codec {
    ($(#[$doc:meta])* $module:ident, $type:ty, $write:expr, $read:expr) => {
        $(#[$doc])*
        pub mod $module {
            use minicbor::decode::Error;
            use minicbor::encode::{Error as WriteError, Write};
            use minicbor::{Decoder, Encoder};

            /// Writes the value.
            ///
            /// # Errors
            /// Only when the writer fails.
            pub fn encode<C, W: Write>(
                value: &$type,
                encoder: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), WriteError<W::Error>> {
                let write: fn(&mut Encoder<W>, &$type) -> Result<(), WriteError<W::Error>> = $write;
                write(encoder, value)
            }

            /// Reads the value.
            ///
            /// # Errors
            /// Another CBOR type or length, or a value the type refuses.
            pub fn decode<'b, C>(decoder: &mut Decoder<'b>, _: &mut C) -> Result<$type, Error> {
                let read: fn(&mut Decoder<'b>) -> Result<$type, Error> = $read;
                read(decoder)
            }
        }
    };
}

fn fixed<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], minicbor::decode::Error> {
    decoder.bytes()?.try_into().map_err(|_| minicbor::decode::Error::message("wrong length of byte string"))
}

codec!(
    /// A network id, as a byte string of 32.
    network_id, domain::NetworkId,
    |encoder, id| encoder.bytes(id.as_bytes())?.ok(),
    |decoder| super::fixed(decoder).map(domain::NetworkId::from_bytes)
);
codec!(
    /// An epoch, as an unsigned integer.
    epoch, domain::Epoch,
    |encoder, epoch| encoder.u32(epoch.0)?.ok(),
    |decoder| decoder.u32().map(domain::Epoch)
);
codec!(
    /// A key class, as its Dutch name.
    key_class, domain::KeyClass,
    |encoder, class| encoder.str(class.dutch())?.ok(),
    |decoder| {
        let name = decoder.str()?;
        domain::KeyClass::ALL
            .into_iter()
            .find(|class| class.dutch() == name)
            .ok_or_else(|| Error::message("not a key class"))
    }
);

codec!(
    /// An OIN, as a byte string of its twenty digits.
    oin, domain::Oin,
    |encoder, oin| encoder.bytes(oin.as_bytes())?.ok(),
    |decoder| domain::Oin::try_from(decoder.bytes()?).map_err(|_| Error::message("not an OIN"))
);
codec!(
    /// A circle id, as a byte string of 16.
    circle_id, domain::CircleId,
    |encoder, id| encoder.bytes(id.as_bytes())?.ok(),
    |decoder| super::fixed(decoder).map(domain::CircleId::from_bytes)
);
codec!(
    /// A moment, as UTC seconds.
    timestamp, domain::Timestamp,
    |encoder, moment| encoder.u64(moment.0)?.ok(),
    |decoder| decoder.u64().map(domain::Timestamp)
);
codec!(
    /// A sector, as text.
    sector, domain::Sector,
    |encoder, sector| encoder.str(sector.as_str())?.ok(),
    |decoder| decoder.str()?.parse().map_err(|_| Error::message("not a sector"))
);
codec!(
    /// The code of a legal basis, as text.
    legal_basis, domain::LegalBasisCode,
    |encoder, code| encoder.str(code.as_str())?.ok(),
    |decoder| decoder.str()?.parse().map_err(|_| Error::message("not the code of a legal basis"))
);

#[cfg(test)]
mod tests {
    use domain::{Epoch, KeyClass, NetworkId};
    use minicbor::{Decode, Encode};

    use super::*;

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Sample {
        #[cbor(n(0), with = "crate::cbor::network_id")]
        network: NetworkId,
        #[cbor(n(1), with = "crate::cbor::epoch")]
        epoch: Epoch,
        #[cbor(n(2), with = "crate::cbor::key_class")]
        class: KeyClass,
        #[cbor(n(3), with = "minicbor::bytes")]
        bytes: Vec<u8>,
    }

    fn sample() -> Sample {
        Sample {
            network: NetworkId::from_bytes([0x30; 32]),
            epoch: Epoch(3),
            class: KeyClass::Weak,
            bytes: vec![1, 2],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = to_vec(&sample());
        assert_eq!(hex::encode(&bytes), "845820".to_owned() + &"30".repeat(32) + "03647a77616b420102");
        assert_eq!(from_slice::<Sample>(&bytes).unwrap(), sample());
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let bytes = to_vec(&sample());
        let text = hex::encode(&bytes);
        let check = |spelling: String, expected: EncodingError| {
            let bytes = hex::decode(&spelling).unwrap();
            assert_eq!(from_slice::<Sample>(&bytes).unwrap_err(), expected, "{spelling}");
        };
        check(text.clone() + "00", EncodingError::TrailingBytes);
        check(text[..text.len() - 2].to_owned(), EncodingError::Malformed);
        check(text.replacen("84", "9804", 1), EncodingError::NotCanonical);
        check(text.replacen("84", "9f", 1) + "ff", EncodingError::NotCanonical);
        check(text.replacen("84", "85", 1) + "00", EncodingError::NotCanonical);
        check(text.replace("03647a", "1803647a"), EncodingError::NotCanonical);
        check(text.replace("420102", "58020102"), EncodingError::NotCanonical);
        check(text.replace("7a77616b", "7a77616c"), EncodingError::Malformed);
        check(text.replacen("58203030", "581f30", 1), EncodingError::Malformed);
    }
}
