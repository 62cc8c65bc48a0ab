//! Families that share a person.

use domain::AddressKind;
use domain::Certainty::{Certain, Possible, Probable};
use domain::Role;
use linkage::{FieldKind, HouseholdSuppression, KeyKind};

use crate::support::{
    Draft, basis, census, check, child, compare, family, keys_of, keys_with, parent, with_role,
};

fn mother() -> Draft {
    parent().named("Anna Maria", "Zonneveld").born("1985-03-20").at("3512JK 4").bsn("111222333")
}

fn son() -> Draft {
    child().named("Daan", "Okkerse").born("2015-06-17").at("3512JK 4").bsn("999990019")
}

#[test]
fn the_mother_at_mental_health_care_and_her_child_at_school() {
    let (care, school) = (family(&[mother()]), family(&[son(), mother()]));
    check(&care, &school, Some(Certain));
    let verdict = compare(&keys_of(&care), &keys_of(&school)).unwrap();
    assert_eq!(
        basis(&verdict),
        "ouder:bsn ouder:naam-geboorte ouder:naam-adres ouder:geboorte-adres ouder:voornaam-adres ouder:naam-postcode \
         ouder:naam-wijk-nummer"
    );
}

#[test]
fn a_mother_known_by_name_and_address_only() {
    let known = family(&[son(), parent().named("A.M.", "Zonneveld").at("3512JK 4")]);
    check(&family(&[mother()]), &known, Some(Probable));
    let verdict = compare(&keys_of(&family(&[mother()])), &keys_of(&known)).unwrap();
    assert_eq!(
        basis(&verdict),
        "ouder:naam-adres ouder:voornaam-adres ouder:naam-postcode ouder:naam-wijk-nummer"
    );
}

#[test]
fn a_misspelt_surname_without_bsn() {
    for misspelt in ["Sonneveldt", "Zonneveldt", "Zomerveld", "Zonnevald", "Zonnevedl"] {
        let typed = family(&[parent().named("Anna", misspelt).born("1985-03-20").at("3512JK 4 A")]);
        check(&family(&[mother()]), &typed, Some(Probable));
    }
}

#[test]
fn a_slip_in_a_surname_whose_owner_is_known_by_name_and_address() {
    let at_home = |surname: &str| family(&[parent().named("A.", surname).at("3512JK 4")]);
    for misspelt in ["Waaldank", "Waldnok", "Wlaadonk"] {
        let verdict = compare(&keys_of(&at_home("Waaldonk")), &keys_of(&at_home(misspelt))).unwrap();
        assert_eq!(basis(&verdict), "ouder:naam-adres", "{misspelt}");
    }
    check(&at_home("Waaldonk"), &at_home("Waalhof"), None);
    // Beside a birth date the whole name has to agree.
    let born = |surname: &str, at: &str| family(&[parent().named("A.", surname).born("1985-03-20").at(at)]);
    check(&born("Waaldonk", "3512JK 4"), &born("Waaldank", "9711AA 1"), None);
    // Of whom no home is known, the beginning is enough.
    let nowhere = |surname: &str| family(&[parent().named("A.", surname).born("1985-03-20")]);
    check(&nowhere("Waaldonk"), &nowhere("Waaldank"), Some(Probable));
    check(&nowhere("Waaldonk"), &nowhere("Weldonk"), None);
}

#[test]
fn a_slip_in_an_address_of_an_adult_of_a_rare_name_who_is_known_by_no_date() {
    let home = |surname: &str, at: &str| family(&[parent().named("A.", surname).at(at)]);
    check(&home("Waaldonk", "3512JK 4"), &home("Waaldonk", "3512JK 14"), Some(Probable));
    check(&home("Waaldonk", "3512JK 4"), &home("Waaldonk", "3512JL 4"), Some(Probable));
    check(&home("Waaldonk", "3512JK 4"), &home("Waaldonk", "3512JL 14"), None);
    check(&home("Jansen", "3512JK 4"), &home("Jansen", "3512JK 14"), None);
}

