//! The own feed: what was published and what still waits for the next segment.

use std::collections::BTreeSet;

use crypto::{Digest, Signed, SigningKey, Tag, TypeName};
use domain::{NetworkId, Timestamp};

use crate::{Body, FeedId, HeadDocument, HeaderDocument, MAX_GENERATION, MAX_SEQUENCE, MAX_TAGS, Position};

/// State of the own feed in one circle and epoch.
#[derive(Debug)]
pub struct Publisher {
    network: NetworkId,
    feed: FeedId,
    live: BTreeSet<Tag>,
    waiting: BTreeSet<Tag>,
    leaving: BTreeSet<Tag>,
    generation: u32,
    /// The header that the next one continues.
    newest: Option<Position>,
}

/// A segment ready to be kept and served.
#[derive(Debug)]
pub struct Segment {
    /// Its signed header.
    pub header: Signed<HeaderDocument>,
    /// Its body.
    pub body: Body,
}

impl Publisher {
    /// An empty feed.
    #[must_use]
    pub fn new(network: NetworkId, feed: FeedId) -> Self {
        Self {
            network,
            feed,
            live: BTreeSet::new(),
            waiting: BTreeSet::new(),
            leaving: BTreeSet::new(),
            generation: 0,
            newest: None,
        }
    }

    /// Takes back a segment that was published before a restart; segments come in their order. A generation holds
    /// everything, so the first segment of a higher one takes the place of all before it. Returns whether the segment
    /// has its place behind the one before; where it has not, only a generation above both is one chain again.
    pub fn restore(&mut self, header: &Signed<HeaderDocument>, body: &Body) -> bool {
        let newest = Position::from(header);
        let continues = match self.newest {
            None => header.document().previous.is_none(),
            Some(held) => {
                held.generation == newest.generation
                    && held.sequence.checked_add(1) == Some(newest.sequence)
                    && header.document().previous == Some(held.header)
            }
        };
        let begins = newest.generation > self.generation;
        if begins {
            self.live.clear();
        }
        self.apply(body);
        self.generation = self.generation.max(newest.generation);
        self.newest = Some(newest);
        continues || begins
    }

    /// Goes on above everything that was taken back from disk, under the next generation.
    pub fn continue_above_restored(&mut self) {
        if let Some(newest) = self.newest {
            self.continue_above(Position { generation: self.generation, ..newest });
        }
    }

    /// Goes on above a header that others hold and this node does not: under the next generation, which begins with
    /// nothing live, so that everything wanted is published again.
    pub fn continue_above(&mut self, newest: Position) {
        let stays = std::mem::take(&mut self.live);
        let leaving = std::mem::take(&mut self.leaving);
        self.waiting.extend(stays.difference(&leaving));
        // Whatever this comes to, nothing is signed beyond the highest generation.
        self.generation = newest.generation.saturating_add(1);
        self.newest = Some(newest);
    }

    /// The generation of the next segment.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The header that the next segment continues; none before the first.
    #[must_use]
    pub fn newest(&self) -> Option<Position> {
        self.newest
    }

    /// The feed's name.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.feed
    }

    /// Queues tags for the next segment; those already live are left alone.
    pub fn add(&mut self, tags: impl IntoIterator<Item = Tag>) {
        for tag in tags {
            self.leaving.remove(&tag);
            if !self.live.contains(&tag) {
                self.waiting.insert(tag);
            }
        }
    }

    /// Withdraws every tag that is not among `wanted`: no own family stands behind it any more.
    pub fn keep_only(&mut self, wanted: &BTreeSet<Tag>) {
        self.waiting.retain(|tag| wanted.contains(tag));
        self.leaving = self.live.difference(wanted).copied().collect();
    }

    /// Whether tags wait for a later segment, to come or to go.
    #[must_use]
    pub fn has_backlog(&self) -> bool {
        !self.waiting.is_empty() || !self.leaving.is_empty()
    }

    /// Number of tags live.
    #[must_use]
    pub fn live_len(&self) -> usize {
        self.live.len()
    }

    /// Makes the next segment out of at most [`MAX_TAGS`] tags that leave or wait, those that leave first; with none
    /// it is empty, because every interval has one. `None` when the numbers are used up: whoever had the key signed
    /// the highest one, and only another key lets the feed begin anew.
    pub fn segment(&mut self, now: Timestamp, key: &SigningKey) -> Option<Segment> {
        let sequence = self.next_sequence()?;
        let withdrawn = take(&mut self.leaving, MAX_TAGS);
        let added = take(&mut self.waiting, MAX_TAGS - withdrawn.len());
        let body = Body::new(added, withdrawn).expect("at most MAX_TAGS were taken");
        let count = |tags: &[Tag]| u32::try_from(tags.len()).expect("bounded by MAX_TAGS");
        let header = HeaderDocument {
            kind: TypeName::new(),
            network: self.network,
            feed: self.feed,
            generation: self.generation,
            sequence,
            previous: self.newest.map(|newest| newest.header),
            body: body.digest(),
            added: count(body.added()),
            withdrawn: count(body.withdrawn()),
            time: now,
        };
        let header = Signed::sign(header, key);
        self.apply(&body);
        self.newest = Some(Position::from(&header));
        Some(Segment { header, body })
    }

    /// The number of the next segment, when a reader would take it.
    fn next_sequence(&self) -> Option<u64> {
        let sequence = match self.newest {
            Some(newest) => newest.sequence.checked_add(1)?,
            None => 1,
        };
        (sequence <= MAX_SEQUENCE && self.generation <= MAX_GENERATION).then_some(sequence)
    }

    /// Signs the head of the newest segment; none before the first segment.
    #[must_use]
    pub fn head(
        &self,
        now: Timestamp,
        backlog: bool,
        roster: (u32, Digest),
        key_sets: Vec<Digest>,
        key: &SigningKey,
    ) -> Option<Signed<HeadDocument>> {
        let Position { generation, sequence, header } = self.newest?;
        let head = HeadDocument {
            kind: TypeName::new(),
            network: self.network,
            feed: self.feed,
            generation,
            sequence,
            header,
            time: now,
            backlog: backlog || self.has_backlog(),
            roster_version: roster.0,
            roster: roster.1,
            key_sets,
        };
        Some(Signed::sign(head, key))
    }

    fn apply(&mut self, body: &Body) {
        self.live.extend(body.added());
        for tag in body.withdrawn() {
            self.live.remove(tag);
        }
    }
}

/// Takes at most `count` tags out of a set, the smallest first.
fn take(set: &mut BTreeSet<Tag>, count: usize) -> Vec<Tag> {
    let rest = set.iter().nth(count).copied().map(|first| set.split_off(&first)).unwrap_or_default();
    std::mem::replace(set, rest).into_iter().collect()
}
