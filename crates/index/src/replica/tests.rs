//! What a reader takes, refuses and drops.

use std::collections::BTreeSet;

use crypto::{Seed, SigningKey};
use domain::{CircleId, Epoch, Oin};

use super::*;
use crate::{MAX_GENERATION, MAX_SEQUENCE, Position, Publisher, Restored, Segment};

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
    publisher.keep_only(&BTreeSet::new());
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

/// A reader that follows a publisher's full sets, and counts what it is sent.
struct Reader {
    replica: Replica,
    sent: usize,
    changed: usize,
}

impl Reader {
    fn new() -> Self {
        Self { replica: Replica::new(NETWORK, feed()), sent: 0, changed: 0 }
    }

    /// Takes the headers of some segments, and then makes or is sent the bodies.
    fn take(&mut self, segments: &[Segment]) {
        for segment in segments {
            self.replica.offer_header(&segment.header, NOW).unwrap();
        }
        self.bodies(segments);
    }

    fn bodies(&mut self, segments: &[Segment]) {
        loop {
            let derived = self.replica.derive();
            let Some(wanted) = self.replica.next_body() else { return };
            let sent = segments.iter().map(|segment| &segment.body).find(|body| body.digest() == wanted);
            let Some(body) = derived.or_else(|| {
                self.sent += sent?.added().len() + sent?.withdrawn().len();
                sent.cloned()
            }) else {
                return;
            };
            if let Some(applied) = self.replica.offer_body(&body).unwrap() {
                self.changed += applied.added.len() + applied.withdrawn.len();
            }
        }
    }
}

/// A publisher with a feed of 9,000 tags, three of which left again, and its segments.
fn with_history() -> (Publisher, Vec<Segment>) {
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.add(tags(0..9_000));
    let mut segments: Vec<Segment> = (0..3).map(|_| publisher.segment(NOW, &key()).unwrap()).collect();
    publisher.keep_only(&tags(3..9_000).into_iter().collect());
    segments.push(publisher.segment(NOW, &key()).unwrap());
    (publisher, segments)
}

#[test]
fn whoever_followed_makes_a_full_set_itself_and_sees_nothing_change() {
    let (mut publisher, history) = with_history();
    let mut reader = Reader::new();
    reader.take(&history);
    (reader.sent, reader.changed) = (0, 0);
    assert!(!publisher.is_full_set_due(5) && publisher.is_full_set_due(4));
    let set = publisher.full_set(NOW, &key());
    assert_eq!(set.len(), 3);
    assert!(!publisher.is_full_set_due(4), "it has just been published");
    assert!(set.iter().all(|part| part.header.document().is_part() && part.body.withdrawn().is_empty()));
    for part in &set {
        reader.take(std::slice::from_ref(part));
    }
    assert_eq!((reader.sent, reader.changed), (0, 0));
    assert_eq!((reader.replica.first_sequence(), reader.replica.newest_sequence()), (5, 7));
    assert_eq!(reader.replica.tags(), tags(3..9_000));
    publisher.add(tags(0..1));
    reader.take(&[publisher.segment(NOW, &key()).unwrap()]);
    assert_eq!((reader.sent, reader.changed, reader.replica.tags().len()), (1, 1, 8_998));
    for over in &history {
        assert_eq!(reader.replica.offer_header(&over.header, NOW), Ok(HeaderOutcome::Known));
    }
}

#[test]
fn whoever_holds_nothing_begins_with_the_full_set() {
    let (mut publisher, _) = with_history();
    let set = publisher.full_set(NOW, &key());
    let mut reader = Reader::new();
    assert_eq!(
        reader.replica.offer_header(&set[1].header, NOW),
        Err(FeedError::BrokenChain),
        "no first part"
    );
    reader.take(&set);
    assert_eq!((reader.sent, reader.replica.tags().len()), (8_997, 8_997));
    assert!(!reader.replica.tags().contains(&tags(0..1)[0]), "what was withdrawn is not seen any more");
}