#[test]
fn a_surname_in_whole_and_in_outline_counts_once_for_two_persons() {
    let jansen = |given: &str| child().named(given, "Jansen");
    let own = family(&[jansen("Daan").born("2015-06-17"), jansen("Mees").at("3512JK 4")]);
    let keys = keys_of(&own);
    let of = |kind| keys.keys().position(|key| key.kind() == kind).unwrap();
    let weight = |kinds: &[KeyKind]| keys.evidence(kinds.iter().map(|kind| of(*kind))).weight;
    let (dated, housed) = (weight(&[KeyKind::NameBirth]), weight(&[KeyKind::NameAddress]));
    let both = weight(&[KeyKind::NameBirth, KeyKind::NameAddress]);
    assert_eq!(both, dated + housed - 70, "{dated} {housed}");
}

#[test]
fn an_unknown_birth_day() {
    let vague = family(&[parent().named("A.", "Zonneveld").born("1985-00-00").at("3512JK 4")]);
    check(&family(&[mother()]), &vague, Some(Probable));
    let nowhere = family(&[parent().named("A.", "Zonneveld").born("1985-03-00")]);
    check(&family(&[mother()]), &nowhere, None);
}

#[test]
fn a_child_of_unknown_birth_day_without_bsn_elsewhere() {
    let vague =
        family(&[child().named("Daan", "Okkerse").born("2015-06-00").at("3512JK 4 A").bsn("999990019")]);
    let other = family(&[child().named("Daan", "Okkerse").born("2015-06-17").at("3512JK 4 B")]);
    let verdict = compare(&keys_of(&vague), &keys_of(&other)).unwrap();
    assert_eq!(
        (verdict.certainty, basis(&verdict).as_str()),
        (Probable, "kind:naam-adres kind:voornaam-adres")
    );
}

#[test]
fn a_birth_date_with_day_and_month_swapped() {
    let one = family(&[parent().named("Anna", "Zonneveld").born("1985-03-07")]);
    let other = family(&[parent().named("Anna", "Zonneveld").born("1985-07-03")]);
    check(&one, &other, Some(Probable));
}

#[test]
fn a_family_that_moved() {
    let moved = |when| family(&[parent().named("Anna", "Zonneveld").at("9711AA 1").left("3512JK 4", when)]);
    let stayed = family(&[parent().named("Anna", "Zonneveld").at("3512JK 4")]);
    check(&moved(Some("2025-01-01")), &stayed, Some(Probable));
    check(&moved(None), &stayed, Some(Probable));
    check(&moved(Some("2024-01-01")), &stayed, None);
}

#[test]
fn double_names_prefixes_and_hyphens() {
    let plain = |surname| family(&[parent().named("Anna", surname).born("1985-03-20")]);
    check(&plain("Zonneveld-van der Kolk"), &plain("Zonneveld"), Some(Probable));
    check(&plain("Zonneveld-van der Kolk"), &plain("Van der Kolk - Zonneveld"), Some(Probable));
    check(
        &plain("van der Kolk"),
        &family(&[parent().named("A", "Kolk").prefix("van der").born("1985-03-20")]),
        Some(Probable),
    );
    check(&plain("Zonneveld"), &plain("van der Kolk"), None);
}

#[test]
fn a_roepnaam_and_the_registered_name() {
    let plain = |given| family(&[parent().named(given, "Zonneveld").born("1955-03-20")]);
    for (one, other) in [
        ("Cornelis", "Kees"),
        ("C.", "Kees"),
        ("J.P.", "Koos"),
        ("Maria", "Ria"),
        ("A.", "Ton"),
        ("Hans", "Jan"),
    ] {
        check(&plain(one), &plain(other), Some(Probable));
    }
    // A roepnaam of several names has the initial of each.
    for (one, other) in [("C.", "Lia"), ("J.", "Lia"), ("G.", "Bert"), ("Lambertus", "Bert")] {
        check(&plain(one), &plain(other), Some(Probable));
    }
    // An initial taken from a roepnaam, and a registered name that is a roepnaam for most.
    for (one, other) in [("T.", "Antonius"), ("H.", "Hans")] {
        check(&plain(one), &plain(other), None);
    }
    // What the initial loses, birth date and address find.
    let home = |given| family(&[parent().named(given, "Zonneveld").born("1955-03-20").at("3512JK 4")]);
    check(&home("H."), &home("Hans"), Some(Probable));
}

