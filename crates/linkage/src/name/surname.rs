//! Surnames: without voorvoegsels, each part of a double name by itself, as they sound.

use domain::PersonName;

use super::arabic::{servant, without_article};
use super::encoding::repaired;
use super::letters::words;
use super::phonetic::surname_code;
use super::placeholder::is_placeholder;
use super::variants::one_surname_code;
use crate::private::PrivateText;

/// Words of the voorvoegsels in Landelijke Tabel 36 (RvIG), with the usual abbreviations. Dropped wherever they
/// stand: in their own column, before the name, behind it ("Berg, van den"), or within a double name.
const PREFIX_WORDS: &[&str] = &[
    "aan", "aant", "ad", "af", "al", "am", "an", "auf", "aus", "bij", "bijt", "boven", "d", "da", "dal",
    "dalla", "das", "de", "degli", "dei", "del", "della", "den", "der", "des", "di", "die", "do", "dos",
    "du", "e", "el", "gen", "het", "im", "in", "int", "l", "la", "las", "le", "les", "los", "of", "onder",
    "op", "opt", "over", "s", "t", "te", "ten", "ter", "tho", "thoe", "to", "toe", "tot", "uijt", "uit",
    "uitt", "uyt", "und", "unter", "v", "van", "vande", "vanden", "vander", "vant", "vd", "vdn", "vdr", "vh",
    "vom", "von", "voor", "vt", "zu", "zum", "zur",
];

/// Words that tell how two names relate (`Jansen e.v. de Vries`, `de Vries geb. Jansen`), a generation, a form of
/// address, or that somebody has died.
const RELATION_WORDS: &[&str] = &[
    "ev",
    "geb",
    "geboren",
    "nee",
    "wed",
    "weduwe",
    "wv",
    "gesch",
    "gescheiden",
    "echtg",
    "echtgenote",
    "genaamd",
    "alias",
    "jr",
    "sr",
    "jnr",
    "snr",
    "junior",
    "senior",
    "ii",
    "iii",
    "dhr",
    "mw",
    "mevr",
    "mevrouw",
    "mej",
    "fam",
    "familie",
    "jhr",
    "jkvr",
    "drs",
    "prof",
    "overl",
    "overleden",
    "wijlen",
];

/// Words that belong to the next one, each with the spelling that stands for it: `Ben Ali` is written `Ben-Ali` and
/// `Benali` as well.
const GLUED_WORDS: &[(&str, &str)] = &[
    ("ben", "ben"),
    ("bin", "ben"),
    ("ibn", "ben"),
    ("abu", "abu"),
    ("abou", "abu"),
    ("aboe", "abu"),
    ("abd", "abdel"),
    ("abdel", "abdel"),
    ("abdul", "abdel"),
    ("abdoel", "abdel"),
    ("abdoul", "abdel"),
    ("ait", "ait"),
    ("bou", "bou"),
    ("oulad", "oulad"),
    ("ouled", "oulad"),
    ("ould", "ould"),
    ("sidi", "sidi"),
    ("gebre", "gebre"),
    ("ghebre", "gebre"),
    ("wolde", "wolde"),
    ("welde", "welde"),
    ("mc", "mac"),
    ("mac", "mac"),
    ("san", "san"),
    ("santa", "santa"),
    ("st", "sint"),
    ("sint", "sint"),
    ("saint", "sint"),
    ("sainte", "sint"),
];

/// Belgian and American spelling of `van der`, `van den`, `van de`, and `vd` without a blank.
const GLUED_PREFIXES: [&str; 4] = ["vander", "vanden", "vande", "vd"];

/// Fewest letters left for such a prefix to be one.
const MIN_LETTERS_BEHIND_PREFIX: usize = 3;

/// Prefixes behind which a capital begins the name, as in `DeVries`, `vdBerg` and `ElKhattabi`.
const BEFORE_CAPITAL: [&str; 10] = ["van", "vd", "de", "den", "der", "te", "ter", "ten", "el", "al"];

/// Fewest letters of a surname with a Slavic ending for women.
const MIN_SLAVIC_LETTERS: usize = 6;

