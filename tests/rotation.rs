//! A member gets another address or other keys while the network runs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/network.rs"]
mod network;

use std::fs;
use std::path::Path;

use machine::Machine;
use network::{found, install, install_version, rejoined};
use serde_json::Value;

const HEADER: &str = "gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n";
const ZONNEVELD: &str = "G-1;ouder;111222333;Zonneveld;wet\n";
const BERG: &str = "G-2;ouder;123456782;Berg;wet\n";

fn import(machine: &Machine, families: &[&str]) {
    let file = machine.write("all.csv", &format!("{HEADER}{}", families.concat()));
    machine.ok(&["import", "--wait", &file]);
}

fn involved(machine: &Machine, family: &str) -> usize {
    let answer: Value = serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
    answer["betrokken"].as_array().unwrap().len()
}

/// Three machines that run, two of which know the same family.
fn three() -> (Vec<Machine>, roster::SignedRoster) {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let roster = found(&machines);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    import(&machines[0], &[ZONNEVELD]);
    import(&machines[1], &[ZONNEVELD]);
    for machine in &machines {
        machine.settled();
    }
    assert_eq!((involved(&machines[0], "G-1"), involved(&machines[1], "G-1")), (1, 1));
    (machines, roster)
}

fn under_version(machines: &[Machine], version: u32) {
    for machine in machines {
        machine.until("the version travelled", |status| status["roster"]["version"] == version);
    }
}

#[test]
fn a_running_network_follows_a_changed_address() {
    let (mut machines, first) = three();
    let before = machines[0].address();
    assert_eq!(machines[0].terminate(), 0);
    machines[0].move_to_another_port();
    machines[0].ok(&["init"]);
    assert_ne!(machines[0].address(), before);
    machines[0].start();
    let second = rejoined(&[first], &machines[0]);
    install_version(&machines[2], 2, &second);
    under_version(&machines, 2);
    // Everybody forgets what it was connected to, and finds the others where the roster says.
    for machine in &mut machines {
        assert_eq!(machine.terminate(), 0);
        machine.start();
    }
    for machine in &machines {
        machine.settled();
    }
    import(&machines[0], &[ZONNEVELD, BERG]);
    import(&machines[1], &[ZONNEVELD, BERG]);
    for machine in &machines[..2] {
        machine.settled();
        assert_eq!(involved(machine, "G-2"), 1);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, target) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn replaced_keys_take_effect_at_once_and_the_feed_goes_on() {
    let (mut machines, first) = three();
    assert_eq!(machines[0].terminate(), 0);
    // Whoever stole the folder and the passphrase has the old keys.
    let mut thief = Machine::new(1);
    copy(&machines[0].data(), &thief.data());

    let old = machines[0].ok(&["init", "--json"]);
    let asked = machines[0].ok(&["init", "--rotate-keys", "--json"]);
    assert_ne!(old, asked);
    assert_eq!(machines[0].ok(&["init", "--rotate-keys", "--json"]), asked, "the same new keys");
    assert_eq!(machines[0].ok(&["init", "--json"]), asked);

    // Until the roster names them, the old ones are in use.
    machines[0].start();
    machines[0].settled();
    machines[1].settled();
    let second = rejoined(&[first], &machines[0]);
    for place in [0, 1] {
        install_version(&machines[place], 2, &second);
    }
    // The node starts again by itself, with the new keys.
    let started = std::time::Instant::now();
    while !machines[0].log().contains("the keys of the node were replaced") {
        assert!(started.elapsed() < machine::PATIENCE, "{}", machines[0].log());
        machines[1].ok(&["status"]);
    }
    while machines[0].run(&["status"]).status != 0 {
        assert!(started.elapsed() < machine::PATIENCE, "{}", machines[0].log());
    }
    under_version(&machines, 2);
    for machine in &machines {
        machine.settled();
    }
    assert!(!machines[0].data().join("keys/organisation-next.sealed").exists());
    assert_eq!((involved(&machines[0], "G-1"), involved(&machines[1], "G-1")), (1, 1));

    // What is new goes out under the new key, also to a reader that takes up its feeds from disk.
    assert_eq!(machines[1].terminate(), 0);
    machines[1].start();
    machines[1].settled();
    assert_eq!(involved(&machines[1], "G-1"), 1, "the new generation holds everything");
    import(&machines[0], &[ZONNEVELD, BERG]);
    import(&machines[1], &[ZONNEVELD, BERG]);
    for machine in &machines[..2] {
        machine.settled();
        assert_eq!((involved(machine, "G-1"), involved(machine, "G-2")), (1, 1));
    }
    // And the publisher takes up its own after a stop.
    machines[0].kill();
    machines[0].start();
    for machine in &machines {
        let status = machine.settled();
        assert_eq!(status["refused"]["equivocations"], 0, "{status}");
    }
    assert_eq!((involved(&machines[1], "G-1"), involved(&machines[1], "G-2")), (1, 1));

    // The old keys are a stranger's.
    thief.start();
    let refused = machines[1].until("the thief is refused", |status| {
        status["network"]["strangers_refused"].as_u64().is_some_and(|count| count > 0)
    });
    assert_eq!(refused["dekking"]["actueel"], 2, "{refused}");
    let status = thief.until("runs", |status| status["phase"] == "running");
    assert_eq!(status["keyholders"]["reachable"], 1, "only itself: {status}");
}

#[test]
fn a_node_restored_from_before_the_roster_takes_the_new_keys_that_waited() {
    let (mut machines, first) = three();
    assert_eq!(machines[0].terminate(), 0);
    machines[0].ok(&["init", "--rotate-keys"]);
    machines[0].start();
    let out = machines[0].folder().join("node.backup").to_str().unwrap().to_owned();
    let made: Value = serde_json::from_str(&machines[0].ok(&["backup", "--out", &out, "--json"])).unwrap();
    assert_eq!(made["keys"], 8, "{made}");
    let checked: Value =
        serde_json::from_str(&machines[0].ok(&["restore", "--check", &out, "--json"])).unwrap();
    assert_eq!(checked["sound"], true, "{checked}");
    let name = format!("{}.join", machines[0].oin());
    let asked = fs::read(machines[0].data().join(&name)).unwrap();
    let second = rejoined(&[first], &machines[0]);

    // The machine is lost, and the governors sign meanwhile.
    machines[0].kill();
    install_version(&machines[1], 2, &second);
    under_version(&machines[1..], 2);
    // At the same address, with nothing but the backup.
    fs::remove_dir_all(machines[0].data()).unwrap();
    let said = machines[0].ok(&["restore", "--from", &out]);
    assert!(said.contains("waited for the roster that names them"), "{said}");
    let held = |wire: &[u8]| roster::JoinRequest::read(wire).unwrap().document().clone();
    let again = held(&fs::read(machines[0].data().join(&name)).unwrap());
    assert_eq!(
        (again.organisation_key, again.node_key),
        (held(&asked).organisation_key, held(&asked).node_key),
        "it asks for the keys that the governors have signed"
    );

    // The version comes after the restore, as the operator is told.
    install_version(&machines[0], 2, &second);
    machines[0].start();
    assert!(
        machines[0].log().contains("the keys of the node were replaced; the old are destroyed"),
        "{}",
        machines[0].log()
    );
    for staged in ["organisation-next", "node-next"] {
        assert!(!machines[0].data().join(format!("keys/{staged}.sealed")).exists(), "{staged}");
    }
    for machine in &machines {
        let status = machine.settled();
        assert_eq!(status["refused"]["equivocations"], 0, "{status}");
    }
    assert_eq!(involved(&machines[1], "G-1"), 1);
}
