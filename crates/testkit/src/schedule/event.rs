//! What can happen to a simulated network, and its written form: one line each, words and numbers.

use std::collections::BTreeSet;
use std::fmt;

use super::governing::RosterChange;
use crate::{BASES, Trick};

/// How many people schedules are about. The lower half are parents, the upper half children.
pub const PEOPLE: usize = 16;

/// Most members of a network.
pub const MOST_MEMBERS: usize = 50;

/// Something that happens. Members are numbered from 1, families and people from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A member registers a family, or replaces it.
    Register {
        /// The member.
        member: usize,
        /// Its family.
        family: usize,
        /// What it knows of it.
        record: Record,
        /// Whether more of the same import follows, so that nothing follows from it yet.
        part: bool,
    },
    /// A member withdraws a family.
    Withdraw {
        /// The member.
        member: usize,
        /// Its family.
        family: usize,
    },
    /// A member lets a family last until a day.
    Renew {
        /// The member.
        member: usize,
        /// Its family.
        family: usize,
        /// Days after the network began.
        day: u16,
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
    /// Every connection between these members and the others breaks.
    Split {
        /// The members on one side.
        side: BTreeSet<usize>,
    },
    /// Nothing from some members reaches others any more, and neither notices.
    Deaf {
        /// Who is not heard.
        from: BTreeSet<usize>,
        /// Who does not hear them.
        to: BTreeSet<usize>,
    },
    /// Everybody is connected with everybody again, and hears everybody.
    Heal,
    /// A member's process ends without warning after so many more commits, between two of them, and starts again
    /// some seconds later.
    Crash {
        /// The member.
        member: usize,
        /// Commits that still happen.
        commits: usize,
        /// Seconds until it starts again.
        seconds: u64,
    },
    /// From now on so many of a hundred messages are lost, so many arrive twice, so many late, so many out of order.
    Wire {
        /// Percentage lost.
        lost: u8,
        /// Percentage that arrives twice.
        twice: u8,
        /// Percentage that arrives seconds late, after messages sent later.
        late: u8,
        /// Percentage that other messages overtake within the same second.
        overtaken: u8,
    },
    /// A member's clock is set so many seconds ahead of the true time, or behind it.
    Clock {
        /// The member.
        member: usize,
        /// Seconds ahead; behind when negative.
        ahead: i64,
    },
    /// Somebody else gets the keys of a member and its place in the network, and does this from now on.
    Hostile {
        /// The member.
        member: usize,
        /// What he does.
        trick: Trick,
    },
    /// Somebody keeps a copy of what a member's disk holds now.
    Save {
        /// The member.
        member: usize,
    },
    /// A member's process ends, and starts again from the copy that was kept last; from its first disk when none was.
    Restore {
        /// The member.
        member: usize,
        /// What the copy is used for.
        how: PutBack,
    },
    /// The governors sign the next version of the roster, and bring it to one member.
    Roster {
        /// The member.
        at: usize,
        /// What changes.
        change: RosterChange,
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
    /// The machine of everybody slept until shortly before an epoch turns.
    SleepUntil {
        /// How many seconds before.
        before: u64,
        /// What is next.
        moment: Moment,
    },
}

/// How a copy of a disk is put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutBack {
    /// As a backup: what people registered, and the mark of a restore.
    Backup,
    /// As a snapshot of the machine: everything, and nothing says so.
    Snapshot,
}

impl PutBack {
    const ALL: [Self; 2] = [Self::Backup, Self::Snapshot];

    const fn word(&self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Snapshot => "snapshot",
        }
    }
}

/// A moment that comes once in every epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The preparation of the next epoch begins.
    Preparation,
    /// The next epoch begins.
    Start,
    /// The grace of the epoch before ends.
    Expiry,
}

impl Moment {
    /// Every moment, in the order in which they are written out above.
    pub const ALL: [Self; 3] = [Self::Preparation, Self::Start, Self::Expiry];

    const fn word(self) -> &'static str {
        match self {
            Self::Preparation => "preparation",
            Self::Start => "start",
            Self::Expiry => "expiry",
        }
    }
}

/// What a member knows of a family: two people, the first a parent and the second a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The parent.
    pub parent: usize,
    /// The child.
    pub child: usize,
    /// What is known of both.
    pub details: Details,
    /// Whether nobody may learn of it.
    pub shielded: bool,
    /// Its legal basis, by its place in [`BASES`]; none: it neither publishes nor asks.
    pub basis: Option<usize>,
    /// The last day, as days after the network began; when nothing is said, later than any schedule lasts.
    pub ends: Option<u16>,
}

/// What is known of the people of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// Their BSN.
    Bsn,
    /// Their names and birth dates.
    Names,
    /// Both.
    Full,
}

