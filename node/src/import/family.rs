//! A family while its rows come in: persons one by one, and details of the family that its rows must agree on.

use domain::{
    CalendarDate, Contact, Family, FamilyRef, Kindcheck, LegalBasisCode, Person, PersonalText, Signal,
    SignalKind, Unit, Visibility,
};
use roster::BasisStanding;

use super::columns::{self, Column};
use super::row::{Row, expectation, person};
use super::{ImportRules, RowProblem};

/// No more persons than this are kept: one more than any family may have, so that [`Family::new`] refuses it and
/// a file that is one family stays cheap to read.
const MAX_KEPT: usize = 41;

/// What is told about a real family in a trial circle.
const TRIAL: &str = "that legal basis is for trials with synthetic families: every person has a BSN that begins with 999, or no \
                     BSN and a geslachtsnaam that begins with 'Proef'";

/// Why a family is refused that says nothing of its end and of which no signal could last until today.
const ALL_GROWN: &str = "every child is 23 or older, so that no signal can last; leave the family out";

/// A detail of the family, once a row has told it, and the line of that row.
struct Agreed<T>(Option<(T, u64)>);

impl<T> Default for Agreed<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: PartialEq> Agreed<T> {
    /// Takes what a row tells. Rows may repeat each other or say nothing, but not contradict.
    fn hear(&mut self, told: Option<T>, row: &mut Row<'_>, column: Column) {
        match (&self.0, told) {
            (_, None) => {}
            (None, Some(told)) => self.0 = Some((told, row.line())),
            (Some((first, _)), Some(told)) if *first == told => {}
            (Some((_, line)), Some(_)) => {
                let reason = format!("differs from line {line}; the rows of one gezin must agree");
                row.refuse(column, reason);
            }
        }
    }

    fn value(self) -> Option<T> {
        self.0.map(|(value, _)| value)
    }
}

/// A family of which not every row has been read.
#[derive(Default)]
pub(super) struct Draft {
    persons: Vec<(Person, u64)>,
    is_flawed: bool,
    kind: Agreed<SignalKind>,
    kindcheck: Agreed<Kindcheck>,
    legal_basis: Agreed<LegalBasisCode>,
    visibility: Agreed<Visibility>,
    unit: Agreed<Unit>,
    contact_person: Agreed<PersonalText>,
    function: Agreed<PersonalText>,
    phone: Agreed<PersonalText>,
    email: Agreed<PersonalText>,
    involved_since: Agreed<CalendarDate>,
    informed_on: Agreed<CalendarDate>,
    ends_on: Agreed<CalendarDate>,
}

impl Draft {
    /// Takes a row of this family. Flaws are noted in the row.
    pub(super) fn hear(&mut self, row: &mut Row<'_>, rules: &ImportRules<'_>) {
        let person = person(row, rules);
        self.hear_details(row, rules);
        if let Some(person) = person {
            self.add(person, row);
        }
    }

    /// Notes that a row of this family was refused.
    pub(super) fn spoil(&mut self) {
        self.is_flawed = true;
    }

    fn hear_details(&mut self, row: &mut Row<'_>, rules: &ImportRules<'_>) {
        let told = row.choice(columns::KIND, &[("bekend", SignalKind::Known), ("zorg", SignalKind::Concern)]);
        self.kind.hear(told, row, columns::KIND);
        let told =
            row.choice(columns::KINDCHECK, &[("ja", Kindcheck::Yes), ("zwanger", Kindcheck::Pregnant)]);
        self.kindcheck.hear(told, row, columns::KINDCHECK);
        let told = legal_basis(row, rules);
        self.legal_basis.hear(told, row, columns::LEGAL_BASIS);
        let told = row.choice(
            columns::VISIBILITY,
            &[("zichtbaar", Visibility::Visible), ("afgeschermd", Visibility::Shielded)],
        );
        self.visibility.hear(told, row, columns::VISIBILITY);
        let told = unit(row, rules);
        self.unit.hear(told, row, columns::UNIT);
        for (agreed, column) in [
            (&mut self.contact_person, columns::CONTACT_PERSON),
            (&mut self.function, columns::FUNCTION),
            (&mut self.phone, columns::PHONE),
            (&mut self.email, columns::EMAIL),
        ] {
            let told = row.text(column);
            agreed.hear(told, row, column);
        }
        for (agreed, column) in [
            (&mut self.involved_since, columns::INVOLVED_SINCE),
            (&mut self.informed_on, columns::INFORMED_ON),
            (&mut self.ends_on, columns::ENDS_ON),
        ] {
            let told = row.parsed(column);
            agreed.hear(told, row, column);
        }
    }

    /// Adds the person, unless an equal row told of the same citizen before. Two equal rows without BSN may be two
    /// persons of whom little is known.
    fn add(&mut self, person: Person, row: &mut Row<'_>) {
        let same = |(known, _): &&(Person, u64)| person.bsn.is_some() && known.bsn == person.bsn;
        match self.persons.iter().find(same) {
            Some((known, _)) if *known == person => {}
            Some((known, line)) if known.role != person.role => {
                let reason = format!("the same number has another role in line {line}");
                row.refuse(columns::BSN, reason);
            }
            Some((_, line)) => {
                let reason = format!("the same number has other details in line {line}; one row per person");
                row.refuse(columns::BSN, reason);
            }
            None if self.persons.len() < MAX_KEPT => self.persons.push((person, row.line())),
            None => {}
        }
    }

