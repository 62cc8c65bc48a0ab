//! Another organisation's feed as this node holds it.

use std::collections::VecDeque;

use crypto::{Digest, Signed, Tag};
use domain::{KeyClass, NetworkId, Timestamp};

use crate::{Body, FeedError, FeedId, HeadDocument, HeaderDocument, MAX_TAGS};

/// Seconds that a document may be dated ahead of the own clock: clocks of members differ.
const MAX_SKEW_SECONDS: u64 = 300;

/// A replica: a verified chain of headers, the tags of those whose body arrived, and the newest head.
///
/// Signatures are checked before a document gets here; the replica checks that it belongs and continues the chain.
#[derive(Debug)]
pub struct Replica {
    network: NetworkId,
    feed: FeedId,
    /// Digests of all headers, the first segment's first.
    chain: Vec<Digest>,
    /// Headers whose bodies have not arrived, in order.
    waiting: VecDeque<HeaderDocument>,
    /// Live tags, ascending. A sorted vector: a peer chooses these values, so they must not feed a hash map.
    tags: Vec<Tag>,
    head: Option<Signed<HeadDocument>>,
}

/// A segment whose body was applied.
#[derive(Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its sequence number.
    pub sequence: u64,
    /// The tags it added, ascending.
    pub added: Vec<Tag>,
    /// The tags it withdrew, ascending.
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
        Self { network, feed, chain: Vec::new(), waiting: VecDeque::new(), tags: Vec::new(), head: None }
    }

    /// The feed's name.
    #[must_use]
    pub fn feed(&self) -> FeedId {
        self.feed
    }

    /// Sequence number of the newest header held; zero before the first.
    #[must_use]
    pub fn newest_sequence(&self) -> u64 {
        self.chain.len() as u64
    }

    /// The newest head.
    #[must_use]
    pub fn head(&self) -> Option<&Signed<HeadDocument>> {
        self.head.as_ref()
    }

    /// Live tags, ascending.
    #[must_use]
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// Whether a tag is live.
    #[must_use]
    pub fn contains(&self, tag: &Tag) -> bool {
        self.tags.binary_search(tag).is_ok()
    }

    /// Takes a header. `Ok(false)` when exactly this one is already held.
    ///
    /// # Errors
    /// Another feed's, out of order, dated in the future, or a second one with the same sequence number.
    pub fn offer_header(
        &mut self,
        header: &Signed<HeaderDocument>,
        now: Timestamp,
    ) -> Result<bool, FeedError> {
        let document = header.document();
        if document.network != self.network || document.feed != self.feed {
            return Err(FeedError::OtherFeed);
        }
        if document.time > now.plus(MAX_SKEW_SECONDS) {
            return Err(FeedError::FromTheFuture);
        }
        let tags = u64::from(document.added) + u64::from(document.withdrawn);
        if tags > MAX_TAGS as u64 || (tags == 0) != (document.body == Body::default().digest()) {
            // No body could ever fit such a header.
            return Err(FeedError::OtherBody);
        }
        let digest = header.digest();
        if document.sequence == 0 {
            return Err(FeedError::BrokenChain);
        }
        if document.sequence <= self.newest_sequence() {
            return if self.digest_at(document.sequence) == Some(digest) {
                Ok(false)
            } else {
                Err(FeedError::Equivocation)
            };
        }
        if document.sequence != self.newest_sequence() + 1 || document.previous != self.chain.last().copied()
        {
            return Err(FeedError::BrokenChain);
        }
        self.chain.push(digest);
        self.waiting.push_back(document.clone());
        Ok(true)
    }

    /// The body needed next.
    #[must_use]
    pub fn next_body(&self) -> Option<Digest> {
        self.waiting.front().map(|header| header.body)
    }

    /// Applies the body needed next.
    ///
    /// # Errors
    /// Not the body that the header announces.
    pub fn offer_body(&mut self, body: &Body) -> Result<Applied, FeedError> {
        let header = self.waiting.front().ok_or(FeedError::OtherBody)?;
        let counts = (body.added().len() as u64, body.withdrawn().len() as u64);
        if header.body != body.digest() || counts != (u64::from(header.added), u64::from(header.withdrawn)) {
            return Err(FeedError::OtherBody);
        }
        let applied = Applied {
            sequence: header.sequence,
            added: body.added().to_vec(),
            withdrawn: body.withdrawn().to_vec(),
        };
        self.waiting.pop_front();
        if !body.added().is_empty() || !body.withdrawn().is_empty() {
            // Merging two sorted runs; the sort recognises them and is linear.
            self.tags.extend_from_slice(body.added());
            self.tags.sort();
            self.tags.dedup();
            self.tags.retain(|tag| body.withdrawn().binary_search(tag).is_err());
        }
        Ok(applied)
    }

    /// Takes a head and keeps it when it is newer than the one held.
    ///
    /// # Errors
    /// Another feed's, dated in the future, or naming another header for a sequence number already held.
    pub fn offer_head(
        &mut self,
        head: Signed<HeadDocument>,
        now: Timestamp,
    ) -> Result<HeadOutcome, FeedError> {
        let document = head.document();
        if document.network != self.network || document.feed != self.feed {
            return Err(FeedError::OtherFeed);
        }
        if document.time > now.plus(MAX_SKEW_SECONDS) {
            return Err(FeedError::FromTheFuture);
        }
        if document.key_sets.len() > KeyClass::ALL.len() || !document.key_sets.is_sorted_by(|a, b| a < b) {
            return Err(FeedError::MalformedHead);
        }
        if self.digest_at(document.sequence).is_some_and(|held| held != document.header) {
            return Err(FeedError::Equivocation);
        }
        let age = |head: &HeadDocument| (head.sequence, head.time);
        if self.head.as_ref().is_some_and(|held| age(held.document()) >= age(document)) {
            return Ok(HeadOutcome::Known);
        }
        self.head = Some(head);
        Ok(HeadOutcome::Newer)
    }

    /// Whether everything up to the newest head was applied.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.head.as_ref().is_some_and(|head| {
            let head = head.document();
            self.waiting.is_empty() && self.digest_at(head.sequence) == Some(head.header)
        })
    }

    /// Whether headers up to the newest head are missing.
    #[must_use]
    pub fn needs_headers(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.document().sequence > self.newest_sequence())
    }

    fn digest_at(&self, sequence: u64) -> Option<Digest> {
        let place = usize::try_from(sequence.checked_sub(1)?).ok()?;
        self.chain.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Seed, SigningKey};
    use domain::{CircleId, Epoch, Oin};

    use super::*;
    use crate::Publisher;

    const NOW: Timestamp = Timestamp(1_000_000);
    const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);

    fn feed() -> FeedId {
        FeedId {
            publisher: Oin::test_number(1).unwrap(),
            circle: CircleId::from_bytes([1; 16]),
            epoch: Epoch(1),
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_seed(&Seed::from_bytes([3; 32]))
    }

    fn tags(range: std::ops::Range<u16>) -> Vec<Tag> {
        range.map(|n| Tag::from_bytes([n.to_be_bytes(); 8].concat().try_into().unwrap())).collect()
    }

    fn head(publisher: &Publisher, now: Timestamp) -> Signed<HeadDocument> {
        publisher.head(now, false, (1, crypto::digest("x", &[])), vec![], &key()).unwrap()
    }

    #[test]
    fn a_replica_follows_its_publisher_over_several_segments() {
        let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
        publisher.add(tags(0..9_000));
        let mut segments = 0;
        while publisher.has_backlog() {
            let segment = publisher.segment(NOW, &key());
            segments += 1;
            assert!(replica.offer_header(&segment.header, NOW).unwrap());
            assert!(!replica.offer_header(&segment.header, NOW).unwrap(), "the same header again is fine");
            assert_eq!(replica.next_body(), Some(segment.body.digest()));
            let applied = replica.offer_body(&segment.body).unwrap();
            assert_eq!((applied.sequence, applied.added.len()), (segments, segment.body.added().len()));
        }
        assert_eq!(segments, 3);
        assert_eq!(replica.offer_head(head(&publisher, NOW), NOW).unwrap(), HeadOutcome::Newer);
        assert!(replica.is_caught_up());
        assert_eq!(replica.tags(), tags(0..9_000));
        assert!(!replica.contains(&Tag::from_bytes([0xff; 16])));
    }

    #[test]
    fn a_replica_behind_its_head_is_not_caught_up() {
        let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
        let first = publisher.segment(NOW, &key());
        replica.offer_head(head(&publisher, NOW), NOW).unwrap();
        assert!(replica.needs_headers());
        replica.offer_header(&first.header, NOW).unwrap();
        assert!(!replica.needs_headers() && !replica.is_caught_up(), "the body is missing");
        replica.offer_body(&first.body).unwrap();
        assert!(replica.is_caught_up());
    }

    #[test]
    fn two_headers_with_one_number_are_refused_and_the_first_stays() {
        let mut replica = Replica::new(NETWORK, feed());
        let (mut honest, mut liar) = (Publisher::new(NETWORK, feed()), Publisher::new(NETWORK, feed()));
        liar.add(tags(0..1));
        let (first, second) = (honest.segment(NOW, &key()), liar.segment(NOW, &key()));
        replica.offer_header(&first.header, NOW).unwrap();
        assert_eq!(replica.offer_header(&second.header, NOW), Err(FeedError::Equivocation));
        assert_eq!(replica.offer_head(head(&liar, NOW), NOW), Err(FeedError::Equivocation));
        assert_eq!(replica.offer_body(&second.body), Err(FeedError::OtherBody));
        replica.offer_body(&first.body).unwrap();
        assert!(replica.tags().is_empty());
    }

    #[test]
    fn gaps_other_feeds_and_the_future_are_refused() {
        let mut replica = Replica::new(NETWORK, feed());
        let mut publisher = Publisher::new(NETWORK, feed());
        publisher.segment(NOW, &key());
        let second = publisher.segment(NOW, &key());
        assert_eq!(replica.offer_header(&second.header, NOW), Err(FeedError::BrokenChain));
        let mut elsewhere = Publisher::new(NETWORK, FeedId { epoch: Epoch(2), ..feed() });
        assert_eq!(
            replica.offer_header(&elsewhere.segment(NOW, &key()).header, NOW),
            Err(FeedError::OtherFeed)
        );
        let mut early = Publisher::new(NETWORK, feed());
        let header = early.segment(NOW.plus(301), &key()).header;
        assert_eq!(replica.offer_header(&header, NOW), Err(FeedError::FromTheFuture));
        assert_eq!(replica.newest_sequence(), 0);
    }

    #[test]
    fn heads_and_headers_that_nothing_can_fit_are_refused() {
        let mut replica = Replica::new(NETWORK, feed());
        let mut publisher = Publisher::new(NETWORK, feed());
        let header = publisher.segment(NOW, &key()).header;
        let spoilt = |change: fn(&mut HeaderDocument)| {
            let mut document = header.document().clone();
            change(&mut document);
            Signed::sign(document, &key())
        };
        for header in [
            spoilt(|header| header.added = 1),
            spoilt(|header| header.body = crypto::digest("another body", &[])),
            spoilt(|header| (header.added, header.body) = (4_001, crypto::digest("another body", &[]))),
        ] {
            assert_eq!(replica.offer_header(&header, NOW), Err(FeedError::OtherBody));
        }
        let [a, b, c] = ["a", "b", "c"].map(|label| crypto::digest(label, &[]));
        let (low, high) = (a.min(b), a.max(b));
        for key_sets in [vec![a, b, c], vec![high, low], vec![a, a]] {
            let head = publisher.head(NOW, false, (1, a), key_sets, &key()).unwrap();
            assert_eq!(replica.offer_head(head, NOW), Err(FeedError::MalformedHead));
        }
        assert!(replica.head().is_none() && replica.newest_sequence() == 0);
    }

    #[test]
    fn an_older_head_does_not_replace_a_newer_one() {
        let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
        publisher.segment(NOW, &key());
        let (old, new) = (head(&publisher, NOW), head(&publisher, NOW.plus(5)));
        assert_eq!(replica.offer_head(new.clone(), NOW).unwrap(), HeadOutcome::Newer);
        assert_eq!(replica.offer_head(old, NOW).unwrap(), HeadOutcome::Known);
        assert_eq!(replica.head(), Some(&new));
    }

    #[test]
    fn withdrawn_tags_leave_the_replica_and_may_come_back() {
        let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
        let mut follow = |publisher: &mut Publisher| {
            let segment = publisher.segment(NOW, &key());
            replica.offer_header(&segment.header, NOW).unwrap();
            let applied = replica.offer_body(&segment.body).unwrap();
            (applied.added, applied.withdrawn, replica.tags().to_vec())
        };
        publisher.add(tags(0..4));
        follow(&mut publisher);
        publisher.add(tags(4..5));
        publisher.keep_only(&tags(0..2).into_iter().collect());
        assert!(publisher.has_backlog());
        assert_eq!(
            follow(&mut publisher),
            (vec![], tags(2..4), tags(0..2)),
            "what only waited is never published"
        );
        publisher.keep_only(&std::collections::BTreeSet::new());
        publisher.add(tags(0..1));
        assert_eq!(follow(&mut publisher), (vec![], tags(1..2), tags(0..1)), "a tag wanted again stays");
        publisher.add(tags(2..3));
        assert_eq!(follow(&mut publisher), (tags(2..3), vec![], [tags(0..1), tags(2..3)].concat()));
    }

    #[test]
    fn a_restored_publisher_continues_its_chain() {
        let mut publisher = Publisher::new(NETWORK, feed());
        publisher.add(tags(0..10));
        let first = publisher.segment(NOW, &key());
        let mut restored = Publisher::new(NETWORK, feed());
        restored.restore(&first.header, &first.body);
        restored.add(tags(5..12));
        let second = restored.segment(NOW, &key());
        let mut replica = Replica::new(NETWORK, feed());
        replica.offer_header(&first.header, NOW).unwrap();
        replica.offer_header(&second.header, NOW).unwrap();
        assert_eq!(second.body.added(), tags(10..12), "live tags are not published again");
        assert_eq!(restored.live_len(), 12);
    }
}
