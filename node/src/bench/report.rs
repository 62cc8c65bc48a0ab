//! The figures as a table for people or one JSON object for programs.

use std::io::{self, Write};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::BenchOptions;
use super::candidates::{ALL_BSNS, PLAIN_HASH};
use super::measure::{Figure, Section};
use super::oprf::{EVALUATE, KEYHOLDERS, THRESHOLD};

/// Everything measured, and what follows from it.
pub(super) struct Report {
    options: BenchOptions,
    sections: Vec<Section>,
    candidates: Candidates,
}

/// How many candidates a minute a malicious member could test. Computed, not measured.
#[derive(Serialize)]
struct Candidates {
    keyholders: u16,
    threshold: u16,
    per_minute: f64,
    plain_hash_per_minute: f64,
    times_slower: f64,
    all_bsns_hours: f64,
    all_bsns_plain_hash_seconds: f64,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: &'static str,
    optimised: bool,
    elements: usize,
    own_keys: usize,
    figures: Vec<JsonFigure<'a>>,
    computed_candidates: &'a Candidates,
}

#[derive(Serialize)]
struct JsonFigure<'a> {
    name: &'a str,
    unit: &'a str,
    nanoseconds: f64,
    per_second: f64,
    baseline: &'a str,
    ratio: f64,
    rounds: usize,
}

impl Candidates {
    /// Every candidate takes an evaluation by a threshold of keyholders, each of whom has one core for nothing else.
    /// The guesser's own work does not count: it can be bought.
    fn of(sections: &[Section]) -> Option<Self> {
        let per_second = |id| figures(sections).find(|figure| figure.name.id == id).map(Figure::per_second);
        let (evaluations, hashes) = (per_second(EVALUATE)?, per_second(PLAIN_HASH)?);
        let candidates = evaluations * f64::from(KEYHOLDERS) / f64::from(THRESHOLD);
        Some(Self {
            keyholders: KEYHOLDERS,
            threshold: THRESHOLD,
            per_minute: candidates * 60.0,
            plain_hash_per_minute: hashes * 60.0,
            times_slower: hashes / candidates,
            all_bsns_hours: ALL_BSNS / candidates / 3_600.0,
            all_bsns_plain_hash_seconds: ALL_BSNS / hashes,
        })
    }
}

impl Report {
    pub(super) fn new(options: BenchOptions, sections: Vec<Section>) -> Result<Self> {
        let candidates = Candidates::of(&sections).context("a figure is missing")?;
        Ok(Self { options, sections, candidates })
    }

    /// One JSON object on one line.
    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let figure = |figure: &'_ Figure| JsonFigure {
            name: figure.name.id,
            unit: figure.unit,
            nanoseconds: figure.nanoseconds,
            per_second: figure.per_second(),
            baseline: figure.baseline.0.id,
            ratio: figure.ratio(),
            rounds: figure.rounds,
        };
        let report = JsonReport {
            version: env!("CARGO_PKG_VERSION"),
            optimised: !cfg!(debug_assertions),
            elements: self.options.elements,
            own_keys: self.options.own_keys,
            figures: figures(&self.sections).map(figure).collect(),
            computed_candidates: &self.candidates,
        };
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)
    }

    /// A table per section, and the headline figure.
    pub(super) fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "Medians, one thread. Ratio: how many of the section's baseline take the same time.")?;
        for section in &self.sections {
            writeln!(out)?;
            writeln!(out, "{:<54}{:>12}{:>14}{:>9}", section.title, "µs each", "per second", "ratio")?;
            for figure in &section.figures {
                let mark = if figure.is_baseline() { " (baseline)" } else { "" };
                let words = format!("{}{mark}, per {}", figure.name.words, figure.unit);
                let (each, rate) = (figure.nanoseconds / 1e3, grouped(figure.per_second()));
                writeln!(out, "  {words:<52}{:>12}{rate:>14}{:>9.2}", decimals(each), figure.ratio())?;
            }
        }
        self.write_headline(out)
    }

    fn write_headline(&self, out: &mut impl Write) -> io::Result<()> {
        let own_keys = self.options.own_keys;
        if let Some(probe) = figures(&self.sections).find(|figure| figure.name.id == "probe") {
            let whole = probe.nanoseconds * own_keys as f64 / 1e6;
            writeln!(out)?;
            writeln!(
                out,
                "An arriving segment of 4,000 tags is matched with {} own keys in {whole:.1} ms.",
                grouped(own_keys as f64)
            )?;
        }
        let Candidates { keyholders, threshold, .. } = self.candidates;
        writeln!(out)?;
        writeln!(out, "Candidates per minute a malicious member could test (computed, not measured):")?;
        writeln!(out, "  {:>14}  through keyholders", grouped(self.candidates.per_minute))?;
        writeln!(out, "  {:>14}  under a plain hash", grouped(self.candidates.plain_hash_per_minute))?;
        writeln!(
            out,
            "That is {} times slower; all 90.9 million BSNs would take {:.1} hours instead of {:.0} seconds.",
            grouped(self.candidates.times_slower),
            self.candidates.all_bsns_hours,
            self.candidates.all_bsns_plain_hash_seconds
        )?;
        writeln!(
            out,
            "Counted: {threshold} evaluations a candidate, divided over {keyholders} keyholders that each give one \
             core to nothing else."
        )?;
        writeln!(out, "This is what their speed allows; no quota is counted, nor the guesser's own work.")
    }
}

