//! The columns of the format and the header that says where each stands in one file.

use std::collections::BTreeMap;

use csv::StringRecord;

use super::FileFlaw;

/// A column, by the name it has in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Column(&'static str);

impl Column {
    pub(super) const fn name(self) -> &'static str {
        self.0
    }
}

pub(super) const FAMILY: Column = Column("gezin");
pub(super) const ROLE: Column = Column("rol");
pub(super) const BSN: Column = Column("burgerservicenummer");
pub(super) const GIVEN_NAMES: Column = Column("voornamen");
pub(super) const NAME_PREFIX: Column = Column("voorvoegsel");
pub(super) const SURNAME: Column = Column("geslachtsnaam");
pub(super) const BORN: Column = Column("geboortedatum");
pub(super) const SEX: Column = Column("geslacht");
pub(super) const POSTCODE: Column = Column("postcode");
pub(super) const NUMBER: Column = Column("huisnummer");
pub(super) const LETTER: Column = Column("huisletter");
pub(super) const ADDITION: Column = Column("huisnummertoevoeging");
pub(super) const PREVIOUS_POSTCODE: Column = Column("vorige_postcode");
pub(super) const PREVIOUS_NUMBER: Column = Column("vorig_huisnummer");
pub(super) const PREVIOUS_LETTER: Column = Column("vorige_huisletter");
pub(super) const PREVIOUS_ADDITION: Column = Column("vorige_huisnummertoevoeging");
pub(super) const MOVED_ON: Column = Column("verhuisd_op");
pub(super) const ADDRESS_KIND: Column = Column("adressoort");
pub(super) const KIND: Column = Column("soort");
pub(super) const KINDCHECK: Column = Column("kindcheck");
pub(super) const LEGAL_BASIS: Column = Column("grondslag");
pub(super) const VISIBILITY: Column = Column("zichtbaarheid");
pub(super) const UNIT: Column = Column("afdeling");
pub(super) const CONTACT_PERSON: Column = Column("contactpersoon");
pub(super) const FUNCTION: Column = Column("functie");
pub(super) const PHONE: Column = Column("telefoon");
pub(super) const EMAIL: Column = Column("email");
pub(super) const INVOLVED_SINCE: Column = Column("betrokken_sinds");
pub(super) const INFORMED_ON: Column = Column("geinformeerd_op");
pub(super) const ENDS_ON: Column = Column("einddatum");

/// Every column, in the order of the documentation.
const ALL: [Column; 30] = [
    FAMILY,
    ROLE,
    BSN,
    GIVEN_NAMES,
    NAME_PREFIX,
    SURNAME,
    BORN,
    SEX,
    POSTCODE,
    NUMBER,
    LETTER,
    ADDITION,
    PREVIOUS_POSTCODE,
    PREVIOUS_NUMBER,
    PREVIOUS_LETTER,
    PREVIOUS_ADDITION,
    MOVED_ON,
    ADDRESS_KIND,
    KIND,
    KINDCHECK,
    LEGAL_BASIS,
    VISIBILITY,
    UNIT,
    CONTACT_PERSON,
    FUNCTION,
    PHONE,
    EMAIL,
    INVOLVED_SINCE,
    INFORMED_ON,
    ENDS_ON,
];

/// The name of every column, in the order of the documentation; aliases are not among them.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(Column::name)
}

/// Other names that a header may use.
const ALIASES: [(&str, Column); 2] = [("toevoeging", ADDITION), ("contact", EMAIL)];

/// Names from other systems that are refused like any unknown one, but whose meaning no edit distance finds.
const OFTEN_MEANT: [(&str, Column); 8] = [
    ("bsn", BSN),
    ("naam", SURNAME),
    ("achternaam", SURNAME),
    ("voornaam", GIVEN_NAMES),
    ("voorletters", GIVEN_NAMES),
    ("tussenvoegsel", NAME_PREFIX),
    ("telefoonnummer", PHONE),
    ("eenheid", UNIT),
];

/// From this similarity (0 to 1) on a first cell counts as an attempt at a column name, not as data.
const RESEMBLES: f64 = 0.7;

/// From this similarity (0 to 1) on a name is suggested for one that is not known; below it a suggestion would
/// mislead.
pub(super) const SUGGESTED: f64 = 0.6;

/// Longest part of an unknown name that is repeated.
const SHOWN_CHARS: usize = 40;

/// Where each column stands.
#[derive(Debug)]
pub(super) struct Header {
    places: BTreeMap<Column, usize>,
    width: usize,
}

impl Header {
    /// Recognises the columns of the first row. A cell without a name, as spreadsheets leave at the end, is kept
    /// as a place that rows must leave empty.
    pub(super) fn read(record: &StringRecord) -> Result<Self, FileFlaw> {
        let names: Vec<&str> = record.iter().map(str::trim).collect();
        if !names.iter().any(|name| known(name).is_some() || nearest(name).1 >= RESEMBLES) {
            return Err(FileFlaw::NoHeader);
        }
        // Every file has these columns; a row without them may be one of data, of which no cell is repeated.
        let is_header =
            names.iter().filter_map(|name| known(name)).any(|column| [FAMILY, ROLE].contains(&column));
        let mut places: BTreeMap<Column, usize> = BTreeMap::new();
        for (place, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let Some(column) = known(name) else {
                let (nearest, likeness) = nearest(name);
                if !is_header && likeness < SUGGESTED {
                    return Err(FileFlaw::NoHeader);
                }
                return Err(FileFlaw::UnknownColumn {
                    column: name.chars().take(SHOWN_CHARS).collect(),
                    nearest: (likeness >= SUGGESTED).then_some(nearest.name()),
                });
            };
            if let Some(before) = places.insert(column, place) {
                let alias = names.get(before).and_then(|name| alias(name)).or_else(|| alias(name));
                return Err(FileFlaw::DoubleColumn { column: column.name(), alias });
            }
        }
        for column in [FAMILY, ROLE] {
            if !places.contains_key(&column) {
                return Err(FileFlaw::MissingColumn { column: column.name() });
            }
        }
        Ok(Self { places, width: names.len() })
    }

