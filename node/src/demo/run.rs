//! The `demo` command from its options to its exit status.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use protocol::Status;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::progress::{Progress, Snapshot};
use super::report::{Finding, Style, write_report};
use super::{DemoNetwork, DemoPlan, json, read_plan};
use crate::exit::Exit;
use crate::runtime::now;

/// How often the nodes are asked how far they are.
const POLL: Duration = Duration::from_millis(200);

/// Bad rows shown; a file in a wrong form has as many as it has rows.
const PROBLEMS_SHOWN: usize = 50;

/// How often an answer is asked again when a head has just arrived whose body is still on its way.
const ASK_AGAIN: usize = 100;

/// What the `demo` command was given.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// A directory of CSV files; the files that come with the program when absent.
    pub data: Option<PathBuf>,
    /// Where data folders are kept; a temporary place when absent.
    pub work: Option<PathBuf>,
    /// Where matches are written as JSON lines.
    pub json: Option<PathBuf>,
    /// Whether to exit after printing.
    pub once: bool,
    /// Whether to print every family.
    pub full: bool,
}

/// Runs the demonstration.
///
/// # Errors
/// Unusable files or folders, or a node that stopped.
pub async fn run(options: DemoOptions) -> Result<Exit> {
    let mut interruption = Interruption::new()?;
    let directory = options.data.clone().unwrap_or_else(own_files);
    let plan = read_plan(&directory, now().date())?;
    for problem in plan.problems.iter().take(PROBLEMS_SHOWN) {
        say!("{problem}");
    }
    if plan.problems.len() > PROBLEMS_SHOWN {
        say!("and {} more bad rows", plan.problems.len() - PROBLEMS_SHOWN);
    }
    for remark in &plan.remarks {
        say!("{remark}");
    }
    let json = options.json.as_deref().map(|path| JsonFile::create(path, &directory)).transpose()?;
    let temporary;
    let folder = match &options.work {
        Some(folder) => {
            prepare_work(folder)?;
            folder.as_path()
        }
        None => {
            let made = tempfile::Builder::new().prefix("samenhang-demo-").tempdir();
            temporary = made.context("cannot make a temporary folder; name one with --work")?;
            temporary.path()
        }
    };
    say!("{}: starting {} nodes", plan.name, plan.organisations.len());
    let founded = tokio::select! {
        founded = DemoNetwork::found(&plan, folder) => founded,
        () = interruption.came() => return Ok(interrupted()),
    };
    let network =
        founded.with_context(|| format!("the demonstration cannot start in {}", folder.display()))?;
    let outcome = tokio::select! {
        outcome = present(&plan, &network, json, &options) => outcome,
        () = interruption.came() => Ok(interrupted()),
    };
    let outcome =
        outcome.with_context(|| format!("a node stopped; its data folder is in {}", folder.display()));
    let exit = match outcome {
        Ok(Exit::Ok) if !options.once => {
            say!("The network stays up; press Ctrl-C to stop it.");
            interruption.came().await;
            Exit::Ok
        }
        Ok(exit) => exit,
        Err(error) => {
            // The error that came first says more than those of stopping what it broke.
            let _later = network.stop().await;
            return Err(error);
        }
    };
    network.stop().await?;
    Ok(if exit == Exit::Ok && !plan.problems.is_empty() { Exit::BadRows } else { exit })
}

fn interrupted() -> Exit {
    say!("interrupted before the result; nothing was written");
    Exit::Interrupted
}

/// Ctrl-C, or the signal by which a machine asks programs to end. Heard from the moment it is made.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The file for JSON lines: written beside its place and put there when whole, so that an earlier one is lost to no
/// interrupted run.
struct JsonFile {
    file: tempfile::NamedTempFile,
    place: PathBuf,
}

