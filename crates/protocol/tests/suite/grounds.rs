//! Legal bases in a running network: what lapses ends, what is closed for a sector stays closed, trials stay apart.

use domain::{CircleId, FamilyRef, Role, Signal, Timestamp};
use protocol::{Answer, Command, Refusal, Reply};
use roster::{Circle, LegalBasis, LegalBasisText};
use testkit::{Founding, START, Simulation, family, person};

fn who(net: &mut Simulation, member: usize, family: &str) -> Result<Answer, Refusal> {
    match net.command(Founding::oin(member), Command::Who(FamilyRef::new(family).unwrap())) {
        Reply::Who(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn import(net: &mut Simulation, member: usize, signals: Vec<Signal>) {
    net.command(Founding::oin(member), Command::Import(signals));
}

fn mother(reference: &str, bsn: &str) -> Signal {
    let mother =
        person(Role::Parent).bsn(bsn).name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12");
    family(reference, [mother])
}

fn on(signal: Signal, code: &str) -> Signal {
    Signal { legal_basis: Some(code.parse().unwrap()), ..signal }
}

fn named(code: &str) -> LegalBasisText {
    LegalBasisText(code.parse().unwrap())
}

#[test]
fn a_legal_basis_that_lapses_ends_its_signals_at_every_reader() {
    // The hour after next: participation is looked at by the hour.
    let until = START.0 + 2 * 3_600;
    let founding = Founding::uniform(3).refounded(|content| content.legal_bases[0].valid_until = Some(until));
    let mut net = Simulation::new(founding);
    import(&mut net, 1, vec![mother("a", "111222333")]);
    import(&mut net, 2, vec![mother("b", "111222333")]);
    net.settle();
    assert_eq!(who(&mut net, 1, "a").unwrap().involved.len(), 1);
    let left = until.saturating_sub(net.now().0);
    net.jump(left + 3_601);
    net.seconds(60);
    for (member, reference) in [(1, "a"), (2, "b")] {
        assert_eq!(who(&mut net, member, reference), Err(Refusal::LegalBasisLapsed(Timestamp(until))));
        net.until(600, "its tags are withdrawn", |net| {
            net.status(Founding::oin(member)).tags_published == 0
                || net.disk(Founding::oin(3 - member)).count(protocol::Collection::Match) == 0
        });
    }
    assert_eq!(net.disk(Founding::oin(1)).count(protocol::Collection::Match), 0);
    // The signals are still there, and live again on a basis that holds.
    let Reply::Signals(held) = net.command(Founding::oin(1), Command::Signals) else { panic!() };
    assert_eq!(held.len(), 1);
}

#[test]
fn a_trial_circle_answers_about_made_up_families_only_and_says_so() {
    let founding = Founding::uniform(3).refounded(|content| {
        let proef = LegalBasis { code: "proef".parse().unwrap(), ..content.legal_bases[0].clone() };
        content.legal_bases.push(proef);
        let trial = Circle {
            id: CircleId::from_bytes([0xee; 16]),
            legal_bases: vec![named("proef")],
            trial: true,
            ..content.circles[0].clone()
        };
        content.circles.push(trial);
    });
    let mut net = Simulation::new(founding);
    // The same person at three members: twice as a trial, once as real.
    import(&mut net, 1, vec![on(mother("trial", "999990019"), "proef"), mother("real", "111222333")]);
    import(&mut net, 2, vec![on(mother("trial", "999990019"), "proef"), mother("real", "111222333")]);
    import(&mut net, 3, vec![mother("real", "999990019"), on(mother("mistaken", "111222333"), "proef")]);
    net.settle();
    let trial = who(&mut net, 1, "trial").unwrap();
    let involved: Vec<_> = trial.involved.iter().map(|one| one.organisation).collect();
    assert!(trial.trial);
    assert_eq!(involved, [Founding::oin(2)], "and not member 3, to which the number is real");
    let real = who(&mut net, 1, "real").unwrap();
    assert!(!real.trial);
    // The weak keys of both families agree: were circles mixed, member 3 would show for the trial as well.
    assert_eq!(real.involved.len(), 2);
    assert_eq!(who(&mut net, 3, "mistaken"), Err(Refusal::NotSynthetic), "a real family on a trial's basis");
}
