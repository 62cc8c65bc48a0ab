//! Proofs of equivocation in a status: as lines, and as sentences where somebody has to do something.

use control::{ProofLine, Standing};
use protocol::Status;
use protocol::feed::{ProofStanding, ProofStatus};
use roster::VerifiedRoster;

use super::lines::name;

/// The proofs that a node holds.
pub(super) fn lines(status: &Status, roster: &VerifiedRoster) -> Vec<ProofLine> {
    status.proofs.iter().map(|held| line(held, roster)).collect()
}

fn line(held: &ProofStatus, roster: &VerifiedRoster) -> ProofLine {
    let feed = held.proof.feed();
    let circle = roster.circles().iter().find(|circle| circle.id == feed.circle);
    ProofLine {
        oin: feed.publisher.to_string(),
        organisatie: name(roster, &feed.publisher),
        circle: circle.map_or_else(|| feed.circle.to_string(), |circle| circle.name.clone()),
        epoch: feed.epoch.0,
        generation: held.proof.generation(),
        sequence: held.proof.sequence(),
        since: held.since.to_string(),
        standing: match held.standing {
            ProofStanding::Open => Standing::Open,
            ProofStanding::BegunAnew => Standing::BegunAnew,
            ProofStanding::Over => Standing::Over,
        },
        statements: held.proof.statements().map(hex),
    }
}

/// What is to be done about those that are open.
pub(super) fn sentences(lines: &[ProofLine], own: &str) -> Vec<String> {
    let open = lines.iter().filter(|line| line.standing == Standing::Open);
    open.map(|line| {
        let ProofLine { organisatie, circle, .. } = line;
        if line.oin == own {
            format!(
                "circle {circle}: others hold proof that two histories are signed with this organisation's key: an old \
                 data folder was put back, or somebody else has the key. If nobody put one back, have the governors \
                 replace the key"
            )
        } else {
            format!(
                "circle {circle}: {organisatie} has signed two histories of its feed and does not count as complete: \
                 call it and the governors. `samenhang status --json` holds the proof"
            )
        }
    })
    .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
