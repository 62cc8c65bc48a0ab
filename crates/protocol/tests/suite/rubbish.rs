//! Rubbish from members: refused, counted, and nothing of it stays.

use crypto::{Signed, SigningKey, Tag, cbor, digest};
use domain::{CircleId, FamilyRef, Role};
use index::{FeedId, Publisher};
use protocol::feed::{FeedRequest, FeedResponse, NewerThan};
use protocol::{Command, Conversation, Notice, Reply};
use testkit::{Fate, Founding, MemberPlan, Simulation, family, person};

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn feed_of(net: &Simulation, member: usize) -> FeedId {
    let epoch = net.founding().roster.epoch_at(net.now());
    FeedId { publisher: Founding::oin(member), circle: net.founding().circle, epoch }
}

/// A question for every member's head.
fn everybody(net: &Simulation) -> Vec<NewerThan> {
    let epoch = net.founding().roster.epoch_at(net.now());
    let newer = |publisher| NewerThan { publisher, epoch, time: domain::Timestamp(0) };
    net.founding().oins().map(newer).collect()
}

fn key_of(member: usize) -> SigningKey {
    Founding::organisation_key(Founding::oin(member))
}

#[test]
fn frames_that_cannot_be_read_are_counted_in_every_conversation() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let before = net.status(Founding::oin(1)).refused.malformed_frames;
    let rubbish: Vec<Vec<u8>> =
        vec![vec![], vec![0xff; 100], vec![0x82, 0x01], b"GET / HTTP/1.1".to_vec(), vec![0x9f; 64]];
    for conversation in Conversation::ALL {
        for frame in &rubbish {
            net.inject(Founding::oin(2), Founding::oin(1), conversation, frame.clone());
        }
    }
    for frame in &rubbish {
        net.inject_gossip(Founding::oin(1), frame.clone());
    }
    let counted = net.status(Founding::oin(1)).refused.malformed_frames - before;
    assert_eq!(counted, (rubbish.len() * (Conversation::ALL.len() + 1)) as u64);
    net.settle();
}

#[test]
fn a_head_signed_by_another_key_is_refused() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let network = net.founding().roster.network();
    let mut forged = Publisher::new(network, feed_of(&net, 2));
    forged.segment(net.now(), &key_of(3)).unwrap();
    let roster = (1, net.founding().roster.digest());
    let head = forged.head(net.now(), false, roster, vec![], &key_of(3)).unwrap();
    let before = net.status(Founding::oin(1)).refused.bad_signatures;
    net.inject_gossip(Founding::oin(1), head.to_wire());
    assert_eq!(net.status(Founding::oin(1)).refused.bad_signatures, before + 1);
}

#[test]
fn a_second_header_with_one_sequence_number_is_refused_counted_and_told() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let network = net.founding().roster.network();
    let mut forked = Publisher::new(network, feed_of(&net, 2));
    forked.add([Tag::from_bytes([1; 16])]);
    forked.segment(net.now(), &key_of(2)).unwrap();
    let roster = (1, net.founding().roster.digest());
    let head = forked.head(net.now().plus(1), false, roster, vec![], &key_of(2)).unwrap();
    net.inject_gossip(Founding::oin(1), head.to_wire());
    assert_eq!(net.status(Founding::oin(1)).refused.equivocations, 1);
    assert!(net.notices(Founding::oin(1)).contains(&Notice::Equivocation { publisher: Founding::oin(2) }));
}

#[test]
fn a_body_that_is_not_the_announced_one_never_matches() {
    let mut net = Simulation::new(Founding::uniform(4));
    let liar = Founding::oin(4);
    net.judge(move |message| {
        let is_body = message.from == liar
            && matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Bodies { .. }));
        if is_body {
            let other = index::Body::new(vec![Tag::from_bytes([9; 16])], vec![]).unwrap();
            return Fate::Replace(cbor::to_vec(&FeedResponse::Bodies {
                bodies: vec![other.to_bytes().into()],
            }));
        }
        Fate::Deliver
    });
    net.command(liar, Command::Import(vec![family("d", [mother()])]));
    net.command(Founding::oin(1), Command::Import(vec![family("a", [mother()])]));
    net.seconds(30);
    match net.command(Founding::oin(1), Command::Who(FamilyRef::new("a").unwrap())) {
        Reply::Who(Ok(answer)) => {
            assert!(answer.involved.is_empty());
            assert!(
                answer.completeness.incomplete().any(|oin| oin == liar),
                "and it says that something is missing"
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(net.status(Founding::oin(1)).refused.bad_feed_parts > 0);
}

#[test]
fn feeds_are_served_to_listed_readers_only() {
    let plan = |sector| MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz"), plan("wonen")];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("ggz", "school"), ("school", "ggz")]));
    net.command(Founding::oin(5), Command::Import(vec![family("ggz-1", [mother()])]));
    net.settle();
    let answers = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let seen = std::rc::Rc::clone(&answers);
    let outsider = Founding::oin(6);
    net.judge(move |message| {
        if message.to == outsider && message.is_response {
            seen.borrow_mut().push(cbor::from_slice::<FeedResponse>(&message.frame).unwrap());
        }
        Fate::Deliver
    });
    let (feed, circle) = (feed_of(&net, 5), net.founding().circle);
    let asked = [
        FeedRequest::Heads { circle, newer: everybody(&net) },
        FeedRequest::Headers { feed, after: 0, taken: 0 },
        FeedRequest::Bodies { feed, digests: vec![index::Body::default().digest()] },
        FeedRequest::Heads { circle: CircleId::from_bytes([0; 16]), newer: everybody(&net) },
    ];
    for (holder, request) in
        [4, 5].into_iter().flat_map(|holder| asked.iter().map(move |request| (holder, request)))
    {
        let frame = cbor::to_vec(request);
        // The request is made by the outsider itself, so that the answer finds its way back.
        net.ask_as(outsider, Founding::oin(holder), Conversation::Feed, frame);
    }
    let answers = answers.borrow();
    assert_eq!(answers.len(), 8);
    for answer in answers.iter() {
        let empty = *answer == FeedResponse::Unknown || *answer == FeedResponse::Heads { heads: vec![] };
        assert!(empty, "{answer:?}");
    }
    assert!(net.status(Founding::oin(5)).refused.not_allowed >= 2);
}

#[test]
fn a_document_of_another_type_or_network_is_no_header() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let mut foreign = Publisher::new(domain::NetworkId::from_bytes([1; 32]), feed_of(&net, 2));
    let header = foreign.segment(net.now(), &key_of(2)).unwrap().header;
    let before = net.status(Founding::oin(1)).refused;
    // A header where a head belongs.
    net.inject_gossip(Founding::oin(1), header.to_wire());
    // A head of another network.
    let roster = (1, digest("another roster", &[]));
    let head: Signed<_> = foreign.head(net.now(), false, roster, vec![], &key_of(2)).unwrap();
    net.inject_gossip(Founding::oin(1), head.to_wire());
    let after = net.status(Founding::oin(1)).refused;
    assert_eq!(after.malformed_frames, before.malformed_frames + 1);
    assert_eq!(after.bad_feed_parts, before.bad_feed_parts + 1);
}
