//! Proofs of equivocation: whoever may read a feed learns that its publisher signed two histories of it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crypto::{Document, Seed, Signed, SigningKey, Tag, Unverified, cbor, digest};
use domain::{CircleId, Epoch, NetworkId, Oin, Role};
use index::{FeedId, HeadDocument, HeaderDocument, Proof, Publisher, UnverifiedProof};
use protocol::feed::{FeedRequest, FeedResponse, ProofStanding};
use protocol::{Collection, Command, Conversation, Notice, Refused, Reply};
use testkit::{Fate, Founding, MemberPlan, Simulation, family, person};

/// The member that signs two histories.
const LIAR: usize = 2;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn key_of(member: usize) -> SigningKey {
    Founding::organisation_key(oin(member))
}

fn feed_of(net: &Simulation, publisher: usize) -> FeedId {
    FeedId { publisher: oin(publisher), circle: net.founding().circle, epoch: Epoch(1) }
}

fn settled() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    let mother = person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
    net.command(oin(LIAR), Command::Import(vec![family("a", [mother])]));
    net.settle();
    net.seconds(6);
    net
}

/// The beginning of another history of a feed.
struct Second {
    publisher: Publisher,
    roster: (u32, crypto::Digest),
}

impl Second {
    fn of(net: &Simulation, member: usize) -> Self {
        let roster = &net.founding().roster;
        let mut publisher = Publisher::new(roster.network(), feed_of(net, member));
        publisher.add([Tag::from_bytes([1; 16])]);
        Self { publisher, roster: (roster.version(), roster.digest()) }
    }

    fn header(&mut self, net: &Simulation, key: &SigningKey) -> Vec<u8> {
        self.publisher.segment(net.now(), key).unwrap().header.to_wire()
    }

    fn head(&self, net: &Simulation, key: &SigningKey) -> Vec<u8> {
        self.publisher.head(net.now().plus(1), false, self.roster, vec![], key).unwrap().to_wire()
    }
}

/// A head of the liar's second history.
fn second_head(net: &Simulation) -> Vec<u8> {
    let mut second = Second::of(net, LIAR);
    second.header(net, &key_of(LIAR));
    second.head(net, &key_of(LIAR))
}

/// A signed document of a feed on somebody's disk, the newest.
fn on_disk<T: Document>(
    net: &Simulation,
    holder: usize,
    of: usize,
    collection: Collection,
    feed: fn(&T) -> FeedId,
) -> Vec<u8> {
    let kept = net.disk(oin(holder)).kept();
    let records = kept.records.into_iter().filter(|(held, ..)| *held == collection);
    let mut wires = records.map(|(.., wire)| wire).filter(|wire| {
        Unverified::<T>::parse(wire).is_ok_and(|document| feed(document.claimed()).publisher == oin(of))
    });
    wires.next_back().unwrap()
}

fn held_head(net: &Simulation, holder: usize, of: usize) -> Vec<u8> {
    on_disk(net, holder, of, Collection::Head, |head: &HeadDocument| head.feed)
}

fn held_header(net: &Simulation, holder: usize, of: usize) -> Vec<u8> {
    on_disk(net, holder, of, Collection::Header, |header: &HeaderDocument| header.feed)
}

fn standing(net: &mut Simulation, member: usize) -> Option<ProofStanding> {
    let proofs = net.status(oin(member)).proofs;
    assert!(proofs.len() <= 1, "{proofs:?}");
    proofs.into_iter().next().map(|held| held.standing)
}

fn proof_at(net: &mut Simulation, member: usize) -> Option<Proof> {
    net.status(oin(member)).proofs.pop().map(|held| held.proof)
}

fn told(net: &Simulation, member: usize, of: usize) -> usize {
    let accused = Notice::Equivocation { publisher: oin(of) };
    net.notices(oin(member)).iter().filter(|notice| **notice == accused).count()
}

fn two_histories(net: &mut Simulation, member: usize) -> Vec<Oin> {
    net.status(oin(member)).completeness.two_histories().collect()
}

