//! `samenhang status` and `samenhang stop`.

use anyhow::Result;
use control::{ClientError, LostLine, Phase, Reply, Request, StatusLine, WitnessingLine};

use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    target: Target,

    /// Print again at every change, until the node stops or this command is interrupted.
    #[arg(long)]
    follow: bool,

    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Prints how the node is doing.
pub(super) async fn run(arguments: &StatusArguments) -> Result<Exit> {
    let mut connection = arguments.target.running().await?;
    let mut reply = connection.client.ask(&Request::Status { follow: arguments.follow }, |_| ()).await;
    loop {
        match reply {
            Ok(Reply::Status(status)) if arguments.json => output::json(&status)?,
            Ok(Reply::Status(status)) => print(&status)?,
            // The node stops: that was the last of it.
            Err(ClientError::Closed) if arguments.follow => return Ok(Exit::Ok),
            Ok(_) => return Err(unexpected()),
            Err(error) => return Err(error.into()),
        }
        if !arguments.follow {
            connection.close().await;
            return Ok(Exit::Ok);
        }
        reply = connection.client.reply(|_| ()).await;
    }
}

/// Asks the node to stop.
pub(super) async fn stop(target: &Target) -> Result<Exit> {
    let mut connection = target.running().await?;
    let reply = connection.client.ask(&Request::Stop, |_| ()).await;
    connection.close().await;
    let Reply::Stopping = reply? else { return Err(unexpected()) };
    Ok(Exit::Ok)
}

fn print(status: &StatusLine) -> Result<()> {
    output::line(&format!(
        "node          {}, {}, version {}",
        status.oin,
        status.phase.words(),
        status.version
    ))?;
    let listens =
        if status.addresses.is_empty() { "nothing; only dials out" } else { &status.addresses.join(", ") };
    output::line(&format!("listens on    {listens}"))?;
    if let Some(roster) = &status.roster {
        let epoch = status.epoch.unwrap_or_default();
        output::line(&format!(
            "network       {}, version {} of the roster, {} members, epoch {epoch}",
            roster.name, roster.version, roster.members
        ))?;
    }
    if status.phase == Phase::Running {
        let keyholders = &status.keyholders;
        output::line(&format!(
            "keyholders    {} of {} reachable, {} needed; key sets: {}",
            keyholders.reachable,
            keyholders.total,
            keyholders.threshold,
            if status.key_sets.is_empty() { "none yet".to_owned() } else { status.key_sets.join(", ") }
        ))?;
        output::line(&format!(
            "own families  {} tags published, {} keys waiting{}",
            status.tags_published,
            status.keys_waiting,
            if status.published { "" } else { "; not everything is published yet" }
        ))?;
        for line in &status.evaluations {
            let allowed =
                line.allowed.map_or_else(|| "no quota".to_owned(), |allowed| format!("of {allowed}"));
            output::line(&format!(
                "evaluations   class {} in epoch {}: {} elements counted, {allowed}",
                line.class, line.epoch, line.counted
            ))?;
        }
        for line in &status.two_logs {
            output::line(&format!("two logs      {}", line.organisatie))?;
        }
        if let Some(next) = &status.next_epoch {
            let keys =
                if next.key_sets.is_empty() { "none yet".to_owned() } else { next.key_sets.join(", ") };
            let left = if next.published {
                "; everything is published in it".to_owned()
            } else {
                format!("; {} keys waiting", next.keys_waiting)
            };
            output::line(&format!(
                "next epoch    {} from {}; key sets: {keys}{left}",
                next.epoch, next.starts
            ))?;
        }
        output::line(&format!("others        {}", output::coverage(&status.dekking)))?;
        let connections = &status.connections;
        output::line(&format!(
            "connections   {} over TCP, {} over QUIC, {} through relays",
            connections.tcp, connections.quic, connections.relayed
        ))?;
        if connections.places + connections.carried > 0 {
            output::line(&format!(
                "relaying      places at {} relays; carries {} pairs of members",
                connections.places, connections.carried
            ))?;
        }
        if !status.continued.is_empty() {
            let continued: Vec<String> = status
                .continued
                .iter()
                .map(|other| format!("{} (generation {})", other.organisatie, other.generation))
                .collect();
            output::line(&format!("continued     after a loss: {}", continued.join(", ")))?;
        }
        for proof in &status.proofs {
            output::line(&format!(
                "two histories {} in {}, epoch {}, since {}: {}",
                proof.organisatie,
                proof.circle,
                proof.epoch,
                proof.since,
                proof.standing.words()
            ))?;
        }
    }
    witnessing(status)?;
    if status.unit_matches > 0 {
        let matches = if status.unit_matches == 1 { "match" } else { "matches" };
        output::line(&format!("units         {} {matches} between own units", status.unit_matches))?;
    }
    if status.review.waiting > 0 {
        let plural = if status.review.waiting == 1 { "match" } else { "matches" };
        output::line(&format!(
            "review list   {} {plural} to decide about, the oldest for {} days",
            status.review.waiting, status.review.oldest_days
        ))?;
    }
    let rights = &status.rights;
    if rights.objections_open > 0 {
        output::line(&format!(
            "objections    {} to decide, the oldest for {} days",
            rights.objections_open, rights.oldest_objection_days
        ))?;
    }
    if rights.incidents_open > 0 {
        output::line(&format!(
            "incidents     {} to close, {} of them too late",
            rights.incidents_open, rights.incidents_overdue
        ))?;
    }
    if rights.informing_overdue > 0 {
        output::line(&format!(
            "informing     {} persons should have been told by now (`samenhang inform list --overdue`)",
            rights.informing_overdue
        ))?;
    }
    for message in &status.messages {
        output::line(&format!("! {message}"))?;
    }
    Ok(())
}

/// How the own logs stand with their witnesses, and who signed two.
fn witnessing(status: &StatusLine) -> Result<()> {
    let WitnessingLine { logs, forks, .. } = &status.witnessing;
    for log in logs {
        let generation = match log.generation {
            0 => String::new(),
            number => format!(" (generation {number})"),
        };
        let stands = match (&log.lost, log.cosigned.checked_sub(1)) {
            (Some(LostLine { first, last, .. }), _) => {
                format!("lost entries {first} to {last}; nothing more is signed")
            }
            (None, Some(last)) => {
                format!("cosigned by {} of {} up to entry {last}", log.cosignatures, log.witnesses)
            }
            (None, None) => {
                format!("{} of {} needed witnesses heard; not cosigned yet", log.heard, log.needed)
            }
        };
        output::line(&format!("{:<13} {stands}{generation}", log.log.words()))?;
    }
    for fork in forks {
        let over = if fork.open { "" } else { "; over: the key was replaced, or the log goes on" };
        output::line(&format!(
            "two logs      {}: its {}, since {}{over}",
            fork.organisatie,
            fork.log.words(),
            fork.since
        ))?;
    }
    Ok(())
}
