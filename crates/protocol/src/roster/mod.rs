//! Rosters travel by themselves: whoever learns of a newer version asks for the one after its own, and checks it.

mod machine;
mod message;

pub(crate) use machine::{ResponseError, RosterKeeper};
pub use message::{RosterRequest, RosterResponse};
