//! The figures of a region, each beside its aim.

use std::io::{self, Write};

use serde::Serialize;

use super::intake::Intake;
use super::{RegionOptions, TAGS_PER_FAMILY};
use crate::bench::report::grouped;

/// Everything measured.
pub(super) struct Report {
    pub(super) options: RegionOptions,
    /// Left out when the region is no larger.
    pub(super) national: Option<Intake>,
    pub(super) whole: Intake,
}

/// One figure.
#[derive(Debug, Serialize)]
struct Figure {
    /// Stable, for programs.
    name: &'static str,
    #[serde(skip)]
    words: &'static str,
    measured: f64,
    unit: &'static str,
    /// What it should be: at most, or at least, this.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
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

impl Figure {
    fn of(name: &'static str, words: &'static str, measured: f64, unit: &'static str) -> Self {
        Self { name, words, measured, unit, at_most: None, at_least: None }
    }

    fn at_most(self, aim: f64) -> Self {
        Self { at_most: Some(aim), ..self }
    }

    fn at_least(self, aim: f64) -> Self {
        Self { at_least: Some(aim), ..self }
    }

    /// The aim in words, and whether it is met.
    fn aim(&self) -> (String, &'static str) {
        let met = self.at_most.is_none_or(|aim| self.measured <= aim)
            && self.at_least.is_none_or(|aim| self.measured >= aim);
        match (self.at_most, self.at_least) {
            (Some(aim), _) => (format!("≤ {}", number(aim)), if met { "" } else { "missed" }),
            (None, Some(aim)) => (format!("≥ {}", number(aim)), if met { "" } else { "missed" }),
            (None, None) => (String::new(), ""),
        }
    }
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
        writeln!(out, "{:<44}{:>12} {:<14}{:>12}", "", "measured", "", "aim")?;
        for figure in self.figures() {
            let (aim, missed) = figure.aim();
            let Figure { words, measured, unit, .. } = figure;
            let line = format!("{words:<44}{:>12} {unit:<14}{aim:>12}  {missed}", number(measured));
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// About three digits that matter, whatever the size.
fn number(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.3}"),
        ..100.0 => format!("{number:.2}"),
        _ => grouped(number),
    }
}
