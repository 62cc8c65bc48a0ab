//! What is told of each person: which own facts agree, and which do not.

use domain::Certainty::{self, Certain, Probable};
use domain::Family;
use linkage::{Evidence, FieldKind, PersonEvidence, PersonExplanation};

use crate::support::{Draft, child, family, keys_of, parent};

fn evidence(own: &Family, other: &Family) -> Evidence {
    let (own, other) = (keys_of(own), keys_of(other));
    let agreeing = own.keys().enumerate().filter(|(_, key)| other.position(key).is_some());
    own.evidence(agreeing.map(|(position, _)| position))
}

fn words(person: &PersonEvidence) -> (String, String) {
    let joined = |kinds: &std::collections::BTreeSet<FieldKind>| {
        kinds.iter().map(|kind| kind.dutch()).collect::<Vec<_>>().join(" ")
    };
    (joined(&person.agreed), joined(&person.unconfirmed))
}

fn mother() -> Draft {
    parent().named("Anna", "Zonneveld").born("1985-03-20").at("3512JK 4").bsn("111222333")
}

#[test]
fn facts_that_agree_and_facts_that_do_not() {
    let moved = parent().named("A.", "Zonneveld").born("1985-03-20").at("9711AA 1");
    let told = evidence(&family(&[mother()]), &family(&[moved]));
    let [person] = told.persons.as_slice() else { panic!("one person: {told:?}") };
    assert_eq!(
        words(person),
        ("geslachtsnaam voorletter geboortedatum".into(), "burgerservicenummer voornaam adres wijk".into())
    );
    assert_eq!((person.certainty, person.is_contradicted), (Some(Probable), false));
    assert_eq!(told.verdict.unwrap().certainty, Probable);
}

#[test]
fn a_number_that_nothing_else_supports_is_not_certain() {
    let stranger = parent().named("Kees", "Brandsma").born("1961-11-02").at("9711AA 1").bsn("111222333");
    let told = evidence(&family(&[mother()]), &family(&[stranger]));
    let person = told.persons.first().unwrap();
    assert!(person.is_contradicted);
    assert_eq!(words(person).0, "burgerservicenummer");
    assert_eq!(told.verdict.unwrap().certainty, Probable);
}

#[test]
fn one_fact_beside_the_number_is_enough() {
    let married = parent().named("Anna", "Brandsma").born("1985-03-20").at("3512JK 4").bsn("111222333");
    let told = evidence(&family(&[mother()]), &family(&[married]));
    assert!(!told.persons.first().unwrap().is_contradicted);
    assert_eq!(told.verdict.unwrap().certainty, Certain);
}

#[test]
fn a_record_with_hardly_more_than_the_number_contradicts_nothing() {
    let bare = family(&[parent().bsn("111222333")]);
    let told = evidence(&bare, &family(&[mother()]));
    assert_eq!(told.verdict.unwrap().certainty, Certain);
    for given in ["A.", "Anna", "Anna Maria"] {
        let little = family(&[parent().named(given, "Zonneveld").at("9711AA 1").bsn("111222333")]);
        assert_eq!(evidence(&little, &family(&[mother()])).verdict.unwrap().certainty, Certain, "{given}");
    }
    // So do the initials that a roepnaam may stand for.
    let bert = |born| family(&[parent().named("Bert", "Zonneveld").born(born).bsn("111222333")]);
    let slipped = evidence(&bert("1985-03-20"), &bert("1985-03-21"));
    assert_eq!(slipped.verdict.unwrap().certainty, Certain);
    // A common name yields another key of the same facts: one slip in the date is one slip.
    let dated = |born| family(&[parent().named("Jan", "Jansen").born(born).bsn("111222333")]);
    let slipped = evidence(&dated("1985-03-20"), &dated("1985-03-21"));
    assert_eq!(slipped.verdict.unwrap().certainty, Certain);
}

