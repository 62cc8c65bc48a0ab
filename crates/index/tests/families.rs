//! Own families against tags of others: what is probed, what counts, what is forgotten.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::collections::BTreeSet;

use crypto::{PseudonymKey, Tag, Tagger, digest};
use domain::{
    Certainty, CircleId, Epoch, Family, FamilyRef, KeyClass, Oin, Person, PersonalText, Role, Unit,
};
use index::{FeedId, Hit, Matches, OwnFamilies, Participation, UnitMatrix};
use linkage::{DeriveOptions, FamilyKeys, FieldKind, HouseholdSuppression, LinkageKey, derive};

const CIRCLE: CircleId = CircleId::from_bytes([1; 16]);

const EPOCH: Epoch = Epoch(1);

fn feed(circle: CircleId) -> FeedId {
    FeedId { publisher: other(), circle, epoch: EPOCH }
}

fn other() -> Oin {
    Oin::test_number(2).unwrap()
}

fn reference(text: &str) -> FamilyRef {
    FamilyRef::new(text).unwrap()
}

fn keys(bsn: &str) -> FamilyKeys {
    let mut parent = Person::new(Role::Parent);
    parent.bsn = Some(bsn.parse().unwrap());
    parent.name.given_names = Some(PersonalText::new("name", "Anna").unwrap());
    parent.name.surname = Some(PersonalText::new("name", "Zonneveld").unwrap());
    parent.born = Some("1987-05-12".parse().unwrap());
    let suppressed = HouseholdSuppression::default();
    let options = DeriveOptions {
        bsn_entitled: true,
        today: "2026-11-21".parse().unwrap(),
        suppressed_households: &suppressed,
    };
    derive(&Family::new(vec![parent], None).unwrap(), &options)
}

fn in_circle() -> Participation {
    Participation { circles: BTreeSet::from([CIRCLE]), publishes: true, unit: None }
}

/// The pseudonym that every organisation would get for this key.
fn pseudonym(key: &LinkageKey) -> PseudonymKey {
    PseudonymKey::from_bytes(*digest("test", &[key.kind().dutch().as_bytes(), key.value()]).as_bytes())
}

/// Adds a family and names its keys without pseudonym.
fn insert(own: &mut OwnFamilies, family: FamilyRef, keys: FamilyKeys, how: Participation) -> Vec<LinkageKey> {
    own.insert(family.clone(), keys, how);
    own.missing(EPOCH, &family)
}

fn evaluate(own: &mut OwnFamilies, missing: Vec<LinkageKey>) {
    for key in missing {
        own.set_pseudonym(EPOCH, &key, pseudonym(&key));
    }
}

/// Tags of another organisation that knows the same keys.
fn published(keys: &FamilyKeys, publisher: &Oin, circle: &CircleId) -> Vec<Tag> {
    let mut tags: Vec<Tag> =
        keys.keys().map(|key| Tagger::new(&pseudonym(key)).tag(publisher, circle)).collect();
    tags.sort();
    tags
}

#[test]
fn a_family_is_found_by_the_tags_of_its_keys_and_only_those() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    assert!(!own.is_evaluated(EPOCH, &reference("a"), &KeyClass::ALL));
    assert!(own.tags(&reference("a"), &feed(CIRCLE)).is_empty(), "nothing is published without its key");
    evaluate(&mut own, missing);
    assert!(own.is_evaluated(EPOCH, &reference("a"), &KeyClass::ALL));
    let same = published(&keys("111222333"), &other(), &CIRCLE);
    assert_eq!(own.probe(&feed(CIRCLE), &same).len(), same.len());
    let elsewhere = CircleId::from_bytes([2; 16]);
    for (publisher, circle, why) in [
        (Oin::test_number(3).unwrap(), CIRCLE, "another organisation's tags differ"),
        (other(), elsewhere, "another circle's tags differ"),
    ] {
        assert!(
            own.probe(&feed(CIRCLE), &published(&keys("111222333"), &publisher, &circle)).is_empty(),
            "{why}"
        );
    }
    assert!(own.probe(&feed(elsewhere), &published(&keys("111222333"), &other(), &elsewhere)).is_empty());
}

