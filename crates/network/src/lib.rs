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
//! - The swarm task always takes commands and always reads from peers, also when nobody takes its events: a node that
//!   waits for the command channel cannot deadlock with a network that waits for the event channel, and no member can
//!   stop the reading from others. What is read and cannot wait is refused, at the expense of who sent most. Gossip is
//!   read at a rate ([`pace`]): to read it costs a signature.
//! - What members send reaches the node in a fair order ([`event_queue`]): a member that asks little waits behind at
//!   most one event of each that asks much.
//! - Every queue, map, frame and wait has a bound: a constant with its reason, or a field of [`Limits`].
//!
//! Deliberately absent: discovery (mdns, kad), hole punching, and any decision about what a frame means.

mod address;
mod arrivals;
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
mod load;
mod members;
mod pace;
mod paths;
mod rates;
mod relaying;
mod reservations;
mod shares;
mod task;
mod unanswered;
mod work;

#[doc(hidden)]
pub use codec::read_frame;
pub use command::{NetworkCommand, Peer};
pub use config::{Limits, NetworkConfig, node_public_key};
pub use counters::Counters;
pub use error::NetworkError;
pub use gossip::MAX_GOSSIP_FRAME_BYTES;
pub use handle::Network;
pub use load::Load;
pub use paths::Paths;
pub use rates::{Rate, Rates};
