//! What a reader takes, refuses and drops.

use crypto::{Seed, SigningKey};
use domain::{CircleId, Epoch, Oin};

use super::*;
use crate::{MAX_GENERATION, MAX_SEQUENCE, Position, Publisher};

const NOW: Timestamp = Timestamp(1_000_000);
const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);

fn feed() -> FeedId {
    FeedId { publisher: Oin::test_number(1).unwrap(), circle: CircleId::from_bytes([1; 16]), epoch: Epoch(1) }
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
        let segment = publisher.segment(NOW, &key()).unwrap();
        segments += 1;
        assert_eq!(replica.offer_header(&segment.header, NOW), Ok(HeaderOutcome::Next));
        assert_eq!(
            replica.offer_header(&segment.header, NOW),
            Ok(HeaderOutcome::Known),
            "the same header again is fine"
        );
        assert_eq!(replica.next_body(), Some(segment.body.digest()));
        let applied = replica.offer_body(&segment.body).unwrap().unwrap();
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
    let first = publisher.segment(NOW, &key()).unwrap();
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
    let (first, second) = (honest.segment(NOW, &key()).unwrap(), liar.segment(NOW, &key()).unwrap());
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
    publisher.segment(NOW, &key()).unwrap();
    let second = publisher.segment(NOW, &key()).unwrap();
    assert_eq!(replica.offer_header(&second.header, NOW), Err(FeedError::BrokenChain));
    let mut elsewhere = Publisher::new(NETWORK, FeedId { epoch: Epoch(2), ..feed() });
    assert_eq!(
        replica.offer_header(&elsewhere.segment(NOW, &key()).unwrap().header, NOW),
        Err(FeedError::OtherFeed)
    );
    let mut early = Publisher::new(NETWORK, feed());
    let header = early.segment(NOW.plus(301), &key()).unwrap().header;
    assert_eq!(replica.offer_header(&header, NOW), Err(FeedError::FromTheFuture));
    assert_eq!(replica.newest_sequence(), 0);
}

#[test]
fn heads_and_headers_that_nothing_can_fit_are_refused() {
    let mut replica = Replica::new(NETWORK, feed());
    let mut publisher = Publisher::new(NETWORK, feed());
    let header = publisher.segment(NOW, &key()).unwrap().header;
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
    publisher.segment(NOW, &key()).unwrap();
    let (old, new) = (head(&publisher, NOW), head(&publisher, NOW.plus(5)));
    assert_eq!(replica.offer_head(new.clone(), NOW).unwrap(), HeadOutcome::Newer);
    assert_eq!(replica.offer_head(old, NOW).unwrap(), HeadOutcome::Known);
    assert_eq!(replica.head(), Some(&new));
}

