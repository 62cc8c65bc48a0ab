//! Proofs of equivocation: found in what arrives, kept, passed on, and asked for.
//!
//! Whoever finds or hears a proof keeps it and passes it on once, after it is on disk, to so many readers of the feed
//! that it reaches all in a few steps. Whoever was away asks: the first members that connect, then one each interval.
//! A proof is nobody's business but the readers' and the publisher's own.
//!
//! While a proof is *open* nothing of the publisher in that circle counts as complete. It is no longer when the
//! publisher has begun anew under a higher generation: then everything is published again, and every reader holds the
//! same. Its publisher still has something to explain, so it stays, and is shown, also when its key was replaced or
//! it left.

use std::collections::{BTreeMap, VecDeque};

use crypto::cbor;
use domain::{CircleId, Oin, Timestamp};
use index::{Claim, FeedId, NotProven, Position, Proof, ProofPlace, Replica, UnverifiedProof};
use minicbor::bytes::ByteVec;

use super::follow::Wanted;
use super::keeper::{FeedKeeper, HeldHeader};
use super::message::{FeedRequest, PROOFS_PER_PAGE};
use crate::effects::{Context, Effects};
use crate::record::ProofRecord;
use crate::{Collection, Conversation, Notice};

/// Most proofs kept. One of a member that is gone makes room; beyond that many a network has no honest members left.
const MAX_PROOFS: usize = 1_024;

/// Members that connected and wait to be asked for proofs.
const MAX_PROOFS_WANTED: usize = 16;

/// What a proof means now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProofStanding {
    /// The publisher is incomplete in the circle.
    Open,
    /// The publisher has begun anew since, under a higher generation.
    BegunAnew,
    /// The key that signed it was replaced, or the member left: it says nothing of what is published now.
    Over,
}

/// A proof that this node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofStatus {
    /// The proof.
    pub proof: Proof,
    /// Since when this node has it.
    pub since: Timestamp,
    /// What it means now.
    pub standing: ProofStanding,
}

impl ProofStatus {
    fn record(&self) -> ProofRecord {
        let begun_anew = self.standing == ProofStanding::BegunAnew;
        ProofRecord { since: self.since, begun_anew, wire: self.proof.to_wire().into() }
    }

    /// Whether another proof of the same place says more.
    fn gives_way_to(&self, other: &Proof) -> bool {
        let order = |proof: &Proof| (proof.feed().epoch, proof.generation());
        match self.standing {
            ProofStanding::Open => false,
            ProofStanding::BegunAnew => order(other) > order(&self.proof),
            ProofStanding::Over => true,
        }
    }
}

/// The proofs that a node holds, and whom it asks for more.
#[derive(Default)]
pub(super) struct Proofs {
    held: BTreeMap<ProofPlace, ProofStatus>,
    /// Members to be asked, and the place after which they are.
    wanted: VecDeque<(Oin, Option<ProofPlace>)>,
    asked_at: Option<Timestamp>,
    turn: usize,
}

impl Proofs {
    /// Whether a publisher is incomplete in a circle because of a proof.
    pub(super) fn is_open(&self, publisher: Oin, circle: CircleId) -> bool {
        let held = self.held.get(&ProofPlace { publisher, circle });
        held.is_some_and(|held| held.standing == ProofStanding::Open)
    }

    /// How far two histories of a feed are known to go, and since when, while nothing above them is matched on.
    pub(super) fn disputed(&self, feed: &FeedId) -> Option<(Position, Timestamp)> {
        let held = self.held.get(&ProofPlace { publisher: feed.publisher, circle: feed.circle })?;
        let is_open = held.standing == ProofStanding::Open && held.proof.feed() == *feed;
        is_open.then(|| (held.proof.highest(), held.since))
    }

    pub(super) fn connected(&mut self, member: Oin) {
        if self.wanted.len() < MAX_PROOFS_WANTED {
            self.wanted.push_back((member, None));
        }
    }

