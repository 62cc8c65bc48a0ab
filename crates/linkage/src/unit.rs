//! Letter and addition of a house number in canonical form.
//!
//! The BAG gives an address a house letter (one capital) and an addition (four characters at most) and leaves their use
//! to the municipality; the systems of organisations hold what somebody typed. Systems differ in which of the two columns
//! holds what, so both are read as one row of marks.
//!
//! Source: Catalogus BAG (huisletter, huisnummertoevoeging); Logisch Ontwerp BRP 11.30 to 11.50 and NEN 5825 (`to`, `by`);
//! for the words practice: floors in Roman or Arabic numerals with or without `hoog` (Amsterdam), `hs` and `huis` for the
//! ground floor, `bis` (Utrecht), `rd` and `zw` (Haarlem), `boven` and `beneden` (Rotterdam).

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a mark stands for; the spelling that stands for all, then the others. An empty one says nothing about which
/// dwelling is meant.
const WORDS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "hoog",
            "hg",
            "etage",
            "et",
            "etg",
            "verdieping",
            "verd",
            "app",
            "apt",
            "appt",
            "appartement",
            "unit",
            "kamer",
            "kmr",
            "nr",
            "no",
            "nummer",
            "bus",
            "toev",
            "toevoeging",
            "woning",
            "flat",
        ],
    ),
    ("1", &["i", "eerste", "een", "eenhoog"]),
    ("2", &["ii", "tweede", "twee", "tweehoog"]),
    ("3", &["iii", "derde", "drie", "driehoog"]),
    ("4", &["iv", "vierde", "vier", "vierhoog"]),
    (
        "hs",
        &[
            "h",
            "huis",
            "bg",
            "bgg",
            "begane",
            "grond",
            "beganegrond",
            "beneden",
            "ben",
            "bene",
            "parterre",
            "part",
            "onder",
            "ond",
            "gelijkvloers",
        ],
    ),
    ("bov", &["boven", "bovn", "bvn"]),
    ("bel", &["beletage"]),
    ("ss", &["souterrain", "sous", "sout"]),
    ("bis", &["bs"]),
    ("rd", &["rood"]),
    ("zw", &["zwart", "zwt"]),
    ("l", &["links", "lks", "li"]),
    ("r", &["rechts", "rts", "re"]),
    ("achter", &["acht", "ach"]),
    ("voor", &["vr"]),
    ("ong", &["ongenummerd", "ongen"]),
    ("to", &["tegenover"]),
    ("by", &["bij"]),
    ("wb", &["ws", "woonboot", "woonschip", "woonark", "ark", "ligplaats", "ligpl", "lp"]),
    ("sp", &["standplaats", "standpl", "stpl", "stp", "woonwagen"]),
];

/// Behind the number of a floor: endings that say nothing, and the two halves of a floor (Amsterdam: `3A`, `3V`).
const BEHIND_FLOOR: &[(&str, &str)] = &[
    ("h", ""),
    ("e", ""),
    ("de", ""),
    ("ste", ""),
    ("achter", "a"),
    ("acht", "a"),
    ("voor", "v"),
    ("vr", "v"),
];

/// Found in the columns where there is neither letter nor addition.
const PLACEHOLDERS: [&str; 8] = ["nvt", "geen", "null", "none", "onb", "onbekend", "leeg", "na"];

/// Whether the word, in whatever capitals, is one by which Dutch addresses tell dwellings at one number apart.
#[must_use]
pub fn is_dwelling_word(word: &str) -> bool {
    let word = word.to_lowercase();
    WORDS.iter().any(|(name, others)| *name == word || others.contains(&word.as_str()))
}

/// Letter and addition as one row of marks; empty when there is neither.
pub(crate) fn unit(letter: &str, addition: &str) -> String {
    let (letter, addition) = (marks(letter), marks(addition));
    // Some systems repeat the letter in the addition.
    let repeated = addition.starts_with(&letter);
    let mut joined = String::new();
    for mark in letter.iter().filter(|_| !repeated).chain(&addition) {
        let numbers = joined.ends_with(|last: char| last.is_ascii_digit())
            && mark.starts_with(|first: char| first.is_ascii_digit());
        if numbers {
            joined.push('.');
        }
        joined.push_str(mark);
    }
    joined
}

/// The marks of one column, each in the spelling that stands for all.
fn marks(text: &str) -> Vec<String> {
    let runs = runs(text);
    if PLACEHOLDERS.contains(&runs.concat().as_str()) {
        return Vec::new();
    }
    let mut marks: Vec<String> = Vec::new();
    for run in runs {
        let behind_floor =
            marks.last().is_some_and(|mark| mark.ends_with(|last: char| last.is_ascii_digit()));
        for mark in [canonical(&run, behind_floor)].into_iter().flatten() {
            if !mark.is_empty() && (mark != "hs" || marks.last().is_none_or(|last| last != "hs")) {
                marks.push(mark);
            }
        }
    }
    marks
}

