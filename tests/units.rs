//! Units of one organisation, as its IT department sees them: configuration, import, restart, questions.
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
    "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;grondslag;afdeling\n";
const MOTHER: &str = "ouder;111222333;Anna;Zonneveld;1987-05-12;wet";
/// The same woman where no number is known.
const NUMBERLESS: &str = "ouder;;Anna;Zonneveld;1987-05-12;wet";

const NAMES: &str = "[units]\nnames = [\"wijkteam west\", \"schuldhulp\"]\n";
const WEST_TO_DEBT: &str = "[[units.open]]\npublisher = \"wijkteam west\"\nreaders = [\"schuldhulp\"]\n";
const DEBT_TO_WEST: &str = "[[units.open]]\npublisher = \"schuldhulp\"\nreaders = [\"wijkteam west\"]\n";

/// A machine in a network of which nobody else is there: units need no one.
fn alone() -> (Machine, Machine) {
    let pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = network::found(&pair);
    let [machine, other] = pair;
    network::install(&machine, &roster);
    (machine, other)
}

/// The units involved with a family, with how sure that is.
fn units(machine: &Machine, family: &str) -> Vec<(String, String)> {
    let answer: Value = serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
    let involved = answer["betrokken"].as_array().unwrap();
    let unit = |one: &Value| {
        assert_eq!(one["oin"], machine.oin(), "{one}");
        assert_eq!(one["organisatie"], "Organisatie 1", "{one}");
        (one["afdeling"].as_str().unwrap().to_owned(), one["zekerheid"].as_str().unwrap().to_owned())
    };
    involved.iter().map(unit).collect()
}

fn found(unit: &str, certainty: &str) -> Vec<(String, String)> {
    vec![(unit.to_owned(), certainty.to_owned())]
}

#[test]
fn units_see_each_other_as_far_as_the_matrix_is_open() {
    let (mut machine, _other) = alone();
    let base = machine.config();
    let with = |machine: &mut Machine, units: &str| {
        machine.configure(&format!("{base}{units}"));
        machine.start();
    };
    let west = machine.write(
        "west.csv",
        &format!("{HEADER}W-1;{MOTHER};wijkteam west\nW-2;ouder;123456782;;;;wet;wijkteam west\n"),
    );
    let debt = machine.write("debt.csv", &format!("{HEADER}S-1;{MOTHER};schuldhulp\n"));

    with(&mut machine, "");
    assert!(machine.ok(&["import", &west]).starts_with("2 added"));
    let said = machine.ok(&["import", &debt]);
    assert!(said.starts_with("1 added") && said.contains("0 withdrawn"), "another unit's list: {said}");
    assert_eq!((units(&machine, "W-1"), units(&machine, "S-1")), (vec![], vec![]), "closed by default");
    assert_eq!(machine.ok(&["match", "list", "--json"]), "");
    assert_eq!(machine.terminate(), 0);

    with(&mut machine, &format!("{NAMES}{WEST_TO_DEBT}"));
    assert_eq!(units(&machine, "S-1"), found("wijkteam west", "zeker"));
    assert_eq!(units(&machine, "W-1"), vec![], "one way");
    machine.until("one match", |status| status["unit_matches"] == 1);
    assert_eq!(machine.terminate(), 0);

    with(&mut machine, &format!("{NAMES}{WEST_TO_DEBT}{DEBT_TO_WEST}"));
    assert_eq!(units(&machine, "W-1"), found("schuldhulp", "zeker"));
    assert_eq!(units(&machine, "W-2"), vec![], "another family");
    let shown = machine.ok(&["match", "show", "W-1"]);
    assert!(shown.contains("afdeling      schuldhulp\n") && shown.contains("ouder: bsn"), "{shown}");
    let asked = machine.ok(&["who", "S-1"]);
    assert!(asked.starts_with("S-1: 1 other unit is involved"), "{asked}");
    assert!(asked.contains("Organisatie 1, afdeling wijkteam west  zeker (ouder: bsn"), "{asked}");
    assert_eq!(machine.ok(&["match", "list", "--json"]).lines().count(), 2);

    // A record without the number: less sure, and no BSN in the basis.
    machine.write("debt.csv", &format!("{HEADER}S-1;{NUMBERLESS};schuldhulp\n"));
    assert!(machine.ok(&["import", &debt]).contains("1 changed"));
    assert_eq!(units(&machine, "W-1"), found("schuldhulp", "waarschijnlijk"));
    assert!(!machine.ok(&["match", "show", "S-1"]).contains("bsn"));

    // A unit that there is not: refused, and the family stays as it was.
    machine.write("debt.csv", &format!("{HEADER}S-1;{MOTHER};schuldhullp\n"));
    let said = machine.run(&["import", &debt]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    assert!(said.stderr.contains("did you mean 'schuldhulp'?"), "{}", said.stderr);
    assert_eq!(units(&machine, "W-1"), found("schuldhulp", "waarschijnlijk"));

    // Withdrawn: gone at once, also without a running node and after a restart.
    assert_eq!(machine.ok(&["signal", "withdraw", "S-1"]), "1 withdrawn\n");
    assert_eq!(units(&machine, "W-1"), vec![]);
    assert_eq!(machine.terminate(), 0);
    machine.write("debt.csv", &format!("{HEADER}S-1;{MOTHER};schuldhulp\n"));
    assert!(machine.ok(&["import", &debt]).starts_with("1 added"));
    assert_eq!(units(&machine, "W-1"), found("schuldhulp", "zeker"), "without a node too");
    assert!(!machine.log().contains("Zonneveld"), "{}", machine.log());
}

#[test]
fn a_matrix_that_is_wrong_is_refused_at_the_start() {
    let (machine, _other) = alone();
    let base = machine.config();
    for (units, sentence) in [
        (WEST_TO_DEBT.to_owned(), "units.open: list all units in units.names first"),
        (format!("{NAMES}{}", WEST_TO_DEBT.replace("west", "wset")), "did you mean 'wijkteam west'?"),
    ] {
        machine.configure(&format!("{base}{units}"));
        let said = machine.run(&["signal", "list"]);
        assert_eq!(said.status, 2);
        assert!(said.stderr.contains(sentence), "{}", said.stderr);
    }
}
