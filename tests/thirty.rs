//! Thirty organisations on one machine, each a process of its own: founded, filled, and every match found. By command,
//! since it takes minutes: `cargo test --release -p samenhang --test thirty -- --ignored --nocapture`, with `NODES` for
//! another number.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and this one tells how long it took"
)]

#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/network.rs"]
mod network;

use std::collections::BTreeSet;
use std::time::Instant;

use machine::Machine;
use network::{found_as, install};
use serde_json::Value;

/// Families of each organisation.
const FAMILIES: usize = 40;

/// How many organisations register one family.
const REGISTERED: usize = 3;

/// The organisations, by place, that register a family.
fn registered(family: usize, organisations: usize) -> BTreeSet<usize> {
    (0..REGISTERED).map(|turn| (family + turn * (1 + family / organisations)) % organisations).collect()
}

/// Numbers that pass the 11-proef.
fn bsns() -> impl Iterator<Item = String> {
    (10_000_001_u32..).filter_map(|number| {
        let digits = format!("{number:08}");
        let weighted =
            digits.chars().zip((2..=9).rev()).map(|(digit, weight)| weight * digit.to_digit(10).unwrap());
        let check = weighted.sum::<u32>() % 11;
        (check < 10).then(|| format!("{digits}{check}"))
    })
}

/// Resident megabytes of all nodes together, and of the largest.
fn memory(machines: &[Machine]) -> (u64, u64) {
    let each: Vec<u64> = machines.iter().filter_map(Machine::resident_kilobytes).collect();
    (each.iter().sum::<u64>() / 1_000, each.iter().max().copied().unwrap_or(0) / 1_000)
}

#[test]
#[ignore = "thirty processes and minutes"]
fn thirty_processes_find_every_match() {
    let nodes: usize = std::env::var("NODES").map_or(30, |text| text.parse().unwrap());
    let started = Instant::now();
    let tell = |text: &str| eprintln!("{:6.1} s  {text}", started.elapsed().as_secs_f64());
    let mut machines: Vec<Machine> = (1..=nodes as u64).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    tell("every machine has asked to join");
    let roster = found_as(&machines, 3, |content| content.rules.publish_interval_seconds = 5);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    tell("every node runs");
    for machine in &machines {
        machine.until("key sets", |status| status["key_sets"].as_array().is_some_and(|sets| sets.len() == 2));
    }
    tell("every node has both key sets");

    let families = nodes * FAMILIES / REGISTERED;
    let bsns: Vec<String> = bsns().take(families).collect();
    let known: Vec<BTreeSet<usize>> = (0..families).map(|family| registered(family, nodes)).collect();
    for (place, machine) in machines.iter().enumerate() {
        let rows = (0..families)
            .filter(|family| known[*family].contains(&place))
            .map(|family| format!("G-{family:04};ouder;{};Zonneveld;wet\n", bsns[family]));
        let file = machine.write(
            "families.csv",
            &format!("gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n{}", rows.collect::<String>()),
        );
        machine.ok(&["import", &file]);
    }
    tell("every node has its families");
    for machine in &machines {
        machine.settled();
    }
    tell("every node is complete");

    let mut found = 0;
    for (place, machine) in machines.iter().enumerate() {
        let mine = (0..families).filter(|family| known[*family].contains(&place));
        let expected: BTreeSet<(String, String)> = mine
            .flat_map(|family| known[family].iter().map(move |other| (family, *other)))
            .filter(|(_, other)| *other != place)
            .map(|(family, other)| (format!("G-{family:04}"), format!("Organisatie {}", other + 1)))
            .collect();
        let listed = machine.ok(&["match", "list", "--json"]);
        let matches: BTreeSet<(String, String)> = listed.lines().map(involved).collect();
        assert_eq!(matches, expected, "organisation {}", place + 1);
        found += matches.len();
    }
    let (all, largest) = memory(&machines);
    tell(&format!(
        "{found} matches found, none invented; {all} MB in all nodes together, {largest} MB in the largest"
    ));
    for machine in &mut machines {
        assert_eq!(machine.terminate(), 0);
    }
    tell("every node has stopped");
}

/// Family and organisation in one line of `match list --json`.
fn involved(line: &str) -> (String, String) {
    let found: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&found["gezin"]), text(&found["organisatie"]))
}
