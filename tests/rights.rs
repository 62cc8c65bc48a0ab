//! The rights of persons as a privacy officer serves them: processes and the command line.
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

use std::time::Instant;

use machine::{Machine, PATIENCE};
use serde_json::Value;

const HEADER: &str = "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;grondslag\n";
const ANNA: &str = "ouder;111222333;Anna;Zonneveld;1980-02-03;wet\n";

const KEES: &str = "ouder;123456782;Kees;De Jong;1984-11-23;wet\n";

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn refused(machine: &Machine, arguments: &[&str], sentence: &str) {
    let said = machine.run(arguments);
    assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{arguments:?}: {}", said.stderr);
    assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
}

/// Keyholder, mental health care and school, at work; the last holds no share.
fn trio() -> [Machine; 3] {
    let mut trio = [1, 2, 3].map(Machine::new);
    for machine in &trio {
        machine.ok(&["init"]);
    }
    let roster = network::found_with(&trio, 2);
    for machine in &mut trio {
        network::install(machine, &roster);
        machine.start();
    }
    trio
}

/// How many organisations the answer names.
fn involved(machine: &Machine, family: &str) -> usize {
    json(&machine.ok(&["who", family, "--json"]))["betrokken"].as_array().unwrap().len()
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "{what}");
    }
}

