//! Frames of the feed conversation.

use crypto::Digest;
use domain::CircleId;
use index::FeedId;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

/// Headers in one response; about 350 bytes each.
pub(crate) const HEADERS_PER_PAGE: usize = 128;

/// Heads in one response; about 450 bytes each, 1,024 at most. In a larger circle the next question gets the next.
pub(crate) const HEADS_PER_PAGE: usize = 64;

/// Longest signed head: its fields come to less than half of this. A header is shorter.
pub(crate) const MAX_HEAD_BYTES: usize = 1_024;

/// A request of the feed conversation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FeedRequest {
    /// The newest heads of the circle that the responder holds and the asker may read.
    #[n(1)]
    Heads {
        /// The circle.
        #[cbor(n(0), with = "crypto::cbor::circle_id")]
        circle: CircleId,
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
    },
    /// One body of a feed.
    #[n(3)]
    Body {
        /// The feed.
        #[n(0)]
        feed: FeedId,
        /// The body's digest.
        #[n(1)]
        digest: Digest,
    },
    /// The newest header and head of a feed that the responder holds. Its publisher may ask too: it wants to hear
    /// what it signed before it signs more.
    #[n(4)]
    Newest {
        /// The feed.
        #[n(0)]
        feed: FeedId,
    },
}

/// The response to a [`FeedRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FeedResponse {
    /// Signed heads.
    #[n(1)]
    Heads {
        /// At most 128.
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
    /// A body.
    #[n(3)]
    Body {
        /// Its bytes.
        #[cbor(n(0), with = "minicbor::bytes")]
        bytes: Vec<u8>,
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
}
