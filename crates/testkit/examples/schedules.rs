//! Runs many random schedules against the reference model, on several threads; replays and shrinks one from a file.
//!
//! ```text
//! cargo run --release -p testkit --example schedules -- run 100000 --first 0 --threads 2 --failures target/schedules
//! cargo run --release -p testkit --example schedules -- replay target/schedules/seed-17.txt
//! cargo run --release -p testkit --example schedules -- shrink target/schedules/seed-17.txt
//! ```
//!
//! Progress and results go to standard error, a shrunk schedule to standard output. Every schedule that fails is written
//! to the folder, as it is and shrunk. Exit status 1: something failed; 2: the command is not understood.
#![expect(clippy::print_stdout, reason = "a shrunk schedule is data")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use testkit::{End, Schedule, run};

/// Seconds between two lines of progress.
const PROGRESS_SECONDS: u64 = 10;

/// Failures after which a run stops: they will have few causes.
const MOST_FAILURES: u64 = 8;

const USAGE: &str = "usage: schedules run COUNT [--first SEED] [--threads N] [--failures FOLDER] | replay FILE | \
                     shrink FILE";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // What panics is caught, shrunk and told as a failure.
    panic::set_hook(Box::new(|_| {}));
    match words.as_slice() {
        ["run", count, options @ ..] => {
            read_options(count, options).map_or_else(misunderstood, |long| long.run())
        }
        ["replay", file] => read_schedule(file).map_or_else(misunderstood, |schedule| replay(&schedule)),
        ["shrink", file] => read_schedule(file).map_or_else(misunderstood, |schedule| shrink(&schedule)),
        _ => misunderstood(),
    }
}

fn misunderstood() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}

fn read_schedule(file: &str) -> Option<Schedule> {
    let text = fs::read_to_string(file).map_err(|error| eprintln!("{file}: {error}")).ok()?;
    text.parse().map_err(|error| eprintln!("{file}: {error}")).ok()
}

fn replay(schedule: &Schedule) -> ExitCode {
    match run(schedule) {
        Ok(end) => {
            eprintln!("everything holds; {}", how(end));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

const fn how(end: End) -> &'static str {
    match end {
        End::CameRight => "it came right",
        End::LackedKeys => "it had no keys because keyholders were hostile",
    }
}

fn shrink(schedule: &Schedule) -> ExitCode {
    if run(schedule).is_ok() {
        eprintln!("everything holds");
        return ExitCode::SUCCESS;
    }
    let (text, why) = shrunk(schedule);
    eprintln!("{why}");
    print!("{text}");
    ExitCode::FAILURE
}

/// The shortest schedule that still fails, with why as a comment; and why.
fn shrunk(schedule: &Schedule) -> (String, String) {
    let shrunk = schedule.shrunk(|shorter| run(shorter).is_err());
    let why = run(&shrunk).err().unwrap_or_default();
    (format!("# {}\n{shrunk}", why.replace('\n', " ")), why)
}

fn read_options(count: &str, options: &[&str]) -> Option<LongRun> {
    let mut long = LongRun {
        first: 0,
        count: count.parse().ok()?,
        threads: thread::available_parallelism().map_or(1, usize::from),
        failures: PathBuf::from("target/schedules"),
        next: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        came_right: AtomicU64::new(0),
        lacked_keys: AtomicU64::new(0),
    };
    let (pairs, []) = options.as_chunks::<2>() else { return None };
    for [name, value] in pairs {
        match *name {
            "--first" => long.first = value.parse().ok()?,
            "--threads" => long.threads = value.parse().ok().filter(|threads| *threads > 0)?,
            "--failures" => long.failures = PathBuf::from(value),
            _ => return None,
        }
    }
    Some(long)
}

/// Schedules of consecutive seeds.
struct LongRun {
    first: u64,
    count: u64,
    threads: usize,
    failures: PathBuf,
    /// Schedules begun and failed.
    next: AtomicU64,
    failed: AtomicU64,
    /// How those that did not fail ended.
    came_right: AtomicU64,
    lacked_keys: AtomicU64,
}

impl LongRun {
    fn run(&self) -> ExitCode {
        #[expect(clippy::disallowed_methods, reason = "throughput is measured by the clock")]
        let began = Instant::now();
        eprintln!(
            "{} schedules from seed {} on {} threads; what fails is written to {}",
            self.count,
            self.first,
            self.threads,
            self.failures.display()
        );
        let done = thread::scope(|scope| {
            let (tell, told) = mpsc::channel::<()>();
            for _ in 0..self.threads {
                let tell = tell.clone();
                scope.spawn(move || self.work(&tell));
            }
            drop(tell);
            self.watch(&told, began)
        });
        let failed = self.failed.load(Ordering::Relaxed);
        let seconds = began.elapsed().as_secs_f64();
        eprintln!(
            "{done} schedules in {seconds:.0} s ({:.1} a second): {}",
            done as f64 / seconds.max(0.001),
            self.ends()
        );
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// How the schedules ended so far.
    fn ends(&self) -> String {
        let [right, without, failed] =
            [&self.came_right, &self.lacked_keys, &self.failed].map(|count| count.load(Ordering::Relaxed));
        format!("{right} came right, {without} had no keys because keyholders were hostile, {failed} failed")
    }

    /// Tells the progress until every thread has ended. Returns how many schedules were run.
    fn watch(&self, told: &mpsc::Receiver<()>, began: Instant) -> u64 {
        let (mut done, mut next_line) = (0_u64, PROGRESS_SECONDS);
        loop {
            match told.recv_timeout(Duration::from_secs(1)) {
                Ok(()) => done += 1,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return done,
            }
            let elapsed = began.elapsed();
            if elapsed.as_secs() >= next_line {
                next_line = elapsed.as_secs() + PROGRESS_SECONDS;
                let rate = done as f64 / elapsed.as_secs_f64();
                let left = self.count.saturating_sub(done) as f64 / rate.max(0.001) / 60.0;
                eprintln!(
                    "{done} of {} schedules, {rate:.1} a second, {left:.0} minutes left: {}",
                    self.count,
                    self.ends()
                );
            }
        }
    }

    fn work(&self, tell: &mpsc::Sender<()>) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.count || self.failed.load(Ordering::Relaxed) >= MOST_FAILURES {
                return;
            }
            let seed = self.first + number;
            let schedule = Schedule::random(seed);
            match run(&schedule) {
                Ok(End::CameRight) => drop(self.came_right.fetch_add(1, Ordering::Relaxed)),
                Ok(End::LackedKeys) => drop(self.lacked_keys.fetch_add(1, Ordering::Relaxed)),
                Err(why) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    self.keep(seed, &schedule, &why);
                }
            }
            // Nobody listens only when the run is over.
            let _told = tell.send(());
        }
    }

    fn keep(&self, seed: u64, schedule: &Schedule, why: &str) {
        eprintln!("seed {seed} fails: {why}");
        let whole = self.failures.join(format!("seed-{seed}.txt"));
        let short = self.failures.join(format!("seed-{seed}-short.txt"));
        write(&whole, &format!("# {}\n{schedule}", why.replace('\n', " ")));
        let (text, why) = shrunk(schedule);
        write(&short, &text);
        eprintln!(
            "seed {seed}, shrunk ({why}):\n{text}replay: cargo run --release -p testkit --example schedules -- replay {}",
            short.display()
        );
    }
}

fn write(path: &Path, text: &str) {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    if let Err(error) = written {
        eprintln!("{}: {error}", path.display());
    }
}
