//! Who is admitted, who is not, and how members come and go.

use libp2p::swarm::SwarmEvent;
use network::{Limits, Network, NetworkConfig, NetworkError};
use protocol::{Conversation, Input};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::raw_peer::RawPeer;
use crate::support::{Node, connected, oin};

#[tokio::test]
async fn a_stranger_is_refused_and_counted_and_nobody_reports_it() {
    let mut member = Node::start(1).await;
    let mut other = Node::start(2).await;
    let mut stranger = Node::start(3).await;
    // The stranger believes that all three are members; the two know better.
    let two = [member.peer(), other.peer()];
    let three = [member.peer(), other.peer(), stranger.peer()];
    stranger.set_members(&three).await;
    member.set_members(&[]).await;
    member.counts(|counters| counters.strangers_refused, 1).await;

    member.set_members(&two).await;
    other.set_members(&two).await;
    other.counts(|counters| counters.strangers_refused, 1).await;
    member.connects_to(&[2]).await;
    other.connects_to(&[1]).await;
    member.ask(3, Conversation::Feed, 1, b"question").await;
    assert_eq!(member.next_failure().await, 1, "the stranger is nobody one could ask");
    stranger.ask(1, Conversation::Feed, 2, b"question").await;
    assert_eq!(stranger.next_failure().await, 2, "nor did its own handshake count as a connection");
}

#[tokio::test]
async fn the_refused_side_sees_its_handshake_succeed_and_then_the_end() {
    let node = Node::start(1).await;
    let mut stranger = RawPeer::new(3, 3);
    stranger.dial(&node);
    let mut established = false;
    stranger
        .wait_for(|event| match event {
            SwarmEvent::ConnectionEstablished { .. } => {
                established = true;
                None
            }
            SwarmEvent::ConnectionClosed { .. } => Some(()),
            _ => None,
        })
        .await;
    assert!(established, "the reason why a handshake alone never counts");
    node.counts(|counters| counters.strangers_refused, 1).await;
}

#[tokio::test]
async fn a_removed_member_is_disconnected_at_both_sides_and_refused_afterwards() {
    let [mut first, mut second, mut third] = connected([1, 2, 3]).await;
    first.ask(3, Conversation::Feed, 1, b"question").await;
    let (_, _, token, _) = third.next_request().await;
    first.set_members(&[second.peer()]).await;
    let seen = [first.next().await, first.next().await];
    assert!(
        matches!(seen, [Input::Disconnected(who), Input::RequestFailed { .. }] if who == oin(3)),
        "{seen:?}"
    );
    assert!(matches!(third.next().await, Input::Disconnected(who) if who == oin(1)));
    third.respond(token, b"too late").await;
    third.counts(|counters| counters.answers_unknown, 1).await;
    first.counts(|counters| counters.strangers_refused, 1).await;

    first.ask(2, Conversation::Feed, 2, b"question").await;
    let (from, _, token, _) = second.next_request().await;
    assert_eq!(from, oin(1));
    second.respond(token, b"answer").await;
    assert_eq!(first.next_response().await, (2, b"answer".to_vec()), "who stays is not disturbed");
}

#[tokio::test]
async fn a_member_that_restarts_is_connected_again() {
    let [mut first, second] = connected([1, 2]).await;
    let peers = [first.peer(), second.peer()];
    let address = *second.network.listen_addresses().first().unwrap();
    second.network.stop().await;
    assert!(matches!(first.next().await, Input::Disconnected(who) if who == oin(2)));
    let mut second = Node::start_with(2, address, Limits::default()).await;
    second.set_members(&peers).await;
    first.connects_to(&[2]).await;
    second.connects_to(&[1]).await;
    second.ask(1, Conversation::Feed, 1, b"question").await;
    assert_eq!(first.next_request().await.0, oin(2));
}

#[tokio::test]
async fn the_higher_number_dials_where_the_lower_cannot() {
    let mut first = Node::start(1).await;
    let mut second = Node::start(2).await;
    let nowhere = crate::support::member(2, &[]);
    first.set_members(&[nowhere]).await;
    second.set_members(&[first.peer()]).await;
    first.connects_to(&[2]).await;
    second.connects_to(&[1]).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let node = Node::start(1).await;
    let taken = *node.network.listen_addresses().first().unwrap();
    let config = NetworkConfig::new(oin(2), Zeroizing::new([2; 32]), vec![taken]);
    let refused = Network::start(config, mpsc::channel(1).0).await.unwrap_err();
    assert!(matches!(refused, NetworkError::Listen { address, .. } if address == taken), "{refused:?}");
    assert!(refused.to_string().contains(&taken.to_string()));
}