#[test]
fn whoever_was_away_takes_the_shorter_way() {
    let (mut publisher, history) = with_history();
    let few = |publisher: &mut Publisher, n: u16| {
        publisher.add(tags(n..n + 10));
        publisher.segment(NOW, &key()).unwrap()
    };
    let missed: Vec<Segment> = (0..3).map(|n| few(&mut publisher, 10_000 + 10 * n)).collect();
    let set = publisher.full_set(NOW, &key());
    let all: Vec<Segment> = missed.into_iter().chain(set).collect();
    // The bodies that it missed are held by somebody still.
    let mut reader = Reader::new();
    reader.take(&history);
    (reader.sent, reader.changed) = (0, 0);
    reader.take(&all);
    assert_eq!((reader.sent, reader.changed), (30, 30));
    assert_eq!(reader.replica.tags().len(), 9_027);
    // They are not: the full set is fetched, and only what differs is told.
    let mut late = Reader::new();
    late.take(&history);
    (late.sent, late.changed) = (0, 0);
    late.take(&all[3..]);
    assert_eq!((late.sent, late.changed), (1_027, 30), "two of three parts are made of what it holds");
    assert_eq!(late.replica.tags(), reader.replica.tags());
    // They are, but nobody gives them.
    let mut given_up = Reader::new();
    given_up.take(&history);
    (given_up.sent, given_up.changed) = (0, 0);
    for segment in &all {
        given_up.replica.offer_header(&segment.header, NOW).unwrap();
    }
    assert_eq!(given_up.replica.next_body(), Some(all[0].body.digest()));
    given_up.replica.skip_to_full_set();
    given_up.bodies(&all[3..]);
    assert_eq!((given_up.sent, given_up.changed), (1_027, 30));
    // More was missed than there is: the full set is shorter, also where everything is held.
    let (mut publisher, _) = (Publisher::new(NETWORK, feed()), ());
    publisher.add(tags(0..10));
    let first = publisher.segment(NOW, &key()).unwrap();
    let mut busy = Vec::new();
    for n in 0..20 {
        publisher.add(tags(100 + n..101 + n));
        publisher.keep_only(&tags(100 + n..101 + n).into_iter().chain(tags(0..10)).collect());
        busy.push(publisher.segment(NOW, &key()).unwrap());
    }
    busy.extend(publisher.full_set(NOW, &key()));
    let mut reader = Reader::new();
    reader.take(&[first]);
    reader.sent = 0;
    reader.take(&busy);
    assert_eq!((reader.sent, reader.replica.tags().len()), (11, 11));
}

#[test]
fn a_full_set_that_is_not_what_is_held_is_fetched_and_takes_its_place() {
    let (mut publisher, history) = with_history();
    let mut reader = Reader::new();
    reader.take(&history);
    let mut other = Publisher::new(NETWORK, feed());
    other.add(tags(4..20));
    other.continue_above(Position { generation: 0, ..publisher.newest().unwrap() });
    other.segment(NOW, &key()).unwrap();
    let lied = publisher.full_set(NOW, &key());
    let body = Body::new(tags(4..20), vec![]).unwrap();
    let mut document = lied[0].header.document().clone();
    (document.parts, document.added, document.body) = (1, 16, body.digest());
    let lie = Segment { header: Signed::sign(document, &key()), body, changes: false };
    (reader.sent, reader.changed) = (0, 0);
    reader.take(&[lie]);
    assert_eq!((reader.sent, reader.changed), (16, 8_997 - 16));
    assert_eq!(reader.replica.tags(), tags(4..20));
}

