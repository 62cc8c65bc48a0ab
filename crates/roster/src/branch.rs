//! Two lines of versions of one network: where governors signed two rosters of one version, and how nodes come together.
//!
//! A node keeps the line that it held first. It leaves it only for one in which a version names the rosters at which both
//! part (`resolves`), signed by enough of the governors of that line and of those in force here: neither side's governors
//! decide alone, so former ones cannot take a network back.

use std::sync::Arc;

use crypto::Digest;
use domain::Timestamp;

use crate::chain::MAX_WAITING;
use crate::{FirstSight, RosterChain, RosterError, SignedRoster, VerifiedRoster, Waiting, only_narrows};

/// Another line of versions that takes the place of the one in force when its notice is over.
#[derive(Clone, Debug)]
pub struct Crossing {
    line: Box<RosterChain>,
    /// The first version that differs.
    fork: u32,
    /// Since when the version that decides is known here.
    pub notice: FirstSight,
    /// When it takes effect.
    pub due: Timestamp,
}

impl Crossing {
    /// The version that decides.
    #[must_use]
    pub fn roster(&self) -> &VerifiedRoster {
        self.line.newest()
    }

    /// The same as a version that waits.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let signed = self.line.signed.last().cloned().expect("a line has a genesis roster");
        let roster = Arc::new(self.roster().clone());
        Waiting { signed, roster, notice: self.notice, due: self.due }
    }
}

impl RosterChain {
    /// The line up to the version before `other`, with `other` in the place of the version that is held: what proves that
    /// governors signed two.
    ///
    /// # Errors
    /// When it is of no version that is held, is the one that is held, or does not follow on the one before it.
    pub fn beside(&self, other: &SignedRoster) -> Result<Self, RosterError> {
        let document = other.document()?;
        let digest = other.digest();
        let not_beside = || RosterError::NotTheNext { held: self.last_version(), found: document.version };
        let held = self.digest_of(document.version).ok_or_else(not_beside)?;
        let before = document.version.checked_sub(1).filter(|before| *before > 0);
        let before = before.ok_or_else(not_beside)?;
        if held == digest || self.digest_of(before) != document.previous {
            return Err(not_beside());
        }
        // Verifying the line takes long, and anybody can write what would follow on it: first whether governors of it or of
        // one shortly before it signed.
        let count = usize::try_from(before).unwrap_or(usize::MAX);
        let versions: Vec<&SignedRoster> = self.all().take(count).collect();
        let signed = |held: &&SignedRoster| {
            held.document().is_ok_and(|held| other.check_signatures(&held.governors).is_ok())
        };
        if !versions.into_iter().rev().take(MAX_WAITING + 1).any(|held| signed(&held)) {
            return Err(not_beside());
        }
        let mut line = self.up_to(before)?;
        line.accept(other.clone())?;
        Ok(line)
    }

    /// The versions up to this one, as a line of its own.
    fn up_to(&self, version: u32) -> Result<Self, RosterError> {
        let count = usize::try_from(version).unwrap_or(usize::MAX);
        let mut versions = self.all().take(count).cloned();
        let genesis = versions.next().ok_or(RosterError::NotTheNext { held: 0, found: version })?;
        let mut line = Self::found(genesis, Some(self.newest.network()))?;
        for signed in versions {
            line.accept(signed)?;
        }
        Ok(line)
    }

    /// The first version at which two lines differ; `None` when one goes on from the other.
    #[must_use]
    pub fn fork(&self, other: &Self) -> Option<u32> {
        let last = self.last_version().min(other.last_version());
        (1..=last).find(|version| self.digest_of(*version) != other.digest_of(*version))
    }

    /// Whether a version in force on this line names the rosters at which it parts from another.
    #[must_use]
    pub fn decides_over(&self, other: &Self) -> bool {
        let Some(fork) = self.fork(other) else { return false };
        [self, other]
            .iter()
            .all(|line| line.digest_of(fork).is_some_and(|digest| self.resolved_by(&digest).is_some()))
    }

