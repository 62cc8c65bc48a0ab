//! The own feed: what was published and what still waits for the next segment.

use std::collections::BTreeSet;

use crypto::{Digest, Seed, Signed, SigningKey, Tag, TypeName};
use domain::{NetworkId, Timestamp};

use crate::bounds::Length;
use crate::padding::{Load, Plan};
use crate::{
    Body, Dummies, FeedBounds, FeedId, HeadDocument, HeaderDocument, MAX_GENERATION, MAX_PARTS, MAX_SEQUENCE,
    MAX_TAGS, Position,
};

/// State of the own feed in one circle and epoch.
#[derive(Debug)]
pub struct Publisher {
    network: NetworkId,
    feed: FeedId,
    /// Tags that readers hold, dummies among them.
    live: BTreeSet<Tag>,
    waiting: BTreeSet<Tag>,
    leaving: BTreeSet<Tag>,
    /// The dummies; none while nothing pads the feed.
    dummies: Option<Dummies>,
    bounds: FeedBounds,
    generation: u32,
    /// The header that the next one continues.
    newest: Option<Position>,
    /// The run that the next segment belongs to, unless it begins one.
    run: Option<Run>,
    /// Tags that came and went since the full set of the run.
    turnover: u64,
    /// Tags of a full set that is being taken back.
    restored: BTreeSet<Tag>,
    /// Whether a part of it is missing.
    restored_torn: bool,
}

/// A run of segments: where it begins, and how many from there on are its full set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    begins: u64,
    parts: u32,
}

impl Run {
    /// The first number after its full set.
    fn after_set(self) -> u64 {
        self.begins.saturating_add(u64::from(self.parts))
    }
}

/// A segment ready to be kept and served.
#[derive(Debug)]
pub struct Segment {
    /// Its signed header.
    pub header: Signed<HeaderDocument>,
    /// Its body.
    pub body: Body,
    /// Whether something other than dummies comes or goes with it.
    pub changes: bool,
}

