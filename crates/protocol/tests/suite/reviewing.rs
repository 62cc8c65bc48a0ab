//! Matches that are only possible: nobody is alarmed, somebody decides, and what was decided lasts.

use domain::{Certainty, FamilyRef, Oin, Role, Signal, SignalKind, Timestamp, Unit};
use protocol::{
    Answer, CannotDecide, Collection, Command, Decision, DecisionWanted, Judgement, Notice, Refusal, Reply,
    Review, ReviewCount, Scope, Standing,
};
use testkit::{Founding, PersonBuilder, Simulation, family, person};

use Judgement::{Different, Same};

const DAY: u64 = 86_400;

/// Who decides in these tests, and who is decided about.
const SCHOOL: usize = 4;
const GGZ: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn reference(text: &str) -> FamilyRef {
    FamilyRef::new(text).unwrap()
}

/// A name and a birth date that two persons may well share.
fn petra() -> PersonBuilder {
    person(Role::Parent).name("P.", "Jansen").born("1987-05-12")
}

/// The same woman where her address is known too: more than possible.
fn petra_at_home() -> PersonBuilder {
    petra().at("1234AB", "12")
}

/// The same woman where her number is known too: certain.
fn petra_by_number() -> PersonBuilder {
    petra_at_home().bsn("111222333")
}

/// Somebody else with such a name.
fn kees() -> PersonBuilder {
    person(Role::Partner).name("K.", "De Jong").born("1984-11-23")
}

/// Registers or changes a family; whatever it said before it says no more.
fn register(
    net: &mut Simulation,
    member: usize,
    name: &str,
    persons: impl IntoIterator<Item = PersonBuilder>,
) {
    import(net, member, family(name, persons));
}

fn import(net: &mut Simulation, member: usize, signal: Signal) {
    let reply = net.command(oin(member), Command::Import(vec![signal]));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
    net.seconds(5);
    net.settle();
}

fn withdraw(net: &mut Simulation, member: usize, name: &str) {
    let reply = net.command(oin(member), Command::Withdraw(vec![reference(name)]));
    assert!(matches!(reply, Reply::Withdrawn(1)), "{reply:?}");
    net.seconds(5);
    net.settle();
}

