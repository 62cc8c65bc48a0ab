//! Network namespaces on one switch, each with its own firewall: machines in different organisations, made of one.
//!
//! The first can be reached on one TCP port; the others let in only answers to what they began themselves, and no UDP
//! out. Everything is gone when this is dropped.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// The one port that is open.
pub(crate) const PORT: u16 = 7_310;

/// Namespaces with the switch between them.
pub(crate) struct Namespaces {
    names: Vec<String>,
    switch: String,
}

impl Namespaces {
    /// Makes `count` namespaces; `Err` with the reason where that is not permitted on this machine.
    pub(crate) fn new(count: usize) -> Result<Self, String> {
        let own = format!("sh{}", std::process::id());
        let made =
            Self { names: (0..count).map(|at| format!("{own}-{at}")).collect(), switch: format!("{own}-s") };
        for namespace in made.names.iter().chain([&made.switch]) {
            run("ip", &["netns", "add", namespace])?;
            run("ip", &["-n", namespace, "link", "set", "lo", "up"])?;
        }
        run("ip", &["-n", &made.switch, "link", "add", "br0", "type", "bridge"])?;
        run("ip", &["-n", &made.switch, "link", "set", "br0", "up"])?;
        for (at, namespace) in made.names.iter().enumerate() {
            let port = format!("p{at}");
            let switch = made.switch.as_str();
            run(
                "ip",
                &["-n", switch, "link", "add", &port, "type", "veth", "peer", "eth0", "netns", namespace],
            )?;
            run("ip", &["-n", switch, "link", "set", &port, "master", "br0", "up"])?;
            run(
                "ip",
                &["-n", namespace, "address", "add", &format!("{}/24", made.address(at)), "dev", "eth0"],
            )?;
            run("ip", &["-n", namespace, "link", "set", "eth0", "up"])?;
            let open = if at == 0 { format!("tcp dport {PORT} accept\n") } else { String::new() };
            nft(
                namespace,
                &format!(
                    "table inet firewall {{\n\
                     chain in {{\n type filter hook input priority 0; policy drop;\n\
                     iif lo accept\n ct state established,related accept\n {open} }}\n\
                     chain out {{\n type filter hook output priority 0; policy accept;\n\
                     oif lo accept\n meta l4proto udp counter drop\n }}\n}}\n"
                ),
            )?;
        }
        Ok(made)
    }

    pub(crate) fn name(&self, at: usize) -> &str {
        &self.names[at]
    }

    /// The address of a namespace on the switch.
    pub(crate) fn address(&self, at: usize) -> String {
        format!("198.51.100.{}", at + 1)
    }

    /// UDP packets that a firewall kept from leaving.
    pub(crate) fn dropped(&self, at: usize) -> u64 {
        let listed = Command::new("ip")
            .args(["netns", "exec", self.name(at), "nft", "list", "chain", "inet", "firewall", "out"])
            .output()
            .unwrap();
        let text = String::from_utf8(listed.stdout).unwrap();
        let packets = text.split("counter packets ").nth(1).and_then(|rest| rest.split(' ').next());
        packets.unwrap().parse().unwrap()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for namespace in self.names.iter().chain([&self.switch]) {
            // One that was never made is not there.
            let _absent = run("ip", &["netns", "delete", namespace]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let shown = || format!("{program} {}", arguments.join(" "));
    let ran = Command::new(program).args(arguments).output();
    let ran = ran.map_err(|error| format!("cannot run `{}`: {error}", shown()))?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("`{}` is not permitted here: {}", shown(), String::from_utf8_lossy(&ran.stderr).trim()))
}

fn nft(namespace: &str, rules: &str) -> Result<(), String> {
    let program = Command::new("ip")
        .args(["netns", "exec", namespace, "nft", "-f", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut program = program.map_err(|error| format!("cannot run nft: {error}"))?;
    let written = program.stdin.take().unwrap().write_all(rules.as_bytes());
    let ran = program.wait_with_output().map_err(|error| format!("cannot run nft: {error}"))?;
    if ran.status.success() && written.is_ok() {
        return Ok(());
    }
    Err(format!("nft makes no firewall here: {}", String::from_utf8_lossy(&ran.stderr).trim()))
}