#[test]
fn families_that_share_a_key_have_it_evaluated_once_and_both_find() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    assert!(!missing.is_empty());
    assert_eq!(insert(&mut own, reference("b"), keys("111222333"), in_circle()).len(), missing.len());
    evaluate(&mut own, missing);
    assert!(insert(&mut own, reference("c"), keys("111222333"), in_circle()).is_empty());
    let hits = own.probe(&feed(CIRCLE), &published(&keys("111222333"), &other(), &CIRCLE));
    let found: BTreeSet<&str> = hits.iter().map(|hit| hit.family.as_str()).collect();
    assert_eq!(found, BTreeSet::from(["a", "b", "c"]));
    own.remove(&reference("a"));
    own.remove(&reference("b"));
    own.remove(&reference("c"));
    assert!(own.is_empty());
    assert!(own.probe(&feed(CIRCLE), &published(&keys("111222333"), &other(), &CIRCLE)).is_empty());
}

#[test]
fn a_family_outside_every_circle_needs_no_evaluation_and_finds_nothing() {
    let mut own = OwnFamilies::default();
    assert!(insert(&mut own, reference("a"), keys("111222333"), Participation::default()).is_empty());
    assert!(own.is_evaluated(EPOCH, &reference("a"), &KeyClass::ALL));
    let tags = published(&keys("111222333"), &other(), &CIRCLE);
    assert!(own.prober(EPOCH, [&reference("a")]).probe(&feed(CIRCLE), &tags).is_empty());
}

#[test]
fn some_families_are_probed_as_all_are_in_small_feeds_and_in_large_ones() {
    let bsns = ["111222333", "123456782", "999999990", "100000009"];
    let mut own = OwnFamilies::default();
    for bsn in bsns {
        let missing = insert(&mut own, reference(bsn), keys(bsn), in_circle());
        evaluate(&mut own, missing);
    }
    // One more family carries the keys of the first.
    assert!(insert(&mut own, reference("again"), keys(bsns[0]), in_circle()).is_empty());
    insert(&mut own, reference("closed"), keys(bsns[1]), Participation::default());
    let of_two: Vec<Tag> =
        [bsns[0], bsns[1]].into_iter().flat_map(|bsn| published(&keys(bsn), &other(), &CIRCLE)).collect();
    let drawn =
        |n: u32| Tag::from_bytes([n.to_le_bytes(), [7; 4], [8; 4], [9; 4]].concat().try_into().unwrap());
    let sorted = |hits: Vec<Hit>| -> BTreeSet<(FamilyRef, LinkageKey)> {
        hits.into_iter().map(|hit| (hit.family, hit.key)).collect()
    };
    for others in [0, 100_000] {
        let mut tags: Vec<Tag> = of_two.iter().copied().chain((0..others).map(drawn)).collect();
        tags.sort();
        let all = sorted(own.probe(&feed(CIRCLE), &tags));
        assert!(!all.is_empty());
        let families: Vec<FamilyRef> = own.families().cloned().collect();
        assert_eq!(sorted(own.prober(EPOCH, &families).probe(&feed(CIRCLE), &tags)), all);
        for family in &families {
            let mut its_own = all.clone();
            its_own.retain(|(of, _)| of == family);
            assert_eq!(sorted(own.prober(EPOCH, [family]).probe(&feed(CIRCLE), &tags)), its_own, "{others}");
        }
    }
    let elsewhere = FeedId { epoch: Epoch(EPOCH.0 + 1), ..feed(CIRCLE) };
    assert!(own.prober(EPOCH, own.families()).probe(&elsewhere, &of_two).is_empty());
}

