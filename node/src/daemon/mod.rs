//! A node as a process of its own: from configuration to orderly stop, and the desk at which it takes requests.
//!
//! Start order: lock and store, port, signals, control socket, health endpoint, and then readiness. The roster may
//! come later: until one that names this node is installed, the node waits and says so.

mod backup;
mod clock;
mod counting;
mod desk;
mod epochs;
mod explanations;
mod health;
mod import;
mod leave;
mod lines;
mod metrics;
mod notices;
mod notify;
mod proofs;
mod reach;
mod reports;
mod reviews;
mod rights;
mod rosters;
mod run;
mod serve;
mod socket;
mod witnessing;

pub(crate) use desk::Desk;
pub(crate) use rosters::{admitted, installed, rotate};
pub use run::run;
pub(crate) use serve::{converse, serve};
