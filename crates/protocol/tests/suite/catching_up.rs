//! Catching up: whoever was away gets what it lacks from anybody who may serve it, and little more.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::{Digest, Unverified, cbor};
use domain::{FamilyRef, Oin, Role, Timestamp};
use index::{Body, FeedId, HeadDocument, HeaderDocument};
use protocol::feed::FeedResponse;
use protocol::{Collection, Command, Conversation, Notice, Reply};
use testkit::{Fate, Founding, Simulation, family, person};

const READER: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn father() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("123456782").name("Bob", "Kuiper").born("1985-02-03").at("2345BC", "3")
}

fn network(founding: Founding) -> Simulation {
    let mut net = Simulation::new(founding);
    net.command(oin(READER), Command::Import(vec![family("x", [mother()]), family("y", [father()])]));
    for member in 1..=4 {
        net.command(oin(member), Command::Import(vec![family("a", [mother()])]));
    }
    net.settle();
    net.seconds(10);
    net
}

/// What a member is sent of other members' feeds in answer to its questions.
#[derive(Clone, Default)]
struct Received {
    /// Bytes of whole frames.
    bytes: usize,
    /// The headers and bodies in them, each once.
    segments: BTreeSet<Vec<u8>>,
    /// Of each feed the newest head in them.
    heads: BTreeMap<FeedId, (Timestamp, Vec<u8>)>,
}

impl Received {
    fn take(&mut self, frame: &[u8]) {
        let response = cbor::from_slice(frame);
        if matches!(response, Ok(FeedResponse::Newest { .. })) {
            // What it signed itself is not what it catches up with.
            return;
        }
        self.bytes += frame.len();
        match response {
            Ok(FeedResponse::Headers { headers: parts } | FeedResponse::Bodies { bodies: parts }) => {
                self.segments.extend(parts.into_iter().map(Vec::from));
            }
            Ok(FeedResponse::Heads { heads }) => {
                for wire in heads {
                    let head = Unverified::<HeadDocument>::parse(&wire).unwrap().claimed().clone();
                    let newest = self.heads.entry(head.feed).or_insert((Timestamp(0), Vec::new()));
                    if newest.0 < head.time {
                        *newest = (head.time, wire.into());
                    }
                }
            }
            Ok(FeedResponse::Newest { .. } | FeedResponse::Proofs { .. } | FeedResponse::Unknown)
            | Err(_) => {}
        }
    }

    /// Bytes of it that the member lacked: headers and bodies that it holds now and did not hold before, and one head
    /// of each feed that it did not hold.
    fn lacking(&self, before: &BTreeSet<Vec<u8>>, now: &BTreeSet<Vec<u8>>) -> usize {
        let segments = self.segments.iter().filter(|part| now.contains(*part));
        let heads = self.heads.values().map(|(_, wire)| wire);
        segments.chain(heads).filter(|part| !before.contains(*part)).map(Vec::len).sum()
    }
}

/// What a member is sent of other members' feeds from now on.
fn receive(net: &mut Simulation, member: usize) -> Rc<RefCell<Received>> {
    let received = Rc::new(RefCell::new(Received::default()));
    let taken = Rc::clone(&received);
    net.judge(move |message| {
        let is_feed = message.conversation == Some(Conversation::Feed) && message.to == oin(member);
        if message.is_response && is_feed {
            taken.borrow_mut().take(&message.frame);
        }
        Fate::Deliver
    });
    received
}

/// What a member's disk holds of the feeds of others: headers, the bodies that they name, and heads.
fn held(net: &Simulation, member: usize) -> BTreeSet<Vec<u8>> {
    let kept = net.disk(oin(member)).records();
    let of = |wanted: Collection| {
        let records = kept.iter().filter(move |(collection, _, _)| *collection == wanted);
        records.map(|(_, _, value)| value)
    };
    let mut held: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut named: BTreeSet<Digest> = BTreeSet::new();
    for wire in of(Collection::Header) {
        let header = Unverified::<HeaderDocument>::parse(wire).unwrap();
        if header.claimed().feed.publisher != oin(member) {
            named.insert(header.claimed().body);
            held.insert(wire.clone());
        }
    }
    let is_named = |bytes: &&Vec<u8>| named.contains(&Body::from_bytes(bytes).unwrap().digest());
    held.extend(of(Collection::Body).filter(is_named).cloned());
    let is_anothers = |wire: &&Vec<u8>| {
        Unverified::<HeadDocument>::parse(wire).unwrap().claimed().feed.publisher != oin(member)
    };
    held.extend(of(Collection::Head).filter(is_anothers).cloned());
    held
}

