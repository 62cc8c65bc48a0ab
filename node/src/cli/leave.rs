//! `samenhang leave`: an organisation leaves its network.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use control::{ClientError, LeaveLine, OrganisationLine, Phase, Reply, Request, Response, StatusLine};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::backup::NewBackup;
use super::target::{Connection, Target};
use super::{output, unexpected};
use crate::config::Config;
use crate::departure::{Departure, Stage, erase_when_free};
use crate::exit::Exit;
use crate::governance::RosterFolder;

/// Options of `leave`.
#[derive(Debug, clap::Args)]
pub(super) struct LeaveArguments {
    #[command(flatten)]
    target: Target,

    /// Do not ask for the organisation's name.
    #[arg(long)]
    yes: bool,

    /// Leave although the network's keys suffer from it.
    #[arg(long)]
    force: bool,

    /// Keep an archive of the signals in this file: a backup, made before anything is withdrawn.
    #[arg(long, value_name = "FILE", conflicts_with = "no_archive")]
    archive: Option<PathBuf>,

    /// Seal the archive under the passphrase in this file instead of the node's own.
    #[arg(long, value_name = "FILE", requires = "archive")]
    archive_passphrase_file: Option<PathBuf>,

    /// Keep no archive: no record of the signals remains.
    #[arg(long)]
    no_archive: bool,

    /// How long to wait until the withdrawal is published and every reader is known to have taken it.
    ///
    /// Readers that are away then keep the old tags until the governors remove this organisation from the roster.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    wait_seconds: u64,

    /// Erase although the withdrawal is not published: the node cannot run any more, or nobody can be reached.
    #[arg(long)]
    unpublished: bool,

    /// Print one JSON object at the end.
    #[arg(long)]
    json: bool,
}

/// How a departure ended.
#[derive(Serialize)]
struct Gone {
    oin: String,
    network: Option<String>,
    begun: String,
    ended: Option<String>,
    /// Whether everything was withdrawn before it was erased; absent when an earlier call did that.
    withdrawal_published: Option<bool>,
    readers: usize,
    readers_not_known_to_have_it: Vec<OrganisationLine>,
    next: &'static str,
}

/// What was published when the node stopped.
#[derive(Default)]
struct Published {
    done: Option<bool>,
    readers: usize,
    behind: Vec<OrganisationLine>,
}

const NEXT: &str = "Ask the governors to remove this organisation from the roster (samenhang roster remove-member): with \
                    that version every node forgets what is left of it. Disable the service. Backups hold signals: keep \
                    or destroy them as the law says.";

/// Withdraws, waits, stops the node, erases. Given again it goes on where it was interrupted.
pub(super) async fn run(arguments: &LeaveArguments) -> Result<Exit> {
    let config = Config::read(&arguments.target.config)?;
    if !config.join_file().exists() {
        bail!("{} holds no node; there is nothing to leave", config.data_folder.display());
    }
    let mut published = Published::default();
    let departure = match Departure::read(&config.data_folder)? {
        Some(departure) if departure.stage == Stage::Left => departure,
        Some(departure) if departure.stage == Stage::Erasing => erased(arguments, &config, departure).await?,
        begun => {
            let stopped = match arguments.target.running_now(&config).await? {
                Some(connection) => {
                    published = withdraw(arguments, &config, connection, begun.is_some()).await?;
                    Departure::read(&config.data_folder)?
                }
                None => without_node(arguments, &config, begun).await?,
            };
            let Some(mut departure) = stopped else { bail!("the node did not note that it leaves") };
            if published.done == Some(false) && !arguments.unpublished {
                say!(
                    "samenhang: the withdrawal is not published yet; nothing was erased. Repeat the command, which goes \
                     on waiting; with --unpublished it erases all the same"
                );
                return Ok(Exit::Standstill);
            }
            // On disk before the node stops: one that a service manager starts again erases instead of going on.
            departure.stage = Stage::Erasing;
            departure.write(&config.data_folder)?;
            erased(arguments, &config, departure).await?
        }
    };
    tell(arguments, departure, published)
}