#[test]
fn withdrawn_tags_leave_the_replica_and_may_come_back() {
    let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
    let mut follow = |publisher: &mut Publisher| {
        let segment = publisher.segment(NOW, &key()).unwrap();
        replica.offer_header(&segment.header, NOW).unwrap();
        let applied = replica.offer_body(&segment.body).unwrap().unwrap();
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
    let first = publisher.segment(NOW, &key()).unwrap();
    let mut restored = Publisher::new(NETWORK, feed());
    restored.restore(&first.header, &first.body);
    restored.add(tags(5..12));
    let second = restored.segment(NOW, &key()).unwrap();
    let mut replica = Replica::new(NETWORK, feed());
    replica.offer_header(&first.header, NOW).unwrap();
    replica.offer_header(&second.header, NOW).unwrap();
    assert_eq!(second.body.added(), tags(10..12), "live tags are not published again");
    assert_eq!(restored.live_len(), 12);
}

/// A publisher and a reader of its feed.
struct Pair {
    publisher: Publisher,
    replica: Replica,
}

impl Pair {
    fn new() -> Self {
        Self { publisher: Publisher::new(NETWORK, feed()), replica: Replica::new(NETWORK, feed()) }
    }

    /// The publisher starts anew and goes on above what the reader holds, wanting `wanted`.
    fn restore(&mut self, newest: Position, wanted: Vec<Tag>) {
        self.publisher = Publisher::new(NETWORK, feed());
        self.publisher.add(wanted);
        self.publisher.continue_above(newest);
    }

    /// Publishes a segment, with a head that says whether there is more, and brings all of it to the reader.
    fn publish(&mut self, now: Timestamp) -> Option<Applied> {
        let segment = self.publisher.segment(now, &key()).unwrap();
        self.replica.offer_header(&segment.header, now).unwrap();
        self.replica.offer_head(head(&self.publisher, now), now).unwrap();
        let applied = self.replica.offer_body(&segment.body).unwrap();
        applied.or_else(|| self.replica.take_over())
    }

    fn newest(&self) -> Position {
        self.publisher.newest().unwrap()
    }
}

#[test]
fn a_new_generation_is_built_aside_and_changes_only_what_differs() {
    let mut pair = Pair::new();
    pair.publisher.add(tags(0..6_000));
    pair.publish(NOW);
    pair.publish(NOW);
    assert_eq!(pair.replica.tags(), tags(0..6_000));
    let newest = pair.newest();
    assert_eq!(newest.sequence, 2);
    // Two tags were withdrawn and one came since: the reader never saw it happen.
    pair.restore(newest, tags(2..6_001));
    assert_eq!(pair.publish(NOW.plus(2)), None);
    assert_eq!((pair.replica.generation(), pair.replica.newest_sequence()), (1, 3));
    assert_eq!(pair.replica.tags(), tags(0..6_000), "matched on until the new generation is whole");
    assert!(pair.replica.holds_generation(0) && pair.replica.holds_generation(1));
    let applied = pair.publish(NOW.plus(4)).unwrap();
    assert_eq!((applied.sequence, applied.added), (4, tags(6_000..6_001)));
    assert_eq!(applied.withdrawn, tags(0..2));
    assert_eq!(pair.replica.tags(), tags(2..6_001));
    assert!(pair.replica.is_caught_up() && !pair.replica.holds_generation(0));
    // And it goes on from there like any feed.
    pair.publisher.add(tags(0..1));
    assert_eq!(pair.publish(NOW.plus(6)).unwrap().added, tags(0..1));
    assert_eq!(pair.replica.take_over(), None);
}

#[test]
fn a_publisher_that_did_not_hear_what_it_signed_is_refused() {
    let mut pair = Pair::new();
    pair.publisher.add(tags(0..10));
    pair.publish(NOW);
    pair.publish(NOW);
    let newest = pair.newest();
    let mut unheard = Publisher::new(NETWORK, feed());
    let segment = unheard.segment(NOW.plus(2), &key()).unwrap();
    assert_eq!(pair.replica.offer_header(&segment.header, NOW.plus(2)), Err(FeedError::Equivocation));
    assert_eq!(
        pair.replica.offer_head(head(&unheard, NOW.plus(2)), NOW.plus(2)),
        Err(FeedError::Equivocation)
    );
    // Heard too little: one number is signed twice, under whatever generation.
    let mut half_heard = Publisher::new(NETWORK, feed());
    half_heard.continue_above(Position { sequence: 1, ..newest });
    let segment = half_heard.segment(NOW.plus(2), &key()).unwrap();
    assert_eq!(segment.header.document().sequence, 2);
    assert_eq!(pair.replica.offer_header(&segment.header, NOW.plus(2)), Err(FeedError::Equivocation));
    assert_eq!((pair.replica.generation(), pair.replica.tags()), (0, tags(0..10).as_slice()));
}

#[test]
fn a_higher_generation_begins_above_everything_held_also_where_numbers_were_dropped() {
    let mut pair = Pair::new();
    (0..5).for_each(|_| drop(pair.publish(NOW)));
    let fifth = pair.newest();
    pair.restore(Position { sequence: 9, ..fifth }, vec![]);
    pair.publish(NOW.plus(2));
    assert_eq!(pair.replica.newest_sequence(), 10, "numbers may be skipped");
    assert!(!pair.replica.holds_generation(0));
    for sequence in [2, 5, 8] {
        let mut low = Publisher::new(NETWORK, feed());
        low.continue_above(Position { generation: 1, sequence, ..fifth });
        let header = low.segment(NOW.plus(2), &key()).unwrap().header;
        assert_eq!(
            pair.replica.offer_header(&header, NOW.plus(2)),
            Err(FeedError::Equivocation),
            "{sequence}"
        );
    }
}

#[test]
fn a_lower_generation_is_known_where_it_is_over_and_refused_without_branding_elsewhere() {
    let mut pair = Pair::new();
    let mut first = Publisher::new(NETWORK, feed());
    let old: Vec<_> = (0..6).map(|_| first.segment(NOW, &key()).unwrap()).collect();
    for segment in &old[..4] {
        pair.replica.offer_header(&segment.header, NOW).unwrap();
        pair.replica.offer_body(&segment.body).unwrap();
    }
    let heard = Position::from(&old[5].header);
    pair.restore(heard, tags(0..5_000));
    pair.publish(NOW.plus(2));
    assert!(pair.replica.holds_generation(0), "it is being built");
    let offer = |pair: &mut Pair, place: usize| pair.replica.offer_header(&old[place].header, NOW.plus(2));
    assert_eq!(offer(&mut pair, 2), Ok(HeaderOutcome::Known), "held");
    assert_eq!(offer(&mut pair, 4), Err(FeedError::BrokenChain), "never held, and no longer wanted");
    pair.publish(NOW.plus(4));
    assert!(!pair.replica.holds_generation(0));
    for place in 0..6 {
        assert_eq!(offer(&mut pair, place), Ok(HeaderOutcome::Known), "over: {place}");
    }
    assert_eq!(pair.replica.newest_sequence(), 8);
}

#[test]
fn a_reader_without_anything_takes_a_later_generation_as_it_comes() {
    let mut pair = Pair::new();
    let heard = Position { generation: 2, sequence: 40, header: crypto::digest("before", &[]) };
    pair.restore(heard, tags(0..5_000));
    let applied = pair.publish(NOW).unwrap();
    assert_eq!((applied.sequence, applied.added.len()), (41, MAX_TAGS), "nothing older stands in the way");
    pair.publish(NOW);
    assert_eq!((pair.replica.generation(), pair.replica.tags().len()), (3, 5_000));
    let mut empty = Replica::new(NETWORK, feed());
    for (generation, sequence, previous) in
        [(1, 1, None), (1, 5, None), (1, 1, Some(heard.header)), (0, 5, None)]
    {
        let mut document = pair.publisher.segment(NOW, &key()).unwrap().header.document().clone();
        (document.generation, document.sequence, document.previous) = (generation, sequence, previous);
        let header = Signed::sign(document, &key());
        assert_eq!(empty.offer_header(&header, NOW), Err(FeedError::BrokenChain), "{generation} {sequence}");
    }
}

#[test]
fn generations_that_follow_each_other_leave_two_at_most() {
    let mut pair = Pair::new();
    pair.publisher.add(tags(0..10));
    pair.publish(NOW);
    for generation in 1..50 {
        let newest = pair.newest();
        pair.restore(newest, tags(0..5_000));
        pair.publish(NOW);
        assert_eq!(pair.replica.generation(), generation);
        assert!((1..generation).all(|abandoned| !pair.replica.holds_generation(abandoned)));
        assert_eq!(pair.replica.tags(), tags(0..10), "none of them was whole");
    }
    pair.publish(NOW);
    assert_eq!(pair.replica.tags(), tags(0..5_000));
}

#[test]
fn a_publisher_publishes_everything_wanted_again_and_nothing_else() {
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.add(tags(0..10));
    let first = publisher.segment(NOW, &key()).unwrap();
    publisher.add(tags(10..12));
    publisher.keep_only(&tags(3..11).into_iter().collect());
    publisher.continue_above(Position { sequence: 7, ..Position::from(&first.header) });
    assert_eq!((publisher.live_len(), publisher.has_backlog()), (0, true));
    let next = publisher.segment(NOW, &key()).unwrap();
    assert_eq!((next.body.added(), next.body.withdrawn()), (tags(3..11).as_slice(), [].as_slice()));
    let header = next.header.document();
    assert_eq!((header.generation, header.sequence, header.previous), (1, 8, Some(first.header.digest())));
    // Taken back from disk with what is left of the generation before, it is in the same state.
    let mut again = Publisher::new(NETWORK, feed());
    again.restore(&first.header, &first.body);
    again.restore(&next.header, &next.body);
    assert_eq!((again.live_len(), again.newest(), again.generation()), (8, publisher.newest(), 1));
}

#[test]
fn numbers_that_no_feed_gets_to_are_refused_from_anybody() {
    let mut pair = Pair::new();
    pair.publish(NOW);
    let newest = pair.newest();
    for (generation, sequence) in [(0, MAX_SEQUENCE + 1), (MAX_GENERATION + 1, 2), (u32::MAX, u64::MAX)] {
        let mut header = pair.publisher.segment(NOW, &key()).unwrap().header.document().clone();
        (header.generation, header.sequence) = (generation, sequence);
        let mut head = head(&pair.publisher, NOW.plus(1)).document().clone();
        (head.generation, head.sequence) = (generation, sequence);
        let refused = Err(FeedError::BeyondReach);
        assert_eq!(pair.replica.offer_header(&Signed::sign(header, &key()), NOW), refused);
        assert_eq!(
            pair.replica.offer_head(Signed::sign(head, &key()), NOW).unwrap_err(),
            FeedError::BeyondReach
        );
    }
    assert_eq!((pair.replica.generation(), pair.replica.newest_sequence()), (0, newest.sequence));
}

#[test]
fn a_publisher_without_numbers_signs_nothing() {
    let before = Position { generation: 3, sequence: 9, header: crypto::digest("before", &[]) };
    for (generation, sequence) in [(3, MAX_SEQUENCE), (MAX_GENERATION, 9), (u32::MAX, u64::MAX)] {
        let mut publisher = Publisher::new(NETWORK, feed());
        publisher.add(tags(0..3));
        publisher.continue_above(Position { generation, sequence, ..before });
        assert!(publisher.segment(NOW, &key()).is_none(), "{generation} {sequence}");
        assert!(publisher.has_backlog(), "and keeps what it has to say");
    }
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.continue_above(Position { sequence: MAX_SEQUENCE - 1, ..before });
    assert!(publisher.segment(NOW, &key()).is_some());
    assert!(publisher.segment(NOW, &key()).is_none());
}

#[test]
fn a_feed_that_begins_anew_may_begin_at_any_number_and_is_matched_on_meanwhile() {
    let thief = Position { generation: 7, sequence: MAX_SEQUENCE - 9, header: crypto::digest("x", &[]) };
    for heard in [None, Some(Position { generation: 0, sequence: 1, ..thief }), Some(thief)] {
        let mut pair = Pair::new();
        pair.publisher.add(tags(0..10));
        pair.publish(NOW);
        let mut last = head(&pair.publisher, NOW.plus(1)).document().clone();
        last.sequence = MAX_SEQUENCE;
        assert_eq!(pair.replica.offer_head(Signed::sign(last, &key()), NOW).unwrap(), HeadOutcome::Newer);
        pair.replica.begin_anew();
        assert!(pair.replica.head().is_none() && !pair.replica.is_caught_up());
        assert_eq!((pair.replica.newest_sequence(), pair.replica.next_body()), (0, None));
        assert_eq!(pair.replica.take_over(), None);
        assert_eq!(pair.replica.tags(), tags(0..10));
        pair.publisher = Publisher::new(NETWORK, feed());
        pair.publisher.add(tags(5..6_000));
        heard.into_iter().for_each(|heard| pair.publisher.continue_above(heard));
        assert_eq!(pair.publish(NOW.plus(2)), None);
        assert_eq!(pair.replica.tags(), tags(0..10), "matched on until the feed is whole");
        assert_eq!(pair.publish(NOW.plus(4)).unwrap().withdrawn, tags(0..5));
        pair.publisher.add(tags(6_000..6_001));
        assert_eq!(pair.publish(NOW.plus(6)).unwrap().added, tags(6_000..6_001));
    }
}