#[test]
fn who_sees_both_histories_proves_it_to_everybody_who_may_read() {
    let mut net = settled();
    let before = net.now();
    let head = second_head(&net);
    net.inject_gossip(oin(1), head);
    let key = key_of(LIAR).verifying_key();
    for member in 1..=5 {
        let held = net.status(oin(member)).proofs.pop().unwrap();
        assert_eq!(held.standing, ProofStanding::Open, "at member {member}");
        assert_eq!((held.since, held.proof.feed()), (before, feed_of(&net, LIAR)));
        // Anybody can check it, with the two statements and the publisher's key.
        let [one, other] = held.proof.statements();
        let again = UnverifiedProof::of(one, other).unwrap();
        assert_eq!(again.verify(&net.founding().roster.network(), &key), Ok(held.proof.clone()));
        assert_eq!(told(&net, member, LIAR), 1, "at member {member}");
    }
    for reader in [1, 3, 4, 5] {
        assert_eq!(two_histories(&mut net, reader), [oin(LIAR)], "at member {reader}");
    }
    assert_eq!(two_histories(&mut net, LIAR), [], "its own feed is no part of what it reads");
    // Only the one that saw it refused something; and it stays so, also after a restart.
    for member in [1, 3] {
        net.restart(oin(member));
        net.seconds(20);
        assert_eq!(standing(&mut net, member), Some(ProofStanding::Open));
        assert_eq!(two_histories(&mut net, member), [oin(LIAR)]);
        assert_eq!(told(&net, member, LIAR), 1, "told once");
        assert_eq!(net.disk(oin(member)).count(Collection::Proof), 1);
    }
}

#[test]
fn a_publisher_that_hears_of_the_proof_begins_anew_at_its_next_start() {
    let mut net = settled();
    let head = second_head(&net);
    net.inject_gossip(oin(1), head);
    net.seconds(30);
    assert_eq!(standing(&mut net, LIAR), Some(ProofStanding::Open));
    // As when a second node on a copy of the folder was stopped: nobody holds anything that this one does not.
    net.restart(oin(LIAR));
    net.until(30, "begun anew", |net| {
        (1..=5).all(|member| standing(net, member) == Some(ProofStanding::BegunAnew))
    });
    net.settle();
    let generation = |net: &mut Simulation| net.status(oin(5)).continued.get(&oin(LIAR)).copied();
    assert_eq!(generation(&mut net), Some(1));
    // Once is enough.
    net.restart(oin(LIAR));
    net.seconds(10);
    net.settle();
    assert_eq!(generation(&mut net), Some(1));
}

#[test]
fn whoever_was_away_hears_of_it_from_anybody_and_one_is_kept() {
    let mut net = settled();
    for member in [4, 5] {
        net.disconnect(oin(member));
    }
    let head = second_head(&net);
    net.inject_gossip(oin(1), head);
    let first = proof_at(&mut net, 3).unwrap();
    // Neither the liar nor the one that saw it is there to tell.
    for member in [1, LIAR] {
        net.disconnect(oin(member));
    }
    net.reconnect(oin(4));
    net.seconds(3);
    assert_eq!(proof_at(&mut net, 4), Some(first.clone()));
    // Another one changes nothing any more.
    net.reconnect(oin(5));
    let asked = Rc::new(RefCell::new(0));
    let seen = Rc::clone(&asked);
    net.judge(move |message| {
        let is_proof = matches!(cbor::from_slice(&message.frame), Ok(FeedRequest::Proof { .. }));
        let passed = is_proof && message.from == oin(3);
        *seen.borrow_mut() += usize::from(passed);
        Fate::Deliver
    });
    let mut other = Second::of(&net, LIAR);
    other.publisher.add([Tag::from_bytes([2; 16])]);
    other.header(&net, &key_of(LIAR));
    let head = other.head(&net, &key_of(LIAR));
    net.inject_gossip(oin(3), head);
    net.seconds(30);
    assert_eq!((proof_at(&mut net, 3), proof_at(&mut net, 5)), (Some(first.clone()), Some(first)));
    assert_eq!(*asked.borrow(), 0, "passed on once");
}