fn canonical(run: &str, behind_floor: bool) -> Option<String> {
    if run.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(run.trim_start_matches('0').to_owned());
    }
    let ending = BEHIND_FLOOR.iter().find(|(ending, _)| behind_floor && *ending == run);
    if let Some((_, half)) = ending {
        return Some((*half).to_owned());
    }
    if let Some(name) = named(run) {
        return Some(name.to_owned());
    }
    // A Roman floor with what is written against it: `IIhoog`, `IIIA`.
    let floor = ["iii", "ii"].into_iter().find_map(|roman| Some((roman, run.strip_prefix(roman)?)));
    let floor =
        floor.or_else(|| Some(("i", run.strip_prefix('i').filter(|rest| matches!(*rest, "hoog" | "hg"))?)));
    if let Some((roman, rest)) = floor {
        let behind = canonical(rest, true)?;
        return Some(format!("{}{behind}", named(roman)?));
    }
    Some(run.to_owned())
}

fn named(run: &str) -> Option<&'static str> {
    WORDS.iter().find(|(name, others)| *name == run || others.contains(&run)).map(|(name, _)| *name)
}

/// Runs of digits and of small letters. Dots within abbreviations and the slash of `t/o` part nothing.
fn runs(text: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let is_digit = c.is_ascii_digit();
        if !c.is_alphanumeric() {
            let within = runs.last().is_some_and(|run| run.ends_with(char::is_alphabetic));
            open &= within && (c == '.' || c == '/');
            continue;
        }
        let fits = |run: &&mut String| open && run.ends_with(|last: char| last.is_ascii_digit()) == is_digit;
        match runs.last_mut().filter(fits) {
            Some(run) => run.push(c),
            None => runs.push(c.to_string()),
        }
        open = true;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(letter: &str, addition: &str, expected: &str) {
        assert_eq!(unit(letter, addition), expected, "{letter} {addition}");
    }

    #[test]
    fn letters_and_additions_have_one_form() {
        check("", "", "");
        check("A", "", "a");
        check("", "-a", "a");
        check("a", "A", "a");
        check("A", "2", "a2");
        check("A", "A-2", "a2");
        check("", "A-2", "a2");
        check("", "A 2", "a2");
        check("", "02", "2");
        check("", "0002", "2");
        check("", "0", "");
        check("", "-", "");
        check("-", ".", "");
        check("", "n.v.t.", "");
        check("", "geen", "");
        check("", "2-1", "2.1");
        check("", "21", "21");
        check("B", "bis", "bbis");
        check("Ä", "", "a");
    }

    #[test]
    fn floors() {
        for second in [
            "II",
            "ii",
            "2",
            "2 hoog",
            "2hg",
            "2-hg.",
            "2h",
            "2e",
            "2e etage",
            "2de verd.",
            "IIhg",
            "tweehoog",
            "tweede etage",
        ] {
            check("", second, "2");
        }
        check("I", "", "1");
        check("", "IV", "4");
        check("A", "II", "a2");
        check("", "3-achter", "3a");
        check("", "IIIA", "3a");
        check("", "3 voor", "3v");
        check("", "2 links", "2l");
        check("", "2-li", "2l");
        for ground in
            ["hs", "huis", "H.S.", "H", "bg", "b.g.", "begane grond", "bg hs", "beneden", "ben.", "parterre"]
        {
            check("", ground, "hs");
        }
        check("H", "", "hs");
        check("H", "hs", "hs");
        check("", "boven", "bov");
        check("A", "bov.", "abov");
        check("", "bel-etage", "bel");
        check("", "souterrain", "ss");
    }

    #[test]
    fn words_of_cities_boats_and_places_without_a_number() {
        check("", "bs", "bis");
        check("", "bis", "bis");
        check("", "bis A", "bisa");
        check("A", "bis", "abis");
        check("", "zwart", "zw");
        check("", "rood", "rd");
        check("", "app. 12", "12");
        check("", "kamer 3", "3");
        check("", "t/o", "to");
        check("", "to", "to");
        check("", "tegenover", "to");
        check("", "by", "by");
        check("", "bij", "by");
        check("", "ong.", "ong");
        check("", "woonboot", "wb");
        check("", "WB 3", "wb3");
        check("", "standplaats 4", "sp4");
        check("", "sp04", "sp4");
        check("", "bus 3", "3");
    }

    #[test]
    fn dwellings_at_one_number_keep_apart() {
        let dwellings = [
            ("", ""),
            ("A", ""),
            ("B", ""),
            ("", "1"),
            ("", "2"),
            ("", "12"),
            ("", "1-2"),
            ("", "hs"),
            ("", "boven"),
            ("", "bis"),
            ("", "bis A"),
            ("A", "bis"),
            ("", "rood"),
            ("", "zwart"),
            ("", "t/o"),
            ("A", "2"),
            ("", "2A"),
            ("V", ""),
            ("", "wb"),
            ("", "sp 1"),
            ("", "achter"),
            ("", "3 voor"),
        ];
        let mut forms: Vec<String> =
            dwellings.iter().map(|(letter, addition)| unit(letter, addition)).collect();
        forms.sort();
        forms.dedup();
        assert_eq!(forms.len(), dwellings.len(), "{forms:?}");
    }

    #[test]
    fn every_word_is_listed_once() {
        let mut words: Vec<&str> =
            WORDS.iter().flat_map(|(name, others)| others.iter().chain([name])).copied().collect();
        let listed = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), listed);
        assert!(is_dwelling_word("Beneden") && is_dwelling_word("hs") && !is_dwelling_word("Zonneveld"));
    }
}
