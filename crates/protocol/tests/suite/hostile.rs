//! Members that follow the letter of the protocol to hurt, and nodes that stop at the worst moment.

use crypto::{Signed, Tag, TypeName, Unverified, cbor, digest};
use domain::{FamilyRef, Oin, Role};
use index::{Body, FeedId, HeadDocument, HeaderDocument};
use protocol::feed::{FeedRequest, FeedResponse};
use protocol::{
    Batch, Collection, Command, CommandId, Conversation, Input, Node, Notice, Outbound, Reply, Scope,
};
use testkit::{Fate, Founding, MemoryDisk, Simulation, family, person};

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn feed_of(net: &Simulation, publisher: Oin) -> FeedId {
    let epoch = net.founding().roster.epoch_at(net.now());
    FeedId { publisher, circle: net.founding().circle, epoch }
}

/// The newest header of a member's own feed.
fn newest_header(net: &Simulation, publisher: Oin) -> Signed<HeaderDocument> {
    let key = Founding::organisation_key(publisher).verifying_key();
    let kept = net.disk(publisher).kept();
    let headers = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header);
    headers
        .filter_map(|(.., wire)| Unverified::<HeaderDocument>::parse(wire).ok()?.verify(&key).ok())
        .max_by_key(|header| header.document().sequence)
        .unwrap()
}

fn head(
    net: &Simulation,
    publisher: Oin,
    header: &Signed<HeaderDocument>,
    key_sets: Vec<crypto::Digest>,
) -> Vec<u8> {
    let document = HeadDocument {
        kind: TypeName::new(),
        network: net.founding().roster.network(),
        feed: feed_of(net, publisher),
        generation: header.document().generation,
        sequence: header.document().sequence,
        header: header.digest(),
        time: net.now().plus(5),
        backlog: false,
        roster_version: 1,
        roster: net.founding().roster.digest(),
        key_sets,
    };
    Signed::sign(document, &Founding::organisation_key(publisher)).to_wire()
}

/// Fails when more messages travel than honest nodes need: a loop at the speed of the line.
fn count_messages(
    at_most: u32,
    mut change: impl FnMut(&testkit::Message) -> Fate + 'static,
) -> impl FnMut(&testkit::Message) -> Fate + 'static {
    let mut count = 0;
    move |message| {
        count += 1;
        assert!(count < at_most, "messages chase each other");
        change(message)
    }
}

#[test]
fn a_head_stuffed_with_key_sets_is_refused_and_kept_nowhere() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let liar = Founding::oin(4);
    let header = newest_header(&net, liar);
    let many = (0..2_000_u32).map(|n| digest("x", &[&n.to_be_bytes()])).collect();
    let wire = head(&net, liar, &header, many);
    let before = net.status(Founding::oin(1)).refused.malformed_frames;
    net.inject_gossip(Founding::oin(1), wire);
    assert_eq!(net.status(Founding::oin(1)).refused.malformed_frames, before + 1);
    let three = (0..3_u32).map(|n| digest("x", &[&n.to_be_bytes()])).collect();
    let wire = head(&net, liar, &header, three);
    let before = net.status(Founding::oin(1)).refused.bad_feed_parts;
    net.inject_gossip(Founding::oin(1), wire);
    assert_eq!(net.status(Founding::oin(1)).refused.bad_feed_parts, before + 1);
    let longest = net.disk(Founding::oin(1)).records().iter().map(|(.., value)| value.len()).max();
    assert!(longest.unwrap() < 4_096);
}

#[test]
fn a_head_without_a_header_waits_for_the_commit_of_the_next_own_segment() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (reader, liar) = (Founding::oin(1), Founding::oin(4));
    let header = newest_header(&net, liar);
    let wire = head(&net, liar, &header, Vec::new());
    // What it says afterwards takes its place.
    net.disconnect(liar);
    let is_kept = |net: &Simulation| {
        let records = net.disk(reader).records();
        records.iter().any(|(collection, _, kept)| *collection == Collection::Head && *kept == wire)
    };
    net.inject_gossip(reader, wire.clone());
    assert!(!is_kept(&net), "many of these cost no commit each");
    let own = |net: &Simulation| newest_header(net, reader).document().sequence;
    let before = own(&net);
    // Where nothing is lost the next own segment comes within an interval.
    net.seconds(2);
    assert!(own(&net) > before);
    assert!(is_kept(&net), "after a restart it says since when its publisher is silent");
}

