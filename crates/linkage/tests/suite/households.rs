//! The household key: siblings without a person in common.

use domain::Certainty::Probable;
use domain::{AddressKind, Kindcheck, Role};
use linkage::{HouseholdSuppression, KeyKind};

use crate::support::{
    address, basis, census, check, child, compare, family, keys_of, keys_with, parent, with_kindcheck,
    with_role,
};

#[test]
fn siblings_at_different_schools() {
    let one = family(&[child().named("Daan", "van der Kolk").born("2015-06-17").at("3512JK 4 A")]);
    let other = family(&[child().named("Mila", "Kolk").born("2012-08-29").at("3512JK 4 a")]);
    check(&one, &other, Some(Probable));
    let verdict = compare(&keys_of(&one), &keys_of(&other)).unwrap();
    assert_eq!(basis(&verdict), "gezin:huishouden");
    let next_door = family(&[child().named("Mila", "Kolk").born("2012-08-29").at("3512JK 4 B")]);
    check(&one, &next_door, None);
}

#[test]
fn siblings_of_whom_one_surname_is_misspelt() {
    let one = family(&[child().named("Daan", "Langetuin").born("2015-06-17").at("3512JK 4 A")]);
    let other = |surname| family(&[child().named("Mila", surname).born("2012-08-29").at("3512JK 4 a")]);
    check(&one, &other("Langetoein"), Some(Probable));
    let verdict = compare(&keys_of(&one), &keys_of(&other("Langetoein"))).unwrap();
    assert_eq!(basis(&verdict), "gezin:huishouden");
    let verdict = compare(&keys_of(&one), &keys_of(&other("Pangetuin"))).unwrap();
    assert_eq!(basis(&verdict), "gezin:huishouden-einde");
    let verdict = compare(&keys_of(&one), &keys_of(&other("Langedetuin"))).unwrap();
    assert_eq!(basis(&verdict), "gezin:huishouden");
    check(&one, &other("Verweij"), None);
}

#[test]
fn a_pregnancy_with_kindcheck() {
    let school = family(&[child().named("Daan", "Zonneveld").born("2015-06-17").at("3512JK 4")]);
    let client = [parent().named("Anna", "Zonneveld").born("1985-03-20").at("3512JK 4")];
    check(&with_kindcheck(&client, Kindcheck::Pregnant), &school, Some(Probable));
    check(&family(&client), &school, None);
}

#[test]
fn only_who_lives_with_a_child_gives_a_surname() {
    let household = |persons: &[_]| {
        let keys = keys_of(&family(persons));
        keys.keys().filter(|key| key.kind() == KeyKind::Household).count()
    };
    let daan = || child().named("Daan", "Zonneveld").at("3512JK 4");
    let elsewhere = parent().named("Bert", "Hoogland").at("9711AA 1");
    let partner = |role| with_role(role).named("Cor", "Verweij").at("3512JK 4");
    assert_eq!(household(&[daan()]), 1);
    assert_eq!(household(&[daan(), elsewhere.clone()]), 1);
    assert_eq!(household(&[daan(), partner(Role::Partner)]), 2);
    assert_eq!(household(&[daan(), partner(Role::Carer)]), 2);
    assert_eq!(household(&[daan(), partner(Role::Other)]), 1);
    assert_eq!(household(&[daan(), child().named("Mila", "Zonneveld").at("3512JK 4")]), 1);
    assert_eq!(household(&[daan(), child().named("Mila", "Zonneveld").at("9711AA 1"), elsewhere]), 3);
    assert_eq!(household(&[daan().kind(AddressKind::Correspondence)]), 0);
    assert_eq!(household(&[daan().kind(AddressKind::Secret)]), 0);
    // An adult of whom no address is on record lives with the children, where these have one home.
    let unknown = |role| with_role(role).named("Cor", "Verweij");
    assert_eq!(household(&[daan(), unknown(Role::Parent)]), 2);
    assert_eq!(household(&[daan(), unknown(Role::Other)]), 1);
    assert_eq!(household(&[daan(), unknown(Role::Parent).kind(AddressKind::Secret)]), 1);
    assert_eq!(household(&[daan(), child().named("Mila", "Verweij")]), 1);
    assert_eq!(household(&[daan(), unknown(Role::Parent).left("9711AA 1", None)]), 1);
    // Where another child lives is not on record, or may not be: so it is with the adult.
    let mila = || child().named("Mila", "Zonneveld");
    assert_eq!(household(&[daan(), mila(), unknown(Role::Parent)]), 1);
    let hidden = mila().at("9711AA 1").kind(AddressKind::Secret);
    assert_eq!(household(&[daan(), hidden, unknown(Role::Parent)]), 1);
    assert_eq!(household(&[daan(), mila().at("3512JK 4"), unknown(Role::Parent)]), 2);
    let elsewhere_too = child().named("Mila", "Zonneveld").at("9711AA 1");
    assert_eq!(household(&[daan(), elsewhere_too, unknown(Role::Parent)]), 2);
    // The child's address is not on record: whether the adult lives with it is unknown.
    assert_eq!(household(&[child().named("Daan", "Zonneveld"), partner(Role::Parent)]), 0);
}

#[test]
fn suppressed_addresses_yield_person_keys_only_and_those_weigh_less() {
    let resident = |name, born| family(&[child().named("Daan", name).born(born).at("3512JK 4")]);
    let (one, other) = (resident("Zonneveld", "2015-06-17"), resident("Jansen", "2012-08-29"));
    let suppressed = HouseholdSuppression::from_families([&one, &other]);
    assert_eq!(suppressed.shared_addresses(), 1);
    let keys = keys_with(&one, true, &suppressed);
    assert_eq!(census(&keys), "naam-geboorte×1 naam-adres×1 geboorte-adres×1 voornaam-adres×1");
    // A Jansen with one initial is probable at an address of one family, and only possible in a shelter.
    let only = |suppressed: &HouseholdSuppression| {
        let keys = keys_with(&other, true, suppressed);
        let position = keys.keys().position(|key| key.kind() == KeyKind::NameAddress).unwrap();
        keys.weigh([position]).unwrap().certainty.dutch()
    };
    assert_eq!(only(&HouseholdSuppression::default()), "waarschijnlijk");
    assert_eq!(only(&suppressed), "mogelijk");
}

#[test]
fn institutions_yield_no_household_key() {
    let resident = family(&[child().named("Daan", "Zonneveld").at("3512JK 4 12")]);
    let institutions = [address("3512JK 4")];
    let suppressed = HouseholdSuppression::default().with_institutions(&institutions);
    assert_eq!(census(&keys_of(&resident)), "naam-adres×1 huishouden×1 voornaam-adres×1 huishouden-einde×1");
    assert_eq!(census(&keys_with(&resident, true, &suppressed)), "naam-adres×1 voornaam-adres×1");
}
