//! One epoch of a whole region, as one node holds it: every organisation's feed taken in, matched, and kept in memory.
//!
//! The feeds are signed and encoded as on the wire and taken in by the replicas of a node. What is not here: the
//! network, the disk, and the bodies that a node keeps to serve others.

mod feeds;
mod intake;
mod report;

use anyhow::{Result, ensure};

use super::{TAGS_PER_FAMILY, printing};
use crate::exit::Exit;

/// Families of each organisation on national scale: 1,000 organisations of this size publish 7 million tags.
const NATIONAL_FAMILIES: usize = 500;

/// Most organisations in one run.
const MAX_ORGANISATIONS: usize = 10_000;

/// Most tags in one run: sixteen bytes each.
const MAX_TAGS: usize = 500_000_000;

/// What `bench --region` was given.
#[derive(Debug, Clone, Copy)]
pub struct RegionOptions {
    /// Organisations that publish.
    pub organisations: usize,
    /// Families of each.
    pub families: usize,
    /// Own families, with which everything that arrives is matched.
    pub own_families: usize,
    /// Whether to print one JSON object instead of a table.
    pub json: bool,
}

impl RegionOptions {
    fn tags(&self) -> Option<usize> {
        self.organisations.checked_mul(self.families)?.checked_mul(TAGS_PER_FAMILY)
    }
}

/// Measures and prints.
///
/// # Errors
/// Sizes out of bounds, or standard output that cannot be written.
pub fn run(options: RegionOptions) -> Result<Exit> {
    let RegionOptions { organisations, own_families, json, .. } = options;
    ensure!(
        (1..=MAX_ORGANISATIONS).contains(&organisations),
        "--organisations takes 1 to {MAX_ORGANISATIONS}"
    );
    ensure!(
        options.tags().is_some_and(|tags| (1..=MAX_TAGS).contains(&tags)),
        "--organisations × --families × {TAGS_PER_FAMILY} tags make 1 to {MAX_TAGS}"
    );
    ensure!((1..=100_000).contains(&own_families), "--own-families takes 1 to 100000");
    printing::warn_of_unoptimised();
    // Small before large: what the large one leaves to the allocator would hide what the small one takes.
    let national = (options.families > NATIONAL_FAMILIES)
        .then(|| {
            intake::take_in(RegionOptions { families: NATIONAL_FAMILIES, ..options }, "national scale", false)
        })
        .transpose()?;
    let whole = intake::take_in(options, "the region", true)?;
    let report = report::Report { options, national, whole };
    printing::print(|out| if json { report.write_json(out) } else { report.write_table(out) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::matching::FAMILY_KEYS;

    fn options(organisations: usize, families: usize) -> RegionOptions {
        RegionOptions { organisations, families, own_families: 20, json: true }
    }

    #[test]
    fn sizes_out_of_bounds_are_refused_by_name() {
        let refusal = |options| run(options).unwrap_err().to_string();
        assert_eq!(refusal(options(0, 1)), "--organisations takes 1 to 10000");
        assert!(refusal(options(1, 0)).starts_with("--organisations × --families"));
        assert!(refusal(options(10_000, 1_000_000)).starts_with("--organisations × --families"));
        let own = RegionOptions { own_families: 0, ..options(1, 1) };
        assert_eq!(refusal(own), "--own-families takes 1 to 100000");
    }

    #[test]
    fn a_small_region_is_taken_in_whole_and_matched() {
        let whole = intake::take_in(options(3, 600), "a small region", true).unwrap();
        assert_eq!(whole.tags, 3 * 600 * TAGS_PER_FAMILY);
        assert_eq!(whole.segments, 3 * 3);
        assert_eq!(whole.counted_bytes, 16 * whole.tags as u64);
        assert!(whole.wire_bytes_per_tag() > 16.0 && whole.wire_bytes_per_tag() < 17.0, "{whole:?}");
        let matching = whole.matching.unwrap();
        assert_eq!(matching.hits, 3 * feeds::SHARED_FAMILIES * FAMILY_KEYS);
        assert_eq!(matching.own_keys, 20 * FAMILY_KEYS);
    }
}
