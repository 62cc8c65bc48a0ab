//! Given names: the first one as it is registered, and its initial. A roepnaam is read as the name it stands for.

use domain::PersonName;

use super::arabic::servant;
use super::encoding::repaired;
use super::letters::words;
use super::phonetic::given_code;
use super::placeholder::is_given_placeholder;
use super::roepnaam::{formal, other_letters};
use super::variants::one_given_code;
use crate::private::PrivateText;

/// Longest abbreviation before a dot that counts as an initial: `Chr.`, `Joh.`.
const MAX_ABBREVIATION_CHARS: usize = 4;

/// Forms of address that end up in the column of given names.
const TITLES: &[&str] = &[
    "dhr", "heer", "hr", "mw", "mevr", "mevrouw", "mej", "fam", "familie", "jhr", "jkvr", "dr", "drs", "ir",
    "mr", "ing", "prof",
];

/// Names of two letters; other pairs of capitals are initials without dots.
const SHORT_NAMES: &[&str] = &[
    "ab", "ad", "al", "an", "bo", "co", "di", "do", "ed", "ge", "go", "gu", "ha", "jo", "ka", "ko", "li",
    "lu", "ly", "mo", "my", "ot", "su", "ti", "to", "ty", "vi", "wu", "ya", "yu",
];

/// First halves of names that belong to what follows, each with the spelling that stands for it.
const FIRST_HALVES: &[(&str, &str)] = &[
    ("abd", "abdel"),
    ("abdel", "abdel"),
    ("abdul", "abdel"),
    ("abdoel", "abdel"),
    ("abdoul", "abdel"),
    ("abu", "abu"),
    ("abou", "abu"),
    ("aboe", "abu"),
    ("al", "el"),
    ("el", "el"),
    ("gebre", "gebre"),
    ("ghebre", "gebre"),
    ("welde", "welde"),
    ("wolde", "wolde"),
];

/// Second halves of names that belong to what stands before: Nour Eddine.
const SECOND_HALVES: &[&str] = &["eddine", "eddin", "uddin", "addin", "ddine", "din", "dine"];

/// Two names in one word, which others write apart: the first half, and what may follow it.
const COMPOUNDS: &[(&str, &[&str])] = &[
    (
        "jan",
        &[
            "willem", "peter", "pieter", "piet", "kees", "cees", "jaap", "hendrik", "henk", "dirk", "paul",
            "maarten", "bart", "joost", "gerrit", "wouter", "albert", "kasper",
        ],
    ),
    ("hans", &["peter", "jurgen"]),
    ("anne", &["marie", "fleur", "sophie", "sofie", "claire", "roos", "lotte", "wil"]),
    ("marie", &["louise", "jose", "claire", "christine", "anne"]),
    ("mohamed", &["amin", "amine", "ali", "reda"]),
];

/// The first given name as far as it is known.
pub(crate) struct GivenName {
    /// The first letter, folded as it sounds.
    pub(crate) initial: char,
    /// The phonetic code when more than an initial is known.
    pub(crate) code: Option<PrivateText>,
    /// The first letters of the first two given names, folded alike, when there are two.
    pub(crate) initials: Option<PrivateText>,
    /// Initials, folded alike, of other names that a roepnaam may stand for.
    pub(crate) others: Vec<char>,
}

/// The first given name, or at least its initial.
///
/// `J.M.`, `J M` and `JM` are initials (a word without a vowel is one); so is an abbreviation with a dot. A roepnaam in
/// brackets or quotes behind initials tells which name the first of them stands for, when it begins with it: `C.J.
/// (Kees)` is Cornelis, `J.M. (Marieke)` stays J.
pub(crate) fn given_name(name: &PersonName) -> Option<GivenName> {
    let text = repaired(name.given_names.as_ref()?.reveal());
    let (official, aside) = parted(&text);
    let called = || first_name(aside);
    let found = match first_name(official) {
        Some(found) if found.code.is_none() => {
            let same = called().filter(|called| called.initial == found.initial);
            Some(GivenName { code: same.and_then(|called| called.code), ..found })
        }
        Some(found) => Some(found),
        None => called(),
    }?;
    // Of a roepnaam in front (Kees Jan) the first letter is not the registered one.
    let two = initials(official).filter(|two| two.starts_with(found.initial));
    Some(GivenName { initials: two.map(PrivateText::new), ..found })
}

