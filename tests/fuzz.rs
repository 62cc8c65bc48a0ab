//! Replays the inputs that fuzzing has found worth keeping, and tries small changes of them.
//!
//! `BLESS=1 cargo test -p samenhang --test fuzz` writes the good inputs anew, which a change of format makes necessary;
//! `CONTRIBUTING.md` says how to look for others.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a panic is a finding, and the module is a library of its own for the fuzzing programs"
)]

#[allow(dead_code, reason = "the fuzzing programs use more of it")]
#[path = "fuzz/src/lib.rs"]
mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use checks::{TARGETS, Target};
use testkit::Dice;

/// Most inputs of one target, and bytes of all: they are read at every run of the tests.
const MOST_INPUTS: usize = 200;
const MOST_BYTES: usize = 1 << 20;

/// Changes tried of each input. Targets that run whole nodes get fewer.
const CHANGES: usize = 60;
const CHANGES_OF_MACHINES: usize = 2;

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(target.name)
}

/// Writes the good inputs once when that is asked for, ahead of whichever test reads them first.
static BLESSED: LazyLock<()> = LazyLock::new(|| {
    if std::env::var_os("BLESS").is_some() {
        bless();
    }
});

/// The inputs of a target by file name.
fn inputs(target: &Target) -> BTreeMap<String, Vec<u8>> {
    LazyLock::force(&BLESSED);
    let listed =
        fs::read_dir(folder(target)).unwrap_or_else(|error| panic!("no corpus of {}: {error}", target.name));
    let inputs: BTreeMap<String, Vec<u8>> = listed
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    assert!(!inputs.is_empty(), "the corpus of {} is empty", target.name);
    inputs
}

/// Runs one input; when it panics, says which.
fn run(target: &Target, what: &str, input: &[u8]) -> Option<(&'static str, bool)> {
    catch_unwind(AssertUnwindSafe(|| target.run(input))).unwrap_or_else(|panicked| {
        eprintln!("target {}, {what}: {}", target.name, hex::encode(input));
        std::panic::resume_unwind(panicked)
    })
}

#[test]
fn every_input_kept_holds_and_every_check_takes_one() {
    let mut bytes = 0;
    for target in TARGETS {
        let inputs = inputs(&target);
        assert!(inputs.len() <= MOST_INPUTS, "{}: {} inputs; `cargo fuzz cmin`", target.name, inputs.len());
        let mut untaken: BTreeSet<&str> = target.checks.iter().map(|(name, _)| *name).collect();
        for (name, input) in &inputs {
            bytes += input.len();
            let (check, is_taken) = run(&target, name, input).unwrap();
            assert!(
                name.starts_with(&format!("{check}.")),
                "{}/{name} goes to the check {check}",
                target.name
            );
            if is_taken {
                untaken.remove(check);
            }
        }
        assert!(
            untaken.is_empty(),
            "{}: no input is taken by {untaken:?}; BLESS=1 writes good ones",
            target.name
        );
    }
    assert!(bytes <= MOST_BYTES, "{bytes} bytes of inputs");
}

#[test]
fn no_folder_is_without_its_target() {
    LazyLock::force(&BLESSED);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    let folders: BTreeSet<String> = fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders.iter().map(String::as_str).collect::<BTreeSet<_>>(), names);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let programs =
        manifest["bin"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap());
    assert_eq!(programs.collect::<BTreeSet<_>>(), names);
}

#[test]
fn inputs_changed_at_random_hold_as_well() {
    for target in TARGETS {
        let inputs = inputs(&target);
        let all: Vec<&Vec<u8>> = inputs.values().collect();
        let is_machine = ["following", "machine", "schedule"].contains(&target.name);
        let changes = if is_machine { CHANGES_OF_MACHINES } else { CHANGES };
        for (place, (name, input)) in inputs.iter().enumerate() {
            // What takes long to read is changed less often.
            let changes = changes.min(1 + 200_000 / (1 + input.len()));
            let mut dice = Dice::new(place as u64);
            for number in 0..changes {
                let other = all[usize::try_from(dice.below(all.len() as u64)).unwrap()];
                let changed = change(input, other, &mut dice);
                let _outcome = run(&target, &format!("change {number} of {name}"), &changed);
            }
        }
    }
}

/// Flips bytes, cuts, or joins two inputs of one check; the first byte stays.
fn change(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let place = |length: usize, dice: &mut Dice| usize::try_from(dice.below(length as u64)).unwrap();
    let mut changed = input.to_vec();
    match dice.below(8) {
        0 => changed.truncate(1 + place(input.len(), dice)),
        1 => {
            changed.truncate(1 + place(input.len(), dice));
            changed.extend_from_slice(&other[place(other.len(), dice)..]);
        }
        2 => {
            let (from, to) = (place(input.len(), dice), 1 + place(input.len(), dice));
            let piece = input[from..].iter().take(place(64, dice)).copied().collect::<Vec<u8>>();
            changed.splice(to.min(changed.len())..to.min(changed.len()), piece);
        }
        _ => {
            for _ in 0..=dice.below(3) {
                let at = place(changed.len(), dice);
                let with = match dice.below(3) {
                    0 => 0xff,
                    1 => 1 << dice.below(8),
                    _ => u8::try_from(dice.below(256)).unwrap(),
                };
                if at > 0 {
                    changed[at] ^= with;
                }
            }
        }
    }
    changed
}

/// Writes the good inputs anew; those that fuzzing added stay.
fn bless() {
    for target in TARGETS {
        let folder = folder(&target);
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "good") {
                fs::remove_file(path).unwrap();
            }
        }
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        for (check, bytes) in (target.good)() {
            let number = numbers.entry(check).or_default();
            *number += 1;
            fs::write(folder.join(format!("{check}.{number}.good")), target.input(check, &bytes)).unwrap();
        }
    }
}
