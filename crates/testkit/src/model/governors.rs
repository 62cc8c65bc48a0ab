//! The governors: which versions of the roster there are, and what each says.

use std::collections::BTreeSet;

use crypto::KeyholderSection;
use domain::{Epoch, Oin, Timestamp};
use protocol::{Command, Reply};
use roster::{OpenPair, RosterChain, RosterContent, SignedRoster, VerifiedRoster};

use super::{Asked, Run};
use crate::schedule::{Pair, RosterChange};
use crate::{Founding, Plan};

/// Every version of the roster.
pub(super) struct Governors {
    chain: RosterChain,
    content: RosterContent,
    /// What each version says, the first of them that of genesis.
    plans: Vec<Plan>,
    /// The versions themselves.
    versions: Vec<VerifiedRoster>,
    /// Members that held keys in the place of others.
    took_over: BTreeSet<Oin>,
}

impl Governors {
    pub(super) fn new(founding: &Founding, plan: Plan) -> Self {
        let chain = founding.chain().clone();
        let versions = vec![chain.newest().clone()];
        let content = founding.content().clone();
        Self { chain, content, plans: vec![plan], versions, took_over: BTreeSet::new() }
    }

    /// The newest version.
    pub(super) fn newest(&self) -> &VerifiedRoster {
        self.chain.newest()
    }

    /// What a version says; of one that there is not, the newest.
    pub(super) fn plan(&self, version: u32) -> &Plan {
        let place = usize::try_from(version).unwrap_or(usize::MAX).saturating_sub(1);
        self.plans.get(place).or(self.plans.last()).expect("there is always genesis")
    }

    /// What each version says.
    pub(super) fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter()
    }

    /// The keyholders of every version.
    pub(super) fn sections(&self) -> Vec<KeyholderSection> {
        self.versions.iter().map(VerifiedRoster::keyholder_section).collect()
    }

    /// Whether a member is one by every version.
    pub(super) fn was_always_there(&self, member: usize) -> bool {
        self.plans.iter().all(|plan| !plan.absent.contains(&member))
    }

    /// The earliest moment from which an epoch is prepared by some version. An early start leaves less than was prepared
    /// before it was decided.
    pub(super) fn earliest_preparation_of(&self, epoch: Epoch) -> Timestamp {
        let by_version = self.versions.iter().map(|version| version.preparation_of(epoch));
        by_version.min().unwrap_or(self.newest().preparation_of(epoch))
    }

    /// Whether a member holds keys by some version.
    pub(super) fn ever_held_keys(&self, member: usize) -> bool {
        let oin = Founding::oin(member);
        let founded = member <= self.plans.first().map_or(0, |plan| usize::from(plan.keyholders));
        founded || self.took_over.contains(&oin)
    }

    /// What the newest version says.
    pub(super) fn newest_plan(&self) -> &Plan {
        self.plan(self.newest().version())
    }

    /// The keyholders of the newest version.
    pub(super) fn keyholders(&self) -> impl Iterator<Item = Oin> {
        self.content.keyholders.iter().map(|held| held.oin)
    }

    /// Signs the next version. `false` when it would say nothing new, or no valid roster would come of it.
    fn decide(&mut self, founding: &Founding, change: RosterChange, now: u64) -> bool {
        let (mut content, mut plan) = (self.content.clone(), self.newest_plan().clone());
        change_content(&mut content, &mut plan, founding, change, self.newest(), now);
        if content == self.content {
            return false;
        }
        let signed = Founding::version_after(self.newest(), content.clone());
        if self.chain.accept(signed).is_err() {
            return false;
        }
        self.content = content;
        self.took_over.extend(self.content.keyholders.iter().map(|held| held.oin));
        self.plans.push(plan);
        self.versions.push(self.chain.newest().clone());
        true
    }

    /// Versions after one, in order.
    fn after(&self, version: u32) -> impl Iterator<Item = SignedRoster> + '_ {
        (version..self.newest().version()).filter_map(|version| self.chain.after(version).cloned())
    }
}