/// The German and Turkish `ö` in the transliteration of passports (ICAO Doc 9303, part 3, section 6): how names that
/// have it begin. In Dutch `oe` is a vowel of its own, so that no general rule can undo it.
const OE_NAMES: [&str; 8] = ["oez", "koenig", "schroed", "moelle", "doenm", "goekc", "goekt", "boehm"];

/// The codes of a person's surname: none when unknown, one as a rule, two for a double name.
///
/// A double name yields each part, so that a record with only the maiden or only the partner's name agrees, in
/// whichever order they are written; no separator is needed. Of more than two words the first and last count.
pub(crate) fn surname_codes(name: &PersonName) -> Vec<PrivateText> {
    let Some(surname) = &name.surname else { return Vec::new() };
    let surname = words(&with_blanks(&repaired(surname.reveal())));
    if is_placeholder(&surname) {
        return Vec::new();
    }
    // The column of prefixes may hold what is part of the name for others: `ben` before `Ali`.
    let prefix = name.prefix.as_ref().map(|prefix| words(&repaired(prefix.reveal()))).unwrap_or_default();
    let front = prefix.into_iter().filter(|word| glued(word).is_some());
    let mut codes: Vec<String> = parts(front.chain(surname).collect())
        .iter()
        .map(|part| code(part))
        .filter(|code| !code.is_empty())
        .collect();
    if codes.len() > 2 {
        codes = codes.first().into_iter().chain(codes.last()).cloned().collect();
    }
    codes.sort();
    codes.dedup();
    codes.into_iter().map(PrivateText::new).collect()
}

/// Parts a prefix from the capital that it was typed against.
fn with_blanks(text: &str) -> String {
    let mut parted = String::with_capacity(text.len() + 1);
    let mut run = String::new();
    for c in text.chars() {
        if c.is_uppercase()
            && run.ends_with(char::is_lowercase)
            && BEFORE_CAPITAL.contains(&run.to_lowercase().as_str())
        {
            parted.push(' ');
            run.clear();
        }
        if c.is_alphabetic() {
            run.push(c)
        } else {
            run.clear()
        }
        parted.push(c);
    }
    parted
}

/// The names proper among the words of a surname. A surname that consists of prefix words only ("Le", "Van") is
/// its last word; single letters are no names.
fn parts(words: Vec<String>) -> Vec<String> {
    let last = words.last().cloned();
    let mut parts: Vec<String> = Vec::new();
    let mut front = String::new();
    for word in words {
        let skipped = PREFIX_WORDS.contains(&word.as_str()) || RELATION_WORDS.contains(&word.as_str());
        if skipped || word.chars().count() < 2 || is_placeholder(std::slice::from_ref(&word)) {
            continue;
        }
        if let Some(glued) = glued(&word) {
            front.push_str(glued);
        } else {
            front.push_str(without_article(without_glued_prefix(&word)));
            parts.push(std::mem::take(&mut front));
        }
    }
    if !front.is_empty() {
        parts.push(front);
    }
    if parts.is_empty() {
        parts.extend(last.filter(|word| word.chars().count() > 1));
    }
    parts
}

fn glued(word: &str) -> Option<&'static str> {
    GLUED_WORDS.iter().find(|(spelling, _)| *spelling == word).map(|(_, glued)| *glued)
}

fn without_glued_prefix(word: &str) -> &str {
    GLUED_PREFIXES
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix).filter(|rest| rest.len() >= MIN_LETTERS_BEHIND_PREFIX))
        .unwrap_or(word)
}

/// The code of one name proper, whatever its language.
fn code(word: &str) -> String {
    let mut word = servant(word).unwrap_or_else(|| word.to_owned());
    if OE_NAMES.iter().any(|name| word.starts_with(name)) || (word.contains("oe") && word.contains("ue")) {
        word = word.replace("oe", "o");
    }
    if let Some(rest) = word.strip_prefix("mc").filter(|rest| rest.len() >= MIN_LETTERS_BEHIND_PREFIX) {
        word = format!("mac{rest}");
    }
    one_surname_code(surname_code(&as_of_men(word)))
}

