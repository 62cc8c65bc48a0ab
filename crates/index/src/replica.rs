//! Another organisation's feed as this node holds it.

mod chain;
#[cfg(test)]
mod tests;

use crypto::{Digest, Signed, Tag};
use domain::{KeyClass, NetworkId, Timestamp};

use self::chain::Chain;
use crate::{Body, FeedBounds, FeedError, FeedId, HeadDocument, HeaderDocument, MAX_TAGS, Position};

/// Seconds that a document may be dated ahead of the own clock: clocks of members differ.
const MAX_SKEW_SECONDS: u64 = 300;

/// A replica: a verified chain of headers, the tags of those whose body arrived, and the newest head.
///
/// Now and then everything is published again: as a full set, so that withdrawn tags disappear, or under a higher
/// generation by a publisher that lost its feed. What is published again is built aside: what is matched on stays until
/// the new run is whole, and then takes its place. At most two runs are held, however many a publisher begins.
///
/// A full set holds what a reader that followed the feed holds already, so such a reader makes its bodies itself
/// ([`Replica::derive`]) and fetches its headers only. One that is behind takes what is the shorter way: the bodies up to
/// the full set, or those of the set.
///
/// Signatures are checked before a document gets here; the replica checks that it belongs and continues the chain.
#[derive(Debug)]
pub struct Replica {
    network: NetworkId,
    feed: FeedId,
    bounds: FeedBounds,
    /// What is matched on.
    current: Chain,
    /// The run that is to take its place, while it is being built.
    aside: Option<Chain>,
    /// Number of the part that could not be made of the tags held as they are now.
    underivable: Option<u64>,
    /// Number of the segment whose body leaves more tags live than were allowed then.
    exceeding: Option<(u64, usize)>,
    /// Number of the segment whose body, though it is the one that its header names, can be no part of this feed.
    unfit: Option<u64>,
    head: Option<Signed<HeadDocument>>,
    /// The lowest number that the newest generation is known to have.
    begun: u64,
    /// The newest segment that is matched on with everything before it.
    taken: u64,
}

/// What a header changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderOutcome {
    /// It is the next one.
    Next,
    /// It is the first of a higher generation than the one held, which is built aside from now on.
    NewGeneration,
    /// It is the first of a full set, which is built aside from now on.
    FullSet,
    /// Exactly this one is held, or it belongs to a part that is over; nothing changed.
    Known,
}

/// Tags that a replica matches on since, and those it no longer does.
#[derive(Debug, PartialEq, Eq)]
pub struct Applied {
    /// Sequence number of the newest segment applied.
    pub sequence: u64,
    /// The tags that came, ascending.
    pub added: Vec<Tag>,
    /// The tags that left, ascending.
    pub withdrawn: Vec<Tag>,
}

/// What a head changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadOutcome {
    /// It is newer than the one held, which it replaces.
    Newer,
    /// It is not newer; nothing changed.
    Known,
}

impl Replica {
    /// An empty replica.
    #[must_use]
    pub fn new(network: NetworkId, feed: FeedId) -> Self {
        Self {
            network,
            feed,
            bounds: FeedBounds::default(),
            current: Chain::default(),
            aside: None,
            underivable: None,
            exceeding: None,
            unfit: None,
            head: None,
            begun: 0,
            taken: 0,
        }
    }

    /// Sets how large the feed may get. What is held already stays.
    pub fn set_bounds(&mut self, bounds: FeedBounds) {
        self.bounds = bounds;
    }

    /// Whether the next body would leave more tags live than allowed, so that it is not taken.
    #[must_use]
    pub fn is_over_cap(&self) -> bool {
        self.needed_chain().waits_for().is_some_and(|header| self.exceeds(header))
    }

    fn exceeds(&self, header: &HeaderDocument) -> bool {
        let refused =
            self.exceeding.is_some_and(|(at, cap)| at == header.sequence && self.bounds.live_tags <= cap);
        refused || self.needed_chain().would_exceed(header, self.bounds.live_tags)
    }