fn figures(sections: &[Section]) -> impl Iterator<Item = &Figure> {
    sections.iter().flat_map(|section| &section.figures)
}

/// About three digits that matter, whatever the size.
fn decimals(number: f64) -> String {
    match number {
        ..1.0 => format!("{number:.3}"),
        ..100.0 => format!("{number:.1}"),
        _ => grouped(number),
    }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::super::measure::Name;
    use super::*;

    fn report() -> Report {
        let figure = |id, words, nanoseconds, baseline| Figure {
            name: Name { id, words },
            unit: "element",
            nanoseconds,
            baseline,
            rounds: 3,
        };
        let raw = (Name { id: "raw", words: "raw" }, 50_000.0);
        let hash = (Name { id: PLAIN_HASH, words: "hash" }, 100.0);
        let sections = vec![
            Section {
                title: "first".to_owned(),
                figures: vec![
                    figure("raw", "raw", 50_000.0, raw),
                    figure(EVALUATE, "evaluate", 100_000.0, raw),
                    figure("probe", "probe", 200.0, raw),
                ],
            },
            Section { title: "second".to_owned(), figures: vec![figure(PLAIN_HASH, "hash", 100.0, hash)] },
        ];
        Report::new(BenchOptions { elements: 10, own_keys: 20_000, json: false }, sections).unwrap()
    }

    #[test]
    fn the_headline_follows_from_the_rate_and_the_threshold() {
        let mut table = Vec::new();
        report().write_table(&mut table).unwrap();
        let table = String::from_utf8(table).unwrap();
        // 10,000 evaluations a second, two a candidate, three keyholders: 15,000 candidates a second.
        for line in [
            "  evaluate, per element                                        100        10,000     2.00",
            "  raw (baseline), per element                                 50.0        20,000     1.00",
            "         900,000  through keyholders",
            "     600,000,000  under a plain hash",
            "That is 667 times slower; all 90.9 million BSNs would take 1.7 hours instead of 9 seconds.",
            "An arriving segment of 4,000 tags is matched with 20,000 own keys in 4.0 ms.",
        ] {
            assert!(table.lines().any(|found| found == line), "{line:?} is not in\n{table}");
        }
    }

    #[test]
    fn the_json_is_one_object_with_every_figure() {
        let mut json = Vec::new();
        report().write_json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["figures"].as_array().unwrap().len(), 4);
        assert_eq!(json["figures"][1]["ratio"], 2.0);
        assert_eq!(json["figures"][1]["baseline"], "raw");
        assert_eq!(json["computed_candidates"]["per_minute"], 900_000.0);
        assert_eq!(json["optimised"], !cfg!(debug_assertions));
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, expected) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (6_400_000.0, "6,400,000")]
        {
            assert_eq!(grouped(number), expected);
        }
    }
}
