//! The command line.

mod accountability;
mod audit;
mod backup;
mod doctor;
mod explained;
mod import;
mod incident;
mod inform;
mod init;
mod judged;
mod keyholder;
mod leave;
mod letter;
mod manual;
mod matches;
mod objection;
mod output;
mod restore;
mod roster;
mod run;
mod signal;
mod status;
mod subject;
mod target;
mod who;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::bench::{self, BenchOptions, RegionOptions, StartOptions};
use crate::demo::{self, DemoOptions};
use crate::exit::Exit;

/// Finds which other organisations are involved with the same family, without a central register.
#[derive(Debug, Parser)]
#[command(name = "samenhang", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// What to log on standard error: error, warn, info, debug or trace, also per part ("warn,network=debug").
    ///
    /// Without it `run` logs what its configuration says, and everything else logs warnings.
    #[arg(long, global = true, value_name = "FILTER", env = "SAMENHANG_LOG")]
    log: Option<String>,
}

const EXIT_STATUSES: &str = "Exit status: 0 done; 1 done, but families with bad rows were left out, or what was checked is not sound; 2 nothing \
     was done (wrong usage, unusable files, a node that could not run); 3 what was waited for has not come; 4 a node that \
     ran failed (starting it again may help); 130 interrupted. Whoever closes the pipe that a command prints into has seen \
     enough: that is no failure.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a node: its data folder, its keys, and the join request for the governors of a network.
    ///
    /// Reads the configuration, makes what is not there yet, and prints the fingerprint of the join request, to be
    /// read aloud to a governor over the telephone. Run again with the same configuration it changes nothing.
    Init(init::InitArguments),
    /// Run a node until it is asked to stop (SIGINT, SIGTERM, `samenhang stop`).
    ///
    /// Until a roster that names this node is installed it waits, and says so in `samenhang status`. It notifies
    /// systemd (Type=notify), serves /health/live, /health/ready and /metrics on the health address of its
    /// configuration, and takes the other commands over control.sock in its data folder.
    Run(run::RunArguments),
    /// Take over CSV files: the whole list of the families of the units that they name.
    ///
    /// Families are added or changed; families of those units that are absent are withdrawn. A bad row leaves its
    /// family exactly as it was, the others proceed, and the exit status is 1. Importing the same files again
    /// changes nothing, so an interrupted import is resumed by repeating it.
    Import(import::ImportArguments),
    /// List, add, change, renew or withdraw the own signals.
    #[command(subcommand)]
    Signal(signal::SignalCommand),
    /// Ask who else is involved with a family, how sure that is, and how complete the answer is.
    Who(who::WhoArguments),
    /// List matches, show those of one family, and decide which of them mean the same family.
    #[command(subcommand)]
    Match(matches::MatchCommand),
    /// Note and decide objections (bezwaren) to own signals; a signal stands still until that is decided.
    #[command(subcommand)]
    Objection(objection::ObjectionCommand),
    /// List and close incidents: matches and persons that turned out to be wrong.
    #[command(subcommand)]
    Incident(incident::IncidentCommand),
    /// List who was told that a signal is registered, note who was, and print letters.
    #[command(subcommand)]
    Inform(inform::InformCommand),
    /// Read, export and verify the main log of this node: who did what, when, on which legal basis.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Count a year out of the main log: signals, questions, matches, and how they were judged.
    ///
    /// Figures hold no names and can be added up over organisations (--sum). Counts of one to four are given as a range, since
    /// somebody could be recognised by them. That the log was read is logged.
    Accountability(accountability::AccountabilityArguments),
    /// Write everything that cannot be made again into one sealed file: signals, decisions about matches, keys, rosters.
    ///
    /// Works while the node runs and when it does not. The file is sealed under the passphrase of the node, or under
    /// one of its own (--passphrase-file); without it nobody can restore, so keep it elsewhere too. Not in it: the
    /// configuration, feeds, and shares of the network's keys. Try a backup with `samenhang restore --check`.
    Backup(backup::BackupArguments),
    /// Make a node again from a backup, or try whether one could be (--check).
    ///
    /// Restores into the data folder of the configuration, which must be empty or absent, and reads the backup to its
    /// end before it touches anything. Signals that were withdrawn after the backup was made come back: import the
    /// current list afterwards. With --check nothing of this node is touched: exit status 0 the backup is whole and can
    /// be restored, 1 it cannot, 2 the check could not be made.
    Restore(restore::RestoreArguments),
    /// Show how the running node is doing.
    Status(status::StatusArguments),
    /// Look at everything that a node needs, and say what to do where something is amiss.
    ///
    /// Clock, ports, addresses, peers, versions, disk, memory, permissions, key files, passphrase and rosters. Works with
    /// and without a running node and changes nothing that a start would not change. What cannot be known is called
    /// unknown and is no reason for an exit status other than 0.
    #[command(after_help = doctor::EXIT_STATUSES)]
    Doctor(doctor::DoctorArguments),
    /// Show how the keys of the network are made, and which shares this node holds.
    #[command(subcommand)]
    Keyholder(keyholder::KeyholderCommand),
    /// Leave the network: withdraw every signal, then destroy the keys and the database of this node.
    ///
    /// Waits until the withdrawal is published and every reader is known to have taken it, or --wait-seconds have passed;
    /// then stops the node and erases its data folder. The installed rosters and the join request stay. The archive
    /// (--archive) is the only record that remains. Interrupted at any point, the same command goes on, and so does `run`.
    ///
    /// A keyholder is refused until the governors have named another one in its place (--force leaves all the same: its
    /// share is destroyed). The governors still have to remove the organisation from the roster.
    Leave(leave::LeaveArguments),
    /// Ask the running node to stop in order.
    Stop(target::Target),
    /// Found a network, admit and remove members, change its rules, sign, check and install rosters.
    Roster(roster::RosterArguments),
    /// Make a governor's key, or show its fingerprint.
    Governor(roster::GovernorArguments),
    /// Show the whole thing work: a network of real nodes on this machine finds who is involved with whom.
    ///
    /// Starts one node per CSV file, each with its own data folder and keys, on the loopback interface. The
    /// keyholders hold a key ceremony, every node has its families' keys evaluated and publishes its tags, and when
    /// every node holds every current head the result is printed: who else is involved with each family, how
    /// certain that is, why, and how complete the answer is.
    Demo(DemoArguments),
    /// Print completions for a shell, to be put where it looks for them.
    Completions(manual::CompletionArguments),
    /// Write the manual pages, one for each command, into a directory.
    Man(manual::ManArguments),
    /// Measure how fast this machine does the work of a node, each beside its baseline.
    Bench(BenchArguments),
}