/// Has the running node withdraw everything and waits until others have it.
async fn withdraw(
    arguments: &LeaveArguments,
    config: &Config,
    mut connection: Connection,
    begun: bool,
) -> Result<Published> {
    // A node that was never in a network has nothing to withdraw; one that waits although it was cannot.
    let status = connection.client.ask(&Request::Status { follow: false }, |_| ()).await?;
    let Reply::Status(status) = status else { return Err(unexpected()) };
    if status.phase != Phase::Running
        && !arguments.unpublished
        && !RosterFolder::open(&config.roster_folder())?.is_empty()?
    {
        bail!(
            "the node waits, so nothing can be withdrawn ({}). Mend that first; --unpublished erases without telling \
             anybody",
            status.messages.join("; ")
        );
    }
    if !begun {
        let asked = connection.client.ask(&Request::Leave { begin: false, force: false }, |_| ()).await?;
        let Reply::Leaving(meaning) = asked else { return Err(unexpected()) };
        explain(arguments, config, &meaning);
        if !meaning.refused || arguments.force {
            // A node that waits cannot tell how many there are.
            if meaning.signals > 0 || !RosterFolder::open(&config.roster_folder())?.is_empty()? {
                must_choose(arguments)?;
            }
            confirm(arguments, config)?;
            archive(arguments, config, &mut connection).await?;
        }
    }
    let mut bar = output::Bar::new(arguments.json);
    let leave = Request::Leave { begin: true, force: arguments.force };
    let begun = connection.client.ask(&leave, |early| {
        if let Response::Progress(progress) = early {
            bar.show(&progress);
        }
    });
    let Reply::Leaving(_) = begun.await? else { return Err(unexpected()) };
    let deadline = Instant::now() + Duration::from_secs(arguments.wait_seconds);
    let published = wait(&mut connection, deadline, &mut bar).await;
    drop(bar);
    connection.close().await;
    published
}

/// Follows the status until readers have the withdrawal, or until the deadline.
async fn wait(connection: &mut Connection, deadline: Instant, bar: &mut output::Bar) -> Result<Published> {
    let mut shown = String::new();
    let mut reply = connection.client.ask(&Request::Status { follow: true }, |_| ()).await;
    loop {
        let status = match reply {
            Ok(Reply::Status(status)) => status,
            Ok(_) => return Err(unexpected()),
            Err(ClientError::Closed) => {
                bail!("the node stopped meanwhile; start it and repeat the command, which goes on from here")
            }
            Err(error) => return Err(error.into()),
        };
        let published = Published {
            done: Some(is_published(&status)),
            readers: status.readers.total,
            behind: status.readers.behind.clone(),
        };
        let waits = waits_for(&status);
        if waits.is_empty() {
            return Ok(published);
        }
        if waits != shown {
            bar.show(&control::Progress { doing: waits.clone(), done: 0, total: None });
            shown = waits;
        }
        reply = match timeout_at(deadline, connection.client.reply(|_| ())).await {
            Ok(reply) => reply,
            Err(_elapsed) => return Ok(published),
        };
    }
}

/// Whether nothing of this organisation is left in its feeds, or nobody reads them. A node that has not heard yet what
/// it published before a loss has nothing in its own feeds, while others still hold all of it.
fn is_published(status: &StatusLine) -> bool {
    let withdrawn = status.published && status.hearing.is_empty() && status.tags_published == 0;
    status.phase != Phase::Running || status.readers.total == 0 || withdrawn
}

/// What is waited for; empty when nothing is.
fn waits_for(status: &StatusLine) -> String {
    if !is_published(status) && status.tags_published == 0 {
        return match status.hearing.first() {
            Some(circle) => format!(
                "hearing what this node published before: {} of {} readers have told",
                circle.heard, circle.needed
            ),
            None => "publishing the withdrawal".to_owned(),
        };
    }
    if !is_published(status) {
        return format!("publishing the withdrawal: {} tags are still out", status.tags_published);
    }
    if status.phase != Phase::Running || status.readers.behind.is_empty() {
        return String::new();
    }
    let behind: Vec<&str> = status.readers.behind.iter().map(|one| one.organisatie.as_str()).collect();
    format!(
        "{} of {} readers have taken the withdrawal; not known of: {}",
        status.readers.total - behind.len(),
        status.readers.total,
        behind.join(", ")
    )
}

/// Nobody has the folder: that is enough where nothing was ever published, or where it cannot be withdrawn any more.
async fn without_node(
    arguments: &LeaveArguments,
    config: &Config,
    begun: Option<Departure>,
) -> Result<Option<Departure>> {
    let roster = crate::daemon::installed(&config.roster_folder())?;
    if roster.is_some() && !arguments.unpublished {
        bail!(
            "no node runs on {}; start it, since others must hear that the signals are withdrawn. If it cannot run any \
             more, --unpublished erases without that",
            config.data_folder.display()
        );
    }
    if begun.is_none() {
        if roster.is_some() {
            must_choose(arguments)?;
        }
        confirm(arguments, config)?;
        if arguments.archive.is_some() {
            let mut connection = arguments.target.any().await?;
            let kept = archive(arguments, config, &mut connection).await;
            connection.close().await;
            kept?;
        }
    }
    let network = roster.map(|chain| chain.newest().name().to_owned());
    Ok(Some(begun.unwrap_or_else(|| Departure::begin(config.oin, network, Stage::Erasing))))
}

