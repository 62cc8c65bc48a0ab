//! Leaving a network.

use serde::{Deserialize, Serialize};

/// What leaving means for this node, or meant when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaveLine {
    /// Since when the organisation is leaving (RFC 3339); absent while it is only asked what that would mean.
    pub begun: Option<String>,
    /// Own signals: those there are, or those that were withdrawn by this request.
    pub signals: usize,
    /// What happens to the keys of the network, one sentence each.
    pub keys: Vec<String>,
    /// Whether it is refused without force, for what happens to the keys.
    pub refused: bool,
}
