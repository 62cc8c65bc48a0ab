//! Why the matches of an answer are matches, as lines of the control socket.

use control::{AnswerLine, ExplainedPersonLine, ExplanationLine, MAX_EXPLAINED};
use linkage::{Explanation, FieldKind, PersonExplanation};
use protocol::Answer;

/// Puts into an answer why, of the first parties that it names. Its lines are those of the same answer, in its order.
pub(super) fn explain(line: &mut AnswerLine, answer: &Answer) {
    let lines = line.betrokken.iter_mut().chain(&mut line.ander_gezin);
    let units = answer.units.iter().map(|unit| &unit.explanation);
    let others = answer.involved.iter().chain(&answer.set_aside).map(|other| &other.explanation);
    for (line, explanation) in lines.zip(units.chain(others)).take(MAX_EXPLAINED) {
        line.onderbouwing = Some(explained(explanation));
    }
}

fn explained(explanation: &Explanation) -> ExplanationLine {
    ExplanationLine {
        huishouden: explanation.household,
        personen: explanation.persons.iter().map(person).collect(),
    }
}

fn person(person: &PersonExplanation) -> ExplainedPersonLine {
    let words = |facts: &[FieldKind]| facts.iter().map(|fact| fact.dutch().to_owned()).collect();
    ExplainedPersonLine {
        persoon: person.source.person.saturating_add(1),
        rol: person.source.role.dutch().to_owned(),
        zekerheid: person.certainty.map(|certainty| certainty.dutch().to_owned()),
        overeen: words(&person.agreed),
        niet_bevestigd: words(&person.unconfirmed),
        alleen_bsn: person.is_contradicted,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use control::{Coverage, InvolvedLine, MAX_RESPONSE_BYTES, ReasonLine};
    use domain::{Certainty, FamilyRef, Oin, Role, Unit};
    use index::{Completeness, Involvement, UnitInvolvement};
    use linkage::Source;

    use super::*;

    const MAX_MEMBERS: u64 = 10_000;
    const MAX_PERSONS: usize = 40;

    /// As long as an explanation can be: of every person of the largest family as many facts as there are.
    fn longest() -> Explanation {
        use FieldKind::{Address, Area, BirthDate, Bsn, GivenName, Initial, Initials, Surname};
        let person = |at| PersonExplanation {
            source: Source { person: at, role: Role::Carer },
            certainty: Some(Certainty::Probable),
            agreed: vec![Bsn, Surname, Initial, Initials, GivenName, BirthDate, Address, Area],
            unconfirmed: vec![Bsn, Surname, Initial, Initials, GivenName, BirthDate, Address, Area],
            is_contradicted: false,
        };
        Explanation { household: true, persons: (0..MAX_PERSONS).map(person).collect() }
    }

    fn line(number: u64) -> InvolvedLine {
        let reason = || ReasonLine { rol: "verzorger".into(), sleutel: "volle-naam-geboorte".into() };
        InvolvedLine {
            oin: Oin::test_number(number).unwrap().to_string(),
            organisatie: "GGZ Waalbocht".into(),
            afdeling: None,
            contactpunt: "achterwacht, 085-0010101".into(),
            zekerheid: "waarschijnlijk".into(),
            basis: (0..5).map(|_| reason()).collect(),
            onderbouwing: None,
            sinds: None,
            te_beoordelen: false,
            oordeel: None,
        }
    }

    fn answer(
        units: Vec<UnitInvolvement>,
        involved: Vec<Involvement>,
        set_aside: Vec<Involvement>,
    ) -> Answer {
        Answer {
            family: FamilyRef::new("G-1").unwrap(),
            trial: false,
            involved,
            set_aside,
            reviews: BTreeMap::new(),
            units,
            completeness: Completeness::default(),
        }
    }

    fn lines(betrokken: Vec<InvolvedLine>, ander_gezin: Vec<InvolvedLine>) -> AnswerLine {
        AnswerLine { gezin: "G-1".into(), betrokken, ander_gezin, dekking: Coverage::default(), proef: false }
    }

    fn other(number: u64, explanation: Explanation) -> Involvement {
        let organisation = Oin::test_number(number).unwrap();
        Involvement { organisation, certainty: Certainty::Probable, basis: Vec::new(), explanation }
    }

    #[test]
    fn everybody_is_explained_by_their_own_evidence() {
        let person = |at, certainty, agreed, is_contradicted| Explanation {
            household: at == 1,
            persons: vec![PersonExplanation {
                source: Source { person: at, role: Role::Child },
                certainty,
                agreed,
                unconfirmed: vec![FieldKind::Address],
                is_contradicted,
            }],
        };
        let unit = UnitInvolvement {
            unit: Some(Unit::new("afdeling", "schuldhulp").unwrap()),
            certainty: Certainty::Probable,
            basis: Vec::new(),
            explanation: person(0, Some(Certainty::Probable), vec![FieldKind::Bsn], true),
        };
        let involved = other(2, person(1, None, vec![FieldKind::Surname, FieldKind::Initial], false));
        let set_aside = other(3, Explanation::default());
        let mut line = lines(vec![line(1), line(2)], vec![line(3)]);
        explain(&mut line, &answer(vec![unit], vec![involved], vec![set_aside]));
        let told: Vec<ExplanationLine> =
            line.betrokken.into_iter().chain(line.ander_gezin).map(|one| one.onderbouwing.unwrap()).collect();
        let [unit, involved, set_aside] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((unit.huishouden, involved.huishouden), (false, true));
        assert_eq!(*set_aside, ExplanationLine::default());
        let expected = |persoon, zekerheid: Option<&str>, overeen: &[&str], alleen_bsn| ExplainedPersonLine {
            persoon,
            rol: "kind".into(),
            zekerheid: zekerheid.map(str::to_owned),
            overeen: overeen.iter().map(|word| (*word).to_owned()).collect(),
            niet_bevestigd: vec!["adres".into()],
            alleen_bsn,
        };
        assert_eq!(unit.personen, [expected(1, Some("waarschijnlijk"), &["burgerservicenummer"], true)]);
        assert_eq!(involved.personen, [expected(2, None, &["geslachtsnaam", "voorletter"], false)]);
    }

    #[test]
    fn an_answer_with_every_member_and_the_longest_explanations_fits_a_line() {
        let involved: Vec<Involvement> =
            (1..=MAX_MEMBERS).map(|number| other(number, Explanation::default())).collect();
        let mut answer = answer(Vec::new(), involved, Vec::new());
        for other in answer.involved.iter_mut().take(MAX_EXPLAINED + 1) {
            other.explanation = longest();
        }
        let mut line = lines((1..=MAX_MEMBERS).map(line).collect(), Vec::new());
        explain(&mut line, &answer);
        let explained = line.betrokken.iter().filter(|one| one.onderbouwing.is_some()).count();
        assert_eq!(explained, MAX_EXPLAINED);
        let bytes = serde_json::to_vec(&line).unwrap().len();
        assert!(bytes < MAX_RESPONSE_BYTES, "{bytes}");
    }
}