fn who(net: &mut Simulation, member: usize, name: &str) -> Answer {
    match net.command(oin(member), Command::Who(reference(name))) {
        Reply::Who(Ok(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

/// Where the only match of the school's family stands, and how certain it is. Those set aside, and only those, are kept
/// apart from the others.
fn standing(net: &mut Simulation) -> Option<(Standing, Certainty)> {
    let answer = who(net, SCHOOL, "school");
    let all: Vec<_> = answer.involved.iter().chain(&answer.set_aside).collect();
    assert_eq!(answer.reviews.len(), all.len());
    let [found] = all[..] else {
        assert!(all.is_empty(), "{all:?}");
        return None;
    };
    assert_eq!(found.organisation, oin(GGZ));
    let standing = answer.reviews[&oin(GGZ)].standing;
    assert_eq!(!answer.set_aside.is_empty(), standing == Standing::SetAside, "{answer:?}");
    Some((standing, found.certainty))
}

fn review(net: &mut Simulation) -> Review {
    who(net, SCHOOL, "school").reviews.remove(&oin(GGZ)).unwrap()
}

fn waiting(net: &mut Simulation) -> usize {
    net.status(oin(SCHOOL)).review.waiting
}

fn wanted(name: &str, judgement: Judgement) -> DecisionWanted {
    let (family, organisation) = (reference(name), oin(GGZ));
    DecisionWanted { family, organisation, judgement, unit: None, although_certain: false }
}

fn decide(net: &mut Simulation, wanted: DecisionWanted) -> Result<Option<Decision>, CannotDecide> {
    match net.command(oin(SCHOOL), Command::Decide(wanted)) {
        Reply::Decided(decided) => decided,
        other => panic!("{other:?}"),
    }
}

fn undo(net: &mut Simulation) -> Result<Option<Decision>, CannotDecide> {
    match net.command(oin(SCHOOL), Command::Undo(reference("school"), oin(GGZ))) {
        Reply::Decided(decided) => decided,
        other => panic!("{other:?}"),
    }
}

fn alarms(net: &Simulation, member: usize) -> usize {
    net.notices(oin(member)).iter().filter(|notice| matches!(notice, Notice::NewMatch { .. })).count()
}

/// School and mental health care that possibly know one woman.
fn possible() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5));
    register(&mut net, SCHOOL, "school", [petra_at_home()]);
    register(&mut net, GGZ, "ggz", [petra()]);
    assert_eq!(standing(&mut net), Some((Standing::Waiting, Certainty::Possible)));
    net
}

/// The same, decided by the school.
fn decided(judgement: Judgement) -> Simulation {
    let mut net = possible();
    decide(&mut net, wanted("school", judgement)).unwrap();
    net
}

/// Moves the clock to so many days after the start, and lets half a minute pass.
fn at_day(net: &mut Simulation, day: u64) {
    net.jump(testkit::START.plus(day * DAY).since(net.now()));
    net.seconds(30);
}

#[test]
fn what_is_only_possible_waits_and_is_told_when_it_becomes_more() {
    let mut net = possible();
    assert_eq!((alarms(&net, SCHOOL), alarms(&net, GGZ)), (0, 0));
    let since = review(&mut net).since;
    assert!(net.now().since(since) < 60);
    let count = ReviewCount { waiting: 1, oldest: Some(since) };
    assert_eq!(net.status(oin(SCHOOL)).review, count);
    net.restart(oin(SCHOOL));
    net.settle();
    assert_eq!((net.status(oin(SCHOOL)).review, alarms(&net, SCHOOL)), (count, 0), "it waits still");

    register(&mut net, GGZ, "ggz", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::Told, Certainty::Probable)));
    assert_eq!(
        (waiting(&mut net), review(&mut net).since),
        (0, since),
        "since it was found, not since it is told"
    );
    assert_eq!((alarms(&net, SCHOOL), alarms(&net, GGZ)), (1, 1));
    register(&mut net, GGZ, "ggz", [petra()]);
    assert_eq!(standing(&mut net), Some((Standing::Waiting, Certainty::Possible)));
    register(&mut net, GGZ, "ggz", [petra_at_home()]);
    assert_eq!((alarms(&net, SCHOOL), alarms(&net, GGZ)), (1, 1), "once, as long as it is there");
}

#[test]
fn another_family_is_set_aside_until_the_evidence_grows() {
    let mut net = possible();
    let unit = Some(Unit::new("afdeling", "team west").unwrap());
    let decision = decide(&mut net, DecisionWanted { unit: unit.clone(), ..wanted("school", Different) });
    let expected =
        Decision { judgement: Different, certainty: Certainty::Possible, decided_at: net.now(), unit };
    assert_eq!(decision, Ok(Some(expected.clone())));
    let set_aside = Some((Standing::SetAside, Certainty::Possible));
    assert_eq!((standing(&mut net), waiting(&mut net)), (set_aside, 0));
    let answer = who(&mut net, SCHOOL, "school");
    assert!(answer.completeness.is_complete(), "a decision hides nothing from the count of who was heard");
    assert_eq!(answer.reviews[&oin(GGZ)].decision, Some(expected.clone()));
    // Nothing of it reaches the other side.
    let theirs = who(&mut net, GGZ, "ggz");
    assert_eq!(
        (theirs.involved.len(), theirs.set_aside.len(), net.status(oin(GGZ)).review.waiting),
        (1, 0, 1)
    );

    // The same record, another one of the same family, and one of the other side's.
    register(&mut net, SCHOOL, "school", [petra_at_home()]);
    assert_eq!(standing(&mut net), set_aside, "imported again");
    let concern = Signal { kind: SignalKind::Concern, ..family("school", [petra_at_home(), kees()]) };
    import(&mut net, SCHOOL, concern);
    assert_eq!(standing(&mut net), set_aside, "changed");
    withdraw(&mut net, GGZ, "ggz");
    assert_eq!((standing(&mut net), waiting(&mut net)), (None, 0));
    register(&mut net, GGZ, "ggz", [petra()]);
    assert_eq!(standing(&mut net), set_aside, "gone and back");
    net.restart(oin(SCHOOL));
    assert_eq!(standing(&mut net), set_aside, "read from disk");
    net.seconds(5);
    net.settle();
    assert_eq!((standing(&mut net), alarms(&net, SCHOOL)), (set_aside, 0));

    // The other side learns more: it comes back, and what was said before is told with it.
    register(&mut net, GGZ, "ggz", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::Returned, Certainty::Probable)));
    assert_eq!(review(&mut net).decision, Some(expected));
    assert_eq!((waiting(&mut net), alarms(&net, SCHOOL)), (1, 1));
    decide(&mut net, wanted("school", Different)).unwrap();
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Probable)));
    register(&mut net, GGZ, "ggz", [petra()]);
    assert_eq!(standing(&mut net), set_aside, "less of it brings nothing back");
}

