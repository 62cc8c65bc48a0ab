//! The tree over the blinded elements of one request: its root stands in the leaf, and an opening shows one of them.

use crypto::MAX_BATCH;

use crate::{AuditError, InclusionProof, LeafHash, Root, Tree, TreeHash};

/// The root over the elements, each a leaf of the tree, in the order of the request.
///
/// # Errors
/// No element, or more than a request has.
pub fn elements_root(elements: &[[u8; 32]]) -> Result<Root, AuditError> {
    grow(elements).map(|(tree, _)| tree.root())
}

/// Proves that an element stands at a position, counted from 0.
///
/// # Errors
/// No such position, no element, or more than a request has.
pub fn prove_element(elements: &[[u8; 32]], position: u32) -> Result<InclusionProof, AuditError> {
    let (tree, hashes) = grow(elements)?;
    InclusionProof::make(position.into(), tree.size(), hashes.as_slice())
}

fn grow(elements: &[[u8; 32]]) -> Result<(Tree, Vec<TreeHash>), AuditError> {
    if elements.is_empty() || elements.len() > MAX_BATCH {
        return Err(AuditError::BeyondEnd);
    }
    let (mut tree, mut hashes) = (Tree::default(), Vec::with_capacity(2 * elements.len()));
    for element in elements {
        hashes.extend(tree.append(LeafHash::of(element))?);
    }
    Ok((tree, hashes))
}
