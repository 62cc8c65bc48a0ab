//! What bad circumstances get, as processes: a sentence with what to do, an exit status, and nothing lost.
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

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use machine::Machine;
use network::{found, install, install_version, renamed};
use tempfile::TempDir;

fn families(count: usize) -> String {
    let mut csv = "gezin;rol;voornamen;geslachtsnaam;geboortedatum;grondslag\n".to_owned();
    for at in 0..count {
        let letters: String = [at / 676 % 26, at / 26 % 26, at % 26]
            .iter()
            .map(|place| char::from(b'a' + u8::try_from(*place).unwrap()))
            .collect();
        csv.push_str(&format!("G-{at};ouder;Anna;Jan{letters};1980-01-{:02};wet\n", at % 28 + 1));
    }
    csv
}

fn refused(machine: &Machine, arguments: &[&str], sentence: &str) {
    let said = machine.run(arguments);
    assert_eq!(said.status, 2, "{arguments:?}: {}\n{}", said.stdout, said.stderr);
    assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
}

/// Not by print, which the test harness keeps to itself when a test passes.
fn skipped(what: &str, why: &str) {
    let mut seen = std::io::stderr();
    writeln!(seen, "SKIPPED, {what} was not tested: {why}").unwrap();
}

fn running_pair() -> [Machine; 2] {
    let mut pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = found(&pair);
    for machine in &mut pair {
        install(machine, &roster);
        machine.start();
    }
    pair
}

/// A library that moves a program's calendar clock, and nothing else; none where no C compiler is.
fn clock_library(folder: &Path) -> Option<PathBuf> {
    const SOURCE: &str = r#"
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <time.h>
        int clock_gettime(clockid_t id, struct timespec *time) {
            static int (*real)(clockid_t, struct timespec *);
            if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int failed = real(id, time);
            const char *shift = getenv("SHIFT_SECONDS");
            if (!failed && id == CLOCK_REALTIME && shift) time->tv_sec += atol(shift);
            return failed;
        }
    "#;
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, SOURCE).unwrap();
    let made =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    made.is_ok_and(|status| status.success()).then_some(library)
}

#[test]
fn a_node_whose_clock_was_set_back_a_day_says_so_and_publishes_nothing_until_it_is_right() {
    let tools = TempDir::new().unwrap();
    let Some(library) = clock_library(tools.path()) else {
        skipped("a clock that is wrong", "there is no C compiler to make one");
        return;
    };
    let wrong =
        |seconds: &'static str| [("LD_PRELOAD", library.to_str().unwrap()), ("SHIFT_SECONDS", seconds)];
    let mut pair = running_pair();
    let file = pair[0].write("one.csv", &families(1));
    pair[0].ok(&["import", "--wait", &file]);
    pair[0].settled();
    pair[1].settled();
    assert_eq!(pair[0].terminate(), 0);

    pair[0].start_with(&wrong("-86400"));
    let status = pair[0].until("the clock is noticed from both sides", |status| {
        status["clock"]["behind_own_seconds"].as_u64().is_some_and(|behind| behind > 86_000)
            && status["clock"]["ahead_minutes"].as_i64().is_some_and(|ahead| ahead < -1_430)
    });
    let said = status["messages"].to_string();
    assert!(said.contains("before what this node has published already; it publishes nothing"), "{said}");
    assert!(said.contains("behind that of the one other member heard, and either may be"), "{said}");
    assert!(
        pair[0].log().contains("the clock stands before what was published already"),
        "{}",
        pair[0].log()
    );
    let (_, metrics) = pair[0].get("/metrics");
    let behind =
        metrics.lines().find_map(|line| line.strip_prefix("samenhang_clock_behind_seconds ")).unwrap();
    assert!(behind.parse::<u64>().unwrap() > 86_000, "{behind}");
    // It takes signals all the same; they wait.
    let more = pair[0].write("two.csv", &families(2));
    pair[0].ok(&["import", &more]);
    let status = pair[0].until("evaluated", |status| status["keys_waiting"] == 0);
    assert_eq!(status["published"], false, "{status}");
    assert_eq!(pair[0].terminate(), 0);

    // The clock is right again: what waited goes out, and nothing was lost.
    pair[0].start();
    let status = pair[0].settled();
    assert_eq!(status["clock"]["behind_own_seconds"], 0);
    assert_eq!(pair[0].ok(&["signal", "list", "--json"]).lines().count(), 2);
    pair[1].settled();

    // A clock that is ahead is told by the others' heads.
    assert_eq!(pair[1].terminate(), 0);
    pair[1].start_with(&wrong("3600"));
    let status = pair[1].until("the clock is noticed", |status| {
        status["clock"]["ahead_minutes"].as_i64().is_some_and(|ahead| ahead > 58)
    });
    let ahead = "ahead of that of the one other member heard, and either may be the one that is wrong";
    assert!(status["messages"].to_string().contains(ahead), "{status}");
    assert_eq!(pair[1].terminate(), 0);
    pair[1].start_with(&wrong("86400"));
    let status = pair[1].until("a day is noticed", |status| {
        status["clock"]["ahead_minutes"].as_i64().is_some_and(|ahead| ahead > 1_430)
    });
    let said = status["messages"].to_string();
    assert!(said.contains("is 1 day ") && said.contains(ahead), "{said}");
}

