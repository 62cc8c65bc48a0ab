//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::{self, BenchOptions};
use crate::demo::{self, DemoOptions};
use crate::exit::Exit;

/// Finds which other organisations are involved with the same family, without a central register.
#[derive(Debug, Parser)]
#[command(name = "samenhang", version, max_term_width = 100, after_help = EXIT_STATUSES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// What to log on standard error: error, warn, info, debug or trace, also per part ("warn,network=debug").
    #[arg(long, global = true, value_name = "FILTER", default_value = "warn", env = "SAMENHANG_LOG")]
    log: String,
}

const EXIT_STATUSES: &str = "Exit status: 0 done; 1 done, but families with bad rows were left out; \
2 nothing was done (wrong usage, unusable files, a node that could not run); 3 no progress for ten minutes.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole thing work: a network of real nodes on this machine finds who is involved with whom.
    ///
    /// Starts one node per CSV file, each with its own data folder and keys, on the loopback interface. The
    /// keyholders hold a key ceremony, every node has its families' keys evaluated and publishes its tags, and when
    /// every node holds every current head the result is printed: who else is involved with each family, how
    /// certain that is, why, and how complete the answer is.
    Demo(DemoArguments),
    /// Measure how fast this machine does the work of a node, each beside its baseline.
    Bench(BenchArguments),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUSES)]
struct DemoArguments {
    /// Use the CSV files of this directory, one per organisation, instead of those that come with the program.
    ///
    /// With a file `netwerk.toml` it says sectors, entitlements, circles, legal bases and keyholders. Without one
    /// there is a single circle in which everybody reads everybody, all may use the BSN, and the first three
    /// organisations by name hold the keys (two are needed).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Keep the data folders in this new directory. They stay sealed: their secrets end with the demonstration.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,

    /// Also write one line of JSON per organisation, family and involved organisation to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Exit after printing instead of keeping the network up.
    #[arg(long)]
    once: bool,

    /// Print every family, however many there are.
    #[arg(long)]
    full: bool,
}

#[derive(Debug, clap::Args)]
struct BenchArguments {
    /// Elements of oblivious evaluation, in batches as large as the protocol allows.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    elements: usize,

    /// Own linkage keys that are probed when a segment arrives.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    own_keys: usize,

    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs the program as the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_logging(&arguments.log);
    let outcome = match arguments.command {
        Command::Demo(given) => block_on(demo::run(DemoOptions {
            data: given.data,
            work: given.work,
            json: given.json,
            once: given.once,
            full: given.full,
        })),
        Command::Bench(given) => {
            bench::run(BenchOptions { elements: given.elements, own_keys: given.own_keys, json: given.json })
        }
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("samenhang: {error:#}");
            Exit::Failed.into()
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn start_logging(filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| {
        eprintln!("samenhang: --log {filter:?} is no filter; logging warnings");
        tracing_subscriber::EnvFilter::new("warn")
    });
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour).init();
}
