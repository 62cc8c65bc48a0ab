//! Matches and persons that turn out to be wrong: what was found by them goes and stays gone, and a clock runs.

use audit::{EntryKind, Event, IncidentStep, Said};
use domain::{FamilyRef, Oin, PersonNumber, Role};
use protocol::{
    CannotServe, Collection, Command, Incident, IncidentOutcome, Reply, RightsCommand, RightsReply, Standing,
};
use testkit::{Founding, PersonBuilder, Simulation, family, person};

use crate::logging::about;

const HOUR: u64 = 3_600;
const SCHOOL: usize = 4;
const GGZ: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn reference(text: &str) -> FamilyRef {
    FamilyRef::new(text).unwrap()
}

fn anna() -> PersonBuilder {
    person(Role::Parent).name("Anna", "Zonneveld").born("1980-02-03").bsn("111222333")
}

fn kees() -> PersonBuilder {
    person(Role::Partner).name("Kees", "De Jong").born("1984-11-23").bsn("123456782")
}

fn import(net: &mut Simulation, member: usize, name: &str, persons: impl IntoIterator<Item = PersonBuilder>) {
    let reply = net.command(oin(member), Command::Import(vec![family(name, persons)]));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
    net.seconds(5);
    net.settle();
}

/// Whom a member finds, those set aside among them.
fn found(net: &mut Simulation, member: usize, name: &str) -> Vec<(Oin, Standing)> {
    match net.command(oin(member), Command::Who(reference(name))) {
        Reply::Who(Ok(answer)) => {
            answer.reviews.iter().map(|(oin, review)| (*oin, review.standing)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn right(net: &mut Simulation, command: RightsCommand) -> Result<RightsReply, CannotServe> {
    let reply = net.command(oin(SCHOOL), Command::Rights(command));
    net.seconds(5);
    net.settle();
    match reply {
        Reply::Rights(done) => done,
        other => panic!("{other:?}"),
    }
}

fn wrong(net: &mut Simulation, organisation: usize, person: Option<u8>) -> Result<Incident, CannotServe> {
    let person = person.map(|number| PersonNumber::new(number).unwrap());
    let command =
        RightsCommand::Wrong { family: reference("school"), organisation: oin(organisation), person };
    right(net, command).map(|done| match done {
        RightsReply::Incident(incident) => incident,
        other => panic!("{other:?}"),
    })
}

/// School and mental health care that both know Anna; the school knows Kees as well.
fn both() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5));
    import(&mut net, SCHOOL, "school", [kees(), anna()]);
    import(&mut net, GGZ, "ggz", [anna()]);
    assert_eq!(found(&mut net, SCHOOL, "school"), [(oin(GGZ), Standing::Told)]);
    net
}

fn restart(net: &mut Simulation) {
    net.restart(oin(SCHOOL));
    net.seconds(30);
    net.settle();
}

#[test]
fn a_wrong_match_is_gone_for_good_and_other_facts_are_a_match_of_their_own() {
    let mut net = both();
    let incident = wrong(&mut net, GGZ, None).unwrap();
    assert_eq!((incident.number, incident.person, incident.closed), (1, None, None));
    let gone = |net: &mut Simulation| {
        assert_eq!(found(net, SCHOOL, "school"), []);
        assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Match), 0, "nothing of it is kept");
    };
    gone(&mut net);
    // Through the same file, a restart, and tags that come anew.
    import(&mut net, SCHOOL, "school", [kees(), anna()]);
    restart(&mut net);
    gone(&mut net);
    net.command(oin(GGZ), Command::Withdraw(vec![reference("ggz")]));
    net.seconds(5);
    import(&mut net, GGZ, "ggz", [anna()]);
    gone(&mut net);
    // The other side knows Kees too.
    import(&mut net, GGZ, "ggz", [anna(), kees()]);
    assert_eq!(found(&mut net, SCHOOL, "school"), [(oin(GGZ), Standing::Returned)]);
    let statements = about(&net, EntryKind::Statement, "school");
    assert!(matches!(statements[..], [Event::Statement { said: Said::Wrong, .. }]), "{statements:?}");
}

