//! Matches that are only possible, as those who decide about them see them: processes and the command line.
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
use serde_json::Value;

const HEADER: &str =
    "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;postcode;huisnummer;grondslag\n";
/// A name and a birth date that two persons may well share; with the address it is more than possible.
const JANSEN: &str = "ouder;;P.;Jansen;1987-05-12;;;wet\n";
const JANSEN_AT_HOME: &str = "ouder;;P.;Jansen;1987-05-12;1234AB;12;wet\n";
/// Somebody whose number agrees.
const ANNA: &str = "ouder;111222333;Anna;Zonneveld;1980-02-03;;;wet\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn refused(machine: &Machine, arguments: &[&str], sentence: &str) {
    let said = machine.run(arguments);
    assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{arguments:?}: {}", said.stderr);
    assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
}

#[test]
fn a_possible_match_waits_for_a_decision_that_outlasts_imports_kills_and_restores() {
    let mut trio = [1, 2, 3].map(Machine::new);
    for machine in &trio {
        machine.ok(&["init"]);
    }
    // The school holds no share: a restored keyholder has none until the next epoch, and would register nothing.
    let roster = network::found_with(&trio, 2);
    for machine in &mut trio {
        network::install(machine, &roster);
        machine.start();
    }
    let [_keyholder, ggz, mut school] = trio;
    let all = school.write("school.csv", &format!("{HEADER}L-1;{JANSEN_AT_HOME}L-2;{ANNA}"));
    school.ok(&["import", "--wait", &all]);
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}C-1;{JANSEN}C-2;{ANNA}"));
    ggz.ok(&["import", "--wait", &theirs]);
    school.until("one match waits", |status| status["review"]["waiting"] == 1);

    // The list holds what is only possible, and the answer says so.
    let listed = school.ok(&["match", "list", "--review", "--json"]);
    let line = json(listed.trim());
    assert_eq!(
        (&line["gezin"], &line["oin"], &line["zekerheid"]),
        (&"L-1".into(), &ggz.oin().into(), &"mogelijk".into())
    );
    assert_eq!((&line["te_beoordelen"], &line["oordeel"]), (&Value::Bool(true), &Value::Null));
    assert!(line["sinds"].as_str().unwrap().ends_with('Z') && line["basis"][0]["rol"] == "ouder", "{line}");
    let table = school.ok(&["match", "list", "--review"]);
    assert!(table.contains("L-1") && table.contains("te beoordelen") && !table.contains("L-2"), "{table}");
    assert!(school.ok(&["who", "L-1"]).contains("    te beoordelen, gevonden op 20"));
    assert_eq!(school.ok(&["match", "list", "--json"]).lines().count(), 2, "and it is among those involved");
    assert!(school.ok(&["status"]).contains("review list   1 match to decide about, the oldest for 0 days"));
    let (_, metrics) = school.get("/metrics");
    assert!(metrics.contains("\nsamenhang_review_waiting 1\n"), "{metrics}");
    assert!(metrics.contains("\nsamenhang_review_oldest_seconds 0\n"), "{metrics}");

    // What cannot be decided.
    refused(&school, &["match", "same", "X-1", "Organisatie 2"], "no own signal on this family");
    refused(
        &school,
        &["match", "same", "L-1", "Organisatie 9"],
        "no organisation of the network has that name",
    );
    refused(&school, &["match", "same", "L-1", "Organisatie 3"], "that is the own organisation");
    refused(&school, &["match", "same", "L-1", "00000099000000000009"], "is not involved with this family");
    refused(&school, &["match", "undo", "L-1", "Organisatie 2"], "nothing was decided");
    refused(&school, &["match", "different", "L-2", "Organisatie 2"], "`--although-certain`");

    // Another family: set aside, and said to be.
    let said = school.ok(&["match", "different", "L-1", "organisatie 2", "--unit", "team west"]);
    assert!(said.starts_with("L-1, Organisatie 2: beoordeeld als ander gezin op 20"), "{said}");
    assert!(said.ends_with(" door team west (toen mogelijk)\n"), "{said}");
    refused(&school, &["match", "same", "L-1", ggz.oin()], "ander gezin; undo that first");
    assert!(school.ok(&["match", "list", "--review"]).starts_with("Niets te beoordelen.\n"));
    let is_set_aside = |school: &Machine| {
        let answer = json(&school.ok(&["who", "L-1", "--json"]));
        let aside = answer["ander_gezin"].as_array().unwrap();
        assert!(aside.iter().all(|one| one["oordeel"]["oordeel"] == "ander gezin"), "{answer}");
        aside.len() == 1 && answer["betrokken"].as_array().unwrap().is_empty()
    };
    assert!(is_set_aside(&school));
    let asked = school.ok(&["who", "L-1"]);
    assert!(asked.starts_with("L-1: no one else is involved"), "{asked}");
    assert!(asked.contains("1 organisatie eerder als ander gezin beoordeeld: Organisatie 2 (20"), "{asked}");
    assert_eq!(school.ok(&["match", "list", "--json"]).lines().count(), 1);
    assert_eq!(school.ok(&["match", "list", "--all", "--json"]).lines().count(), 2);
    assert!(school.ok(&["match", "show", "L-1"]).contains("oordeel       beoordeeld als ander gezin op 20"));
    assert_eq!(
        json(&ggz.ok(&["who", "C-1", "--json"]))["betrokken"].as_array().unwrap().len(),
        1,
        "theirs to decide"
    );

    // Importing again, a kill, and a restore of a backup change nothing of it.
    assert!(school.ok(&["import", &all]).starts_with("0 added, 0 changed, 2 unchanged"));
    school.kill();
    school.start();
    school.settled();
    assert!(is_set_aside(&school));
    let backup = school.folder().join("school.backup");
    school.ok(&["backup", "--out", backup.to_str().unwrap()]);
    assert_eq!(school.terminate(), 0);
    std::fs::remove_dir_all(school.data()).unwrap();
    school.ok(&["restore", "--from", backup.to_str().unwrap()]);
    school.start();
    school.settled();
    school.until("one set aside, none waiting", |status| status["review"]["waiting"] == 0);
    let started = std::time::Instant::now();
    while !is_set_aside(&school) {
        assert!(started.elapsed() < machine::PATIENCE, "the match does not come back");
    }

    // The other side learns the address: it comes back, marked, for a new decision.
    ggz.write("ggz.csv", &format!("{HEADER}C-1;{JANSEN_AT_HOME}C-2;{ANNA}"));
    ggz.ok(&["import", "--wait", &theirs]);
    school.until("one has returned", |status| status["review"]["waiting"] == 1);
    let asked = school.ok(&["who", "L-1"]);
    assert!(asked.contains("waarschijnlijk") && asked.contains("eerder als ander gezin op 20"), "{asked}");
    let said = json(&school.ok(&["match", "same", "L-1", "Organisatie 2", "--json"]));
    assert_eq!((&said["gezin"], &said["oordeel"]["oordeel"]), (&"L-1".into(), &"zelfde gezin".into()));
    assert!(school.ok(&["who", "L-1"]).contains("    beoordeeld als zelfde gezin op 20"));

    // Without a running node too; and taken back.
    assert_eq!(school.terminate(), 0);
    let said = json(&school.ok(&["match", "undo", "L-1", "Organisatie 2", "--json"]));
    assert_eq!(said["oordeel"], Value::Null);
    assert!(!school.log().contains("Jansen") && !school.log().contains("L-1"), "{}", school.log());
}
