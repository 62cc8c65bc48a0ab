//! A network with its events at hand, and ways to wait for what should happen.

use std::net::SocketAddr;
use std::time::Duration;

use domain::{CircleId, NetworkId, Oin};
use network::{Counters, Limits, Network, NetworkCommand, NetworkConfig, Paths, Peer, node_public_key};
use protocol::{Conversation, Input, Outbound, RequestId, ResponseToken};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const NETWORK: NetworkId = NetworkId::from_bytes([9; 32]);
pub(crate) const CIRCLE: CircleId = CircleId::from_bytes([7; 16]);

pub(crate) fn oin(serial: u8) -> Oin {
    Oin::test_number(serial.into()).unwrap()
}

pub(crate) struct Node {
    pub(crate) serial: u8,
    pub(crate) network: Network,
    events: mpsc::Receiver<Input>,
}

impl Node {
    pub(crate) async fn start(serial: u8) -> Self {
        Self::start_with(serial, ([127, 0, 0, 1], 0).into(), Limits::default()).await
    }

    pub(crate) async fn start_with(serial: u8, listen: SocketAddr, limits: Limits) -> Self {
        Self::start_as(serial, |config| {
            config.listen = vec![listen];
            config.limits = limits;
        })
        .await
    }

    /// A node that listens on a port of the system's choice, configured further.
    pub(crate) async fn start_as(serial: u8, configure: impl FnOnce(&mut NetworkConfig)) -> Self {
        let listen = vec![([127, 0, 0, 1], 0).into()];
        let mut config = NetworkConfig::new(oin(serial), Zeroizing::new([serial; 32]), listen);
        configure(&mut config);
        let (sender, events) = mpsc::channel(1);
        let network = Network::start(config, sender).await.unwrap();
        Self { serial, network, events }
    }

    /// This node as others list it.
    pub(crate) fn peer(&self) -> Peer {
        member(self.serial, self.network.listen_addresses())
    }

    pub(crate) async fn set_members(&self, peers: &[Peer]) {
        let command =
            NetworkCommand::SetMembers { network: NETWORK, peers: peers.to_vec(), circles: vec![CIRCLE] };
        self.network.send(command).await.unwrap();
    }

    pub(crate) async fn say(&self, outbound: Outbound) {
        self.network.send(NetworkCommand::Outbound(outbound)).await.unwrap();
    }

    pub(crate) async fn ask(&self, to: u8, conversation: Conversation, id: u64, frame: &[u8]) {
        let id = RequestId(id);
        self.say(Outbound::Request { to: oin(to), conversation, id, frame: frame.to_vec() }).await;
    }

    pub(crate) async fn respond(&self, token: ResponseToken, frame: &[u8]) {
        self.say(Outbound::Respond { token, frame: frame.to_vec() }).await;
    }

    pub(crate) async fn next(&mut self) -> Input {
        tokio::time::timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .expect("a running network")
    }

    /// The next event, if one comes within `wait`.
    pub(crate) async fn next_within(&mut self, wait: Duration) -> Option<Input> {
        tokio::time::timeout(wait, self.events.recv()).await.ok().flatten()
    }

    /// Waits until exactly these members are reachable; any other event fails the test.
    pub(crate) async fn connects_to(&mut self, serials: &[u8]) {
        let mut missing: Vec<Oin> = serials.iter().copied().map(oin).collect();
        while !missing.is_empty() {
            match self.next().await {
                Input::Connected(who) if missing.contains(&who) => missing.retain(|other| *other != who),
                other => panic!("{other:?} while {missing:?} were expected"),
            }
        }
    }

    /// Waits for an event, whatever comes before it.
    pub(crate) async fn sees(&mut self, wanted: impl Fn(&Input) -> bool) {
        while !wanted(&self.next().await) {}
    }

    /// Waits until members are reached by these paths.
    pub(crate) async fn paths(&self, wanted: impl Fn(&Paths) -> bool) {
        let reached = async {
            while !wanted(&self.network.paths()) {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reached).await;
        assert!(in_time.is_ok(), "{:?}, {:?}", self.network.paths(), self.network.counters());
    }

    pub(crate) async fn next_request(&mut self) -> (Oin, Conversation, ResponseToken, Vec<u8>) {
        match self.next().await {
            Input::Request { from, conversation, token, frame } => (from, conversation, token, frame),
            other => panic!("{other:?} instead of a request"),
        }
    }

    pub(crate) async fn next_response(&mut self) -> (u64, Vec<u8>) {
        match self.next().await {
            Input::Response { id, frame } => (id.0, frame),
            other => panic!("{other:?} instead of a response"),
        }
    }

    pub(crate) async fn next_failure(&mut self) -> u64 {
        match self.next().await {
            Input::RequestFailed { id } => id.0,
            other => panic!("{other:?} instead of a failure"),
        }
    }

    /// Waits until a count has reached `at_least`.
    pub(crate) async fn counts(&self, count: impl Fn(&Counters) -> u64, at_least: u64) {
        let reached = async {
            while count(&self.network.counters()) < at_least {
                tokio::task::yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, reached).await;
        assert!(in_time.is_ok(), "{:?}", self.network.counters());
    }
}

pub(crate) fn member(serial: u8, addresses: &[SocketAddr]) -> Peer {
    let node_key = node_public_key(&[serial; 32]);
    Peer { oin: oin(serial), node_key, addresses: addresses.to_vec(), relay: false }
}

/// Starts members that all know each other, and waits until all are connected.
pub(crate) async fn connected<const N: usize>(serials: [u8; N]) -> [Node; N] {
    connected_with(serials, Limits::default()).await
}

pub(crate) async fn connected_with<const N: usize>(serials: [u8; N], limits: Limits) -> [Node; N] {
    let mut nodes = Vec::new();
    for serial in serials {
        nodes.push(Node::start_with(serial, ([127, 0, 0, 1], 0).into(), limits).await);
    }
    let peers: Vec<Peer> = nodes.iter().map(Node::peer).collect();
    for node in &nodes {
        node.set_members(&peers).await;
    }
    for node in &mut nodes {
        let others: Vec<u8> = serials.into_iter().filter(|serial| *serial != node.serial).collect();
        node.connects_to(&others).await;
    }
    nodes.try_into().unwrap_or_else(|_| panic!("as many nodes as serials"))
}

/// A request to evaluate so many elements, with nothing in the place of leaves and checkpoint.
pub(crate) fn evaluation(elements: u16) -> Vec<u8> {
    let length = (elements * 32).to_be_bytes();
    [[0x82, 1, 0x83, 0xf6, 0xf6, 0x59].as_slice(), &length, &vec![7; usize::from(elements) * 32]].concat()
}
