//! The governors' desk: a folder with their keys, what members sent them, and the program run in it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::machine::Machine;

/// Governors of one network, two of three needed.
const GOVERNORS: [&str; 3] = ["anna", "bert", "carla"];

/// A network of one sector, whose first three members hold keys.
pub(crate) fn network(heartbeat_seconds: u32) -> String {
    format!(
        r#"
test_network = true

[rules]
publish_interval_seconds = 1
heartbeat_seconds = {heartbeat_seconds}
ceremony_deadline_seconds = 120

[keyholders]
threshold = 2
members = ["00000099000000000001", "00000099000000000002", "00000099000000000003"]

[[legal_basis]]
code = "wet"
article = "Proefwet, artikel 1"
avg6 = "6.1.e"
consent_required = false

[[circle]]
name = "jeugd"
purpose = "vroeg samenwerken rond een gezin"
[[circle.open]]
publisher = "jeugd"
readers = ["jeugd"]
"#
    )
}

/// The governors' folder.
pub(crate) struct Governors(TempDir);

impl Governors {
    /// Three governors with a key each.
    pub(crate) fn new() -> Self {
        let desk = Self(TempDir::new().unwrap());
        desk.write("passphrase", "vijf willekeurige woorden samen");
        for governor in GOVERNORS {
            desk.done(&format!("governor new --out {governor}.key --passphrase-file passphrase"));
        }
        desk
    }

    /// Takes the join requests that machines wrote, as if they came by mail.
    pub(crate) fn receive(&self, folder: &str, machines: &[Machine]) {
        fs::create_dir_all(self.path(folder)).unwrap();
        for machine in machines {
            let name = format!("{}.join", machine.oin());
            fs::copy(machine.data().join(&name), self.path(folder).join(&name)).unwrap();
        }
    }

    /// Drafts and signs the first version out of `network.toml` and a folder with requests. Returns the file and the
    /// network's fingerprint, as a governor would read it to an operator.
    pub(crate) fn found(&self, network: &str, requests: &str, roster: &str) -> (PathBuf, String) {
        self.write("network.toml", network);
        self.done(&format!(
            "roster new --name Proefnetwerk --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 \
             --request {requests} --out {roster}"
        ));
        for governor in &GOVERNORS[..2] {
            self.done(&format!("roster sign --key {governor}.key --passphrase-file passphrase {roster}"));
        }
        let shown: Value = serde_json::from_str(&self.done(&format!("roster show --json {roster}"))).unwrap();
        (self.path(roster), shown["network_fingerprint"].as_str().unwrap().replace(' ', ""))
    }

    /// Drafts and signs the version after one, with what a file changes. Returns its file.
    #[allow(dead_code, reason = "shared with other tests, each of which uses its part")]
    pub(crate) fn change(&self, before: &str, changes: &str, roster: &str) -> PathBuf {
        self.write("changes.toml", changes);
        self.done(&format!("roster set --roster {before} --from changes.toml --out {roster}"));
        for governor in &GOVERNORS[..2] {
            self.done(&format!("roster sign --key {governor}.key --passphrase-file passphrase {roster}"));
        }
        self.path(roster)
    }

    /// The same, deciding between a roster and another of its version.
    #[allow(dead_code, reason = "shared with other tests, each of which uses its part")]
    pub(crate) fn decide(&self, before: &str, other: &str, changes: &str, roster: &str) -> PathBuf {
        self.write("changes.toml", changes);
        let said = self.done(&format!(
            "roster set --roster {before} --resolves {other} --from changes.toml --out {roster}"
        ));
        assert!(said.contains("decides between rosters of one version"), "{said}");
        for governor in &GOVERNORS[..2] {
            self.done(&format!("roster sign --key {governor}.key --passphrase-file passphrase {roster}"));
        }
        self.path(roster)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    /// Runs a command that must succeed; what it printed.
    fn done(&self, arguments: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_samenhang"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("SAMENHANG_PASSPHRASE")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}\n{}", text(output.stderr));
        text(output.stdout)
    }
}
