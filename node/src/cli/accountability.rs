//! `samenhang accountability`: the figures of a year, of this organisation or of several together.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use control::LogUse;

use super::audit::fetch;
use super::output;
use super::target::Target;
use crate::audit::{Counting, Figures};
use crate::config::Config;
use crate::exit::Exit;

/// Options of `accountability`.
#[derive(Debug, clap::Args)]
pub(super) struct AccountabilityArguments {
    #[command(flatten)]
    target: Target,

    /// The year.
    #[arg(long, value_name = "JAAR", value_parser = clap::value_parser!(u16).range(2000..=9999), required_unless_present = "sum")]
    year: Option<u16>,

    /// Add up the figures in these files instead: what other organisations printed with --json.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "year")]
    sum: Vec<PathBuf>,

    /// Print one JSON object, which can be added to those of others.
    #[arg(long)]
    json: bool,
}

/// Counts, or adds up.
pub(super) async fn run(arguments: &AccountabilityArguments) -> Result<Exit> {
    let figures = match arguments.year {
        Some(year) => count(&arguments.target, year).await?,
        None => add_up(&arguments.sum)?,
    };
    if arguments.json {
        output::json(&figures)?;
    } else {
        for line in figures.lines() {
            output::line(&line)?;
        }
    }
    Ok(Exit::Ok)
}

async fn count(target: &Target, year: u16) -> Result<Figures> {
    let oin = Config::read(&target.config)?.oin;
    let mut counting = Counting::new(year);
    fetch(target, LogUse::Read, true, |_| Ok(()), |line| counting.take(line)).await?;
    Ok(counting.finish(oin))
}

fn add_up(files: &[PathBuf]) -> Result<Figures> {
    let mut sum: Option<Figures> = None;
    for path in files {
        let named = || path.display().to_string();
        let text = fs::read_to_string(path).with_context(named)?;
        let figures = Figures::read(&text).with_context(named)?;
        sum = Some(match sum {
            Some(sum) => sum.plus(figures).with_context(named)?,
            None => figures,
        });
    }
    sum.context("name at least one file")
}