/// Stops the node, where one runs, and erases the folder.
async fn erased(arguments: &LeaveArguments, config: &Config, mut departure: Departure) -> Result<Departure> {
    if let Some(mut connection) = arguments.target.running_now(config).await? {
        match connection.client.ask(&Request::Stop, |_| ()).await {
            // One that is gone already has stopped.
            Ok(Reply::Stopping) | Err(ClientError::Closed) => {}
            Ok(_) => return Err(unexpected()),
            Err(error) => return Err(error.into()),
        }
        connection.close().await;
    }
    erase_when_free(&config.data_folder, &mut departure).await?;
    Ok(departure)
}

fn explain(arguments: &LeaveArguments, config: &Config, meaning: &LeaveLine) {
    say!(
        "{} ({}) leaves the network: {} signals are withdrawn; matches, keys and the feeds of others are destroyed.",
        config.name,
        config.oin,
        meaning.signals
    );
    if arguments.archive.is_some() {
        say!("What is in the archive is the only record that remains of them.");
    } else {
        say!("No record of them remains.");
    }
    for sentence in &meaning.keys {
        say!("! {sentence}");
    }
}

/// Whether a record remains is for a person to decide.
fn must_choose(arguments: &LeaveArguments) -> Result<()> {
    if arguments.archive.is_none() && !arguments.no_archive {
        bail!(
            "nothing was done: name a file outside the data folder for the archive of the signals (--archive FILE), or \
             say that none is to be kept (--no-archive)"
        );
    }
    Ok(())
}

/// Keeps the archive. Without it nothing is withdrawn.
async fn archive(arguments: &LeaveArguments, config: &Config, connection: &mut Connection) -> Result<()> {
    let Some(out) = &arguments.archive else { return Ok(()) };
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let (Ok(folder), Ok(data)) = (folder.canonicalize(), config.data_folder.canonicalize())
        && folder.starts_with(data)
    {
        bail!("nothing was done: {} lies in the data folder, which is erased", out.display());
    }
    let passphrase = arguments.archive_passphrase_file.as_deref();
    let file = NewBackup::create(config, out, passphrase, false)?;
    let (report, bytes) = file.fill(connection, &mut output::Bar::new(arguments.json)).await?;
    say!(
        "samenhang: {} holds {} signals ({bytes} bytes, read again and whole)",
        out.display(),
        report.signals
    );
    Ok(())
}

/// The name of the organisation, typed: nobody types that by accident.
fn confirm(arguments: &LeaveArguments, config: &Config) -> Result<()> {
    if arguments.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("nothing was done: leaving cannot be undone; confirm it with --yes");
    }
    say!("This cannot be undone. Type the name of the organisation ({}) to go on:", config.name);
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed).context("cannot read the answer")?;
    if typed.trim() != config.name.as_str() {
        bail!("that is another name; nothing was done");
    }
    Ok(())
}

fn tell(arguments: &LeaveArguments, departure: Departure, published: Published) -> Result<Exit> {
    let gone = Gone {
        oin: departure.oin,
        network: departure.network,
        begun: departure.begun,
        ended: departure.ended,
        withdrawal_published: published.done,
        readers: published.readers,
        readers_not_known_to_have_it: published.behind,
        next: NEXT,
    };
    if arguments.json {
        output::json(&gone)?;
        return Ok(Exit::Ok);
    }
    output::line(&format!(
        "Left {} on {}: keys and database are destroyed.",
        gone.network.as_deref().unwrap_or("no network, since none was joined,"),
        gone.ended.as_deref().unwrap_or(&gone.begun)
    ))?;
    match gone.withdrawal_published {
        Some(true) => output::line(&format!(
            "The withdrawal was published; {} of {} readers are known to have taken it.",
            gone.readers - gone.readers_not_known_to_have_it.len(),
            gone.readers
        ))?,
        Some(false) => output::line("The withdrawal was NOT published: others keep the old tags.")?,
        None => {}
    }
    for reader in &gone.readers_not_known_to_have_it {
        output::line(&format!("  not known of {} ({})", reader.organisatie, reader.oin))?;
    }
    output::line(NEXT)?;
    Ok(Exit::Ok)
}
