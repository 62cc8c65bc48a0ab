//! Following: from a head to the headers and bodies behind it, from the publisher or from whoever replicates it.

use crypto::{Digest, Signed, Tag, cbor};
use domain::Oin;
use index::{Body, FeedError, FeedId, HeadDocument, HeadOutcome, HeaderDocument};

use super::keeper::FeedKeeper;
use super::message::{FeedRequest, FeedResponse, HEADERS_PER_PAGE, HEADS_PER_PAGE};
use super::publish::{feed_key, header_key};
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Notice, RequestId};

/// Seconds that a feed rests after a source did not have what it needs.
const REST_SECONDS: u64 = 1;

/// Most requests for heads that wait; one for each member and circle of a large network.
const MAX_HEADS_WANTED: usize = 4_096;

/// Requests for heads under way at the same time.
const HEADS_UNDER_WAY: usize = 8;

/// What a request under way is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Heads,
    Headers(FeedId),
    Body(FeedId, Digest),
}

impl Wanted {
    fn feed(&self) -> Option<FeedId> {
        match self {
            Self::Heads => None,
            Self::Headers(feed) | Self::Body(feed, _) => Some(*feed),
        }
    }
}

/// Tags that came into force or left in a replica.
pub(crate) struct Arrived {
    pub(crate) feed: FeedId,
    pub(crate) added: Vec<Tag>,
    pub(crate) withdrawn: Vec<Tag>,
}

impl FeedKeeper {
    /// A member became reachable: it is asked for its heads, since gossip is not repeated.
    pub(crate) fn connected(&mut self, cx: &Context<'_>, member: Oin) {
        for circle in cx.roster.circles() {
            if self.heads_wanted.len() < MAX_HEADS_WANTED {
                self.heads_wanted.push_back((member, circle.id));
            }
        }
    }

    /// Takes a head that came by gossip. Its topic does not matter: the head names its circle and is signed.
    pub(crate) fn gossip(&mut self, cx: &Context<'_>, frame: &[u8], fx: &mut Effects<'_>) {
        self.take_head(cx, frame, fx);
    }

    /// Asks for everything that is missing and not yet asked for.
    pub(crate) fn fetch(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) -> Vec<Arrived> {
        let arrived = self.apply_empty_bodies(fx);
        self.fetch_heads(cx, fx);
        let needs: Vec<(FeedId, Wanted)> = self
            .replicas
            .values()
            .filter_map(|replica| {
                let feed = replica.feed();
                let body = replica.next_body().map(|digest| Wanted::Body(feed, digest));
                let wanted = body.or_else(|| replica.needs_headers().then_some(Wanted::Headers(feed)))?;
                Some((feed, wanted))
            })
            .collect();
        for (feed, wanted) in needs {
            let under_way = self.pending.values().any(|(_, asked)| asked.feed() == Some(feed));
            let (rests_until, tried) = self.resting.get(&feed).copied().unwrap_or((cx.now, 0));
            if under_way || cx.now < rests_until {
                continue;
            }
            let Some(source) = source(cx, &feed, tried) else { continue };
            let request = match wanted {
                Wanted::Body(feed, digest) => FeedRequest::Body { feed, digest },
                Wanted::Headers(feed) => {
                    let after = self.replicas.get(&feed).map_or(0, index::Replica::newest_sequence);
                    FeedRequest::Headers { feed, after }
                }
                Wanted::Heads => continue,
            };
            let id = fx.request(source, Conversation::Feed, cbor::to_vec(&request));
            self.pending.insert(id, (source, wanted));
        }
        arrived
    }

    fn fetch_heads(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        for circle in cx.roster.circles() {
            let silent =
                self.replicas.values().filter(|replica| replica.feed().circle == circle.id).any(|replica| {
                    replica.head().is_none_or(|head| cx.now.since(head.document().time) > 2 * interval)
                });
            let (asked, turn) = self.heads_asked.get(&circle.id).copied().unwrap_or((self.started, 0));
            if silent && cx.now.since(asked) >= interval && !cx.connected.is_empty() {
                self.heads_asked.insert(circle.id, (cx.now, turn + 1));
                self.heads_wanted
                    .extend(cx.connected.iter().nth(turn % cx.connected.len()).map(|oin| (*oin, circle.id)));
            }
        }
        let under_way = self.pending.values().filter(|(_, wanted)| *wanted == Wanted::Heads).count();
        for _ in under_way..HEADS_UNDER_WAY {
            let Some((member, circle)) = self.heads_wanted.pop_front() else { return };
            if cx.connected.contains(&member) {
                let frame = cbor::to_vec(&FeedRequest::Heads { circle });
                let id = fx.request(member, Conversation::Feed, frame);
                self.pending.insert(id, (member, Wanted::Heads));
            }
        }
    }

    /// Bodies without tags need no fetching: their digest is known.
    fn apply_empty_bodies(&mut self, fx: &mut Effects<'_>) -> Vec<Arrived> {
        let empty = Body::default();
        let digest = empty.digest();
        let feeds: Vec<FeedId> = self
            .replicas
            .values()
            .filter(|r| r.next_body() == Some(digest))
            .map(index::Replica::feed)
            .collect();
        feeds.into_iter().flat_map(|feed| self.apply_body(feed, &empty, fx)).collect()
    }

