//! What a disk gives back otherwise than it was put: bodies of feeds, which others hold as well.

use domain::{FamilyRef, Oin, Role};
use protocol::{Collection, Command, Reply};
use testkit::{Founding, Simulation, family, person};

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn involved(net: &mut Simulation, member: usize) -> Vec<Oin> {
    match net.command(oin(member), Command::Who(FamilyRef::new("f").unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_body_of_a_feed_is_fetched_again_and_an_own_one_makes_nobody_sign_two_histories() {
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    for member in [4, 5] {
        let mother = person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
        net.command(oin(member), Command::Import(vec![family("f", [mother])]));
    }
    net.settle();
    net.seconds(20);
    net.settle();
    assert_eq!(involved(&mut net, 4), [oin(5)]);
    let bodies: Vec<_> = net
        .disk(oin(4))
        .in_collection(Collection::Body)
        .map(|(scope, key, value)| (scope, key.to_vec(), value.to_vec()))
        .collect();
    assert!(bodies.len() > 5, "{}", bodies.len());
    // Each of them in its turn, of its own feed and of others'.
    for (scope, key, value) in bodies.iter().step_by(bodies.len() / 5) {
        let mut disk = net.disk(oin(4)).clone();
        let mut damaged = value.clone();
        damaged[0] ^= 0x20;
        disk.put_in(*scope, Collection::Body, key.clone(), damaged);
        let mut again = Simulation::continued(net.founding().clone(), disks(&net), net.now());
        again.restart_from(oin(4), disk);
        again.seconds(30);
        again.settle();
        assert_eq!(involved(&mut again, 4), [oin(5)]);
        assert_eq!(involved(&mut again, 5), [oin(4)]);
        for member in 1..=5 {
            let status = again.status(oin(member));
            assert_eq!(status.proofs.len(), 0, "member {member}");
        }
        // An own one is gone: everything is published anew, above it.
        let began_anew = again.status(oin(5)).continued.iter().any(|(publisher, _)| *publisher == oin(4));
        let mut held = again.disk(oin(4)).in_collection(Collection::Body);
        let is_whole = held.any(|(_, at, held)| at == key && held == value);
        assert!(is_whole || began_anew, "neither fetched nor published anew");
    }
}

fn disks(net: &Simulation) -> std::collections::BTreeMap<Oin, testkit::MemoryDisk> {
    (1..=5).map(|member| (oin(member), net.disk(oin(member)).clone())).collect()
}
