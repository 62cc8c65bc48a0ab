//! Objections: a signal stands still until somebody decides, and what was upheld is not registered again.

use audit::{EntryKind, Event, ObjectionStep};
use domain::{FamilyRef, Oin, PersonNumber, Role, Timestamp};
use protocol::{
    Answer, CannotServe, Collection, Command, ObjectionOutcome, Refusal, Reply, RightsCommand, RightsReply,
};
use testkit::{Founding, Simulation, family, person};

use crate::logging::about;

const DAY: u64 = 86_400;
const SCHOOL: usize = 4;
const GGZ: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn reference(text: &str) -> FamilyRef {
    FamilyRef::new(text).unwrap()
}

fn import(net: &mut Simulation, member: usize, name: &str) -> protocol::ImportCounts {
    let anna = person(Role::Parent).name("Anna", "Zonneveld").born("1980-02-03").bsn("111222333");
    let reply = net.command(oin(member), Command::Import(vec![family(name, [anna])]));
    net.seconds(5);
    net.settle();
    match reply {
        Reply::Imported(counts) => counts,
        other => panic!("{other:?}"),
    }
}

/// What the school does; then everything settles.
fn right(net: &mut Simulation, command: RightsCommand) -> Result<RightsReply, CannotServe> {
    let reply = net.command(oin(SCHOOL), Command::Rights(command));
    net.seconds(5);
    net.settle();
    match reply {
        Reply::Rights(done) => done,
        other => panic!("{other:?}"),
    }
}

fn object(net: &mut Simulation, person: Option<u8>) -> Result<RightsReply, CannotServe> {
    let person = person.map(|number| PersonNumber::new(number).unwrap());
    right(net, RightsCommand::Object { family: reference("school"), person })
}

fn decide(net: &mut Simulation, outcome: ObjectionOutcome) -> Result<RightsReply, CannotServe> {
    right(net, RightsCommand::DecideObjection { family: reference("school"), outcome })
}

fn who(net: &mut Simulation, member: usize, name: &str) -> Result<Answer, Refusal> {
    match net.command(oin(member), Command::Who(reference(name))) {
        Reply::Who(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// How many the mental health care finds, and how many the school; or that the school is told that its signal stands still.
fn found(net: &mut Simulation) -> (usize, Option<usize>) {
    let theirs = who(net, GGZ, "ggz").unwrap().involved.len();
    match who(net, SCHOOL, "school") {
        Ok(answer) => (theirs, Some(answer.involved.len())),
        Err(Refusal::Objection(_)) => (theirs, None),
        Err(other) => panic!("{other:?}"),
    }
}

fn both() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5));
    import(&mut net, SCHOOL, "school");
    import(&mut net, GGZ, "ggz");
    assert_eq!(found(&mut net), (1, Some(1)));
    net
}

/// Into the next epoch, which begins ninety days after the start.
fn roll_over(net: &mut Simulation, start: Timestamp) {
    let epoch = net.status(oin(SCHOOL)).epoch;
    for day in [61, 91] {
        net.jump(start.plus(day * DAY).since(net.now()));
        net.until(90, "published", |net| {
            net.seconds(1);
            (1..=5).all(|member| {
                let status = net.status(oin(member));
                status.epoch > epoch || status.next.is_some_and(|next| next.published)
            })
        });
    }
    net.settle();
    assert!(net.status(oin(SCHOOL)).epoch > epoch);
}

fn steps(net: &Simulation) -> Vec<ObjectionStep> {
    about(net, EntryKind::Objection, "school")
        .into_iter()
        .map(|event| match event {
            Event::Objection { step, .. } => step,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_signal_stands_still_through_restarts_imports_and_epochs_until_the_objection_is_decided() {
    let mut net = both();
    let start = net.now();
    let published = net.status(oin(SCHOOL)).tags_published;
    object(&mut net, Some(1)).unwrap();
    assert_eq!(found(&mut net), (0, None));
    assert!(net.status(oin(SCHOOL)).tags_published < published, "its tags are withdrawn");
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Match), 0);
    assert_eq!(net.status(oin(SCHOOL)).rights.objections_open, 1);
    assert!(matches!(object(&mut net, None), Err(CannotServe::ObjectedAlready(_))));

    assert_eq!(import(&mut net, SCHOOL, "school").unchanged, 1);
    net.restart(oin(SCHOOL));
    net.seconds(30);
    net.settle();
    assert_eq!(found(&mut net), (0, None));
    roll_over(&mut net, start);
    assert_eq!(found(&mut net), (0, None));

    decide(&mut net, ObjectionOutcome::Rejected).unwrap();
    assert_eq!(found(&mut net), (1, Some(1)));
    assert_eq!(decide(&mut net, ObjectionOutcome::Upheld), Err(CannotServe::NoObjection));
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Objection), 0);
    assert_eq!(steps(&net), [ObjectionStep::Made, ObjectionStep::Rejected]);
}

