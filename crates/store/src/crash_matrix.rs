//! Every step in which the store touches the disk fails once, in every way: not done, done by half, done and yet
//! reported as failed. What is left then is looked at as the process that goes on finds it, as a kill leaves it, and as
//! a loss of power leaves it: it opens, every acknowledged commit is there, the one under way is there as a whole or not
//! at all, and everything goes on from there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

#[path = "../tests/life/mod.rs"]
mod life;
mod moves;
mod steps;

use std::{cell::Cell, path::Path};

use crate::{
    StorageSecret, Store, StoreError,
    fault::testing::{Durable, Mode, folder, watched},
};

/// Steps that change nothing: for these, failing after they were done tells nothing new.
const READING: [&str; 4] = ["open to read", "read", "list", "lock"];

/// Does it all, and counts what was acknowledged.
type Run = dyn Fn(&Path, &Cell<usize>) -> Result<(), StoreError>;

/// Something that is done to a data folder, `data` in the folder that every function gets.
struct Scenario<'a> {
    /// What was there before, durable; returns how much was acknowledged.
    prepare: &'a dyn Fn(&Path) -> usize,
    /// Does it all, and counts what was acknowledged.
    run: &'a Run,
    /// Opens what a crash left, after so much was acknowledged, checks it, and returns what is acknowledged by showing it.
    check: &'a dyn Fn(&Path, usize) -> usize,
    /// Goes on from there to the end, and checks that.
    finish: &'a dyn Fn(&Path, usize),
}

impl Scenario<'_> {
    /// Fails each step in one way. Returns the names of the steps that failed.
    fn fail_each(&self, mode: Mode) -> Vec<&'static str> {
        let steps = self.steps();
        let mut failed = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let of_no_use = match mode {
                // One listing after the other: of many alike some will do.
                Mode::NotDone => at % 8 != 0 && at > 400 && *step == "read",
                Mode::Torn => *step != "write",
                Mode::Done => READING.contains(step),
            };
            if !of_no_use && self.fail(at, step, mode) {
                failed.push(*step);
            }
        }
        assert!(!failed.is_empty());
        failed
    }

    /// The steps when nothing fails.
    fn steps(&self) -> Vec<&'static str> {
        let folder = folder();
        let reached = Cell::new((self.prepare)(folder.path()));
        let durable = Durable::all(folder.path());
        let seen = watched(durable, None, || (self.run)(folder.path(), &reached));
        seen.result.unwrap();
        (self.finish)(folder.path(), reached.get());
        seen.steps
    }

    /// Whether the step could fail: one that finds nothing to open is over before.
    fn fail(&self, at: usize, step: &str, mode: Mode) -> bool {
        let folder = folder();
        let reached = Cell::new((self.prepare)(folder.path()));
        let durable = Durable::all(folder.path());
        let seen = watched(durable, Some((at, mode)), || (self.run)(folder.path(), &reached));
        let reached = reached.get();
        let Some(crash) = seen.crash else {
            seen.result.unwrap();
            return false;
        };
        let case = format!("step {at}, {step}, {mode:?}, after {reached} were acknowledged");
        let _told = Told(&case);
        assert_eq!(crash.what, step, "{case}");
        let error = seen.result.expect_err(&case);
        assert!(matches!(error, StoreError::Io { .. } | StoreError::Engine { .. }), "{case}: {error}");

        let go_on = |folder: &Path| (self.finish)(folder, (self.check)(folder, reached));
        go_on(folder.path());
        go_on(crash.unpowered.path());
        // A kill, and a loss of power after the start that follows: what that start showed stays.
        let seen = watched(crash.durable, None, || (self.check)(crash.killed.path(), reached));
        let shown = seen.result;
        let unpowered = seen.durable.materialised();
        assert!((self.check)(unpowered.path(), shown) >= shown, "{case}");
        (self.finish)(unpowered.path(), shown);
        (self.finish)(crash.killed.path(), shown);
        true
    }
}

/// Tells which case it was when an assertion deeper down fails.
struct Told<'a>(&'a str);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut seen = std::io::stderr();
            let _heard = std::io::Write::write_all(&mut seen, format!("in {}\n", self.0).as_bytes());
        }
    }
}
