//! Restore is not fraud: a node that lost what it published hears it from its readers and goes on above it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crypto::{Signed, Unverified, cbor};
use domain::{Certainty, Epoch, FamilyRef, Oin, Role};
use index::{FeedId, HeaderDocument, Publisher};
use protocol::feed::{FeedRequest, FeedResponse};
use protocol::{Collection, Command, HearingStatus, Notice, Refused, Reply, Scope};
use testkit::{Fate, Founding, MemoryDisk, Message, Simulation, family, person};

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn father() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("999990019").name("Piet", "Visser").born("1970-01-02").at("4321BA", "3")
}

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn import(net: &mut Simulation, member: usize, signals: Vec<domain::Signal>) {
    assert!(matches!(net.command(oin(member), Command::Import(signals)), Reply::Imported(_)));
}

fn involved(net: &mut Simulation, member: usize, family: &str) -> Vec<Oin> {
    match net.command(oin(member), Command::Who(FamilyRef::new(family).unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

/// Members 4 and 5 know one family and have found each other; a few segments have gone by.
fn matched() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    import(&mut net, 4, vec![family("a", [mother()]), family("b", [father()])]);
    import(&mut net, 5, vec![family("x", [mother()]), family("y", [father()])]);
    net.settle();
    net.seconds(10);
    net.settle();
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    assert_eq!(involved(&mut net, 5, "y"), [oin(4)]);
    net
}

/// The headers of a member's feed on somebody's disk, in order.
fn headers(net: &Simulation, holder: usize, publisher: usize) -> Vec<Signed<HeaderDocument>> {
    let key = Founding::organisation_key(oin(publisher)).verifying_key();
    let kept = net.disk(oin(holder)).kept();
    let headers = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header);
    headers
        .filter_map(|(.., wire)| Unverified::<HeaderDocument>::parse(wire).ok()?.verify(&key).ok())
        .filter(|header| header.document().feed.publisher == oin(publisher))
        .collect()
}

fn newest(net: &Simulation, holder: usize, publisher: usize) -> (u32, u64) {
    let newest = headers(net, holder, publisher).pop().unwrap();
    (newest.document().generation, newest.document().sequence)
}

fn own_feed(net: &Simulation, member: usize) -> FeedId {
    FeedId { publisher: oin(member), circle: net.founding().circle, epoch: Epoch(1) }
}

fn hearing(net: &mut Simulation, member: usize) -> Option<HearingStatus> {
    let hearing = net.status(oin(member)).hearing;
    assert!(hearing.len() <= 1, "one circle");
    hearing.into_iter().next()
}

fn assert_nobody_is_accused(net: &mut Simulation) {
    for member in 1..=5 {
        assert_eq!(net.status(oin(member)).refused, Refused::default(), "at member {member}");
    }
}

/// Whether a message is about the newest header of a feed: question or answer.
fn is_hearing(message: &Message) -> bool {
    matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Newest { .. }))
        || matches!(cbor::from_slice::<FeedRequest>(&message.frame), Ok(FeedRequest::Newest { .. }))
}

#[test]
fn an_ordinary_restart_goes_on_in_the_same_generation() {
    let mut net = matched();
    let before = newest(&net, 4, 4);
    net.restart(oin(4));
    assert_eq!(
        hearing(&mut net, 4),
        Some(HearingStatus { feed: own_feed(&net, 4), heard: 0, needed: 2, awaited: 4, restored: false })
    );
    assert!(!net.status(oin(4)).published, "what is published is not known yet");
    net.seconds(4);
    net.settle();
    let after = newest(&net, 4, 4);
    assert!(after.0 == 0 && after.1 > before.1, "{before:?} {after:?}");
    assert_eq!(hearing(&mut net, 4), None);
    assert!(net.status(oin(4)).continued.is_empty());
    assert_nobody_is_accused(&mut net);
}

