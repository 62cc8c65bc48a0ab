//! Why a match is one, in words: which sorts of own facts agree, which are not confirmed, and what does not count.

use control::{ExplainedPersonLine, ExplanationLine, ReasonLine};
use linkage::KeyKind;

/// What "not confirmed" means. Tags do not tell more: see `docs/linkage.md`.
const NOT_CONFIRMED: &str =
    "(niet bevestigd: de ander heeft dit anders of niet vastgelegd, of het was niet apart te vergelijken)";

/// A sentence for each person about whom something agrees and one for the household, first those that count. Of a match
/// with this certainty on this basis.
pub(super) fn sentences(line: &ExplanationLine, certainty: &str, basis: &[ReasonLine]) -> Vec<String> {
    let (counting, weak): (Vec<_>, Vec<_>) =
        line.personen.iter().partition(|person| person.zekerheid.is_some());
    let mut told: Vec<String> = counting.iter().copied().map(person).collect();
    if line.huishouden {
        told.push(household(line, basis));
    } else if told.len() > 1 && counting.iter().all(|person| person.zekerheid.as_deref() != Some(certainty)) {
        told.push(format!("samen is dat genoeg voor {certainty}"));
    }
    told.extend(weak.into_iter().map(person));
    if line.personen.iter().any(|person| !person.niet_bevestigd.is_empty()) {
        told.push(NOT_CONFIRMED.to_owned());
    }
    told
}

/// What nobody should miss even where there is no room for the rest: numbers that nothing else supports.
pub(super) fn warnings(line: &ExplanationLine) -> Vec<String> {
    let alone = line.personen.iter().filter(|person| person.alleen_bsn);
    alone.map(|person| format!("let op: {}", by_number_alone(person))).collect()
}

fn person(person: &ExplainedPersonLine) -> String {
    let agree = joined(&person.overeen);
    let verb = if person.overeen.len() > 1 { "komen" } else { "komt" };
    let unconfirmed = match person.niet_bevestigd.as_slice() {
        [] => String::new(),
        [one] => format!("; niet bevestigd: {one}"),
        facts => format!("; niet bevestigd: {}", joined(facts)),
    };
    match &person.zekerheid {
        Some(_) if person.alleen_bsn => format!("{}{unconfirmed}", by_number_alone(person)),
        Some(certainty) => format!("{}, {certainty}: {agree} {verb} overeen{unconfirmed}", who(person)),
        None => format!("{} telt niet mee: alleen {agree} {verb} overeen en dat is te weinig", who(person)),
    }
}

fn by_number_alone(person: &ExplainedPersonLine) -> String {
    format!(
        "{}: alleen het burgerservicenummer komt overeen, dus een van beide nummers kan verkeerd zijn getypt",
        who(person)
    )
}

fn household(line: &ExplanationLine, basis: &[ReasonLine]) -> String {
    let by = |kind: KeyKind| basis.iter().any(|reason| reason.sleutel == kind.dutch());
    let name = if by(KeyKind::HouseholdEnd) && !by(KeyKind::Household) {
        "een geslachtsnaam die net zo eindigt"
    } else {
        "dezelfde geslachtsnaam, of een die net zo begint"
    };
    let found = format!("huishouden: bij de ander staat op hetzelfde adres iemand met {name}");
    if line.personen.is_empty() {
        format!("{found}; van geen enkele persoon komt verder iets overeen")
    } else {
        found
    }
}

/// `kind (2e persoon in het dossier)`
fn who(person: &ExplainedPersonLine) -> String {
    format!("{} ({}e persoon in het dossier)", person.rol, person.persoon)
}

