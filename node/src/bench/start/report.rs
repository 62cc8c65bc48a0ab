//! The figures of a start.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::StartOptions;
use super::filling::Content;
use super::process::Started;
use super::stages::Stages;
use crate::bench::figures::{Figure, write_figures};
use crate::bench::report::grouped;

/// Everything measured.
pub(super) struct Report {
    pub(super) options: StartOptions,
    pub(super) content: Content,
    /// With nothing but keys and the roster in the folder.
    pub(super) empty: Started,
    pub(super) filled: Started,
    pub(super) stages: Stages,
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
    records: usize,
    involvements: usize,
    /// Changes that a start makes on disk.
    writes: usize,
    figures: Vec<Figure>,
}

impl Report {
    /// Whether what was started is a node that holds everything.
    pub(super) fn check(&self) -> Result<()> {
        let Self { options, filled, stages, .. } = self;
        ensure!(stages.keys_waiting == 0, "the node lacks {} pseudonyms", stages.keys_waiting);
        ensure!(filled.involved > 0, "the node knows nobody else who is involved");
        ensure!(stages.own_tags > 0, "the node published nothing");
        let least = options.own_families.min(options.organisations);
        ensure!(stages.involvements >= least, "the node knows only {} involvements", stages.involvements);
        Ok(())
    }

    fn figures(&self) -> Vec<Figure> {
        let Self { content, empty, filled, stages, .. } = self;
        let seconds = |name, words, time: Duration| Figure::of(name, words, time.as_secs_f64(), "s");
        let megabytes = |name, words, bytes: u64| Figure::of(name, words, bytes as f64 / 1e6, "MB");
        let memory = |of: &Started| of.at_ready.zip(of.at_answer);
        let mut figures = vec![
            seconds("empty_ready", "almost empty folder: ready", empty.ready),
            seconds("empty_answered", "  first question answered", empty.answered),
        ];
        if let Some(((resident, peak), _)) = memory(empty) {
            figures.push(megabytes("empty_resident", "  memory when ready", resident));
            figures.push(megabytes("empty_peak", "  the most until then", peak));
        }
        figures.extend([
            megabytes("database", "full folder: its database", content.database_bytes),
            seconds("ready", "full folder: ready", filled.ready),
            seconds("answered", "  first question answered", filled.answered),
        ]);
        if let Some(((resident, peak), (later, _))) = memory(filled) {
            figures.push(megabytes("resident", "  memory when ready", resident));
            figures.push(megabytes("peak", "  the most until then", peak));
            figures.push(megabytes("answered_resident", "  memory after the first answer", later));
        }
        figures.extend([
            seconds("open", "in one process: opening the store", stages.open),
            seconds("read", "  reading and unsealing the records", stages.read),
            seconds("take_up", "  verifying and taking them up", stages.take_up),
            seconds("resume", "  probing every own family again", stages.resume),
        ]);
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
            tags: self.content.tags,
            segments: self.content.segments,
            records: self.stages.records,
            involvements: self.stages.involvements,
            writes: self.stages.left_to_keep,
            figures: self.figures(),
        };
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)
    }

    /// A table for people.
    pub(super) fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{} organisations with {} tags in {} segments, {} own families, {} records",
            grouped(self.options.organisations as f64),
            grouped(self.content.tags as f64),
            grouped(self.content.segments as f64),
            grouped(self.options.own_families as f64),
            grouped(self.stages.records as f64)
        )?;
        writeln!(out, "{} involvements are known\n", grouped(self.stages.involvements as f64))?;
        write_figures(out, &self.figures())
    }
}
