//! Every feed that this node publishes or follows, in memory, with what is under way for them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::{Digest, Signed, SigningKey, Unverified};
use domain::{CircleId, Oin, Timestamp};
use index::{Body, Completeness, FeedId, FeedState, HeadDocument, HeaderDocument, Publisher, Replica};
use roster::VerifiedRoster;

use super::follow::Wanted;
use super::others::Others;
use super::publish::{feed_key, header_key};
use crate::ceremony::KeyMaterial;
use crate::effects::{Context, Effects};
use crate::{Collection, RequestId};

/// The own feed of one circle.
pub(crate) struct OwnFeed {
    pub(super) publisher: Publisher,
    pub(super) head: Option<Signed<HeadDocument>>,
    pub(super) published_at: Option<Timestamp>,
}

/// A signed header as bytes, with the body it names.
pub(super) struct HeldHeader {
    pub(super) wire: Vec<u8>,
    pub(super) body: Digest,
}

/// Feeds, own and others'.
pub(crate) struct FeedKeeper {
    pub(super) started: Timestamp,
    pub(super) own: BTreeMap<CircleId, OwnFeed>,
    pub(super) replicas: BTreeMap<FeedId, Replica>,
    /// Headers, oldest first, to be served.
    pub(super) headers: BTreeMap<FeedId, Vec<HeldHeader>>,
    /// Bodies as bytes, to be served.
    pub(super) bodies: BTreeMap<Digest, Vec<u8>>,
    pub(super) pending: BTreeMap<RequestId, (Oin, Wanted)>,
    /// Until when a source is left alone that did not have what a feed needed.
    pub(super) resting: BTreeMap<(FeedId, Oin), Timestamp>,
    /// Members whose heads are to be asked for, and when heads were last asked for by circle.
    pub(super) heads_wanted: VecDeque<(Oin, CircleId)>,
    pub(super) heads_asked: BTreeMap<CircleId, (Timestamp, usize)>,
    /// When a head of each feed was last kept on disk.
    pub(super) head_kept_at: BTreeMap<FeedId, Timestamp>,
    /// Publishers whose equivocation was told.
    pub(super) told_equivocation: BTreeSet<Oin>,
    /// Where the next answer with heads starts, so that repeated questions see all of them.
    pub(super) heads_turn: usize,
    /// Publishers whose heads tell of a newer roster than this node's.
    pub(super) newer_roster: BTreeSet<Oin>,
    /// What others' heads say about this node.
    pub(crate) others: Others,
}

impl FeedKeeper {
    /// The feeds of this node in the current epoch, all empty.
    pub(crate) fn new(cx: &Context<'_>) -> Self {
        let feed = |publisher, circle| FeedId { publisher, circle, epoch: cx.epoch };
        let network = cx.roster.network();
        let me = cx.identity.oin;
        let mut own = BTreeMap::new();
        let mut replicas = BTreeMap::new();
        for circle in cx.roster.circles() {
            if cx.roster.has_readers(&circle.id, &me) {
                let publisher = Publisher::new(network, feed(me, circle.id));
                own.insert(circle.id, OwnFeed { publisher, head: None, published_at: None });
            }
            for member in cx.roster.publishers_for(&circle.id, &me) {
                let id = feed(member.oin, circle.id);
                replicas.insert(id, Replica::new(network, id));
            }
        }
        Self {
            started: cx.now,
            own,
            replicas,
            headers: BTreeMap::new(),
            bodies: BTreeMap::new(),
            pending: BTreeMap::new(),
            resting: BTreeMap::new(),
            heads_wanted: VecDeque::new(),
            heads_asked: BTreeMap::new(),
            head_kept_at: BTreeMap::new(),
            told_equivocation: BTreeSet::new(),
            heads_turn: 0,
            newer_roster: BTreeSet::new(),
            others: Others::default(),
        }
    }

    /// Follows another roster: new feeds are opened, those this node may no longer read are dropped, also from
    /// disk. Returns the feeds dropped. An own feed that lost its readers stays, so that it can go on one day.
    pub(crate) fn follow_roster(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) -> Vec<FeedId> {
        let fresh = Self::new(cx);
        for (circle, own) in fresh.own {
            self.own.entry(circle).or_insert(own);
        }
        let dropped: Vec<FeedId> =
            self.replicas.keys().filter(|feed| !fresh.replicas.contains_key(feed)).copied().collect();
        for feed in &dropped {
            self.replicas.remove(feed);
            fx.delete(Collection::Head, feed_key(feed));
            for (header, sequence) in self.headers.remove(feed).into_iter().flatten().zip(1..) {
                fx.delete(Collection::Header, header_key(feed, sequence));
                let named = |held: &Vec<HeldHeader>| held.iter().any(|other| other.body == header.body);
                if !self.headers.values().any(named) && self.bodies.remove(&header.body).is_some() {
                    fx.delete(Collection::Body, header.body.as_bytes().to_vec());
                }
                fx.cut();
            }
        }
        for (feed, replica) in fresh.replicas {
            self.replicas.entry(feed).or_insert(replica);
        }
        dropped
    }

