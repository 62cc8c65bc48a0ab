//! The main log of a node: what it holds, how it outlasts restarts, and how it is erased.

use std::collections::BTreeMap;

use audit::{
    Checkpoint, Details, Entry, EntryKind, Event, ExportVerifier, ExportedEntry, Origin, Verified, blocks_of,
};
use domain::{FamilyRef, NetworkId, Oin, Role, Timestamp};
use protocol::{Collection, Command, LogHashes, LogHead, Reply, Scope};
use testkit::{Founding, MemoryDisk, Simulation, family, person};

const DAY: u64 = 86_400;

fn school() -> Oin {
    Founding::oin(4)
}

fn network() -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5));
    net.seconds(30);
    net.settle();
    net
}

fn register(net: &mut Simulation, name: &str) {
    let signal = family(name, [person(Role::Parent).bsn("111222333")]);
    let reply = net.command(school(), Command::Import(vec![signal]));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
}

fn ask(net: &mut Simulation, name: &str) -> bool {
    match net.command(school(), Command::Who(FamilyRef::new(name).unwrap())) {
        Reply::Who(answer) => answer.is_ok(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn that_the_organisation_leaves_is_logged_as_what_its_operator_did() {
    let mut net = network();
    assert!(matches!(net.command(school(), Command::Leaving), Reply::Logged));
    let (entries, _) = read(net.disk(school()));
    let (last, _) = entries.last_key_value().unwrap().1;
    assert_eq!((last.event.kind(), last.role), (EntryKind::Leaving, audit::ActorRole::Operator));
}

/// What of a log can be read on a disk: its entries with their details, and what verifying them found.
fn read(disk: &MemoryDisk) -> (BTreeMap<u64, (Entry, Details)>, Verified) {
    let records = |collection| -> BTreeMap<u64, (Scope, Vec<u8>)> {
        let place = |key: &[u8]| u64::from_be_bytes(key.try_into().unwrap());
        disk.in_collection(collection)
            .map(|(scope, key, value)| (place(key), (scope, value.to_vec())))
            .collect()
    };
    let head =
        disk.in_collection(Collection::LogHead).next().map(|(.., value)| LogHead::from_bytes(value).unwrap());
    let tree = head.unwrap_or_default().tree;
    let (entries, details) = (records(Collection::LogEntry), records(Collection::LogDetails));
    let stored: BTreeMap<u64, LogHashes> = records(Collection::LogHashes)
        .into_iter()
        .map(|(place, (scope, value))| {
            assert_eq!(scope, Scope::Lasting);
            (place, LogHashes::from_bytes(&value).unwrap())
        })
        .collect();
    assert!(stored.keys().copied().eq(0..tree.size()), "{:?} of {}", stored.keys(), tree.size());
    let blocks = blocks_of(tree.size(), |place, level| stored[&place].hashes.get(level).copied()).unwrap();
    let origin = Origin::main_log(NetworkId::from_bytes([0; 32]), school());
    let mut verifier =
        ExportVerifier::new(Checkpoint { origin, size: tree.size(), root: tree.root() }, blocks, true);
    let mut readable = BTreeMap::new();
    for (place, hashes) in &stored {
        for of in [&entries, &details] {
            assert!(of.get(place).is_none_or(|(scope, _)| *scope == Scope::Month(hashes.month)));
        }
        let bytes = |of: &BTreeMap<u64, (Scope, Vec<u8>)>| of.get(place).map(|(_, value)| value.clone());
        let (entry, of_whom) = (bytes(&entries), bytes(&details));
        let (place, leaf) = (*place, hashes.hashes[0]);
        let leaf = audit::LeafHash::from_bytes(*leaf.as_bytes());
        let (entry, details) = (entry.as_deref(), of_whom.as_deref());
        if let Some((entry, details)) = verifier.next(ExportedEntry { place, leaf, entry, details }) {
            readable.insert(place, (entry, details.unwrap()));
        }
    }
    (readable, verifier.finish())
}

/// The entries of a kind about a family.
pub(crate) fn about(net: &Simulation, kind: EntryKind, name: &str) -> Vec<Event> {
    let (entries, _) = read(net.disk(school()));
    let is_meant = |entry: &Entry, details: &Details| {
        entry.event.kind() == kind && details.family.as_deref() == Some(name)
    };
    entries
        .into_values()
        .filter(|(entry, details)| is_meant(entry, details))
        .map(|(entry, _)| entry.event)
        .collect()
}

#[test]
fn a_question_is_logged_with_what_it_found_and_so_is_one_that_was_refused() {
    let mut net = network();
    register(&mut net, "a");
    net.seconds(5);
    net.settle();
    assert!(ask(&mut net, "a") && !ask(&mut net, "b"));
    assert_eq!(
        about(&net, EntryKind::Question, "a"),
        [Event::Question { families: 1, found: 0, complete: true }],
        "also a question that found nobody"
    );
    assert_eq!(about(&net, EntryKind::Refusal, "b"), [Event::Refusal { wanted: audit::Wanted::Question }]);
    assert_eq!(about(&net, EntryKind::SignalRegistered, "a"), [Event::SignalRegistered]);
    // The same again changes nothing, so there is nothing to log; withdrawing does.
    register(&mut net, "a");
    assert_eq!(about(&net, EntryKind::SignalChanged, "a"), []);
    net.command(
        school(),
        Command::Withdraw(vec![FamilyRef::new("a").unwrap(), FamilyRef::new("z").unwrap()]),
    );
    assert_eq!(about(&net, EntryKind::SignalWithdrawn, "a"), [Event::SignalWithdrawn]);
    assert_eq!(about(&net, EntryKind::SignalWithdrawn, "z"), []);
}

#[test]
fn the_log_goes_on_over_restarts_and_never_takes_a_place_twice() {
    let mut net = network();
    register(&mut net, "a");
    for run in 0..5 {
        net.restart(school());
        net.seconds(2);
        assert!(ask(&mut net, "a"), "run {run}");
    }
    let (entries, verified) = read(net.disk(school()));
    assert_eq!((verified.wrong, verified.erased), (None, 0));
    assert_eq!(verified.entries, entries.len() as u64);
    let of = |kind| entries.values().filter(|(entry, _)| entry.event.kind() == kind).count();
    assert_eq!((of(EntryKind::Question), of(EntryKind::Configuration)), (5, 6));
    // No two details share a salt, so no two commitments are alike, though they are about the same.
    let commitments: std::collections::BTreeSet<_> =
        entries.values().map(|(entry, _)| entry.details).collect();
    assert_eq!(commitments.len(), entries.len());
}

#[test]
fn what_is_older_than_its_retention_is_unreadable_and_the_tree_still_verifies() {
    let mut net = network();
    register(&mut net, "a");
    assert!(ask(&mut net, "a"));
    let (before, _) = read(net.disk(school()));
    let first: Timestamp = before[&0].0.time;
    let month = audit::Retention::default().last_month(EntryKind::Question, first);
    // Five years and the rest of the month: still there. A month later: not.
    let jump_to = |net: &mut Simulation, days: u64| {
        net.jump(first.plus(days * DAY).since(net.now()));
        net.seconds(30);
        net.settle();
    };
    jump_to(&mut net, 365 * 5);
    let (still, verified) = read(net.disk(school()));
    assert_eq!((verified.wrong, verified.erased), (None, 0));
    assert!(before.iter().all(|(place, held)| still.get(place) == Some(held)));
    jump_to(&mut net, 365 * 5 + 62);
    let (left, verified) = read(net.disk(school()));
    assert_eq!((verified.wrong, verified.erased), (None, before.len() as u64));
    assert!(before.keys().all(|place| !left.contains_key(place)));
    assert!(net.disk(school()).forgotten().contains(&Scope::Month(month)));
    let erased = |(entry, _): &(Entry, Details)| entry.event == Event::erasure(month);
    assert_eq!(
        left.values().filter(|entry| erased(entry)).count(),
        1,
        "and that it was erased is logged, once"
    );
    // A clock that is set back afterwards logs on, and into no month that is gone.
    net.restart(school());
    net.set_clock(school(), -(365 * 5 * DAY).cast_signed());
    assert!(!ask(&mut net, "b"));
    assert_eq!(about(&net, EntryKind::Refusal, "b").len(), 1);
}
