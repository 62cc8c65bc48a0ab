//! Pseudonym keys and tags: from the OPRF's output to `K`, from `K` to what an organisation publishes.

use std::fmt;

use domain::{CircleId, Oin};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::cbor::byte_string;

const KEY_LABEL: &[u8] = b"samenhang K v1";
const TAG_LABEL: &[u8; 16] = b"samenhang tag v1";
const MESSAGE_LEN: usize = TAG_LABEL.len() + 20 + 16;

// With its padding, a message of at most 55 bytes fills one SHA-256 block; a longer one costs a third more.
const _: () = assert!(MESSAGE_LEN <= 55);

/// `K`: what one linkage key becomes under one key set. Whoever knows it can recognise the person's tags.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PseudonymKey([u8; 32]);

impl PseudonymKey {
    /// HKDF-SHA256 of the OPRF output, without salt, info `samenhang K v1`.
    #[must_use]
    pub fn from_output(output: &[u8; 64]) -> Self {
        let mut key = Self([0; 32]);
        Hkdf::<Sha256>::new(None, output)
            .expand(KEY_LABEL, &mut key.0)
            .expect("one block is within the limit of 255");
        key
    }

    /// Wraps bytes from sealed storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. Secret: only for sealed storage and for deriving keys.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for PseudonymKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for PseudonymKey {}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(redacted)")
    }
}

/// What an organisation publishes in one circle about one linkage key: sixteen bytes that say nothing to whoever
/// does not know `K`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag([u8; 16]);

impl Tag {
    /// Wraps the bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

byte_string!(Tag, 16);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

/// Where an organisation publishes: everything that a tag authenticates, made once for all tags there.
#[derive(Clone, Debug)]
pub struct TagPlace([u8; MESSAGE_LEN]);

impl TagPlace {
    /// What `oin` publishes in `circle`.
    #[must_use]
    pub fn new(oin: &Oin, circle: &CircleId) -> Self {
        let mut message = [0; MESSAGE_LEN];
        let parts = TAG_LABEL.iter().chain(oin.as_bytes()).chain(circle.as_bytes());
        for (slot, byte) in message.iter_mut().zip(parts) {
            *slot = *byte;
        }
        Self(message)
    }
}

/// Makes the tags of one `K`, keeping the keyed state so that a tag costs two compressions.
#[derive(Clone)]
pub struct Tagger(Hmac<Sha256>);

impl Tagger {
    /// Keys the state.
    #[must_use]
    pub fn new(key: &PseudonymKey) -> Self {
        Self(Hmac::new_from_slice(&key.0).expect("HMAC takes a key of any length"))
    }

    /// The tag that `oin` publishes in `circle`: the first 16 bytes of HMAC-SHA256(K, label ‖ OIN ‖ circle).
    #[must_use]
    pub fn tag(&self, oin: &Oin, circle: &CircleId) -> Tag {
        self.tag_at(&TagPlace::new(oin, circle))
    }

    /// The same for a place that is at hand: what many keys are probed with.
    #[must_use]
    pub fn tag_at(&self, place: &TagPlace) -> Tag {
        let mac: [u8; 32] = self.0.clone().chain_update(place.0).finalize().into_bytes().into();
        let (tag, _) = mac.split_first_chunk().expect("16 of 32 bytes");
        Tag(*tag)
    }
}

impl fmt::Debug for Tagger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tagger(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_truncated_mac_of_the_specified_message() {
        let key = PseudonymKey::from_bytes([3; 32]);
        let oin = Oin::test_number(12).unwrap();
        let circle = CircleId::from_bytes([9; 16]);
        let message = [&b"samenhang tag v1"[..], oin.as_bytes(), circle.as_bytes()].concat();
        let mac = Hmac::<Sha256>::new_from_slice(&[3; 32]).unwrap().chain_update(message).finalize();
        assert_eq!(Tagger::new(&key).tag(&oin, &circle).as_bytes()[..], mac.into_bytes()[..16]);
    }

    #[test]
    fn person_organisation_and_circle_all_change_the_tag() {
        let tag = |key: u8, oin: u64, circle: u8| {
            Tagger::new(&PseudonymKey::from_bytes([key; 32]))
                .tag(&Oin::test_number(oin).unwrap(), &CircleId::from_bytes([circle; 16]))
        };
        assert_eq!(tag(1, 1, 1), tag(1, 1, 1));
        for other in [tag(2, 1, 1), tag(1, 2, 1), tag(1, 1, 2)] {
            assert_ne!(tag(1, 1, 1), other);
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let key = PseudonymKey::from_bytes([3; 32]);
        assert_eq!(format!("{key:?} {:?}", Tagger::new(&key)), "PseudonymKey(redacted) Tagger(redacted)");
    }
}
