//! Every feed that this node publishes or follows, in memory, with what is under way for them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::{Digest, Signed, SigningKey, VerifyingKey};
use domain::{CircleId, Epoch, Oin, Timestamp};
use index::{Claim, FeedBounds, FeedId, HeadDocument, HeaderDocument, Position, Publisher, Replica};

use super::follow::{Part, Wanted};
use super::hearing::Hearing;
use super::others::Others;
use super::proofs::Proofs;
use super::publish::feed_key;
use super::readers::ReaderMarks;
use super::unkept::UnkeptHeads;
use crate::effects::{Context, Effects};
use crate::{Collection, RequestId, Scope};

/// The own feed of one circle and epoch.
pub(crate) struct OwnFeed {
    pub(super) publisher: Publisher,
    pub(super) head: Option<Signed<HeadDocument>>,
    pub(super) published_at: Option<Timestamp>,
    /// What is heard of others about it; nothing is signed while there is something to hear.
    pub(super) hearing: Option<Hearing>,
    /// Readers that told what they hold since the start, and those that were asked since they connected.
    pub(super) heard: BTreeSet<Oin>,
    pub(super) asked: BTreeSet<Oin>,
    /// Whether a head was signed since the start.
    pub(super) has_spoken: bool,
}

/// A signed header as bytes, with its place and the body it names.
pub(super) struct HeldHeader {
    pub(super) position: Position,
    pub(super) previous: Option<Digest>,
    pub(super) time: Timestamp,
    pub(super) wire: Vec<u8>,
    pub(super) body: Digest,
    /// Where its run begins, and how many segments from there on are a full set.
    pub(super) begins: u64,
    pub(super) parts: u32,
    /// Tags in its body.
    pub(super) tags: u32,
}

impl From<&Signed<HeaderDocument>> for HeldHeader {
    fn from(header: &Signed<HeaderDocument>) -> Self {
        let document = header.document();
        Self {
            position: Position::from(header),
            previous: document.previous,
            time: document.time,
            wire: header.to_wire(),
            body: document.body,
            begins: document.begins,
            parts: document.parts,
            tags: document.added.saturating_add(document.withdrawn),
        }
    }
}

impl HeldHeader {
    /// What it says of the numbers of its feed.
    pub(super) fn claim(&self) -> Claim {
        Claim { at: self.position, previous: self.previous, time: self.time }
    }
}

/// Names a body. Each epoch has its own, also where two are the same: they lie under different keys on disk.
pub(super) type BodyId = (Epoch, Digest);

/// A body that headers name.
#[derive(Clone, Copy, Default)]
pub(super) struct NamedBody {
    /// How many of them.
    pub(super) headers: u32,
    /// Whether it is on disk, or will be when the Steps so far are.
    pub(super) is_kept: bool,
}

