//! Ten hostile members do as much as they can of one thing. An honest member is answered all the same, and what waits
//! stays within its bounds.

use std::cell::Cell;
use std::time::Duration;

use futures::future::select_all;
use libp2p::swarm::SwarmEvent;
use network::{Counters, Limits, Load, NetworkCommand, Rate, Rates};
use protocol::{Conversation, Input, Outbound, RequestId};

use crate::raw_peer::{RawBehaviourEvent, RawPeer};
use crate::support::{CIRCLE, NETWORK, Node, PATIENCE, evaluation, member, oin};

const HOSTILE: std::ops::RangeInclusive<u8> = 11..=20;

/// Streams that a hostile member thinks it may open in each conversation: more than the victim gives.
const STREAMS: usize = 80;

/// Requests of one member that may wait at the victim.
const SHARE: u64 = 64;

/// Answers that an honest member gets before a test is content.
const ANSWERS: u64 = 20;

fn all_members(victim: &Node) -> Vec<network::Peer> {
    let quiet = |serial| member(serial, &[]);
    [victim.peer(), quiet(2)].into_iter().chain(HOSTILE.map(quiet)).collect()
}

/// A member without manners: more streams of its own than the victim gives, and no rate at all.
async fn unmannered(serial: u8) -> Node {
    let any = Rate::UNBOUNDED;
    let rates = Rates { evaluation: any, ceremony: any, feed: any, roster: any, ..Rates::default() };
    let limits = Limits { streams_per_connection: STREAMS, rates, ..Limits::default() };
    Node::start_as(serial, |config| {
        config.listen = Vec::new();
        config.limits = limits;
    })
    .await
}

struct Scene {
    victim: Node,
    honest: Node,
    hostile: Vec<Node>,
}

impl Scene {
    /// A victim to which an honest member and ten hostile ones are connected.
    async fn new() -> Self {
        let mut victim = Node::start(1).await;
        let mut honest = Node::start_as(2, |config| config.listen = Vec::new()).await;
        let members = all_members(&victim);
        victim.set_members(&members).await;
        honest.set_members(&members).await;
        let mut hostile = Vec::new();
        for serial in HOSTILE {
            let node = unmannered(serial).await;
            node.set_members(&members).await;
            hostile.push(node);
        }
        for node in hostile.iter_mut().chain([&mut honest]) {
            node.connects_to(&[1]).await;
        }
        let everybody: Vec<u8> = HOSTILE.chain([2]).collect();
        victim.connects_to(&everybody).await;
        Self { victim, honest, hostile }
    }

    /// Each hostile member says what `flood` makes, without pause, while the honest one asks and waits for each answer,
    /// until it has its answers and `enough` came of the flood: requests, or what the counts tell. Returns the most
    /// that waited at the victim.
    async fn play(
        mut self,
        flood: impl Fn(&Node, u64) -> Outbound,
        enough: impl Fn(u64, &Counters) -> bool,
    ) -> Load {
        let handle = self.victim.network.clone();
        let attack = async |node: &mut Node| {
            let mut under_way = 0;
            for id in 0.. {
                let outbound = flood(node, id);
                under_way += usize::from(matches!(outbound, Outbound::Request { .. }));
                node.say(outbound).await;
                // As many as its streams carry, and another for each that ends.
                let wait = if under_way >= STREAMS / 2 { PATIENCE } else { Duration::ZERO };
                while let Some(input) = node.next_within(wait).await {
                    if matches!(input, Input::Response { .. } | Input::RequestFailed { .. }) {
                        under_way -= 1;
                        break;
                    }
                }
                tokio::task::yield_now().await;
            }
        };
        let attacks = select_all(self.hostile.iter_mut().map(|node| Box::pin(attack(node))));
        let answered = Cell::new(0);
        let asks = async {
            for id in 0.. {
                self.honest.ask(1, Conversation::Feed, id, b"question").await;
                self.honest.sees(|input| matches!(input, Input::Response { id: of, .. } if of.0 == id)).await;
                answered.set(id + 1);
            }
        };
        let mut flooded = 0;
        let serves = async {
            loop {
                if let Input::Request { from, token, .. } = self.victim.next().await {
                    self.victim.respond(token, b"answer").await;
                    flooded += u64::from(from != oin(2));
                }
                if answered.get() >= ANSWERS && enough(flooded, &handle.counters()) {
                    break;
                }
            }
        };
        tokio::select! {
            () = asks => {}
            _ = attacks => {}
            in_time = tokio::time::timeout(PATIENCE, serves) => {
                assert!(in_time.is_ok(), "{} answers, {:?}, {:?}", answered.get(), handle.load(), handle.counters());
            }
        }
        handle.most_load()
    }
}

fn request(conversation: Conversation, id: u64, bytes: usize) -> Outbound {
    Outbound::Request { to: oin(1), conversation, id: RequestId(id), frame: vec![0xa5; bytes] }
}

