//! Which changes wait, how long, and what a clock that is set does to that.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

use crypto::{Digest, Seed, SigningKey};
use domain::{CircleId, KeyClass, Oin, Timestamp};
use roster::{
    Accountability, BulkAllowance, Circle, EpochRules, FirstSight, Governors, Institution, KeyholderRecord,
    LegalBasis, LegalBasisText, LogGeneration, Member, MemberKeys, OinBytes, OpenPair, Quota, RosterChain,
    RosterContent, RosterError, Rules, SignedRoster, Standing, VerifiedRoster, Witnesses, genesis,
    only_narrows,
};

const NOTICE: u32 = 100;

type Change = fn(&mut RosterContent);

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
        sector: if number == 5 { "school" } else { "zorg" }.parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: number != 5,
        keys: MemberKeys {
            cosignature: Some(key(40 + number).verifying_key()),
            ..MemberKeys::new(key(10 + number).verifying_key(), key(20 + number).verifying_key())
        },
        addresses: vec!["192.0.2.1:7310".to_owned()],
        contact_point: "dienst".to_owned(),
        relay: false,
    }
}

fn pair(publisher: &str, reader: &str) -> OpenPair {
    OpenPair::new(publisher.parse().unwrap(), reader.parse().unwrap())
}

fn basis(code: &str, valid_until: Option<u64>) -> LegalBasis {
    LegalBasis {
        code: code.parse().unwrap(),
        article: "1".to_owned(),
        avg6: "6.1.e".to_owned(),
        avg9: None,
        secrecy: None,
        consent_required: false,
        valid_until,
    }
}

fn content() -> RosterContent {
    RosterContent {
        name: "test".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules { anchor_epoch: 5, ..EpochRules::starting(1_000, 600) },
            publish_interval_seconds: 2,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 30,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: NOTICE,
        },
        circles: vec![Circle {
            id: CircleId::from_bytes([1; 16]),
            name: "jeugd".to_owned(),
            purpose: "samenwerken".to_owned(),
            legal_bases: ["a", "b"].map(|code| LegalBasisText(code.parse().unwrap())).to_vec(),
            open: vec![pair("school", "zorg"), pair("zorg", "zorg")],
            trial: false,
        }],
        legal_bases: vec![basis("a", Some(9_000)), basis("b", None)],
        threshold: 2,
        keyholders: (1..=3).map(|index| KeyholderRecord { index: index.into(), oin: oin(index) }).collect(),
        members: (1..=6).map(member).collect(),
        governors: Governors { threshold: 2, keys: (1..=3).map(|n| key(n).verifying_key()).collect() },
        institutions: Vec::new(),
        accountability: Accountability {
            witnesses: Witnesses { needed: 3, members: (1..=4).map(|n| OinBytes(oin(n))).collect() },
            quotas: vec![
                Quota { member: None, class: KeyClass::Bsn, base: 100, daily: 10 },
                Quota { member: Some(OinBytes(oin(4))), class: KeyClass::Bsn, base: 50, daily: 5 },
            ],
            bulk_allowances: vec![BulkAllowance {
                member: OinBytes(oin(4)),
                class: KeyClass::Bsn,
                amount: 70,
                expires: 5_000,
            }],
            log_generations: Vec::new(),
        },
    }
}

fn signed_after(held: &VerifiedRoster, content: RosterContent) -> SignedRoster {
    SignedRoster::next(held, content, &[&key(1), &key(2)])
}

fn remove(content: &mut RosterContent, number: u8) {
    content.members.retain(|member| member.oin != oin(number));
    content.keyholders.retain(|held| held.oin != oin(number));
    let granted = &mut content.accountability;
    granted.witnesses.members.retain(|one| one.0 != oin(number));
    granted.quotas.retain(|quota| quota.member != Some(OinBytes(oin(number))));
    granted.bulk_allowances.retain(|one| one.member.0 != oin(number));
}

/// Whether a change takes effect at once; and whether its opposite does.
fn check(what: &str, change: Change, at_once: bool, back_at_once: bool) {
    let before = genesis(content(), &[&key(1), &key(2)]).unwrap().1;
    let mut changed = content();
    change(&mut changed);
    let after = before.successor(&signed_after(&before, changed)).unwrap();
    assert_ne!(RosterContent::from(after.document().clone()), before.document().clone().into(), "{what}");
    let seen = Some(Timestamp(1_650));
    assert_eq!(only_narrows(before.document(), after.document(), seen), at_once, "{what}");
    assert_eq!(only_narrows(after.document(), before.document(), seen), back_at_once, "back from: {what}");
}

