//! Governors' keys and signatures.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use roster::{ClaimedRoster, Fingerprint, Governors};

use super::{GovernorNewArguments, SignArguments, source};
use crate::governance::{
    GovernanceError, GovernorKeyFile, GovernorPublicKey, PassphraseSource, changes, plain, read_roster,
    replace, write_new,
};
use crate::runtime::random_seed;

pub(super) fn sign(given: &SignArguments) -> Result<String> {
    let mut draft = read_roster(&given.draft)?;
    let claimed = source::any(&given.draft)?;
    let key_file = GovernorKeyFile::read(&given.key)?;
    let current = given.roster.as_deref().map(source::in_force).transpose()?;
    let office = office(&claimed, current.as_ref())?;
    let (key, fingerprint) = (key_file.public_key().key(), key_file.public_key().fingerprint());
    if !office.keys.contains(&key) {
        let hint = if claimed.is_genesis() || current.is_some() {
            "nothing was signed; check whether --key names the right file"
        } else {
            "nothing was signed; a governor who leaves with this version names the version before it with --roster"
        };
        bail!("the key {fingerprint} is no governor's of this roster; {hint}");
    }
    if claimed.signers.contains(&key) {
        return Ok(format!(
            "{} carries this governor's signature already.\n{}",
            given.draft.display(),
            standing(&claimed, office, &given.draft)
        ));
    }
    eprint!("{}", summary(&claimed, current.as_ref()));
    let passphrase = PassphraseSource::new(given.passphrase.passphrase_file.clone()).existing(&given.key)?;
    let key = key_file.open(&passphrase, &given.key)?;
    draft.add_signature(&key)?;
    let written = match &given.out {
        Some(out) => {
            write_new(out, &draft.to_wire(), false)?;
            out
        }
        None => {
            replace(&given.draft, &draft.to_wire())?;
            &given.draft
        }
    };
    let claimed = draft.claimed()?;
    Ok(format!(
        "Signed version {} with the key {fingerprint}.\n{}",
        claimed.document.version,
        standing(&claimed, office, written)
    ))
}

/// Whose signatures count: of the first roster its own governors, of a later one those of the version before it.
pub(super) fn office<'a>(
    draft: &'a ClaimedRoster,
    current: Option<&'a ClaimedRoster>,
) -> Result<&'a Governors> {
    let Some(current) = current.filter(|_| !draft.is_genesis()) else { return Ok(&draft.document.governors) };
    if draft.network != current.network {
        bail!("the draft belongs to another network than the roster given with --roster; nothing was done");
    }
    if draft.document.previous != Some(current.digest) {
        bail!(
            "the draft of version {} does not build on version {} given with --roster; nothing was done: ask for a \
             draft on the version in force",
            draft.document.version,
            current.document.version
        );
    }
    Ok(&current.document.governors)
}

/// What the governor is about to sign, on standard error, where the passphrase is asked for.
fn summary(claimed: &ClaimedRoster, current: Option<&ClaimedRoster>) -> String {
    let document = &claimed.document;
    let mut told = format!(
        "Version {} of {}, {} members, fingerprint {}\n",
        document.version,
        plain(&document.name),
        document.members.len(),
        claimed.fingerprint()
    );
    if document.test_network {
        told.push_str("A TEST NETWORK: synthetic families only.\n");
    }
    if let Some(current) = current.filter(|_| !claimed.is_genesis()) {
        for change in changes(&current.document, document) {
            // Writing to memory does not fail.
            let _never = writeln!(told, "  {}: {}", change.subject, change.change);
        }
    }
    told
}

pub(super) fn standing(claimed: &ClaimedRoster, office: &Governors, file: &Path) -> String {
    let (signed, needed) = (claimed.signed_by(office), usize::from(office.threshold));
    let file = file.display();
    if signed < needed {
        return format!("{signed} of {needed} signatures; send {file} to the next governor.\n");
    }
    let mut told = format!("{signed} of {needed} signatures: {file} is complete. Send it to the members.\n");
    if claimed.is_genesis() {
        let fingerprint = Fingerprint::from(claimed.network);
        let _never = writeln!(
            told,
            "The network's fingerprint, to be read to every member by telephone:\n    {fingerprint}"
        );
    }
    told
}

pub(super) fn new_governor(given: GovernorNewArguments) -> Result<String> {
    let public = given.out.with_extension("pub");
    if public == given.out {
        bail!(
            "--out names the key file, and .pub is the ending of its public half; choose another, such as .key"
        );
    }
    // Before anybody thinks of a passphrase.
    for path in [&given.out, &public] {
        if path.exists() {
            return Err(GovernanceError::Exists { path: path.clone() }.into());
        }
    }
    let passphrase = PassphraseSource::new(given.passphrase.passphrase_file).chosen()?;
    let made = GovernorKeyFile::create(&random_seed()?, &passphrase, &given.out, &public)?;
    Ok(format!(
        "{} is the governor's key, sealed under the passphrase. Keep a copy of it offline: nobody can make it again.\n\
         {} is its public half, for whoever drafts the roster. Its fingerprint, to be read to the other governors:\n    \
         {}\n",
        given.out.display(),
        public.display(),
        made.fingerprint()
    ))
}

pub(super) fn show_governor(file: &Path) -> Result<String> {
    let key = match GovernorPublicKey::read(file) {
        Ok(key) => key,
        // A key file holds its public half unsealed. What is neither is told as what it should have been.
        Err(no_public) => match GovernorKeyFile::read(file) {
            Ok(key_file) => key_file.public_key(),
            Err(GovernanceError::NoKeyFile { .. }) => return Err(no_public.into()),
            Err(damaged) => return Err(damaged.into()),
        },
    };
    Ok(format!("{}\n{}\n", key.fingerprint(), key.key()))
}
