//! What happens when a node does not keep up: nothing deadlocks, nothing is lost, nothing grows without bound.

use std::collections::BTreeSet;

use network::Limits;
use protocol::Conversation;

use crate::support::{Node, PATIENCE, connected_with, evaluation, oin};

#[tokio::test]
async fn commands_are_taken_while_nobody_takes_events() {
    let mut node = Node::start(1).await;
    // Ten times the command channel: this would hang if the network waited for its events to be taken.
    let orders = 2_560;
    let all = async {
        for id in 0..orders {
            node.ask(2, Conversation::Feed, id, b"question").await;
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("commands are always taken");
    for id in 0..orders {
        assert_eq!(node.next_failure().await, id);
    }
    assert_eq!(node.network.counters().events_lost, 0);
}

#[tokio::test]
async fn more_requests_than_streams_wait_in_line_and_all_are_answered() {
    let limits = Limits { streams_per_connection: 4, ..Limits::default() };
    let [mut first, mut second] = connected_with([1, 2], limits).await;
    let requests: u64 = 100;
    for id in 0..requests {
        first.ask(2, Conversation::Evaluation, id, &id.to_be_bytes()).await;
        second.ask(1, Conversation::Evaluation, id, &id.to_be_bytes()).await;
    }
    // Both ask and answer at once, each with room for two own requests.
    let converse = async |node: &mut Node, other: u8| {
        let (mut answered, mut answers) = (0, BTreeSet::new());
        while answered < requests || answers.len() < requests as usize {
            match node.next().await {
                protocol::Input::Request { from, token, frame, .. } => {
                    assert_eq!(from, oin(other));
                    answered += 1;
                    node.respond(token, &frame).await;
                }
                protocol::Input::Response { id, frame } => {
                    assert_eq!(frame, id.0.to_be_bytes());
                    answers.insert(id);
                }
                unexpected => panic!("{unexpected:?}"),
            }
        }
    };
    tokio::join!(converse(&mut first, 2), converse(&mut second, 1));
    assert_eq!(first.network.counters().requests_failed + second.network.counters().requests_failed, 0);
}

#[tokio::test]
async fn a_line_that_is_full_fails_the_next_request_at_once() {
    let limits = Limits { streams_per_connection: 2, waiting_requests: 1, ..Limits::default() };
    let [mut asker, mut answerer] = connected_with([1, 2], limits).await;
    for id in 1..=3 {
        asker.ask(2, Conversation::Feed, id, b"question").await;
    }
    assert_eq!(asker.next_failure().await, 3, "one is under way, one waits");
    for id in 1..=2 {
        let (_, _, token, _) = answerer.next_request().await;
        answerer.respond(token, b"answer").await;
        assert_eq!(asker.next_response().await.0, id);
    }
}

#[tokio::test]
async fn a_member_that_asks_too_much_at_once_is_refused_and_counted() {
    let limits = Limits { unanswered_per_member: 1, ..Limits::default() };
    let [mut asker, mut answerer] = connected_with([1, 2], limits).await;
    asker.ask(2, Conversation::Feed, 1, b"question").await;
    let (_, _, token, _) = answerer.next_request().await;
    asker.ask(2, Conversation::Ceremony, 2, b"question").await;
    assert_eq!(asker.next_failure().await, 2);
    assert_eq!(answerer.network.counters().requests_refused, 1);
    answerer.respond(token, b"answer").await;
    assert_eq!(asker.next_response().await, (1, b"answer".to_vec()));
    asker.ask(2, Conversation::Ceremony, 3, b"question").await;
    assert_eq!(answerer.next_request().await.0, oin(1), "an answer makes room again");
}

#[tokio::test]
async fn evaluations_in_hand_are_few_and_short_ones_have_their_own() {
    let [asker, mut answerer, other] = connected_with([1, 2, 3], Limits::default()).await;
    let (few, many) = (evaluation(1), evaluation(256));
    for id in 1..=4 {
        asker.ask(2, Conversation::Evaluation, id, &many).await;
    }
    let (_, _, first, _) = answerer.next_request().await;
    let (_, _, second, _) = answerer.next_request().await;
    // What needs no such evaluator goes on meanwhile.
    other.ask(2, Conversation::Evaluation, 5, &few).await;
    asker.ask(2, Conversation::Feed, 6, b"question").await;
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let (_, _, token, frame) = answerer.next_request().await;
        lengths.push(frame.len());
        answerer.respond(token, b"answer").await;
    }
    lengths.sort_unstable();
    assert_eq!(lengths, [8, few.len()], "the third of many elements waits");
    answerer.respond(first, b"answer").await;
    assert_eq!(answerer.next_request().await.3.len(), many.len(), "its turn has come");
    answerer.respond(second, b"answer").await;
    assert_eq!(answerer.next_request().await.3.len(), many.len());
}
