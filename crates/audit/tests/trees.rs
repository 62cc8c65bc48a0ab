//! Trees and proofs, against another implementation of RFC 6962, and everything false that a proof could be used for.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

use audit::{
    AuditError, ConsistencyProof, InclusionProof, LeafHash, MAX_LOG_SIZE, MAX_PROOF_HASHES, Root, Tree,
    TreeHash,
};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

fn entry(place: u64) -> Vec<u8> {
    format!("entry {place}").into_bytes()
}

/// A log of so many entries: its tree, the hashes that it stored, and the root at each size.
struct Log {
    tree: Tree,
    hashes: Vec<TreeHash>,
    roots: Vec<Root>,
}

fn log(size: u64) -> Log {
    let mut log = Log { tree: Tree::default(), hashes: Vec::new(), roots: vec![Root::empty()] };
    for place in 0..size {
        assert_eq!(Tree::first_number(place), log.hashes.len() as u64);
        let stored = log.tree.append(LeafHash::of(&entry(place))).unwrap();
        log.hashes.extend(stored);
        log.roots.push(log.tree.root());
    }
    log
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|place| tree.push(entry(place)));
    tree
}

fn root_of(oracle: &MemoryBackedTree<Sha256, Vec<u8>>) -> Root {
    Root::from_bytes(oracle.root().as_bytes().as_slice().try_into().unwrap())
}

