//! Witnesses, quotas, allowances and generations of logs: what a roster may say, and what it answers.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use crypto::{Digest, SealingKey, Seed, SigningKey};
use domain::{KeyClass, Oin, Timestamp};
use roster::{
    Accountability, BulkAllowance, EpochRules, Governors, KeyholderRecord, LogGeneration, Member, MemberKeys,
    OinBytes, Quota, RosterContent, RosterError, Rules, SignedRoster, VerifiedRoster, Witnesses, genesis,
};

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn oin(number: u8) -> Oin {
    Oin::test_number(number.into()).unwrap()
}

fn named(number: u8) -> OinBytes {
    OinBytes(oin(number))
}

fn member(number: u8) -> Member {
    let officer = |at: u8| Some(SealingKey::from_seed(&Seed::from_bytes([at + number; 32])).public());
    Member {
        oin: oin(number),
        name: format!("organisation {number}"),
        sector: "jeugd".parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: true,
        keys: MemberKeys {
            organisation: key(10 + number).verifying_key(),
            node: key(20 + number).verifying_key(),
            log: Some(key(30 + number).verifying_key()),
            cosignature: Some(key(40 + number).verifying_key()),
            privacy_officer: officer(50),
            fg: officer(60),
        },
        addresses: Vec::new(),
        contact_point: "dienst".to_owned(),
        relay: false,
    }
}

fn quota(member: Option<OinBytes>, class: KeyClass, base: u32, daily: u32) -> Quota {
    Quota { member, class, base, daily }
}

fn allowance(amount: u32, expires: u64) -> BulkAllowance {
    BulkAllowance { member: named(2), class: KeyClass::Bsn, amount, expires }
}

fn generation(generation: u32) -> LogGeneration {
    LogGeneration { member: named(3), generation, size: 17, root: Digest::from_bytes([8; 32]) }
}

