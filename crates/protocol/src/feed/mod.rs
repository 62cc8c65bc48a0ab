//! Feeds: publishing the own, following those this node may read, serving whoever may read them.

mod clock;
mod follow;
mod forget;
mod heads;
mod hearing;
mod held;
mod keeper;
mod message;
mod others;
mod proofs;
mod publish;
mod readers;
mod restore;
mod runs;
mod serve;
mod state;
mod unkept;

pub(crate) use clock::SKEW_SECONDS;
pub use clock::SetBack;
pub(crate) use follow::Arrived;
pub(crate) use keeper::{FeedKeeper, Start};
pub use message::{FeedRequest, FeedResponse, NewerThan};
pub use others::ClockComparison;
pub(crate) use others::Others;
pub use proofs::{ProofStanding, ProofStatus};
pub use readers::Readers;