    /// The feed's name.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.feed
    }

    /// Sequence number of the newest header held; zero before the first.
    #[must_use]
    pub fn newest_sequence(&self) -> u64 {
        self.newest_chain().newest()
    }

    /// Sequence number of the newest segment that is matched on with everything before it; zero before the first.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The newest generation of which a header is held; zero before the first.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.newest_chain().generation()
    }

    /// The generation that is matched on; zero before any is.
    #[must_use]
    pub fn matched_generation(&self) -> u32 {
        self.current.generation()
    }

    /// Whether headers of a generation are held: of the one matched on, or of the one being built.
    #[must_use]
    pub fn holds_generation(&self, generation: u32) -> bool {
        self.current.generation() == generation || self.generation() == generation
    }

    /// Number of the first header of the run that is matched on; zero before it came. Whatever the publisher signed
    /// before is over.
    #[must_use]
    pub fn first_sequence(&self) -> u64 {
        self.current.first()
    }

    /// Number of the first header of the newest run of which a header is held; zero before it came.
    #[must_use]
    pub fn newest_run(&self) -> u64 {
        self.newest_chain().first()
    }

    /// Number of the first header of the run that is built aside; none while there is none, or before it came.
    #[must_use]
    pub fn building(&self) -> Option<u64> {
        self.aside.as_ref().filter(|aside| !aside.is_empty()).map(Chain::first)
    }

    /// The newest head.
    #[must_use]
    pub fn head(&self) -> Option<&Signed<HeadDocument>> {
        self.head.as_ref()
    }

    /// Live tags, ascending.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        self.current.tags()
    }

    /// Whether a tag is live.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.tags().binary_search(tag).is_ok()
    }

    /// Takes a header.
    ///
    /// # Errors
    /// Another feed's, numbered as no feed is, out of order, dated in the future, a second one with a sequence number, of a
    /// run that is too long without a full set, or a higher generation that does not begin above everything held: whoever
    /// signs that did not hear what it signed before.
    pub fn offer_header(
        &mut self,
        header: &Signed<HeaderDocument>,
        now: Timestamp,
    ) -> Result<HeaderOutcome, FeedError> {
        let document = header.document();
        if document.network != self.network || document.feed != self.feed {
            return Err(FeedError::OtherFeed);
        }
        if !Position::from(header).is_reachable() {
            return Err(FeedError::BeyondReach);
        }
        if document.time > now.plus(MAX_SKEW_SECONDS) {
            return Err(FeedError::FromTheFuture);
        }
        if !document.is_possible() {
            return Err(FeedError::BrokenChain);
        }
        let tags = document.turnover();
        if tags > MAX_TAGS as u64 || (tags == 0) != (document.body == Body::default().digest()) {
            // No body could ever fit such a header.
            return Err(FeedError::OtherBody);
        }
        if let Some(held) = self.digest_at(document.sequence) {
            return if held == header.digest() {
                Ok(HeaderOutcome::Known)
            } else {
                Err(FeedError::Equivocation)
            };
        }
        self.take_new_header(header)
    }

    /// Takes a header with a sequence number of which none is held.
    fn take_new_header(&mut self, header: &Signed<HeaderDocument>) -> Result<HeaderOutcome, FeedError> {
        let document = header.document();
        let newest = self.aside.as_mut().unwrap_or(&mut self.current);
        if newest.is_empty() {
            if !document.is_first() {
                return Err(FeedError::BrokenChain);
            }
            *newest = Chain::begin(header);
            self.begun = document.sequence;
            return Ok(HeaderOutcome::Next);
        }
        if newest.is_continued_by(document) {
            if !newest.has_room_for(document, &self.bounds) {
                return Err(FeedError::EndlessRun);
            }
            newest.push(header);
            return Ok(HeaderOutcome::Next);
        }
        if document.generation > newest.generation() {
            if document.sequence <= newest.newest() {
                return Err(FeedError::Equivocation);
            }
            if !document.is_first() {
                return Err(FeedError::BrokenChain);
            }
            self.build_aside(header);
            self.begun = document.sequence;
            self.current.stop_waiting();
            return Ok(HeaderOutcome::NewGeneration);
        }
        let next = newest.newest().saturating_add(1);
        if document.is_first() && document.generation == newest.generation() && document.sequence >= next {
            let follows = newest.is_followed_by(document);
            if document.sequence == next && !follows {
                return Err(FeedError::BrokenChain);
            }
            if !follows || self.aside.is_some() {
                // What came in between is not held, so the bodies up to here lead nowhere.
                self.current.stop_waiting();
            }
            self.build_aside(header);
            return Ok(HeaderOutcome::FullSet);
        }
        let is_over = document.generation <= newest.generation() && document.sequence < self.current.first();
        if self.goes_back(document.generation, document.sequence, document.time) {
            return Err(FeedError::Equivocation);
        }
        if is_over { Ok(HeaderOutcome::Known) } else { Err(FeedError::BrokenChain) }
    }

    /// Whether something of a lower generation is signed after the newest head, with a number that the newest
    /// generation has: whoever signs that went on where it had left off before it began anew. What is signed earlier may
    /// be what nobody had heard of then.
    fn goes_back(&self, generation: u32, sequence: u64, time: Timestamp) -> bool {
        let newest = self.generation();
        let is_later = |head: &HeadDocument| head.generation == newest && time > head.time;
        let head = self.head.as_ref().map(Signed::document);
        generation < newest && sequence >= self.begun && head.is_some_and(is_later)
    }

    fn build_aside(&mut self, header: &Signed<HeaderDocument>) {
        self.aside = Some(Chain::begin(header));
        self.underivable = None;
        self.unfit = None;
    }

    /// Whether the next body is known to be unfit: nothing goes on before another run begins.
    fn is_unfit(&self) -> bool {
        self.needed_chain().waits_for().is_some_and(|header| self.unfit == Some(header.sequence))
    }

    /// The bodies needed next, in the order in which they are taken. None while the next would leave too many tags
    /// live, or can be no part of the feed.
    pub fn next_bodies(&self) -> impl Iterator<Item = &HeaderDocument> {
        let chain = self.needed_chain();
        let held_up = self.is_over_cap() || self.is_unfit();
        chain.waiting().take_while(move |_| !held_up)
    }

    /// The body needed next.
    #[must_use]
    pub fn next_body(&self) -> Option<Digest> {
        self.next_bodies().next().map(|header| header.body)
    }

    /// Whether the body needed next may be made of the tags matched on: [`derive`](Self::derive) tells.
    #[must_use]
    pub fn may_derive(&self) -> bool {
        let aside = self.aside.as_ref().filter(|aside| !self.is_shorter(aside));
        let next = aside.and_then(Chain::waits_for).filter(|header| header.is_part());
        next.is_some_and(|header| self.underivable != Some(header.sequence)) && !self.is_over_cap()
    }

    /// The body needed next, when it is part of a full set and the tags matched on make it up: nobody needs to send it.
    pub fn derive(&mut self) -> Option<Body> {
        if self.is_over_cap() {
            return None;
        }
        let aside = self.aside.as_ref().filter(|aside| !self.is_shorter(aside))?;
        let header = aside.waits_for().filter(|header| header.is_part())?;
        if self.underivable == Some(header.sequence) {
            return None;
        }
        let from = aside.tags().len();
        let tags = usize::try_from(header.added).ok().and_then(|count| from.checked_add(count));
        let tags = tags.and_then(|to| self.current.tags().get(from..to));
        let body = tags.and_then(|tags| Body::new(tags.to_vec(), Vec::new()).ok());
        let body = body.filter(|body| body.digest() == header.body);
        if body.is_none() {
            self.underivable = Some(header.sequence);
        }
        body
    }

    /// Gives up the bodies before the full set that is being built aside: whoever was asked has gone on to the set.
    pub fn skip_to_full_set(&mut self) {
        if self.aside.is_some() {
            self.current.stop_waiting();
        }
    }

    /// Takes the body needed next. `None` when it belongs to a run that is being built: nothing that is matched on
    /// changed.
    ///
    /// # Errors
    /// Not the body that the header announces, or one that leaves too many tags live.
    pub fn offer_body(&mut self, body: &Body) -> Result<Option<Applied>, FeedError> {
        let cap = self.bounds.live_tags;
        let is_shorter = self.aside.as_ref().is_none_or(|aside| self.is_shorter(aside));
        let aside = self.aside.as_mut().filter(|_| !is_shorter);
        let is_aside = aside.is_some();
        let chain = aside.unwrap_or(&mut self.current);
        let sequence = match chain.apply(body, cap) {
            Ok(sequence) => sequence,
            Err(error) => {
                let next = chain.waits_for().map(|header| header.sequence);
                let is_named = chain.waits_for().is_some_and(|header| header.body == body.digest());
                if error == FeedError::TooManyTags {
                    self.exceeding = next.map(|sequence| (sequence, cap));
                } else if is_named {
                    // Whoever sends it, it stays the one that the publisher signed.
                    self.unfit = next;
                }
                return Err(error);
            }
        };
        self.exceeding = None;
        if is_aside {
            let generation = self.current.generation();
            let whole = |aside: &mut Chain| aside.generation() == generation && aside.has_full_set();
            return Ok(self.aside.take_if(whole).map(|aside| self.swap(aside)));
        }
        self.underivable = None;
        self.taken = sequence;
        let (added, withdrawn) = (body.added().to_vec(), body.withdrawn().to_vec());
        Ok(Some(Applied { sequence, added, withdrawn }))
    }

    /// Matches from now on the generation that was built aside, once it is whole: everything up to the newest head is
    /// applied, and its publisher says that nothing is left to publish. Returns what changed by it; headers of the
    /// generation before are no longer held.
    pub fn take_over(&mut self) -> Option<Applied> {
        let whole = self.head.as_ref().is_some_and(|head| !head.document().backlog) && self.is_caught_up();
        let aside = self.aside.take_if(|aside| whole && aside.is_whole())?;
        Some(self.swap(aside))
    }

    fn swap(&mut self, aside: Chain) -> Applied {
        let old = std::mem::replace(&mut self.current, aside).into_tags();
        self.underivable = None;
        self.taken = self.current.taken();
        let new = self.current.tags();
        Applied { sequence: self.current.newest(), added: without(new, &old), withdrawn: without(&old, new) }
    }

    /// Whether the bodies up to the full set that is built aside are the shorter way to it.
    fn is_shorter(&self, aside: &Chain) -> bool {
        self.current.waits_for().is_some() && self.current.tags_waiting() <= aside.tags_to_full_set()
    }

    /// The chain whose bodies are needed next.
    fn needed_chain(&self) -> &Chain {
        self.aside.as_ref().filter(|aside| !self.is_shorter(aside)).unwrap_or(&self.current)
    }

    /// Forgets everything that the publisher signed so far: its key was replaced, and the old one may be in other
    /// hands. What is matched on stays until the feed is whole again, which may begin at any number.
    pub fn begin_anew(&mut self) {
        self.head = None;
        self.exceeding = None;
        self.unfit = None;
        self.begun = 0;
        self.taken = 0;
        self.current.forget_headers();
        self.aside = Some(Chain::default());
    }

    /// Takes a head and keeps it when it is newer than the one held.
    ///
    /// # Errors
    /// Another feed's, numbered as no feed is, dated in the future, naming another header for a sequence number
    /// already held, or going back to a lower generation.
    pub fn offer_head(
        &mut self,
        head: Signed<HeadDocument>,
        now: Timestamp,
    ) -> Result<HeadOutcome, FeedError> {
        let document = head.document();
        if document.network != self.network || document.feed != self.feed {
            return Err(FeedError::OtherFeed);
        }
        if !Position::from(document).is_reachable() {
            return Err(FeedError::BeyondReach);
        }
        if document.time > now.plus(MAX_SKEW_SECONDS) {
            return Err(FeedError::FromTheFuture);
        }
        if document.key_sets.len() > KeyClass::ALL.len() || !document.key_sets.is_sorted_by(|a, b| a < b) {
            return Err(FeedError::MalformedHead);
        }
        let named = self.head.as_ref().map(|head| (head.document().sequence, head.document().header));
        let held = self.digest_at(document.sequence);
        let held =
            held.or_else(|| named.and_then(|(at, header)| (at == document.sequence).then_some(header)));
        if held.is_some_and(|held| held != document.header) {
            return Err(FeedError::Equivocation);
        }
        if self.goes_back(document.generation, document.sequence, document.time) {
            return Err(FeedError::Equivocation);
        }
        let age = |head: &HeadDocument| (head.sequence, head.time);
        if self.head.as_ref().is_some_and(|held| age(held.document()) >= age(document)) {
            return Ok(HeadOutcome::Known);
        }
        self.head = Some(head);
        Ok(HeadOutcome::Newer)
    }

    /// Whether everything up to the newest head was applied, be it aside.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        let newest = self.newest_chain();
        self.head.as_ref().is_some_and(|head| {
            let head = head.document();
            newest.waits_for().is_none() && newest.digest_at(head.sequence) == Some(head.header)
        })
    }

    /// Whether headers up to the newest head are missing.
    #[must_use]
    pub fn needs_headers(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.document().sequence > self.newest_sequence())
    }

    fn newest_chain(&self) -> &Chain {
        self.aside.as_ref().unwrap_or(&self.current)
    }

    fn digest_at(&self, sequence: u64) -> Option<Digest> {
        let aside = self.aside.as_ref().and_then(|aside| aside.digest_at(sequence));
        aside.or_else(|| self.current.digest_at(sequence))
    }
}

/// The tags of one ascending list that are not in another.
fn without(tags: &[Tag], others: &[Tag]) -> Vec<Tag> {
    tags.iter().filter(|tag| others.binary_search(tag).is_err()).copied().collect()
}
