//! One row: its cells by column, what is wrong with them, and the person it describes.

use std::str::FromStr;

use csv::StringRecord;
use domain::{
    AddressKind, Bsn, Invalid, PartialDate, Person, PersonName, PersonalText, PreviousAddress, Role, Sex,
};

use super::columns::{self, Column, Header};
use super::{ImportRules, MAX_CELL_BYTES, RowProblem, address};

/// The cells of one row, and the flaws found while reading them.
pub(super) struct Row<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    line: u64,
    flaws: Vec<(Option<Column>, String)>,
}

impl<'a> Row<'a> {
    /// Checks the shape; the cells are checked as they are read.
    pub(super) fn new(header: &'a Header, record: &'a StringRecord, line: u64) -> Self {
        let mut row = Self { header, record, line, flaws: Vec::new() };
        if record.len() > header.width() {
            row.flaws.push((
                None,
                format!(
                    "{} cells under {} columns; quote cells that hold the separator",
                    record.len(),
                    header.width()
                ),
            ));
        }
        let nameless = |(place, cell): (usize, &str)| {
            place < header.width() && !cell.trim().is_empty() && !header.names(place)
        };
        if record.iter().enumerate().any(nameless) {
            row.flaws.push((None, "a cell stands under a column without a name".to_owned()));
        }
        if record.iter().any(|cell| cell.len() > MAX_CELL_BYTES) {
            row.flaws.push((None, format!("a cell is longer than {MAX_CELL_BYTES} bytes")));
        }
        row
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Whether a cell may have slipped into the place of the family reference, or rows may hide in a cell.
    pub(super) fn is_shifted(&self) -> bool {
        let too_long =
            self.record.len() > self.header.width() && self.header.place(columns::FAMILY) != Some(0);
        too_long || self.record.iter().any(|cell| cell.trim().contains(['\r', '\n']))
    }

    /// The cell without surrounding blanks; `None` when empty or left out.
    pub(super) fn cell(&self, column: Column) -> Option<&'a str> {
        let cell = self.record.get(self.header.place(column)?)?.trim();
        (!cell.is_empty() && cell.len() <= MAX_CELL_BYTES).then_some(cell)
    }

    /// Whether the cell is empty or left out. One that is too long for [`Self::cell`] is not.
    pub(super) fn is_blank(&self, column: Column) -> bool {
        let cell = self.header.place(column).and_then(|place| self.record.get(place));
        cell.is_none_or(|cell| cell.trim().is_empty())
    }

    /// Whether the row would have its cells under the columns, had it been split by `other` instead of by the
    /// separator of the header.
    pub(super) fn is_separated_by(&self, other: char) -> bool {
        let has_role = self
            .cell(columns::ROLE)
            .is_some_and(|cell| Role::ALL.iter().any(|role| role.dutch().eq_ignore_ascii_case(cell)));
        if has_role || self.record.len() >= self.header.width() {
            return false;
        }
        let split = 1 + self.record.iter().map(|cell| cell.matches(other).count()).sum::<usize>();
        split == self.header.width() || (self.record.len() == 1 && split > 1)
    }

    /// Notes a flaw of one column.
    pub(super) fn refuse(&mut self, column: Column, reason: impl Into<String>) {
        self.flaws.push((Some(column), reason.into()));
    }

    /// Notes a flaw of the row as a whole.
    pub(super) fn refuse_row(&mut self, reason: &str) {
        self.flaws.push((None, reason.to_owned()));
    }

    /// The value, or a flaw that says what was expected.
    pub(super) fn checked<T>(
        &mut self,
        column: Column,
        check: impl FnOnce(&'static str, &str) -> Result<T, Invalid>,
    ) -> Option<T> {
        let refused = match check(column.name(), self.cell(column)?) {
            Ok(value) => return Some(value),
            Err(refused) => refused,
        };
        self.refuse(column, expectation(&refused));
        None
    }

    pub(super) fn parsed<T: FromStr<Err = Invalid>>(&mut self, column: Column) -> Option<T> {
        self.checked(column, |_, cell| cell.parse())
    }

    pub(super) fn text(&mut self, column: Column) -> Option<PersonalText> {
        self.checked(column, PersonalText::new)
    }

    /// One of a closed set of words; capitals do not count. Of words for one value only the first is told to the user.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        column: Column,
        accepted: &[(&str, T)],
    ) -> Option<T> {
        let given = self.cell(column)?.to_lowercase();
        let found = accepted.iter().find(|(word, _)| word.to_lowercase() == given).map(|(_, value)| *value);
        if found.is_none() {
            let first =
                |place: usize, value: &T| !accepted.iter().take(place).any(|(_, earlier)| earlier == value);
            let words: Vec<&str> = accepted
                .iter()
                .enumerate()
                .filter(|(place, (_, value))| first(*place, value))
                .map(|(_, (word, _))| *word)
                .collect();
            self.refuse(column, format!("expected {}", alternatives(&words)));
        }
        found
    }

