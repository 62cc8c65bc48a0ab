//! How common names are: what it is worth that two persons share one.
//!
//! Both sides weigh with these tables, whatever their own records hold, so that they reach the same verdict.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::{PersonName, PersonalText};

use crate::name::{given_name, outline, surname_codes};
use crate::weight::{Bits, OUTLINE};

/// A surname that is not among the most common: the chance-weighted mean of all others, as they sound.
const SURNAME: Bits = 120;

/// The most common surnames with the bits of their frequency among 16.4 million inhabitants, spellings with one code
/// taken together. After the counts of the Nederlandse Familienamenbank (CBG, Meertens Instituut; GBA of 2007),
/// rounded; the names of newer Dutch families after the counts of the CBS.
const COMMON_SURNAMES: &[(&str, Bits)] = &[
    ("Jansen", 70),
    ("De Jong", 76),
    ("De Vries", 78),
    ("Van den Berg", 80),
    ("Van Dijk", 80),
    ("Bakker", 82),
    ("Visser", 83),
    ("Smit", 84),
    ("Meijer", 82),
    ("De Boer", 87),
    ("Mulder", 88),
    ("De Groot", 88),
    ("Bos", 85),
    ("Vos", 90),
    ("Peters", 85),
    ("Hendriks", 88),
    ("Van Leeuwen", 91),
    ("Dekker", 92),
    ("Brouwer", 93),
    ("De Wit", 92),
    ("Dijkstra", 94),
    ("Smits", 93),
    ("De Graaf", 94),
    ("Van der Meer", 95),
    ("Van der Linden", 95),
    ("Kok", 94),
    ("Jacobs", 95),
    ("De Haan", 96),
    ("Vermeulen", 96),
    ("Van den Heuvel", 96),
    ("Van der Veen", 89),
    ("Van den Broek", 97),
    ("De Bruin", 86),
    ("Van der Heijden", 96),
    ("Schouten", 98),
    ("Van Beek", 98),
    ("Willems", 98),
    ("Van Vliet", 98),
    ("Hoekstra", 99),
    ("Maas", 99),
    ("Verhoeven", 99),
    ("Koster", 98),
    ("Van Dam", 99),
    ("Prins", 100),
    ("Blom", 100),
    ("Huisman", 100),
    ("Kuipers", 99),
    ("Kuiper", 99),
    ("Kramer", 100),
    ("Post", 101),
    ("Postma", 101),
    ("Van Wijk", 101),
    ("Timmermans", 102),
    ("Gerritsen", 102),
    ("Groen", 102),
    ("Yilmaz", 108),
    ("Nguyen", 108),
    ("Mohamed", 105),
    ("Ahmed", 110),
    ("Ali", 108),
    ("Singh", 110),
    ("Kaya", 112),
    ("Hassan", 112),
];

