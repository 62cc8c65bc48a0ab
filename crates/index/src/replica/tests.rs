//! What a reader takes, refuses and drops.

mod full_sets;
mod generations;

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
