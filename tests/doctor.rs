//! `samenhang doctor` on real folders: a healthy node is told to be healthy, and whatever is broken is named with what
//! to do.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[expect(dead_code, reason = "every test of processes uses its part")]
#[path = "process/machine.rs"]
mod machine;
#[expect(dead_code, reason = "every test of processes uses its part")]
#[path = "process/network.rs"]
mod network;

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crypto::{Seed, SigningKey};
use machine::Machine;
use network::{found, install, install_version};
use roster::{RosterContent, SignedRoster, VerifiedRoster};
use serde_json::Value;

/// Exit status and findings.
fn examined(machine: &Machine) -> (i32, Vec<Value>) {
    let said = machine.run(&["doctor", "--json"]);
    let findings: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!findings.is_empty(), "{}", said.stderr);
    let to_do = |finding: &Value| finding["verdict"] == "attention" || finding["verdict"] == "wrong";
    for finding in &findings {
        assert_eq!(finding["verdict"] == "ok", finding["to_do"].is_null(), "{finding}");
    }
    assert_eq!(said.status, i32::from(findings.iter().any(to_do)), "{findings:#?}");
    (said.status, findings)
}

fn named<'a>(findings: &'a [Value], check: &str, verdict: &str, seen: &str) -> &'a Value {
    findings
        .iter()
        .find(|one| {
            one["check"] == check && one["verdict"] == verdict && one["seen"].as_str().unwrap().contains(seen)
        })
        .unwrap_or_else(|| panic!("no {verdict} {check}: {seen} in {findings:#?}"))
}

/// The doctor finds something of this sort, and says something of this sort about what to do.
fn finds(machine: &Machine, check: &str, verdict: &str, seen: &str, to_do: &str) {
    let (status, findings) = examined(machine);
    assert_eq!(status, 1);
    let finding = named(&findings, check, verdict, seen);
    assert!(finding["to_do"].as_str().unwrap().contains(to_do), "{finding}");
}

/// What the doctor calls wrong, as text.
fn wrong(machine: &Machine) -> Vec<String> {
    let (_, findings) = examined(machine);
    findings.iter().filter(|one| one["verdict"] == "wrong").map(ToString::to_string).collect()
}

