//! What people and programs may ask a node, what it answers, and the codec of its local socket.
//!
//! A conversation is lines of JSON. The client writes one [`Request`] a line; an import is followed by its files as
//! [`Upload`] lines. The node writes [`Response`] lines: any number of `progress` and `page` lines, then one `reply`
//! or one `refused`. A followed status replies again at every change, until either side closes.
//!
//! Field names of what a professional sees (families, signals, matches, completeness) are the Dutch ones of the CSV
//! and the API. Operational state is English, like the command line. What `--json` prints is what crosses the socket.
//!
//! What is not here: who may connect (the socket's mode and the peer's uid, which the node checks), and any work on
//! what is asked.

mod backup;
mod ceremony;
mod client;
mod codec;
mod departure;
mod explanation;
mod family;
mod handle;
mod import;
mod log;
mod problem;
mod proof;
mod request;
mod response;
mod rights;
mod status;
mod witnessing;

pub use backup::{BackupReport, SealedBytes, SealingKey};
pub use ceremony::{CeremonyKeyholderLine, CeremonyLine, KeySetLine};
pub use client::{Client, ClientError};
pub use codec::{CodecError, LineReader, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, write_line};
pub use departure::LeaveLine;
pub use explanation::{ExplainedPersonLine, ExplanationLine, MAX_EXPLAINED};
pub use family::{
    AnswerLine, Coverage, DecidedLine, InvolvedLine, JudgementLine, MatchLine, OrganisationLine, ReasonLine,
    SignalLine, StaleLine,
};
pub use handle::{Conversation, Conversations, Handle, in_process};
pub use import::{BadRow, ImportReport};
pub use log::{LogLine, LogState, LogUse};
pub use problem::{Problem, ProblemKind};
pub use proof::{ProofLine, Standing};
pub use request::{CHUNK_BYTES, Extent, JudgementWanted, Request, Upload, Which};
pub use response::{PAGE_LINES, Page, Progress, Reply, Response};
pub use rights::{
    IncidentLine, IncidentOutcomeWanted, InformingLine, LetterLine, ObjectionLine, ObjectionOutcomeWanted,
    PostponeGroundWanted, REPORT_LABEL, RightsAnswer, RightsEntry, RightsLine, RightsRequest,
};
pub use status::{
    ClockLine, ConnectionLine, ContinuedLine, EvaluationLine, HearingLine, KeyholderLine, NextEpochLine,
    Phase, ReadersLine, ReviewLine, RosterConflictLine, RosterLine, StatusLine, TwoLogsLine,
    WaitingRosterLine,
};
pub use witnessing::{ChallengeLine, ForkLine, LogSort, LostLine, OwnLogLine, WitnessingLine};
