//! Holds the examples of `docs/normalisation.md` to the code: every table of the page is one that is checked here, or one
//! that holds no examples, or that of house numbers, which the import of a node checks.

use std::collections::BTreeSet;
use std::path::Path;

use domain::{
    Address, AddressKind, CalendarDate, HouseNumber, PartialDate, Person, PersonName, PersonalText, Postcode,
    PreviousAddress, Role,
};

use crate::birth::Birth;
use crate::name::{given_name, surname_codes};
use crate::place::Residence;
use crate::unit::unit;
use crate::weight::{BIRTH_BY_CONVENTION, BIRTH_SWAPPABLE};

/// The day on which the page takes place.
const TODAY: &str = "2026-11-22";

/// Fewest rows of examples, so that a page without tables does not pass.
const FEWEST_EXAMPLES: usize = 200;

type Check = fn(&[&str]);

/// Headers of tables, and what holds for each of their rows.
const TABLES: [(&str, Option<Check>); 13] = [
    ("rule|reason|source", None),
    ("huisnummer|number|letter|addition", None),
    ("voorvoegsel|geslachtsnaam|surname codes", Some(surname)),
    ("surnames that meet", Some(surnames_meet)),
    ("surnames that stay apart", Some(surnames_apart)),
    ("voornamen|initial|given-name code", Some(given)),
    ("given names that meet", Some(given_names_meet)),
    ("given names that stay apart", Some(given_names_apart)),
    ("geboortedatum|read as|in a key", Some(birth)),
    ("postcode|read as", Some(postcode)),
    ("huisletter|toevoeging|unit", Some(dwelling)),
    ("adressoort|keys of the address|keys of the address before", Some(address_kind)),
    ("verhuisd_op|the address before counts", Some(moved)),
];

fn today() -> CalendarDate {
    TODAY.parse().unwrap()
}

fn text(cell: &str) -> Option<PersonalText> {
    PersonalText::new("naam", cell).ok()
}

fn told(found: Vec<String>) -> String {
    if found.is_empty() { "nothing".to_owned() } else { found.join(" · ") }
}

fn codes(prefix: &str, surname: &str) -> Vec<String> {
    let name = PersonName { given_names: None, prefix: text(prefix), surname: text(surname) };
    surname_codes(&name).iter().map(|code| code.reveal().to_owned()).collect()
}

fn meaning(given_names: &str) -> Option<(char, Option<String>)> {
    let found = given_name(&PersonName { given_names: text(given_names), ..PersonName::default() })?;
    Some((found.initial, found.code.map(|code| code.reveal().to_owned())))
}

fn surname(cells: &[&str]) {
    assert_eq!(told(codes(cells[0], cells[1])), cells[2], "{cells:?}");
}

fn surnames_meet(cells: &[&str]) {
    let all: Vec<_> = cells[0].split(" = ").map(|name| codes("", name)).collect();
    assert!(
        all.len() > 1 && !all[0].is_empty() && all.iter().all(|other| *other == all[0]),
        "{cells:?}: {all:?}"
    );
}

fn surnames_apart(cells: &[&str]) {
    let (one, other) = cells[0].split_once(" ≠ ").unwrap();
    assert!(codes("", one) != codes("", other), "{cells:?}");
}

fn given(cells: &[&str]) {
    let (initial, code) = match meaning(cells[0]) {
        Some((initial, code)) => (initial.to_string(), code.unwrap_or_default()),
        None => ("nothing".to_owned(), String::new()),
    };
    assert_eq!([&*initial, &*code], cells[1..], "{cells:?}");
}

fn given_names_meet(cells: &[&str]) {
    let all: Vec<_> = cells[0].split(" = ").map(meaning).collect();
    let whole =
        |found: &Option<(char, Option<String>)>| found.as_ref().is_some_and(|(_, code)| code.is_some());
    assert!(all.len() > 1 && all.iter().all(|other| whole(other) && *other == all[0]), "{cells:?}: {all:?}");
}

