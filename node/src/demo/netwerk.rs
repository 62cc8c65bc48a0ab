//! `netwerk.toml`: the text and its keys. Whether what it says holds together is the matter of [`check`].

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::plan::DemoPlan;

mod check;
mod plain;

/// The plan that a `netwerk.toml` describes for the given files (without `.csv`), still without signals.
///
/// # Errors
/// Everything that is wrong with it, one sentence each.
pub fn plan(text: &str, files: &[&str]) -> Result<DemoPlan, Vec<String>> {
    check::checked(parse(text)?, files)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    netwerk: Network,
    #[serde(default, rename = "kring")]
    circles: Vec<Circle>,
    #[serde(default, rename = "grondslag")]
    grounds: Vec<Ground>,
    #[serde(default, rename = "deelnemer")]
    participants: Vec<Participant>,
    #[serde(default, rename = "instelling")]
    institutions: Vec<Residence>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    #[serde(rename = "naam")]
    name: String,
    #[serde(rename = "drempel")]
    threshold: u16,
    #[serde(rename = "sleutelhouders")]
    keyholders: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Circle {
    #[serde(rename = "naam")]
    name: String,
    #[serde(rename = "doel")]
    purpose: String,
    /// Absent: every legal basis of the file.
    #[serde(rename = "grondslagen")]
    grounds: Option<Vec<String>>,
    #[serde(default)]
    open: Vec<Open>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    #[serde(rename = "van")]
    publisher: String,
    #[serde(rename = "aan")]
    readers: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ground {
    code: String,
    #[serde(rename = "artikel")]
    article: String,
    avg6: String,
    avg9: Option<String>,
    #[serde(rename = "geheimhouding")]
    secrecy: Option<String>,
    #[serde(rename = "toestemming")]
    consent_required: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Participant {
    #[serde(rename = "bestand")]
    file: String,
    #[serde(rename = "naam")]
    name: String,
    oin: String,
    sector: String,
    #[serde(rename = "bsn")]
    bsn_entitled: bool,
    #[serde(default, rename = "werkgebied")]
    working_area: String,
    #[serde(default, rename = "contactpunt")]
    contact_point: String,
}

/// An address where unrelated people live.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Residence {
    postcode: String,
    #[serde(rename = "huisnummer")]
    number: u32,
    #[serde(rename = "huisletter")]
    letter: Option<String>,
    #[serde(rename = "huisnummertoevoeging")]
    addition: Option<String>,
}

/// A table of the file: how messages name it, its keys, and the tables among them. The structs above refuse an
/// unknown key as well, but without the nearest one and without the table.
struct Table {
    shown: &'static str,
    keys: &'static [&'static str],
    tables: &'static [(&'static str, Table)],
}

const ROOT: Table = Table {
    shown: "the file",
    keys: &["netwerk", "kring", "grondslag", "deelnemer", "instelling"],
    tables: &[
        ("netwerk", NETWORK),
        ("kring", CIRCLE),
        ("grondslag", GROUND),
        ("deelnemer", PARTICIPANT),
        ("instelling", RESIDENCE),
    ],
};
const NETWORK: Table =
    Table { shown: "[netwerk]", keys: &["naam", "drempel", "sleutelhouders"], tables: &[] };
const CIRCLE: Table =
    Table { shown: "[[kring]]", keys: &["naam", "doel", "grondslagen", "open"], tables: &[("open", OPEN)] };
const OPEN: Table = Table { shown: "[[kring.open]]", keys: &["van", "aan"], tables: &[] };
const GROUND: Table = Table {
    shown: "[[grondslag]]",
    keys: &["code", "artikel", "avg6", "avg9", "geheimhouding", "toestemming"],
    tables: &[],
};
const PARTICIPANT: Table = Table {
    shown: "[[deelnemer]]",
    keys: &["bestand", "naam", "oin", "sector", "bsn", "werkgebied", "contactpunt"],
    tables: &[],
};

const RESIDENCE: Table = Table {
    shown: "[[instelling]]",
    keys: &["postcode", "huisnummer", "huisletter", "huisnummertoevoeging"],
    tables: &[],
};

fn parse(text: &str) -> Result<Document, Vec<String>> {
    let refused = |error: toml::de::Error| vec![told(text, error.span(), &plain::plain(error.message()))];
    let parsed = DeTable::parse(text).map_err(refused)?;
    let mut flaws = Vec::new();
    unknown_keys(parsed.get_ref(), &ROOT, &mut flaws);
    if !flaws.is_empty() {
        flaws.sort_by_key(|(span, _)| span.start);
        return Err(flaws.into_iter().map(|(span, flaw)| told(text, Some(span), &flaw)).collect());
    }
    toml::from_str(text).map_err(refused)
}

