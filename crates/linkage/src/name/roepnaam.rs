//! Which formal given name a roepnaam stands for, so that Kees and Cornelis meet, initial included.
//!
//! A roepnaam is listed where most of those who bear it are registered under one formal name (Nederlandse
//! Voornamenbank, Meertens Instituut: explanations and counts as first given name). Left out on purpose are those that
//! stand for several (Bert, Nel, Ans, Ina, Hanneke, Thea, Henny, Chris) and those that most bearers have as their
//! registered name today (Bas, Bram, Sander, Thijs, Daan, Lisa, Lotte, Mia, Rick): to make another name of those would
//! lose more than it finds.

/// Formal name, then the names that stand for it: by spelling, not by sound, because they are short.
const ROEPNAMEN: &[(&str, &[&str])] = &[
    ("adrianus", &["adriaan", "adri", "adrie", "ad", "arie", "janus"]),
    ("alexander", &["alex"]),
    ("anna", &["annie", "anny"]),
    ("antonius", &["anton", "antoon", "ton", "toon", "antonie", "anthonie", "anthony"]),
    ("arnoldus", &["arnold", "nol"]),
    ("barbara", &["basia"]),
    ("bernardus", &["bernard", "bernhard", "bernhardus"]),
    ("catharina", &["catherina", "toos", "kaatje"]),
    ("christianus", &["christiaan", "christian", "kristiaan"]),
    ("cornelia", &["corrie", "corry", "korrie"]),
    ("cornelis", &["cornelius", "cornelus", "kees", "cees", "keesje", "cor", "corneel"]),
    (
        "elisabeth",
        &[
            "elisabetha",
            "lies",
            "liesje",
            "liesbeth",
            "lisbeth",
            "lijsbeth",
            "els",
            "elsbeth",
            "betsy",
            "bets",
            "bep",
        ],
    ),
    ("francisca", &["cisca", "ciska"]),
    ("franciscus", &["frans"]),
    ("frederik", &["frederikus", "fredericus", "fred", "frits", "freek"]),
    ("geertruida", &["geertruda", "gertruda", "gertrudis", "truus", "trudy", "trudie", "truida"]),
    ("gerardus", &["gerard", "gerhard", "gerhardus", "ger"]),
    ("gijsbertus", &["gijsbert", "gysbert", "gijs"]),
    ("hendrik", &["hendrikus", "hendricus", "henricus", "henk", "hein", "henri"]),
    ("hendrika", &["hendrica", "henrica", "riek", "riekie", "rika"]),
    ("hermanus", &["herman", "manus"]),
    ("hubertus", &["hubert", "huub", "hub"]),
    ("jacoba", &["coba", "cobie", "coby", "koba"]),
    ("jacobus", &["jacob", "jakob", "jaap", "koos", "sjaak", "jaco", "cobus", "kobus"]),
    ("jakub", &["kuba"]),
    ("johanna", &["joanna", "joke", "jopie", "hannie"]),
    ("johannes", &["joannes", "johan", "jan", "hans", "hannes", "joop"]),
    ("josephus", &["joseph", "jozef", "josef", "jos", "sjef", "jef"]),
    ("katarzyna", &["kasia"]),
    ("lambertus", &["lambert"]),
    ("leonardus", &["leonard", "leo"]),
    ("malgorzata", &["gosia"]),
    ("margaretha", &["margareta", "margreet", "marga", "greet", "greetje", "gretha", "gre"]),
    ("maria", &["marie", "ria", "mieke", "miep", "riet", "rietje"]),
    ("marinus", &["rinus", "rien"]),
    ("martinus", &["martin", "tinus"]),
    ("mohammed", &["mo", "moh", "mohd"]),
    ("nicolaas", &["nikolaas", "nicolaus", "nico"]),
    ("paulus", &["paul"]),
    ("petrus", &["pieter", "peter", "piet"]),
    ("theodorus", &["theodoor", "theo", "dorus"]),
    ("theresia", &["theresa", "therese", "trees"]),
    ("tomasz", &["tomek"]),
    ("wilhelmina", &["willemina", "mien", "mientje", "mina", "minnie", "willy"]),
    ("willem", &["wilhelmus", "wilhelm", "wim"]),
    ("zofia", &["zosia"]),
];

/// The formal name behind a roepnaam, in small letters; a formal name and any other name stand for themselves.
pub(super) fn formal(word: &str) -> &str {
    let row = ROEPNAMEN.iter().find(|(_, names)| names.contains(&word));
    row.map_or(word, |(formal, _)| *formal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_for_one() {
        let mut seen = BTreeSet::new();
        for (formal_name, names) in ROEPNAMEN {
            for name in names.iter().chain([formal_name]) {
                assert!(seen.insert(*name), "{name} stands twice");
                assert_eq!(formal(name), *formal_name);
            }
        }
        assert_eq!(formal("bert"), "bert");
    }
}
