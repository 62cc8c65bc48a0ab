//! A publisher and a reader of its feed: segments are made, lost with the publisher's folder and made again, and reach the
//! reader in whatever order, among others that the holder of the publisher's key forged.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{Digest, Signed, Tag};
use domain::{CircleId, Epoch, NetworkId, Oin, Timestamp};
use index::{
    Applied, Body, FeedBounds, FeedError, FeedId, HeadDocument, HeaderDocument, MAX_TAGS, Position,
    Publisher, Replica,
};

use super::Check;
use super::documents::signer;
use super::pieces::Pieces;

pub(crate) const CHECKS: &[(&str, Check)] = &[("honest", honest), ("lying", lying)];

/// Things that happen in one input; more would only make it slow.
const MOST_EVENTS: usize = 256;

/// The cap of both sides: more than one body holds, so that full sets have several parts.
const CAP: usize = 10_000;

const BOUNDS: FeedBounds = FeedBounds { live_tags: CAP, segments_per_snapshot: 20 };

const START: Timestamp = Timestamp(1_795_000_000);

/// Good inputs, by check: in order, with losses, with full sets of several parts, with forgeries.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let steps = |step: &[u8], times: usize| step.repeat(times);
    // A few tags, a segment, its header, its body, the head.
    let plain = steps(&[0, 3, 2, 5, 1, 7, 6, 1, 7], 12);
    let withdrawing = steps(&[0, 2, 1, 5, 2, 5, 1, 6, 6, 7, 7], 12);
    let sets = [steps(&[0, 9, 2, 5, 6], 4), steps(&[2, 5, 6, 3, 5, 5, 5, 8, 6, 7, 9], 6)].concat();
    let losing = steps(&[0, 3, 2, 2, 5, 5, 6, 7, 4, 1, 0, 2, 2, 5, 6, 7, 9], 8);
    let disorder = steps(&[0, 3, 2, 2, 2, 10, 1, 11, 0, 10, 0, 5, 5, 6, 6, 7], 8);
    let forging = steps(&[0, 3, 2, 5, 6, 12, 1, 0, 3, 12, 0x22, 1, 0, 12, 0x43, 2, 9, 13, 0, 2, 5, 6], 6);
    let mut inputs = Vec::new();
    for bytes in [plain, withdrawing, sets, losing, disorder, forging] {
        inputs.extend(CHECKS.iter().map(|(name, _)| (*name, bytes.clone())));
    }
    inputs
}

/// The publisher signs one feed.
fn honest(bytes: &[u8]) -> bool {
    World::new(false).play(bytes)
}

/// Somebody signs whatever there is with the publisher's key.
fn lying(bytes: &[u8]) -> bool {
    World::new(true).play(bytes)
}

/// A segment that was signed, and what is live after it as far as its run tells.
struct Made {
    header: Signed<HeaderDocument>,
    body: Body,
    live: BTreeSet<Tag>,
}

struct World {
    may_lie: bool,
    /// Whether the reader took anything that the publisher did not sign.
    is_deceived: bool,
    now: Timestamp,
    publisher: Publisher,
    wanted: BTreeSet<Tag>,
    made: Vec<Made>,
    replica: Replica,
    /// What the reader was told that it matches on.
    told: BTreeSet<Tag>,
    last_tag: u32,
}

impl World {
    fn new(may_lie: bool) -> Self {
        Self {
            may_lie,
            is_deceived: false,
            now: START,
            publisher: publisher(),
            wanted: BTreeSet::new(),
            made: Vec::new(),
            replica: replica(),
            told: BTreeSet::new(),
            last_tag: 0,
        }
    }

    /// Whether the reader took a body.
    fn play(mut self, bytes: &[u8]) -> bool {
        let mut pieces = Pieces::new(bytes);
        let mut events = 0;
        while !pieces.is_empty() && events < MOST_EVENTS {
            self.event(&mut pieces);
            self.holds();
            events += 1;
        }
        let taken = self.replica.taken();
        self.comes_to_rest();
        taken > 0
    }

    fn event(&mut self, pieces: &mut Pieces<'_>) {
        match pieces.byte() % 14 {
            0 => self.register(pieces.byte()),
            1 => self.withdraw(pieces.byte()),
            2 => self.segment(),
            3 => self.full_set(),
            4 => self.lose_folder(pieces.byte()),
            5 => self.fetch_header(),
            6 => self.fetch_body(),
            7 => self.fetch_head(),
            8 => {
                if let Some(body) = self.replica.derive() {
                    let applied = self.replica.offer_body(&body).expect("made of the tags held");
                    self.applied(applied);
                }
            }
            9 => {
                let applied = self.replica.take_over();
                self.applied(applied);
            }
            10 => {
                // Whatever was signed comes again, in whatever order.
                let place = pieces.below(self.made.len());
                if let Some(header) = self.made.get(place).map(|made| made.header.clone()) {
                    self.offer_header(&header);
                }
            }
            11 => {
                let place = pieces.below(self.made.len());
                if let Some(body) = self.made.get(place).map(|made| made.body.clone()) {
                    self.offer_body(&body);
                }
            }
            12 => self.forge(pieces),
            _ => match pieces.byte() {
                0 => self.replica.skip_to_full_set(),
                1 => {
                    // The key was replaced: what the old one signed no longer counts.
                    self.replica.begin_anew();
                    self.lose_folder(0);
                }
                seconds => self.now = self.now.plus(seconds.into()),
            },
        }
    }

