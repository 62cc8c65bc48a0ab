//! The feeds of a region: signed and encoded as their publishers would.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use crypto::{Digest, Seed, Signed, SigningKey, Tag};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use index::{FeedId, HeadDocument, HeaderDocument, Publisher};
use sha2::{Digest as _, Sha256};

use super::super::matching::OwnKeys;

pub(super) const EPOCH: Epoch = Epoch(1);
pub(super) const NETWORK: NetworkId = NetworkId::from_bytes([0xbe; 32]);
pub(super) const NOW: Timestamp = Timestamp(1_795_000_000);

/// Own families that each organisation knows too: with 1,000 of them each own family is known to one other on average.
pub(super) const SHARED_FAMILIES: usize = 5;

/// One organisation's feed, complete.
pub(super) struct Feed {
    pub(super) id: FeedId,
    pub(super) segments: Vec<Arriving>,
    pub(super) head: Signed<HeadDocument>,
}

/// A segment as it arrives: its header verified, its body as bytes.
pub(super) struct Arriving {
    pub(super) header: Signed<HeaderDocument>,
    pub(super) header_bytes: usize,
    pub(super) body: Vec<u8>,
}

/// The feed of the organisation with this number, with so many tags, some of them those of own families.
pub(super) fn publish(number: usize, tags: usize, own: &OwnKeys) -> Result<Feed> {
    let publisher = Oin::test_number(1 + number as u64)?;
    let id = FeedId { publisher, circle: CircleId::from_bytes([9; 16]), epoch: EPOCH };
    let key = SigningKey::from_seed(&Seed::from_bytes([0x51; 32]).derive("bench publisher", number as u64));
    let mut feed = Publisher::new(NETWORK, id);
    let shared: BTreeSet<Tag> =
        own.tags(&id, number * SHARED_FAMILIES, SHARED_FAMILIES).into_iter().collect();
    let others = tags.saturating_sub(shared.len());
    feed.add(shared);
    feed.add((0..others as u64).map(|n| drawn(number as u64, n)));
    let mut segments = Vec::new();
    while feed.has_backlog() {
        let segment = feed.segment(NOW, &key).context("the feed has no numbers left")?;
        let header_bytes = segment.header.to_wire().len();
        segments.push(Arriving { header: segment.header, header_bytes, body: segment.body.to_bytes() });
    }
    let digest = Digest::from_bytes([0; 32]);
    let head = feed.head(NOW, false, (1, digest), vec![digest], &key).context("nothing was published")?;
    Ok(Feed { id, segments, head })
}

/// A tag that belongs to nobody.
fn drawn(organisation: u64, n: u64) -> Tag {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(organisation.to_be_bytes())
        .chain_update(n.to_be_bytes())
        .finalize()
        .into();
    let (tag, _) = hash.split_first_chunk().expect("16 of 32 bytes");
    Tag::from_bytes(*tag)
}