    /// Takes the response to an own request.
    pub(crate) fn response(
        &mut self,
        cx: &Context<'_>,
        id: RequestId,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) -> Vec<Arrived> {
        let Some((_, wanted)) = self.pending.remove(&id) else { return Vec::new() };
        match (cbor::from_slice::<FeedResponse>(frame), wanted) {
            (Ok(FeedResponse::Heads { heads }), Wanted::Heads) if heads.len() <= HEADS_PER_PAGE => {
                for wire in heads {
                    self.take_head(cx, &wire, fx);
                }
            }
            (Ok(FeedResponse::Headers { headers }), Wanted::Headers(feed))
                if headers.len() <= HEADERS_PER_PAGE =>
            {
                for wire in headers {
                    if !self.take_header(cx, feed, &wire, fx) {
                        self.rest(cx, feed);
                        break;
                    }
                    fx.cut();
                }
            }
            (Ok(FeedResponse::Body { bytes }), Wanted::Body(feed, digest)) => {
                match Body::from_bytes(&bytes).ok().filter(|body| body.digest() == digest) {
                    Some(body) => return self.apply_body(feed, &body, fx),
                    None => {
                        fx.refused.bad_feed_parts += 1;
                        self.rest(cx, feed);
                    }
                }
            }
            (Ok(FeedResponse::Unknown), _) => {
                if let Some(feed) = wanted.feed() {
                    self.rest(cx, feed);
                }
            }
            (Ok(_) | Err(_), _) => {
                fx.refused.malformed_frames += 1;
                if let Some(feed) = wanted.feed() {
                    self.rest(cx, feed);
                }
            }
        }
        Vec::new()
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, cx: &Context<'_>, id: RequestId) {
        if let Some(feed) = self.pending.remove(&id).and_then(|(_, wanted)| wanted.feed()) {
            self.rest(cx, feed);
        }
    }

    /// Whether a feed's headers name a body, so that nobody gets one feed's body by naming another.
    pub(super) fn names_body(&self, feed: &FeedId, digest: &Digest) -> bool {
        self.headers.get(feed).into_iter().flatten().any(|header| header.body == *digest)
    }

    /// Leaves a feed alone for a moment and turns to its next source, which is kept to until it fails as well.
    fn rest(&mut self, cx: &Context<'_>, feed: FeedId) {
        let tried = self.resting.get(&feed).map_or(0, |(_, tried)| *tried);
        self.resting.insert(feed, (cx.now.plus(REST_SECONDS), tried.wrapping_add(1)));
    }

    fn take_head(&mut self, cx: &Context<'_>, wire: &[u8], fx: &mut Effects<'_>) {
        let Some(head) = fx.verified::<HeadDocument>(cx.roster, wire, |document| document.feed.publisher)
        else {
            return;
        };
        // A head of a feed that this node may not read, or of another epoch, is none of its business.
        let feed = head.document().feed;
        let Some(replica) = self.replicas.get_mut(&feed) else { return };
        if head.document().roster_version > cx.roster.version() {
            self.newer_roster.insert(feed.publisher);
        }
        match replica.offer_head(head, cx.now) {
            Ok(HeadOutcome::Newer) => fx.put(Collection::Head, feed_key(&feed), wire.to_vec()),
            Ok(HeadOutcome::Known) => {}
            Err(error) => refuse(feed.publisher, error, fx),
        }
    }

    fn take_header(&mut self, cx: &Context<'_>, feed: FeedId, wire: &[u8], fx: &mut Effects<'_>) -> bool {
        let verified = fx.verified::<HeaderDocument>(cx.roster, wire, |document| document.feed.publisher);
        let Some(header): Option<Signed<HeaderDocument>> = verified else { return false };
        let Some(replica) = self.replicas.get_mut(&feed) else { return false };
        match replica.offer_header(&header, cx.now) {
            Ok(true) => {
                fx.put(Collection::Header, header_key(&feed, header.document().sequence), wire.to_vec());
                self.hold_header(&header);
                true
            }
            Ok(false) => true,
            Err(error) => {
                refuse(feed.publisher, error, fx);
                false
            }
        }
    }

    fn apply_body(&mut self, feed: FeedId, body: &Body, fx: &mut Effects<'_>) -> Vec<Arrived> {
        let Some(replica) = self.replicas.get_mut(&feed) else { return Vec::new() };
        match replica.offer_body(body) {
            Ok(applied) => {
                let digest = body.digest();
                self.bodies.entry(digest).or_insert_with(|| {
                    fx.put(Collection::Body, digest.as_bytes().to_vec(), body.to_bytes());
                    body.to_bytes()
                });
                vec![Arrived { feed, added: applied.added, withdrawn: applied.withdrawn }]
            }
            Err(error) => {
                refuse(feed.publisher, error, fx);
                Vec::new()
            }
        }
    }
}

fn refuse(publisher: Oin, error: FeedError, fx: &mut Effects<'_>) {
    match error {
        FeedError::Equivocation => {
            fx.refused.equivocations += 1;
            fx.notice(Notice::Equivocation { publisher });
        }
        FeedError::OtherFeed
        | FeedError::BrokenChain
        | FeedError::OtherBody
        | FeedError::MalformedBody
        | FeedError::FromTheFuture => fx.refused.bad_feed_parts += 1,
    }
}

/// The publisher when reachable, else in turn the members that may read the feed as well.
fn source(cx: &Context<'_>, feed: &FeedId, tried: usize) -> Option<Oin> {
    let publisher = cx.connected.contains(&feed.publisher).then_some(feed.publisher);
    let others =
        cx.connected.iter().filter(|oin| cx.roster.publishes_to(&feed.circle, &feed.publisher, oin)).copied();
    let sources: Vec<Oin> = publisher.into_iter().chain(others).collect();
    sources.get(tried % sources.len().max(1)).copied()
}
