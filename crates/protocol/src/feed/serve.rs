//! Serving: own feeds and replicas, to whoever the roster lets read them.

use crypto::{Digest, cbor};
use domain::{CircleId, Oin};
use minicbor::bytes::ByteVec;

use index::FeedId;

use super::keeper::FeedKeeper;
use super::message::{
    BODIES_PER_PAGE, FeedRequest, FeedResponse, HEADERS_PER_PAGE, HEADS_PER_PAGE, NewerThan, TAGS_PER_PAGE,
};
use super::runs::page_start;
use crate::effects::{Context, Effects, Records};
use crate::{Collection, ResponseToken, Scope};

/// Most bytes of bodies in one answer, whatever their headers say: that many tags, and what stands around them.
const PAGE_BYTES: usize = 16 * TAGS_PER_PAGE + 64 * BODIES_PER_PAGE;

impl FeedKeeper {
    /// Answers a member.
    pub(crate) fn request(
        &mut self,
        cx: &Context<'_>,
        from: Oin,
        token: ResponseToken,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) {
        let response = match cbor::from_slice::<FeedRequest>(frame) {
            Ok(FeedRequest::Heads { circle, newer }) => {
                FeedResponse::Heads { heads: self.heads_for(cx, circle, &newer, &from) }
            }
            Ok(FeedRequest::Headers { feed, .. } | FeedRequest::Bodies { feed, .. })
                if !cx.roster.publishes_to(&feed.circle, &feed.publisher, &from) =>
            {
                fx.refused.not_allowed += 1;
                FeedResponse::Unknown
            }
            Ok(FeedRequest::Headers { feed, after, .. }) => {
                let held = self.headers.get(&feed).map_or(&[][..], Vec::as_slice);
                let first = page_start(held, after);
                let page: Vec<ByteVec> = held
                    .iter()
                    .skip(first)
                    .take(HEADERS_PER_PAGE)
                    .map(|header| header.wire.clone().into())
                    .collect();
                if page.is_empty() { FeedResponse::Unknown } else { FeedResponse::Headers { headers: page } }
            }
            Ok(FeedRequest::Bodies { feed, digests }) => {
                let records = self.bodies_for(&feed, &digests);
                if !records.is_empty() {
                    fx.respond_quoting(token, records, PAGE_BYTES, Box::new(bodies_frame));
                    return;
                }
                FeedResponse::Unknown
            }
            Ok(FeedRequest::Newest { feed }) => self.newest_for(cx, &feed, from, fx),
            Ok(FeedRequest::Proofs { after }) => {
                FeedResponse::Proofs { proofs: self.proofs_for(cx, &from, after) }
            }
            Ok(FeedRequest::Proof { proof }) => {
                self.take_proof(cx, &proof, fx);
                FeedResponse::Proofs { proofs: Vec::new() }
            }
            Err(_) => {
                fx.refused.malformed_frames += 1;
                FeedResponse::Unknown
            }
        };
        fx.respond(token, cbor::to_vec(&response));
    }

    /// The newest that is held of a feed. Whoever does not follow it cannot say that there is nothing.
    fn newest_for(&self, cx: &Context<'_>, feed: &FeedId, from: Oin, fx: &mut Effects<'_>) -> FeedResponse {
        if from != feed.publisher && !cx.roster.publishes_to(&feed.circle, &feed.publisher, &from) {
            fx.refused.not_allowed += 1;
            return FeedResponse::Unknown;
        }
        let own = self.own.get(feed);
        let replica = self.replicas.get(feed);
        if own.is_none() && replica.is_none() {
            return FeedResponse::Unknown;
        }
        let head =
            own.and_then(|own| own.head.as_ref()).or_else(|| replica.and_then(|replica| replica.head()));
        let header = self.headers.get(feed).and_then(|held| held.last());
        FeedResponse::Newest {
            header: header.map(|header| header.wire.clone().into()),
            head: head.map(|head| head.to_wire().into()),
        }
    }

    /// Where the bodies asked for lie, from the first on, as far as they are held and fit.
    fn bodies_for(&self, feed: &FeedId, digests: &[Digest]) -> Records {
        let mut records = Vec::new();
        let mut tags = 0;
        for digest in digests.iter().take(BODIES_PER_PAGE) {
            // Only what this feed's headers name: nobody gets one feed's body by naming another.
            let named = self.headers.get(feed).into_iter().flatten().find(|header| header.body == *digest);
            let is_kept = self.bodies.get(&(feed.epoch, *digest)).is_some_and(|named| named.is_kept);
            let Some(header) = named.filter(|_| is_kept) else { break };
            tags += header.tags as usize;
            if !records.is_empty() && tags > TAGS_PER_PAGE {
                break;
            }
            records.push((Scope::Epoch(feed.epoch), Collection::Body, digest.as_bytes().to_vec()));
        }
        records
    }

    /// The heads asked for that are newer than what the asker holds.
    fn heads_for(
        &self,
        cx: &Context<'_>,
        circle: CircleId,
        newer: &[NewerThan],
        reader: &Oin,
    ) -> Vec<ByteVec> {
        let head = |newer: &NewerThan| {
            let feed = FeedId { publisher: newer.publisher, circle, epoch: newer.epoch };
            let own = self.own.get(&feed);
            let own = own.and_then(|own| own.head.as_ref());
            let head = own.or_else(|| self.replicas.get(&feed)?.head())?;
            let is_read = cx.roster.publishes_to(&circle, &feed.publisher, reader);
            (is_read && head.document().time > newer.time).then(|| head.to_wire().into())
        };
        newer.iter().take(HEADS_PER_PAGE).filter_map(head).collect()
    }
}

/// The answer that holds these bodies.
fn bodies_frame(bodies: Vec<Vec<u8>>) -> Vec<u8> {
    let bodies: Vec<ByteVec> = bodies.into_iter().map(ByteVec::from).collect();
    let response = if bodies.is_empty() { FeedResponse::Unknown } else { FeedResponse::Bodies { bodies } };
    cbor::to_vec(&response)
}