/// How a segment that is taken back fits what was taken back before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It has its place behind the one before.
    Follows,
    /// It begins or completes a run that holds everything: whatever was torn before no longer matters.
    Whole,
    /// There is no such place; only a generation above both is one chain again.
    Torn,
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
            dummies: None,
            bounds: FeedBounds::default(),
            generation: 0,
            newest: None,
            run: None,
            turnover: 0,
            restored: BTreeSet::new(),
            restored_torn: false,
        }
    }

    /// Sets how large the feed may get. Tags that are live already stay.
    pub fn set_bounds(&mut self, bounds: FeedBounds) {
        self.bounds = bounds;
    }

    /// Pads the feed from now on with dummies made from a seed, unless it is padded already.
    pub fn pad(&mut self, seed: impl FnOnce() -> Seed) {
        if self.dummies.is_none() {
            self.dummies = Some(Dummies::new(seed()));
        }
    }

    /// The dummies, to be kept with each segment.
    #[must_use]
    pub fn dummies(&self) -> Option<&Dummies> {
        self.dummies.as_ref()
    }

    /// Takes the dummies back that were live before a restart, once the segments are. Those of another feed are no
    /// use: what nothing stands behind is withdrawn.
    pub fn restore_dummies(&mut self, dummies: &Dummies) {
        if !dummies.tags().is_empty() && dummies.tags().is_subset(&self.live) {
            self.dummies = Some(dummies.clone());
        }
    }

    /// Takes back a segment that was published before a restart; segments come in their order. The first of a
    /// generation takes the place of everything before it, and so does a full set once it is whole.
    pub fn restore(&mut self, header: &Signed<HeaderDocument>, body: &Body) -> Restored {
        let (newest, document) = (Position::from(header), header.document());
        let follows = match self.newest {
            None => document.previous.is_none(),
            Some(held) => {
                held.sequence.checked_add(1) == Some(newest.sequence)
                    && document.previous == Some(held.header)
            }
        };
        let run = Run { begins: document.begins, parts: document.parts };
        let is_new = newest.generation > self.generation;
        let same_run = newest.generation == self.generation && self.run == Some(run);
        let mut restored = match (document.is_first(), follows) {
            (true, _) if is_new => Restored::Whole,
            (true, true) if newest.generation == self.generation => Restored::Follows,
            (false, true) if same_run => Restored::Follows,
            _ => Restored::Torn,
        };
        if is_new {
            self.live.clear();
        }
        if document.is_first() {
            self.restored.clear();
            self.turnover = 0;
        }
        self.restored_torn = !document.is_first() && (self.restored_torn || !follows || !same_run);
        self.generation = self.generation.max(newest.generation);
        self.newest = Some(newest);
        self.run = Some(run);
        if document.is_part() {
            self.restored.extend(body.added());
            let is_last = newest.sequence.saturating_add(1) == run.after_set();
            if is_last && !self.restored_torn {
                self.live = std::mem::take(&mut self.restored);
                restored = Restored::Whole;
            } else if restored == Restored::Whole || self.live.is_empty() {
                // There is nothing that the rest could be made of.
                restored = Restored::Torn;
            }
        } else {
            self.apply(body);
            self.turnover = self.turnover.saturating_add(body.turnover());
        }
        restored
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
        let mut stays = std::mem::take(&mut self.live);
        if let Some(dummies) = self.dummies.take() {
            stays = stays.difference(dummies.tags()).copied().collect();
        }
        let leaving = std::mem::take(&mut self.leaving);
        self.waiting.extend(stays.difference(&leaving));
        // Whatever this comes to, nothing is signed beyond the highest generation.
        self.generation = newest.generation.saturating_add(1);
        self.newest = Some(newest);
        self.run = None;
        self.turnover = 0;
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
        let is_dummy = |tag: &Tag| self.dummies.as_ref().is_some_and(|dummies| dummies.tags().contains(tag));
        self.leaving = self.live.difference(wanted).filter(|tag| !is_dummy(tag)).copied().collect();
    }

    /// Whether tags wait for a later segment, to come or to go.
    #[must_use]
    pub fn has_backlog(&self) -> bool {
        !self.waiting.is_empty() || !self.leaving.is_empty()
    }

    /// Tags that wait and cannot come, however long: there are more than the network allows.
    #[must_use]
    pub fn beyond_cap(&self) -> usize {
        let load = self.load();
        load.waiting.saturating_sub(load.room())
    }

    /// Number of tags live behind which there is a family.
    #[must_use]
    pub fn live_len(&self) -> usize {
        self.live.len() - self.dummies_len()
    }

    fn dummies_len(&self) -> usize {
        self.dummies.as_ref().map_or(0, |dummies| dummies.tags().len())
    }

    fn load(&self) -> Load {
        Load {
            real: self.live_len(),
            dummies: self.dummies_len(),
            waiting: self.waiting.len(),
            leaving: self.leaving.len(),
            cap: self.bounds.live_tags,
        }
    }

    /// Makes the next segment, of at most [`MAX_TAGS`] tags that leave or wait, those that leave first; every interval
    /// has one. With dummies its sizes are from a few classes; without, one is empty when nothing waits. `None` when the
    /// numbers are used up: whoever had the key signed the highest one, and only another key lets the feed begin anew.
    pub fn segment(&mut self, now: Timestamp, key: &SigningKey) -> Option<Segment> {
        let sequence = self.next_sequence()?;
        let plan = if self.dummies.is_some() { self.load().plan() } else { self.unpadded() };
        let mut withdrawn = take(&mut self.leaving, plan.real_out);
        let mut added = take(&mut self.waiting, plan.real_in);
        if let Some(dummies) = &mut self.dummies {
            withdrawn.extend(dummies.go(plan.dummies_out));
            added.extend(dummies.come(plan.dummies_in, plan.real_in + plan.real_out == 0));
        }
        let body = Body::new(added, withdrawn).expect("a plan is for at most MAX_TAGS");
        let run = *self.run.get_or_insert(Run { begins: sequence, parts: 0 });
        self.apply(&body);
        self.turnover = self.turnover.saturating_add(body.turnover());
        let changes = plan.real_in + plan.real_out > 0;
        Some(Segment { changes, ..self.sign(sequence, run, body, now, key) })
    }

    fn unpadded(&self) -> Plan {
        let real_out = self.leaving.len().min(MAX_TAGS);
        Plan { real_out, real_in: self.waiting.len().min(MAX_TAGS - real_out), ..Plan::default() }
    }

    /// Whether it is time for a full set: so many segments after the one before, when nothing waits or it has waited
    /// for as long again, or so many tags. One that was begun is to be completed first of all.
    #[must_use]
    pub fn is_full_set_due(&self) -> bool {
        let (Some(run), Some(newest)) = (self.run, self.newest) else { return false };
        let segments = newest.sequence.saturating_add(1).saturating_sub(run.after_set());
        let length = Length { segments, tags: self.turnover };
        self.is_set_unfinished() || self.bounds.is_set_due(length, self.has_backlog())
    }

    /// Whether a full set was begun and not completed, because the node stopped in between.
    #[must_use]
    pub fn is_set_unfinished(&self) -> bool {
        let after = |newest: Position, run: Run| newest.sequence.saturating_add(1) < run.after_set();
        self.newest.zip(self.run).is_some_and(|(newest, run)| after(newest, run))
    }

    /// Publishes everything that is live again, in one go, or what is left of it. A part holds the tags of one range of
    /// values, so nothing shows any more which of them came together.
    pub fn full_set(&mut self, now: Timestamp, key: &SigningKey) -> Vec<Segment> {
        let parts = self.live.len().div_ceil(MAX_TAGS).max(1);
        let Some((first, parts)) = self.next_sequence().zip(u32::try_from(parts).ok()) else {
            return Vec::new();
        };
        let is_unfinished = self.is_set_unfinished();
        let run = self.run.filter(|_| is_unfinished).unwrap_or(Run { begins: first, parts });
        let room = run.after_set() <= MAX_SEQUENCE && run.parts <= MAX_PARTS;
        if first == 1 || !room {
            return Vec::new();
        }
        let tags: Vec<Tag> = self.live.iter().copied().collect();
        let missing = (first..run.after_set()).map(|sequence| {
            let part = usize::try_from(sequence.saturating_sub(run.begins)).unwrap_or(usize::MAX);
            let part: Vec<Tag> = tags.chunks(MAX_TAGS).nth(part).unwrap_or_default().to_vec();
            let body = Body::new(part, Vec::new()).expect("a chunk of MAX_TAGS");
            self.run = Some(run);
            self.turnover = 0;
            self.sign(sequence, run, body, now, key)
        });
        missing.collect()
    }

    fn sign(&mut self, sequence: u64, run: Run, body: Body, now: Timestamp, key: &SigningKey) -> Segment {
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
            begins: run.begins,
            parts: run.parts,
        };
        let header = Signed::sign(header, key);
        self.newest = Some(Position::from(&header));
        Segment { header, body, changes: false }
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
