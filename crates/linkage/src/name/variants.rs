//! Spellings of one name between which no rule leads: transliterations from Arabic and its neighbours, and French and
//! English `ch` and `sh`. They are looked up by how they sound, so that a row also covers the regular variants of
//! each of its spellings (doubled letters, `ou/oe/u`, `y/j`, `kh/ch`, `f/v/ph`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::phonetic::{given_code, surname_code};

/// The spelling that stands for all, then the others. Names that are as common apart as together are not joined: Mehmet,
/// Mahmoud, Achraf.
const VARIANTS: &[(&str, &[&str])] = &[
    ("mohammed", &["mohamad", "muhammed", "muhammad", "mohamet", "muhamet", "maxamed"]),
    ("ahmed", &["ahmad", "achmed", "achmad", "axmed"]),
    ("youssef", &["yusuf", "yousif", "yusef", "yusif"]),
    ("hussein", &["hossein", "hosein", "husain", "hosain", "houssin", "xuseen"]),
    ("hassan", &["hasen", "xasan"]),
    ("ibrahim", &["ebrahim", "ibraheem", "ibrahiem", "ebraheem"]),
    ("ismail", &["ismael", "esmail", "esmael"]),
    ("omar", &["umar"]),
    ("osman", &["othman", "usman", "uthman", "ousmane"]),
    ("osama", &["usama"]),
    ("mustafa", &["mostafa", "moustapha", "mostapha"]),
    ("fatima", &["fatma", "fatema", "fatimazahra", "fatimazohra", "fatimaezzahra", "fatimazahrae"]),
    ("aisha", &["aicha", "ayse", "ayesha", "aische", "aissha", "caasha"]),
    ("khadija", &["kadija", "hadija", "khadeeja"]),
    ("rashid", &["rachid", "raschid", "rasheed"]),
    ("hisham", &["hicham", "hischam"]),
    ("ashraf", &["achraf"]),
    ("bushra", &["bouchra", "bochra"]),
    ("shaima", &["chaima", "chaimae", "chayma", "shaimae", "shayma"]),
    ("sharif", &["cherif", "charif", "scherif", "sherif"]),
    ("sharifa", &["cherifa", "charifa"]),
    ("said", &["saeed", "saied", "saiid"]),
    ("yahya", &["yahia", "jahja", "yehia"]),
    ("zakaria", &["zakariya", "zakariyya", "zekeriya", "zacharia"]),
    ("nouraddin", &["noureddine", "nouridin", "nureddin", "nourdin", "nordin", "nordine", "nuruddin"]),
    ("salaheddine", &["salahaddin", "salahuddin", "selahattin", "salaheddin"]),
    ("jamal", &["gamal"]),
    ("nadia", &["nadja", "nadya"]),
    ("michael", &["mikael", "micael"]),
    ("natasha", &["natascha"]),
    ("sasha", &["sascha"]),
    ("chantal", &["shantal"]),
    ("charlotte", &["sharlotte"]),
    ("michelle", &["mishelle"]),
    ("cheyenne", &["shayenne", "chayenne", "shyenne"]),
    ("charlene", &["sharlene"]),
    ("yvonne", &["ivonne"]),
    ("wijnand", &["wynand"]),
    ("gokhan", &["goekhan"]),
    ("ozlem", &["oezlem"]),
    ("ozkan", &["oezkan"]),
    ("omer", &["oemer"]),
];

type Table = BTreeMap<String, String>;

fn table(code: fn(&str) -> String) -> Table {
    let mut table = Table::new();
    for (name, others) in VARIANTS {
        for other in *others {
            table.insert(code(other), code(name));
        }
    }
    table
}

/// The code of a given name that stands for this one.
pub(super) fn one_given_code(code: String) -> String {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(given_code));
    TABLE.get(&code).cloned().unwrap_or(code)
}

/// The code of a surname that stands for this one: many are given names of a father.
pub(super) fn one_surname_code(code: String) -> String {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(surname_code));
    TABLE.get(&code).cloned().unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spelling_leads_to_one_name_and_no_further() {
        for (table, code) in
            [(table(given_code), given_code as fn(&str) -> String), (table(surname_code), surname_code)]
        {
            for (name, others) in VARIANTS {
                let own = code(name);
                let led = table.get(&own).unwrap_or(&own);
                assert_eq!(*led, own, "{name} leads on");
                for other in *others {
                    assert_eq!(table.get(&code(other)), Some(&own), "{other}");
                }
            }
        }
    }
}