#[test]
fn a_restored_node_goes_on_above_what_it_published_and_matches_stay() {
    let mut net = matched();
    // The backup is older than the withdrawal of family b and the registration of family c.
    let backup = net.disk(oin(4)).restored(net.now());
    net.command(oin(4), Command::Withdraw(vec![FamilyRef::new("b").unwrap()]));
    net.seconds(5);
    net.settle();
    assert_eq!(involved(&mut net, 5, "y"), []);
    let before = newest(&net, 5, 4);
    let told = net.notices(oin(5)).len();
    net.restart_from(oin(4), backup);
    // As the operator was told after the restore: what is withdrawn is withdrawn again, before it is published.
    net.command(oin(4), Command::Withdraw(vec![FamilyRef::new("b").unwrap()]));
    net.until(60, "published", |net| {
        assert_eq!(involved(net, 5, "x"), [oin(4)], "the match never drops");
        assert_eq!(involved(net, 5, "y"), [], "and what was withdrawn does not come back");
        net.status(oin(4)).published
    });
    net.settle();
    for holder in [4, 5] {
        let held = headers(&net, holder, 4);
        assert!(held.iter().all(|header| header.document().generation == 1), "the one before is forgotten");
        let first = held.first().unwrap().document();
        assert_eq!(first.sequence, before.1 + 1, "at member {holder}");
        let bodies: BTreeSet<_> = headers(&net, holder, 4).iter().map(|h| h.document().body).collect();
        assert!(bodies.len() <= held.len());
    }
    assert_eq!(net.disk(oin(4)).count(Collection::Restored), 0, "the mark is taken away");
    let status = net.status(oin(5));
    assert_eq!(status.continued, [(oin(4), 1)].into());
    assert!(status.completeness.is_complete());
    let new: Vec<Notice> = net.notices(oin(5))[told..].to_vec();
    assert_eq!(new, [Notice::FeedContinued { publisher: oin(4), generation: 1 }], "no match is told again");
    assert_nobody_is_accused(&mut net);
}

#[test]
fn a_signal_withdrawn_before_the_loss_leaves_when_the_new_generation_is_whole() {
    let mut net = matched();
    // The folder lost its feeds and family b; its reader still knows the tags of both.
    let mut disk = net.disk(oin(4)).restored(net.now());
    disk.lose(&[Collection::Signal]);
    net.restart_from(oin(4), disk);
    import(&mut net, 4, vec![family("a", [mother()])]);
    assert_eq!(involved(&mut net, 5, "y"), [oin(4)], "until it is known better");
    net.until(60, "published", |net| {
        assert_eq!(involved(net, 5, "x"), [oin(4)], "the match never drops");
        net.status(oin(4)).published
    });
    net.settle();
    assert_eq!(involved(&mut net, 5, "y"), []);
    net.restart(oin(5));
    assert_eq!((involved(&mut net, 5, "x"), involved(&mut net, 5, "y")), (vec![oin(4)], vec![]));
    assert_nobody_is_accused(&mut net);
}

#[test]
fn a_snapshot_that_is_put_back_is_noticed_without_a_mark() {
    let mut net = matched();
    let snapshot = net.disk(oin(4)).clone();
    let old = newest(&net, 4, 4);
    net.seconds(20);
    net.settle();
    let before = newest(&net, 5, 4);
    assert!(before.1 > old.1);
    net.restart_from(oin(4), snapshot);
    net.seconds(5);
    net.settle();
    let (generation, sequence) = newest(&net, 5, 4);
    assert!(generation == 1 && sequence > before.1);
    assert_eq!(headers(&net, 4, 4).first().unwrap().document().sequence, before.1 + 1);
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    assert_nobody_is_accused(&mut net);
}

#[test]
fn control_without_hearing_every_reader_refuses_it_as_a_fork() {
    let mut net = matched();
    let backup = net.disk(oin(4)).restored(net.now());
    let before = newest(&net, 5, 4);
    net.sign_unheard(oin(4));
    net.restart_from(oin(4), backup);
    net.seconds(10);
    for reader in [1, 2, 3, 5] {
        assert!(net.status(oin(reader)).refused.equivocations > 0, "reader {reader}");
        assert!(net.notices(oin(reader)).contains(&Notice::Equivocation { publisher: oin(4) }));
        assert_eq!(newest(&net, reader, 4), before, "and keeps what it had");
    }
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
}