#[test]
fn what_only_takes_away_is_at_once_and_all_else_waits() {
    // The second column: whether it takes effect at once. The third: whether taking it back does.
    let changes: [(&str, Change, bool, bool); 42] = [
        ("a member goes", |c| remove(c, 6), true, false),
        ("a member with grants goes", |c| remove(c, 4), true, false),
        ("a keyholder and witness goes", |c| remove(c, 3), true, false),
        ("readers go", |c| drop(c.circles[0].open.pop()), true, false),
        ("a circle goes", |c| c.circles.clear(), true, false),
        ("an entitlement goes", |c| c.members[0].bsn_entitled = false, true, false),
        ("a keyholder is suspended", |c| c.keyholders.truncate(2), true, false),
        ("a legal basis goes from a circle", |c| drop(c.circles[0].legal_bases.pop()), true, false),
        (
            "a legal basis goes from a pair",
            |c| c.circles[0].open[0].legal_bases = vec![LegalBasisText("a".parse().unwrap())],
            true,
            false,
        ),
        (
            "every legal basis of the circle is written out",
            |c| c.circles[0].open[0].legal_bases = c.circles[0].legal_bases.clone(),
            true,
            true,
        ),
        ("a legal basis ends earlier", |c| c.legal_bases[0].valid_until = Some(8_000), true, false),
        ("a legal basis ends at last", |c| c.legal_bases[1].valid_until = Some(8_000), true, false),
        ("a quota shrinks", |c| c.accountability.quotas[0].base = 99, true, false),
        ("a quota shrinks a day", |c| c.accountability.quotas[0].daily = 9, true, false),
        (
            "one is more, one is less",
            |c| {
                (c.accountability.quotas[0].base, c.accountability.quotas[0].daily) = (1, 11);
            },
            false,
            false,
        ),
        (
            "a class gets a quota",
            |c| {
                let quota = Quota { class: KeyClass::Weak, ..c.accountability.quotas[0] };
                c.accountability.quotas.push(quota);
            },
            true,
            false,
        ),
        ("a small quota of its own goes", |c| c.accountability.quotas.truncate(1), false, true),
        ("an allowance shrinks", |c| c.accountability.bulk_allowances[0].amount = 69, true, false),
        ("an allowance goes", |c| c.accountability.bulk_allowances.clear(), true, false),
        ("an allowance lasts longer", |c| c.accountability.bulk_allowances[0].expires = 5_001, false, false),
        (
            "the next epoch starts early",
            |c| {
                (c.rules.epoch.anchor_epoch, c.rules.epoch.anchor_time) = (7, 1_650);
            },
            true,
            false,
        ),
        (
            "an epoch is left out",
            |c| {
                (c.rules.epoch.anchor_epoch, c.rules.epoch.anchor_time) = (8, 1_650);
            },
            false,
            false,
        ),
        ("an epoch begins again", |c| c.rules.epoch.anchor_time = 1_650, false, false),
        ("an epoch lasts longer", |c| c.rules.epoch.length_seconds = 601, false, false),
        (
            "everything that goes at once",
            |c| {
                remove(c, 6);
                c.circles[0].open.pop();
                c.members[1].bsn_entitled = false;
                c.accountability.quotas[0].base = 1;
            },
            true,
            false,
        ),
        (
            "something that goes and something that comes",
            |c| {
                remove(c, 6);
                c.members[4].bsn_entitled = true;
            },
            false,
            false,
        ),
        ("a member comes", |c| c.members.push(member(7)), false, true),
        ("readers come", |c| c.circles[0].open.push(pair("school", "school")), false, true),
        ("an entitlement comes", |c| c.members[4].bsn_entitled = true, false, true),
        (
            "a keyholder comes",
            |c| {
                c.keyholders.push(KeyholderRecord { index: 4, oin: oin(4) });
                c.threshold = 3;
            },
            false,
            false,
        ),
        ("a keyholder has another index", |c| c.keyholders[2].index = 4, false, false),
        ("the keyholders' threshold", |c| c.threshold = 3, false, false),
        ("governors", |c| c.governors.keys[0] = key(9).verifying_key(), false, false),
        ("the governors' threshold", |c| c.governors.threshold = 3, false, false),
        (
            "a witness goes and the member stays",
            |c| {
                c.accountability.witnesses.members.pop();
            },
            false,
            false,
        ),
        ("cosignatures", |c| c.accountability.witnesses.needed = 4, false, false),
        (
            "a log goes on",
            |c| {
                c.accountability.log_generations.push(LogGeneration {
                    member: OinBytes(oin(1)),
                    generation: 1,
                    size: 1,
                    root: Digest::from_bytes([1; 32]),
                })
            },
            false,
            false,
        ),
        ("keys", |c| c.members[0].keys.organisation = key(99).verifying_key(), false, false),
        ("an address", |c| c.members[0].addresses.clear(), false, false),
        ("a sector", |c| c.members[0].sector = "school".parse().unwrap(), false, false),
        ("the notice period", |c| c.rules.notice_seconds = NOTICE - 1, false, false),
        (
            "a name, a longer notice, an institution",
            |c| {
                c.name = "anders".to_owned();
                c.rules.notice_seconds = NOTICE + 1;
                c.institutions.push(Institution {
                    postcode: "1234AB".to_owned(),
                    number: 1,
                    letter: None,
                    addition: None,
                });
            },
            false,
            false,
        ),
    ];
    for (what, change, at_once, back_at_once) in changes {
        check(what, change, at_once, back_at_once);
    }
}

