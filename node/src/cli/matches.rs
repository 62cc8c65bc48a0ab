//! `samenhang match`: who is involved with the own families, the review list, and what is decided about it.

use anyhow::{Result, bail};
use control::{
    InvolvedLine, JudgementWanted, MatchLine, Page, Reply, Request, Response, RightsRequest, Which,
};

use super::target::Target;
use super::who::{self, WhoArguments};
use super::{explained, incident, judged, output, unexpected};
use crate::exit::Exit;

/// Commands of `match`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum MatchCommand {
    /// List everybody who is involved with an own family, or what waits for a decision.
    ///
    /// A match that is only possible (mogelijk) raises no alarm. It waits on the review list (beoordelingslijst, --review)
    /// until somebody has decided whether the other organisation means the same family: `match same`, `match different`.
    List {
        #[command(flatten)]
        target: Target,
        /// Only the review list, the oldest first: possible matches of which nobody has decided, and decisions that do not
        /// stand any more because the evidence is another.
        #[arg(long, conflicts_with = "all")]
        review: bool,
        /// Also those decided to be another family.
        #[arg(long)]
        all: bool,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show the matches of one family and what they rest on; refused when there is none.
    ///
    /// Says of each person of the own record which sorts of facts agree and which are not confirmed (onderbouwing). What
    /// the other organisation recorded is not known here.
    Show(WhoArguments),
    /// Decide that an organisation means the same family: it stays among those involved, and leaves the review list.
    ///
    /// The decision is kept at this node, through imports, restarts and epochs; other organisations do not see it.
    Same {
        #[command(flatten)]
        decision: DecisionArguments,
    },
    /// Decide that an organisation means another family: it no longer stands among those involved.
    ///
    /// `who` keeps saying that there is such an organisation. It comes back for a new decision when the match becomes more
    /// certain, or rests on other facts than those that agreed when it was decided. The decision is kept at this node,
    /// through imports, restarts and epochs; other organisations do not see it.
    Different {
        #[command(flatten)]
        decision: DecisionArguments,
        /// Also when the match is certain (zeker): a burgerservicenummer agrees, so somebody's record is wrong.
        #[arg(long)]
        although_certain: bool,
    },
    /// Take back what was decided about a family and an organisation.
    Undo(AboutArguments),
    /// A match turned out to be wrong: what was found by it goes and stays gone, and an incident is opened.
    ///
    /// Unlike `different` this is for a match that somebody has acted on. The facts that agreed are not taken for a match
    /// again. With --person a person of the own record is somebody else: from that person nothing is published and found any
    /// more until an import corrects the record. The incident is to be closed within 72 hours: `incident close`.
    Wrong {
        #[command(flatten)]
        about: AboutArguments,
        /// The number of the person in the record who is somebody else, the first row being 1.
        #[arg(long, value_name = "N")]
        person: Option<u8>,
    },
}

/// Which match.
#[derive(Debug, clap::Args)]
pub(super) struct AboutArguments {
    #[command(flatten)]
    target: Target,

    /// The organisation's own reference of the family.
    #[arg(value_name = "GEZIN")]
    family: String,

    /// The other organisation: its number (OIN), or its name as `match list` shows it.
    #[arg(value_name = "ORGANISATIE")]
    organisation: String,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is said with a decision.
#[derive(Debug, clap::Args)]
pub(super) struct DecisionArguments {
    #[command(flatten)]
    about: AboutArguments,