#[derive(Debug, clap::Args)]
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

    /// Measure one epoch of a whole region instead: taking in all feeds, matching them, and the memory they take. With
    /// its own sizes 70 million tags: several minutes and 1.3 GB of memory.
    #[arg(long, group = "network", conflicts_with_all = ["elements", "own_keys"])]
    region: bool,

    /// Measure the start of a node instead: makes a sealed data folder that holds the feeds of a national network, starts
    /// `samenhang run` on it and on an almost empty one, and takes the time until each is ready and the memory. With its
    /// own sizes 7 million tags: a few minutes, 1 GB of memory and as much in the folder for temporary files.
    #[arg(long, group = "network", conflicts_with_all = ["elements", "own_keys"])]
    start: bool,

    /// Organisations that publish.
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "network")]
    organisations: usize,

    /// Families of each organisation, 14 tags each [default: 5000 of a region, 500 for a start].
    #[arg(long, value_name = "N", requires = "network")]
    families: Option<usize>,

    /// Own families, with which every feed is matched [default: 5000 in a region, 500 for a start].
    #[arg(long, value_name = "N", requires = "network")]
    own_families: Option<usize>,

    /// Segments that each organisation published after those with its families: one every publishing interval.
    #[arg(long, value_name = "N", default_value_t = 48, requires = "start")]
    segments: usize,

    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What is logged unless told otherwise. The transport's own warnings are about single connections, which come and go.
