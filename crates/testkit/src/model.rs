//! What must hold in a network whatever happens to it: a reference model that knows everything, and asks the nodes.
//!
//! # While it happens
//!
//! At chosen moments a node is asked about all its families. Its clock shows R then, and its answer says of each other
//! organisation whether it is *current*. Let D be the highest reading of the publisher's clock up to the moment at which
//! the publisher acknowledged a change of its own; no head that lacks the change is dated later, because from then on
//! its heads say `backlog` until the change is out. So with R > D + heartbeat, a current head has the change. Hence:
//!
//! - **Nobody is called current who is not.** An answer that calls an organisation current names it if it published
//!   something in agreement before that moment, and does not name it if it withdrew everything in agreement before that
//!   moment (also by the end of a signal). No allowance is made for skew: both clocks are in the inequality.
//! - **Nothing is invented.** Whoever is named published, at some time, in a circle that is open to the asker and in which
//!   both records take part, a key that the asker's present record has too.
//! - **Nothing is lost.** A node holds what it acknowledged, in the version that it acknowledged, and after a crash in
//!   the middle of a command what was before it or what comes of it. Whatever may be asked is answered, and the answer
//!   counts exactly the organisations that may publish to the asker in the circles concerned.
//! - **Nothing unsent is claimed.** A node that says everything is published has exactly the tags live that follow from
//!   what it holds; and a reader that it does not call behind has taken them, so that its own answers name the publisher.
//! - **Nobody honest is accused**: of a second history, a failing proof, a lie in a ceremony, or of having lost its feed.
//! - **There is one key.** Whatever ceremonies complete, every node that ever holds a key set of a class and attempt holds
//!   the same one. No share of a key, no seed of a polynomial, and no share dealt between honest keyholders is ever in any
//!   frame, in a record of any disk, or in a secret file of anybody else; and one share less than the threshold makes no key.
//! - **Nothing outlives its epoch**: nobody is named for what it published in an epoch that is over by the asker's clock.
//! - **Nothing runs wild**: no node panics, and no second needs an unbounded number of messages.
//!
//! Each node is judged by the version of the roster that it acts on: whom it names and counts, and who reads it. A member
//! that was removed is asked no more; one that is added again begins with nothing. Whoever is put back from a copy of its
//! disk holds what it held then (`putting_back.rs`).
//!
//! # Hostile members
//!
//! From the moment at which somebody else has a member's keys, nothing is promised about that member, and everything
//! among the others: what is said above is asked of honest members about honest members. About a hostile member one thing
//! is asked still: nobody names it for people of whom it never had the key evaluated, whatever tags it publishes.
//! Fewer keyholders than the threshold are hostile. What hostile members can keep from happening is a ceremony that they
//! take part in, evaluations where the honest keyholders are fewer than the threshold, and the first head after a start of
//! a publisher that has too few honest readers to hear; then there is one key for all or none, and nobody says "complete".
//!
//! # When the trouble ends
//!
//! Crashed nodes are back, connections and clocks are right again, and the true time has passed whatever a wrong clock has
//! dated: a node publishes nothing before what it published. Then, within some minutes, every answer is complete
//! and exactly right: everybody who published something in agreement is named, nobody else, and nobody whose signal was
//! withdrawn or has ended. Of an epoch that is over no record can be read at any node, and of one that was left no share
//! is there.

mod founded;
mod governors;
mod judge;
mod keys;
mod putting_back;
mod rest;
mod secrets;
mod truth;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{Oin, Timestamp};
use protocol::{Command, Reply};
use roster::VerifiedRoster;

use self::governors::Governors;

use self::keys::Keys;
use self::putting_back::{LATE_SECONDS, Saved};
use self::secrets::Secrets;
use self::truth::{Truth, day, reference};
use crate::schedule::{Event, Record, Schedule};
use crate::{Dice, Fate, Founding, Simulation, Trick};

/// In networks up to this size every node is asked after every event; in larger ones some are.
const ASKED_EACH_TIME: usize = 4;

/// Seconds between two moments in a wait at which a node is asked.
const ASK_SECONDS: u64 = 5;

/// How a schedule in which everything holds ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every answer came out complete and exactly right.
    CameRight,
    /// Hostile keyholders kept keys from being made or used: nothing was wrong, and nobody said that it was complete.
    LackedKeys,
}

/// Runs a schedule.
///
/// # Errors
/// What does not hold, in words, with the place in the schedule; also a panic is one.
pub fn run(schedule: &Schedule) -> Result<End, String> {
    catch_unwind(AssertUnwindSafe(|| Run::new(schedule)?.all(schedule))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or("without words")))
    })
}

struct Run {
    net: Simulation,
    dice: Dice,
    truth: Truth,
    keys: Keys,
    governors: Governors,
    down: BTreeSet<usize>,
    cut: BTreeSet<usize>,
    /// For how long a process that ends stays away, and until when those that ended do.
    away_for: BTreeMap<usize, u64>,
    back_at: BTreeMap<usize, Timestamp>,
    /// Whether some do not hear others, and until when messages may be late: as long as the wire is bad, without end.
    is_parted: bool,
    lossy_until: Option<Timestamp>,
    /// Copies of disks.
    saved: BTreeMap<usize, Saved>,
    /// Members that began from another disk; among them those that have not heard what they published, and those that
    /// did not hear everybody.
    restored: BTreeSet<usize>,
    hearing: BTreeSet<usize>,
    excused: BTreeSet<usize>,
}

