//! A deterministic network of nodes in one thread: movable clocks, seeds, losses, restarts from what was kept.
//!
//! For tests only. Nodes are the real state machines; what is simulated is the wire (a queue whose messages a test
//! may drop or replace) and the disk (a map that applies whole batches). [`Schedule`] is a list of things that happen
//! to such a network, [`run`] lets them happen and holds the nodes against a reference model.

mod asking;
mod dice;
mod disk;
mod families;
mod founding;
mod model;
mod oracle;
mod plan;
pub mod population;
pub mod quality;
mod region;
mod schedule;
mod simulation;

pub use asking::Asker;
pub use dice::Dice;
pub use disk::MemoryDisk;
pub use families::{PersonBuilder, family, person};
pub use founding::{Founding, START};
pub use model::{End, run};
pub use oracle::{fill_evaluated, oracle};
pub use plan::{BASES, CirclePlan, MemberPlan, Plan};
pub use region::{Region, Traffic};
pub use schedule::{
    Details, Event, MOST_MEMBERS, Moment, NoSchedule, PEOPLE, Pair, PutBack, Record, RosterChange, Schedule,
};
pub use simulation::{Fate, Message, NoTrick, Simulation, Trick};