    /// The unit (afdeling) that decides. No names of persons: nothing else is kept of who decided.
    #[arg(long, value_name = "AFDELING")]
    unit: Option<String>,
}

impl DecisionArguments {
    async fn decide(&self, judgement: JudgementWanted, although_certain: bool) -> Result<Exit> {
        let request = Request::Decide {
            family: self.about.family.clone(),
            organisation: self.about.organisation.clone(),
            judgement,
            unit: self.unit.clone(),
            although_certain,
        };
        decided(&self.about, &request).await
    }
}

/// Does it.
pub(super) async fn run(command: &MatchCommand) -> Result<Exit> {
    match command {
        MatchCommand::List { target, review, all, json } => {
            let which = match (review, all) {
                (true, _) => Which::Review,
                (false, true) => Which::All,
                (false, false) => Which::Involved,
            };
            list(target, which, *json).await
        }
        MatchCommand::Show(arguments) => show(arguments).await,
        MatchCommand::Same { decision } => decision.decide(JudgementWanted::Same, false).await,
        MatchCommand::Different { decision, although_certain } => {
            decision.decide(JudgementWanted::Different, *although_certain).await
        }
        MatchCommand::Undo(about) => {
            let (family, organisation) = (about.family.clone(), about.organisation.clone());
            decided(about, &Request::Undo { family, organisation }).await
        }
        MatchCommand::Wrong { about, person } => {
            let (family, organisation) = (about.family.clone(), about.organisation.clone());
            let wrong = RightsRequest::Wrong { family, organisation, person: *person };
            incident::told(&about.target, wrong, about.json).await
        }
    }
}

async fn decided(about: &AboutArguments, request: &Request) -> Result<Exit> {
    let mut connection = about.target.any().await?;
    let reply = connection.client.ask(request, |_| ()).await;
    connection.close().await;
    let Reply::Decided(line) = reply? else { return Err(unexpected()) };
    if about.json {
        output::json(&line)?;
        return Ok(Exit::Ok);
    }
    let what = match &line.oordeel {
        Some(judged) => format!("beoordeeld als {}", judged::told(judged)),
        None => "oordeel ingetrokken".to_owned(),
    };
    output::line(&format!("{}, {}: {what}", line.gezin, line.organisatie))?;
    Ok(Exit::Ok)
}

async fn show(arguments: &WhoArguments) -> Result<Exit> {
    let answer = who::ask(arguments).await?;
    if answer.betrokken.is_empty() && answer.ander_gezin.is_empty() {
        bail!("family {} has no match; {}", answer.gezin, output::coverage(&answer.dekking));
    }
    for betrokken in answer.betrokken.into_iter().chain(answer.ander_gezin) {
        let line = MatchLine { gezin: answer.gezin.clone(), betrokken };
        if arguments.json {
            output::json(&line)?;
            continue;
        }
        output::line(&format!("gezin         {}", line.gezin))?;
        details(&line.betrokken)?;
        output::line("")?;
    }
    if !arguments.json {
        output::line(&output::coverage(&answer.dekking))?;
    }
    Ok(Exit::Ok)
}

fn details(other: &InvolvedLine) -> Result<()> {
    output::line(&format!("organisatie   {} ({})", other.organisatie, other.oin))?;
    if let Some(unit) = &other.afdeling {
        output::line(&format!("afdeling      {}", unit_cell(unit)))?;
    }
    output::line(&format!("contactpunt   {}", other.contactpunt))?;
    output::line(&format!("zekerheid     {}", other.zekerheid))?;
    output::line(&format!("basis         {}", output::reasons(&other.basis)))?;
    let told = |why| explained::sentences(why, &other.zekerheid, &other.basis);
    let why = other.onderbouwing.as_ref().map(told).unwrap_or_default();
    for (at, sentence) in why.iter().enumerate() {
        let label = if at == 0 { "onderbouwing" } else { "" };
        output::line(&format!("{label:<14}{sentence}"))?;
    }
    if other.sinds.is_some() {
        output::line(&format!("gevonden op   {}", judged::since(other)))?;
    }
    match judged::words(other) {
        Some(words) => output::line(&format!("oordeel       {words}")),
        None => Ok(()),
    }
}

fn unit_cell(unit: &str) -> &str {
    if unit.is_empty() { "(zonder afdeling)" } else { unit }
}

async fn list(target: &Target, which: Which, as_json: bool) -> Result<Exit> {
    let mut connection = target.any().await?;
    let mut matches: Vec<MatchLine> = Vec::new();
    let request = Request::Matches { which };
    let reply = connection.client.ask(&request, |early| {
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
    if which == Which::Review && matches.is_empty() {
        output::line("Niets te beoordelen.")?;
    } else {
        let header = ["gezin", "organisatie", "afdeling", "zekerheid", "basis", "gevonden op", "oordeel"];
        let rows: Vec<Vec<String>> = matches.iter().map(row).collect();
        output::table(&header, &rows)?;
    }
    output::line(&output::coverage(&dekking))?;
    Ok(Exit::Ok)
}

fn row(line: &MatchLine) -> Vec<String> {
    let other = &line.betrokken;
    vec![
        line.gezin.clone(),
        other.organisatie.clone(),
        other.afdeling.as_deref().map(unit_cell).unwrap_or_default().to_owned(),
        other.zekerheid.clone(),
        output::reasons(&other.basis),
        judged::since(other).to_owned(),
        judged::cell(other),
    ]
}
