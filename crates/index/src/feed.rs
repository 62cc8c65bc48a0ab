//! The signed documents of a feed: segment headers and heads.

use crypto::{Digest, Document, Signed, TypeName};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use minicbor::{Decode, Encode};

/// Names a feed: one organisation's tags in one circle and epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct FeedId {
    /// The organisation that publishes it.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub publisher: Oin,
    /// The circle.
    #[cbor(n(1), with = "crypto::cbor::circle_id")]
    pub circle: CircleId,
    /// The epoch whose keys made the tags.
    #[cbor(n(2), with = "crypto::cbor::epoch")]
    pub epoch: Epoch,
}

/// Header of one segment: what its body is and which header it follows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeaderDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The feed; its publisher is the signer.
    #[n(2)]
    pub feed: FeedId,
    /// 0 at first; one more for a publisher that goes on above headers it no longer holds. Its segments from there on
    /// hold everything again.
    #[n(3)]
    pub generation: u32,
    /// 1 for the first segment, then one more each time, across generations too.
    #[n(4)]
    pub sequence: u64,
    /// Digest of the header before; absent in the first.
    #[n(5)]
    pub previous: Option<Digest>,
    /// Digest of the body.
    #[n(6)]
    pub body: Digest,
    /// Tags added by the body.
    #[n(7)]
    pub added: u32,
    /// Tags withdrawn by the body.
    #[n(8)]
    pub withdrawn: u32,
    /// When the segment was made.
    #[cbor(n(9), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
    /// Number of the first segment of the run that this one belongs to. A run holds everything: it is the beginning
    /// of the feed, of a generation, or a full set, with what came after it.
    #[n(10)]
    pub begins: u64,
    /// How many segments, from the first of the run on, are its full set; 0 where it begins with nothing live.
    #[n(11)]
    pub parts: u32,
}

impl HeaderDocument {
    /// Whether it is the first of its run.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.sequence == self.begins
    }

    /// Whether its body is part of the full set with which its run begins.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.sequence.checked_sub(self.begins).is_some_and(|place| place < u64::from(self.parts))
    }

    /// How many tags come or go with its body.
    pub(crate) fn turnover(&self) -> u64 {
        u64::from(self.added) + u64::from(self.withdrawn)
    }

    /// Whether there can be such a header: only the very first of a feed continues nothing, a generation begins with
    /// a run of its own, and a full set withdraws nothing.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let opens = self.sequence == 1;
        let starts = self.begins == 1 && self.generation == 0 && self.parts == 0;
        let continues = self.begins > 1 && (self.generation > 0 || self.parts > 0);
        self.begins <= self.sequence
            && opens == self.previous.is_none()
            && (starts || continues)
            && self.parts <= MAX_PARTS
            && !(self.is_part() && self.withdrawn > 0)
    }
}

impl Document for HeaderDocument {
    const LABEL: &'static str = "samenhang header v1";
}

/// The newest state of a feed, signed each interval: the heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HeadDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The feed; its publisher is the signer.
    #[n(2)]
    pub feed: FeedId,
    /// Generation of the newest segment.
    #[n(3)]
    pub generation: u32,
    /// Sequence number of the newest segment.
    #[n(4)]
    pub sequence: u64,
    /// Digest of its header.
    #[n(5)]
    pub header: Digest,
    /// When the head was made.
    #[cbor(n(6), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
    /// Whether the publisher still has tags to publish, so that every answer is incomplete.
    #[n(7)]
    pub backlog: bool,
    /// Version of the roster it acts on.
    #[n(8)]
    pub roster_version: u32,
    /// Digest of that roster.
    #[n(9)]
    pub roster: Digest,
    /// Digests of the key sets its tags were made with, ascending.
    #[n(10)]
    pub key_sets: Vec<Digest>,
}

impl Document for HeadDocument {
    const LABEL: &'static str = "samenhang head v1";
}

/// Most segments of one full set: four million tags, more than any rule allows.
pub const MAX_PARTS: u32 = 1_024;

/// Highest sequence number that a header or head may have. One a second comes near it in two thousand million years, so
/// a higher one is meant to leave no room for the next.
pub const MAX_SEQUENCE: u64 = 1 << 56;

/// Highest generation that a header or head may have: one for every loss of a folder or replacement of keys.
pub const MAX_GENERATION: u32 = 1 << 28;

/// A place in a feed: one header, named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its generation.
    pub generation: u32,
    /// Its sequence number.
    pub sequence: u64,
    /// Its digest.
    pub header: Digest,
}

impl Position {
    /// Whether a feed can get there; whatever is signed elsewhere is refused, whoever signed it.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.sequence <= MAX_SEQUENCE && self.generation <= MAX_GENERATION
    }
}

impl From<&Signed<HeaderDocument>> for Position {
    fn from(header: &Signed<HeaderDocument>) -> Self {
        let document = header.document();
        Self { generation: document.generation, sequence: document.sequence, header: header.digest() }
    }
}

impl From<&HeadDocument> for Position {
    fn from(head: &HeadDocument) -> Self {
        Self { generation: head.generation, sequence: head.sequence, header: head.header }
    }
}
