//! An own feed that nobody may read for a while is kept, and one that is no chain on disk begins a generation.

use crypto::{Seed, Signed, SigningKey, Unverified};
use domain::{Epoch, FamilyRef, Oin, Role};
use index::{FeedId, HeaderDocument, Publisher};
use protocol::{Collection, Command, Notice, Reply, Scope};
use roster::SignedRoster;
use testkit::{Founding, Simulation, family, person};

const PUBLISHER: usize = 4;
const READER: usize = 5;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn involved(net: &mut Simulation) -> Vec<Oin> {
    match net.command(oin(READER), Command::Who(FamilyRef::new("x").unwrap())) {
        Reply::Who(Ok(answer)) => answer.involved.iter().map(|found| found.organisation).collect(),
        other => panic!("{other:?}"),
    }
}

fn matched() -> Simulation {
    let mother = || {
        person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
    };
    let mut net = Simulation::new(Founding::uniform(5).without_full_sets());
    net.command(oin(PUBLISHER), Command::Import(vec![family("a", [mother()])]));
    net.command(oin(READER), Command::Import(vec![family("x", [mother()])]));
    net.settle();
    net.seconds(10);
    net.settle();
    assert_eq!(involved(&mut net), [oin(PUBLISHER)]);
    net
}

/// The headers of the publisher's feed on somebody's disk, in order.
fn headers(net: &Simulation, holder: usize) -> Vec<Signed<HeaderDocument>> {
    let key = Founding::organisation_key(oin(PUBLISHER)).verifying_key();
    let kept = net.disk(oin(holder)).kept();
    let headers = kept.records.iter().filter(|(collection, ..)| *collection == Collection::Header);
    headers
        .filter_map(|(.., wire)| Unverified::<HeaderDocument>::parse(wire).ok()?.verify(&key).ok())
        .collect()
}

fn assert_chain(headers: &[Signed<HeaderDocument>]) {
    assert!(headers.len() > 2);
    for pair in headers.windows(2) {
        let [before, after] = pair else { unreachable!("windows of two") };
        assert_eq!(after.document().sequence, before.document().sequence + 1);
        assert_eq!(after.document().previous, Some(before.digest()));
    }
}

fn assert_nobody_is_accused(net: &Simulation) {
    for member in 1..=5 {
        let accused = |notice: &Notice| matches!(notice, Notice::Equivocation { .. });
        assert!(!net.notices(oin(member)).iter().any(accused), "at member {member}");
    }
}

fn install(net: &mut Simulation, version: u32, signed: &SignedRoster) {
    net.command(oin(1), Command::InstallRoster(Box::new(signed.clone())));
    net.until(20, "everybody has the version", |net| {
        (1..=5).all(|member| net.status(oin(member)).roster_version == version)
    });
}

#[test]
fn a_feed_without_readers_is_kept_over_a_restart_and_goes_on_when_it_has_readers_again() {
    let mut net = matched();
    let founding = net.founding().clone();
    let before = headers(&net, PUBLISHER);
    let closed = founding.next(&founding.roster, |content| {
        content.circles.iter_mut().for_each(|circle| circle.open.clear());
    });
    install(&mut net, 2, &closed);
    assert_eq!(involved(&mut net), []);
    net.restart(oin(PUBLISHER));
    net.seconds(6);
    assert!(net.status(oin(PUBLISHER)).published, "there is nobody to publish to");
    assert!(net.status(oin(PUBLISHER)).hearing.is_empty(), "and nobody to hear");
    let held = founding.roster.successor(&closed).unwrap();
    install(&mut net, 3, &founding.next(&held, |_| {}));
    for _ in 0..2 {
        net.seconds(6);
        net.settle();
        for holder in [PUBLISHER, READER] {
            let held = headers(&net, holder);
            assert_chain(&held);
            assert!(held.len() > before.len());
            assert!(held.iter().zip(&before).all(|(now, then)| now.digest() == then.digest()));
        }
        assert_eq!(involved(&mut net), [oin(PUBLISHER)]);
        net.restart(oin(PUBLISHER));
        net.restart(oin(READER));
    }
    assert_nobody_is_accused(&net);
}

#[test]
fn headers_on_disk_that_are_no_chain_lead_to_a_generation_above_them() {
    let mut net = matched();
    let mut disk = net.disk(oin(PUBLISHER)).clone();
    let before = headers(&net, PUBLISHER);
    let feed = before.first().unwrap().document().feed;
    // As if the node had forgotten its feed and signed the first two anew.
    let mut anew = Publisher::new(net.founding().roster.network(), feed);
    for _ in 0..2 {
        let segment = anew.segment(net.now(), &Founding::organisation_key(oin(PUBLISHER))).unwrap();
        let key = header_key(&feed, segment.header.document().sequence);
        disk.put_in(Scope::Epoch(Epoch(1)), Collection::Header, key, segment.header.to_wire());
        disk.put_in(
            Scope::Epoch(Epoch(1)),
            Collection::Body,
            segment.body.digest().as_bytes().to_vec(),
            segment.body.to_bytes(),
        );
    }
    net.restart_from(oin(PUBLISHER), disk);
    for _ in 0..2 {
        net.seconds(8);
        net.settle();
        for holder in [PUBLISHER, READER] {
            let held = headers(&net, holder);
            assert_chain(&held);
            let first = held.first().unwrap().document();
            assert_eq!(first.generation, 1);
            assert_eq!(first.sequence, before.last().unwrap().document().sequence + 1);
        }
        assert_eq!(involved(&mut net), [oin(PUBLISHER)]);
        net.restart(oin(PUBLISHER));
    }
    assert_nobody_is_accused(&net);
}

#[test]
fn a_header_on_disk_that_its_successor_does_not_name_counts_only_with_its_own_signature() {
    let mut net = matched();
    let before = headers(&net, READER);
    assert_chain(&before);
    let feed = before.first().unwrap().document().feed;
    // In the middle of the run, and its newest.
    for place in [1, before.len() - 1] {
        let mut document = before[place].document().clone();
        document.time = document.time.plus(1);
        let stranger = SigningKey::from_seed(&Seed::from_bytes([0xee; 32]));
        let forged = Signed::sign(document, &stranger);
        let mut disk = net.disk(oin(READER)).clone();
        let key = header_key(&feed, forged.document().sequence);
        disk.put_in(Scope::Epoch(Epoch(1)), Collection::Header, key, forged.to_wire());
        net.restart_from(oin(READER), disk);
        net.settle();
        net.seconds(8);
        net.settle();
        let held = headers(&net, READER);
        assert_chain(&held);
        assert!(held.iter().zip(&before).all(|(now, then)| now.digest() == then.digest()));
        assert_eq!(involved(&mut net), [oin(PUBLISHER)]);
    }
    assert_nobody_is_accused(&net);
}

fn header_key(feed: &FeedId, sequence: u64) -> Vec<u8> {
    [
        feed.publisher.as_bytes().as_slice(),
        feed.circle.as_bytes(),
        &feed.epoch.0.to_be_bytes(),
        &sequence.to_be_bytes(),
    ]
    .concat()
}
