//! `samenhang who` and `samenhang match`: who else is involved.

use anyhow::{Result, bail};
use control::{AnswerLine, InvolvedLine, MatchLine, Page, Reply, Request, Response};

use super::target::Target;
use super::{output, unexpected};
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
    json: bool,
}

/// Commands of `match`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum MatchCommand {
    /// List everybody who is involved with an own family.
    List {
        #[command(flatten)]
        target: Target,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show the matches of one family and what they rest on; refused when there is none.
    Show(WhoArguments),
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
    for other in &answer.betrokken {
        output::line(&format!(
            "  {}{}  {} ({})",
            other.organisatie,
            other.afdeling.as_ref().map(|unit| format!(", {}", unit_name(unit))).unwrap_or_default(),
            other.zekerheid,
            output::reasons(&other.basis)
        ))?;
        output::line(&format!("    contact: {}", other.contactpunt))?;
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

fn unit_cell(unit: &str) -> &str {
    if unit.is_empty() { "(zonder afdeling)" } else { unit }
}

/// Lists or shows matches.
pub(super) async fn run_match(command: &MatchCommand) -> Result<Exit> {
    match command {
        MatchCommand::List { target, json } => list(target, *json).await,
        MatchCommand::Show(arguments) => {
            let answer = ask(arguments).await?;
            if answer.betrokken.is_empty() {
                bail!("family {} has no match; {}", answer.gezin, output::coverage(&answer.dekking));
            }
            for betrokken in answer.betrokken {
                let line = MatchLine { gezin: answer.gezin.clone(), betrokken };
                if arguments.json {
                    output::json(&line)?;
                    continue;
                }
                output::line(&format!("gezin         {}", line.gezin))?;
                output::line(&format!(
                    "organisatie   {} ({})",
                    line.betrokken.organisatie, line.betrokken.oin
                ))?;
                if let Some(unit) = &line.betrokken.afdeling {
                    output::line(&format!("afdeling      {}", unit_cell(unit)))?;
                }
                output::line(&format!("contactpunt   {}", line.betrokken.contactpunt))?;
                output::line(&format!("zekerheid     {}", line.betrokken.zekerheid))?;
                output::line(&format!("basis         {}", output::reasons(&line.betrokken.basis)))?;
                output::line("")?;
            }
            if !arguments.json {
                output::line(&output::coverage(&answer.dekking))?;
            }
            Ok(Exit::Ok)
        }
    }
}

async fn ask(arguments: &WhoArguments) -> Result<AnswerLine> {
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
        | Reply::Matches { .. }
        | Reply::BackedUp(_)
        | Reply::Leaving(_)
        | Reply::Stopping => Err(unexpected()),
    }
}

async fn list(target: &Target, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut matches: Vec<MatchLine> = Vec::new();
    let reply = connection.client.ask(&Request::Matches, |early| {
        if let Response::Page(Page::Matches(page)) = early {
            matches.extend(page);
        }
    });
    let reply = reply.await;
    connection.close().await;
    let Reply::Matches { dekking, .. } = reply? else { return Err(unexpected()) };
    if as_json {
        matches.iter().try_for_each(output::json)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = matches
        .iter()
        .map(|line| {
            let other = &line.betrokken;
            vec![
                line.gezin.clone(),
                other.organisatie.clone(),
                other.afdeling.as_deref().map(unit_cell).unwrap_or_default().to_owned(),
                other.zekerheid.clone(),
                output::reasons(&other.basis),
            ]
        })
        .collect();
    output::table(&["gezin", "organisatie", "afdeling", "zekerheid", "basis"], &rows)?;
    output::line(&output::coverage(&dekking))?;
    Ok(Exit::Ok)
}
