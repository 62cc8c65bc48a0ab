//! The folder `roster/` of a node: every version it ever accepted, `00000001.roster` onwards.
//!
//! Reading it verifies the whole chain again, so that a file changed on disk is noticed and never obeyed. Only the
//! next version is added; a second valid roster of a version that is held is kept beside it as `conflict-…` and takes
//! no effect: which of the two is meant only the governors can say.

use std::fs;
use std::path::{Path, PathBuf};

use domain::NetworkId;
use roster::{ClaimedRoster, Fingerprint, RosterChain, SignedRoster, VerifiedRoster};

use super::{GovernanceError, MAX_ROSTER_BYTES, files};

const ENDING: &str = "roster";
const CONFLICT: &str = "conflict-";

/// Not the ending of versions, so that nobody who reads those comes upon evidence.
const CONFLICT_ENDING: &str = "signed";

/// Most conflicts kept; each needed the signatures of enough governors, and one is enough to raise the alarm.
const MAX_CONFLICTS: usize = 100;

/// The rosters of one node.
#[derive(Debug, Clone)]
pub struct RosterFolder {
    path: PathBuf,
}

/// What installing a roster did.
#[derive(Debug, Clone)]
pub enum Installed {
    /// The first one: the node now belongs to this network.
    Founded(VerifiedRoster),
    /// The next version.
    Next(VerifiedRoster),
    /// It was held already; nothing changed. With it the version in force, which may be a later one.
    AlreadyHeld(VerifiedRoster),
}

impl Installed {
    /// The version in force.
    #[must_use]
    pub fn in_force(&self) -> &VerifiedRoster {
        match self {
            Self::Founded(roster) | Self::Next(roster) | Self::AlreadyHeld(roster) => roster,
        }
    }
}

impl RosterFolder {
    /// Opens the folder, or makes it for the own user only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self, GovernanceError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(GovernanceError::io("make the folder", path))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The version in force; `None` before the first is installed.
    ///
    /// # Errors
    /// When a file cannot be read or the chain does not hold.
    pub fn chain(&self) -> Result<Option<VerifiedRoster>, GovernanceError> {
        Ok(self.versions()?.map(|chain| chain.newest().clone()))
    }

    /// Every version, verified from genesis to the newest; `None` before the first is installed.
    ///
    /// # Errors
    /// When a file cannot be read or the chain does not hold.
    pub fn versions(&self) -> Result<Option<RosterChain>, GovernanceError> {
        let newest = self.newest_number()?;
        let mut chain: Option<RosterChain> = None;
        for version in 1..=newest {
            let path = self.file(version);
            if !path.exists() {
                return Err(GovernanceError::Hole {
                    path: self.path.clone(),
                    missing: version,
                    found: newest,
                });
            }
            let bytes = files::read_bounded(&path, MAX_ROSTER_BYTES, "a roster")?;
            let grown = SignedRoster::parse(&bytes).and_then(|signed| match chain.take() {
                None => RosterChain::found(signed, None),
                Some(mut chain) => chain.accept(signed).map(|()| chain),
            });
            chain = Some(grown.map_err(|source| GovernanceError::Damaged { path, source })?);
        }
        Ok(chain)
    }

    /// Accepts the next version, or a genesis roster of the network that the operator expects.
    ///
    /// # Errors
    /// Another network, not the next version, too few signatures, a conflict with a version that is held, or a disk
    /// that refuses. Nothing has changed then, but for the evidence of a conflict.
    pub fn install(
        &self,
        roster: &SignedRoster,
        expected: Option<NetworkId>,
    ) -> Result<Installed, GovernanceError> {
        let claimed = roster.claimed().map_err(GovernanceError::Refused)?;
        let held = self.versions()?;
        let network = held.as_ref().map(|chain| chain.newest().network());
        for wanted in network.into_iter().chain(expected) {
            if claimed.network != wanted {
                return Err(GovernanceError::OtherNetwork {
                    found: Fingerprint::from(claimed.network),
                    expected: Fingerprint::from(wanted),
                });
            }
        }
        match held {
            None => self.found(roster, &claimed, expected),
            Some(chain) => self.succeed(&chain, roster, &claimed),
        }
    }