#[test]
fn matches_say_what_changed_and_how_sure() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    evaluate(&mut own, missing);
    let mut matches = Matches::default();
    let hits = own.probe(&feed(CIRCLE), &published(&keys("111222333"), &other(), &CIRCLE));
    assert_eq!(matches.add(feed(CIRCLE), hits.clone()).len(), 1);
    assert!(matches.add(feed(CIRCLE), hits).is_empty(), "the same hits again change nothing");
    let involved = matches.involved(&reference("a"), &own, |_, _| true);
    assert_eq!((involved.len(), involved[0].certainty), (1, Certainty::Certain));
    assert!(!involved[0].basis.is_empty());
    assert_eq!(matches.remove_family(&reference("a")), [feed(CIRCLE)]);
    assert!(matches.involved(&reference("a"), &own, |_, _| true).is_empty());
}

#[test]
fn the_same_agreeing_keys_are_explained_alike_however_they_came_and_after_a_restart() {
    let numberless = |keys: &FamilyKeys| {
        let weak = keys.keys().filter(|key| key.kind().class() == KeyClass::Weak);
        weak.map(|key| Hit { family: reference("a"), key: key.clone() }).collect::<Vec<Hit>>()
    };
    let mut own = OwnFamilies::default();
    insert(&mut own, reference("a"), keys("111222333"), in_circle());
    let hits = numberless(&keys("111222333"));
    let elsewhere = FeedId { epoch: Epoch(EPOCH.0 + 1), ..feed(CIRCLE) };
    let explained = |matches: &Matches, own: &OwnFamilies| {
        let mut involved = matches.involved(&reference("a"), own, |_, _| true);
        assert_eq!(involved.len(), 1);
        involved.remove(0).explanation
    };
    let mut matches = Matches::default();
    let kept = matches.add(feed(CIRCLE), hits.clone());
    let first = explained(&matches, &own);
    let [person] = first.persons.as_slice() else { panic!("{first:?}") };
    assert_eq!((person.source.person, person.source.role), (0, Role::Parent));
    assert_eq!(person.agreed, [FieldKind::Surname, FieldKind::Initial, FieldKind::BirthDate]);
    assert_eq!((person.unconfirmed.as_slice(), person.is_contradicted), (&[FieldKind::Bsn][..], false));

    // Once more, the other way round and in another epoch.
    matches.add(elsewhere, hits.into_iter().rev().collect());
    assert_eq!(explained(&matches, &own), first);
    // From disk, with the family registered anew.
    let (mut restarted, mut read) = (OwnFamilies::default(), Matches::default());
    kept.into_iter().for_each(|record| read.restore(record));
    insert(&mut restarted, reference("a"), keys("111222333"), in_circle());
    assert_eq!(explained(&read, &restarted), first);
    insert(&mut restarted, reference("a"), keys("111222333"), in_circle());
    assert_eq!(explained(&read, &restarted), first);
}

#[test]
fn a_changed_record_keeps_the_pseudonyms_of_keys_that_stay() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    let all = missing.len();
    evaluate(&mut own, missing);
    let changed = insert(&mut own, reference("a"), keys("123456782"), in_circle());
    assert_eq!(changed.len(), 1, "only the other BSN is new, of {all} keys");
    assert!(
        insert(&mut own, reference("a"), keys("111222333"), in_circle()).len() == 1,
        "the old BSN was let go"
    );
    assert!(insert(&mut own, reference("a"), keys("111222333"), Participation::default()).is_empty());
    assert!(
        !insert(&mut own, reference("a"), keys("111222333"), in_circle()).is_empty(),
        "closed families keep nothing"
    );
}

fn unit(name: &str) -> Option<Unit> {
    Some(Unit::new("unit", name).unwrap())
}

/// Families of two units that see each other, all of the same parent.
fn crowd(families: usize) -> (OwnFamilies, UnitMatrix) {
    let mut matrix = UnitMatrix::default();
    matrix.open(unit("a"), unit("b"));
    matrix.open(unit("b"), unit("a"));
    let mut own = OwnFamilies::default();
    for at in 0..families {
        let how = Participation { unit: unit(if at % 2 == 0 { "a" } else { "b" }), ..in_circle() };
        own.insert(reference(&format!("{at:05}")), keys("111222333"), how);
    }
    (own, matrix)
}

