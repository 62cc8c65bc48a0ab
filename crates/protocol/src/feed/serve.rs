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
use crate::ResponseToken;
use crate::effects::{Context, Effects};

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
            Ok(FeedRequest::Bodies { feed, digests }) => self.bodies_for(&feed, &digests),
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

    /// The bodies asked for, from the first on, as far as they are held and fit.
    fn bodies_for(&self, feed: &FeedId, digests: &[Digest]) -> FeedResponse {
        let mut bodies: Vec<ByteVec> = Vec::new();
        let mut bytes = 0;
        for digest in digests.iter().take(BODIES_PER_PAGE) {
            let held = self.bodies.get(&(feed.epoch, *digest)).filter(|_| self.names_body(feed, digest));
            let Some(body) = held else { break };
            bytes += body.len();
            if !bodies.is_empty() && bytes > 16 * TAGS_PER_PAGE {
                break;
            }
            bodies.push(body.clone().into());
        }
        if bodies.is_empty() { FeedResponse::Unknown } else { FeedResponse::Bodies { bodies } }
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