/// What became of a command.
enum Asked {
    /// The node is down.
    Down,
    /// It went down before it answered.
    Crashed,
    /// Its answer.
    Told(Reply),
}

impl Run {
    fn new(schedule: &Schedule) -> Result<Self, String> {
        let plan = schedule.plan();
        let (mut net, secrets) = if schedule.keyless {
            (Simulation::new(Founding::planned(&plan)), Secrets::default())
        } else {
            founded::founded(schedule)?
        };
        let mut dice = Dice::new(schedule.seed ^ 0x5741_5245);
        net.shuffle(dice.roll());
        let keys = Keys::new(secrets, &mut net);
        let governors = Governors::new(net.founding(), plan.clone());
        let mut truth = Truth::new(plan);
        for member in 1..=schedule.members {
            // Heads of before are dated until now.
            truth.tell_time(member, net.now());
        }
        Ok(Self {
            net,
            dice,
            truth,
            keys,
            governors,
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            away_for: BTreeMap::new(),
            back_at: BTreeMap::new(),
            is_parted: false,
            lossy_until: Some(Timestamp(0)),
            saved: BTreeMap::new(),
            restored: BTreeSet::new(),
            hearing: BTreeSet::new(),
            excused: BTreeSet::new(),
        })
    }

    fn all(mut self, schedule: &Schedule) -> Result<End, String> {
        for event in &schedule.events {
            if let Event::Restore { member, .. } = event {
                self.save(*member)?;
            }
        }
        for (at, event) in schedule.events.iter().enumerate() {
            let here = |why| format!("after event {} ({event}): {why}", at + 1);
            self.happen(event).map_err(here)?;
            self.excuse();
            self.check().map_err(here)?;
        }
        self.calm().map_err(|why| format!("at rest: {why}"))
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        let oins = |members: &BTreeSet<usize>| members.iter().map(|member| Founding::oin(*member)).collect();
        match event {
            Event::Register { member, family, record, part } => {
                self.register(*member, *family, *record, *part)?;
            }
            Event::Withdraw { member, family } => {
                self.change(*member, *family, None, Command::Withdraw(vec![reference(*family)]))?;
            }
            Event::Renew { member, family, day: until } => {
                self.learn(*member)?;
                let renewed = self.truth.renewal(*member, *family, *until);
                let command = Command::Renew { families: vec![reference(*family)], until: day(*until) };
                self.change(*member, *family, renewed, command)?;
            }
            Event::Cut { member } => {
                self.cut.insert(*member);
                self.net.disconnect(Founding::oin(*member));
            }
            Event::Mend { member } => {
                self.cut.remove(member);
                if !self.is_down(*member) {
                    self.net.reconnect(Founding::oin(*member));
                }
            }
            Event::Split { side } => {
                self.is_parted = true;
                self.net.split(&oins(side));
            }
            Event::Deaf { from, to } => {
                self.is_parted = true;
                self.net.deafen(&oins(from), &oins(to));
            }
            Event::Heal => {
                self.is_parted = false;
                self.net.heal();
            }
            Event::Crash { member, commits, seconds } => {
                self.away_for.insert(*member, *seconds);
                self.net.crash_after(Founding::oin(*member), *commits);
            }
            Event::Wire { lost, twice, late, overtaken } => self.wire([*lost, *twice, *late, *overtaken]),
            Event::Clock { member, ahead } => self.net.set_clock(Founding::oin(*member), *ahead),
            Event::Hostile { member, trick } => self.corrupt(*member, *trick),
            Event::Save { member } => self.save(*member)?,
            Event::Restore { member, how } => self.put_back(*member, how),
            Event::Roster { at, change } => self.govern(*at, *change)?,
            Event::Wait { seconds } => self.wait(*seconds)?,
            Event::Sleep { seconds } => self.net.jump(*seconds),
            Event::SleepUntil { before, moment } => {
                let turn = self.next_turn(*moment, self.net.now().plus(*before));
                self.net.jump(turn.since(self.net.now()).saturating_sub(*before));
            }
        }
        Ok(())
    }

    fn register(&mut self, member: usize, number: usize, record: Record, part: bool) -> Result<(), String> {
        self.learn(member)?;
        let known = self.truth.registration(member, number, record);
        let signals = vec![known.signal(number)];
        if part {
            self.truth.follows_later(member, number);
        }
        let command = if part { Command::ImportPart(signals) } else { Command::Import(signals) };
        self.change(member, number, Some(known), command)
    }

    /// Gives a command that leaves a family in this state.
    fn change(
        &mut self,
        member: usize,
        number: usize,
        then: Option<truth::Known>,
        command: Command,
    ) -> Result<(), String> {
        self.learn(member)?;
        self.notice_time(member);
        let is_changed = self.truth.of(member, number).now != then;
        match self.command(member, command) {
            Asked::Down => {}
            Asked::Crashed => self.truth.doubt(member, number, then),
            Asked::Told(_) if is_changed => {
                self.truth.settle(member, number, then);
                self.look(member);
            }
            Asked::Told(_) => {}
        }
        self.truth.publish(member);
        Ok(())
    }