#[test]
fn a_full_set_that_a_stop_cut_in_two_is_completed() {
    let (mut publisher, history) = with_history();
    let mut restored = Publisher::new(NETWORK, feed());
    for segment in &history {
        assert_eq!(restored.restore(&segment.header, &segment.body), Restored::Follows);
    }
    let set = publisher.full_set(NOW, &key());
    for part in &set[..2] {
        assert_eq!(restored.restore(&part.header, &part.body), Restored::Follows);
    }
    assert!(restored.is_set_unfinished() && restored.is_full_set_due(1_000));
    restored.add(tags(0..1));
    let rest = restored.full_set(NOW, &key());
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].header.digest(), set[2].header.digest(), "what is left is what it would have been");
    assert!(!restored.is_set_unfinished());
    assert_eq!(restored.segment(NOW, &key()).unwrap().body.added(), tags(0..1));
    // What came before is forgotten by then, or half of it.
    for from in [0, 2, 4] {
        let mut later = Publisher::new(NETWORK, feed());
        for segment in &history[from..] {
            later.restore(&segment.header, &segment.body);
        }
        let last = set.iter().map(|part| later.restore(&part.header, &part.body)).last();
        assert_eq!((last, later.live_len()), (Some(Restored::Whole), 8_997));
    }
    // Without its beginning, or a piece in the middle, it is none.
    for left_out in [0, 1] {
        let mut torn = Publisher::new(NETWORK, feed());
        for (place, part) in set.iter().enumerate() {
            if place != left_out {
                assert_eq!(torn.restore(&part.header, &part.body), Restored::Torn, "{left_out} {place}");
            }
        }
    }
}

#[test]
fn headers_of_runs_that_cannot_be_are_refused() {
    let (mut publisher, history) = with_history();
    let mut reader = Reader::new();
    reader.take(&history);
    let set = publisher.full_set(NOW, &key());
    let spoilt = |change: fn(&mut HeaderDocument)| {
        let mut document = set[0].header.document().clone();
        change(&mut document);
        Signed::sign(document, &key())
    };
    for header in [
        spoilt(|header| header.parts = 0),
        spoilt(|header| header.begins = 4),
        spoilt(|header| header.begins = 6),
        spoilt(|header| header.begins = 0),
        spoilt(|header| header.previous = None),
        spoilt(|header| header.previous = Some(crypto::digest("another", &[]))),
        spoilt(|header| header.parts = crate::MAX_PARTS + 1),
        spoilt(|header| (header.added, header.withdrawn) = (3_999, 1)),
    ] {
        assert_eq!(reader.replica.offer_header(&header, NOW), Err(FeedError::BrokenChain));
    }
    assert_eq!(reader.replica.newest_sequence(), 4);
    reader.replica.offer_header(&set[0].header, NOW).unwrap();
    let mut cut_short = set[1].header.document().clone();
    (cut_short.begins, cut_short.parts) = (1, 0);
    let cut_short = Signed::sign(cut_short, &key());
    assert_eq!(reader.replica.offer_header(&cut_short, NOW), Err(FeedError::BrokenChain));
}

#[test]
fn two_heads_of_one_number_that_name_different_headers_are_a_second_history() {
    let mut replica = Replica::new(NETWORK, feed());
    let (mut honest, mut liar) = (Publisher::new(NETWORK, feed()), Publisher::new(NETWORK, feed()));
    liar.add(tags(0..1));
    honest.segment(NOW, &key()).unwrap();
    liar.segment(NOW, &key()).unwrap();
    replica.offer_head(head(&honest, NOW), NOW).unwrap();
    assert_eq!(replica.offer_head(head(&liar, NOW.plus(1)), NOW), Err(FeedError::Equivocation));
}