/// The first letters of the first two given names. `None` where a name may be half of the next: Abdel Karim.
fn initials(text: &str) -> Option<String> {
    let mut found = String::new();
    for token in text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '`' | '\u{2019}')) {
        let Some(word) = words(token).into_iter().next() else { continue };
        if is_given_placeholder(&words(token)) && word != "x" || TITLES.contains(&word.as_str()) {
            continue;
        }
        if first_half(&word).is_some() || SECOND_HALVES.contains(&word.as_str()) {
            return None;
        }
        let is_several = has_no_vowel(&word) || is_pair(token, &word);
        if is_several && !ONE_SOUND.contains(&word.as_str()) {
            found.extend(word.chars().filter_map(|letter| initial(&letter.to_string())));
        } else {
            found.extend(initial(&word));
        }
    }
    let two: String = found.chars().take(2).collect();
    (two.chars().count() == 2).then_some(two)
}

/// Letters without a vowel that abbreviate one name: Christiaan, Theodorus, Philippus.
const ONE_SOUND: &[&str] = &["chr", "th", "ph"];

/// Two capitals that are no name: initials without dots.
fn is_pair(token: &str, word: &str) -> bool {
    let capitals = token.chars().all(char::is_uppercase) && word.chars().count() == 2;
    capitals && word != "ij" && !SHORT_NAMES.contains(&word)
}

fn has_no_vowel(word: &str) -> bool {
    !word.chars().any(|c| !c.is_ascii() || matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'))
}

/// What stands before a bracket or quotation mark, and what it holds.
fn parted(text: &str) -> (&str, &str) {
    let mark = |c: char| matches!(c, '(' | ')' | '[' | ']' | '"' | '\u{201c}' | '\u{201d}' | '\u{201e}');
    let Some((official, aside)) = text.split_once(mark) else { return (text, "") };
    (official, aside.split(mark).next().unwrap_or_default())
}

fn first_name(text: &str) -> Option<GivenName> {
    let tokens: Vec<&str> = text
        .split([' ', ',', ';', '-', '/', '\u{a0}', '\u{2010}', '\u{2013}'])
        .filter(|token| !token.is_empty())
        .collect();
    (0..tokens.len()).find_map(|at| first_of(tokens.get(at)?, tokens.get(at + 1).copied()))
}

/// What one token says, `None` when it is no name.
fn first_of(token: &str, next: Option<&str>) -> Option<GivenName> {
    let (head, dotted) = token.split_once('.').map_or((token, false), |(head, _)| (head, true));
    let word = words(head).into_iter().next()?;
    let unknown = is_given_placeholder(&words(token)) && !(dotted && word == "x");
    if TITLES.contains(&word.as_str()) || unknown {
        return None;
    }
    let letters = word.chars().count();
    let abbreviated = dotted && letters <= MAX_ABBREVIATION_CHARS;
    let joined = first_half(&word).is_some() && next.is_some();
    let capitals = !joined && is_pair(head, &word);
    if abbreviated || has_no_vowel(&word) || letters == 1 || word == "ij" || capitals {
        return initial(&word).map(|initial| GivenName {
            initial,
            code: None,
            initials: None,
            others: Vec::new(),
        });
    }
    let name = whole(word, next);
    let formal = formal(&name);
    let code = PrivateText::new(one_given_code(given_code(formal)));
    let own = initial(formal)?;
    let mut others: Vec<char> =
        other_letters(&name).filter_map(initial).filter(|other| *other != own).collect();
    others.sort_unstable();
    others.dedup();
    Some(GivenName { initial: own, code: Some(code), initials: None, others })
}

/// The name of which `word` may be a half, or two.
fn whole(word: String, next: Option<&str>) -> String {
    let behind = next.and_then(|next| words(next).into_iter().next()).filter(|next| next.len() > 1);
    let joined = match (first_half(&word), behind) {
        (Some(first), Some(behind)) => first.to_owned() + &behind,
        (None, Some(behind)) if SECOND_HALVES.contains(&behind.as_str()) => word + &behind,
        (Some(_) | None, _) => word,
    };
    if let Some(servant) = servant(&joined) {
        return servant;
    }
    let compound = COMPOUNDS
        .iter()
        .find(|(first, seconds)| joined.strip_prefix(first).is_some_and(|second| seconds.contains(&second)));
    compound.map_or(joined, |(first, _)| (*first).to_owned())
}

fn first_half(word: &str) -> Option<&'static str> {
    FIRST_HALVES.iter().find(|(spelling, _)| *spelling == word).map(|(_, first)| *first)
}

