//! The program as an IT department runs it: one process per organisation, spoken to by command line only.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/machine.rs"]
mod machine;
#[allow(dead_code, reason = "each test program uses a part")]
#[path = "process/network.rs"]
mod network;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use machine::Machine;
use network::{found, install, install_version, renamed};

const MOTHER: &str = "111222333";

/// One family with a parent known by BSN.
fn family(reference: &str, bsn: &str, surname: &str) -> String {
    format!("{reference};ouder;{bsn};{surname};wet\n")
}

fn csv(families: &[String]) -> String {
    format!("gezin;rol;burgerservicenummer;geslachtsnaam;grondslag\n{}", families.concat())
}

/// BSNs that pass the 11-proef.
const BSNS: [&str; 8] =
    ["111222333", "123456782", "999999990", "100000009", "100000010", "100000022", "100000034", "100000046"];

#[test]
fn three_processes_join_import_match_survive_a_kill_and_withdraw() {
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    for machine in &machines {
        let first = machine.ok(&["init", "--json"]);
        assert_eq!(machine.ok(&["init", "--json"]), first, "a second init changes nothing");
        assert!(first.contains("fingerprint"));
    }
    // Before its roster a node waits, and says what for.
    machines[0].start();
    let status = machines[0].until("waiting", |status| status["phase"] == "waiting-for-roster");
    assert!(status["messages"][0].as_str().unwrap().contains("no roster is installed"), "{status}");
    let asked = machines[0].run(&["who", "L-1"]);
    assert_eq!(asked.status, 2);
    assert!(asked.stderr.contains("no roster is installed"), "{}", asked.stderr);

    let roster = found(&machines);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    for machine in &machines {
        machine.until("key sets", |status| status["key_sets"].as_array().is_some_and(|sets| sets.len() == 2));
    }

    let west = csv(&[family("L-1", MOTHER, "Zonneveld"), family("L-2", BSNS[1], "Dijkman")]);
    let file = machines[0].write("school.csv", &west);
    let said = machines[0].ok(&["import", &file]);
    assert!(said.starts_with("2 added, 0 changed, 0 unchanged, 0 withdrawn"), "{said}");
    let said = machines[0].ok(&["import", &file]);
    assert!(said.starts_with("0 added, 0 changed, 2 unchanged, 0 withdrawn"), "{said}");
    let file = machines[1].write("ggz.csv", &csv(&[family("C-9", MOTHER, "Zonneveld")]));
    machines[1].ok(&["import", "--wait", &file]);
    let status: serde_json::Value = serde_json::from_str(&machines[1].ok(&["status", "--json"])).unwrap();
    assert_eq!(status["keys_waiting"], 0, "{status}");
    for machine in &machines {
        machine.settled();
    }

    let check = |machine: &Machine, family: &str, others: &[&str]| {
        let answer: serde_json::Value =
            serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
        let found: Vec<&str> =
            answer["betrokken"].as_array().unwrap().iter().map(|one| one["oin"].as_str().unwrap()).collect();
        assert_eq!(found, others, "{answer}");
        answer
    };
    let answer = check(&machines[0], "L-1", &[machines[1].oin()]);
    assert_eq!(answer["betrokken"][0]["zekerheid"], "zeker");
    assert_eq!(answer["betrokken"][0]["organisatie"], "Organisatie 2");
    assert_eq!(answer["dekking"]["actueel"], 2);
    check(&machines[1], "C-9", &[machines[0].oin()]);
    check(&machines[0], "L-2", &[]);
    let matches = machines[0].ok(&["match", "list", "--json"]);
    assert_eq!(matches.lines().count(), 1, "{matches}");
    assert!(machines[0].ok(&["match", "show", "L-1"]).contains("zeker"));
    let none = machines[0].run(&["match", "show", "L-2"]);
    assert_eq!(none.status, 2, "{}", none.stderr);
    let unknown = machines[0].run(&["who", "X-1"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("no own signal"), "{}", unknown.stderr);

    // Killed without warning and started again, it knows what it knew, and takes up its work.
    machines[1].kill();
    assert_eq!(machines[1].run(&["status"]).status, 2);
    machines[1].start();
    machines[1].settled();
    check(&machines[1], "C-9", &[machines[0].oin()]);

    // Too few keyholders: new signals wait and it is said, questions are answered, and the rest follows by itself.
    machines[1].kill();
    machines[2].kill();
    let says = |status: &serde_json::Value, sentence: &str| {
        let messages = status["messages"].as_array().unwrap();
        messages.iter().any(|message| message.as_str().unwrap().starts_with(sentence))
    };
    machines[0].until("shortage", |status| says(status, "1 of 3 keyholders reachable, 2 needed"));
    let file = machines[0].write("later.csv", &csv(&[family("L-3", BSNS[3], "Berg")]));
    assert!(machines[0].ok(&["signal", "add", &file]).starts_with("1 added"));
    let status = machines[0].until("waiting keys", |status| status["keys_waiting"] != 0);
    assert_eq!(status["published"], false);
    check(&machines[0], "L-1", &[machines[1].oin()]);
    for machine in &mut machines[1..] {
        machine.start();
    }
    for machine in &machines {
        machine.settled();
    }

    // A withdrawn signal is gone from every answer.
    assert_eq!(machines[0].ok(&["signal", "withdraw", "L-1"]), "1 withdrawn\n");
    machines[1].until_gone("C-9");
    let listed = machines[0].ok(&["signal", "list", "--json"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(!listed.contains("Dijkman") && !listed.contains(BSNS[1]), "{listed}");

    // In order, and with nothing left behind.
    for machine in &mut machines {
        assert_eq!(machine.terminate(), 0);
        assert!(!machine.data().join("control.sock").exists());
        let log = machine.log();
        for personal in ["Zonneveld", "Dijkman", MOTHER, BSNS[1]] {
            assert!(!log.contains(personal), "{log}");
        }
    }

    // Without a running node the same commands work in the folder, and nobody is called current.
    let answer = check(&machines[1], "C-9", &[]);
    assert_eq!(answer["dekking"]["actueel"], 0, "{answer}");
    let file = machines[1]
        .write("more.csv", &csv(&[family("C-9", MOTHER, "Zonneveld"), family("C-10", BSNS[2], "Berg")]));
    let said = machines[1].ok(&["import", &file]);
    assert!(said.starts_with("1 added, 0 changed, 1 unchanged"), "{said}");
    assert_eq!(machines[1].ok(&["signal", "list", "--json"]).lines().count(), 2);
    let status = machines[1].run(&["status"]);
    assert_eq!(status.status, 2);
    assert!(status.stderr.contains("no node runs on"), "{}", status.stderr);
}

/// The roster of machines that make their join requests now.
fn joined(machines: &[Machine]) -> roster::SignedRoster {
    for machine in machines {
        machine.ok(&["init"]);
    }
    found(machines)
}

#[test]
fn an_import_that_a_kill_interrupts_is_resumed_by_repeating_it() {
    const FAMILIES: usize = 5_000;
    let mut pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    let machine = &mut pair[0];
    install(machine, &roster);
    machine.start();
    let surname = |at: usize| format!("Jan{}sen", char::from(b'a' + u8::try_from(at % 26).unwrap()));
    let families: Vec<String> =
        (0..FAMILIES).map(|at| family(&format!("G-{at}"), "", &surname(at))).collect();
    let file = machine.write("all.csv", &csv(&families));
    let said = machine.kill_while_importing(&file);
    // Unless the node was faster than the kill.
    if said.status != 0 {
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{}", said.stderr);
        assert!(said.stderr.contains("the node closed the connection before it replied"), "{}", said.stderr);
    }

    machine.start();
    let kept = machine.ok(&["signal", "list", "--json"]).lines().count();
    let said = machine.ok(&["import", &file]);
    assert_eq!(said, format!("{} added, 0 changed, {kept} unchanged, 0 withdrawn\n", FAMILIES - kept));
    assert_eq!(machine.ok(&["signal", "list", "--json"]).lines().count(), FAMILIES);
}

/// Where the child finds the socket.
const SOCKET: &str = "SAMENHANG_TEST_SOCKET";

#[test]
#[ignore = "the other user of the test that refuses it"]
fn child_asks_at_the_socket() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    let Ok(socket) = std::env::var(SOCKET) else { return };
    let mut stream = UnixStream::connect(socket).expect("whoever sees the socket may connect");
    // The node may close before all is written.
    let _refused = stream.write_all(b"{\"request\":\"status\"}\n");
    stream.shutdown(std::net::Shutdown::Write).ok();
    let mut said = String::new();
    let _ended = stream.read_to_string(&mut said);
    println!("THE SOCKET SAID {said}");
}

#[test]
fn another_user_is_refused_at_the_socket_also_when_it_can_connect() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65_534;
    let mut machine = Machine::new(1);
    if fs::metadata(machine.folder()).unwrap().uid() != 0 {
        // Not by print, which the test harness keeps to itself when a test passes.
        use std::io::Write as _;
        writeln!(std::io::stderr(), "SKIPPED, no other user asked at the socket: that takes root").unwrap();
        return;
    }
    machine.ok(&["init"]);
    machine.start();
    let socket = machine.data().join("control.sock");
    let allow =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // As if somebody had opened every door before it.
    allow(machine.folder(), 0o755);
    allow(&machine.data(), 0o755);
    allow(&socket, 0o666);
    let asked_as = |user: Option<u32>| {
        let mut child = std::process::Command::new("/proc/self/exe");
        child.args(["--exact", "child_asks_at_the_socket", "--ignored", "--nocapture"]);
        child.env(SOCKET, &socket).current_dir("/");
        if let Some(user) = user {
            child.uid(user).gid(user);
        }
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said.split_once("THE SOCKET SAID ").unwrap().1.lines().next().unwrap().to_owned()
    };
    assert!(asked_as(None).contains("waiting-for-roster"));
    assert_eq!(asked_as(Some(NOBODY)), "");
    assert!(machine.log().contains("another user was refused"), "{}", machine.log());
    assert!(asked_as(None).contains("waiting-for-roster"));
}

#[test]
fn the_socket_bears_with_bad_clients() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixStream;

    let mut machine = Machine::new(1);
    machine.ok(&["init"]);
    machine.start();
    let socket = machine.data().join("control.sock");
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(machine::PATIENCE)).unwrap();
        stream
    };
    let said = |bytes: &[u8]| {
        let mut stream = connect();
        // The node may close before all is written.
        let _refused = stream.write_all(bytes);
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    };
    assert!(said(b"{\"request\":\"status\"}\n").contains("waiting-for-roster"));
    assert!(said(b"{\"request\":\"Zonneveld\"}\n").starts_with("{\"refused\":{\"kind\":\"request\""));
    assert!(said(&vec![b' '; 3 << 20]).contains("longer than"));

    // More clients than there are seats: the last one is told, and the others are served on.
    // The seat of a client that has left is free a moment later.
    let started = std::time::Instant::now();
    let seat = || loop {
        let mut stream = connect();
        let mut line = String::new();
        let _refused = stream.write_all(b"{\"request\":\"status\"}\n");
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
        if line.contains("waiting-for-roster") {
            break stream;
        }
        assert!(started.elapsed() < machine::PATIENCE, "no seat: {line}");
    };
    let seated: Vec<UnixStream> = (0..16).map(|_| seat()).collect();
    assert!(said(b"").contains("try again when one has ended"));
    drop(seated);
    let started = std::time::Instant::now();
    while !said(b"{\"request\":\"status\"}\n").contains("waiting-for-roster") {
        assert!(started.elapsed() < machine::PATIENCE, "seats stay taken");
    }
    assert_eq!(machine.terminate(), 0);
    assert!(!machine.log().contains("Zonneveld"));
}

