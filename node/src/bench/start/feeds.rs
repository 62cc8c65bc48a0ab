//! The feeds that the node follows: signed and padded as their publishers would, one segment an interval.

use anyhow::{Context as _, Result};
use crypto::{Digest, Seed, Signed, Tag, cbor};
use domain::{NetworkId, Timestamp};
use index::{FeedId, HeadDocument, Publisher};
use protocol::feed::{FeedRequest, FeedResponse};

use super::network::{EPOCH, INTERVAL_SECONDS, key, publisher};
use crate::bench::matching::{CIRCLE, OwnKeys};

/// Own families that each organisation knows too.
pub(super) const SHARED_FAMILIES: usize = 5;

/// Headers in one answer: as many as a publisher gives.
const HEADERS_PER_ANSWER: usize = 128;

/// One organisation's feed, complete, as its publisher serves it.
pub(super) struct Feed {
    pub(super) segments: Vec<Served>,
    pub(super) head: Signed<HeadDocument>,
    pub(super) live: usize,
}

/// One segment.
pub(super) struct Served {
    sequence: u64,
    header: Vec<u8>,
    digest: Digest,
    body: Vec<u8>,
}

/// What feeds have in common.
pub(super) struct Common<'a> {
    pub(super) network: NetworkId,
    pub(super) roster: (u32, Digest),
    pub(super) key_sets: Vec<Digest>,
    pub(super) own: &'a OwnKeys,
    /// When the newest segments were published.
    pub(super) now: Timestamp,
}

/// The feed of the organisation with this number: so many tags, some of them those of own families, and then so many
/// segments with which only dummies come and go.
pub(super) fn publish(common: &Common<'_>, number: usize, tags: usize, segments: usize) -> Result<Feed> {
    let feed = FeedId { publisher: publisher(number)?, circle: CIRCLE, epoch: EPOCH };
    let key = key(number);
    let mut publisher = Publisher::new(common.network, feed);
    let shared = common.own.tags(&feed, number * SHARED_FAMILIES, SHARED_FAMILIES);
    let seed = Seed::from_bytes([0x55; 32]).derive("bench feed", number as u64);
    publisher.add((0..tags.saturating_sub(shared.len()) as u64).map(|n| drawn(&seed, n)));
    publisher.add(shared);
    publisher.pad(|| seed.derive("dummies", 0));
    let mut served = Vec::new();
    let mut after = 0;
    // As many intervals as the feed takes, up to now.
    let length = (tags.div_ceil(index::MAX_TAGS) + segments) as u64;
    while publisher.has_backlog() || after < segments {
        after += usize::from(!publisher.has_backlog());
        let age = length.saturating_sub(served.len() as u64) * u64::from(INTERVAL_SECONDS);
        let at = Timestamp(common.now.0.saturating_sub(age));
        let segment = publisher.segment(at, &key).context("the feed has no numbers left")?;
        let document = segment.header.document();
        served.push(Served {
            sequence: document.sequence,
            digest: document.body,
            header: segment.header.to_wire(),
            body: segment.body.to_bytes(),
        });
    }
    let head = publisher.head(common.now, false, common.roster, common.key_sets.clone(), &key);
    let live = publisher.live_len();
    Ok(Feed { segments: served, head: head.context("nothing was published")?, live })
}

impl Feed {
    /// What the publisher answers; `None` to what it does not serve here.
    pub(super) fn answer(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let response = match cbor::from_slice(frame).ok()? {
            FeedRequest::Headers { after, .. } => {
                let newer = self.segments.iter().filter(|segment| segment.sequence > after);
                let headers = newer.take(HEADERS_PER_ANSWER).map(|segment| segment.header.clone().into());
                FeedResponse::Headers { headers: headers.collect() }
            }
            FeedRequest::Bodies { digests, .. } => {
                let held = |digest: &Digest| self.segments.iter().find(|segment| segment.digest == *digest);
                let bodies = digests.iter().map_while(held).map(|segment| segment.body.clone().into());
                FeedResponse::Bodies { bodies: bodies.collect() }
            }
            FeedRequest::Heads { .. }
            | FeedRequest::Newest { .. }
            | FeedRequest::Proofs { .. }
            | FeedRequest::Proof { .. } => return None,
        };
        Some(cbor::to_vec(&response))
    }
}

/// A tag that belongs to nobody.
fn drawn(seed: &Seed, n: u64) -> Tag {
    let drawn = seed.derive("tag", n);
    let (tag, _) = drawn.reveal().split_first_chunk().expect("16 of 32 bytes");
    Tag::from_bytes(*tag)
}
