//! A node that is killed at random moments while it imports, and while it starts: what it acknowledged or showed is
//! there when it runs again.
//!
//! `KILLS` says how many times (20 unless told), `SEED` which moments; a failure tells the seed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and moments are what this one is about"
)]

#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/network.rs"]
mod network;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::time::{Duration, Instant};

use machine::Machine;
use network::{found, install};
use serde_json::Value;

/// Families that each import adds to those of the imports before.
const FAMILIES: usize = 600;

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

fn listed(machine: &Machine) -> BTreeSet<String> {
    let lines = machine.ok(&["signal", "list", "--json"]);
    let reference =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["gezin"].as_str().unwrap().to_owned();
    lines.lines().map(reference).collect()
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// The moments, reproducible by their seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Lets a random while pass.
    fn wait(&mut self, longest_ms: u64) {
        std::thread::sleep(Duration::from_micros(self.below(longest_ms * 1000)));
    }
}

#[test]
fn a_node_killed_at_random_moments_keeps_what_it_acknowledged_or_showed() {
    let kills = setting("KILLS").unwrap_or(20);
    let seed = setting("SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_micros()).unwrap()
    });
    let (mut dice, started) = (Dice(seed), Instant::now());
    // The second one never runs, so the first one's signals wait for their pseudonyms.
    let mut pair = [1, 2].map(Machine::new);
    pair.iter().for_each(|machine| drop(machine.ok(&["init"])));
    let roster = found(&pair);
    install(&pair[0], &roster);
    let machine = &mut pair[0];

    let (mut known, mut whole, mut cut) = (BTreeSet::new(), 0, 0);
    for kill in 1..=kills {
        let case = format!("kill {kill} of SEED={seed}");
        machine.start();
        let shown = listed(machine);
        assert!(shown.is_superset(&known), "{case}: {} signals are left of {}", shown.len(), known.len());
        let count = FAMILIES * usize::try_from(kill).unwrap();
        let file = machine.write("all.csv", &families(count));
        let importing = machine.begin(&["import", &file]);
        dice.wait(700);
        machine.kill();
        let said = importing.wait_with_output().unwrap();
        known = shown;
        if said.status.success() {
            // It said how many were added; from then on they are all there.
            assert!(String::from_utf8_lossy(&said.stdout).contains(" added, "), "{case}");
            known.extend((0..count).map(|at| format!("G-{at}")));
            whole += 1;
        } else {
            let error = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.code() == Some(2) && said.stdout.is_empty(), "{case}: {error}");
            cut += 1;
        }
        // And while it starts.
        let mut starting = machine.begin(&["run"]);
        dice.wait(300);
        starting.kill().unwrap();
        starting.wait().unwrap();
    }
    machine.start();
    assert!(listed(machine).is_superset(&known), "SEED={seed}");
    let count = FAMILIES * usize::try_from(kills).unwrap();
    let file = machine.write("all.csv", &families(count));
    machine.ok(&["import", &file]);
    assert_eq!(listed(machine).len(), count, "SEED={seed}");
    assert_eq!(machine.terminate(), 0);
    assert!(
        !fs::read_dir(machine.data().join("keys"))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().ends_with(".new") })
    );
    // Not by print, which the test harness keeps to itself when a test passes.
    let seconds = started.elapsed().as_secs();
    writeln!(
        std::io::stderr(),
        "{kills} kills while importing ({cut} cut an import short, {whole} came after it) and as many while starting; \
         {seconds} s; SEED={seed}"
    )
    .unwrap();
}