#[test]
fn a_roster_installed_at_one_node_travels_to_the_folder_of_the_other() {
    let mut pair = [1, 2].map(Machine::new);
    let first = joined(&pair);
    for machine in &mut pair {
        install(machine, &first);
        machine.start();
        machine.until("under version 1", |status| status["roster"]["version"] == 1);
    }
    let second = renamed(&first, "omgedoopt");
    install_version(&pair[0], 2, &second);
    for machine in &pair {
        machine.until("under version 2", |status| status["roster"]["version"] == 2);
    }
    let travelled = pair[1].data().join("roster/00000002.roster");
    // The node files what it acts on within a second or two.
    let asked =
        (0..10_000).take_while(|_| !travelled.exists()).filter(|_| pair[1].run(&["status"]).status == 0);
    assert!(asked.count() < 10_000, "never filed");
    assert_eq!(fs::read(travelled).unwrap(), second.to_wire());
    assert!(pair[1].ok(&["status"]).contains("omgedoopt"));
}

#[test]
fn imports_keep_to_their_rules() {
    let [machine, other] = [1, 2].map(Machine::new);
    let pair = [machine, other];
    let roster = joined(&pair);
    let machine = &pair[0];
    install(machine, &roster);
    let families: Vec<String> =
        BSNS.iter().enumerate().map(|(at, bsn)| family(&format!("G-{at}"), bsn, "Jansen")).collect();
    let all = machine.write("all.csv", &csv(&families));
    assert!(machine.ok(&["import", &all]).starts_with("8 added"));

    // Bad rows: their families stay, others proceed, exit status 1.
    let bad = machine.write("bad.csv", &csv(&[families.concat(), family("G-0", "123456789", "Jansen")]));
    let said = machine.run(&["import", &bad]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    assert!(said.stderr.contains("bad.csv, line 10, column burgerservicenummer"), "{}", said.stderr);
    assert!(!said.stderr.contains("123456789"), "{}", said.stderr);
    assert!(said.stdout.starts_with("0 added, 0 changed, 7 unchanged, 0 withdrawn"), "{}", said.stdout);

    // Half a file is refused as a whole.
    let half = machine.write("half.csv", &csv(&families[..2]));
    let said = machine.run(&["import", &half]);
    assert_eq!(said.status, 2);
    assert!(
        said.stderr.contains("would withdraw 6") && said.stderr.contains("--allow-withdrawals"),
        "{}",
        said.stderr
    );
    assert_eq!(machine.ok(&["signal", "list", "--json"]).lines().count(), 8);
    assert!(machine.ok(&["import", "--allow-withdrawals", &half]).contains("6 withdrawn"));

    // A family in two files of one import is refused, and so is a file that is none.
    let said = machine.run(&["import", &half, &all]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("family G-0 stands in another file"), "{}", said.stderr);
    let other = machine.write("other.csv", "gezin;rol;geslagtsnaam\nG-0;kind;Jansen\n");
    let said = machine.run(&["import", &other]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("did you mean 'geslachtsnaam'?"), "{}", said.stderr);
    assert_eq!(machine.ok(&["signal", "list", "--json"]).lines().count(), 2);
    let said = machine.run(&["signal", "withdraw", "G-1", "G-7"]);
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("no signal on family G-7; nothing was done"), "{}", said.stderr);
}

