//! Surnames: without voorvoegsels, each part of a double name by itself, as they sound.

use domain::PersonName;

use super::letters::words;
use super::phonetic::code;
use super::placeholder::is_placeholder;
use crate::private::PrivateText;

/// Words of the voorvoegsels in Landelijke Tabel 36 (RvIG), with the usual abbreviations. Dropped wherever they
/// stand: in their own column, before the name, behind it ("Berg, van den"), or within a double name.
const PREFIX_WORDS: &[&str] = &[
    "aan", "af", "al", "am", "an", "auf", "aus", "bij", "boven", "d", "da", "dal", "dalla", "das", "de",
    "degli", "dei", "del", "della", "den", "der", "des", "di", "die", "do", "dos", "du", "el", "gen", "het",
    "im", "in", "l", "la", "las", "le", "les", "los", "of", "onder", "op", "over", "s", "t", "te", "ten",
    "ter", "tho", "thoe", "to", "toe", "tot", "uijt", "uit", "und", "unter", "v", "van", "vd", "vdr", "vom",
    "von", "voor", "zu", "zum", "zur",
];

/// Words that tell how two names relate (`Jansen e.v. de Vries`, `de Vries geb. Jansen`) or a generation.
const RELATION_WORDS: &[&str] =
    &["ev", "geb", "geboren", "wed", "weduwe", "wv", "gesch", "jr", "sr", "jnr", "snr"];

/// Words that belong to the next one: `Ben Ali` is written `Ben-Ali` and `Benali` as well.
const GLUED_WORDS: &[&str] = &[
    "ben", "bin", "ibn", "abu", "abou", "aboe", "abd", "abdel", "abdul", "ait", "oulad", "ould", "mc", "mac",
    "san", "santa", "sint", "st",
];

/// Belgian and American spelling of `van der`, `van den`, `van de`.
const GLUED_PREFIXES: [&str; 3] = ["vander", "vanden", "vande"];

/// Fewest letters left for such a prefix to be one.
const MIN_LETTERS_BEHIND_PREFIX: usize = 3;

/// The codes of a person's surname: none when unknown, one as a rule, two for a double name.
///
/// A double name yields each part, so that a record with only the maiden or only the partner's name agrees, in
/// whichever order they are written; no separator is needed. Of more than two words the first and last count.
pub(crate) fn surname_codes(name: &PersonName) -> Vec<PrivateText> {
    let Some(surname) = &name.surname else { return Vec::new() };
    let words = words(surname.reveal());
    if is_placeholder(&words) {
        return Vec::new();
    }
    let mut codes: Vec<String> =
        parts(words).iter().map(|part| code(part)).filter(|code| !code.is_empty()).collect();
    if codes.len() > 2 {
        codes = codes.first().into_iter().chain(codes.last()).cloned().collect();
    }
    codes.sort();
    codes.dedup();
    codes.into_iter().map(PrivateText::new).collect()
}

/// The names proper among the words of a surname. A surname that consists of prefix words only ("Le", "Van") is
/// its last word; single letters are no names.
fn parts(words: Vec<String>) -> Vec<String> {
    let last = words.last().cloned();
    let mut parts: Vec<String> = Vec::new();
    let mut glued = String::new();
    for word in words {
        let skipped = PREFIX_WORDS.contains(&word.as_str()) || RELATION_WORDS.contains(&word.as_str());
        if skipped || word.chars().count() < 2 {
            continue;
        }
        let glue = GLUED_WORDS.contains(&word.as_str());
        glued.push_str(without_glued_prefix(&word));
        if !glue {
            parts.push(std::mem::take(&mut glued));
        }
    }
    if !glued.is_empty() {
        parts.push(glued);
    }
    if parts.is_empty() {
        parts.extend(last.filter(|word| word.chars().count() > 1));
    }
    parts
}

fn without_glued_prefix(word: &str) -> &str {
    GLUED_PREFIXES
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix).filter(|rest| rest.len() >= MIN_LETTERS_BEHIND_PREFIX))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use domain::PersonalText;

    use super::*;

    fn codes(prefix: &str, surname: &str) -> Vec<String> {
        let name = PersonName {
            given_names: None,
            prefix: PersonalText::new("voorvoegsel", prefix).ok(),
            surname: PersonalText::new("geslachtsnaam", surname).ok(),
        };
        surname_codes(&name).iter().map(|code| code.reveal().to_owned()).collect()
    }

    fn check(input: (&str, &str), expected: &[&str]) {
        assert_eq!(codes(input.0, input.1), expected, "{input:?}");
    }

    #[test]
    fn prefixes_stand_in_either_column() {
        for berg in [
            ("van der", "Berg"),
            ("", "van der Berg"),
            ("", "Van Der Berg"),
            ("", "v.d. Berg"),
            ("", "v/d Berg"),
            ("vd", "Berg"),
            ("", "Berg, van der"),
            ("", "BERG"),
            ("", "Vanderberg"),
            ("", "Vandenberg"),
        ] {
            check(berg, &["berg"]);
        }
        check(("in 't", "Veld"), &["felt"]);
        check(("", "in ’t Veld"), &["felt"]);
        check(("d'", "Hondt"), &["hont"]);
        check(("", "D'Hondt"), &["hont"]);
        check(("", "El Amrani"), &["amrani"]);
        check(("el", "Amrani"), &["amrani"]);
        check(("", "El-Amrani"), &["amrani"]);
        check(("", "Vandaele"), &["fandale"]);
    }

    #[test]
    fn double_names_yield_each_part() {
        let both = ["fris", "jansen"];
        check(("", "Jansen-de Vries"), &both);
        check(("de", "Vries-Jansen"), &both);
        check(("", "Jansen - de Vries"), &both);
        check(("", "Jansen de Vries"), &both);
        check(("", "Janssen/De Vries"), &both);
        check(("", "Jansen e/v de Vries"), &both);
        check(("de", "Vries geb. Jansen"), &both);
        check(("", "Jansen-Jansen"), &["jansen"]);
        check(("", "Garcia Marquez Lopez"), &["garsia", "lopes"]);
    }

    #[test]
    fn particles_and_generations() {
        check(("", "Ben Ali"), &["benali"]);
        check(("", "Ben-Ali"), &["benali"]);
        check(("", "Benali"), &["benali"]);
        check(("", "O'Brien"), &["brin"]);
        check(("", "Bakker jr."), &["baker"]);
        check(("", "Le"), &["le"]);
        check(("", "van der Aa"), &["a"]);
    }

    #[test]
    fn no_name_no_code() {
        for unknown in ["onbekend", "N.N.", "x", "-", "?", "onb.", "J."] {
            check(("", unknown), &[]);
        }
        check(("van", ""), &[]);
    }
}
