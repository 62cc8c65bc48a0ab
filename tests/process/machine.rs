//! One organisation's machine: a folder, a configuration, and the program.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use domain::Oin;
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for anything; a healthy run needs a few seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Opens every machine's folder unless a test says otherwise.
pub(crate) const PASSPHRASE: &str = "correct horse battery";

/// A machine. Its node is killed when it is dropped.
pub(crate) struct Machine {
    folder: TempDir,
    oin: Oin,
    port: u16,
    /// The network namespace in which the node runs; `None`: this one.
    inside: Option<String>,
    node: Option<Child>,
}

/// How a command ended.
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Machine {
    /// A machine with a configuration, and a port that was free a moment ago.
    pub(crate) fn new(number: u64) -> Self {
        let port = free_port();
        let oin = Oin::test_number(number).unwrap();
        let machine = Self { folder: TempDir::new().unwrap(), oin, port, inside: None, node: None };
        machine.passphrase(PASSPHRASE);
        machine.configure(&format!(
            "[organisation]\noin = \"{oin}\"\nname = \"Organisatie {number}\"\nsector = \"jeugd\"\n\
             working_area = \"Rivierstad\"\ncontact_point = \"achterwacht, 085-001010{number}\"\nbsn_entitled = true\n\
             [node]\ndata_folder = \"data\"\nlisten = [\"{}\"]\npassphrase_file = \"passphrase\"\n\
             [health]\nlisten = \"127.0.0.1:0\"\n",
            machine.address()
        ));
        machine
    }

    /// A machine whose node runs in a network namespace, with these lines as its `[node]`.
    #[allow(dead_code, reason = "not every test that uses machines has namespaces")]
    pub(crate) fn inside(number: u64, namespace: &str, node: &str) -> Self {
        let mut machine = Self::new(number);
        machine.inside = Some(namespace.to_owned());
        let listen = format!("listen = [\"{}\"]", machine.address());
        machine.configure(&machine.config().replace(&listen, node));
        machine
    }

    pub(crate) fn oin(&self) -> &str {
        self.oin.as_str()
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Moves the node to another port that was free a moment ago; to be followed by `init`.
    pub(crate) fn move_to_another_port(&mut self) {
        let before = self.address();
        self.port = free_port();
        self.configure(&self.config().replace(&before, &self.address()));
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    pub(crate) fn config(&self) -> String {
        fs::read_to_string(self.folder().join("node.toml")).unwrap()
    }

    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.folder().join("node.toml"), text).unwrap();
    }

    pub(crate) fn passphrase(&self, text: &str) {
        let path = self.folder().join("passphrase");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The program with this machine's configuration.
    fn program(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_samenhang");
        let mut command = match &self.inside {
            None => Command::new(program),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, program]);
                command
            }
        };
        command.args(arguments).env("SAMENHANG_CONFIG", self.folder().join("node.toml"));
        for inherited in ["SAMENHANG_PASSPHRASE", "SAMENHANG_LOG", "NOTIFY_SOCKET"] {
            command.env_remove(inherited);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(&[], arguments)
    }

    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Said {
        Said::of(self.program(arguments).envs(environment.iter().copied()).output().unwrap())
    }

    /// Runs a command that reads this from its standard input.
    pub(crate) fn fed(&self, input: &str, arguments: &[&str]) -> Said {
        let mut command = self.program(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Said::of(child.wait_with_output().unwrap())
    }

    /// Runs a command whose reader goes away after the first line; the line, the exit status and standard error.
    pub(crate) fn first_line(&self, arguments: &[&str]) -> (String, i32, String) {
        let mut command = self.program(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ended = child.wait_with_output().unwrap();
        (line, ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
    }

    /// Runs a command whose standard output is closed from the start; its exit status.
    pub(crate) fn unheard(&self, arguments: &[&str]) -> i32 {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.program(arguments);
        command.stdout(writer).stderr(Stdio::null()).status().unwrap().code().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments);
        assert_eq!(said.status, 0, "{arguments:?}: {}\n{}\n{}", said.stderr, said.stdout, self.log());
        said.stdout
    }

    /// Begins a command that goes on beside the test.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        self.program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts the node, unless it runs, and waits until it takes commands.
    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    pub(crate) fn start_with(&mut self, environment: &[(&str, &str)]) {
        if self.node.is_some() {
            return;
        }
        let log = File::options().create(true).append(true).open(self.folder().join("log")).unwrap();
        // Told by systemd's own means, which is what a service manager waits for.
        let socket = self.folder().join("ready");
        let _old = fs::remove_file(&socket);
        let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
        manager.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = self.program(&["run"]);
        command.env("NOTIFY_SOCKET", &socket).envs(environment.iter().copied()).stderr(log);
        self.node = Some(command.spawn().unwrap());
        if !environment.iter().any(|(name, _)| *name == "NOTIFY_SOCKET") {
            manager.recv(&mut [0; 100]).unwrap_or_else(|error| panic!("{error}: {}", self.log()));
        }
    }

    /// Kilobytes of the node that lie in memory; `None` when it does not run.
    pub(crate) fn resident_kilobytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.node.as_ref()?.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    }

    /// Everything that the node has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// Kills the node without warning.
    pub(crate) fn kill(&mut self) {
        if let Some(mut node) = self.node.take() {
            node.kill().unwrap();
            node.wait().unwrap();
        }
    }

    /// Asks the node to end; its exit status.
    pub(crate) fn terminate(&mut self) -> i32 {
        let id = self.node.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.wait()
    }

    /// Waits for the node to end; its exit status.
    pub(crate) fn wait(&mut self) -> i32 {
        self.node.take().unwrap().wait().unwrap().code().unwrap_or(-1)
    }

    /// Follows the status until it is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut following =
            self.program(&["status", "--follow", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(following.stdout.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let started = Instant::now();
        let (mut last, mut found) = (Value::Null, false);
        while !found && let Ok(line) = told.recv_timeout(PATIENCE.saturating_sub(started.elapsed())) {
            last = serde_json::from_str(&line).unwrap();
            found = wanted(&last);
        }
        let _ended = following.kill();
        following.wait().unwrap();
        assert!(found, "{what}: {last:#}\n{}", self.log());
        last
    }

    /// Everything published, and everybody else current.
    pub(crate) fn settled(&self) -> Value {
        self.until("settled", |status| {
            status["published"] == true
                && status["dekking"]["onvolledig"].as_array().is_some_and(Vec::is_empty)
                && status["dekking"]["verouderd"].as_array().is_some_and(Vec::is_empty)
        })
    }

    /// Begins an import and kills the node as soon as it registers families.
    pub(crate) fn kill_while_importing(&mut self, file: &str) -> Said {
        let mut importing =
            self.program(&["import", file]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(importing.stderr.take().unwrap()).lines();
        let begun = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("registering families"));
        self.kill();
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        let mut stdout = String::new();
        importing.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = importing.wait().unwrap().code().unwrap();
        assert!(begun, "{rest:?}");
        Said { status, stdout, stderr: rest.join("\n") }
    }

    /// Asks about a family until nobody else is involved with it.
    pub(crate) fn until_gone(&self, family: &str) {
        self.until_answer(family, |answer| answer["betrokken"].as_array().is_some_and(Vec::is_empty));
    }

    /// Asks about a family until the answer is as wanted.
    pub(crate) fn until_answer(&self, family: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let answer: Value = serde_json::from_str(&self.ok(&["who", family, "--json"])).unwrap();
            if wanted(&answer) {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{answer}");
        }
    }

    /// Asks the health endpoint; status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let address = fs::read_to_string(self.data().join("health.addr")).unwrap();
        let mut stream = TcpStream::connect(address.trim()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }
}

/// A port that is free, below those that the system gives to outgoing connections: a node that is stopped for a moment
/// finds it free again.
fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(31);
    loop {
        let offset = first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = 10_000 + u16::try_from(offset).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}