const DEFAULT_LOG: &str = "warn,libp2p=error";

/// Every command with its options and what it says of itself.
#[must_use]
pub fn command() -> clap::Command {
    told_the_exit_statuses(Arguments::command())
}

/// Commands whose exit status means something of their own say so themselves.
fn told_the_exit_statuses(command: clap::Command) -> clap::Command {
    let told = command.get_after_help().is_some();
    let command = if told { command } else { command.after_help(EXIT_STATUSES) };
    command.mut_subcommands(told_the_exit_statuses)
}

/// Runs the program as the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let given = Arguments::from_arg_matches(&command().get_matches());
    let arguments = given.unwrap_or_else(|error| error.format(&mut command()).exit());
    let filter = arguments.log.as_deref();
    if !matches!(arguments.command, Command::Run(_)) {
        start_logging(filter.unwrap_or(DEFAULT_LOG), Logging::Text);
    }
    let outcome = match arguments.command {
        Command::Init(given) => init::run(&given),
        Command::Run(given) => block_on(run::run(&given, filter)),
        Command::Import(given) => block_on(import::run(&given)),
        Command::Signal(given) => block_on(signal::run(&given)),
        Command::Who(given) => block_on(who::run(&given)),
        Command::Match(given) => block_on(matches::run(&given)),
        Command::Objection(given) => block_on(objection::run(&given)),
        Command::Incident(given) => block_on(incident::run(&given)),
        Command::Inform(given) => block_on(inform::run(&given)),
        Command::Accountability(given) => block_on(accountability::run(&given)),
        Command::Audit(given) => block_on(audit::run(&given)),
        Command::Backup(given) => block_on(backup::run(&given)),
        Command::Restore(given) => restore::run(&given),
        Command::Status(given) => block_on(status::run(&given)),
        Command::Doctor(given) => block_on(doctor::run(&given)),
        Command::Keyholder(given) => block_on(keyholder::run(&given)),
        Command::Leave(given) => block_on(leave::run(&given)),
        Command::Stop(given) => block_on(status::stop(&given)),
        Command::Completions(given) => manual::completions(&given, &mut command()),
        Command::Man(given) => manual::pages(&given, command()),
        Command::Roster(given) => roster::run(given),
        Command::Governor(given) => roster::run_governor(given),
        Command::Demo(given) => block_on(demo::run(DemoOptions {
            data: given.data,
            work: given.work,
            json: given.json,
            once: given.once,
            full: given.full,
        })),
        Command::Bench(given) if given.region => bench::run_region(RegionOptions {
            organisations: given.organisations,
            families: given.families.unwrap_or(5_000),
            own_families: given.own_families.unwrap_or(5_000),
            json: given.json,
        }),
        Command::Bench(given) if given.start => block_on(bench::run_start(StartOptions {
            organisations: given.organisations,
            families: given.families.unwrap_or(500),
            segments: given.segments,
            own_families: given.own_families.unwrap_or(500),
            json: given.json,
        })),
        Command::Bench(given) => {
            bench::run(BenchOptions { elements: given.elements, own_keys: given.own_keys, json: given.json })
        }
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) if error.is::<output::ReaderGone>() => Exit::Ok.into(),
        Err(error) => {
            say!("samenhang: {error:#}");
            Exit::Failed.into()
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// How log lines look.
#[derive(Clone, Copy)]
enum Logging {
    Text,
    Json,
}

fn start_logging(filter: &str, logging: Logging) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| {
        say!("samenhang: --log {filter:?} is no filter; logging warnings");
        tracing_subscriber::EnvFilter::new("warn")
    });
    let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    match logging {
        Logging::Text => lines.init(),
        Logging::Json => lines.json().flatten_event(true).init(),
    }
}

/// The node replied to something else.
fn unexpected() -> anyhow::Error {
    anyhow::anyhow!("the node replied to another question; check that program and node have the same version")
}
