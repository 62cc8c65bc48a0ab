//! The rosters, requests and keys that commands are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use crypto::{Digest, Signed};
use domain::{NetworkId, Oin};
use roster::{ClaimedRoster, Fingerprint, Governors, JoinRequest, MAX_RESOLVED};

use crate::governance::{GovernorPublicKey, RosterFolder, plain, read_join_request, read_roster};

/// Most join requests in one version.
const MAX_REQUESTS: usize = 5_000;

/// A roster or draft from a file, or the newest one installed in a data folder.
pub(super) fn any(path: &Path) -> Result<ClaimedRoster> {
    if path.is_dir() { installed(path) } else { from_file(path) }
}

/// The roster that a next version builds on: complete, as far as its file tells.
pub(super) fn in_force(path: &Path) -> Result<ClaimedRoster> {
    if path.is_dir() {
        return installed(path);
    }
    let claimed = from_file(path)?;
    let governors = &claimed.document.governors;
    let (signed, needed) = (claimed.signed_by(governors), usize::from(governors.threshold));
    // The governors who had to sign a later version stand in the version before it, which this file does not hold.
    // They are the same people unless that version changed them.
    if claimed.signers.is_empty() || (claimed.is_genesis() && signed < needed) {
        bail!(
            "{} is still a draft: {signed} of the {needed} signatures needed; have the governors sign it first \
             (samenhang roster sign)",
            path.display()
        );
    }
    if signed < needed {
        say!(
            "samenhang: {}: {signed} of its own governors signed it, fewer than {needed}. That is right only if it \
             changed the governors; check it with `samenhang roster verify`.",
            path.display()
        );
    }
    Ok(claimed)
}

fn from_file(path: &Path) -> Result<ClaimedRoster> {
    read_roster(path)?.claimed().with_context(|| format!("{} was refused", path.display()))
}

fn installed(path: &Path) -> Result<ClaimedRoster> {
    let inner = path.join("roster");
    let folder = if inner.is_dir() { inner } else { path.to_owned() };
    let chain = RosterFolder::open(&folder)?.versions()?;
    let newest = chain.as_ref().and_then(|chain| chain.signed().last()).ok_or_else(|| {
        anyhow!("no roster is installed in {}; install one with `samenhang roster install`", path.display())
    })?;
    Ok(newest.claimed()?)
}

/// Digests of the rosters between which a version decides; with them the one that it builds on, where that is of the same
/// version as one of them.
pub(super) fn resolved(
    named: &[String],
    current: &ClaimedRoster,
    before: &ClaimedRoster,
) -> Result<Vec<Digest>> {
    let mut digests = BTreeSet::new();
    for text in named {
        let mut bytes = [0; 32];
        if hex::decode_to_slice(text, &mut bytes).is_ok() {
            digests.insert(Digest::from_bytes(bytes));
            continue;
        }
        let claimed = from_file(Path::new(text))?;
        if claimed.network != current.network || claimed.signers.is_empty() {
            bail!(
                "--resolves {text} is no roster that governors of this network signed; nothing was drafted"
            );
        }
        for own in [current, before] {
            if own.document.version == claimed.document.version {
                digests.insert(own.digest);
            }
        }
        digests.insert(claimed.digest);
    }
    if digests.len() == 1 {
        bail!(
            "--resolves names one roster; name every roster of that version, also the one that holds; nothing was drafted"
        );
    }
    if digests.len() > MAX_RESOLVED {
        bail!("--resolves names more than {MAX_RESOLVED} rosters, which no version can; nothing was drafted");
    }
    Ok(digests.into_iter().collect())
}

/// The governors whose public keys are in these files.
pub(super) fn governors(files: &[PathBuf], threshold: u16) -> Result<Governors> {
    let mut keys = BTreeMap::new();
    for file in files {
        let key = GovernorPublicKey::read(file)?.key();
        if let Some(other) = keys.insert(key, file) {
            bail!("{} and {} hold the same governor's key; name each once", other.display(), file.display());
        }
    }
    let of = keys.len();
    if usize::from(threshold) * 2 <= of || usize::from(threshold) > of {
        bail!(
            "--threshold {threshold} does not fit {of} governors: it must be more than half of them and at most all, \
             from {} to {of}",
            of / 2 + 1
        );
    }
    Ok(Governors { threshold, keys: keys.into_keys().collect() })
}

/// A join request with the file it came from.
pub(super) struct Request {
    /// The file.
    pub(super) file: PathBuf,
    /// The request, signed by the key it presents.
    pub(super) signed: Signed<JoinRequest>,
}

/// Reads all join requests; folders stand for the `.join` files in them. Everything that is wrong is told at once.
pub(super) fn requests(paths: &[PathBuf]) -> Result<Vec<Request>> {
    let mut files = BTreeSet::new();
    for path in paths {
        if !path.is_dir() {
            files.insert(path.clone());
            continue;
        }
        let before = files.len();
        for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
            let file = entry.with_context(|| format!("cannot list {}", path.display()))?.path();
            if file.extension().is_some_and(|ending| ending == "join") {
                files.insert(file);
            }
        }
        if files.len() == before {
            bail!("the folder {} holds no .join file", path.display());
        }
    }
    if files.len() > MAX_REQUESTS {
        bail!("{} join requests; at most {MAX_REQUESTS} go into one version", files.len());
    }
    let mut found: Vec<Request> = Vec::new();
    let mut by_oin: BTreeMap<Oin, PathBuf> = BTreeMap::new();
    let mut flaws = Vec::new();
    for file in files {
        match read_join_request(&file) {
            Ok(signed) => {
                let oin = signed.document().oin;
                if let Some(other) = by_oin.insert(oin, file.clone()) {
                    flaws.push(format!(
                        "{} and {} are both of {oin}; ask the organisation which one is right",
                        other.display(),
                        file.display()
                    ));
                }
                found.push(Request { file, signed });
            }
            Err(refused) => flaws.push(format!("{:#}", anyhow::Error::from(refused))),
        }
    }
    if !flaws.is_empty() {
        bail!("{}", flaws.join("\n"));
    }
    found.sort_by_key(|request| request.signed.document().oin);
    Ok(found)
}

/// Whether the text, a fingerprint or a full id, names the network.
pub(super) fn names_network(text: &str, network: NetworkId) -> Result<bool> {
    if let Ok(fingerprint) = text.parse::<Fingerprint>() {
        return Ok(fingerprint == Fingerprint::from(network));
    }
    let mut id = [0; 32];
    match hex::decode_to_slice(text.trim(), &mut id) {
        Ok(()) => Ok(NetworkId::from_bytes(id) == network),
        Err(_) => bail!(
            "'{}' is neither a fingerprint (eight groups of five digits) nor a network id (64 hexadecimal digits)",
            plain(text)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_join_requests_than_a_network_takes_at_once_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        // None of them is there: what is counted is not opened.
        let paths: Vec<PathBuf> = (0..5_001).map(|n| folder.path().join(format!("{n}.join"))).collect();
        let told = |count: usize| requests(&paths[..count]).err().map(|error| error.to_string());
        assert!(told(5_001).is_some_and(|told| told.starts_with("5001 join requests; at most 5000")));
        assert!(!told(5_000).is_some_and(|told| told.contains("at most")));
    }
}