    pub(super) fn clock_went_back(&mut self) {
        self.asked_at = None;
    }

    /// Makes room for a proof of another place. Returns the place that gave way, `None` when there is no room.
    fn make_room(&mut self) -> Option<Option<ProofPlace>> {
        if self.held.len() < MAX_PROOFS {
            return Some(None);
        }
        let over = self.held.iter().find(|(_, held)| held.standing == ProofStanding::Over);
        let place = over.map(|(place, _)| *place)?;
        self.held.remove(&place);
        Some(Some(place))
    }
}

impl FeedKeeper {
    /// Looks whether what a publisher signed contradicts what it signed before, as far as this node holds it. Keeps
    /// the proof when it does. `wire` is verified.
    pub(super) fn contradicts_held(
        &mut self,
        cx: &Context<'_>,
        feed: &FeedId,
        claim: &Claim,
        wire: &[u8],
        fx: &mut Effects<'_>,
    ) -> bool {
        let Some(other) = self.contradicting(feed, claim) else { return false };
        if !self.proofs.is_open(feed.publisher, feed.circle)
            && let Some(key) = cx.roster.organisation_key(&feed.publisher)
            && let Ok(proof) = UnverifiedProof::of(wire, &other)
            && let Ok(proof) = proof.verify(&cx.roster.network(), &key)
        {
            self.keep_proof(cx, proof, fx);
        }
        true
    }

    /// What is held of a feed and cannot belong to one history with a claim.
    fn contradicting(&self, feed: &FeedId, claim: &Claim) -> Option<Vec<u8>> {
        let held = self.headers.get(feed).map_or(&[][..], Vec::as_slice);
        let before = claim.at.sequence.saturating_sub(1);
        let first = held.partition_point(|header| header.position.sequence < before);
        let mut near = held.iter().skip(first).take(3);
        let contradicts = |header: &&HeldHeader| header.claim().contradicts(claim);
        // Of those further away only the newest can say more: that the feed goes back.
        let header = near.find(contradicts).or_else(|| held.last().filter(contradicts));
        let header = header.map(|header| header.wire.clone());
        header.or_else(|| {
            let head = self.replicas.get(feed).and_then(Replica::head)?;
            Claim::from(head.document()).contradicts(claim).then(|| head.to_wire())
        })
    }

    /// Takes a proof that a member brings. Returns where it belongs, `None` when it cannot be read.
    pub(super) fn take_proof(
        &mut self,
        cx: &Context<'_>,
        wire: &[u8],
        fx: &mut Effects<'_>,
    ) -> Option<ProofPlace> {
        let Ok(proof) = UnverifiedProof::parse(wire) else {
            fx.refused.malformed_frames += 1;
            return None;
        };
        let feed = proof.feed();
        let place = ProofPlace { publisher: feed.publisher, circle: feed.circle };
        let is_held = self
            .proofs
            .held
            .get(&place)
            .is_some_and(|held| held.standing == ProofStanding::Open || held.proof.to_wire() == wire);
        // What is about a feed that this node may not read is none of its business.
        if is_held || !may_hear(cx, &place, &cx.identity.oin) {
            return Some(place);
        }
        let key = cx.roster.organisation_key(&feed.publisher)?;
        let network = cx.roster.network();
        let is_past = |proof: &UnverifiedProof| {
            let mut keys = cx.chain.keys_ever(&feed.publisher);
            keys.any(|key| proof.clone().verify(&network, &key).is_ok())
        };
        match proof.clone().verify(&network, &key) {
            Ok(proof) => self.keep_proof(cx, proof, fx),
            // Of whoever has not heard that the key was replaced.
            Err(NotProven::BadSignature) if is_past(&proof) => {}
            Err(NotProven::BadSignature) => fx.refused.bad_signatures += 1,
            Err(NotProven::OtherFeeds | NotProven::NoContradiction) => fx.refused.bad_feed_parts += 1,
        }
        Some(place)
    }

