//! What is fuzzed: every decoder, and the state machines under arbitrary orders of events.
//!
//! A [`Target`] is a group of checks. The first byte of an input chooses the check, what follows goes to it. A check
//! says whether it took its input, and panics when something that must hold of an input does not: what was read is
//! written as the same bytes, what is not signed is not believed, everything is bounded. The programs under
//! `targets/` let libFuzzer look for inputs; `tests/fuzz.rs` tries those in `corpus/` at every run of the tests.
//!
//! New checks are appended to their list, because the place in it is in the first byte of every input.

mod conversations;
mod disk;
mod documents;
mod feeds;
mod files;
mod following;
mod frames;
mod logs;
mod machine;
mod pieces;
mod recorded;
mod rosters;
mod schedule;
mod socket;
mod text;

use recorded::recorded;

/// Takes bytes or refuses them; panics when something does not hold that must.
pub type Check = fn(&[u8]) -> bool;

/// A named group of checks.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, that of its program and of its folder in `corpus/`.
    pub name: &'static str,
    /// Its checks by name, in the order of the bytes that choose them.
    pub checks: &'static [(&'static str, Check)],
    /// Makes good inputs, each with the name of its check.
    pub good: fn() -> Vec<(&'static str, Vec<u8>)>,
}

/// Every target.
pub const TARGETS: [Target; 13] = [
    Target { name: "conversations", checks: conversations::CHECKS, good: conversations::good },
    Target { name: "disk", checks: disk::CHECKS, good: disk::good },
    Target { name: "documents", checks: documents::CHECKS, good: documents::good },
    Target { name: "feeds", checks: feeds::CHECKS, good: feeds::good },
    Target { name: "files", checks: files::CHECKS, good: files::good },
    Target { name: "following", checks: following::CHECKS, good: following::good },
    Target { name: "frames", checks: frames::CHECKS, good: frames::good },
    Target { name: "logs", checks: logs::CHECKS, good: logs::good },
    Target { name: "machine", checks: machine::CHECKS, good: machine::good },
    Target { name: "rosters", checks: rosters::CHECKS, good: rosters::good },
    Target { name: "schedule", checks: schedule::CHECKS, good: schedule::good },
    Target { name: "socket", checks: socket::CHECKS, good: socket::good },
    Target { name: "text", checks: text::CHECKS, good: text::good },
];

impl Target {
    /// The target of a name.
    ///
    /// # Panics
    /// When there is none.
    pub fn named(name: &str) -> Self {
        let found = TARGETS.into_iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("no target is called {name}"))
    }

    /// Runs the check that the first byte chooses: its name, and whether it took the rest. `None` without a byte.
    pub fn run(&self, input: &[u8]) -> Option<(&'static str, bool)> {
        let (choice, bytes) = input.split_first()?;
        let (name, check) = self.checks[usize::from(*choice) % self.checks.len()];
        Some((name, check(bytes)))
    }

    /// The input that has a check see these bytes.
    ///
    /// # Panics
    /// When the target has no such check.
    pub fn input(&self, check: &str, bytes: &[u8]) -> Vec<u8> {
        let place = self.checks.iter().position(|(name, _)| *name == check);
        let place = place.unwrap_or_else(|| panic!("{} has no check {check}", self.name));
        [&[u8::try_from(place).expect("a target has a few checks")], bytes].concat()
    }
}
