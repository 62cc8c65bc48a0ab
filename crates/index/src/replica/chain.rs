//! One generation of a feed as a reader holds it: digests of its headers, what its bodies add up to, and the bodies
//! that are still to come.

use std::collections::VecDeque;

use crypto::{Digest, Signed, Tag};

use crate::{Body, FeedError, HeaderDocument};

/// A chain without gaps from the first header of its generation; empty before that one came.
#[derive(Debug, Default)]
pub(super) struct Chain {
    generation: u32,
    /// Sequence number of the first header.
    first: u64,
    /// Digests of all headers, the first one's first.
    digests: Vec<Digest>,
    /// Headers whose bodies have not arrived, in order.
    waiting: VecDeque<HeaderDocument>,
    /// Live tags, ascending. A sorted vector: a peer chooses these values, so they must not feed a hash map.
    tags: Vec<Tag>,
}

impl Chain {
    /// A chain that begins with this header.
    pub(super) fn begin(header: &Signed<HeaderDocument>) -> Self {
        let document = header.document();
        let mut chain = Self { generation: document.generation, first: document.sequence, ..Self::default() };
        chain.push(header);
        chain
    }

    /// Whether a header can be the first of its generation: only the very first segment continues nothing.
    pub(super) fn may_begin(header: &HeaderDocument) -> bool {
        let is_first = header.sequence == 1 && header.previous.is_none();
        let continues = header.sequence > 1 && header.previous.is_some();
        if header.generation == 0 { is_first } else { continues }
    }

    /// Whether a header is the next one of this chain.
    pub(super) fn is_continued_by(&self, header: &HeaderDocument) -> bool {
        header.generation == self.generation
            && header.sequence == self.newest().saturating_add(1)
            && header.previous == self.digests.last().copied()
    }

    /// Appends the next header, which the caller has checked.
    pub(super) fn push(&mut self, header: &Signed<HeaderDocument>) {
        self.digests.push(header.digest());
        self.waiting.push_back(header.document().clone());
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Sequence number of the first header; zero before it came.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Sequence number of the newest header; zero before the first.
    pub(super) fn newest(&self) -> u64 {
        match self.digests.len() as u64 {
            0 => 0,
            held => self.first.saturating_add(held - 1),
        }
    }

    pub(super) fn digest_at(&self, sequence: u64) -> Option<Digest> {
        let place = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.digests.get(place).copied()
    }

    pub(super) fn tags(&self) -> &[Tag] {
        &self.tags
    }

    pub(super) fn into_tags(self) -> Vec<Tag> {
        self.tags
    }

    /// The header whose body is needed next.
    pub(super) fn waits_for(&self) -> Option<&HeaderDocument> {
        self.waiting.front()
    }

    /// Waits for no body any more: what they hold is published again.
    pub(super) fn stop_waiting(&mut self) {
        self.waiting = VecDeque::new();
    }

    /// Keeps the tags and nothing of the headers that they came with.
    pub(super) fn forget_headers(&mut self) {
        *self = Self { tags: std::mem::take(&mut self.tags), ..Self::default() };
    }

    /// Applies the body needed next and returns its sequence number.
    pub(super) fn apply(&mut self, body: &Body) -> Result<u64, FeedError> {
        let header = self.waiting.front().ok_or(FeedError::OtherBody)?;
        let counts = (body.added().len() as u64, body.withdrawn().len() as u64);
        if header.body != body.digest() || counts != (u64::from(header.added), u64::from(header.withdrawn)) {
            return Err(FeedError::OtherBody);
        }
        let sequence = header.sequence;
        self.waiting.pop_front();
        if !body.added().is_empty() || !body.withdrawn().is_empty() {
            // No more room than they need: there are thousands of feeds, each of which seldom grows.
            self.tags.reserve_exact(body.added().len());
            // Merging two sorted runs; the sort recognises them and is linear.
            self.tags.extend_from_slice(body.added());
            self.tags.sort();
            self.tags.dedup();
            self.tags.retain(|tag| body.withdrawn().binary_search(tag).is_err());
        }
        Ok(sequence)
    }
}
