//! `samenhang who`: who else is involved with one family.

use anyhow::Result;
use control::{AnswerLine, InvolvedLine, Reply, Request};

use super::target::Target;
use super::{explained, judged, output, unexpected};
use crate::exit::Exit;

/// Options of `who`.
#[derive(Debug, clap::Args)]
pub(super) struct WhoArguments {
    #[command(flatten)]
    target: Target,

    /// The organisation's own reference of the family, on which it has an active signal.
    #[arg(value_name = "GEZIN")]
    family: String,

    /// Print one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// Who else is involved with one family.
pub(super) async fn run(arguments: &WhoArguments) -> Result<Exit> {
    let answer = ask(arguments).await?;
    if arguments.json {
        output::json(&answer)?;
        return Ok(Exit::Ok);
    }
    let complete = if answer.dekking.is_complete() { "" } else { " (as far as known, see below)" };
    output::line(&format!("{}: {}{complete}", answer.gezin, counted(&answer.betrokken)))?;
    if answer.proef {
        output::line("PROEF: a synthetic family in a trial circle; this says nothing about real families")?;
    }
    for other in &answer.betrokken {
        output::line(&format!(
            "  {}{}  {} ({})",
            other.organisatie,
            other.afdeling.as_ref().map(|unit| format!(", {}", unit_name(unit))).unwrap_or_default(),
            other.zekerheid,
            output::reasons(&other.basis)
        ))?;
        output::line(&format!("    contact: {}", other.contactpunt))?;
        for warning in other.onderbouwing.iter().flat_map(explained::warnings) {
            output::line(&format!("    {warning}"))?;
        }
        if let Some(words) = judged::words(other) {
            output::line(&format!("    {words}"))?;
        }
    }
    if let Some(words) = judged::set_aside(&answer.ander_gezin) {
        output::line(&words)?;
    }
    output::line(&output::coverage(&answer.dekking))?;
    Ok(Exit::Ok)
}

/// `1 other organisation is involved`, `2 units and 1 other organisation are involved`.
fn counted(involved: &[InvolvedLine]) -> String {
    let units = involved.iter().filter(|one| one.afdeling.is_some()).count();
    let others = involved.len() - units;
    let plural = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    };
    let parts = [plural(units, "other unit"), plural(others, "other organisation")];
    match parts.into_iter().flatten().collect::<Vec<_>>().as_slice() {
        [] => "no one else is involved".to_owned(),
        parts => {
            let verb = if involved.len() == 1 { "is" } else { "are" };
            format!("{} {verb} involved", parts.join(" and "))
        }
    }
}

/// `afdeling schuldhulp`
fn unit_name(unit: &str) -> String {
    if unit.is_empty() { "zonder afdeling".to_owned() } else { format!("afdeling {unit}") }
}

/// Asks about the family.
pub(super) async fn ask(arguments: &WhoArguments) -> Result<AnswerLine> {
    let mut connection = arguments.target.any().await?;
    let request = Request::Who { family: arguments.family.clone() };
    let reply = connection.client.ask(&request, |_| ()).await;
    connection.close().await;
    match reply? {
        Reply::Who(answer) => Ok(answer),
        Reply::Status(_)
        | Reply::Imported(_)
        | Reply::Signals(_)
        | Reply::Withdrawn(_)
        | Reply::Renewed(_)
        | Reply::Decided(_)
        | Reply::Matches { .. }
        | Reply::BackedUp(_)
        | Reply::Leaving(_)
        | Reply::Log(_)
        | Reply::LogEntries(_)
        | Reply::Stopping
        | Reply::Rights(_) => Err(unexpected()),
    }
}
