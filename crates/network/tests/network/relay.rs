//! Members that nobody can dial, and the members that relay for them.

use std::time::Duration;

use network::{Limits, Peer};
use protocol::{Conversation, Input};

use crate::gossip::gossip_until_heard;
use crate::support::{Node, member, oin};

async fn relay(serial: u8) -> Node {
    Node::start_as(serial, |config| config.relay = true).await
}

/// A node that listens nowhere.
async fn outbound_only(serial: u8) -> Node {
    Node::start_as(serial, |config| config.listen = Vec::new()).await
}

fn as_relay(node: &Node) -> Peer {
    Peer { relay: true, ..node.peer() }
}

/// Tells all nodes the same roster.
async fn introduce<const N: usize>(nodes: [&Node; N], peers: &[Peer]) {
    for node in nodes {
        node.set_members(peers).await;
    }
}

fn connected(who: u8) -> impl Fn(&Input) -> bool {
    move |input| matches!(input, Input::Connected(member) if *member == oin(who))
}

fn disconnected(who: u8) -> impl Fn(&Input) -> bool {
    move |input| matches!(input, Input::Disconnected(member) if *member == oin(who))
}

/// A relay, 1, and two members, 2 and 3, that only it can connect.
async fn behind_one_relay() -> [Node; 3] {
    let [mut one, mut two, mut three] = [relay(1).await, outbound_only(2).await, outbound_only(3).await];
    introduce([&one, &two, &three], &[as_relay(&one), two.peer(), three.peer()]).await;
    one.connects_to(&[2, 3]).await;
    two.connects_to(&[1, 3]).await;
    three.connects_to(&[1, 2]).await;
    [one, two, three]
}

/// Asks and answers with the longest frames.
async fn converse(asker: &mut Node, answerer: &mut Node) {
    for (id, conversation) in (1..).zip(Conversation::ALL) {
        let question = vec![0xA5; conversation.max_request_bytes()];
        let answer = vec![0x5A; conversation.max_response_bytes()];
        asker.ask(answerer.serial, conversation, id, &question).await;
        let (from, _, token, frame) = answerer.next_request().await;
        assert_eq!((from, frame), (oin(asker.serial), question));
        answerer.respond(token, &answer).await;
        assert_eq!(asker.next_response().await, (id, answer));
    }
}

#[tokio::test]
async fn members_that_nobody_can_dial_converse_and_gossip_through_a_relay() {
    let [one, mut two, mut three] = behind_one_relay().await;
    converse(&mut two, &mut three).await;
    converse(&mut three, &mut two).await;
    for node in [&two, &three] {
        node.paths(|paths| (paths.relayed, paths.tcp + paths.quic, paths.places) == (1, 1, 1)).await;
    }
    one.paths(|paths| (paths.relayed, paths.carried, paths.places) == (0, 1, 0)).await;
    assert_eq!(one.network.counters().relaying_refused, 0);
    drop(one.network);
    // The relay has forwarded gossip too until now; it is gone, and with it the circuit.
    two.sees(disconnected(3)).await;
}

#[tokio::test]
async fn gossip_reaches_who_is_behind_a_relay_that_listens_for_none() {
    let [one, mut two, mut three] = behind_one_relay().await;
    // The relay knows the members and no circle, so it carries the circuit and forwards no gossip of its own.
    let peers = [as_relay(&one), two.peer(), three.peer()];
    one.network
        .send(network::NetworkCommand::SetMembers {
            network: crate::support::NETWORK,
            peers: peers.to_vec(),
            circles: Vec::new(),
        })
        .await
        .unwrap();
    gossip_until_heard(&two, &mut three).await;
    gossip_until_heard(&three, &mut two).await;
}

#[tokio::test]
async fn a_member_that_can_dial_spares_the_relay_a_circuit() {
    let [mut one, mut two, mut three] = [relay(1).await, Node::start(2).await, outbound_only(3).await];
    introduce([&one, &two, &three], &[as_relay(&one), two.peer(), three.peer()]).await;
    one.connects_to(&[2, 3]).await;
    two.connects_to(&[1, 3]).await;
    three.connects_to(&[1, 2]).await;
    assert_eq!(three.network.paths().relayed, 0, "{:?}", three.network.paths());
    one.paths(|paths| paths.carried == 0).await;
}

#[tokio::test]
async fn a_stranger_gets_no_place_and_is_not_connected_through_one() {
    let [one, mut two, three] = behind_one_relay().await;
    // 4 has stolen the roster: it knows everybody, and nobody knows it.
    let mut stranger = outbound_only(4).await;
    stranger.set_members(&[as_relay(&one), two.peer(), three.peer(), stranger.peer()]).await;
    one.counts(|counters| counters.strangers_refused, 1).await;
    stranger.ask(3, Conversation::Feed, 1, b"question").await;
    assert_eq!(stranger.next_failure().await, 1);
    assert_eq!(stranger.network.paths().places, 0);
    assert!(two.next_within(Duration::ZERO).await.is_none());
    one.paths(|paths| paths.carried == 1).await;
}