#[test]
fn a_head_under_a_key_set_that_nobody_shows_is_incomplete_and_told() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (reader, liar) = (Founding::oin(1), Founding::oin(4));
    let last = newest_header(&net, liar);
    let mut document = last.document().clone();
    (document.sequence, document.previous) = (document.sequence + 1, Some(last.digest()));
    let header = Signed::sign(document, &Founding::organisation_key(liar));
    let wire = head(&net, liar, &header, vec![digest("another key set", &[])]);
    net.disconnect(liar);
    net.inject_gossip(reader, wire);
    assert!(net.status(reader).completeness.incomplete().any(|oin| oin == liar));
    let told = |net: &Simulation| {
        let notices = net.notices(reader).iter();
        notices
            .filter(|notice| matches!(notice, Notice::OtherKeySet { publisher, .. } if *publisher == liar))
            .count()
    };
    net.seconds(30);
    assert_eq!(told(&net), 0, "it may yet come");
    net.seconds(60);
    assert_eq!(told(&net), 1, "told once");
}

#[test]
fn pages_without_headers_are_not_asked_for_in_a_loop() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let liar = Founding::oin(4);
    net.judge(count_messages(5_000, move |message| {
        let page =
            matches!(cbor::from_slice::<FeedResponse>(&message.frame), Ok(FeedResponse::Headers { .. }));
        if message.from == liar && message.to == Founding::oin(1) && page {
            Fate::Replace(cbor::to_vec(&FeedResponse::Headers { headers: vec![] }))
        } else {
            Fate::Deliver
        }
    }));
    net.seconds(10);
    net.until(30, "others have the headers", |net| net.status(Founding::oin(1)).completeness.is_complete());
}

/// Lets a member answer with pages of another length, and returns how many answers its reader calls malformed.
fn refused_pages(change: impl Fn(FeedResponse) -> Option<FeedResponse> + 'static) -> u64 {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (reader, liar) = (Founding::oin(1), Founding::oin(4));
    net.disconnect(reader);
    net.command(liar, Command::Import(vec![family("a", [mother()])]));
    net.seconds(5);
    // Only the liar is there to ask.
    for other in [2, 3] {
        net.disconnect(Founding::oin(other));
    }
    net.judge(move |message| {
        let is_answer = message.from == liar && message.to == reader && message.is_response;
        let page = if is_answer { cbor::from_slice::<FeedResponse>(&message.frame).ok() } else { None };
        page.and_then(&change).map_or(Fate::Deliver, |changed| Fate::Replace(cbor::to_vec(&changed)))
    });
    let before = net.status(reader).refused.malformed_frames;
    net.reconnect(reader);
    net.seconds(5);
    net.status(reader).refused.malformed_frames - before
}

#[test]
fn pages_longer_than_anybody_asks_for_are_refused() {
    let headers = |count: usize| {
        refused_pages(move |page| match page {
            FeedResponse::Headers { headers } if !headers.is_empty() => {
                Some(FeedResponse::Headers { headers: headers.into_iter().cycle().take(count).collect() })
            }
            FeedResponse::Headers { .. }
            | FeedResponse::Heads { .. }
            | FeedResponse::Bodies { .. }
            | FeedResponse::Newest { .. }
            | FeedResponse::Proofs { .. }
            | FeedResponse::Unknown => None,
        })
    };
    assert_eq!(headers(128), 0);
    assert!(headers(129) > 0);
    let heads = |count: usize| {
        refused_pages(move |page| match page {
            FeedResponse::Heads { heads } if !heads.is_empty() => {
                Some(FeedResponse::Heads { heads: heads.into_iter().cycle().take(count).collect() })
            }
            FeedResponse::Headers { .. }
            | FeedResponse::Heads { .. }
            | FeedResponse::Bodies { .. }
            | FeedResponse::Newest { .. }
            | FeedResponse::Proofs { .. }
            | FeedResponse::Unknown => None,
        })
    };
    assert_eq!(heads(24), 0);
    assert!(heads(25) > 0);
}

#[test]
fn a_header_that_no_body_can_fit_is_refused_once_and_asked_for_no_more_than_once_a_second() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (victim, liar) = (Founding::oin(1), Founding::oin(4));
    let last = newest_header(&net, liar);
    let body = Body::new(vec![Tag::from_bytes([7; 16])], vec![]).unwrap();
    let mut document = last.document().clone();
    (document.sequence, document.previous) = (document.sequence + 1, Some(last.digest()));
    (document.body, document.added) = (body.digest(), 2);
    let header = Signed::sign(document, &Founding::organisation_key(liar));
    let (wire, bytes) = (header.to_wire(), body.to_bytes());
    let mut answer = None;
    net.judge(count_messages(2_000, move |message| {
        if message.from == victim && message.to == liar && !message.is_response {
            answer = match cbor::from_slice::<FeedRequest>(&message.frame) {
                Ok(FeedRequest::Headers { .. }) => {
                    Some(FeedResponse::Headers { headers: vec![wire.clone().into()] })
                }
                Ok(FeedRequest::Bodies { .. }) => {
                    Some(FeedResponse::Bodies { bodies: vec![bytes.clone().into()] })
                }
                Ok(
                    FeedRequest::Heads { .. }
                    | FeedRequest::Newest { .. }
                    | FeedRequest::Proofs { .. }
                    | FeedRequest::Proof { .. },
                )
                | Err(_) => None,
            };
        } else if message.from == liar
            && message.to == victim
            && message.conversation == Some(Conversation::Feed)
            && let Some(answer) = answer.take()
        {
            return Fate::Replace(cbor::to_vec(&answer));
        }
        Fate::Deliver
    }));
    let announced = head(&net, liar, &header, vec![]);
    net.inject_gossip(victim, announced);
    net.seconds(5);
    let status = net.status(victim);
    assert!(status.refused.bad_feed_parts > 0);
    // The liar signed the true one too.
    assert!(status.completeness.two_histories().any(|oin| oin == liar), "and the answer says so");
}

