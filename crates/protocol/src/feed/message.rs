//! Frames of the feed conversation.

use crypto::Digest;
use domain::{CircleId, Epoch, Oin, Timestamp};
use index::{FeedId, ProofPlace};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Headers in one response; about 350 bytes each.
pub(crate) const HEADERS_PER_PAGE: usize = 128;

/// Heads in one request and in its response: about 30 bytes each in the one, and 450 in the other, 1,024 at most.
pub(crate) const HEADS_PER_PAGE: usize = 24;

/// Bodies in one request, each named by 34 bytes.
pub(crate) const BODIES_PER_PAGE: usize = 16;

/// Tags in the bodies of one response, unless there is only one: 64,000 bytes.
pub(crate) const TAGS_PER_PAGE: usize = index::MAX_TAGS;

/// Proofs in one response, about 800 bytes each, 2,112 at most.
pub(crate) const PROOFS_PER_PAGE: usize = 16;

/// Longest signed head: its fields come to less than half of this. A header is shorter.
pub(crate) const MAX_HEAD_BYTES: usize = 1_024;

/// A request of the feed conversation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FeedRequest {
    /// Heads of the circle that are newer than those the asker holds.
    #[n(1)]
    Heads {
        /// The circle.
        #[cbor(n(0), with = "crypto::cbor::circle_id")]
        circle: CircleId,
        /// Whose heads, at most 24.
        #[n(1)]
        newer: Vec<NewerThan>,
    },
    /// Headers of a feed after a sequence number, oldest first.
    #[n(2)]
    Headers {
        /// The feed.
        #[n(0)]
        feed: FeedId,
        /// The newest sequence number held; zero for none.
        #[n(1)]
        after: u64,
        /// The newest sequence number up to which the asker matches on everything; zero for none.
        #[n(2)]
        taken: u64,
    },
    /// Bodies of a feed.
    #[n(3)]
    Bodies {
        /// The feed.
        #[n(0)]
        feed: FeedId,
        /// Their digests, in the order in which they are needed; at most 16.
        #[n(1)]
        digests: Vec<Digest>,
    },
    /// The newest header and head of a feed that the responder holds. Its publisher may ask too: it wants to hear
    /// what it signed before it signs more.
    #[n(4)]
    Newest {
        /// The feed.
        #[n(0)]
        feed: FeedId,
    },
    /// The proofs of equivocation that the asker may hear.
    #[n(6)]
    Proofs {
        /// The place after which they are wanted, in order of publisher and circle; none for the first page.
        #[n(0)]
        after: Option<ProofPlace>,
    },
    /// A proof of equivocation, passed on; the answer is an empty page.
    #[n(7)]
    Proof {
        /// Its bytes.
        #[n(0)]
        proof: ByteVec,
    },
}

/// Whose head is wanted, when it is newer than the one held.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NewerThan {
    /// The publisher.
    #[cbor(n(0), with = "crypto::cbor::oin")]
    pub publisher: Oin,
    /// Its epoch.
    #[cbor(n(1), with = "crypto::cbor::epoch")]
    pub epoch: Epoch,
    /// The time of the head held; zero for none.
    #[cbor(n(2), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
}

/// The response to a [`FeedRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FeedResponse {
    /// Signed heads.
    #[n(1)]
    Heads {
        /// At most 24.
        #[n(0)]
        heads: Vec<ByteVec>,
    },
    /// Signed headers.
    #[n(2)]
    Headers {
        /// At most 128.
        #[n(0)]
        headers: Vec<ByteVec>,
    },
    /// The first of the bodies asked for, without a gap: as many as are held and fit.
    #[n(3)]
    Bodies {
        /// Their bytes.
        #[n(0)]
        bodies: Vec<ByteVec>,
    },
    /// Not held, not followed, or not for the asker: the same answer for all.
    #[n(4)]
    Unknown,
    /// The newest header and head held, which need not belong together. Neither: the responder follows the feed and
    /// holds nothing of it.
    #[n(5)]
    Newest {
        /// A signed header.
        #[n(0)]
        header: Option<ByteVec>,
        /// A signed head.
        #[n(1)]
        head: Option<ByteVec>,
    },
    /// Proofs of equivocation, in order of publisher and circle.
    #[n(6)]
    Proofs {
        /// At most 16.
        #[n(0)]
        proofs: Vec<ByteVec>,
    },
}
