//! `samenhang roster status`: the version in force, and those that wait for the end of their notice.

use anyhow::Result;
use control::{Reply, Request, RosterLine};
use serde::Serialize;

use crate::cli::target::Target;
use crate::cli::{output, unexpected};
use crate::exit::Exit;

/// Options of `roster status`.
#[derive(Debug, clap::Args)]
#[command(after_help = super::STATUS)]
pub(in crate::cli) struct RosterStatusArguments {
    #[command(flatten)]
    target: Target,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    /// Second rosters of one version that governors signed.
    conflicts: usize,
    #[serde(flatten)]
    roster: &'a RosterLine,
}

/// Prints what the node acts on, and what it will.
pub(in crate::cli) async fn run(arguments: &RosterStatusArguments) -> Result<Exit> {
    let mut connection = arguments.target.any().await?;
    let reply = connection.client.ask(&Request::Status { follow: false }, |_| ()).await;
    connection.close().await;
    let Reply::Status(status) = reply? else { return Err(unexpected()) };
    let Some(roster) = &status.roster else {
        for message in &status.messages {
            output::line(message)?;
        }
        return Ok(Exit::Ok);
    };
    if arguments.json {
        output::json(&Shown { conflicts: status.roster_conflicts, roster })?;
        return Ok(Exit::Ok);
    }
    output::line(&format!(
        "{}: version {} is in force, with {} members",
        roster.name, roster.version, roster.members
    ))?;
    for waiting in &roster.waiting {
        let when = if waiting.clock_agreed {
            format!("takes effect on {}", waiting.takes_effect)
        } else {
            "its notice begins when the clock agrees with those of others".to_owned()
        };
        output::line(&format!(
            "version {} waits: first seen on {}, {when}",
            waiting.version, waiting.first_seen
        ))?;
        for change in &waiting.changes {
            output::line(&format!("  {change}"))?;
        }
    }
    if roster.waiting.is_empty() {
        output::line("no version waits")?;
    }
    if let Some(crossing) = &roster.crossing {
        output::line(&format!(
            "version {} of another line takes the place of version {} on {}: the governors decided for it",
            crossing.version, roster.version, crossing.takes_effect
        ))?;
        for change in &crossing.changes {
            output::line(&format!("  {change}"))?;
        }
    }
    for conflict in &roster.conflicts {
        let decided = match conflict.resolved_by {
            Some(version) => format!("version {version} decided"),
            None => "nothing decided yet; call the governors".to_owned(),
        };
        output::line(&format!(
            "CONFLICT: governors signed different rosters of version {}, known here since {}: {decided}",
            conflict.version, conflict.since
        ))?;
        for (what, digests) in [("held ", conflict.held.as_slice()), ("other", conflict.others.as_slice())] {
            for digest in digests {
                output::line(&format!("  {what}  {digest}"))?;
            }
        }
    }
    let told = roster.conflicts.iter().any(|conflict| conflict.resolved_by.is_none());
    if status.roster_conflicts > 0 && !told {
        output::line(&format!(
            "CONFLICT: governors signed {} other rosters of a version that is installed; call them",
            status.roster_conflicts
        ))?;
    }
    Ok(Exit::Ok)
}
