//! Why a match is one, as whoever asks reads it: sorts of own facts, and nothing that somebody recorded.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[path = "process/machine.rs"]
#[expect(dead_code, reason = "shared with the tests of whole networks")]
mod machine;
#[path = "process/network.rs"]
#[expect(dead_code, reason = "shared with the tests of whole networks")]
mod network;

use machine::Machine;
use serde_json::{Value, json};

const HEADER: &str =
    "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;postcode;huisnummer;grondslag\n";

/// What the school recorded: a mother with her son, a father, and a child of whose sister others know.
const SCHOOL: &str = "\
L-1;ouder;111222333;Anna;Zonneveld;1985-03-20;3512JK;4;wet
L-1;kind;;Daan;Okkerse;2015-06-17;3512JK;4;wet
L-2;ouder;123456782;Kees;Brandsma;1961-11-22;8911KL;17;wet
L-3;kind;;Fleur;Wiersinga;2016-09-28;7411GH;88;wet
L-4;ouder;;J.;Jansen;1985-01-01;6811MN;5;wet
L-4;kind;;Bram;Tolsma;2014-04-19;6811MN;5;wet
";
/// What the other organisation recorded: the mother after she has moved and without a number; a stranger under the
/// father's number; the sister; and the last child with a namesake of its father.
const GGZ: &str = "\
C-1;ouder;;Anna;Zonneveld;1985-03-20;9712CD;61;wet
C-2;ouder;123456782;Yvonne;Haverkort;1994-07-30;2312EF;33;wet
C-3;kind;;Sanne;Wiersinga;2019-12-13;7411GH;88;wet
C-4;ouder;;J.;Jansen;1985-01-01;1015PQ;9;wet
C-4;kind;;Bram;Tolsma;2014-04-19;6811MN;5;wet
";

/// Names, dates, numbers and postcodes, of either side.
fn values() -> Vec<&'static str> {
    let cells = SCHOOL.lines().chain(GGZ.lines()).flat_map(|row| row.split(';').skip(2).take(5));
    cells.filter(|cell| !cell.is_empty()).collect()
}

/// Whether the answer names one party.
fn found_one(answer: &Value) -> bool {
    answer["betrokken"].as_array().unwrap().len() == 1
}

/// Why, of the only match of each family of the school.
fn explanations(school: &Machine) -> Vec<Value> {
    let found = |family: &str| {
        let answer = school.until_answer(family, found_one);
        answer["betrokken"][0]["onderbouwing"].clone()
    };
    ["L-1", "L-2", "L-3", "L-4"].map(found).to_vec()
}

