//! Commits of all sorts, closing and opening in between.

use std::collections::BTreeSet;

use super::{Scenario, life};
use crate::fault::testing::Mode;

const LIFE: Scenario<'static> =
    Scenario { prepare: &|_| 0, run: &life::run, check: &life::check, finish: &life::finish };

#[test]
fn every_step_fails_without_being_done() {
    let failed = LIFE.fail_each(Mode::NotDone);
    // All there are, by name: a step that is new belongs here, one that is gone was taken out of the matrix.
    let kinds: BTreeSet<&str> = failed.iter().copied().collect();
    let known = [
        "apply a batch",
        "create",
        "flush",
        "list",
        "lock",
        "make a folder",
        "narrow a folder",
        "open its files",
        "open the lock",
        "open the log",
        "open the mark",
        "open to overwrite",
        "open to read",
        "overwrite",
        "read",
        "remove",
        "rename",
        "sync",
        "sync a folder",
        "sync data",
        "write",
    ];
    assert_eq!(kinds, BTreeSet::from(known));
    let table = include_str!("../../../../docs/crashes.md");
    for kind in kinds {
        assert!(table.contains(&format!("\n| `{kind}` | ")), "docs/crashes.md has no row for {kind}");
    }
    assert!(failed.len() > 250, "{}", failed.len());
}

#[test]
fn every_step_fails_after_being_done() {
    let failed = LIFE.fail_each(Mode::Done).len();
    assert!(failed > 120, "{failed}");
}

#[test]
fn every_write_fails_half_way_as_on_a_full_disk() {
    let failed = LIFE.fail_each(Mode::Torn).len();
    assert!(failed > 15, "{failed}");
}
