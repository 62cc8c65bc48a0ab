//! What a node learns of its clock and of newer rosters from the heads of others.

use crypto::{Signed, TypeName, digest};
use domain::{Epoch, Oin, Timestamp};
use index::{FeedId, HeadDocument};
use protocol::feed::ClockComparison;
use testkit::{Founding, Simulation};

const DAY: u64 = 86_400;

/// A head as a member signs it whose clock is set differently: of another time, so of another epoch.
fn head(net: &Simulation, publisher: Oin, time: Timestamp, roster_version: u32) -> Vec<u8> {
    let roster = &net.founding().roster;
    let document = HeadDocument {
        kind: TypeName::new(),
        network: roster.network(),
        feed: FeedId { publisher, circle: net.founding().circle, epoch: Epoch(roster.epoch_at(time).0 + 1) },
        generation: 0,
        sequence: 1,
        header: digest("example header", &[]),
        time,
        backlog: false,
        roster_version,
        roster: roster.digest(),
        key_sets: Vec::new(),
    };
    Signed::sign(document, &Founding::organisation_key(publisher)).to_wire()
}

fn hear(net: &mut Simulation, publisher: Oin, time: Timestamp) {
    let frame = head(net, publisher, time, 1);
    net.inject_gossip(Founding::oin(1), frame);
}

fn clock(net: &mut Simulation) -> ClockComparison {
    net.status(Founding::oin(1)).clock
}

#[test]
fn the_clock_is_compared_with_the_middle_of_all() {
    let mut net = Simulation::new(Founding::uniform(5));
    assert_eq!(clock(&mut net), ClockComparison { members: 0, ahead_seconds: 0 });
    net.settle();
    assert_eq!(clock(&mut net), ClockComparison { members: 4, ahead_seconds: 0 });

    // One that says anything moves nobody but itself; a stranger counts for nothing.
    let now = net.now();
    hear(&mut net, Founding::oin(2), now.plus(3_650 * DAY));
    hear(&mut net, Founding::oin(99), now.plus(DAY));
    assert_eq!(clock(&mut net), ClockComparison { members: 4, ahead_seconds: 0 });

    // Most of them are a day ahead: the own clock is the one that is behind.
    for member in [3, 4, 5] {
        hear(&mut net, Founding::oin(member), now.plus(DAY));
    }
    let behind = ClockComparison { members: 4, ahead_seconds: -86_400 };
    assert_eq!(clock(&mut net), behind);
    // What is repeated later says nothing of the time now.
    net.jump(30);
    for member in [3, 4, 5] {
        hear(&mut net, Founding::oin(member), now.plus(DAY));
    }
    assert_eq!(clock(&mut net), behind);

    // The own clock is set right: what was heard before is no measure any more.
    net.jump(DAY);
    assert_eq!(clock(&mut net).members, 0);
    let now = net.now();
    hear(&mut net, Founding::oin(3), now);
    assert_eq!(clock(&mut net), ClockComparison { members: 1, ahead_seconds: 0 });
}

#[test]
fn a_newer_roster_is_heard_of() {
    let mut net = Simulation::new(Founding::uniform(3));
    net.settle();
    assert_eq!(net.status(Founding::oin(1)).newest_roster_heard, 1);
    let frame = head(&net, Founding::oin(2), net.now().plus(1), u32::MAX);
    net.inject_gossip(Founding::oin(1), frame);
    assert_eq!(net.status(Founding::oin(1)).newest_roster_heard, 1, "one member can say anything");
    let frame = head(&net, Founding::oin(3), net.now().plus(1), 7);
    net.inject_gossip(Founding::oin(1), frame);
    assert_eq!(net.status(Founding::oin(1)).newest_roster_heard, 7);
}
