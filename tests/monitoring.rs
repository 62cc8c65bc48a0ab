//! What a monitor sees: the figures that alerts and dashboard name exist, promtool accepts them where it is installed,
//! and no client can take the health endpoint away from the others.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a panic in a test is a failing test, and a test that waits needs a clock"
)]

#[expect(dead_code, reason = "every test of processes uses its part")]
#[path = "process/machine.rs"]
mod machine;
#[expect(dead_code, reason = "every test of processes uses its part")]
#[path = "process/network.rs"]
mod network;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use machine::{Machine, PATIENCE};
use network::{found, install};

/// More than the node serves at once.
const CROWD: usize = 40;

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("config").join(name)
}

fn running_pair() -> [Machine; 2] {
    let mut pair = [1, 2].map(Machine::new);
    for machine in &pair {
        machine.ok(&["init"]);
    }
    let roster = found(&pair);
    for machine in &mut pair {
        install(machine, &roster);
        machine.start();
    }
    pair
}

/// Every name of a metric in a text, each up to the first mark that no name has.
fn metrics(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.match_indices("samenhang_")
        .map(|(at, _)| &text[at..])
        .map(|rest| rest.split(|letter: char| !is_part(letter)).next().unwrap())
        .collect()
}

/// Every value that a text demands of the label `reason`.
fn reasons(text: &str) -> BTreeSet<&str> {
    let quoted = text.split("reason").skip(1).filter_map(|rest| {
        let rest = rest.trim_start_matches(['=', '~', '!']).trim_start_matches('\\');
        rest.strip_prefix('"')?.split(['"', '\\']).next()
    });
    quoted.flat_map(|value| value.split('|')).collect()
}

/// Runs promtool; `None` where it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn alerts_and_dashboard_name_what_a_running_node_serves() {
    let pair = running_pair();
    pair[0].settled();
    pair[0].until("a head of the other", |status| status["clock"]["members"] == 1);
    let (status, served) = pair[0].get("/metrics");
    assert_eq!(status, 200);
    let (known, known_reasons) = (metrics(&served), reasons(&served));
    assert!(known.len() >= 20 && known_reasons.contains("equivocations"), "{known:?} {known_reasons:?}");
    for name in ["prometheus/alerts.yml", "prometheus/alerts_test.yml", "grafana/dashboard.json"] {
        let text = fs::read_to_string(config(name)).unwrap();
        let named = metrics(&text);
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty() && named.len() >= 10, "{name} names {unknown:?}");
        let unknown: Vec<_> = reasons(&text).difference(&known_reasons).copied().collect();
        assert!(unknown.is_empty(), "{name} names the reasons {unknown:?}");
    }
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(config("grafana/dashboard.json")).unwrap()).unwrap();
    assert!(
        dashboard["panels"].as_array().unwrap().iter().all(|panel| panel["targets"][0]["expr"].is_string())
    );

    let Some((clean, said)) = promtool(&["check", "metrics"], &served) else {
        // Not by print, which the test harness keeps to itself when a test passes.
        let mut seen = std::io::stderr();
        writeln!(seen, "SKIPPED, promtool's checks were left out: it is not installed").unwrap();
        return;
    };
    assert!(clean && said.trim().is_empty(), "{said}");
    for arguments in
        [["check", "rules", "prometheus/alerts.yml"], ["test", "rules", "prometheus/alerts_test.yml"]]
    {
        let file = config(arguments[2]);
        let (clean, said) = promtool(&[arguments[0], arguments[1], file.to_str().unwrap()], "").unwrap();
        assert!(clean, "{said}");
    }
}

#[test]
fn a_second_roster_of_one_version_shows_everywhere() {
    let pair = running_pair();
    let machine = &pair[0];
    machine.until("running", |status| status["phase"] == "running");
    assert!(machine.get("/metrics").1.contains("\nsamenhang_roster_conflicts 0\n"));
    fs::write(machine.data().join("roster/conflict-00000001-0123456789abcdef.signed"), "evidence").unwrap();
    let status = machine.until("conflict", |status| status["roster_conflicts"] == 1);
    let messages = status["messages"].as_array().unwrap();
    assert!(messages.iter().any(|one| one.as_str().unwrap().contains("call the governors")), "{status}");
    assert!(machine.get("/metrics").1.contains("\nsamenhang_roster_conflicts 1\n"));
    assert!(machine.ok(&["status"]).contains("two different rosters of one version"));
}

#[test]
fn nobody_can_keep_the_others_from_asking() {
    let mut machine = Machine::new(1);
    machine.ok(&["init"]);
    machine.start();
    let address = fs::read_to_string(machine.data().join("health.addr")).unwrap();
    let connect = || {
        let stream = TcpStream::connect(address.trim()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // Silent ones, and ones that never finish their question, take every seat, and lose it.
    let mut crowd: Vec<TcpStream> = (0..CROWD).map(|_| connect()).collect();
    for half in crowd.iter_mut().step_by(2) {
        half.write_all(b"GET /metrics HTTP/1.1\r\nHost: loc").unwrap();
    }
    let started = Instant::now();
    assert_eq!(machine.get("/health/live").0, 200);
    // Whoever asks nothing loses its seat after five seconds; the library alone would let it sit for thirty.
    assert!(started.elapsed() < Duration::from_secs(25));
    for mut stream in crowd {
        // Closed by the node, with or without a word.
        let mut said = Vec::new();
        let _ended = stream.read_to_end(&mut said);
        assert!(!String::from_utf8_lossy(&said).starts_with("HTTP/1.1 200"));
    }
    // A question that is too long, and one with too many headers.
    let question = |headers: String| format!("GET /health/live HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    let refused = [
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
        question(format!("a: {}\r\n", "b".repeat(20_000))),
        question("a: b\r\n".repeat(40)),
    ];
    for question in refused {
        let mut stream = connect();
        // The node may close before all is written.
        let _refused = stream.write_all(question.as_bytes());
        let mut said = Vec::new();
        let _ended = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    let mut stream = connect();
    stream.write_all(question("a: b\r\nconnection: close\r\n".to_owned()).as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "what is shorter is answered: {said}");
    assert_eq!(machine.get("/health/live").0, 200);
    assert_eq!(machine.terminate(), 0);
}
