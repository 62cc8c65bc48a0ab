//! Feeds: publishing the own, following those this node may read, serving whoever may read them.

mod follow;
mod keeper;
mod message;
mod others;
mod publish;
mod serve;

pub(crate) use follow::Arrived;
pub(crate) use keeper::FeedKeeper;
pub use message::{FeedRequest, FeedResponse};
pub use others::ClockComparison;
