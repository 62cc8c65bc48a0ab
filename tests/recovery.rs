//! Backup, restore, the drill, and older and newer data folders: by the commands that an operator gives.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[path = "process/machine.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod machine;
#[path = "process/network.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod network;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use machine::{Machine, PASSPHRASE, PATIENCE};
use network::{found, install};
use protocol::{Collection, Scope, Write};
use samenhang::config::{Config, Passphrase, storage_secret};
use serde_json::Value;
use store::{Migration, Record, Schema, Store, StoreError, StoreOptions};

const MOTHER: &str = "111222333";

fn family(reference: &str, bsn: &str, surname: &str) -> String {
    format!("{reference};ouder;{bsn};{surname};wet\n")
}

fn csv(families: &[String]) -> String {
    format!("gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n{}", families.concat())
}

fn many(count: usize) -> String {
    let surname = |at: usize| format!("Jan{}sen", char::from(b'a' + u8::try_from(at % 26).unwrap()));
    let families: Vec<String> = (0..count).map(|at| family(&format!("G-{at}"), "", &surname(at))).collect();
    csv(&families)
}

/// Two machines with one roster; the second one never runs, so the first one's signals wait for their pseudonyms.
fn pair() -> [Machine; 2] {
    let pair = [1, 2].map(Machine::new);
    pair.iter().for_each(|machine| drop(machine.ok(&["init"])));
    let roster = found(&pair);
    install(&pair[0], &roster);
    pair
}

/// A machine with the signals of `text`, backed up without a running node.
fn backed_up(text: &str) -> (Machine, String) {
    let [machine, _] = pair();
    let file = machine.write("list.csv", text);
    machine.ok(&["import", &file]);
    let out = path(&machine, "node.backup");
    machine.ok(&["backup", "--out", &out]);
    (machine, out)
}

fn path(machine: &Machine, name: &str) -> String {
    machine.folder().join(name).to_str().unwrap().to_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn signals(machine: &Machine) -> Vec<String> {
    machine.ok(&["signal", "list", "--json"]).lines().map(str::to_owned).collect()
}

/// No file in a folder or below holds a text.
fn nowhere(folder: &Path, text: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere(&path, text);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            let held = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!held, "{} holds {text}", path.display());
        }
    }
}

#[test]
fn a_lost_node_is_restored_on_a_new_machine_and_joins_again() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    machines.iter().for_each(|machine| drop(machine.ok(&["init"])));
    let roster = found(&machines);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    let own = machines[0].write("own.csv", &csv(&[family("L-1", MOTHER, "Zonneveld")]));
    machines[0].ok(&["import", &own]);
    let theirs = machines[1].write("theirs.csv", &csv(&[family("C-1", MOTHER, "Zonneveld")]));
    machines[1].ok(&["import", &theirs]);
    machines[0].settled();
    machines[1].settled();
    let found_before = involved(&machines[0], "L-1");
    assert_eq!(found_before.as_array().unwrap().len(), 1, "{found_before}");

    let passphrase = machines[0].write("backup-passphrase", "another long passphrase\n");
    let out = path(&machines[0], "node.backup");
    let made = json(&machines[0].ok(&["backup", "--out", &out, "--passphrase-file", &passphrase, "--json"]));
    assert_eq!((&made["signals"], &made["rosters"], &made["keys"]), (&1.into(), &1.into(), &4.into()));
    let before = signals(&machines[0]);
    let bytes = fs::read(&out).unwrap();
    for text in [MOTHER, "Zonneveld", machines[0].oin()] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }

    // The machine burns down.
    machines[0].kill();
    let mut new = Machine::new(1);
    let restored = new.run(&["restore", "--from", &out, "--passphrase-file", &passphrase]);
    assert_eq!(restored.status, 0, "{}", restored.stderr);
    for words in
        ["1 signals", "withdrawn after the backup", "samenhang import", "is a keyholder", "samenhang run"]
    {
        assert!(restored.stdout.contains(words), "{words}: {}", restored.stdout);
    }
    nowhere(&new.data(), MOTHER);
    nowhere(&new.data(), "Zonneveld");
    assert_eq!(signals(&new), before);
    // Its keys are those that the roster names, so the others take it for who it was.
    new.start();
    new.until("running", |status| status["phase"] == "running");
    until_found(&new, "L-1", &found_before);
}

