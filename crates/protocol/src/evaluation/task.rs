//! The work of an evaluation: a few dozen microseconds an element, too long for whatever else waits for the node.

use std::fmt;

use audit::KeySetName;
use crypto::{Evaluation, KeyShare, Seed};
use domain::Oin;

use super::message::EvaluationRefusal;
use crate::ResponseToken;

/// Elements that are evaluated in a millisecond or two: the linkage keys of a family or two.
pub const FEW_ELEMENTS: usize = 32;

/// Elements to evaluate for a member that may have them evaluated. It holds a share for as long as that takes.
pub struct EvaluationTask {
    pub(super) from: Oin,
    pub(super) token: ResponseToken,
    pub(super) key_set: KeySetName,
    pub(super) share: KeyShare,
    pub(super) elements: Vec<[u8; 32]>,
    pub(super) seed: Seed,
}

impl EvaluationTask {
    /// Whether it is over soon, so that it need not wait behind longer ones.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.elements.len() <= FEW_ELEMENTS
    }

    /// Evaluates and proves. The node decides whether the result is released.
    #[must_use]
    pub fn run(self) -> EvaluationDone {
        let Self { from, token, key_set, share, elements, seed } = self;
        let outcome = share.evaluate(&elements, &seed).map_err(|_| EvaluationRefusal::Malformed);
        EvaluationDone { from, token, key_set, outcome }
    }
}

/// What became of an [`EvaluationTask`]: to be given back to the node that asked for it.
pub struct EvaluationDone {
    pub(super) from: Oin,
    pub(super) token: ResponseToken,
    pub(super) key_set: KeySetName,
    pub(super) outcome: Result<Evaluation, EvaluationRefusal>,
}

impl fmt::Debug for EvaluationTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvaluationTask({} elements for {})", self.elements.len(), self.from)
    }
}

impl fmt::Debug for EvaluationDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.outcome.is_ok() { "evaluated" } else { "refused" };
        write!(f, "EvaluationDone({outcome}, for {})", self.from)
    }
}
