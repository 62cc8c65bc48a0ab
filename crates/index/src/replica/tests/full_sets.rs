//! Full sets, and how large a feed may get before one is due.

use super::*;

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

fn every(segments: u32) -> FeedBounds {
    FeedBounds { segments_per_snapshot: segments, ..FeedBounds::default() }
}

fn live(tags: usize) -> FeedBounds {
    FeedBounds { live_tags: tags, ..FeedBounds::default() }
}

#[test]
fn whoever_followed_makes_a_full_set_itself_and_sees_nothing_change() {
    let (mut publisher, history) = with_history();
    let mut reader = Reader::new();
    reader.take(&history);
    (reader.sent, reader.changed) = (0, 0);
    publisher.set_bounds(every(5));
    assert!(!publisher.is_full_set_due());
    publisher.set_bounds(every(4));
    assert!(publisher.is_full_set_due());
    let set = publisher.full_set(NOW, &key());
    assert_eq!(set.len(), 3);
    assert!(!publisher.is_full_set_due(), "it has just been published");
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
    restored.set_bounds(every(1_000));
    assert!(restored.is_set_unfinished() && restored.is_full_set_due());
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
fn a_feed_above_its_cap_is_refused_where_it_goes_beyond_and_keeps_what_it_had() {
    let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
    replica.set_bounds(live(20));
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
    replica.set_bounds(live(25));
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

/// A full set of 20 tags above a segment.
fn publisher_again(above: &Segment) -> Vec<Segment> {
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.add(tags(0..20));
    publisher.segment(NOW, &key()).unwrap();
    publisher.continue_above(Position::from(&above.header));
    let set = Body::new(tags(0..20), Vec::new()).unwrap();
    let mut document = publisher.segment(NOW, &key()).unwrap().header.document().clone();
    (document.generation, document.parts) = (0, 1);
    (document.added, document.withdrawn, document.body) = (20, 0, set.digest());
    vec![Segment { header: Signed::sign(document, &key()), body: set, changes: false }]
}

#[test]
fn the_parts_of_a_full_set_follow_each_other_and_hold_no_more_than_may_be_live() {
    let (mut publisher, history) = with_history();
    let set = publisher.full_set(NOW, &key());
    let part = |place: usize, tags: Vec<Tag>, before: &Segment| {
        let body = Body::new(tags, Vec::new()).unwrap();
        let mut document = set[place].header.document().clone();
        (document.added, document.body) = (u32::try_from(body.added().len()).unwrap(), body.digest());
        document.previous = Some(before.header.digest());
        Segment { header: Signed::sign(document, &key()), body, changes: false }
    };
    // The same tags again, some of them, and tags below: each would be another body, and none would be one tag more.
    let first = part(0, tags(100..200), &history[3]);
    for lied in [tags(100..200), tags(150..260), tags(0..50)] {
        let mut reader = Reader::new();
        reader.take(&history);
        reader.take(std::slice::from_ref(&first));
        let second = part(1, lied, &first);
        reader.replica.offer_header(&second.header, NOW).unwrap();
        assert_eq!(reader.replica.offer_body(&second.body), Err(FeedError::UnorderedSet));
        assert_eq!(reader.replica.tags(), tags(3..9_000), "what is matched on stays");
        assert_eq!(reader.replica.next_body(), None, "nobody is asked for it again");
        let again = publisher_again(&set[2]);
        assert_eq!(reader.replica.offer_header(&again[0].header, NOW), Ok(HeaderOutcome::FullSet));
        reader.bodies(&again);
        assert_eq!(reader.replica.tags(), tags(0..20), "until another run begins");
    }
    let mut reader = Reader::new();
    reader.replica.set_bounds(live(150));
    reader.take(std::slice::from_ref(&first));
    let second = part(1, tags(200..251), &first);
    reader.replica.offer_header(&second.header, NOW).unwrap();
    assert_eq!(reader.replica.offer_body(&second.body), Err(FeedError::TooManyTags));
    assert!(reader.replica.is_over_cap());
}

#[test]
fn a_run_without_end_is_refused_until_everything_is_published_again() {
    let bounds = FeedBounds { live_tags: 10, segments_per_snapshot: 3 };
    let (mut publisher, mut replica) = (Publisher::new(NETWORK, feed()), Replica::new(NETWORK, feed()));
    replica.set_bounds(bounds);
    let mut taken = Vec::new();
    // It adds and withdraws one and the same tag, which never leaves more than one live.
    let next = |publisher: &mut Publisher, n: usize| {
        let wanted: BTreeSet<Tag> = n.is_multiple_of(2).then(|| tags(0..1)).into_iter().flatten().collect();
        publisher.keep_only(&wanted);
        publisher.add(wanted);
        publisher.segment(NOW, &key()).unwrap()
    };
    let refused = (0..100).find_map(|n| {
        let segment = next(&mut publisher, n);
        let outcome = replica.offer_header(&segment.header, NOW);
        taken.push(segment);
        outcome.err()
    });
    assert_eq!((refused, taken.len()), (Some(FeedError::EndlessRun), 13), "twice twice three are taken");
    replica.offer_head(head(&publisher, NOW), NOW).unwrap();
    assert!(replica.needs_headers() && !replica.is_caught_up(), "and it is not taken for whole");
    // A full set that is begun above it is taken, and so is what follows.
    let set = publisher.full_set(NOW, &key());
    assert_eq!(replica.offer_header(&set[0].header, NOW), Ok(HeaderOutcome::FullSet));
    replica.offer_body(&set[0].body).unwrap();
    let after = next(&mut publisher, 1);
    assert_eq!(replica.offer_header(&after.header, NOW), Ok(HeaderOutcome::Next));
    // By tags alone, with room for as many segments as one likes.
    let mut replica = Replica::new(NETWORK, feed());
    replica.set_bounds(live(3));
    let taken = taken.iter().take_while(|one| replica.offer_header(&one.header, NOW).is_ok()).count();
    assert_eq!(taken, 12, "twice twice three tags came and went");
}

#[test]
fn a_publisher_publishes_everything_again_before_a_reader_finds_its_run_too_long() {
    let bounds = FeedBounds { live_tags: 400, segments_per_snapshot: 40 };
    let mut publisher = Publisher::new(NETWORK, feed());
    publisher.set_bounds(bounds);
    publisher.pad(|| Seed::from_bytes([7; 32]));
    let mut reader = Reader::new();
    reader.replica.set_bounds(bounds);
    let mut segments: Vec<Segment> = Vec::new();
    let (mut sets, mut restarted) = (0, 0);
    for n in 0..300_u16 {
        // Now and then everything is exchanged, more than may come at once.
        let wanted: BTreeSet<Tag> = tags(n / 20 * 600..n / 20 * 600 + 500).into_iter().collect();
        publisher.keep_only(&wanted);
        publisher.add(wanted);
        let mut made = vec![publisher.segment(NOW, &key()).unwrap()];
        if publisher.is_full_set_due() {
            made.extend(publisher.full_set(NOW, &key()));
            sets += 1;
        }
        reader.take(&made);
        segments.extend(made);
        if n % 50 == 49 {
            // What is taken back from disk counts as well.
            let mut again = Publisher::new(NETWORK, feed());
            again.set_bounds(bounds);
            for segment in &segments {
                again.restore(&segment.header, &segment.body);
            }
            assert_eq!(again.is_full_set_due(), publisher.is_full_set_due());
            assert_eq!(format!("{:?}", again.newest()), format!("{:?}", publisher.newest()));
            restarted += 1;
        }
    }
    assert!(sets > 300 / 40, "{sets} full sets, more than by segments alone");
    assert_eq!((reader.replica.newest_sequence(), restarted), (publisher.newest().unwrap().sequence, 6));
}
