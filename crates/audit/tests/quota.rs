//! Quotas as governors write them in the roster.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use audit::{Quota, QuotaAnswer};
use crypto::{Seed, SigningKey};
use domain::{KeyClass, Oin, Timestamp};
use roster::{
    Accountability, BulkAllowance, EpochRules, Governors, KeyholderRecord, Member, MemberKeys, OinBytes,
    RosterContent, Rules, VerifiedRoster, Witnesses, genesis,
};

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn oin(number: u8) -> Oin {
    Oin::test_number(number.into()).unwrap()
}

fn member(number: u8) -> Member {
    Member {
        oin: oin(number),
        name: format!("organisation {number}"),
        sector: "jeugd".parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: true,
        keys: MemberKeys {
            organisation: key(10 + number).verifying_key(),
            node: key(20 + number).verifying_key(),
            log: None,
            cosignature: None,
            privacy_officer: None,
            fg: None,
        },
        addresses: Vec::new(),
        contact_point: "dienst".to_owned(),
        relay: false,
    }
}

/// Everybody may ask 100 numbers and ten more each day; the second member more, and for a time much more.
fn roster() -> VerifiedRoster {
    let quota = |member, base, daily| roster::Quota { member, class: KeyClass::Bsn, base, daily };
    let bulk =
        |amount, expires| BulkAllowance { member: OinBytes(oin(2)), class: KeyClass::Bsn, amount, expires };
    let content = RosterContent {
        name: "test".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(1_000, 86_400),
            publish_interval_seconds: 2,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 30,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles: Vec::new(),
        legal_bases: Vec::new(),
        threshold: 2,
        keyholders: (1..=2).map(|index| KeyholderRecord { index: index.into(), oin: oin(index) }).collect(),
        members: (1..=3).map(member).collect(),
        governors: Governors { threshold: 1, keys: vec![key(1).verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability {
            witnesses: Witnesses { needed: 0, members: Vec::new() },
            quotas: vec![quota(None, 100, 10), quota(Some(OinBytes(oin(2))), 200, 20)],
            bulk_allowances: vec![bulk(5_000, 200_000), bulk(7, 300_000)],
            log_generations: Vec::new(),
        },
    };
    genesis(content, &[&key(1)]).unwrap().1
}

#[test]
fn a_quota_is_what_the_roster_says() {
    let (roster, began) = (roster(), Timestamp(1_000));
    for number in [1, 2] {
        let quota = Quota::of_member(&roster, &oin(number), KeyClass::Bsn).unwrap();
        // About the days and the ends of allowances, to the second.
        for now in [0, 1_000, 87_399, 87_400, 200_000, 200_001, 300_000, 300_001, 999_999] {
            let now = Timestamp(now);
            let days = now.since(began) / 86_400;
            let said = roster.quota(&oin(number), KeyClass::Bsn).unwrap().after_days(days)
                + roster.bulk_allowance(&oin(number), KeyClass::Bsn, now);
            assert_eq!(quota.allowance(began, now), said, "organisation {number} at {now:?}");
        }
    }
    assert_eq!(Quota::of_member(&roster, &oin(1), KeyClass::Weak), None, "the governors set none");
}

#[test]
fn a_member_that_asks_for_a_hundred_thousand_numbers_is_told_when() {
    let (roster, began) = (roster(), Timestamp(1_000));
    let quota = Quota::of_member(&roster, &oin(1), KeyClass::Bsn).unwrap();
    assert_eq!(quota.answer(100, began, began), QuotaAnswer::Allowed);
    let QuotaAnswer::TryAgainAt(moment) = quota.answer(100_000, began, began) else {
        panic!("a hundred thousand were allowed");
    };
    assert_eq!(moment.since(began), 9_990 * 86_400, "in 27 years, and keys live an epoch");
}
