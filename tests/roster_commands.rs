//! Founding and changing a network as governors and operators do it: the built program on files, no node running.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crypto::{Seed, SigningKey, TypeName};
use domain::{Oin, Timestamp};
use roster::{Fingerprint, JoinRequest, SignedRoster};
use serde_json::Value;
use tempfile::TempDir;

const PASSPHRASE: &str = "vijf willekeurige woorden samen";

const NETWORK: &str = r#"
test_network = true

[keyholders]
threshold = 2
members = ["00000099000000000001", "00000099000000000002", "00000099000000000003"]

[[legal_basis]]
code = "jeugdwet-7.1"
article = "Jeugdwet, artikel 7.1"
avg6 = "6.1.e"
consent_required = false

[[circle]]
name = "jeugd"
purpose = "vroeg samenwerken rond een gezin"
[[circle.open]]
publisher = "onderwijs"
readers = ["jgz", "onderwijs"]
[[circle.open]]
publisher = "jgz"
readers = ["onderwijs"]
"#;

/// A folder with files, and the program run in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("passphrase", PASSPHRASE);
        desk.write("network.toml", NETWORK);
        fs::create_dir(desk.path("requests")).unwrap();
        desk
    }

    /// With the governors' keys and the first roster, signed by two of three, of a network with five members.
    fn founded() -> Self {
        let desk = Self::new();
        for file in ["anna.key", "anna.pub", "bert.key", "bert.pub", "carla.key", "carla.pub", "1.roster"] {
            fs::copy(FOUNDED.path(file), desk.path(file)).unwrap();
        }
        desk
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(file), content).unwrap();
    }

    fn run(&self, arguments: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_samenhang"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("SAMENHANG_PASSPHRASE")
            .output()
            .unwrap()
    }

    /// Standard output of a command that must succeed.
    #[track_caller]
    fn done(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments}\n{}", text(&output.stderr));
        text(&output.stdout)
    }

    /// The message of a command that must be refused, which prints nothing on standard output.
    #[track_caller]
    fn refused(&self, arguments: &str, told: &str) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}\n{}", text(&output.stdout));
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        let message = text(&output.stderr);
        assert!(message.contains(told), "expected '{told}' in: {message}");
    }

    fn sign(&self, governor: &str, draft: &str) -> String {
        self.done(&format!("roster sign --key {governor}.key --passphrase-file passphrase {draft}"))
    }

    fn json(&self, roster: &str) -> Value {
        serde_json::from_str(&self.done(&format!("roster show --json {roster}"))).unwrap()
    }

    /// Writes join requests to `requests/`.
    fn requests(&self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.write(&format!("requests/{number:03}.join"), request(number, "jgz", 0));
        }
    }
}

/// The founding, done once by the commands.
static FOUNDED: LazyLock<Desk> = LazyLock::new(|| {
    let desk = Desk::new();
    for governor in ["anna", "bert", "carla"] {
        desk.done(&format!("governor new --out {governor}.key --passphrase-file passphrase"));
    }
    for (number, sector) in [(1, "jgz"), (2, "onderwijs"), (3, "onderwijs"), (4, "wonen"), (5, "jgz")] {
        desk.write(&format!("requests/{number}.join"), request(number, sector, 0));
    }
    desk.done(
        "roster new --name Rivierenland --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 \
         --request requests --out 1.roster",
    );
    desk.sign("anna", "1.roster");
    desk.sign("bert", "1.roster");
    desk
});

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn key(label: &str, number: u64) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([5; 32]).derive(label, number))
}

/// A join request as the organisation's node writes it; a higher `edition` has other keys.
fn request(number: u64, sector: &str, edition: u64) -> Vec<u8> {
    request_that(number, sector, edition, |_| ())
}

/// The same, changed before it is signed.
fn request_that(number: u64, sector: &str, edition: u64, change: impl FnOnce(&mut JoinRequest)) -> Vec<u8> {
    let organisation = key("organisation", number + 1_000 * edition);
    let mut request = JoinRequest {
        kind: TypeName::new(),
        oin: Oin::test_number(number).unwrap(),
        name: format!("Organisatie {number}"),
        sector: sector.parse().unwrap(),
        working_area: "Rivierenland".to_owned(),
        bsn_entitled: sector != "wonen",
        organisation_key: organisation.verifying_key(),
        node_key: key("node", number + 1_000 * edition).verifying_key(),
        addresses: vec![format!("192.0.2.{}:{}", number % 200, 7_000 + edition)],
        contact_point: "dienst, 085-0010100".to_owned(),
        time: Timestamp(1_795_000_000),
        relay: false,
        log_key: Some(key("log", number + 1_000 * edition).verifying_key()),
        cosignature_key: Some(key("cosignature", number + 1_000 * edition).verifying_key()),
        privacy_officer_key: None,
        fg_key: None,
    };
    change(&mut request);
    request.sign(&organisation).unwrap().to_wire()
}

