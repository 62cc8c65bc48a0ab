//! Finding out where another member's line of versions parts from the own one, and what decides between them.
//!
//! One member at a time: down its line until both hold the same version, then up again, each version verified on the one
//! before it. What differs first is a conflict; a version that names both sides is taken up.

use ::roster::{FirstSight, RosterChain, RosterError, SignedRoster};
use crypto::Digest;
use domain::Oin;

use super::machine::ResponseError;

/// Most versions of another line that are read: more than may lie between where lines part and what decides.
const MAX_WALKED: u32 = 32;

/// A comparison under way.
pub(super) struct Walk {
    pub(super) member: Oin,
    /// The version asked about next, and its digest on the line that is followed.
    pub(super) version: u32,
    pub(super) digest: Digest,
    /// The other line from where both part; none while that is looked for.
    line: Option<Box<RosterChain>>,
    fork: u32,
}

/// What a step of a walk found.
pub(super) enum Found {
    /// There is more to ask.
    More(Box<Walk>, Option<SignedRoster>),
    /// Nothing more is wanted of this member.
    Done(Option<SignedRoster>),
    /// The version after the own last one.
    Newer(SignedRoster),
}

impl Walk {
    /// Begins below a version of which the member holds another roster.
    pub(super) fn below(member: Oin, version: u32, chain: &RosterChain) -> Option<Self> {
        let version = version.checked_sub(1)?;
        let digest = chain.digest_of(version)?;
        Some(Self { member, version, digest, line: None, fork: 0 })
    }

    /// The member holds another roster of the version asked about.
    pub(super) fn differs(self, chain: &RosterChain) -> Option<Self> {
        // A member that changed its mind on the way up is asked again another time.
        self.line.is_none().then(|| Self::below(self.member, self.version, chain)).flatten()
    }

    /// The member gave the version after the one asked about.
    pub(super) fn next(
        mut self: Box<Self>,
        signed: SignedRoster,
        chain: &mut RosterChain,
        sight: impl Fn(&Digest) -> Option<FirstSight>,
        now: FirstSight,
    ) -> Result<Found, ResponseError> {
        let digest = signed.digest();
        let version = self.version.saturating_add(1);
        let Some(line) = &mut self.line else {
            if version > chain.last_version() {
                return Ok(Found::Newer(signed));
            }
            if chain.digest_of(version) == Some(digest) {
                return Ok(Found::Done(None));
            }
            let line = chain.beside(&signed).map_err(|_| ResponseError::NotSigned)?;
            self.line = Some(Box::new(line));
            (self.version, self.digest, self.fork) = (version, digest, version);
            return Ok(Found::More(self, Some(signed)));
        };
        line.accept(signed.clone()).map_err(|_| ResponseError::NotSigned)?;
        (self.version, self.digest) = (version, digest);
        if line.newest().document().resolves.is_empty() {
            let is_long = version.saturating_sub(self.fork) >= MAX_WALKED;
            return Ok(if is_long { Found::Done(None) } else { Found::More(self, None) });
        }
        match chain.cross(RosterChain::clone(line), sight(&digest).unwrap_or(now)) {
            Ok(_) => Ok(Found::Done(None)),
            // It decides between the same rosters, and another version did on this line.
            Err(RosterError::NotResolving) => {
                let held = chain.digest_of(self.fork);
                let names = held.is_some_and(|held| line.newest().document().resolves.contains(&held));
                Ok(Found::More(self, names.then_some(signed)))
            }
            Err(_) => Ok(Found::Done(None)),
        }
    }
}
