//! Matches between the units of one organisation: closed by default, directed, told once, gone with the signal.

use domain::{Certainty, FamilyRef, Role, Signal, Unit, Visibility};
use index::UnitMatrix;
use protocol::{Collection, Command, Notice, Reply};
use testkit::{Founding, PersonBuilder, Simulation, family, person};

/// The member whose units these are.
const OWN: usize = 1;

fn unit(name: &str) -> Option<Unit> {
    (!name.is_empty()).then(|| Unit::new("unit", name).unwrap())
}

fn of(name: &str, reference: &str, persons: impl IntoIterator<Item = PersonBuilder>) -> Signal {
    Signal { unit: unit(name), ..family(reference, persons) }
}

fn matrix(open: &[(&str, &str)]) -> UnitMatrix {
    let mut matrix = UnitMatrix::default();
    open.iter().for_each(|(publisher, reader)| matrix.open(unit(publisher), unit(reader)));
    matrix
}

/// A network in which the own units are open as listed.
fn network(open: &[(&str, &str)]) -> Simulation {
    let mut net = Simulation::new(Founding::uniform(3));
    reopen(&mut net, open);
    net
}

fn reopen(net: &mut Simulation, open: &[(&str, &str)]) {
    net.configure_units(Founding::oin(OWN), matrix(open));
    net.restart(Founding::oin(OWN));
}

fn import(net: &mut Simulation, member: usize, signals: Vec<Signal>) {
    let reply = net.command(Founding::oin(member), Command::Import(signals));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
}