#[test]
fn a_decision_is_about_the_facts_that_agreed_then() {
    let mut net = possible();
    register(&mut net, GGZ, "ggz", [petra(), kees()]);
    decide(&mut net, wanted("school", Different)).unwrap();
    // The record is put right: the partner is the one they have in common.
    register(&mut net, SCHOOL, "school", [kees()]);
    assert_eq!(standing(&mut net), Some((Standing::Returned, Certainty::Possible)));
    assert_eq!((waiting(&mut net), alarms(&net, SCHOOL)), (1, 0), "on the list, without an alarm");
    decide(&mut net, wanted("school", Same)).unwrap();
    assert_eq!(standing(&mut net), Some((Standing::Confirmed, Certainty::Possible)));
}

#[test]
fn the_same_family_is_confirmed_and_raises_no_alarm_when_it_becomes_certain() {
    let mut net = decided(Same);
    assert_eq!(standing(&mut net), Some((Standing::Confirmed, Certainty::Possible)));
    assert_eq!(waiting(&mut net), 0);
    register(&mut net, GGZ, "ggz", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::Confirmed, Certainty::Probable)));
    assert_eq!((alarms(&net, SCHOOL), alarms(&net, GGZ)), (0, 1), "only this side knew");
    assert_eq!(undo(&mut net), Ok(None));
    assert_eq!(standing(&mut net), Some((Standing::Told, Certainty::Probable)));
    assert_eq!((waiting(&mut net), alarms(&net, SCHOOL)), (0, 0), "whoever undoes it knows of it");
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Decision), 0);
}

#[test]
fn what_cannot_be_decided_says_why() {
    let mut net = possible();
    let refused = |net: &mut Simulation, wanted| decide(net, wanted).unwrap_err();
    assert_eq!(refused(&mut net, wanted("x", Same)), CannotDecide::Refused(Refusal::NoOwnSignal));
    let stranger = DecisionWanted { organisation: oin(3), ..wanted("school", Same) };
    assert_eq!(refused(&mut net, stranger), CannotDecide::NotInvolved);
    assert_eq!(undo(&mut net), Err(CannotDecide::NotDecided));
    decide(&mut net, wanted("school", Different)).unwrap();
    let decided = CannotDecide::Decided { judgement: Different, decided_at: net.now() };
    for judgement in [Same, Different] {
        assert_eq!(refused(&mut net, wanted("school", judgement)), decided);
    }
    // Taken back while it was only possible, it is on the list again, and told when it becomes certain.
    assert_eq!((undo(&mut net), waiting(&mut net)), (Ok(None), 1));
    register(&mut net, SCHOOL, "school", [petra_by_number()]);
    register(&mut net, GGZ, "ggz", [petra_by_number()]);
    assert_eq!((standing(&mut net), alarms(&net, SCHOOL)), (Some((Standing::Told, Certainty::Certain)), 1));
    assert_eq!(refused(&mut net, wanted("school", Different)), CannotDecide::CertainMatch);
    let expressly = DecisionWanted { although_certain: true, ..wanted("school", Different) };
    decide(&mut net, expressly).unwrap();
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Certain)));
    // An ended signal allows no question and no decision; what was decided can be taken back.
    let ends_on = Some("2020-01-01".parse().unwrap());
    import(&mut net, SCHOOL, Signal { ends_on, ..family("school", [petra_by_number()]) });
    assert_eq!(refused(&mut net, wanted("school", Same)), CannotDecide::Refused(Refusal::Ended));
    assert_eq!(undo(&mut net), Ok(None));
    withdraw(&mut net, SCHOOL, "school");
    assert_eq!(undo(&mut net), Err(CannotDecide::Refused(Refusal::NoOwnSignal)));
}

