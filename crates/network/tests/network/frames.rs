//! Frames that break the rules: too long, too short, or without an end.

use libp2p::request_response::{self, Message};
use libp2p::swarm::SwarmEvent;
use protocol::Conversation;

use crate::raw_peer::{RawBehaviourEvent, RawPeer};
use crate::support::{Node, member};

#[tokio::test]
async fn a_request_that_is_too_long_or_too_short_is_refused_and_counted() {
    let mut node = Node::start(1).await;
    node.set_members(&[member(2, &[])]).await;
    let mut raw = RawPeer::new(2, 2);
    let peer = raw.connect(&mut node, 2).await;

    let limit = u32::try_from(Conversation::Feed.max_request_bytes()).unwrap();
    let mut oversized = (limit + 1).to_be_bytes().to_vec();
    oversized.resize(oversized.len() + limit as usize + 1, 0);
    assert_eq!(raw.ask(&peer, &oversized).await, None);
    assert_eq!(raw.ask(&peer, &u32::MAX.to_be_bytes()).await, None, "refused by its announcement alone");
    node.counts(|counters| counters.frames_oversized, 2).await;
    assert_eq!(raw.ask(&peer, &[0, 0, 0, 9, 1, 2]).await, None);
    assert_eq!(raw.ask(&peer, &[0, 0]).await, None);
    node.counts(|counters| counters.frames_truncated, 2).await;

    // The connection survives, and the first event at the node is the first good frame.
    let (answer, ()) = tokio::join!(raw.ask(&peer, &[0, 0, 0, 2, 1, 2]), async {
        let (_, _, token, frame) = node.next_request().await;
        assert_eq!(frame, [1, 2]);
        node.respond(token, &[3]).await;
    });
    assert_eq!(answer, Some(vec![0, 0, 0, 1, 3]));
    let counters = node.network.counters();
    assert_eq!((counters.frames_oversized, counters.frames_truncated), (2, 2));
}

#[tokio::test]
async fn an_answer_that_is_too_long_fails_the_request_and_is_counted() {
    let mut node = Node::start(1).await;
    node.set_members(&[member(2, &[])]).await;
    let mut raw = RawPeer::new(2, 2);
    raw.connect(&mut node, 2).await;
    node.ask(2, Conversation::Feed, 7, b"question").await;
    let (asked, channel) = raw
        .wait_for(|event| match event {
            SwarmEvent::Behaviour(RawBehaviourEvent::Feed(request_response::Event::Message {
                message: Message::Request { request, channel, .. },
                ..
            })) => Some((request, channel)),
            _ => None,
        })
        .await;
    assert_eq!(asked, b"\0\0\0\x08question");
    raw.swarm.behaviour_mut().feed.send_response(channel, vec![0x7f; 64]).unwrap();
    tokio::select! {
        failed = node.next_failure() => assert_eq!(failed, 7),
        () = raw.wait_for(|_| None) => {}
    }
    assert_eq!(node.network.counters().frames_oversized, 1);
}
