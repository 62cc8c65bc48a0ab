//! Rosters travel by themselves: whoever learns of a newer version asks for the one after its own, and checks it. Where
//! governors signed two of one version, every node keeps its first, hears of both, and follows what decides between them.

mod adopted;
mod conflicts;
mod kept;
mod machine;
mod message;
mod notices;
mod walk;

pub(crate) use adopted::Adopted;
pub use conflicts::RosterConflict;
pub(crate) use machine::{ResponseError, RosterKeeper};
pub use message::{RosterName, RosterRequest, RosterResponse};