#[test]
fn an_early_epoch_is_at_once_only_around_the_moment_at_which_it_is_first_seen() {
    let before = genesis(content(), &[&key(1), &key(2)]).unwrap().1;
    let at_once = |epoch: u32, anchor: u64, seen: Option<u64>| {
        let mut changed = content();
        (changed.rules.epoch.anchor_epoch, changed.rules.epoch.anchor_time) = (epoch, anchor);
        let after = before.successor(&signed_after(&before, changed)).unwrap();
        only_narrows(before.document(), after.document(), seen.map(Timestamp))
    };
    // From 1600 to 2200 epoch 6 runs.
    assert!(at_once(7, 1_650, Some(1_650)));
    assert!(at_once(7, 1_650, Some(2_199)), "seen later in the same epoch");
    assert!(at_once(7, 1_950, Some(1_650)), "a clock five minutes behind");
    assert!(!at_once(7, 1_951, Some(1_650)), "the anchor lies ahead");
    assert!(!at_once(106, 1_000 + 100 * 600, Some(1_650)), "a hundred epochs ahead");
    assert!(!at_once(7, 1_650, Some(2_200)), "the epoch is another meanwhile");
    assert!(!at_once(8, 2_200, Some(2_199)), "the next epoch is left out");
    assert!(!at_once(7, 1_650, None), "no clock says when");
}

#[test]
fn an_early_epoch_waits_for_a_clock_that_others_bear_out() {
    let early: Change = |c| (c.rules.epoch.anchor_epoch, c.rules.epoch.anchor_time) = (7, 1_650);
    let mut chain = chain();
    chain.receive(next(&chain, early), FirstSight { seen: Timestamp(1_650), sure: false }).unwrap();
    assert!(!chain.ripen(Timestamp(1_650), false));
    assert!(chain.ripen(Timestamp(1_651), true), "at once as soon as they do");

    let ahead: Change = |c| (c.rules.epoch.anchor_epoch, c.rules.epoch.anchor_time) = (106, 61_000);
    let mut chain = self::chain();
    chain.receive(next(&chain, ahead), seen(1_650)).unwrap();
    assert!(!chain.ripen(Timestamp(1_650), true));
    assert_eq!((chain.newest().epoch_at(Timestamp(1_650)).0, dues(&chain)), (6, vec![1_750]));
}

#[test]
fn a_legal_basis_that_comes_to_hold_because_a_pair_goes_waits() {
    let only_a = || vec![LegalBasisText("a".parse().unwrap())];
    let mut founded = content();
    founded.circles[0].open = vec![
        OpenPair { legal_bases: only_a(), ..pair("school", "school") },
        pair("school", "zorg"),
        OpenPair { legal_bases: only_a(), ..pair("zorg", "zorg") },
    ];
    let before = genesis(founded.clone(), &[&key(1), &key(2)]).unwrap().1;
    let circle = before.circles()[0].id;
    let code = "b".parse().unwrap();
    let holds =
        |roster: &VerifiedRoster, by: u8| roster.basis_holds(&circle, &oin(by), &code, Timestamp(2_000));
    let after = |change: Change| {
        let mut changed = founded.clone();
        change(&mut changed);
        before.successor(&signed_after(&before, changed)).unwrap()
    };
    let at_once = |after: &VerifiedRoster| only_narrows(before.document(), after.document(), None);

    // The one pair that did not name b goes: it holds for all that schools publish.
    let opened = after(|c| drop(c.circles[0].open.remove(0)));
    assert!(!holds(&before, 5) && holds(&opened, 5));
    assert!(!at_once(&opened));
    // The only pair of a sector goes: it publishes nothing, and b would hold for lack of pairs.
    let silent = after(|c| drop(c.circles[0].open.pop()));
    assert!(!holds(&before, 1) && holds(&silent, 1));
    assert!(!at_once(&silent));
    // The same without the basis, or without anybody for whom it would hold, opens nothing.
    assert!(at_once(&after(|c| {
        c.circles[0].open.pop();
        c.circles[0].legal_bases.pop();
    })));
    assert!(at_once(&after(|c| {
        remove(c, 5);
        c.circles[0].open.remove(0);
    })));
    assert!(at_once(&after(|c| drop(c.circles[0].open.remove(1)))), "what a keeps to itself");
}

