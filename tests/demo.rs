//! The demonstration as a visitor runs it: the built program on the files that come with it, every case of
//! `config/demo/README.md`, and files that are wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

/// Organisation, family, involved organisation.
type Pair = (String, String, String);

struct Demo {
    lines: BTreeMap<Pair, Value>,
    order: Vec<Pair>,
    output: Output,
    work: TempDir,
}

/// One run for all tests that look at the files that come with the program.
static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let work = tempfile::tempdir().unwrap();
    let (json, folders) = (work.path().join("out.jsonl"), work.path().join("folders"));
    let output = samenhang(&[
        "demo",
        "--once",
        "--full",
        "--json",
        json.to_str().unwrap(),
        "--work",
        folders.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (lines, order) = read_json(&json);
    Demo { lines, order, output, work }
});

fn samenhang(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_samenhang")).args(arguments).current_dir(root).output().unwrap()
}

fn read_json(path: &Path) -> (BTreeMap<Pair, Value>, Vec<Pair>) {
    let mut lines = BTreeMap::new();
    let mut order = Vec::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |field: &str| value[field].as_str().unwrap().to_owned();
        let pair = (text("organisatie"), text("gezin"), text("betrokken"));
        order.push(pair.clone());
        assert!(lines.insert(pair, value).is_none(), "a pair stands twice");
    }
    (lines, order)
}

/// The rows of a semicolon-separated file under `tests/data`, without its header.
fn rows(name: &str, columns: usize) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(name);
    let text = fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<String>> =
        text.lines().skip(1).map(|line| line.split(';').map(str::to_owned).collect()).collect();
    assert!(rows.iter().all(|row| row.len() == columns), "{name}: every row has {columns} columns");
    rows
}

fn certainty(value: &Value) -> &str {
    value["zekerheid"].as_str().unwrap()
}

#[test]
fn every_case_comes_out_as_described() {
    let rows = rows("demo-cases.csv", 5);
    assert!(rows.len() >= 80, "the list of cases is whole");
    for row in rows {
        let [case, organisation, family, involved, expected] = <[String; 5]>::try_from(row).unwrap();
        let found = DEMO.lines.get(&(organisation.clone(), family.clone(), involved.clone())).map(certainty);
        let right = match expected.as_str() {
            "none" => found.is_none(),
            "*" => found.is_some(),
            exact => found == Some(exact),
        };
        assert!(right, "{case}: {organisation} {family} - {involved}: expected {expected}, found {found:?}");
    }
}

#[test]
fn exactly_the_true_pairs_are_found() {
    let rows = rows("demo-pairs.csv", 4);
    assert!(rows.len() >= 200, "the list of pairs is whole");
    let mut expected = BTreeMap::new();
    for row in rows {
        let [organisation, family, involved, certainty] = <[String; 4]>::try_from(row).unwrap();
        expected.insert((organisation, family, involved), certainty);
    }
    let wanted: BTreeSet<&Pair> = expected.keys().collect();
    let found: BTreeSet<&Pair> = DEMO.lines.keys().collect();
    let missed: Vec<_> = wanted.difference(&found).collect();
    let invented: Vec<_> = found.difference(&wanted).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}, invented {invented:#?}");
    for (pair, wanted) in &expected {
        let found = certainty(&DEMO.lines[pair]);
        assert!(wanted == "*" || wanted == found, "{pair:?}: expected {wanted}, found {found}");
    }
}

#[test]
fn lines_are_sorted_complete_and_say_why() {
    assert!(DEMO.order.is_sorted());
    for (pair, line) in &DEMO.lines {
        let coverage = &line["dekking"];
        assert!(coverage["actueel"].as_u64().unwrap() >= 4, "{pair:?}");
        assert_eq!(coverage["onvolledig"].as_array().unwrap().len(), 0, "{pair:?}");
        assert_eq!(coverage["verouderd"].as_array().unwrap().len(), 0, "{pair:?}");
        let basis = line["basis"].as_array().unwrap();
        assert!(!basis.is_empty(), "{pair:?}");
        let certain = basis.iter().any(|reason| reason["sleutel"] == "bsn");
        assert_eq!(certain, certainty(line) == "zeker", "{pair:?}: certain by bsn and by nothing else");
        for reason in basis {
            let (role, key) = (reason["rol"].as_str().unwrap(), reason["sleutel"].as_str().unwrap());
            assert_eq!(role == "gezin", key == "huishouden", "{pair:?}");
        }
    }
}

