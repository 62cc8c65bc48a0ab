//! Telling persons: each has a state that outlasts restarts and follows them through a record that changes.

use audit::{EntryKind, Event, InformingStep};
use domain::{CalendarDate, FamilyRef, Oin, PersonNumber, Role};
use protocol::{
    CannotServe, Collection, Command, Informed, PostponeGround, Reply, RightsCommand, RightsReply, Telling,
};
use testkit::{Founding, PersonBuilder, Simulation, family, person};

use crate::logging::about;

const DAY: u64 = 86_400;
const SCHOOL: usize = 4;

fn school() -> Oin {
    Founding::oin(SCHOOL)
}

fn reference() -> FamilyRef {
    FamilyRef::new("school").unwrap()
}

fn anna() -> PersonBuilder {
    person(Role::Parent).name("Anna", "Zonneveld").born("1980-02-03")
}

fn kees() -> PersonBuilder {
    person(Role::Parent).name("Kees", "De Jong").born("1984-11-23")
}

fn import(net: &mut Simulation, persons: impl IntoIterator<Item = PersonBuilder>) {
    let reply = net.command(school(), Command::Import(vec![family("school", persons)]));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
    net.seconds(5);
}

fn right(net: &mut Simulation, command: RightsCommand) -> Result<RightsReply, CannotServe> {
    match net.command(school(), Command::Rights(command)) {
        Reply::Rights(done) => done,
        other => panic!("{other:?}"),
    }
}

fn states(net: &mut Simulation) -> Vec<Informed> {
    match right(net, RightsCommand::Informed(Some(reference()))) {
        Ok(RightsReply::Informed(lines)) => lines.into_iter().map(|line| line.state).collect(),
        other => panic!("{other:?}"),
    }
}

fn tell(net: &mut Simulation, number: u8, telling: Telling) -> Result<RightsReply, CannotServe> {
    let person = PersonNumber::new(number).unwrap();
    right(net, RightsCommand::Inform { family: reference(), person, telling })
}

fn today(net: &Simulation) -> CalendarDate {
    net.now().date()
}

fn in_days(net: &Simulation, days: u64) -> CalendarDate {
    net.now().plus(days * DAY).date()
}

#[test]
fn each_parent_is_told_apart_and_whoever_is_not_within_four_weeks_is_overdue() {
    let mut net = Simulation::new(Founding::uniform(5));
    let small = person(Role::Child).name("Lotte", "De Jong").born("2022-03-09");
    import(&mut net, [anna(), kees(), small]);
    let (on, until) = (today(&net), in_days(&net, 28));
    assert_eq!(states(&mut net), [Informed::Due(until); 3]);
    tell(&mut net, 1, Telling::Told(on)).unwrap();
    assert_eq!(states(&mut net), [Informed::Told(on), Informed::Due(until), Informed::Due(until)]);
    assert_eq!(tell(&mut net, 3, Telling::Told(on)), Err(CannotServe::ToldThroughParents));

    let safety = PostponeGround::OtherSafety;
    let later = in_days(&net, 40);
    tell(&mut net, 2, Telling::Postponed(safety, later)).unwrap();
    net.restart(school());
    net.jump(29 * DAY);
    net.seconds(30);
    let put_off = Informed::Postponed(safety, later);
    assert_eq!(states(&mut net), [Informed::Told(on), put_off, put_off]);
    assert_eq!(net.status(school()).rights.informing_overdue, 0);
    net.jump(12 * DAY);
    net.seconds(30);
    let late = Informed::Overdue(later);
    assert_eq!(states(&mut net), [Informed::Told(on), late, late]);
    assert_eq!(net.status(school()).rights.informing_overdue, 2);
    let now = today(&net);
    tell(&mut net, 2, Telling::Told(now)).unwrap();
    assert_eq!(states(&mut net), [Informed::Told(on), Informed::Told(now), Informed::Told(now)]);
    assert_eq!(net.status(school()).rights.informing_overdue, 0);
    let said = |step, person| Event::Informing { step, person };
    assert_eq!(
        about(&net, EntryKind::Informing, "school"),
        [said(InformingStep::Told, 1), said(InformingStep::OtherSafety, 2), said(InformingStep::Told, 2)]
    );
}

#[test]
fn what_is_known_of_a_person_follows_a_corrected_record_and_passes_to_nobody_else() {
    let mut net = Simulation::new(Founding::uniform(5));
    import(&mut net, [anna(), kees()]);
    let (on, until) = (today(&net), in_days(&net, 28));
    tell(&mut net, 1, Telling::Told(on)).unwrap();
    // Rectified and in another order: logged as a change.
    import(&mut net, [kees(), anna().at("1234AB", "12")]);
    assert_eq!(states(&mut net), [Informed::Due(until), Informed::Told(on)]);
    assert_eq!(about(&net, EntryKind::SignalChanged, "school"), [Event::SignalChanged]);
    // Somebody else in her place.
    import(&mut net, [kees(), person(Role::Parent).name("Petra", "Jansen").born("1987-05-12")]);
    assert_eq!(states(&mut net), [Informed::Due(until); 2]);
    net.command(school(), Command::Withdraw(vec![reference()]));
    assert_eq!(net.disk(school()).count(Collection::Informing), 0);
}

#[test]
fn days_that_make_no_sense_are_refused() {
    let mut net = Simulation::new(Founding::uniform(5));
    import(&mut net, [anna(), person(Role::Other)]);
    let (now, tomorrow, far) = (today(&net), in_days(&net, 1), in_days(&net, 366));
    let ground = PostponeGround::Investigation;
    for (number, telling, expected) in [
        (1, Telling::Told(tomorrow), CannotServe::NotYet),
        (1, Telling::Postponed(ground, now), CannotServe::PostponedToThePast),
        (1, Telling::Postponed(ground, far), CannotServe::PostponedTooLong),
        (2, Telling::Told(now), CannotServe::NotToldAtAll),
        (3, Telling::Told(now), CannotServe::NoSuchPerson),
    ] {
        assert_eq!(tell(&mut net, number, telling), Err(expected));
    }
    assert_eq!(about(&net, EntryKind::Informing, "school"), []);
}
