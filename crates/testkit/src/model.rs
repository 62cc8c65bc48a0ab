//! What must hold in a network whatever happens to it: a reference model that knows everything, and asks the nodes.
//!
//! - Nothing is invented: an organisation is named only if it had a visible signal on a shared person while the asker's
//!   family was as it is now, or before.
//! - Nobody says "complete" when it is not: a complete answer names everybody whose signal has stood for longer than
//!   a heartbeat, which is how old the newest head may be.
//! - Nothing gets lost: what a node acknowledged is there after a crash.
//! - Nobody honest is accused of anything.
//! - When the trouble ends, every answer is complete and exactly right.

use std::collections::{BTreeMap, BTreeSet};

use domain::{FamilyRef, Oin, Role, Signal, Visibility};
use protocol::{Command, Notice, Reply};

use crate::schedule::{Event, PEOPLE, Schedule};
use crate::{Dice, Fate, Founding, Simulation, family, person};

/// The heartbeat of test networks, in seconds.
const HEARTBEAT_SECONDS: u64 = 60;

/// Seconds in which a network whose troubles have ended comes to rest: heads that are asked for, sources that rest,
/// evaluations that are asked again.
const REST_SECONDS: u64 = 400;

/// A signal as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    people: BTreeSet<usize>,
    shielded: bool,
    since: u64,
}

/// Runs a schedule.
///
/// # Errors
/// What does not hold, in words, with the place in the schedule.
pub fn run(schedule: &Schedule) -> Result<(), String> {
    let mut run = Run::new(schedule);
    for (at, event) in schedule.events.iter().enumerate() {
        run.happen(event);
        run.check().map_err(|why| format!("after event {} ({event}): {why}", at + 1))?;
    }
    run.calm().map_err(|why| format!("at rest: {why}"))
}

struct Run {
    net: Simulation,
    members: usize,
    dice: Dice,
    /// What each member's node has acknowledged.
    signals: BTreeMap<(usize, usize), Known>,
    /// People that a member has ever published something about.
    ever: BTreeSet<(usize, usize)>,
    down: BTreeSet<usize>,
    cut: BTreeSet<usize>,
    /// Registrations and withdrawals that a crash left without an answer: both outcomes are right.
    unsure: BTreeSet<(usize, usize)>,
}

