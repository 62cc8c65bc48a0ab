//! A feed that a hostile member makes itself, of tags that it saw in the feeds of others.

use std::collections::BTreeMap;

use crypto::{Digest, Tag, cbor};
use domain::Timestamp;
use index::{Body, FeedId, HeadDocument, Position, Publisher};
use protocol::feed::{FeedRequest, FeedResponse};

use super::forge::Forger;

/// Tags published in a second.
const MOST_TAGS: usize = 50;

/// The feed, in the place of the node's own.
pub(super) struct FakeFeed {
    feed: FeedId,
    publisher: Publisher,
    /// What the node's own heads said of the roster and the key sets.
    model: HeadDocument,
    headers: Vec<(u64, Vec<u8>)>,
    bodies: BTreeMap<Digest, Vec<u8>>,
    head: Option<Vec<u8>>,
}

/// The tags of a body in an answer.
pub(super) fn tags(frame: &[u8]) -> Option<Vec<Tag>> {
    let FeedResponse::Bodies { bodies } = cbor::from_slice(frame).ok()? else { return None };
    let bodies = bodies.iter().filter_map(|bytes| Body::from_bytes(bytes).ok());
    Some(bodies.flat_map(|body| body.added().to_vec()).collect())
}

impl FakeFeed {
    /// A further generation above what the node itself has published.
    pub(super) fn above(head: &HeadDocument, forger: &Forger) -> Self {
        let mut publisher = Publisher::new(forger.network, head.feed);
        publisher.continue_above(Position {
            generation: head.generation,
            sequence: head.sequence,
            header: head.header,
        });
        Self {
            feed: head.feed,
            publisher,
            model: head.clone(),
            headers: Vec::new(),
            bodies: BTreeMap::new(),
            head: None,
        }
    }

    /// One more segment; returns the head to gossip.
    pub(super) fn publish(&mut self, lifted: Vec<Tag>, now: Timestamp, forger: &Forger) -> Option<Vec<u8>> {
        self.publisher.add(lifted.into_iter().take(MOST_TAGS));
        let segment = self.publisher.segment(now, &forger.key)?;
        self.headers.push((segment.header.document().sequence, segment.header.to_wire()));
        self.bodies.insert(segment.body.digest(), segment.body.to_bytes());
        let roster = (self.model.roster_version, self.model.roster);
        let key_sets = self.model.key_sets.clone();
        let head = self.publisher.head(now, false, roster, key_sets, &forger.key)?;
        self.head = Some(head.to_wire());
        self.head.clone()
    }

    /// The answer to whoever asks for this feed.
    pub(super) fn answer(&self, request: &FeedRequest) -> Option<FeedResponse> {
        match request {
            FeedRequest::Headers { feed, after, .. } if *feed == self.feed => {
                let later = self.headers.iter().filter(|(sequence, _)| sequence > after);
                Some(FeedResponse::Headers {
                    headers: later.take(64).map(|(_, wire)| wire.clone().into()).collect(),
                })
            }
            FeedRequest::Bodies { feed, digests } if *feed == self.feed => {
                let held = digests.iter().map_while(|digest| self.bodies.get(digest));
                Some(FeedResponse::Bodies { bodies: held.map(|bytes| bytes.clone().into()).collect() })
            }
            FeedRequest::Heads { .. }
            | FeedRequest::Headers { .. }
            | FeedRequest::Bodies { .. }
            | FeedRequest::Newest { .. }
            | FeedRequest::Proofs { .. }
            | FeedRequest::Proof { .. } => None,
        }
    }
}
