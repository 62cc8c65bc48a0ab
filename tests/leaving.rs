//! Leaving a network, and the keyholders' commands, as processes.
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

use machine::Machine;
use network::{found_with, install};
use serde_json::Value;

const FAMILIES: &str =
    "gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\nG-1;ouder;111222333;Zonneveld;wet\n";

/// Four machines that run: three keyholders, two of which are needed, and a member.
fn four() -> Vec<Machine> {
    let mut machines: Vec<Machine> = (1..=4).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let roster = found_with(&machines, 3);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    machines
}

fn import(machine: &Machine) {
    let file = machine.write("all.csv", FAMILIES);
    machine.ok(&["import", "--wait", &file]);
}

/// What the doctor finds when there is something to do.
fn examined(machine: &Machine) -> Vec<Value> {
    let said = machine.run(&["doctor", "--json"]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn matched(machine: &Machine) {
    machine.settled();
    let answer: Value = serde_json::from_str(&machine.ok(&["who", "G-1", "--json"])).unwrap();
    assert_eq!(answer["betrokken"].as_array().unwrap().len(), 1, "{answer}");
}

#[test]
fn who_leaves_takes_everything_along_and_others_drop_the_match() {
    let mut machines = four();
    import(&machines[0]);
    import(&machines[3]);
    matched(&machines[0]);
    matched(&machines[3]);

    // A keyholder is told what happens to the keys, and nothing happens.
    let said = machines[0].run(&["leave", "--yes"]);
    assert_eq!(said.status, 2, "{}", said.stdout);
    assert!(said.stderr.contains("of its keyholders 2 would be left, and 2 are needed"), "{}", said.stderr);
    assert!(said.stderr.contains("2 other shares remain and 2 are needed"), "{}", said.stderr);
    assert!(said.stderr.contains("nothing was done. With --force"), "{}", said.stderr);
    assert_eq!(machines[0].ok(&["signal", "list", "--json"]).lines().count(), 1);

    // Nobody leaves by accident.
    let said = machines[3].run(&["leave", "--no-archive"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("confirm it with --yes"), "{}", said.stderr);
    assert!(!machines[3].data().join("departure.json").exists());

    // Nor without saying what becomes of the record.
    let said = machines[3].run(&["leave", "--yes"]);
    assert_eq!(said.status, 2);
    assert!(
        said.stderr.contains("--archive FILE") && said.stderr.contains("--no-archive"),
        "{}",
        said.stderr
    );
    let inside = machines[3].data().join("archive").to_str().unwrap().to_owned();
    let said = machines[3].run(&["leave", "--yes", "--archive", &inside]);
    assert!(said.status == 2 && said.stderr.contains("lies in the data folder"), "{}", said.stderr);
    assert_eq!(machines[3].ok(&["signal", "list", "--json"]).lines().count(), 1);

    // What an upgrade has left.
    let upgraded = machines[3].data().join("backups");
    fs::create_dir(&upgraded).unwrap();
    fs::write(upgraded.join("format-1-20260101T000000Z.backup"), "sealed signals").unwrap();

    let archive = machines[3].folder().join("archive").to_str().unwrap().to_owned();
    let leave = ["leave", "--yes", "--json", "--archive", &archive];
    let told: Value = serde_json::from_str(&machines[3].ok(&leave)).unwrap();
    let checked: Value =
        serde_json::from_str(&machines[3].ok(&["restore", "--check", &archive, "--json"])).unwrap();
    assert_eq!(checked["signals"], 1, "{checked}");
    assert_eq!(told["withdrawal_published"], true, "{told}");
    assert_eq!(
        (&told["readers"], &told["readers_not_known_to_have_it"]),
        (&3.into(), &Value::Array(vec![])),
        "{told}"
    );
    assert!(told["next"].as_str().unwrap().contains("roster remove-member"), "{told}");
    assert_eq!(machines[3].wait(), 0, "the node stopped in order: {}", machines[3].log());
    machines[0].until_gone("G-1");

    // Nothing is left but what is no secret.
    let mut left: Vec<String> = fs::read_dir(machines[3].data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let join = format!("{}.join", machines[3].oin());
    assert_eq!(left, [join.as_str(), "departure.json", "lock", "roster"]);
    for command in ["run", "init"] {
        let said = machines[3].run(&[command]);
        assert_eq!(said.status, 2, "{}", said.stdout);
        assert!(
            said.stderr.contains(&format!("organisation {} left proef on 20", machines[3].oin())),
            "{}",
            said.stderr
        );
        assert!(said.stderr.contains("To join again"), "{}", said.stderr);
    }
    // Nothing is left to look after but the service.
    let findings = examined(&machines[3]);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!((&findings[0]["check"], &findings[0]["verdict"]), (&"configuration".into(), &"ok".into()));
    assert_eq!((&findings[1]["check"], &findings[1]["verdict"]), (&"departure".into(), &"attention".into()));
    let seen = findings[1]["seen"].as_str().unwrap();
    let when = told["ended"].as_str().unwrap();
    assert!(seen.contains(&format!("organisation {} left proef on {when}", machines[3].oin())), "{seen}");
    assert!(findings[1]["to_do"].as_str().unwrap().starts_with("disable the service"), "{findings:?}");
    // Said again it changes nothing.
    let again: Value = serde_json::from_str(&machines[3].ok(&["leave", "--json"])).unwrap();
    assert_eq!((&again["begun"], &again["ended"]), (&told["begun"], &told["ended"]));
}

#[test]
fn a_departure_goes_on_after_a_kill_at_any_point() {
    let mut machines = four();
    import(&machines[0]);
    import(&machines[3]);
    matched(&machines[0]);

    // One reader is away, so the departure waits for it.
    machines[1].kill();
    let leaving = machines[3].begin(&["leave", "--yes", "--no-archive"]);
    machines[3].until("withdrawn and taken by those who are there", |status| {
        status["leaving"].is_string()
            && status["tags_published"] == 0
            && status["readers"]["behind"].as_array().is_some_and(|behind| behind.len() == 1)
    });
    let file = machines[3].write("more.csv", FAMILIES);
    let said = machines[3].run(&["import", &file]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("is leaving the network and takes no signals any more"), "{}", said.stderr);
    machines[3].kill();
    let said = leaving.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("repeat the command, which goes on from here"));

    // It stays away: the command waits as long as it is told to, and says of whom nothing is known.
    machines[3].start();
    let status = machines[3].until("still leaving", |status| status["phase"] == "running");
    assert!(status["leaving"].is_string(), "{status}");
    let said = machines[3].ok(&["leave", "--wait-seconds", "8"]);
    assert!(said.contains("not known of Organisatie 2"), "{said}");
    machines[3].wait();

    // Killed while it erased: whatever is started next on the folder finishes that.
    let before = fs::read_to_string(machines[3].data().join("departure.json")).unwrap();
    let interrupted = before.replace("\"left\"", "\"erasing\"");
    assert_ne!(before, interrupted);
    fs::write(machines[3].data().join("departure.json"), interrupted).unwrap();
    fs::create_dir(machines[3].data().join("keys")).unwrap();
    fs::write(machines[3].data().join("keys/share-1-bsn-1-00000000.sealed"), "half").unwrap();
    fs::create_dir(machines[3].data().join("backups")).unwrap();
    fs::write(machines[3].data().join("backups/format-1.backup"), "half").unwrap();
    let findings = examined(&machines[3]);
    let last = findings.last().unwrap();
    assert_eq!((&last["check"], &last["verdict"]), (&"departure".into(), &"wrong".into()));
    assert!(last["to_do"].as_str().unwrap().contains("repeat `samenhang leave`"), "{last}");
    let said = machines[3].run(&["run"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("left proef on"), "{}", said.stderr);
    for erased in ["keys", "backups"] {
        assert!(!machines[3].data().join(erased).exists(), "{erased}");
    }

    // The reader that was away still waits for the organisation that left, and has the others.
    machines[1].start();
    machines[1].until("told by others", |status| status["dekking"]["actueel"] == 2);
}

#[test]
fn who_never_joined_leaves_without_a_node_and_a_broken_node_only_when_told_to() {
    let mut machines = four();
    for machine in &mut machines {
        machine.kill();
    }
    let said = machines[3].run(&["leave", "--yes"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("start it, since others must hear"), "{}", said.stderr);
    assert!(machines[3].data().join("keys/organisation.sealed").exists());
    machines[3].ok(&["leave", "--yes", "--unpublished", "--no-archive"]);
    assert!(!machines[3].data().join("keys").exists());

    let alone = Machine::new(5);
    let said = alone.run(&["leave", "--yes"]);
    assert!(said.stderr.contains("there is nothing to leave"), "{}", said.stderr);
    alone.ok(&["init"]);
    assert!(alone.ok(&["leave", "--yes"]).contains("since none was joined"));
    assert!(!alone.data().join("db").exists());
}

#[test]
fn a_keyholder_without_whom_nobody_can_go_on_is_told_so_and_leaves_by_force_only() {
    let mut pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = found_with(&pair, 2);
    for machine in &mut pair {
        install(machine, &roster);
        machine.start();
    }
    for machine in &pair {
        machine.ok(&["keyholder", "dkg", "--wait"]);
    }
    let said = pair[0].run(&["leave", "--yes", "--no-archive"]);
    assert_eq!(said.status, 2);
    assert!(
        said.stderr.contains("no member could make pseudonyms for new signals any more"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("no member could make such pseudonyms until the next epoch"),
        "{}",
        said.stderr
    );
    assert!(pair[0].data().join("keys/organisation.sealed").exists());
    assert!(
        pair[0]
            .ok(&["leave", "--yes", "--force", "--no-archive"])
            .contains("keys and database are destroyed")
    );
    assert_eq!(pair[0].wait(), 0);
    assert!(!pair[0].data().join("keys").exists());
    pair[1].until("one is missed", |status| status["keyholders"]["reachable"] == 1);
}

#[test]
fn keyholders_see_their_ceremony_and_wait_for_whoever_starts_late() {
    let mut machines: Vec<Machine> = (1..=4).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let roster = found_with(&machines, 3);
    for machine in &machines {
        install(machine, &roster);
    }
    for place in [0, 1, 3] {
        machines[place].start();
    }
    machines[0].until("the two that run have met", |status| {
        status["ceremonies"][0]["keyholders"][1]["done"] == "commitments"
    });
    let said = machines[0].run(&["keyholder", "dkg", "--json"]);
    assert_eq!(said.status, 3, "{}", said.stderr);
    let ceremonies: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(ceremonies.len(), 2);
    for (ceremony, class) in ceremonies.iter().zip(["bsn", "zwak"]) {
        assert_eq!(ceremony["class"], class);
        assert_eq!((&ceremony["epoch"], &ceremony["share"]), (&1.into(), &Value::Null));
        assert!(ceremony["deadline"].is_string());
        let late = &ceremony["keyholders"][2];
        assert_eq!((&late["done"], &late["reachable"]), (&"nothing".into(), &false.into()), "{ceremony}");
    }
    let shown = machines[0].run(&["keyholder", "dkg"]).stdout;
    assert!(shown.contains("waiting for round 1 of Organisatie 3 (not reachable)"), "{shown}");
    // Waiting ends when nothing changes.
    let said = machines[0].run(&["keyholder", "dkg", "--wait", "--patience-seconds", "1"]);
    assert_eq!(said.status, 3, "{}", said.stderr);
    // A member that holds no keys sees that they are not made yet.
    let shown = machines[3].run(&["keyholder", "dkg"]);
    assert_eq!(shown.status, 3);
    assert!(shown.stdout.contains("this node takes no part"), "{}", shown.stdout);

    let waiting: Vec<_> =
        [0, 3].map(|place: usize| machines[place].begin(&["keyholder", "dkg", "--wait", "--json"])).into();
    machines[2].start();
    let mut told = Vec::new();
    for waiting in waiting {
        let said = waiting.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stderr));
        let lines = String::from_utf8(said.stdout).unwrap();
        let made: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        told.push(made.iter().map(|made| made["key_set"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(told[0], told[1], "all compare the same fingerprints");
    assert!(
        told[0][0] != told[0][1] && told[0].iter().all(|made| made["fingerprint"].is_string()),
        "{told:?}"
    );

    for (place, machine) in machines.iter().enumerate().take(3) {
        let said = machine.ok(&["keyholder", "dkg", "--wait"]);
        assert!(said.contains(told[0][0]["fingerprint"].as_str().unwrap()), "{said}");
        let shares = machine.ok(&["keyholder", "show", "--json"]);
        let shares: Vec<Value> = shares.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(shares.len(), 2);
        assert!(shares.iter().all(|share| share["index"] == place + 1), "{shares:?}");
    }
    assert_eq!(machines[3].ok(&["keyholder", "show"]), "This node holds no share.\n");
}

#[test]
fn a_node_that_cannot_withdraw_does_not_leave_as_if_it_had() {
    let mut machines = four();
    import(&machines[0]);
    import(&machines[3]);
    matched(&machines[0]);

    // Restored: others hold what this node does not know of before it has heard them.
    let backup = machines[3].folder().join("backup").to_str().unwrap().to_owned();
    machines[3].ok(&["backup", "--out", &backup]);
    machines[3].kill();
    fs::remove_dir_all(machines[3].data()).unwrap();
    machines[3].ok(&["restore", "--from", &backup]);
    for machine in &mut machines[..3] {
        machine.kill();
    }
    machines[3].start();
    let leave = ["leave", "--yes", "--no-archive", "--wait-seconds", "2"];
    let said = machines[3].run(&leave);
    assert_eq!(said.status, 3, "{} {}", said.stdout, said.stderr);
    assert!(said.stderr.contains("hearing what this node published before"), "{}", said.stderr);
    assert!(machines[3].data().join("db").exists(), "nothing is erased");

    // It waits for a roster that is damaged, so it can withdraw nothing.
    assert_eq!(machines[3].terminate(), 0);
    let roster = machines[3].data().join("roster/00000001.roster");
    let whole = fs::read(&roster).unwrap();
    fs::write(&roster, "no roster").unwrap();
    machines[3].start();
    let said = machines[3].run(&leave);
    assert_eq!(said.status, 2, "{} {}", said.stdout, said.stderr);
    assert!(said.stderr.contains("nothing can be withdrawn"), "{}", said.stderr);
    assert!(machines[3].data().join("db").exists(), "nothing is erased");
    fs::write(&roster, whole).unwrap();

    for machine in &mut machines[..3] {
        machine.start();
    }
    machines[3].until("running", |status| status["phase"] == "running");
    let told: Value = serde_json::from_str(&machines[3].ok(&["leave", "--json"])).unwrap();
    assert_eq!(told["withdrawal_published"], true, "{told}");
    machines[0].until_gone("G-1");
}
