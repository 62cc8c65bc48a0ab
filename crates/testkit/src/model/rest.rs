//! When the trouble ends: nodes are back, connections and clocks are right, and everything must come out exactly right.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Epoch, KeyClass};
use protocol::ceremony::KeySetSummary;

use super::{End, Run};
use crate::{Fate, Founding};

/// Seconds in which a network whose troubles have ended comes to rest: heads that are asked for, sources that rest,
/// evaluations that are asked again, keyholders that are not trusted for a while.
const REST_SECONDS: u64 = 400;

/// Seconds in which a ceremony completes among honest keyholders.
const CEREMONY_SECONDS: u64 = 60;

/// Epochs that may have to pass until every keyholder has a share again: those of the one that is prepared may be lost
/// too.
const EPOCHS_TO_HEAL: u64 = 3;

impl Run {
    /// The trouble ends: everything must come out exactly right.
    pub(super) fn calm(&mut self) -> Result<End, String> {
        self.net.judge(|_| Fate::Deliver);
        self.net.crash_never();
        self.cut.clear();
        let members: Vec<usize> = self.truth.plan.numbers().collect();
        for member in &members {
            self.net.set_clock(Founding::oin(*member), 0);
            if self.is_down(*member) {
                self.start(*member);
            }
        }
        self.net.jump(self.truth.latest().saturating_sub(self.net.now().0));
        self.is_parted = false;
        self.net.heal();
        for member in &members {
            self.net.reconnect(Founding::oin(*member));
        }
        // Whoever was added by a version that nobody else has is not heard by others.
        let honest = self.honest();
        let was_there = honest.iter().find(|member| self.governors.was_always_there(**member));
        if let Some(member) = was_there.or(honest.first()) {
            self.bring_rosters(*member)?;
        }
        let end = self.come_right()?;
        if end == End::CameRight {
            self.check()?;
        }
        self.keys.stay_secret(&self.net, &self.governors.sections())?;
        Ok(end)
    }

    /// Waits until everything is right, or hostile keyholders keep the keys from being made or used.
    fn come_right(&mut self) -> Result<End, String> {
        // Asking every node costs more than a second does in a large network.
        let step = if self.truth.plan.members.len() > 8 { 5 } else { 1 };
        let (mut waited, mut epochs) = (0, 0);
        loop {
            let Err(why) = self.has_come_right() else { return Ok(End::CameRight) };
            if waited >= REST_SECONDS {
                return Err(why);
            }
            let is_short = waited >= CEREMONY_SECONDS && self.is_short_of_shares();
            let lacks_keys = waited >= CEREMONY_SECONDS && self.has_no_keys();
            if (is_short || lacks_keys) && self.has_hostile_keyholders() {
                return Ok(End::LackedKeys);
            }
            if is_short && epochs < EPOCHS_TO_HEAL {
                epochs += 1;
                self.enter_next_epoch()?;
                waited = 0;
            } else {
                self.wait(step)?;
                waited += step;
            }
        }
    }

    fn has_come_right(&mut self) -> Result<(), String> {
        self.agree()?;
        self.is_right()?;
        if self.clocks_are_believed() { self.nothing_expired() } else { Ok(()) }
    }

    /// Whether all act on the newest roster and hold the same keys.
    fn agree(&mut self) -> Result<(), String> {
        let newest = self.governors.newest().version();
        let mut held: BTreeMap<KeyClass, Option<KeySetSummary>> = BTreeMap::new();
        for member in self.honest() {
            let Some(status) = self.status(member) else { continue };
            if status.roster_version != newest {
                return Err(format!("member {member} acts on version {} of {newest}", status.roster_version));
            }
            for ceremony in &status.ceremonies {
                if *held.entry(ceremony.class).or_insert(ceremony.key_set) != ceremony.key_set {
                    return Err(format!("member {member} holds another key of class {}", ceremony.class));
                }
            }
        }
        Ok(())
    }

    /// Whether hostile members are no more than half of the others of anybody, so that honest clocks are believed.
    fn clocks_are_believed(&self) -> bool {
        let present = self.truth.plan.numbers().filter(|member| !self.is_absent(*member)).count();
        2 * (present - self.honest().len()) < present
    }

    /// Whether nobody honest holds some key set of the epoch that runs because it was never made, or in an attempt that
    /// honest keyholders have left behind. One of their present attempt must come right.
    fn has_no_keys(&mut self) -> bool {
        let epoch = self.roster().epoch_at(self.net.now());
        let mut present: BTreeMap<KeyClass, u32> = BTreeMap::new();
        let mut held = BTreeSet::new();
        for member in self.honest() {
            let ceremonies = self.status(member).into_iter().flat_map(|status| status.ceremonies);
            for ceremony in ceremonies.filter(|ceremony| ceremony.epoch == epoch) {
                let attempt = present.entry(ceremony.class).or_default();
                *attempt = ceremony.attempt.max(*attempt);
                held.extend(ceremony.key_set.map(|_| ceremony.class));
            }
        }
        let is_lost = |class: &KeyClass| {
            self.keys
                .made(epoch, *class)
                .is_some_and(|made| present.get(class).is_none_or(|now| *now <= made))
        };
        KeyClass::ALL.iter().any(|class| !held.contains(class) && !is_lost(class))
    }

    fn has_hostile_keyholders(&self) -> bool {
        self.governors.keyholders().any(|oin| !self.is_honest(oin))
    }

    /// Whether honest keyholders have lost so many shares of a key that the rest are too few.
    fn is_short_of_shares(&mut self) -> bool {
        let mut shares: BTreeMap<KeyClass, (usize, usize)> = BTreeMap::new();
        for member in self.honest() {
            for ceremony in self.status(member).into_iter().flat_map(|status| status.ceremonies) {
                let Some(made) = ceremony.key_set else { continue };
                let (held, needed) = shares.entry(ceremony.class).or_default();
                *held += usize::from(ceremony.share.is_some());
                *needed = usize::from(made.threshold);
            }
        }
        shares.values().any(|(held, needed)| held < needed)
    }

    /// Shares that are lost come back with the keys of the next epoch.
    fn enter_next_epoch(&mut self) -> Result<(), String> {
        let now = self.net.now();
        let next = Epoch(self.roster().epoch_at(now).0.saturating_add(1));
        self.net.jump(self.roster().preparation_of(next).since(now));
        self.wait(CEREMONY_SECONDS)?;
        self.net.jump(self.roster().start_of(next).since(self.net.now()));
        self.wait(1)
    }
}