#[test]
fn a_key_of_very_many_families_brings_none_of_them_together() {
    for (families, found) in [(2, 1), (64, 1), (65, 0), (5_000, 0)] {
        let (own, matrix) = crowd(families);
        for asker in ["00000", "00001"] {
            assert_eq!(own.units_involved(&reference(asker), &matrix).len(), found, "{families} families");
        }
    }
    // Whoever makes a key too common changes the answer of all who carry it; after that nobody is looked at.
    let sharing = |families| crowd(families).0.sharing(&reference("00000")).len();
    assert_eq!((sharing(64), sharing(65), sharing(66), sharing(5_000)), (63, 64, 0, 0));
}

#[test]
fn of_one_unit_the_strongest_pair_counts() {
    let (mut own, matrix) = crowd(1);
    let how = || Participation { unit: unit("b"), ..in_circle() };
    own.insert(reference("weak"), keys("123456782"), how());
    let involved = |own: &OwnFamilies| own.units_involved(&reference("00000"), &matrix);
    assert_eq!(
        involved(&own)[0].certainty,
        Certainty::Probable,
        "another number, the same name and birth date"
    );
    assert_eq!(involved(&own)[0].explanation.persons[0].unconfirmed, [FieldKind::Bsn]);
    own.insert(reference("strong"), keys("111222333"), how());
    assert_eq!((involved(&own).len(), involved(&own)[0].certainty), (1, Certainty::Certain));
    assert_eq!(involved(&own)[0].explanation.persons[0].unconfirmed, [], "of the pair that counts");
    let elsewhere = Participation { circles: BTreeSet::from([CircleId::from_bytes([2; 16])]), ..how() };
    own.insert(reference("strong"), keys("111222333"), elsewhere);
    assert_eq!(involved(&own)[0].certainty, Certainty::Probable, "the other serves another purpose");
}

#[test]
fn keys_that_go_take_nothing_of_the_others_with_them() {
    let bsns = ["111222333", "123456782", "999999990", "100000009", "100000010", "100000022"];
    let mut own = OwnFamilies::default();
    for bsn in bsns {
        let missing = insert(&mut own, reference(bsn), keys(bsn), in_circle());
        evaluate(&mut own, missing);
    }
    // The first, one in the middle, the last, and one that comes back.
    for (gone, comes_back) in [(bsns[0], true), (bsns[3], false), (bsns[5], false), (bsns[1], true)] {
        own.remove(&reference(gone));
        if comes_back {
            let missing = insert(&mut own, reference(gone), keys(gone), in_circle());
            evaluate(&mut own, missing);
        }
        for bsn in bsns {
            let tags = published(&keys(bsn), &other(), &CIRCLE);
            let found: BTreeSet<FamilyRef> =
                own.probe(&feed(CIRCLE), &tags).into_iter().map(|hit| hit.family).collect();
            assert_eq!(
                found.contains(&reference(bsn)),
                own.keys(&reference(bsn)).is_some(),
                "{bsn} without {gone}"
            );
            assert_eq!(
                own.prober(EPOCH, [&reference(bsn)]).probe(&feed(CIRCLE), &tags).is_empty(),
                own.keys(&reference(bsn)).is_none()
            );
        }
    }
    own.forget_pseudonyms(EPOCH, Some(KeyClass::Bsn));
    let tags = published(&keys(bsns[4]), &other(), &CIRCLE);
    let left: Vec<LinkageKey> = own.probe(&feed(CIRCLE), &tags).into_iter().map(|hit| hit.key).collect();
    assert!(!left.is_empty() && left.iter().all(|key| key.kind().class() == KeyClass::Weak));
    own.forget_pseudonyms(EPOCH, None);
    assert_eq!(own.probe(&feed(CIRCLE), &tags), []);
}
