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
//! - **There is one key.** Whatever ceremonies complete, every node that ever holds a key set of a class holds the same
//!   one; no share of a key and no share dealt between honest keyholders is ever in a frame in the open.
//! - **Nothing runs wild**: no node panics, and no second needs an unbounded number of messages.
//!
//! # Hostile members
//!
//! From the moment at which somebody else has a member's keys, nothing is promised about that member, and everything
//! among the others: what is said above is asked of honest members about honest members. About a hostile member one thing
//! is asked still: nobody names it for people of whom it never had the key evaluated, whatever tags it publishes.
//! Schedules have one hostile member, fewer than any threshold, so honest matches are not lost to it either. The one
//! thing that it can keep from happening is a ceremony that it takes part in; then there is one key for all or none.
//!
//! # When the trouble ends
//!
//! Crashed nodes are back, connections and clocks are right again, and the true time has passed whatever a wrong clock has
//! dated: a node publishes nothing before what it published. Then, within [`REST_SECONDS`], every answer is complete
//! and exactly right: everybody who published something in agreement is named, nobody else, and nobody whose signal was
//! withdrawn or has ended.

mod founded;
mod judge;
mod keys;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{KeyClass, Oin, Timestamp};
use protocol::{Command, Reply};

use self::keys::Keys;
use self::truth::{Truth, day, reference};
use crate::schedule::{Event, Record, Schedule};
use crate::{Dice, Fate, Founding, Simulation};

/// Seconds in which a network whose troubles have ended comes to rest: heads that are asked for, sources that rest,
/// evaluations that are asked again, keyholders that are not trusted for a while.
const REST_SECONDS: u64 = 400;

/// Seconds in which a ceremony completes among honest keyholders.
const CEREMONY_SECONDS: u64 = 60;

/// In networks up to this size every node is asked after every event; in larger ones some are.
const ASKED_EACH_TIME: usize = 4;

/// Seconds between two moments in a wait at which a node is asked.
const ASK_SECONDS: u64 = 5;

/// Runs a schedule.
///
/// # Errors
/// What does not hold, in words, with the place in the schedule; also a panic is one.
pub fn run(schedule: &Schedule) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| Run::new(schedule).all(schedule))).unwrap_or_else(|panic| {
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
    down: BTreeSet<usize>,
    cut: BTreeSet<usize>,
    /// For how long a process that ends stays away, and until when those that ended do.
    away_for: BTreeMap<usize, u64>,
    back_at: BTreeMap<usize, Timestamp>,
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
    fn new(schedule: &Schedule) -> Self {
        let plan = schedule.plan();
        let mut net = if schedule.keyless {
            Simulation::new(Founding::planned(&plan))
        } else {
            founded::founded(schedule.members, schedule.network)
        };
        let mut dice = Dice::new(schedule.seed ^ 0x5741_5245);
        net.shuffle(dice.roll());
        let keys = Keys::new(schedule.keyless, &mut net);
        let mut truth = Truth::new(plan);
        for member in 1..=schedule.members {
            // Heads of before are dated until now.
            truth.tell_time(member, net.now());
        }
        Self {
            net,
            dice,
            truth,
            keys,
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            away_for: BTreeMap::new(),
            back_at: BTreeMap::new(),
        }
    }

    fn all(mut self, schedule: &Schedule) -> Result<(), String> {
        for (at, event) in schedule.events.iter().enumerate() {
            let here = |why| format!("after event {} ({event}): {why}", at + 1);
            self.happen(event).and_then(|()| self.check()).map_err(here)?;
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
            Event::Split { side } => self.net.split(&oins(side)),
            Event::Deaf { from, to } => self.net.deafen(&oins(from), &oins(to)),
            Event::Heal => self.net.heal(),
            Event::Crash { member, commits, seconds } => {
                self.away_for.insert(*member, *seconds);
                self.net.crash_after(Founding::oin(*member), *commits);
            }
            Event::Wire { lost, twice, late, overtaken } => self.wire([*lost, *twice, *late, *overtaken]),
            Event::Clock { member, ahead } => self.net.set_clock(Founding::oin(*member), *ahead),
            Event::Hostile { member, trick } => {
                self.net.corrupt(Founding::oin(*member), *trick, self.dice.roll());
            }
            Event::Wait { seconds } => self.wait(*seconds)?,
            Event::Sleep { seconds } => self.net.jump(*seconds),
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
        self.back_at.remove(&member);
        self.net.restart(oin);
        if self.cut.contains(&member) {
            self.net.disconnect(oin);
        }
        self.notice_time(member);
        self.look(member);
    }

    /// The trouble ends: everything must come out exactly right.
    fn calm(&mut self) -> Result<(), String> {
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
        self.net.heal();
        for member in &members {
            self.net.reconnect(Founding::oin(*member));
        }
        // Asking every node costs more than a second does in a large network.
        let step = if members.len() > 8 { 5 } else { 1 };
        let mut waited = 0;
        while self.is_right().is_err() && waited < REST_SECONDS {
            if waited >= CEREMONY_SECONDS && self.has_no_keys() {
                return self.keys.stay_secret(&self.net);
            }
            self.wait(step)?;
            waited += step;
        }
        self.is_right()?;
        self.check()?;
        self.keys.stay_secret(&self.net)
    }

    /// Whether a hostile keyholder has kept the keys from being made: a ceremony needs every keyholder.
    fn has_no_keys(&self) -> bool {
        let keyholders = 1..=usize::from(self.truth.plan.keyholders);
        self.keys.made() < KeyClass::ALL.len()
            && keyholders.into_iter().any(|member| self.net.is_hostile(Founding::oin(member)))
    }
}
