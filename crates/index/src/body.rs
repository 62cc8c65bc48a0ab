//! The body of a segment: the tags that come and go.

use crypto::{Digest, Tag, cbor, digest};
use minicbor::{Decode, Encode};

use crate::FeedError;

/// Most tags in one body, added and withdrawn together: 64,000 bytes, one record of the store.
pub const MAX_TAGS: usize = 4_000;

const TAG_BYTES: usize = 16;

/// Tags added and withdrawn by one segment, each list ascending and without repetition.
///
/// Tags are outputs of a pseudo-random function, so sorting them is a shuffle: their order says nothing of the
/// order in which families were registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    added: Vec<Tag>,
    withdrawn: Vec<Tag>,
}

#[derive(Encode, Decode)]
struct Wire {
    #[cbor(n(0), with = "minicbor::bytes")]
    added: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    withdrawn: Vec<u8>,
}

impl Body {
    /// Sorts the tags and drops repetitions.
    ///
    /// # Errors
    /// More than [`MAX_TAGS`] in all.
    pub fn new(mut added: Vec<Tag>, mut withdrawn: Vec<Tag>) -> Result<Self, FeedError> {
        for list in [&mut added, &mut withdrawn] {
            list.sort_unstable();
            list.dedup();
        }
        if added.len() + withdrawn.len() > MAX_TAGS {
            return Err(FeedError::MalformedBody);
        }
        Ok(Self { added, withdrawn })
    }

    /// Tags added, ascending.
    #[must_use]
    pub fn added(&self) -> &[Tag] {
        &self.added
    }

    /// Tags withdrawn, ascending.
    #[must_use]
    pub fn withdrawn(&self) -> &[Tag] {
        &self.withdrawn
    }

    /// How many tags come or go.
    pub(crate) fn turnover(&self) -> u64 {
        (self.added.len() + self.withdrawn.len()) as u64
    }

    /// The bytes on the wire and on disk.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(&Wire { added: pack(&self.added), withdrawn: pack(&self.withdrawn) })
    }

    /// Reads what `to_bytes` wrote.
    ///
    /// # Errors
    /// Anything else: other encodings, unsorted or repeated tags, too many.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FeedError> {
        let wire: Wire = cbor::from_slice(bytes).map_err(|_| FeedError::MalformedBody)?;
        let body = Self { added: unpack(&wire.added)?, withdrawn: unpack(&wire.withdrawn)? };
        if body.added.len() + body.withdrawn.len() > MAX_TAGS {
            return Err(FeedError::MalformedBody);
        }
        Ok(body)
    }

    /// Digest by which the header names the body.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Self::digest_of(&self.to_bytes())
    }

    /// The digest of a body that has these bytes, whether or not they are those of one.
    #[must_use]
    pub fn digest_of(bytes: &[u8]) -> Digest {
        digest("samenhang body v1", &[bytes])
    }
}

fn pack(tags: &[Tag]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(tags.len() * TAG_BYTES);
    for tag in tags {
        packed.extend_from_slice(tag.as_bytes());
    }
    packed
}

fn unpack(bytes: &[u8]) -> Result<Vec<Tag>, FeedError> {
    let (chunks, rest) = bytes.as_chunks::<TAG_BYTES>();
    let tags: Vec<Tag> = chunks.iter().map(|chunk| Tag::from_bytes(*chunk)).collect();
    if rest.is_empty() && tags.is_sorted_by(|a, b| a < b) { Ok(tags) } else { Err(FeedError::MalformedBody) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(byte: u8) -> Tag {
        Tag::from_bytes([byte; 16])
    }

    #[test]
    fn a_body_is_sorted_and_survives_its_encoding() {
        let body = Body::new(vec![tag(3), tag(1), tag(3)], vec![tag(2)]).unwrap();
        assert_eq!(body.added(), [tag(1), tag(3)]);
        assert_eq!(Body::from_bytes(&body.to_bytes()).unwrap(), body);
        assert_eq!(Body::digest_of(&body.to_bytes()), body.digest());
    }

    #[test]
    fn unsorted_torn_or_oversized_bodies_are_refused() {
        let wire = |added: Vec<u8>| cbor::to_vec(&Wire { added, withdrawn: vec![] });
        for bytes in [
            wire([[2; 16], [1; 16]].concat()),
            wire([[1; 16], [1; 16]].concat()),
            wire(vec![1; 15]),
            wire(
                (0..=u16::try_from(MAX_TAGS).unwrap()).flat_map(|n| [n.to_be_bytes(); 8].concat()).collect(),
            ),
            vec![0xff],
            vec![],
        ] {
            assert_eq!(Body::from_bytes(&bytes).unwrap_err(), FeedError::MalformedBody);
        }
    }
}
