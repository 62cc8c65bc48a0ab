//! The commands `roster …` and `governor …`: founding a network and changing it, by files, without a running node.

mod draft;
mod inspect;
mod install;
mod merge;
mod sign;
mod source;
mod status;

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use domain::Oin;

use super::block_on;
use crate::exit::Exit;

const STATUS: &str = "Exit status: 0 done; 2 nothing was done, and the message says why.";

const FOUNDING: &str = "From nothing to a network:
  samenhang governor new --out anna.key              each governor, on its own machine
  samenhang roster new --from network.toml --governors anna.pub bert.pub carla.pub \\
      --threshold 2 --request requests/ --out network-1.draft
  samenhang roster show network-1.draft              each governor reads it
  samenhang roster sign --key anna.key network-1.draft     each governor, on a copy
  samenhang roster merge A.draft B.draft --out network-1.roster     the copies together
  samenhang roster install --data FOLDER network-1.roster  each member

Exit status: 0 done; 2 nothing was done, and the message says why.";

/// What the `roster` command was given.
#[derive(Debug, Args)]
#[command(after_help = FOUNDING)]
pub(super) struct RosterArguments {
    #[command(subcommand)]
    command: RosterCommand,
}

#[derive(Debug, Subcommand)]
enum RosterCommand {
    /// Draft the first roster of a new network.
    ///
    /// The file given with --from says what the network is: rules, circles, who may read whom, legal bases, keyholders
    /// and institution addresses. Its members come from their join requests. The draft takes effect for nobody until
    /// enough governors have signed it.
    New(NewArguments),
    /// Draft the next version with more members, from their join requests.
    ///
    /// Admits as many organisations in one version as there are requests, and prints the fingerprint of each. Read it
    /// with the organisation by telephone, on a number that you know from elsewhere, before you sign: nothing else
    /// tells a request from that of an impostor.
    AddMember(AddMemberArguments),
    /// Draft the next version without some members. Removal takes effect as soon as a node installs it.
    RemoveMember(RemoveMemberArguments),
    /// Draft the next version with other rules, circles, readers, keyholders, governors or details of members.
    ///
    /// A list in the file replaces the whole list of the roster; what the file leaves out stays as it is.
    Set(SetArguments),
    /// Add a governor's signature to a draft.
    Sign(SignArguments),
    /// Join the signatures of copies of one draft that governors signed at the same time.
    ///
    /// The copies must hold the same document to the letter. Signatures that do not verify are left out; a copy of
    /// another document is refused by name, and nothing is written.
    Merge(MergeArguments),
    /// Print what a roster or draft says and who signed it.
    Show(ShowArguments),
    /// Print what changes from one roster to another, in plain words.
    Diff(DiffArguments),
    /// Check a whole chain of rosters, from the first to the newest.
    Verify(VerifyArguments),
    /// Put rosters into a node's data folder: the first one, or the next ones.
    ///
    /// Accepts only the next version, signed by enough governors of the version before it. The first roster decides
    /// to which network the node belongs: have a governor read the network's fingerprint to you by telephone, and type
    /// it as --network or when asked.
    Install(InstallArguments),
    /// Show the version that a node acts on, and those that wait: what they change, and when they take effect.
    Status(status::RosterStatusArguments),
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct NewArguments {
    /// Name of the network; may also stand in the file.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What the network is, in TOML.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Public keys of the governors (.pub files).
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    governors: Vec<PathBuf>,
    /// How many governors must sign each next version: more than half of them.
    #[arg(long, value_name = "N")]
    threshold: u16,
    /// Join requests of the first members, or folders with .join files. Keyholders must be among them.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    request: Vec<PathBuf>,
    /// Where the draft is written; must not exist yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The roster that a next version builds on.
#[derive(Debug, Args)]
struct Current {
    /// The roster in force: its file, or a data folder in which it is installed.
    #[arg(long, value_name = "FILE")]
    roster: PathBuf,
    /// A version that waits for the end of its notice: the draft comes after it and takes it back, since it says what
    /// --roster says. For what cannot wait.
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
    /// Rosters of one version between which this version decides, where governors signed more than one: files, or digests
    /// as `samenhang roster status` shows them. All that any node knows of, also the one that --roster is or builds on.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    resolves: Vec<String>,
    /// Where the draft is written; must not exist yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct AddMemberArguments {
    #[command(flatten)]
    current: Current,
    /// Join requests, or folders with .join files.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    request: Vec<PathBuf>,
    /// Take new keys, addresses, name and contact point of organisations that are members already. Their sector and
    /// BSN entitlement stay as the governors decided.
    #[arg(long)]
    update: bool,
    /// Also apply this TOML, for example to decide otherwise about a new member: [[member]] with oin and bsn_entitled.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct RemoveMemberArguments {
    #[command(flatten)]
    current: Current,
    /// Who leaves.
    #[arg(long, value_name = "OIN", required = true, num_args = 1..)]
    oin: Vec<Oin>,
    /// Also apply this TOML, for example to name another keyholder.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct SetArguments {
    #[command(flatten)]
    current: Current,
    /// What changes, in TOML.
    #[arg(long, value_name = "FILE", required_unless_present = "governors")]
    from: Option<PathBuf>,
    /// Public keys of all governors from the next version on.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "threshold")]
    governors: Vec<PathBuf>,
    /// How many of these governors must sign.
    #[arg(long, value_name = "N", requires = "governors")]
    threshold: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct SignArguments {
    /// The draft. The signature is added to this file.
    draft: PathBuf,
    /// The governor's key file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The roster in force, to see what the draft changes: its file, or a data folder in which it is installed.
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseArgument,
    /// Write the signed draft to this new file and leave the draft as it is.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct MergeArguments {
    /// Copies of the draft, each signed by one or more governors.
    #[arg(required = true, num_args = 2..)]
    drafts: Vec<PathBuf>,
    /// The roster in force, whose governors sign: its file, or a data folder in which it is installed. Without it the
    /// governors that the draft itself names are counted.
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Where the draft with all signatures is written; must not exist yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Where the passphrase of a governor's key comes from.
#[derive(Debug, Args)]
struct PassphraseArgument {
    /// File with the passphrase of the key. Otherwise the environment variable SAMENHANG_PASSPHRASE, otherwise it is
    /// asked for.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct ShowArguments {
    /// A roster, a draft, or a data folder in which a roster is installed.
    roster: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct DiffArguments {
    /// The older one.
    before: PathBuf,
    /// The newer one.
    after: PathBuf,
    /// Print one JSON object per change, each on a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct VerifyArguments {
    /// The first roster.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Later versions, in any order.
    chain: Vec<PathBuf>,
    /// Fingerprint or full id of the network, as heard from a governor.
    #[arg(long, value_name = "FINGERPRINT")]
    network: Option<String>,
    /// Print one JSON object per version, each on a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct InstallArguments {
    /// The node's data folder.
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// Rosters, in any order.
    #[arg(required = true)]
    rosters: Vec<PathBuf>,
    /// Fingerprint or full id of the network, as heard from a governor. Needed for the first roster only.
    #[arg(long, value_name = "FINGERPRINT")]
    network: Option<String>,
}

/// What the `governor` command was given.
#[derive(Debug, Args)]
pub(super) struct GovernorArguments {
    #[command(subcommand)]
    command: GovernorCommand,
}

#[derive(Debug, Subcommand)]
enum GovernorCommand {
    /// Make a governor's key: a file sealed under a passphrase, and its public half with ending .pub.
    ///
    /// Keep the key file and a copy of it offline, the passphrase elsewhere, and hand the .pub file to whoever drafts
    /// the roster. Read its fingerprint to the other governors by telephone.
    New(GovernorNewArguments),
    /// Print the fingerprint of a governor's key, from either of its files.
    Show {
        /// A key file or a .pub file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
struct GovernorNewArguments {
    /// The key file to make; its public half is written beside it with ending .pub.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgument,
}

/// Runs a `roster` command.
///
/// # Errors
/// Each with what to do; nothing was done then.
pub(super) fn run(arguments: RosterArguments) -> Result<Exit> {
    let text = match arguments.command {
        RosterCommand::New(given) => draft::new(given)?,
        RosterCommand::AddMember(given) => draft::add_member(given)?,
        RosterCommand::RemoveMember(given) => draft::remove_member(given)?,
        RosterCommand::Set(given) => draft::set(given)?,
        RosterCommand::Sign(given) => sign::sign(&given)?,
        RosterCommand::Merge(given) => merge::merge(&given)?,
        RosterCommand::Show(given) => inspect::show(&given)?,
        RosterCommand::Diff(given) => inspect::diff(&given)?,
        RosterCommand::Verify(given) => inspect::verify(&given)?,
        RosterCommand::Install(given) => install::install(&given)?,
        RosterCommand::Status(given) => return block_on(status::run(&given)),
    };
    print(&text)
}

/// Runs a `governor` command.
///
/// # Errors
/// Each with what to do; nothing was done then.
pub(super) fn run_governor(arguments: GovernorArguments) -> Result<Exit> {
    let text = match arguments.command {
        GovernorCommand::New(given) => sign::new_governor(given)?,
        GovernorCommand::Show { file } => sign::show_governor(&file)?,
    };
    print(&text)
}

fn print(text: &str) -> Result<Exit> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.context("cannot print the result")?,
    }
    Ok(Exit::Ok)
}
