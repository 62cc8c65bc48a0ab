//! QUIC beside TCP: used where it is open, missed nowhere.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

use protocol::Conversation;

use crate::support::{Node, oin};

async fn without_quic(serial: u8) -> Node {
    Node::start_as(serial, |config| config.quic = false).await
}

async fn introduce(first: &mut Node, second: &mut Node) {
    let peers = [first.peer(), second.peer()];
    first.set_members(&peers).await;
    second.set_members(&peers).await;
    first.connects_to(&[second.serial]).await;
    second.connects_to(&[first.serial]).await;
}

/// Asks and answers, so that the connection is known to carry frames.
async fn converse(asker: &mut Node, answerer: &mut Node) {
    let question = vec![0xA5; Conversation::Feed.max_request_bytes()];
    asker.ask(answerer.serial, Conversation::Feed, 1, &question).await;
    let (from, _, token, frame) = answerer.next_request().await;
    assert_eq!((from, frame), (oin(asker.serial), question));
    let answer = vec![0x5A; Conversation::Feed.max_response_bytes()];
    answerer.respond(token, &answer).await;
    assert_eq!(asker.next_response().await, (1, answer));
}

#[tokio::test]
async fn quic_is_used_where_udp_is_open() {
    // QUIC is tried first, TCP a moment later. On a busy machine TCP may win all the same, though not every time.
    let mut second = Node::start(2).await;
    for _ in 0..50 {
        let mut first = Node::start(1).await;
        introduce(&mut first, &mut second).await;
        let paths = first.network.paths();
        assert_eq!((paths.tcp + paths.quic, paths.relayed), (1, 0), "{paths:?}");
        if paths.quic == 1 {
            second.paths(|paths| paths.quic == 1).await;
            converse(&mut first, &mut second).await;
            converse(&mut second, &mut first).await;
            return;
        }
        first.network.stop().await;
        second.sees(|input| matches!(input, protocol::Input::Disconnected(_))).await;
    }
    panic!("never connected over QUIC");
}

#[tokio::test]
async fn tcp_is_used_where_udp_is_closed() {
    let mut first = Node::start(1).await;
    let mut second = without_quic(2).await;
    introduce(&mut first, &mut second).await;
    assert_eq!((first.network.paths().tcp, first.network.paths().quic), (1, 0));
    converse(&mut first, &mut second).await;
}

#[tokio::test]
async fn a_udp_port_that_is_taken_costs_quic_and_nothing_else() {
    // A port that is free for TCP, with somebody else on UDP.
    let (address, _taken) = loop {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        if let Ok(taken) = UdpSocket::bind(free) {
            break (free, taken);
        }
    };
    let mut first = Node::start(1).await;
    let mut second = Node::start_as(2, |config| config.listen = vec![address]).await;
    assert_eq!(second.network.listen_addresses(), [address]);
    introduce(&mut first, &mut second).await;
    converse(&mut first, &mut second).await;
}

#[tokio::test]
async fn one_port_serves_both_families_of_ip() {
    let any = |ip: IpAddr, port| SocketAddr::new(ip, port);
    let Ok(probe) = TcpListener::bind(any(Ipv6Addr::UNSPECIFIED.into(), 0)) else {
        return println!("skipped: this machine has no IPv6");
    };
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let listen = vec![any([0, 0, 0, 0].into(), port), any(Ipv6Addr::UNSPECIFIED.into(), port)];
    let mut second = Node::start_as(2, |config| config.listen = listen).await;
    for ip in [IpAddr::from([127, 0, 0, 1]), Ipv6Addr::LOCALHOST.into()] {
        let mut first = Node::start_as(1, |config| config.listen = Vec::new()).await;
        first.set_members(&[crate::support::member(2, &[any(ip, port)])]).await;
        second.set_members(&[first.peer()]).await;
        first.connects_to(&[2]).await;
        second.connects_to(&[1]).await;
        first.network.stop().await;
        second.sees(|input| matches!(input, protocol::Input::Disconnected(_))).await;
    }
}
