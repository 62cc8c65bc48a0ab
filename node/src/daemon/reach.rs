//! How this node and others reach each other, for the operator.

use control::ConnectionLine;
use domain::Oin;
use network::Paths;
use roster::VerifiedRoster;

/// The figures of the status.
pub(super) fn line(paths: &Paths) -> ConnectionLine {
    let Paths { tcp, quic, relayed, places, carried } = *paths;
    ConnectionLine { tcp, quic, relayed, places, carried }
}

/// What is wrong between the roster, the configuration and the relays, and what to do.
pub(super) fn remarks(own: &Oin, relays: bool, roster: &VerifiedRoster, paths: &Paths) -> Vec<String> {
    let Some(member) = roster.member(own) else { return Vec::new() };
    let others_relay = roster.members().iter().any(|other| other.relay && other.oin != *own);
    let mut remarks = Vec::new();
    if member.relay && !relays {
        remarks.push(
            "the roster lists this node as a relay and its configuration does not; set relay = true, or ask the \
             governors to change the roster"
                .to_owned(),
        );
    }
    if member.is_outbound_only() && paths.places == 0 {
        remarks.push(if others_relay {
            "this node only dials out and holds no place at a relay: members like it cannot reach it; see that it may \
             dial the relays that `samenhang roster show` lists"
                .to_owned()
        } else {
            "this node only dials out and no member relays: members like it cannot reach it; ask the governors for a \
             relay"
                .to_owned()
        });
    }
    remarks
}
