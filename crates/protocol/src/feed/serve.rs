//! Serving: own feeds and replicas, to whoever the roster lets read them.

use crypto::{Signed, cbor};
use domain::{CircleId, Oin};
use minicbor::bytes::ByteVec;

use index::{FeedId, HeadDocument};

use super::keeper::FeedKeeper;
use super::message::{FeedRequest, FeedResponse, HEADERS_PER_PAGE, HEADS_PER_PAGE};
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
            Ok(FeedRequest::Heads { circle }) => {
                FeedResponse::Heads { heads: self.heads_for(cx, &circle, &from) }
            }
            Ok(FeedRequest::Headers { feed, .. } | FeedRequest::Body { feed, .. })
                if !cx.roster.publishes_to(&feed.circle, &feed.publisher, &from) =>
            {
                fx.refused.not_allowed += 1;
                FeedResponse::Unknown
            }
            Ok(FeedRequest::Headers { feed, after }) => {
                // By number, not by place: where a generation ended numbers may be missing.
                let held = self.headers.get(&feed).map_or(&[][..], Vec::as_slice);
                let first = held.partition_point(|header| header.position.sequence <= after);
                let page: Vec<ByteVec> = held
                    .iter()
                    .skip(first)
                    .take(HEADERS_PER_PAGE)
                    .map(|header| header.wire.clone().into())
                    .collect();
                if page.is_empty() { FeedResponse::Unknown } else { FeedResponse::Headers { headers: page } }
            }
            Ok(FeedRequest::Body { feed, digest }) => {
                let named = self.names_body(&feed, &digest);
                let body = self.bodies.get(&(feed.epoch, digest)).filter(|_| named);
                body.map_or(FeedResponse::Unknown, |bytes| FeedResponse::Body { bytes: bytes.clone() })
            }
            Ok(FeedRequest::Newest { feed }) => self.newest_for(cx, &feed, from, fx),
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

    /// As many heads as fit an answer; with more, each answer starts where the one before ended.
    fn heads_for(&mut self, cx: &Context<'_>, circle: &CircleId, reader: &Oin) -> Vec<ByteVec> {
        let own = self.own.values().filter_map(|own| own.head.as_ref());
        let others = self.replicas.values().filter_map(|replica| replica.head());
        let readable: Vec<&Signed<HeadDocument>> = own
            .chain(others)
            .filter(|head| {
                let feed = head.document().feed;
                feed.circle == *circle && cx.roster.publishes_to(circle, &feed.publisher, reader)
            })
            .collect();
        let start = self.heads_turn % readable.len().max(1);
        let page = readable.iter().cycle().skip(start).take(readable.len().min(HEADS_PER_PAGE));
        let page = page.map(|head| head.to_wire().into()).collect();
        self.heads_turn = start.saturating_add(HEADS_PER_PAGE);
        page
    }
}
