//! Proves the layers: which crate may use which, that pure crates stay pure, and that no crate is an empty shell.
//!
//! `cargo metadata` says what is; the tables below say what may be. `docs/ARCHITECTURE.md` draws the same arrows for
//! people: whoever adds a crate adds a row here and a paragraph there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// Crates without clock, operating system, network or disk.
const PURE: [&str; 7] = ["domain", "linkage", "crypto", "roster", "audit", "index", "protocol"];

/// What a pure crate reaches not even through others: runtime, network, pages, database. Families of crates that
/// share the name with a hyphen count as well.
const NEVER_IN_PURE: [&str; 4] = ["tokio", "libp2p", "axum", "sled"];

/// Only tests use it.
const TESTKIT: &str = "testkit";

/// The allowed arrows: each crate of the workspace with the crates of the workspace that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("linkage", &["domain"]),
    ("crypto", &["domain"]),
    ("roster", &["domain", "crypto"]),
    ("audit", &["domain", "crypto", "roster"]),
    ("index", &["domain", "linkage", "crypto", "roster"]),
    ("protocol", &["domain", "linkage", "crypto", "roster", "audit", "index"]),
    ("network", &["domain", "protocol"]),
    ("store", &["domain", "linkage", "crypto", "roster", "audit", "index", "protocol"]),
    ("control", &["domain"]),
    ("testkit", &["domain", "linkage", "crypto", "roster", "audit", "index", "protocol"]),
    (
        "samenhang",
        &[
            "domain", "linkage", "crypto", "roster", "audit", "index", "protocol", "network", "store",
            "control",
        ],
    ),
];

/// The output of `cargo metadata`, as far as the checks need it.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Dependency {
    /// Whether what is built for users contains it: a normal or build dependency.
    fn is_shipped(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"))
    }

    fn is_for_tests(&self) -> bool {
        self.dep_kinds.iter().any(|kind| kind.kind.as_deref() == Some("dev"))
    }
}

/// Everything that breaks a rule of this file, one sentence each.
fn violations(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let name = |id: &str| names.get(id).copied().unwrap_or("?").to_owned();
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();

    let mut found = Vec::new();
    for id in &metadata.workspace_members {
        let from = name(id);
        let Some(may_use) = allowed.get(from.as_str()) else {
            found.push(format!("{from} has no row in the table of allowed arrows"));
            continue;
        };
        let deps = nodes.get(id.as_str()).into_iter().flat_map(|node| &node.deps);
        for dep in deps.filter(|dep| metadata.workspace_members.contains(&dep.pkg)) {
            let to = name(&dep.pkg);
            if dep.is_shipped() && !may_use.contains(&to.as_str()) {
                found.push(format!("{from} may not use {to}"));
            }
            if dep.is_for_tests() && to != TESTKIT && !PURE.contains(&to.as_str()) {
                found.push(format!("the tests of {from} may not use {to}"));
            }
        }
        if PURE.contains(&from.as_str()) {
            for reached in reached_from(id, &nodes) {
                let package = name(reached);
                if NEVER_IN_PURE.iter().any(|banned| belongs_to(&package, banned)) {
                    found.push(format!("{from} is pure and reaches {package}"));
                }
            }
        }
    }
    let members: BTreeSet<String> = metadata.workspace_members.iter().map(|id| name(id)).collect();
    for (row, _) in ALLOWED {
        if !members.contains(*row) {
            found
                .push(format!("the table of allowed arrows names {row}, which is no crate of the workspace"));
        }
    }
    found
}

/// Ids of everything that a package contains when it is shipped, itself left out.
fn reached_from<'a>(start: &str, nodes: &BTreeMap<&str, &'a Node>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        let deps = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        for dep in deps.filter(|dep| dep.is_shipped()) {
            if reached.insert(dep.pkg.as_str()) {
                waiting.push(&dep.pkg);
            }
        }
    }
    reached
}