#[test]
fn three_governors_found_a_network_that_five_members_install() {
    let desk = Desk::new();
    for governor in ["anna", "bert", "carla"] {
        let told = desk.done(&format!("governor new --out {governor}.key --passphrase-file passphrase"));
        let fingerprint = desk.done(&format!("governor show {governor}.pub"));
        assert!(told.contains(fingerprint.lines().next().unwrap()), "{told}");
        assert_eq!(desk.done(&format!("governor show {governor}.key")), fingerprint);
    }
    desk.requests(1..=5);
    let told = desk.done(
        "roster new --name Rivierenland --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 \
         --request requests --out draft.roster",
    );
    for number in 1..=5 {
        let asked = JoinRequest::read(&request(number, "jgz", 0)).unwrap();
        assert!(told.contains(&Fingerprint::from(&asked).to_string()), "{told}");
    }
    assert!(told.contains("2 of 3 governors must sign it"), "{told}");

    let shown = desk.done("roster show draft.roster");
    assert!(shown.contains("Nobody has signed this version: it is a draft."), "{shown}");
    assert!(desk.sign("anna", "draft.roster").contains("1 of 2 signatures"));
    fs::create_dir(desk.path("node")).unwrap();
    let fingerprint = desk.json("draft.roster")["network_fingerprint"].as_str().unwrap().replace(' ', "");
    let install = format!("roster install --data node --network {fingerprint} draft.roster");
    desk.refused(&install, "1 of 3 governors signed the roster, 2 needed");
    assert!(desk.sign("anna", "draft.roster").contains("carries this governor's signature already"));
    assert!(desk.sign("bert", "draft.roster").contains("2 of 2 signatures: draft.roster is complete"));

    let verified = desk.done(&format!("roster verify --genesis draft.roster --network {fingerprint}"));
    assert!(verified.contains("The chain holds: version 1 of Rivierenland"), "{verified}");
    assert!(desk.done(&install).contains("5 members. This node now belongs to it."));
    assert!(desk.done(&install).contains("Installed already"));
    let shown = desk.json("node");
    assert_eq!((shown["version"].as_u64(), shown["members"].as_array().unwrap().len()), (Some(1), 5));
    assert_eq!(shown["members"][0]["name"], "Organisatie 1");
    assert_eq!(shown["governors"]["keys"].as_array().unwrap().len(), 3);
    assert_eq!(shown["signers"].as_array().unwrap().len(), 2);
    assert!(desk.path("node/roster/00000001.roster").exists());
}

#[test]
fn sixty_organisations_are_admitted_in_one_version() {
    let desk = Desk::founded();
    desk.requests(101..=160);
    let told = desk.done("roster add-member --roster 1.roster --request requests --out 2.roster");
    assert_eq!(told.matches("    fingerprint  ").count(), 60);
    assert!(
        told.contains("members: Organisatie 160 (00000099000000000160) is added: jgz, entitled to the BSN"),
        "{told}"
    );
    assert!(told.contains("draft of version 2 of Rivierenland with 65 members"), "{told}");
    let signed =
        desk.done("roster sign --key carla.key --passphrase-file passphrase --roster 1.roster 2.roster");
    assert!(signed.contains("1 of 2 signatures"), "{signed}");
    desk.sign("anna", "2.roster");
    let told = desk.done("roster verify --genesis 1.roster 2.roster --json");
    assert_eq!(told.lines().count(), 2);
    // A member that joins later installs the whole chain at once, in whatever order the files are named.
    fs::create_dir(desk.path("node")).unwrap();
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    let told = desk.done(&format!("roster install --data node --network {network} 2.roster 1.roster"));
    assert!(told.contains("Installed version 2 of Rivierenland: 65 members."), "{told}");
    // The next version can be drafted from the data folder.
    desk.done(
        "roster remove-member --roster node --oin 00000099000000000101 00000099000000000004 --out 3.roster",
    );
    let told = desk.done("roster diff node 3.roster");
    assert!(told.contains("members: Organisatie 101 (00000099000000000101) is removed"), "{told}");
    assert_eq!(told.lines().count(), 3);
}