fn pair() -> ([Machine; 2], SignedRoster) {
    let pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = found(&pair);
    for machine in &pair {
        install(machine, &roster);
    }
    (pair, roster)
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The version after the first, in which the only legal basis has lapsed.
fn lapsed(first: &SignedRoster) -> SignedRoster {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let held = VerifiedRoster::genesis(first, None).unwrap();
    let mut content = RosterContent::from(held.document().clone());
    for basis in &mut content.legal_bases {
        basis.valid_until = Some(1_700_000_000);
    }
    SignedRoster::next(&held, content, &[&governor])
}

#[test]
fn a_healthy_node_has_nothing_to_do_and_a_stopped_one_is_named() {
    let (mut pair, first) = pair();
    for machine in &mut pair {
        machine.start();
    }
    for machine in &pair {
        machine.settled();
        machine.until("a head of the other", |status| status["clock"]["members"] == 1);
        machine.until("keyholders", |status| status["keyholders"]["reachable"] == 2);
    }
    // Every second brings a segment, and until it is fetched something is missing.
    let is_current = |findings: &[Value]| {
        findings.iter().any(|one| one["seen"].as_str().unwrap().contains("1 of 1 organisations current"))
    };
    let mut examinations = (0..50).map(|_| examined(&pair[0]));
    let (status, findings) = examinations.find(|(_, findings)| is_current(findings)).unwrap();
    assert_eq!(status, 0, "{findings:#?}");
    named(&findings, "clock", "ok", "agrees with those of 1 other");
    named(&findings, "peers", "ok", "2 of 2 keyholders reachable");
    named(&findings, "peers", "ok", "1 of 1 organisations current");
    named(&findings, "ports", "ok", &pair[0].address());
    named(&findings, "addresses", "ok", "same addresses");
    named(&findings, "roster", "ok", "version 1 of proef");
    named(&findings, "disk", "ok", "room for 6 times the data");
    named(&findings, "open files", "ok", "the node may have");
    named(&findings, "keys", "unknown", "system backup");
    assert!(pair[0].ok(&["doctor"]).ends_with("Nothing to do.\n"));

    // A configuration that was changed under the running node.
    let config = pair[0].config();
    pair[0].configure(&config.replace(&pair[0].address(), "127.0.0.1:1"));
    finds(&pair[0], "ports", "attention", "does not listen on 127.0.0.1:1", "restart it");
    finds(&pair[0], "addresses", "attention", "others dial what the roster says", "samenhang init");
    pair[0].configure(&config);

    // A legal basis that has lapsed.
    install_version(&pair[0], 2, &lapsed(&first));
    finds(&pair[0], "roster", "attention", "expired in the roster: legal basis wet", "governors");

    pair[1].kill();
    pair[0].until("alone", |status| status["keyholders"]["reachable"] == 1);
    finds(&pair[0], "peers", "wrong", "1 of 2 keyholders reachable, 2 needed", "firewall");

    pair[0].ok(&["stop"]);
    assert_eq!(pair[0].wait(), 0);
    finds(&pair[0], "node", "attention", "no node runs", "start it");
    let (_, findings) = examined(&pair[0]);
    named(&findings, "peers", "unknown", "known only to a running node");
    named(&findings, "database", "ok", "records are whole");
    named(&findings, "ports", "ok", "is free");
    assert_eq!(wrong(&pair[0]), [""; 0]);
    // It took nothing away that a start needs.
    pair[0].start();
    pair[0].until("running", |status| status["phase"] == "running");
}

#[test]
fn what_is_broken_is_named_with_what_to_do() {
    let (pair, _) = pair();
    let machine = &pair[0];
    let (data, keys) = (machine.data(), machine.data().join("keys"));
    assert_eq!(wrong(machine), [""; 0]);

    mode(&data, 0o755);
    let others = "other users can reach";
    finds(machine, "permissions", "wrong", others, &format!("chmod 700 {}", data.display()));
    mode(&data, 0o700);
    let sealed = keys.join("data.sealed");
    for path in [machine.folder().join("passphrase"), sealed.clone()] {
        mode(&path, 0o644);
        finds(machine, "permissions", "wrong", others, &format!("chmod 600 {}", path.display()));
        mode(&path, 0o600);
    }
    let config = machine.folder().join("node.toml");
    mode(&config, 0o666);
    finds(machine, "permissions", "wrong", "can change the configuration", "chmod 640");
    mode(&config, 0o644);

    let taken = TcpListener::bind(machine.address()).unwrap();
    finds(
        machine,
        "ports",
        "wrong",
        &format!("cannot listen on {}", machine.address()),
        "stop what listens there",
    );
    drop(taken);

    // Key files: gone, half written, and the salt of the passphrase.
    let away = machine.folder().join("away");
    for (name, seen) in
        [("data.sealed", "data.sealed is missing"), ("passphrase.salt", "passphrase.salt is missing")]
    {
        fs::rename(keys.join(name), &away).unwrap();
        finds(machine, "keys", "wrong", seen, "");
        assert!(!keys.join(name).exists(), "nothing is made in its place");
        fs::rename(&away, keys.join(name)).unwrap();
    }
    for name in ["data.sealed", "organisation.sealed"] {
        let whole = fs::read(keys.join(name)).unwrap();
        fs::write(keys.join(name), &whole[..whole.len() / 2]).unwrap();
        finds(
            machine,
            "keys",
            "wrong",
            &format!("keys/{name} in the data folder is damaged"),
            "restore a backup",
        );
        fs::write(keys.join(name), whole).unwrap();
    }
    machine.passphrase("another passphrase");
    finds(machine, "keys", "wrong", "does not fit the data folder", "with which the folder was made");
    machine.passphrase("short");
    finds(machine, "keys", "wrong", "has 5 characters", "");
    machine.passphrase(machine::PASSPHRASE);

    // Rosters: changed on disk, none.
    let version = data.join("roster/00000001.roster");
    let whole = fs::read(&version).unwrap();
    fs::write(&version, &whole[..whole.len() - 1]).unwrap();
    finds(machine, "roster", "wrong", "00000001.roster", "");
    fs::remove_file(&version).unwrap();
    finds(machine, "roster", "attention", "no roster is installed", "roster install");
    fs::write(&version, whole).unwrap();

    // A clock that has gone back by a day since the last write.
    let commits = data.join("commits");
    let written = fs::metadata(&commits).unwrap().modified().unwrap();
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let set = |time| File::options().write(true).open(&commits).unwrap().set_modified(time).unwrap();
    set(tomorrow);
    finds(machine, "clock", "wrong", "the data folder was written at", "NTP");
    set(written);

    // No folder at all, and no configuration that can be read.
    let text = machine.config();
    machine.configure(&text.replace("\"data\"", "\"elsewhere\""));
    finds(machine, "permissions", "wrong", "there is no data folder", "samenhang init");
    assert!(!machine.folder().join("elsewhere").exists());
    machine.configure(&text.replace("data_folder", "data_foldr"));
    finds(machine, "configuration", "wrong", "did you mean 'data_folder'?", "config/");
    machine.configure(&text);

    // After all this nothing is wrong.
    assert_eq!(wrong(machine), [""; 0]);
}