#[test]
fn a_node_that_goes_back_without_hearing_is_proven_wherever_its_numbers_are() {
    // Full sets let readers forget most of what they had.
    for behind in [1, 9, 40] {
        let mut net = Simulation::new(Founding::uniform(5));
        let mother = person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
        net.command(oin(LIAR), Command::Import(vec![family("a", [mother])]));
        net.settle();
        net.seconds(20);
        let snapshot = net.disk(oin(LIAR)).clone();
        net.seconds(2 * behind);
        net.sign_unheard(oin(LIAR));
        net.restart_from(oin(LIAR), snapshot);
        net.until(6, "proven everywhere", |net| {
            [1, 3, 4, 5].iter().all(|reader| standing(net, *reader) == Some(ProofStanding::Open))
        });
        net.seconds(40);
        for reader in [1, 3, 4, 5] {
            assert!(net.status(oin(reader)).refused.equivocations > 0, "reader {reader}, {behind} behind");
            assert_eq!(two_histories(&mut net, reader), [oin(LIAR)], "reader {reader}, {behind} behind");
        }
        // Nobody told it what it had signed, but it hears of the proof, and answers when that is a heartbeat old.
        net.until(60, "begun anew", |net| {
            (1..=5).all(|member| standing(net, member) == Some(ProofStanding::BegunAnew))
        });
    }
}

#[test]
fn a_header_that_continues_another_history_is_proof() {
    let mut net = settled();
    let held = held_header(&net, 1, LIAR);
    let held = Unverified::<HeaderDocument>::parse(&held).unwrap().claimed().clone();
    let forged = HeaderDocument {
        sequence: held.sequence + 1,
        previous: Some(digest("another", &[])),
        time: net.now(),
        ..held
    };
    let forged = Signed::sign(forged, &key_of(LIAR));
    let page = FeedResponse::Headers { headers: vec![forged.to_wire().into()] };
    net.judge(move |message| {
        let headers = matches!(cbor::from_slice(&message.frame), Ok(FeedResponse::Headers { .. }));
        if headers && message.is_response && message.from == oin(LIAR) && message.to == oin(1) {
            return Fate::Replace(cbor::to_vec(&page));
        }
        Fate::Deliver
    });
    net.until(6, "proven", |net| standing(net, 5) == Some(ProofStanding::Open));
    assert!(net.status(oin(1)).refused.equivocations > 0);
    assert_eq!(net.status(oin(5)).refused, Refused::default());
}

#[test]
fn who_may_not_read_the_feed_is_neither_told_nor_heard() {
    let plan = |sector| MemberPlan { sector, bsn_entitled: true };
    let members = [plan("zorg"), plan("zorg"), plan("zorg"), plan("school"), plan("ggz"), plan("wonen")];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("ggz", "school"), ("school", "ggz")]));
    net.settle();
    let mut second = Second::of(&net, 5);
    let header = second.header(&net, &key_of(5));
    let head = second.head(&net, &key_of(5));
    let heard: Rc<RefCell<BTreeSet<Oin>>> = Rc::default();
    let seen = Rc::clone(&heard);
    net.judge(move |message| {
        let told = match cbor::from_slice(&message.frame) {
            Ok(FeedResponse::Proofs { proofs }) => !proofs.is_empty(),
            _ => matches!(cbor::from_slice(&message.frame), Ok(FeedRequest::Proof { .. })),
        };
        if told {
            seen.borrow_mut().insert(message.to);
        }
        Fate::Deliver
    });
    net.inject_gossip(oin(4), head.clone());
    net.seconds(60);
    assert_eq!(*heard.borrow(), [oin(4), oin(5)].into(), "its reader and itself");
    let proof = proof_at(&mut net, 4).unwrap();
    // Whoever brings it to others is not heard.
    let frame = cbor::to_vec(&FeedRequest::Proof { proof: proof.to_wire().into() });
    net.inject(oin(4), oin(6), Conversation::Feed, frame);
    assert_eq!(standing(&mut net, 6), None);
    assert!(!net.notices(oin(6)).iter().any(|notice| matches!(notice, Notice::Equivocation { .. })));
    assert!(!header.is_empty());
}