#[test]
fn that_fewer_witnesses_suffice_waits_also_when_one_of_them_goes() {
    let mut founded = content();
    founded.accountability.witnesses.needed = 4;
    let before = genesis(founded.clone(), &[&key(1), &key(2)]).unwrap().1;
    remove(&mut founded, 4);
    founded.accountability.witnesses.needed = 3;
    let after = before.successor(&signed_after(&before, founded)).unwrap();
    assert!(!only_narrows(before.document(), after.document(), None));
}

fn chain() -> RosterChain {
    RosterChain::found(genesis(content(), &[&key(1), &key(2)]).unwrap().0, None).unwrap()
}

/// The version after the last one known, with what that one says, changed.
fn next(chain: &RosterChain, change: Change) -> SignedRoster {
    let last = chain.waiting().last().map_or(chain.newest(), |waiting| &waiting.roster);
    let mut content = RosterContent::from(last.document().clone());
    change(&mut content);
    signed_after(last, content)
}

fn seen(at: u64) -> FirstSight {
    FirstSight { seen: Timestamp(at), sure: true }
}

fn dues(chain: &RosterChain) -> Vec<u64> {
    chain.waiting().iter().map(|waiting| waiting.due.0).collect()
}

const WIDEN: Change = |c| c.members[4].bsn_entitled = true;
const WIDEN_MORE: Change = |c| c.circles[0].open.push(pair("school", "school"));
const NARROW: Change = |c| remove(c, 6);

#[test]
fn a_version_that_opens_something_waits_from_its_first_sight() {
    let mut chain = chain();
    assert!(chain.receive(next(&chain, WIDEN), seen(2_000)).unwrap());
    assert!(!chain.ripen(Timestamp(2_099), true));
    assert_eq!((chain.newest().version(), dues(&chain)), (1, vec![2_100]));
    assert_eq!(chain.standing(2), Some(Standing::Waits));
    assert!(!chain.newest().member(&oin(5)).unwrap().bsn_entitled);
    assert!(chain.after(1).is_some(), "it is served to others");
    // Seen again it begins nothing anew.
    let again = chain.after(1).unwrap().clone();
    assert!(!chain.receive(again, seen(2_050)).unwrap());
    assert!(chain.ripen(Timestamp(2_100), true));
    assert_eq!((chain.newest().version(), chain.waiting().len()), (2, 0));
    assert!(chain.newest().member(&oin(5)).unwrap().bsn_entitled);

    let mut at_once = self::chain();
    at_once.receive(next(&at_once, NARROW), seen(2_000)).unwrap();
    assert!(at_once.ripen(Timestamp(0), false), "whatever the clock says");
    assert_eq!(at_once.newest().version(), 2);
}

#[test]
fn a_later_version_builds_on_one_that_waits() {
    // What opens more waits for itself, and never comes before what it builds on.
    let mut chain = chain();
    chain.receive(next(&chain, WIDEN), seen(2_000)).unwrap();
    chain.receive(next(&chain, WIDEN_MORE), seen(2_040)).unwrap();
    assert_eq!(dues(&chain), [2_100, 2_140]);
    assert!(chain.ripen(Timestamp(2_100), true));
    assert_eq!((chain.newest().version(), dues(&chain)), (2, vec![2_140]));
    assert!(chain.ripen(Timestamp(2_140), true));
    assert_eq!(chain.newest().version(), 3);

    // What only narrows the one that waits opens nothing that was not seen already: both together.
    let mut chain = self::chain();
    chain.receive(next(&chain, WIDEN), seen(2_000)).unwrap();
    chain.receive(next(&chain, NARROW), seen(2_040)).unwrap();
    assert_eq!(dues(&chain), [2_100, 2_100]);
    assert!(!chain.ripen(Timestamp(2_099), true));
    assert!(chain.ripen(Timestamp(2_100), true));
    assert_eq!(chain.newest().version(), 3);
    assert_eq!(chain.standing(2), Some(Standing::Taken));

    // One that was seen first by a clock ahead, or at the same moment, keeps its place.
    let mut chain = self::chain();
    chain.receive(next(&chain, WIDEN), seen(2_000)).unwrap();
    chain.receive(next(&chain, WIDEN_MORE), seen(1_990)).unwrap();
    assert_eq!(dues(&chain), [2_100, 2_100]);
}