/// Asks about a family until the answer names those that it named before.
fn until_found(machine: &Machine, reference: &str, wanted: &Value) {
    let started = Instant::now();
    loop {
        let found = involved(machine, reference);
        if found == *wanted {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{found}");
    }
}

/// Who is involved with a family, but for since when this is found: matches are in no backup.
fn involved(machine: &Machine, reference: &str) -> Value {
    let mut answer = json(&machine.ok(&["who", reference, "--json"]));
    for one in answer["betrokken"].as_array_mut().unwrap() {
        one["sinds"] = Value::Null;
    }
    answer["betrokken"].take()
}

#[test]
fn a_backup_during_an_import_is_whole_and_the_import_goes_on() {
    const FAMILIES: usize = 3_000;
    let [mut machine, _other] = pair();
    machine.start();
    let file = machine.write("all.csv", &many(FAMILIES));
    let out = path(&machine, "during.backup");
    let (imported, made) = std::thread::scope(|scope| {
        let import = scope.spawn(|| machine.ok(&["import", &file]));
        let made = json(&machine.ok(&["backup", "--out", &out, "--json"]));
        (import.join().unwrap(), made)
    });
    assert_eq!(imported, format!("{FAMILIES} added, 0 changed, 0 unchanged, 0 withdrawn\n"));
    let held = usize::try_from(made["signals"].as_u64().unwrap()).unwrap();
    assert!(held <= FAMILIES);
    let after = path(&machine, "after.backup");
    let made = json(&machine.ok(&["backup", "--out", &after, "--json"]));
    assert_eq!(made["signals"], FAMILIES);

    let checked = json(&machine.ok(&["restore", "--check", &out, "--json"]));
    assert_eq!((&checked["sound"], &checked["signals"]), (&true.into(), &held.into()));
    let new = Machine::new(1);
    new.ok(&["restore", "--from", &out]);
    assert_eq!(signals(&new).len(), held);
    // The list that the operator is told to import makes it whole.
    let said = new.ok(&["import", &file]);
    assert_eq!(said, format!("{} added, 0 changed, {held} unchanged, 0 withdrawn\n", FAMILIES - held));
    assert_eq!(signals(&new), signals(&machine));
}

#[test]
fn what_cannot_be_restored_is_refused_before_anything_is_touched() {
    let (machine, out) = backed_up(&many(5));
    let refused = |machine: &Machine, arguments: &[&str], words: &str| {
        let said = machine.run(arguments);
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.stdout);
        assert!(said.stderr.contains(words), "{arguments:?}: {}", said.stderr);
        assert!(!said.stderr.contains("Jan"), "{}", said.stderr);
    };
    refused(&machine, &["restore", "--from", &out], "is not empty; a backup is restored into an empty");
    assert_eq!(signals(&machine).len(), 5);
    refused(&machine, &["backup", "--out", &out], "exists; choose another name, or replace it with --force");
    machine.ok(&["backup", "--out", &out, "--force"]);
    refused(&machine, &["backup", "--out", "/nowhere/at/all"], "could not begin the backup /nowhere/at/all");

    let new = Machine::new(1);
    let other = new.write("other", "another long passphrase");
    refused(
        &new,
        &["restore", "--from", &out, "--passphrase-file", &other],
        "the passphrase does not open the backup",
    );
    refused(&new, &["restore", "--from", "/nowhere"], "the backup cannot be read");
    refused(&new, &["restore", "--from", &new.write("text", "gezin;rol\n")], "no backup of samenhang");
    refused(&new, &["restore"], "--from <FILE>|--check <FILE>");
    let second = Machine::new(2);
    refused(&second, &["restore", "--from", &out], "is of organisation 00000099000000000001");

    let bytes = fs::read(&out).unwrap();
    let mut altered = bytes.clone();
    altered[bytes.len() / 2] ^= 1;
    for (what, bytes) in [("cut", &bytes[..bytes.len() - 1]), ("altered", altered.as_slice())] {
        let path = new.folder().join(what);
        fs::write(&path, bytes).unwrap();
        let path = path.to_str().unwrap();
        refused(&new, &["restore", "--from", path], "the backup is damaged or was altered");
        let checked = new.run(&["restore", "--check", path, "--json"]);
        assert_eq!((checked.status, &json(&checked.stdout)["sound"]), (1, &false.into()), "{what}");
    }
    for machine in [&new, &second] {
        assert!(!machine.data().exists(), "nothing was begun");
    }
    let checked = new.run(&["restore", "--check", &out]);
    assert_eq!(checked.status, 0, "{}", checked.stderr);
    assert!(checked.stdout.contains("is sound: organisation 00000099000000000001"), "{}", checked.stdout);
    assert!(!new.data().exists(), "a drill touches no data folder");
}