    /// Keeps a proof that says more than what is held, tells of it, and passes it on.
    fn keep_proof(&mut self, cx: &Context<'_>, proof: Proof, fx: &mut Effects<'_>) {
        let place = proof.place();
        match self.proofs.held.get(&place) {
            Some(held) if !held.gives_way_to(&proof) => return,
            Some(_) => {}
            None => match self.proofs.make_room() {
                Some(Some(gone)) => fx.delete(Collection::Proof, ProofRecord::key(&gone)),
                Some(None) => {}
                None => return,
            },
        }
        let standing =
            if self.has_begun_anew(&proof) { ProofStanding::BegunAnew } else { ProofStanding::Open };
        let held = ProofStatus { proof, since: cx.now, standing };
        fx.put(Collection::Proof, ProofRecord::key(&place), held.record().to_bytes());
        self.told_equivocation.insert(place.publisher);
        fx.notice(Notice::Equivocation { publisher: place.publisher });
        let frame = cbor::to_vec(&FeedRequest::Proof { proof: held.proof.to_wire().into() });
        for member in audience(cx, &place) {
            let id = fx.request(member, Conversation::Feed, frame.clone());
            self.pending.insert(id, (member, Wanted::Nothing));
        }
        self.proofs.held.insert(place, held);
        fx.cut();
    }

    /// Whether a publisher went on above both histories: a higher generation of the feed is matched on, or published
    /// when the feed is this node's own.
    fn has_begun_anew(&self, proof: &Proof) -> bool {
        let feed = proof.feed();
        let own = self.own.get(&feed).filter(|own| own.hearing.is_none());
        let newest = own
            .map(|own| own.publisher.generation())
            .or_else(|| self.replicas.get(&feed).map(Replica::matched_generation));
        newest.is_some_and(|newest| newest > proof.generation())
    }

    /// Notes which publishers have begun anew, and asks for what others have proven.
    pub(super) fn fetch_proofs(&mut self, cx: &Context<'_>, fx: &mut Effects<'_>) {
        let open = self.proofs.held.values().filter(|held| held.standing == ProofStanding::Open);
        let anew: Vec<ProofPlace> =
            open.filter(|held| self.has_begun_anew(&held.proof)).map(|held| held.proof.place()).collect();
        for place in anew {
            if let Some(held) = self.proofs.held.get_mut(&place) {
                held.standing = ProofStanding::BegunAnew;
                fx.put(Collection::Proof, ProofRecord::key(&place), held.record().to_bytes());
            }
        }
        if self.pending.values().any(|(_, wanted)| matches!(wanted, Wanted::Proofs(_))) {
            return;
        }
        let asked = self.proofs.asked_at.unwrap_or(self.started);
        if cx.now.since(asked) >= u64::from(cx.roster.rules().publish_interval_seconds) {
            let turn = self.proofs.turn % cx.connected.len().max(1);
            if let Some(member) = cx.connected.iter().nth(turn) {
                self.proofs.asked_at = Some(cx.now);
                self.proofs.turn = turn.wrapping_add(1);
                self.proofs.wanted.push_back((*member, None));
            }
        }
        while let Some((member, after)) = self.proofs.wanted.pop_front() {
            if cx.connected.contains(&member) {
                let id = fx.request(member, Conversation::Feed, cbor::to_vec(&FeedRequest::Proofs { after }));
                self.pending.insert(id, (member, Wanted::Proofs(after)));
                return;
            }
        }
    }

    /// Takes a page of proofs. A full one is followed by a question for the next.
    pub(super) fn take_proofs(
        &mut self,
        cx: &Context<'_>,
        source: Oin,
        after: Option<ProofPlace>,
        proofs: &[ByteVec],
        fx: &mut Effects<'_>,
    ) {
        let mut last = after;
        for wire in proofs {
            let place = self.take_proof(cx, wire, fx);
            if place.is_none() || place <= last {
                // Nothing more of whoever cannot spell or count: it could go on for ever.
                return;
            }
            last = place;
        }
        if proofs.len() == PROOFS_PER_PAGE {
            self.proofs.wanted.push_front((source, last));
        }
    }