#[test]
fn key_files_and_rosters_that_are_not_whole_are_named_and_nothing_is_made_anew() {
    let mut pair = running_pair();
    let machine = &mut pair[0];
    machine.until("running", |status| status["phase"] == "running");
    assert_eq!(machine.terminate(), 0);

    for name in ["organisation", "node", "data"] {
        let path = machine.data().join(format!("keys/{name}.sealed"));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        refused(machine, &["run"], &format!("the file keys/{name}.sealed in the data folder is damaged"));
        refused(machine, &["signal", "list"], "restore a backup");
        assert_eq!(fs::read(&path).unwrap().len(), whole.len() / 2, "nothing was made anew");
        fs::write(&path, &whole).unwrap();
    }
    let salt = machine.data().join("keys/passphrase.salt");
    let whole = fs::read(&salt).unwrap();
    fs::write(&salt, &whole[..whole.len() / 2]).unwrap();
    refused(machine, &["run"], "passphrase.salt");
    fs::write(&salt, &whole).unwrap();

    // Another network's roster, and an old one under a new number: the running node keeps to the one it has.
    machine.start();
    let first =
        roster::SignedRoster::parse(&fs::read(machine.data().join("roster/00000001.roster")).unwrap())
            .unwrap();
    let others = [3, 4].map(Machine::new);
    for other in &others {
        other.ok(&["init"]);
    }
    let foreign = found(&others);
    for wrong in [renamed(&foreign, "vreemd"), first.clone()] {
        install_version(machine, 2, &wrong);
        let waited = std::time::Instant::now();
        while !machine.log().contains("a roster file was refused") {
            assert!(waited.elapsed() < machine::PATIENCE, "{}", machine.log());
            assert_eq!(machine.run(&["status"]).status, 0);
        }
        fs::remove_file(machine.data().join("roster/00000002.roster")).unwrap();
        assert_eq!(machine.terminate(), 0);
        fs::remove_file(machine.folder().join("log")).unwrap();
        machine.start();
    }
    // Found at start, the node waits and says which file it is.
    assert_eq!(machine.terminate(), 0);
    install_version(machine, 2, &foreign);
    machine.start();
    machine.until("a foreign roster", |status| {
        status["messages"][0]
            .as_str()
            .is_some_and(|said| said.contains("00000002.roster does not follow from the versions before it"))
    });
    fs::remove_file(machine.data().join("roster/00000002.roster")).unwrap();
    machine.until("running after all", |status| status["phase"] == "running");
}

/// A file system of its own, let go of at the end; none where mounting is not permitted.
struct Disk(TempDir);

impl Disk {
    fn small() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|done| done.status.success());
        if mounted {
            return Some(Self(folder));
        }
        skipped("a full disk", "mounting a small one is not permitted here");
        None
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.0.path()).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _busy = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stops_the_node_and_after_making_room_it_goes_on_with_nothing_lost() {
    let Some(disk) = Disk::small() else { return };
    let mut pair = [1, 2].map(Machine::new);
    pair[0].configure(
        &pair[0].config().replace("\"data\"", &format!("\"{}\"", disk.0.path().join("data").display())),
    );
    let data = disk.0.path().join("data");
    for machine in &pair {
        machine.ok(&["init"]);
    }
    // The roster is made of the join requests where the machines have them by default.
    fs::create_dir_all(pair[0].data()).unwrap();
    let join = format!("{}.join", pair[0].oin());
    fs::copy(data.join(&join), pair[0].data().join(&join)).unwrap();
    let roster = found(&pair);
    install(&pair[0], &roster);
    fs::create_dir_all(data.join("roster")).unwrap();
    fs::copy(pair[0].data().join("roster/00000001.roster"), data.join("roster/00000001.roster")).unwrap();
    let machine = &mut pair[0];
    machine.start();
    let few = machine.write("few.csv", &families(5));
    assert!(machine.ok(&["import", &few]).starts_with("5 added"));

    let mut filler = File::create(disk.0.path().join("filler")).unwrap();
    while filler.write_all(&[0; 65_536]).is_ok() {}
    while filler.write_all(&[0]).is_ok() {}
    let many = machine.write("many.csv", &families(15_000));
    let said = machine.run(&["import", &many]);
    assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{}", said.stderr);
    assert_eq!(machine.wait(), 4, "{}", machine.log());
    assert!(machine.log().contains("disk"), "says what to look at: {}", machine.log());

    drop(filler);
    fs::remove_file(disk.0.path().join("filler")).unwrap();
    machine.start();
    let kept = machine.ok(&["signal", "list", "--json"]).lines().count();
    assert!(kept >= 5, "{kept} signals are left");
    let few = machine.write("few.csv", &families(10));
    machine.ok(&["import", "--allow-withdrawals", &few]);
    assert_eq!(machine.ok(&["signal", "list", "--json"]).lines().count(), 10);
    assert_eq!(machine.terminate(), 0);

    // A disk that may only be read.
    disk.remount("ro");
    refused(machine, &["run"], "check that the disk has space and that the folder belongs to this user");
    refused(
        machine,
        &["signal", "list"],
        "check that the disk has space and that the folder belongs to this user",
    );
    disk.remount("rw");
    assert_eq!(machine.ok(&["signal", "list", "--json"]).lines().count(), 10);
}
