//! One folder per conversation, each a message and a machine; the node routes input and time to them and returns
//! Steps.
//!
//! Nothing here reads a clock, draws randomness, opens a socket or touches a disk: [`Input`] and time come in,
//! [`Step`] goes out. What a Step wants to say is released only by [`Batch::commit`], after what it wants to keep
//! has been made durable.

pub mod ceremony;
mod command;
mod conversation;
mod effects;
mod epochs;
pub mod evaluation;
mod families;
pub mod feed;
mod input;
mod log;
mod node;
mod record;
mod review;
mod rights;
pub mod roster;
mod step;
mod units;
pub mod witness;

pub use ceremony::KeyId;
pub use command::{
    Answer, CannotRenew, CeremonyProblem, Command, EvaluationCount, HearingStatus, ImportCounts, NextEpoch,
    Notice, QuotaSpent, Refusal, Refused, Reply, SignalSummary, Status, TwoLogs,
};
pub use conversation::Conversation;
pub use input::{CommandId, Input, RequestId, ResponseToken};
pub use log::{LogHashes, LogHead, log_head_key, log_place_key};
pub use node::{Bodies, Kept, Node, NodeConfig};
pub use record::{evaluated_record, restored_marker};
pub use review::{CannotDecide, Decision, DecisionWanted, Judgement, Review, ReviewCount, Standing};
pub use rights::{
    CannotServe, Incident, IncidentOutcome, Informed, LetterFacts, Objection, ObjectionOutcome, PersonFile,
    PersonInformed, PostponeGround, RightsCommand, RightsCount, RightsReply, Telling,
};
pub use step::{Batch, Collection, Durable, Outbound, Scope, Secret, SecretName, Step, Write};
