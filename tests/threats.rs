//! Keeps `SECURITY.md` true where a machine can tell: every "cannot" names tests, and every test named is there.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

#[path = "threats/named.rs"]
mod named;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use named::is_test;

/// The attackers, by the headings under which the page tells of them.
const ATTACKERS: [&str; 13] = [
    "A stranger",
    "Somebody who watches or holds the network",
    "A member that relays",
    "A member",
    "A member with a modified node",
    "Fewer than t keyholders",
    "t keyholders or more",
    "Governors below the threshold",
    "A majority of governors",
    "A thief of a disk",
    "A thief of a backup",
    "An administrator of the node, or malicious code in the process",
    "A former member",
];

/// What a row may say.
const VERDICTS: [&str; 3] = ["may", "cannot", "planned"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every source file below a folder, as its path and text; build output and hidden folders are left out.
fn sources(below: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.is_file() && name.ends_with(".rs") {
            found.push((path.to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What a row says of tests that are not run with the others.
const BY_COMMAND: &str = "by command";

/// A row of a table: the attacker, the verdict, what it is about, and the tests named.
struct Row {
    attacker: String,
    verdict: String,
    what: String,
    tests: Vec<(String, String)>,
    is_by_command: bool,
}

/// The rows of all tables with four columns, and what is wrong with them.
fn rows(page: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut attacker = String::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("### ").or_else(|| line.strip_prefix("## ")) {
            attacker = heading.to_owned();
            continue;
        }
        let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { continue };
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        let [verdict, what, _, tests] = cells.as_slice() else {
            wrong.push(format!("{attacker}: a row has {} cells: {line}", cells.len()));
            continue;
        };
        if verdict.is_empty() || verdict.starts_with('-') {
            continue;
        }
        let mut file = String::new();
        let mut named = Vec::new();
        for word in tests.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                word.clone_into(&mut file);
            } else {
                named.push((file.clone(), word.to_owned()));
            }
        }
        let (attacker, verdict, what) = (attacker.clone(), (*verdict).to_owned(), (*what).to_owned());
        let is_by_command = tests.contains(BY_COMMAND);
        rows.push(Row { attacker, verdict, what, tests: named, is_by_command });
    }
    (rows, wrong)
}

/// What a page says that is not so, in the sources of a workspace.
fn problems(page: &str, sources: &[(String, String)]) -> Vec<String> {
    let (rows, mut problems) = rows(page);
    for row in &rows {
        let place = format!("{}: {} {}", row.attacker, row.verdict, row.what);
        if !VERDICTS.contains(&row.verdict.as_str()) {
            problems.push(format!("{place}: no such verdict"));
        }
        if row.verdict == "cannot" && row.tests.is_empty() {
            problems.push(format!("{place}: names no test"));
        }
        for (file, name) in &row.tests {
            let ends = format!("/{file}");
            let mut found = sources.iter().filter(|(path, _)| path.ends_with(&ends)).peekable();
            if found.peek().is_none() {
                problems.push(format!("{place}: no file {file}"));
            } else if !found.any(|(_, text)| is_test(text, name, row.is_by_command)) {
                problems.push(format!("{place}: no test {name} in {file}"));
            }
        }
    }
    problems
}

fn page_and_sources() -> (String, Vec<(String, String)>) {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    (fs::read_to_string(root().join("SECURITY.md")).unwrap(), found)
}

#[test]
fn every_cannot_of_the_threat_table_names_tests_that_exist() {
    let (page, sources) = page_and_sources();
    let problems = problems(&page, &sources);
    assert!(problems.is_empty(), "{problems:#?}");
    let rows = rows(&page).0;
    for attacker in ATTACKERS {
        for verdict in ["may", "cannot"] {
            let told = rows.iter().any(|row| row.attacker == attacker && row.verdict == verdict);
            assert!(told, "SECURITY.md does not say what this attacker {verdict}: {attacker}");
        }
    }
}

#[test]
fn every_test_of_the_threats_stands_in_the_table() {
    let (page, sources) = page_and_sources();
    let named: BTreeSet<String> =
        rows(&page).0.into_iter().flat_map(|row| row.tests).map(|(_, name)| name).collect();
    let mut tests = 0;
    let threats =
        sources.iter().filter(|(path, _)| path.contains("/suite/threats/") || path.ends_with("/wire.rs"));
    for (path, text) in threats {
        let names = text.lines().filter_map(|line| {
            let line = line.trim().trim_start_matches("async ");
            line.strip_prefix("fn ")?.split_once('(').map(|(name, _)| name)
        });
        for name in names.filter(|name| is_test(text, name, true)) {
            assert!(named.contains(name), "SECURITY.md does not name {name} of {path}");
            tests += 1;
        }
    }
    assert!(tests >= 20, "only {tests} tests were recognised");
}

#[test]
fn what_is_wrong_in_a_table_is_found() {
    let sources = vec![(
        "/a/tests/one.rs".to_owned(),
        "#[test]\nfn is_there() {}\n\n#[tokio::test]\nasync fn waits() {}\n\nfn helper() {}\n\n\
         #[test]\n#[ignore = \"minutes\"]\nfn takes_long() {}\n\n#[ignore]\n#[test]\nfn sleeps() {}\n"
            .to_owned(),
    )];
    let table = |row: &str| format!("### Somebody\n\n| | what | why | tests |\n|---|---|---|---|\n{row}\n");
    for right in [
        "| cannot | a | b | `tests/one.rs` `is_there` `waits` |",
        "| cannot | a | b | `tests/one.rs` `takes_long`, by command |",
        "| may | a | | |",
        "| planned | a | | |",
    ] {
        assert_eq!(problems(&table(right), &sources), [""; 0], "{right}");
    }
    for (row, expected) in [
        ("| cannot | a | b | |", "names no test"),
        ("| cannot | a | b | `one.rs` `gone` |", "no test gone"),
        ("| cannot | a | b | `one.rs` `helper` |", "no test helper"),
        ("| cannot | a | b | `one.rs` `takes_long` |", "no test takes_long"),
        ("| cannot | a | b | `one.rs` `sleeps` |", "no test sleeps"),
        ("| may | a | b | `two.rs` `is_there` |", "no file two.rs"),
        ("| might | a | b | |", "no such verdict"),
        ("| cannot | b |", "cells"),
    ] {
        let found = problems(&table(row), &sources);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{row}: {found:?}");
    }
}
