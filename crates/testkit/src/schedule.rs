//! Schedules: lists of events that happen to a simulated network, made from a seed, written one to a line so that
//! they can be read, kept and replayed.

use std::fmt;
use std::str::FromStr;

use crate::Dice;

/// Families that one member may have in a schedule.
const FAMILIES: u64 = 4;

/// People that schedules are about; the place of each is its number.
pub const PEOPLE: [&str; 8] =
    ["111222333", "123456782", "100000009", "100000010", "100000022", "100000034", "100000046", "100000058"];

/// Something that happens. Members are numbered from 1, families and people from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A member registers a family, or replaces it: these two people, the first a parent and the second a child.
    Register {
        /// The member.
        member: usize,
        /// Its family.
        family: usize,
        /// The parent.
        parent: usize,
        /// The child.
        child: usize,
        /// Whether nobody may learn of it.
        shielded: bool,
    },
    /// A member withdraws a family.
    Withdraw {
        /// The member.
        member: usize,
        /// Its family.
        family: usize,
    },
    /// A member's connections break.
    Cut {
        /// The member.
        member: usize,
    },
    /// They come back.
    Mend {
        /// The member.
        member: usize,
    },
    /// A member's process ends without warning after so many more commits, between two of them, and starts again
    /// after a second.
    Crash {
        /// The member.
        member: usize,
        /// Commits that still happen.
        commits: usize,
    },
    /// From now on so many of a hundred messages are lost, so many arrive twice, so many late.
    Wire {
        /// Percentage lost.
        lost: u8,
        /// Percentage that arrives twice.
        twice: u8,
        /// Percentage that arrives up to five seconds late, after messages sent later.
        late: u8,
    },
    /// Seconds pass.
    Wait {
        /// How many.
        seconds: u64,
    },
    /// The machine of everybody slept.
    Sleep {
        /// How long, in seconds.
        seconds: u64,
    },
}

/// A list of events for a network of so many members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Members; the first three hold keys, two suffice.
    pub members: usize,
    /// Seed of the losses on the wire.
    pub seed: u64,
    /// What happens.
    pub events: Vec<Event>,
}