/// The first letter, so folded that Cornelis agrees with Kornelis and Ysbrand with IJsbrand, Youssef with Joessef,
/// Umar with Omar.
fn initial(word: &str) -> Option<char> {
    if word.starts_with("ij") {
        return Some('j');
    }
    word.chars().next().map(|first| match first {
        'c' | 'q' => 'k',
        'u' => 'o',
        'y' => 'j',
        'z' => 's',
        'v' => 'f',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use domain::PersonalText;

    use super::*;

    fn found(input: &str) -> Option<(char, Option<String>)> {
        let given_names = PersonalText::new("voornamen", input).ok();
        let found = given_name(&PersonName { given_names, ..PersonName::default() })?;
        Some((found.initial, found.code.map(|code| code.reveal().to_owned())))
    }

    fn check(input: &str, expected: Option<(char, Option<&str>)>) {
        let expected = expected.map(|(initial, code)| (initial, code.map(ToOwned::to_owned)));
        assert_eq!(found(input), expected, "{input}");
    }

    fn two(input: &str) -> Option<String> {
        let given_names = PersonalText::new("voornamen", input).ok();
        let found = given_name(&PersonName { given_names, ..PersonName::default() })?;
        found.initials.map(|two| two.reveal().to_owned())
    }

    #[test]
    fn the_first_two_initials_are_the_same_however_they_are_written() {
        for (alike, expected) in [
            (
                "J.P. = JP = jp = J P = Jan Peter = JAN PETER = Jan-Peter = J. Peter = dhr. J.P. = J.P.M.",
                Some("jp"),
            ),
            ("Th.M. = TH. M. = th m = Theodorus Maria = T.M.", Some("tm")),
            ("Chr. A. = CHR.A. = Christiaan Adriaan = K.A. = C.A. (Chris)", Some("ka")),
            ("IJ.B. = IJsbrand Bernard = Ysbrand B", Some("jb")),
            ("Kees Jan = C.J. = Cornelis Johannes", Some("kj")),
            // One name only, half a name, and a roepnaam with another letter than the name it stands for.
            ("J. = Jan = Abdel Karim = Nour Eddine = Koos Willem = onbekend", None),
        ] {
            for name in alike.split(" = ") {
                assert_eq!(two(name).as_deref(), expected, "{name}");
            }
        }
    }

    fn check_alike(alike: &str) {
        let all: Vec<_> = alike.split(" = ").map(|name| (name, found(name))).collect();
        let (_, first) = all.first().unwrap();
        assert!(first.as_ref().is_some_and(|(_, code)| code.is_some()), "{alike}");
        assert!(all.iter().all(|(_, other)| other == first), "{all:?}");
    }

    #[test]
    fn initials_and_names() {
        for initials in
            ["J.M.", "J M", "JM", "J", "j.", "J.-M.", "Joh. M.", "mw. J.M.", "J.(M.)", "JA", "fam. J."]
        {
            check(initials, Some(('j', None)));
        }
        for jan in ["Jan", "JAN", "Jan Willem", "Jan-Willem", "Janwillem", "Jan (Jantje)", "dhr. Jan"] {
            check(jan, Some(('j', Some("johanes"))));
        }
        check("N.A.", Some(('n', None)));
        check("X.", Some(('x', None)));
        check("Chr.", Some(('k', None)));
        check("Th.", Some(('t', None)));
        check("IJ.", Some(('j', None)));
        check("IJsbrand", Some(('j', Some("Ysbrant"))));
        check("Ysbrand", Some(('j', Some("Ysbrant"))));
        check("Ĳsbrand", Some(('j', Some("Ysbrant"))));
        check("Cornelis", Some(('k', Some("kornelis"))));
        check("Özlem", Some(('o', Some("oslem"))));
        check("BO", Some(('b', Some("bo"))));
    }

    #[test]
    fn a_roepnaam_is_the_name_it_stands_for() {
        for alike in [
            "Cornelis = Kees = Cees = Cor = Kees-Jan = Cornelis Jan",
            "Johannes = Jan = Hans = Johan = Joop = Jan-Peter = Janpeter",
            "Wilhelmina = Willy = Mien = Minnie",
            "Hendrik = Henk = Hendricus = Hein",
            "Elisabeth = Lies = Betsy = Els = Elizabeth",
            "Margaretha = Greet = Marga = Gré",
            "Antonius = Ton = Toon = Anton",
            "Petrus = Piet = Peter = Pieter",
            "Jacobus = Koos = Jaap = Sjaak",
            "Gerardus = Gerard = Ger",
            "Maria = Ria = Marie = Mieke",
            "Mohamed = Mo = Mohammed = Muhammad = Mohamad",
        ] {
            check_alike(alike);
        }
        // The initials are those of the formal name, so these find each other without it.
        for (initials, roepnaam) in
            [("C.", "Kees"), ("J.P.", "Koos"), ("A.", "Ton"), ("M.", "Ria"), ("E.", "Lies")]
        {
            assert_eq!(found(initials).unwrap().0, found(roepnaam).unwrap().0, "{initials} {roepnaam}");
        }
        // Several formal names: left as they are, with their initials beside the own one.
        check("Bert", Some(('b', Some("bert"))));
        check("Hanneke", Some(('h', Some("haneke"))));
    }

    #[test]
    fn a_roepnaam_in_brackets_completes_an_initial_that_it_begins_with() {
        check("C.J. (Kees)", Some(('k', Some("kornelis"))));
        check("C.J. \"Kees\"", Some(('k', Some("kornelis"))));
        check("J.M. (Marieke)", Some(('j', None)));
        check("(Kees)", Some(('k', Some("kornelis"))));
        check("J. (vader)", Some(('j', None)));
    }

    #[test]
    fn transliterations() {
        for alike in [
            "Youssef = Yusuf = Jousef = Joesoef",
            "Abdel Karim = Abdelkarim = Abdul-Karim = Abdoelkarim = ABDUL KARIM",
            "Abderrahman = Abdel Rahman = Abdurrahman",
            "Nour Eddine = Noureddine = Nordin",
            "El Mehdi = Elmehdi = EL MEHDI = El-Mehdi",
            "Gebre Michael = Ghebremichael",
            "Welde Mariam = Weldemariam",
            "Abu Bakr = Aboubakr = Abou-Bakr",
            "Fatima = Fatma = Fatima-Zahra = Fatimazahra",
            "Aïcha = Aisha = Ayşe",
            "Rachid = Rashid",
            "Omar = Umar = Oemar",
            "Gökhan = Gokhan = GÃ¶khan = Goekhan",
            "İsmail = Ismail = Ismaïl",
            "Zoë = Zoe",
            "Łukasz = Lukasz",
        ] {
            check_alike(alike);
        }
    }

    #[test]
    fn no_name() {
        for unknown in ["onbekend", "nn", "x", "-", ".", "baby", "N.N.", "dhr.", "Ongeboren vrucht"] {
            check(unknown, None);
        }
    }

    #[test]
    fn common_given_names_survive_an_export() {
        for name in super::super::common::names(include_str!("../../tests/data/given_names.txt")) {
            let expected = found(name);
            assert!(expected.as_ref().is_some_and(|(_, code)| code.is_some()), "{name}");
            for exported in [
                name.to_uppercase(),
                name.to_lowercase(),
                super::super::encoding::misread(name),
                format!("{name} Maria Johannes"),
                format!("{name}-Maria"),
                format!("{name}, M."),
                format!("mw. {name}"),
                format!("{name} (roepnaam Jet)"),
                format!("\"{name}\""),
            ] {
                assert_eq!(found(&exported), expected, "{name}: {exported}");
            }
            let initials: String =
                super::super::roepnaam::formal(&name.to_lowercase()).chars().take(1).collect();
            let initials = format!("{}.X.", initials.to_uppercase());
            assert_eq!(
                found(&initials).map(|(initial, _)| initial),
                expected.map(|(initial, _)| initial),
                "{name}"
            );
        }
    }

    /// Spellings among the most common given names that cannot be told apart, without those that are meant to meet.
    #[test]
    fn common_given_names_keep_apart() {
        let names = super::super::common::names(include_str!("../../tests/data/given_names.txt"));
        assert!(names.len() >= 300, "{}", names.len());
        let known: Vec<_> =
            names.iter().map(|name| (name, found(name), given_code(&name.to_lowercase()))).collect();
        let (mut by_sound, mut by_name) = (Vec::new(), Vec::new());
        for (place, (one, meaning, sound)) in known.iter().enumerate() {
            for (other, _, other_sound) in
                known.iter().skip(place + 1).filter(|(_, other, _)| other == meaning)
            {
                if sound == other_sound { &mut by_sound } else { &mut by_name }
                    .push(format!("{one}/{other}"));
            }
        }
        // Of 64,980 pairs.
        assert!(by_sound.len() <= 5, "{by_sound:?}");
        // Each of these is a roepnaam and its formal name, two roepnamen of one, or two transliterations.
        assert!(by_name.len() <= 32, "{by_name:?}");
    }
}
