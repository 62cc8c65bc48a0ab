//! The end of a surname by which a household is found when its beginning is misspelt.
//!
//! A few endings are shared by thousands of Dutch surnames (Nederlandse Familienamenbank: -stra, -mans, -huis, -steen, …), and
//! three letters of those tell nobody apart: of such a name the letter in front counts as well.

use std::sync::LazyLock;

use domain::{PersonName, PersonalText};

use super::surname::surname_codes;

/// Characters of the end of any other name. Fewer tie neighbours and former occupants.
const MIN_CHARS: usize = 3;

/// Endings that many surnames share.
const ENDINGS: &[&str] = &[
    "stra", "sma", "inga", "man", "mans", "huis", "huizen", "steen", "steyn", "berg", "bergen", "burg",
    "broek", "dijk", "hof", "hoven", "kamp", "veld", "ink", "sen", "horst", "meijer", "beek", "bos", "brink",
    "hoek", "land", "wijk", "zand", "tuin", "kerk", "molen", "mers", "laar", "tjes", "aert", "stein", "poel",
    "donk", "boom", "brug", "haar", "voort", "kens", "ers", "elink", "enaar", "baan", "water", "daal",
    "mulder", "bakker", "veen", "meer", "dam", "bach",
];

/// The last characters of a surname's code: three, or of a name with a common ending that and the one in front.
pub(crate) fn ending(code: &str) -> &str {
    static CODES: LazyLock<Vec<String>> =
        LazyLock::new(|| ENDINGS.iter().map(|ending| code_of(ending)).collect());
    let common = CODES.iter().filter(|ending| code.ends_with(ending.as_str()));
    let longest = common.map(|ending| ending.chars().count() + 1).max().unwrap_or_default();
    last(code, longest.max(MIN_CHARS))
}

/// An ending as it sounds behind another syllable.
fn code_of(ending: &str) -> String {
    let stem = if ending.starts_with('h') { "gam" } else { "gorp" };
    let surname = PersonalText::new("geslachtsnaam", &format!("{stem}{ending}")).ok();
    let codes = surname_codes(&PersonName { surname, ..PersonName::default() });
    let code = codes.first().map(|code| code.reveal().to_owned()).unwrap_or_default();
    code.strip_prefix(stem).map(str::to_owned).unwrap_or(code)
}

/// At most so many characters from the end.
fn last(text: &str, count: usize) -> &str {
    let begin = text.char_indices().rev().nth(count.saturating_sub(1));
    begin.and_then(|(begin, _)| text.get(begin..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_common_ending_the_letter_in_front_counts_too() {
        let end = |surname: &str| {
            let surname = PersonalText::new("geslachtsnaam", surname).ok();
            let codes = surname_codes(&PersonName { surname, ..PersonName::default() });
            ending(codes[0].reveal()).to_owned()
        };
        for (one, other, same) in [
            ("Langesteen", "Eiksteen", false),
            ("Langesteen", "Pangesteen", true),
            ("Kraagstra", "Proerstra", false),
            ("Verweij", "Werweij", true),
        ] {
            assert_eq!(end(one) == end(other), same, "{one} {other}");
        }
        assert_eq!((ending("aa"), ending("")), ("aa", ""));
    }

    #[test]
    fn an_end_is_of_whole_characters() {
        assert_eq!((last("mYer", 3), last("ŁŁŁ", 2), last("o", 3), last("", 3)), ("Yer", "ŁŁ", "o", ""));
    }

    #[test]
    fn every_ending_is_read_as_one_and_kept_whole() {
        for ending in ENDINGS {
            let code = code_of(ending);
            assert!(
                !code.starts_with("ga") && !code.starts_with("go") && code.chars().count() >= 2,
                "{ending}: {code}"
            );
        }
    }
}
