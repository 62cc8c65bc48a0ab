//! The address columns of a row. Spelling is linkage's business; this only parts what one cell joins.

use domain::{Address, HouseNumber, PersonalText, Postcode};

use super::columns::{self, Column};
use super::row::Row;

/// Longest letter and addition of unknown words that is split off a house number (BAG: an addition has at most four
/// characters); what is longer is rather a street or a name in the wrong column.
const MAX_SPLIT_CHARS: usize = 4;

/// Words in front of a house number, with the addition that they stand for (LO BRP 11.50: `to` and `by`).
const BEFORE_NUMBER: [(&str, Option<&str>); 9] = [
    ("t/o", Some("to")),
    ("t.o.", Some("to")),
    ("to", Some("to")),
    ("tegenover", Some("to")),
    ("bij", Some("by")),
    ("by", Some("by")),
    ("huisnummer", None),
    ("nr.", None),
    ("nr", None),
];

/// The four columns of one address.
pub(super) struct AddressColumns {
    postcode: Column,
    number: Column,
    letter: Column,
    addition: Column,
}

pub(super) const PRESENT: AddressColumns = AddressColumns {
    postcode: columns::POSTCODE,
    number: columns::NUMBER,
    letter: columns::LETTER,
    addition: columns::ADDITION,
};

pub(super) const PREVIOUS: AddressColumns = AddressColumns {
    postcode: columns::PREVIOUS_POSTCODE,
    number: columns::PREVIOUS_NUMBER,
    letter: columns::PREVIOUS_LETTER,
    addition: columns::PREVIOUS_ADDITION,
};

/// The address, when both postcode and house number are there: a lone one is common in case systems and says too
/// little to be an address. House number 0 stands for an unknown one (LO BRP 11.20). Flaws are noted in the row.
pub(super) fn read(row: &mut Row<'_>, columns: &AddressColumns) -> Option<Address> {
    let postcode: Option<Postcode> = row.parsed(columns.postcode);
    let (letter, addition) = (row.text(columns.letter), row.text(columns.addition));
    let (mark, cell) = without_words(row.cell(columns.number)?);
    let (digits, rest) = cell.split_at(cell.find(|c: char| !c.is_ascii_digit()).unwrap_or(cell.len()));
    let column_text = |column: Column| row.cell(column).map(bare).unwrap_or_default();
    let (own_letter, own_addition) = (column_text(columns.letter), column_text(columns.addition));
    let apart = !own_letter.is_empty() || !own_addition.is_empty();
    let (letter, addition) = match split(rest).filter(|_| !digits.is_empty()) {
        Some((None, None)) if mark.is_none() => (letter, addition),
        // What the number repeats of the other columns says nothing new.
        Some(_)
            if mark.is_none() && apart && (own_letter.clone() + &own_addition).starts_with(&bare(rest)) =>
        {
            (letter, addition)
        }
        Some((joined_letter, joined_addition)) if !apart => {
            let text = |column: Column, part: Option<&str>| {
                part.and_then(|part| PersonalText::new(column.name(), part).ok())
            };
            let joined_addition = [mark, joined_addition].into_iter().flatten().collect::<Vec<_>>().join(" ");
            (text(columns.letter, joined_letter), text(columns.addition, Some(&joined_addition)))
        }
        Some(_) | None => {
            let reason = "expected a number from 1 to 99999; letter and addition have columns of their own";
            row.refuse(columns.number, reason);
            return None;
        }
    };
    if digits.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let number: HouseNumber = row.checked(columns.number, |_, _| digits.parse())?;
    Some(Address { postcode: postcode?, number, letter, addition })
}

/// The house number behind the words that stand in front of it, and what they mean.
fn without_words(cell: &str) -> (Option<&'static str>, &str) {
    let found = BEFORE_NUMBER.iter().find_map(|(word, mark)| {
        let front = cell.get(..word.len()).filter(|front| front.eq_ignore_ascii_case(word))?;
        let rest = cell.strip_prefix(front)?.trim_start();
        rest.starts_with(|c: char| c.is_ascii_digit()).then_some((*mark, rest))
    });
    found.unwrap_or((None, cell))
}

