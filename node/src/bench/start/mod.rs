//! How long a node takes from the start of its process until it is ready, and how much memory: with the feeds of a
//! national network in its data folder, and with next to nothing in it.
//!
//! The folder is one as a node leaves it: the state machine of a node took in every header and body, and its Steps were
//! committed to a sealed store. What is started is this program, `samenhang run`, from nothing to the `READY=1` that a
//! service manager waits for. What is not here: dialling a thousand members, whose addresses the roster leaves out.

mod feeds;
mod filling;
mod folder;
mod network;
mod process;
mod report;
mod stages;

use anyhow::{Context as _, Result, ensure};

use self::folder::Folder;
use self::process::Started;
use super::printing;
use super::progress::Progress;
use crate::exit::Exit;

/// Fewest organisations in one run: three of them hold the keys.
const LEAST_ORGANISATIONS: usize = super::oprf::KEYHOLDERS as usize;

/// Most organisations in one run: with the own, as many as a roster may name.
const MAX_ORGANISATIONS: usize = 9_999;

/// Most tags in one run: about a hundred bytes each while a folder is made.
const MAX_TAGS: usize = 50_000_000;

/// Most segments in one run: each is a header and a body of a record each.
const MAX_SEGMENTS: usize = 5_000_000;

/// Starts of each folder; the figures are those in the middle.
const ROUNDS: usize = 3;

/// What `bench --start` was given.
#[derive(Debug, Clone, Copy)]
pub struct StartOptions {
    /// Organisations whose feeds the node follows.
    pub organisations: usize,
    /// Families of each.
    pub families: usize,
    /// Segments that each published since its families were.
    pub segments: usize,
    /// Own families, of which every key is evaluated.
    pub own_families: usize,
    /// Whether to print one JSON object instead of a table.
    pub json: bool,
}

/// Measures and prints.
///
/// # Errors
/// Sizes out of bounds, a folder that cannot be made, a node that does not start, or standard output that cannot be
/// written.
pub async fn run(options: StartOptions) -> Result<Exit> {
    let StartOptions { organisations, families, segments, own_families, json } = options;
    ensure!(
        (LEAST_ORGANISATIONS..=MAX_ORGANISATIONS).contains(&organisations),
        "--organisations takes {LEAST_ORGANISATIONS} to {MAX_ORGANISATIONS}"
    );
    let tags = organisations.checked_mul(families).and_then(|all| all.checked_mul(super::TAGS_PER_FAMILY));
    ensure!(
        tags.is_some_and(|tags| (1..=MAX_TAGS).contains(&tags)),
        "--organisations × --families × {} tags make 1 to {MAX_TAGS}",
        super::TAGS_PER_FAMILY
    );
    ensure!(
        organisations.checked_mul(segments).is_some_and(|all| all <= MAX_SEGMENTS),
        "--organisations × --segments make at most {MAX_SEGMENTS}"
    );
    ensure!((1..=100_000).contains(&own_families), "--own-families takes 1 to 100000");
    printing::warn_of_unoptimised();
    let program = std::env::current_exe().context("the program does not know where it lies")?;
    let empty = Folder::joined(organisations)?;
    let mut filled = Folder::joined(organisations)?;
    let content = filling::fill(&mut filled, options)?;
    let mut starts = (Vec::new(), Vec::new());
    let progress = Progress::new("starts", 2 * ROUNDS);
    for round in 0..ROUNDS {
        progress.at(2 * round);
        starts.0.push(process::start(&program, &empty).await?);
        progress.at(2 * round + 1);
        starts.1.push(process::start(&program, &filled).await?);
    }
    drop(progress);
    let stages = stages::measure(&filled)?;
    let (empty, filled) = (Started::middle(starts.0), Started::middle(starts.1));
    let (empty, filled) = empty.zip(filled).context("nothing was started")?;
    let report = report::Report { options, content, empty, filled, stages };
    report.check()?;
    printing::print(|out| if json { report.write_json(out) } else { report.write_table(out) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::matching::FAMILY_KEYS;

    fn options() -> StartOptions {
        StartOptions { organisations: 4, families: 30, segments: 3, own_families: 7, json: true }
    }

    #[tokio::test]
    async fn sizes_out_of_bounds_are_refused_by_name() {
        let refused = [
            (StartOptions { organisations: 2, ..options() }, "--organisations takes 3 to 9999"),
            (StartOptions { families: 0, ..options() }, "--organisations × --families × 14 tags"),
            (StartOptions { segments: 2_000_000, ..options() }, "--organisations × --segments"),
            (StartOptions { own_families: 0, ..options() }, "--own-families takes 1 to 100000"),
        ];
        for (options, why) in refused {
            let error = run(options).await.unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        }
    }

    #[test]
    fn a_filled_folder_holds_every_feed_every_key_and_every_match() {
        let mut folder = Folder::joined(4).unwrap();
        let content = filling::fill(&mut folder, options()).unwrap();
        assert_eq!(content.segments, 4 * (1 + 3));
        // Padding adds dummies to what the families have.
        assert!(content.tags >= 4 * 30 * super::super::TAGS_PER_FAMILY, "{content:?}");
        let stages = stages::measure(&folder).unwrap();
        // Each publisher knows five of the seven own families.
        assert_eq!(stages.involvements, 4 * feeds::SHARED_FAMILIES);
        assert_eq!(stages.keys_waiting, 0);
        assert_eq!(stages.own_tags, 7 * FAMILY_KEYS);
        // Nothing is left to be done at the next start: what is kept are three entries of the log, of the start, of the
        // roster in force and of the question, three records each, and its head.
        assert_eq!(stages.left_to_keep, 10, "{stages:?}");
    }
}
