//! Shrinking: the shortest and plainest schedule that still fails.

use super::Schedule;
use super::event::{Details, Event, Record};

impl Schedule {
    /// The shortest schedule found that still fails: events are left out, ever fewer at a time, then those that stay
    /// are made plainer, as long as the rest fails too.
    #[must_use]
    pub fn shrunk(&self, mut fails: impl FnMut(&Self) -> bool) -> Self {
        let mut best = self.clone();
        loop {
            let before = best.clone();
            best.leave_out(&mut fails);
            best.make_plainer(&mut fails);
            if best == before {
                return best;
            }
        }
    }

    fn leave_out(&mut self, fails: &mut impl FnMut(&Self) -> bool) {
        let mut chunk = self.events.len().div_ceil(2);
        while chunk > 0 {
            let mut start = 0;
            while start < self.events.len() {
                let mut shorter = self.clone();
                shorter.events.drain(start..(start + chunk).min(self.events.len()));
                if fails(&shorter) {
                    *self = shorter;
                } else {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
    }

    fn make_plainer(&mut self, fails: &mut impl FnMut(&Self) -> bool) {
        let busy = self.busy_members().max(3);
        let founded: [fn(&mut Self, usize); 4] = [
            |schedule, _| schedule.keyless = false,
            |schedule, _| schedule.epochs = None,
            |schedule, _| schedule.network = 0,
            |schedule, busy| schedule.members = busy,
        ];
        for make_plainer in founded {
            let mut plainer = self.clone();
            make_plainer(&mut plainer, busy);
            if plainer != *self && fails(&plainer) {
                *self = plainer;
            }
        }
        for place in 0..self.events.len() {
            let candidates = self.events.get(place).map(plainer).unwrap_or_default();
            for candidate in candidates {
                let mut changed = self.clone();
                if let Some(event) = changed.events.get_mut(place) {
                    *event = candidate;
                }
                if fails(&changed) {
                    *self = changed;
                    break;
                }
            }
        }
    }

    /// The highest number of a member to which something happens.
    fn busy_members(&self) -> usize {
        let highest = |event: &Event| match event {
            Event::Register { member, .. }
            | Event::Withdraw { member, .. }
            | Event::Renew { member, .. }
            | Event::Cut { member }
            | Event::Mend { member }
            | Event::Crash { member, .. }
            | Event::Clock { member, .. }
            | Event::Save { member }
            | Event::Restore { member, .. }
            | Event::Hostile { member, .. } => *member,
            Event::Roster { at, change } => change.highest().max(*at),
            Event::Split { side } => side.last().copied().unwrap_or(0),
            Event::Deaf { from, to } => from.union(to).max().copied().unwrap_or(0),
            Event::Heal
            | Event::Wire { .. }
            | Event::Wait { .. }
            | Event::Sleep { .. }
            | Event::SleepUntil { .. } => 0,
        };
        self.events.iter().map(highest).max().unwrap_or(0)
    }
}

/// Plainer events of the same sort, the plainest first.
fn plainer(event: &Event) -> Vec<Event> {
    let mut found = Vec::new();
    match event {
        Event::Register { member, family, record, part } => {
            let with = |record, part| Event::Register { member: *member, family: *family, record, part };
            found.push(with(Record::plain(record.parent, record.child), false));
            found.push(with(*record, false));
            found.push(with(Record { details: Details::Bsn, ..*record }, *part));
            found.push(with(Record { shielded: false, ..*record }, *part));
            found.push(with(Record { basis: Some(0), ..*record }, *part));
            found.push(with(Record { ends: None, ..*record }, *part));
        }
        Event::Crash { member, commits, .. } => {
            found.push(Event::Crash { member: *member, commits: 0, seconds: 1 });
            found.push(Event::Crash { member: *member, commits: *commits, seconds: 1 });
        }
        Event::Split { side } => {
            found.extend(side.iter().map(|member| Event::Cut { member: *member }));
        }
        Event::Deaf { from, to } => {
            let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
            found
                .extend(pairs.map(|(from, to)| Event::Deaf { from: [from].into(), to: [to].into() }).take(8));
        }
        Event::Wire { lost, twice, late, overtaken } => {
            let wire = |lost, twice, late, overtaken| Event::Wire { lost, twice, late, overtaken };
            found.extend([
                wire(0, 0, 0, 0),
                wire(*lost, 0, 0, 0),
                wire(0, *twice, 0, 0),
                wire(0, 0, *late, 0),
                wire(0, 0, 0, *overtaken),
            ]);
        }
        Event::Clock { member, ahead } => {
            found.extend([0, ahead.signum() * 200, ahead.signum() * 1_000].map(|plain| Event::Clock {
                member: *member,
                ahead: if plain.abs() < ahead.abs() { plain } else { *ahead },
            }));
        }
        Event::Wait { seconds } => {
            let shorter = [1, seconds / 2, seconds.saturating_sub(1)];
            found.extend(shorter.map(|seconds| Event::Wait { seconds: seconds.max(1) }));
        }
        Event::Sleep { seconds } => {
            found.extend([10, (seconds / 2).max(10)].map(|seconds| Event::Sleep { seconds }));
        }
        Event::SleepUntil { before, moment } => {
            found.extend([0, before / 2].map(|before| Event::SleepUntil { before, moment: *moment }));
        }
        Event::Withdraw { .. }
        | Event::Renew { .. }
        | Event::Cut { .. }
        | Event::Mend { .. }
        | Event::Save { .. }
        | Event::Restore { .. }
        | Event::Roster { .. }
        | Event::Hostile { .. }
        | Event::Heal => {}
    }
    found.retain(|plain| plain != event && weight(plain) <= weight(event));
    found
}

/// Keeps shrinking from going round in circles: longer text or time is no plainer.
fn weight(event: &Event) -> (usize, u64) {
    let seconds = match event {
        Event::Wait { seconds } | Event::Sleep { seconds } | Event::Crash { seconds, .. } => *seconds,
        Event::SleepUntil { before, .. } => *before,
        Event::Register { .. }
        | Event::Withdraw { .. }
        | Event::Renew { .. }
        | Event::Cut { .. }
        | Event::Mend { .. }
        | Event::Split { .. }
        | Event::Deaf { .. }
        | Event::Heal
        | Event::Wire { .. }
        | Event::Hostile { .. }
        | Event::Save { .. }
        | Event::Restore { .. }
        | Event::Roster { .. }
        | Event::Clock { .. } => 0,
    };
    (event.to_string().len(), seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(text: &str, fails: impl FnMut(&Schedule) -> bool) -> String {
        text.parse::<Schedule>().unwrap().shrunk(fails).to_string()
    }

    #[test]
    fn shrinking_leaves_what_the_failure_needs() {
        let crashes = |schedule: &Schedule| {
            schedule.events.iter().filter(|event| matches!(event, Event::Crash { .. })).count()
        };
        let schedule = (0..).map(Schedule::random).find(|schedule| crashes(schedule) > 2).unwrap();
        let shrunk = schedule.shrunk(|schedule| crashes(schedule) > 1);
        assert_eq!((shrunk.events.len(), crashes(&shrunk)), (2, 2));
    }

    #[test]
    fn what_stays_becomes_plainer() {
        let text = "members 9\nnetwork 4\nkeyless\nseed 1\nregister 2 0 1 9 full shielded ends 4 part\n\
                    crash 3 4 for 60\nclock 4 -86400\nwait 12\nsleep 4000\nwire 1 2 3 4\nsplit 2,3\ndeaf 1,2 to 3,4\n";
        let kinds = |schedule: &Schedule| {
            let first = |event: &Event| event.to_string().split(' ').next().unwrap_or_default().to_owned();
            schedule.events.iter().map(first).collect::<Vec<_>>()
        };
        let all = kinds(&text.parse().unwrap());
        assert_eq!(
            shrunk(text, |schedule| kinds(schedule) == all),
            "members 4\nseed 1\nregister 2 0 1 9\ncrash 3 0\nclock 4 +0\nwait 1\nsleep 10\nwire 0 0 0 0\n\
             split 2,3\ndeaf 1 to 3\n"
        );
    }
}
