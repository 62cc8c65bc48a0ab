//! Commands that only look: show, diff, verify.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use roster::{ClaimedRoster, Fingerprint, RosterChain, SignedRoster};
use serde_json::json;

use super::{DiffArguments, ShowArguments, VerifyArguments, source};
use crate::governance::{changes, describe, json, plain, read_roster};

pub(super) fn show(given: &ShowArguments) -> Result<String> {
    let roster = source::any(&given.roster)?;
    Ok(if given.json { format!("{}\n", json(&roster)) } else { describe(&roster) })
}

pub(super) fn diff(given: &DiffArguments) -> Result<String> {
    let (before, after) = (source::any(&given.before)?, source::any(&given.after)?);
    let changes = changes(&before.document, &after.document);
    let mut told = String::new();
    if given.json {
        for change in changes {
            // Writing to memory does not fail, here and below.
            let _never = writeln!(told, "{}", serde_json::to_string(&change)?);
        }
        return Ok(told);
    }
    let named = |roster: &ClaimedRoster| {
        format!("version {} of {}", roster.document.version, plain(&roster.document.name))
    };
    let _never = writeln!(told, "From {} to {}:", named(&before), named(&after));
    if before.network != after.network {
        let _never = writeln!(told, "  THESE ARE TWO DIFFERENT NETWORKS");
    }
    for change in &changes {
        let _never = writeln!(told, "  {}: {}", change.subject, change.change);
    }
    if changes.is_empty() {
        let _never = writeln!(told, "  nothing differs");
    }
    Ok(told)
}

pub(super) fn verify(given: &VerifyArguments) -> Result<String> {
    let genesis = read_roster(&given.genesis)?;
    let network = genesis.claimed().with_context(|| refused(&given.genesis))?.network;
    if let Some(text) = &given.network
        && !source::names_network(text, network)?
    {
        bail!(
            "{} founds the network with fingerprint {}, another than the one given; ask a governor for the right file",
            given.genesis.display(),
            Fingerprint::from(network)
        );
    }
    let mut later: Vec<(u32, &PathBuf, SignedRoster)> = Vec::new();
    for path in &given.chain {
        let signed = read_roster(path)?;
        let version = signed.claimed().with_context(|| refused(path))?.document.version;
        // With a pattern such as *.roster the first one is named twice.
        if signed != genesis {
            later.push((version, path, signed));
        }
    }
    later.sort_by_key(|(version, ..)| *version);
    let mut chain = RosterChain::found(genesis, None).with_context(|| refused(&given.genesis))?;
    let mut told = String::new();
    line(&mut told, &chain, given.json);
    for (_, path, signed) in later {
        chain.accept(signed).with_context(|| refused(path))?;
        line(&mut told, &chain, given.json);
    }
    if !given.json {
        let newest = chain.newest();
        let _never = writeln!(
            told,
            "The chain holds: version {} of {} is the newest of these, in the network {}",
            newest.version(),
            plain(newest.name()),
            Fingerprint::from(network)
        );
    }
    Ok(told)
}

fn refused(path: &std::path::Path) -> String {
    format!("{} was refused", path.display())
}

fn line(told: &mut String, chain: &RosterChain, as_json: bool) {
    let roster = chain.newest();
    let (version, members) = (roster.version(), roster.members().len());
    let fingerprint = Fingerprint::of(roster.digest().as_bytes());
    let _never = if as_json {
        let object = json!({
            "version": version,
            "digest": roster.digest().to_string(),
            "fingerprint": fingerprint.to_string(),
            "members": members,
        });
        writeln!(told, "{object}")
    } else {
        writeln!(told, "version {version:>4}  {fingerprint}  {members} members")
    };
}