#[test]
fn two_roepnamen_that_may_stand_for_one_initial_are_two_persons() {
    let home = |given: &str| family(&[parent().named(given, "Zonneveld").at("3512JK 4")]);
    check(&home("Bert"), &home("Lia"), None);
    check(&home("Lia"), &home("Ineke"), None);
    for (one, other) in [("Bert", "Bert"), ("Bert", "L."), ("Lia", "C."), ("Lia", "Lia")] {
        check(&home(one), &home(other), Some(Probable));
    }
}

#[test]
fn an_initial_that_is_one_of_several_is_worth_what_they_are_together() {
    let keys = |given| keys_of(&family(&[parent().named(given, "Zonneveld").born("1955-03-20")]));
    let weight = |given, other| {
        let (own, other) = (keys(given), keys(other));
        own.evidence(
            (0..own.len()).filter(|at| own.keys().nth(*at).and_then(|key| other.position(key)).is_some()),
        )
        .weight
    };
    // 3.74 persons in ten have one of the seven.
    let (by_one_of_seven, alone) = (weight("Bert", "G."), weight("G.", "Bert"));
    assert_eq!((by_one_of_seven, alone), (120 + 14 + 144, 120 + 46 + 144));
    assert_eq!(weight("Bert", "Bert"), weight("Bert", "B."));
    assert_eq!(weight("Bert", "B."), 120 + 51 + 144);
}

#[test]
fn siblings_of_one_initial_count_it_once_whatever_it_may_stand_for() {
    // Wies may stand for Louise.
    let adults = |given: [&str; 2], dates: [&str; 2]| {
        family(&[
            parent().named(given[0], "Jansen").born(dates[0]),
            parent().named(given[1], "Jansen").born(dates[1]),
        ])
    };
    let dates = ["1955-03-20", "1957-08-23"];
    let weight = |given| {
        let keys = keys_of(&adults(given, dates));
        let of_birth = keys.keys().enumerate().filter(|(_, key)| key.kind() == KeyKind::NameBirth);
        keys.evidence(of_birth.map(|(position, _)| position)).weight
    };
    assert_eq!(weight(["Wies", "W."]), 70 + 48 + 144 + 144);
    assert_eq!(weight(["Wies", "L."]), 70 + 48 + 43 + 144 + 144);
}

#[test]
fn a_rare_name_with_the_outline_of_a_common_one_is_worth_the_common_one_at_an_address() {
    let weight = |surname: &str| {
        let keys = keys_of(&family(&[parent().named("A.", surname).at("3512JK 4")]));
        let at = keys.keys().position(|key| key.kind() == KeyKind::NameAddress).unwrap();
        keys.evidence([at]).weight
    };
    assert_eq!(weight("Jonsen"), weight("Jansen"));
    assert_eq!(weight("Zonneveld"), weight("Jansen") + 30);
}

#[test]
fn one_person_in_five_exports() {
    let school = family(&[parent().named("Kees", "v.d. Kolk").born("1985-03-20").at("3512JK 4 hs")]);
    let huisarts = family(&[parent().named("C.J.", "KOLK, VAN DER").born("1985-03-20").at("3512JK 4 H")]);
    let brp = family(&[parent()
        .named("Cornelis Johannes", "Kolk")
        .prefix("van der")
        .born("19850320")
        .at("3512JK 4")]);
    let police = family(&[parent().named("CORNELIS", "VAN DER KOLK").born("20.03.1985").at("9711AA 1")]);
    let broken = family(&[parent().named("KÃ©es", "Kolk vd").born("20-03-1985").at("3512JK 4 begane-grond")]);
    let all = [school, huisarts, brp, police, broken];
    for (place, one) in all.iter().enumerate() {
        for other in all.iter().skip(place + 1) {
            check(one, other, Some(Probable));
        }
    }
}

