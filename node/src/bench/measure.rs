//! Timing: cases that are compared run in turn within each round, so that a busy moment slows all of them alike.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;

/// Rounds that count, at least: the median of three ignores one disturbance.
const MIN_ROUNDS: usize = 3;

/// Rounds that count, at most: more would not change the median.
const MAX_ROUNDS: usize = 31;

/// How long one group of cases may take once it has its least number of rounds.
const BUDGET: Duration = Duration::from_secs(4);

/// One thing to measure.
pub(super) struct Case<'a> {
    /// Its stable name.
    pub(super) name: Name,
    /// What one unit of it is.
    pub(super) unit: &'static str,
    /// How many units one run of `work` does.
    pub(super) units: usize,
    /// Does them.
    pub(super) work: Box<dyn FnMut() -> Result<()> + 'a>,
}

/// A name for programs and words for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// Stable, in JSON.
    pub(super) id: &'static str,
    /// In the table.
    pub(super) words: &'static str,
}

/// Cases of one run with their baseline.
#[derive(Debug)]
pub(super) struct Section {
    /// Heading.
    pub(super) title: String,
    /// The baseline and what is compared with it, in the order measured.
    pub(super) figures: Vec<Figure>,
}

/// What one case came to.
#[derive(Debug)]
pub(super) struct Figure {
    /// Which case.
    pub(super) name: Name,
    /// What one unit of it is.
    pub(super) unit: &'static str,
    /// Median time of one unit, in nanoseconds.
    pub(super) nanoseconds: f64,
    /// What it is compared with: the baseline's name and its median in nanoseconds for a unit of it.
    pub(super) baseline: (Name, f64),
    /// Rounds the median is taken of.
    pub(super) rounds: usize,
}

impl Figure {
    /// How often its baseline fits in it.
    pub(super) fn ratio(&self) -> f64 {
        self.nanoseconds / self.baseline.1
    }

    /// Units a second.
    pub(super) fn per_second(&self) -> f64 {
        1e9 / self.nanoseconds
    }

    /// Whether it is itself what others are compared with.
    pub(super) fn is_baseline(&self) -> bool {
        self.name == self.baseline.0
    }
}

/// Runs each case once to warm up and then in rounds. The first case is the baseline of all. Progress goes to
/// standard error.
pub(super) fn measure(title: String, mut cases: Vec<Case<'_>>) -> Result<Section> {
    let progress = Progress::new(&title);
    for case in &mut cases {
        (case.work)()?;
    }
    let mut times: Vec<Vec<Duration>> = cases.iter().map(|_| Vec::new()).collect();
    let mut spent = Duration::ZERO;
    let mut rounds = 0;
    while rounds < MIN_ROUNDS || (spent < BUDGET && rounds < MAX_ROUNDS) {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            let took = time(&mut case.work)?;
            times.push(took);
            spent += took;
        }
        rounds += 1;
        progress.round(rounds);
    }
    progress.finish();
    let medians: Vec<f64> =
        cases.iter().zip(times).map(|(case, times)| nanoseconds(median(times), case.units)).collect();
    let baseline = cases.first().map(|case| case.name).zip(medians.first().copied());
    let figures = cases.iter().zip(&medians).filter_map(|(case, median)| {
        let baseline = baseline?;
        Some(Figure { name: case.name, unit: case.unit, nanoseconds: *median, baseline, rounds })
    });
    Ok(Section { title, figures: figures.collect() })
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this is for")]
fn time(work: &mut dyn FnMut() -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed())
}

/// The middle one, of an even number the later of both.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn nanoseconds(time: Duration, units: usize) -> f64 {
    // A clock too coarse to see the work would otherwise divide by zero later.
    (time.as_secs_f64() * 1e9 / units as f64).max(f64::MIN_POSITIVE)
}

/// What is being measured: a spinner in a terminal, one line elsewhere.
struct Progress {
    spinner: Option<(ProgressBar, String)>,
}

impl Progress {
    fn new(title: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            say!("measuring: {title}");
            return Self { spinner: None };
        }
        let spinner = ProgressBar::new_spinner().with_message(format!("{title}: warming up"));
        spinner.enable_steady_tick(Duration::from_millis(120));
        Self { spinner: Some((spinner, title.to_owned())) }
    }

    fn round(&self, rounds: usize) {
        if let Some((spinner, title)) = &self.spinner {
            spinner.set_message(format!("{title}: round {rounds}"));
        }
    }

    fn finish(&self) {
        if let Some((spinner, _)) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn counted(counter: &Cell<usize>) -> Box<dyn FnMut() -> Result<()> + '_> {
        Box::new(|| {
            counter.set(counter.get() + 1);
            Ok(())
        })
    }

    #[test]
    fn the_median_ignores_one_disturbance() {
        let times = [9, 1, 2].map(Duration::from_millis).to_vec();
        assert_eq!(median(times), Duration::from_millis(2));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }

    #[test]
    fn every_case_warms_up_and_runs_in_every_round() {
        let (first, second) = (Cell::new(0), Cell::new(0));
        let case = |id, work| Case { name: Name { id, words: id }, unit: "run", units: 10, work };
        let cases = vec![case("first", counted(&first)), case("second", counted(&second))];
        let section = measure("a test".to_owned(), cases).unwrap();
        assert_eq!(first.get(), second.get());
        let rounds: Vec<usize> = section.figures.iter().map(|figure| figure.rounds).collect();
        assert_eq!(rounds, vec![first.get() - 1; 2]);
        let baselines: Vec<bool> = section.figures.iter().map(Figure::is_baseline).collect();
        assert_eq!(baselines, [true, false]);
        assert!(section.figures.iter().all(|figure| figure.ratio().is_finite() && figure.ratio() > 0.0));
    }

    #[test]
    fn a_failing_case_ends_the_measurement() {
        let case = Case {
            name: Name { id: "fails", words: "fails" },
            unit: "run",
            units: 1,
            work: Box::new(|| anyhow::bail!("broken")),
        };
        assert_eq!(measure("a test".to_owned(), vec![case]).unwrap_err().to_string(), "broken");
    }
}