#[test]
fn with_too_few_readers_nothing_is_signed_and_the_status_says_so() {
    let mut net = matched();
    let backup = net.disk(oin(4)).restored(net.now());
    let before = newest(&net, 5, 4);
    for member in [3, 5] {
        net.disconnect(oin(member));
    }
    net.restart_from(oin(4), backup);
    net.seconds(60);
    let waiting = HearingStatus { feed: own_feed(&net, 4), heard: 2, needed: 3, awaited: 0, restored: true };
    assert_eq!(hearing(&mut net, 4), Some(waiting));
    assert!(headers(&net, 4, 4).is_empty(), "nothing is signed");
    assert_eq!(net.disk(oin(4)).count(Collection::Restored), 1);
    // Everything else goes on: it answers, evaluates, and reads others.
    assert_eq!(involved(&mut net, 4, "a"), [oin(5)]);
    // A stop while it hears changes nothing.
    net.restart(oin(4));
    net.seconds(5);
    assert_eq!(hearing(&mut net, 4), Some(waiting));
    net.reconnect(oin(3));
    net.until(20, "enough is heard", |net| hearing(net, 4).is_none());
    net.seconds(5);
    let first = headers(&net, 4, 4).first().unwrap().document().clone();
    assert_eq!((first.generation, first.sequence), (1, before.1 + 1));
    net.reconnect(oin(5));
    net.seconds(5);
    net.settle();
    assert_nobody_is_accused(&mut net);
}

#[test]
fn a_reader_that_nobody_heard_is_heard_when_it_comes_back() {
    let mut net = matched();
    let snapshot = net.disk(oin(4)).clone();
    // Only member 1 sees the last segments of member 4; then it goes away.
    for member in [2, 3, 5] {
        net.disconnect(oin(member));
    }
    net.seconds(9);
    net.disconnect(oin(1));
    let unheard = newest(&net, 1, 4);
    for member in [2, 3, 5] {
        net.reconnect(oin(member));
    }
    net.restart_from(oin(4), snapshot);
    net.disconnect(oin(1));
    net.seconds(3);
    let (generation, sequence) = newest(&net, 5, 4);
    assert!(generation == 0 && sequence <= unheard.1, "as far as anybody present knows, nothing was lost");
    net.reconnect(oin(1));
    net.until(10, "above both", |net| newest(net, 1, 4).0 == 1 && newest(net, 5, 4).0 == 1);
    net.settle();
    assert!(newest(&net, 1, 4).1 > unheard.1);
    // It was asked once and told what it holds: that it goes and comes again changes nothing.
    let asked = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&asked);
    net.judge(move |message| {
        *counted.borrow_mut() += usize::from(is_hearing(message));
        Fate::Deliver
    });
    net.disconnect(oin(1));
    net.seconds(3);
    net.reconnect(oin(1));
    net.seconds(6);
    net.settle();
    assert_eq!((*asked.borrow(), newest(&net, 1, 4).0), (0, 1));
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
}

#[test]
fn a_reader_that_does_not_answer_when_it_comes_back_is_asked_the_next_time() {
    let mut net = matched();
    let snapshot = net.disk(oin(4)).clone();
    for member in [2, 3, 5] {
        net.disconnect(oin(member));
    }
    net.seconds(9);
    net.disconnect(oin(1));
    for member in [2, 3, 5] {
        net.reconnect(oin(member));
    }
    net.restart_from(oin(4), snapshot);
    net.disconnect(oin(1));
    net.seconds(3);
    net.judge(|message| if is_hearing(message) { Fate::Drop } else { Fate::Deliver });
    let before = newest(&net, 5, 4);
    net.reconnect(oin(1));
    net.seconds(9);
    let after = newest(&net, 5, 4);
    assert!(after.0 == 0 && after.1 >= before.1 + 3, "nothing waits for it: {before:?} {after:?}");
    net.judge(|_| Fate::Deliver);
    net.disconnect(oin(1));
    net.reconnect(oin(1));
    net.until(10, "above both", |net| newest(net, 1, 4).0 == 1 && newest(net, 5, 4).0 == 1);
    net.settle();
}

