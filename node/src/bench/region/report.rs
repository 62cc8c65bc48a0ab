//! The figures of a region, each beside its aim.

use std::io::{self, Write};

use serde::Serialize;

use super::RegionOptions;
use super::intake::Intake;
use crate::bench::TAGS_PER_FAMILY;
use crate::bench::figures::{Figure, write_figures};
use crate::bench::report::grouped;

/// Everything measured.
pub(super) struct Report {
    pub(super) options: RegionOptions,
    /// Left out when the region is no larger.
    pub(super) national: Option<Intake>,
    pub(super) whole: Intake,
}

#[derive(Serialize)]
struct JsonReport {
    version: &'static str,
    optimised: bool,
    organisations: usize,
    families: usize,
    own_families: usize,
    tags: usize,
    segments: usize,
    figures: Vec<Figure>,
}

impl Report {
    /// Aims for memory hold for the sizes that they were set for.
    fn figures(&self) -> Vec<Figure> {
        const MEGABYTE: f64 = 1e6;
        let (whole, options) = (&self.whole, self.options);
        let is_full = options.organisations == 1_000 && options.families == 5_000;
        let mut figures = vec![
            Figure::of(
                "ingest",
                "taking in: reading and applying bodies",
                whole.tags_per_second(whole.ingest),
                "tags/s",
            )
            .at_least(1e6),
            Figure::of("apply", "  of which applying them", whole.tags_per_second(whole.apply), "tags/s"),
            Figure::of(
                "wire",
                "on the wire, headers and head included",
                whole.wire_bytes_per_tag(),
                "bytes/tag",
            )
            .at_most(17.5),
            Figure::of("counted", "memory: tags alone", whole.counted_bytes as f64 / MEGABYTE, "MB"),
        ];
        let grown = |from: &Intake, to: &Intake| {
            let (before, after) =
                from.resident_bytes.zip(to.resident_bytes).map(|(from, to)| (from.0, to.1))?;
            Some(after.saturating_sub(before) as f64 / MEGABYTE)
        };
        // What the smaller one left to the allocator is used by the larger: both count from the same moment.
        let resident = grown(self.national.as_ref().unwrap_or(whole), whole);
        figures.extend(resident.map(|megabytes| {
            let figure = Figure::of("resident", "memory: what the process grew by", megabytes, "MB");
            if is_full { figure.at_most(1_200.0) } else { figure }
        }));
        if let Some(national) = &self.national {
            let tags = national.tags as f64 / 1e6;
            figures.push(Figure::of("national_tags", "national scale", tags, "million tags"));
            let figure = |megabytes| {
                Figure::of("national_resident", "  what the process grew by", megabytes, "MB").at_most(150.0)
            };
            figures.extend(grown(national, national).map(figure));
        }
        if let Some(matching) = &whole.matching {
            let probing = matching.probing.as_secs_f64();
            let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1e3;
            figures.extend([
                Figure::of("matching", "matching all segments", probing, "s"),
                Figure::of("matching_ratio", "  beside one HMAC for each own key", matching.ratio, "×")
                    .at_most(1.25),
                Figure::of("hmac", "  which takes", matching.hmac_nanoseconds, "ns"),
                Figure::of("hits", "  tags found", matching.hits as f64, ""),
                Figure::of(
                    "question_median",
                    "a question, read from the match table",
                    milliseconds(matching.question_median),
                    "ms",
                ),
                Figure::of(
                    "question_p99",
                    "  the slowest in a hundred",
                    milliseconds(matching.question_p99),
                    "ms",
                )
                .at_most(5.0),
            ]);
        }
        figures
    }

    /// One JSON object on one line.
    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let report = JsonReport {
            version: env!("CARGO_PKG_VERSION"),
            optimised: !cfg!(debug_assertions),
            organisations: self.options.organisations,
            families: self.options.families,
            own_families: self.options.own_families,
            tags: self.whole.tags,
            segments: self.whole.segments,
            figures: self.figures(),
        };
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)
    }

    /// A table for people.
    pub(super) fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        let RegionOptions { organisations, families, .. } = self.options;
        writeln!(
            out,
            "{} organisations × {} families × {TAGS_PER_FAMILY} = {} tags in {} segments, one thread",
            grouped(organisations as f64),
            grouped(families as f64),
            grouped(self.whole.tags as f64),
            grouped(self.whole.segments as f64)
        )?;
        if let Some(matching) = &self.whole.matching {
            let (families, keys) = (grouped(matching.own_families as f64), grouped(matching.own_keys as f64));
            writeln!(out, "matched with {families} own families, which have {keys} keys")?;
        }
        writeln!(out)?;
        write_figures(out, &self.figures())
    }
}
