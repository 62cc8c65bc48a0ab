//! What a node does on every connection, and the swarm that does it.

use std::sync::Arc;
use std::time::Duration;

use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, memory_connection_limits, ping, relay, tcp, tls, yamux};
use protocol::Conversation;

use crate::arrivals::Arrivals;
use crate::codec::FrameCodec;
use crate::counters::Tally;
use crate::gossip::{self, Gossip};
use crate::pace::Paced;
use crate::relaying::{self, MAX_CIRCUITS_PER_MEMBER};
use crate::{Limits, NetworkConfig, NetworkError};

/// How often every connection is tested. Two failures in a row close it.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// How long a member may take to answer a test.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Members stay connected however little they say; only a failing ping closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Handshake included. Longer than a post-quantum handshake over a bad line.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections beyond those of the members: none should arise, this leaves room for ones that are closing.
const CONNECTION_MARGIN: u32 = 16;

/// Streams of a connection beyond those for requests and circuits: ping, gossipsub, and what asks a relay for places
/// and circuits, in both directions.
const OTHER_STREAMS: usize = 64;

/// Streams of one connection that a member opened without having said yet what for; more are closed, and each after ten
/// seconds.
const MAX_NEGOTIATING_STREAMS: usize = 64;

/// Bytes that a member may send ahead of being read, on one QUIC stream and on all of a connection: enough to fill a line
/// of 100 megabytes a second over 40 ms, a third of what the library allows.
const QUIC_STREAM_BYTES: u32 = 1 << 20;
const QUIC_CONNECTION_BYTES: u32 = 4 << 20;

/// Requests in one conversation.
pub(crate) type Requests = request_response::Behaviour<FrameCodec>;

/// The first four refuse connections and stand in front, so that no later one learns of a refused connection; the list
/// of members before all, so that only members are remembered by their key.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) allowed: allow_block_list::Behaviour<AllowedPeers>,
    pub(crate) arrivals: Arrivals,
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) memory: Toggle<memory_connection_limits::Behaviour>,
    pub(crate) relay_client: relay::client::Behaviour,
    pub(crate) relay_server: Toggle<relay::Behaviour>,
    pub(crate) ping: ping::Behaviour,
    pub(crate) gossip: Paced<Gossip>,
    pub(crate) ceremony: Requests,
    pub(crate) evaluation: Requests,
    pub(crate) feed: Requests,
    pub(crate) roster: Requests,
    pub(crate) witness: Requests,
}

impl Behaviour {
    /// The requests of one conversation.
    pub(crate) fn requests(&mut self, conversation: Conversation) -> &mut Requests {
        match conversation {
            Conversation::Ceremony => &mut self.ceremony,
            Conversation::Evaluation => &mut self.evaluation,
            Conversation::Feed => &mut self.feed,
            Conversation::Roster => &mut self.roster,
            Conversation::Witness => &mut self.witness,
        }
    }
}

/// Builds the swarm; it listens and dials nowhere yet and admits nobody.
pub(crate) fn swarm(config: &NetworkConfig, tally: &Arc<Tally>) -> Result<Swarm<Behaviour>, NetworkError> {
    let limits = config.limits;
    let requests = |conversation: Conversation| {
        let name = StreamProtocol::new(conversation.protocol_name());
        let settings = request_response::Config::default()
            .with_request_timeout(config.request_timeout)
            .with_max_concurrent_streams(limits.streams());
        let codec = FrameCodec::new(conversation, Arc::clone(tally));
        Requests::with_codec(codec, [(name, ProtocolSupport::Full)], settings)
    };
    let streams = Conversation::ALL.len() * limits.streams() + MAX_CIRCUITS_PER_MEMBER + OTHER_STREAMS;
    let multiplexer = || {
        let mut settings = yamux::Config::default();
        settings.set_max_num_streams(streams);
        settings
    };
    let ping_settings = ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT);
    let Ok(with_behaviour) = SwarmBuilder::with_existing_identity(config.keypair())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), tls::Config::new, multiplexer)
        .map_err(NetworkError::Tls)?
        .with_quic_config(|mut settings| {
            settings.max_concurrent_stream_limit = u32::try_from(streams).unwrap_or(u32::MAX);
            settings.max_stream_data = QUIC_STREAM_BYTES;
            settings.max_connection_data = QUIC_CONNECTION_BYTES;
            settings
        })
        // Inside a circuit the same as on a connection of its own: TLS with the node keys of its two ends.
        .with_relay_client(tls::Config::new, multiplexer)
        .map_err(NetworkError::Tls)?
        .with_behaviour(|keypair, relay_client| Behaviour {
            allowed: allow_block_list::Behaviour::default(),
            arrivals: Arrivals::new(&limits),
            limits: connection_limits::Behaviour::new(connection_limits(&limits, 0)),
            memory: limits
                .process_memory_bytes
                .map(memory_connection_limits::Behaviour::with_max_bytes)
                .into(),
            relay_client,
            relay_server: config
                .relay
                .then(|| relaying::server(keypair.public().to_peer_id(), &limits))
                .into(),
            ping: ping::Behaviour::new(ping_settings),
            gossip: Paced::new(gossip::behaviour(keypair.clone()), limits.rates.read_gossip),
            ceremony: requests(Conversation::Ceremony),
            evaluation: requests(Conversation::Evaluation),
            feed: requests(Conversation::Feed),
            roster: requests(Conversation::Roster),
            witness: requests(Conversation::Witness),
        });
    Ok(with_behaviour
        // Of a member's addresses QUIC is tried first and TCP a moment later; whoever answers first is used.
        .with_swarm_config(|swarm| {
            swarm
                .with_idle_connection_timeout(IDLE_TIMEOUT)
                .with_max_negotiating_inbound_streams(MAX_NEGOTIATING_STREAMS)
                .with_smart_dial()
        })
        .with_connection_timeout(CONNECTION_TIMEOUT)
        .build())
}

/// Bounds on connections for a network of `members`.
pub(crate) fn connection_limits(limits: &Limits, members: usize) -> ConnectionLimits {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    let total = members.saturating_mul(limits.connections_per_member).saturating_add(CONNECTION_MARGIN);
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.pending_incoming))
        .with_max_established_per_peer(Some(limits.connections_per_member))
        .with_max_established(Some(total))
}
