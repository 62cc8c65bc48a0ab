//! `samenhang incident`: matches and persons that turned out to be wrong, and what was done about it.

use anyhow::Result;
use control::{
    IncidentLine, IncidentOutcomeWanted, Page, Reply, Request, Response, RightsAnswer, RightsEntry,
    RightsRequest,
};

use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;

/// Commands of `incident`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum IncidentCommand {
    /// List the incidents, the oldest first: `match wrong` opens one.
    List {
        #[command(flatten)]
        target: Target,
        /// Only those that are not closed.
        #[arg(long)]
        open: bool,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Say what was done about an incident: within 72 hours after it was opened.
    Close {
        #[command(flatten)]
        target: Target,
        /// Its number, as `incident list` shows it.
        #[arg(value_name = "N")]
        number: u32,
        /// What was done.
        #[arg(value_name = "OUTCOME")]
        outcome: Outcome,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What was done about an incident.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Outcome {
    /// It is no breach of personal data (geen datalek).
    NoBreach,
    /// Corrected, and without a risk that has to be reported.
    Corrected,
    /// Reported to the supervisory authority (Autoriteit Persoonsgegevens).
    Reported,
    /// Reported to the supervisory authority, and to the persons concerned.
    ReportedToPersons,
}

/// Does it.
pub(super) async fn run(command: &IncidentCommand) -> Result<Exit> {
    match command {
        IncidentCommand::List { target, open, json } => list(target, *open, *json).await,
        IncidentCommand::Close { target, number, outcome, json } => {
            let outcome = match outcome {
                Outcome::NoBreach => IncidentOutcomeWanted::NoBreach,
                Outcome::Corrected => IncidentOutcomeWanted::Corrected,
                Outcome::Reported => IncidentOutcomeWanted::Reported,
                Outcome::ReportedToPersons => IncidentOutcomeWanted::ReportedToPersons,
            };
            told(target, RightsRequest::CloseIncident { number: *number, outcome }, *json).await
        }
    }
}

/// Asks for something that opens or closes an incident, and tells how it stands.
pub(super) async fn told(target: &Target, right: RightsRequest, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let reply = connection.client.ask(&Request::Rights { right }, |_| ()).await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Incident(line)) = reply? else { return Err(unexpected()) };
    if as_json {
        output::json(&line)?;
        return Ok(Exit::Ok);
    }
    let IncidentLine { nummer, gezin, organisatie, .. } = &line;
    let about = match line.persoon {
        Some(number) => format!("{gezin}, persoon {number}, match met {organisatie}"),
        None => format!("{gezin}, match met {organisatie}"),
    };
    output::line(&match &line.uitkomst {
        Some(outcome) => format!("incident {nummer} ({about}) gesloten: {outcome}"),
        None => format!(
            "incident {nummer} geopend ({about}); wat hierop gevonden was, is weg. Sluit het uiterlijk {}: \
             samenhang incident close {nummer}",
            line.uiterlijk
        ),
    })?;
    Ok(Exit::Ok)
}

async fn list(target: &Target, open: bool, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut lines: Vec<IncidentLine> = Vec::new();
    let reply = connection.client.ask(&Request::Rights { right: RightsRequest::Incidents }, |early| {
        if let Response::Page(Page::Rights(page)) = early {
            lines.extend(page.into_iter().filter_map(|entry| match entry {
                RightsEntry::Incident(line) => Some(line),
                RightsEntry::Objection(_) | RightsEntry::Informing(_) => None,
            }));
        }
    });
    let reply = reply.await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Counted(_)) = reply? else { return Err(unexpected()) };
    lines.retain(|line| !open || line.uitkomst.is_none());
    if as_json {
        lines.iter().try_for_each(output::json)?;
        return Ok(Exit::Ok);
    }
    if lines.is_empty() {
        output::line("Geen incidenten.")?;
        return Ok(Exit::Ok);
    }
    let row = |line: &IncidentLine| {
        vec![
            line.nummer.to_string(),
            line.gezin.clone(),
            line.organisatie.clone(),
            line.persoon.map(|number| number.to_string()).unwrap_or_default(),
            line.stand.clone(),
            line.geopend_op.clone(),
            line.uiterlijk.clone(),
            line.uitkomst.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let header =
        ["nummer", "gezin", "organisatie", "persoon", "stand", "geopend op", "uiterlijk", "uitkomst"];
    output::table(&header, &rows)?;
    Ok(Exit::Ok)
}
