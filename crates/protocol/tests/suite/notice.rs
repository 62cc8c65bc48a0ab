//! Versions of the roster that wait for the end of their notice, on every node from its own first sight.

use std::convert::Infallible;

use domain::Timestamp;
use protocol::{Batch, Collection, Command, CommandId, Durable, Input, Kept, Node, Reply, Scope, Write};
use roster::{RosterContent, SignedRoster, VerifiedRoster};
use testkit::{Founding, MemoryDisk, Simulation};

const NOTICE: u32 = 600;

fn founding() -> Founding {
    Founding::uniform(4).with_rules(|rules| rules.notice_seconds = NOTICE)
}

fn settled() -> Simulation {
    let mut net = Simulation::new(founding());
    net.settle();
    net.until(120, "clocks are compared", |net| {
        (1..=4).all(|member| net.status(Founding::oin(member)).clock.members == 3)
    });
    net
}

fn install(net: &mut Simulation, member: usize, version: &SignedRoster) -> u32 {
    match net.command(Founding::oin(member), Command::InstallRoster(Box::new(version.clone()))) {
        Reply::Roster(outcome) => outcome.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Version in force and, of those that wait, number and moment.
fn stands(net: &mut Simulation, member: usize) -> (u32, Vec<(u32, Timestamp)>) {
    let status = net.status(Founding::oin(member));
    let waiting = status.rosters_waiting.iter().map(|one| (one.roster.version(), one.due)).collect();
    (status.roster_version, waiting)
}

fn due(net: &mut Simulation, member: usize) -> Timestamp {
    let (version, waiting) = stands(net, member);
    assert_eq!((version, waiting.len()), (1, 1), "member {member}");
    waiting[0].1
}

fn versions(net: &mut Simulation) -> Vec<u32> {
    (1..=4).map(|member| stands(net, member).0).collect()
}

/// Renames the network: nothing that only takes away.
fn renamed(content: &mut RosterContent) {
    content.name = "renamed".to_owned();
}

/// The version after `held` with what that one says, changed.
fn after(held: &VerifiedRoster, change: impl FnOnce(&mut RosterContent)) -> SignedRoster {
    let mut content = RosterContent::from(held.document().clone());
    change(&mut content);
    Founding::version_after(held, content)
}

#[test]
fn every_node_counts_from_its_own_first_sight_also_over_a_restart() {
    let mut net = settled();
    net.disconnect(Founding::oin(4));
    let second = after(&net.founding().roster.clone(), renamed);
    assert_eq!(install(&mut net, 1, &second), 1, "what is in force stays");
    let first_seen = net.now();
    net.until(20, "told by one member to the others", |net| {
        (1..=3).all(|member| stands(net, member).1.len() == 1)
    });
    assert_eq!(due(&mut net, 1), first_seen.plus(NOTICE.into()));
    let by_others = [due(&mut net, 2), due(&mut net, 3)];
    assert!(by_others.iter().all(|due| *due >= first_seen.plus(NOTICE.into())), "{by_others:?}");

    // One restarts, and one that was away sees it later.
    net.seconds(200);
    net.restart(Founding::oin(2));
    assert_eq!(due(&mut net, 2), by_others[0], "known since then, not since the restart");
    net.reconnect(Founding::oin(4));
    net.until(70, "seen there too", |net| stands(net, 4).1.len() == 1);
    let late = due(&mut net, 4);
    assert!(late >= first_seen.plus(200 + u64::from(NOTICE)), "{late}");

    let before = first_seen.plus(u64::from(NOTICE) - 1).since(net.now());
    net.seconds(before);
    assert_eq!(versions(&mut net), [1, 1, 1, 1]);
    net.until(40, "in force where it was seen first", |net| versions(net)[..3] == [2, 2, 2]);
    assert_eq!(versions(&mut net)[3], 1, "not where it was seen later");
    let left = late.since(net.now());
    net.until(left + 20, "and there in its turn", |net| versions(net) == [2, 2, 2, 2]);
    assert!(net.now() >= late);
    // On disk it is as any other.
    net.restart(Founding::oin(3));
    assert_eq!(stands(&mut net, 3), (2, vec![]));
    net.settle();
    assert_eq!(net.status(Founding::oin(1)).refused, protocol::Refused::default());
}

#[test]
fn a_removal_during_a_notice_is_at_once_and_takes_the_opening_back() {
    let mut net = settled();
    let genesis = net.founding().roster.clone();
    let second = after(&genesis, renamed);
    install(&mut net, 1, &second);
    net.until(20, "it waits", |net| (1..=4).all(|member| stands(net, member).1.len() == 1));
    // What the version in force says, without a member, after the one that waits.
    let waits = genesis.successor(&second).unwrap();
    let mut content = RosterContent::from(genesis.document().clone());
    content.members.retain(|member| member.oin != Founding::oin(4));
    let third = Founding::version_after(&waits, content);
    assert_eq!(install(&mut net, 2, &third), 3);
    net.until(20, "out", |net| (1..=3).all(|member| stands(net, member) == (3, vec![])));
    let held = waits.successor(&third).unwrap();
    for member in [1, 2, 3] {
        net.restart(Founding::oin(member));
        assert_eq!(stands(&mut net, member), (3, vec![]));
        assert_eq!(net.roster(Founding::oin(member)).unwrap().name(), "test");
    }
    // And a version after it finds its place.
    install(&mut net, 1, &after(&held, renamed));
    net.until(20, "it waits", |net| (1..=3).all(|member| stands(net, member).1.len() == 1));
}

#[test]
fn a_removal_reaches_a_node_that_was_away_at_once_where_it_takes_away_from_what_is_in_force_there() {
    let mut net = settled();
    net.disconnect(Founding::oin(4));
    let genesis = net.founding().roster.clone();
    let wider = |content: &mut RosterContent| content.rules.live_tags += 1;
    let second = after(&genesis, wider);
    install(&mut net, 1, &second);
    net.until(u64::from(NOTICE) + 60, "in force", |net| versions(net)[..3] == [2, 2, 2]);
    // One that also takes the opening back takes away from either; one that does not only from what the others have.
    let held = genesis.successor(&second).unwrap();
    let unentitled = |content: &mut RosterContent| content.members[0].bsn_entitled = false;
    let third = after(&held, unentitled);
    install(&mut net, 1, &third);
    net.until(20, "at once", |net| versions(net)[..3] == [3, 3, 3]);
    net.reconnect(Founding::oin(4));
    net.until(70, "both wait", |net| stands(net, 4).1.len() == 2);
    assert_eq!(stands(&mut net, 4).0, 1, "no part of a version holds without the rest");
    let back = |content: &mut RosterContent| content.rules.live_tags -= 1;
    let fourth = after(&held.successor(&third).unwrap(), back);
    install(&mut net, 4, &fourth);
    assert_eq!(stands(&mut net, 4), (4, vec![]), "at once, and what waited with it is passed over");
    assert!(!net.roster(Founding::oin(4)).unwrap().members()[0].bsn_entitled);
}

/// Before the number of a version in a record's key, when the record says how the version stands.
const MARK: [u8; 4] = [0; 4];

/// The keys of the records of rosters, in the order in which they are written.
#[derive(Default)]
struct Written(Vec<Vec<u8>>);

impl Durable for Written {
    type Error = Infallible;

    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Infallible> {
        self.0.extend(writes.into_iter().filter_map(|write| match write {
            Write::Put { collection: Collection::Roster, key, .. } => Some(key),
            _ => None,
        }));
        Ok(())
    }

    fn read(&mut self, _: Scope, _: Collection, _: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(None)
    }
}

#[test]
fn that_a_version_waits_is_written_before_it_and_that_one_was_passed_over_after_what_took_its_place() {
    let founding = founding();
    let genesis = founding.roster.clone();
    let second = after(&genesis, renamed);
    let mut content = RosterContent::from(genesis.document().clone());
    content.members.retain(|member| member.oin != Founding::oin(4));
    let third = Founding::version_after(&genesis.successor(&second).unwrap(), content);
    let disk = MemoryDisk::default();
    let now = Timestamp(1_800_000_000);
    let mut node = Node::new(founding.config(Founding::oin(1), 1), Kept::default(), &disk, now);
    let mut install = |version: SignedRoster, id: u64| {
        let command = Command::InstallRoster(Box::new(version));
        let mut batch = Batch::default();
        for step in node.handle(Input::Command { id: CommandId(id), command }, now) {
            batch.push(step);
        }
        let mut written = Written::default();
        let Ok(_) = batch.commit(&mut written);
        let starts = written.0.iter().map(|key| key[..4].to_vec()).collect::<Vec<_>>();
        starts.into_iter().filter(|start| *start != 1_u32.to_be_bytes()).collect::<Vec<_>>()
    };
    assert_eq!(install(second, 1), [MARK, 2_u32.to_be_bytes()]);
    assert_eq!(install(third, 2), [3_u32.to_be_bytes(), MARK]);
}

#[test]
fn a_stop_between_two_steps_puts_nothing_in_force_that_waits() {
    let mut net = settled();
    let genesis = net.founding().roster.clone();
    let second = after(&genesis, renamed);
    install(&mut net, 1, &second);
    let seen = due(&mut net, 1);
    let marks = |net: &Simulation| -> Vec<(Vec<u8>, Vec<u8>)> {
        let held = net.disk(Founding::oin(1)).in_collection(Collection::Roster);
        let held = held.filter(|(_, key, _)| key.starts_with(&MARK));
        held.map(|(_, key, value)| (key.to_vec(), value.to_vec())).collect()
    };
    let waits = marks(&net);
    assert_eq!(waits.len(), 1);
    net.restart(Founding::oin(1));
    assert_eq!(due(&mut net, 1), seen);

    // A removal is on disk, and not yet that what it follows on was passed over.
    let mut content = RosterContent::from(genesis.document().clone());
    content.members.retain(|member| member.oin != Founding::oin(4));
    let third = Founding::version_after(&genesis.successor(&second).unwrap(), content);
    install(&mut net, 1, &third);
    let mut disk = net.disk(Founding::oin(1)).clone();
    assert_ne!(marks(&net), waits);
    for (key, value) in waits {
        disk.put(Collection::Roster, key, value);
    }
    for member in 2..=4 {
        net.disconnect(Founding::oin(member));
    }
    net.restart_from(Founding::oin(1), disk);
    net.second();
    assert_eq!(stands(&mut net, 1), (3, vec![]));
    assert_eq!(net.roster(Founding::oin(1)).unwrap().name(), "test", "what waited never was in force");
    net.restart(Founding::oin(1));
    assert_eq!(stands(&mut net, 1), (3, vec![]));
}

#[test]
fn a_clock_that_is_set_ends_no_notice() {
    let mut net = settled();
    let second = after(&net.founding().roster.clone(), renamed);
    install(&mut net, 1, &second);
    net.until(20, "it waits", |net| (1..=4).all(|member| stands(net, member).1.len() == 1));
    let due = due(&mut net, 2);
    net.set_clock(Founding::oin(2), 100_000);
    net.seconds(120);
    assert_eq!(stands(&mut net, 2).0, 1, "ahead");
    net.restart(Founding::oin(2));
    net.seconds(120);
    assert_eq!(stands(&mut net, 2).0, 1, "ahead, also after a restart");
    net.set_clock(Founding::oin(2), -100_000);
    net.seconds(120);
    assert_eq!(stands(&mut net, 2).0, 1, "behind");
    net.set_clock(Founding::oin(2), 0);
    let left = due.since(net.now());
    net.seconds(left.saturating_sub(1));
    assert_eq!(stands(&mut net, 2).0, 1, "not too early");
    net.until(180, "and no later for it", |net| stands(net, 2).0 == 2);
}
