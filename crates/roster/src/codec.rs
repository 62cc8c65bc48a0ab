//! CBOR codecs for domain types, for use in `#[cbor(with = "…")]`.
//!
//! The domain does not serialise; signed documents, wire messages and records borrow these instead of repeating
//! the conversions. Decoding goes through the domain's own constructors, so nothing invalid gets in.

use minicbor::decode::{Decoder, Error};
use minicbor::encode::{Encoder, Error as EncodeError, Write};

macro_rules! bytes_codec {
    ($(#[$doc:meta])* $module:ident, $type:ty, $len:literal, $make:expr) => {
        $(#[$doc])*
        pub mod $module {
            use super::*;

            /// Writes the value as a byte string.
            ///
            /// # Errors
            /// When the writer fails.
            pub fn encode<C, W: Write>(
                value: &$type,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), EncodeError<W::Error>> {
                e.bytes(value.as_bytes().as_slice())?.ok()
            }

            /// Reads the value.
            ///
            /// # Errors
            /// Another length, or a value that the domain refuses.
            pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<$type, Error> {
                let bytes: [u8; $len] =
                    d.bytes()?.try_into().map_err(|_| Error::message(concat!(stringify!($module), ": wrong length")))?;
                let make: fn([u8; $len]) -> Option<$type> = $make;
                make(bytes).ok_or_else(|| Error::message(concat!(stringify!($module), ": refused")))
            }
        }
    };
}

bytes_codec!(
    /// `domain::Oin` as twenty bytes.
    oin,
    domain::Oin,
    20,
    |bytes| domain::Oin::try_from(bytes.as_slice()).ok()
);
bytes_codec!(
    /// `domain::CircleId` as sixteen bytes.
    circle,
    domain::CircleId,
    16,
    |bytes| Some(domain::CircleId::from_bytes(bytes))
);
bytes_codec!(
    /// `domain::NetworkId` as 32 bytes.
    network,
    domain::NetworkId,
    32,
    |bytes| Some(domain::NetworkId::from_bytes(bytes))
);

macro_rules! text_codec {
    ($(#[$doc:meta])* $module:ident, $type:ty) => {
        $(#[$doc])*
        pub mod $module {
            use super::*;

            /// Writes the value as text.
            ///
            /// # Errors
            /// When the writer fails.
            pub fn encode<C, W: Write>(
                value: &$type,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), EncodeError<W::Error>> {
                e.str(value.as_str())?.ok()
            }

            /// Reads the value.
            ///
            /// # Errors
            /// Text that the domain refuses.
            pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<$type, Error> {
                d.str()?.parse().map_err(|_| Error::message(concat!(stringify!($module), ": refused")))
            }
        }
    };
}

text_codec!(
    /// `domain::Sector` as text.
    sector,
    domain::Sector
);
text_codec!(
    /// `domain::LegalBasisCode` as text.
    legal_basis,
    domain::LegalBasisCode
);

macro_rules! number_codec {
    ($(#[$doc:meta])* $module:ident, $type:ty, $raw:ident, $into:expr, $make:expr) => {
        $(#[$doc])*
        pub mod $module {
            use super::*;

            /// Writes the value as an unsigned number.
            ///
            /// # Errors
            /// When the writer fails.
            pub fn encode<C, W: Write>(
                value: &$type,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), EncodeError<W::Error>> {
                let into: fn(&$type) -> $raw = $into;
                e.$raw(into(value))?.ok()
            }

            /// Reads the value.
            ///
            /// # Errors
            /// A number out of range.
            pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<$type, Error> {
                let make: fn($raw) -> Option<$type> = $make;
                make(d.$raw()?).ok_or_else(|| Error::message(concat!(stringify!($module), ": refused")))
            }
        }
    };
}

number_codec!(
    /// `domain::Epoch` as a number.
    epoch,
    domain::Epoch,
    u32,
    |epoch| epoch.0,
    |number| Some(domain::Epoch(number))
);
number_codec!(
    /// `domain::Timestamp` as UTC seconds.
    timestamp,
    domain::Timestamp,
    u64,
    |time| time.0,
    |seconds| Some(domain::Timestamp(seconds))
);
number_codec!(
    /// `domain::KeyClass`: 1 bsn, 2 zwak.
    key_class,
    domain::KeyClass,
    u8,
    |class| match class {
        domain::KeyClass::Bsn => 1,
        domain::KeyClass::Weak => 2,
    },
    |number| match number {
        1 => Some(domain::KeyClass::Bsn),
        2 => Some(domain::KeyClass::Weak),
        _ => None,
    }
);