/// Five members, the first four of them witnesses.
fn content() -> RosterContent {
    RosterContent {
        name: "test".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(1_000, 86_400),
            publish_interval_seconds: 2,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 30,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 9,
        },
        circles: Vec::new(),
        legal_bases: Vec::new(),
        threshold: 2,
        keyholders: (1..=3).map(|index| KeyholderRecord { index: index.into(), oin: oin(index) }).collect(),
        members: (1..=5).map(member).collect(),
        governors: Governors { threshold: 1, keys: vec![key(1).verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability {
            witnesses: Witnesses { needed: 3, members: (1..=4).map(named).collect() },
            quotas: vec![
                quota(Some(named(2)), KeyClass::Bsn, 7, 3),
                quota(None, KeyClass::Weak, 200, 20),
                quota(None, KeyClass::Bsn, 100, 10),
            ],
            bulk_allowances: vec![allowance(50, 3_000), allowance(5, 2_000)],
            log_generations: vec![generation(2), generation(1)],
        },
    }
}

fn found(content: RosterContent) -> Result<VerifiedRoster, RosterError> {
    genesis(content, &[&key(1)]).map(|(_, roster)| roster)
}

#[test]
fn what_governors_grant_is_found_by_member_class_and_moment() {
    let roster = found(content()).unwrap();
    for (who, class, days, allowed) in [
        (1, KeyClass::Bsn, 0, 100),
        (1, KeyClass::Bsn, 3, 130),
        (1, KeyClass::Weak, 3, 260),
        (2, KeyClass::Bsn, 3, 16),
        (2, KeyClass::Weak, 0, 200),
    ] {
        assert_eq!(roster.quota(&oin(who), class).unwrap().after_days(days), allowed, "{who} {class} {days}");
    }
    assert_eq!(
        quota(None, KeyClass::Bsn, u32::MAX, u32::MAX).after_days(u64::MAX),
        u64::MAX,
        "no overflow on a clock that is far ahead"
    );
    for (who, class, now, allowed) in [
        (2, KeyClass::Bsn, 2_000, 55),
        (2, KeyClass::Bsn, 2_001, 50),
        (2, KeyClass::Bsn, 3_001, 0),
        (2, KeyClass::Weak, 0, 0),
        (1, KeyClass::Bsn, 0, 0),
    ] {
        assert_eq!(roster.bulk_allowance(&oin(who), class, Timestamp(now)), allowed, "{who} {class} {now}");
    }
    let numbers: Vec<u32> = roster.log_generations(&oin(3)).map(|one| one.generation).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(roster.log_generations(&oin(1)).count(), 0);
    assert_eq!(roster.log_key(&oin(5)), Some(key(35).verifying_key()));
    assert_eq!(roster.cosignature_key(&oin(5)), Some(key(45).verifying_key()));
    assert_ne!(roster.privacy_officer_key(&oin(5)), roster.fg_key(&oin(5)));
    assert_eq!(roster.log_key(&oin(9)), None);
}

#[test]
fn nobody_witnesses_its_own_log() {
    let roster = found(content()).unwrap();
    let policy = roster.witness_policy(&oin(5));
    assert_eq!((policy.witnesses.len(), policy.needed), (4, 3));
    assert_eq!(policy.witnesses[&oin(4)], key(44).verifying_key());
    let policy = roster.witness_policy(&oin(4));
    assert_eq!(policy.witnesses.keys().copied().collect::<Vec<_>>(), [oin(1), oin(2), oin(3)]);
    assert_eq!(policy.needed, 3);
    assert!(roster.is_witness(&oin(4)) && !roster.is_witness(&oin(5)));

    // Of two, both must cosign for others, and the other one for each of them.
    let mut two = content();
    two.accountability.witnesses = Witnesses { needed: 2, members: vec![named(1), named(2)] };
    let roster = found(two).unwrap();
    assert_eq!(roster.witness_policy(&oin(5)).needed, 2);
    assert_eq!(roster.witness_policy(&oin(1)).needed, 1);

    let roster = found(RosterContent { accountability: Accountability::default(), ..content() }).unwrap();
    assert_eq!(roster.witness_policy(&oin(1)).needed, 0);
    assert_eq!(roster.quota(&oin(1), KeyClass::Bsn), None);
}

#[test]
fn what_contradicts_itself_is_refused_whoever_signs_it() {
    type Spoil = fn(&mut RosterContent);
    let spoilt: [(&str, Spoil); 17] = [
        ("two thirds are not more than two thirds", |c| {
            c.accountability.witnesses = Witnesses { needed: 2, members: (1..=3).map(named).collect() };
        }),
        ("more than there are", |c| c.accountability.witnesses.needed = 5),
        ("none needed", |c| c.accountability.witnesses.needed = 0),
        ("needed of nobody", |c| c.accountability.witnesses.members.clear()),
        ("one alone", |c| {
            c.accountability.witnesses = Witnesses { needed: 1, members: vec![named(1)] };
        }),
        ("a witness twice", |c| c.accountability.witnesses.members[0] = named(2)),
        ("a witness that is no member", |c| c.accountability.witnesses.members[3] = named(9)),
        ("a witness without key", |c| c.members[0].keys.cosignature = None),
        ("a quota twice", |c| c.accountability.quotas.push(quota(None, KeyClass::Bsn, 1, 1))),
        ("a stranger's quota", |c| c.accountability.quotas[0].member = Some(named(9))),
        ("an allowance twice", |c| c.accountability.bulk_allowances.push(allowance(50, 3_000))),
        ("a stranger's allowance", |c| c.accountability.bulk_allowances[0].member = named(9)),
        ("a generation twice", |c| c.accountability.log_generations.push(generation(2))),
        ("generation 0", |c| c.accountability.log_generations.push(generation(0))),
        ("a stranger's generation", |c| c.accountability.log_generations[0].member = named(9)),
        ("one key for two uses", |c| c.members[0].keys.log = c.members[0].keys.cosignature),
        ("one key of two members", |c| c.members[0].keys.log = Some(c.members[1].keys.organisation)),
    ];
    for (what, spoil) in spoilt {
        let mut content = content();
        spoil(&mut content);
        let refused = found(content);
        assert!(matches!(refused, Err(RosterError::Inconsistent(_))), "{what}: {refused:?}");
    }
    let mut giant = content();
    giant.accountability.log_generations = (1..=20_001).map(generation).collect();
    let refusal = found(giant).unwrap_err().to_string();
    assert!(refusal.contains("larger than any network"), "{refusal}");
}

#[test]
fn what_says_nothing_takes_no_bytes_and_has_no_second_spelling() {
    let plain = || {
        let mut content = content();
        content.accountability = Accountability::default();
        content.rules.notice_seconds = 0;
        content
    };
    let wire = |content: RosterContent| SignedRoster::draft(None, content).unwrap().to_wire();
    // Fourteen fields as before; with a fifteenth it is another document.
    assert_eq!(wire(plain())[4], 0x8e);
    assert_eq!(wire(content())[4], 0x8f);
    // What lies before a field that says something is null.
    let mut only_generations = plain();
    only_generations.accountability.log_generations = vec![generation(1)];
    let read = SignedRoster::parse(&wire(only_generations.clone())).unwrap().claimed().unwrap();
    assert_eq!(RosterContent::from(read.document), only_generations);
}

#[test]
fn the_signed_form_is_the_golden_one() {
    let (signed, roster) = genesis(content(), &[&key(1)]).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!(
        "# A genesis roster with every field. Regenerate with BLESS=1 cargo test -p roster.\nsigned = {}\ndigest = {}\n",
        hex(&signed.to_wire()),
        roster.digest(),
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/accountability.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a format changed; if meant, run with BLESS=1");
    let again = SignedRoster::parse(&signed.to_wire()).unwrap();
    assert_eq!(&again.claimed().unwrap().document, roster.document());
}