    /// Families come; now and then so many that one body does not hold their tags.
    fn register(&mut self, amount: u8) {
        let count = if amount % 10 == 9 { 2_500 } else { usize::from(amount % 10) };
        let count = count.min((CAP / 2).saturating_sub(self.wanted.len()));
        for _ in 0..count {
            self.last_tag += 1;
            let tag = crypto::digest("tag", &[&self.last_tag.to_be_bytes()]);
            let (tag, _) = tag.as_bytes().split_first_chunk::<16>().expect("a digest is longer");
            self.wanted.insert(Tag::from_bytes(*tag));
        }
        self.publisher.add(self.wanted.iter().copied());
    }

    /// Every so manieth family goes.
    fn withdraw(&mut self, every: u8) {
        let every = usize::from(every).max(1);
        let mut place = 0;
        self.wanted.retain(|_| {
            place += 1;
            place % every != 0
        });
        self.publisher.keep_only(&self.wanted);
    }

    fn segment(&mut self) {
        self.now = self.now.plus(1);
        if self.publisher.is_set_unfinished() {
            return self.full_set();
        }
        let segment = self.publisher.segment(self.now, &signer()).expect("far from the last number");
        self.keep(segment.header, segment.body);
        if self.publisher.is_full_set_due() {
            self.full_set();
        }
    }

    fn full_set(&mut self) {
        self.now = self.now.plus(1);
        // Whenever there can be one, and not only when it is due.
        self.publisher.set_bounds(FeedBounds { segments_per_snapshot: 0, ..BOUNDS });
        let can_be = self.publisher.is_full_set_due();
        self.publisher.set_bounds(BOUNDS);
        if !can_be {
            return;
        }
        let before = self.live();
        let parts = self.publisher.full_set(self.now, &signer());
        if parts.is_empty() {
            return;
        }
        for part in parts {
            self.keep(part.header, part.body);
        }
        assert_eq!(self.live(), before, "a full set holds what is live, nothing more or less");
    }

    fn live(&self) -> BTreeSet<Tag> {
        self.made.last().map(|made| made.live.clone()).unwrap_or_default()
    }

    fn keep(&mut self, header: Signed<HeaderDocument>, body: Body) {
        let mut live = if header.document().is_first() { BTreeSet::new() } else { self.live() };
        live.extend(body.added());
        live.retain(|tag| body.withdrawn().binary_search(tag).is_err());
        assert!(live.len() <= CAP, "{} tags are live", live.len());
        self.made.push(Made { header, body, live });
    }

    /// The publisher goes on from a copy of its folder that misses the newest segments. It hears of the newest one.
    fn lose_folder(&mut self, missing: u8) {
        let Some(newest) = self.made.last().map(|made| Position::from(&made.header)) else { return };
        let mut restored = publisher();
        let kept = self.made.len().saturating_sub(usize::from(missing));
        for made in &self.made[..kept] {
            let _fits = restored.restore(&made.header, &made.body);
        }
        restored.continue_above(newest);
        restored.add(self.wanted.iter().copied());
        restored.keep_only(&self.wanted);
        self.publisher = restored;
    }

    /// The header after the newest held, as a publisher would serve it.
    fn fetch_header(&mut self) {
        let newest = self.replica.newest_sequence();
        let next = self.made.iter().find(|made| made.header.document().sequence > newest);
        if let Some(header) = next.map(|made| made.header.clone()) {
            self.offer_header(&header);
        }
    }

    fn offer_header(&mut self, header: &Signed<HeaderDocument>) {
        let outcome = self.replica.offer_header(header, self.now);
        if !self.is_deceived {
            assert_ne!(outcome, Err(FeedError::Equivocation), "the publisher signed one feed");
        }
    }

    fn fetch_body(&mut self) {
        let Some(wanted) = self.replica.next_body() else { return };
        if let Some(body) = self.body(&wanted) {
            self.offer_body(&body);
        }
    }

    fn body(&self, wanted: &Digest) -> Option<Body> {
        self.made.iter().map(|made| &made.body).find(|body| body.digest() == *wanted).cloned()
    }

    fn offer_body(&mut self, body: &Body) {
        if let Ok(applied) = self.replica.offer_body(body) {
            self.applied(applied);
        }
    }