#[test]
fn a_common_name_and_a_birth_date_are_only_possible() {
    let plain = |given, surname| family(&[parent().named(given, surname).born("1985-03-20")]);
    check(&plain("Jan", "Jansen"), &plain("J.", "Janssen"), Some(Possible));
    // Two Jansens of one day whose given names or second initials agree as well are one.
    check(&plain("Thomas", "Jansen"), &plain("Tomas", "Janssen"), Some(Probable));
    check(&plain("Jan Peter", "Jansen"), &plain("J.P.", "Janssen"), Some(Probable));
    check(&plain("Jan Peter", "Jansen"), &plain("J.M.", "Janssen"), Some(Possible));
    check(&plain("Jan-Willem", "Jansen"), &plain("JW", "Janssen"), Some(Probable));
    // One sound, two letters: only the given name as it sounds is left to agree.
    check(&plain("Yvonne", "de Vries"), &plain("Ivonne", "de Vries"), Some(Probable));
    check(&plain("Jan", "Zonneveld"), &plain("J.", "Zonneveld"), Some(Probable));
    let new_year = |surname| family(&[parent().named("Jan", surname).born("1985-01-01")]);
    check(&new_year("Jansen"), &new_year("Jansen"), None);
}

#[test]
fn two_persons_who_are_possible_are_probable_together() {
    let jansens = |dates: [&str; 2]| {
        family(&[
            child().named("Daan", "Jansen").born(dates[0]),
            child().named("Daniël", "Jansen").born(dates[1]),
        ])
    };
    let own = keys_of(&jansens(["2015-06-17", "2017-08-23"]));
    assert_eq!(census(&own), "naam-geboorte×2 volle-naam-geboorte×2 begin-geboorte×2");
    assert_eq!(own.weigh([0]).unwrap().certainty, Possible);
    assert_eq!(own.weigh([0, 1, 1, 99]).unwrap().certainty, Probable);
    assert_eq!(own.weigh([]), None);
}

#[test]
fn twins_do_not_count_double() {
    // One initial and one birth date: everything that a Jansen shares with one of them is shared with both.
    let twins =
        |given: [&str; 2]| family(&given.map(|name| child().named(name, "Jansen").born("2015-06-17")));
    let one = family(&[child().named("D.", "Jansen").born("2015-06-17")]);
    check(&twins(["Daan", "Dirk"]), &one, Some(Possible));
    // A given name that agrees for one of them says nothing of the other.
    let johannes = family(&[child().named("Johannes", "Jansen").born("2015-06-17")]);
    let (own, other) = (keys_of(&twins(["Johannes", "Jesse"])), keys_of(&johannes));
    let agreeing = own.keys().enumerate().filter(|(_, key)| other.position(key).is_some());
    assert_eq!(own.evidence(agreeing.map(|(position, _)| position)).weight, 70 + 48 + 144);
    // Two initials that both agree are more than one child.
    check(&twins(["Daan", "Mees"]), &one, Some(Possible));
    check(&twins(["Daan", "Mees"]), &twins(["D.", "M."]), Some(Probable));
    // Twins of whom each organisation knows one are found through what the family shares.
    let at_home = |name| family(&[child().named(name, "Jansen").born("2015-06-17").at("3512JK 4")]);
    check(&at_home("Daan"), &at_home("Mees"), Some(Probable));
}

#[test]
fn co_parents_share_the_child_and_do_not_chain_their_other_families() {
    let father = || parent().named("Bert", "Hoogland").born("1983-07-21").at("9711AA 1").bsn("123456782");
    let stepson = child().named("Cas", "Verweij").born("2018-02-14").at("9711AA 1");
    let school = family(&[son(), mother()]);
    let fathers_care = family(&[father(), son()]);
    let fathers_new_family = family(&[father(), stepson]);
    check(&school, &fathers_care, Some(Certain));
    check(&fathers_care, &fathers_new_family, Some(Certain));
    check(&school, &fathers_new_family, None);
}

#[test]
fn strangers_at_one_address_share_no_key() {
    let one = family(&[son(), mother()]);
    let other = family(&[
        child().named("Mila", "Bakker").born("2014-08-29").at("3512JK 4"),
        parent().named("Karin", "Bakker").born("1981-10-15").at("3512JK 4"),
    ]);
    let (one, other) = (keys_of(&one), keys_of(&other));
    assert!(one.keys().all(|key| other.position(key).is_none()));
}