#[test]
fn a_signal_that_ends_while_the_node_runs_is_withdrawn() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let mut ending = family("a", [mother()]);
    ending.ends_on = Some(net.now().date());
    net.command(Founding::oin(1), Command::Import(vec![ending]));
    net.command(Founding::oin(4), Command::Import(vec![family("d", [mother()])]));
    net.settle();
    assert!(net.status(Founding::oin(1)).tags_published > 0);
    net.jump(86_400);
    net.seconds(5);
    net.settle();
    assert_eq!(net.status(Founding::oin(1)).tags_published, 0);
    match net.command(Founding::oin(4), Command::Who(FamilyRef::new("d").unwrap())) {
        Reply::Who(Ok(answer)) => assert!(answer.involved.is_empty()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signal_that_lasts_again_by_a_clock_set_back_is_looked_for_before_anything_is_called_complete() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    net.command(Founding::oin(4), Command::Import(vec![family("d", [mother()])]));
    net.settle();
    let mut ending = family("a", [mother()]);
    ending.ends_on = Some(net.now().date());
    net.set_clock(Founding::oin(1), 2 * 86_400);
    net.command(Founding::oin(1), Command::Import(vec![ending]));
    net.set_clock(Founding::oin(1), 0);
    let asked = |net: &mut Simulation| match net
        .command(Founding::oin(1), Command::Who(FamilyRef::new("a").unwrap()))
    {
        Reply::Who(Ok(answer)) => answer,
        other => panic!("{other:?}"),
    };
    let answer = asked(&mut net);
    assert!(answer.involved.is_empty() && !answer.completeness.is_complete(), "{answer:?}");
    assert!(!net.status(Founding::oin(1)).published);
    net.settle();
    assert_eq!(asked(&mut net).involved.len(), 1);
}

/// Starts a node from what is kept and asks who is involved with family `a`, at once.
fn involved_after_start(net: &Simulation, kept: protocol::Kept) -> usize {
    let config = net.founding().config(Founding::oin(1), 99);
    let mut node = Node::new(config, kept, net.disk(Founding::oin(1)), net.now());
    let mut disk = MemoryDisk::default();
    let who = Command::Who(FamilyRef::new("a").unwrap());
    for step in node.handle(Input::Command { id: CommandId(1), command: who }, net.now()) {
        let mut batch = Batch::default();
        batch.push(step);
        let Ok(said) = batch.commit(&mut disk);
        for said in said {
            if let Outbound::Reply { reply: Reply::Who(Ok(answer)), .. } = said {
                return answer.involved.len();
            }
        }
    }
    panic!("no reply");
}

#[test]
fn a_stop_between_the_feed_and_its_matches_leaves_neither_too_few_nor_too_many() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.command(Founding::oin(1), Command::Import(vec![family("a", [mother()])]));
    net.command(Founding::oin(4), Command::Import(vec![family("d", [mother()])]));
    net.settle();
    let is_match = |record: &(Collection, Scope, Vec<u8>)| record.0 == Collection::Match;
    let mut kept = net.disk(Founding::oin(1)).kept();
    let (matches, others) = std::mem::take(&mut kept.records).into_iter().partition::<Vec<_>, _>(is_match);
    assert!(!matches.is_empty());
    kept.records = others;
    assert_eq!(involved_after_start(&net, kept), 1, "the match was not written yet");
    net.command(Founding::oin(4), Command::Withdraw(vec![FamilyRef::new("d").unwrap()]));
    net.seconds(5);
    net.settle();
    let mut kept = net.disk(Founding::oin(1)).kept();
    assert!(!kept.records.iter().any(is_match));
    kept.records.extend(matches);
    assert_eq!(involved_after_start(&net, kept), 0, "the match was not deleted yet");
}
