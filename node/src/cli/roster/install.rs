//! Putting rosters into a node's data folder.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use console::Term;
use domain::{NetworkId, Oin};
use roster::{ClaimedRoster, Fingerprint, SignedRoster, VerifiedRoster};

use super::{InstallArguments, source};
use crate::governance::{Installed, RosterFolder, plain, read_roster};

pub(super) fn install(given: &InstallArguments) -> Result<String> {
    if !given.data.is_dir() {
        bail!(
            "there is no data folder {}; make one with `samenhang init`, or correct --data",
            given.data.display()
        );
    }
    let mut rosters: Vec<(&PathBuf, SignedRoster, ClaimedRoster)> = Vec::new();
    for path in &given.rosters {
        let signed = read_roster(path)?;
        let claimed = signed.claimed().with_context(|| refused(path))?;
        rosters.push((path, signed, claimed));
    }
    rosters.sort_by_key(|(_, _, claimed)| claimed.document.version);
    let folder = RosterFolder::open(&given.data.join("roster"))?;
    let held = folder.chain()?;
    let expected = expected(given, held.as_ref(), rosters.first().map(|(_, _, claimed)| claimed))?;
    // A node that never was in the network has nothing yet that a version could open.
    let at_once = !ever_a_member(given, &folder)?;
    let mut told = String::new();
    for (path, signed, _) in &rosters {
        // Versions before a refused one stay: each was right on its own.
        let installed =
            if at_once { folder.install(signed, expected) } else { folder.give_notice(signed, expected) };
        let installed = installed.with_context(|| format!("{told}{}", refused(path)))?;
        // Writing to memory does not fail.
        let _never = writeln!(told, "{}", sentence(&installed));
    }
    for conflict in folder.open_conflicts()? {
        let _never = writeln!(
            told,
            "CONFLICT: {} is a second roster of a version that is installed; call the governors.",
            conflict.display()
        );
    }
    Ok(told)
}

/// Whether a version that is installed has named the organisation whose data folder this is; told by its join request.
fn ever_a_member(given: &InstallArguments, folder: &RosterFolder) -> Result<bool> {
    let Some(chain) = folder.versions()? else { return Ok(false) };
    let mut own = BTreeSet::new();
    for entry in
        std::fs::read_dir(&given.data).with_context(|| format!("cannot list {}", given.data.display()))?
    {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse::<Oin>().ok());
        own.extend(name.filter(|_| path.extension().is_some_and(|ending| ending == "join")));
    }
    if own.is_empty() {
        return Ok(true);
    }
    for signed in chain.signed() {
        let document = signed.claimed()?.document;
        if document.members.iter().any(|member| own.contains(&member.oin)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn refused(path: &Path) -> String {
    format!("{} was refused", path.display())
}

/// The network that the operator says this is; `None` when nobody said, and the node belongs to one already.
fn expected(
    given: &InstallArguments,
    held: Option<&VerifiedRoster>,
    first: Option<&ClaimedRoster>,
) -> Result<Option<NetworkId>> {
    let offered = held.map(VerifiedRoster::network).or_else(|| first.map(|first| first.network));
    let Some(network) = offered else { return Ok(None) };
    let text = match (&given.network, held, first) {
        (Some(text), _, _) => text.clone(),
        (None, None, Some(first)) if first.is_genesis() => match ask(first)? {
            Some(text) => text,
            None => return Ok(None),
        },
        (None, _, _) => return Ok(None),
    };
    if source::names_network(&text, network)? {
        return Ok(Some(network));
    }
    let whose = if held.is_some() { "this node belongs to" } else { "the roster founds" };
    bail!(
        "{whose} the network with fingerprint {}, another than the one given; nothing was installed: ask a governor \
         for the right file, and to read the fingerprint once more",
        Fingerprint::from(network)
    )
}

/// Asks for the fingerprint as heard; `None` where nobody can be asked. It is not shown first: who only has to nod
/// does not compare.
fn ask(genesis: &ClaimedRoster) -> Result<Option<String>> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let terminal = Term::stderr();
    terminal.write_line(&format!(
        "This roster founds the network '{}'. Call a governor on a number that you know from elsewhere.",
        plain(&genesis.document.name)
    ))?;
    terminal.write_str("Type the network's fingerprint as the governor reads it: ")?;
    Ok(Some(terminal.read_line()?))
}

fn sentence(installed: &Installed) -> String {
    let roster = installed.in_force();
    let (name, version, members) = (plain(roster.name()), roster.version(), roster.members().len());
    match installed {
        Installed::Founded(_) => {
            format!("Installed the first roster of {name}: {members} members. This node now belongs to it.")
        }
        Installed::Waits(_) => format!(
            "Version {version} of {name} waits: it takes effect when its notice period is over, counted from when the \
             running node takes it up. `samenhang roster status` says when, and what it changes."
        ),
        Installed::Decides(_) => format!(
            "Version {version} of {name} decides between two rosters for another line than this node's: the running node \
             crosses over to it, at once or when its notice period is over. `samenhang roster status` says when."
        ),
        Installed::Next(_) => format!("Installed version {version} of {name}: {members} members."),
        Installed::AlreadyHeld(_) => {
            format!("Installed already; version {version} of {name} stays in force.")
        }
    }
}