#[test]
fn a_match_says_which_own_facts_agree_and_which_do_not() {
    let mut pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = network::found(&pair);
    for machine in &mut pair {
        network::install(machine, &roster);
        machine.start();
    }
    let [ggz, mut school] = pair;
    let ours = school.write("school.csv", &format!("{HEADER}{SCHOOL}"));
    school.ok(&["import", "--wait", &ours]);
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}{GGZ}"));
    ggz.ok(&["import", "--wait", &theirs]);
    let told = explanations(&school);
    let person =
        |persoon, rol: &str, zekerheid: Value, overeen: &[&str], niet_bevestigd: &[&str], alleen_bsn| {
            json!({
                "persoon": persoon, "rol": rol, "zekerheid": zekerheid, "overeen": overeen,
                "niet_bevestigd": niet_bevestigd, "alleen_bsn": alleen_bsn,
            })
        };
    let name_and_birth = ["geslachtsnaam", "voorletter", "geboortedatum"];
    let probable = || Value::from("waarschijnlijk");
    assert_eq!(
        told,
        [
            json!({ "huishouden": false, "personen": [
                person(1, "ouder", probable(), &name_and_birth, &["burgerservicenummer", "voornaam", "adres"], false),
            ] }),
            json!({ "huishouden": false, "personen": [person(
                1, "ouder", probable(), &["burgerservicenummer"],
                &["geslachtsnaam", "voornaam", "geboortedatum", "adres"], true,
            )] }),
            json!({ "huishouden": true, "personen": [] }),
            json!({ "huishouden": true, "personen": [
                person(1, "ouder", Value::Null, &name_and_birth, &["adres"], false),
                person(2, "kind", probable(), &["geslachtsnaam", "voornaam", "geboortedatum", "adres"], &[], false),
            ] }),
        ]
    );

    // In words, person by person.
    let legend = "              (niet bevestigd: de ander heeft dit anders of niet vastgelegd, of het was niet apart te \
                  vergelijken)\n";
    for (family, lines) in [
        (
            "L-1",
            &[
                "onderbouwing  ouder (1e persoon in het dossier), waarschijnlijk: geslachtsnaam, voorletter en \
               geboortedatum komen overeen; niet bevestigd: burgerservicenummer, voornaam en adres\n",
                legend,
            ][..],
        ),
        (
            "L-2",
            &[
                "onderbouwing  ouder (1e persoon in het dossier): alleen het burgerservicenummer komt overeen, dus een \
               van beide nummers kan verkeerd zijn getypt; niet bevestigd: geslachtsnaam, voornaam, geboortedatum en adres\n",
                legend,
            ],
        ),
        (
            "L-3",
            &[
                "onderbouwing  huishouden: bij de ander staat op hetzelfde adres iemand met dezelfde geslachtsnaam, of \
               een die net zo begint; van geen enkele persoon komt verder iets overeen\n",
            ],
        ),
        (
            "L-4",
            &[
                "onderbouwing  kind (2e persoon in het dossier), waarschijnlijk: geslachtsnaam, voornaam, geboortedatum en \
               adres komen overeen\n",
                "              huishouden: bij de ander staat op hetzelfde adres iemand met dezelfde geslachtsnaam, of een \
               die net zo begint\n",
                "              ouder (1e persoon in het dossier) telt niet mee: alleen geslachtsnaam, voorletter en \
               geboortedatum komen overeen en dat is te weinig\n",
                legend,
            ],
        ),
    ] {
        let shown = school.ok(&["match", "show", family]);
        assert!(shown.contains(&lines.concat()), "{family}: {shown}");
    }
    let asked = school.ok(&["who", "L-2"]);
    assert!(
        asked.contains("    let op: ouder (1e persoon in het dossier): alleen het burgerservicenummer"),
        "{asked}"
    );
    assert!(!school.ok(&["who", "L-1"]).contains("let op"));

    // The other side reads its own record in the same match: there the number was never known.
    let theirs = ggz.until_answer("C-1", found_one);
    assert_eq!(
        theirs["betrokken"][0]["onderbouwing"]["personen"],
        json!([person(1, "ouder", probable(), &name_and_birth, &["voornaam", "adres"], false)])
    );

    // Nothing that either side recorded, in whatever way it is asked for.
    let values = values();
    assert!(
        values.len() > 40 && values.contains(&"Haverkort") && values.contains(&"111222333"),
        "{values:?}"
    );
    for (machine, families) in [(&school, ["L-1", "L-2", "L-3", "L-4"]), (&ggz, ["C-1", "C-2", "C-3", "C-4"])]
    {
        let mut said = machine.ok(&["match", "list", "--all", "--json"]);
        for family in families {
            for arguments in [
                &["who", family][..],
                &["who", family, "--json"],
                &["match", "show", family],
                &["match", "show", family, "--json"],
            ] {
                said.push_str(&machine.ok(arguments));
            }
        }
        said.push_str(&machine.log());
        let told: Vec<&&str> = values.iter().filter(|value| said.contains(**value)).collect();
        assert!(told.is_empty(), "{told:?} in {said}");
    }

    // The same after a kill, after the same file, and after the families were away.
    school.kill();
    school.start();
    school.settled();
    assert_eq!(explanations(&school), told);
    assert!(school.ok(&["import", &ours]).starts_with("0 added, 0 changed, 4 unchanged"));
    assert_eq!(explanations(&school), told);
    assert_eq!(school.ok(&["signal", "withdraw", "L-1", "L-2", "L-3", "L-4"]), "4 withdrawn\n");
    assert!(school.ok(&["import", "--wait", &ours]).starts_with("4 added"));
    assert_eq!(explanations(&school), told);
}
