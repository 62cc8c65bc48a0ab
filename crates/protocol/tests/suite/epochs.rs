//! From one epoch to the next: prepared ahead, entered by itself, matched on through the grace, and forgotten.

use std::cell::Cell;
use std::rc::Rc;

use domain::{Certainty, Epoch, FamilyRef, KeyClass, Oin, Role, Timestamp};
use protocol::{Collection, Command, Conversation, Notice, Reply, Scope};
use testkit::{Fate, Founding, Message, Simulation, family, person};

const DAY: u64 = 86_400;

/// As the founding of tests has it: ninety days, prepared a month ahead, matched on for a fortnight more.
const LENGTH: u64 = 90 * DAY;
const PREPARATION: u64 = 30 * DAY;
const GRACE: u64 = 14 * DAY;

const FIRST: Epoch = Epoch(1);
const SECOND: Epoch = Epoch(2);

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn import(net: &mut Simulation, member: usize, reference: &str) {
    let reply = net.command(oin(member), Command::Import(vec![family(reference, [mother()])]));
    assert!(matches!(reply, Reply::Imported(counts) if counts.added == 1), "{reply:?}");
}

/// Who is involved, and whether the answer is complete.
fn who(net: &mut Simulation, member: usize, reference: &str) -> (Vec<(Oin, Certainty)>, bool) {
    let reply = net.command(oin(member), Command::Who(FamilyRef::new(reference).unwrap()));
    let Reply::Who(Ok(answer)) = reply else { panic!("{reply:?}") };
    let involved = answer.involved.iter().map(|found| (found.organisation, found.certainty));
    (involved.collect(), answer.completeness.is_complete())
}

fn alarms(net: &Simulation, member: usize) -> usize {
    net.notices(oin(member)).iter().filter(|notice| matches!(notice, Notice::NewMatch { .. })).count()
}

/// Two members with the same mother, matched in the first epoch.
fn matched() -> (Simulation, Timestamp) {
    let mut net = Simulation::new(Founding::uniform(5));
    let start = net.now();
    import(&mut net, 4, "school");
    import(&mut net, 5, "ggz");
    net.settle();
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    (net, start)
}

/// Moves the clock to so many seconds after the start of the first epoch, and lets half a minute pass.
fn at(net: &mut Simulation, start: Timestamp, seconds: u64) {
    net.jump(start.plus(seconds).since(net.now()));
    net.seconds(30);
}

/// Into the preparation, until everybody is ready.
fn prepared() -> (Simulation, Timestamp) {
    let (mut net, start) = matched();
    at(&mut net, start, LENGTH - PREPARATION + DAY);
    net.until(60, "prepared", |net| {
        (1..=5).all(|member| net.status(oin(member)).next.is_some_and(|next| next.published))
    });
    (net, start)
}

#[test]
fn the_next_epoch_is_ready_before_it_starts_and_nobody_notices_the_roll_over() {
    let (mut net, start) = prepared();
    for member in 1..=5 {
        let status = net.status(oin(member));
        assert_eq!((status.epoch, status.entered[&KeyClass::Bsn]), (FIRST, FIRST));
        let next = status.next.unwrap();
        assert_eq!((next.epoch, next.starts, next.keys_waiting), (SECOND, start.plus(LENGTH), 0));
        assert!(next.ceremonies.iter().all(|ceremony| ceremony.key_set.is_some()));
    }
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    at(&mut net, start, LENGTH - 40);
    for _ in 0..80 {
        net.second();
        assert_eq!(who(&mut net, 4, "school").0, [(oin(5), Certainty::Certain)]);
        assert_eq!(who(&mut net, 5, "ggz").0, [(oin(4), Certainty::Certain)]);
    }
    net.settle();
    for member in 1..=5 {
        let status = net.status(oin(member));
        assert_eq!((status.epoch, status.entered[&KeyClass::Weak]), (SECOND, SECOND));
        assert_eq!(status.refused, protocol::Refused::default());
    }
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    // What comes after the roll-over is published in the new epoch only, and found.
    import(&mut net, 3, "wijkteam");
    net.settle();
    let both = vec![(oin(3), Certainty::Certain), (oin(5), Certainty::Certain)];
    assert_eq!(who(&mut net, 4, "school"), (both, true));
    assert_eq!((alarms(&net, 4), alarms(&net, 5)), (2, 2), "each new party is told once");
}

