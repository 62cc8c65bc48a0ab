//! Organisations behind firewalls: the program in network namespaces of its own, each with a firewall that lets nothing
//! in and no UDP through, and one member that can be dialled on one TCP port and relays.
//!
//! Needs root, network namespaces and nft. Where these are not permitted the test says so and passes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    dead_code,
    reason = "a panic in a test is a failing test, a test that waits needs a clock, and machines can do more than is \
              needed here"
)]

#[path = "process/machine.rs"]
mod machine;
#[path = "firewall/namespaces.rs"]
mod namespaces;
#[path = "process/network.rs"]
mod network;

use std::io::Write as _;

use machine::Machine;
use namespaces::{Namespaces, PORT};
use network::{found, install};
use serde_json::Value;

const MOTHER: &str = "111222333";

fn csv(reference: &str) -> String {
    format!(
        "gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n{reference};ouder;{MOTHER};Zonneveld;wet\n"
    )
}

/// Who else is involved with a family.
fn involved(machine: &Machine, family: &str) -> Vec<String> {
    let answer: Value = serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
    let others = answer["betrokken"].as_array().unwrap();
    others.iter().map(|one| one["oin"].as_str().unwrap().to_owned()).collect()
}

fn connections(status: &Value) -> [u64; 5] {
    ["tcp", "quic", "relayed", "places", "carried"].map(|path| status["connections"][path].as_u64().unwrap())
}

#[test]
fn members_behind_firewalls_found_import_and_match_through_a_relay() {
    let namespaces = match Namespaces::new(3) {
        Ok(namespaces) => namespaces,
        Err(why) => {
            // Not by print, which the test harness keeps to itself when a test passes.
            writeln!(std::io::stderr(), "SKIPPED, firewalls were not tested: {why}").unwrap();
            return;
        }
    };
    let open = format!("listen = [\"{}:{PORT}\"]\nrelay = true", namespaces.address(0));
    let mut machines = vec![
        Machine::inside(1, namespaces.name(0), &open),
        Machine::inside(2, namespaces.name(1), "listen = []"),
        Machine::inside(3, namespaces.name(2), "listen = []"),
    ];
    for machine in &machines {
        machine.ok(&["init", "--json"]);
    }
    let roster = found(&machines);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    // All three hold keys, so making them takes every pair.
    for machine in &machines {
        machine.until("key sets", |status| status["key_sets"].as_array().is_some_and(|sets| sets.len() == 2));
    }
    machines[0].until("carries the pair", |status| connections(status) == [2, 0, 0, 0, 1]);
    for machine in &machines[1..] {
        machine.until("through the relay", |status| connections(status) == [1, 0, 1, 1, 0]);
    }

    for (machine, family) in machines[1..].iter().zip(["L-1", "C-9"]) {
        let file = machine.write("families.csv", &csv(family));
        machine.ok(&["import", "--wait", &file]);
    }
    for machine in &machines {
        machine.settled();
    }
    assert_eq!(involved(&machines[1], "L-1"), [machines[2].oin()]);
    assert_eq!(involved(&machines[2], "C-9"), [machines[1].oin()]);

    // The relay dies and comes back: the two find each other again by themselves.
    machines[0].kill();
    machines[1].until("alone", |status| connections(status) == [0, 0, 0, 0, 0]);
    let said: Value = serde_json::from_str(&machines[1].ok(&["status", "--json"])).unwrap();
    assert!(said["messages"].to_string().contains("holds no place at a relay"), "{said}");
    machines[0].start();
    for machine in &machines[1..] {
        machine.until("through the relay again", |status| connections(status) == [1, 0, 1, 1, 0]);
    }
    assert!(namespaces.dropped(1) + namespaces.dropped(2) > 0, "the firewalls had UDP to drop");
}
