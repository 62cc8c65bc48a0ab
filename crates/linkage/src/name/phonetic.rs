//! A phonetic code for names in the Netherlands: spellings that sound alike get one code.
//!
//! The rules are this crate's own, after the regular spelling variants of Dutch surnames that the Nederlandse
//! Familienamenbank (CBG) lists (`ij/y/ei`, `c/k/ck`, `s/z`, `f/v/ph`, `dt/t/d`, `ae/aa`, `uy/ui`, `ooij/ooi`, `ouw/au`)
//! and common transliterations of Arabic and Turkish names (`kh/ch/g`, `ou/oe/u`, `y/j`). They fold vowels little:
//! Visser stays apart from Vis, Mulder from Muller, Dik from Dijk. A code is not readable and not meant to be.

/// Longest code in characters; what follows adds no evidence.
const MAX_CODE_CHARS: usize = 40;

/// What must follow a pattern for its rule to apply.
#[derive(Clone, Copy)]
enum Before {
    Anything,
    Vowel,
    /// `e`, `i` or `y`: makes a `c` soft.
    FrontVowel,
    /// `a`, `o` or `u`: begins a syllable of its own.
    BackVowel,
    /// A consonant or the end.
    NoVowel,
    End,
}

use Before::{Anything, BackVowel, End, FrontVowel, NoVowel, Vowel};

/// Names of which a lone `y` sounds differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Surname,
    Given,
}

/// The first rule that fits at a position applies; so longer patterns stand before shorter ones.
/// Capitals in codes are vowels of their own: A aai, E eu, O ooi, U ui, Y ij.
const RULES: &[(&str, Before, &str)] = &[
    // Sibilants: Bosch = Bos, Visscher = Visser, Schmidt = Smidt; Schouten keeps its throat.
    ("tsch", Anything, "ts"),
    ("ssch", Anything, "s"),
    ("sch", NoVowel, "s"),
    ("sch", Anything, "sg"),
    ("sh", Anything, "s"),
    ("sj", Anything, "s"),
    ("cz", Anything, "ts"),
    ("z", Anything, "s"),
    // Throat: Christiaan = Kristiaan, Khalid = Chalid.
    ("chr", Anything, "kr"),
    ("chl", Anything, "kl"),
    ("tch", Anything, "ts"),
    ("ch", Anything, "g"),
    ("kh", Anything, "g"),
    ("gh", Anything, "g"),
    // Labials.
    ("ph", Anything, "f"),
    ("v", Anything, "f"),
    // Dentals: Brand = Brandt = Brant, Theunissen = Teunissen, Smids = Smits, Ramdjan = Ramjan.
    ("th", Anything, "t"),
    ("dt", Anything, "t"),
    ("ds", Anything, "ts"),
    ("dj", Anything, "j"),
    ("d", End, "t"),
    // Palatals: Backer = Bakker, Quist = Kwist, Hendrix = Hendriks.
    ("ck", Anything, "k"),
    ("cq", Anything, "k"),
    ("c", FrontVowel, "s"),
    ("c", Anything, "k"),
    ("qu", Vowel, "kw"),
    ("q", Anything, "k"),
    ("x", Anything, "ks"),
    // Mute h: Sarah = Sara.
    ("h", NoVowel, ""),
    // Vowels of three signs and more: Blaauw = Blauw.
    ("aaij", Anything, "A"),
    ("aauw", Anything, "u"),
    ("aai", Anything, "A"),
    ("aay", Anything, "A"),
    ("aau", Anything, "u"),
    ("ooij", Anything, "O"),
    ("ooi", Anything, "O"),
    ("ooy", Anything, "O"),
    ("oij", Anything, "O"),
    ("uij", Anything, "U"),
    ("eij", Anything, "Y"),
    ("aij", Anything, "Y"),
    ("eau", Anything, "o"),
    ("auw", Anything, "u"),
    ("ouw", Anything, "u"),
    ("eeu", Anything, "E"),
    ("ieu", Anything, "E"),
    // A syllable that begins with y: Kaya = Kaja, Maya stays apart from Mia.
    ("ay", BackVowel, "aj"),
    ("ai", BackVowel, "aj"),
    ("ey", BackVowel, "ej"),
    ("ei", BackVowel, "ej"),
    ("oy", BackVowel, "oj"),
    // Vowels of two signs: Meijer = Meyer = Meier = Maier, Claes = Klaas, Mourad = Moerad, Mueller = Muller.
    ("eu", Anything, "E"),
    ("au", Anything, "u"),
    ("ou", Anything, "u"),
    ("oe", Anything, "u"),
    ("uy", Anything, "U"),
    ("ui", Anything, "U"),
    ("ue", Anything, "u"),
    ("oy", Anything, "O"),
    ("oi", Anything, "O"),
    ("ey", Anything, "Y"),
    ("ei", Anything, "Y"),
    ("ay", Anything, "Y"),
    ("ai", Anything, "Y"),
    ("ij", Anything, "Y"),
    ("ie", Anything, "i"),
    ("ae", Anything, "a"),
    // Youssef = Joessef, Kelly = Kelli.
    ("y", Vowel, "j"),
    ("y", End, "i"),
];

/// The code of one word of a surname, in small letters. Doubled signs count once: Janssen = Jansen, Groot = Grot. A
/// `y` between consonants is the `ij` of older spelling: Dyk = Dijk.
pub(super) fn surname_code(word: &str) -> String {
    code(word, Kind::Surname)
}