    /// The proofs that a member may hear, after a place.
    pub(super) fn proofs_for(
        &self,
        cx: &Context<'_>,
        member: &Oin,
        after: Option<ProofPlace>,
    ) -> Vec<ByteVec> {
        let held = self.proofs.held.iter().filter(|(place, held)| {
            after.is_none_or(|after| **place > after)
                && held.standing != ProofStanding::Over
                && may_hear(cx, place, member)
        });
        held.take(PROOFS_PER_PAGE).map(|(_, held)| held.proof.to_wire().into()).collect()
    }

    /// The proofs held, by publisher and circle.
    pub(crate) fn proofs(&self) -> impl Iterator<Item = &ProofStatus> {
        self.proofs.held.values()
    }

    /// Takes proofs back from disk. One that no key of the publisher bears out is left out.
    pub(crate) fn restore_proofs(&mut self, cx: &Context<'_>, records: &[Vec<u8>]) {
        for record in records.iter().filter_map(|bytes| ProofRecord::from_bytes(bytes)) {
            let Ok(unverified) = UnverifiedProof::parse(&record.wire) else { continue };
            let publisher = unverified.feed().publisher;
            let mut keys = cx.chain.keys_ever(&publisher);
            let network = cx.roster.network();
            let proof = keys.find_map(|key| unverified.clone().verify(&network, &key).ok());
            let Some(proof) = proof else { continue };
            let standing = if record.begun_anew { ProofStanding::BegunAnew } else { ProofStanding::Open };
            let place = proof.place();
            self.told_equivocation.insert(place.publisher);
            self.proofs.held.insert(place, ProofStatus { proof, since: record.since, standing });
        }
        self.judge_proofs(cx);
    }

    /// A proof means nothing where the key that signed it is not, or no longer, the publisher's.
    pub(super) fn judge_proofs(&mut self, cx: &Context<'_>) {
        for (place, held) in &mut self.proofs.held {
            let key = cx.roster.organisation_key(&place.publisher);
            let again = UnverifiedProof::parse(&held.proof.to_wire()).ok();
            let holds =
                key.zip(again).is_some_and(|(key, proof)| proof.verify(&cx.roster.network(), &key).is_ok());
            if !holds {
                held.standing = ProofStanding::Over;
            } else if held.standing == ProofStanding::Over {
                // Its publisher is back with the same key.
                held.standing = ProofStanding::Open;
            }
        }
    }
}

/// Whether a proof is a member's business: it may read the publisher's feed, or is the publisher.
fn may_hear(cx: &Context<'_>, place: &ProofPlace, member: &Oin) -> bool {
    *member == place.publisher || cx.roster.publishes_to(&place.circle, &place.publisher, member)
}

/// Whom a proof is passed on to: in the circle of all connected members that may hear it, those one, two, four and so
/// on places further. When everybody does so it reaches all in as many steps as that number has bits.
fn audience(cx: &Context<'_>, place: &ProofPlace) -> Vec<Oin> {
    let may_hear: Vec<Oin> =
        cx.connected.iter().filter(|member| may_hear(cx, place, member)).copied().collect();
    let own_place = may_hear.partition_point(|member| *member < cx.identity.oin);
    let distances = std::iter::successors(Some(1_usize), |distance| distance.checked_mul(2));
    let audience = distances
        .take_while(|distance| *distance <= may_hear.len())
        .filter_map(|distance| may_hear.get((own_place + distance - 1) % may_hear.len()).copied());
    let mut audience: Vec<Oin> = audience.collect();
    if may_hear.contains(&place.publisher) && !audience.contains(&place.publisher) {
        audience.push(place.publisher);
    }
    audience
}
