//! What a sample is drawn from: the elements of all leaves between two closings.

use super::PeriodClosed;
use crate::{AuditError, EvaluationLeaf, LeafHash, Root, Tree, TreeHash};

/// The leaves of one period with what each counts, shown to be those that the two closings enclose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    end: (u64, Root),
    first: u64,
    hashes: Vec<LeafHash>,
    /// How many elements there are up to and with each leaf.
    sums: Vec<u64>,
}

impl Population {
    /// Takes the leaves of a period in their order. `before` is the closing of the period before, with the right edge of
    /// the tree at that size; the first period of a log has none, and no edge.
    ///
    /// # Errors
    /// The edge is not that of the closing before, or the leaves do not lead from it to this closing.
    pub fn new(
        before: Option<&PeriodClosed>,
        edge: &[TreeHash],
        leaves: impl IntoIterator<Item = EvaluationLeaf>,
        closed: &PeriodClosed,
    ) -> Result<Self, AuditError> {
        let is_of_one = |before: &&PeriodClosed| {
            (before.network(), before.keeper()) != (closed.network(), closed.keeper())
                || before.period() >= closed.period()
        };
        if before.as_ref().is_some_and(is_of_one) {
            return Err(AuditError::OtherLog);
        }
        let (size, root) = before.map_or((0, Root::empty()), PeriodClosed::end);
        let mut tree = Tree::restore(size, edge.to_vec())?;
        if tree.root() != root {
            return Err(AuditError::NotConsistent);
        }
        let (end_size, end_root) = closed.end();
        let (mut hashes, mut sums, mut sum) = (Vec::new(), Vec::new(), 0_u64);
        for leaf in leaves {
            // No further than the closing, however many are given.
            if tree.size() >= end_size || leaf.place != tree.size() || !leaf.is_possible() {
                return Err(AuditError::NotConsistent);
            }
            let hash = leaf.hash();
            tree.append(hash)?;
            sum = sum.saturating_add(u64::from(leaf.count));
            hashes.push(hash);
            sums.push(sum);
        }
        if (tree.size(), tree.root()) != (end_size, end_root) {
            return Err(AuditError::NotConsistent);
        }
        Ok(Self { end: (end_size, end_root), first: size, hashes, sums })
    }

    /// How many leaves.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// How many elements.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// Where it ends.
    pub(super) const fn end(&self) -> (u64, Root) {
        self.end
    }

    /// The element with this number, counted from 0 over all leaves: the place of its leaf, its position there, and the
    /// hash of the leaf.
    pub(super) fn element(&self, number: u64) -> Option<(u64, u32, LeafHash)> {
        let index = self.sums.partition_point(|sum| *sum <= number);
        let before = index.checked_sub(1).and_then(|before| self.sums.get(before)).copied().unwrap_or(0);
        let position = u32::try_from(number.checked_sub(before)?).ok()?;
        Some((self.first + index as u64, position, *self.hashes.get(index)?))
    }
}
