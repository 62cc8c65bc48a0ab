//! The demonstration: a network of real nodes in one process, from one CSV file per organisation.
//!
//! Nothing is simulated: each organisation has its own data folder, keys, libp2p node on the loopback interface and
//! event loop; the keyholders hold a real key ceremony; nodes find each other's families through published tags.

mod found;
mod json;
mod netwerk;
mod plan;
mod progress;
mod report;
mod run;

pub use found::DemoNetwork;
#[doc(hidden)]
pub use netwerk::plan as parse_plan;
pub use plan::{DemoCircle, DemoOrganisation, DemoPlan, PlanError, read_plan};
pub use run::{DemoOptions, run};
