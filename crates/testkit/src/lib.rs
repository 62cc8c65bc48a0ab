//! A deterministic network of nodes in one thread: movable clock, seeds, losses, restarts from what was kept.
//!
//! For tests only. Nodes are the real state machines; what is simulated is the wire (a queue whose messages a test
//! may drop or replace) and the disk (a map that applies whole batches).

mod dice;
mod disk;
mod families;
mod founding;
mod model;
mod oracle;
mod region;
mod schedule;
mod simulation;

pub use dice::Dice;
pub use disk::MemoryDisk;
pub use families::{PersonBuilder, family, person};
pub use founding::{Founding, MemberPlan, START};
pub use model::run;
pub use oracle::{fill_evaluated, oracle};
pub use region::{Region, Traffic};
pub use schedule::{Event, NoSchedule, PEOPLE, Schedule};
pub use simulation::{Fate, Message, Simulation};