/// Ten members, each with its share, and the honest one.
fn bounded(most: Load) {
    assert!(most.requests <= 11 * SHARE, "{most:?}");
    assert!(most.request_bytes <= 11 * (4 << 20), "{most:?}");
    assert!(most.events <= 11 * (SHARE + 128) + 100, "{most:?}");
    assert!(most.connections <= 11 * 4, "{most:?}");
}

/// So many requests of hostile members are a flood.
fn many(flooded: u64, _: &Counters) -> bool {
    flooded >= 1_000
}

#[tokio::test]
async fn a_flood_of_questions_for_feeds_delays_nobody_for_long() {
    bounded(Scene::new().await.play(|_, id| request(Conversation::Feed, id, 100), many).await);
}

#[tokio::test]
async fn a_flood_of_evaluations_delays_nobody_for_long() {
    let flood = |_: &Node, id| {
        let (conversation, frame) = (Conversation::Evaluation, evaluation(256));
        Outbound::Request { to: oin(1), conversation, id: RequestId(id), frame }
    };
    bounded(Scene::new().await.play(flood, many).await);
}

#[tokio::test]
async fn a_flood_of_long_parts_of_a_ceremony_stays_within_each_members_share() {
    // Not the longest: three hundred of these at once take attackers and victim, in one thread, too long to carry.
    let long = Conversation::Ceremony.max_request_bytes() / 8;
    let flood = |_: &Node, id| request(Conversation::Ceremony, id, long);
    bounded(Scene::new().await.play(flood, |flooded, _| flooded >= 200).await);
}

#[tokio::test]
async fn a_flood_of_questions_for_rosters_delays_nobody_for_long() {
    // After its burst each gets one answer a second.
    let enough = |flooded: u64, _: &Counters| flooded >= 320;
    bounded(Scene::new().await.play(|_, id| request(Conversation::Roster, id, 10), enough).await);
}

#[tokio::test]
async fn a_flood_of_everything_delays_nobody_for_long() {
    let kinds = Conversation::ALL;
    let anything = |_: &Node, id: u64| {
        let kind = usize::try_from(id).unwrap() % (kinds.len() + 1);
        match kinds.get(kind) {
            Some(conversation) => request(*conversation, id, 60),
            None => Outbound::Gossip { circle: CIRCLE, frame: id.to_be_bytes().to_vec() },
        }
    };
    bounded(Scene::new().await.play(anything, many).await);
}

#[tokio::test]
async fn a_flood_of_heads_is_cut_to_each_authors_rate() {
    let head = |node: &Node, id: u64| {
        let frame = [[node.serial].as_slice(), &id.to_be_bytes(), &[0; 400]].concat();
        Outbound::Gossip { circle: CIRCLE, frame }
    };
    bounded(Scene::new().await.play(head, |_, counters| counters.gossip_too_often >= 1_000).await);
}

#[tokio::test]
async fn a_member_that_reads_no_answers_is_not_served_more() {
    let mut victim = Node::start(1).await;
    victim.set_members(&[member(2, &[]), member(3, &[])]).await;
    let mut honest = Node::start_as(3, |config| config.listen = Vec::new()).await;
    honest.set_members(&[victim.peer()]).await;
    honest.connects_to(&[1]).await;
    victim.connects_to(&[3]).await;
    let mut raw = RawPeer::new(2, 2);
    let peer = raw.connect(&mut victim, 2).await;
    let asked = 30;
    for _ in 0..asked {
        raw.swarm.behaviour_mut().roster.send_request(&peer, [0, 0, 0, 1, 7].to_vec());
    }
    // Until everything has come; afterwards the other side stands still and reads nothing.
    let handle = victim.network.clone();
    tokio::select! {
        () = raw.wait_for(|_| None) => {}
        () = async { while handle.load().requests < asked { tokio::task::yield_now().await; } } => {}
    }
    let longest = vec![1; Conversation::Roster.max_response_bytes()];
    let mut served = 0;
    while let Some(input) = victim.next_within(Duration::from_millis(500)).await {
        let Input::Request { token, .. } = input else { continue };
        victim.respond(token, &longest).await;
        served += 1;
    }
    let held = victim.network.load().answer_bytes;
    let (share, in_hand) = (8 << 20, 8 * longest.len() as u64);
    assert!(served < asked && held > share && held <= share + in_hand, "{served} served, {held} bytes held");
    honest.ask(1, Conversation::Feed, 1, b"question").await;
    // The other's next request may come first: on a slow machine the system takes another of its answers meanwhile.
    let token = loop {
        let (from, _, token, _) = victim.next_request().await;
        if from == oin(3) {
            break token;
        }
    };
    victim.respond(token, b"answer").await;
    assert_eq!(honest.next_response().await, (1, b"answer".to_vec()));
    // Whoever goes takes its unread answers along.
    drop(raw);
    victim.sees(|input| matches!(input, Input::Disconnected(who) if *who == oin(2))).await;
    let freed = async {
        while victim.network.load().answer_bytes > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, freed).await.expect("the answers of who is gone are forgotten");
}