#[test]
fn a_feed_above_its_cap_is_refused_where_it_goes_beyond_and_keeps_what_it_had() {
    let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
    replica.set_cap(20);
    publisher.add(tags(0..15));
    let first = publisher.segment(NOW, &key()).unwrap();
    publisher.add(tags(15..25));
    let second = publisher.segment(NOW, &key()).unwrap();
    replica.offer_header(&first.header, NOW).unwrap();
    replica.offer_body(&first.body).unwrap();
    replica.offer_header(&second.header, NOW).unwrap();
    replica.offer_head(head(&publisher, NOW), NOW).unwrap();
    assert_eq!((replica.next_body(), replica.is_over_cap()), (None, true), "it is not even fetched");
    assert_eq!(replica.offer_body(&second.body), Err(FeedError::TooManyTags));
    assert_eq!(replica.tags(), tags(0..15));
    assert!(!replica.is_caught_up());
    replica.set_cap(25);
    assert!(!replica.is_over_cap());
    replica.offer_body(&second.body).unwrap();
    assert_eq!(replica.tags(), tags(0..25));
    // A header that says that it withdraws what is not live gets as far as its body, once.
    publisher.add(tags(25..30));
    publisher.keep_only(&tags(5..30).into_iter().collect());
    let third = publisher.segment(NOW, &key()).unwrap();
    let body = Body::new(tags(25..30), tags(40..45)).unwrap();
    let mut document = third.header.document().clone();
    document.body = body.digest();
    replica.offer_header(&Signed::sign(document, &key()), NOW).unwrap();
    assert_eq!(replica.next_body(), Some(body.digest()));
    assert_eq!(replica.offer_body(&body), Err(FeedError::TooManyTags));
    assert_eq!((replica.next_body(), replica.is_over_cap()), (None, true));
}

#[test]
fn a_padded_feed_looks_the_same_with_a_family_more_and_goes_on_after_a_restart() {
    let sizes = |segment: &Segment| (segment.body.added().len(), segment.body.withdrawn().len());
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.pad(|| Seed::from_bytes([8; 32]));
    publisher.add(tags(0..14));
    let mut segments = vec![publisher.segment(NOW, &key()).unwrap()];
    assert_eq!(sizes(&segments[0]), (160, 0));
    assert_eq!(publisher.live_len(), 14);
    segments.push(publisher.segment(NOW, &key()).unwrap());
    publisher.keep_only(&BTreeSet::new());
    assert!(publisher.has_backlog());
    segments.push(publisher.segment(NOW, &key()).unwrap());
    assert_eq!(publisher.live_len(), 0);
    publisher.add(tags(20..34));
    segments.push(publisher.segment(NOW, &key()).unwrap());
    assert_eq!(segments[1..].iter().map(sizes).collect::<BTreeSet<_>>(), [(16, 16)].into());
    let mut restored = Publisher::new(NETWORK, feed());
    for segment in &segments {
        restored.restore(&segment.header, &segment.body);
    }
    restored.restore_dummies(&crate::Dummies::from_bytes(&publisher.dummies().unwrap().to_bytes()).unwrap());
    restored.keep_only(&tags(20..34).into_iter().collect());
    assert!(!restored.has_backlog(), "no dummy is taken for a tag that nobody wants");
    assert_eq!(restored.live_len(), 14);
    let (next, same) = (restored.segment(NOW, &key()).unwrap(), publisher.segment(NOW, &key()).unwrap());
    assert_eq!(next.header.digest(), same.header.digest());
    // Dummies that are not this feed's are not believed: what is live and not wanted goes.
    let mut lost = Publisher::new(NETWORK, feed());
    for segment in &segments {
        lost.restore(&segment.header, &segment.body);
    }
    let mut foreign = Publisher::new(NETWORK, feed());
    foreign.pad(|| Seed::from_bytes([9; 32]));
    foreign.segment(NOW, &key()).unwrap();
    lost.restore_dummies(foreign.dummies().unwrap());
    lost.keep_only(&tags(20..34).into_iter().collect());
    assert!(lost.has_backlog());
    lost.pad(|| Seed::from_bytes([10; 32]));
    lost.segment(NOW, &key()).unwrap();
    assert!(!lost.has_backlog());
    assert_eq!(lost.live_len(), 14);
}

#[test]
fn a_generation_begins_without_the_dummies_of_the_one_before() {
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.pad(|| Seed::from_bytes([8; 32]));
    publisher.add(tags(0..14));
    let before = publisher.segment(NOW, &key()).unwrap();
    publisher.continue_above(Position::from(&before.header));
    publisher.pad(|| Seed::from_bytes([9; 32]));
    let after = publisher.segment(NOW, &key()).unwrap();
    assert_eq!((after.body.added().len(), publisher.live_len()), (160, 14));
    let both = after.body.added().iter().filter(|tag| before.body.added().contains(tag)).count();
    assert_eq!(both, 14);
}