    /// What was noted, as told to the user.
    pub(super) fn into_problems(self, file: &str) -> Vec<RowProblem> {
        let line = self.line;
        let told = |(column, reason): (Option<Column>, String)| RowProblem {
            file: file.to_owned(),
            line,
            column: column.map(Column::name),
            reason,
        };
        self.flaws.into_iter().map(told).collect()
    }
}

/// What a value was expected to be, without the name of its kind: the column says that better.
pub(super) fn expectation(refused: &Invalid) -> String {
    let told = refused.to_string();
    told.split_once(": ").map_or_else(|| told.clone(), |(_, expected)| expected.to_owned())
}

/// `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Reads the columns that describe the person. `None` when the role cannot be known; flaws are noted in the row.
pub(super) fn person(row: &mut Row<'_>, rules: &ImportRules<'_>) -> Option<Person> {
    if row.is_blank(columns::ROLE) {
        row.refuse(columns::ROLE, "empty; every row needs it");
    }
    let role = row.choice(columns::ROLE, &Role::ALL.map(|role| (role.dutch(), role)));
    let bsn = citizen_number(row, rules);
    let name = PersonName {
        given_names: row.text(columns::GIVEN_NAMES),
        prefix: row.text(columns::NAME_PREFIX),
        surname: row.text(columns::SURNAME),
    };
    let born = birth_date(row, rules);
    let sex = row.choice(columns::SEX, &[("M", Sex::Male), ("V", Sex::Female), ("O", Sex::Unknown)]);
    let address_kind = row
        .choice(
            columns::ADDRESS_KIND,
            &[
                ("woon", AddressKind::Home),
                ("brief", AddressKind::Correspondence),
                ("geheim", AddressKind::Secret),
                ("buitenland", AddressKind::Abroad),
                // Functie adres in the BRP (LO BRP 10.10), as code and as word.
                ("w", AddressKind::Home),
                ("woonadres", AddressKind::Home),
                ("b", AddressKind::Correspondence),
                ("briefadres", AddressKind::Correspondence),
            ],
        )
        .unwrap_or_default();
    // Abroad neither postcodes nor house numbers follow Dutch rules, and no key is made of them.
    let address = match address_kind {
        AddressKind::Abroad => None,
        AddressKind::Home | AddressKind::Correspondence | AddressKind::Secret => {
            address::read(row, &address::PRESENT)
        }
    };
    let moved_on = row.parsed(columns::MOVED_ON);
    let previous =
        address::read(row, &address::PREVIOUS).map(|address| PreviousAddress { address, moved_on });
    Some(Person { role: role?, bsn, name, born, sex, address, address_kind, previous })
}

fn citizen_number(row: &mut Row<'_>, rules: &ImportRules<'_>) -> Option<Bsn> {
    if !rules.bsn_entitled && row.cell(columns::BSN).is_some() {
        row.refuse(
            columns::BSN,
            "this organisation is not entitled to process the burgerservicenummer; leave the column empty",
        );
        return None;
    }
    row.parsed(columns::BSN)
}