/// Units involved with a family, by name; the unnamed one is empty.
fn units(net: &mut Simulation, reference: &str) -> Vec<(String, Certainty)> {
    let family = FamilyRef::new(reference).unwrap();
    match net.command(Founding::oin(OWN), Command::Who(family)) {
        Reply::Who(Ok(answer)) => answer
            .units
            .into_iter()
            .map(|found| (found.unit.map(|unit| unit.to_string()).unwrap_or_default(), found.certainty))
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// What was told of units, in order: family and unit.
fn told(net: &Simulation) -> Vec<(String, String)> {
    let notices = net.notices(Founding::oin(OWN)).iter();
    notices
        .filter_map(|notice| match notice {
            Notice::NewUnitMatch { family, involvement } => {
                let unit = involvement.unit.as_ref().map(ToString::to_string).unwrap_or_default();
                Some((family.to_string(), unit))
            }
            _ => None,
        })
        .collect()
}

fn certain(unit: &str) -> Vec<(String, Certainty)> {
    vec![(unit.to_owned(), Certainty::Certain)]
}

fn mother() -> PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn child() -> PersonBuilder {
    person(Role::Child).bsn("123456782").name("Bram", "Zonneveld").born("2016-03-01").at("1234AB", "12")
}

const BOTH: &[(&str, &str)] = &[("west", "schuld"), ("schuld", "west")];

#[test]
fn units_are_closed_until_opened_and_then_see_what_they_may() {
    let mut net = network(&[]);
    import(&mut net, OWN, vec![of("west", "w", [mother(), child()]), of("schuld", "s", [mother()])]);
    net.second();
    assert_eq!((units(&mut net, "w"), units(&mut net, "s"), told(&net)), (vec![], vec![], vec![]));

    reopen(&mut net, &[("west", "schuld")]);
    net.second();
    assert_eq!((units(&mut net, "w"), units(&mut net, "s")), (vec![], certain("west")), "one way");
    assert_eq!(net.status(Founding::oin(OWN)).unit_matches, 1);
    reopen(&mut net, BOTH);
    net.seconds(3);
    assert_eq!((units(&mut net, "w"), units(&mut net, "s")), (certain("schuld"), certain("west")));
    let pair = |family: &str, unit: &str| (family.to_owned(), unit.to_owned());
    assert_eq!(told(&net), [pair("s", "west"), pair("w", "schuld")], "each once, also after a restart");

    reopen(&mut net, &[]);
    net.second();
    assert!(units(&mut net, "s").is_empty(), "closed again");
    assert_eq!(net.disk(Founding::oin(OWN)).count(Collection::UnitMatch), 0);
}

#[test]
fn a_unit_never_matches_itself_and_no_unit_is_a_unit_of_its_own() {
    let mut net = network(&[("west", "west"), ("", "west")]);
    import(&mut net, OWN, vec![of("west", "w1", [mother()]), of("west", "w2", [mother()])]);
    assert!(units(&mut net, "w1").is_empty());
    import(&mut net, OWN, vec![of("", "n", [mother()])]);
    assert_eq!((units(&mut net, "w1"), units(&mut net, "n")), (certain(""), vec![]));
}

#[test]
fn evidence_is_weighed_pair_by_pair_by_the_same_rules_as_elsewhere() {
    let weak =
        |role, given: &str, born: &str| person(role).name(given, "Zonneveld").born(born).at("1234AB", "12");
    let sibling = weak(Role::Child, "Cato", "2018-07-09");
    let stranger = person(Role::Parent).name("Piet", "Visser").born("1970-01-02").at("1234AB", "12");
    for (persons, expected) in [
        (vec![weak(Role::Parent, "Anna", "1987-05-12")], Some(Certainty::Probable)),
        (vec![sibling.clone()], Some(Certainty::Probable)),
        (vec![stranger], None),
    ] {
        let mut net = network(BOTH);
        import(&mut net, OWN, vec![of("west", "w", [mother(), child()]), of("schuld", "s", persons)]);
        let found: Vec<Certainty> =
            units(&mut net, "w").into_iter().map(|(_, certainty)| certainty).collect();
        assert_eq!(found, Vec::from_iter(expected));
    }
    // The household key does not count at an institution, for units as for anybody.
    let mut net = Simulation::new(Founding::with_institution(3, "1234AB", 12));
    reopen(&mut net, BOTH);
    let other = weak(Role::Child, "Bram", "2016-03-01");
    import(&mut net, OWN, vec![of("west", "w", [other]), of("schuld", "s", [sibling])]);
    assert!(units(&mut net, "w").is_empty());
}

#[test]
fn what_is_closed_to_other_organisations_is_closed_to_units_too() {
    let mut net = network(BOTH);
    let mut shielded = of("schuld", "shielded", [mother()]);
    shielded.visibility = Visibility::Shielded;
    let mut ended = of("schuld", "ended", [mother()]);
    ended.ends_on = Some("2020-01-01".parse().unwrap());
    let mut without = of("schuld", "without", [mother()]);
    without.legal_basis = None;
    import(&mut net, OWN, vec![of("west", "w", [mother()]), shielded, ended, without]);
    net.second();
    assert!(units(&mut net, "w").is_empty());
    assert_eq!(units(&mut net, "shielded"), certain("west"), "who is shielded may still ask");
    for closed in ["ended", "without"] {
        let asked = net.command(Founding::oin(OWN), Command::Who(FamilyRef::new(closed).unwrap()));
        assert!(matches!(asked, Reply::Who(Err(_))), "{closed}: {asked:?}");
    }
    assert_eq!(told(&net).len(), 1, "{:?}", told(&net));
}

#[test]
fn one_family_of_two_units_chains_nobody_together_and_publishes_its_tags_once() {
    let mut net =
        network(&[("west", "schuld"), ("schuld", "west"), ("west", "leerplicht"), ("schuld", "leerplicht")]);
    // Two units know the mother; the third knows the child, which only one of them does.
    import(&mut net, OWN, vec![of("west", "w", [mother()])]);
    net.settle();
    let once = net.status(Founding::oin(OWN)).tags_published;
    import(&mut net, OWN, vec![of("schuld", "s", [mother()])]);
    net.settle();
    assert_eq!(net.status(Founding::oin(OWN)).tags_published, once, "one set of tags");
    import(&mut net, OWN, vec![of("schuld", "s", [mother(), child()]), of("leerplicht", "l", [child()])]);
    import(&mut net, 2, vec![family("other", [mother()])]);
    net.settle();
    assert_eq!(units(&mut net, "l"), certain("schuld"), "not through the mother to west");
    assert_eq!(units(&mut net, "w"), certain("schuld"));
    let asked = net.command(Founding::oin(2), Command::Who(FamilyRef::new("other").unwrap()));
    let Reply::Who(Ok(answer)) = asked else { panic!("{asked:?}") };
    assert_eq!((answer.involved.len(), answer.units.len()), (1, 0), "others see the organisation, once");
}

#[test]
fn withdrawal_changes_and_the_end_of_a_signal_make_the_match_go() {
    let mut net = network(BOTH);
    let both = || vec![of("west", "w", [mother()]), of("schuld", "s", [mother()])];
    let gone = |net: &mut Simulation, why: &str| {
        net.second();
        assert!(units(net, "w").is_empty(), "{why}");
        assert_eq!(net.disk(Founding::oin(OWN)).count(Collection::UnitMatch), 0, "{why}");
        import(net, OWN, both());
        net.second();
        assert_eq!(units(net, "w"), certain("schuld"), "back after: {why}");
    };
    import(&mut net, OWN, both());
    net.second();
    assert_eq!(net.disk(Founding::oin(OWN)).count(Collection::UnitMatch), 2);
    net.command(Founding::oin(OWN), Command::Withdraw(vec![FamilyRef::new("s").unwrap()]));
    gone(&mut net, "withdrawn");
    import(&mut net, OWN, vec![of("west", "s", [mother()])]);
    gone(&mut net, "moved to the same unit");
    import(&mut net, OWN, vec![of("schuld", "s", [child()])]);
    gone(&mut net, "somebody else's record");
    assert_eq!(told(&net).len(), 8, "told anew when it comes back");

    let mut ending = of("schuld", "s", [mother()]);
    ending.ends_on = Some(net.now().date());
    import(&mut net, OWN, vec![ending]);
    assert_eq!(units(&mut net, "w"), certain("schuld"), "its last day");
    net.jump(86_400);
    net.second();
    assert!(units(&mut net, "w").is_empty(), "ended by itself");
}