    /// The unit that the rows name; `Some(None)` when they name none. Of a flawed family the absence of a unit is
    /// not certain, so that it names none either way.
    pub(super) fn named_unit(&self) -> Option<Option<Unit>> {
        match &self.unit.0 {
            Some((unit, _)) => Some(Some(unit.clone())),
            None if self.is_flawed => None,
            None => Some(None),
        }
    }

    /// The signal, once every row has been read; `None` when a row was refused.
    ///
    /// # Errors
    /// What is wrong with the family as a whole.
    pub(super) fn finish(
        self,
        family_ref: &FamilyRef,
        file: &str,
        rules: &ImportRules<'_>,
    ) -> Result<Option<Signal>, RowProblem> {
        if self.is_flawed {
            return Ok(None);
        }
        let problem = |line, column: Column, reason| RowProblem {
            file: file.to_owned(),
            line,
            column: Some(column.name()),
            reason,
        };
        if let (Some((since, _)), Some((end, line))) = (&self.involved_since.0, &self.ends_on.0)
            && end < since
        {
            return Err(problem(*line, columns::ENDS_ON, "lies before betrokken_sinds".to_owned()));
        }
        let last = self.persons.last().map_or(1, |(_, line)| *line);
        let persons = self.persons.into_iter().map(|(person, _)| person).collect();
        let family = Family::new(persons, self.kindcheck.value())
            .map_err(|refused| problem(last, columns::FAMILY, expectation(&refused)))?;
        let standing = self.legal_basis.0.as_ref().zip(rules.known_grounds);
        if let Some(((code, line), known)) = standing
            && let Some(BasisStanding::Holds { trial: true }) = known.get(code)
            && !family.is_synthetic()
        {
            return Err(problem(*line, columns::LEGAL_BASIS, TRIAL.to_owned()));
        }
        if let Some(today) = rules.today {
            let is_held = rules.held.is_some_and(|held| held.contains(family_ref));
            let (line, flaw) = match &self.ends_on.0 {
                Some((end, line)) => {
                    (*line, family.check_end(*end, today).err().map(|reason| reason.to_string()))
                }
                // A signal that is held ends by itself. A new one that could never be active is told.
                None if !is_held && family.usual_end(None, today) < today => {
                    (last, Some(ALL_GROWN.to_owned()))
                }
                None => (last, None),
            };
            if let Some(reason) = flaw {
                return Err(problem(line, columns::ENDS_ON, reason));
            }
        }
        Ok(Some(Signal {
            family_ref: family_ref.clone(),
            family,
            kind: self.kind.value().unwrap_or_default(),
            legal_basis: self.legal_basis.value(),
            visibility: self.visibility.value().unwrap_or_default(),
            unit: self.unit.value(),
            contact: Contact {
                person: self.contact_person.value(),
                function: self.function.value(),
                phone: self.phone.value(),
                email: self.email.value(),
            },
            involved_since: self.involved_since.value(),
            informed_on: self.informed_on.value(),
            ends_on: self.ends_on.value(),
        }))
    }
}

/// The unit; one that the configuration does not list is a flaw, so that a mistyped name does not make another unit.
fn unit(row: &mut Row<'_>, rules: &ImportRules<'_>) -> Option<Unit> {
    let told = row.checked(columns::UNIT, Unit::new)?;
    let Some(known) = rules.known_units.filter(|known| !known.contains(&told)) else { return Some(told) };
    let meant = nearest(told.as_str(), known.iter().map(Unit::as_str));
    let meant = meant.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
    row.refuse(columns::UNIT, format!("units.names in the configuration holds no such unit{meant}"));
    None
}

/// The known word that is near enough to be meant.
fn nearest<'a>(told: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |word: &str| strsim::normalized_damerau_levenshtein(word, told);
    known
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|word| likeness(word) >= columns::SUGGESTED)
}

/// The legal basis; a code that the roster does not hold, or on which the organisation may register nothing, is a flaw.
fn legal_basis(row: &mut Row<'_>, rules: &ImportRules<'_>) -> Option<LegalBasisCode> {
    let told: LegalBasisCode = row.parsed(columns::LEGAL_BASIS)?;
    let Some(known) = rules.known_grounds else { return Some(told) };
    match known.get(&told) {
        Some(BasisStanding::Holds { .. }) => return Some(told),
        Some(BasisStanding::Lapsed(until)) => {
            let reason = format!(
                "that legal basis ended on {}; ask the governors whether it is extended",
                until.date()
            );
            row.refuse(columns::LEGAL_BASIS, reason);
            return None;
        }
        Some(BasisStanding::Closed) => {
            let reason = "no circle names that legal basis for what organisations of this sector publish; the roster says \
                          which hold";
            row.refuse(columns::LEGAL_BASIS, reason.to_owned());
            return None;
        }
        None => {}
    }
    let reason = match nearest(told.as_str(), known.keys().map(LegalBasisCode::as_str)) {
        _ if known.is_empty() => "the roster holds no legal basis at all; leave the column empty".to_owned(),
        Some(nearest) => format!("the roster holds no such legal basis; did you mean '{nearest}'?"),
        None => "the roster holds no such legal basis".to_owned(),
    };
    row.refuse(columns::LEGAL_BASIS, reason);
    None
}