/// Kowalska is the daughter of Kowalski, Petrova of Petrov. Dutch law leaves each the own form, so one family has both.
fn as_of_men(word: String) -> String {
    if word.chars().count() < MIN_SLAVIC_LETTERS {
        return word;
    }
    let endings = [
        ("skaja", "ski"),
        ("skaya", "ski"),
        ("ska", "ski"),
        ("cka", "cki"),
        ("zka", "zki"),
        ("ova", "ov"),
        ("eva", "ev"),
    ];
    let of_men = endings
        .iter()
        .find_map(|(of_women, of_men)| Some(format!("{}{of_men}", word.strip_suffix(of_women)?)));
    of_men.unwrap_or(word)
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
            ("", "Vander Berg"),
            ("", "vdBerg"),
            ("", "Berg vd"),
            ("", "BERG (van den)"),
            ("van den", "van den Berg"),
            ("", "fam. v.d. Berg"),
            ("", "v.d.Berg"),
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
        for hooft in
            ["'t Hooft", "’t Hooft", "´t Hooft", "t Hooft", "Hooft, 't", "Van 't Hooft", "van't Hooft"]
        {
            check(("", hooft), &["hoft"]);
        }
        check(("", "DeVries"), &["fris"]);
        check(("", "in't Veld"), &["felt"]);
        check(("", "van Boven"), &["bofen"]);
        check(("", "Van"), &["fan"]);
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
        let both = ["bur", "hof"];
        check(("", "Van 't Hof-de Boer"), &both);
        check(("", "de Boer-van 't Hof"), &both);
        check(("de", "Boer - van ’t Hof"), &both);
        check(("", "BOER VAN 'T HOF"), &both);
        check(("", "Onbekend-Jansen"), &["jansen"]);
    }

    #[test]
    fn particles_and_generations() {
        check(("", "Ben Ali"), &["benali"]);
        check(("", "Ben-Ali"), &["benali"]);
        check(("", "Benali"), &["benali"]);
        check(("ben", "Ali"), &["benali"]);
        check(("", "O'Brien"), &["obrin"]);
        check(("", "Jansen III"), &["jansen"]);
        check(("", "Jansen (overleden)"), &["jansen"]);
        check(("", "Jansen, J.P."), &["jansen"]);
        check(("", "Bakker jr."), &["baker"]);
        check(("", "Le"), &["le"]);
        check(("", "van der Aa"), &["a"]);
    }

    #[test]
    fn no_name_no_code() {
        for unknown in ["onbekend", "N.N.", "x", "-", "?", "onb.", "J.", ".", "..", "0"] {
            check(("", unknown), &[]);
        }
        check(("van", ""), &[]);
    }

    fn check_alike(alike: &str) {
        let all: Vec<(&str, Vec<String>)> = alike.split(" = ").map(|name| (name, codes("", name))).collect();
        let (_, first) = all.first().unwrap();
        assert!(!first.is_empty() && all.iter().all(|(_, other)| other == first), "{all:?}");
    }

    #[test]
    fn spellings_of_one_surname() {
        for alike in [
            "IJzerman = Ijzerman = Ĳzerman = Yzerman = IJserman",
            "Buÿs = Buys = Buijs = Buis",
            "Yıldız = Yildiz = Jildiz = YILDIZ = YÄ±ldÄ±z",
            "Özdemir = Ozdemir = Oezdemir = ÖZDEMİR",
            "Öztürk = Ozturk = Oeztuerk",
            "Şahin = Sahin = Shahin",
            "Çelik = Celik",
            "Wałęsa = Walesa",
            "Kowalski = Kowalska = Kowalsky",
            "Wojciechowska = Wojciechowski",
            "Petrov = Petrova",
            "El Khattabi = Elkhattabi = Al-Khattabi = ElKhattabi = el-Khattabi = Khattabi = Alkhattabi",
            "Abdelkarim = Abdel Karim = Abdulkarim = Abd el Karim = Abdoel Karim",
            "Abderrahman = Abdel Rahman = Abdurrahman = Abdirahman",
            "Mohamed = Mohammed = Muhammad = Mohamad",
            "Youssef = Yusuf = Jousef",
            "Ben Ali = Benali = Bin Ali = Ben-Ali",
            "Ghebremedhin = Gebremedhin = Gebre Medhin",
            "Müller = Mueller = Muller = MÃ¼ller",
            "Schröder = Schroeder = Schroder",
            "Strauß = Strauss",
            "Lefèvre = Lefevre",
            "Nuñez = Nunez",
            "St. Jago = Sint Jago = Sint-Jago",
            "McDonald = Mac Donald = MacDonald = Mc Donald",
            "Dirksz = Dirks",
            "Croes = Kroes",
            "Ramdjan = Ramjan",
            "Soekhram = Sukhram",
            "Nguyễn = Nguyen",
            "Jansen = Jan5en = Jansen *",
        ] {
            check_alike(alike);
        }
    }

    #[test]
    fn strangers_keep_apart() {
        for (one, other) in [
            ("van Dijk", "Dik"),
            ("van Dijk", "van Dijken"),
            ("de Boer", "den Boer-Kok"),
            ("Elbers", "Albers"),
            ("Elders", "Alders"),
            ("Elzinga", "Zinga"),
            ("Terlouw", "Louw"),
            ("van der Linden", "van Lynden"),
            ("Ali", "Ben Ali"),
            ("Kowalski", "Kowalczyk"),
            ("de Wit", "de With-Wijt"),
            ("Hofman", "Hoffmans"),
            ("Kuiper", "Kuipers"),
            ("Bakker", "Bekker"),
            ("Jansen", "Jansma"),
            ("Peters", "Pieters"),
            ("Smit", "Smits"),
            ("Bos", "Vos"),
            ("Mulder", "Muller"),
            ("Hendriks", "Hendriksen"),
            ("Willems", "Willemsen"),
            ("Koning", "Konings"),
            ("Kaya", "Kia"),
            ("Yilmaz", "Yildiz"),
            ("Aydin", "Aytin-Aden"),
            ("El Amrani", "El Hamrani"),
            ("Abdi", "Abdel"),
            ("Martina", "Martinus"),
            ("Garcia", "Garcia Lopez"),
            ("O'Brien", "de Bruin"),
            ("Nova", "Nov"),
        ] {
            assert_ne!(codes("", one), codes("", other), "{one} {other}");
        }
    }

    /// What systems do to every name: capitals, voorvoegsels elsewhere, another encoding, what is typed around it.
    #[test]
    fn common_surnames_survive_an_export() {
        for name in super::super::common::names(include_str!("../../tests/data/surnames.txt")) {
            let expected = codes("", name);
            assert_eq!(expected.len(), 1, "{name}");
            let (prefix, proper) = name.rsplit_once(' ').unwrap_or(("", name));
            assert_eq!(codes(&prefix.to_lowercase(), proper), expected, "{name} in two columns");
            for exported in [
                name.to_uppercase(),
                name.to_lowercase(),
                name.replace(' ', "\u{a0}"),
                format!("{proper}, {prefix}"),
                format!("{proper} ({})", prefix.to_lowercase()),
                format!("{} *", super::super::encoding::misread(name)),
                format!("Fam. {name}"),
                format!("{name} jr."),
                format!("{name}, J.P."),
                format!("J.P. {name}"),
                format!("{name}-{name}"),
            ] {
                assert_eq!(codes("", &exported), expected, "{name}: {exported}");
            }
        }
    }

    /// Pairs among the most common surnames that cannot be told apart, without spellings of one name.
    #[test]
    fn common_surnames_keep_apart() {
        let names = super::super::common::names(include_str!("../../tests/data/surnames.txt"));
        assert!(names.len() >= 300, "{}", names.len());
        let codes: Vec<Vec<String>> = names.iter().map(|name| codes("", name)).collect();
        let mut collisions = Vec::new();
        for (place, (one, code)) in names.iter().zip(&codes).enumerate() {
            let later = names.iter().zip(&codes).skip(place + 1);
            collisions
                .extend(later.filter(|(_, other)| *other == code).map(|(other, _)| format!("{one}/{other}")));
        }
        // Seven differ in their voorvoegsels only, three in a letter that is written either way, one (Van der Wal, De
        // Waal) in a doubled vowel: 11 of 58,653 pairs.
        assert!(collisions.len() <= 11, "{collisions:?}");
    }
}
