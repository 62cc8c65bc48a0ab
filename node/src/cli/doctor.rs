//! `samenhang doctor`: what is amiss, and what to do.

use anyhow::Result;

use super::output;
use super::target::Target;
use crate::doctor::{Finding, examine};
use crate::exit::Exit;

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    target: Target,

    /// Print one JSON object a finding: check, verdict (ok, unknown, attention, wrong), seen, to_do.
    #[arg(long)]
    json: bool,
}

/// What `--help` says of the exit status.
pub(super) const EXIT_STATUSES: &str =
    "Exit status: 0 nothing to do; 1 something to do, each finding says what; 2 wrong usage.";

/// Looks at everything and prints what it finds.
pub(super) async fn run(arguments: &DoctorArguments) -> Result<Exit> {
    let findings = examine(&arguments.target.config).await;
    for finding in &findings {
        if arguments.json { output::json(finding)? } else { print(finding)? }
    }
    let to_do = findings.iter().filter(|finding| finding.verdict.asks_for_action()).count();
    if !arguments.json {
        output::line(&match to_do {
            0 => "Nothing to do.".to_owned(),
            1 => "1 thing to do.".to_owned(),
            more => format!("{more} things to do."),
        })?;
    }
    Ok(if to_do == 0 { Exit::Ok } else { Exit::Findings })
}

/// Columns before the text.
const INDENT: usize = 26;

fn print(finding: &Finding) -> Result<()> {
    // A cause may have lines of its own.
    let seen = finding.seen.replace('\n', &format!("\n{:INDENT$}", ""));
    output::line(&format!("{:<10} {:<14} {seen}", finding.verdict.word(), finding.check))?;
    match &finding.to_do {
        Some(to_do) => output::line(&format!("{:INDENT$}→ {to_do}", "")),
        None => Ok(()),
    }
}