    /// How many cells a row may have.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The place of a column, from 0.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.get(&column).copied()
    }

    /// Whether the place has a name.
    pub(super) fn names(&self, place: usize) -> bool {
        self.places.values().any(|named| *named == place)
    }
}

fn known(name: &str) -> Option<Column> {
    recognised(name).map(|(_, column)| column)
}

/// The alias that the name is, if it is one.
fn alias(name: &str) -> Option<&'static str> {
    recognised(name).filter(|(known, column)| *known != column.name()).map(|(known, _)| known)
}

/// The name in the spelling of the documentation, and its column. Capitals do not count, blanks stand for nothing or
/// for an underscore.
fn recognised(name: &str) -> Option<(&'static str, Column)> {
    let joined: String = name.split_whitespace().collect::<String>().to_lowercase();
    let underscored = name.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase();
    all_names().find(|(known, _)| *known == joined || *known == underscored)
}

/// The nearest known name and how similar it is.
fn nearest(name: &str) -> (Column, f64) {
    let name: String = name.split_whitespace().collect::<String>().to_lowercase();
    let mut best = (FAMILY, 0.0);
    for (candidate, column) in all_names().chain(OFTEN_MEANT) {
        let similarity = strsim::normalized_damerau_levenshtein(&name, candidate);
        if similarity > best.1 {
            best = (column, similarity);
        }
    }
    best
}

fn all_names() -> impl Iterator<Item = (&'static str, Column)> {
    ALL.into_iter().map(|column| (column.name(), column)).chain(ALIASES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cells: &[&str]) -> Result<Header, FileFlaw> {
        Header::read(&StringRecord::from(cells.to_vec()))
    }

    #[test]
    fn names_in_any_order_and_spelling() {
        let header =
            header(&["ROL", " Geboorte Datum ", "verhuisd op", "Toevoeging", "contact", "Gezin", ""])
                .unwrap();
        for (column, place) in [(ROLE, 0), (BORN, 1), (MOVED_ON, 2), (ADDITION, 3), (EMAIL, 4), (FAMILY, 5)] {
            assert_eq!(header.place(column), Some(place), "{column:?}");
        }
        assert_eq!(header.place(BSN), None);
        assert_eq!(header.width(), 7);
        assert!(header.names(5) && !header.names(6));
    }

    #[test]
    fn every_column_is_known_by_its_own_name_alone() {
        for column in ALL {
            assert_eq!(known(column.name()), Some(column));
            assert_eq!(ALL.iter().filter(|other| **other == column).count(), 1);
        }
        for (alias, _) in ALIASES.iter().chain(&OFTEN_MEANT) {
            assert!(ALL.iter().all(|column| column.name() != *alias));
        }
    }

    #[test]
    fn refusals() {
        for (cells, told) in [
            (
                &["gezin", "rol", "geboortedatm"][..],
                "unknown column 'geboortedatm'; did you mean 'geboortedatum'?",
            ),
            (&["gezin", "rol", "BSN"], "unknown column 'BSN'; did you mean 'burgerservicenummer'?"),
            (&["gezinn", "roll"], "unknown column 'gezinn'; did you mean 'gezin'?"),
            (&["gezin", "rol", "x\u{1b}[2J"], "unknown column 'x\\u{1b}[2J'; no column has such a name"),
            (
                &["gezin", "rol", "schoenmaat"],
                "unknown column 'schoenmaat'; no column has such a name; remove it",
            ),
            (
                &["gezin", "rol", "Toevoeging", "huisnummertoevoeging"],
                "column 'huisnummertoevoeging' is present twice, counting its alias 'toevoeging'; keep one of them",
            ),
            (
                &["gezin", "rol", "email", "contact"],
                "column 'email' is present twice, counting its alias 'contact'; keep one of them",
            ),
            (&["gezin", "rol", "Rol"], "column 'rol' is present twice; keep one of them"),
            (&["rol", "postcode"], "column 'gezin' is missing"),
            (&["gezin", "postcode"], "column 'rol' is missing"),
            (&["G1", "kind", "Zonneveld", "2015-03-09"], "no header; "),
            (&["Zonneveld", "gezin-1", "kind", "2015-03-09"], "no header; "),
        ] {
            let flaw = header(cells).unwrap_err().to_string();
            assert!(flaw.starts_with(told), "{flaw}");
        }
    }

    #[test]
    fn a_data_row_in_place_of_the_header_is_not_repeated() {
        let flaw = header(&["G1", "kind", "Zonneveld"]).unwrap_err();
        assert!(!flaw.to_string().contains("Zonneveld"));
    }
}