impl Record {
    /// A visible signal with both BSNs.
    #[must_use]
    pub const fn plain(parent: usize, child: usize) -> Self {
        Self { parent, child, details: Details::Bsn, shielded: false, basis: Some(0), ends: None }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.parent, self.child)?;
        match self.details {
            Details::Bsn => {}
            Details::Names => f.write_str(" names")?,
            Details::Full => f.write_str(" full")?,
        }
        if self.shielded {
            f.write_str(" shielded")?;
        }
        match self.basis {
            Some(0) => {}
            Some(basis) => write!(f, " basis {}", BASES.get(basis).copied().unwrap_or_default())?,
            None => f.write_str(" baseless")?,
        }
        match self.ends {
            Some(day) => write!(f, " ends {day}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { member, family, record, part } => {
                write!(f, "register {member} {family} {record}{}", if *part { " part" } else { "" })
            }
            Self::Withdraw { member, family } => write!(f, "withdraw {member} {family}"),
            Self::Renew { member, family, day } => write!(f, "renew {member} {family} {day}"),
            Self::Cut { member } => write!(f, "cut {member}"),
            Self::Mend { member } => write!(f, "mend {member}"),
            Self::Split { side } => write!(f, "split {}", list(side)),
            Self::Deaf { from, to } => write!(f, "deaf {} to {}", list(to), list(from)),
            Self::Heal => f.write_str("heal"),
            Self::Crash { member, commits, seconds: 1 } => write!(f, "crash {member} {commits}"),
            Self::Crash { member, commits, seconds } => write!(f, "crash {member} {commits} for {seconds}"),
            Self::Wire { lost, twice, late, overtaken } => {
                write!(f, "wire {lost} {twice} {late} {overtaken}")
            }
            Self::Clock { member, ahead } => write!(f, "clock {member} {ahead:+}"),
            Self::Hostile { member, trick } => write!(f, "hostile {member} {trick}"),
            Self::Save { member } => write!(f, "save {member}"),
            Self::Restore { member, how } => write!(f, "restore {member} {}", how.word()),
            Self::Roster { at, change } => write!(f, "at {at} {change}"),
            Self::Wait { seconds } => write!(f, "wait {seconds}"),
            Self::Sleep { seconds } => write!(f, "sleep {seconds}"),
            Self::SleepUntil { before, moment } => write!(f, "sleep until {before} before {}", moment.word()),
        }
    }
}

fn list(members: &BTreeSet<usize>) -> String {
    members.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

impl Event {
    /// Reads what was written for a network of so many members.
    pub(super) fn read(words: &[&str], members: usize) -> Option<Self> {
        let member = |word: &str| word.parse().ok().filter(|member| (1..=members).contains(member));
        let several = |word: &str| word.split(',').map(member).collect::<Option<BTreeSet<usize>>>();
        Some(match *words {
            ["register", who, family, parent, child, ref how @ ..] => {
                let (record, part) = read_record(parent, child, how)?;
                Self::Register { member: member(who)?, family: family.parse().ok()?, record, part }
            }
            ["withdraw", who, family] => {
                Self::Withdraw { member: member(who)?, family: family.parse().ok()? }
            }
            ["renew", who, family, day] => {
                Self::Renew { member: member(who)?, family: family.parse().ok()?, day: day.parse().ok()? }
            }
            ["cut", who] => Self::Cut { member: member(who)? },
            ["mend", who] => Self::Mend { member: member(who)? },
            ["split", side] => Self::Split { side: several(side)? },
            ["deaf", to, "to", from] => Self::Deaf { from: several(from)?, to: several(to)? },
            ["heal"] => Self::Heal,
            ["crash", who, commits] => {
                Self::Crash { member: member(who)?, commits: commits.parse().ok()?, seconds: 1 }
            }
            ["crash", who, commits, "for", seconds] => {
                let seconds = seconds.parse().ok()?;
                Self::Crash { member: member(who)?, commits: commits.parse().ok()?, seconds }
            }
            ["wire", lost, twice, late] => return Self::read(&["wire", lost, twice, late, "0"], members),
            ["wire", lost, twice, late, overtaken] => {
                let percent = |word: &str| word.parse().ok().filter(|percent| *percent <= 100_u8);
                Self::Wire {
                    lost: percent(lost)?,
                    twice: percent(twice)?,
                    late: percent(late)?,
                    overtaken: percent(overtaken)?,
                }
            }
            ["clock", who, ahead] => Self::Clock { member: member(who)?, ahead: ahead.parse().ok()? },
            ["hostile", who, trick] => Self::Hostile { member: member(who)?, trick: trick.parse().ok()? },
            ["save", who] => Self::Save { member: member(who)? },
            ["restore", who, word] => {
                let how = PutBack::ALL.into_iter().find(|how| how.word() == word)?;
                Self::Restore { member: member(who)?, how }
            }
            ["at", at, ref change @ ..] => {
                Self::Roster { at: member(at)?, change: RosterChange::read(change, member)? }
            }
            ["wait", seconds] => Self::Wait { seconds: seconds.parse().ok()? },
            ["sleep", "until", before, "before", word] => {
                let moment = Moment::ALL.into_iter().find(|moment| moment.word() == word)?;
                Self::SleepUntil { before: before.parse().ok()?, moment }
            }
            ["sleep", seconds] => Self::Sleep { seconds: seconds.parse().ok()? },
            _ => return None,
        })
    }
}

fn read_record(parent: &str, child: &str, mut how: &[&str]) -> Option<(Record, bool)> {
    let person = |word: &str| word.parse().ok().filter(|person| *person < PEOPLE);
    let mut record = Record::plain(person(parent)?, person(child)?);
    let mut part = false;
    loop {
        how = match how {
            [] => return Some((record, part)),
            // Said of old for what is not shielded.
            ["visible", rest @ ..] => rest,
            ["names", rest @ ..] => {
                record.details = Details::Names;
                rest
            }
            ["full", rest @ ..] => {
                record.details = Details::Full;
                rest
            }
            ["shielded", rest @ ..] => {
                record.shielded = true;
                rest
            }
            ["baseless", rest @ ..] => {
                record.basis = None;
                rest
            }
            ["basis", basis, rest @ ..] => {
                record.basis = Some(BASES.iter().position(|held| held == basis)?);
                rest
            }
            ["ends", day, rest @ ..] => {
                record.ends = Some(day.parse().ok()?);
                rest
            }
            ["part", rest @ ..] => {
                part = true;
                rest
            }
            _ => return None,
        };
    }
}