#[test]
fn more_families_or_files_than_one_request_may_name_are_refused() {
    let pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    install(&pair[0], &roster);
    let withdrawing = |families: usize| {
        let mut arguments = vec!["signal", "withdraw"];
        arguments.resize(families + 2, "G");
        pair[0].run(&arguments).stderr
    };
    let refused = withdrawing(10_001);
    assert!(refused.contains("more than 10000 families at once"), "{refused}");
    let unknown = withdrawing(10_000);
    assert!(unknown.contains("no signal on family G"), "{unknown}");

    let files: Vec<String> =
        (0..=1_000).map(|n| pair[0].write(&format!("{n}.csv"), "gezin;rol;grondslag\n")).collect();
    let importing = |files: &[String]| {
        let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
        pair[0].run(&[&["import"], arguments.as_slice()].concat()).stderr
    };
    assert!(importing(&files).contains("more than 1000 files; import them in parts"));
    let accepted = importing(&files[..1_000]);
    assert!(!accepted.contains("import them in parts"), "{accepted}");
}

#[test]
fn signals_are_added_changed_and_renewed_one_by_one() {
    let pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    let machine = &pair[0];
    install(machine, &roster);
    let one = machine.write("one.csv", &csv(&[family("G-1", MOTHER, "Zonneveld")]));
    let other = machine.write("other.csv", &csv(&[family("G-1", MOTHER, "Dijkman")]));
    let refused = |arguments: &[&str], sentence: &str| {
        let said = machine.run(arguments);
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
    };
    refused(&["signal", "change", &one], "family G-1 has no signal yet; add it with");
    assert!(machine.ok(&["signal", "add", &one]).starts_with("1 added"));
    refused(&["signal", "add", &other], "family G-1 has a signal already; change it with");
    assert!(machine.ok(&["signal", "change", &other]).starts_with("0 added, 1 changed"));
    let two = machine.write("two.csv", &csv(&[family("G-2", BSNS[1], "Berg")]));
    assert!(machine.ok(&["signal", "add", &two]).ends_with("0 withdrawn\n"));

    refused(&["signal", "renew", "G-1", "--until", "2020-01-01"], "a signal lasts until today at least");
    refused(&["signal", "renew", "G-1", "--until", "2999-01-01"], "lies more than two years ahead");
    refused(&["signal", "renew", "G-1", "--until", "morgen"], "expected");
    refused(&["signal", "renew", "G-3", "--until", "2020-01-01"], "a signal lasts until today at least");
    let until = samenhang::runtime::now().plus(30 * 86_400).date().to_string();
    assert!(machine.ok(&["signal", "renew", "G-1", "--until", &until]).starts_with("1 renewed until"));
    let listed = machine.ok(&["signal", "list", "--json"]);
    let ends: Vec<serde_json::Value> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["einddatum"].clone())
        .collect();
    let in_a_year = samenhang::runtime::now().date().plus_years(1).to_string();
    assert_eq!(ends, [serde_json::Value::from(until), in_a_year.clone().into()]);
    assert!(machine.ok(&["signal", "change", &other]).starts_with("0 added, 0 changed, 1 unchanged"));

    // An end that is too late is a bad row, or refused where there is no row; the youngest child decides.
    let header = "gezin;rol;geboortedatum;einddatum\n";
    let year = samenhang::runtime::now().date().year();
    let child =
        |reference: &str, age: u16, end: &str| format!("{reference};kind;{}-00-00;{end}\n", year - age);
    let late = machine.write(
        "late.csv",
        &format!(
            "{header}{}{}{}",
            child("G-4", 5, "2999-01-01"),
            child("G-5", 23, &format!("{}-01-01", year + 1)),
            child("G-6", 25, "")
        ),
    );
    let said = machine.run(&["signal", "add", &late]);
    assert_eq!(
        (said.status, said.stdout.lines().next()),
        (1, Some("0 added, 0 changed, 0 unchanged, 0 withdrawn"))
    );
    for told in [
        "line 2, column einddatum: lies more than two years ahead",
        "line 3, column einddatum: lies past the 23rd birthday of the youngest child",
        "line 4, column einddatum: every child is 23 or older",
    ] {
        assert!(said.stderr.contains(told), "{told}: {}", said.stderr);
    }
    let last = machine.write("last.csv", &format!("{header}{}", child("G-5", 23, "")));
    assert!(machine.ok(&["signal", "add", &last]).starts_with("1 added"));
    assert!(machine.ok(&["signal", "list"]).contains(&format!("{year}-12-31")), "cut to the birthday");
    refused(
        &["signal", "renew", "G-1", "G-5", "--until", &in_a_year],
        "family G-5: that day lies past the 23rd birthday of the youngest child",
    );
}

