//! What a witness says to a checkpoint that a keeper shows it, given the last one that it remembers of this log.

use crate::evidence::{Challenge, ForkProof};
use crate::{ConsistencyProof, SignedCheckpoint};

/// What to do with a checkpoint. In every case but the first, what is remembered stays.
#[derive(Debug, PartialEq)]
pub enum Judgement {
    /// It continues what is remembered, or is the first: remember it durably, then cosign.
    Cosign,
    /// It is the closing of a period that was cosigned before: give that cosignature again. A second one, made at another
    /// time, would draw a second sample.
    GiveAgain,
    /// The keeper signed two logs: keep and show the proof, and cosign nothing more.
    Fork(Box<ForkProof>),
    /// It was not shown to continue what is remembered. Keep the challenge until the keeper answers it.
    Unshown(Box<Challenge>),
    /// It is smaller than what is remembered: late, or a log that went back. Tell the keeper the remembered checkpoint; to
    /// go on it has to show, by the challenge, that its log still leads there.
    Behind(Box<Challenge>),
}

/// Judges a checkpoint that is verified to be the keeper's, by the proof that came with it. `remembered` is of the same
/// log and under the same key; a witness that lost its memory asks others before it takes a log as new.
#[must_use]
pub fn judge(
    remembered: Option<&SignedCheckpoint>,
    shown: &SignedCheckpoint,
    proof: &ConsistencyProof,
) -> Judgement {
    let Some(remembered) = remembered else { return Judgement::Cosign };
    if let Some(fork) = ForkProof::of(remembered, shown) {
        return Judgement::Fork(Box::new(fork));
    }
    let (earlier, later) = (remembered.checkpoint(), shown.checkpoint());
    if later.origin.is_closed_period() {
        return Judgement::GiveAgain;
    }
    if later.size < earlier.size {
        return Judgement::Behind(Box::new(Challenge::new(shown, remembered)));
    }
    // The same once more is cosigned anew: it says that nothing was added until now. Everything continues an empty log.
    let is_plain = later == earlier || earlier.size == 0;
    if is_plain || proof.check((earlier.size, earlier.root), (later.size, later.root)).is_ok() {
        return Judgement::Cosign;
    }
    Judgement::Unshown(Box::new(Challenge::new(remembered, shown)))
}