fn birth_date(row: &mut Row<'_>, rules: &ImportRules<'_>) -> Option<PartialDate> {
    let born: PartialDate = row.parsed(columns::BORN)?;
    // Unknown parts are 0 and so never make a date late.
    let late = |today: domain::CalendarDate| born.reveal_parts() > (today.year(), today.month(), today.day());
    if rules.today.is_some_and(late) {
        row.refuse(columns::BORN, "lies in the future; an expected child is recorded as kindcheck zwanger");
        return None;
    }
    Some(born)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: &[&str], cells: &[&str], rules: &ImportRules<'_>) -> Result<Person, Vec<String>> {
        let mut names = vec!["gezin"];
        names.extend(columns);
        let header = Header::read(&StringRecord::from(names)).unwrap();
        let mut values = vec!["G1"];
        values.extend(cells);
        let record = StringRecord::from(values);
        let mut row = Row::new(&header, &record, 2);
        let person = person(&mut row, rules);
        let told: Vec<String> = row.into_problems("a.csv").iter().map(ToString::to_string).collect();
        if told.is_empty() { Ok(person.unwrap()) } else { Err(told) }
    }

    fn entitled() -> ImportRules<'static> {
        ImportRules {
            bsn_entitled: true,
            known_grounds: None,
            known_units: None,
            today: Some("2026-11-21".parse().unwrap()),
            held: None,
        }
    }

    #[test]
    fn a_whole_person() {
        let person = check(
            &[
                "rol",
                "burgerservicenummer",
                "voornamen",
                "voorvoegsel",
                "geslachtsnaam",
                "geboortedatum",
                "geslacht",
            ],
            &[" Ouder ", "111222333", "Saar Lot", "van der", " Zonneveld ", "00-05-1987", "v"],
            &entitled(),
        )
        .unwrap();
        assert_eq!(person.role, Role::Parent);
        assert_eq!(person.bsn.unwrap().reveal(), "111222333");
        assert_eq!(person.name.given_names.unwrap().reveal(), "Saar Lot");
        assert_eq!(person.name.prefix.unwrap().reveal(), "van der");
        assert_eq!(person.name.surname.unwrap().reveal(), "Zonneveld");
        assert_eq!(person.born.unwrap().reveal_parts(), (1987, 5, 0));
        assert_eq!(person.sex, Some(Sex::Female));
    }

    #[test]
    fn the_role_is_enough() {
        for (dutch, role) in Role::ALL.map(|role| (role.dutch(), role)) {
            assert_eq!(check(&["rol"], &[&dutch.to_uppercase()], &entitled()).unwrap(), Person::new(role));
        }
    }

    #[test]
    fn refusals_say_what_was_expected() {
        for (column, cell, told) in [
            ("burgerservicenummer", "111222334", "does not pass the 11-proef; check the digits"),
            ("burgerservicenummer", "Zonneveld", "expected nine digits"),
            ("geboortedatum", "2015-02-30", "no such date; unknown parts are written 00"),
            ("geboortedatum", "30/02/2015", "expected YYYY-MM-DD or DD-MM-YYYY"),
            (
                "geboortedatum",
                "2026-11-22",
                "lies in the future; an expected child is recorded as kindcheck zwanger",
            ),
            ("geslacht", "man", "expected M, V or O"),
            ("adressoort", "thuis", "expected woon, brief, geheim or buitenland"),
            ("verhuisd_op", "2025-00-00", "no such day on the calendar"),
            ("geslachtsnaam", "Zonne\nveld", "holds a control character"),
            ("postcode", "12345", "expected four digits and two letters, such as 1234AB"),
        ] {
            let problems = check(&["rol", column], &["kind", cell], &entitled()).unwrap_err();
            assert_eq!(problems, [format!("a.csv, line 2, column {column}: {told}")]);
            assert!(!problems.concat().contains(cell), "{problems:?}");
        }
    }

    #[test]
    fn a_wrong_role_is_not_repeated() {
        assert_eq!(
            check(&["rol"], &["Zonneveld"], &entitled()).unwrap_err(),
            ["a.csv, line 2, column rol: expected kind, ouder, partner, verzorger or overig"]
        );
        assert_eq!(
            check(&["rol"], &[" "], &entitled()).unwrap_err(),
            ["a.csv, line 2, column rol: empty; every row needs it"]
        );
    }

    #[test]
    fn kinds_of_address_as_the_brp_writes_them() {
        for (cell, kind) in [
            ("woon", AddressKind::Home),
            ("W", AddressKind::Home),
            ("B", AddressKind::Correspondence),
            ("Briefadres", AddressKind::Correspondence),
            ("", AddressKind::Home),
        ] {
            assert_eq!(
                check(&["rol", "adressoort"], &["kind", cell], &entitled()).unwrap().address_kind,
                kind
            );
        }
    }

    #[test]
    fn every_flaw_of_a_row_is_told() {
        let columns = ["rol", "burgerservicenummer", "geslacht"];
        assert_eq!(check(&columns, &["nicht", "1", "x"], &entitled()).unwrap_err().len(), 3);
    }

    #[test]
    fn the_burgerservicenummer_needs_entitlement() {
        let unentitled = ImportRules { bsn_entitled: false, ..entitled() };
        let columns = ["rol", "burgerservicenummer"];
        assert!(check(&columns, &["kind", " "], &unentitled).is_ok());
        assert_eq!(
            check(&columns, &["kind", "111222333"], &unentitled).unwrap_err(),
            ["a.csv, line 2, column burgerservicenummer: this organisation is not entitled to process the \
              burgerservicenummer; leave the column empty"]
        );
    }

    #[test]
    fn birth_dates_up_to_today_and_partly_unknown_ones_pass() {
        for born in ["2026-11-21", "2026-11-00", "2026-00-00", "0000-00-00"] {
            assert!(check(&["rol", "geboortedatum"], &["kind", born], &entitled()).is_ok(), "{born}");
        }
        let timeless = ImportRules { today: None, ..entitled() };
        assert!(check(&["rol", "geboortedatum"], &["kind", "2099-01-01"], &timeless).is_ok());
    }

    #[test]
    fn the_shape_of_a_row() {
        let long = "x".repeat(MAX_CELL_BYTES + 1);
        for (columns, cells, told) in [
            (&["rol", "geslachtsnaam"][..], &["kind"][..], None),
            (&["rol"], &["kind", ""], Some("3 cells under 2 columns")),
            (&["rol", ""], &["kind", " "], None),
            (&["rol", ""], &["kind", "x"], Some("a cell stands under a column without a name")),
            (&["rol", "geslachtsnaam"], &["kind", &long], Some("a cell is longer than 4096 bytes")),
        ] {
            match (check(columns, cells, &entitled()), told) {
                (Ok(_), told) => assert_eq!(told, None),
                (Err(problems), told) => {
                    assert!(problems.concat().starts_with(&format!("a.csv, line 2: {}", told.unwrap())));
                }
            }
        }
    }
}