/// What stands in the log of a kind about a family.
fn logged(machine: &Machine, kind: &str, family: &str) -> Vec<String> {
    let listed = machine.ok(&["audit", "list", "--kind", kind, "--family", family, "--json"]);
    listed.lines().map(|line| json(line)["uitkomst"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_signal_somebody_objects_to_is_served_to_nobody_until_it_is_decided() {
    let [_keyholder, ggz, mut school] = trio();
    let mine = school.write("school.csv", &format!("{HEADER}L-1;{ANNA}"));
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}C-1;{ANNA}"));
    school.ok(&["import", "--wait", &mine]);
    ggz.ok(&["import", "--wait", &theirs]);
    until("both find each other", || involved(&school, "L-1") == 1 && involved(&ggz, "C-1") == 1);

    refused(&school, &["objection", "add", "L-9"], "no own signal on this family");
    refused(&school, &["objection", "add", "L-1", "--person", "2"], "no person with that number");
    let said = school.ok(&["objection", "add", "L-1", "--person", "1"]);
    assert_eq!(said, "L-1: bezwaar genoteerd; het signaal staat stil tot er is beslist\n");
    refused(&school, &["who", "L-1"], "stands still because of an objection made on 20");
    refused(&school, &["match", "show", "L-1"], "stands still because of an objection");
    assert_eq!(school.ok(&["match", "list", "--json"]), "");
    let listed = json(school.ok(&["signal", "list", "--json"]).trim());
    assert!(
        listed["gesloten"].as_str().unwrap().starts_with("staat stil door een bezwaar van 20"),
        "{listed}"
    );
    until("the other side finds nobody", || involved(&ggz, "C-1") == 0);
    assert!(school.ok(&["status"]).contains("objections    1 to decide, the oldest for 0 days"));
    assert!(school.get("/metrics").1.contains("\nsamenhang_objections_open 1\n"));

    // Neither the same file nor a kill brings it back.
    assert!(school.ok(&["import", "--wait", &mine]).starts_with("0 added, 0 changed, 1 unchanged"));
    school.kill();
    school.start();
    school.settled();
    refused(&school, &["who", "L-1"], "stands still");
    let listed = json(school.ok(&["objection", "list", "--json"]).trim());
    assert_eq!(
        (&listed["gezin"], &listed["stand"], &listed["persoon"]),
        (&"L-1".into(), &"open".into(), &1.into())
    );

    // Rejected: it is served again. Upheld: it is gone, and stays away.
    school.ok(&["objection", "decide", "L-1", "rejected"]);
    until("both find each other again", || involved(&school, "L-1") == 1 && involved(&ggz, "C-1") == 1);
    refused(&school, &["objection", "decide", "L-1", "upheld"], "no open objection");
    school.ok(&["objection", "add", "L-1"]);
    let said = school.ok(&["objection", "decide", "L-1", "upheld"]);
    assert!(said.starts_with("L-1: bezwaar gegrond; het signaal is ingetrokken"), "{said}");
    let imported = school.ok(&["import", &mine]);
    assert!(
        imported.contains("0 added") && imported.contains("1 families left out: an objection"),
        "{imported}"
    );
    assert_eq!(school.ok(&["signal", "list", "--json"]), "");
    until("the other side finds nobody", || involved(&ggz, "C-1") == 0);
    assert!(school.ok(&["objection", "list"]).contains("gegrond"));
    // Without a running node too.
    assert_eq!(school.terminate(), 0);
    school.ok(&["objection", "lift", "L-1"]);
    assert_eq!(school.ok(&["objection", "list"]), "Geen bezwaren.\n");
    assert!(school.ok(&["import", &mine]).starts_with("1 added"));
    assert_eq!(
        logged(&school, "bezwaar", "L-1"),
        ["gemaakt, persoon 1", "ongegrond, persoon 1", "gemaakt", "gegrond", "opgeheven"]
    );
    assert!(!school.log().contains("L-1") && !school.log().contains("Zonneveld"), "{}", school.log());
}

#[test]
fn a_wrong_match_opens_an_incident_and_is_not_found_again() {
    let [_keyholder, ggz, mut school] = trio();
    let mine = school.write("school.csv", &format!("{HEADER}L-1;{ANNA}L-2;{KEES}"));
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}C-1;{ANNA}C-2;{KEES}"));
    school.ok(&["import", "--wait", &mine]);
    ggz.ok(&["import", "--wait", &theirs]);
    until("both are found", || involved(&school, "L-1") + involved(&school, "L-2") == 2);

    refused(&school, &["match", "wrong", "L-1", "Organisatie 1"], "is not involved with this family");
    let said = school.ok(&["match", "wrong", "L-1", "Organisatie 2"]);
    assert!(said.starts_with("incident 1 geopend (L-1, match met Organisatie 2)"), "{said}");
    let said = json(&school.ok(&["match", "wrong", "L-2", "Organisatie 2", "--person", "1", "--json"]));
    assert_eq!((&said["nummer"], &said["persoon"], &said["stand"]), (&2.into(), &1.into(), &"open".into()));
    assert_eq!((involved(&school, "L-1"), involved(&school, "L-2")), (0, 0));
    until("the wrong person is found by nobody", || involved(&ggz, "C-2") == 0);
    assert_eq!(involved(&ggz, "C-1"), 1, "the other side judges for itself");
    assert!(school.ok(&["status"]).contains("incidents     2 to close, 0 of them too late"));
    let (_, metrics) = school.get("/metrics");
    assert!(metrics.contains("\nsamenhang_incidents_open 2\n"), "{metrics}");

    school.ok(&["import", &mine]);
    school.kill();
    school.start();
    school.settled();
    assert_eq!((involved(&school, "L-1"), involved(&school, "L-2")), (0, 0));
    school.ok(&["incident", "close", "1", "reported"]);
    refused(&school, &["incident", "close", "1", "no-breach"], "no open incident with that number");
    let listed: Vec<Value> = school.ok(&["incident", "list", "--json"]).lines().map(json).collect();
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[0]["stand"], &listed[0]["uitkomst"]), (&"gesloten".into(), &"gemeld-bij-ap".into()));
    assert_eq!(school.ok(&["incident", "list", "--open", "--json"]).lines().count(), 1);
    assert_eq!(logged(&school, "incident", "L-1"), ["geopend", "gemeld-bij-ap"]);
    assert_eq!(logged(&school, "incident", "L-2"), ["geopend, persoon 1"]);
}

