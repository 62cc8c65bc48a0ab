//! Evaluation: members have blinded elements evaluated by a threshold of keyholders.
//!
//! The asker sends one batch to as many keyholders as the threshold needs, checks every proof against the key set,
//! combines, and replaces whoever fails, refuses or lies by another. The keyholder evaluates for members of the
//! roster, away from the state machine ([`EvaluationTask`]), for the epoch that is entered and the one that is prepared,
//! and class `bsn` only for members entitled to it.
//!
//! Every request is a leaf of the asker's evaluation log ([`audit::evaluation`]). The asker keeps it before it asks
//! ([`own_log`]); keyholders hold the leaves of everybody and evaluate nothing that no leaf counts, nor more than the
//! asker's quota ([`held_logs`]).

mod client;
mod held_logs;
mod message;
mod own_log;
mod record;
mod server;
mod task;

pub(crate) use client::{Evaluated, EvaluationClient};
pub(crate) use held_logs::HeldLogs;
pub use message::{EvaluationRefusal, EvaluationRequest, EvaluationResponse, elements_asked};
pub(crate) use own_log::{Carriers, OwnLog};
pub use record::{AskedInput, AskedInputs, OwnLeaf, inputs_key, own_leaf_key};
pub(crate) use server::{begin, finish, refuse};
pub use task::{EvaluationDone, EvaluationTask, FEW_ELEMENTS};
