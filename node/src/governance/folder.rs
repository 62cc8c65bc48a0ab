//! The folder `roster/` of a node: every version it ever accepted, `00000001.roster` onwards.
//!
//! Reading it verifies the whole chain again, so that a file changed on disk is noticed and never obeyed. Only the
//! next version is added. One that was installed by hand and has to wait is a `.waiting`: the running node takes it up, and
//! knows when it takes effect. A version that never was in force has an empty `.passed` beside it; where the last ones have, the
//! one in force is before them. What governors signed beside it is the matter of `conflicts`.

mod conflicts;

use std::fs;
use std::path::{Path, PathBuf};

use domain::{NetworkId, Timestamp};
use roster::{ClaimedRoster, Fingerprint, FirstSight, RosterChain, SignedRoster, Standing, VerifiedRoster};

use super::{GovernanceError, MAX_ROSTER_BYTES, files};

/// Marks a version that never was in force.
const PASSED_OVER: &str = "passed";
/// A first sight of which nothing is known here.
const UNKNOWN: FirstSight = FirstSight { seen: Timestamp(1), sure: false };

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
    /// The next version, which waits for the end of its notice.
    Waits(VerifiedRoster),
    /// A version of another line, for which governors decided: the running node takes it up.
    Decides(VerifiedRoster),
    /// It was held already; nothing changed. With it the version in force, which may be a later one.
    AlreadyHeld(VerifiedRoster),
}

impl Installed {
    /// The version in force, or the one that waits to be.
    #[must_use]
    pub fn in_force(&self) -> &VerifiedRoster {
        match self {
            Self::Founded(roster)
            | Self::Next(roster)
            | Self::Waits(roster)
            | Self::Decides(roster)
            | Self::AlreadyHeld(roster) => roster,
        }
    }
}

impl RosterFolder {
    /// Ending of the files of versions that are in force, or were.
    pub const ENDING: &str = "roster";

