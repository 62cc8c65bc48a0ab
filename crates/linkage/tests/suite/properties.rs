//! For any record: derivation never fails, ignores the order of persons, and keeps its promises.

use std::collections::BTreeSet;

use domain::{AddressKind, Family, Kindcheck, Person, PersonalText, PreviousAddress, Role, Sex};
use linkage::{BasisRole, FamilyKeys, HouseholdSuppression, KeyKind, LinkageKey};
use proptest::option;
use proptest::prelude::*;

use crate::support::{address, compare, keys_of, keys_with};

fn text() -> impl Strategy<Value = Option<PersonalText>> {
    let words = prop_oneof![
        "\\PC{0,24}",
        "(van |de |el |')?[A-Z][a-zëöıĳß]{0,9}([- ](van der )?[A-Z][a-z]{1,9}){0,2}",
        "([A-Z]\\.){1,3}",
        Just("onbekend".to_owned()),
    ];
    words.prop_map(|words| PersonalText::new("naam", &words).ok())
}

fn somewhere() -> impl Strategy<Value = domain::Address> {
    let places = ["3512JK 4", "3512JK 4 A", "3512JK 4 2hg", "9711AA 1", "9999ZZ 1", "9711AA 99999"];
    prop::sample::select(places.to_vec()).prop_map(address)
}

fn anyone() -> impl Strategy<Value = Person> {
    let dates =
        ["2015-06-17", "2016-09-03", "1985-00-00", "1900-01-01", "0000-00-00", "1980-01-01", "2090-01-01"];
    let kinds = [
        AddressKind::Home,
        AddressKind::Home,
        AddressKind::Correspondence,
        AddressKind::Secret,
        AddressKind::Abroad,
    ];
    (
        prop::sample::select(Role::ALL.to_vec()),
        (text(), text(), text()),
        option::of(prop::sample::select(dates.to_vec())),
        option::of(prop::sample::select(vec!["111222333", "999990019", "999999990"])),
        option::of(somewhere()),
        prop::sample::select(kinds.to_vec()),
        option::of((somewhere(), option::of(Just("2025-12-31")))),
    )
        .prop_map(|(role, (given, prefix, surname), born, bsn, address, address_kind, previous)| {
            Person {
                bsn: bsn.map(|digits| digits.parse().unwrap()),
                name: domain::PersonName { given_names: given, prefix, surname },
                born: born.map(|date| date.parse().unwrap()),
                sex: Some(Sex::Unknown),
                address,
                address_kind,
                previous: previous.map(|(address, moved_on)| PreviousAddress {
                    address,
                    moved_on: moved_on.map(|date| date.parse().unwrap()),
                }),
                ..Person::new(role)
            }
        })
}

fn persons_and_order() -> impl Strategy<Value = (Vec<Person>, Vec<Person>, bool)> {
    prop::collection::vec(anyone(), 1..7)
        .prop_flat_map(|persons| (Just(persons.clone()), Just(persons).prop_shuffle(), any::<bool>()))
}

fn families_from(persons: Vec<Person>, kindcheck: bool) -> Family {
    Family::new(persons, kindcheck.then_some(Kindcheck::Yes)).unwrap()
}

fn values(keys: &FamilyKeys) -> Vec<&LinkageKey> {
    keys.keys().collect()
}

proptest! {
    #[test]
    fn the_order_of_persons_makes_no_difference((persons, shuffled, kindcheck) in persons_and_order()) {
        let (one, other) = (families_from(persons, kindcheck), families_from(shuffled, kindcheck));
        let (own, same) = (keys_of(&one), keys_of(&other));
        prop_assert_eq!(values(&own), values(&same));
        prop_assert!(values(&own).is_sorted_by(|earlier, later| earlier < later));
        for position in 0..own.len() {
            prop_assert_eq!(own.weigh([position]), same.weigh([position]));
        }
        prop_assert_eq!(compare(&own, &same), compare(&same, &own));
        let (suppressed, reordered) =
            (HouseholdSuppression::from_families([&one]), HouseholdSuppression::from_families([&other]));
        prop_assert_eq!(suppressed.shared_addresses(), 0, "one family suppresses nothing");
        let (own, same) = (keys_with(&one, false, &suppressed), keys_with(&other, false, &reordered));
        prop_assert_eq!(values(&own), values(&same));
    }

    #[test]
    fn more_agreement_never_means_less((persons, _, kindcheck) in persons_and_order(), mask in any::<u64>()) {
        let keys = keys_of(&families_from(persons, kindcheck));
        let some: BTreeSet<usize> = (0..keys.len()).filter(|position| mask >> (position % 64) & 1 == 1).collect();
        let part = keys.weigh(some.iter().copied());
        let whole = keys.weigh(0..keys.len());
        let certainty = |verdict: &Option<linkage::Verdict>| verdict.as_ref().map(|verdict| verdict.certainty);
        prop_assert!(certainty(&part) <= certainty(&whole));
        if let Some(verdict) = part {
            prop_assert!(!verdict.basis.is_empty());
            let agreed: BTreeSet<KeyKind> =
                keys.keys().enumerate().filter(|(at, _)| some.contains(at)).map(|(_, key)| key.kind()).collect();
            for basis in &verdict.basis {
                prop_assert!(agreed.contains(&basis.key), "nothing is claimed that did not agree");
                prop_assert_eq!(basis.role == BasisRole::Family, basis.key.is_of_household());
            }
        }
    }
}