    fn command(&mut self, member: usize, command: Command) -> Asked {
        if self.is_down(member) {
            return Asked::Down;
        }
        self.net.try_command(Founding::oin(member), command).map_or(Asked::Crashed, Asked::Told)
    }

    /// The roster by which epochs are counted.
    fn roster(&self) -> &VerifiedRoster {
        self.governors.newest()
    }

    fn is_down(&self, member: usize) -> bool {
        self.net.is_down(Founding::oin(member))
    }

    fn clock(&self, member: usize) -> Timestamp {
        self.net.clock(Founding::oin(member))
    }

    /// A member's node acts on its clock from here on.
    fn notice_time(&mut self, member: usize) {
        if !self.is_down(member) {
            self.truth.tell_time(member, self.clock(member));
        }
    }

    /// A member's node brings its feeds in line with the day that its clock shows.
    fn look(&mut self, member: usize) {
        self.truth.look(member, self.clock(member).date());
        self.truth.publish(member);
    }

    /// What the wire does from now on.
    fn wire(&mut self, percentages: [u8; 4]) {
        let was_lossy = self.lossy_until.is_none();
        let late_until = self.net.now().plus(LATE_SECONDS);
        self.lossy_until = match (percentages, was_lossy) {
            ([0, 0, 0, 0], true) => Some(late_until),
            ([0, 0, 0, 0], false) => self.lossy_until,
            _ => None,
        };
        let mut dice = Dice::new(self.dice.roll());
        let [lost, twice, late, overtaken] = percentages.map(u64::from);
        self.net.judge(move |message| match dice.below(100) {
            roll if roll < lost => {
                if dice.percent(70) {
                    Fate::Drop
                } else {
                    Fate::Silent(1 + dice.below(30))
                }
            }
            roll if roll < lost + twice => Fate::Twice,
            // Gossip may be as late as it likes; whoever asks has given up after a minute.
            roll if roll < lost + twice + late => match message.conversation {
                None if dice.percent(20) => Fate::Late(1 + dice.below(120)),
                Some(_) if dice.percent(10) => Fate::Late(1 + dice.below(50)),
                Some(_) | None => Fate::Late(1 + dice.below(5)),
            },
            roll if roll < lost + twice + late + overtaken => Fate::Behind(1 + dice.pick(30)),
            _ => Fate::Deliver,
        });
    }

    /// Somebody gets a member's keys, unless that would be enough of them to use the keys of the network.
    fn corrupt(&mut self, member: usize, trick: Trick) {
        let seed = self.dice.roll();
        let mut hostile = self.hostile_keyholders();
        if self.governors.ever_held_keys(member) {
            hostile.insert(member);
        }
        if hostile.len() < usize::from(self.truth.plan.threshold) {
            self.net.corrupt(Founding::oin(member), trick, seed);
        }
    }

    /// Hostile members that hold keys, or once did.
    fn hostile_keyholders(&self) -> BTreeSet<usize> {
        let hostile = self.truth.plan.numbers().filter(|member| !self.is_honest(Founding::oin(*member)));
        hostile.filter(|member| self.governors.ever_held_keys(*member)).collect()
    }

    /// Seconds pass; whoever went down is started when it is time.
    fn wait(&mut self, seconds: u64) -> Result<(), String> {
        for second in 1..=seconds {
            for member in self.truth.plan.numbers() {
                self.notice_time_ahead(member);
            }
            self.net.second();
            for member in self.truth.plan.numbers() {
                if !self.is_down(member) {
                    self.look(member);
                }
                self.revive(member);
            }
            self.excuse();
            if second % ASK_SECONDS == 0 {
                self.check_some(1)?;
            }
        }
        self.down = self.truth.plan.numbers().filter(|member| self.is_down(*member)).collect();
        Ok(())
    }

    /// The clock that a member's node will read when the next second has passed.
    fn notice_time_ahead(&mut self, member: usize) {
        if !self.is_down(member) {
            self.truth.tell_time(member, self.clock(member).plus(1));
        }
    }

    fn revive(&mut self, member: usize) {
        let oin: Oin = Founding::oin(member);
        if !self.net.is_down(oin) {
            return;
        }
        let now = self.net.now();
        let away = self.away_for.get(&member).copied().unwrap_or(1);
        let back_at = *self.back_at.entry(member).or_insert_with(|| now.plus(away));
        if now >= back_at {
            self.start(member);
        }
    }

    fn start(&mut self, member: usize) {
        let oin: Oin = Founding::oin(member);
        self.net.restart(oin);
        self.started(member);
    }

    /// A member's process has started.
    fn started(&mut self, member: usize) {
        let oin: Oin = Founding::oin(member);
        self.back_at.remove(&member);
        if self.cut.contains(&member) {
            self.net.disconnect(oin);
        }
        self.notice_time(member);
        self.look(member);
    }
}