#[test]
fn what_cannot_start_says_why_and_loses_nothing() {
    let refused = |machine: &Machine, arguments: &[&str], sentence: &str| {
        let said = machine.run(arguments);
        assert_eq!(said.status, 2, "{arguments:?}: {}", said.stderr);
        assert!(said.stderr.contains(sentence), "{arguments:?}: {}", said.stderr);
    };
    let mut machine = Machine::new(1);
    refused(&machine, &["signal", "list"], "holds no node; make one with `samenhang init`");
    machine.ok(&["init"]);
    let fingerprint = machine.ok(&["init"]);

    machine.passphrase("another passphrase");
    refused(&machine, &["init"], "does not fit the data folder");
    refused(&machine, &["run"], "does not fit the data folder");
    machine.passphrase("short");
    refused(&machine, &["run"], "has 5 characters; give one of 12 to 1024");
    machine.passphrase(machine::PASSPHRASE);

    let config = machine.config();
    machine.configure(&config.replace("passphrase_file = \"passphrase\"", ""));
    refused(&machine, &["init"], "no passphrase: name a file");
    let by_environment = machine.run_with(&[("SAMENHANG_PASSPHRASE", machine::PASSPHRASE)], &["init"]);
    assert_eq!(by_environment.stdout, fingerprint);
    machine.configure(&config);

    let config = machine.config();
    machine.configure(&config.replace("data_folder", "data_foldr"));
    refused(&machine, &["run"], "unknown key 'data_foldr' in [node]; did you mean 'data_folder'?");
    fs::write(machine.folder().join("file"), "").unwrap();
    machine.configure(&config.replace("\"data\"", "\"file/data\""));
    refused(&machine, &["init"], "check that the disk has space and that the folder belongs to this user");
    machine.configure(&config);

    // Somebody else's port: for other nodes, and for health.
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    machine.configure(&config.replace(&machine.address(), &address));
    refused(&machine, &["run"], "choose an address of this machine that is free");
    machine.configure(&config.replace("127.0.0.1:0", &address));
    refused(&machine, &["run"], "cannot serve health and metrics on");
    machine.configure(&config);

    // A roster that is none: the node waits and says so.
    fs::create_dir_all(machine.data().join("roster")).unwrap();
    fs::write(machine.data().join("roster/00000001.roster"), "no roster").unwrap();
    machine.start();
    machine.until("damaged roster", |status| {
        status["messages"][0].as_str().is_some_and(|said| said.contains("00000001.roster"))
    });
    refused(&machine, &["run"], "is in use by another process");
    refused(&machine, &["init"], "is in use by another process");
    assert_eq!(machine.terminate(), 0);
    fs::remove_file(machine.data().join("roster/00000001.roster")).unwrap();

    // After all this the folder is as it was.
    assert_eq!(machine.ok(&["init"]), fingerprint);
}