fn given_names_apart(cells: &[&str]) {
    let (one, other) = cells[0].split_once(" ≠ ").unwrap();
    let code = |name| meaning(name).and_then(|(_, code)| code).unwrap();
    assert_ne!(code(one), code(other), "{cells:?}");
}

fn birth(cells: &[&str]) {
    let read = cells[0].parse::<PartialDate>().ok();
    let parts = read.as_ref().map(PartialDate::reveal_parts);
    let parts = parts.map_or("refused".to_owned(), |(year, month, day)| format!("{year} {month} {day}"));
    assert_eq!(parts, cells[1], "{cells:?}");
    let key = Birth::of(read.as_ref(), today()).map(|birth| {
        let [century, year, low, high] = birth.reveal() else { panic!("four bytes") };
        let kind = match birth.bits() {
            BIRTH_SWAPPABLE => "could be swapped",
            BIRTH_BY_CONVENTION => "by convention",
            _ => "whole",
        };
        format!("{} {low} {high}, {kind}", u16::from_be_bytes([*century, *year]))
    });
    assert_eq!(key.as_deref().unwrap_or("no key"), cells[2], "{cells:?}");
}

fn postcode(cells: &[&str]) {
    let read = cells[0].parse::<Postcode>().ok();
    assert_eq!(read.as_ref().map_or("refused", Postcode::reveal), cells[1], "{cells:?}");
}

fn dwelling(cells: &[&str]) {
    let found = unit(cells[0], cells[1]);
    assert_eq!(if found.is_empty() { "nothing" } else { &found }, cells[2], "{cells:?}");
}

fn resident(kind: AddressKind, moved_on: Option<CalendarDate>) -> Residence {
    let address = |postcode: &str| Address {
        postcode: postcode.parse().unwrap(),
        number: HouseNumber::new(4).unwrap(),
        letter: None,
        addition: None,
    };
    let person = Person {
        address: Some(address("3512JK")),
        address_kind: kind,
        previous: Some(PreviousAddress { address: address("9711AA"), moved_on }),
        ..Person::new(Role::Parent)
    };
    Residence::of(&person, &BTreeSet::new(), today())
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn address_kind(cells: &[&str]) {
    let kind = match cells[0] {
        "woon" => AddressKind::Home,
        "brief" => AddressKind::Correspondence,
        "geheim" => AddressKind::Secret,
        "buitenland" => AddressKind::Abroad,
        other => panic!("{other}"),
    };
    let found = resident(kind, None);
    assert_eq!([yes_or_no(found.home.is_some()), yes_or_no(found.left.is_some())], cells[1..], "{cells:?}");
}

fn moved(cells: &[&str]) {
    let moved_on = (!cells[0].is_empty()).then(|| cells[0].parse().unwrap());
    assert_eq!(yes_or_no(resident(AddressKind::Home, moved_on).left.is_some()), cells[1], "{cells:?}");
}

/// The cells of a row, without the ticks of code.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().strip_prefix('|').and_then(|row| row.strip_suffix('|')).unwrap();
    inner.split('|').map(|cell| cell.trim().replace('`', "")).collect()
}

#[test]
fn every_example_of_the_page_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/normalisation.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut examples = 0;
    let mut seen = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with('|') {
            continue;
        }
        let header = cells(line).join("|");
        let (_, check) =
            TABLES.iter().find(|(known, _)| *known == header).unwrap_or_else(|| panic!("{header}"));
        seen.push(header);
        assert!(lines.next().unwrap().starts_with("|--"), "a header stands above every table");
        while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
            if let Some(check) = check {
                let row = cells(row);
                check(&row.iter().map(String::as_str).collect::<Vec<_>>());
                examples += 1;
            }
        }
    }
    let checked = TABLES.iter().filter(|(_, check)| check.is_some());
    assert!(
        checked.clone().all(|(known, _)| seen.iter().any(|header| header == known)),
        "a table is missing"
    );
    assert!(examples >= FEWEST_EXAMPLES, "{examples}");
}
