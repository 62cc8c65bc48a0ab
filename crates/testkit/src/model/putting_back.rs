//! Disks that are put back, and nodes that begin with an empty one: what they hold then, and whom that excuses.
//!
//! Readers tell a node that starts what it has published, as long as they are there. What only an absent reader holds
//! is not heard: that reader may take what follows for a second history, until it is asked. So of a member that was put
//! back while somebody could not be heard it may be said; of one that was put back in a network without trouble nobody
//! says it.

use protocol::{CeremonyProblem, Notice};

use super::Run;
use super::truth::Held;
use crate::schedule::PutBack;
use crate::{Founding, MemoryDisk};

/// Seconds for which gossip may be late.
pub(super) const LATE_SECONDS: u64 = 130;

/// A copy of a disk, with what its member held of each family then.
pub(super) struct Saved {
    disk: MemoryDisk,
    families: Vec<(usize, Held)>,
}

impl Run {
    pub(super) fn save(&mut self, member: usize) -> Result<(), String> {
        self.learn(member)?;
        let disk = self.net.disk(Founding::oin(member)).clone();
        let families = self.truth.families(member).collect();
        self.saved.insert(member, Saved { disk, families });
        Ok(())
    }

    pub(super) fn put_back(&mut self, member: usize, how: &PutBack) {
        let oin = Founding::oin(member);
        let Some(saved) = self.saved.get(&member).filter(|_| self.is_honest(oin)) else { return };
        let disk = match how {
            PutBack::Backup => saved.disk.restored(self.clock(member)),
            PutBack::Snapshot => saved.disk.clone(),
        };
        let families = saved.families.clone();
        self.begin_from(member, disk, families);
    }

    /// A member that was removed is one again: it begins with nothing.
    pub(super) fn join(&mut self, member: usize) {
        if self.is_honest(Founding::oin(member)) {
            self.begin_from(member, MemoryDisk::default(), Vec::new());
        }
    }

    fn begin_from(&mut self, member: usize, disk: MemoryDisk, families: Vec<(usize, Held)>) {
        let oin = Founding::oin(member);
        self.net.restart_from(oin, disk);
        self.truth.put_back(member, families);
        self.restored.insert(member);
        self.hearing.insert(member);
        self.started(member);
        self.excuse();
    }

    /// Excuses those who begin from another disk while somebody cannot be heard; lets go of those that have heard.
    pub(super) fn excuse(&mut self) {
        if self.hearing.is_empty() {
            return;
        }
        if self.is_troubled() {
            self.excused.append(&mut self.hearing);
            return;
        }
        for member in self.hearing.clone() {
            let hears = self.status(member).is_none_or(|status| !status.hearing.is_empty());
            if !hears {
                self.hearing.remove(&member);
            }
        }
    }

    /// Whether somebody cannot be heard, or what was said of late may still be on its way.
    fn is_troubled(&self) -> bool {
        let now = self.net.now();
        self.is_parted
            || !self.cut.is_empty()
            || self.lossy_until.is_none_or(|until| now < until)
            || self.net.awaits_crash()
            || self.truth.plan.numbers().any(|member| self.is_down(member))
            || self.truth.plan.numbers().any(|member| !self.is_honest(Founding::oin(member)))
    }

    /// Whether a notice of a member may say of another, or of itself, what is true of nobody honest otherwise.
    pub(super) fn is_excused(&self, accused: usize, notice: &Notice) -> bool {
        match notice {
            Notice::FeedContinued { .. }
            | Notice::Ceremony(CeremonyProblem::Lost { .. })
            | Notice::LogLost { .. } => self.restored.contains(&accused),
            Notice::Equivocation { .. }
            | Notice::TwoLogs { .. }
            | Notice::Ceremony(CeremonyProblem::Lying { .. }) => self.excused.contains(&accused),
            Notice::NewMatch { .. }
            | Notice::NewUnitMatch { .. }
            | Notice::Ceremony(_)
            | Notice::OtherKeySet { .. }
            | Notice::FailingProof { .. }
            | Notice::ClockBehind { .. }
            | Notice::ClockAhead { .. }
            | Notice::NumbersUsedUp { .. }
            | Notice::BeyondCap { .. }
            | Notice::LogForked { .. }
            | Notice::LogUnshown { .. }
            | Notice::RosterConflict { .. } => false,
        }
    }
}
