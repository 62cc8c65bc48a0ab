//! A key that was stolen and replaced: what the thief signed with it neither stops nor brands the feed.

use crypto::{Seed, Signed, SigningKey, Tag, cbor, digest};
use domain::{Epoch, FamilyRef, Oin, Role};
use index::{FeedId, HeadDocument, HeaderDocument, MAX_GENERATION, MAX_SEQUENCE, Publisher};
use protocol::feed::FeedResponse;
use protocol::{Collection, Command, Conversation, Notice, Reply, Scope};
use testkit::{Fate, Founding, Simulation, family, person};

const VICTIM: usize = 4;
const READER: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn stolen_key() -> SigningKey {
    Founding::organisation_key(oin(VICTIM))
}

fn new_key() -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([77; 32]))
}

fn involved(net: &mut Simulation, member: usize, family: &str) -> Vec<Oin> {
    match net.command(oin(member), Command::Who(FamilyRef::new(family).unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

/// Everybody is settled; the victim and the reader have found each other.
fn matched() -> Simulation {
    let mother = || {
        person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
    };
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    net.command(oin(VICTIM), Command::Import(vec![family("a", [mother()])]));
    net.command(oin(READER), Command::Import(vec![family("x", [mother()])]));
    net.settle();
    net.seconds(6);
    assert_eq!(involved(&mut net, READER, "x"), [oin(VICTIM)]);
    net
}

/// A record of the victim's feed as somebody holds it, the newest.
fn newest<T: crypto::Document + Clone>(
    net: &Simulation,
    holder: usize,
    collection: Collection,
    key: &SigningKey,
    place: impl Fn(&T) -> (FeedId, u64),
) -> Option<T> {
    let kept = net.disk(oin(holder)).kept();
    let records = kept.records.iter().filter(|(held, ..)| *held == collection);
    records
        .filter_map(|(.., wire)| crypto::Unverified::<T>::parse(wire).ok()?.verify(&key.verifying_key()).ok())
        .map(|signed| signed.document().clone())
        .filter(|document| place(document).0.publisher == oin(VICTIM))
        .max_by_key(|document| place(document).1)
}

fn newest_header(net: &Simulation, holder: usize, key: &SigningKey) -> Option<HeaderDocument> {
    newest(net, holder, Collection::Header, key, |header: &HeaderDocument| (header.feed, header.sequence))
}

/// A head that the thief signs, dated now.
fn thiefs_head(net: &Simulation, generation: u32, sequence: u64) -> Vec<u8> {
    let held = newest(net, VICTIM, Collection::Head, &stolen_key(), |head: &HeadDocument| {
        (head.feed, head.sequence)
    });
    let head = held.unwrap();
    let header = digest("made up", &[]);
    let head = HeadDocument { generation, sequence, header, time: net.now(), backlog: false, ..head };
    Signed::sign(head, &stolen_key()).to_wire()
}

/// A header that the thief signs to follow the newest one.
fn thiefs_header(net: &Simulation, generation: u32) -> Signed<HeaderDocument> {
    let held = newest_header(net, READER, &stolen_key()).unwrap();
    let (added, body) = (1, digest("made up", &[]));
    let sequence = held.sequence + 1;
    let (begins, withdrawn) = (sequence, 0);
    let header =
        HeaderDocument { generation, sequence, begins, added, withdrawn, body, previous: Some(body), ..held };
    Signed::sign(header, &stolen_key())
}

/// The governors replace the victim's key, and its node starts anew with it.
fn rotate(net: &mut Simulation) {
    let signed = net.founding().next(&net.founding().roster, |content| {
        for member in content.members.iter_mut().filter(|member| member.oin == oin(VICTIM)) {
            member.keys.organisation = new_key().verifying_key();
        }
    });
    for member in [1, VICTIM] {
        let installed = net.command(oin(member), Command::InstallRoster(Box::new(signed.clone())));
        assert!(matches!(installed, Reply::Roster(Ok(2))), "{installed:?}");
    }
    net.until(20, "everybody has the version", |net| {
        (1..=5).all(|member| net.status(oin(member)).roster_version == 2)
    });
    net.replace_key(oin(VICTIM), new_key());
    net.restart(oin(VICTIM));
}

/// The feed goes on over several segments under the new key, is whole at every reader, and nobody is accused of
/// anything since.
fn assert_goes_on(net: &mut Simulation, accusations: usize) {
    net.settle();
    let before = newest_header(net, READER, &new_key()).unwrap();
    for _ in 0..4 {
        net.seconds(2);
        assert_eq!(involved(net, READER, "x"), [oin(VICTIM)], "the match never drops");
    }
    net.settle();
    let after = newest_header(net, READER, &new_key()).unwrap();
    assert_eq!(after.generation, before.generation);
    assert!(after.sequence >= before.sequence + 3, "{before:?} {after:?}");
    assert_eq!(told(net), accusations);
}

fn told(net: &Simulation) -> usize {
    let all = (1..=5).flat_map(|member| net.notices(oin(member)));
    all.filter(|notice| matches!(notice, Notice::Equivocation { .. } | Notice::NumbersUsedUp { .. })).count()
}

/// Replaces what one reader says that it holds of the victim's feed.
fn answer_newest(net: &mut Simulation, reader: usize, header: Option<Vec<u8>>, head: Option<Vec<u8>>) {
    let answer = FeedResponse::Newest { header: header.map(Into::into), head: head.map(Into::into) };
    net.judge(move |message| {
        let asked = matches!(cbor::from_slice(&message.frame), Ok(FeedResponse::Newest { .. }));
        if asked && message.is_response && message.from == oin(reader) && message.to == oin(VICTIM) {
            Fate::Replace(cbor::to_vec(&answer))
        } else {
            Fate::Deliver
        }
    });
}

#[test]
fn a_head_beyond_everything_is_forgotten_with_the_key_that_signed_it() {
    for sequence in [MAX_SEQUENCE, 1 << 50, 1 << 40] {
        let mut net = matched();
        let head = thiefs_head(&net, 0, sequence);
        for reader in [1, 2, 3, READER] {
            net.inject_gossip(oin(reader), head.clone());
        }
        net.seconds(50);
        assert!(!net.status(oin(READER)).completeness.is_complete(), "as long as the key is good, it counts");
        // The true feed is below it and signed later: so everybody can see that the key signs two histories.
        assert_eq!(told(&net), 5);
        // One reader hands the publisher what the thief signed, also after the key was replaced.
        answer_newest(&mut net, 2, None, Some(head));
        rotate(&mut net);
        assert_goes_on(&mut net, 5);
        net.restart(oin(READER));
        assert_goes_on(&mut net, 5);
    }
}

#[test]
fn a_head_that_no_feed_gets_to_is_refused_at_once() {
    let mut net = matched();
    for (generation, sequence) in [(0, u64::MAX), (u32::MAX, 9_999)] {
        let head = thiefs_head(&net, generation, sequence);
        net.inject_gossip(oin(READER), head);
    }
    assert_eq!(net.status(oin(READER)).refused.bad_feed_parts, 2);
    net.seconds(4);
    net.settle();
}

#[test]
fn a_header_of_the_highest_generation_is_forgotten_with_the_key_that_signed_it() {
    for generation in [MAX_GENERATION, 1 << 20] {
        let mut net = matched();
        let header = thiefs_header(&net, generation);
        let page = FeedResponse::Headers { headers: vec![header.to_wire().into()] };
        net.judge(move |message| {
            let headers = matches!(cbor::from_slice(&message.frame), Ok(FeedResponse::Headers { .. }));
            let to_reader = message.to == oin(READER) && message.from == oin(VICTIM);
            if headers && to_reader { Fate::Replace(cbor::to_vec(&page)) } else { Fate::Deliver }
        });
        net.until(20, "it is taken", |net| {
            newest_header(net, READER, &stolen_key()).is_some_and(|held| held.generation == generation)
        });
        net.seconds(10);
        // The true feed has the same number: so the reader has seen the key sign twice.
        let accusations = told(&net);
        answer_newest(&mut net, 3, Some(header.to_wire()), None);
        rotate(&mut net);
        assert_goes_on(&mut net, accusations);
    }
}

#[test]
fn a_feed_without_numbers_says_so_and_another_key_lets_it_begin_anew() {
    let mut net = matched();
    let head = thiefs_head(&net, 0, MAX_SEQUENCE);
    answer_newest(&mut net, 2, None, Some(head));
    net.restart(oin(VICTIM));
    net.seconds(20);
    let circle = net.founding().circle;
    let used_up = |net: &Simulation| {
        net.notices(oin(VICTIM)).iter().filter(|notice| **notice == Notice::NumbersUsedUp { circle }).count()
    };
    assert_eq!(used_up(&net), 1, "told once");
    assert!(!net.status(oin(VICTIM)).published);
    rotate(&mut net);
    assert_goes_on(&mut net, 1);
}

#[test]
fn documents_under_the_replaced_key_are_nobodys() {
    let mut net = matched();
    rotate(&mut net);
    net.settle();
    let before = net.status(oin(READER)).refused.bad_signatures;
    let head = Signed::sign(
        newest(&net, VICTIM, Collection::Head, &new_key(), |head: &HeadDocument| (head.feed, head.sequence))
            .unwrap(),
        &stolen_key(),
    );
    net.inject_gossip(oin(READER), head.to_wire());
    let held = newest_header(&net, READER, &stolen_key());
    assert!(held.is_none(), "what was signed with it is gone from the disk");
    assert!(net.status(oin(READER)).refused.bad_signatures > before);
    let frame = cbor::to_vec(&protocol::feed::FeedRequest::Newest { feed: head.document().feed });
    net.inject(oin(VICTIM), oin(READER), Conversation::Feed, frame);
    assert_goes_on(&mut net, 0);
}

#[test]
fn headers_under_the_replaced_key_are_swept_once_the_feed_goes_on() {
    let mut net = matched();
    let feed = newest_header(&net, READER, &stolen_key()).unwrap().feed;
    rotate(&mut net);
    net.settle();
    // As if the reader had stopped before it forgot what the old key signed.
    let mut torn = net.disk(oin(READER)).clone();
    let (headers, bodies) = (torn.count(Collection::Header), torn.count(Collection::Body));
    let mut old = Publisher::new(net.founding().roster.network(), feed);
    for n in 0..3 {
        old.add([Tag::from_bytes([n; 16])]);
        let segment = old.segment(net.now(), &stolen_key()).unwrap();
        let key = header_key(&feed, segment.header.document().sequence);
        torn.put_in(Scope::Epoch(Epoch(1)), Collection::Header, key, segment.header.to_wire());
        torn.put_in(
            Scope::Epoch(Epoch(1)),
            Collection::Body,
            segment.body.digest().as_bytes().to_vec(),
            segment.body.to_bytes(),
        );
    }
    assert_eq!(torn.count(Collection::Body), bodies + 3);
    net.restart_from(oin(READER), torn);
    assert_eq!(net.disk(oin(READER)).count(Collection::Header), headers);
    assert_eq!(net.disk(oin(READER)).count(Collection::Body), bodies);
    assert_eq!(involved(&mut net, READER, "x"), [oin(VICTIM)]);
    assert_goes_on(&mut net, 0);
}

fn header_key(feed: &FeedId, sequence: u64) -> Vec<u8> {
    [
        feed.publisher.as_bytes().as_slice(),
        feed.circle.as_bytes(),
        &feed.epoch.0.to_be_bytes(),
        &sequence.to_be_bytes(),
    ]
    .concat()
}