#[test]
fn after_the_grace_nothing_is_left_of_an_epoch_anywhere() {
    let (mut net, start) = prepared();
    at(&mut net, start, LENGTH + DAY);
    for member in 1..=3 {
        let names: Vec<&str> = net.disk(oin(member)).secret_names().collect();
        assert_eq!(names.len(), 2, "shares are erased once the next epoch is entered: {names:?}");
        assert!(names.iter().all(|name| name.starts_with("share-2-")), "{names:?}");
    }
    at(&mut net, start, LENGTH + GRACE - DAY);
    assert!((1..=5).all(|member| net.disk(oin(member)).count_in(Scope::Epoch(FIRST)) > 0));
    at(&mut net, start, LENGTH + GRACE + DAY);
    for member in 1..=5 {
        let disk = net.disk(oin(member));
        assert_eq!(disk.count_in(Scope::Epoch(FIRST)), 0);
        assert!(disk.forgotten().contains(&Scope::Epoch(FIRST)));
        assert!(disk.count_in(Scope::Epoch(SECOND)) > 0);
        for collection in [Collection::FamilyKeys, Collection::Header, Collection::Body, Collection::Match] {
            assert!(
                disk.records()
                    .iter()
                    .all(|(held, scope, _)| { *held != collection || *scope == Scope::Epoch(SECOND) })
            );
        }
    }
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    net.restart(oin(4));
    net.settle();
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    assert_eq!((alarms(&net, 4), alarms(&net, 5)), (1, 1));
}

#[test]
fn whoever_slept_over_the_roll_over_is_matched_through_the_grace_and_catches_up() {
    let (mut net, start) = matched();
    net.disconnect(oin(5));
    at(&mut net, start, LENGTH - PREPARATION + DAY);
    at(&mut net, start, LENGTH + DAY);
    let (involved, complete) = who(&mut net, 4, "school");
    assert_eq!(involved, [(oin(5), Certainty::Certain)], "the epoch before is still matched on");
    assert!(!complete, "and the answer says who is missing in the new one");
    net.reconnect(oin(5));
    net.settle();
    assert_eq!(who(&mut net, 5, "ggz"), (vec![(oin(4), Certainty::Certain)], true));
    at(&mut net, start, LENGTH + GRACE + DAY);
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    assert_eq!((alarms(&net, 4), alarms(&net, 5)), (1, 1));
}

#[test]
fn whoever_stays_away_past_the_grace_is_no_longer_shown_and_that_is_said() {
    let (mut net, start) = matched();
    net.disconnect(oin(5));
    at(&mut net, start, LENGTH - PREPARATION + DAY);
    at(&mut net, start, LENGTH + DAY);
    at(&mut net, start, LENGTH + GRACE + DAY);
    assert_eq!(who(&mut net, 4, "school"), (vec![], false));
    assert_eq!(net.disk(oin(4)).count_in(Scope::Epoch(FIRST)), 0);
    net.reconnect(oin(5));
    net.settle();
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    // It had slept past the grace itself: nothing of the first epoch may be left there either.
    net.seconds(90);
    assert_eq!(net.disk(oin(5)).count_in(Scope::Epoch(FIRST)), 0);
}

#[test]
fn without_a_key_set_the_epoch_before_goes_on_and_a_late_one_is_entered() {
    let (mut net, start) = matched();
    let silent = Rc::new(Cell::new(true));
    let judge = Rc::clone(&silent);
    // Keyholder 1 takes no part in any ceremony.
    net.judge(move |message: &Message| {
        let about = message.conversation == Some(Conversation::Ceremony)
            && (message.from == oin(1) || message.to == oin(1));
        if about && judge.get() { Fate::Drop } else { Fate::Deliver }
    });
    at(&mut net, start, LENGTH - PREPARATION + DAY);
    at(&mut net, start, LENGTH + DAY);
    for member in 1..=5 {
        let status = net.status(oin(member));
        assert_eq!((status.epoch, status.entered[&KeyClass::Bsn]), (SECOND, FIRST));
    }
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    // Nobody has entered the second epoch, so keys are still evaluated in the first.
    import(&mut net, 3, "wijkteam");
    net.seconds(20);
    assert_eq!(who(&mut net, 4, "school").0.len(), 2);
    silent.set(false);
    net.until(60, "entered", |net| {
        (1..=5).all(|member| net.status(oin(member)).entered.values().all(|epoch| *epoch == SECOND))
    });
    net.settle();
    assert_eq!(who(&mut net, 4, "school").0.len(), 2);
    assert!(who(&mut net, 4, "school").1);
    assert_eq!(alarms(&net, 4), 2);
}

