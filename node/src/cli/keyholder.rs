//! `samenhang keyholder …`: how the keys of the network are made, and which shares this node holds.

use std::time::Duration;

use anyhow::Result;
use control::{CeremonyLine, ClientError, Progress, Reply, Request, StatusLine};
use serde::Serialize;
use tokio::time::timeout;

use super::target::Target;
use super::{output, unexpected};
use crate::exit::Exit;

const STATUSES: &str = "Exit status: 0 the keys of every class are made; 2 the node cannot be asked; 3 they are not made \
                        yet, or with --wait nothing changed for as long as it waits; 130 interrupted.";

/// What `keyholder` was given.
#[derive(Debug, clap::Subcommand)]
pub(super) enum KeyholderCommand {
    /// Show the key ceremonies: who has taken part how far, who is missed, and what came out.
    ///
    /// The keyholders' nodes hold a ceremony by themselves, for each class of keys and each epoch, as soon as all of them
    /// run. Compare the fingerprint of each key set with the other keyholders by telephone: it is the same everywhere.
    /// Nodes that hold no keys see the outcome only.
    #[command(after_help = STATUSES)]
    Dkg(DkgArguments),
    /// Show for which epochs and classes this node holds a share. The share itself is never shown.
    Show(ShowArguments),
}

/// Options of `keyholder dkg`.
#[derive(Debug, clap::Args)]
pub(super) struct DkgArguments {
    #[command(flatten)]
    target: Target,

    /// Return only when every ceremony is complete, and tell meanwhile what is waited for.
    #[arg(long)]
    wait: bool,

    /// With --wait: give up when nothing has changed for so long.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    patience_seconds: u64,

    /// Print one JSON object for each ceremony, each on a line.
    #[arg(long)]
    json: bool,
}

/// Options of `keyholder show`.
#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    target: Target,

    /// Print one JSON object for each share, each on a line.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Share<'a> {
    class: &'a str,
    epoch: u32,
    index: u16,
    fingerprint: Option<&'a str>,
}

/// Runs a `keyholder` command.
pub(super) async fn run(command: &KeyholderCommand) -> Result<Exit> {
    match command {
        KeyholderCommand::Dkg(given) => dkg(given).await,
        KeyholderCommand::Show(given) => show(given).await,
    }
}

async fn dkg(arguments: &DkgArguments) -> Result<Exit> {
    let mut connection = arguments.target.running().await?;
    let mut reply = connection.client.ask(&Request::Status { follow: arguments.wait }, |_| ()).await;
    let mut bar = output::Bar::new(arguments.json);
    let mut shown = None;
    let status = loop {
        let Reply::Status(status) = reply? else { return Err(unexpected()) };
        if !arguments.wait || is_complete(&status) {
            break status;
        }
        // Other things of the status change all the time; only these are progress.
        let waits = waits_for(&status);
        let patience = Duration::from_secs(arguments.patience_seconds);
        if shown.as_ref() != Some(&waits) {
            bar.show(&Progress { doing: waits.clone(), done: 0, total: None });
            shown = Some(waits.clone());
        }
        match timeout(patience, changed(&mut connection.client, &waits)).await {
            Ok(next) => reply = next,
            Err(_elapsed) => break status,
        }
    };
    drop(bar);
    connection.close().await;
    for message in status.messages.iter().filter(|_| status.ceremonies.is_empty()) {
        say!("samenhang: {message}");
    }
    for ceremony in &status.ceremonies {
        if arguments.json { output::json(ceremony)? } else { print(ceremony)? }
    }
    Ok(if is_complete(&status) { Exit::Ok } else { Exit::Standstill })
}

/// The next status in which something else is waited for.
async fn changed<S: tokio::io::AsyncRead + tokio::io::AsyncWrite>(
    client: &mut control::Client<S>,
    waits: &str,
) -> Result<Reply, ClientError> {
    loop {
        let reply = client.reply(|_| ()).await?;
        let same = |status: &StatusLine| !is_complete(status) && waits_for(status) == waits;
        if !matches!(&reply, Reply::Status(status) if same(status)) {
            return Ok(reply);
        }
    }
}

