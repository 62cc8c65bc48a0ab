//! A process that is killed, and a disk that refuses: what was acknowledged is there, and Steps are whole.
//!
//! The tests start this test binary again as a child that runs one of the `child_…` functions.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
};

use protocol::{Collection, Outbound, ResponseToken, Scope, Secret, SecretName, Step, Write};
use store::{QUEUED_STEPS, Stopped, StorageSecret, Store, StoreError, Writer};

const FOLDER: &str = "SAMENHANG_STORE_TEST_FOLDER";
const FIRST: &str = "SAMENHANG_STORE_TEST_FIRST";

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &StorageSecret::from_bytes([9; 32]))
}

fn secret_name(number: u64) -> SecretName {
    SecretName::new(format!("step-{number}"))
}

/// Every Step puts two records of its own, moves two records that all Steps share, puts a secret and destroys the
/// one before; and says its number.
fn step(number: u64) -> Step {
    let id = number.to_be_bytes().to_vec();
    let mut step = Step::default();
    step.put(Collection::Header, id.clone(), id.clone());
    step.put(Collection::Head, b"newest".to_vec(), id.clone());
    step.put(Collection::Match, b"newest".to_vec(), id.clone());
    step.put(Collection::Body, id, body(number));
    if number.is_multiple_of(5) {
        step.write(Write::PutSecret { name: secret_name(number), secret: Secret::new(body(number)) });
        if let Some(before) = number.checked_sub(5) {
            step.write(Write::DestroySecret { name: secret_name(before) });
        }
    }
    step.say(Outbound::Respond { token: ResponseToken(number), frame: Vec::new() });
    step
}

