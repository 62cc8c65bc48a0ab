//! A deterministic network of nodes in one thread: movable clock, seeds, losses, restarts from what was kept.
//!
//! For tests only. Nodes are the real state machines; what is simulated is the wire (a queue whose messages a test
//! may drop or replace) and the disk (a map that applies whole batches).

mod disk;
mod families;
mod founding;
mod simulation;

pub use disk::MemoryDisk;
pub use families::{PersonBuilder, family, person};
pub use founding::{Founding, MemberPlan, START};
pub use simulation::{Fate, Message, Simulation};