#[test]
fn a_restore_that_is_killed_leaves_a_folder_that_is_refused_and_begins_anew() {
    let (machine, out) = backed_up(&many(4_000));
    let mut new = Machine::new(1);
    let mut restoring = Command::new(env!("CARGO_BIN_EXE_samenhang"))
        .args(["restore", "--from", &out])
        .env("SAMENHANG_CONFIG", new.folder().join("node.toml"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(restoring.stderr.take().unwrap()).lines();
    let begun = lines.map_while(Result::ok).any(|line| line.starts_with("restoring: "));
    restoring.kill().unwrap();
    restoring.wait().unwrap();
    assert!(begun);
    for arguments in [&["run"][..], &["init"], &["import", "/dev/null"], &["backup", "--out", "/dev/shm/no"]]
    {
        let said = new.run(arguments);
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.stdout);
        let words = ["was interrupted; run `samenhang restore` again", "holds no node"];
        assert!(words.iter().any(|words| said.stderr.contains(words)), "{arguments:?}: {}", said.stderr);
    }
    new.ok(&["restore", "--from", &out]);
    assert_eq!(signals(&new), signals(&machine));
    new.start();
    new.until("running", |status| status["phase"] == "running");
    assert_eq!(new.terminate(), 0);
}

/// A small disk; gone when dropped. `None` where this user may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, kibibytes: u32) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let size = format!("size={kibibytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|said| said.status.success()).then_some(Self(at))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_is_full_or_read_only_leaves_no_half_backup_and_no_half_node() {
    let (machine, out) = backed_up(&many(3_000));
    let new = Machine::new(1);
    let Some(disk) = SmallDisk::mount(machine.folder().join("disk"), 128) else {
        let _heard = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"skipped: this user may not mount a small disk\n",
        );
        return;
    };
    let small = path(&machine, "disk/node.backup");
    let said = machine.run(&["backup", "--out", &small]);
    assert_eq!(said.status, 2, "{}", said.stdout);
    assert!(said.stderr.contains("check that the disk has space"), "{}", said.stderr);
    assert!(said.stderr.contains("No space left on device"), "{}", said.stderr);
    assert_eq!(fs::read_dir(&disk.0).unwrap().count(), 0, "no half file");
    disk.remount("ro");
    let said = machine.run(&["backup", "--out", &small]);
    assert_eq!(said.status, 2, "{}", said.stdout);
    assert!(said.stderr.contains("Read-only file system"), "{}", said.stderr);
    drop(disk);

    // The data folder itself is the root of a disk that is too small.
    let disk = SmallDisk::mount(new.data(), 384).unwrap();
    let said = new.run(&["restore", "--from", &out]);
    assert_eq!(said.status, 2, "{}", said.stdout);
    let refused = new.run(&["run"]);
    assert_eq!(refused.status, 2, "{}", refused.stdout);
    assert!(refused.stderr.contains("was interrupted"), "{}", refused.stderr);
    disk.remount("size=512m");
    new.ok(&["restore", "--from", &out]);
    assert_eq!(signals(&new), signals(&machine));
}

fn options(format: u32, migrations: &'static [Migration]) -> StoreOptions {
    StoreOptions { schema: Schema { format, migrations }, ..StoreOptions::default() }
}

fn config(machine: &Machine) -> Config {
    Config::read(&machine.folder().join("node.toml")).unwrap()
}

#[test]
fn a_newer_data_folder_is_refused_with_what_to_do() {
    let machine = Machine::new(1);
    let secret = storage_secret(&machine.data(), &Passphrase::new(PASSPHRASE)).unwrap();
    let next = Schema::CURRENT.format + 1;
    drop(Store::open_with(&machine.data(), &secret, &options(next, &[])).unwrap());
    for command in ["run", "init"] {
        let said = machine.run(&[command]);
        assert_eq!(said.status, 2, "{command}");
        let words = format!("the data folder has format {next} and this program knows formats up to");
        assert!(said.stderr.contains(&words), "{}", said.stderr);
        assert!(
            said.stderr.contains("install the newer program again, or restore a backup"),
            "{}",
            said.stderr
        );
    }
}

/// The next format of this test wants a match for every signal.
const MATCHED: &[Migration] =
    &[Migration { from: Schema::CURRENT.format, collections: &[Collection::Signal], change: matched }];

fn matched(_: Collection, record: &Record) -> Option<Vec<Write>> {
    let key = [b"match ", record.key.as_slice()].concat();
    Some(vec![Write::Put {
        scope: Scope::Lasting,
        collection: Collection::Match,
        key,
        value: record.value.clone(),
    }])
}

#[test]
fn an_older_data_folder_is_backed_up_before_it_is_changed() {
    let (machine, _) = backed_up(&many(400));
    let (config, passphrase) = (config(&machine), Passphrase::new(PASSPHRASE));
    let next = options(Schema::CURRENT.format + 1, MATCHED);
    let open = || samenhang::backup::open_store(&config, &passphrase, &next);

    // Where the backup should go there is no room for it: nothing is changed.
    let backups = machine.data().join("backups");
    fs::write(&backups, "in the way").unwrap();
    let error = format!("{:#}", open().unwrap_err());
    assert!(error.contains("it is not changed without a backup"), "{error}");
    assert_eq!(signals(&machine).len(), 400);
    fs::remove_file(&backups).unwrap();

    let store = open().unwrap();
    assert_eq!(store.records(Collection::Match).count(), 400);
    drop(store);
    let made: Vec<PathBuf> = fs::read_dir(&backups).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let said = machine.run(&["run"]);
    assert!(said.stderr.contains("install the newer program again, or restore a backup"), "{}", said.stderr);
    // The backup is one of the old format, under the node's own passphrase, and this program restores it.
    let backup = made[0].to_str().unwrap();
    let new = Machine::new(1);
    new.ok(&["restore", "--check", backup]);
    new.ok(&["restore", "--from", backup]);
    assert_eq!(signals(&new).len(), 400);
    let secret = storage_secret(&new.data(), &passphrase).unwrap();
    let refused = Store::open_with(&new.data(), &secret, &next).unwrap_err();
    assert!(matches!(refused, StoreError::Older { .. }), "{refused}");
}
