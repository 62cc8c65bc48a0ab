//! Carries frames between known organisations over libp2p, bounded.
//!
//! [`Network::start`] listens (TCP with TLS 1.3 and yamux, QUIC beside it) and admits nobody. [`NetworkCommand::SetMembers`] names the
//! members of the network: only they connect, only their gossip counts, and they are dialled until they answer.
//! What members send arrives as [`protocol::Input`] on a bounded channel; what the node says goes out as
//! [`protocol::Outbound`]. Frames are opaque here: this crate bounds and carries them, and knows no message.
//!
//! A node that nobody can dial is reached through relays: members that are willing carry its connections, which stay
//! TLS sessions between the two ends. It holds places at relays ([`reservations`]), others dial it there
//! ([`members`]), and [`relaying`] bounds what a relay carries.
//!
//! Architecture invariants:
//! - A member counts as connected only once it has answered over the connection. The side that dials sees its
//!   handshake succeed before the other side's refusal reaches it, so the handshake alone proves nothing.
//! - The swarm task always takes commands, also when nobody takes its events, so a node that waits for the command
//!   channel cannot deadlock with a network that waits for the event channel. When events pile up, the task stops
//!   reading from peers instead.
//! - Every queue, map, frame and wait has a bound: a constant with its reason, or a field of [`Limits`].
//!
//! Deliberately absent: discovery (mdns, kad), hole punching, and any decision about what a frame means.

mod address;
mod behaviour;
mod codec;
mod command;
mod config;
mod counters;
mod error;
mod event_queue;
mod gossip;
mod handle;
mod lanes;
mod members;
mod paths;
mod relaying;
mod reservations;
mod task;
mod unanswered;

pub use command::{NetworkCommand, Peer};
pub use config::{Limits, NetworkConfig, node_public_key};
pub use counters::Counters;
pub use error::NetworkError;
pub use gossip::MAX_GOSSIP_FRAME_BYTES;
pub use handle::Network;
pub use paths::Paths;
