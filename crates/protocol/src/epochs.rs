//! Epochs: which one runs for each class of keys, which is still matched on, which is prepared, and which is over.
//!
//! By the clock one epoch runs. A class of keys enters it once its key set is there; without one it stays in the
//! epoch before, at most for that one's grace. What is published, held and matched on belongs to one epoch; each epoch
//! that is not over has its *lane* of feeds, pseudonyms and matches, and its data key on disk.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Epoch, KeyClass, Timestamp};
use roster::{RosterChain, VerifiedRoster};

use crate::ceremony::KeyMaterial;
use crate::feed::{Others, SKEW_SECONDS};

/// The epochs as one node sees them at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Epochs {
    /// The one that runs by the clock and the roster.
    pub(crate) clock: Epoch,
    /// The oldest that is not over.
    pub(crate) since: Epoch,
    /// The one after the running one, within its preparation.
    pub(crate) next: Option<Epoch>,
    /// The one that each class of keys is in.
    entered: BTreeMap<KeyClass, Epoch>,
    /// Those of which this node keeps feeds, pseudonyms and matches.
    pub(crate) lanes: BTreeSet<Epoch>,
    /// The last one of which the data key was destroyed; neither it nor an earlier one can be kept again.
    forgotten: Option<Epoch>,
}

impl Epochs {
    /// With the epochs of which something is kept, and the last one that was forgotten; before any key set is known.
    pub(crate) fn new(
        chain: &RosterChain,
        kept: BTreeSet<Epoch>,
        forgotten: Option<Epoch>,
        now: Timestamp,
    ) -> Self {
        let clock = chain.newest().epoch_at(now);
        let mut epochs = Self {
            clock,
            since: clock,
            next: None,
            entered: BTreeMap::new(),
            lanes: BTreeSet::new(),
            forgotten,
        };
        let _first_look = epochs.look(chain, &KeyMaterial::default(), now);
        epochs.lanes = kept.into_iter().filter(|epoch| !epochs.is_forgotten(*epoch)).collect();
        epochs
    }

    /// Looks at the clock, the roster and the key sets held. The lanes stay as they are. Returns whether a class of keys
    /// went back to an earlier epoch: the clock was set back, or nobody can use a key set any more.
    pub(crate) fn look(&mut self, chain: &RosterChain, material: &KeyMaterial, now: Timestamp) -> bool {
        let roster = chain.newest();
        let clock = roster.epoch_at(now);
        let before = clock.0.checked_sub(1).map(Epoch);
        let before = before.filter(|before| {
            *before >= chain.first_epoch() && !is_over(roster, *before, now) && !self.is_forgotten(*before)
        });
        let after = clock.0.checked_add(1).map(Epoch);
        let entered = |class: KeyClass| {
            let has_key_set = |epoch: &Epoch| material.key_set(*epoch, class).is_some();
            // Without any key set it waits for that of the epoch that runs.
            [Some(clock), before].into_iter().flatten().find(has_key_set).unwrap_or(clock)
        };
        let entered = KeyClass::ALL.into_iter().map(|class| (class, entered(class))).collect();
        let left = std::mem::replace(&mut self.entered, entered);
        let went_back = left.iter().any(|(class, left)| self.entered(*class) < *left);
        self.clock = clock;
        let first = self.forgotten.map_or(clock, |last| Epoch(last.0.saturating_add(1)).max(clock));
        self.since = before.unwrap_or(first);
        self.next = after.filter(|next| now >= roster.preparation_of(*next) && !self.is_forgotten(*next));
        went_back
    }

    /// Opens the lanes that are missing, and names them. The epoch before the one that runs needs one where a class may
    /// still be in it; one that nothing is kept of and that nobody evaluates in any more would stay empty.
    pub(crate) fn open_lanes(&mut self, material: &KeyMaterial) -> BTreeSet<Epoch> {
        let lacks_keys = KeyClass::ALL.iter().any(|class| material.key_set(self.clock, *class).is_none());
        let before = Some(self.since).filter(|_| lacks_keys);
        let wanted = before.into_iter().chain([self.clock]).chain(self.next);
        let missing = |epoch: &Epoch| !self.lanes.contains(epoch) && self.is_near(*epoch);
        let opened: BTreeSet<Epoch> = wanted.filter(missing).collect();
        self.lanes.extend(&opened);
        opened
    }

    /// Closes the lanes of epochs that are over, and names them.
    pub(crate) fn close_lanes(&mut self) -> BTreeSet<Epoch> {
        let over: BTreeSet<Epoch> = self.lanes.extract_if(.., |epoch| *epoch < self.since).collect();
        self.forgotten = self.forgotten.max(over.last().copied());
        over
    }

    fn is_forgotten(&self, epoch: Epoch) -> bool {
        self.forgotten.is_some_and(|last| epoch <= last)
    }

    /// The epoch that a class of keys is in.
    pub(crate) fn entered(&self, class: KeyClass) -> Epoch {
        self.entered.get(&class).copied().unwrap_or(self.clock)
    }

    /// The epochs that the classes of keys are in: one, but for a roll-over that is not whole.
    pub(crate) fn in_force(&self) -> BTreeSet<Epoch> {
        self.entered.values().copied().collect()
    }

    /// The oldest epoch that a class of keys is in: nobody evaluates under keys of an earlier one any more.
    pub(crate) fn oldest_in_force(&self) -> Epoch {
        self.entered.values().min().copied().unwrap_or(self.clock)
    }

    /// Whether keys of a class are evaluated in an epoch: in the one entered, and ahead in the one that is prepared.
    pub(crate) fn is_evaluated(&self, epoch: Epoch, class: KeyClass) -> bool {
        epoch == self.entered(class) || self.next == Some(epoch)
    }

    /// Whether an epoch is not over and not further ahead than the next.
    pub(crate) fn is_near(&self, epoch: Epoch) -> bool {
        epoch >= self.since && epoch.0 <= self.clock.0.saturating_add(1)
    }
}

/// Whether nothing of an epoch is matched on any more.
pub(crate) fn is_over(roster: &VerifiedRoster, epoch: Epoch, now: Timestamp) -> bool {
    // Of an epoch before the last two it is not known when it ended; it is over in any case.
    roster.epoch_at(now).0 > epoch.0.saturating_add(1) || now >= roster.expiry_of(epoch)
}

/// Whether the clocks of others bear out the own one. What is over is destroyed for good, so a clock that jumped must
/// not be the only witness.
#[derive(Default)]
pub(crate) struct ClockAgreement {
    pub(crate) agrees: bool,
    /// Since when nobody is heard.
    silent_since: Option<Timestamp>,
}

impl ClockAgreement {
    /// The own clock jumped: until others were heard, or nobody for long enough by the clock as it is now, it is not believed.
    pub(crate) fn jumped(&mut self) {
        *self = Self::default();
    }

    /// Compares with the members heard of late. Where nobody is heard for as long as makes a member stale, the own
    /// clock is believed: a node that is alone does not keep for ever what it may not.
    pub(crate) fn look(&mut self, others: &Others, roster: &VerifiedRoster, now: Timestamp) {
        let comparison = others.clock(roster, now);
        if comparison.members > 0 {
            self.silent_since = None;
            self.agrees = comparison.ahead_seconds.unsigned_abs() <= SKEW_SECONDS;
        } else {
            let since = *self.silent_since.get_or_insert(now);
            self.agrees = now.since(since) >= u64::from(roster.rules().heartbeat_seconds);
        }
    }
}
