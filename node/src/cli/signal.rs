//! `samenhang signal`: the own signals.

use std::path::PathBuf;

use anyhow::Result;
use control::{Extent, Page, Reply, Request, Response, SignalLine};
use serde_json::json;

use super::import::{self, Wanted};
use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;

/// Commands of `signal`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum SignalCommand {
    /// List the own signals: references, codes and dates, no personal details.
    List {
        #[command(flatten)]
        target: Target,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Add families that have no signal yet. Refused as a whole when one of them has.
    Add(Part),
    /// Replace the signals of families that have one. Refused as a whole when one of them has none.
    Change(Part),
    /// Let signals last until a day: two years from now at most, and not past the 23rd birthday of the youngest child.
    Renew {
        #[command(flatten)]
        target: Target,
        /// The organisation's own references of the families.
        #[arg(required = true, value_name = "GEZIN")]
        families: Vec<String>,
        /// The last day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        until: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Withdraw signals. Their tags leave with the next segment, and readers drop the match.
    Withdraw {
        #[command(flatten)]
        target: Target,
        /// The organisation's own references of the families.
        #[arg(required = true, value_name = "GEZIN")]
        families: Vec<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Families that are not the whole list of anything.
#[derive(Debug, clap::Args)]
pub(super) struct Part {
    #[command(flatten)]
    target: Target,
    /// CSV file with the families, in the format of `import`; "-" reads standard input. Personal details are never
    /// arguments: every user of the machine can read those.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object: the counts, and every bad row.
    #[arg(long)]
    json: bool,
}

impl Part {
    async fn import(&self, extent: Extent) -> Result<Exit> {
        let &Self { ref target, ref file, json } = self;
        let files = std::slice::from_ref(file);
        import::import(&Wanted { target, files, extent, allow_withdrawals: false, wait: false, json }).await
    }
}

/// Does it.
pub(super) async fn run(command: &SignalCommand) -> Result<Exit> {
    match command {
        SignalCommand::List { target, json } => list(target, *json).await,
        SignalCommand::Add(part) => part.import(Extent::New).await,
        SignalCommand::Change(part) => part.import(Extent::Known).await,
        SignalCommand::Renew { target, families, until, json } => renew(target, families, until, *json).await,
        SignalCommand::Withdraw { target, families, json } => withdraw(target, families, *json).await,
    }
}

async fn list(target: &Target, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut signals: Vec<SignalLine> = Vec::new();
    let reply = connection.client.ask(&Request::Signals, |early| {
        if let Response::Page(Page::Signals(page)) = early {
            signals.extend(page);
        }
    });
    let reply = reply.await;
    connection.close().await;
    let Reply::Signals(_) = reply? else { return Err(unexpected()) };
    if as_json {
        signals.iter().try_for_each(output::json)?;
        return Ok(Exit::Ok);
    }
    let cell = |text: &Option<String>| text.clone().unwrap_or_default();
    let rows: Vec<Vec<String>> = signals
        .iter()
        .map(|signal| {
            vec![
                signal.gezin.clone(),
                signal.soort.clone(),
                signal.zichtbaarheid.clone(),
                cell(&signal.grondslag),
                cell(&signal.afdeling),
                cell(&signal.betrokken_sinds),
                cell(&signal.einddatum),
                cell(&signal.gesloten),
            ]
        })
        .collect();
    let header = [
        "gezin",
        "soort",
        "zichtbaarheid",
        "grondslag",
        "afdeling",
        "betrokken_sinds",
        "einddatum",
        "gesloten",
    ];
    output::table(&header, &rows)?;
    Ok(Exit::Ok)
}

async fn renew(target: &Target, families: &[String], until: &str, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let request = Request::Renew { families: families.to_vec(), until: until.to_owned() };
    let reply = connection.client.ask(&request, |_| ()).await;
    connection.close().await;
    let Reply::Renewed(count) = reply? else { return Err(unexpected()) };
    if as_json {
        output::json(&json!({ "renewed": count, "until": until }))?;
    } else {
        output::line(&format!("{count} renewed until {until}"))?;
    }
    Ok(Exit::Ok)
}

async fn withdraw(target: &Target, families: &[String], as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let request = Request::Withdraw { families: families.to_vec() };
    let reply = connection.client.ask(&request, |_| ()).await;
    connection.close().await;
    let Reply::Withdrawn(count) = reply? else { return Err(unexpected()) };
    if as_json {
        output::json(&json!({ "withdrawn": count }))?;
    } else {
        output::line(&format!("{count} withdrawn"))?;
    }
    Ok(Exit::Ok)
}