#[test]
fn what_was_wrong_by_mistake_is_found_again_when_that_is_taken_back() {
    let mut net = both();
    wrong(&mut net, GGZ, None).unwrap();
    let undone = net.command(oin(SCHOOL), Command::Undo(reference("school"), oin(GGZ)));
    assert!(matches!(undone, Reply::Decided(Ok(None))), "{undone:?}");
    assert_eq!(found(&mut net, SCHOOL, "school"), [(oin(GGZ), Standing::Told)]);
}

#[test]
fn nothing_is_derived_from_a_wrong_person_until_the_record_is_corrected() {
    let mut net = both();
    let published = net.status(oin(SCHOOL)).tags_published;
    wrong(&mut net, GGZ, Some(2)).unwrap();
    let put_aside = |net: &mut Simulation| {
        assert_eq!(found(net, SCHOOL, "school"), []);
        assert_eq!(found(net, GGZ, "ggz"), [], "nor at the other side: her tags are withdrawn");
    };
    put_aside(&mut net);
    assert!(net.status(oin(SCHOOL)).tags_published < published);
    // The same record in another place, after a restart, and after it was gone.
    import(&mut net, SCHOOL, "school", [anna(), kees()]);
    restart(&mut net);
    put_aside(&mut net);
    net.command(oin(SCHOOL), Command::Withdraw(vec![reference("school")]));
    import(&mut net, SCHOOL, "school", [anna(), kees()]);
    put_aside(&mut net);
    // Others of the record go on.
    import(&mut net, GGZ, "ggz", [anna(), kees()]);
    assert_eq!(found(&mut net, GGZ, "ggz"), [(oin(SCHOOL), Standing::Told)]);
    // Corrected: she is somebody.
    import(&mut net, SCHOOL, "school", [anna().at("1234AB", "12"), kees()]);
    import(&mut net, GGZ, "ggz", [anna()]);
    assert_eq!(found(&mut net, GGZ, "ggz"), [(oin(SCHOOL), Standing::Told)]);
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::WrongPerson), 0);
}

#[test]
fn an_incident_has_seventy_two_hours_and_is_closed_once() {
    let mut net = both();
    let incident = wrong(&mut net, GGZ, Some(2)).unwrap();
    assert_eq!(incident.deadline(), incident.opened_at.plus(72 * HOUR));
    let count = |net: &mut Simulation| {
        let rights = net.status(oin(SCHOOL)).rights;
        (rights.incidents_open, rights.incidents_overdue)
    };
    assert_eq!(count(&mut net), (1, 0));
    net.jump(73 * HOUR);
    restart(&mut net);
    assert_eq!(count(&mut net), (1, 1));
    let close = |number| RightsCommand::CloseIncident { number, outcome: IncidentOutcome::Reported };
    assert_eq!(right(&mut net, close(2)), Err(CannotServe::NoOpenIncident));
    right(&mut net, close(1)).unwrap();
    assert_eq!(right(&mut net, close(1)), Err(CannotServe::NoOpenIncident));
    assert_eq!(count(&mut net), (0, 0));
    let steps: Vec<IncidentStep> = about(&net, EntryKind::Incident, "school")
        .into_iter()
        .filter_map(|event| if let Event::Incident { step, .. } = event { Some(step) } else { None })
        .collect();
    assert_eq!(steps, [IncidentStep::Opened, IncidentStep::Reported]);
}

#[test]
fn only_a_match_that_there_is_can_be_wrong() {
    let mut net = both();
    assert_eq!(wrong(&mut net, 3, None), Err(CannotServe::NotInvolved));
    assert_eq!(wrong(&mut net, GGZ, Some(3)), Err(CannotServe::NoSuchPerson));
    assert_eq!(net.disk(oin(SCHOOL)).count(Collection::Incident), 0);
    assert_eq!(found(&mut net, SCHOOL, "school"), [(oin(GGZ), Standing::Told)]);
}