/// What agreement on a surname code is worth.
pub(crate) fn surname_bits(code: &str) -> Bits {
    static BY_CODE: LazyLock<BTreeMap<String, Bits>> = LazyLock::new(|| {
        let row = |(name, bits): &(&'static str, Bits)| (code_of(name), *bits);
        COMMON_SURNAMES.iter().map(row).collect()
    });
    BY_CODE.get(code).copied().unwrap_or(SURNAME)
}

/// What agreement on the outline of a surname is worth at most: what the commonest surname of that outline is.
pub(crate) fn outline_bits(drawn: &str) -> Bits {
    static BY_OUTLINE: LazyLock<BTreeMap<String, Bits>> = LazyLock::new(|| {
        let mut commonest = BTreeMap::new();
        for (name, bits) in COMMON_SURNAMES {
            let least = commonest.entry(outline(&code_of(name)).reveal().to_owned()).or_insert(*bits);
            *least = (*bits).min(*least);
        }
        commonest
    });
    BY_OUTLINE.get(drawn).copied().unwrap_or(OUTLINE).min(OUTLINE)
}

/// Whether a name is among the most common. Two persons of another name, one initial and nearly one address are hardly
/// ever strangers.
pub(crate) fn is_common_surname(code: &str) -> bool {
    surname_bits(code) < SURNAME
}

/// The code of a surname in the table.
fn code_of(name: &str) -> String {
    let surname = PersonalText::new("geslachtsnaam", name).ok();
    let codes = surname_codes(&PersonName { surname, ..PersonName::default() });
    codes.first().map(|code| code.reveal().to_owned()).unwrap_or_default()
}

/// The least that an initial is worth.
pub(crate) const COMMONEST_INITIAL: Bits = 29;

/// How many of a thousand persons bear an initial that is not in the table.
const INITIAL_PER_MILLE: u128 = 22;

/// The first letters of given names, folded as keys hold them, with how many of a thousand persons bear them. Estimates,
/// rounded.
const COMMON_INITIALS: &[(char, u128)] = &[
    ('j', 133),
    ('m', 101),
    ('k', 88),
    ('a', 88),
    ('s', 71),
    ('h', 62),
    ('e', 54),
    ('l', 50),
    ('r', 50),
    ('d', 47),
    ('f', 41),
    ('g', 41),
    ('p', 41),
    ('w', 35),
    ('n', 33),
    ('b', 29),
    ('t', 29),
    ('i', 25),
];

/// What agreement on the first initial is worth.
pub(crate) fn initial_bits(initial: char) -> Bits {
    any_initial_bits(&[initial])
}

/// What it is worth that an initial is one of these, each of them listed once.
pub(crate) fn any_initial_bits(initials: &[char]) -> Bits {
    let per_mille = |initial: &char| {
        let row = COMMON_INITIALS.iter().find(|(common, _)| common == initial);
        row.map_or(INITIAL_PER_MILLE, |(_, per_mille)| *per_mille)
    };
    // Ten times a logarithm is that of the tenth power; so the numbers stay whole.
    let all: u128 = initials.iter().map(per_mille).sum();
    let one_in = 1_000_u128.pow(10).checked_div(all.pow(10)).unwrap_or(0);
    one_in.checked_ilog2().unwrap_or(0)
}

/// A first given name that is not among the most common; it includes its initial.
const GIVEN: Bits = 70;

/// The most common first given names, roepnamen read as the name they stand for, with the bits of their frequency.
/// Estimates, rounded.
const COMMON_GIVEN_NAMES: &[(&str, Bits)] = &[
    ("Johannes", 48),
    ("Maria", 53),
    ("Johanna", 56),
    ("Cornelis", 60),
    ("Hendrik", 60),
    ("Willem", 61),
    ("Petrus", 62),
    ("Anna", 64),
    ("Jacobus", 64),
    ("Elisabeth", 65),
    ("Cornelia", 66),
    ("Gerardus", 68),
];

/// What agreement on the code of a first given name is worth.
pub(crate) fn given_bits(code: &str) -> Bits {
    static BY_CODE: LazyLock<BTreeMap<String, Bits>> = LazyLock::new(|| {
        COMMON_GIVEN_NAMES.iter().map(|(name, bits)| (code_of_given(name), *bits)).collect()
    });
    BY_CODE.get(code).copied().unwrap_or(GIVEN)
}

fn code_of_given(name: &str) -> String {
    let given_names = PersonalText::new("voornamen", name).ok();
    let found = given_name(&PersonName { given_names, ..PersonName::default() });
    found.and_then(|found| found.code).map(|code| code.reveal().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_surnames_weigh_less_and_no_two_rows_share_a_code() {
        let mut codes = BTreeMap::new();
        for (name, _) in COMMON_SURNAMES {
            if let Some(other) = codes.insert(code_of(name), name) {
                panic!("{name} and {other} share a code");
            }
        }
        assert_eq!(codes.len(), COMMON_SURNAMES.len());
        for (code, bits) in [("jansen", 70), ("fris", 78), ("sonfelt", SURNAME)] {
            assert_eq!(surname_bits(code), bits, "{code}");
        }
    }

    #[test]
    fn common_given_names_weigh_less_but_no_less_than_their_initial() {
        let codes: BTreeMap<String, &str> =
            COMMON_GIVEN_NAMES.iter().map(|(name, _)| (code_of_given(name), *name)).collect();
        assert_eq!(codes.len(), COMMON_GIVEN_NAMES.len());
        for (name, bits) in COMMON_GIVEN_NAMES {
            let code = code_of_given(name);
            let initial = code.chars().next().unwrap();
            assert!(given_bits(&code) == *bits && *bits > initial_bits(initial), "{name}");
        }
        assert_eq!(given_bits("tomas"), GIVEN);
    }

    #[test]
    fn initials_weigh_by_their_frequency_and_several_by_that_of_all() {
        for (initials, bits) in [
            ("j", COMMONEST_INITIAL),
            ("m", 33),
            ("k", 35),
            ("a", 35),
            ("s", 38),
            ("h", 40),
            ("e", 42),
            ("l", 43),
            ("r", 43),
            ("d", 44),
            ("f", 46),
            ("g", 46),
            ("p", 46),
            ("w", 48),
            ("n", 49),
            ("b", 51),
            ("t", 51),
            ("i", 53),
            ("x", 55),
            ("baeghlr", 14),
            ("bi", 42),
            ("abcdefghijklmnopqrstuvwxyz", 0),
        ] {
            assert_eq!(any_initial_bits(&initials.chars().collect::<Vec<_>>()), bits, "{initials}");
        }
        let known = |(initial, _): &(char, u128)| initial_bits(*initial);
        assert!(COMMON_INITIALS.iter().map(known).all(|bits| bits >= COMMONEST_INITIAL));
    }

    #[test]
    fn an_outline_is_worth_no_more_than_its_commonest_name() {
        for (code, bits) in
            [("jansen", 70), ("jansene", 70), ("jonsen", 70), ("sonfelt", OUTLINE), ("fris", 78)]
        {
            assert_eq!(outline_bits(outline(code).reveal()), bits, "{code}");
        }
    }
}