#[test]
fn a_forged_proof_changes_nothing() {
    let mut net = settled();
    let network = net.founding().roster.network();
    let (header, head) = (held_header(&net, 1, LIAR), held_head(&net, 1, LIAR));
    let mut second = Second::of(&net, LIAR);
    let strangers = second.header(&net, &key_of(3));
    let document = Unverified::<HeaderDocument>::parse(&header).unwrap().claimed().clone();
    let signed = |change: &dyn Fn(&mut HeaderDocument)| {
        let mut changed = document.clone();
        change(&mut changed);
        Signed::sign(changed, &key_of(LIAR)).to_wire()
    };
    let other_network = signed(&|header| header.network = NetworkId::from_bytes([9; 32]));
    let other_circle = signed(&|header| header.feed.circle = CircleId::from_bytes([9; 16]));
    let other_epoch = signed(&|header| header.feed.epoch = Epoch(2));
    let other_generation = signed(&|header| header.generation = 1);
    let far_above = signed(&|header| header.sequence += 40);
    let of = |one: &[u8], other: &[u8]| {
        #[derive(minicbor::Encode)]
        struct Wire<'a>(#[n(0)] &'a str, #[n(1)] minicbor::bytes::ByteVec, #[n(2)] minicbor::bytes::ByteVec);
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        cbor::to_vec(&Wire("samenhang proof v1", first.to_vec().into(), second.to_vec().into()))
    };
    let unsigned = |refused: &Refused| refused.bad_signatures;
    let unproven = |refused: &Refused| refused.bad_feed_parts;
    let unread = |refused: &Refused| refused.malformed_frames;
    type Count<'a> = &'a dyn Fn(&Refused) -> u64;
    let forged: [(&str, Vec<u8>, Count<'_>); 10] = [
        ("a stranger's", of(&header, &strangers), &unsigned),
        ("another network's", of(&header, &other_network), &unproven),
        ("another circle's", of(&header, &other_circle), &unproven),
        ("another epoch's", of(&header, &other_epoch), &unproven),
        ("another generation's", of(&header, &other_generation), &unproven),
        ("what may come", of(&header, &far_above), &unproven),
        ("the same twice", of(&header, &header), &unproven),
        ("one history", of(&header, &head), &unproven),
        ("rubbish", of(&header, b"rubbish"), &unread),
        ("nothing", Vec::new(), &unread),
    ];
    for (what, proof, count) in forged {
        let before = net.status(oin(5)).refused;
        let frame = cbor::to_vec(&FeedRequest::Proof { proof: proof.clone().into() });
        net.inject(oin(3), oin(5), Conversation::Feed, frame);
        let after = net.status(oin(5)).refused;
        // The circle that nobody knows is nobody's business, whichever statement comes first.
        assert!(count(&after) == count(&before) + 1 || what == "another circle's", "{what}: {after:?}");
        assert_eq!(standing(&mut net, 5), None, "{what}");
        let page = FeedResponse::Proofs { proofs: vec![proof.into()] };
        net.judge(move |message| {
            let asked = matches!(cbor::from_slice(&message.frame), Ok(FeedResponse::Proofs { .. }));
            if asked && message.is_response && message.to == oin(4) {
                return Fate::Replace(cbor::to_vec(&page));
            }
            Fate::Deliver
        });
        net.seconds(4);
        net.judge(|_| Fate::Deliver);
        assert_eq!(standing(&mut net, 4), None, "{what}");
    }
    for member in 1..=5 {
        assert_eq!((standing(&mut net, member), told(&net, member, LIAR)), (None, 0), "at member {member}");
    }
    net.settle();
    assert_eq!(network, net.founding().roster.network());
}

#[test]
fn a_restore_is_no_proof_and_a_generation_above_both_histories_settles_one() {
    let mut net = settled();
    let backup = net.disk(oin(LIAR)).restored(net.now());
    net.seconds(10);
    net.restart_from(oin(LIAR), backup);
    net.until(60, "published", |net| net.status(oin(LIAR)).published);
    net.settle();
    for member in 1..=5 {
        assert_eq!((standing(&mut net, member), told(&net, member, LIAR)), (None, 0), "at member {member}");
    }
    // Only member 1 sees what the next snapshot does not know of, and is away when it is put back.
    let snapshot = net.disk(oin(LIAR)).clone();
    for member in [3, 4, 5] {
        net.disconnect(oin(member));
    }
    net.seconds(8);
    net.disconnect(oin(1));
    for member in [3, 4, 5] {
        net.reconnect(oin(member));
    }
    net.restart_from(oin(LIAR), snapshot);
    net.disconnect(oin(1));
    net.seconds(3);
    net.reconnect(oin(1));
    // Nobody can tell it from a lie: so it is proven, and shown. It heals by beginning anew above both.
    net.until(20, "begun anew", |net| {
        (1..=5).all(|member| standing(net, member) == Some(ProofStanding::BegunAnew))
    });
    net.settle();
    assert_eq!(two_histories(&mut net, 3), []);
    net.restart(oin(3));
    net.settle();
    assert_eq!(standing(&mut net, 3), Some(ProofStanding::BegunAnew));
    // If it goes back again, the proof of that takes the place of the other.
    let before = proof_at(&mut net, 3).unwrap();
    let held = held_header(&net, 3, LIAR);
    let held = Unverified::<HeaderDocument>::parse(&held).unwrap().claimed().clone();
    let forged = HeadDocument {
        generation: held.generation,
        sequence: held.sequence,
        header: digest("another", &[]),
        time: net.now(),
        ..Unverified::<HeadDocument>::parse(&held_head(&net, 3, LIAR)).unwrap().claimed().clone()
    };
    net.inject_gossip(oin(3), Signed::sign(forged, &key_of(LIAR)).to_wire());
    let after = proof_at(&mut net, 5).unwrap();
    assert!(after.generation() > before.generation() && standing(&mut net, 5) == Some(ProofStanding::Open));
}

#[test]
fn another_key_ends_it_and_what_was_proven_stays_to_be_seen() {
    let mut net = settled();
    let head = second_head(&net);
    net.inject_gossip(oin(1), head);
    let proof = proof_at(&mut net, 5).unwrap();
    let key = SigningKey::from_seed(&Seed::from_bytes([77; 32]));
    let signed = net.founding().next(&net.founding().roster, |content| {
        for member in content.members.iter_mut().filter(|member| member.oin == oin(LIAR)) {
            member.keys.organisation = key.verifying_key();
        }
    });
    for member in [1, LIAR] {
        let installed = net.command(oin(member), Command::InstallRoster(Box::new(signed.clone())));
        assert!(matches!(installed, Reply::Roster(Ok(2))), "{installed:?}");
    }
    net.until(20, "everybody has the version", |net| {
        (1..=5).all(|member| net.status(oin(member)).roster_version == 2)
    });
    net.replace_key(oin(LIAR), key.clone());
    net.restart(oin(LIAR));
    net.settle();
    for member in 1..=5 {
        assert_eq!(standing(&mut net, member), Some(ProofStanding::Over), "at member {member}");
    }
    net.restart(oin(5));
    net.settle();
    assert_eq!((standing(&mut net, 5), two_histories(&mut net, 5)), (Some(ProofStanding::Over), vec![]));
    assert_eq!(proof_at(&mut net, 5), Some(proof));
    // Of whoever has not heard of the new key it is no news, and no offence.
    let before = net.status(oin(5)).refused;
    let mut other = Second::of(&net, LIAR);
    let (one, two) = (other.header(&net, &key_of(LIAR)), Second::of(&net, LIAR));
    let mut two = two;
    two.publisher.add([Tag::from_bytes([2; 16])]);
    let two = two.header(&net, &key_of(LIAR));
    let old = UnverifiedProof::of(&one, &two).unwrap();
    let old = old.verify(&net.founding().roster.network(), &key_of(LIAR).verifying_key()).unwrap();
    let frame = cbor::to_vec(&FeedRequest::Proof { proof: old.to_wire().into() });
    net.inject(oin(3), oin(5), Conversation::Feed, frame);
    assert_eq!(net.status(oin(5)).refused, before);
    assert_eq!(standing(&mut net, 5), Some(ProofStanding::Over));
}

#[test]
fn who_left_is_no_longer_incomplete_and_what_was_proven_stays_to_be_seen() {
    let mut net = settled();
    let head = second_head(&net);
    net.inject_gossip(oin(1), head);
    assert_eq!(two_histories(&mut net, 5), [oin(LIAR)]);
    // Member 4 holds no key, so it may leave.
    let mut second = Second::of(&net, 4);
    second.header(&net, &key_of(4));
    let head = second.head(&net, &key_of(4));
    net.inject_gossip(oin(1), head);
    let signed = net.founding().next(&net.founding().roster, |content| {
        content.members.retain(|member| member.oin != oin(4));
    });
    net.command(oin(1), Command::InstallRoster(Box::new(signed)));
    net.until(20, "heard of it", |net| net.status(oin(5)).roster_version == 2);
    let standings: Vec<_> =
        net.status(oin(5)).proofs.iter().map(|held| (held.proof.feed().publisher, held.standing)).collect();
    assert_eq!(standings, [(oin(LIAR), ProofStanding::Open), (oin(4), ProofStanding::Over)]);
    assert_eq!(two_histories(&mut net, 5), [oin(LIAR)]);
}
