//! The `bench` command: what a node's work costs on this machine, each figure beside a baseline of the same run.
//!
//! Not a judgement of every detail: `cargo bench` does that for `crypto` and `index`. This is the short version that an
//! operator runs on the machine a node will live on. `--region` measures what a whole region's feeds take,
//! `--start` how long a node with a data folder full of feeds takes to start.

mod candidates;
mod figures;
mod matching;
mod measure;
mod memory;
mod oprf;
mod printing;
mod progress;
mod region;
mod report;
mod start;

use anyhow::{Result, ensure};

pub use self::region::{RegionOptions, run as run_region};
pub use self::start::{StartOptions, run as run_start};
use crate::exit::Exit;

/// Tags of one family.
const TAGS_PER_FAMILY: usize = 14;

/// Most elements in one run: each round takes a third of a millisecond an element.
const MAX_ELEMENTS: usize = 65_536;

/// Most own keys in one run: each takes about half a kilobyte.
const MAX_OWN_KEYS: usize = 1_000_000;

/// What the `bench` command was given.
#[derive(Debug, Clone, Copy)]
pub struct BenchOptions {
    /// Elements of oblivious evaluation, in as few batches as the protocol allows.
    pub elements: usize,
    /// Own linkage keys that are probed when a segment arrives.
    pub own_keys: usize,
    /// Whether to print one JSON object instead of a table.
    pub json: bool,
}

/// Measures and prints.
///
/// # Errors
/// Sizes out of bounds, or standard output that cannot be written.
pub fn run(options: BenchOptions) -> Result<Exit> {
    let BenchOptions { elements, own_keys, json } = options;
    ensure!((1..=MAX_ELEMENTS).contains(&elements), "--elements takes 1 to {MAX_ELEMENTS}");
    ensure!((1..=MAX_OWN_KEYS).contains(&own_keys), "--own-keys takes 1 to {MAX_OWN_KEYS}");
    printing::warn_of_unoptimised();
    let mut sections = oprf::measure(elements)?;
    sections.extend([matching::measure(own_keys)?, candidates::measure()?]);
    let report = report::Report::new(options, sections)?;
    printing::print(|out| if json { report.write_json(out) } else { report.write_table(out) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_out_of_bounds_are_refused_by_name() {
        let refusal = |elements, own_keys| {
            run(BenchOptions { elements, own_keys, json: true }).unwrap_err().to_string()
        };
        assert_eq!(refusal(0, 1), "--elements takes 1 to 65536");
        assert_eq!(refusal(65_537, 1), "--elements takes 1 to 65536");
        assert_eq!(refusal(1, 0), "--own-keys takes 1 to 1000000");
        assert_eq!(refusal(1, 1_000_001), "--own-keys takes 1 to 1000000");
    }
}