#[test]
fn a_node_accepts_only_the_next_version_of_its_own_network() {
    let desk = Desk::founded();
    for node in ["node", "other"] {
        fs::create_dir(desk.path(node)).unwrap();
    }
    // Nobody has said which network it should be, or another one.
    desk.refused("roster install --data node 1.roster", "have a governor read the fingerprint to you");
    let wrong = "12345".repeat(8);
    desk.refused(
        &format!("roster install --data node --network {wrong} 1.roster"),
        "another than the one given",
    );
    desk.refused("roster install --data node --network 123 1.roster", "neither a fingerprint");
    desk.refused("roster install --data nowhere 1.roster", "there is no data folder nowhere");
    assert!(!desk.path("node/roster/00000001.roster").exists());
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    desk.done(&format!("roster install --data node --network {network} 1.roster"));

    for (version, oin) in [(2, 4), (3, 5)] {
        let before = version - 1;
        desk.done(&format!(
            "roster remove-member --roster {before}.roster --oin 0000009900000000000{oin} --out {version}.roster"
        ));
        desk.sign("anna", &format!("{version}.roster"));
        desk.sign("carla", &format!("{version}.roster"));
    }
    desk.refused("roster install --data other 2.roster", "no roster is installed yet");
    desk.refused(
        "roster install --data node 3.roster",
        "ask a governor for version 2 and install that first",
    );
    desk.done("roster install --data node 2.roster 3.roster");
    assert_eq!(desk.json("node")["version"], 3);
    // An old one that was in force is no news; one that never was is refused, however well made it looks.
    assert!(
        desk.done("roster install --data node 2.roster").contains("version 3 of Rivierenland stays in force")
    );
    desk.write("rules.toml", "[rules]\nheartbeat_seconds = 90\n");
    desk.done("roster set --roster 1.roster --from rules.toml --out 2b.roster");
    desk.sign("anna", "2b.roster");
    desk.refused("roster install --data node 2b.roster", "an older version never takes effect");
    // Another network, founded by the same governors on the same files.
    desk.write("requests/1.join", request(1, "jgz", 0));
    desk.write("requests/2.join", request(2, "jgz", 0));
    desk.write("requests/3.join", request(3, "jgz", 0));
    desk.done(
        "roster new --name Elders --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 \
         --request requests --out foreign.roster",
    );
    desk.sign("anna", "foreign.roster");
    desk.sign("bert", "foreign.roster");
    desk.refused(
        "roster install --data node foreign.roster",
        "the roster belongs to the network with fingerprint",
    );
    desk.refused("roster verify --genesis foreign.roster 2.roster", "the roster belongs to another network");
}

#[test]
fn two_rosters_of_one_version_are_a_conflict_that_is_kept_and_told() {
    let desk = Desk::founded();
    fs::create_dir(desk.path("node")).unwrap();
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    desk.done(&format!("roster install --data node --network {network} 1.roster"));
    for (file, oin) in [("2.roster", 4), ("2b.roster", 5)] {
        desk.done(&format!(
            "roster remove-member --roster 1.roster --oin 0000009900000000000{oin} --out {file}"
        ));
        desk.sign("anna", file);
        desk.sign("bert", file);
    }
    desk.done("roster remove-member --roster 2b.roster --oin 00000099000000000004 --out 3b.roster");
    desk.sign("anna", "3b.roster");
    desk.sign("bert", "3b.roster");
    desk.done("roster install --data node 2.roster");
    desk.refused(
        "roster install --data node 2b.roster",
        "CONFLICT: governors signed two different rosters of version 2",
    );
    desk.refused(
        "roster install --data node 3b.roster",
        "builds on another version 2 than the one installed here",
    );
    // The first stays in force, the second is kept as it was signed, and every later look at the folder says so.
    let shown = desk.json("node");
    assert_eq!(shown["digest"], desk.json("2.roster")["digest"]);
    let kept: Vec<PathBuf> = fs::read_dir(desk.path("node/roster"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("conflict-00000002-"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), fs::read(desk.path("2b.roster")).unwrap());
    assert!(desk.done("roster install --data node 2.roster").contains("CONFLICT: "));

    // The one that names both is drafted from either, and taken by a folder that holds the other.
    desk.refused(
        "roster set --roster 2b.roster --resolves 2b.roster --from network.toml --out no.roster",
        "--resolves names one roster",
    );
    let other = desk.json("2b.roster")["digest"].as_str().unwrap().to_owned();
    let told = desk.done(&format!(
        "roster remove-member --roster 2b.roster --resolves 2.roster {other} --oin 00000099000000000004 --out 3d.roster"
    ));
    assert!(told.contains("decides between rosters of one version"), "{told}");
    desk.sign("anna", "3d.roster");
    desk.sign("bert", "3d.roster");
    assert_eq!(desk.json("3d.roster")["resolves"].as_array().unwrap().len(), 2);
    assert!(desk.done("roster show 3d.roster").contains(&format!("decides on   {other}")));
    let told = desk.done("roster install --data node 3d.roster");
    assert!(told.contains("decides between two rosters for another line than this node's"), "{told}");
    assert_eq!(desk.json("node")["digest"], desk.json("2.roster")["digest"], "the running node crosses over");
    fs::remove_file(newest_evidence(&desk)).unwrap();

    // However many there are, a hundred are kept: one is enough to raise the alarm.
    let conflicts = || {
        let names = fs::read_dir(desk.path("node/roster")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("conflict-")).count()
    };
    for number in 1..100 {
        desk.write(&format!("node/roster/conflict-00000002-{number:016x}.signed"), "evidence");
    }
    assert_eq!(conflicts(), 100);
    desk.write("third.toml", "name = \"Rivierenland-West\"\n");
    desk.done("roster set --roster 1.roster --from third.toml --out 2c.roster");
    desk.sign("anna", "2c.roster");
    desk.sign("bert", "2c.roster");
    desk.refused("roster install --data node 2c.roster", "CONFLICT: ");
    assert_eq!(conflicts(), 100);
}

fn newest_evidence(desk: &Desk) -> PathBuf {
    let files = fs::read_dir(desk.path("node/roster")).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains("conflict-00000003-")).max().unwrap()
}

