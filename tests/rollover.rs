//! Processes that go from one epoch to the next by themselves, and leave nothing of the one before.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[path = "process/governors.rs"]
mod governors;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/network.rs"]
mod network;

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use governors::{Governors, network};
use machine::Machine;
use network::{found_as, install};
use serde_json::Value;

const HEADER: &str = "gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n";
const ZONNEVELD: &str = "G-1;ouder;111222333;Zonneveld;wet\n";
const BERG: &str = "G-2;ouder;123456782;Berg;wet\n";

/// Seconds until the first epoch ends: enough to match in it on a slow machine, or to have everything ready.
const FIRST_ENDS_AFTER: u64 = 25;

const GRACE: u64 = 10;

fn import(machine: &Machine, families: &[&str]) {
    let file = machine.write("all.csv", &format!("{HEADER}{}", families.concat()));
    machine.ok(&["import", "--wait", &file]);
}

fn involved(machine: &Machine, family: &str) -> usize {
    let answer: Value = serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
    answer["betrokken"].as_array().unwrap().len()
}

/// Names of key files that hold something of an epoch.
fn keys_of(machine: &Machine, epoch: u32) -> Vec<String> {
    let names = fs::read_dir(machine.data().join("keys")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let (shares, data) = (format!("share-{epoch}-"), format!("epoch-{epoch}."));
    names.filter(|name| name.starts_with(&shares) || name.starts_with(&data)).collect()
}

#[test]
fn a_network_rolls_over_with_nobody_awake_and_forgets_the_epoch_before() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let roster = found_as(&machines, 3, |content| {
        let epoch = &mut content.rules.epoch;
        (epoch.length_seconds, epoch.preparation_seconds) = (3_600, 3_600);
        epoch.grace_seconds = GRACE;
        epoch.anchor_time = now + FIRST_ENDS_AFTER - 3_600;
    });
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    import(&machines[0], &[ZONNEVELD]);
    import(&machines[1], &[ZONNEVELD]);
    for machine in &machines {
        machine.settled();
    }
    assert_eq!(involved(&machines[0], "G-1"), 1);
    for machine in &machines {
        let status = machine.until("the second epoch is entered", |status| {
            status["entered"]["bsn"] == 2 && status["entered"]["zwak"] == 2
        });
        assert_eq!(status["epoch"], 2);
    }
    // A node that is killed in the grace comes back to it.
    machines[2].kill();
    machines[2].start();
    // What is registered from now on is found in the new epoch, and what was found stays.
    import(&machines[1], &[ZONNEVELD, BERG]);
    import(&machines[2], &[BERG]);
    for machine in &machines {
        machine.settled();
    }
    let is_found = |answer: &Value| answer["betrokken"].as_array().unwrap().len() == 1;
    machines[0].until_answer("G-1", is_found);
    machines[1].until_answer("G-2", is_found);
    for machine in &machines {
        machine.until("everything of the first epoch is gone", |_| keys_of(machine, 1).is_empty());
        assert_eq!(keys_of(machine, 2).len(), 3, "two shares and the data key of the second");
    }
    assert_eq!(involved(&machines[0], "G-1"), 1);
    // Nothing of it comes back, also not after a restart.
    assert_eq!(machines[0].terminate(), 0);
    machines[0].start();
    machines[0].settled();
    assert!(keys_of(&machines[0], 1).is_empty());
    assert_eq!(involved(&machines[0], "G-1"), 1);
}

/// Names of the files with shares of an epoch's keys.
fn shares_of(machine: &Machine, epoch: u32) -> usize {
    keys_of(machine, epoch).iter().filter(|name| name.starts_with("share-")).count()
}

#[test]
fn keys_under_suspicion_are_replaced_when_governors_start_the_next_epoch() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let governors = Governors::new();
    governors.receive("requests", &machines);
    let (first, fingerprint) = governors.found(&network(60), "requests", "1.roster");
    let installs = |machine: &Machine, roster: &std::path::Path, more: &[&str]| {
        let (data, roster) = (machine.data(), roster.to_str().unwrap());
        machine.ok(&[&["roster", "install", "--data", data.to_str().unwrap()], more, &[roster]].concat());
    };
    for machine in &mut machines {
        installs(machine, &first, &["--network", &fingerprint]);
        machine.start();
    }
    import(&machines[0], &[ZONNEVELD]);
    import(&machines[1], &[ZONNEVELD]);
    for machine in &machines {
        let status = machine.settled();
        assert_eq!((&status["epoch"], &status["entered"]["bsn"]), (&1.into(), &1.into()), "{status}");
        assert_eq!((shares_of(machine, 1), shares_of(machine, 2)), (2, 0));
    }

    let second = governors.change("1.roster", "[rules]\nstart_next_epoch = true\n", "2.roster");
    // At one node; the others hear of it.
    installs(&machines[0], &second, &[]);
    for machine in &machines {
        let status = machine.until("the second epoch is entered", |status| {
            status["entered"]["bsn"] == 2 && status["entered"]["zwak"] == 2
        });
        assert_eq!(status["epoch"], 2, "{status}");
    }
    // The keys under suspicion are out of everybody's hands, and the new ones find what they found.
    for machine in &machines {
        machine.until("the shares of before are destroyed", |_| shares_of(machine, 1) == 0);
        assert_eq!(shares_of(machine, 2), 2);
    }
    import(&machines[1], &[ZONNEVELD, BERG]);
    import(&machines[2], &[BERG]);
    let is_found = |answer: &Value| answer["betrokken"].as_array().unwrap().len() == 1;
    machines[0].until_answer("G-1", is_found);
    machines[1].until_answer("G-2", is_found);
}