#[test]
fn an_organisation_without_entitlement_is_never_certain() {
    let housing: Vec<_> = DEMO.lines.iter().filter(|(pair, _)| pair.0.starts_with("woonstichting")).collect();
    assert!(!housing.is_empty());
    assert!(housing.iter().all(|(_, line)| certainty(line) != "zeker"));
}

#[test]
fn the_report_names_every_organisation_and_no_person() {
    let (printed, told) =
        (String::from_utf8_lossy(&DEMO.output.stdout), String::from_utf8_lossy(&DEMO.output.stderr));
    for name in ["De Linde", "Het Kompas", "Waalbocht", "Veilig Thuis"] {
        assert!(printed.contains(name), "{name}");
    }
    for personal in personal_details() {
        assert!(!printed.contains(&personal) && !told.contains(&personal), "a personal detail is printed");
    }
}

#[test]
fn no_personal_detail_stands_in_plaintext_on_disk() {
    let personal: Vec<String> = personal_details().into_iter().collect();
    assert!(personal.len() > 200);
    let mut files = Vec::new();
    collect(&DEMO.work.path().join("folders"), &mut files);
    assert!(files.iter().any(|file| file.ends_with("db/db")), "the stores are there");
    let mut bytes_read = 0;
    for file in files {
        let bytes = fs::read(&file).unwrap();
        bytes_read += bytes.len();
        let found = personal.iter().any(|detail| contains(&bytes, detail.as_bytes()));
        assert!(!found, "{} holds a personal detail in plaintext", file.display());
    }
    assert!(bytes_read > 100_000, "there was something to read");
}

/// BSNs and long surnames of the demonstration's files. Surnames under seven letters could occur by chance.
fn personal_details() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/demo");
    let mut details = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "csv") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let separator = if text.lines().next().unwrap().contains(';') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
        let headers = reader.headers().unwrap().clone();
        for record in reader.records() {
            for (column, cell) in headers.iter().zip(record.unwrap().iter()) {
                let telling = match column {
                    "burgerservicenummer" => cell.len() == 9,
                    "geslachtsnaam" => cell.len() >= 7,
                    _ => false,
                };
                if telling {
                    details.insert(cell.to_owned());
                }
            }
        }
    }
    details
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

// Own files.

const HEADER: &str = "gezin;rol;burgerservicenummer;voornamen;geslachtsnaam;geboortedatum;grondslag\n";

fn own_files(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in files {
        fs::write(folder.path().join(name), format!("{HEADER}{rows}")).unwrap();
    }
    folder
}

fn run_on(folder: &TempDir) -> (Output, BTreeMap<Pair, Value>) {
    let json = folder.path().join("out.jsonl");
    let directory = folder.path().to_str().unwrap();
    let output = samenhang(&["demo", "--data", directory, "--once", "--json", json.to_str().unwrap()]);
    let lines = if json.exists() { read_json(&json).0 } else { BTreeMap::new() };
    (output, lines)
}

const MOTHER_A: &str = "a-1;ouder;111222333;Anna;Zonneveld;1987-05-12;wet\n";
const MOTHER_B: &str = "b-1;ouder;111222333;Anna;Zonneveld;1987-05-12;wet\n";

