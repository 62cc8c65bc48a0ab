//! What governors signed beside the versions of the folder. A second valid roster of a version is kept as `conflict-…` and
//! takes no effect: which of the two is meant only the governors can say. So is the version with which they say it, until the
//! running node has taken it up. Versions after one that was left are kept as `left-…`.

use std::fs;
use std::path::PathBuf;

use crypto::Digest;
use domain::Timestamp;
use roster::{ClaimedRoster, RosterChain, SignedRoster};

use super::{Installed, PASSED_OVER, RosterFolder, UNKNOWN};
use crate::governance::{GovernanceError, MAX_ROSTER_BYTES, files, read_roster};

const CONFLICT: &str = "conflict-";
const LEFT: &str = "left-";

/// Not the ending of versions, so that nobody who reads those comes upon evidence.
const ENDING: &str = "signed";

/// Most conflicts kept; each needed the signatures of enough governors, and one is enough to raise the alarm.
const MAX_CONFLICTS: usize = 100;

/// Characters of a digest in a file's name.
const SHORT: usize = 16;

impl RosterFolder {
    /// Second rosters of a version, kept as evidence.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn conflicts(&self) -> Result<Vec<PathBuf>, GovernanceError> {
        let mut found: Vec<PathBuf> = self
            .names()?
            .into_iter()
            .filter(|name| name.starts_with(CONFLICT))
            .map(|name| self.path.join(name))
            .collect();
        found.sort();
        Ok(found)
    }

    /// Those between which no version of the folder decides. While there is one, operators and governors have a problem.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn open_conflicts(&self) -> Result<Vec<PathBuf>, GovernanceError> {
        let mut found = self.conflicts()?;
        if found.is_empty() {
            return Ok(found);
        }
        // A chain that does not hold decides nothing; whatever needs it says so.
        let Ok(Some(chain)) = self.versions() else { return Ok(found) };
        let settled: Vec<String> =
            chain.decided().chain(chain.digests()).map(|digest| short(&digest)).collect();
        found.retain(|path| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            !settled.iter().any(|digest| name.ends_with(digest.as_str()))
        });
        Ok(found)
    }

    /// A version that is held already: the same, a conflict, what decides one, or nothing that was ever valid.
    pub(super) fn compare(
        &self,
        chain: &mut RosterChain,
        roster: &SignedRoster,
        claimed: &ClaimedRoster,
    ) -> Result<Installed, GovernanceError> {
        let version = claimed.document.version;
        let older = || GovernanceError::Older { held: chain.last_version(), found: version };
        if chain.digest_of(version) == Some(claimed.digest) {
            return Ok(Installed::AlreadyHeld(chain.newest().clone()));
        }
        if chain.beside(roster).is_err() {
            let older = older();
            return self.decide(chain, roster, claimed).map_err(|_| older);
        }
        let kept = self.keep(version, &claimed.digest, roster)?;
        tracing::error!(version, kept = %kept.display(), "governors signed two rosters of one version");
        Err(GovernanceError::Conflict { version, kept })
    }

    /// A version on another line: taken when it follows on one that is kept as evidence and decides between both.
    pub(super) fn decide(
        &self,
        chain: &mut RosterChain,
        roster: &SignedRoster,
        claimed: &ClaimedRoster,
    ) -> Result<Installed, GovernanceError> {
        let (held, found) = (chain.last_version(), claimed.document.version);
        let other = || GovernanceError::OtherBranch { held, found };
        if claimed.document.resolves.is_empty() {
            return Err(other());
        }
        let beside = self.conflicts()?.into_iter().filter_map(|path| read_roster(&path).ok());
        let before = beside.into_iter().find(|kept| Some(kept.digest()) == claimed.document.previous);
        let mut line = chain.beside(&before.ok_or_else(other)?).map_err(GovernanceError::Refused)?;
        line.accept(roster.clone()).map_err(GovernanceError::Refused)?;
        let decision = line.newest().clone();
        chain.cross(line, UNKNOWN).map_err(GovernanceError::Refused)?;
        // No clock is asked: only what need not wait is in force after this.
        chain.ripen(Timestamp(0), false);
        self.keep(found, &claimed.digest, roster)?;
        Ok(Installed::Decides(decision))
    }

    fn keep(&self, version: u32, digest: &Digest, roster: &SignedRoster) -> Result<PathBuf, GovernanceError> {
        let kept = self.path.join(format!("{CONFLICT}{version:08}-{}.{ENDING}", short(digest)));
        if !kept.exists() && self.conflicts()?.len() < MAX_CONFLICTS {
            files::write_new(&kept, &roster.to_wire(), true)?;
        }
        Ok(kept)
    }

    /// Puts the versions from one on aside, the last one first: the node has left them for another line.
    ///
    /// # Errors
    /// When a file cannot be read or the disk refuses.
    pub fn leave_from(&self, first: u32) -> Result<(), GovernanceError> {
        for version in (first..=self.newest_number()?).rev() {
            let path = self.file(version);
            if path.exists() {
                let wire = files::read_bounded(&path, MAX_ROSTER_BYTES, "a roster")?;
                let digest = SignedRoster::parse(&wire).map_err(GovernanceError::Refused)?.digest();
                let kind = if version == first { CONFLICT } else { LEFT };
                let aside = self.path.join(format!("{kind}{version:08}-{}.{ENDING}", short(&digest)));
                fs::rename(&path, &aside).map_err(GovernanceError::io("move", &path))?;
            }
            let mark = self.named(version, PASSED_OVER);
            if mark.exists() {
                fs::remove_file(&mark).map_err(GovernanceError::io("remove", &mark))?;
            }
        }
        // What waited on them waits no longer.
        for name in self.names()? {
            let version = name.strip_suffix(Self::WAITING).and_then(|name| name.strip_suffix('.'));
            if version.and_then(|digits| digits.parse().ok()).is_some_and(|version: u32| version > first) {
                let path = self.path.join(name);
                fs::remove_file(&path).map_err(GovernanceError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Digest of a version of the folder, as its file has it.
    #[must_use]
    pub fn digest_of(&self, version: u32) -> Option<Digest> {
        read_roster(&self.file(version)).ok().map(|signed| signed.digest())
    }
}

fn short(digest: &Digest) -> String {
    let text = digest.to_string();
    text.get(..SHORT).unwrap_or(&text).to_owned()
}