/// `geslachtsnaam, voorletter en geboortedatum`
fn joined(facts: &[String]) -> String {
    match facts {
        [] => "niets".to_owned(),
        [one] if ["burgerservicenummer", "adres"].contains(&one.as_str()) => format!("het {one}"),
        [one] => format!("de {one}"),
        [first @ .., last] => format!("{} en {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(
        persoon: usize,
        rol: &str,
        zekerheid: Option<&str>,
        overeen: &[&str],
        niet_bevestigd: &[&str],
    ) -> ExplainedPersonLine {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ExplainedPersonLine {
            persoon,
            rol: rol.to_owned(),
            zekerheid: zekerheid.map(str::to_owned),
            overeen: words(overeen),
            niet_bevestigd: words(niet_bevestigd),
            alleen_bsn: false,
        }
    }

    #[test]
    fn each_person_has_a_sentence() {
        let wrong = ExplainedPersonLine {
            alleen_bsn: true,
            ..about(
                1,
                "ouder",
                Some("waarschijnlijk"),
                &["burgerservicenummer"],
                &["geslachtsnaam", "voorletter", "geboortedatum"],
            )
        };
        for (line, told) in [
            (
                about(
                    2,
                    "kind",
                    Some("waarschijnlijk"),
                    &["geslachtsnaam", "voorletter", "geboortedatum"],
                    &["adres"],
                ),
                "kind (2e persoon in het dossier), waarschijnlijk: geslachtsnaam, voorletter en geboortedatum komen \
                 overeen; niet bevestigd: adres",
            ),
            (
                about(1, "ouder", Some("zeker"), &["burgerservicenummer"], &["geslachtsnaam", "adres"]),
                "ouder (1e persoon in het dossier), zeker: het burgerservicenummer komt overeen; niet bevestigd: \
                 geslachtsnaam en adres",
            ),
            (
                about(3, "verzorger", Some("mogelijk"), &["geboortedatum", "adres"], &[]),
                "verzorger (3e persoon in het dossier), mogelijk: geboortedatum en adres komen overeen",
            ),
            (
                wrong,
                "ouder (1e persoon in het dossier): alleen het burgerservicenummer komt overeen, dus een van beide \
                 nummers kan verkeerd zijn getypt; niet bevestigd: geslachtsnaam, voorletter en geboortedatum",
            ),
            (
                about(4, "kind", None, &["voorletter", "geboortedatum"], &["adres"]),
                "kind (4e persoon in het dossier) telt niet mee: alleen voorletter en geboortedatum komen overeen en dat \
                 is te weinig",
            ),
        ] {
            assert_eq!(person(&line), told);
        }
    }

    #[test]
    fn what_counts_comes_first_and_the_meaning_of_a_word_last_and_once() {
        let line = |huishouden, personen| ExplanationLine { huishouden, personen };
        let (certain, weak) = (
            about(2, "ouder", Some("zeker"), &["burgerservicenummer"], &["adres"]),
            about(1, "kind", None, &["voorletter"], &["adres"]),
        );
        let told = sentences(&line(true, vec![weak.clone(), certain.clone()]), "zeker", &[]);
        let firsts: Vec<&str> = told.iter().map(|sentence| sentence.split(' ').next().unwrap()).collect();
        assert_eq!(firsts, ["ouder", "huishouden:", "kind", "(niet"], "{told:?}");
        assert!(told.iter().all(|sentence| !sentence.contains("verder")), "{told:?}");
        let alone = |sleutel: &str| {
            let basis = [ReasonLine { rol: "gezin".into(), sleutel: sleutel.into() }];
            sentences(&line(true, Vec::new()), "waarschijnlijk", &basis).concat()
        };
        assert_eq!(
            alone("huishouden"),
            "huishouden: bij de ander staat op hetzelfde adres iemand met dezelfde geslachtsnaam, of een die net zo \
             begint; van geen enkele persoon komt verder iets overeen"
        );
        assert!(
            alone("huishouden-einde").contains("iemand met een geslachtsnaam die net zo eindigt; van geen")
        );
        let possible = about(1, "kind", Some("mogelijk"), &["geslachtsnaam", "geboortedatum"], &[]);
        let both = line(false, vec![possible.clone(), possible.clone()]);
        assert_eq!(
            sentences(&both, "waarschijnlijk", &[]).last().unwrap(),
            "samen is dat genoeg voor waarschijnlijk"
        );
        assert_eq!(sentences(&both, "mogelijk", &[]).len(), 2);
        assert_eq!(sentences(&line(false, vec![possible]), "mogelijk", &[]).len(), 1);
        let all_agrees = about(2, "ouder", Some("zeker"), &["burgerservicenummer"], &[]);
        assert_eq!(sentences(&line(false, vec![all_agrees]), "zeker", &[]).len(), 1);
        assert_eq!(sentences(&ExplanationLine::default(), "mogelijk", &[]), Vec::<String>::new());
    }

    #[test]
    fn only_a_number_alone_is_worth_a_warning() {
        let fine = about(1, "ouder", Some("zeker"), &["burgerservicenummer", "geslachtsnaam"], &["adres"]);
        let wrong = ExplainedPersonLine { persoon: 2, alleen_bsn: true, ..fine.clone() };
        let line = |personen| ExplanationLine { huishouden: true, personen };
        assert_eq!(warnings(&line(vec![fine.clone()])), Vec::<String>::new());
        let [warning] = &warnings(&line(vec![fine, wrong]))[..] else { panic!("one warning") };
        assert!(
            warning.starts_with("let op: ouder (2e persoon in het dossier): alleen het burgerservicenummer")
        );
    }
}