    /// Whether nothing was ever installed, whole or not.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn is_empty(&self) -> Result<bool, GovernanceError> {
        Ok(self.newest_number()? == 0)
    }

    /// Second rosters of a version, kept as evidence. While there is one, the operator and governors have a problem.
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

    fn found(
        &self,
        roster: &SignedRoster,
        claimed: &ClaimedRoster,
        expected: Option<NetworkId>,
    ) -> Result<Installed, GovernanceError> {
        if !claimed.is_genesis() {
            return Err(GovernanceError::GenesisFirst { found: claimed.document.version });
        }
        let verified = VerifiedRoster::genesis(roster, None).map_err(GovernanceError::Refused)?;
        if expected.is_none() {
            return Err(GovernanceError::NetworkUnconfirmed { found: verified.network().into() });
        }
        files::write_new(&self.file(1), &roster.to_wire(), true)?;
        Ok(Installed::Founded(verified))
    }

    fn succeed(
        &self,
        chain: &RosterChain,
        roster: &SignedRoster,
        claimed: &ClaimedRoster,
    ) -> Result<Installed, GovernanceError> {
        let newest = chain.newest();
        let (held, found) = (newest.version(), claimed.document.version);
        if found <= held {
            return self.compare(chain, roster, claimed);
        }
        if found > held.saturating_add(1) {
            return Err(GovernanceError::Gap { held, found });
        }
        if claimed.document.previous != Some(newest.digest()) {
            return Err(GovernanceError::OtherBranch { held, found });
        }
        let verified = newest.successor(roster).map_err(GovernanceError::Refused)?;
        files::write_new(&self.file(found), &roster.to_wire(), true)?;
        Ok(Installed::Next(verified))
    }

    /// A version that is held already: the same, a conflict, or nothing that was ever valid.
    fn compare(
        &self,
        chain: &RosterChain,
        roster: &SignedRoster,
        claimed: &ClaimedRoster,
    ) -> Result<Installed, GovernanceError> {
        let version = claimed.document.version;
        let older = || GovernanceError::Older { held: chain.newest().version(), found: version };
        let place = usize::try_from(version.saturating_sub(1)).unwrap_or(usize::MAX);
        if chain.signed().nth(place).is_some_and(|held| held.digest() == claimed.digest) {
            return Ok(Installed::AlreadyHeld(chain.newest().clone()));
        }
        let mut before = chain.signed().take(place).cloned();
        let genesis = before.next().ok_or_else(older)?;
        let mut prefix = RosterChain::found(genesis, None).map_err(GovernanceError::Refused)?;
        for signed in before {
            prefix.accept(signed).map_err(GovernanceError::Refused)?;
        }
        if prefix.newest().successor(roster).is_err() {
            return Err(older());
        }
        let digest = claimed.digest.to_string();
        let short = digest.get(..16).unwrap_or(&digest);
        let kept = self.path.join(format!("{CONFLICT}{version:08}-{short}.{CONFLICT_ENDING}"));
        if !kept.exists() && self.conflicts()?.len() < MAX_CONFLICTS {
            files::write_new(&kept, &roster.to_wire(), true)?;
        }
        tracing::error!(version, kept = %kept.display(), "governors signed two rosters of one version");
        Err(GovernanceError::Conflict { version, kept })
    }

    /// Number of the newest version file; 0 when there is none.
    fn newest_number(&self) -> Result<u32, GovernanceError> {
        let number = |name: &String| -> Option<u32> {
            let digits = name.strip_suffix(ENDING)?.strip_suffix('.')?;
            let plain = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain { digits.parse().ok() } else { None }
        };
        Ok(self.names()?.iter().filter_map(number).max().unwrap_or(0))
    }

    fn names(&self) -> Result<Vec<String>, GovernanceError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(GovernanceError::io("list", &self.path))? {
            let entry = entry.map_err(GovernanceError::io("list", &self.path))?;
            names.extend(entry.file_name().to_str().map(str::to_owned));
        }
        Ok(names)
    }

    fn file(&self, version: u32) -> PathBuf {
        self.path.join(format!("{version:08}.{ENDING}"))
    }
}
