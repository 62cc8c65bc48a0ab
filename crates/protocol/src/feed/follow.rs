//! Following: from a head to the headers and bodies behind it, from the publisher or from whoever replicates it.

use crypto::{Digest, Signed, Tag, Unverified, cbor};
use domain::Oin;
use index::{
    Body, Claim, FeedError, FeedId, HeadDocument, HeadOutcome, HeaderDocument, HeaderOutcome, ProofPlace,
    Replica,
};
use minicbor::bytes::ByteVec;

use super::keeper::FeedKeeper;
use super::message::{
    BODIES_PER_PAGE, FeedRequest, FeedResponse, HEADERS_PER_PAGE, HEADS_PER_PAGE, MAX_HEAD_BYTES,
    PROOFS_PER_PAGE, TAGS_PER_PAGE,
};
use super::publish::header_key;
use crate::effects::{Context, Effects};
use crate::{Collection, Conversation, Notice, RequestId, Scope};

/// Seconds in which a source is not asked for a part of a feed again after it did not have what was needed.
const REST_SECONDS: u64 = 3;

/// Seconds after which another new generation of one publisher is told: it may begin as many as it likes.
const TELL_GENERATION_SECONDS: u64 = 86_400;

/// What a request under way is for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Heads(Vec<FeedId>),
    Headers(FeedId),
    /// Bodies of a feed, in the order in which they are needed.
    Bodies(FeedId, Vec<Digest>),
    /// What a reader holds of an own feed.
    Newest(FeedId),
    /// Proofs after a place.
    Proofs(Option<ProofPlace>),
    /// No answer: something was passed on.
    Nothing,
}

/// The parts of a feed that are asked for one by one. Who lacks one may have another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Headers,
    Bodies,
    Newest,
}

impl Wanted {
    fn feed(&self) -> Option<FeedId> {
        self.part().map(|(feed, _)| feed)
    }