/// Feeds, own and others'.
pub(crate) struct FeedKeeper {
    pub(super) started: Timestamp,
    pub(super) own: BTreeMap<FeedId, OwnFeed>,
    pub(super) replicas: BTreeMap<FeedId, Replica>,
    /// The key under which each publisher's documents were verified so far.
    publisher_keys: BTreeMap<Oin, VerifyingKey>,
    /// Headers, oldest first, to be served.
    pub(super) headers: BTreeMap<FeedId, Vec<HeldHeader>>,
    /// The bodies that they name. The bytes are on disk.
    pub(super) bodies: BTreeMap<BodyId, NamedBody>,
    /// When a new generation of each feed was last taken.
    pub(super) generation_taken: BTreeMap<FeedId, Timestamp>,
    pub(super) pending: BTreeMap<RequestId, (Oin, Wanted)>,
    /// Until when a source is not asked for a part of a feed that it did not have.
    pub(super) resting: BTreeMap<(FeedId, Oin, Part), Timestamp>,
    /// Members whose heads are to be asked for, and when heads were last asked for by circle.
    pub(super) heads_wanted: VecDeque<(Oin, CircleId)>,
    pub(super) heads_asked: BTreeMap<CircleId, (Timestamp, usize)>,
    /// Heads of others that are to be kept on disk.
    pub(super) unkept_heads: UnkeptHeads,
    /// Proofs of equivocation.
    pub(super) proofs: Proofs,
    /// Publishers whose equivocation was told.
    pub(super) told_equivocation: BTreeSet<Oin>,
    /// Feeds of others of which it was told that they go beyond the network's bounds, and own feeds that wait at them.
    pub(super) told_beyond_cap: BTreeSet<FeedId>,
    /// When the next header of a feed was refused because its run is too long.
    pub(super) endless: BTreeMap<FeedId, Timestamp>,
    /// The feed of which held bodies were applied last: the next one has its turn.
    pub(super) applied_last: Option<FeedId>,
    /// Publishers whose heads tell of a newer roster than this node's.
    pub(super) newer_roster: BTreeSet<Oin>,
    /// What others' heads say about this node.
    pub(crate) others: Others,
    pub(super) marks: ReaderMarks,
    /// Whether it was told that the clock was set back.
    pub(super) told_set_back: bool,
    /// Whether it was told that the clock is ahead of those of others.
    pub(super) told_ahead: bool,
    /// When it was last noticed that time passes.
    pub(super) ticked_at: Option<Timestamp>,
    /// Since when the clock is not trusted because it jumped.
    pub(super) unsure_since: Option<Timestamp>,
    /// Own feeds that are known to have no number left.
    pub(super) told_used_up: BTreeSet<FeedId>,
    /// Feeds of which a body could not be had: others may have gone on to a generation that does without it.
    pub(super) bodies_missed: BTreeSet<FeedId>,
    /// When a publisher's new generation was last told.
    pub(super) told_generation: BTreeMap<Oin, Timestamp>,
    /// Own feeds whose headers on disk are no chain, while they are taken back.
    pub(super) torn: BTreeSet<FeedId>,
    /// Records on disk that nothing needs any more.
    pub(super) leftovers: Vec<(Epoch, Collection, Vec<u8>)>,
    pub(super) start: Start,
    /// Whether the data folder was restored from a backup and some own feed has not gone on since.
    pub(super) restored: bool,
}

/// How the feeds of a node start.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Whether others are heard before anything is signed.
    pub(crate) hears: bool,
    /// Whether the data folder was restored from a backup.
    pub(crate) restored: bool,
}

impl FeedKeeper {
    /// The feeds of this node in every epoch that has a lane, all empty.
    pub(crate) fn new(cx: &Context<'_>, start: Start) -> Self {
        let network = cx.roster.network();
        let me = cx.identity.oin;
        let mut own = BTreeMap::new();
        let mut replicas = BTreeMap::new();
        let mut publisher_keys = BTreeMap::new();
        let lanes = cx.epochs.lanes.iter().copied();
        for (epoch, circle) in lanes.flat_map(|epoch| cx.roster.circles().iter().map(move |one| (epoch, one)))
        {
            let feed = |publisher, circle| FeedId { publisher, circle, epoch };
            // Also where nobody reads now: what was published there counts when somebody does again.
            let publisher = Publisher::new(network, feed(me, circle.id));
            let hearing = start.hears.then(Hearing::default);
            let unheard = OwnFeed {
                publisher,
                head: None,
                published_at: None,
                hearing,
                heard: BTreeSet::new(),
                asked: BTreeSet::new(),
                has_spoken: false,
            };
            own.insert(feed(me, circle.id), unheard);
            for member in cx.roster.publishers_for(&circle.id, &me) {
                let id = feed(member.oin, circle.id);
                replicas.insert(id, Replica::new(network, id));
                publisher_keys.insert(member.oin, member.keys.organisation);
            }
        }
        Self {
            started: cx.now,
            own,
            replicas,
            publisher_keys,
            headers: BTreeMap::new(),
            bodies: BTreeMap::new(),
            generation_taken: BTreeMap::new(),
            pending: BTreeMap::new(),
            resting: BTreeMap::new(),
            heads_wanted: VecDeque::new(),
            heads_asked: BTreeMap::new(),
            unkept_heads: UnkeptHeads::default(),
            proofs: Proofs::default(),
            told_equivocation: BTreeSet::new(),
            told_beyond_cap: BTreeSet::new(),
            endless: BTreeMap::new(),
            applied_last: None,
            newer_roster: BTreeSet::new(),
            others: Others::default(),
            marks: ReaderMarks::default(),
            told_set_back: false,
            told_ahead: false,
            ticked_at: None,
            unsure_since: None,
            told_used_up: BTreeSet::new(),
            bodies_missed: BTreeSet::new(),
            told_generation: BTreeMap::new(),
            torn: BTreeSet::new(),
            leftovers: Vec::new(),
            start,
            restored: start.restored,
        }
    }

