//! `samenhang objection`: objections (bezwaren) to own signals.

use anyhow::Result;
use control::{
    ObjectionLine, ObjectionOutcomeWanted, Page, Reply, Request, Response, RightsAnswer, RightsEntry,
    RightsRequest,
};

use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;

/// Commands of `objection`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum ObjectionCommand {
    /// Somebody objects to the signal on a family: it stands still from now on.
    ///
    /// Nothing of it is served until the objection is decided: its tags leave the own feeds with the next segment, what was
    /// found by it is gone, and `who` is refused. That outlasts restarts, imports and epochs.
    Add {
        #[command(flatten)]
        about: About,
        /// Who objects: the number of the person in the record, the first row being 1. No names.
        #[arg(long, value_name = "N")]
        person: Option<u8>,
    },
    /// List the objections that are open, and those upheld that keep a family out.
    List {
        #[command(flatten)]
        target: Target,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Decide about an objection.
    ///
    /// `upheld` (gegrond): the signal is withdrawn, and an import does not bring it back. `rejected` (ongegrond): the signal is
    /// served again.
    Decide {
        #[command(flatten)]
        about: About,
        /// How.
        #[arg(value_name = "OUTCOME")]
        outcome: Decided,
    },
    /// The objection was taken back, or another reason for a signal came after it was upheld.
    Lift(About),
}

/// Which signal.
#[derive(Debug, clap::Args)]
pub(super) struct About {
    #[command(flatten)]
    target: Target,
    /// The organisation's own reference of the family.
    #[arg(value_name = "GEZIN")]
    family: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// How an objection is decided.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Decided {
    /// It is right.
    Upheld,
    /// It is not.
    Rejected,
}

/// Does it.
pub(super) async fn run(command: &ObjectionCommand) -> Result<Exit> {
    match command {
        ObjectionCommand::Add { about, person } => {
            let wanted = RightsRequest::Object { family: about.family.clone(), person: *person };
            told(about, wanted, "bezwaar genoteerd; het signaal staat stil tot er is beslist").await
        }
        ObjectionCommand::List { target, json } => list(target, *json).await,
        ObjectionCommand::Decide { about, outcome } => {
            let (outcome, words) = match outcome {
                Decided::Upheld => (
                    ObjectionOutcomeWanted::Upheld,
                    "bezwaar gegrond; het signaal is ingetrokken en komt met een import niet terug",
                ),
                Decided::Rejected => {
                    (ObjectionOutcomeWanted::Rejected, "bezwaar ongegrond; het signaal doet weer mee")
                }
            };
            decide(about, outcome, words).await
        }
        ObjectionCommand::Lift(about) => {
            decide(about, ObjectionOutcomeWanted::Lifted, "bezwaar opgeheven").await
        }
    }
}

async fn decide(about: &About, outcome: ObjectionOutcomeWanted, words: &str) -> Result<Exit> {
    told(about, RightsRequest::DecideObjection { family: about.family.clone(), outcome }, words).await
}

async fn told(about: &About, right: RightsRequest, words: &str) -> Result<Exit> {
    let mut connection = about.target.any().await?;
    let reply = connection.client.ask(&Request::Rights { right }, |_| ()).await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Objection(line)) = reply? else { return Err(unexpected()) };
    if about.json {
        output::json(&line)?;
    } else {
        output::line(&format!("{}: {words}", line.gezin))?;
    }
    Ok(Exit::Ok)
}

async fn list(target: &Target, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut lines: Vec<ObjectionLine> = Vec::new();
    let reply = connection.client.ask(&Request::Rights { right: RightsRequest::Objections }, |early| {
        if let Response::Page(Page::Rights(page)) = early {
            lines.extend(page.into_iter().filter_map(|entry| match entry {
                RightsEntry::Objection(line) => Some(line),
                RightsEntry::Incident(_) | RightsEntry::Informing(_) => None,
            }));
        }
    });
    let reply = reply.await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Counted(_)) = reply? else { return Err(unexpected()) };
    if as_json {
        lines.iter().try_for_each(output::json)?;
        return Ok(Exit::Ok);
    }
    if lines.is_empty() {
        output::line("Geen bezwaren.")?;
        return Ok(Exit::Ok);
    }
    let cell = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |line: &ObjectionLine| {
        let person = line.persoon.map(|number| number.to_string()).unwrap_or_default();
        vec![line.gezin.clone(), line.stand.clone(), person, cell(&line.gemaakt_op), cell(&line.gegrond_op)]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    output::table(&["gezin", "stand", "persoon", "gemaakt op", "gegrond op"], &rows)?;
    Ok(Exit::Ok)
}
