//! The address columns of a row. Spelling is linkage's business; this only parts what one cell joins.

use domain::{Address, HouseNumber, PersonalText, Postcode};

use super::columns::{self, Column};
use super::row::Row;

/// Longest letter and addition that is split off a house number (BAG: an addition has at most four characters);
/// what is longer is rather a street or a name in the wrong column.
const MAX_SPLIT_CHARS: usize = 4;

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
/// little to be an address. Flaws are noted in the row.
pub(super) fn read(row: &mut Row<'_>, columns: &AddressColumns) -> Option<Address> {
    let postcode: Option<Postcode> = row.parsed(columns.postcode);
    let letter = row.text(columns.letter);
    let addition = row.text(columns.addition);
    let cell = row.cell(columns.number)?;
    let (digits, rest) = cell.split_at(cell.find(|c: char| !c.is_ascii_digit()).unwrap_or(cell.len()));
    let alone = row.cell(columns.letter).is_none() && row.cell(columns.addition).is_none();
    let (letter, addition) = match split(rest) {
        Some((None, None)) => (letter, addition),
        Some((joined_letter, joined_addition)) if alone && !digits.is_empty() => {
            let text = |column: Column, part: Option<&str>| {
                part.and_then(|part| PersonalText::new(column.name(), part).ok())
            };
            (text(columns.letter, joined_letter), text(columns.addition, joined_addition))
        }
        Some(_) | None => {
            let reason = "expected a number from 1 to 99999; letter and addition have columns of their own";
            row.refuse(columns.number, reason);
            return None;
        }
    };
    let number: HouseNumber = row.checked(columns.number, |_, _| digits.parse())?;
    Some(Address { postcode: postcode?, number, letter, addition })
}

/// Letter and addition in what follows the digits of a house number: `A`, ` bis`, `-2`, `A-2`. `None` when it is
/// something else.
fn split(rest: &str) -> Option<(Option<&str>, Option<&str>)> {
    let joint = |c: char| c.is_whitespace() || matches!(c, '-' | '/');
    let rest = rest.trim_matches(joint);
    if rest.chars().count() > MAX_SPLIT_CHARS || !rest.chars().all(|c| c.is_alphanumeric() || joint(c)) {
        return None;
    }
    let mut characters = rest.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic);
    let after = characters.as_str();
    if letter.is_none() || after.starts_with(char::is_alphabetic) {
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
        ] {
            let expected =
                ("1234AB".to_owned(), number, letter.map(ToOwned::to_owned), addition.map(ToOwned::to_owned));
            assert_eq!(check(cells), Ok(Some(expected)), "{cells:?}");
        }
    }

    #[test]
    fn half_an_address_is_none() {
        for cells in [["1234AB", "", "", ""], ["", "12", "A", ""], ["", "", "A", "2"], ["", "", "", ""]] {
            assert_eq!(check(cells), Ok(None), "{cells:?}");
        }
    }

    #[test]
    fn refusals_name_the_column() {
        for (cells, column) in [
            (["1234", "12", "", ""], "postcode"),
            (["1234AB", "0", "", ""], "huisnummer"),
            (["1234AB", "100000", "", ""], "huisnummer"),
            (["1234AB", "twaalf", "", ""], "huisnummer"),
            (["1234AB", "bis", "", ""], "huisnummer"),
            (["1234AB", "12 Zonneveld", "", ""], "huisnummer"),
            (["1234AB", "12.0", "", ""], "huisnummer"),
            (["1234AB", "12A", "A", ""], "huisnummer"),
            (["", "0", "", ""], "huisnummer"),
        ] {
            assert_eq!(check(cells), Err(vec![column.to_owned()]), "{cells:?}");
        }
    }
}
