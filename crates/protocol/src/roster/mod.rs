//! Rosters travel by themselves: whoever learns of a newer version asks for the one after its own, and checks it.

mod adopted;
mod machine;
mod message;
mod notices;

pub(crate) use adopted::Adopted;
pub(crate) use machine::{ResponseError, RosterKeeper};
pub use message::{RosterRequest, RosterResponse};