impl JsonFile {
    fn create(place: &Path, data: &Path) -> Result<Self> {
        let unusable = || format!("cannot write {}; choose another file for --json", place.display());
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = folder.canonicalize().with_context(unusable)?;
        if data.canonicalize().is_ok_and(|data| data == real)
            && place.extension().is_some_and(|end| end == "csv")
        {
            bail!("{} is among the files that are read; choose another file for --json", place.display());
        }
        if place.is_dir() {
            bail!("{} is a folder; name a file for --json", place.display());
        }
        let file = tempfile::NamedTempFile::new_in(&real).with_context(unusable)?;
        Ok(Self { file, place: place.to_owned() })
    }

    fn write(mut self, plan: &DemoPlan, findings: &[Finding]) -> Result<()> {
        let mut out = BufWriter::new(self.file.as_file_mut());
        json::write_json(plan, findings, &mut out)
            .and_then(|()| out.flush())
            .context("cannot write the JSON")?;
        drop(out);
        // A device or pipe cannot be replaced by a file; it is written to.
        if self.place.exists() && !self.place.is_file() {
            let mut source = self.file.reopen()?;
            let mut device = std::fs::OpenOptions::new().write(true).open(&self.place)?;
            std::io::copy(&mut source, &mut device).context("cannot write the JSON")?;
            return Ok(());
        }
        self.file.persist(&self.place).with_context(|| format!("cannot write {}", self.place.display()))?;
        Ok(())
    }
}

async fn present(
    plan: &DemoPlan,
    network: &DemoNetwork,
    json: Option<JsonFile>,
    options: &DemoOptions,
) -> Result<Exit> {
    let mut progress = Progress::new(std::io::stderr().is_terminal());
    let done = wait(network, &mut progress).await?;
    progress.finish();
    if !done {
        for status in statuses(network).await? {
            for problem in status.ceremony_problems() {
                say!("{problem}");
            }
        }
        say!("no progress for ten minutes; what is known so far follows");
    }
    let mut findings = Vec::new();
    for (organisation, node) in network.nodes.iter().enumerate() {
        let mut answers = node.who_all().await?;
        for _ in 0..ASK_AGAIN {
            if !done || answers.iter().all(|answer| answer.completeness.is_complete()) {
                break;
            }
            tokio::time::sleep(POLL / 4).await;
            answers = node.who_all().await?;
        }
        findings.push(Finding { organisation, answers });
    }
    if let Some(json) = json {
        json.write(plan, &findings)?;
    }
    let out = std::io::stdout();
    let style = Style { colour: out.is_terminal(), width: terminal_width(), full: options.full };
    let mut out = BufWriter::new(out.lock());
    match write_report(plan, &findings, style, &mut out).and_then(|()| out.flush()) {
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot print the report")?,
    }
    Ok(if done { Exit::Ok } else { Exit::Standstill })
}

/// Waits until every node has published everything and holds every current head; `false` on standstill.
async fn wait(network: &DemoNetwork, progress: &mut Progress) -> Result<bool> {
    let mut clock = tokio::time::interval(POLL);
    loop {
        let snapshot = Snapshot::of(&statuses(network).await?);
        let moving = progress.show(&snapshot);
        if snapshot.is_done() || !moving {
            return Ok(snapshot.is_done());
        }
        clock.tick().await;
    }
}

async fn statuses(network: &DemoNetwork) -> Result<Vec<Status>> {
    let mut statuses = Vec::new();
    for node in &network.nodes {
        statuses.push(node.status().await?);
    }
    Ok(statuses)
}

/// The files that come with the program: beside the working directory's `config/`, or in the source tree it was
/// built from.
fn own_files() -> PathBuf {
    let here = Path::new("config/demo");
    if here.is_dir() { here.to_owned() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo") }
}

fn prepare_work(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    if entries.next().is_some() {
        bail!("{} is not empty; the demonstration wants a new folder for --work", folder.display());
    }
    Ok(())
}

fn terminal_width() -> usize {
    let (_, columns) = console::Term::stdout().size();
    usize::from(columns)
}