    /// Rosters about which a version up to the one in force decides.
    pub fn decided(&self) -> impl Iterator<Item = Digest> + '_ {
        self.resolved.keys().copied()
    }

    /// Digests of the versions up to the one in force, genesis first.
    pub fn digests(&self) -> impl Iterator<Item = Digest> + '_ {
        self.digests.iter().copied()
    }

    /// Versions of this line, be they ones that wait, that decide about a roster of it.
    fn decisions_about(&self, digest: Digest) -> impl Iterator<Item = Digest> + '_ {
        let in_force = self.resolved_by(&digest).and_then(|version| self.digest_of(version));
        let names = move |roster: &&VerifiedRoster| roster.document().resolves.contains(&digest);
        let waiting = self.waiting.iter().map(|waiting| waiting.roster.as_ref());
        in_force.into_iter().chain(waiting.filter(names).map(VerifiedRoster::digest))
    }

    /// Takes up another line whose last version decides between both. Where they part in versions that wait, it takes their
    /// place at once, and waits in its turn. Else it takes the place of those in force when its notice is over, or at once
    /// when its last version only narrows the one in force. `false` when it is known.
    ///
    /// # Errors
    /// When the last version does not name the rosters at which the lines part and what decided between them before, when too
    /// few of the governors in force signed it, or when it goes too far from where they part. Nothing has changed then.
    pub fn cross(&mut self, line: Self, sight: FirstSight) -> Result<bool, RosterError> {
        let deciding = line.newest();
        if self.crossing.as_ref().is_some_and(|held| held.roster().digest() == deciding.digest()) {
            return Ok(false);
        }
        let fork = self.fork(&line).ok_or(RosterError::NotResolving)?;
        let (Some(own), Some(theirs)) = (self.digest_of(fork), line.digest_of(fork)) else {
            return Err(RosterError::NotResolving);
        };
        let pending = self.crossing.as_ref().map(|held| held.roster().digest());
        let mut needed = [own, theirs].into_iter().chain(self.decisions_about(own)).chain(pending);
        let names_all = needed.all(|digest| deciding.document().resolves.contains(&digest));
        drop(needed);
        if !names_all {
            return Err(RosterError::NotResolving);
        }
        let signed = line.signed.last().ok_or(RosterError::NotResolving)?;
        signed.check_signatures(&self.newest.document().governors)?;
        if line.last_version().saturating_sub(fork) >= u32::try_from(MAX_WAITING).unwrap_or(u32::MAX) {
            return Err(RosterError::TooManyWaiting);
        }
        if fork > self.newest.version() {
            self.replace_waiting(&line, fork, sight)?;
        } else {
            self.waiting.clear();
            let line = Box::new(line);
            self.crossing = Some(Crossing { line, fork, notice: sight, due: sight.seen });
        }
        self.reckon();
        Ok(true)
    }

    /// Lets the versions of another line wait in the place of those that do.
    fn replace_waiting(&mut self, line: &Self, fork: u32, sight: FirstSight) -> Result<(), RosterError> {
        let stay = fork.saturating_sub(self.newest.version()).saturating_sub(1);
        let mut changed = self.clone();
        changed.waiting.truncate(usize::try_from(stay).unwrap_or(usize::MAX));
        let first = usize::try_from(fork.saturating_sub(1)).unwrap_or(usize::MAX);
        for signed in line.signed.iter().skip(first) {
            changed.receive(signed.clone(), sight)?;
        }
        *self = changed;
        Ok(())
    }

    /// The line that waits to take the place of the one in force.
    #[must_use]
    pub fn crossing(&self) -> Option<&Crossing> {
        self.crossing.as_ref()
    }

    pub(crate) fn reckon_crossing(&mut self) {
        let held = self.newest.document();
        let Some(crossing) = &mut self.crossing else { return };
        let seen = crossing.notice.sure.then_some(crossing.notice.seen);
        let notice = u64::from(held.rules.notice_seconds);
        crossing.due = if notice == 0 || only_narrows(held, crossing.line.newest.document(), seen) {
            Timestamp(0)
        } else {
            crossing.notice.seen.plus(notice)
        };
    }

    /// Puts the other line in force when its time has come. What lies between the fork and the version that decides never was
    /// in force here.
    pub(crate) fn cross_over(&mut self, now: Timestamp, agrees: bool) -> bool {
        let ripe = |crossing: &mut Crossing| {
            crossing.due == Timestamp(0) || (agrees && crossing.notice.sure && crossing.due <= now)
        };
        let Some(Crossing { line, fork, .. }) = self.crossing.take_if(ripe) else { return false };
        let Self { signed, digests, newest, resolved, indices, .. } = *line;
        let last = newest.version();
        self.passed_over.retain(|version| *version < fork);
        self.passed_over.extend(fork..last);
        (self.signed, self.digests, self.newest) = (signed, digests, newest);
        (self.resolved, self.indices) = (resolved, indices);
        self.waiting.clear();
        self.note();
        self.reckon();
        true
    }
}

impl SignedRoster {
    /// Whether this is a version after `before`, signed by enough of the governors that it names; wherever that one stands.
    ///
    /// # Errors
    /// Unreadable, not the next version on that one, contradicting itself, or signed by too few.
    pub fn check_after(&self, before: &Self) -> Result<(), RosterError> {
        let (document, held) = (self.document()?, before.document()?);
        if document.previous != Some(before.digest()) || document.version != held.version.saturating_add(1) {
            return Err(RosterError::NotTheNext { held: held.version, found: document.version });
        }
        crate::verified::check_document(&document)?;
        self.check_signatures(&held.governors)
    }

    /// The version that it says it is, and whether it decides between others. Nothing is verified.
    ///
    /// # Errors
    /// Unreadable.
    pub fn says(&self) -> Result<(u32, Option<Digest>, bool), RosterError> {
        let document = self.document()?;
        Ok((document.version, document.previous, !document.resolves.is_empty()))
    }
}