    /// Takes back bodies, headers (by feed and sequence) and heads from disk. What does not verify is left out.
    pub(crate) fn restore(
        &mut self,
        cx: &Context<'_>,
        bodies: Vec<Vec<u8>>,
        headers: &[Vec<u8>],
        heads: &[Vec<u8>],
    ) {
        let mut by_digest: BTreeMap<Digest, Body> = BTreeMap::new();
        for bytes in bodies {
            if let Ok(body) = Body::from_bytes(&bytes) {
                self.bodies.insert(body.digest(), bytes);
                by_digest.insert(body.digest(), body);
            }
        }
        for wire in headers {
            let Some(header) = verified::<HeaderDocument>(cx.roster, wire, |d| d.feed.publisher) else {
                continue;
            };
            let feed = header.document().feed;
            let body = by_digest.get(&header.document().body);
            if feed.publisher == cx.identity.oin {
                if let (Some(own), Some(body)) = (self.own.get_mut(&feed.circle), body)
                    && own.publisher.feed() == feed
                {
                    own.publisher.restore(&header, body);
                    own.published_at = Some(header.document().time);
                    self.hold_header(&header);
                }
            } else if let Some(replica) = self.replicas.get_mut(&feed)
                && replica.offer_header(&header, cx.now) == Ok(true)
            {
                self.hold_header(&header);
            }
        }
        for wire in heads {
            let Some(head) = verified::<HeadDocument>(cx.roster, wire, |d| d.feed.publisher) else {
                continue;
            };
            let feed = head.document().feed;
            if let Some(own) = self.own.get_mut(&feed.circle).filter(|own| own.publisher.feed() == feed) {
                own.head = Some(head);
            } else if let Some(replica) = self.replicas.get_mut(&feed) {
                // An unfit head is left out like any other record that does not verify.
                let _refused = replica.offer_head(head, cx.now);
            }
        }
        for replica in self.replicas.values_mut() {
            while let Some(body) = replica.next_body().and_then(|digest| by_digest.get(&digest)) {
                if replica.offer_body(body).is_err() {
                    break;
                }
            }
        }
    }

    pub(super) fn hold_header(&mut self, header: &Signed<HeaderDocument>) {
        let held = HeldHeader { wire: header.to_wire(), body: header.document().body };
        self.headers.entry(header.document().feed).or_default().push(held);
    }

    /// Circles in which this node publishes.
    pub(crate) fn own_circles(&self) -> impl Iterator<Item = CircleId> {
        self.own.keys().copied()
    }

    /// Queues tags for the next segment of a circle's own feed.
    pub(crate) fn add_tags(&mut self, circle: &CircleId, tags: Vec<crypto::Tag>) {
        if let Some(own) = self.own.get_mut(circle) {
            own.publisher.add(tags);
        }
    }

    /// Withdraws the tags of a circle's own feed that are not among `wanted`.
    pub(crate) fn keep_only(&mut self, circle: &CircleId, wanted: &BTreeSet<crypto::Tag>) {
        if let Some(own) = self.own.get_mut(circle) {
            own.publisher.keep_only(wanted);
        }
    }

    /// Publishers that act on a newer roster, each told once.
    pub(crate) fn newer_roster(&mut self) -> BTreeSet<Oin> {
        std::mem::take(&mut self.newer_roster)
    }

    /// The replicas that this node reads.
    pub(crate) fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.replicas.values()
    }

    /// Tags live in the own feeds.
    pub(crate) fn tags_published(&self) -> usize {
        self.own.values().map(|own| own.publisher.live_len()).sum()
    }

    /// Whether the newest own heads say that nothing is left to publish.
    pub(crate) fn is_published(&self) -> bool {
        let done = |own: &OwnFeed| own.head.as_ref().is_some_and(|head| !head.document().backlog);
        self.own.values().all(|own| done(own) && !own.publisher.has_backlog())
    }

    /// Completeness over every organisation that may publish to this node, in all circles or in some.
    pub(crate) fn completeness(
        &self,
        cx: &Context<'_>,
        material: &KeyMaterial,
        circles: Option<&BTreeSet<CircleId>>,
    ) -> Completeness {
        let mut completeness = Completeness::default();
        let asked =
            |replica: &&Replica| circles.is_none_or(|circles| circles.contains(&replica.feed().circle));
        for replica in self.replicas.values().filter(asked) {
            completeness.add(replica.feed().publisher, self.state(cx, material, replica));
        }
        completeness
    }

    fn state(&self, cx: &Context<'_>, material: &KeyMaterial, replica: &Replica) -> FeedState {
        let heartbeat = u64::from(cx.roster.rules().heartbeat_seconds);
        let Some(head) = replica.head().map(Signed::document) else {
            let patient = cx.now.since(self.started) < heartbeat;
            return if patient { FeedState::Incomplete } else { FeedState::Stale(self.started) };
        };
        if cx.now.since(head.time) > heartbeat {
            return FeedState::Stale(head.time);
        }
        let same_roster = head.roster == cx.roster.digest();
        let known_keys = head.key_sets.iter().all(|digest| material.class_of(digest).is_some());
        if head.backlog || !replica.is_caught_up() || !same_roster || !known_keys {
            return FeedState::Incomplete;
        }
        FeedState::Current
    }
}

/// Reads a stored document and verifies it again.
fn verified<T: crypto::Document>(
    roster: &VerifiedRoster,
    wire: &[u8],
    signer: impl FnOnce(&T) -> Oin,
) -> Option<Signed<T>> {
    let unverified = Unverified::<T>::parse(wire).ok()?;
    let key = roster.organisation_key(&signer(unverified.claimed()))?;
    unverified.verify(&key).ok()
}

/// Signs with the organisation's key.
pub(super) fn key<'a>(cx: &'a Context<'_>) -> &'a SigningKey {
    &cx.identity.key
}
