//! Two lines of versions: what proves that governors signed two, and what brings a chain from one line to the other.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use crypto::{Digest, Seed, SigningKey};
use domain::{Oin, Timestamp};
use roster::{
    Accountability, EpochRules, FirstSight, Governors, KeyholderRecord, Member, MemberKeys, RosterChain,
    RosterContent, RosterError, Rules, SignedRoster, genesis,
};

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn content(name: &str) -> RosterContent {
    let member = |number: u8| Member {
        oin: Oin::test_number(number.into()).unwrap(),
        name: format!("organisation {number}"),
        sector: "ggz".parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: true,
        keys: MemberKeys::new(key(10 + number).verifying_key(), key(100 + number).verifying_key()),
        addresses: vec![],
        contact_point: "085-1234567".to_owned(),
        relay: false,
    };
    RosterContent {
        name: name.to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(1_000, 100_000),
            publish_interval_seconds: 2,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 30,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 100,
        },
        circles: vec![],
        legal_bases: vec![],
        threshold: 2,
        keyholders: (1..=3)
            .map(|n| KeyholderRecord { index: n, oin: Oin::test_number(n.into()).unwrap() })
            .collect(),
        members: (1..=5).map(member).collect(),
        governors: Governors { threshold: 2, keys: (1..=3).map(|n| key(n).verifying_key()).collect() },
        institutions: vec![],
        accountability: Accountability::default(),
    }
}

fn founded() -> RosterChain {
    RosterChain::found(genesis(content("a"), &[&key(1), &key(2)]).unwrap().0, None).unwrap()
}

fn with(chain: &RosterChain, version: &SignedRoster) -> RosterChain {
    let mut chain = chain.clone();
    chain.accept(version.clone()).unwrap();
    chain
}

fn next(chain: &RosterChain, name: &str, named: &[Digest]) -> SignedRoster {
    SignedRoster::resolving(chain.newest(), content(name), named, &[&key(1), &key(2)])
}

fn seen(at: u64) -> FirstSight {
    FirstSight { seen: Timestamp(at), sure: true }
}

#[test]
fn a_roster_is_beside_another_only_when_governors_signed_it_on_the_same_version() {
    let first = founded();
    let (one, other) = (next(&first, "one", &[]), next(&first, "other", &[]));
    let chain = with(&first, &one);
    let line = chain.beside(&other).unwrap();
    assert_eq!((line.newest().version(), line.newest().digest()), (2, other.digest()));
    assert_eq!(chain.fork(&line), Some(2));
    assert_eq!(chain.fork(&first), None);
    // The same, one that nobody signed, the genesis of another network, one after the other line.
    let unsigned = SignedRoster::next(first.newest(), content("no"), &[&key(1)]);
    let stranger = genesis(content("b"), &[&key(1), &key(2)]).unwrap().0;
    let mut later = line.clone();
    later.accept(next(&line, "later", &[])).unwrap();
    let later = later.signed().last().unwrap().clone();
    for refused in [&one, &unsigned, &stranger, &later] {
        assert!(chain.beside(refused).is_err());
    }
    // One that waits is held as well.
    let mut waits = first.clone();
    waits.receive(one, seen(2_000)).unwrap();
    assert_eq!(waits.waiting().len(), 1);
    waits.beside(&other).unwrap();
}

#[test]
fn a_chain_crosses_over_only_by_what_names_both_and_those_in_office_signed() {
    let first = founded();
    let (one, other) = (next(&first, "one", &[]), next(&first, "other", &[]));
    let (mut chain, line) = (with(&first, &one), with(&first, &other));
    let (one, other, third) = (one.digest(), other.digest(), Digest::from_bytes([9; 32]));
    for named in [vec![], vec![one, third], vec![other, third]] {
        let refused = chain.cross(with(&line, &next(&line, "x", &named)), seen(2_000));
        assert!(matches!(refused, Err(RosterError::NotResolving)), "{refused:?}");
    }
    let decision = next(&line, "other", &[one, other]);
    assert!(chain.cross(with(&line, &decision), seen(2_000)).unwrap());
    assert!(!chain.cross(with(&line, &decision), seen(2_050)).unwrap(), "known, and not counted anew");
    // It says more than the version in force here, so it waits, and nothing else that opens something is taken.
    assert_eq!(chain.crossing().unwrap().due, Timestamp(2_100));
    let refused = chain.receive(next(&chain, "more", &[]), seen(2_060));
    assert!(matches!(refused, Err(RosterError::Superseded)), "{refused:?}");
    assert!(!chain.ripen(Timestamp(2_099), true) && !chain.ripen(Timestamp(2_100), false));
    assert_eq!(chain.newest().digest(), one);
    assert!(chain.ripen(Timestamp(2_100), true));
    assert_eq!((chain.newest().version(), chain.newest().digest()), (3, decision.digest()));
    assert_eq!((chain.resolved_by(&one), chain.digest_of(2)), (Some(3), Some(other)));
    assert_eq!(chain.standing(2), Some(roster::Standing::PassedOver));
    assert!(chain.crossing().is_none());
    // The line that was left brings it back only by what names the decision too.
    let back = |named: &[Digest]| {
        let left = with(&first, &next(&first, "one", &[]));
        with(&left, &next(&left, "one", named))
    };
    assert!(matches!(chain.cross(back(&[one, other]), seen(3_000)), Err(RosterError::NotResolving)));
    assert!(chain.cross(back(&[one, other, decision.digest()]), seen(3_000)).unwrap());
}

#[test]
fn governors_of_one_line_alone_bring_nobody_over() {
    let first = founded();
    let handed_over = RosterContent {
        governors: Governors { threshold: 1, keys: vec![key(9).verifying_key()] },
        ..content("a")
    };
    let one = SignedRoster::next(first.newest(), handed_over, &[&key(1), &key(2)]);
    let other = next(&first, "other", &[]);
    let (mut chain, line) = (with(&first, &one), with(&first, &other));
    let named = [one.digest(), other.digest()];
    let refused = chain.cross(with(&line, &next(&line, "other", &named)), seen(2_000));
    assert!(matches!(refused, Err(RosterError::TooFewSignatures { .. })), "{refused:?}");
    let signed =
        SignedRoster::resolving(line.newest(), content("other"), &named, &[&key(1), &key(2), &key(9)]);
    assert!(chain.cross(with(&line, &signed), seen(2_000)).unwrap());
}

#[test]
fn what_takes_away_from_both_sides_is_at_once_on_both() {
    let first = founded();
    let without = |chain: &RosterChain, gone: &[u64], named: &[Digest]| {
        let mut content = content("a");
        content.members.retain(|member| !gone.iter().any(|n| member.oin == Oin::test_number(*n).unwrap()));
        SignedRoster::resolving(chain.newest(), content, named, &[&key(1), &key(2)])
    };
    let (one, other) = (without(&first, &[4], &[]), without(&first, &[5], &[]));
    let (mut chain, line) = (with(&first, &one), with(&first, &other));
    let decision = without(&line, &[4, 5], &[one.digest(), other.digest()]);
    assert!(chain.cross(with(&line, &decision), FirstSight { seen: Timestamp(7), sure: false }).unwrap());
    assert!(chain.ripen(Timestamp(7), false));
    assert_eq!(chain.newest().digest(), decision.digest());
}
