//! Signed documents: deterministic CBOR under one label and one signature. What is signed are the bytes as
//! received; a document is trusted only as [`Signed`].

use std::fmt;
use std::marker::PhantomData;

use minicbor::{Decode, Encode};

use crate::cbor::{self, EncodingError};
use crate::signing::{BadSignature, Signature, SigningKey, VerifyingKey};
use crate::transcript::{Digest, digest};

/// A type that is signed as a document. The label keeps a signature over one type from serving for another.
pub trait Document: Encode<()> + for<'b> Decode<'b, ()> + Sized {
    /// Domain tag of signatures and digests, for example `samenhang head v1`.
    const LABEL: &'static str;
}

/// A document whose signature has been verified, or that was signed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    document: T,
    wire: Wire,
}

/// The two parts that travel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Wire {
    #[cbor(n(0), with = "minicbor::bytes")]
    document: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

impl<T: Document> Signed<T> {
    /// Encodes and signs.
    #[must_use]
    pub fn sign(document: T, key: &SigningKey) -> Self {
        let bytes = cbor::to_vec(&document);
        let signature = key.sign(T::LABEL, &bytes);
        Self { document, wire: Wire { document: bytes, signature } }
    }

    /// The document.
    #[must_use]
    pub const fn document(&self) -> &T {
        &self.document
    }

    /// The document, giving up its signature.
    #[must_use]
    pub fn into_document(self) -> T {
        self.document
    }

    /// The CBOR array of document bytes and signature.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        cbor::to_vec(&self.wire)
    }

    /// The document bytes that are signed, without the label.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.wire.document
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.wire.signature
    }

    /// The digest by which other documents name this one; it does not cover the signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(T::LABEL, &[&self.wire.document])
    }
}

/// A well-formed document whose signature has not been verified yet.
#[derive(Clone, Debug)]
pub struct Unverified<T> {
    claimed: T,
    wire: Wire,
}

impl<T: Document> Unverified<T> {
    /// Reads the wire form; both layers must be canonical.
    ///
    /// # Errors
    /// Malformed or not canonical.
    pub fn parse(wire: &[u8]) -> Result<Self, EncodingError> {
        let wire: Wire = cbor::from_slice(wire)?;
        Ok(Self { claimed: cbor::from_slice(&wire.document)?, wire })
    }

    /// What the document says, to look up the signer by. Nothing here is proven.
    #[must_use]
    pub const fn claimed(&self) -> &T {
        &self.claimed
    }

    /// Takes the document that another one names, without its own signature being looked at: `digest` stands in a document
    /// of the same signer that was verified, and covers every byte of this one.
    ///
    /// # Errors
    /// The document, when it is another one.
    pub fn named_by(self, digest: &Digest) -> Result<Signed<T>, Self> {
        let signed = Signed { document: self.claimed, wire: self.wire };
        if signed.digest() == *digest {
            Ok(signed)
        } else {
            Err(Self { claimed: signed.document, wire: signed.wire })
        }
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// The signature does not verify under `key`.
    pub fn verify(self, key: &VerifyingKey) -> Result<Signed<T>, BadSignature> {
        key.verify(T::LABEL, &self.wire.document, &self.wire.signature)?;
        Ok(Signed { document: self.claimed, wire: self.wire })
    }
}

/// First field of a document: its own label, as text. Decoding refuses any other text.
pub struct TypeName<T>(PhantomData<fn() -> T>);

impl<T> TypeName<T> {
    /// The only value.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for TypeName<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TypeName<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TypeName<T> {}

impl<T> PartialEq for TypeName<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for TypeName<T> {}

impl<T: Document> fmt::Debug for TypeName<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::LABEL)
    }
}

impl<C, T: Document> Encode<C> for TypeName<T> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(T::LABEL)?.ok()
    }
}

impl<'b, C, T: Document> Decode<'b, C> for TypeName<T> {
    fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if decoder.str()? == T::LABEL {
            Ok(Self::new())
        } else {
            Err(minicbor::decode::Error::message("another type of document"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[derive(Clone, Debug, PartialEq, Encode, Decode)]
    struct Note {
        #[n(0)]
        kind: TypeName<Self>,
        #[n(1)]
        number: u32,
    }

    impl Document for Note {
        const LABEL: &'static str = "test note v1";
    }

    #[derive(Clone, Debug, PartialEq, Encode, Decode)]
    struct Other {
        #[n(0)]
        kind: TypeName<Self>,
        #[n(1)]
        number: u32,
    }

    impl Document for Other {
        const LABEL: &'static str = "test other v1";
    }

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed(&Seed::from_bytes([byte; 32]))
    }

    #[test]
    fn only_the_signers_document_comes_back() {
        let signed = Signed::sign(Note { kind: TypeName::new(), number: 5 }, &key(1));
        let wire = signed.to_wire();
        let parsed = Unverified::<Note>::parse(&wire).unwrap();
        assert_eq!(parsed.claimed().number, 5);
        assert_eq!(parsed.clone().verify(&key(1).verifying_key()).unwrap(), signed);
        assert_eq!(parsed.verify(&key(2).verifying_key()), Err(BadSignature));
        let named = |number| Signed::sign(Note { kind: TypeName::new(), number }, &key(3)).digest();
        let parsed = || Unverified::<Note>::parse(&wire).unwrap();
        assert_eq!(parsed().named_by(&named(5)).unwrap(), signed);
        assert_eq!(parsed().named_by(&named(6)).unwrap_err().claimed().number, 5);
        assert_eq!(signed.digest(), digest("test note v1", &[signed.bytes()]));
    }

    #[test]
    fn another_type_and_another_spelling_are_refused() {
        let signed = Signed::sign(Note { kind: TypeName::new(), number: 5 }, &key(1));
        assert_eq!(Unverified::<Other>::parse(&signed.to_wire()).unwrap_err(), EncodingError::Malformed);
        let mut longer = signed.bytes().to_vec();
        let last = longer.pop().unwrap();
        longer.extend([0x18, last]);
        let signature = key(1).sign(Note::LABEL, &longer);
        let wire = cbor::to_vec(&Wire { document: longer, signature });
        assert_eq!(Unverified::<Note>::parse(&wire).unwrap_err(), EncodingError::NotCanonical);
    }
}