impl Schedule {
    /// The schedule of a seed.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let members = 3 + small(dice.below(3));
        let length = 10 + dice.below(40);
        let mut events = vec![Event::Wait { seconds: dice.below(4) }];
        for _ in 0..length {
            events.push(event(&mut dice, members));
        }
        Self { members, seed, events }
    }

    /// The shortest schedule found that still fails: events are left out, ever fewer at a time, as long as the rest
    /// fails too.
    #[must_use]
    pub fn shrunk(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut best = self.clone();
        let mut chunk = best.events.len() / 2;
        while chunk > 0 {
            let mut start = 0;
            while start < best.events.len() {
                let mut shorter = best.clone();
                shorter.events.drain(start..(start + chunk).min(best.events.len()));
                if fails(&shorter) {
                    best = shorter;
                } else {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
        best
    }
}

fn event(dice: &mut Dice, members: usize) -> Event {
    let member = 1 + small(dice.below(members as u64));
    match dice.below(100) {
        0..=29 => Event::Register {
            member,
            family: small(dice.below(FAMILIES)),
            parent: small(dice.below(4)),
            child: 4 + small(dice.below(4)),
            shielded: dice.percent(10),
        },
        30..=41 => Event::Withdraw { member, family: small(dice.below(FAMILIES)) },
        42..=49 => Event::Cut { member },
        50..=58 => Event::Mend { member },
        59..=70 => Event::Crash { member, commits: small(dice.below(12)) },
        71..=78 => {
            let [lost, twice, late] = [(); 3].map(|()| small(dice.below(30)) as u8);
            Event::Wire { lost, twice, late }
        }
        79..=97 => Event::Wait { seconds: 1 + dice.below(12) },
        _ => Event::Sleep { seconds: 10 + dice.below(120) },
    }
}

/// A number that was bounded by far less than a `usize` holds.
fn small(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { member, family, parent, child, shielded } => {
                let how = if *shielded { "shielded" } else { "visible" };
                write!(f, "register {member} {family} {parent} {child} {how}")
            }
            Self::Withdraw { member, family } => write!(f, "withdraw {member} {family}"),
            Self::Cut { member } => write!(f, "cut {member}"),
            Self::Mend { member } => write!(f, "mend {member}"),
            Self::Crash { member, commits } => write!(f, "crash {member} {commits}"),
            Self::Wire { lost, twice, late } => write!(f, "wire {lost} {twice} {late}"),
            Self::Wait { seconds } => write!(f, "wait {seconds}"),
            Self::Sleep { seconds } => write!(f, "sleep {seconds}"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "members {}\nseed {}", self.members, self.seed)?;
        self.events.iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

/// A line that is no part of a schedule.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no part of a schedule; write it as the program prints schedules")]
pub struct NoSchedule {
    line: usize,
}

impl FromStr for Schedule {
    type Err = NoSchedule;

    /// Empty lines, and lines that start with `#`, are for the reader.
    fn from_str(text: &str) -> Result<Self, NoSchedule> {
        let mut schedule = Self { members: 3, seed: 0, events: Vec::new() };
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            schedule.line(content).ok_or(NoSchedule { line })?;
        }
        Ok(schedule)
    }
}

impl Schedule {
    fn line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let member = |word: &str| word.parse().ok().filter(|member| (1..=self.members).contains(member));
        let person = |word: &str| word.parse().ok().filter(|person| *person < PEOPLE.len());
        let event = match *words.as_slice() {
            ["members", members] => {
                self.members = members.parse().ok().filter(|members| (3..=50).contains(members))?;
                return Some(());
            }
            ["seed", seed] => {
                self.seed = seed.parse().ok()?;
                return Some(());
            }
            ["register", who, family, parent, child, how @ ("visible" | "shielded")] => Event::Register {
                member: member(who)?,
                family: family.parse().ok()?,
                parent: person(parent)?,
                child: person(child)?,
                shielded: how == "shielded",
            },
            ["withdraw", who, family] => {
                Event::Withdraw { member: member(who)?, family: family.parse().ok()? }
            }
            ["cut", who] => Event::Cut { member: member(who)? },
            ["mend", who] => Event::Mend { member: member(who)? },
            ["crash", who, commits] => Event::Crash { member: member(who)?, commits: commits.parse().ok()? },
            ["wire", lost, twice, late] => {
                let percent = |word: &str| word.parse().ok().filter(|percent| *percent <= 100_u8);
                Event::Wire { lost: percent(lost)?, twice: percent(twice)?, late: percent(late)? }
            }
            ["wait", seconds] => Event::Wait { seconds: seconds.parse().ok()? },
            ["sleep", seconds] => Event::Sleep { seconds: seconds.parse().ok()? },
            _ => return None,
        };
        self.events.push(event);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        for seed in 0..200 {
            let schedule = Schedule::random(seed);
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
        assert_eq!("members 3\n\n# why\ncut 4\n".parse::<Schedule>(), Err(NoSchedule { line: 4 }));
        assert_eq!("explode 1".parse::<Schedule>(), Err(NoSchedule { line: 1 }));
    }

    #[test]
    fn shrinking_leaves_what_the_failure_needs() {
        let schedule = Schedule::random(3);
        let crashes = |schedule: &Schedule| {
            schedule.events.iter().filter(|event| matches!(event, Event::Crash { .. })).count()
        };
        let most = crashes(&schedule);
        assert!(most > 1, "the seed makes several crashes");
        let shrunk = schedule.shrunk(|schedule| crashes(schedule) > 1);
        assert_eq!((shrunk.events.len(), crashes(&shrunk)), (2, 2));
    }
}