#[test]
fn decisions_outlast_epochs_and_so_does_the_day_since_which_a_match_is_found() {
    let mut net = decided(Different);
    register(&mut net, SCHOOL, "other", [petra()]);
    let since = |net: &mut Simulation| -> Timestamp { who(net, SCHOOL, "other").reviews[&oin(GGZ)].since };
    let (first, alarmed) = (since(&mut net), alarms(&net, SCHOOL));
    // Ninety days, prepared from the sixtieth on, matched on for a fortnight more.
    for day in [61, 89, 91, 105] {
        at_day(&mut net, day);
        net.settle();
        assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Possible)), "day {day}");
        assert_eq!((since(&mut net), waiting(&mut net)), (first, 1), "day {day}");
    }
    let disk = net.disk(oin(SCHOOL));
    assert!(
        disk.forgotten().contains(&protocol::Scope::Epoch(domain::Epoch(1))),
        "nothing else of the first epoch is left"
    );
    assert_eq!((disk.count(Collection::Decision), alarms(&net, SCHOOL)), (1, alarmed));
    net.restart(oin(SCHOOL));
    assert_eq!((since(&mut net), waiting(&mut net)), (first, 1));
    let kept = net.disk(oin(SCHOOL)).records();
    let is_lasting =
        |(of, scope, _): &(Collection, Scope, _)| *of == Collection::Match && *scope == Scope::Lasting;
    assert!(!kept.iter().any(is_lasting), "what was found is forgotten with its epoch");
}

#[test]
fn a_family_that_was_missing_by_mistake_finds_its_decisions_again_for_a_month() {
    let mut net = decided(Different);
    withdraw(&mut net, SCHOOL, "school");
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Decision), 1);
    at_day(&mut net, 29);
    net.restart(oin(SCHOOL));
    net.settle();
    register(&mut net, SCHOOL, "school", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Possible)));
    assert_eq!(waiting(&mut net), 0);

    at_day(&mut net, 45);
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Possible)), "there again, it stays");
    withdraw(&mut net, SCHOOL, "school");
    at_day(&mut net, 76);
    net.settle();
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Decision), 0, "nobody keeps it for ever");
    register(&mut net, SCHOOL, "school", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::Waiting, Certainty::Possible)));
}

#[test]
fn a_clock_that_jumps_alone_forgets_no_decision() {
    let mut net = decided(Different);
    withdraw(&mut net, SCHOOL, "school");
    net.set_clock(oin(SCHOOL), i64::try_from(40 * DAY).unwrap());
    net.seconds(10);
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Decision), 1, "others do not bear it out");
    net.set_clock(oin(SCHOOL), 0);
    net.seconds(10);
    register(&mut net, SCHOOL, "school", [petra_at_home()]);
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Possible)));
}

#[test]
fn a_crash_anywhere_in_a_decision_or_a_withdrawal_leaves_one_or_the_other() {
    for commits in 0..3 {
        let mut net = possible();
        net.crash_after(oin(SCHOOL), commits);
        let said = net.try_command(oin(SCHOOL), Command::Decide(wanted("school", Different)));
        net.crash_never();
        net.restart(oin(SCHOOL));
        net.settle();
        let found = standing(&mut net).unwrap().0;
        assert_eq!(
            found == Standing::SetAside,
            said.is_some(),
            "said is kept, and what is not said is not: {commits}"
        );
        if said.is_none() {
            continue;
        }
        net.crash_after(oin(SCHOOL), commits);
        let _said = net.try_command(oin(SCHOOL), Command::Withdraw(vec![reference("school")]));
        net.crash_never();
        net.restart(oin(SCHOOL));
        net.settle();
        at_day(&mut net, 40);
        let (disk, signals) = (net.disk(oin(SCHOOL)), net.disk(oin(SCHOOL)).count(Collection::Signal));
        assert_eq!(disk.count(Collection::Decision), signals, "a decision goes with its family: {commits}");
    }
}

#[test]
fn a_backup_holds_decisions() {
    let mut net = decided(Different);
    let backup = net.disk(oin(SCHOOL)).restored(net.now());
    net.restart_from(oin(SCHOOL), backup);
    net.seconds(5);
    net.settle();
    assert_eq!(standing(&mut net), Some((Standing::SetAside, Certainty::Possible)));
    assert_eq!((waiting(&mut net), alarms(&net, SCHOOL)), (0, 0));
}
