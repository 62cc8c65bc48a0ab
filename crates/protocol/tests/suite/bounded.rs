//! What a feed costs its readers is bounded, whatever its publisher does.

use std::collections::BTreeMap;

use crypto::Unverified;
use domain::{FamilyRef, Oin, Role};
use index::HeaderDocument;
use protocol::{Collection, Command, Notice, Reply};
use testkit::{Founding, Simulation, Trick, family, person};

const PUBLISHER: usize = 4;
const READER: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn network(founding: Founding) -> Simulation {
    let mother = || person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
    let mut net = Simulation::new(founding);
    for member in [1, PUBLISHER, READER] {
        net.command(oin(member), Command::Import(vec![family("a", [mother()])]));
    }
    net.settle();
    net
}

/// How many headers of each publisher's feed the reader keeps, and of how many runs.
fn held(net: &Simulation) -> BTreeMap<Oin, (usize, usize)> {
    let kept = net.disk(oin(READER)).kept();
    let mut runs: BTreeMap<Oin, BTreeMap<u64, usize>> = BTreeMap::new();
    for (_, _, wire) in kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header) {
        let header = Unverified::<HeaderDocument>::parse(wire).unwrap();
        let header = header.claimed();
        *runs.entry(header.feed.publisher).or_default().entry(header.begins).or_default() += 1;
    }
    runs.into_iter().map(|(publisher, runs)| (publisher, (runs.values().sum(), runs.len()))).collect()
}

fn involved(net: &mut Simulation) -> (Vec<Oin>, Vec<Oin>) {
    match net.command(oin(READER), Command::Who(FamilyRef::new("a").unwrap())) {
        Reply::Who(Ok(answer)) => (
            answer.involved.iter().map(|found| found.organisation).collect(),
            answer.completeness.incomplete().collect(),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_feed_that_never_publishes_everything_anew_is_followed_so_far_and_no_further() {
    let mut net = network(Founding::uniform(5).with_rules(|rules| rules.segments_per_snapshot = 8));
    net.corrupt(oin(PUBLISHER), Trick::Lift, 1);
    net.seconds(60);
    let then = held(&net);
    // The run before it and its own: twice as many segments as an honest publisher has, and eight of an honest one.
    assert!(then[&oin(PUBLISHER)].0 <= 4 * 8 + 2 * 8 + 1, "{then:?}");
    net.seconds(200);
    let now = held(&net);
    assert!(now[&oin(PUBLISHER)] == then[&oin(PUBLISHER)], "{then:?}, {now:?}");
    let beyond = Notice::BeyondCap { publisher: oin(PUBLISHER), circle: net.founding().circle };
    let told = net.notices(oin(READER)).iter().filter(|notice| **notice == beyond).count();
    assert_eq!((told, net.status(oin(READER)).refused.beyond_cap), (1, 1));
    net.until(10, "all others are whole", |net| involved(net).1 == [oin(PUBLISHER)]);
    assert!(involved(&mut net).0.contains(&oin(1)));
    // A restart takes it back as it is.
    net.restart(oin(READER));
    net.seconds(20);
    assert_eq!(held(&net)[&oin(PUBLISHER)], then[&oin(PUBLISHER)]);
    net.until(10, "it is incomplete again", |net| involved(net).1 == [oin(PUBLISHER)]);
}

#[test]
fn a_run_that_was_as_long_as_older_rules_allowed_is_followed_into_its_full_set() {
    // What is before a full set would be served for a hundred further segments.
    let rules = |rules: &mut roster::Rules| rules.segments_per_snapshot = 800;
    let mut net = network(Founding::uniform(5).with_rules(rules));
    net.seconds(100);
    let segments = held(&net)[&oin(PUBLISHER)].0;
    assert!(segments * 32 > 4 * 200, "{segments} segments are more than the next rules allow");
    let founding = net.founding().clone();
    let lowered = founding.next(&founding.roster, |content| content.rules.live_tags = 200);
    net.command(oin(1), Command::InstallRoster(Box::new(lowered)));
    net.until(20, "everybody has the rules", |net| {
        (1..=5).all(|member| net.status(oin(member)).roster_version == 2)
    });
    net.until(20, "whole by the new rules", |net| {
        involved(net) == ([oin(1), oin(PUBLISHER)].to_vec(), vec![])
    });
    let held = held(&net)[&oin(PUBLISHER)];
    assert!(held.0 < segments, "{held:?}");
}

#[test]
fn where_much_comes_and_goes_everything_is_published_anew_sooner_and_old_runs_are_forgotten() {
    // By segments alone there would be one full set in half an hour, and what is before it would stay for a minute.
    let rules = |rules: &mut roster::Rules| {
        rules.live_tags = 64;
        rules.segments_per_snapshot = 800;
    };
    let mut net = network(Founding::uniform(5).with_rules(rules));
    net.seconds(60);
    let held = held(&net);
    assert_eq!(held.len(), 5);
    for (publisher, (headers, runs)) in held {
        // An idle feed exchanges 32 tags in a segment.
        assert!(
            (2..=3).contains(&runs) && headers <= 3 * (64 * 2 / 32 + 2),
            "{publisher}: {headers}, {runs}"
        );
    }
    assert_eq!(net.status(oin(READER)).refused.beyond_cap, 0);
    net.until(10, "whole", |net| involved(net) == ([oin(1), oin(PUBLISHER)].to_vec(), vec![]));
}
