//! A process under load that is killed at random moments, again and again: it always opens again, what it acknowledged
//! is there, Steps are whole, and what was forgotten stays forgotten.
//!
//! `KILLS` says how many times (50 unless told), `SEED` which moments; a failure tells the seed. The test starts this test
//! binary again as a child that runs `child_works_until_it_is_killed`.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and moments are what this one is about"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use domain::Epoch;
use protocol::{Collection, Outbound, ResponseToken, Scope, Secret, SecretName, Step, Write};
use store::{StorageSecret, Store, StoreError, Writer};

const FOLDER: &str = "SAMENHANG_STORE_TEST_FOLDER";

/// Steps of one epoch; two epochs are held.
const EPOCH_STEPS: u64 = 40;
/// Lasting records are put round and round under so many keys.
const SLOTS: u64 = 64;
/// What is there after a Step depends on no more than so many Steps before.
const MEMORY: u64 = 200;
/// More Steps than one commit can take together.
const GROUP: u64 = 64;
/// A child that shows nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const NEWEST: (Scope, Collection, &[u8]) = (Scope::Lasting, Collection::Head, b"newest");

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &StorageSecret::from_bytes([9; 32]))
}

fn secret_name(number: u64) -> SecretName {
    SecretName::new(format!("step-{number}"))
}

/// From nothing to four chunks.
fn body(number: u64) -> Vec<u8> {
    let length = if number.is_multiple_of(50) { 20_000 } else { number % 9 * 1024 };
    number.to_be_bytes().iter().copied().cycle().take(usize::try_from(length).unwrap()).collect()
}

fn scope(number: u64) -> Scope {
    Scope::Epoch(Epoch(u32::try_from(number / EPOCH_STEPS).unwrap()))
}

/// What Step `number` changes: records that last, that are deleted and that go with their epoch, secrets put and
/// destroyed, and with the first Step of an epoch the one before the last is forgotten.
fn writes(number: u64) -> Vec<Write> {
    let put = |scope, collection, key: u64, value| Write::Put {
        scope,
        collection,
        key: key.to_be_bytes().to_vec(),
        value,
    };
    let (lasting, id) = (Scope::Lasting, number.to_be_bytes().to_vec());
    let mut writes = vec![
        put(lasting, Collection::Header, number % SLOTS, id.clone()),
        put(lasting, Collection::Body, number % SLOTS, body(number)),
        put(scope(number), Collection::Body, number % EPOCH_STEPS, body(number)),
        put(scope(number), Collection::FamilyKeys, number % EPOCH_STEPS, id.clone()),
        Write::Put { scope: NEWEST.0, collection: NEWEST.1, key: NEWEST.2.to_vec(), value: id },
    ];
    if number.is_multiple_of(7) {
        let key = ((number + SLOTS / 2) % SLOTS).to_be_bytes().to_vec();
        writes.push(Write::Delete { scope: lasting, collection: Collection::Header, key });
    }
    if number.is_multiple_of(5) {
        writes.push(Write::PutSecret { name: secret_name(number), secret: Secret::new(body(number)) });
        if let Some(before) = number.checked_sub(5) {
            writes.push(Write::DestroySecret { name: secret_name(before) });
        }
    }
    if number.is_multiple_of(EPOCH_STEPS)
        && let Some(scope) = number.checked_sub(2 * EPOCH_STEPS).map(scope)
    {
        writes.push(Write::Forget { scope });
    }
    writes
}

/// What is there when Step `number` was the last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    records: BTreeMap<(Scope, u8, Vec<u8>), Vec<u8>>,
    secrets: BTreeMap<SecretName, Vec<u8>>,
}

fn expected(number: u64) -> Shown {
    let mut shown = Shown::default();
    for write in (number.saturating_sub(MEMORY).max(1)..=number).flat_map(writes) {
        match write {
            Write::Put { scope, collection, key, value } => {
                shown.records.insert((scope, collection.number(), key), value);
            }
            Write::Delete { scope, collection, key } => {
                shown.records.remove(&(scope, collection.number(), key));
            }
            Write::Forget { scope: gone } => shown.records.retain(|(scope, ..), _| *scope != gone),
            Write::PutSecret { name, secret } => {
                shown.secrets.insert(name, secret.reveal().to_vec());
            }
            Write::DestroySecret { name } => {
                shown.secrets.remove(&name);
            }
        }
    }
    shown
}

fn newest(store: &Store) -> u64 {
    let value = store.record(NEWEST.0, NEWEST.1, NEWEST.2).unwrap();
    value.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()))
}

/// Returns the last Step that is there.
fn check(folder: &Path, acknowledged: u64) -> u64 {
    let store = open(folder).unwrap();
    let last = newest(&store);
    assert!(last >= acknowledged, "Step {acknowledged} was acknowledged and {last} is the last one there");
    let expected = expected(last);
    let mut found = Shown::default();
    for collection in Collection::ALL {
        for record in store.records(collection) {
            let record = record.unwrap();
            found.records.insert((record.scope, collection.number(), record.key), record.value);
        }
    }
    let keys = |shown: &Shown| shown.records.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&found), keys(&expected), "after Step {last}");
    assert!(found.records == expected.records, "every value is that of its Step, after {last}");
    // Secrets of the commit that was under way may be there; those that its Steps destroy are there still.
    for name in store.secret_names().unwrap() {
        let secret = store.secret(&name).unwrap().unwrap();
        let early = (last + 1..last + GROUP).find(|number| name == secret_name(*number));
        let whole = early.map_or_else(|| expected.secrets.get(&name).cloned(), |number| Some(body(number)));
        assert_eq!(whole.as_deref(), Some(secret.reveal()), "{name:?} after Step {last}");
        found.secrets.insert(name, secret.reveal().to_vec());
    }
    assert!(expected.secrets.keys().all(|name| found.secrets.contains_key(name)), "secrets after {last}");
    // Data keys are there for the epochs that are held, and for those that the commit under way began.
    let epoch = last / EPOCH_STEPS;
    for forgotten in
        (epoch.saturating_sub(6)..epoch.saturating_sub(1)).map(|epoch| u32::try_from(epoch).unwrap())
    {
        assert!(store.is_forgotten(Scope::Epoch(Epoch(forgotten))), "epoch {forgotten} after Step {last}");
    }
    for entry in fs::read_dir(folder.join("keys")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.ends_with(".sealed"), "{name} is left over after Step {last}");
        if let Some(of) = name.strip_prefix("epoch-") {
            let of: u64 = of.strip_suffix(".sealed").unwrap().parse().unwrap();
            assert!((epoch.saturating_sub(1)..=epoch + 2).contains(&of), "{name} after Step {last}");
        }
    }
    last
}

fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "the child of the test that kills it"]
fn child_works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    print("opening");
    let store = open(&folder).unwrap();
    let first = newest(&store) + 1;
    print(&format!("open {first}"));
    let (_writer, steps) = Writer::spawn(
        store,
        |said| {
            let Some(Outbound::Respond { token, .. }) = said.last() else { panic!("nobody said {said:?}") };
            print(&format!("kept {}", token.0));
        },
        |error| panic!("{error}"),
    );
    for number in first.. {
        let mut step = Step::default();
        writes(number).into_iter().for_each(|write| step.write(write));
        step.say(Outbound::Respond { token: ResponseToken(number), frame: Vec::new() });
        steps.send(step).unwrap();
    }
}

/// A child that does not outlive the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
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
}

/// What is waited for before the clock of a kill starts to run.
#[derive(Clone, Copy)]
enum From {
    /// The child opens the folder.
    Opening,
    /// It is at work.
    Work,
    /// It is about to forget an epoch.
    Forgetting,
}

impl From {
    fn reached(self, line: &str) -> bool {
        let kept = line.strip_prefix("kept ").and_then(|number| number.parse::<u64>().ok());
        match self {
            Self::Opening => line == "opening",
            Self::Work => line.starts_with("open "),
            Self::Forgetting => kept.is_some_and(|number| number % EPOCH_STEPS > EPOCH_STEPS / 2),
        }
    }
}

/// What one child said until it was killed.
struct Heard {
    open: bool,
    acknowledged: Option<u64>,
}

fn work_and_kill(folder: &Path, from: From, after: Duration) -> Heard {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_works_until_it_is_killed", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let output = BufReader::new(child.0.stdout.take().unwrap());
    let (tell, told) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    let mut heard = Heard { open: false, acknowledged: None };
    let mut hear = |line: &str| {
        heard.open |= line.starts_with("open ");
        let kept = line.strip_prefix("kept ").map(|number| number.parse().unwrap());
        heard.acknowledged = kept.or(heard.acknowledged);
    };
    let (mut reached, mut deadline) = (false, Instant::now() + PATIENCE);
    loop {
        match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                hear(&line);
                if !reached && from.reached(&line) {
                    (reached, deadline) = (true, Instant::now() + after);
                }
            }
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => panic!("the child ended by itself"),
        }
    }
    assert!(reached, "the child hangs");
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    reader.join().unwrap();
    // Lines that were on their way are acknowledgements too. Each is written at once, so none is cut short.
    told.try_iter().for_each(|line| hear(&line));
    heard
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn a_process_killed_at_random_moments_loses_nothing_acknowledged_tears_no_step_and_forgets_for_good() {
    let kills = setting("KILLS").unwrap_or(50);
    let seed = setting("SEED").unwrap_or_else(|| {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    });
    let folder = tempfile::tempdir().unwrap();
    let (mut dice, started) = (Dice(seed), Instant::now());
    let (mut last, mut while_opening, mut left_over) = (0, 0, 0);
    for kill in 0..kills {
        let (from, longest_micros) = match dice.below(4) {
            0 => (From::Opening, 12_000),
            1 | 2 => (From::Work, 120_000),
            _ => (From::Forgetting, 6_000),
        };
        let after = Duration::from_micros(dice.below(longest_micros));
        let heard = work_and_kill(folder.path(), from, after);
        while_opening += u64::from(!heard.open);
        left_over += u64::from(is_left_over(folder.path()));
        if dice.below(16) == 0 && folder.path().join("db").exists() {
            // As a kill leaves it that meets the engine writing a snapshot.
            fs::write(folder.path().join("db/snap.00000000FFFFFFFF.generating"), b"half").unwrap();
        }
        let acknowledged = heard.acknowledged.unwrap_or(last);
        assert!(acknowledged >= last, "it goes on where it was");
        let checked = std::panic::catch_unwind(|| check(folder.path(), acknowledged));
        last = checked.unwrap_or_else(|_| panic!("kill {kill} of SEED={seed} KILLS={kills}"));
    }
    let told = format!(
        "{kills} kills, {while_opening} of them while opening, {left_over} left a half snapshot; {last} Steps, \
         {} epochs forgotten; {} s; SEED={seed}",
        (last / EPOCH_STEPS).saturating_sub(1),
        started.elapsed().as_secs(),
    );
    // Not by print, which the test harness keeps to itself when a test passes.
    writeln!(std::io::stderr(), "{told}").unwrap();
    assert!(kills < 50 || (while_opening > 0 && last > EPOCH_STEPS * 3), "{told}");
}

fn is_left_over(folder: &Path) -> bool {
    let names = fs::read_dir(folder.join("db")).into_iter().flatten().flatten();
    names.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().ends_with(".generating"))
}
