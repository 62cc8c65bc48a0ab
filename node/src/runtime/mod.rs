//! The running node: one thread for the state machine, one for the disk, two for evaluations, libp2p in the tokio runtime.
//!
//! Everything that happens becomes an `Input` on a bounded channel: the own organisation's commands, the clock, and what
//! others send, in this order. The event loop hands each to the state machine and its Steps to the writer; only what the
//! writer has made durable reaches the network, the evaluators, whoever waits for a reply, and whoever listens for notices.
//!
//! Beside it the same state machine and disk without network, for commands given while no node runs.

mod accounting;
mod alone;
mod dispatch;
mod evaluators;
mod event_loop;
mod identity;
mod inbox;
mod prepared;
mod running;
mod taking_up;
mod waiting;

pub use accounting::Accounting;
pub(crate) use accounting::USUAL_DAYS;
pub(crate) use alone::Alone;
pub use event_loop::now;
pub use identity::{NodeIdentity, NodeSecrets, random_seed};
pub use prepared::{Prepared, Reach};
pub use running::RunningNode;
pub(crate) use taking_up::{Earlier, taken_up};
