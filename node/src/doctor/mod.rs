//! `samenhang doctor`: looks at everything that a node needs and says what to do where something is amiss.
//!
//! It changes nothing that a start would not change. With a running node it asks that node; without one it takes the
//! data folder's lock and looks for itself. What it cannot know it calls unknown, and that is no fault.

mod clock;
mod departed;
mod finding;
mod keys;
mod node;
mod permissions;
mod ports;
mod rosters;
mod space;
mod versions;

use std::path::Path;

pub use finding::{Finding, Verdict};

use crate::config::Config;
use finding::Findings;
use node::Node;

/// What is looked at: a configuration that could be read, and the node with it.
struct Patient<'a> {
    config: &'a Config,
    file: &'a Path,
    node: Node,
    /// The user who runs this command.
    uid: u32,
}

/// Looks at everything, in the order in which a start needs it.
pub async fn examine(file: &Path) -> Vec<Finding> {
    let mut findings = Findings::default();
    let config = match Config::read(file) {
        Ok(config) => config,
        Err(error) => {
            let error = anyhow::Error::from(error);
            findings.wrong("configuration", format!("{error:#}"), "mend the file; config/ has samples");
            return findings.0;
        }
    };
    findings.ok("configuration", format!("{} is right", file.display()));
    if departed::look(&config, &mut findings) {
        return findings.0;
    }
    let node = Node::find(&config).await;
    let patient = Patient { config: &config, file, node, uid: permissions::own_uid() };
    let own = permissions::look(&patient, &mut findings);
    node::look(&patient, &mut findings);
    // Before the database is opened: that is a write, and the last write is what the clock is held against.
    let clock_agrees = clock::look(&patient, &mut findings);
    if let Some(secret) = keys::look(&patient, own, &mut findings)
        && clock_agrees
    {
        keys::open(&patient, &secret, &mut findings);
    }
    rosters::look(&patient, &mut findings);
    ports::look(&patient, &mut findings);
    space::look(&patient, &mut findings);
    versions::look(&patient, &mut findings);
    findings.0
}
