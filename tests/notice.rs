//! What governors open waits a notice period on every node, shown there; what they close does not. Where they sign two rosters
//! of one version every node tells so, until one that names both brings all together.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/governors.rs"]
mod governors;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use governors::Governors;
use machine::Machine;
use serde_json::Value;

/// Long enough that a node is killed, started and asked in it on a slow machine.
const NOTICE_SECONDS: u64 = 30;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn install(machine: &Machine, roster: &Path, network: &str) -> String {
    let data = machine.data();
    machine.ok(&[
        "roster",
        "install",
        "--data",
        data.to_str().unwrap(),
        roster.to_str().unwrap(),
        "--network",
        network,
    ])
}

fn status(machine: &Machine) -> Value {
    serde_json::from_str(&machine.ok(&["roster", "status", "--json"])).unwrap()
}

fn entitled(machine: u64, may: bool) -> String {
    format!("[[member]]\noin = \"0000009900000000000{machine}\"\nbsn_entitled = {may}\n")
}

#[test]
fn what_opens_something_is_shown_on_every_node_before_it_takes_effect() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    let desk = Governors::new();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    desk.receive("requests", &machines);
    let text = governors::network(60)
        .replace("[rules]\n", &format!("[rules]\nnotice_seconds = {NOTICE_SECONDS}\n"))
        + &entitled(3, false);
    let (first, network) = desk.found(&text, "requests", "1.roster");
    for machine in &mut machines {
        install(machine, &first, &network);
        machine.start();
    }
    for machine in &machines {
        machine.settled();
    }

    // Installed at one, it is known to all, and in force nowhere.
    let second = desk.change("1.roster", &entitled(3, true), "2.roster");
    let began = now();
    let said = install(&machines[0], &second, &network);
    assert!(said.contains("Version 2 of Proefnetwerk waits"), "{said}");
    for machine in &machines {
        let status = machine.until("it waits", |status| status["roster"]["waiting"][0]["version"] == 2);
        assert_eq!(status["roster"]["version"], 1, "{status}");
        let message = status["messages"].to_string();
        for part in ["version 2 of the roster waits", "becomes entitled to the BSN", "call a governor"] {
            assert!(message.contains(part), "{part} is missing in {message}");
        }
        let shown = machine.ok(&["roster", "status"]);
        assert!(shown.contains("version 1 is in force") && shown.contains("takes effect on"), "{shown}");
        assert!(machine.get("/metrics").1.contains("\nsamenhang_rosters_waiting 1\n"));
    }
    let told = machines[1].run(&["doctor"]);
    assert!(told.stdout.contains("version 2 takes effect on"), "{}", told.stdout);

    // Neither a stop nor a kill begins the notice anew, and a stopped node knows of it too.
    let promised = status(&machines[1])["waiting"][0].clone();
    assert!(promised["takes_effect_seconds"].as_u64().unwrap() >= began + NOTICE_SECONDS, "{promised}");
    machines[1].kill();
    assert_eq!(status(&machines[1])["waiting"][0], promised);
    machines[1].start();
    machines[1].until("running", |status| status["phase"] == "running");
    assert_eq!(status(&machines[1])["waiting"][0], promised);

    for machine in &machines {
        let status = machine.until("in force", |status| status["roster"]["version"] == 2);
        assert!(now() >= began + NOTICE_SECONDS, "too early: {status}");
        assert_eq!(status["roster"]["waiting"], serde_json::json!([]));
    }
    let filed = |machine: &Machine, name: &str| machine.data().join("roster").join(name).exists();
    machines[0].until("in the folder", |_| filed(&machines[0], "00000002.roster"));
    assert!(!filed(&machines[0], "00000002.waiting"), "it waits no longer");

    // What is taken away is taken away at once.
    let third = desk.change("2.roster", &entitled(3, false), "3.roster");
    let began = now();
    let said = install(&machines[2], &third, &network);
    assert!(said.contains("Installed version 3"), "{said}");
    for machine in &machines {
        machine.until("in force", |status| status["roster"]["version"] == 3);
    }
    assert!(now() < began + NOTICE_SECONDS);
}

#[test]
fn two_rosters_of_one_version_show_on_every_node_until_one_that_names_both_brings_all_together() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    let desk = Governors::new();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    desk.receive("requests", &machines);
    let (first, network) = desk.found(&governors::network(60), "requests", "1.roster");
    for machine in &mut machines {
        install(machine, &first, &network);
        machine.start();
    }
    for machine in &machines {
        machine.settled();
    }
    // Two nodes get one, the third, which is away, the other.
    machines[2].kill();
    let one = desk.change("1.roster", "name = \"Een\"\n", "one.roster");
    let other = desk.change("1.roster", "name = \"Ander\"\n", "other.roster");
    install(&machines[0], &one, &network);
    install(&machines[2], &other, &network);
    for machine in &machines[..2] {
        machine.until("one", |status| status["roster"]["name"] == "Een");
    }
    machines[2].start();
    for machine in &machines {
        let status = machine.until("told", |status| status["roster_conflicts"] == 1);
        let conflict = &status["roster"]["conflicts"][0];
        assert_eq!(
            (&conflict["version"], &conflict["resolved_by"]),
            (&Value::from(2), &Value::Null),
            "{status}"
        );
        let message = status["messages"].to_string();
        assert!(message.contains("governors signed different rosters of version 2"), "{message}");
        assert!(machine.ok(&["roster", "status"]).contains("nothing decided yet; call the governors"));
        assert!(machine.get("/metrics").1.contains("\nsamenhang_roster_conflicts 1\n"));
    }
    let told = machines[1].run(&["doctor"]);
    assert!(told.stdout.contains("governors signed different rosters of version 2"), "{}", told.stdout);
    assert_eq!(status(&machines[0])["name"], "Een", "each keeps its own");
    assert_eq!(status(&machines[2])["name"], "Ander");

    let decision = desk.decide("one.roster", "other.roster", "name = \"Samen\"\n", "3.roster");
    install(&machines[1], &decision, &network);
    for machine in &machines {
        machine.until("together", |status| status["roster"]["name"] == "Samen");
        let status = machine.until("decided", |status| status["roster_conflicts"] == 0);
        assert_eq!(status["roster"]["conflicts"][0]["resolved_by"], 3);
        assert!(machine.ok(&["roster", "status"]).contains("version 3 decided"));
    }
    // The folder follows, so that a start goes on from there.
    let file = |machine: &Machine, name: &str| fs::read(machine.data().join("roster").join(name)).ok();
    machines[2].until("in the folder", |_| file(&machines[2], "00000003.roster").is_some());
    assert_eq!(file(&machines[2], "00000002.roster"), file(&machines[0], "00000002.roster"));
    machines[2].kill();
    assert_eq!(status(&machines[2])["name"], "Samen");
    machines[2].start();
    let status = machines[2].until("running", |status| status["phase"] == "running");
    assert_eq!(
        (&status["roster"]["version"], &status["roster_conflicts"]),
        (&3.into(), &0.into()),
        "{status}"
    );
}
