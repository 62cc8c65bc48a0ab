//! How long honest questions take while ten hostile members send as fast as they can, beside how long they take without,
//! in one run: `cargo bench -p samenhang --bench flood`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for measuring"
)]

#[allow(dead_code, reason = "each program uses a part")]
mod arena;

use std::time::Duration;

use arena::{Arena, Flood};
use tokio::time::Instant;

/// Questions of each kind in one round.
const QUESTIONS: usize = 300;

/// Pause between two: a professional does not ask as fast as a machine.
const PAUSE: Duration = Duration::from_millis(7);

/// Elements that the honest member has evaluated: the linkage keys of one family.
const FEW: usize = 14;

/// Until when every hostile member has spent what it may do at once.
const SPENT: Duration = Duration::from_secs(80);

/// What one kind of question took, ascending.
struct Times(Vec<Duration>);

impl Times {
    fn at(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent / 100).min(self.0.len() - 1);
        self.0[place].as_secs_f64() * 1e3
    }
}

async fn measure(arena: &mut Arena) -> [Times; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..QUESTIONS {
        let start = Instant::now();
        arena.who().await;
        times[0].push(start.elapsed());
        tokio::time::sleep(PAUSE).await;
        let start = Instant::now();
        arena.evaluate(FEW).await;
        times[1].push(start.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    times.map(|mut times| {
        times.sort();
        Times(times)
    })
}

fn show(what: &str, quiet: &[Times; 2], times: &[Times; 2]) {
    for (question, quiet, times) in [("who", &quiet[0], &times[0]), ("evaluate 14", &quiet[1], &times[1])] {
        let column =
            |percent| format!("{:.2} ms ({:.1}x)", times.at(percent), times.at(percent) / quiet.at(percent));
        println!("| {what} | {question} | {} | {} | {} |", column(50), column(90), column(99));
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// The calling thread gives way to every other one.
fn nice() {
    let this_thread = None;
    rustix::process::setpriority_process(this_thread, 19).unwrap();
}

async fn run() {
    let mut arena = Arena::open().await;
    println!("| flood of ten hostile members | question | p50 | p90 | p99 |\n|---|---|---|---|---|");
    let quiet = measure(&mut arena).await;
    show("none", &quiet, &quiet);
    let floods = [
        (Flood::Feeds, "feeds"),
        (Flood::Heads, "heads"),
        (Flood::Ceremonies, "parts of ceremonies"),
        (Flood::Rosters, "rosters"),
        (Flood::Evaluations, "evaluations"),
        (Flood::Everything, "everything"),
    ];
    let only: Option<String> = std::env::args().skip(1).find(|given| !given.starts_with('-'));
    for (flood, name) in floods {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let attack = arena.attack(flood, nice).await;
        let again = measure(&mut arena).await;
        show(&format!("{name}, at once"), &quiet, &again);
        if matches!(flood, Flood::Evaluations | Flood::Everything) {
            tokio::time::sleep(SPENT).await;
            let again = measure(&mut arena).await;
            show(&format!("{name}, a minute and a half later"), &quiet, &again);
        }
        let sent = attack.sent();
        attack.stop();
        println!("{name}: {sent} sent; {:?}; resident {} MiB", arena.most_load(), resident_mib());
        let again = measure(&mut arena).await;
        show("none", &quiet, &again);
    }
    println!("{:?}", arena.counters());
    arena.close().await;
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}
