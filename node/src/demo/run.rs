//! The `demo` command from its options to its exit status.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use protocol::Status;

use super::progress::{Progress, Snapshot};
use super::report::{Finding, Style, write_report};
use super::{DemoNetwork, DemoPlan, json, read_plan};
use crate::exit::Exit;
use crate::runtime::now;

/// How often the nodes are asked how far they are.
const POLL: Duration = Duration::from_millis(200);

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
    let directory = options.data.clone().unwrap_or_else(own_files);
    let plan = read_plan(&directory, now().date())?;
    for problem in &plan.problems {
        eprintln!("{problem}");
    }
    for remark in &plan.remarks {
        eprintln!("{remark}");
    }
    let json = options.json.as_deref().map(create).transpose()?;
    let temporary;
    let folder = match &options.work {
        Some(folder) => {
            prepare_work(folder)?;
            folder.as_path()
        }
        None => {
            temporary =
                tempfile::tempdir().context("cannot make a temporary folder; name one with --work")?;
            temporary.path()
        }
    };
    eprintln!("{}: starting {} nodes", plan.name, plan.organisations.len());
    let network = DemoNetwork::found(&plan, folder).await?;
    let outcome = tokio::select! {
        outcome = present(&plan, &network, json, &options) => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Exit::Ok),
    };
    network.stop().await?;
    let exit = outcome?;
    Ok(if exit == Exit::Ok && !plan.problems.is_empty() { Exit::BadRows } else { exit })
}

async fn present(
    plan: &DemoPlan,
    network: &DemoNetwork,
    json: Option<File>,
    options: &DemoOptions,
) -> Result<Exit> {
    let mut progress = Progress::new(std::io::stderr().is_terminal());
    let done = wait(network, &mut progress).await?;
    progress.finish();
    if !done {
        for status in statuses(network).await? {
            for problem in &status.ceremony_problems {
                eprintln!("{problem}");
            }
        }
        eprintln!("no progress for ten minutes; what is known so far follows");
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
    if let Some(file) = json {
        let mut file = BufWriter::new(file);
        json::write_json(plan, &findings, &mut file)
            .and_then(|()| file.flush())
            .context("cannot write the JSON")?;
    }
    let out = std::io::stdout();
    let style = Style { colour: out.is_terminal(), width: terminal_width(), full: options.full };
    let mut out = BufWriter::new(out.lock());
    match write_report(plan, &findings, style, &mut out).and_then(|()| out.flush()) {
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot print the report")?,
    }
    drop(out);
    if !done {
        return Ok(Exit::Standstill);
    }
    if !options.once {
        eprintln!("The network stays up; press Ctrl-C to stop it.");
        tokio::signal::ctrl_c().await?;
    }
    Ok(Exit::Ok)
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

fn create(path: &Path) -> Result<File> {
    File::create(path)
        .with_context(|| format!("cannot write {}; choose another file for --json", path.display()))
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