    /// Ending of the files of versions that wait.
    pub const WAITING: &str = "waiting";

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
        let mut newest = self.newest_number()?;
        // A stop came before what took the place of the last ones was there.
        while newest > 1 && self.named(newest, PASSED_OVER).exists() {
            newest -= 1;
        }
        self.versions_until(newest)
    }

    /// Every version until one, whether or not it was ever in force.
    fn versions_until(&self, newest: u32) -> Result<Option<RosterChain>, GovernanceError> {
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
                Some(mut chain) if self.named(version, PASSED_OVER).exists() => {
                    chain.accept_passed_over(signed).map(|()| chain)
                }
                Some(mut chain) => chain.accept(signed).map(|()| chain),
            });
            chain = Some(grown.map_err(|source| GovernanceError::Damaged { path, source })?);
        }
        Ok(chain)
    }

    /// Every version, also those that wait. When these take effect only the running node knows.
    ///
    /// # Errors
    /// When a file cannot be read or the chain does not hold.
    pub fn with_waiting(&self) -> Result<Option<RosterChain>, GovernanceError> {
        let Some(mut chain) = self.versions()? else { return Ok(None) };
        loop {
            let path = self.named(chain.last_version().saturating_add(1), Self::WAITING);
            if !path.exists() {
                return Ok(Some(chain));
            }
            let received = SignedRoster::parse(&files::read_bounded(&path, MAX_ROSTER_BYTES, "a roster")?)
                .and_then(|signed| chain.receive(signed, UNKNOWN));
            received.map_err(|source| GovernanceError::Damaged { path, source })?;
        }
    }

    /// Takes the next version for a node that is a member: in force at once where it only takes away, else as one that
    /// waits.
    ///
    /// # Errors
    /// As [`install`](Self::install).
    pub fn give_notice(
        &self,
        roster: &SignedRoster,
        expected: Option<NetworkId>,
    ) -> Result<Installed, GovernanceError> {
        let Some(mut chain) = self.with_waiting()? else { return self.install(roster, expected) };
        let (claimed, held) = (self.checked(roster, Some(&chain), expected)?, chain.newest().version());
        let found = claimed.document.version;
        if found <= chain.last_version() {
            return self.compare(&mut chain, roster, &claimed);
        }
        if found > chain.last_version().saturating_add(1) {
            return Err(GovernanceError::Gap { held: chain.last_version(), found });
        }
        let last = chain.waiting().last().map_or(chain.newest().digest(), |waiting| waiting.roster.digest());
        if claimed.document.previous != Some(last) {
            return self.decide(&mut chain, roster, &claimed);
        }
        chain.receive(roster.clone(), UNKNOWN).map_err(GovernanceError::Refused)?;
        // No clock is asked: only what need not wait is in force after this.
        chain.ripen(Timestamp(0), false);
        if chain.newest().version() < found {
            files::write_new(&self.named(found, Self::WAITING), &roster.to_wire(), true)?;
            let waits = chain.waiting().last().map(|waiting| waiting.roster.as_ref().clone());
            return Ok(Installed::Waits(waits.unwrap_or_else(|| chain.newest().clone())));
        }
        for (signed, version) in chain.signed().zip(1..).skip(usize::try_from(held).unwrap_or(usize::MAX)) {
            if chain.standing(version) == Some(Standing::PassedOver) {
                self.mark_passed_over(version)?;
            }
            self.put(version, signed)?;
        }
        Ok(Installed::Next(chain.newest().clone()))
    }

    /// Keeps the next version as one that never was in force.
    ///
    /// # Errors
    /// When it is not the next one, or a disk that refuses.
    pub fn pass_over(&self, roster: &SignedRoster) -> Result<(), GovernanceError> {
        let claimed = roster.claimed().map_err(GovernanceError::Refused)?;
        self.mark_passed_over(claimed.document.version)?;
        self.install(roster, Some(claimed.network)).map(|_| ())
    }

    fn mark_passed_over(&self, version: u32) -> Result<(), GovernanceError> {
        let mark = self.named(version, PASSED_OVER);
        if mark.exists() { Ok(()) } else { files::write_new(&mark, &[], true) }
    }

    /// Writes a version that is in force, or was; it waits no longer.
    fn put(&self, version: u32, roster: &SignedRoster) -> Result<(), GovernanceError> {
        let (path, wire) = (self.file(version), roster.to_wire());
        // It is there when a stop came before what followed on it.
        if !path.exists() || files::read_bounded(&path, MAX_ROSTER_BYTES, "a roster")? != wire {
            files::write_new(&path, &wire, true)?;
        }
        let waited = self.named(version, Self::WAITING);
        if waited.exists() {
            fs::remove_file(&waited).map_err(GovernanceError::io("remove", &waited))?;
        }
        Ok(())
    }

    /// Accepts the next version at once, or a genesis roster of the network that the operator expects.
    ///
    /// # Errors
    /// Another network, not the next version, too few signatures, a conflict with a version that is held, or a disk
    /// that refuses. Nothing has changed then, but for the evidence of a conflict.
    pub fn install(
        &self,
        roster: &SignedRoster,
        expected: Option<NetworkId>,
    ) -> Result<Installed, GovernanceError> {
        // Also those that were passed over: what took their place follows on them.
        let held = self.versions_until(self.newest_number()?)?;
        let claimed = self.checked(roster, held.as_ref(), expected)?;
        match held {
            None => self.found(roster, &claimed, expected),
            Some(chain) => self.succeed(&chain, roster, &claimed),
        }
    }

    /// What a roster says, if it is of the network that is wanted.
    fn checked(
        &self,
        roster: &SignedRoster,
        held: Option<&RosterChain>,
        expected: Option<NetworkId>,
    ) -> Result<ClaimedRoster, GovernanceError> {
        let claimed = roster.claimed().map_err(GovernanceError::Refused)?;
        let network = held.map(|chain| chain.newest().network());
        for wanted in network.into_iter().chain(expected) {
            if claimed.network != wanted {
                return Err(GovernanceError::OtherNetwork {
                    found: Fingerprint::from(claimed.network),
                    expected: Fingerprint::from(wanted),
                });
            }
        }
        Ok(claimed)
    }

    /// Whether nothing was ever installed, whole or not.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn is_empty(&self) -> Result<bool, GovernanceError> {
        Ok(self.newest_number()? == 0)
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
            return self.compare(&mut chain.clone(), roster, claimed);
        }
        if found > held.saturating_add(1) {
            return Err(GovernanceError::Gap { held, found });
        }
        if claimed.document.previous != Some(newest.digest()) {
            return self.decide(&mut chain.clone(), roster, claimed);
        }
        let verified = chain.follows(roster).map_err(GovernanceError::Refused)?;
        self.put(found, roster)?;
        Ok(Installed::Next(verified))
    }

    /// Number of the newest version file; 0 when there is none.
    fn newest_number(&self) -> Result<u32, GovernanceError> {
        let number = |name: &String| -> Option<u32> {
            let digits = name.strip_suffix(Self::ENDING)?.strip_suffix('.')?;
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
        self.named(version, Self::ENDING)
    }

    fn named(&self, version: u32, ending: &str) -> PathBuf {
        self.path.join(format!("{version:08}.{ending}"))
    }
}
