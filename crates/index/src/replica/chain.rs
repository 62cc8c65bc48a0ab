//! One run of a feed as a reader holds it: digests of its headers, what its bodies add up to, and the bodies that are
//! still to come. A run begins where a feed, a generation or a full set begins.

use std::collections::VecDeque;

use crypto::{Digest, Signed, Tag};

use crate::bounds::Length;
use crate::{Body, FeedBounds, FeedError, HeaderDocument, MAX_TAGS};

/// A chain without gaps from the first header of its run; empty before that one came.
#[derive(Debug, Default)]
pub(super) struct Chain {
    generation: u32,
    /// Sequence number of the first header.
    first: u64,
    /// How many segments from the first on are its full set.
    parts: u32,
    /// What it has beside its full set.
    length: Length,
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
        let (generation, first, parts) = (document.generation, document.begins, document.parts);
        let mut chain = Self { generation, first, parts, ..Self::default() };
        chain.push(header);
        chain
    }

    /// Whether a header is the next one of this chain.
    pub(super) fn is_continued_by(&self, header: &HeaderDocument) -> bool {
        (header.generation, header.begins, header.parts) == (self.generation, self.first, self.parts)
            && self.is_followed_by(header)
    }

    /// Whether a header, maybe of another run, has the next number and names the newest header held.
    pub(super) fn is_followed_by(&self, header: &HeaderDocument) -> bool {
        header.sequence == self.newest().saturating_add(1) && header.previous == self.digests.last().copied()
    }

    /// Whether the rules allow the run to go on with the next header. A full set is as long as it must be.
    pub(super) fn has_room_for(&self, header: &HeaderDocument, bounds: &FeedBounds) -> bool {
        header.is_part() || bounds.allows(self.length.with(header.turnover()))
    }

    /// Appends the next header, which the caller has checked.
    pub(super) fn push(&mut self, header: &Signed<HeaderDocument>) {
        if !header.document().is_part() {
            self.length = self.length.with(header.document().turnover());
        }
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

    /// Sequence number of the newest header whose body is applied, with all before it; one less than the first before
    /// any is.
    pub(super) fn taken(&self) -> u64 {
        self.newest().saturating_sub(self.waiting.len() as u64)
    }

    /// Whether it begins with a full set of which every body is applied.
    pub(super) fn has_full_set(&self) -> bool {
        self.parts > 0 && self.is_whole()
    }

    /// Whether no part is missing of the full set that it begins with, if it does.
    pub(super) fn is_whole(&self) -> bool {
        self.unapplied_parts() == 0
    }

    /// Parts of the full set that are not applied, be it that their headers have not come.
    fn unapplied_parts(&self) -> u64 {
        let applied = self.digests.len() - self.waiting.len();
        u64::from(self.parts).saturating_sub(applied as u64)
    }

    /// Tags to be fetched before the full set is whole, as far as headers tell; the most there can be of others.
    pub(super) fn tags_to_full_set(&self) -> u64 {
        let parts = self.waiting.iter().filter(|header| header.is_part());
        let (known, tags) =
            parts.fold((0, 0), |(known, tags), part| (known + 1, tags + u64::from(part.added)));
        tags + (self.unapplied_parts().saturating_sub(known)) * MAX_TAGS as u64
    }

    /// Tags in the bodies that have not arrived.
    pub(super) fn tags_waiting(&self) -> u64 {
        self.waiting.iter().map(HeaderDocument::turnover).sum()
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

    /// The headers whose bodies are needed, in order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &HeaderDocument> {
        self.waiting.iter()
    }

    /// Waits for no body any more: what they hold is published again.
    pub(super) fn stop_waiting(&mut self) {
        self.waiting = VecDeque::new();
    }

    /// Keeps the tags and nothing of the headers that they came with.
    pub(super) fn forget_headers(&mut self) {
        *self = Self { tags: std::mem::take(&mut self.tags), ..Self::default() };
    }

    /// Whether a header says that its body leaves more than `cap` tags live.
    pub(super) fn would_exceed(&self, header: &HeaderDocument, cap: usize) -> bool {
        (self.tags.len() as u64).saturating_add(u64::from(header.added))
            > (cap as u64).saturating_add(u64::from(header.withdrawn))
    }

    /// Applies the body needed next, unless it leaves more than `cap` tags live, and returns its sequence number.
    pub(super) fn apply(&mut self, body: &Body, cap: usize) -> Result<u64, FeedError> {
        let header = self.waiting.front().ok_or(FeedError::OtherBody)?;
        let counts = (body.added().len() as u64, body.withdrawn().len() as u64);
        if header.body != body.digest() || counts != (u64::from(header.added), u64::from(header.withdrawn)) {
            return Err(FeedError::OtherBody);
        }
        if header.is_part() {
            return self.apply_part(body, cap);
        }
        let goes = |tag: &Tag| body.withdrawn().binary_search(tag).is_ok();
        let lives = |tag: &Tag| self.tags.binary_search(tag).is_ok();
        let come = body.added().iter().filter(|tag| !lives(tag) && !goes(tag)).count();
        let go = body.withdrawn().iter().filter(|tag| lives(tag)).count();
        if self.tags.len() + come > cap.saturating_add(go) {
            return Err(FeedError::TooManyTags);
        }
        let sequence = header.sequence;
        self.waiting.pop_front();
        if !body.added().is_empty() || !body.withdrawn().is_empty() {
            // No more room than they need: there are thousands of feeds, each of which seldom grows.
            let mut tags = Vec::with_capacity(self.tags.len() + come - go);
            merge(&self.tags, body, &mut tags);
            self.tags = tags;
        }
        Ok(sequence)
    }

    /// Applies a part of the full set. The parts are ascending, so each tag comes once, and however many parts there are
    /// they hold no more tags than may be live.
    fn apply_part(&mut self, body: &Body, cap: usize) -> Result<u64, FeedError> {
        let follows = self.tags.last().zip(body.added().first()).is_none_or(|(last, first)| last < first);
        if !follows {
            return Err(FeedError::UnorderedSet);
        }
        if self.tags.len().saturating_add(body.added().len()) > cap {
            return Err(FeedError::TooManyTags);
        }
        let header = self.waiting.pop_front().ok_or(FeedError::OtherBody)?;
        self.tags.extend_from_slice(body.added());
        if self.is_whole() {
            self.tags.shrink_to_fit();
        }
        Ok(header.sequence)
    }
}

