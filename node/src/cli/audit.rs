//! `samenhang audit`: what the main log says, to a file and back, and whether it is as it was written.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use audit::{EntryKind, Wrong};
use control::{LogLine, LogState, LogUse, Page, Reply, Request, Response};
use crypto::VerifyingKey;
use domain::CalendarDate;
use serde_json::json;

use super::target::Target;
use super::{output, subject, unexpected};
use crate::audit::{Cosigned, ExportFormat, Exporter, Readable, VerifiedFile, verify_file};
use crate::config::Config;
use crate::daemon::installed;
use crate::exit::Exit;

/// Commands of `audit`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum AuditCommand {
    /// Show what the main log says. That it was shown is logged first.
    List {
        #[command(flatten)]
        target: Target,
        /// Only entries of this kind (soort), such as vraag, uitspraak or weigering.
        #[arg(long, value_name = "SOORT", value_parser = kind)]
        kind: Option<EntryKind>,
        /// Only entries about this family: the organisation's own reference.
        #[arg(long, value_name = "GEZIN")]
        family: Option<String>,
        /// Only entries since this day (YYYY-MM-DD).
        #[arg(long, value_name = "DAG")]
        since: Option<CalendarDate>,
        /// Only so many of the newest.
        #[arg(long, value_name = "N")]
        last: Option<usize>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Write the main log to a file. That it left is logged first.
    Export {
        #[command(flatten)]
        target: Target,
        /// The file. It appears under this name when it is whole, and only this user may read it: it holds personal data.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// What the file looks like; only JSON Lines can be verified.
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// Check that a log is as it was written, and name the first entry that is not.
    ///
    /// Without a file the log of this node. With one, a file that `audit export` wrote, on whatever machine: no node and no
    /// configuration is needed. Exit status 0: as it was written; 1: it is not.
    Verify {
        #[command(flatten)]
        target: Target,
        /// A file of JSON Lines.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// The log's key as the roster names it, in hexadecimal. Without it the file is checked against the key that stands
        /// in it, which is printed to be compared.
        #[arg(long, value_name = "KEY", requires = "file")]
        key: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print what this node has of one person, for whoever may see it: first as a draft, to be reviewed.
    ///
    /// Holds the person's record, the signal, who else knows the family by this person, and what the log says about that.
    /// Leaves out other persons, matches that rest on them, and other units, of which one may be shielded. Review the draft: a
    /// name of an organisation can endanger somebody. With --release it is the report to be given; either is logged.
    DataSubject(subject::SubjectArguments),
    /// Show for how long each kind of entry can be read.
    Retention {
        #[command(flatten)]
        target: Target,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(super) async fn run(command: &AuditCommand) -> Result<Exit> {
    match command {
        AuditCommand::List { target, kind, family, since, last, json } => {
            let wanted = Wanted { kind: *kind, family: family.clone(), since: *since };
            list(target, &wanted, *last, *json).await
        }
        AuditCommand::Export { target, out, format, force } => {
            tokio::select! {
                exported = export(target, out, *format, *force) => exported,
                _asked = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
            }
        }
        AuditCommand::Verify { file: Some(file), key, json, .. } => verify_named(file, key.as_deref(), *json),
        AuditCommand::Verify { target, file: None, json, .. } => verify_own(target, *json).await,
        AuditCommand::DataSubject(arguments) => subject::run(arguments).await,
        AuditCommand::Retention { target, json } => retention(target, *json),
    }
}

fn kind(text: &str) -> Result<EntryKind, String> {
    EntryKind::ALL.into_iter().find(|kind| kind.dutch() == text).ok_or_else(|| {
        let known: Vec<&str> = EntryKind::ALL.into_iter().map(EntryKind::dutch).collect();
        format!("there is no such kind; known are {}", known.join(", "))
    })
}

/// Which entries are shown.
struct Wanted {
    kind: Option<EntryKind>,
    family: Option<String>,
    since: Option<CalendarDate>,
}

impl Wanted {
    fn fits(&self, line: &Readable) -> bool {
        let of_kind = self.kind.is_none_or(|kind| line.soort.as_deref() == Some(kind.dutch()));
        let about = self.family.is_none() || self.family == line.gezin;
        // Moments are written so that they sort as text.
        let since = self.since.map(|day| day.to_string());
        of_kind && about && since.is_none_or(|day| line.tijd.as_ref().is_some_and(|time| *time >= day))
    }
}

/// Has the node send its log; every entry goes to `take`.
pub(super) async fn fetch(
    target: &Target,
    purpose: LogUse,
    quiet: bool,
    mut begin: impl FnMut(&LogState) -> Result<()>,
    mut take: impl FnMut(&LogLine) -> Result<()>,
) -> Result<u64> {
    let mut connection = target.any().await?;
    let mut bar = output::Bar::new(false);
    let mut failed = None;
    let fetched = async {
        let reply = connection.client.ask(&Request::Log { purpose }, |_| ()).await?;
        let Reply::Log(state) = reply else { return Err(unexpected()) };
        begin(&state)?;
        let reply = connection.client.reply(|early| match early {
            Response::Page(Page::Log(lines)) => {
                for line in &lines {
                    if failed.is_none() {
                        failed = take(line).err();
                    }
                }
            }
            Response::Progress(progress) if !quiet => bar.show(&progress),
            Response::Page(_) | Response::Progress(_) | Response::Reply(_) | Response::Refused(_) => {}
        });
        let Reply::LogEntries(count) = reply.await? else { return Err(unexpected()) };
        Ok(count)
    };
    let fetched = fetched.await;
    connection.close().await;
    match failed {
        Some(error) => Err(error),
        None => fetched,
    }
}

async fn list(target: &Target, wanted: &Wanted, last: Option<usize>, as_json: bool) -> Result<Exit> {
    let mut kept: std::collections::VecDeque<Readable> = std::collections::VecDeque::new();
    let take = |line: &LogLine| {
        let line = Readable::of(line)?;
        if wanted.fits(&line) {
            match last {
                None => print(&line, as_json)?,
                Some(last) => {
                    kept.push_back(line);
                    if kept.len() > last {
                        kept.pop_front();
                    }
                }
            }
        }
        Ok(())
    };
    let count = fetch(target, LogUse::Read, true, |_| Ok(()), take).await?;
    for line in &kept {
        print(line, as_json)?;
    }
    if !as_json {
        say!("the log has {count} entries");
    }
    Ok(Exit::Ok)
}

fn print(line: &Readable, as_json: bool) -> Result<()> {
    if as_json {
        return output::json(line);
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut words = vec![
        format!("{:>8}", line.plaats),
        line.tijd.clone().unwrap_or_else(|| "gewist".to_owned()),
        format!("{:<22}", text(&line.soort)),
        format!("{:<9}", text(&line.rol)),
    ];
    for (name, value) in [
        ("gezin", &line.gezin),
        ("afdeling", &line.afdeling),
        ("grondslag", &line.grondslag),
        ("organisatie", &line.organisatie),
        ("uitkomst", &line.uitkomst),
    ] {
        words.extend(value.as_ref().map(|value| format!("{name}: {value}")));
    }
    output::line(words.join("  ").trim_end())
}

async fn export(target: &Target, out: &Path, format: ExportFormat, force: bool) -> Result<Exit> {
    let config = Config::read(&target.config)?;
    let Some(chain) = installed(&config.roster_folder())? else { bail!(crate::daemon::Desk::NO_ROSTER) };
    if out.exists() && !force {
        bail!("{} is there already; name another file, or give --force", out.display());
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = || format!("cannot write into {}", folder.display());
    // Readable by this user only, and gone when something fails.
    let file =
        tempfile::Builder::new().prefix(".samenhang-audit-").tempfile_in(folder).with_context(unwritable)?;
    let (roster, oin) = (chain.newest(), config.oin);
    let exporter = std::cell::RefCell::new(None);
    let begin = |state: &LogState| {
        let out = BufWriter::new(file.as_file().try_clone()?);
        *exporter.borrow_mut() = Some(Exporter::begin(out, format, (state, true), roster, oin)?);
        Ok(())
    };
    let take = |line: &LogLine| match exporter.borrow_mut().as_mut() {
        Some(exporter) => exporter.write(line),
        None => Err(unexpected()),
    };
    let count = fetch(target, LogUse::Read, false, begin, take).await?;
    if let Some(exporter) = exporter.into_inner() {
        exporter.finish()?.flush()?;
    }
    file.as_file().sync_all().with_context(unwritable)?;
    file.persist(out).with_context(unwritable)?;
    output::line(&format!("{}: {count} entries", out.display()))?;
    Ok(Exit::Ok)
}

fn verify_named(path: &Path, key: Option<&str>, as_json: bool) -> Result<Exit> {
    let key = key.map(|text| {
        let bytes = hex::decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(VerifyingKey::from_bytes).context("a key is 64 digits and letters a to f")
    });
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let found = verify_file(BufReader::new(file), key.transpose()?.as_ref())
        .with_context(|| format!("{} is not verified", path.display()))?;
    tell(&found, as_json)
}

async fn verify_own(target: &Target, as_json: bool) -> Result<Exit> {
    let config = Config::read(&target.config)?;
    let Some(chain) = installed(&config.roster_folder())? else { bail!(crate::daemon::Desk::NO_ROSTER) };
    // Through the same file that others verify: what passes here passes there.
    let file =
        tempfile::tempfile().context("no room for a temporary file; name a folder with room in TMPDIR")?;
    let (roster, oin) = (chain.newest(), config.oin);
    let exporter = std::cell::RefCell::new(None);
    let begin = |state: &LogState| {
        let out = BufWriter::new(file.try_clone()?);
        *exporter.borrow_mut() =
            Some(Exporter::begin(out, ExportFormat::Jsonl, (state, false), roster, oin)?);
        Ok(())
    };
    let take = |line: &LogLine| match exporter.borrow_mut().as_mut() {
        Some(exporter) => exporter.write(line),
        None => Err(unexpected()),
    };
    fetch(target, LogUse::Verify, as_json, begin, take).await?;
    if let Some(exporter) = exporter.into_inner() {
        exporter.finish()?;
    }
    let mut file = file;
    file.rewind().context("a temporary file cannot be read again")?;
    // The node's word for its own key is worth nothing; the roster's is, where it names one.
    let named = chain.newest().member(&oin).and_then(|member| member.keys.log);
    let found = verify_file(BufReader::new(file), named.as_ref())?;
    tell(&found, as_json)
}

fn tell(found: &VerifiedFile, as_json: bool) -> Result<Exit> {
    let VerifiedFile { oin, key, with_details, verified, cosigned } = found;
    let oin = oin.to_string();
    let exit = if verified.wrong.is_none() { Exit::Ok } else { Exit::Unsound };
    let wrong = verified.wrong.as_ref().map(words);
    if as_json {
        output::json(&json!({
            "oin": oin, "key": key, "entries": verified.entries, "erased": verified.erased,
            "details": with_details,
            "wrong": wrong, "first_wrong": verified.wrong.as_ref().and_then(place),
            "cosigned": cosigned.map(|cosigned| json!({
                "entries": cosigned.entries, "by": cosigned.by, "witnesses": cosigned.witnesses,
                "needed": cosigned.needed,
            })),
        }))?;
        return Ok(exit);
    }
    match wrong {
        None => output::line(&format!(
            "{} entries of {oin} are as they were written ({} erased when their retention ended)",
            verified.entries, verified.erased
        ))?,
        Some(wrong) => output::line(&format!("not as it was written: {wrong}"))?,
    }
    if !with_details {
        output::line("whom entries are about was compared at the node and is not in what was checked here")?;
    }
    match cosigned {
        Some(Cosigned { entries, by, witnesses, needed }) => output::line(&format!(
            "the first {entries} cosigned by {by} of {witnesses} witnesses, {needed} needed"
        ))?,
        None => output::line("cosigned by no witness")?,
    }
    output::line(&format!("signed by the log's key {key}"))?;
    Ok(exit)
}

fn words(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Order { expected, found } => {
            format!("entry {expected} is missing; entry {found} stands in its place")
        }
        Wrong::Entry(place) => format!("entry {place} was changed"),
        Wrong::Details(place) => format!("whom entry {place} is about was changed or left out"),
        Wrong::NotErased(place) => {
            format!("only the hash is left of entry {place}, and no retention that ended can have covered it")
        }
        Wrong::DetailsAlone(place) => format!("entry {place} was erased, but says whom it was about"),
        Wrong::Block { first, last } => {
            format!("one of the entries {first} to {last} was replaced together with its hash")
        }
        Wrong::Tree => {
            "the entries do not lead to what was signed; the file was made up or changed as a whole"
                .to_owned()
        }
        Wrong::Cosigned(size) => format!("the first {size} entries are not those that witnesses cosigned"),
        Wrong::Size { expected, found } => format!("there are {found} entries, and {expected} were signed"),
    }
}

fn place(wrong: &Wrong) -> Option<u64> {
    match wrong {
        Wrong::Order { expected: place, .. }
        | Wrong::Entry(place)
        | Wrong::Details(place)
        | Wrong::DetailsAlone(place)
        | Wrong::NotErased(place)
        | Wrong::Block { first: place, .. } => Some(*place),
        Wrong::Size { expected, found } => Some(*expected.min(found)),
        Wrong::Tree | Wrong::Cosigned(_) => None,
    }
}

fn retention(target: &Target, as_json: bool) -> Result<Exit> {
    let config = Config::read(&target.config)?;
    let months = |kind| config.accounting.retention.months(kind);
    if as_json {
        let by_kind: serde_json::Map<_, _> =
            EntryKind::ALL.into_iter().map(|kind| (kind.dutch().to_owned(), json!(months(kind)))).collect();
        output::json(&by_kind)?;
        return Ok(Exit::Ok);
    }
    for kind in EntryKind::ALL {
        output::line(&format!("{:<22}  {} months", kind.dutch(), months(kind)))?;
    }
    Ok(Exit::Ok)
}