#[test]
fn a_person_of_whom_nothing_agrees_is_not_named() {
    let son = child().named("Daan", "Okkerse").born("2015-06-17").at("9711AA 1");
    let told = evidence(&family(&[mother(), son]), &family(&[mother()]));
    assert_eq!(told.persons.iter().map(|person| person.source.person).collect::<Vec<_>>(), [0]);
}

#[test]
fn what_weighs_too_little_is_told_and_does_not_count() {
    let common = |at| parent().named("Jan", "Jansen").born("1985-01-01").at(at);
    let told = evidence(&family(&[common("3512JK 4")]), &family(&[common("9711AA 1")]));
    let person = told.persons.first().unwrap();
    assert_eq!((person.certainty, &told.verdict, told.weight), (None, &None, 0));
    assert!(person.weight > 0);
    assert_eq!(words(person).1, "adres");
}

/// A person of an explanation: position, role, certainty, and the facts of both sorts.
fn told(person: &PersonExplanation) -> String {
    let joined = |facts: &[FieldKind]| facts.iter().map(|fact| fact.dutch()).collect::<Vec<_>>().join(" ");
    let certainty = person.certainty.map_or("-", Certainty::dutch);
    format!(
        "{} {} {certainty}: {} | {}",
        person.source.person,
        person.source.role.dutch(),
        joined(&person.agreed),
        joined(&person.unconfirmed)
    )
}

#[test]
fn an_explanation_names_own_facts_person_by_person() {
    let daan = || child().named("Daan", "Zonneveld").born("2015-06-17");
    let numberless = || parent().named("Anna", "Zonneveld").born("1985-03-20").at("3512JK 4");
    let rare = |named| child().named(named, "Zonneveld").born("2015-06-17").at("3512JK 4");
    let common = |at| parent().named("Jan", "Jansen").born("1985-01-01").at(at);
    for (what, own, other, household, persons) in [
        (
            "she has moved, and her number is not known there",
            vec![mother(), daan().at("3512JK 4")],
            vec![parent().named("A.", "Zonneveld").born("1985-03-20").at("9711AA 1")],
            false,
            &[
                "0 ouder waarschijnlijk: geslachtsnaam voorletter geboortedatum | burgerservicenummer voornaam adres",
            ][..],
        ),
        (
            "everything agrees",
            vec![numberless()],
            vec![numberless()],
            false,
            &["0 ouder waarschijnlijk: geslachtsnaam voornaam geboortedatum adres | "],
        ),
        (
            "a sibling at the same address",
            vec![rare("Daan")],
            vec![child().named("Fleur", "Zonneveld").born("2018-01-30").at("3512JK 4")],
            true,
            &[],
        ),
        (
            "the child is known by all facts, the mother by too few",
            vec![common("3512JK 4"), rare("Daan")],
            vec![common("9711AA 1"), rare("Daan")],
            true,
            &[
                "0 ouder -: geslachtsnaam voornaam geboortedatum | adres",
                "1 kind waarschijnlijk: geslachtsnaam voornaam geboortedatum adres | ",
            ],
        ),
    ] {
        let explained = evidence(&family(&own), &family(&other)).explanation();
        let found: Vec<String> = explained.persons.iter().map(told).collect();
        assert_eq!(
            (explained.household, found),
            (household, persons.iter().map(ToString::to_string).collect()),
            "{what}"
        );
        assert!(explained.persons.iter().all(|person| !person.is_contradicted), "{what}");
    }
    let stranger = parent().named("Kees", "Brandsma").born("1961-11-02").at("9711AA 1").bsn("111222333");
    let explained = evidence(&family(&[mother()]), &family(&[stranger])).explanation();
    assert!(explained.persons.iter().all(|person| person.is_contradicted));
    assert_eq!(
        explained.persons.iter().map(told).collect::<Vec<_>>(),
        ["0 ouder waarschijnlijk: burgerservicenummer | geslachtsnaam voornaam geboortedatum adres"]
    );
}