/// Some are short and some are as long as a value may be.
fn body(number: u64) -> Vec<u8> {
    let length = usize::try_from(number % 9).unwrap() * 8192;
    number.to_be_bytes().iter().copied().cycle().take(length.min(64 * 1024)).collect()
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

fn tokens(said: &[Outbound]) -> Vec<u64> {
    let token = |said: &Outbound| {
        let Outbound::Respond { token, .. } = said else { panic!("nobody said {said:?}") };
        token.0
    };
    said.iter().map(token).collect()
}

fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

/// The folder a child works in; `None` when the test runner meets it as an ordinary test.
fn child_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

fn start_child(program: &mut Command, folder: &Path, first: u64) -> Child {
    program.env(FOLDER, folder).env(FIRST, first.to_string()).stdout(Stdio::piped()).spawn().unwrap()
}

fn child_arguments(function: &str) -> [&str; 5] {
    ["--exact", function, "--ignored", "--nocapture", "--test-threads=1"]
}

#[test]
#[ignore = "the child of the test that kills it"]
fn child_commits_until_it_is_killed() {
    let Some(folder) = child_folder() else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let (_writer, steps) = Writer::spawn(
        open(&folder).unwrap(),
        |said| tokens(&said).iter().for_each(|number| print(&format!("kept {number}"))),
        |error| panic!("{error}"),
    );
    for number in first.. {
        steps.send(step(number)).unwrap();
    }
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_and_steps_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for lines in [1, 40, 7, 150, 90, 3] {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(child_arguments("child_commits_until_it_is_killed"));
        let before = acknowledged;
        let mut child = start_child(&mut program, folder.path(), before + 1);
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let kept = |line: String| line.strip_prefix("kept ").map(|number| number.parse::<u64>().unwrap());
        let read: Vec<u64> = output.by_ref().filter_map(kept).take(lines).collect();
        child.kill().unwrap();
        // Lines that were on their way at the kill are acknowledgements too. The last may be cut short.
        let mut kept: Vec<u64> = read
            .into_iter()
            .chain(output.filter(|line| line.starts_with("kept ")).filter_map(kept))
            .collect();
        child.wait().unwrap();
        if kept.len() > lines {
            kept.pop();
        }
        assert!(kept.len() >= lines, "the child ended by itself");
        assert!(kept.iter().copied().eq(before + 1..=before + kept.len() as u64), "{kept:?}");
        acknowledged = verify(&open(folder.path()).unwrap(), *kept.last().unwrap());
    }
}

/// Returns the last Step that is there; it may be beyond the last one acknowledged.
fn verify(store: &Store, acknowledged: u64) -> u64 {
    let listed = |collection| -> BTreeMap<u64, Vec<u8>> {
        store
            .records(collection)
            .map(|record| record.map(|it| (number(&it.key), it.value)).unwrap())
            .collect()
    };
    let headers = listed(Collection::Header);
    let last = *headers.keys().next_back().unwrap();
    assert!(last >= acknowledged, "Step {acknowledged} was acknowledged and {last} is the last one there");
    assert!(headers.keys().copied().eq(1..=last), "every Step up to the last");
    assert!(headers.iter().all(|(number_of, value)| number(value) == *number_of));
    let bodies = listed(Collection::Body);
    assert!(bodies.keys().eq(headers.keys()), "both records of every Step");
    assert!(bodies.iter().all(|(number, value)| *value == body(*number)));
    for collection in [Collection::Head, Collection::Match] {
        assert_eq!(
            number(&store.record(Scope::Lasting, collection, b"newest").unwrap().unwrap()),
            last,
            "{collection:?}"
        );
    }
    // The newest secret that the Steps there have put is there, the ones before are destroyed; secrets of Steps
    // that were not finished may lie idle.
    let newest = last - last % 5;
    if newest > 0 {
        assert_eq!(store.secret(&secret_name(newest)).unwrap().unwrap().reveal(), body(newest));
        assert!((0..newest).all(|number| store.secret(&secret_name(number)).unwrap().is_none()));
    }
    last
}

#[test]
#[ignore = "the child of the test that lets it write no more than a little"]
fn child_commits_until_the_disk_refuses() {
    let Some(folder) = child_folder() else { return };
    let (failed, failure) = mpsc::channel();
    let (writer, steps) = Writer::spawn(
        open(&folder).unwrap(),
        |said| tokens(&said).iter().for_each(|number| print(&format!("kept {number}"))),
        move |error| failed.send(error).unwrap(),
    );
    let refused = (1..).find_map(|number| steps.send(step(number)).err());
    assert_eq!(refused, Some(Stopped));
    print(&format!("failed {}", failure.recv().unwrap()));
    assert!(failure.recv().is_err(), "on_failure is called once");
    assert!(matches!(writer.stop(), Err(StoreError::WriterStopped)));
    print("refused");
}

#[cfg(unix)]
#[test]
fn a_disk_that_refuses_stops_the_writer_and_takes_back_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Files cannot grow beyond 4 MiB; with the signal ignored, writing beyond is an error, as on a full disk.
    let mut program = Command::new("sh");
    program.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$0\" \"$@\""]);
    program
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments("child_commits_until_the_disk_refuses"));
    let child = start_child(program.stderr(Stdio::piped()), folder.path(), 1);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let kept: Vec<u64> = text
        .lines()
        .filter_map(|line| line.strip_prefix("kept "))
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(kept.iter().copied().eq(1..=kept.len() as u64));
    assert!(text.contains("\nfailed ") && text.contains("\nrefused"), "{text}");
    verify(&open(folder.path()).unwrap(), *kept.last().unwrap());
}

#[test]
fn stopping_commits_what_is_queued_and_gives_the_store_back() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, said) = mpsc::channel();
    let (writer, steps) = Writer::spawn(
        open(folder.path()).unwrap(),
        move |said| kept.send(tokens(&said)).unwrap(),
        |error| panic!("{error}"),
    );
    let count = QUEUED_STEPS as u64 + 50;
    for number in 1..=count {
        steps.send(step(number)).unwrap();
    }
    let store = writer.stop().unwrap();
    assert!(said.iter().flatten().eq(1..=count), "all of them spoke, in order");
    assert_eq!(steps.send(step(count + 1)), Err(Stopped));
    assert_eq!(verify(&store, count), count);
    drop(store);
    assert_eq!(verify(&open(folder.path()).unwrap(), count), count);
}

#[test]
fn a_step_that_is_too_large_stops_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (failed, failure) = mpsc::channel();
    let (writer, steps) = Writer::spawn(
        open(folder.path()).unwrap(),
        |said| assert_eq!(tokens(&said), [1]),
        move |error| failed.send(error).unwrap(),
    );
    steps.send(step(1)).unwrap();
    let mut large = Step::default();
    (0..51).for_each(|number| large.append(step(number)));
    steps.send(large).unwrap();
    assert!(matches!(failure.recv().unwrap(), StoreError::StepTooLarge { .. }));
    assert_eq!(steps.send(step(2)), Err(Stopped));
    assert!(matches!(writer.stop(), Err(StoreError::WriterStopped)));
    assert_eq!(verify(&open(folder.path()).unwrap(), 1), 1);
}
