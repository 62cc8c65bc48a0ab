//! Rosters that travel, and what a node does when another is in force.

use ::roster::{RosterError, SignedRoster};
use domain::{Certainty, FamilyRef, Role};
use protocol::{Collection, Command, Reply};
use testkit::{Founding, Simulation, family, person};

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

fn install(net: &mut Simulation, member: usize, roster: &SignedRoster) -> Result<u32, RosterError> {
    match net.command(Founding::oin(member), Command::InstallRoster(Box::new(roster.clone()))) {
        Reply::Roster(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn involved(net: &mut Simulation, member: usize, family: &str) -> Vec<(domain::Oin, Certainty)> {
    match net.command(Founding::oin(member), Command::Who(FamilyRef::new(family).unwrap())) {
        Reply::Who(Ok(answer)) => {
            answer.involved.iter().map(|found| (found.organisation, found.certainty)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn version(net: &mut Simulation, member: usize) -> u32 {
    net.status(Founding::oin(member)).roster_version
}

/// A settled network in which members 1, 4 and 5 know the same mother.
fn matched() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5));
    for member in [1, 4, 5] {
        let signal = family(&format!("f-{member}"), [mother()]);
        net.command(Founding::oin(member), Command::Import(vec![signal]));
    }
    net.settle();
    assert_eq!(involved(&mut net, 1, "f-1").len(), 2);
    net
}

#[test]
fn a_version_installed_at_one_node_travels_to_every_other() {
    let mut net = matched();
    let founding = net.founding().clone();
    let second = founding.next(&founding.roster, |content| content.name = "renamed".to_owned());
    assert_eq!(install(&mut net, 3, &second).unwrap(), 2);
    net.until(20, "everybody has version 2", |net| (1..=5).all(|member| version(net, member) == 2));
    net.settle();
    // A node that was away gets both versions it missed.
    net.disconnect(Founding::oin(5));
    let held = founding.roster.successor(&second).unwrap();
    let third = founding.next(&held, |content| content.name = "again".to_owned());
    let fourth = founding.next(&held.successor(&third).unwrap(), |_| {});
    install(&mut net, 1, &third).unwrap();
    install(&mut net, 1, &fourth).unwrap();
    net.until(20, "the others have version 4", |net| (1..=4).all(|member| version(net, member) == 4));
    net.reconnect(Founding::oin(5));
    net.until(20, "and so has the one that was away", |net| version(net, 5) == 4);
    net.settle();
    assert_eq!(involved(&mut net, 1, "f-1").len(), 2);
    // Versions are on disk: a restart starts where it was, though its configuration names genesis only.
    net.restart(Founding::oin(2));
    assert_eq!(version(&mut net, 2), 4);
    let status = net.status(Founding::oin(2));
    assert_eq!(status.key_sets.len(), 2, "key sets survive later rosters");
    assert_eq!(status.refused, protocol::Refused::default());
}

#[test]
fn a_roster_that_does_not_follow_changes_nothing() {
    let mut net = matched();
    let founding = net.founding().clone();
    let second = founding.next(&founding.roster, |_| {});
    let held = founding.roster.successor(&second).unwrap();
    let third = founding.next(&held, |_| {});
    assert!(matches!(install(&mut net, 1, &third), Err(RosterError::NotTheNext { held: 1, found: 3 })));
    let unsigned = SignedRoster::next(&founding.roster, content_of(&founding), &[]);
    assert!(matches!(install(&mut net, 1, &unsigned), Err(RosterError::TooFewSignatures { .. })));
    assert_eq!(version(&mut net, 1), 1);
    assert_eq!(involved(&mut net, 1, "f-1").len(), 2);
}

fn content_of(founding: &Founding) -> ::roster::RosterContent {
    let mut taken = None;
    let _signed = founding.next(&founding.roster, |content| taken = Some(content.clone()));
    taken.unwrap()
}

#[test]
fn a_removed_member_is_out_at_once_and_its_feed_forgotten() {
    let mut net = matched();
    let founding = net.founding().clone();
    let removed = Founding::oin(5);
    let second =
        founding.next(&founding.roster, |content| content.members.retain(|member| member.oin != removed));
    install(&mut net, 1, &second).unwrap();
    assert_eq!(involved(&mut net, 1, "f-1"), [(Founding::oin(4), Certainty::Certain)]);
    net.until(20, "the members have version 2", |net| (1..=4).all(|member| version(net, member) == 2));
    net.settle_among(&[1, 2, 3, 4]);
    assert_eq!(involved(&mut net, 4, "f-4"), [(Founding::oin(1), Certainty::Certain)]);
    assert_eq!(net.disk(Founding::oin(4)).count(Collection::Head), 4, "its own and three others'");
    // It comes back with the next version, and is found again.
    let held = founding.roster.successor(&second).unwrap();
    install(&mut net, 1, &founding.next(&held, |_| {})).unwrap();
    net.until(20, "the members have version 3", |net| (1..=4).all(|member| version(net, member) == 3));
    net.reconnect(removed);
    net.until(60, "found again", |net| involved(net, 1, "f-1").len() == 2);
}

#[test]
fn a_closed_pair_ends_its_matches_and_a_lost_entitlement_its_certainty() {
    let mut net = matched();
    let founding = net.founding().clone();
    let second = founding.next(&founding.roster, |content| {
        for member in &mut content.members {
            member.bsn_entitled = member.oin != Founding::oin(4);
        }
    });
    install(&mut net, 4, &second).unwrap();
    net.until(30, "no longer certain", |net| {
        involved(net, 4, "f-4").iter().all(|(_, certainty)| *certainty == Certainty::Probable)
            && involved(net, 1, "f-1").contains(&(Founding::oin(4), Certainty::Probable))
    });
    assert_eq!(involved(&mut net, 4, "f-4").len(), 2, "the weak keys still agree");
    let held = founding.roster.successor(&second).unwrap();
    let third = founding.next(&held, |content| content.circles[0].open.clear());
    install(&mut net, 1, &third).unwrap();
    net.until(20, "everybody has version 3", |net| (1..=5).all(|member| version(net, member) == 3));
    for member in [1, 4, 5] {
        assert!(involved(&mut net, member, &format!("f-{member}")).is_empty());
        assert_eq!(net.disk(Founding::oin(member)).count(Collection::Match), 0);
    }
}
