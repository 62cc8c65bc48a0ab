//! `samenhang inform`: who of the own families was told that a signal is registered.

use anyhow::Result;
use control::{
    InformingLine, Page, PostponeGroundWanted, Reply, Request, Response, RightsAnswer, RightsEntry,
    RightsRequest,
};

use super::target::Target;
use super::{letter, output, unexpected};
use crate::exit::Exit;

/// Commands of `inform`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum InformCommand {
    /// List who was told, who is to be told and by when. Persons are numbers in the record, the first row being 1.
    ///
    /// Of a child under twelve the parents are told, of one of twelve to fifteen both, from sixteen the youth alone; each
    /// parent apart. Whoever is not told within the days of rights.inform_within_days (28) is overdue.
    List {
        #[command(flatten)]
        target: Target,
        /// Only those who should have been told by now.
        #[arg(long)]
        overdue: bool,
        /// Only this family: the organisation's own reference.
        #[arg(long, value_name = "GEZIN")]
        family: Option<String>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// A person was told.
    Done {
        #[command(flatten)]
        whom: Whom,
        /// On which day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: String,
    },
    /// Telling a person has to wait, for a year at most. Nobody else of the family is concerned.
    Postpone {
        #[command(flatten)]
        whom: Whom,
        /// Why.
        #[arg(long)]
        ground: Ground,
        /// Until which day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: String,
    },
    /// Print a letter in plain Dutch that tells a person, to be put into an envelope. That one was made is logged.
    ///
    /// It holds no name and nothing of what is going on. It does not count as telling: `inform done` says that it was sent.
    Letter {
        #[command(flatten)]
        whom: Whom,
        /// Print a page of HTML.
        #[arg(long, conflicts_with = "json")]
        html: bool,
    },
}

/// Which person.
#[derive(Debug, clap::Args)]
pub(super) struct Whom {
    #[command(flatten)]
    target: Target,
    /// The organisation's own reference of the family.
    #[arg(value_name = "GEZIN")]
    family: String,
    /// The number of the person in the record, the first row being 1.
    #[arg(long, value_name = "N")]
    person: u8,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Why telling a person has to wait.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Ground {
    /// The safety of a child.
    ChildSafety,
    /// The safety of somebody else.
    OtherSafety,
    /// An investigation that telling would harm.
    Investigation,
    /// Nobody knows where the person is.
    Unreachable,
}

/// Does it.
pub(super) async fn run(command: &InformCommand) -> Result<Exit> {
    match command {
        InformCommand::List { target, overdue, family, json } => {
            list(target, *overdue, family.as_ref(), *json).await
        }
        InformCommand::Done { whom, on } => {
            let (family, person, on) = (whom.family.clone(), whom.person, on.clone());
            told(whom, RightsRequest::Told { family, person, on }).await
        }
        InformCommand::Postpone { whom, ground, until } => {
            let (family, person, until) = (whom.family.clone(), whom.person, until.clone());
            let ground = match ground {
                Ground::ChildSafety => PostponeGroundWanted::ChildSafety,
                Ground::OtherSafety => PostponeGroundWanted::OtherSafety,
                Ground::Investigation => PostponeGroundWanted::Investigation,
                Ground::Unreachable => PostponeGroundWanted::Unreachable,
            };
            told(whom, RightsRequest::Postpone { family, person, ground, until }).await
        }
        InformCommand::Letter { whom, html } => write(whom, *html).await,
    }
}

async fn told(whom: &Whom, right: RightsRequest) -> Result<Exit> {
    let mut connection = whom.target.any().await?;
    let reply = connection.client.ask(&Request::Rights { right }, |_| ()).await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Informing(line)) = reply? else { return Err(unexpected()) };
    if whom.json {
        output::json(&line)?;
    } else {
        output::line(&format!("{}, persoon {}: {}", line.gezin, line.persoon, words(&line)))?;
    }
    Ok(Exit::Ok)
}

fn words(line: &InformingLine) -> String {
    let ground = line.grond.as_ref().map(|ground| format!(" ({ground})")).unwrap_or_default();
    let day = line.datum.as_ref().map(|day| format!(" {day}")).unwrap_or_default();
    format!("{}{day}{ground}", line.stand)
}

async fn write(whom: &Whom, html: bool) -> Result<Exit> {
    let right = RightsRequest::Letter { family: whom.family.clone(), person: whom.person };
    let mut connection = whom.target.any().await?;
    let reply = connection.client.ask(&Request::Rights { right }, |_| ()).await;
    connection.close().await;
    let Reply::Rights(RightsAnswer::Letter(facts)) = reply? else { return Err(unexpected()) };
    if whom.json {
        output::json(&facts)?;
        return Ok(Exit::Ok);
    }
    let paragraphs = letter::paragraphs(&facts);
    if html {
        output::line(&output::page("Uw gezin is aangemeld", &paragraphs))?;
    } else {
        output::line(&paragraphs.join("\n\n"))?;
    }
    Ok(Exit::Ok)
}

async fn list(target: &Target, overdue: bool, family: Option<&String>, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut lines: Vec<InformingLine> = Vec::new();
    let right = RightsRequest::Informed { family: family.cloned() };
    let request = Request::Rights { right };
    let reply = connection.client.ask(&request, |early| {
        if let Response::Page(Page::Rights(page)) = early {
            lines.extend(page.into_iter().filter_map(|entry| match entry {
                RightsEntry::Informing(line) if !overdue || line.stand == InformingLine::OVERDUE => {
                    Some(line)
                }
                RightsEntry::Informing(_) | RightsEntry::Objection(_) | RightsEntry::Incident(_) => None,
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
        output::line(if overdue { "Niemand te laat." } else { "Geen personen." })?;
        return Ok(Exit::Ok);
    }
    let row = |line: &InformingLine| {
        vec![
            line.gezin.clone(),
            line.persoon.to_string(),
            line.rol.clone(),
            line.hoe.clone(),
            line.stand.clone(),
            line.datum.clone().unwrap_or_default(),
            line.grond.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    output::table(&["gezin", "persoon", "rol", "hoe", "stand", "datum", "grond"], &rows)?;
    Ok(Exit::Ok)
}
