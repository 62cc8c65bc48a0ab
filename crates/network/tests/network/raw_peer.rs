//! A libp2p node that is not bound by this crate's manners: it writes any bytes, and signs gossip with any key.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, ping, tcp, tls, yamux};
use protocol::Conversation;

use crate::support::{CIRCLE, NETWORK, Node, PATIENCE};

/// Writes what it is given, without a length in front, and reads whatever comes.
#[derive(Clone, Default)]
pub(crate) struct RawCodec {
    /// Whether it never ends what it writes.
    is_slow: bool,
}

impl request_response::Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read_request(protocol, io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await?;
        io.flush().await?;
        if self.is_slow {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn write_response<T>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write_request(protocol, io, bytes).await
    }
}

#[derive(NetworkBehaviour)]
pub(crate) struct RawBehaviour {
    pub(crate) feed: request_response::Behaviour<RawCodec>,
    pub(crate) roster: request_response::Behaviour<RawCodec>,
    pub(crate) gossip: gossipsub::Behaviour,
    pub(crate) ping: ping::Behaviour,
}

pub(crate) struct RawPeer {
    pub(crate) swarm: Swarm<RawBehaviour>,
}

impl RawPeer {
    /// A node with the key of member `serial`, whose gossip is signed with the key of `author`.
    pub(crate) fn new(serial: u8, author: u8) -> Self {
        Self::with(serial, author, RawCodec::default())
    }

    /// A node with the key of member `serial` that begins requests and never ends them.
    pub(crate) fn slow(serial: u8) -> Self {
        Self::with(serial, serial, RawCodec { is_slow: true })
    }

    fn with(serial: u8, author: u8, codec: RawCodec) -> Self {
        let requests = |conversation: Conversation| {
            let name = StreamProtocol::new(conversation.protocol_name());
            let settings = request_response::Config::default();
            let codec = codec.clone();
            request_response::Behaviour::with_codec(codec, [(name, ProtocolSupport::Full)], settings)
        };
        let gossip = gossipsub::Behaviour::new(
            MessageAuthenticity::Signed(keypair(author)),
            gossipsub::ConfigBuilder::default().build().unwrap(),
        )
        .unwrap();
        let swarm = SwarmBuilder::with_existing_identity(keypair(serial))
            .with_tokio()
            .with_tcp(tcp::Config::default(), tls::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| RawBehaviour {
                feed: requests(Conversation::Feed),
                roster: requests(Conversation::Roster),
                gossip,
                ping: ping::Behaviour::default(),
            })
            .unwrap()
            .build();
        Self { swarm }
    }

    pub(crate) fn topic() -> IdentTopic {
        IdentTopic::new(format!("/samenhang/{NETWORK}/heads/{CIRCLE}"))
    }

    pub(crate) fn dial(&mut self, node: &Node) -> PeerId {
        let address = node.network.listen_addresses().first().unwrap();
        let address: Multiaddr = format!("/ip4/{}/tcp/{}", address.ip(), address.port()).parse().unwrap();
        self.swarm.dial(address).unwrap();
        keypair(node.serial).public().to_peer_id()
    }

    /// Runs the swarm until `pick` finds what it waits for.
    pub(crate) async fn wait_for<T>(
        &mut self,
        mut pick: impl FnMut(SwarmEvent<RawBehaviourEvent>) -> Option<T>,
    ) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.swarm.select_next_some().await) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the awaited event in time")
    }

    /// Connects to a node that lists it as member `serial`.
    pub(crate) async fn connect(&mut self, node: &mut Node, serial: u8) -> PeerId {
        let peer = self.dial(node);
        let serials = [serial];
        tokio::select! {
            () = node.connects_to(&serials) => {}
            () = self.wait_for(|_| None) => {}
        }
        peer
    }

    /// Sends raw bytes as a request in the feed conversation; returns the answer's raw bytes, or nothing.
    pub(crate) async fn ask(&mut self, peer: &PeerId, bytes: &[u8]) -> Option<Vec<u8>> {
        self.swarm.behaviour_mut().feed.send_request(peer, bytes.to_vec());
        self.wait_for(|event| match event {
            SwarmEvent::Behaviour(RawBehaviourEvent::Feed(request_response::Event::Message {
                message: request_response::Message::Response { response, .. },
                ..
            })) => Some(Some(response).filter(|response| !response.is_empty())),
            SwarmEvent::Behaviour(RawBehaviourEvent::Feed(request_response::Event::OutboundFailure {
                ..
            })) => Some(None),
            _ => None,
        })
        .await
    }
}

fn keypair(serial: u8) -> Keypair {
    Keypair::ed25519_from_bytes([serial; 32]).unwrap()
}