#[test]
fn others_yield_no_keys() {
    let neighbour = Draft(domain::Person { role: Role::Other, ..mother().0 });
    assert!(keys_of(&family(&[neighbour])).is_empty());
}

#[test]
fn addresses_where_nobody_lives_or_nobody_may_look() {
    let with = |kind| census(&keys_of(&family(&[mother().kind(kind)])));
    let at_home = "bsn×1 naam-geboorte×1 naam-adres×1 geboorte-adres×1 voornaam-adres×2 naam-postcode×1 \
                   naam-wijk-nummer×1";
    assert_eq!(with(AddressKind::Home), at_home);
    for kind in [AddressKind::Secret, AddressKind::Correspondence, AddressKind::Abroad] {
        assert_eq!(with(kind), "bsn×1 naam-geboorte×1 begin-geboorte×1", "{kind:?}");
    }
    let moved = |kind| census(&keys_of(&family(&[mother().kind(kind).left("9711AA 1", None)])));
    assert_eq!(
        moved(AddressKind::Correspondence),
        "bsn×1 naam-geboorte×1 naam-adres×1 geboorte-adres×1 voornaam-adres×2 begin-geboorte×1"
    );
    assert_eq!(moved(AddressKind::Secret), "bsn×1 naam-geboorte×1 begin-geboorte×1");
}

#[test]
fn an_address_that_one_of_them_keeps_secret_is_secret_for_all() {
    let keys = keys_of(&family(&[son().kind(AddressKind::Secret), mother()]));
    assert_eq!(census(&keys), "bsn×2 naam-geboorte×2 begin-geboorte×2");
}

#[test]
fn without_entitlement_there_is_no_bsn_key() {
    let none = HouseholdSuppression::default();
    let keys = keys_with(&family(&[mother(), son()]), false, &none);
    assert!(keys.keys().all(|key| key.kind() != KeyKind::Bsn));
    let known = keys_of(&family(&[mother()]));
    assert_eq!(compare(&keys, &known).unwrap().certainty, Probable);
}

#[test]
fn placeholders_yield_no_key() {
    let nobody = family(&[
        child().named("onbekend", "N.N.").born("1900-01-01").at("3512JK 4"),
        parent().named("-", "onbekend").bsn("999999990").at("3512JK 4"),
    ]);
    assert!(keys_of(&nobody).is_empty());
}

#[test]
fn what_a_typical_family_of_three_yields() {
    let father = parent().named("Ruben", "Okkerse").born("1983-07-21").at("3512JK 4").bsn("123456782");
    let full = [son(), mother(), father];
    let expected = "bsn×3 naam-geboorte×3 naam-adres×2 geboorte-adres×3 huishouden×2 voornaam-adres×4 \
                    huishouden-einde×2 naam-postcode×2 naam-wijk-nummer×2";
    assert_eq!(census(&keys_of(&family(&full))), expected);
    let without_number = keys_with(&family(&full), false, &HouseholdSuppression::default());
    assert_eq!(
        without_number.len(),
        keys_of(&family(&full)).len() - 3 + 1,
        "`naam-adres` of the child instead of three numbers"
    );
}

#[test]
fn keys_tell_who_carries_them_and_what_they_cover() {
    let twin = |name| child().named(name, "Jansen").born("2015-06-17").at("3512JK 4");
    let keys = keys_of(&family(&[twin("Daan"), with_role(Role::Other), twin("Mees")]));
    let shared = keys.keys().find(|key| key.kind() == KeyKind::BirthAddress).unwrap();
    let carriers: Vec<(usize, Role)> =
        keys.sources(shared).iter().map(|source| (source.person, source.role)).collect();
    assert_eq!(carriers, [(0, Role::Child), (2, Role::Child)]);
    assert_eq!(keys.fields(shared).collect::<Vec<_>>(), [FieldKind::BirthDate, FieldKind::Address]);
}
