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

/// Initials, then the roepnamen of which some bearers are registered under a name that begins with it: Bert under
/// Lambertus, Albertus, Gijsbertus, Egbertus, Hubertus or Robertus, Lia under Cornelia, Julia, Amalia or Elia. Such a name
/// is not read as another one; its initial is only looked for under these as well. After the explanations of the
/// Nederlandse Voornamenbank.
const LETTERS: &[(&str, &[&str])] = &[
    (
        "a",
        &[
            "ank", "anke", "ans", "bep", "bert", "berta", "bertha", "bertie", "bertina", "bertus", "bram",
            "dolf", "door", "dries", "fons", "gus", "gust", "gusta", "guus", "ineke", "jaan", "jantje",
            "leida", "lex", "lia", "lida", "net", "nettie", "netty", "nina", "nolda", "noud", "nout", "ola",
            "riaan", "rianne", "sander", "sandra", "sjaan", "sjors", "stien", "stijn", "teun", "teunis",
            "theunis", "tina", "tine", "tiny", "tonnie", "tonny", "tony", "toos", "xander",
        ],
    ),
    ("b", &["bart", "dien", "dina", "dinie", "mees", "meeuwis", "nard", "nardus"]),
    (
        "c",
        &[
            "co", "ina", "ineke", "kitty", "ko", "lia", "lien", "lientje", "lina", "line", "lot", "lotte",
            "nel", "nelis", "nelleke", "nellie", "nelly", "nienke", "nina", "rina", "rini", "riny", "sien",
            "sientje", "sjaan", "sjaantje", "stien", "stientje", "stijn", "stina", "stoffel", "tijn", "tina",
            "tine", "tineke", "tini", "tinie", "tiny", "toos", "trien", "trijn", "trijntje",
        ],
    ),
    ("d", &["dick", "door", "nick", "thea"]),
    (
        "e",
        &[
            "bella", "bert", "bertus", "beth", "betje", "betty", "elly", "ilse", "jenny", "lia", "lien",
            "lisa", "lisanne", "lise", "lisette", "liza", "lizette", "lot", "noor", "nora", "ted", "ward",
        ],
    ),
    ("f", &["ciska", "eric", "erik", "rick", "riek", "rik", "sien", "sientje"]),
    (
        "g",
        &[
            "bert", "bertus", "dien", "dina", "dinie", "gus", "guus", "joris", "sien", "sientje", "sjors",
            "trui", "truus",
        ],
    ),
    (
        "h",
        &[
            "bert", "bertus", "drik", "eric", "erik", "ettie", "ina", "ineke", "jet", "jetje", "jetty",
            "leen", "lena", "leni", "lenie", "leny", "lien", "manus", "rick", "riek", "rieka", "riekje",
            "rik", "rina",
        ],
    ),
    ("i", &["bella", "dora", "ies"]),
    (
        "j",
        &[
            "ank", "anke", "anneke", "ans", "co", "fien", "fientje", "fina", "han", "hanna", "hanneke",
            "hanny", "hansje", "ina", "ineke", "jo", "ko", "lia", "mina", "nettie", "netty", "nina", "sjaak",
            "sjaan", "sjaantje", "sjef", "sjon", "sjors", "stien",
        ],
    ),
    (
        "l",
        &["bart", "bert", "berta", "bertha", "bertus", "nard", "nardus", "rens", "sjaak", "wies", "wieske"],
    ),
    (
        "m",
        &[
            "chiel", "giel", "gree", "greta", "gretha", "griet", "grietje", "jet", "jetje", "jetty", "leen",
            "lena", "leni", "lenie", "leny", "loes", "matthijs", "meta", "rian", "rianne", "rie", "ries",
            "rina", "rini", "rinie", "riny", "rita", "thieu", "thijs", "ties", "tijn", "tina", "tine",
            "tineke", "tini", "tinie", "tiny", "tjeu",
        ],
    ),
    ("n", &["claas", "klaas"]),
    ("p", &["ella", "elly", "lien", "lina", "nel", "nella", "nellie", "nelly", "petra", "pim", "trees"]),
    ("r", &["bert", "bob", "bobby", "dolf", "ina"]),
    ("s", &["bas", "bastiaan", "fia", "fie", "fietje"]),
    ("t", &["dick", "dirk", "dirkje", "door", "doortje", "dora", "maas", "toos", "trees"]),
    ("w", &["bill", "helma", "ina", "ineke", "mien", "mimi", "min", "mina", "mineke", "pim"]),
];

/// The initials of the names that a roepnaam may stand for, but for the one that [`formal`] gives.
pub(super) fn other_letters(word: &str) -> impl Iterator<Item = &'static str> {
    LETTERS.iter().filter(move |(_, names)| names.contains(&word)).map(|(letter, _)| *letter)
}

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
        assert_eq!(other_letters("bert").collect::<String>(), "aeghlr");
        assert_eq!(other_letters("cornelia").count(), 0);
    }
}