fn belongs_to(package: &str, family: &str) -> bool {
    package.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// Whether a source file says nothing but comments, blank lines and inner attributes.
fn is_hollow(source: &str) -> bool {
    let is_filler = |line: &str| line.is_empty() || line.starts_with("//") || line.starts_with("#![");
    source.lines().map(str::trim).all(is_filler)
}

/// Whether a manifest takes over the lints of the workspace.
fn inherits_lints(manifest: &str) -> bool {
    let manifest: toml::Table = manifest.parse().expect("cargo has read this manifest before");
    manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        .unwrap_or(false)
}

fn root() -> PathBuf {
    let node = Path::new(env!("CARGO_MANIFEST_DIR"));
    node.parent().expect("the package of the program lies in the workspace").to_owned()
}

/// Runs `cargo metadata` for this machine only: the crates for other systems may not be on the disk.
fn metadata() -> Metadata {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from(env!("CARGO")));
    let run = |arguments: &[&str]| {
        let output = Command::new(&cargo).current_dir(root()).args(arguments).output();
        output.expect("the cargo that runs this test can be run again")
    };
    let version = String::from_utf8(run(&["-vV"]).stdout).expect("cargo writes UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
    let mut output = run(&[arguments.as_slice(), &["--offline"]].concat());
    if !output.status.success() {
        output = run(&arguments);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {said}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata keeps to its documented format")
}

/// The folders of all crates of the workspace, by name.
fn folders(metadata: &Metadata) -> BTreeMap<String, PathBuf> {
    let members = metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id));
    members
        .map(|package| {
            let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
            (package.name.clone(), folder.to_owned())
        })
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_workspace_keeps_to_its_layers() {
    let found = violations(&metadata());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_crate_is_empty() {
    for (name, folder) in folders(&metadata()) {
        let sources = rust_files(&folder.join("src"));
        let holds_code = |path: &PathBuf| !is_hollow(&fs::read_to_string(path).unwrap());
        assert!(sources.iter().any(holds_code), "{name} holds no code");
    }
}

#[test]
fn every_crate_takes_over_the_lints() {
    for (name, folder) in folders(&metadata()) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(inherits_lints(&manifest), "{name} lacks `[lints] workspace = true`");
        assert!(
            !folder.join("clippy.toml").exists(),
            "the clippy.toml of {name} would replace the workspace's"
        );
    }
}

#[test]
fn the_code_map_names_every_crate() {
    let map = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for (name, folder) in folders(&metadata()) {
        let folder = folder.strip_prefix(root()).unwrap().display().to_string();
        assert!(map.contains(&format!("### `{folder}`")), "docs/ARCHITECTURE.md has no section on {name}");
    }
}

/// A made-up workspace with every crate of the table, some foreign ones, and the edges `(from, to, kind)`; the kind
/// of a normal dependency is empty.
fn made_up(edges: &[(&str, &str, &str)]) -> Metadata {
    let members: BTreeSet<String> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let foreign = ["tokio", "tokio-util", "tokios", "sled", "hex"].map(str::to_owned);
    let package =
        |name: &String| Package { id: name.clone(), name: name.clone(), manifest_path: PathBuf::new() };
    let dependency = |(_, to, kind): &(&str, &str, &str)| Dependency {
        pkg: (*to).to_owned(),
        dep_kinds: vec![Kind { kind: (!kind.is_empty()).then(|| (*kind).to_owned()) }],
    };
    let node = |name: &String| Node {
        id: name.clone(),
        deps: edges.iter().filter(|(from, ..)| from == name).map(dependency).collect(),
    };
    let all = || members.iter().chain(&foreign);
    Metadata {
        packages: all().map(package).collect(),
        resolve: Resolve { nodes: all().map(node).collect() },
        workspace_members: members,
    }
}

#[test]
fn violations_are_found() {
    let check = |edges: &[(&str, &str, &str)], expected: &[&str]| {
        assert_eq!(violations(&made_up(edges)), expected, "{edges:?}");
    };
    check(&[], &[]);
    check(&[("linkage", "domain", ""), ("samenhang", "store", ""), ("store", "sled", "")], &[]);
    check(&[("domain", "linkage", "")], &["domain may not use linkage"]);
    check(&[("crypto", "linkage", "build")], &["crypto may not use linkage"]);
    check(&[("network", "store", "")], &["network may not use store"]);
    check(&[("protocol", "testkit", "dev"), ("linkage", "crypto", "dev")], &[]);
    check(&[("samenhang", "testkit", "")], &["samenhang may not use testkit"]);
    check(&[("network", "store", "dev")], &["the tests of network may not use store"]);
    check(&[("crypto", "tokio", "")], &["crypto is pure and reaches tokio"]);
    check(&[("crypto", "tokio", "dev"), ("crypto", "tokios", "")], &[]);
    check(
        &[("index", "hex", ""), ("hex", "tokio-util", ""), ("tokio-util", "sled", "build")],
        &["index is pure and reaches sled", "index is pure and reaches tokio-util"],
    );
}

#[test]
fn crates_without_a_row_and_rows_without_a_crate_are_found() {
    let mut metadata = made_up(&[]);
    metadata.workspace_members.remove("store");
    metadata.workspace_members.insert("hex".to_owned());
    assert_eq!(
        violations(&metadata),
        [
            "hex has no row in the table of allowed arrows",
            "the table of allowed arrows names store, which is no crate of the workspace",
        ]
    );
}

#[test]
fn hollow_sources_and_missing_lints_are_found() {
    assert!(is_hollow("//! Only words.\n#![warn(missing_docs)]\n\n// More words.\n"));
    assert!(!is_hollow("//! Words.\npub struct Something;\n"));
    assert!(inherits_lints("[package]\nname = \"x\"\n[lints]\nworkspace = true\n"));
    assert!(!inherits_lints("[package]\nname = \"x\"\n[lints.rust]\nmissing_docs = \"warn\"\n"));
    assert!(!inherits_lints("[package]\nname = \"x\"\n"));
}