#[test]
fn a_family_that_leaves_and_comes_back_stands_still_still() {
    let mut net = both();
    object(&mut net, Some(1)).unwrap();
    net.command(oin(SCHOOL), Command::Withdraw(vec![reference("school")]));
    assert_eq!(import(&mut net, SCHOOL, "school").added, 1);
    assert_eq!(found(&mut net), (0, None));
    let Ok(RightsReply::Objections(all)) = right(&mut net, RightsCommand::Objections) else { panic!() };
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].1.person, None, "a number of a record that was gone is nobody's");
}

#[test]
fn what_is_upheld_is_withdrawn_and_no_import_brings_it_back_until_it_is_lifted() {
    let mut net = both();
    object(&mut net, None).unwrap();
    decide(&mut net, ObjectionOutcome::Upheld).unwrap();
    let signals = |net: &Simulation| net.disk(oin(SCHOOL)).count(Collection::Signal);
    assert_eq!((signals(&net), who(&mut net, SCHOOL, "school").is_err()), (0, true));
    let counts = import(&mut net, SCHOOL, "school");
    assert_eq!((counts.kept_out, counts.added, signals(&net)), (1, 0, 0));
    net.restart(oin(SCHOOL));
    net.seconds(30);
    assert_eq!((import(&mut net, SCHOOL, "school").kept_out, signals(&net)), (1, 0));
    assert_eq!(found_by_ggz(&mut net), 0);

    decide(&mut net, ObjectionOutcome::Lifted).unwrap();
    assert_eq!(import(&mut net, SCHOOL, "school").added, 1);
    assert_eq!(found(&mut net), (1, Some(1)));
    assert_eq!(steps(&net), [ObjectionStep::Made, ObjectionStep::Upheld, ObjectionStep::Lifted]);
    assert_eq!(about(&net, EntryKind::SignalWithdrawn, "school").len(), 1);
}

fn found_by_ggz(net: &mut Simulation) -> usize {
    who(net, GGZ, "ggz").unwrap().involved.len()
}

/// Whenever the node stops while an objection is upheld, the signal does not outlive it.
#[test]
fn a_crash_between_the_decision_and_the_withdrawal_loses_neither() {
    for commits in 0..4 {
        let mut net = both();
        object(&mut net, None).unwrap();
        net.crash_after(oin(SCHOOL), commits);
        let upheld =
            RightsCommand::DecideObjection { family: reference("school"), outcome: ObjectionOutcome::Upheld };
        let _maybe = net.try_command(oin(SCHOOL), Command::Rights(upheld));
        net.crash_never();
        if net.is_down(oin(SCHOOL)) {
            net.restart(oin(SCHOOL));
        }
        net.seconds(30);
        net.settle();
        let disk = net.disk(oin(SCHOOL));
        let upheld = disk.in_collection(Collection::Objection).count();
        assert_eq!(upheld, 1, "an objection is never lost: {commits}");
        let withdrawn = disk.count(Collection::Signal) == 0;
        let decided = steps(&net).contains(&ObjectionStep::Upheld);
        assert_eq!(withdrawn, decided, "{commits}");
        assert_eq!(found_by_ggz(&mut net), 0, "in neither case it is served");
    }
}

#[test]
fn only_signals_and_persons_that_there_are_can_be_objected_to() {
    let mut net = both();
    assert_eq!(object(&mut net, Some(2)), Err(CannotServe::NoSuchPerson));
    let stranger = RightsCommand::Object { family: reference("x"), person: None };
    assert_eq!(right(&mut net, stranger), Err(CannotServe::NoSignal));
    assert_eq!(decide(&mut net, ObjectionOutcome::Lifted), Err(CannotServe::NoObjection));
    assert_eq!(steps(&net), []);
}