/// Appends the tags that live after a body, ascending, given those that live before it. What stays is copied in runs:
/// most bodies change a few tags among thousands.
fn merge(tags: &[Tag], body: &Body, merged: &mut Vec<Tag>) {
    let stays = |tag: &&Tag| body.withdrawn().binary_search(tag).is_err();
    let mut coming = body.added().iter().filter(stays).peekable();
    let mut going = body.withdrawn().iter().peekable();
    let mut rest = tags;
    loop {
        // The lower of both; no tag is both.
        let comes = match (coming.peek(), going.peek()) {
            (None, None) => break,
            (Some(come), Some(go)) => come < go,
            (come, None) => come.is_some(),
            (None, Some(_)) => false,
        };
        let Some(tag) = (if comes { coming.next() } else { going.next() }) else { break };
        let (before, after) = rest.split_at(rest.partition_point(|held| held < tag));
        merged.extend_from_slice(before);
        rest = after.strip_prefix(std::slice::from_ref(tag)).unwrap_or(after);
        if comes {
            merged.push(*tag);
        }
    }
    merged.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn merging_is_adding_and_then_withdrawing() {
        let tag = |n: u8| Tag::from_bytes([n; 16]);
        let drawn = |seed: u32, n: u32| -> BTreeSet<Tag> {
            let bit = |at: &u8| seed.wrapping_mul(2_654_435_761).rotate_left(n * 7) >> (at % 32) & 1 == 1;
            (0..24).filter(bit).map(tag).collect()
        };
        for seed in 0..2_000 {
            let (live, added, withdrawn) = (drawn(seed, 0), drawn(seed, 1), drawn(seed, 2));
            let body =
                Body::new(added.iter().copied().collect(), withdrawn.iter().copied().collect()).unwrap();
            let mut merged = Vec::new();
            merge(&live.iter().copied().collect::<Vec<_>>(), &body, &mut merged);
            let wanted: Vec<Tag> =
                live.union(&added).filter(|tag| !withdrawn.contains(tag)).copied().collect();
            assert_eq!(merged, wanted, "{seed}");
        }
    }
}