fn is_complete(status: &StatusLine) -> bool {
    !status.ceremonies.is_empty() && status.ceremonies.iter().all(CeremonyLine::is_complete)
}

/// What the ceremonies wait for, in one line.
fn waits_for(status: &StatusLine) -> String {
    if status.ceremonies.is_empty() {
        return status.messages.first().cloned().unwrap_or_else(|| status.phase.words().to_owned());
    }
    let open = status.ceremonies.iter().filter(|ceremony| !ceremony.is_complete());
    open.map(|ceremony| format!("{}: {}", ceremony.class, missing(ceremony))).collect::<Vec<_>>().join("; ")
}

/// Who has done least, and what.
fn missing(ceremony: &CeremonyLine) -> String {
    if !ceremony.problems.is_empty() {
        return ceremony.problems.join("; ");
    }
    let place = |done: &Option<String>| done.as_deref().map(rank);
    let least = ceremony.keyholders.iter().filter_map(|held| place(&held.done)).min();
    let Some(least) = least else {
        return "the keyholders make the keys; this node takes no part and hears when they are made"
            .to_owned();
    };
    let slow: Vec<String> = ceremony
        .keyholders
        .iter()
        .filter(|held| place(&held.done) == Some(least))
        .map(|held| format!("{}{}", held.organisatie, if held.reachable { "" } else { " (not reachable)" }))
        .collect();
    let next = ROUNDS.get(least + 1).map_or("the key set", |(_, words)| words);
    format!("waiting for {next} of {}", slow.join(", "))
}

/// What each keyholder does, in order: the word of the control socket, and the word for people.
const ROUNDS: [(&str, &str); 5] = [
    ("nothing", "nothing yet"),
    ("commitments", "round 1"),
    ("shares", "round 2"),
    ("echo", "the echo"),
    ("signature", "the signature"),
];

fn rank(code: &str) -> usize {
    ROUNDS.iter().position(|(known, _)| *known == code).unwrap_or(0)
}

fn print(ceremony: &CeremonyLine) -> Result<()> {
    let (class, epoch, attempt) = (&ceremony.class, ceremony.epoch, ceremony.attempt);
    match &ceremony.key_set {
        Some(made) => {
            output::line(&format!("{class}, epoch {epoch}: made; {} shares needed", made.threshold))?;
            output::line(&format!("  fingerprint  {}", made.fingerprint))?;
        }
        None => {
            let until = ceremony.deadline.as_ref().map(|day| format!("; due {day}")).unwrap_or_default();
            output::line(&format!(
                "{class}, epoch {epoch}, attempt {attempt}: {}{until}",
                missing(ceremony)
            ))?;
        }
    }
    for held in &ceremony.keyholders {
        let done = held.done.as_deref().map_or("not known here", |code| {
            ROUNDS.get(rank(code)).map_or("not known here", |(_, words)| words)
        });
        let reachable = if held.reachable { "" } else { ", not reachable now" };
        output::line(&format!("  {:>2}  {}: {done}{reachable}", held.index, held.organisatie))?;
    }
    for problem in &ceremony.problems {
        output::line(&format!("! {problem}"))?;
    }
    Ok(())
}

async fn show(arguments: &ShowArguments) -> Result<Exit> {
    let mut connection = arguments.target.any().await?;
    let reply = connection.client.ask(&Request::Status { follow: false }, |_| ()).await;
    connection.close().await;
    let Reply::Status(status) = reply? else { return Err(unexpected()) };
    let held = status.ceremonies.iter().filter_map(|ceremony| {
        let fingerprint = ceremony.key_set.as_ref().map(|made| made.fingerprint.as_str());
        Some(Share { class: &ceremony.class, epoch: ceremony.epoch, index: ceremony.share?, fingerprint })
    });
    let held: Vec<Share<'_>> = held.collect();
    if held.is_empty() && !arguments.json {
        output::line("This node holds no share.")?;
    }
    for share in &held {
        if arguments.json {
            output::json(share)?;
        } else {
            output::line(&format!(
                "epoch {}, {}: share {}, of the key set {}",
                share.epoch,
                share.class,
                share.index,
                share.fingerprint.unwrap_or("that is not complete yet")
            ))?;
        }
    }
    Ok(Exit::Ok)
}