#[test]
fn a_lying_reader_neither_lowers_what_is_heard_nor_stops_it_for_ever() {
    let old = matched();
    let first = headers(&old, 5, 4).first().unwrap().to_wire();
    let foreign = headers(&old, 4, 5).pop().unwrap().to_wire();
    for lie in [
        cbor::to_vec(&FeedResponse::Newest { header: Some(first.into()), head: None }),
        cbor::to_vec(&FeedResponse::Newest { header: None, head: None }),
        cbor::to_vec(&FeedResponse::Newest { header: Some(foreign.clone().into()), head: None }),
        cbor::to_vec(&FeedResponse::Newest { header: None, head: Some(foreign.into()) }),
        cbor::to_vec(&FeedResponse::Newest { header: Some(vec![7; 60_000].into()), head: None }),
        cbor::to_vec(&FeedResponse::Headers { headers: vec![] }),
        cbor::to_vec(&FeedResponse::Unknown),
        vec![0xff; 100],
    ] {
        let mut net = matched();
        let backup = net.disk(oin(4)).restored(net.now());
        let before = newest(&net, 5, 4);
        net.judge(move |message| {
            let lies = message.from == oin(1) && message.to == oin(4);
            if lies && message.is_response && is_hearing(message) {
                Fate::Replace(lie.clone())
            } else {
                Fate::Deliver
            }
        });
        net.restart_from(oin(4), backup);
        net.until(60, "it signs again", |net| hearing(net, 4).is_none() && !headers(net, 4, 4).is_empty());
        let signed = headers(&net, 4, 4).first().unwrap().document().clone();
        assert_eq!((signed.generation, signed.sequence), (1, before.1 + 1));
        net.seconds(5);
        assert_eq!(net.status(oin(5)).refused, Refused::default());
        assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    }
}

