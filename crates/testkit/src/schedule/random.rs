//! The schedule of a seed: small networks are many, large ones few.

use std::collections::BTreeSet;

use super::Schedule;
use super::event::{Details, Event, MOST_MEMBERS, Moment, PEOPLE, PutBack, Record};
use super::governing::{Pair, RosterChange};
use crate::{Dice, Trick};

/// Families that one member may have in a schedule.
const FAMILIES: usize = 4;

/// Sorts of networks of one size. Few, so that most schedules find theirs founded already.
const NETWORKS: u64 = 24;

/// Of a hundred schedules, those that begin before there are keys.
const KEYLESS_PERCENT: u64 = 3;

/// Of a hundred schedules, those in which a member turns hostile, and of a hundred of those the ones in which more than
/// one does: never more than half of the others of anybody, whose clocks would be believed.
const HOSTILE_PERCENT: u64 = 30;
const SEVERAL_PERCENT: u64 = 40;

/// Of a hundred schedules, those that go over from one epoch to another, and the length of an epoch in them: so long that
/// clocks apart by what is tolerated make no difference but around its turn.
const EPOCHS_PERCENT: u64 = 30;
const EPOCH_SECONDS: u64 = 7_200;

/// Of a hundred schedules, those in which a disk is put back, and those in which the governors decide something.
const RESTORES_PERCENT: u64 = 20;
const ROSTERS_PERCENT: u64 = 25;

/// Of a hundred events of those, the turns of an epoch.
const TURN_PERCENT: u64 = 8;

impl Schedule {
    /// The schedule of a seed.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let members = members(&mut dice);
        let network = if dice.percent(30) { 0 } else { dice.below(NETWORKS) };
        let epochs = dice.percent(EPOCHS_PERCENT).then_some(EPOCH_SECONDS);
        let keyless = dice.percent(KEYLESS_PERCENT);
        // Whoever has much to do in a large network has it often enough with fewer events.
        let length = if members > 12 { 8 + dice.pick(16) } else { 10 + dice.pick(40) };
        let mut events = vec![Event::Wait { seconds: dice.below(4) }];
        for _ in 0..length {
            if epochs.is_some() && dice.percent(TURN_PERCENT) {
                events.push(turn(&mut dice));
            }
            events.push(event(&mut dice, members));
        }
        if dice.percent(HOSTILE_PERCENT) {
            let most = (members - 1) / 2;
            let count = if dice.percent(SEVERAL_PERCENT) { 1 + dice.pick(most) } else { 1 };
            let hostile: Vec<usize> = (0..count).map(|_| 1 + dice.pick(members)).collect();
            for _ in 0..count + dice.pick(3) {
                let member = hostile.get(dice.pick(count)).copied().unwrap_or(1);
                let trick = Trick::ALL.get(dice.pick(Trick::ALL.len())).copied().unwrap_or(Trick::Fork);
                events.insert(dice.pick(events.len()), Event::Hostile { member, trick });
            }
        }
        if dice.percent(RESTORES_PERCENT) {
            let member = 1 + dice.pick(members);
            for _ in 0..=dice.pick(3) {
                let how = if dice.percent(50) { PutBack::Backup } else { PutBack::Snapshot };
                let event =
                    if dice.percent(40) { Event::Save { member } } else { Event::Restore { member, how } };
                events.insert(dice.pick(events.len()), event);
            }
        }
        if dice.percent(ROSTERS_PERCENT) {
            let circles = super::Plan::numbered(members, network).circles.len();
            for _ in 0..=dice.pick(4) {
                let event = roster(&mut dice, members, circles);
                events.insert(dice.pick(events.len()), event);
            }
        }
        Self { members, network, epochs, keyless, seed, events }
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

/// The governors decide something. Often about the same few, so that what was taken away is given back.
fn roster(dice: &mut Dice, members: usize, circles: usize) -> Event {
    let few = |dice: &mut Dice| 1 + dice.pick(members.min(5));
    let change = match dice.below(100) {
        0..=19 => RosterChange::Remove { member: few(dice) },
        20..=39 => RosterChange::Add { member: few(dice) },
        40..=74 => {
            let pair = Pair { circle: dice.pick(circles), publisher: few(dice), reader: few(dice) };
            if dice.percent(60) { RosterChange::Close(pair) } else { RosterChange::Open(pair) }
        }
        75..=89 => RosterChange::Replace { keyholder: few(dice), by: 1 + dice.pick(members) },
        _ => RosterChange::Early,
    };
    Event::Roster { at: 1 + dice.pick(members), change }
}

/// Everybody sleeps until shortly before an epoch turns, so that what comes next happens around it.
fn turn(dice: &mut Dice) -> Event {
    let moment = Moment::ALL.get(dice.pick(Moment::ALL.len())).copied().unwrap_or(Moment::Start);
    Event::SleepUntil { before: dice.below(40), moment }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sort_of_event_is_drawn() {
        let mut drawn: BTreeSet<String> = BTreeSet::new();
        for event in (0..2_000).flat_map(|seed| Schedule::random(seed).events) {
            let words: Vec<String> = event.to_string().split(' ').map(str::to_owned).collect();
            let telling = if matches!(event, Event::SleepUntil { .. }) {
                4
            } else if matches!(event, Event::Roster { .. } | Event::Restore { .. } | Event::Hostile { .. }) {
                2
            } else {
                0
            };
            drawn.insert(words[telling].clone());
        }
        let mut all: BTreeSet<String> = "register withdraw renew cut mend split deaf heal crash wire clock wait sleep \
                                         preparation start expiry save backup snapshot remove add close open replace early"
            .split(' ')
            .map(str::to_owned)
            .collect();
        all.extend(Trick::ALL.map(|trick| trick.to_string()));
        assert_eq!(drawn, all);
    }

    #[test]
    fn several_members_turn_hostile_and_never_half_of_the_others() {
        let hostile = |schedule: &Schedule| {
            let member =
                |event: &Event| if let Event::Hostile { member, .. } = event { Some(*member) } else { None };
            schedule.events.iter().filter_map(member).collect::<BTreeSet<usize>>().len()
        };
        let schedules: Vec<Schedule> = (0..500).map(Schedule::random).collect();
        assert!(schedules.iter().all(|schedule| 2 * hostile(schedule) < schedule.members));
        assert!(schedules.iter().any(|schedule| hostile(schedule) > 1));
    }
}
