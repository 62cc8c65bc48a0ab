//! How long honest questions take while ten hostile members send as fast as they can: `cargo bench -p samenhang --bench
//! flood`.
//!
//! Attackers and everybody else share the cores of one machine, so a part of what a flood costs is their competition for
//! the processor, which no node can do anything about. A control says how much: the same ten members send the same as
//! fast to a node of another network, in threads of its own, while the questions go to a node that nobody attacks. What
//! the flood costs the attacked node beyond that is the ratio of the two. Both are measured in turn, so that a busy
//! moment of the machine falls on both.
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
use tokio::runtime::Handle;
use tokio::time::Instant;

/// Questions of each kind in one round.
const QUESTIONS: usize = 250;

/// Rounds of the control and of the flood, in turn.
const ROUNDS: usize = 2;

/// Pause between two: a professional does not ask as fast as a machine.
const PAUSE: Duration = Duration::from_millis(7);

/// Elements that the honest member has evaluated: the linkage keys of one family.
const FEW: usize = 16;

/// Until when every hostile member has spent what it may do at once.
const SPENT: Duration = Duration::from_secs(80);

/// What questions of both kinds took.
#[derive(Default)]
struct Times([Vec<Duration>; 2]);

impl Times {
    /// Asks one round of questions.
    async fn take(&mut self, arena: &mut Arena) {
        for _ in 0..QUESTIONS {
            let start = Instant::now();
            arena.who().await;
            self.0[0].push(start.elapsed());
            tokio::time::sleep(PAUSE).await;
            let start = Instant::now();
            arena.evaluate(FEW).await;
            self.0[1].push(start.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Milliseconds within which so many in a hundred of one kind were answered.
    fn at(&self, kind: usize, percent: usize) -> f64 {
        let mut times = self.0[kind].clone();
        times.sort();
        let place = (times.len() * percent / 100).min(times.len() - 1);
        times[place].as_secs_f64() * 1e3
    }
}

/// A line for each kind of question: without a flood, in the control, and in the flood with its ratio to the control.
fn show(what: &str, quiet: &Times, control: &Times, flood: &Times) {
    for (kind, question) in ["who", "evaluate 14"].into_iter().enumerate() {
        let plain = |times: &Times| {
            let column = |percent| format!("{:.2}", times.at(kind, percent));
            format!("{} / {} / {}", column(50), column(90), column(99))
        };
        let ratio = |percent| format!("{:.1}", flood.at(kind, percent) / control.at(kind, percent));
        println!(
            "| {what} | {question} | {} | {} | {} | {} / {} / {} |",
            plain(quiet),
            plain(control),
            plain(flood),
            ratio(50),
            ratio(90),
            ratio(99)
        );
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

/// Lets ten hostile members attack one of two networks for a round of questions to the first, and returns how much they
/// sent in a second.
async fn attacked(asked: &mut Arena, attacked: Option<&Arena>, flood: Flood, times: &mut Times) -> f64 {
    let attack = attacked.unwrap_or(asked).attack(flood, nice).await;
    let (before, start) = (attack.sent(), Instant::now());
    times.take(asked).await;
    let sent = (attack.sent() - before) as f64 / start.elapsed().as_secs_f64();
    attack.stop();
    sent
}

async fn run(elsewhere: Handle) {
    println!("milliseconds within which 50 / 90 / 99 in a hundred questions were answered");
    println!("| flood of ten hostile members | question | none | control | flood | flood : control |");
    println!("|---|---|---|---|---|---|");
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
        // Others for each flood: the honest member has spent no part of what a node evaluates for it.
        let mut arena = Arena::open().await;
        // Its nodes run in threads of their own: what it shares with the node that is asked are the cores.
        let other = elsewhere.spawn(Arena::open()).await.unwrap();
        let (mut quiet, mut control, mut flooded) = (Times::default(), Times::default(), Times::default());
        let (mut sent_control, mut sent_flood) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            quiet.take(&mut arena).await;
            sent_control += attacked(&mut arena, Some(&other), flood, &mut control).await / ROUNDS as f64;
            sent_flood += attacked(&mut arena, None, flood, &mut flooded).await / ROUNDS as f64;
        }
        show(&format!("{name}, at once"), &quiet, &control, &flooded);
        println!(
            "{name}: {sent_control:.0} sent a second in the control, {sent_flood:.0} in the flood; {:?}; resident {} MiB",
            arena.most_load(),
            resident_mib()
        );
        if matches!(flood, Flood::Evaluations | Flood::Everything) {
            let (mut control, mut flooded) = (Times::default(), Times::default());
            for (attacked, times) in [(Some(&other), &mut control), (None, &mut flooded)] {
                let attack = attacked.unwrap_or(&arena).attack(flood, nice).await;
                tokio::time::sleep(SPENT).await;
                for _ in 0..ROUNDS {
                    times.take(&mut arena).await;
                }
                attack.stop();
            }
            show(&format!("{name}, a minute and a half later"), &quiet, &control, &flooded);
        }
        println!("{:?}", arena.counters());
        arena.close().await;
        other.close().await;
    }
}

fn main() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let elsewhere = runtime();
    runtime().block_on(run(elsewhere.handle().clone()));
    elsewhere.shutdown_background();
}