    fn part(&self) -> Option<(FeedId, Part)> {
        match self {
            Self::Heads(_) | Self::Proofs(_) | Self::Nothing => None,
            Self::Headers(feed) => Some((*feed, Part::Headers)),
            Self::Bodies(feed, _) => Some((*feed, Part::Bodies)),
            Self::Newest(feed) => Some((*feed, Part::Newest)),
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
    /// Takes a head that came by gossip. Its topic does not matter: the head names its circle and is signed.
    pub(crate) fn gossip(&mut self, cx: &Context<'_>, frame: &[u8], fx: &mut Effects<'_>) {
        self.take_head(cx, frame, true, fx);
    }

    /// Asks for everything that is missing and not yet asked for.
    pub(crate) fn fetch(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) -> Vec<Arrived> {
        let (mut arrived, in_hand) = self.apply_held_bodies(cx, fx);
        arrived.extend(self.take_over(fx));
        self.forget_over(cx, fx);
        self.fetch_heads(cx, fx);
        self.fetch_proofs(cx, fx);
        self.resting.retain(|_, until| cx.now < *until);
        self.hear(cx, fx);
        let needs: Vec<(FeedId, Wanted)> = self
            .replicas
            .values()
            .filter(|replica| !in_hand.contains(&replica.feed()))
            .filter_map(|replica| {
                let feed = replica.feed();
                let bodies = bodies_wanted(replica);
                let bodies = (!bodies.is_empty()).then_some(Wanted::Bodies(feed, bodies));
                let headers = replica.needs_headers() && !self.waits_for_full_set(cx, &feed);
                let headers = headers.then_some(Wanted::Headers(feed));
                let wanted =
                    if self.bodies_missed.contains(&feed) { headers.or(bodies) } else { bodies.or(headers) };
                Some((feed, wanted?))
            })
            .collect();
        for (feed, wanted) in needs {
            let under_way = self.pending.values().any(|(_, asked)| asked.feed() == Some(feed));
            if under_way {
                continue;
            }
            let Some(source) = wanted.part().and_then(|(_, part)| self.source(cx, &feed, part)) else {
                continue;
            };
            let request = match &wanted {
                Wanted::Bodies(feed, digests) => {
                    FeedRequest::Bodies { feed: *feed, digests: digests.clone() }
                }
                Wanted::Headers(feed) => {
                    let taken = self.replicas.get(feed).map_or(0, index::Replica::taken);
                    FeedRequest::Headers { feed: *feed, after: self.newest_sequence(feed), taken }
                }
                Wanted::Heads(_) | Wanted::Newest(_) | Wanted::Proofs(_) | Wanted::Nothing => continue,
            };
            let id = fx.request(source, Conversation::Feed, cbor::to_vec(&request));
            self.pending.insert(id, (source, wanted));
        }
        arrived
    }

    /// Matches on generations that are whole now, and forgets those before.
    fn take_over(&mut self, fx: &mut Effects<'_>) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        let overtaken: Vec<(FeedId, index::Applied)> = self
            .replicas
            .values_mut()
            .filter_map(|replica| Some((replica.feed(), replica.take_over()?)))
            .collect();
        for (feed, applied) in overtaken {
            self.forget_generations(&feed, fx);
            arrived.push(Arrived { feed, added: applied.added, withdrawn: applied.withdrawn });
        }
        arrived
    }

    fn needs_body(&self, feed: &FeedId, digest: &Digest) -> bool {
        self.replicas.get(feed).is_some_and(|replica| replica.next_body() == Some(*digest))
    }

    /// Takes the response to an own request.
    pub(crate) fn response(
        &mut self,
        cx: &Context<'_>,
        id: RequestId,
        frame: &[u8],
        fx: &mut Effects<'_>,
    ) -> Vec<Arrived> {
        let Some((source, wanted)) = self.pending.remove(&id) else { return Vec::new() };
        if let Wanted::Newest(feed) = wanted {
            self.heard(cx, feed, source, frame, fx);
            return Vec::new();
        }
        match (cbor::from_slice::<FeedResponse>(frame), wanted) {
            (Ok(FeedResponse::Heads { heads }), Wanted::Heads(_)) if heads.len() <= HEADS_PER_PAGE => {
                for wire in heads {
                    self.take_head(cx, &wire, false, fx);
                }
            }
            (Ok(FeedResponse::Headers { headers }), Wanted::Headers(feed))
                if headers.len() <= HEADERS_PER_PAGE =>
            {
                self.bodies_missed.remove(&feed);
                let before = self.newest_sequence(&feed);
                self.take_headers(cx, feed, &headers, fx);
                if self.newest_sequence(&feed) == before {
                    self.rest(cx, feed, source, Part::Headers);
                }
            }
            (Ok(FeedResponse::Bodies { bodies }), Wanted::Bodies(feed, digests))
                if (1..=digests.len()).contains(&bodies.len()) =>
            {
                return self.take_bodies(cx, feed, source, &bodies, &digests, fx);
            }
            (Ok(FeedResponse::Proofs { proofs }), Wanted::Proofs(after))
                if proofs.len() <= PROOFS_PER_PAGE =>
            {
                self.take_proofs(cx, source, after, &proofs, fx);
            }
            (Ok(FeedResponse::Proofs { proofs }), Wanted::Nothing) if proofs.is_empty() => {}
            (Ok(FeedResponse::Unknown), wanted) => self.missed(cx, source, &wanted),
            (Ok(_) | Err(_), wanted) => {
                fx.refused.malformed_frames += 1;
                self.missed(cx, source, &wanted);
            }
        }
        Vec::new()
    }

    fn take_bodies(
        &mut self,
        cx: &Context<'_>,
        feed: FeedId,
        source: Oin,
        bodies: &[ByteVec],
        digests: &[Digest],
        fx: &mut Effects<'_>,
    ) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        for (bytes, digest) in bodies.iter().zip(digests) {
            // What came another way in the meantime is left out.
            if !self.needs_body(&feed, digest) {
                continue;
            }
            let Some(body) = Body::from_bytes(bytes).ok().filter(|body| body.digest() == *digest) else {
                fx.refused.bad_feed_parts += 1;
                self.rest(cx, feed, source, Part::Bodies);
                break;
            };
            let Some(applied) = self.apply_body(cx, feed, source, &body, fx) else { break };
            arrived.extend(applied);
            fx.cut();
        }
        arrived
    }

    /// An own request got no answer.
    pub(crate) fn failed(&mut self, cx: &Context<'_>, id: RequestId) {
        match self.pending.remove(&id) {
            Some((source, Wanted::Newest(feed))) => self.not_heard(cx, feed, source),
            Some((source, wanted)) => self.missed(cx, source, &wanted),
            None => {}
        }
    }

    /// A source did not have what was wanted.
    fn missed(&mut self, cx: &Context<'_>, source: Oin, wanted: &Wanted) {
        match wanted {
            Wanted::Bodies(feed, _) => {
                if let Some(replica) = self.replicas.get_mut(feed) {
                    replica.skip_to_full_set();
                }
                // It may have gone on to a full set or a generation that does without: so it is asked for headers at
                // once. Others may be as far behind as this node.
                self.bodies_missed.insert(*feed);
            }
            Wanted::Headers(feed) => {
                self.bodies_missed.remove(feed);
            }
            Wanted::Heads(_) | Wanted::Newest(_) | Wanted::Proofs(_) | Wanted::Nothing => {}
        }
        if let Some((feed, part)) = wanted.part() {
            self.rest(cx, feed, source, part);
        }
    }

    /// Asks a source for a part of a feed no more for a moment: it did not have it, or what it gave is no good.
    pub(super) fn rest(&mut self, cx: &Context<'_>, feed: FeedId, source: Oin, part: Part) {
        self.resting.insert((feed, source, part), cx.now.plus(REST_SECONDS));
    }

    /// The publisher when it is reachable, else any member that may read the feed as well; none that rests.
    fn source(&self, cx: &Context<'_>, feed: &FeedId, part: Part) -> Option<Oin> {
        let publisher = cx.connected.contains(&feed.publisher).then_some(feed.publisher);
        let readers = cx.connected.iter().copied();
        let others = readers.filter(|oin| cx.roster.publishes_to(&feed.circle, &feed.publisher, oin));
        let rests = |oin: &Oin| self.resting.get(&(*feed, *oin, part)).is_some_and(|until| cx.now < *until);
        publisher.into_iter().chain(others).find(|oin| !rests(oin))
    }

    fn newest_sequence(&self, feed: &FeedId) -> u64 {
        self.replicas.get(feed).map_or(0, index::Replica::newest_sequence)
    }

    /// `fresh` heads come by gossip, as their publisher signs them; others may be as old as their feed.
    fn take_head(&mut self, cx: &Context<'_>, wire: &[u8], fresh: bool, fx: &mut Effects<'_>) {
        if wire.len() > MAX_HEAD_BYTES {
            fx.refused.malformed_frames += 1;
            return;
        }
        let Some(head) = fx.verified::<HeadDocument>(cx.roster, wire, |document| document.feed.publisher)
        else {
            return;
        };
        if fresh {
            self.others.hear(head.document(), cx.now);
            self.unsure_since = None;
        }
        // A head of a feed that this node may not read, or of another epoch, is none of its business.
        let feed = head.document().feed;
        if !self.replicas.contains_key(&feed) {
            return;
        }
        let contradicts = self.contradicts_held(cx, &feed, &Claim::from(head.document()), wire, fx);
        let Some(replica) = self.replicas.get_mut(&feed) else { return };
        if head.document().roster_version > cx.roster.version() {
            self.newer_roster.insert(feed.publisher);
        }
        match replica.offer_head(head, cx.now) {
            Ok(HeadOutcome::Newer) => self.unkept_heads.note(feed),
            Ok(HeadOutcome::Known) if contradicts => self.refuse(feed.publisher, FeedError::Equivocation, fx),
            Ok(HeadOutcome::Known) => {}
            Err(error) => self.refuse(feed.publisher, error, fx),
        }
    }

    /// Takes a page of headers up to the first that is refused. Where a run is too long the page may hold the full set
    /// that ends it.
    fn take_headers(&mut self, cx: &Context<'_>, feed: FeedId, headers: &[ByteVec], fx: &mut Effects<'_>) {
        let begins_run = |wire: &[u8]| {
            Unverified::<HeaderDocument>::parse(wire).is_ok_and(|header| header.claimed().is_first())
        };
        let mut skips = false;
        for wire in headers {
            if skips && !begins_run(wire) {
                continue;
            }
            skips = !self.take_header(cx, feed, wire, fx);
            if skips && !self.waits_for_full_set(cx, &feed) {
                break;
            }
            fx.cut();
        }
    }

    fn take_header(&mut self, cx: &Context<'_>, feed: FeedId, wire: &[u8], fx: &mut Effects<'_>) -> bool {
        let verified = fx.verified::<HeaderDocument>(cx.roster, wire, |document| document.feed.publisher);
        let Some(header): Option<Signed<HeaderDocument>> = verified else { return false };
        let is_of_feed = header.document().network == cx.roster.network() && header.document().feed == feed;
        let contradicts = is_of_feed && self.contradicts_held(cx, &feed, &Claim::from(&header), wire, fx);
        let Some(replica) = self.replicas.get_mut(&feed) else { return false };
        let document = header.document();
        let further = document.generation > replica.generation() || document.begins > replica.newest_run();
        let begins = replica.newest_sequence() > 0 && further;
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        if begins && self.generation_taken.get(&feed).is_some_and(|at| cx.now.since(*at) < interval) {
            // Another one costs the forgetting of the one before, so it waits.
            return false;
        }
        let building = replica.building();
        match replica.offer_header(&header, cx.now) {
            Ok(HeaderOutcome::Known) if contradicts => {
                self.refuse(feed.publisher, FeedError::Equivocation, fx);
                true
            }
            Ok(HeaderOutcome::Known) => true,
            Ok(outcome) => {
                let key = header_key(&feed, header.document().sequence);
                fx.put_in(Scope::Epoch(feed.epoch), Collection::Header, key, wire.to_vec());
                self.hold_header(&header);
                self.keep_head(&feed, fx);
                if matches!(outcome, HeaderOutcome::FullSet | HeaderOutcome::NewGeneration) {
                    self.generation_taken.insert(feed, cx.now);
                    self.endless.remove(&feed);
                    // A run that was being built aside is given up for it.
                    if let Some(given_up) = building {
                        self.forget_headers(&feed, |header| header.begins != given_up, fx);
                    }
                }
                if outcome == HeaderOutcome::NewGeneration {
                    self.forget_generations(&feed, fx);
                    self.tell_generation(cx, feed.publisher, header.document().generation, fx);
                }
                true
            }
            Err(FeedError::EndlessRun) => {
                self.endless.insert(feed, cx.now);
                self.tell_beyond_cap(&feed, fx);
                false
            }
            Err(error) => {
                // A header that does not continue the chain may name another one before it.
                let error = if contradicts { FeedError::Equivocation } else { error };
                self.refuse(feed.publisher, error, fx);
                false
            }
        }
    }

    /// Whether nothing but a full set would be taken of a feed, for which its publisher is given an interval.
    fn waits_for_full_set(&self, cx: &Context<'_>, feed: &FeedId) -> bool {
        let interval = u64::from(cx.roster.rules().publish_interval_seconds);
        self.endless.get(feed).is_some_and(|refused| cx.now.since(*refused) < interval)
    }

    /// Tells once of a feed that more is published than the network allows.
    pub(super) fn tell_beyond_cap(&mut self, feed: &FeedId, fx: &mut Effects<'_>) {
        if self.told_beyond_cap.insert(*feed) {
            fx.refused.beyond_cap += 1;
            fx.notice(Notice::BeyondCap { publisher: feed.publisher, circle: feed.circle });
        }
    }

    /// Applies and keeps a body; `None` when it does not fit, `Some(None)` when nothing that is matched on changed.
    pub(super) fn apply_body(
        &mut self,
        cx: &Context<'_>,
        feed: FeedId,
        source: Oin,
        body: &Body,
        fx: &mut Effects<'_>,
    ) -> Option<Option<Arrived>> {
        match self.replicas.get_mut(&feed)?.offer_body(body) {
            Ok(applied) => {
                let digest = body.digest();
                let named = self.bodies.entry((feed.epoch, digest)).or_default();
                if !std::mem::replace(&mut named.is_kept, true) {
                    let key = digest.as_bytes().to_vec();
                    fx.put_in(Scope::Epoch(feed.epoch), Collection::Body, key, body.to_bytes());
                }
                Some(applied.map(|applied| Arrived {
                    feed,
                    added: applied.added,
                    withdrawn: applied.withdrawn,
                }))
            }
            Err(error) => {
                self.refuse(feed.publisher, error, fx);
                self.rest(cx, feed, source, Part::Bodies);
                None
            }
        }
    }

    /// Tells that a publisher went on under a new generation, at most once a day for each.
    fn tell_generation(&mut self, cx: &Context<'_>, publisher: Oin, generation: u32, fx: &mut Effects<'_>) {
        let told = self.told_generation.get(&publisher);
        if told.is_none_or(|at| cx.now.since(*at) >= TELL_GENERATION_SECONDS) {
            self.told_generation.insert(publisher, cx.now);
            fx.notice(Notice::FeedContinued { publisher, generation });
        }
    }

    /// Counts what does not fit. Equivocation is told once for each publisher: it may sign as many as it likes.
    fn refuse(&mut self, publisher: Oin, error: FeedError, fx: &mut Effects<'_>) {
        match error {
            FeedError::Equivocation => {
                fx.refused.equivocations += 1;
                if self.told_equivocation.insert(publisher) {
                    fx.notice(Notice::Equivocation { publisher });
                }
            }
            FeedError::OtherFeed
            | FeedError::BrokenChain
            | FeedError::TooManyTags
            | FeedError::EndlessRun
            | FeedError::UnorderedSet
            | FeedError::OtherBody
            | FeedError::MalformedBody
            | FeedError::MalformedHead
            | FeedError::BeyondReach
            | FeedError::FromTheFuture => fx.refused.bad_feed_parts += 1,
        }
    }
}

/// The bodies that a replica needs next, as many as one request may name and one response holds.
fn bodies_wanted(replica: &Replica) -> Vec<Digest> {
    let mut wanted: Vec<Digest> = Vec::new();
    let mut tags = 0;
    for header in replica.next_bodies().take(BODIES_PER_PAGE) {
        tags += header.added as usize + header.withdrawn as usize;
        if !wanted.is_empty() && tags > TAGS_PER_PAGE {
            break;
        }
        wanted.push(header.body);
    }
    wanted
}