/// Gathers the keys that a table does not have, and looks into the tables it does.
fn unknown_keys(found: &DeTable<'_>, table: &Table, flaws: &mut Vec<(Range<usize>, String)>) {
    for (key, value) in found {
        let name: &str = key.get_ref();
        if !table.keys.contains(&name) {
            let meant = did_you_mean(name, table.keys.iter().copied());
            flaws.push((key.span(), format!("unknown key {} in {}{meant}", quoted(name), table.shown)));
        } else if name == "netwerk" && value.get_ref().is_array() {
            flaws.push((key.span(), "[netwerk] stands once, between single brackets".to_owned()));
        } else if let Some((_, inner)) = table.tables.iter().find(|(known, _)| *known == name) {
            for found in tables(value) {
                unknown_keys(found, inner, flaws);
            }
        }
    }
}

/// The table or tables of a value; anything else is for the structs to refuse.
fn tables<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Vec<&'a DeTable<'i>> {
    let as_table = |value: &'a DeValue<'i>| value.as_table();
    match value.get_ref().as_array() {
        Some(array) => array.iter().filter_map(|item| as_table(item.get_ref())).collect(),
        None => as_table(value.get_ref()).into_iter().collect(),
    }
}

/// A flaw with its line, counted from 1, in one line of text.
fn told(text: &str, span: Option<Range<usize>>, flaw: &str) -> String {
    let flaw = flaw.split_whitespace().collect::<Vec<_>>().join(" ");
    match span.and_then(|span| text.as_bytes().get(..span.start)) {
        Some(before) => {
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("line {line}: {flaw}")
        }
        None => flaw,
    }
}

/// A name from the file, so that it can be shown: what no plain text holds is escaped.
fn quoted(name: &str) -> String {
    let is_shown = |c: char| c == ' ' || domain::PlainText::new("name", c.encode_utf8(&mut [0; 4])).is_ok();
    let shown: Vec<String> = name
        .chars()
        .map(|c| if is_shown(c) { c.to_string() } else { c.escape_debug().to_string() })
        .collect();
    format!("'{}'", shown.concat())
}

/// From this similarity (0 to 1) on a name is suggested; below it a suggestion would mislead.
const SUGGESTED: f64 = 0.6;

/// `; did you mean 'x'?`, or nothing when nothing known is near.
fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|nearest| format!("; did you mean {}?", quoted(nearest))).unwrap_or_default()
}

/// The known name that is most like this one, when one is like it at all.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(&name, &known.to_lowercase()), known))
        .filter(|(likeness, _)| *likeness >= SUGGESTED)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key that the format has.
    const WHOLE: &str = r#"
[netwerk]
naam = "Proef"
drempel = 2
sleutelhouders = ["a", "b"]

[[kring]]
naam = "jeugd"
doel = "samenwerken"
grondslagen = ["wet-a"]
[[kring.open]]
van = "zorg"
aan = ["zorg"]

[[grondslag]]
code = "wet-a"
artikel = "artikel 1"
avg6 = "6.1.e"
avg9 = "9.2.h"
geheimhouding = "beroepsgeheim"
toestemming = false

[[deelnemer]]
bestand = "a"
naam = "A"
oin = "00000099000000000001"
sector = "zorg"
bsn = true
werkgebied = "hier"
contactpunt = "085-0010100"

