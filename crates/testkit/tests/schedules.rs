//! Random schedules against the reference model, and the schedules that once found a mistake.
//!
//! A long run is `cargo run --release -p testkit --example schedules -- run 100000`; that example also replays and
//! shrinks one schedule from a file. Here `SCHEDULES` and `FIRST_SEED` change which seeds are run.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::fs;
use std::path::Path;
use std::thread;

use testkit::{Schedule, run};

/// Random schedules in an ordinary run of the tests.
const SCHEDULES: u64 = 150;

/// Threads that share them.
const THREADS: usize = 2;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whatever_happens_at_random_the_model_holds() {
    let first = number("FIRST_SEED", 0);
    let seeds = first..first + number("SCHEDULES", SCHEDULES);
    let failures: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|start| {
                let seeds = seeds.clone().skip(start).step_by(THREADS);
                scope.spawn(|| seeds.filter_map(failure).next())
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What does not hold in the schedule of a seed, and the shortest schedule in which it does not.
fn failure(seed: u64) -> Option<String> {
    let schedule = Schedule::random(seed);
    let why = run(&schedule).err()?;
    let shrunk = schedule.shrunk(|shorter| run(shorter).is_err());
    let now = run(&shrunk).unwrap_err();
    Some(format!("seed {seed}: {why}\nthe shortest schedule that fails ({now}):\n{shrunk}"))
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