/// A stop came after a version was filed as one that never was in force, and before the one that took its place.
#[test]
fn a_folder_that_ends_in_a_version_that_was_passed_over_has_the_one_before_it_in_force() {
    let desk = Desk::founded();
    fs::create_dir(desk.path("node")).unwrap();
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    desk.done(&format!("roster install --data node --network {network} 1.roster"));
    for (before, name, file) in [("1.roster", "West", "2.roster"), ("2.roster", "Oost", "3.roster")] {
        desk.write("name.toml", format!("name = \"{name}\"\n"));
        desk.done(&format!("roster set --roster {before} --from name.toml --out {file}"));
        desk.sign("anna", file);
        desk.sign("bert", file);
    }
    fs::copy(desk.path("2.roster"), desk.path("node/roster/00000002.roster")).unwrap();
    assert_eq!(desk.json("node")["version"], 2);
    desk.write("node/roster/00000002.passed", "");
    assert_eq!(desk.json("node")["version"], 1);
    fs::copy(desk.path("3.roster"), desk.path("node/roster/00000003.roster")).unwrap();
    assert_eq!(desk.json("node")["version"], 3);
}

/// A keyholder that goes takes its index with it, also for whoever drafts from the one file.
#[test]
fn a_draft_gives_no_keyholder_an_index_that_was_anothers() {
    let desk = Desk::founded();
    let holders = |numbers: &[u64]| {
        let oins: Vec<String> =
            numbers.iter().map(|number| format!("\"0000009900000000000{number}\"")).collect();
        format!("[keyholders]\nthreshold = 2\nmembers = [{}]\n", oins.join(", "))
    };
    for (before, file, numbers) in
        [("1.roster", "2.roster", vec![1, 2]), ("2.roster", "3.roster", vec![1, 2, 4])]
    {
        desk.write("holders.toml", holders(&numbers));
        desk.done(&format!("roster set --roster {before} --from holders.toml --out {file}"));
        desk.sign("anna", file);
        desk.sign("bert", file);
    }
    let held = &desk.json("3.roster")["keyholders"]["members"];
    let indices: Vec<u64> =
        held.as_array().unwrap().iter().map(|held| held["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, [1, 2, 4]);
    desk.done("roster verify --genesis 1.roster 2.roster 3.roster");
}

#[test]
fn tampered_files_are_refused_and_nothing_is_written() {
    let desk = Desk::founded();
    let bytes = fs::read(desk.path("1.roster")).unwrap();
    let place = bytes.windows(12).position(|window| window == b"Organisatie ").unwrap();
    let mut changed = bytes.clone();
    changed[place] = b'X';
    desk.write("changed.roster", &changed);
    let network = SignedRoster::parse(&changed).unwrap().claimed().unwrap().network;
    fs::create_dir(desk.path("node")).unwrap();
    desk.refused(
        &format!("roster install --data node --network {network} changed.roster"),
        "0 of 3 governors signed the roster, 2 needed",
    );
    desk.refused("roster verify --genesis changed.roster", "0 of 3 governors signed the roster");
    desk.write("half.roster", &bytes[..bytes.len() / 2]);
    desk.refused("roster show half.roster", "half.roster was refused: the roster cannot be read");
    desk.refused("roster show network.toml", "network.toml was refused: the roster cannot be read");
    desk.refused("roster show nothing.roster", "cannot open nothing.roster");

    // A version changed on the node's disk is noticed at the next look.
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    desk.done(&format!("roster install --data node --network {network} 1.roster"));
    desk.write("node/roster/00000001.roster", &changed);
    desk.refused("roster show node", "the file was changed or damaged");
    desk.write("node/roster/00000001.roster", &bytes);
    desk.write("node/roster/00000003.roster", &bytes);
    desk.refused("roster show node", "holds version 3 but not version 2");
}

#[test]
fn only_governors_in_office_sign_with_the_right_passphrase() {
    let desk = Desk::founded();
    desk.done("roster remove-member --roster 1.roster --oin 00000099000000000004 --out 2.roster");
    let before = fs::read(desk.path("2.roster")).unwrap();
    desk.write("wrong", "een heel andere zin dan die");
    desk.refused(
        "roster sign --key anna.key --passphrase-file wrong 2.roster",
        "the passphrase does not open anna.key; nothing was signed",
    );
    desk.refused("roster sign --key anna.key 2.roster", "a passphrase is needed: name a file");
    desk.refused(
        "roster sign --key anna.pub --passphrase-file passphrase 2.roster",
        "anna.pub is no governor's key file",
    );
    let mut half = fs::read(desk.path("anna.key")).unwrap();
    half.truncate(100);
    desk.write("half.key", half);
    desk.refused("roster sign --key half.key --passphrase-file passphrase 2.roster", "half.key is damaged");
    desk.done("governor new --out dirk.key --passphrase-file passphrase");
    desk.refused(
        "roster sign --key dirk.key --passphrase-file passphrase 2.roster",
        "is no governor's of this roster; nothing was signed",
    );
    assert_eq!(fs::read(desk.path("2.roster")).unwrap(), before);
    // The environment serves as well as a file.
    let output = Command::new(env!("CARGO_BIN_EXE_samenhang"))
        .args(["roster", "sign", "--key", "anna.key", "2.roster", "--out", "2-anna.roster"])
        .current_dir(desk.0.path())
        .env("SAMENHANG_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(fs::read(desk.path("2.roster")).unwrap(), before);
    assert_eq!(desk.json("2-anna.roster")["signers"].as_array().unwrap().len(), 1);

    desk.refused("governor new --out anna.key --passphrase-file passphrase", "anna.key exists already");
    desk.write("short", "kort");
    desk.refused("governor new --out eva.key --passphrase-file short", "fewer than 12 characters");
    assert!(!desk.path("eva.key").exists() && !desk.path("eva.pub").exists());
}

#[test]
fn signatures_that_were_given_at_the_same_time_are_merged() {
    let desk = Desk::founded();
    let leave = "roster remove-member --roster 1.roster --oin 00000099000000000004 --out";
    desk.done(&format!("{leave} 2.roster"));
    fs::copy(desk.path("2.roster"), desk.path("2-bert.roster")).unwrap();
    fs::copy(desk.path("2.roster"), desk.path("2-carla.roster")).unwrap();
    desk.sign("anna", "2.roster");
    desk.sign("bert", "2-bert.roster");
    desk.sign("carla", "2-carla.roster");
    let told = desk.done("roster merge --roster 1.roster 2.roster 2-bert.roster --out both.roster");
    let bert = desk.done("governor show bert.pub");
    assert!(told.contains(bert.lines().next().unwrap()), "{told}");
    assert!(told.contains("2 of 2 signatures: both.roster is complete"), "{told}");
    desk.done("roster verify --genesis 1.roster both.roster");

    // Whatever the order, and with copies named twice, the same signatures.
    desk.done("roster merge 2-carla.roster both.roster 2.roster 2-carla.roster --out all.roster");
    assert_eq!(desk.json("all.roster")["signers"].as_array().unwrap().len(), 3);
    assert_eq!(desk.json("all.roster")["digest"], desk.json("2.roster")["digest"]);

    // Another document is refused by name, also when only one member differs, and so is what is none.
    desk.done("roster remove-member --roster 1.roster --oin 00000099000000000005 --out other.roster");
    desk.sign("bert", "other.roster");
    desk.refused(
        "roster merge 2.roster other.roster --out wrong.roster",
        "other.roster cannot be merged with 2.roster",
    );
    desk.refused("roster merge 2.roster 1.roster --out wrong.roster", "it is another document");
    desk.write("junk.roster", "no roster");
    desk.refused("roster merge 2.roster junk.roster --out wrong.roster", "junk.roster was refused");
    // A signature that was changed is left out.
    let mut spoilt = fs::read(desk.path("2-bert.roster")).unwrap();
    *spoilt.last_mut().unwrap() ^= 1;
    desk.write("spoilt.roster", &spoilt);
    let told = desk.done("roster merge 2.roster spoilt.roster --out one.roster");
    assert!(told.contains("1 of 2 signatures; send one.roster to the next governor"), "{told}");
    desk.refused("roster merge 2.roster 2-bert.roster --out both.roster", "exists already");
    assert!(!desk.path("wrong.roster").exists());
}

#[test]
fn governors_are_replaced_by_those_in_office() {
    let desk = Desk::founded();
    desk.done("governor new --out dirk.key --passphrase-file passphrase");
    desk.done(
        "roster set --roster 1.roster --governors bert.pub carla.pub dirk.pub --threshold 2 --out 2.roster",
    );
    let told = desk.done("roster diff 1.roster 2.roster");
    assert_eq!(told.matches("governors: the key ").count(), 2, "{told}");
    // Anna leaves, and signs that; Dirk comes, and his signature does not count yet.
    desk.refused("roster sign --key anna.key --passphrase-file passphrase 2.roster", "--roster");
    desk.refused(
        "roster sign --key dirk.key --passphrase-file passphrase --roster 1.roster 2.roster",
        "is no governor's of this roster",
    );
    desk.done("roster sign --key anna.key --passphrase-file passphrase --roster 1.roster 2.roster");
    desk.sign("dirk", "2.roster");
    desk.refused("roster verify --genesis 1.roster 2.roster", "1 of 3 governors signed the roster, 2 needed");
    desk.sign("bert", "2.roster");
    desk.done("roster verify --genesis 1.roster 2.roster");
    desk.refused(
        "roster set --roster 1.roster --governors anna.pub bert.pub --threshold 1 --out x",
        "more than half",
    );
    desk.refused(
        "roster set --roster 1.roster --governors anna.pub anna.pub --threshold 1 --out x",
        "name each once",
    );
}

#[test]
fn join_requests_that_are_wrong_are_all_told_at_once() {
    let desk = Desk::founded();
    let mut tampered = request(10, "jgz", 0);
    let place = tampered.windows(11).position(|window| window == b"Organisatie").unwrap();
    tampered[place] = b'X';
    desk.write("a.join", tampered);
    desk.write("b.join", "geen verzoek");
    desk.write("c.join", request(11, "jgz", 0));
    desk.write("d.join", request(11, "jgz", 1));
    let output =
        desk.run("roster add-member --roster 1.roster --request a.join b.join c.join d.join --out 2.roster");
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    for part in [
        "a.join was refused: the join request is not signed by the key that it presents",
        "b.join was refused: this is no join request",
        "c.join and d.join are both of 00000099000000000011",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!desk.path("2.roster").exists());
    desk.refused(
        "roster add-member --roster 1.roster --request requests --out 2.roster",
        "holds no .join file",
    );
    // A member comes again only when governors mean it: new keys and address, the rest as decided.
    desk.write("new.join", request(5, "wonen", 1));
    desk.refused("roster add-member --roster 1.roster --request new.join --out 2.roster", "add --update");
    let told = desk.done("roster add-member --roster 1.roster --request new.join --update --out 2.roster");
    for part in [
        "gets a new organisation key",
        "gets a new node key",
        "addresses of Organisatie 5 (00000099000000000005): 192.0.2.5:7000 becomes 192.0.2.5:7001",
        "note: it asked for the sector wonen",
        "note: it asked not to be entitled to the BSN",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let member = &desk.json("2.roster")["members"][4];
    assert_eq!((member["sector"].as_str(), member["bsn_entitled"].as_bool()), (Some("jgz"), Some(true)));
    // Governors decide otherwise about a newcomer in the same version.
    desk.write(
        "decided.toml",
        "[[member]]\noin = \"00000099000000000011\"\nbsn_entitled = false\nsector = \"wonen\"\n",
    );
    let told =
        desk.done("roster add-member --roster 1.roster --request c.join --from decided.toml --out 3.roster");
    assert!(
        told.contains("Organisatie 11 (00000099000000000011) is added: wonen, not entitled to the BSN"),
        "{told}"
    );
    assert!(told.contains("note: no circle names its sector"), "{told}");
    // A copy of somebody else's keys.
    let thief = key("organisation", 77);
    let copied = JoinRequest {
        oin: Oin::test_number(77).unwrap(),
        organisation_key: thief.verifying_key(),
        ..JoinRequest::read(&request(5, "jgz", 0)).unwrap().into_document()
    };
    desk.write("copied.join", copied.sign(&thief).unwrap().to_wire());
    desk.refused(
        "roster add-member --roster 1.roster --request copied.join --out 4.roster",
        "present the same key",
    );
}

#[test]
fn members_behind_firewalls_are_told_apart_and_miss_a_relay_aloud() {
    let desk = Desk::founded();
    for number in [10, 11] {
        let outbound_only = request_that(number, "jgz", 0, |asked| asked.addresses.clear());
        desk.write(&format!("requests/{number}.join"), outbound_only);
    }
    let told = desk.done("roster add-member --roster 1.roster --request requests --out 2.roster");
    assert_eq!(told.matches("note: it only dials out").count(), 2, "{told}");
    let missing = "note: 2 members only dial out and no member relays: these will not reach each other";
    assert!(told.contains(missing), "{told}");
    let shown = desk.done("roster show 2.roster");
    assert!(shown.contains(missing) && shown.contains("only dials out; contact"), "{shown}");
    desk.sign("anna", "2.roster");
    desk.sign("bert", "2.roster");

    // A member offers to relay, and the note is gone.
    desk.write("relay.join", request_that(5, "jgz", 1, |asked| asked.relay = true));
    let told = desk.done("roster add-member --roster 2.roster --request relay.join --update --out 3.roster");
    let relays = "Organisatie 5 (00000099000000000005) will relay for members behind firewalls";
    assert!(told.contains(relays) && told.contains("note: it relays for members"), "{told}");
    let shown = desk.done("roster show 3.roster");
    assert!(
        shown.contains("192.0.2.5:7001, relays for others") && !shown.contains("no member relays"),
        "{shown}"
    );
    assert_eq!(desk.json("3.roster")["members"][4]["relay"], true);

    // Governors decide otherwise; a relay without an address makes no roster.
    let member = "[[member]]\noin = \"00000099000000000005\"\n";
    desk.write("decided.toml", format!("{member}relay = false\n"));
    let told = desk.done(
        "roster add-member --roster 2.roster --request relay.join --update --from decided.toml --out 4.roster",
    );
    assert!(told.contains("note: it offered to relay") && told.contains("no member relays"), "{told}");
    desk.write("decided.toml", format!("{member}relay = true\naddresses = []\n"));
    desk.refused(
        "roster set --roster 2.roster --from decided.toml --out 5.roster",
        "has no address at which they reach",
    );
}

#[test]
fn rules_readers_and_keyholders_change_by_toml_and_the_difference_is_told() {
    let desk = Desk::founded();
    let circle = NETWORK.split_once("[[circle]]").unwrap().1;
    let circle = circle.replace("\"jgz\", \"onderwijs\"", "\"onderwijs\", \"wonen\"");
    desk.write(
        "changes.toml",
        format!(
            "name = \"Rivierenland-Oost\"\n[rules]\npublish_interval_seconds = 7\nepoch_days = 30\n\
             [keyholders]\nthreshold = 2\nmembers = [\"00000099000000000005\", \"00000099000000000002\", \
             \"00000099000000000003\"]\n[[circle]]{circle}"
        ),
    );
    let told = desk.done("roster set --roster 1.roster --from changes.toml --out 2.roster");
    for part in [
        "network: name: Rivierenland becomes Rivierenland-Oost",
        "rules: publish_interval_seconds: 5 becomes 7",
        "rules: length of an epoch in seconds: 7776000 becomes 2592000",
        "readers: in 'jeugd' onderwijs (2 members) now publishes to wonen (1 member)",
        "readers: in 'jeugd' onderwijs (2 members) no longer publishes to jgz (2 members)",
        "keyholders: Organisatie 1 (00000099000000000001) is no longer keyholder 1",
        "keyholders: Organisatie 5 (00000099000000000005) becomes keyholder 4",
    ] {
        assert!(told.contains(part), "'{part}' is missing in\n{told}");
    }
    let changes: Vec<Value> = desk
        .done("roster diff --json 1.roster 2.roster")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(changes.iter().filter(|change| change["subject"] == "readers").count(), 2);
    assert_eq!(changes.len(), 7, "{changes:?}");

    desk.refused(
        "roster remove-member --roster 1.roster --oin 00000099000000000001 --out 3.roster",
        "is keyholder 1",
    );
    desk.done("roster remove-member --roster 1.roster --from changes.toml --oin 00000099000000000001 --out 3.roster");
    desk.refused(
        "roster remove-member --roster 1.roster --oin 00000099000000000099 --out 4.roster",
        "is no member",
    );
    desk.refused(
        "roster set --roster 1.roster --from changes.toml --out 2.roster",
        "2.roster exists already",
    );
    desk.write("same.toml", "name = \"Rivierenland\"\n");
    desk.refused(
        "roster set --roster 1.roster --from same.toml --out 4.roster",
        "nothing differs from version 1",
    );
    desk.write("typo.toml", "[rules]\npublish_interval_second = 7\n");
    desk.refused(
        "roster set --roster 1.roster --from typo.toml --out 4.roster",
        "typo.toml: line 2: unknown key 'publish_interval_second'; did you mean 'publish_interval_seconds'?",
    );
    desk.write("production.toml", "test_network = false\n");
    desk.refused(
        "roster set --roster 1.roster --from production.toml --out 4.roster",
        "test_network is decided",
    );
    // A next version of what nobody has signed would be a version of nothing.
    desk.refused("roster set --roster 2.roster --from typo.toml --out 4.roster", "2.roster is still a draft");
}

#[test]
fn a_production_network_keeps_its_minimums() {
    let desk = Desk::founded();
    desk.requests(1..=3);
    let new = "roster new --name Echt --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 \
               --request requests --out new.roster";
    desk.write("network.toml", NETWORK.replace("test_network = true", "test_network = false"));
    desk.refused(new, "a member with a test OIN, and it is no test network");
    let fast = NETWORK.replace("test_network = true", "[rules]\npublish_interval_seconds = 5");
    desk.write("network.toml", fast);
    desk.refused(new, "publish_interval_seconds is 5; at least 60 is needed");
    let (_, rest) = NETWORK.split_once("[[legal_basis]]").unwrap();
    desk.write("network.toml", format!("[[legal_basis]]{rest}"));
    desk.refused(new, "network.toml has no [keyholders]");
    assert!(!desk.path("new.roster").exists());
}

#[test]
fn a_name_that_moves_the_cursor_is_shown_harmless() {
    let desk = Desk::founded();
    let bytes = fs::read(desk.path("1.roster")).unwrap();
    let place = bytes.windows(12).position(|window| window == b"Organisatie ").unwrap();
    let mut changed = bytes;
    changed[place] = 0x1b;
    desk.write("changed.roster", changed);
    let shown = desk.done("roster show changed.roster");
    assert!(shown.contains("\\u{1b}rganisatie") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_network_that_operations_shows_is_accepted() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```toml\n# network.toml").unwrap();
    let (sample, _) = rest.split_once("\n```").unwrap();
    let desk = Desk::founded();
    // The page is for production; only the organisations here are of a test.
    desk.write(
        "network.toml",
        format!("test_network = true\n{}", sample.replace("\"00000001", "\"00000099")),
    );
    desk.requests(1..=3);
    desk.done(
        "roster new --from network.toml --governors anna.pub bert.pub carla.pub --threshold 2 --request requests \
         --out new.roster",
    );
}

#[test]
fn the_sample_of_a_network_file_founds_one_also_with_what_it_shows_in_comments() {
    let desk = Desk::founded();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("config/network.toml");
    let sample = fs::read_to_string(sample).unwrap();
    let setting =
        |line: &str| line.strip_prefix("# ").filter(|shown| shown.contains(" = ")).unwrap_or(line).to_owned();
    let uncommented: Vec<String> = sample.lines().map(setting).collect();
    desk.requests([101, 301, 401]);
    for (name, text) in [("sample", sample.clone()), ("uncommented", uncommented.join("\n"))] {
        desk.write(&format!("{name}.toml"), text);
        desk.done(&format!(
            "roster new --from {name}.toml --governors anna.pub bert.pub carla.pub --threshold 2 --request requests/ \
             --out {name}.roster"
        ));
        let shown = desk.done(&format!("roster show {name}.roster"));
        assert!(shown.contains("Rivierenland op proef"), "{shown}");
    }
    assert_ne!(sample, uncommented.join("\n"), "the sample shows settings in comments");
}

#[test]
fn what_waits_lies_beside_the_chain_and_an_urgent_version_takes_it_back() {
    let desk = Desk::founded();
    desk.write("notice.toml", "[rules]\nnotice_seconds = 1000\n");
    desk.write("name.toml", "name = \"Anders\"\n");
    let signed = |draft: &str| {
        desk.sign("anna", draft);
        desk.sign("bert", draft);
    };
    desk.done("roster set --roster 1.roster --from notice.toml --out 2.roster");
    signed("2.roster");
    let told = desk.done("roster set --roster 2.roster --from name.toml --out 3.roster");
    assert!(told.contains("It takes effect on a node 1000 s after the node first saw it."), "{told}");
    signed("3.roster");
    fs::create_dir(desk.path("node")).unwrap();
    let network = desk.json("1.roster")["network"].as_str().unwrap().to_owned();
    let install = |files: &str| desk.done(&format!("roster install --data node --network {network} {files}"));
    let lies = |name: &str| desk.path("node/roster").join(name).exists();
    install("1.roster");
    assert!(install("2.roster").contains("Installed version 2"), "there is no notice period yet");
    let told = install("3.roster");
    assert!(told.contains("Version 3 of Anders waits"), "{told}");
    assert!(lies("00000003.waiting") && !lies("00000003.roster"));
    assert!(install("3.roster").contains("Installed already"), "and changes nothing");
    assert_eq!(desk.json("node")["version"], 2, "what is in force is version 2");

    // Another version 3, with the signatures it needs.
    desk.write("other.toml", "name = \"Elders\"\n");
    desk.done("roster set --roster 2.roster --from other.toml --out 3b.roster");
    signed("3b.roster");
    desk.refused(
        &format!("roster install --data node --network {network} 3b.roster"),
        "two different rosters of version 3",
    );

    let urgent = "roster remove-member --oin 00000099000000000005 --out 4.roster";
    desk.refused(&format!("{urgent} --roster 2.roster --after 1.roster"), "names no later version");
    let told = desk.done(&format!("{urgent} --roster 2.roster --after 3.roster"));
    assert!(told.contains("It only takes away: it takes effect wherever it arrives."), "{told}");
    signed("4.roster");
    assert!(install("4.roster").contains("Installed version 4 of Rivierenland: 4 members."));
    assert!(lies("00000003.roster") && lies("00000003.passed") && lies("00000004.roster"));
    assert!(!lies("00000003.waiting"));
    let shown = desk.json("node");
    assert_eq!((shown["version"].as_u64(), shown["name"].as_str()), (Some(4), Some("Rivierenland")));

    // A node that never was in the network takes the whole chain as it is.
    fs::create_dir(desk.path("new")).unwrap();
    let told = desk
        .done(&format!("roster install --data new --network {network} 1.roster 2.roster 3.roster 4.roster"));
    assert!(told.contains("Installed version 4"), "{told}");
}