#[test]
fn a_version_that_takes_the_opening_back_is_at_once_and_what_waited_was_never_in_force() {
    let mut chain = chain();
    // Three keyholders of an attacker's choice, and back to what was, without a member.
    chain
        .receive(
            next(&chain, |c| {
                c.keyholders =
                    (1..=3).map(|n| KeyholderRecord { index: 10 + u16::from(n), oin: oin(3 + n) }).collect()
            }),
            seen(2_000),
        )
        .unwrap();
    let planned = chain.waiting()[0].roster.keyholder_section().digest();
    let last = chain.waiting()[0].roster.clone();
    let mut urgent = content();
    remove(&mut urgent, 6);
    chain.receive(signed_after(&last, urgent), seen(2_010)).unwrap();
    assert!(chain.ripen(Timestamp(2_010), false), "the removal waits for nobody");
    assert_eq!(chain.newest().version(), 3);
    assert!(chain.newest().member(&oin(6)).is_none());
    assert_eq!((chain.standing(2), chain.standing(3)), (Some(Standing::PassedOver), Some(Standing::Taken)));
    // Keys that they would make are worth nothing.
    assert!(chain.section(&planned).is_none());
    assert_eq!(chain.section_version(&chain.newest().keyholder_section().digest()), 1);
    // What was taken back waits anew.
    chain.receive(next(&chain, WIDEN), seen(2_020)).unwrap();
    assert_eq!(dues(&chain), [2_120]);

    // A node that reads this chain from its folder is told which it was.
    let versions: Vec<SignedRoster> = chain.all().cloned().collect();
    let mut again = RosterChain::found(versions[0].clone(), None).unwrap();
    again.accept_passed_over(versions[1].clone()).unwrap();
    again.accept(versions[2].clone()).unwrap();
    assert!(again.section(&planned).is_none());
    assert_eq!(again.standing(2), Some(Standing::PassedOver));
}

#[test]
fn a_clock_that_is_set_neither_ends_a_notice_nor_begins_it() {
    let mut chain = chain();
    chain.receive(next(&chain, WIDEN), seen(2_000)).unwrap();
    // Far ahead, and nobody agrees.
    assert!(!chain.ripen(Timestamp(9_000_000), false));
    // Back again: nothing was lost of what had passed.
    assert!(!chain.ripen(Timestamp(2_099), true));
    assert!(chain.ripen(Timestamp(2_100), true));

    // First seen by a clock that stands years behind: its notice begins when the clock is right.
    let mut chain = self::chain();
    chain.receive(next(&chain, WIDEN), FirstSight { seen: Timestamp(5), sure: false }).unwrap();
    assert!(!chain.ripen(Timestamp(2_000), true));
    assert_eq!((dues(&chain), chain.waiting()[0].notice), (vec![2_100], seen(2_000)));
    assert!(chain.ripen(Timestamp(2_100), true));
}

#[test]
fn the_notice_in_force_holds_for_a_version_that_shortens_it() {
    let mut chain = chain();
    chain.receive(next(&chain, |c| c.rules.notice_seconds = 0), seen(2_000)).unwrap();
    chain.receive(next(&chain, WIDEN), seen(2_001)).unwrap();
    assert_eq!(dues(&chain), [2_100, 2_101]);
    assert!(chain.ripen(Timestamp(2_100), true));
    // From here on there is none.
    assert!(chain.ripen(Timestamp(2_100), true));
    assert_eq!(chain.newest().version(), 3);

    // Without a notice period nothing waits, whatever the clock says.
    let mut none = content();
    none.rules.notice_seconds = 0;
    let mut chain = RosterChain::found(genesis(none, &[&key(1), &key(2)]).unwrap().0, None).unwrap();
    chain.receive(next(&chain, WIDEN), FirstSight { seen: Timestamp(0), sure: false }).unwrap();
    assert!(chain.ripen(Timestamp(0), false));
}