fn change_content(
    content: &mut RosterContent,
    plan: &mut Plan,
    founding: &Founding,
    change: RosterChange,
    held: &VerifiedRoster,
    now: u64,
) {
    match change {
        RosterChange::Remove { member } => {
            let oin = Founding::oin(member);
            content.members.retain(|held| held.oin != oin);
            content.keyholders.retain(|held| held.oin != oin);
            plan.absent.insert(member);
        }
        RosterChange::Add { member } => {
            let oin = Founding::oin(member);
            let founded = founding.content().members.iter().find(|held| held.oin == oin);
            content.members.extend(founded.filter(|_| plan.absent.contains(&member)).cloned());
            content.members.sort_by_key(|held| held.oin);
            plan.absent.remove(&member);
        }
        RosterChange::Close(pair) => set_open(content, plan, pair, false),
        RosterChange::Open(pair) => set_open(content, plan, pair, true),
        RosterChange::Replace { keyholder, by } => {
            let (old, new) = (Founding::oin(keyholder), Founding::oin(by));
            let is_free = content.keyholders.iter().all(|held| held.oin != new);
            // An index is never used again.
            let index = u16::try_from(held.version()).unwrap_or(u16::MAX).saturating_add(100);
            if let Some(place) = content.keyholders.iter().position(|held| held.oin == old && is_free) {
                let _gone = content.keyholders.remove(place);
                content.keyholders.push(roster::KeyholderRecord { index, oin: new });
            }
        }
        RosterChange::Early => {
            content.rules.epoch.anchor_epoch = held.epoch_at(Timestamp(now)).0.saturating_add(1);
            content.rules.epoch.anchor_time = now;
        }
    }
}

fn set_open(content: &mut RosterContent, plan: &mut Plan, pair: Pair, opens: bool) {
    let Pair { circle, publisher, reader } = pair;
    let (Some(from), Some(to)) = (plan.member(publisher), plan.member(reader)) else { return };
    let (from, to) = (from.sector, to.sector);
    let (Some(planned), Some(signed)) = (plan.circles.get_mut(circle), content.circles.get_mut(circle))
    else {
        return;
    };
    planned.open.retain(|open| *open != (from, to));
    planned.open.extend(opens.then_some((from, to)));
    let sector = |text: &str| text.parse().expect("a sector of the plan");
    let pair = OpenPair::new(sector(from), sector(to));
    let was_open = signed.open.contains(&pair);
    if was_open != opens {
        signed.open.retain(|open| *open != pair);
        signed.open.extend(opens.then_some(pair));
    }
}

impl Run {
    /// The governors sign a version and bring it to a member's node.
    pub(super) fn govern(&mut self, at: usize, change: RosterChange) -> Result<(), String> {
        if self.is_down(at) || self.is_absent(at) {
            return Ok(());
        }
        if let RosterChange::Replace { by, .. } = change
            && !self.is_honest(Founding::oin(by))
        {
            // There are hostile keyholders by other events, fewer than the threshold.
            return Ok(());
        }
        let (founding, now) = (self.net.founding().clone(), self.net.now().0);
        if !self.governors.decide(&founding, change, now) {
            return Ok(());
        }
        if let RosterChange::Add { member } = change {
            self.join(member);
        }
        self.bring_rosters(at)
    }

    /// Brings a member's node every version that it has not.
    pub(super) fn bring_rosters(&mut self, at: usize) -> Result<(), String> {
        let Some(held) = self.net.roster(Founding::oin(at)).map(VerifiedRoster::version) else {
            return Ok(());
        };
        let missing: Vec<SignedRoster> = self.governors.after(held).collect();
        for signed in missing {
            match self.command(at, Command::InstallRoster(Box::new(signed))) {
                Asked::Told(Reply::Roster(Ok(_))) => {}
                Asked::Told(Reply::Roster(Err(error))) => {
                    return Err(format!("member {at} refuses a version of the roster: {error}"));
                }
                Asked::Down | Asked::Crashed | Asked::Told(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// What the roster says that a member's node acts on; the newest while it is down.
    pub(super) fn plan_of(&self, member: usize) -> &Plan {
        self.governors.plan(self.roster_of(member).version())
    }

    /// The roster that a member's node acts on; the newest while it is down.
    pub(super) fn roster_of(&self, member: usize) -> &VerifiedRoster {
        self.net.roster(Founding::oin(member)).unwrap_or_else(|| self.governors.newest())
    }

    /// Whether a member is none by the newest roster.
    pub(super) fn is_absent(&self, member: usize) -> bool {
        self.governors.newest_plan().absent.contains(&member)
    }

    /// Members by the newest roster whose keys nobody else has.
    pub(super) fn honest(&self) -> Vec<usize> {
        let is_honest = |member: &usize| self.is_honest(Founding::oin(*member)) && !self.is_absent(*member);
        self.truth.plan.numbers().filter(is_honest).collect()
    }
}
