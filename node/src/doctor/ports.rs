//! Addresses to listen on: free, or held by this node.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::Patient;
use super::finding::Findings;
use super::node::Node;

/// Looks at the addresses for other nodes and for health.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) {
    let config = patient.config;
    match &patient.node {
        Node::Stopped => {
            for address in &config.listen {
                free(*address, "node.listen", findings);
            }
            if let Some(address) = config.health {
                free(address, "health.listen", findings);
            }
        }
        Node::Running { status, .. } => {
            let held: BTreeSet<SocketAddr> =
                status.addresses.iter().filter_map(|text| text.parse().ok()).collect();
            compare(&config.listen, &held, "node.listen", findings);
            let health = fs::read_to_string(config.health_file()).ok();
            let health = health.and_then(|text| text.trim().parse().ok()).into_iter().collect();
            let wanted: Vec<SocketAddr> = config.health.into_iter().collect();
            compare(&wanted, &health, "health.listen", findings);
        }
        Node::Silent(_) => findings.unknown(
            "ports",
            "who listens on the ports is not known while the node does not answer",
            "ask again when it does",
        ),
    }
}

/// Whether a start could listen there.
fn free(address: SocketAddr, key: &str, findings: &mut Findings) {
    let Err(error) = TcpListener::bind(address) else {
        findings.ok("ports", format!("{address} ({key}) is free"));
        return;
    };
    let known = [
        (ErrorKind::AddrInUse, "stop what listens there (`ss -ltnp` names it), or choose another "),
        (ErrorKind::AddrNotAvailable, "choose an address of this machine, or 0.0.0.0 for all, as "),
        (ErrorKind::PermissionDenied, "choose a port above 1023 as "),
    ];
    let advice = known.iter().find(|(kind, _)| *kind == error.kind());
    let to_do = format!("{}{key}", advice.map_or("choose another ", |(_, advice)| advice));
    findings.wrong("ports", format!("cannot listen on {address} ({key}): {error}"), to_do);
}

/// Whether the running node listens where the configuration says. With port 0 the system chose one.
fn compare(wanted: &[SocketAddr], held: &BTreeSet<SocketAddr>, key: &str, findings: &mut Findings) {
    let is_held = |wanted: &SocketAddr| {
        held.iter().any(|held| {
            (wanted.port() == held.port() || wanted.port() == 0)
                && (wanted.ip() == held.ip() || wanted.ip().is_unspecified())
        })
    };
    for address in wanted {
        if is_held(address) {
            findings.ok("ports", format!("the node listens on {address} ({key})"));
        } else {
            findings.attention(
                "ports",
                format!("the node does not listen on {address} ({key})"),
                "the configuration was changed since the node started: restart it",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn what_the_running_node_holds_is_compared_with_the_configuration() {
        fn check(wanted: &str, held: &[&str], expected: Verdict) {
            let mut findings = Findings::default();
            let held = held.iter().map(|text| text.parse().unwrap()).collect();
            compare(&[wanted.parse().unwrap()], &held, "node.listen", &mut findings);
            assert_eq!(findings.0[0].verdict, expected, "{wanted}");
        }
        check("127.0.0.1:7310", &["127.0.0.1:7310"], Verdict::Ok);
        check("127.0.0.1:7310", &["127.0.0.1:7311"], Verdict::Attention);
        check("127.0.0.1:0", &["127.0.0.1:40000"], Verdict::Ok);
        check("0.0.0.0:7310", &["192.0.2.1:7310", "127.0.0.1:7310"], Verdict::Ok);
        check("[::1]:7310", &["127.0.0.1:7310"], Verdict::Attention);
    }
}
