//! Codecs of what is wiped when dropped.

/// A byte string of any length.
pub(super) mod bytes {
    use minicbor::decode::Error;
    use minicbor::encode::{Error as WriteError, Write};
    use minicbor::{Decoder, Encoder};
    use zeroize::Zeroizing;

    pub(crate) fn encode<C, W: Write>(
        value: &Zeroizing<Vec<u8>>,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), WriteError<W::Error>> {
        encoder.bytes(value)?.ok()
    }

    pub(crate) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Zeroizing<Vec<u8>>, Error> {
        Ok(Zeroizing::new(decoder.bytes()?.to_vec()))
    }
}

/// A byte string of 32.
pub(super) mod scalar {
    use minicbor::decode::Error;
    use minicbor::encode::{Error as WriteError, Write};
    use minicbor::{Decoder, Encoder};
    use zeroize::Zeroizing;

    pub(crate) fn encode<C, W: Write>(
        value: &Zeroizing<[u8; 32]>,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), WriteError<W::Error>> {
        encoder.bytes(value.as_slice())?.ok()
    }

    pub(crate) fn decode<C>(decoder: &mut Decoder<'_>, _: &mut C) -> Result<Zeroizing<[u8; 32]>, Error> {
        let bytes = decoder.bytes()?.try_into();
        bytes.map(Zeroizing::new).map_err(|_| Error::message("wrong length of a scalar"))
    }
}
