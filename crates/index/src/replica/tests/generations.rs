//! Publishers that go on above what they lost, and feeds that begin anew.

use super::*;

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
fn a_publisher_that_goes_back_to_a_lower_generation_signs_a_second_history() {
    let mut pair = Pair::new();
    (0..3).for_each(|_| drop(pair.publish(NOW)));
    let mut back = Publisher::new(NETWORK, feed());
    let lower: Vec<_> = (0..9).map(|_| back.segment(NOW.plus(9), &key()).unwrap()).collect();
    pair.restore(pair.newest(), tags(0..10));
    pair.publish(NOW.plus(2));
    pair.publish(NOW.plus(4));
    assert_eq!((pair.replica.generation(), pair.replica.newest_sequence()), (1, 5));
    let offer = |pair: &mut Pair, place: usize| pair.replica.offer_header(&lower[place].header, NOW.plus(9));
    assert_eq!(offer(&mut pair, 1), Ok(HeaderOutcome::Known), "below the generation");
    assert_eq!(offer(&mut pair, 8), Err(FeedError::Equivocation));
    // What nobody had heard of before the generation began is of no use, and no second history.
    let earlier = head(&back, NOW.plus(3));
    assert!(pair.replica.offer_head(earlier, NOW.plus(9)).is_ok());
}

#[test]
fn a_head_after_the_newest_under_a_lower_generation_is_a_second_history() {
    let mut pair = Pair::new();
    pair.publish(NOW);
    pair.restore(pair.newest(), tags(0..10));
    pair.publish(NOW.plus(2));
    let mut back = Publisher::new(NETWORK, feed());
    (0..9).for_each(|_| drop(back.segment(NOW.plus(9), &key()).unwrap()));
    let refused = pair.replica.offer_head(head(&back, NOW.plus(9)), NOW.plus(9));
    assert_eq!(refused, Err(FeedError::Equivocation));
    assert_eq!(pair.replica.head().unwrap().document().generation, 1);
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
        document.begins = sequence;
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
