//! Gossip in a circle's topic.

use std::time::Duration;

use network::{Counters, Limits, MAX_GOSSIP_FRAME_BYTES, Rate, Rates};
use protocol::{Conversation, Input, Outbound};

use crate::raw_peer::RawPeer;
use crate::support::{CIRCLE, Node, PATIENCE, member};

/// Says numbered frames until one arrives: whether the listener has joined the topic yet shows nowhere else.
pub(crate) async fn gossip_until_heard(speaker: &Node, listener: &mut Node) -> u32 {
    let heard = async {
        for number in 0_u32.. {
            speaker.say(Outbound::Gossip { circle: CIRCLE, frame: number.to_be_bytes().to_vec() }).await;
            match listener.next_within(Duration::from_millis(100)).await {
                Some(Input::Gossip { circle, frame }) => {
                    assert_eq!(circle, CIRCLE);
                    return u32::from_be_bytes(frame.try_into().unwrap());
                }
                Some(other) => panic!("{other:?} instead of gossip"),
                None => {}
            }
        }
        unreachable!("the time-out comes first")
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("gossip in time")
}

#[tokio::test]
async fn gossip_crosses_a_member_between_two_that_do_not_know_each_others_address() {
    let mut first = Node::start(1).await;
    let mut middle = Node::start(2).await;
    let mut last = Node::start(3).await;
    let without_address = |serial| member(serial, &[]);
    first.set_members(&[middle.peer(), without_address(3)]).await;
    middle.set_members(&[first.peer(), last.peer()]).await;
    last.set_members(&[without_address(1), middle.peer()]).await;
    first.connects_to(&[2]).await;
    middle.connects_to(&[1, 3]).await;
    last.connects_to(&[2]).await;
    gossip_until_heard(&first, &mut last).await;
    gossip_until_heard(&last, &mut first).await;
    assert_eq!(last.network.counters().gossip_foreign, 0);
}

#[tokio::test]
async fn a_repeated_frame_arrives_once_and_one_that_is_too_long_never() {
    let [speaker, mut listener] = crate::support::connected([1, 2]).await;
    let last = gossip_until_heard(&speaker, &mut listener).await;
    for frame in [b"twice".to_vec(), b"twice".to_vec(), vec![0; MAX_GOSSIP_FRAME_BYTES + 1], b"end".to_vec()]
    {
        speaker.say(Outbound::Gossip { circle: CIRCLE, frame }).await;
    }
    let mut heard = Vec::new();
    while heard.last().is_none_or(|frame| frame != b"end") {
        let Input::Gossip { frame, .. } = listener.next().await else { panic!("only gossip is expected") };
        heard.push(frame);
    }
    heard.retain(|frame| frame.len() != last.to_be_bytes().len());
    assert_eq!(heard, [b"twice".to_vec(), b"end".to_vec()]);
    assert_eq!(speaker.network.counters().own_frames_refused, 1);
    assert_eq!(listener.network.counters().gossip_oversized, 0);
}

/// Member 2 by its connection gossips a frame signed by `author`; the node must count it and hear nothing.
async fn refuses_gossip(author: u8, frame: &[u8], counter: impl Fn(&Counters) -> u64) {
    let mut node = Node::start(1).await;
    node.set_members(&[member(2, &[])]).await;
    let mut raw = RawPeer::new(2, author);
    raw.connect(&mut node, 2).await;
    let topic = RawPeer::topic();
    // Nobody is subscribed until the node's subscription has arrived.
    while raw.swarm.behaviour_mut().gossip.publish(topic.clone(), frame).is_err() {
        raw.wait_for(|_| Some(())).await;
    }
    tokio::select! {
        () = node.counts(counter, 1) => {}
        () = raw.wait_for(|_| None) => {}
    }
    assert!(node.next_within(Duration::ZERO).await.is_none(), "the node hears nothing of it");
}

#[tokio::test]
async fn a_member_cannot_pass_on_what_a_stranger_signed() {
    refuses_gossip(99, b"forged", |counters| counters.gossip_foreign).await;
}

#[tokio::test]
async fn a_frame_of_a_member_that_is_too_long_is_refused() {
    refuses_gossip(2, &[0; MAX_GOSSIP_FRAME_BYTES + 1], |counters| counters.gossip_oversized).await;
}

#[tokio::test]
async fn gossip_that_nobody_can_hear_is_counted_and_harms_nobody() {
    let node = Node::start(1).await;
    node.say(Outbound::Gossip { circle: CIRCLE, frame: vec![1] }).await;
    node.set_members(&[]).await;
    node.say(Outbound::Gossip { circle: CIRCLE, frame: vec![1] }).await;
    node.counts(|counters| counters.gossip_unsent, 2).await;
}

#[tokio::test]
async fn gossip_that_comes_too_fast_waits_at_its_sender_and_keeps_nothing_else_waiting() {
    let (burst, every, frames) = (8_u32, Duration::from_millis(20), 40_u32);
    let limits = Limits {
        rates: Rates { read_gossip: Rate { burst, every }, gossip: Rate::UNBOUNDED, ..Rates::default() },
        ..Limits::default()
    };
    let [speaker, mut listener] = crate::support::connected_with([1, 2], limits).await;
    gossip_until_heard(&speaker, &mut listener).await;
    let start = tokio::time::Instant::now();
    for number in 0..frames {
        speaker.say(Outbound::Gossip { circle: CIRCLE, frame: format!("frame {number}").into_bytes() }).await;
    }
    speaker.ask(2, Conversation::Feed, 1, b"question").await;
    let (mut heard, mut asked_after) = (Vec::new(), None);
    while heard.len() < frames as usize {
        match listener.next().await {
            Input::Gossip { frame, .. } => heard.extend(frame.starts_with(b"frame").then_some(frame)),
            Input::Request { .. } => asked_after = Some(heard.len()),
            other => panic!("{other:?} instead of gossip or the request"),
        }
    }
    // All of it, in order, and none before its time.
    assert_eq!(heard, (0..frames).map(|number| format!("frame {number}").into_bytes()).collect::<Vec<_>>());
    let least = every * (frames - burst - 1);
    assert!(start.elapsed() >= least, "{frames} frames in {:?}", start.elapsed());
    assert!(
        asked_after.is_some_and(|heard| heard < frames as usize),
        "a request does not wait behind gossip"
    );
    assert_eq!(listener.network.counters().gossip_too_often, 0);
}