#[tokio::test]
async fn half_a_frame_and_no_frame_hold_a_stream_and_nothing_else() {
    let mut victim = Node::start_as(1, |config| config.request_timeout = Duration::from_secs(2)).await;
    victim.set_members(&[member(2, &[]), member(3, &[])]).await;
    let mut honest = Node::start_as(3, |config| config.listen = Vec::new()).await;
    honest.set_members(&[victim.peer()]).await;
    honest.connects_to(&[1]).await;
    victim.connects_to(&[3]).await;
    let mut slow = RawPeer::slow(2);
    let peer = slow.connect(&mut victim, 2).await;
    // More than the streams that one connection may hold.
    for _ in 0..100 {
        slow.swarm.behaviour_mut().feed.send_request(&peer, [0, 0, 3, 0, 1, 2].to_vec());
    }
    let mut failed = 0;
    let all_failed = async {
        slow.wait_for(|event| {
            if let SwarmEvent::Behaviour(RawBehaviourEvent::Feed(
                libp2p::request_response::Event::OutboundFailure { .. },
            )) = event
            {
                failed += 1;
            }
            (failed == 100).then_some(())
        })
        .await;
    };
    let asks = async {
        for id in 0..ANSWERS {
            honest.ask(1, Conversation::Feed, id, b"question").await;
            let (from, _, token, _) = victim.next_request().await;
            assert_eq!(from, oin(3), "nothing that is not whole reaches the node");
            victim.respond(token, b"answer").await;
            assert_eq!(honest.next_response().await.0, id);
        }
    };
    tokio::join!(all_failed, asks);
    let most = victim.network.most_load();
    assert!(most.requests <= 1 && most.connections <= 3, "{most:?}");
}

#[tokio::test]
async fn a_member_that_comes_and_goes_is_refused_after_a_while() {
    let every = Duration::from_secs(3_600);
    let rates = Rates { connections_of_member: Rate { burst: 5, every }, ..Rates::default() };
    let limits = Limits { rates, ..Limits::default() };
    let mut victim = Node::start_with(1, ([127, 0, 0, 1], 0).into(), limits).await;
    victim.set_members(&[member(2, &[]), member(3, &[])]).await;
    let mut honest = Node::start_as(3, |config| config.listen = Vec::new()).await;
    honest.set_members(&[victim.peer()]).await;
    honest.connects_to(&[1]).await;
    victim.connects_to(&[3]).await;
    let mut raw = RawPeer::new(2, 2);
    let mut refused = 0;
    for _ in 0..8 {
        let peer = raw.dial(&victim);
        let closed = |event| matches!(event, SwarmEvent::ConnectionClosed { .. }).then_some(());
        tokio::select! {
            () = victim.sees(|input| matches!(input, Input::Connected(who) if *who == oin(2))) => {
                let _ = raw.swarm.disconnect_peer_id(peer);
                raw.wait_for(closed).await;
            }
            () = raw.wait_for(closed) => refused += 1,
        }
    }
    assert_eq!(refused, 3);
    victim.counts(|counters| counters.arrivals_refused, 3).await;
    honest.ask(1, Conversation::Feed, 1, b"question").await;
    let token = loop {
        if let Input::Request { token, from, .. } = victim.next().await {
            assert_eq!(from, oin(3));
            break token;
        }
    };
    victim.respond(token, b"answer").await;
    assert_eq!(honest.next_response().await.0, 1);
}

#[tokio::test]
async fn connections_that_never_say_who_they_are_leave_room_for_others() {
    let mut victim = Node::start(1).await;
    let mut honest = Node::start_as(3, |config| config.listen = Vec::new()).await;
    let address = *victim.network.listen_addresses().first().unwrap();
    // From another address than the honest member's, as a stranger would come.
    let elsewhere: std::net::Ipv4Addr = "127.0.0.2".parse().unwrap();
    let mut silent = Vec::new();
    for _ in 0..200 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((elsewhere, 0).into()).unwrap();
        silent.push(socket.connect(address).await.unwrap());
    }
    victim.counts(|counters| counters.arrivals_refused, 100).await;
    let command =
        NetworkCommand::SetMembers { network: NETWORK, peers: vec![member(3, &[])], circles: vec![] };
    victim.network.send(command).await.unwrap();
    honest.set_members(&[victim.peer()]).await;
    honest.connects_to(&[1]).await;
    victim.connects_to(&[3]).await;
    assert_eq!(victim.network.counters().connections_over_limit, 0, "one address fills only its own share");
    drop(silent);
}
