//! Requests and responses between members.

use network::{NetworkCommand, NetworkError};
use protocol::{Conversation, Input, Outbound, RequestId, ResponseToken};

use crate::support::{Node, connected, oin};

#[tokio::test]
async fn three_members_find_each_other_and_converse_in_every_conversation() {
    let mut nodes = connected([1, 2, 3]).await;
    let mut id = 0;
    for (asker, answerer) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        for conversation in Conversation::ALL {
            id += 1;
            let [asker, answerer] = nodes.get_disjoint_mut([asker, answerer]).unwrap();
            asker.ask(answerer.serial, conversation, id, b"question").await;
            let (from, in_conversation, token, frame) = answerer.next_request().await;
            assert_eq!(
                (from, in_conversation, frame.as_slice()),
                (oin(asker.serial), conversation, b"question".as_slice())
            );
            answerer.respond(token, &id.to_be_bytes()).await;
            assert_eq!(asker.next_response().await, (id, id.to_be_bytes().to_vec()));
        }
    }
    for node in nodes {
        assert_eq!(node.network.counters().requests_failed, 0);
        node.network.stop().await;
    }
}

#[tokio::test]
async fn the_longest_frame_passes_both_ways_and_a_longer_one_is_never_sent() {
    for conversation in Conversation::ALL {
        let [mut asker, mut answerer] = connected([1, 2]).await;
        let question = vec![0xA5; conversation.max_request_bytes()];
        let answer = vec![0x5A; conversation.max_response_bytes()];
        asker.ask(2, conversation, 1, &question).await;
        let (_, _, token, frame) = answerer.next_request().await;
        assert_eq!(frame, question);
        answerer.respond(token, &answer).await;
        assert_eq!(asker.next_response().await, (1, answer.clone()));

        asker.ask(2, conversation, 2, &[question, vec![0]].concat()).await;
        assert_eq!(asker.next_failure().await, 2);
        asker.ask(2, conversation, 3, b"question").await;
        let (_, _, token, _) = answerer.next_request().await;
        answerer.respond(token, &[answer, vec![0]].concat()).await;
        assert_eq!(asker.next_failure().await, 3, "an answer that cannot be sent ends the request at once");
        assert_eq!(asker.network.counters().own_frames_refused, 1);
        assert_eq!(answerer.network.counters().own_frames_refused, 1);
    }
}

#[tokio::test]
async fn a_request_to_an_absent_unknown_or_own_organisation_fails_at_once() {
    let mut node = Node::start(1).await;
    let absent = crate::support::member(2, &[]);
    node.set_members(&[node.peer(), absent]).await;
    for (id, to) in [(1, 2), (2, 3), (3, 1)] {
        node.ask(to, Conversation::Feed, id, b"question").await;
        assert_eq!(node.next_failure().await, id);
    }
    assert_eq!(node.network.counters().requests_failed, 3);
    assert_eq!(node.network.counters().members_skipped, 0);
}

#[tokio::test]
async fn an_answer_goes_out_once_and_an_unknown_token_is_counted() {
    let [mut asker, mut answerer] = connected([1, 2]).await;
    asker.ask(2, Conversation::Ceremony, 1, b"question").await;
    let (_, _, token, _) = answerer.next_request().await;
    for frame in [b"first", b"again"] {
        answerer.respond(token, frame).await;
    }
    answerer.respond(ResponseToken(token.0 + 100), b"guess").await;
    assert_eq!(asker.next_response().await, (1, b"first".to_vec()));
    answerer.counts(|counters| counters.answers_unknown, 2).await;
}

#[tokio::test]
async fn a_member_that_leaves_fails_the_requests_it_owes() {
    let [mut asker, mut answerer] = connected([1, 2]).await;
    asker.ask(2, Conversation::Evaluation, 1, b"question").await;
    answerer.next_request().await;
    answerer.network.stop().await;
    let mut seen = [asker.next().await, asker.next().await];
    seen.sort_by_key(|input| matches!(input, Input::RequestFailed { .. }));
    assert!(
        matches!(seen, [Input::Disconnected(who), Input::RequestFailed { id: RequestId(1) }] if who == oin(2)),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_thread_gives_commands_until_the_network_stops() {
    let mut node = Node::start(1).await;
    let handle = node.network.clone();
    let ask = || {
        let (to, id) = (oin(2), RequestId(8));
        NetworkCommand::Outbound(Outbound::Request {
            to,
            conversation: Conversation::Feed,
            id,
            frame: vec![],
        })
    };
    let command = ask();
    std::thread::spawn(move || handle.blocking_send(command)).join().unwrap().unwrap();
    assert_eq!(node.next_failure().await, 8);
    let handle = node.network.clone();
    node.network.stop().await;
    assert!(matches!(handle.send(ask()).await, Err(NetworkError::Stopped)));
    handle.stop().await;
}