#[test]
fn own_files_without_a_description_find_each_other() {
    let folder = own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B), ("mies.csv", "")]);
    let (output, lines) = run_on(&folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pair = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(lines.len(), 2);
    assert_eq!(certainty(&lines[&pair("aap", "a-1", "noot")]), "zeker");
    assert_eq!(certainty(&lines[&pair("noot", "b-1", "aap")]), "zeker");
    assert_eq!(lines[&pair("aap", "a-1", "noot")]["dekking"]["actueel"], 2);
}

#[test]
fn two_files_are_enough_and_one_is_refused() {
    let (output, lines) = run_on(&own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B)]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lines.len(), 2);
    let (output, lines) = run_on(&own_files(&[("aap.csv", MOTHER_A)]));
    assert_eq!(output.status.code(), Some(2));
    assert!(lines.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("two"), "it says how many it wants");
}

#[test]
fn a_bad_row_leaves_its_family_out_and_the_others_in() {
    let bad = "a-2;ouder;111222334;Piet;Visser;1970-01-02;wet\na-2;kind;;Jan;Visser;2015-01-02;wet\n";
    let folder = own_files(&[("aap.csv", &format!("{MOTHER_A}{bad}")), ("noot.csv", MOTHER_B)]);
    let (output, lines) = run_on(&folder);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("aap.csv, line 3, column burgerservicenummer: "), "{told}");
    assert!(!told.contains("111222334") && !told.contains("Visser"), "the cell is not repeated: {told}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn what_is_unknown_is_refused_by_name_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("aap.csv"), "gezin;rol;geslachtsnam\na-1;ouder;Zonneveld\n").unwrap();
    fs::write(folder.path().join("noot.csv"), format!("{HEADER}{MOTHER_B}")).unwrap();
    let (output, _) = run_on(&folder);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("geslachtsnam") && told.contains("geslachtsnaam"), "{told}");

    let folder = own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B)]);
    fs::write(folder.path().join("netwerk.toml"), "[netwerk]\nnaam = \"x\"\ndrempl = 2\n").unwrap();
    let (output, _) = run_on(&folder);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("drempl") && told.contains("drempel"), "{told}");

    let output = samenhang(&["dmo"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("dmo") && told.contains("demo"), "{told}");
}

#[test]
fn an_interrupted_demonstration_says_so_and_keeps_the_earlier_file() {
    let folder = own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B)]);
    let (json, temporary) = (folder.path().join("earlier.jsonl"), tempfile::tempdir().unwrap());
    fs::write(&json, "earlier").unwrap();
    for signal in ["INT", "TERM"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_samenhang"))
            .args(["demo", "--once", "--data", folder.path().to_str().unwrap()])
            .args(["--json", json.to_str().unwrap()])
            .env("TMPDIR", temporary.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let started = told.find(|line| line.contains("starting 2 nodes"));
        assert!(started.is_some());
        let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(killed.unwrap().success());
        assert!(told.any(|line| line.contains("interrupted")), "{signal}");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
    assert_eq!(fs::read_to_string(&json).unwrap(), "earlier");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "no folder is left behind");
}

#[test]
fn a_standard_error_that_cannot_be_written_stops_nothing() {
    let folder = own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B)]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_samenhang"))
        .args(["demo", "--once", "--data", folder.path().to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(full)
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn an_input_file_is_never_the_output_file() {
    let folder = own_files(&[("aap.csv", MOTHER_A), ("noot.csv", MOTHER_B)]);
    let (directory, input) = (folder.path().to_str().unwrap(), folder.path().join("aap.csv"));
    let output = samenhang(&["demo", "--once", "--data", directory, "--json", input.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(fs::read_to_string(&input).unwrap().starts_with("gezin;"));
}

#[test]
fn folders_and_files_that_cannot_be_used_are_named() {
    for (arguments, named) in [
        (vec!["demo", "--once", "--data", "/nowhere/at/all"], "/nowhere/at/all"),
        (vec!["demo", "--once", "--json", "/nowhere/out.jsonl"], "/nowhere/out.jsonl"),
        (vec!["demo", "--once", "--work", "config"], "config"),
    ] {
        let output = samenhang(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(named), "{told}");
    }
}
