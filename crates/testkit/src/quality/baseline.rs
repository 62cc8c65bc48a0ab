//! What others do, on the same region: an index of children by BSN, and exact tokens under a key that everybody shares.

use std::collections::BTreeSet;

use domain::{Person, Role, Sex};

use super::score::Tally;
use super::truth::{Relation, Truth, people};
use crate::population::{Organisation, Population};

/// A way to find others that is compared with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// Children by BSN, as the Dutch index for youth at risk registers them.
    ChildByBsn,
    /// Exact tokens of each person, as sold for linking health records: surname, initial, sex and birth date; surname,
    /// given name, sex and birth date; BSN, sex and birth date.
    ExactTokens,
}

impl Baseline {
    /// Every record beside every other organisation.
    pub(super) fn run(self, population: &Population, truth: &Truth) -> Tally {
        let marks: Vec<BTreeSet<String>> =
            population.organisations.iter().map(|organisation| self.all(organisation)).collect();
        let mut tally = Tally::default();
        for (asker, organisation) in population.organisations.iter().enumerate() {
            for record in &organisation.records {
                let own: Vec<String> = people(record).flat_map(|(person, _)| self.marks(person)).collect();
                for (other, marks) in marks.iter().enumerate().filter(|(other, _)| *other != asker) {
                    if own.iter().any(|mark| marks.contains(mark)) {
                        tally.count(truth.relation(population, record, other) != Relation::None);
                    }
                }
            }
        }
        tally
    }

    fn all(self, organisation: &Organisation) -> BTreeSet<String> {
        organisation.records.iter().flat_map(people).flat_map(|(person, _)| self.marks(person)).collect()
    }

    fn marks(self, person: &Person) -> Vec<String> {
        match self {
            Self::ChildByBsn => {
                let bsn = person.bsn.iter().filter(|_| person.role == Role::Child);
                bsn.map(|bsn| bsn.reveal().to_owned()).collect()
            }
            Self::ExactTokens => tokens(person),
        }
    }
}

/// After the OpenLinkToken rules: capitals, no blanks around, nothing else made alike.
fn tokens(person: &Person) -> Vec<String> {
    let Some(born) = person.born.as_ref().and_then(|born| born.reveal_whole()) else { return Vec::new() };
    let sex = match person.sex {
        Some(Sex::Male) => "M",
        Some(Sex::Female) => "V",
        Some(Sex::Unknown) | None => "O",
    };
    let upper = |text: &domain::PersonalText| text.reveal().trim().to_uppercase();
    let mut tokens = Vec::new();
    if let (Some(surname), Some(given)) =
        (person.name.surname.as_ref().map(upper), person.name.given_names.as_ref().map(upper))
    {
        let initial: String = given.chars().take(1).collect();
        tokens.push(format!("T1|{surname}|{initial}|{sex}|{born}"));
        tokens.push(format!("T3|{surname}|{given}|{sex}|{born}"));
    }
    tokens.extend(person.bsn.iter().map(|bsn| format!("T4|{}|{sex}|{born}", bsn.reveal())));
    tokens
}
