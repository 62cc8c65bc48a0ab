//! Random schedules against the reference model, and the schedules that once found a mistake.
//!
//! `SCHEDULES=100000 cargo test --release -p testkit --test schedules random -- --nocapture` makes a long run;
//! `FIRST_SEED` says where it begins, and `SCHEDULE=file` runs one written down before.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::fs;
use std::path::Path;

use testkit::{Schedule, run};

/// Random schedules in an ordinary run of the tests.
const SCHEDULES: u64 = 150;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whatever_happens_at_random_the_model_holds() {
    if let Ok(path) = std::env::var("SCHEDULE") {
        let schedule: Schedule = fs::read_to_string(path).unwrap().parse().unwrap();
        run(&schedule).unwrap();
        return;
    }
    let first = number("FIRST_SEED", 0);
    for seed in first..first + number("SCHEDULES", SCHEDULES) {
        let schedule = Schedule::random(seed);
        if let Err(why) = run(&schedule) {
            let shrunk = schedule.shrunk(|shorter| run(shorter).is_err());
            let now = run(&shrunk).unwrap_err();
            panic!("seed {seed}: {why}\nthe shortest schedule that fails ({now}):\n{shrunk}");
        }
    }
}

#[test]
fn schedules_that_once_failed_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedules");
    let mut held = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let schedule: Schedule = fs::read_to_string(&path).unwrap().parse().unwrap();
        assert!(!schedule.events.is_empty(), "{}", path.display());
        run(&schedule).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        held += 1;
    }
    assert!(held > 0, "the folder with schedules is empty");
}