#[test]
fn a_reader_that_never_answers_does_not_block() {
    let mut net = matched();
    net.judge(|message| {
        if message.from == oin(4) && message.to == oin(1) && is_hearing(message) {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    net.restart(oin(4));
    net.seconds(2);
    let status = hearing(&mut net, 4).unwrap();
    assert_eq!((status.heard, status.needed, status.awaited), (3, 2, 1), "it is waited for at first");
    net.until(20, "it is not waited for any more", |net| hearing(net, 4).is_none());
}

#[test]
fn a_head_without_its_header_is_heard_too() {
    let mut net = matched();
    let backup = net.disk(oin(4)).restored(net.now());
    // The last segments are announced and never fetched: only their heads are held.
    net.judge(|message| {
        let fetched = matches!(
            cbor::from_slice::<FeedRequest>(&message.frame),
            Ok(FeedRequest::Headers { feed, .. }) if feed.publisher == oin(4)
        );
        if fetched { Fate::Drop } else { Fate::Deliver }
    });
    net.seconds(8);
    let (announced, fetched) = (newest(&net, 4, 4), newest(&net, 5, 4));
    assert!(announced.1 > fetched.1 + 1, "{announced:?} {fetched:?}");
    net.restart_from(oin(4), backup);
    net.judge(|_| Fate::Deliver);
    net.seconds(5);
    net.settle();
    let first = headers(&net, 5, 4).first().unwrap().document().clone();
    assert_eq!((first.generation, first.sequence), (1, announced.1 + 1));
    assert_nobody_is_accused(&mut net);
}

#[test]
fn a_reader_restarted_while_it_builds_comes_out_the_same() {
    let mut net = matched();
    let backup = net.disk(oin(4)).restored(net.now());
    // The reader does not get the bodies of the new generation, so that it stays half built.
    let bodies = Rc::new(RefCell::new(false));
    let allowed = Rc::clone(&bodies);
    net.judge(move |message| {
        let body =
            matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Bodies { .. }));
        if body && message.to == oin(5) && !*allowed.borrow() { Fate::Drop } else { Fate::Deliver }
    });
    net.restart_from(oin(4), backup);
    let third =
        person(Role::Parent).bsn("123456782").name("Eva", "Dijk").born("1981-03-04").at("9999ZZ", "1");
    import(&mut net, 4, vec![family("c", [third])]);
    net.until(60, "the new generation began", |net| newest(net, 5, 4).0 == 1 && net.status(oin(4)).published);
    net.seconds(10);
    for _ in 0..2 {
        assert_eq!(involved(&mut net, 5, "x"), [oin(4)], "matched on the old set");
        assert_eq!(headers(&net, 5, 4).first().unwrap().document().generation, 0);
        assert!(!net.status(oin(5)).completeness.is_complete());
        net.restart(oin(5));
        net.seconds(3);
    }
    *bodies.borrow_mut() = true;
    net.seconds(10);
    net.settle();
    assert_eq!(headers(&net, 5, 4).first().unwrap().document().generation, 1);
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    assert_eq!(involved(&mut net, 5, "y"), [oin(4)]);
    net.restart(oin(5));
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    assert_nobody_is_accused(&mut net);
}

#[test]
fn what_a_stop_in_the_middle_of_forgetting_leaves_is_swept() {
    let mut net = matched();
    let before: Vec<(Collection, Scope, Vec<u8>)> = net.disk(oin(5)).records();
    let backup = net.disk(oin(4)).restored(net.now());
    net.restart_from(oin(4), backup);
    net.until(60, "published", |net| net.status(oin(4)).published);
    net.settle();
    // As if the reader had stopped after deleting the first header only: the rest of the old generation is there.
    let after = net.disk(oin(5)).clone();
    let mut torn = after.clone();
    let key = Founding::organisation_key(oin(4)).verifying_key();
    let old = before.iter().filter(|(collection, _, wire)| {
        *collection == Collection::Header
            && Unverified::<HeaderDocument>::parse(wire).is_ok_and(|header| header.verify(&key).is_ok())
    });
    for (_, scope, wire) in old.skip(1) {
        let header = Unverified::<HeaderDocument>::parse(wire).unwrap();
        let feed = header.claimed().feed;
        let sequence = header.claimed().sequence;
        torn.put_in(*scope, Collection::Header, header_key(&feed, sequence), wire.clone());
    }
    for (collection, scope, bytes) in before.iter().filter(|(collection, ..)| *collection == Collection::Body)
    {
        let digest = crypto::digest("samenhang body v1", &[bytes]);
        torn.put_in(*scope, *collection, digest.as_bytes().to_vec(), bytes.clone());
    }
    assert!(torn.count(Collection::Header) > after.count(Collection::Header));
    net.restart_from(oin(5), torn);
    assert_eq!(involved(&mut net, 5, "x"), [oin(4)]);
    assert!(headers(&net, 5, 4).iter().all(|header| header.document().generation == 1));
    let named: BTreeSet<_> = all_headers(net.disk(oin(5)));
    assert_eq!(net.disk(oin(5)).count(Collection::Body), named.len(), "no body without a header");
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

/// Digests of the bodies that headers on a disk name.
fn all_headers(disk: &MemoryDisk) -> BTreeSet<crypto::Digest> {
    let kept = disk.kept();
    let headers = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header);
    headers
        .filter_map(|(.., wire)| Some(Unverified::<HeaderDocument>::parse(wire).ok()?.claimed().body))
        .collect()
}

#[test]
fn a_publisher_that_raises_generations_in_a_loop_is_bounded() {
    let mut net = matched();
    let liar = oin(4);
    let reader = oin(1);
    let last = headers(&net, 1, 4).pop().unwrap();
    let network = net.founding().roster.network();
    let key = Founding::organisation_key(liar);
    let mut newest = index::Position::from(&last);
    let mut page = Vec::new();
    for n in 0..120_u16 {
        let mut publisher = Publisher::new(network, last.document().feed);
        publisher.continue_above(newest);
        publisher.add([crypto::Tag::from_bytes([n.to_be_bytes(); 8].concat().try_into().unwrap())]);
        let segment = publisher.segment(net.now(), &key).unwrap();
        newest = index::Position::from(&segment.header);
        page.push((newest.sequence, segment.header.to_wire()));
    }
    let held = headers(&net, 1, 4).len();
    let notices = net.notices(reader).len();
    let mut held_by_reader = 0;
    net.judge(move |message| {
        if let Ok(FeedRequest::Headers { feed, after, .. }) = cbor::from_slice(&message.frame)
            && (message.from, feed.publisher) == (reader, liar)
        {
            held_by_reader = after;
        }
        let answers =
            matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Headers { .. }));
        if message.from == liar && message.to == reader && answers {
            let headers = page.iter().filter(|(sequence, _)| *sequence > held_by_reader);
            let headers = headers.map(|(.., wire)| wire.clone().into()).collect();
            Fate::Replace(cbor::to_vec(&FeedResponse::Headers { headers }))
        } else {
            Fate::Deliver
        }
    });
    net.until(20, "the first page arrives", |net| self::newest(net, 1, 4).0 > 0);
    let mut taken = self::newest(&net, 1, 4).0;
    assert_eq!(taken, 1, "one of 120");
    for _ in 0..20 {
        net.seconds(2);
        let newest = self::newest(&net, 1, 4).0;
        assert!(newest <= taken + 1, "one in each interval: {taken} {newest}");
        taken = newest;
    }
    assert!(taken > 1, "they are taken, one by one: {taken}");
    assert_eq!(headers(&net, 1, 4).iter().filter(|header| header.document().generation > 0).count(), 1);
    assert!(headers(&net, 1, 4).len() <= held + 3);
    let told = net.notices(reader)[notices..].iter();
    let told = told.filter(|notice| matches!(notice, Notice::FeedContinued { .. })).count();
    assert_eq!(told, 1);
    import(&mut net, 1, vec![family("w", [mother()])]);
    net.seconds(10);
    match net.command(reader, Command::Who(FamilyRef::new("w").unwrap())) {
        Reply::Who(Ok(answer)) => {
            let found: Vec<_> =
                answer.involved.iter().map(|found| (found.organisation, found.certainty)).collect();
            assert!(found.contains(&(liar, Certainty::Certain)), "still matched on what was whole");
            assert!(answer.completeness.incomplete().any(|publisher| publisher == liar));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_readers_and_the_publisher_hear_what_is_newest() {
    let mut net = matched();
    let answers: Rc<RefCell<Vec<bool>>> = Rc::default();
    let seen = Rc::clone(&answers);
    net.judge(move |message| {
        if message.is_response && message.from == oin(1) {
            match cbor::from_slice::<FeedResponse>(&message.frame) {
                Ok(FeedResponse::Newest { header, head }) => {
                    seen.borrow_mut().push(header.is_some() && head.is_some());
                }
                Ok(FeedResponse::Unknown) => seen.borrow_mut().push(false),
                Ok(_) | Err(_) => {}
            }
        }
        Fate::Deliver
    });
    let feed = headers(&net, 1, 4).pop().unwrap().document().feed;
    let ask = |net: &mut Simulation, member: usize, feed: FeedId| {
        let frame = cbor::to_vec(&FeedRequest::Newest { feed });
        net.ask_as(oin(member), oin(1), protocol::Conversation::Feed, frame);
    };
    ask(&mut net, 4, feed);
    ask(&mut net, 5, feed);
    ask(&mut net, 4, FeedId { epoch: domain::Epoch(99), ..feed });
    assert_eq!(*answers.borrow(), [true, true, false], "a feed that is not followed is not said to be empty");
    let frame = cbor::to_vec(&FeedRequest::Headers { feed, after: 0, taken: 0 });
    net.ask_as(oin(4), oin(1), protocol::Conversation::Feed, frame);
    assert_eq!(answers.borrow().len(), 4, "a publisher hears, and reads nothing else of its feed");
}