/// The ex-partner asks what there is. A shelter that knows the mother is seen by nobody, and another unit of the own
/// organisation is one: his report is the same with and without them.
#[test]
fn the_report_for_a_violent_ex_partner_is_the_same_with_and_without_the_shelter() {
    let [shelter, ggz, school] = trio();
    let theirs = ggz.write("ggz.csv", &format!("{HEADER}C-1;{KEES}C-1;{ANNA}"));
    let mine = school.write("school.csv", &format!("{HEADER}L-1;{KEES}"));
    ggz.ok(&["import", "--wait", &theirs]);
    school.ok(&["import", "--wait", &mine]);
    until("the school is found", || involved(&ggz, "C-1") == 1);
    let report = || {
        let printed = ggz.ok(&["audit", "data-subject", "C-1", "--person", "1"]);
        for others in ["Anna", "Zonneveld", "111222333"] {
            assert!(!printed.contains(others), "{others}");
        }
        let mut report = json(&printed);
        assert_eq!(report["gegevens"]["geslachtsnaam"], "De Jong");
        assert_eq!(report["ook_betrokken"][0], "Organisatie 3");
        // That reports are made is told in them, as is when this one was.
        report["gemaakt_op"].take();
        report["logboek"].as_array_mut().unwrap().retain(|entry| entry["soort"] != "uitvoer");
        report
    };
    refused(&ggz, &["audit", "data-subject", "C-1", "--person", "1", "--release"], "no draft of this report");
    let before = report();
    let header = HEADER.replace('\n', ";zichtbaarheid\n");
    let hidden = ANNA.replace('\n', ";afgeschermd\n");
    let sheltered = shelter.write("opvang.csv", &format!("{header}O-1;{hidden}"));
    shelter.ok(&["import", "--wait", &sheltered]);
    assert_eq!(involved(&shelter, "O-1"), 1, "the shelter sees them");
    assert_eq!(report(), before);
    let page = ggz.ok(&["audit", "data-subject", "C-1", "--person", "1", "--release", "--html"]);
    assert!(
        page.starts_with("<!doctype html>") && page.contains("De Jong") && !page.contains("CONCEPT"),
        "{page}"
    );
    assert_eq!(
        logged(&ggz, "uitvoer", "C-1"),
        [
            "concept van een inzageverslag, persoon 1",
            "concept van een inzageverslag, persoon 1",
            "inzageverslag, persoon 1"
        ]
    );
    assert!(!ggz.log().contains("De Jong"), "{}", ggz.log());
}

#[test]
fn each_person_is_told_apart_and_a_letter_says_how_without_a_name() {
    let trio = [1, 2, 3].map(Machine::new);
    for machine in &trio {
        machine.ok(&["init"]);
    }
    let roster = network::found_with(&trio, 2);
    // Nothing of this needs a running node.
    let [_keyholder, _ggz, school] = trio;
    network::install(&school, &roster);
    let lotte = "kind;;Lotte;De Jong;2022-03-09;wet\n";
    let mine = school.write("school.csv", &format!("{HEADER}L-1;{ANNA}L-1;{KEES}L-1;{lotte}"));
    school.ok(&["import", &mine]);
    let stands = |school: &Machine| -> Vec<String> {
        let listed = school.ok(&["inform", "list", "--family", "L-1", "--json"]);
        listed.lines().map(|line| json(line)["stand"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(stands(&school), ["uiterlijk"; 3]);
    let said = school.ok(&["inform", "done", "L-1", "--person", "1", "--on", "2026-01-02"]);
    assert_eq!(said, "L-1, persoon 1: geinformeerd 2026-01-02\n");
    assert_eq!(stands(&school), ["geinformeerd", "uiterlijk", "uiterlijk"]);
    refused(
        &school,
        &["inform", "done", "L-1", "--person", "3", "--on", "2026-01-02"],
        "the parents are told",
    );
    refused(&school, &["inform", "done", "L-1", "--person", "2", "--on", "2999-01-01"], "has yet to come");
    refused(&school, &["inform", "letter", "L-1", "--person", "4"], "no person with that number");
    assert_eq!(school.ok(&["inform", "list", "--overdue"]), "Niemand te laat.\n");

    let letter = school.ok(&["inform", "letter", "L-1", "--person", "1"]);
    assert!(letter.contains("Ons kenmerk: L-1") && letter.contains("bezwaar maken"), "{letter}");
    assert!(letter.contains("u en uw kind of kinderen"), "{letter}");
    let page = school.ok(&["inform", "letter", "L-1", "--person", "2", "--html"]);
    assert!(page.starts_with("<!doctype html>") && page.contains("Organisatie 3"), "{page}");
    for name in ["Zonneveld", "De Jong", "Lotte", "111222333"] {
        assert!(!letter.contains(name) && !page.contains(name), "{name}");
    }
    assert_eq!(
        logged(&school, "informeren", "L-1"),
        ["geinformeerd, persoon 1", "brief, persoon 1", "brief, persoon 2"]
    );
    // The same file again changes nothing of it; one that says when the family was told does.
    assert!(school.ok(&["import", &mine]).starts_with("0 added, 0 changed, 1 unchanged"));
    assert_eq!(stands(&school), ["geinformeerd", "uiterlijk", "uiterlijk"]);
    let header = HEADER.replace('\n', ";geinformeerd_op\n");
    let rows = |row: &str| row.replace('\n', ";2026-03-04\n");
    let told = format!("{header}L-1;{}L-1;{}L-1;{}", rows(ANNA), rows(KEES), rows(lotte));
    school.write("school.csv", &told);
    assert!(school.ok(&["import", &mine]).starts_with("0 added, 1 changed"));
    assert_eq!(stands(&school), ["geinformeerd"; 3]);
}
