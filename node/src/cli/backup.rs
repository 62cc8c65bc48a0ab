//! `samenhang backup`: the node seals, this command keeps the file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use control::{BackupReport, Page, Reply, Request, Response, SealingKey};
use serde::Serialize;
use store::{BackupFile, BackupHead, BackupKey, StoreError};

use super::target::{Connection, Target};
use super::{output, unexpected};
use crate::backup::new_head;
use crate::config::{Config, find_passphrase, read_passphrase};
use crate::exit::Exit;

/// Options of `backup`.
#[derive(Debug, clap::Args)]
pub(super) struct BackupArguments {
    #[command(flatten)]
    target: Target,

    /// The file to write. It appears under this name when it is whole, and only this user may read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Seal it under the passphrase in this file instead of the node's own.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Replace a file that is there.
    #[arg(long)]
    force: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Printed {
    file: String,
    bytes: u64,
    oin: String,
    made_at: String,
    signals: u64,
    keys: u64,
    rosters: u64,
}

/// Makes a backup. Interrupted, it leaves nothing.
pub(super) async fn run(arguments: &BackupArguments) -> Result<Exit> {
    tokio::select! {
        made = make(arguments) => made,
        _asked = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    }
}

async fn make(arguments: &BackupArguments) -> Result<Exit> {
    let config = Config::read(&arguments.target.config)?;
    let file =
        NewBackup::create(&config, &arguments.out, arguments.passphrase_file.as_deref(), arguments.force)?;
    let mut connection = arguments.target.any().await?;
    let filled = file.fill(&mut connection, &mut output::Bar::new(arguments.json)).await;
    connection.close().await;
    let (report, bytes) = filled?;
    let shown = arguments.out.display().to_string();
    if arguments.json {
        output::json(&Printed {
            file: shown,
            bytes,
            oin: report.oin,
            made_at: report.made_at,
            signals: report.signals,
            keys: report.keys,
            rosters: report.rosters,
        })?;
        return Ok(Exit::Ok);
    }
    output::line(&format!(
        "{shown}: {} signals, {} keys, {} rosters; {bytes} bytes, read again and whole",
        report.signals, report.keys, report.rosters
    ))?;
    output::line(&format!(
        "Keep it and its passphrase in different places, away from this machine; try it with `samenhang restore --check \
         {shown}`."
    ))?;
    Ok(Exit::Ok)
}

/// A backup that is being made; the file appears under its name when it is whole.
pub(super) struct NewBackup {
    file: BackupFile,
    head: BackupHead,
    key: BackupKey,
}

impl NewBackup {
    /// Begins it, sealed under the passphrase in a file or else under the node's own.
    pub(super) fn create(
        config: &Config,
        out: &Path,
        passphrase_file: Option<&Path>,
        force: bool,
    ) -> Result<Self> {
        let passphrase = match passphrase_file {
            Some(path) => read_passphrase(path)?,
            None => find_passphrase(config)?,
        };
        let mut file = BackupFile::create(out, force)?;
        let (head, sealed_head, key) = new_head(&passphrase)?;
        file.write(&sealed_head)?;
        Ok(Self { file, head, key })
    }

    /// Has the node seal everything, and keeps it. Returns what is in it, and its size in bytes.
    pub(super) async fn fill(
        self,
        connection: &mut Connection,
        bar: &mut output::Bar,
    ) -> Result<(BackupReport, u64)> {
        let Self { mut file, head, key } = self;
        let request = Request::Backup { key: SealingKey::new(key.reveal()) };
        let mut written: Result<(), StoreError> = Ok(());
        let mut misunderstood = false;
        let reply = connection
            .client
            .ask(&request, |early| match early {
                Response::Progress(progress) => bar.show(&progress),
                Response::Page(Page::Backup(sealed)) => match sealed.bytes() {
                    Some(bytes) if written.is_ok() => written = file.write(&bytes),
                    Some(_) => {}
                    None => misunderstood = true,
                },
                Response::Page(
                    Page::Signals(_) | Page::Matches(_) | Page::BadRows(_) | Page::Log(_) | Page::Rights(_),
                )
                | Response::Reply(_)
                | Response::Refused(_) => {}
            })
            .await;
        written?;
        let Reply::BackedUp(report) = reply? else { return Err(unexpected()) };
        if misunderstood {
            return Err(unexpected());
        }
        let finished = tokio::task::spawn_blocking(move || file.finish(&head, &key)).await?;
        let (summary, bytes) = finished.context("the backup was not kept")?;
        if (summary.signals, summary.manifest.rosters) != (report.signals, report.rosters) {
            bail!("the file holds something else than the node told; make the backup again");
        }
        Ok((report, bytes))
    }
}