#[test]
fn health_and_metrics_follow_the_node_and_only_its_user_may_speak_to_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let mut pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    let machine = &mut pair[0];
    machine.start();
    machine.until("waiting", |status| status["phase"] == "waiting-for-roster");
    assert_eq!(machine.get("/health/live").0, 200);
    let (status, why) = machine.get("/health/ready");
    assert!(status == 503 && why.contains("no roster is installed"), "{why}");
    let mode = |name: &str| fs::metadata(machine.data().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("control.sock"), mode(".")), (0o600, 0o700));

    // The roster is noticed while the node runs.
    install(machine, &roster);
    machine.until("running", |status| status["phase"] == "running");
    assert_eq!(machine.get("/health/ready").0, 200);
    let (status, metrics) = machine.get("/metrics");
    assert_eq!(status, 200);
    for line in ["samenhang_ready 1", "# TYPE samenhang_refused_total counter", "samenhang_roster_version 1"]
    {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    assert_eq!(machine.get("/elsewhere").0, 404);
    machine.ok(&["stop"]);
    assert_eq!(machine.wait(), 0);
    assert!(!machine.data().join("health.addr").exists());
}

#[test]
fn completions_and_manual_pages_cover_every_command() {
    let machine = Machine::new(1);
    let pages = machine.folder().join("man");
    machine.ok(&["man", pages.to_str().unwrap()]);
    let script = machine.ok(&["completions", "bash"]);
    let commands = paths(&[], &samenhang::cli::command());
    assert!(commands.contains(&vec!["roster".to_owned(), "add-member".to_owned()]), "{commands:?}");
    for command in &commands {
        let page = fs::read_to_string(pages.join(format!("samenhang-{}.1", command.join("-")))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Exit status"), "{command:?}: {page}");
        let (last, above) = command.split_last().unwrap();
        let above: String = above.iter().map(|name| format!("__subcmd__{name}")).collect();
        assert!(script.contains(&format!("samenhang{above},{last})")), "{command:?}");
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        assert!(machine.ok(&words).contains("Exit status"), "{command:?}");
    }
    let files = fs::read_dir(&pages).unwrap().count();
    assert_eq!(files, commands.len() + 1, "a page for each, and one for the program");
}

/// The commands below a command, each with the names on the way to it.
fn paths(above: &[String], command: &clap::Command) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for below in command.get_subcommands() {
        let path = [above, &[below.get_name().to_owned()]].concat();
        found.extend(paths(&path, below));
        found.push(path);
    }
    found
}