#[test]
fn no_more_versions_wait_than_are_kept_but_an_urgent_one_is_always_taken() {
    let mut chain = chain();
    for _ in 0..16 {
        chain.receive(next(&chain, |c| c.name.push('x')), seen(2_000)).unwrap();
    }
    let refused = chain.receive(next(&chain, |c| c.name.push('x')), seen(2_000));
    assert!(matches!(refused, Err(RosterError::TooManyWaiting)), "{refused:?}");
    let last = chain.waiting().last().unwrap().roster.clone();
    let mut urgent = content();
    remove(&mut urgent, 6);
    chain.receive(signed_after(&last, urgent), seen(2_000)).unwrap();
    assert!(chain.ripen(Timestamp(2_000), true));
    assert_eq!((chain.newest().version(), chain.waiting().len()), (18, 0));
}

fn usurped() -> RosterChain {
    let mut chain = chain();
    let change: Change = |c| c.governors = Governors { threshold: 1, keys: vec![key(9).verifying_key()] };
    chain.receive(next(&chain, change), seen(2_000)).unwrap();
    chain
}

#[test]
fn one_that_waits_is_signed_by_the_governors_of_the_one_before_it_and_by_those_in_office() {
    let mut chain = usurped();
    let last = chain.waiting()[0].roster.clone();
    let mut wider = content();
    WIDEN(&mut wider);
    let by_old = signed_after(&last, wider.clone());
    assert!(matches!(chain.receive(by_old, seen(2_000)), Err(RosterError::TooFewSignatures { .. })));
    let by_new = SignedRoster::next(&last, wider.clone(), &[&key(9)]);
    assert!(matches!(chain.receive(by_new.clone(), seen(2_000)), Err(RosterError::GovernorsWait)));
    let by_both = SignedRoster::next(&last, wider, &[&key(1), &key(2), &key(9)]);
    chain.clone().receive(by_both, seen(2_000)).unwrap();
    // Once they are in office they need nobody else.
    assert!(chain.ripen(Timestamp(2_100), true));
    chain.receive(by_new, seen(2_100)).unwrap();
}

#[test]
fn governors_who_wait_put_nothing_in_force_and_those_in_office_take_the_change_back() {
    let mut urgent = content();
    remove(&mut urgent, 6);
    // What only takes away from the version in force is not even kept when only those sign it who wait.
    let mut chain = usurped();
    let last = chain.waiting()[0].roster.clone();
    let refused = chain.receive(SignedRoster::next(&last, urgent.clone(), &[&key(9)]), seen(2_000));
    assert!(matches!(refused, Err(RosterError::GovernorsWait)), "{refused:?}");
    assert!(!chain.ripen(Timestamp(2_000), true));
    assert_eq!((chain.newest().version(), dues(&chain)), (1, vec![2_100]));

    // Those in office need nobody, and what they signed is verified by whoever reads the chain later.
    let mut chain = usurped();
    let last = chain.waiting()[0].roster.clone();
    let one = SignedRoster::next(&last, urgent.clone(), &[&key(1)]);
    assert!(matches!(chain.receive(one, seen(2_010)), Err(RosterError::TooFewSignatures { .. })));
    chain.receive(signed_after(&last, urgent), seen(2_010)).unwrap();
    assert!(chain.ripen(Timestamp(2_010), false));
    assert_eq!((chain.newest().version(), chain.standing(2)), (3, Some(Standing::PassedOver)));
    assert_eq!(
        chain.newest().document().governors,
        genesis(content(), &[&key(1), &key(2)]).unwrap().1.document().governors
    );
    let versions: Vec<SignedRoster> = chain.all().cloned().collect();
    let mut told = RosterChain::found(versions[0].clone(), None).unwrap();
    told.accept_passed_over(versions[1].clone()).unwrap();
    told.accept(versions[2].clone()).unwrap();
    let mut untold = RosterChain::found(versions[0].clone(), None).unwrap();
    untold.accept(versions[1].clone()).unwrap();
    untold.accept(versions[2].clone()).unwrap();
    // But the change itself is nothing that those before could take on.
    let mut wider = content();
    WIDEN(&mut wider);
    let mut later = RosterChain::found(versions[0].clone(), None).unwrap();
    later.accept(versions[1].clone()).unwrap();
    let refused = later.accept(signed_after(&last, wider));
    assert!(matches!(refused, Err(RosterError::TooFewSignatures { .. })), "{refused:?}");
}
