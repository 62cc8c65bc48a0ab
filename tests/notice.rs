//! What governors open waits a notice period on every node, shown there; what they close does not.
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