fn bytes(proof: &[TreeHash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

#[test]
fn roots_and_proofs_are_those_of_another_implementation() {
    let log = log(130);
    for size in 1..=130 {
        let oracle = oracle(size);
        let root = log.roots[usize::try_from(size).unwrap()];
        assert_eq!(root, root_of(&oracle), "{size}");
        for place in [0, size / 3, size / 2, size - 1] {
            let proof = InclusionProof::make(place, size, log.hashes.as_slice()).unwrap();
            proof.check(LeafHash::of(&entry(place)), place, size, root).unwrap();
            let theirs = oracle.prove_inclusion(usize::try_from(place).unwrap());
            assert_eq!(bytes(proof.hashes()), theirs.as_bytes(), "{place} of {size}");
        }
        for earlier in [1, size / 2, size.saturating_sub(1)].into_iter().filter(|earlier| *earlier > 0) {
            let proof = ConsistencyProof::make(earlier, size, log.hashes.as_slice()).unwrap();
            let before = log.roots[usize::try_from(earlier).unwrap()];
            proof.check((earlier, before), (size, root)).unwrap();
            let more = usize::try_from(size - earlier).unwrap();
            if more > 0 {
                assert_eq!(
                    bytes(proof.hashes()),
                    oracle.prove_consistency(more).as_bytes(),
                    "{earlier}, {size}"
                );
            }
        }
    }
}

#[test]
fn a_tree_goes_on_from_its_edge_and_from_its_hashes() {
    let whole = log(77);
    for size in 0..77 {
        let part = log(size);
        let kept = Tree::restore(size, part.tree.edge().to_vec()).unwrap();
        assert_eq!(kept, part.tree);
        assert_eq!(Tree::from_hashes(size, whole.hashes.as_slice()).unwrap(), part.tree);
        let mut tree = kept;
        for place in size..77 {
            tree.append(LeafHash::of(&entry(place))).unwrap();
        }
        assert_eq!(tree.root(), whole.tree.root());
    }
    assert_eq!(Tree::restore(5, whole.tree.edge().to_vec()), Err(AuditError::BeyondEnd));
    assert_eq!(Tree::from_hashes(78, whole.hashes.as_slice()), Err(AuditError::MissingHash));
}

#[test]
fn the_empty_tree_has_one_root_and_no_entry() {
    let (empty, other) = (Root::empty(), log(1).tree.root());
    let nothing = ConsistencyProof::make(0, 0, [].as_slice()).unwrap();
    nothing.check((0, empty), (0, empty)).unwrap();
    nothing.check((0, empty), (1, other)).unwrap();
    assert_eq!(nothing.check((0, other), (0, other)), Err(AuditError::NotConsistent), "no such empty tree");
    assert_eq!(nothing.check((0, other), (1, other)), Err(AuditError::NotConsistent));
    assert_eq!(
        nothing.check((1, empty), (1, empty)),
        Err(AuditError::NotConsistent),
        "an entry under the empty root"
    );
    let none = InclusionProof::from_hashes(Vec::new()).unwrap();
    assert_eq!(none.check(LeafHash::of(b""), 0, 0, empty), Err(AuditError::BeyondEnd));
}

#[test]
fn sizes_that_no_log_gets_to_are_refused_before_any_arithmetic() {
    let proof = InclusionProof::from_hashes(vec![TreeHash::from_bytes([1; 32]); MAX_PROOF_HASHES]).unwrap();
    let root = Root::from_bytes([2; 32]);
    for size in [MAX_LOG_SIZE + 1, u64::MAX] {
        assert_eq!(proof.check(LeafHash::of(b"x"), size - 1, size, root), Err(AuditError::BeyondEnd));
        let consistent = ConsistencyProof::from_hashes(proof.hashes().to_vec()).unwrap();
        assert_eq!(consistent.check((1, root), (size, root)), Err(AuditError::BeyondEnd));
        assert!(Tree::from_hashes(size, [].as_slice()).is_err());
    }
    assert!(InclusionProof::from_hashes(vec![TreeHash::from_bytes([1; 32]); MAX_PROOF_HASHES + 1]).is_err());
    assert_eq!(proof.check(LeafHash::of(b"x"), 7, 7, root), Err(AuditError::BeyondEnd));
}

proptest! {
    /// Whatever is changed about what is proven, or about the proof, it no longer holds.
    #[test]
    fn nothing_else_follows_from_a_proof(size in 1_u64..200, at in 0_u64..200, before in 0_u64..200, change in 0_usize..40) {
        let log = log(size);
        let (place, earlier) = (at % size, before % (size + 1));
        let root = log.tree.root();
        let inclusion = InclusionProof::make(place, size, log.hashes.as_slice()).unwrap();
        let leaf = LeafHash::of(&entry(place));
        prop_assert!(inclusion.check(leaf, place, size, root).is_ok());
        prop_assert!(inclusion.check(LeafHash::of(b"another entry"), place, size, root).is_err());
        prop_assert!(inclusion.check(leaf, place, size, Root::from_bytes([9; 32])).is_err());
        for other in (0..size).filter(|other| *other != place) {
            prop_assert!(inclusion.check(leaf, other, size, root).is_err(), "{} for {}", other, place);
        }
        let consistency = ConsistencyProof::make(earlier, size, log.hashes.as_slice()).unwrap();
        let old = log.roots[usize::try_from(earlier).unwrap()];
        prop_assert!(consistency.check((earlier, old), (size, root)).is_ok());
        if earlier > 0 {
            prop_assert!(consistency.check((earlier, Root::from_bytes([9; 32])), (size, root)).is_err());
            prop_assert!(consistency.check((earlier, old), (size, Root::from_bytes([9; 32]))).is_err());
        }
        for (hashes, is_inclusion) in [(inclusion.hashes(), true), (consistency.hashes(), false)] {
            for hashes in changed(hashes, change) {
                let follows = if is_inclusion {
                    InclusionProof::from_hashes(hashes).unwrap().check(leaf, place, size, root).is_ok()
                } else {
                    ConsistencyProof::from_hashes(hashes).unwrap().check((earlier, old), (size, root)).is_ok()
                };
                prop_assert!(!follows);
            }
        }
    }
}

/// A proof with one more hash, one less, and one other.
fn changed(hashes: &[TreeHash], change: usize) -> Vec<Vec<TreeHash>> {
    let more = [hashes, &[TreeHash::from_bytes([3; 32])]].concat();
    let mut all = vec![more];
    if let Some((_, less)) = hashes.split_last() {
        all.push(less.to_vec());
        let mut other = hashes.to_vec();
        other[change % hashes.len()] = TreeHash::from_bytes([4; 32]);
        all.push(other);
    }
    all
}