#[test]
fn without_a_key_set_past_the_grace_nothing_is_evaluated_and_nothing_is_called_complete() {
    let (mut net, start) = matched();
    net.judge(
        |message: &Message| {
            if message.conversation == Some(Conversation::Ceremony) { Fate::Drop } else { Fate::Deliver }
        },
    );
    at(&mut net, start, LENGTH - PREPARATION + DAY);
    at(&mut net, start, LENGTH + DAY);
    at(&mut net, start, LENGTH + GRACE + DAY);
    assert_eq!(who(&mut net, 4, "school"), (vec![], false));
    let names: Vec<String> = net.disk(oin(1)).secret_names().map(str::to_owned).collect();
    assert!(names.iter().all(|name| !name.starts_with("share-1-")), "{names:?}");
    net.judge(|_| Fate::Deliver);
    net.settle();
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
}

#[test]
fn a_clock_that_jumps_ahead_alone_destroys_nothing() {
    let (mut net, _) = matched();
    let before = net.disk(oin(4)).count_in(Scope::Epoch(FIRST));
    net.set_clock(oin(4), 200 * i64::try_from(DAY).unwrap());
    net.seconds(120);
    assert!(net.disk(oin(4)).count_in(Scope::Epoch(FIRST)) >= before, "others contradict it");
    assert!(!who(&mut net, 4, "school").1, "by its clock everybody is silent");
    net.set_clock(oin(4), 0);
    net.seconds(120);
    assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true));
    let told = |notice: &&Notice| matches!(notice, Notice::ClockAhead { .. });
    assert_eq!(net.notices(oin(4)).iter().filter(told).count(), 1);
    // It dated nothing by that clock, so its feed went on at once.
    assert_eq!(net.status(oin(4)).set_back.seconds, 0);
    net.settle();
    assert!(who(&mut net, 5, "ggz").1);
}

#[test]
fn an_early_start_replaces_the_keys_without_a_gap() {
    let (mut net, start) = matched();
    at(&mut net, start, 10 * DAY);
    let now = net.now();
    let held = net.founding().roster.clone();
    let next = net.founding().next(&held, |content| {
        content.rules.epoch.anchor_epoch = 2;
        content.rules.epoch.anchor_time = now.0;
    });
    let Reply::Roster(Ok(2)) = net.command(oin(1), Command::InstallRoster(Box::new(next))) else { panic!() };
    for _ in 0..30 {
        net.second();
        assert_eq!(who(&mut net, 4, "school").0, [(oin(5), Certainty::Certain)]);
    }
    net.settle();
    for member in 1..=5 {
        let status = net.status(oin(member));
        assert_eq!((status.epoch, status.entered[&KeyClass::Bsn]), (SECOND, SECOND));
    }
    for member in 1..=3 {
        let names: Vec<String> = net.disk(oin(member)).secret_names().map(str::to_owned).collect();
        assert!(
            names.iter().all(|name| name.starts_with("share-2-")),
            "the suspected share is gone: {names:?}"
        );
    }
    assert_eq!((alarms(&net, 4), alarms(&net, 5)), (1, 1));
}

#[test]
fn an_early_start_together_with_a_removal_leaves_no_match_with_who_is_gone() {
    let (mut net, start) = matched();
    at(&mut net, start, 10 * DAY);
    let now = net.now();
    let held = net.founding().roster.clone();
    let next = net.founding().next(&held, |content| {
        content.rules.epoch.anchor_epoch = 2;
        content.rules.epoch.anchor_time = now.0;
        content.members.retain(|member| member.oin != oin(5));
    });
    let Reply::Roster(Ok(2)) = net.command(oin(4), Command::InstallRoster(Box::new(next))) else { panic!() };
    assert!(who(&mut net, 4, "school").0.is_empty());
    assert_eq!(net.disk(oin(4)).count(Collection::Match), 0);
}

#[test]
fn a_restart_at_any_moment_of_the_roll_over_changes_nothing() {
    let (mut net, start) = matched();
    let mut moment = LENGTH - PREPARATION - 10;
    for step in 0..12_u64 {
        at(&mut net, start, moment);
        let restarted = usize::try_from(step % 5).unwrap() + 1;
        net.restart(oin(restarted));
        net.until(60, "settled", |net| net.status(oin(restarted)).published);
        net.settle();
        assert_eq!(who(&mut net, 4, "school"), (vec![(oin(5), Certainty::Certain)], true), "step {step}");
        moment += 5 * DAY;
    }
    assert_eq!((alarms(&net, 4), alarms(&net, 5)), (1, 1));
    assert!((1..=5).all(|member| net.status(oin(member)).continued.is_empty()));
}