#[test]
fn a_list_comes_in_over_standard_input() {
    let pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    install(&pair[0], &roster);
    let machine = &pair[0];
    let list = csv(&[family("G-1", MOTHER, "Zonneveld"), family("G-2", "", "Jansen")]);
    let said = machine.fed(&list, &["import", "-"]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(said.stdout, "2 added, 0 changed, 0 unchanged, 0 withdrawn\n");
    // A bad row is named by its place in what came in, and nothing of it is repeated.
    let said = machine.fed(&csv(&[family("G-1", "111222334", "Zonneveld")]), &["signal", "change", "-"]);
    assert_eq!(said.status, 1, "{}", said.stderr);
    assert!(said.stderr.contains("-, line 2, column burgerservicenummer"), "{}", said.stderr);
    assert!(!said.stderr.contains("111222334"), "{}", said.stderr);
    // Nothing came in, which is no list of nothing.
    let said = machine.fed("", &["import", "-"]);
    assert_eq!(said.status, 2, "{}", said.stdout);
    // The same list as a file.
    let file = machine.write("list.csv", &list);
    assert_eq!(machine.ok(&["import", &file]), "0 added, 0 changed, 2 unchanged, 0 withdrawn\n");
}

#[test]
fn systemd_is_told_and_logs_can_be_json() {
    use std::os::unix::net::UnixDatagram;

    let mut machine = Machine::new(1);
    let path = machine.folder().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(machine::PATIENCE)).unwrap();
    let heard = || {
        let mut bytes = [0; 100];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    machine.configure(&format!("{}\n[log]\nformat = \"json\"\n", machine.config()));
    machine.ok(&["init"]);
    machine.start_with(&[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(heard(), "READY=1");
    assert_eq!(machine.terminate(), 0);
    assert_eq!(heard(), "STOPPING=1");
    for line in machine.log().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough() {
    let pair = [1, 2].map(Machine::new);
    let roster = joined(&pair);
    let machine = &pair[0];
    install(machine, &roster);
    // More than a pipe holds, so that the command meets its end.
    let families: Vec<String> = (0..3_000).map(|at| family(&format!("G-{at:04}"), "", "Jansen")).collect();
    let file = machine.write("all.csv", &csv(&families));
    let said = machine.run(&["import", "--json", &file]);
    assert_eq!(said.status, 0, "{}", said.stderr);
    let progress: Vec<serde_json::Value> = said
        .stderr
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|line| line["progress"].clone())
        .filter(|progress| progress["doing"] == "registering families")
        .collect();
    let done: Vec<u64> = progress.iter().map(|progress| progress["done"].as_u64().unwrap()).collect();
    assert_eq!(done, [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000]);
    assert!(progress.iter().all(|progress| progress["total"] == 3_000));

    for arguments in [&["signal", "list"][..], &["signal", "list", "--json"]] {
        let (line, status, stderr) = machine.first_line(arguments);
        assert!(!line.is_empty());
        assert_eq!(status, 0, "{arguments:?}: {stderr}");
        assert!(!stderr.contains("nobody reads"), "{stderr}");
    }
    // What it did still counts.
    let bad = machine.write("bad.csv", &csv(&[families.concat(), family("G-0000", "123456789", "Jansen")]));
    let said = machine.unheard(&["import", &bad]);
    assert_eq!(said, 1, "a bad row is a bad row, read or not");
}

#[test]
fn a_snapshot_that_is_put_back_goes_on_above_what_was_published_and_without_hearing_two_histories_are_proven()
{
    let mut machines: Vec<Machine> = (1..=3).map(Machine::new).collect();
    for machine in &machines {
        machine.ok(&["init"]);
    }
    let roster = found(&machines);
    for machine in &mut machines {
        install(machine, &roster);
        machine.start();
    }
    let mine = csv(&[family("L-1", MOTHER, "Zonneveld"), family("L-2", BSNS[1], "Dijkman")]);
    let file = machines[0].write("school.csv", &mine);
    machines[0].ok(&["import", "--wait", &file]);
    let early = csv(&[family("C-1", MOTHER, "Zonneveld")]);
    let file = machines[1].write("early.csv", &early);
    machines[1].ok(&["import", "--wait", &file]);
    for machine in &machines {
        machine.settled();
    }
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let _absent = fs::remove_dir_all(to);
        let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap();
        assert!(copied.success());
    };
    let (data, snapshot) = (machines[1].data(), machines[1].folder().join("snapshot"));
    assert_eq!(machines[1].terminate(), 0);
    copy(&data, &snapshot);

    // It goes on, and publishes what the snapshot does not know of.
    machines[1].start();
    let later = csv(&[family("C-1", MOTHER, "Zonneveld"), family("C-2", BSNS[1], "Dijkman")]);
    let file = machines[1].write("later.csv", &later);
    machines[1].ok(&["import", "--wait", &file]);
    machines[1].settled();
    machines[0].settled();
    assert_eq!(involved_with(&machines[0], "L-2"), 1);

    machines[1].kill();
    copy(&snapshot, &data);
    machines[1].start();
    machines[1].until("a new generation, all of it published", |status| {
        status["continued"][0]["generation"] == 1 && status["published"] == true
    });
    machines[0].until_gone("L-2");
    assert_eq!(involved_with(&machines[0], "L-1"), 1);
    let status = machines[0].until("told", |status| status["continued"][0]["oin"] == machines[1].oin());
    assert_eq!(status["refused"]["equivocations"], 0, "{status}");
    assert!(machines[0].ok(&["status"]).contains("continued     after a loss: Organisatie 2 (generation 1)"));
    assert!(machines[0].log().contains("goes on under a new generation"), "{}", machines[0].log());
    assert_eq!(status["proofs"], serde_json::json!([]), "{status}");

    // The control: the same again without hearing is proven, also to itself, and shown everywhere.
    assert_eq!(machines[1].terminate(), 0);
    copy(&data, &snapshot);
    machines[1].start();
    machines[1].settled();
    // Far enough that the second history has not overtaken the first when the readers see it.
    for bsn in BSNS {
        let latest = csv(&[family("C-1", MOTHER, "Zonneveld"), family("C-3", bsn, "Smit")]);
        let file = machines[1].write("latest.csv", &latest);
        machines[1].ok(&["import", "--wait", &file]);
        machines[1].settled();
    }
    machines[0].settled();
    machines[1].kill();
    copy(&snapshot, &data);
    machines[1].start_with(&[("SAMENHANG_TEST_SIGN_UNHEARD", "1")]);
    for machine in &machines {
        let status = machine.until("proven", |status| status["proofs"][0]["standing"] == "open");
        let proof = &status["proofs"][0];
        assert_eq!(proof["oin"], machines[1].oin(), "{status}");
        assert_eq!(proof["generation"], 1, "{status}");
        assert!(proof["statements"][1].as_str().unwrap().len() > 400, "{status}");
        let said = machine.ok(&["status"]);
        assert!(said.contains("two histories Organisatie 2 in "), "{said}");
        assert!(machine.log().contains("has signed two histories"), "{}", machine.log());
    }
    let said = machines[0].ok(&["who", "L-1"]);
    assert!(said.contains("; signed two histories: Organisatie 2"), "{said}");
    assert_eq!(involved_with(&machines[0], "L-1"), 1, "what is held stays");
    let said = machines[0].run(&["doctor", "--json"]).stdout;
    assert!(said.contains("Organisatie 2 has signed two histories"), "{said}");
    let own = machines[1].ok(&["status"]);
    assert!(
        own.contains("others hold proof that two histories are signed with this organisation's key"),
        "{own}"
    );
}

fn involved_with(machine: &Machine, family: &str) -> usize {
    let answer: serde_json::Value = serde_json::from_str(&machine.ok(&["who", family, "--json"])).unwrap();
    answer["betrokken"].as_array().unwrap().len()
}