#[tokio::test]
async fn each_end_of_a_circuit_checks_who_is_at_the_other_by_its_own_roster() {
    let [mut one, mut two, mut three] = [relay(1).await, outbound_only(2).await, outbound_only(3).await];
    let all = [as_relay(&one), two.peer(), three.peer()];
    introduce([&one, &three], &all).await;
    // 2 has a newer roster, in which 3 is no member any more. The relay has not.
    two.set_members(&[as_relay(&one), two.peer()]).await;
    one.connects_to(&[2, 3]).await;
    two.connects_to(&[1]).await;
    three.connects_to(&[1]).await;
    two.counts(|counters| counters.strangers_refused, 1).await;
    assert!(three.next_within(Duration::ZERO).await.is_none(), "the circuit alone connects nobody");
    assert!(two.next_within(Duration::ZERO).await.is_none());
}

#[tokio::test]
async fn who_is_removed_loses_its_circuits_at_once() {
    let [one, mut two, mut three] = behind_one_relay().await;
    one.set_members(&[as_relay(&one), two.peer()]).await;
    two.sees(disconnected(3)).await;
    three.sees(disconnected(1)).await;
    one.paths(|paths| paths.carried == 0).await;
    three.paths(|paths| (paths.places, paths.relayed) == (0, 0)).await;
}

#[tokio::test]
async fn a_relay_that_restarts_connects_its_members_again() {
    let [one, mut two, mut three] = behind_one_relay().await;
    let peers = [as_relay(&one), two.peer(), three.peer()];
    let listen = one.network.listen_addresses().to_vec();
    one.network.stop().await;
    two.sees(disconnected(3)).await;
    three.sees(disconnected(2)).await;
    two.paths(|paths| (paths.places, paths.relayed) == (0, 0)).await;
    let one = Node::start_as(1, |config| {
        config.relay = true;
        config.listen = listen;
    })
    .await;
    one.set_members(&peers).await;
    two.sees(connected(3)).await;
    three.sees(connected(2)).await;
    converse(&mut two, &mut three).await;
    two.paths(|paths| (paths.places, paths.relayed) == (1, 1)).await;
}

#[tokio::test]
async fn when_a_relay_dies_another_takes_over() {
    let [one, mut two, mut three, four] =
        [relay(1).await, outbound_only(2).await, outbound_only(3).await, relay(4).await];
    let peers = [as_relay(&one), two.peer(), three.peer(), as_relay(&four)];
    introduce([&one, &two, &three, &four], &peers).await;
    two.sees(connected(3)).await;
    three.sees(connected(2)).await;
    for node in [&two, &three] {
        node.paths(|paths| paths.places == 2).await;
    }
    let carries = |node: &Node| node.network.paths().carried == 1;
    while !carries(&one) && !carries(&four) {
        tokio::task::yield_now().await;
    }
    let (dies, stays) = if carries(&one) { (one, four) } else { (four, one) };
    dies.network.stop().await;
    two.sees(disconnected(3)).await;
    two.sees(connected(3)).await;
    three.sees(connected(2)).await;
    stays.paths(|paths| paths.carried == 1).await;
    two.paths(|paths| (paths.places, paths.relayed) == (1, 1)).await;
}

#[tokio::test]
async fn what_a_relay_carries_is_bounded() {
    let limits = Limits { relay_circuits: 1, ..Limits::default() };
    let one = Node::start_as(1, |config| {
        config.relay = true;
        config.limits = limits;
    })
    .await;
    let [mut two, three, four] = [outbound_only(2).await, outbound_only(3).await, outbound_only(4).await];
    introduce([&one, &two, &three, &four], &[as_relay(&one), two.peer(), three.peer(), four.peer()]).await;
    one.paths(|paths| paths.carried == 1).await;
    one.counts(|counters| counters.relaying_refused, 1).await;
    assert_eq!(one.network.paths().carried, 1, "one pair is served, two are not");
    // Those that are refused are no worse off than without a relay.
    two.sees(connected(1)).await;
    one.paths(|paths| paths.tcp + paths.quic == 3).await;
}

#[tokio::test]
async fn a_node_that_does_not_relay_gives_no_place() {
    let [mut one, mut two] = [Node::start(1).await, outbound_only(2).await];
    // The roster lists 1 as a relay, its own configuration does not.
    introduce([&one, &two], &[as_relay(&one), two.peer()]).await;
    one.connects_to(&[2]).await;
    two.connects_to(&[1]).await;
    two.counts(|counters| counters.reservations_lost, 1).await;
    assert_eq!(two.network.paths().places, 0);
}

#[tokio::test]
async fn a_pair_that_can_do_without_its_relay_leaves_it_without_a_gap() {
    // 3 listens, and its roster entry does not say so yet.
    let [mut one, mut two, mut three] = [relay(1).await, outbound_only(2).await, Node::start(3).await];
    introduce([&one, &two, &three], &[as_relay(&one), two.peer(), member(3, &[])]).await;
    one.connects_to(&[2, 3]).await;
    two.connects_to(&[1, 3]).await;
    three.connects_to(&[1, 2]).await;
    two.paths(|paths| paths.relayed == 1).await;
    three.paths(|paths| paths.places == 1).await;
    introduce([&one, &two, &three], &[as_relay(&one), two.peer(), three.peer()]).await;
    for node in [&two, &three] {
        node.paths(|paths| (paths.relayed, paths.tcp + paths.quic) == (0, 2)).await;
    }
    three.paths(|paths| paths.places == 0).await;
    one.paths(|paths| paths.carried == 0).await;
    converse(&mut two, &mut three).await;
    // The conversation itself fails on any other event: neither side has ever told that the other was gone.
    assert!(two.next_within(Duration::ZERO).await.is_none());
    assert!(three.next_within(Duration::ZERO).await.is_none());
}