/// Letters and digits only, in small letters.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Letter and addition in what follows the digits of a house number: `A`, ` bis`, `-2`, `A-2`, ` 1e etage`. `None` when
/// it is something else. `.0` and `,0` are what spreadsheets make of a number.
fn split(rest: &str) -> Option<(Option<&str>, Option<&str>)> {
    let joint = |c: char| c.is_whitespace() || matches!(c, '-' | '/' | '.' | ',' | '(' | ')');
    if matches!(rest, ".0" | ",0") {
        return Some((None, None));
    }
    let rest = rest.trim_matches(joint);
    let short = rest.chars().count() <= MAX_SPLIT_CHARS;
    let known = |run: &str| {
        let letters = run.trim_start_matches(|c: char| c.is_ascii_digit());
        run.len() - letters.len() <= MAX_SPLIT_CHARS
            && (letters.chars().count() <= 1
                || linkage::is_dwelling_word(letters)
                || letters == "e"
                || letters == "de")
    };
    let bounded = short || rest.split(joint).filter(|run| !run.is_empty()).all(known);
    if !bounded || !rest.chars().all(|c| c.is_alphanumeric() || joint(c)) {
        return None;
    }
    let mut characters = rest.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic);
    let after = characters.as_str();
    // `t/o` and `b.g.` are one word.
    let abbreviated = after.starts_with(['/', '.']);
    if letter.is_none() || after.starts_with(char::is_alphabetic) || abbreviated {
        return Some((None, Some(rest).filter(|rest| !rest.is_empty())));
    }
    let addition = after.trim_start_matches(joint);
    Some((rest.get(..1), Some(addition).filter(|addition| !addition.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::super::columns::Header;
    use super::*;
    use csv::StringRecord;

    type Parts = Option<(String, u32, Option<String>, Option<String>)>;

    fn check(cells: [&str; 4]) -> Result<Parts, Vec<String>> {
        let names = ["gezin", "rol", "postcode", "huisnummer", "huisletter", "toevoeging"];
        let header = Header::read(&StringRecord::from(names.to_vec())).unwrap();
        let record = StringRecord::from([&["G1", "kind"][..], &cells].concat());
        let mut row = Row::new(&header, &record, 2);
        let address = read(&mut row, &PRESENT);
        let problems = row.into_problems("a.csv");
        let text = |text: PersonalText| text.reveal().to_owned();
        if problems.is_empty() {
            Ok(address.map(|address| {
                let Address { postcode, number, letter, addition } = address;
                (postcode.reveal().to_owned(), number.reveal(), letter.map(text), addition.map(text))
            }))
        } else {
            Err(problems.into_iter().map(|problem| problem.column.unwrap().to_owned()).collect())
        }
    }

    #[test]
    fn house_numbers_with_letter_and_addition() {
        for (cells, number, letter, addition) in [
            (["1234 ab", "12", "", ""], 12, None, None),
            (["1234AB", "12", "A", "bis"], 12, Some("A"), Some("bis")),
            (["1234AB", "12-", "", "2"], 12, None, Some("2")),
            (["1234AB", "12A", "", ""], 12, Some("A"), None),
            (["1234AB", "12 a", "", ""], 12, Some("a"), None),
            (["1234AB", "12-2", "", ""], 12, None, Some("2")),
            (["1234AB", "12 bis", "", ""], 12, None, Some("bis")),
            (["1234AB", "12A-2", "", ""], 12, Some("A"), Some("2")),
            (["1234AB", "12 A2", "", ""], 12, Some("A"), Some("2")),
            (["1234AB", "12-II", "", ""], 12, None, Some("II")),
            (["1234AB", "12 hs", "", ""], 12, None, Some("hs")),
            (["1234AB", "12/3", "", ""], 12, None, Some("3")),
            (["1234AB", "12 bis A", "", ""], 12, None, Some("bis A")),
            (["1234AB", "12 A II", "", ""], 12, Some("A"), Some("II")),
            (["1234AB", "12-2hg", "", ""], 12, None, Some("2hg")),
            (["1234AB", "12 1e etage", "", ""], 12, None, Some("1e etage")),
            (["1234AB", "12 beneden", "", ""], 12, None, Some("beneden")),
            (["1234AB", "12 begane grond", "", ""], 12, None, Some("begane grond")),
            (["1234AB", "12 (boven)", "", ""], 12, None, Some("boven")),
            (["1234AB", "12 b.g.", "", ""], 12, None, Some("b.g")),
            (["1234AB", "12 app. 101", "", ""], 12, None, Some("app. 101")),
            (["1234AB", "12 woonboot", "", ""], 12, None, Some("woonboot")),
            (["1234AB", "t/o 12", "", ""], 12, None, Some("to")),
            (["1234AB", "Bij 12 A", "", ""], 12, Some("A"), Some("by")),
            (["1234AB", "12 t/o", "", ""], 12, None, Some("t/o")),
            (["1234AB", "nr. 12", "A", ""], 12, Some("A"), None),
            (["1234AB", "12.0", "", ""], 12, None, None),
            (["1234AB", "0012", "", "hs"], 12, None, Some("hs")),
            (["1234AB", "12A", "a", ""], 12, Some("a"), None),
            (["1234AB", "12A-2", "A", "2"], 12, Some("A"), Some("2")),
            (["1234AB", "12A", "A", "2"], 12, Some("A"), Some("2")),
            (["1234AB", "12", "-", "."], 12, Some("-"), Some(".")),
            (["1234AB", "12A", "-", ""], 12, Some("A"), None),
        ] {
            let expected =
                ("1234AB".to_owned(), number, letter.map(ToOwned::to_owned), addition.map(ToOwned::to_owned));
            assert_eq!(check(cells), Ok(Some(expected)), "{cells:?}");
        }
    }

    #[test]
    fn half_an_address_is_none() {
        for cells in [
            ["1234AB", "", "", ""],
            ["1234AB", "0", "", ""],
            ["1234AB", "00000", "A", ""],
            ["", "12", "A", ""],
            ["", "", "A", "2"],
            ["", "", "", ""],
        ] {
            assert_eq!(check(cells), Ok(None), "{cells:?}");
        }
    }

    #[test]
    fn refusals_name_the_column() {
        for (cells, column) in [
            (["1234", "12", "", ""], "postcode"),
            (["1234AB", "100000", "", ""], "huisnummer"),
            (["1234AB", "twaalf", "", ""], "huisnummer"),
            (["1234AB", "bis", "", ""], "huisnummer"),
            (["1234AB", "12 Zonneveld", "", ""], "huisnummer"),
            (["1234AB", "12 Zonneveld 2", "", ""], "huisnummer"),
            (["1234AB", "Zonneveldlaan 12", "", ""], "huisnummer"),
            (["1234AB", "12A", "B", ""], "huisnummer"),
            (["1234AB", "t/o 12", "A", ""], "huisnummer"),
            (["", "100000", "", ""], "huisnummer"),
        ] {
            assert_eq!(check(cells), Err(vec![column.to_owned()]), "{cells:?}");
        }
    }

    #[test]
    fn the_examples_of_the_page_on_normalisation_hold() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/normalisation.md");
        let page = std::fs::read_to_string(page).unwrap();
        let header = "| huisnummer | number | letter | addition |";
        let rows: Vec<&str> = page
            .lines()
            .skip_while(|line| *line != header)
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        assert!(rows.len() > 10, "{}", rows.len());
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let found = match check(["1234AB", cells[0], "", ""]) {
                Ok(Some((_, number, letter, addition))) => {
                    [number.to_string(), letter.unwrap_or_default(), addition.unwrap_or_default()]
                }
                Ok(None) => ["nothing".to_owned(), String::new(), String::new()],
                Err(_) => ["refused".to_owned(), String::new(), String::new()],
            };
            assert_eq!(found, cells[1..], "{row}");
        }
    }
}
