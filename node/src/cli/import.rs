//! `samenhang import`: files into the node.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use control::{BadRow, Extent, ImportReport, Page, Progress, Reply, Request, Response};
use serde::Serialize;
use zeroize::Zeroizing;

use super::target::{Connection, Target};
use super::{output, unexpected};
use crate::exit::Exit;
use crate::import::MAX_FILE_BYTES;

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArguments {
    #[command(flatten)]
    target: Target,

    /// CSV files; "-" reads standard input. Together they are the whole list of the units (afdelingen) they name.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Withdraw absent families however many they are.
    ///
    /// Without it an import is refused that would withdraw more than five and over 20% of the active signals of
    /// the units that it names: most often that is half a file.
    #[arg(long)]
    allow_withdrawals: bool,

    /// Return only when everything is published: every key has its pseudonym and the tags are out.
    #[arg(long)]
    wait: bool,

    /// Print one JSON object: the counts, and every bad row. Progress goes to standard error, one JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    report: &'a ImportReport,
    problems: &'a [BadRow],
}

/// What is to be imported.
pub(super) struct Wanted<'a> {
    pub(super) target: &'a Target,
    pub(super) files: &'a [PathBuf],
    pub(super) extent: Extent,
    pub(super) allow_withdrawals: bool,
    pub(super) wait: bool,
    pub(super) json: bool,
}

/// Takes over the whole list.
pub(super) async fn run(arguments: &ImportArguments) -> Result<Exit> {
    let &ImportArguments { ref target, ref files, allow_withdrawals, wait, json } = arguments;
    import(&Wanted { target, files, extent: Extent::Whole, allow_withdrawals, wait, json }).await
}

/// Has the files imported and prints what became of them.
pub(super) async fn import(arguments: &Wanted<'_>) -> Result<Exit> {
    let texts = arguments.files.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let files: Vec<(String, &str)> =
        arguments.files.iter().zip(&texts).map(|(path, text)| (name(path), text.as_str())).collect();
    let target = arguments.target;
    let mut connection = if arguments.wait { target.running().await? } else { target.any().await? };
    let mut problems: Vec<BadRow> = Vec::new();
    let mut bar = output::Bar::new(arguments.json);
    let (extent, allow) = (arguments.extent, arguments.allow_withdrawals);
    let reply = connection.client.import(&files, extent, allow, |early| match early {
        Response::Progress(progress) => bar.show(&progress),
        Response::Page(Page::BadRows(rows)) => problems.extend(rows),
        Response::Page(
            Page::Signals(_) | Page::Matches(_) | Page::Backup(_) | Page::Log(_) | Page::Rights(_),
        )
        | Response::Reply(_)
        | Response::Refused(_) => {}
    });
    let reply = reply.await;
    let published = match &reply {
        Ok(_) if arguments.wait => published(&mut connection, &mut bar).await,
        Ok(_) | Err(_) => Ok(()),
    };
    drop(bar);
    connection.close().await;
    let Reply::Imported(report) = reply? else { return Err(unexpected()) };
    for problem in problems.iter().filter(|_| !arguments.json) {
        say!("{}", sentence(problem));
    }
    output::unless_gone(print(&report, &problems, arguments.json))?;
    published?;
    Ok(if report.bad_rows > 0 { Exit::BadRows } else { Exit::Ok })
}

/// Prints what became of the files.
fn print(report: &ImportReport, problems: &[BadRow], as_json: bool) -> Result<()> {
    if as_json {
        output::json(&Printed { report, problems })?;
    } else {
        output::line(&format!(
            "{} added, {} changed, {} unchanged, {} withdrawn",
            report.added, report.changed, report.unchanged, report.withdrawn
        ))?;
        if report.untouched > 0 {
            output::line(&format!("{} families left as they were because of bad rows", report.untouched))?;
        }
        if report.kept_out > 0 {
            output::line(&format!(
                "{} families left out: an objection (bezwaar) to a signal on them was upheld",
                report.kept_out
            ))?;
        }
        if report.kept_for_unplaced_rows > 0 {
            output::line(&format!(
                "{} families are absent and were kept: a row without a readable reference may be theirs",
                report.kept_for_unplaced_rows
            ))?;
        }
    }
    Ok(())
}

/// Waits until everything is published, and says how far it is and what it waits for.
async fn published(connection: &mut Connection, bar: &mut output::Bar) -> Result<()> {
    let mut reply = connection.client.ask(&Request::Status { follow: true }, |_| ()).await;
    let mut most = 0;
    loop {
        let Reply::Status(status) = reply? else { return Err(unexpected()) };
        if status.published {
            return Ok(());
        }
        // Keys of others that import at the same time are waited for too, so the total may grow.
        most = most.max(status.keys_waiting);
        let count = |number| u64::try_from(number).unwrap_or(u64::MAX);
        let (mut doing, total) = match status.keys_waiting {
            0 => ("publishing".to_owned(), None),
            _ => ("evaluating keys".to_owned(), Some(count(most))),
        };
        for message in &status.messages {
            doing.push_str(&format!("; {message}"));
        }
        bar.show(&Progress { doing, done: count(most - status.keys_waiting), total });
        reply = connection.client.reply(|_| ()).await;
    }
}

fn sentence(problem: &BadRow) -> String {
    let column = problem.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default();
    format!("{}, line {}{column}: {}", problem.file, problem.line, problem.reason)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = MAX_FILE_BYTES + 1;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    let shown = path.display();
    read.with_context(|| {
        format!("{shown} cannot be read; check that it exists and that this user may read it")
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length == limit) {
        bail!("{shown} is larger than {} MiB; split it by unit (afdeling)", MAX_FILE_BYTES >> 20);
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => {
            let before = bytes.iter().take(error.valid_up_to());
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            bail!("{shown}: not UTF-8 in line {line}; save it as UTF-8")
        }
    }
}