/// The code of a given name, in small letters. A `y` between consonants is an `i`, as in Sylvia, but the `ij` of older
/// spelling where Dutch names end in it: Thys = Thijs, Martyn = Martijn. An `ey` at the end is English: Wesley = Wesly.
pub(super) fn given_code(word: &str) -> String {
    code(word, Kind::Given)
}

fn code(word: &str, kind: Kind) -> String {
    let mut code = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        if kind == Kind::Given && rest == "ey" && rest != word {
            push(&mut code, 'i');
            break;
        }
        let rule = RULES.iter().find(|(pattern, before, _)| {
            rest.strip_prefix(pattern).is_some_and(|after| fits(*before, after.chars().next()))
        });
        if let Some((pattern, _, sounds)) = rule {
            sounds.chars().for_each(|sound| push(&mut code, sound));
            rest = rest.strip_prefix(pattern).unwrap_or_default();
        } else {
            let lone_y = first == 'y'
                && (kind == Kind::Surname || rest == word || matches!(rest, "ys" | "yn" | "yke" | "ymen"));
            let sound = match first {
                'y' if lone_y => 'Y',
                'y' => 'i',
                other => other,
            };
            push(&mut code, sound);
            rest = rest.strip_prefix(first).unwrap_or_default();
        }
    }
    code.chars().take(MAX_CODE_CHARS).collect()
}

fn push(code: &mut String, sound: char) {
    if !code.ends_with(sound) {
        code.push(sound);
    }
}

fn fits(before: Before, next: Option<char>) -> bool {
    let vowel = next.is_some_and(|c| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'));
    match before {
        Anything => true,
        Vowel => vowel,
        FrontVowel => next.is_some_and(|c| matches!(c, 'e' | 'i' | 'y')),
        BackVowel => next.is_some_and(|c| matches!(c, 'a' | 'o' | 'u')),
        NoVowel => !vowel,
        End => next.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_alike(alike: &str, code: fn(&str) -> String) {
        let codes: Vec<String> = alike.split(' ').map(code).collect();
        assert!(codes.iter().all(|other| other == codes.first().unwrap()), "{alike}: {codes:?}");
    }

    #[test]
    fn spellings_that_sound_alike_have_one_code() {
        for alike in [
            "janssen jansen",
            "meijer meyer meier maier mayer",
            "bruijn bruyn bruin",
            "dijk dyk dijck dyck",
            "kuijpers kuypers kuipers cuypers",
            "rooij rooy rooi",
            "kraaij kraay kraai",
            "blaauw blauw",
            "bakker backer",
            "hendriks hendrix hendricks hendrickx",
            "brand brandt brant",
            "brands brants brandts",
            "theunissen teunissen",
            "bosch bos bosh",
            "visscher visser",
            "smidt schmidt smit smid",
            "bouwman bouman bauman",
            "claes klaas claas",
            "jacobs jakobs",
            "vries fries vriez",
            "zuidema suidema suydema",
            "leeuwen leuwen",
            "groot grot",
            "quist kwist",
            "reijnders reinders reynders rijnders",
            "buys buijs buis",
            "muller mueller",
            "jager jaeger",
            "kaya kaja",
            "jildiz yildiz",
            "dirksz dirks dirkz",
            "ramdjan ramjan",
            "singh sing",
            "szymanski shymanski",
            "oussama oesama usama",
            "khalid chalid",
        ] {
            check_alike(alike, surname_code);
        }
    }

    #[test]
    fn given_names_that_sound_alike_have_one_code() {
        for alike in [
            "youssef joessef",
            "kristiaan christiaan",
            "sarah sara zara",
            "kelly kelli kellie kelley",
            "wesley wesly",
            "jeffrey jeffry",
            "sofie sophie",
            "sofia sophia",
            "lysanne lisanne",
            "sylvia silvia",
            "thijs thys tijs",
            "martijn martyn",
            "tijmen tymen",
            "marijke maryke",
            "ysbrand ijsbrand",
            "leila layla laila",
            "maya maja maia",
            "lucas lukas",
            "chloe cloe",
            "noah noa",
        ] {
            check_alike(alike, given_code);
        }
    }

    #[test]
    fn names_that_differ_keep_apart() {
        for (one, other) in [
            ("visser", "vis"),
            ("mulder", "muller"),
            ("jansen", "jansma"),
            ("bos", "vos"),
            ("peters", "pieters"),
            ("bakker", "bekker"),
            ("smit", "smits"),
            ("kok", "koek"),
            ("dekker", "dekkers"),
            ("dik", "dijk"),
            ("wit", "wijt"),
            ("rijk", "riek"),
            ("linden", "lynden"),
            ("boer", "bor"),
            ("hof", "hoef"),
            ("kuiper", "kuipers"),
            ("kuiper", "koper"),
            ("post", "postma"),
        ] {
            assert_ne!(surname_code(one), surname_code(other), "{one} {other}");
        }
        for (one, other) in [
            ("sem", "sam"),
            ("eva", "ava"),
            ("lena", "lana"),
            ("dean", "daan"),
            ("jens", "jans"),
            ("maya", "mia"),
            ("martijn", "martin"),
            ("marijke", "marieke"),
            ("mijke", "mieke"),
            ("tymen", "tiemen"),
            ("thijs", "ties"),
            ("leila", "lila"),
            ("aisha", "isa"),
            ("anna", "anne"),
            ("sofie", "sofia"),
            ("sofie", "stefan"),
            ("jelle", "jella"),
        ] {
            assert_ne!(given_code(one), given_code(other), "{one} {other}");
        }
    }

    #[test]
    fn codes_are_bounded() {
        assert_eq!(surname_code(&"ab".repeat(200)).chars().count(), MAX_CODE_CHARS);
    }
}