[[instelling]]
postcode = "1234AB"
huisnummer = 12
huisletter = "A"
huisnummertoevoeging = "2"
"#;

    fn keys<'a>(table: &'a Table, gathered: &mut Vec<&'a str>) {
        gathered.extend(table.keys);
        for (_, inner) in table.tables {
            keys(inner, gathered);
        }
    }

    #[test]
    fn the_tables_and_the_structs_know_the_same_keys() {
        assert!(parse(WHOLE).is_ok());
        let mut known = Vec::new();
        keys(&ROOT, &mut known);
        for key in &known {
            assert!(WHOLE.contains(*key), "{key} is not in the example");
        }
        // Nothing in the example beyond the tables, and nothing in the tables that the structs refuse.
        let lines = WHOLE.lines().filter(|line| line.contains(" = ")).count();
        assert_eq!(lines + 6, known.len());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name_with_the_nearest() {
        for (replaced, by, told) in [
            ("drempel", "drempl", "line 4: unknown key 'drempl' in [netwerk]; did you mean 'drempel'?"),
            ("[[kring]]", "[[kringen]]", "line 7: unknown key 'kringen' in the file; did you mean 'kring'?"),
            ("van =", "Vam =", "line 12: unknown key 'Vam' in [[kring.open]]; did you mean 'van'?"),
            ("avg9", "agv9", "line 19: unknown key 'agv9' in [[grondslag]]; did you mean 'avg9'?"),
            ("bsn =", "bns =", "line 28: unknown key 'bns' in [[deelnemer]]; did you mean 'bsn'?"),
            ("bsn =", "\"\\u001b[2J\" =", "line 28: unknown key '\\u{1b}[2J' in [[deelnemer]]"),
        ] {
            let text = WHOLE.replacen(replaced, by, 1);
            let text =
                if by == "[[kringen]]" { text.replace("[[kring.open]]", "[[kringen.open]]") } else { text };
            let flaws = parse(&text).unwrap_err();
            assert!(flaws[0].starts_with(told), "{flaws:?}");
        }
    }

    #[test]
    fn every_unknown_key_is_told_in_order_of_lines() {
        let text = WHOLE.replacen("naam", "nam", 1).replacen("toestemming", "toestemmming", 1);
        let flaws = parse(&text).unwrap_err();
        assert_eq!(flaws.len(), 2);
        assert!(flaws[0].starts_with("line 3: ") && flaws[1].starts_with("line 21: "), "{flaws:?}");
    }

    #[test]
    fn other_flaws_have_a_line_too() {
        for (replaced, by, line) in [
            (
                "drempel = 2",
                "drempel = \"twee\"",
                "line 4: expected a whole number from 0 to 65535, found text",
            ),
            (
                "drempel = 2",
                "drempel = 70000",
                "line 4: expected a whole number from 0 to 65535, found 70000",
            ),
            ("drempel = 2", "drempel = -1", "line 4: expected a whole number from 0 to 65535, found -1"),
            ("drempel = 2", "drempel = 2.5", "line 4: expected a whole number from 0 to 65535, found 2.5"),
            ("drempel = 2", "drempel =", "line 4: "),
            ("drempel = 2", "", "line 2: 'drempel' is missing"),
            ("[\"a\", \"b\"]", "\"a\"", "line 5: expected a list between square brackets, found text"),
            ("[\"a\", \"b\"]", "[1]", "line 5: expected text between quotation marks, found the number 1"),
            ("toestemming = false", "toestemming = 1", "line 21: expected true or false, found the number 1"),
            ("bsn = true", "bsn = \"ja\"", "line 28: expected true or false, found text"),
            ("[netwerk]", "[[netwerk]]", "line 2: [netwerk] stands once, between single brackets"),
            ("[[grondslag]]", "[grondslag]", "line 15: expected a heading between double brackets"),
            ("oin = \"00000099000000000001\"", "", "line 23: 'oin' is missing"),
        ] {
            let flaws = parse(&WHOLE.replacen(replaced, by, 1)).unwrap_err();
            assert_eq!(flaws.len(), 1);
            assert!(!flaws[0].contains("u16") && !flaws[0].contains("invalid"), "{flaws:?}");
            assert!(flaws[0].starts_with(line) && !flaws[0].contains('\n'), "{flaws:?}");
        }
    }

    #[test]
    fn only_what_is_alike_is_suggested() {
        for (name, expected) in
            [("Schol", Some("school")), ("zrog", Some("zorg")), ("politie", None), ("x", None), ("", None)]
        {
            assert_eq!(nearest(name, ["school", "zorg", "wijkteam"].into_iter()), expected, "{name}");
        }
        assert_eq!(nearest("a", [].into_iter()), None);
        assert_eq!(did_you_mean("bbb", ["BB"].into_iter()), "; did you mean 'BB'?");
    }

    #[test]
    fn what_a_screen_would_not_show_as_it_is_is_escaped() {
        for (name, shown) in [
            ("a b'é", "'a b'é'"),
            ("a\u{1b}[2J", "'a\\u{1b}[2J'"),
            ("a\u{202e}b\u{2069}", "'a\\u{202e}b\\u{2069}'"),
        ] {
            assert_eq!(quoted(name), shown);
        }
    }
}
