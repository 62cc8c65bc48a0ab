//! Own families against tags of others: what is probed, what counts, what is forgotten.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::collections::BTreeSet;

use crypto::{PseudonymKey, Tag, Tagger, digest};
use domain::{Certainty, CircleId, Family, FamilyRef, Oin, Person, PersonalText, Role};
use index::{Matches, OwnFamilies, Participation};
use linkage::{DeriveOptions, FamilyKeys, HouseholdSuppression, LinkageKey, derive};

const CIRCLE: CircleId = CircleId::from_bytes([1; 16]);

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
    Participation { circles: BTreeSet::from([CIRCLE]), publishes: true }
}

/// The pseudonym that every organisation would get for this key.
fn pseudonym(key: &LinkageKey) -> PseudonymKey {
    PseudonymKey::from_bytes(*digest("test", &[key.kind().dutch().as_bytes(), key.value()]).as_bytes())
}

/// Adds a family and names its keys without pseudonym.
fn insert(own: &mut OwnFamilies, family: FamilyRef, keys: FamilyKeys, how: Participation) -> Vec<LinkageKey> {
    own.insert(family.clone(), keys, how);
    own.missing(&family)
}

fn evaluate(own: &mut OwnFamilies, missing: Vec<LinkageKey>) {
    for key in missing {
        own.set_pseudonym(&key, pseudonym(&key));
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
    assert!(!own.is_evaluated(&reference("a")));
    assert!(own.tags(&reference("a"), &other(), &CIRCLE).is_empty(), "nothing is published without its key");
    evaluate(&mut own, missing);
    assert!(own.is_evaluated(&reference("a")));
    let same = published(&keys("111222333"), &other(), &CIRCLE);
    assert_eq!(own.probe(&other(), &CIRCLE, &same).len(), same.len());
    let elsewhere = CircleId::from_bytes([2; 16]);
    for (publisher, circle, why) in [
        (Oin::test_number(3).unwrap(), CIRCLE, "another organisation's tags differ"),
        (other(), elsewhere, "another circle's tags differ"),
    ] {
        assert!(
            own.probe(&other(), &CIRCLE, &published(&keys("111222333"), &publisher, &circle)).is_empty(),
            "{why}"
        );
    }
    assert!(own.probe(&other(), &elsewhere, &published(&keys("111222333"), &other(), &elsewhere)).is_empty());
}

#[test]
fn families_that_share_a_key_have_it_evaluated_once_and_both_find() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    assert!(!missing.is_empty());
    assert_eq!(insert(&mut own, reference("b"), keys("111222333"), in_circle()).len(), missing.len());
    evaluate(&mut own, missing);
    assert!(insert(&mut own, reference("c"), keys("111222333"), in_circle()).is_empty());
    let hits = own.probe(&other(), &CIRCLE, &published(&keys("111222333"), &other(), &CIRCLE));
    let found: BTreeSet<&str> = hits.iter().map(|hit| hit.family.as_str()).collect();
    assert_eq!(found, BTreeSet::from(["a", "b", "c"]));
    own.remove(&reference("a"));
    own.remove(&reference("b"));
    own.remove(&reference("c"));
    assert!(own.is_empty());
    assert!(own.probe(&other(), &CIRCLE, &published(&keys("111222333"), &other(), &CIRCLE)).is_empty());
}

#[test]
fn a_family_outside_every_circle_needs_no_evaluation_and_finds_nothing() {
    let mut own = OwnFamilies::default();
    assert!(insert(&mut own, reference("a"), keys("111222333"), Participation::default()).is_empty());
    assert!(own.is_evaluated(&reference("a")));
    let tags = published(&keys("111222333"), &other(), &CIRCLE);
    assert!(own.probe_family(&reference("a"), &other(), &CIRCLE, &tags).is_empty());
}

#[test]
fn matches_say_what_changed_and_how_sure() {
    let mut own = OwnFamilies::default();
    let missing = insert(&mut own, reference("a"), keys("111222333"), in_circle());
    evaluate(&mut own, missing);
    let mut matches = Matches::default();
    let hits = own.probe(&other(), &CIRCLE, &published(&keys("111222333"), &other(), &CIRCLE));
    assert_eq!(matches.add(other(), CIRCLE, hits.clone()).len(), 1);
    assert!(matches.add(other(), CIRCLE, hits).is_empty(), "the same hits again change nothing");
    let involved = matches.involved(&reference("a"), &own);
    assert_eq!((involved.len(), involved[0].certainty), (1, Certainty::Certain));
    assert!(!involved[0].basis.is_empty());
    assert_eq!(matches.remove_family(&reference("a")), [(other(), CIRCLE)]);
    assert!(matches.involved(&reference("a"), &own).is_empty());
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