impl Run {
    fn new(schedule: &Schedule) -> Self {
        let mut net = Simulation::new(Founding::uniform(schedule.members));
        // A ceremony has one attempt and needs every keyholder, so trouble begins when the keys are made.
        net.settle();
        Self {
            net,
            members: schedule.members,
            dice: Dice::new(schedule.seed ^ 0x5741_5245),
            signals: BTreeMap::new(),
            ever: BTreeSet::new(),
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            unsure: BTreeSet::new(),
        }
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Register { member, family, parent, child, shielded } => {
                self.register(member, family, [parent, child], shielded);
            }
            Event::Withdraw { member, family } => {
                let command = Command::Withdraw(vec![reference(family)]);
                match self.command(member, command) {
                    Asked::Down => {}
                    Asked::Crashed => drop(self.unsure.insert((member, family))),
                    Asked::Told(_) => drop(self.signals.remove(&(member, family))),
                }
            }
            Event::Cut { member } => {
                self.cut.insert(member);
                if !self.down.contains(&member) {
                    self.net.disconnect(Founding::oin(member));
                }
            }
            Event::Mend { member } => {
                self.cut.remove(&member);
                if !self.down.contains(&member) {
                    self.net.reconnect(Founding::oin(member));
                }
            }
            Event::Crash { member, commits } => self.net.crash_after(Founding::oin(member), commits),
            Event::Wire { lost, twice, late } => self.wire(lost, twice, late),
            Event::Wait { seconds } => self.wait(seconds),
            Event::Sleep { seconds } => self.net.jump(seconds),
        }
    }

    fn register(&mut self, member: usize, number: usize, people: [usize; 2], shielded: bool) {
        let known = Known { people: people.into_iter().collect(), shielded, since: self.net.now().0 };
        let command = Command::Import(vec![signal(number, people, shielded)]);
        let asked = self.command(member, command);
        if !matches!(asked, Asked::Down) && !shielded {
            self.ever.extend(people.map(|person| (member, person)));
        }
        match asked {
            Asked::Down => {}
            Asked::Crashed => drop(self.unsure.insert((member, number))),
            Asked::Told(_) => {
                let held = self.signals.get(&(member, number));
                if held.is_none_or(|held| held.people != known.people || held.shielded != shielded) {
                    self.signals.insert((member, number), known);
                }
            }
        }
    }

    fn command(&mut self, member: usize, command: Command) -> Asked {
        let oin = Founding::oin(member);
        if self.down.contains(&member) {
            return Asked::Down;
        }
        self.net.try_command(oin, command).map_or(Asked::Crashed, Asked::Told)
    }

    /// What the wire does from now on.
    fn wire(&mut self, lost: u8, twice: u8, late: u8) {
        let mut dice = Dice::new(self.dice.roll());
        self.net.judge(move |_| match dice.below(100) {
            roll if roll < u64::from(lost) => Fate::Drop,
            roll if roll < u64::from(lost) + u64::from(twice) => Fate::Twice,
            roll if roll < u64::from(lost) + u64::from(twice) + u64::from(late) => {
                Fate::Late(1 + dice.below(5))
            }
            _ => Fate::Deliver,
        });
    }

    /// Seconds pass; whoever went down before is started.
    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let fallen: Vec<usize> =
                (1..=self.members).filter(|member| self.net.is_down(Founding::oin(*member))).collect();
            self.net.second();
            for member in fallen {
                self.net.restart(Founding::oin(member));
                if self.cut.contains(&member) {
                    self.net.disconnect(Founding::oin(member));
                }
            }
        }
        self.down = (1..=self.members).filter(|member| self.net.is_down(Founding::oin(*member))).collect();
        self.resolve();
    }

    /// Asks those who crashed in the middle of a command what became of it.
    fn resolve(&mut self) {
        for (member, family) in std::mem::take(&mut self.unsure) {
            if self.down.contains(&member) {
                self.unsure.insert((member, family));
                continue;
            }
            // Whatever the crash left, the command is repeated, as people do, until the outcome is known.
            let command = Command::Withdraw(vec![reference(family)]);
            match self.command(member, command) {
                Asked::Told(_) => drop(self.signals.remove(&(member, family))),
                Asked::Down | Asked::Crashed => drop(self.unsure.insert((member, family))),
            }
        }
    }

    /// What must hold at every moment.
    fn check(&mut self) -> Result<(), String> {
        self.down = (1..=self.members).filter(|member| self.net.is_down(Founding::oin(*member))).collect();
        for member in 1..=self.members {
            if self.down.contains(&member) {
                continue;
            }
            self.nothing_lost(member)?;
            self.nobody_accused(member)?;
            for ((_, family), known) in self.own(member) {
                self.judge_answer(member, family, &known)?;
            }
        }
        Ok(())
    }

    fn own(&self, member: usize) -> Vec<((usize, usize), Known)> {
        let own = self.signals.iter().filter(|(key, _)| key.0 == member && !self.unsure.contains(*key));
        own.map(|(key, known)| (*key, known.clone())).collect()
    }

    fn nothing_lost(&mut self, member: usize) -> Result<(), String> {
        let Asked::Told(Reply::Signals(held)) = self.command(member, Command::Signals) else { return Ok(()) };
        let held: BTreeSet<String> = held.iter().map(|signal| signal.family.to_string()).collect();
        let unsure = |family: usize| self.unsure.contains(&(member, family));
        let known = self.signals.keys().filter(|(owner, family)| *owner == member && !unsure(*family));
        let known: BTreeSet<String> = known.map(|(_, family)| reference(*family).to_string()).collect();
        let spurious = held.iter().filter(|name| !known.contains(*name));
        let spurious: Vec<_> = spurious
            .filter(|name| {
                !self
                    .unsure
                    .iter()
                    .any(|(owner, family)| *owner == member && reference(*family).as_str() == *name)
            })
            .collect();
        if known.is_subset(&held) && spurious.is_empty() {
            return Ok(());
        }
        Err(format!("member {member} holds {held:?} where it acknowledged {known:?}"))
    }

    fn nobody_accused(&mut self, member: usize) -> Result<(), String> {
        let accusations: Vec<&Notice> = self
            .net
            .notices(Founding::oin(member))
            .iter()
            .filter(|notice| matches!(notice, Notice::Equivocation { .. } | Notice::FailingProof { .. }))
            .collect();
        if accusations.is_empty() { Ok(()) } else { Err(format!("member {member} accuses: {accusations:?}")) }
    }

    fn judge_answer(&mut self, member: usize, family: usize, known: &Known) -> Result<(), String> {
        let asked = self.command(member, Command::Who(reference(family)));
        let Asked::Told(Reply::Who(Ok(answer))) = asked else { return Ok(()) };
        let named: BTreeSet<Oin> = answer.involved.iter().map(|found| found.organisation).collect();
        for other in (1..=self.members).filter(|other| *other != member) {
            let is_named = named.contains(&Founding::oin(other));
            let shares = |people: &BTreeSet<usize>| !people.is_disjoint(&known.people);
            let ever = known.people.iter().any(|person| self.ever.contains(&(other, *person)));
            if is_named && !ever {
                return Err(format!(
                    "member {member} is told that {other} knows its family {family}: invented"
                ));
            }
            let long = self.signals.iter().any(|(key, theirs)| {
                key.0 == other
                    && !self.unsure.contains(key)
                    && !theirs.shielded
                    && shares(&theirs.people)
                    && self.net.now().0.saturating_sub(theirs.since) > HEARTBEAT_SECONDS
            });
            let long = long && self.net.now().0.saturating_sub(known.since) > HEARTBEAT_SECONDS;
            if answer.completeness.is_complete() && long && !is_named {
                return Err(format!(
                    "member {member} says that its answer on family {family} is complete, without {other}"
                ));
            }
        }
        Ok(())
    }

    /// The trouble ends: everything must come out exactly right.
    fn calm(&mut self) -> Result<(), String> {
        self.net.judge(|_| Fate::Deliver);
        self.cut.clear();
        self.net.crash_never();
        self.wait(2);
        for member in 1..=self.members {
            self.net.reconnect(Founding::oin(member));
        }
        self.wait(2);
        for _ in 0..REST_SECONDS {
            if self.is_right().is_ok() {
                return self.check();
            }
            self.wait(1);
        }
        self.is_right()
    }

    fn is_right(&mut self) -> Result<(), String> {
        for member in 1..=self.members {
            for ((_, family), known) in self.own(member) {
                let asked = self.command(member, Command::Who(reference(family)));
                let Asked::Told(Reply::Who(Ok(answer))) = asked else {
                    return Err(format!("member {member} does not answer on its family {family}"));
                };
                if !answer.completeness.is_complete() {
                    return Err(format!("member {member} stays incomplete: {:?}", answer.completeness));
                }
                let named: BTreeSet<Oin> = answer.involved.iter().map(|found| found.organisation).collect();
                let others = self.signals.iter().filter(|((other, _), theirs)| {
                    *other != member && !theirs.shielded && !theirs.people.is_disjoint(&known.people)
                });
                let right: BTreeSet<Oin> = others.map(|((other, _), _)| Founding::oin(*other)).collect();
                if named != right {
                    return Err(format!(
                        "member {member}, family {family}: named {named:?}, right is {right:?}"
                    ));
                }
            }
        }
        Ok(())
    }
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

fn reference(family: usize) -> FamilyRef {
    FamilyRef::new(&format!("F-{family}")).expect("a short reference")
}

fn signal(number: usize, [parent, child]: [usize; 2], shielded: bool) -> Signal {
    let bsn = |person: usize| PEOPLE.get(person).copied().expect("schedules name people that there are");
    let people = [person(Role::Parent).bsn(bsn(parent)), person(Role::Child).bsn(bsn(child))];
    let mut signal = family(reference(number).as_str(), people);
    if shielded {
        signal.visibility = Visibility::Shielded;
    }
    signal
}
