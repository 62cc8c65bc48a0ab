//! `samenhang restore`: a node from a backup, and the drill that tries one.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use control::Progress;
use serde::Serialize;

use super::target::Target;
use super::{init, output};
use crate::backup::{Drill, Restored, VerifiedBackup, drill, restore};
use crate::config::{Config, find_passphrase, read_passphrase};
use crate::exit::Exit;
use crate::passphrase::Passphrase;
use crate::runtime::now;

/// Options of `restore`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("backup").required(true))]
pub(super) struct RestoreArguments {
    #[command(flatten)]
    target: Target,

    /// The backup to restore into the data folder of the configuration, which must be empty or absent.
    #[arg(long, value_name = "FILE", group = "backup")]
    from: Option<PathBuf>,

    /// Only try: restore into a folder in TMPDIR, compare every entry, start on it without network, throw it away.
    #[arg(long, value_name = "FILE", group = "backup")]
    check: Option<PathBuf>,

    /// The backup's passphrase, when it is not the one of the node.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Printed<'a> {
    file: String,
    oin: String,
    made_at: String,
    signals: u64,
    rosters: u64,
    network: String,
    roster_version: u32,
    /// What the operator has to do or know.
    notes: Vec<&'a str>,
}

#[derive(Serialize)]
struct Checked<'a> {
    file: String,
    sound: bool,
    reason: Option<&'a str>,
    oin: Option<String>,
    made_at: Option<String>,
    signals: Option<u64>,
    rosters: Option<u64>,
}

const REIMPORT: &str = "Signals that were withdrawn after the backup was made are back, and those registered since are missing: import \
     the current list with `samenhang import` before anybody relies on the answers.";
const START: &str = "Start the node with `samenhang run`. It first asks other members for its own newest feed headers and goes on \
     above them; until it has heard enough of them it publishes nothing.";
const STAGED: &str = "The backup also holds new keys, which waited for the roster that names them; the join request asks for these. When \
     the governors have signed such a version by now, install it before the start: the node then works with the new keys, \
     while others would refuse it with the old.";
const KEYHOLDER: &str = "This organisation is a keyholder. Its shares of the keys are in no backup: it answers no requests for \
     pseudonyms until the next epoch, for which it makes keys with the others again.";

/// Restores, or tries to.
pub(super) fn run(arguments: &RestoreArguments) -> Result<Exit> {
    match (&arguments.from, &arguments.check) {
        (Some(path), _) => from(arguments, path),
        (None, Some(path)) => check(arguments, path),
        (None, None) => bail!("name a backup: --from FILE to restore it, --check FILE to try it"),
    }
}

fn from(arguments: &RestoreArguments, path: &Path) -> Result<Exit> {
    let config = Config::read(&arguments.target.config)?;
    let own = find_passphrase(&config)?;
    let mut bar = output::Bar::new(arguments.json);
    let mut watch = |doing: &str, done, total| bar.show(&progress(doing, done, total));
    let mut backup = read(arguments, path, &mut watch)?;
    let Restored { secrets, staged, keyholder } = restore(&mut backup, &config, &own, now(), &mut watch)?;
    drop(bar);
    init::join_request(&config, &secrets)?;
    let (manifest, newest) = (backup.manifest(), backup.chain().newest());
    let mut notes = vec![REIMPORT, START];
    if staged {
        notes.push(STAGED);
    }
    if keyholder {
        notes.push(KEYHOLDER);
    }
    if arguments.json {
        output::json(&Printed {
            file: path.display().to_string(),
            oin: manifest.oin.to_string(),
            made_at: manifest.made_at.to_string(),
            signals: backup.signals(),
            rosters: manifest.rosters,
            network: newest.network().to_string(),
            roster_version: newest.version(),
            notes,
        })?;
        return Ok(Exit::Ok);
    }
    output::line(&format!(
        "{} holds organisation {} again, as it was at {}: {} signals, its keys, and version {} of the roster.",
        config.data_folder.display(),
        manifest.oin,
        manifest.made_at,
        backup.signals(),
        newest.version()
    ))?;
    for note in notes {
        output::line("")?;
        output::line(note)?;
    }
    Ok(Exit::Ok)
}

fn check(arguments: &RestoreArguments, path: &Path) -> Result<Exit> {
    let mut bar = output::Bar::new(arguments.json);
    let mut watch = |doing: &str, done, total| bar.show(&progress(doing, done, total));
    let read = read(arguments, path, &mut watch);
    let mut backup = match read {
        Ok(backup) => backup,
        Err(error) if is_damage(&error) => {
            drop(bar);
            let reason = format!("{error:#}");
            say!("samenhang: {reason}");
            return told(arguments, path, None, Some(&reason));
        }
        Err(error) => return Err(error),
    };
    let outcome = drill(&mut backup, &mut watch)?;
    drop(bar);
    match outcome {
        Drill::Sound => told(arguments, path, Some(&backup), None),
        Drill::Unsound(reason) => {
            say!("samenhang: {}: {reason}; make a new backup and report this", path.display());
            told(arguments, path, Some(&backup), Some(reason))
        }
    }
}

fn is_damage(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(crate::backup::BackupError::is_damage)
}

/// Prints how a drill ended.
fn told(
    arguments: &RestoreArguments,
    path: &Path,
    backup: Option<&VerifiedBackup>,
    reason: Option<&str>,
) -> Result<Exit> {
    let file = path.display().to_string();
    let manifest = backup.map(VerifiedBackup::manifest);
    if arguments.json {
        output::json(&Checked {
            file,
            sound: reason.is_none(),
            reason,
            oin: manifest.map(|manifest| manifest.oin.to_string()),
            made_at: manifest.map(|manifest| manifest.made_at.to_string()),
            signals: backup.map(VerifiedBackup::signals),
            rosters: manifest.map(|manifest| manifest.rosters),
        })?;
    } else if let (None, Some(backup), Some(manifest)) = (reason, backup, manifest) {
        output::line(&format!(
            "{file} is sound: organisation {} as it was at {}; {} signals and {} rosters were restored, compared and \
             thrown away.",
            manifest.oin,
            manifest.made_at,
            backup.signals(),
            manifest.rosters
        ))?;
    }
    Ok(if reason.is_none() { Exit::Ok } else { Exit::Unsound })
}

/// Reads the backup with the passphrase of the named file, or with the node's own, or with what is typed.
fn read(
    arguments: &RestoreArguments,
    path: &Path,
    watch: &mut dyn FnMut(&str, u64, u64),
) -> Result<VerifiedBackup> {
    if let Some(file) = &arguments.passphrase_file {
        return Ok(VerifiedBackup::read(path, &read_passphrase(file)?, watch)?);
    }
    let own = Config::read(&arguments.target.config).map_err(anyhow::Error::from);
    let own = own.and_then(|config| Ok(find_passphrase(&config)?));
    let question = format!("Passphrase of {}: ", path.display());
    match own {
        Ok(own) => match VerifiedBackup::read(path, &own, watch) {
            Err(refused) if refused.is_passphrase() => match Passphrase::ask(&question) {
                Some(typed) => Ok(VerifiedBackup::read(path, &typed, watch)?),
                None => Err(refused.into()),
            },
            read => Ok(read?),
        },
        Err(unknown) => match Passphrase::ask(&question) {
            Some(typed) => Ok(VerifiedBackup::read(path, &typed, watch)?),
            None => Err(unknown),
        },
    }
}

fn progress(doing: &str, done: u64, total: u64) -> Progress {
    Progress { doing: doing.to_owned(), done, total: Some(total) }
}