fn involved(net: &mut Simulation, family: &str) -> Vec<Oin> {
    match net.command(oin(READER), Command::Who(FamilyRef::new(family).unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

/// Checks that what came is within a tenth of what was lacking. The tenth is for the frames around it, for heads that
/// were overtaken, and for what two sources were asked for: heads that came as gossip count on neither side.
fn assert_little_more(net: &Simulation, before: &BTreeSet<Vec<u8>>, received: &Received) {
    let lacking = received.lacking(before, &held(net, READER));
    assert!(lacking > 0 && received.bytes * 10 <= lacking * 11, "{} bytes for {lacking}", received.bytes);
}

/// The reader is away while the others publish and one registers a family; then it comes back.
fn away(net: &mut Simulation, seconds: u64) -> (BTreeSet<Vec<u8>>, Received) {
    net.disconnect(oin(READER));
    let before = held(net, READER);
    net.seconds(seconds / 2);
    net.command(oin(4), Command::Import(vec![family("b", [father()])]));
    net.seconds(seconds / 2);
    let received = receive(net, READER);
    net.reconnect(oin(READER));
    // Heads of before are fresh for a minute, so that it is complete by them says nothing yet.
    net.until(20, "caught up", |net| {
        net.status(oin(READER)).completeness.is_complete() && involved(net, "y") == [oin(4)]
    });
    let received = received.borrow().clone();
    (before, received)
}

#[test]
fn whoever_was_away_gets_what_it_lacks_and_little_more() {
    for seconds in [30, 600] {
        let mut net = network(Founding::uniform(6).without_full_sets());
        let (before, received) = away(&mut net, seconds);
        assert_eq!(involved(&mut net, "y"), [oin(4)]);
        assert_little_more(&net, &before, &received);
    }
}

#[test]
fn whoever_was_away_over_full_sets_gets_the_newest_and_what_came_after_it() {
    let mut net = network(Founding::uniform(6));
    let (before, received) = away(&mut net, 200);
    assert_eq!(involved(&mut net, "y"), [oin(4)]);
    assert_eq!(involved(&mut net, "x"), [1, 2, 3, 4].map(oin));
    assert_little_more(&net, &before, &received);
    let matches = net.notices(oin(READER)).iter().filter(|notice| matches!(notice, Notice::NewMatch { .. }));
    assert_eq!(matches.count(), 5, "nothing is told twice");
}

#[test]
fn whoever_was_away_for_an_epoch_gets_what_is_left_of_it_and_little_more() {
    const DAY: u64 = 86_400;
    // Epochs of ninety days, prepared a month ahead and matched on for a fortnight more.
    for away in [91, 91 + 14] {
        let mut net = network(Founding::uniform(6));
        let start = net.now();
        net.disconnect(oin(READER));
        let before = held(&net, READER);
        for day in [61, away] {
            net.jump(start.plus(day * DAY).since(net.now()));
            net.seconds(60);
        }
        net.command(oin(4), Command::Import(vec![family("b", [father()])]));
        net.seconds(60);
        let received = receive(&mut net, READER);
        net.reconnect(oin(READER));
        net.until(120, "caught up", |net| {
            net.status(oin(READER)).completeness.is_complete() && involved(net, "y") == [oin(4)]
        });
        assert_eq!(involved(&mut net, "x"), [1, 2, 3, 4].map(oin));
        assert_little_more(&net, &before, &received.borrow());
    }
}

#[test]
fn others_serve_the_feed_of_a_publisher_that_is_gone() {
    let mut net = network(Founding::uniform(6));
    net.disconnect(oin(READER));
    let before = held(&net, READER);
    net.command(oin(4), Command::Import(vec![family("b", [father()])]));
    net.seconds(40);
    net.disconnect(oin(4));
    net.seconds(10);
    let received = receive(&mut net, READER);
    net.reconnect(oin(READER));
    net.until(20, "it is found", |net| involved(net, "y") == [oin(4)]);
    assert_little_more(&net, &before, &received.borrow());
}

#[test]
fn whoever_holds_nothing_bootstraps_from_readers() {
    let mut net = network(Founding::uniform(6));
    net.seconds(60);
    let mut empty = net.disk(oin(READER)).clone();
    empty.lose(&[
        Collection::Header,
        Collection::Body,
        Collection::Head,
        Collection::Match,
        Collection::Dummies,
    ]);
    net.disconnect(oin(4));
    let received = receive(&mut net, READER);
    net.restart_from(oin(READER), empty);
    net.until(30, "found again", |net| involved(net, "x") == [1, 2, 3, 4].map(oin));
    assert_little_more(&net, &BTreeSet::new(), &received.borrow());
}

#[test]
fn whoever_follows_makes_full_sets_itself() {
    let mut net = network(Founding::uniform(6));
    net.seconds(8);
    let before = held(&net, READER);
    let fetched: Rc<RefCell<BTreeSet<Digest>>> = Rc::default();
    let seen = Rc::clone(&fetched);
    net.judge(move |message| {
        if message.is_response
            && message.to == oin(READER)
            && let Ok(FeedResponse::Bodies { bodies }) = cbor::from_slice(&message.frame)
        {
            let digests = bodies.iter().map(|bytes| Body::from_bytes(bytes).unwrap().digest());
            seen.borrow_mut().extend(digests);
        }
        Fate::Deliver
    });
    net.seconds(18);
    let now = held(&net, READER);
    let new = now.difference(&before).filter_map(|wire| Unverified::<HeaderDocument>::parse(wire).ok());
    let parts: Vec<Digest> =
        new.filter(|header| header.claimed().is_part()).map(|header| header.claimed().body).collect();
    assert!(parts.len() >= 4, "every feed came to a full set: {}", parts.len());
    let fetched = fetched.borrow();
    assert!(!fetched.is_empty() && parts.iter().all(|body| !fetched.contains(body)));
    assert_eq!(involved(&mut net, "x"), [1, 2, 3, 4].map(oin));
}

#[test]
fn withdrawn_tags_disappear_from_every_disk() {
    let mut net = network(Founding::uniform(6));
    net.command(oin(4), Command::Withdraw(vec![FamilyRef::new("a").unwrap()]));
    net.until(10, "dropped", |net| involved(net, "x") == [1, 2, 3].map(oin));
    let then = held(&net, READER);
    net.seconds(60);
    for member in [4, READER] {
        let left = held(&net, member).intersection(&then).count();
        assert_eq!(left, 0, "of {} records at member {member}", then.len());
    }
    assert_eq!(involved(&mut net, "x"), [1, 2, 3].map(oin));
    assert!(net.status(oin(READER)).completeness.is_complete());
}

#[test]
fn a_feed_stops_at_the_cap_and_says_so() {
    let roomy = Founding::uniform(6);
    // Half of it is for dummies.
    let mut net = network(roomy.with_rules(|rules| rules.live_tags = 30));
    let many = (0..20).map(|n| {
        let born = format!("2010-01-{:02}", n + 1);
        family(
            &format!("k-{n}"),
            [person(Role::Child).name("Kind", "Velthuis").born(&born).at("1234AB", "12")],
        )
    });
    net.command(oin(4), Command::Import(many.collect()));
    net.seconds(20);
    let status = net.status(oin(4));
    assert!(status.tags_published <= 15 && !status.published, "{}", status.tags_published);
    let circle = net.founding().circle;
    let told = |net: &Simulation| {
        let beyond = Notice::BeyondCap { publisher: oin(4), circle };
        net.notices(oin(4)).iter().filter(|notice| **notice == beyond).count()
    };
    assert_eq!(told(&net), 1);
    let incomplete: Vec<Oin> = net.status(oin(READER)).completeness.incomplete().collect();
    assert_eq!(incomplete, [oin(4)], "whoever reads it knows that there is more");
    assert_eq!(net.status(oin(READER)).refused.beyond_cap, 0, "and need not refuse anything");
}