    fn fetch_head(&mut self) {
        let head = self.publisher.head(self.now, false, (1, digest()), vec![digest()], &signer());
        if let Some(head) = head {
            let outcome = self.replica.offer_head(head, self.now);
            assert!(self.is_deceived || outcome.is_ok(), "{outcome:?}");
        }
    }

    fn applied(&mut self, applied: Option<Applied>) {
        let Some(applied) = applied else { return };
        self.told.extend(applied.added);
        for tag in applied.withdrawn {
            self.told.remove(&tag);
        }
    }

    /// A header or a head that the publisher did not make, under its key.
    fn forge(&mut self, pieces: &mut Pieces<'_>) {
        let (sort, place, by) = (pieces.byte(), pieces.below(self.made.len()), pieces.byte());
        if !self.may_lie || self.made.is_empty() {
            return;
        }
        self.is_deceived = true;
        if sort & 0x80 != 0 {
            let head = self.publisher.head(self.now, by & 1 != 0, (1, digest()), vec![digest()], &signer());
            let mut head: HeadDocument = head.expect("there is a segment").document().clone();
            head.sequence = head.sequence.wrapping_add_signed(i64::from(by.cast_signed()));
            let _outcome = self.replica.offer_head(Signed::sign(head, &signer()), self.now);
            return;
        }
        let made = &self.made[place];
        let mut header = made.header.document().clone();
        let shifted = |number: u64| number.wrapping_add_signed(i64::from(by.cast_signed()));
        match sort & 7 {
            0 => header.sequence = shifted(header.sequence),
            1 => header.begins = shifted(header.begins),
            2 => header.generation = header.generation.wrapping_add(by.into()),
            3 => header.parts = u32::from(by) << (sort >> 4),
            4 => {
                (header.added, header.withdrawn) = (header.added.wrapping_add(by.into()), (sort >> 4).into())
            }
            5 => header.previous = (by != 0).then(digest),
            6 => header.time = self.now.plus(by.into()),
            _ => {
                // A set of its own right above everything, which takes nothing over.
                let newest = self.replica.newest_sequence();
                header.sequence = newest.saturating_add(u64::from(by).max(1));
                (header.begins, header.parts) = (header.sequence, u32::from(sort >> 4));
                header.previous = Some(digest());
            }
        }
        let header = Signed::sign(header, &signer());
        let body = made.body.clone();
        let _outcome = self.replica.offer_header(&header, self.now);
        self.offer_body(&body);
    }

    /// What holds at every moment.
    fn holds(&self) {
        let tags = self.replica.tags();
        assert!(tags.is_sorted_by(|one, next| one < next));
        assert!(tags.iter().eq(&self.told), "what is matched on is what its owner was told");
        assert!(tags.len() <= CAP, "{} tags under a cap of {CAP}", tags.len());
        let most = |header: &HeaderDocument| (header.added + header.withdrawn) as usize <= MAX_TAGS;
        assert!(self.replica.next_bodies().all(most));
        let taken = self.replica.taken();
        if !self.is_deceived && taken > 0 {
            let live: BTreeMap<u64, &BTreeSet<Tag>> =
                self.made.iter().map(|made| (made.header.document().sequence, &made.live)).collect();
            assert!(tags.iter().eq(live[&taken]), "what is matched on was live after segment {taken}");
        }
    }

    /// Once everything arrives that there is, the reader holds what its publisher wants it to.
    fn comes_to_rest(&mut self) {
        while self.publisher.has_backlog() || self.publisher.is_set_unfinished() {
            self.segment();
        }
        self.segment();
        self.fetch_head();
        for _ in 0..4 * self.made.len() + 8 {
            self.fetch_header();
            while let Some(body) = self.replica.derive() {
                let applied = self.replica.offer_body(&body).expect("made of the tags held");
                self.applied(applied);
            }
            self.fetch_body();
            let applied = self.replica.take_over();
            self.applied(applied);
        }
        self.holds();
        if !self.is_deceived {
            assert!(self.replica.is_caught_up(), "everything arrived");
            assert!(self.replica.tags().iter().eq(&self.wanted), "what is wanted, and nothing more");
        }
    }
}

fn feed() -> (NetworkId, FeedId) {
    let publisher = Oin::test_number(1).expect("a small number");
    let feed = FeedId { publisher, circle: CircleId::from_bytes([1; 16]), epoch: Epoch(7) };
    (NetworkId::from_bytes([7; 32]), feed)
}

fn publisher() -> Publisher {
    let (network, feed) = feed();
    let mut publisher = Publisher::new(network, feed);
    publisher.set_bounds(BOUNDS);
    publisher
}

fn replica() -> Replica {
    let (network, feed) = feed();
    let mut replica = Replica::new(network, feed);
    replica.set_bounds(BOUNDS);
    replica
}

fn digest() -> Digest {
    crypto::digest("made up", &[])
}
