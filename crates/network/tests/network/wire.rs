//! Whoever sits on the wire between two members: what it sees, and what it can change.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use network::Peer;
use protocol::{Conversation, Input};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::gossip::gossip_until_heard;
use crate::support::{Node, member, oin};

/// Stands in every frame of these tests, and in nothing else.
const MARK: &[u8; 16] = b"SEEN-ON-THE-WIRE";

/// A wire that somebody taps: everything is written down by direction, and a byte changed when told.
#[derive(Clone, Default)]
struct Tap {
    there: Arc<Mutex<Vec<u8>>>,
    back: Arc<Mutex<Vec<u8>>>,
    spoil: Arc<AtomicBool>,
}

impl Tap {
    /// Listens in the place of a node, and carries what comes to it and back.
    async fn before(node: &Node) -> (Self, SocketAddr) {
        let tap = Self::default();
        let target = *node.network.listen_addresses().first().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let taps = tap.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(target).await else { return };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                let never = Arc::new(AtomicBool::new(false));
                tokio::spawn(carry(near_in, far_out, Arc::clone(&taps.there), Arc::clone(&taps.spoil)));
                tokio::spawn(carry(far_in, near_out, Arc::clone(&taps.back), never));
            }
        });
        (tap, address)
    }

    fn seen(&self) -> (Vec<u8>, Vec<u8>) {
        (self.there.lock().unwrap().clone(), self.back.lock().unwrap().clone())
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    seen: Arc<Mutex<Vec<u8>>>,
    spoil: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        let Some(chunk) = buffer.get_mut(..read).filter(|chunk| !chunk.is_empty()) else { break };
        seen.lock().unwrap().extend_from_slice(chunk);
        if spoil.load(Ordering::SeqCst)
            && let Some(byte) = chunk.last_mut()
        {
            *byte ^= 1;
        }
        if to.write_all(chunk).await.is_err() {
            break;
        }
    }
    let _closed = to.shutdown().await;
}

/// Members 1 and 2 of which 1 can only dial 2, over a wire that is tapped.
async fn tapped() -> (Node, Node, Tap) {
    // Without QUIC, which the tap does not carry.
    let mut one = Node::start_as(1, |config| config.quic = false).await;
    let mut two = Node::start_as(2, |config| config.quic = false).await;
    let (tap, address) = Tap::before(&two).await;
    let (first, second): (Peer, Peer) = (member(1, &[]), member(2, &[address]));
    one.set_members(&[first.clone(), second.clone()]).await;
    two.set_members(&[first, second]).await;
    one.connects_to(&[2]).await;
    two.connects_to(&[1]).await;
    (one, two, tap)
}

fn marked(length: usize) -> Vec<u8> {
    MARK.iter().copied().cycle().take(length).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn whoever_taps_the_wire_sees_lengths_and_not_one_frame_or_name() {
    let (mut one, mut two, tap) = tapped().await;
    let mut said = (0, 0);
    for (id, conversation) in (1..).zip(Conversation::ALL) {
        let (question, answer) =
            (marked(conversation.max_request_bytes()), marked(conversation.max_response_bytes()));
        said = (said.0 + question.len(), said.1 + answer.len());
        one.ask(2, conversation, id, &question).await;
        let (_, _, token, frame) = two.next_request().await;
        assert_eq!(frame, question);
        two.respond(token, &answer).await;
        assert_eq!(one.next_response().await, (id, answer));
    }
    gossip_until_heard(&one, &mut two).await;
    let (there, back) = tap.seen();
    assert!(there.len() > said.0 && back.len() > said.1, "how much is said shows");
    for bytes in [&there, &back] {
        assert!(!contains(bytes, MARK), "a frame is readable");
        for name in [oin(1), oin(2)] {
            assert!(!contains(bytes, name.as_bytes()), "an organisation's number is readable");
        }
        for conversation in Conversation::ALL {
            assert!(!contains(bytes, conversation.protocol_name().as_bytes()), "so is {conversation:?}");
        }
        assert!(!contains(bytes, b"heads/"), "the name of a topic is readable");
    }
}

#[tokio::test]
async fn whoever_changes_a_byte_on_the_wire_ends_the_connection_and_changes_no_frame() {
    let (mut one, mut two, tap) = tapped().await;
    tap.spoil.store(true, Ordering::SeqCst);
    one.ask(2, Conversation::Feed, 1, &marked(500)).await;
    let mut failed = false;
    while !failed {
        match one.next().await {
            Input::RequestFailed { id } => failed = id.0 == 1,
            Input::Disconnected(who) => assert_eq!(who, oin(2)),
            other => panic!("{other:?}"),
        }
    }
    tap.spoil.store(false, Ordering::SeqCst);
    one.sees(|input| matches!(input, Input::Connected(_))).await;
    one.ask(2, Conversation::Feed, 2, b"whole").await;
    // Nothing of the first question arrived, neither whole nor changed.
    loop {
        match two.next().await {
            Input::Disconnected(_) | Input::Connected(_) => {}
            Input::Request { frame, .. } => break assert_eq!(frame, b"whole"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn whoever_says_again_what_it_saw_on_the_wire_is_nobody() {
    let (one, mut two, tap) = tapped().await;
    one.ask(2, Conversation::Feed, 1, &marked(500)).await;
    two.next_request().await;
    let (there, _) = tap.seen();
    let mut again = TcpStream::connect(two.network.listen_addresses().first().unwrap()).await.unwrap();
    // The node may hang up before it has all of it.
    let _sent = again.write_all(&there).await;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(crate::support::PATIENCE, again.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the node ends the connection");
    assert!(
        two.next_within(std::time::Duration::ZERO).await.is_none(),
        "and saw neither a member nor a question"
    );
}
