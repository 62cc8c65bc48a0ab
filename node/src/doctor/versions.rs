//! Versions: of this program, and of the one that runs.

use super::Patient;
use super::finding::Findings;

/// Looks at the versions. What version other members run is not told between nodes.
pub(super) fn look(patient: &Patient<'_>, findings: &mut Findings) {
    let own = env!("CARGO_PKG_VERSION");
    match patient.node.status() {
        Some(status) if status.version != own => findings.attention(
            "version",
            format!("the node runs version {}, and version {own} is installed", status.version),
            "restart the node",
        ),
        Some(_) => findings.ok("version", format!("the node and this program are version {own}")),
        None => findings.ok("version", format!("this program is version {own}")),
    }
}