    /// Follows another roster: new feeds are opened, those this node may no longer read are dropped, also from
    /// disk. A publisher whose key was replaced begins anew. Returns the feeds dropped. An own feed that lost its readers stays, so that it can go on one day.
    pub(crate) fn follow_roster(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) -> Vec<FeedId> {
        let fresh = Self::new(cx, Start { restored: self.restored, ..self.start });
        for (feed, own) in fresh.own {
            self.own.entry(feed).or_insert(own);
        }
        let dropped: Vec<FeedId> =
            self.replicas.keys().filter(|feed| !fresh.replicas.contains_key(feed)).copied().collect();
        for feed in &dropped {
            self.replicas.remove(feed);
            self.generation_taken.remove(feed);
            self.endless.remove(feed);
            self.unkept_heads.forget(feed);
            self.bodies_missed.remove(feed);
            self.told_beyond_cap.remove(feed);
            fx.delete_in(Scope::Epoch(feed.epoch), Collection::Head, feed_key(feed));
            self.forget_headers(feed, |_| false, fx);
        }
        let replaced = |oin: &Oin| {
            let (held, now) = (self.publisher_keys.get(oin), fresh.publisher_keys.get(oin));
            held.is_some() && now.is_some() && held != now
        };
        let anew: Vec<FeedId> =
            self.replicas.keys().filter(|feed| replaced(&feed.publisher)).copied().collect();
        for feed in &anew {
            self.begin_anew(feed, fx);
        }
        self.publisher_keys = fresh.publisher_keys;
        for (feed, replica) in fresh.replicas {
            self.replicas.entry(feed).or_insert(replica);
        }
        self.judge_proofs(cx);
        dropped
    }

    /// Nothing counts any more that a publisher signed with a key that was replaced: whoever stole that key may have
    /// signed numbers above which there is nothing. What is matched on stays until the feed is whole again.
    fn begin_anew(&mut self, feed: &FeedId, fx: &mut Effects<'_>) {
        let Some(replica) = self.replicas.get_mut(feed) else { return };
        replica.begin_anew();
        fx.delete_in(Scope::Epoch(feed.epoch), Collection::Head, feed_key(feed));
        self.unkept_heads.forget(feed);
        self.generation_taken.remove(feed);
        self.bodies_missed.remove(feed);
        self.endless.remove(feed);
        self.told_beyond_cap.remove(feed);
        self.told_equivocation.remove(&feed.publisher);
        self.forget_headers(feed, |_| false, fx);
    }

    pub(super) fn hold_header(&mut self, header: &Signed<HeaderDocument>) {
        let held = HeldHeader::from(header);
        let feed = header.document().feed;
        self.bodies.entry((feed.epoch, held.body)).or_default().headers += 1;
        self.headers.entry(feed).or_default().push(held);
    }

