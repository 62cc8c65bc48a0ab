//! A whole network, judged by the reference model of `testkit`, under a schedule that the input spells.

use testkit::{Schedule, run};

use super::Check;

pub(crate) const CHECKS: &[(&str, Check)] = &[("seed", seed), ("text", text)];

/// Events in one schedule; more would only make it slow.
const MOST_EVENTS: usize = 12;

/// Members of a network; larger ones take many seconds. The schedules that `testkit` draws by itself have them.
const MOST_MEMBERS: usize = 6;

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let mut inputs: Vec<(&str, Vec<u8>)> = Vec::new();
    for seed in 0..4_u64 {
        inputs.push(("seed", [&seed.to_be_bytes(), [1, 3, 5, 7, 9, 11, 13].as_slice()].concat()));
    }
    inputs.push(("text", include_bytes!("../../../crates/testkit/tests/schedules/plain.txt").to_vec()));
    inputs
}

/// Eight bytes choose a random schedule; each further byte chooses which of its events comes next.
fn seed(bytes: &[u8]) -> bool {
    let Some((seed, choices)) = bytes.split_first_chunk::<8>() else { return false };
    let mut schedule = Schedule::random(u64::from_be_bytes(*seed));
    if schedule.members > MOST_MEMBERS {
        return false;
    }
    let all = schedule.events.clone();
    let choice = |byte: &u8| all.get(usize::from(*byte).checked_rem(all.len())?).cloned();
    schedule.events = choices.iter().take(MOST_EVENTS).filter_map(choice).collect();
    judged(&schedule);
    true
}

/// A schedule as it is written down: whatever is read is written as the same.
fn text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(schedule) = text.parse::<Schedule>() else { return false };
    assert_eq!(schedule.to_string().parse::<Schedule>().as_ref().ok(), Some(&schedule));
    true
}

fn judged(schedule: &Schedule) {
    if let Err(why) = run(schedule) {
        panic!("{why}\n{schedule}");
    }
}
