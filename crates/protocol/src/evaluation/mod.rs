//! Evaluation: members have blinded elements evaluated by a threshold of keyholders.
//!
//! The asker sends one batch to as many keyholders as the threshold needs, checks every proof against the key set,
//! combines, and replaces whoever fails, refuses or lies by another. The keyholder evaluates for members of the
//! roster, away from the state machine ([`EvaluationTask`]), for the epoch that is entered and the one that is prepared, and class `bsn` only for members entitled to it.

mod client;
mod message;
mod server;
mod task;

pub(crate) use client::{Evaluated, EvaluationClient};
pub use message::{EvaluationRefusal, EvaluationRequest, EvaluationResponse};
pub(crate) use server::{begin, finish, refuse};
pub use task::{EvaluationDone, EvaluationTask, FEW_ELEMENTS};
