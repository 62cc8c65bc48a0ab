//! The schedule of a seed: small networks are many, large ones few.

use std::collections::BTreeSet;

use super::Schedule;
use super::event::{Details, Event, MOST_MEMBERS, PEOPLE, Record};
use crate::{Dice, Trick};

/// Families that one member may have in a schedule.
const FAMILIES: usize = 4;

/// Sorts of networks of one size. Few, so that most schedules find theirs founded already.
const NETWORKS: u64 = 24;

/// Of a hundred schedules, those that begin before there are keys.
const KEYLESS_PERCENT: u64 = 3;

/// Of a hundred schedules, those in which a member turns hostile. One does: with two, some feed could have fewer honest
/// readers than its publisher must hear before it speaks.
const HOSTILE_PERCENT: u64 = 30;

impl Schedule {
    /// The schedule of a seed.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let members = members(&mut dice);
        let network = if dice.percent(30) { 0 } else { dice.below(NETWORKS) };
        let keyless = dice.percent(KEYLESS_PERCENT);
        // Whoever has much to do in a large network has it often enough with fewer events.
        let length = if members > 12 { 8 + dice.pick(16) } else { 10 + dice.pick(40) };
        let mut events = vec![Event::Wait { seconds: dice.below(4) }];
        for _ in 0..length {
            events.push(event(&mut dice, members));
        }
        if dice.percent(HOSTILE_PERCENT) {
            let member = 1 + dice.pick(members);
            for _ in 0..=dice.pick(3) {
                let trick = Trick::ALL.get(dice.pick(Trick::ALL.len())).copied().unwrap_or(Trick::Fork);
                events.insert(dice.pick(events.len()), Event::Hostile { member, trick });
            }
        }
        Self { members, network, keyless, seed, events }
    }
}

fn members(dice: &mut Dice) -> usize {
    match dice.below(1_000) {
        0..=849 => 3 + dice.pick(3),
        850..=979 => 6 + dice.pick(3),
        980..=996 => 9 + dice.pick(8),
        _ => 17 + dice.pick(MOST_MEMBERS - 16),
    }
}

fn event(dice: &mut Dice, members: usize) -> Event {
    let member = 1 + dice.pick(members);
    let family = dice.pick(FAMILIES);
    match dice.below(100) {
        0..=29 => Event::Register { member, family, record: record(dice), part: dice.percent(5) },
        30..=38 => Event::Withdraw { member, family },
        39..=40 => Event::Renew { member, family, day: day(dice) },
        41..=45 => Event::Cut { member },
        46..=50 => Event::Mend { member },
        51..=53 => Event::Split { side: some(dice, members) },
        54..=55 => Event::Deaf { from: some(dice, members), to: some(dice, members) },
        56..=59 => Event::Heal,
        60..=70 => {
            let seconds = if dice.percent(80) { 1 + dice.below(3) } else { 1 + dice.below(90) };
            Event::Crash { member, commits: dice.pick(12), seconds }
        }
        71..=76 => {
            let [lost, twice, late, overtaken] = [(); 4].map(|()| u8::try_from(dice.below(30)).unwrap_or(0));
            Event::Wire { lost, twice, late, overtaken }
        }
        77..=79 => Event::Clock { member, ahead: ahead(dice) },
        80..=97 => Event::Wait { seconds: 1 + dice.below(12) },
        _ if dice.percent(70) => Event::Sleep { seconds: 10 + dice.below(120) },
        _ => Event::Sleep { seconds: 3_600 + dice.below(2 * 86_400) },
    }
}

fn record(dice: &mut Dice) -> Record {
    // Few people, so that members know the same ones.
    let people = if dice.percent(80) { PEOPLE / 4 } else { PEOPLE / 2 };
    let details = match dice.below(100) {
        0..=69 => Details::Bsn,
        70..=84 => Details::Names,
        _ => Details::Full,
    };
    Record {
        parent: dice.pick(people),
        child: PEOPLE / 2 + dice.pick(people),
        details,
        shielded: dice.percent(10),
        basis: match dice.below(100) {
            0..=74 => Some(0),
            75..=95 => Some(1),
            _ => None,
        },
        ends: dice.percent(12).then(|| day(dice)),
    }
}

/// The end of a signal, in days after the beginning: most schedules last no day, some a few.
fn day(dice: &mut Dice) -> u16 {
    u16::try_from(dice.below(5)).unwrap_or(0)
}

/// At least one member, at most half of them.
fn some(dice: &mut Dice, members: usize) -> BTreeSet<usize> {
    let count = 1 + dice.pick(members.div_ceil(2));
    (0..count).map(|_| 1 + dice.pick(members)).collect()
}

/// How far a clock goes wrong: mostly by less than the 300 seconds that are tolerated, at times by much more.
fn ahead(dice: &mut Dice) -> i64 {
    let seconds = match dice.below(10) {
        0..=1 => 0,
        2..=5 => dice.below(300),
        6..=8 => 200 + dice.below(2_000),
        _ => dice.below(2 * 86_400),
    };
    let seconds = i64::try_from(seconds).unwrap_or(0);
    if dice.percent(50) { seconds } else { -seconds }
}
