//! Schedules: lists of events that happen to a simulated network, made from a seed, written one to a line so that
//! they can be read, kept and replayed.

mod event;
mod governing;
mod random;
mod shrink;

use std::fmt;
use std::str::FromStr;

pub use self::event::{Details, Event, MOST_MEMBERS, Moment, PEOPLE, PutBack, Record};
pub use self::governing::{Pair, RosterChange};
use crate::Plan;

/// Shortest epoch of a schedule, in seconds: clocks that are as far apart as is tolerated are in the same one or in two
/// that follow each other.
const SHORTEST_EPOCH: u64 = 1_800;

/// A list of events for a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Members of the network.
    pub members: usize,
    /// Which network of so many members: see [`Plan::numbered`].
    pub network: u64,
    /// Length of an epoch in seconds, when the events may get to its end.
    pub epochs: Option<u64>,
    /// Whether the events begin before the keyholders have made the keys.
    pub keyless: bool,
    /// Seed of everything on the way that is left to chance.
    pub seed: u64,
    /// What happens.
    pub events: Vec<Event>,
}

impl Schedule {
    /// What the network is founded on.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let plan = Plan::numbered(self.members, self.network);
        let epoch_seconds = self.epochs.unwrap_or(plan.epoch_seconds);
        Plan { epoch_seconds, ..plan }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "members {}", self.members)?;
        if self.network > 0 {
            writeln!(f, "network {}", self.network)?;
        }
        if let Some(seconds) = self.epochs {
            writeln!(f, "epochs {seconds}")?;
        }
        if self.keyless {
            writeln!(f, "keyless")?;
        }
        writeln!(f, "seed {}", self.seed)?;
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
        let mut schedule =
            Self { members: 3, network: 0, epochs: None, keyless: false, seed: 0, events: Vec::new() };
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
        match *words.as_slice() {
            ["members", members] => {
                self.members = members.parse().ok().filter(|members| (3..=MOST_MEMBERS).contains(members))?;
            }
            ["network", network] => self.network = network.parse().ok()?,
            ["epochs", seconds] => {
                self.epochs = Some(seconds.parse().ok().filter(|seconds| SHORTEST_EPOCH <= *seconds)?);
            }
            ["keyless"] => self.keyless = true,
            ["seed", seed] => self.seed = seed.parse().ok()?,
            _ => self.events.push(Event::read(&words, self.members)?),
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        for seed in 0..300 {
            let schedule = Schedule::random(seed);
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
        assert_eq!("members 3\n\n# why\ncut 4\n".parse::<Schedule>(), Err(NoSchedule { line: 4 }));
        assert_eq!("explode 1".parse::<Schedule>(), Err(NoSchedule { line: 1 }));
    }

    #[test]
    fn every_sort_of_event_has_its_line() {
        let text = "members 5\nnetwork 9\nepochs 3600\nkeyless\nseed 7\nregister 1 0 0 8\n\
                    register 2 3 1 9 names shielded basis anders ends 2 part\nregister 2 3 1 9 full baseless\n\
                    withdraw 1 0\nrenew 1 0 30\ncut 1\nmend 1\nsplit 1,2\ndeaf 3 to 4,5\nheal\ncrash 2 0\n\
                    crash 2 3 for 70\nwire 1 2 3 4\nclock 3 -400\nclock 3 +20\n\
                    hostile 2 fork\nwait 1\nsleep 90000\n\
                    sleep until 12 before start\nsleep until 0 before expiry\n\
                    save 3\nrestore 3 backup\nrestore 3 snapshot\n\
                    at 2 remove 3\nat 2 add 3\nat 1 close 0 from 1 to 2\nat 1 open 0 from 1 to 2\n\
                    at 4 replace 1 by 5\nat 4 early\n";
        let schedule: Schedule = text.parse().unwrap();
        assert_eq!(schedule.to_string(), text);
    }
}