    /// An epoch is over: nothing of it is published, served or followed any more. Its records go with its data key.
    pub(crate) fn forget_epoch(&mut self, epoch: Epoch) {
        self.own.retain(|feed, _| feed.epoch != epoch);
        self.replicas.retain(|feed, _| feed.epoch != epoch);
        self.headers.retain(|feed, _| feed.epoch != epoch);
        self.bodies.retain(|(of, _), _| *of != epoch);
        self.generation_taken.retain(|feed, _| feed.epoch != epoch);
        self.resting.retain(|(feed, _, _), _| feed.epoch != epoch);
        self.unkept_heads.forget_epoch(epoch);
        self.told_used_up.retain(|feed| feed.epoch != epoch);
        self.bodies_missed.retain(|feed| feed.epoch != epoch);
        self.told_beyond_cap.retain(|feed| feed.epoch != epoch);
        self.endless.retain(|feed, _| feed.epoch != epoch);
        self.leftovers.retain(|(of, _, _)| *of != epoch);
        self.marks.forget_epoch(epoch);
    }

    /// The feeds in which this node publishes.
    pub(crate) fn own_feeds(&self) -> impl Iterator<Item = FeedId> {
        self.own.keys().copied()
    }

    /// Queues tags for the next segment of an own feed.
    pub(crate) fn add_tags(&mut self, feed: &FeedId, tags: Vec<crypto::Tag>) {
        if let Some(own) = self.own.get_mut(feed) {
            own.publisher.add(tags);
        }
    }

    /// Withdraws the tags of an own feed that are not among `wanted`.
    pub(crate) fn keep_only(&mut self, feed: &FeedId, wanted: &BTreeSet<crypto::Tag>) {
        if let Some(own) = self.own.get_mut(feed) {
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

    /// Feeds that went on under a higher generation, own and others', with the newest: at most one for each
    /// organisation.
    pub(crate) fn continued(&self) -> BTreeMap<Oin, u32> {
        let own = self.own.values().map(|own| (own.publisher.feed(), own.publisher.generation()));
        let others = self.replicas.values().map(|replica| (replica.feed(), replica.generation()));
        let mut continued = BTreeMap::new();
        for (feed, generation) in own.chain(others).filter(|(_, generation)| *generation > 0) {
            let newest: &mut u32 = continued.entry(feed.publisher).or_default();
            *newest = generation.max(*newest);
        }
        continued
    }

    /// Tags live in the own feeds of the epochs in force.
    pub(crate) fn tags_published(&self, cx: &Context<'_>) -> usize {
        let epochs = cx.epochs.in_force();
        let own = self.own.iter().filter(|(feed, _)| epochs.contains(&feed.epoch));
        own.map(|(_, own)| own.publisher.live_len()).sum()
    }

    /// Whether the newest own heads in an epoch say that nothing is left to publish.
    pub(crate) fn is_published(&self, cx: &Context<'_>, epoch: Epoch) -> bool {
        let done = |own: &OwnFeed| {
            own.hearing.is_none() && own.head.as_ref().is_some_and(|head| !head.document().backlog)
        };
        let is_read = |circle: &roster::Circle| cx.roster.has_readers(&circle.id, &cx.identity.oin);
        if !cx.epochs.lanes.contains(&epoch) && cx.roster.circles().iter().any(is_read) {
            return false;
        }
        let own = self.read_feeds(cx).filter(|own| own.publisher.feed().epoch == epoch);
        own.into_iter().all(|own| done(own) && !own.publisher.has_backlog())
    }

    /// The own feeds that somebody may read.
    pub(super) fn read_feeds(&self, cx: &Context<'_>) -> impl Iterator<Item = &OwnFeed> {
        let read = self.own.iter().filter(|(feed, _)| cx.roster.has_readers(&feed.circle, &cx.identity.oin));
        read.map(|(_, own)| own)
    }
}

/// How large any feed may get by the rules in force.
pub(super) fn bounds(cx: &Context<'_>) -> FeedBounds {
    let rules = cx.roster.rules();
    FeedBounds {
        live_tags: usize::try_from(rules.live_tags).unwrap_or(usize::MAX),
        segments_per_snapshot: rules.segments_per_snapshot,
    }
}

/// Signs with the organisation's key.
pub(super) fn key<'a>(cx: &'a Context<'_>) -> &'a SigningKey {
    &cx.identity.key
}
