//! Proofs about a tree, made from the hashes that a log has stored and checked by whoever has none of them: RFC 6962,
//! sections 2.1.1 and 2.1.2.

use tlog_tiles::Hash;

use crate::tree::{Asked, Reader};
use crate::{AuditError, Hashes, LeafHash, MAX_LOG_SIZE, Root, StoredAt, TreeHash};

/// Most hashes of a proof: two for each doubling of the largest log.
pub const MAX_PROOF_HASHES: usize = 96;

/// That an entry stands at a place of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof(Vec<TreeHash>);

/// That a later tree begins with all entries of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof(Vec<TreeHash>);

impl InclusionProof {
    /// Proves the entry at a place, counted from 0, of the tree of this size.
    ///
    /// # Errors
    /// No such place or size, or a hash is missing.
    pub fn make<H: Hashes + ?Sized>(place: u64, size: u64, hashes: &H) -> Result<Self, AuditError> {
        if place >= size || size > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let proof = tlog_tiles::prove_record(size, place, &Reader(hashes));
        proof.map(|proof| Self(ours(proof))).map_err(|_| AuditError::MissingHash)
    }

    /// Takes the hashes as they travelled.
    ///
    /// # Errors
    /// More than any proof has.
    pub fn from_hashes(hashes: Vec<TreeHash>) -> Result<Self, AuditError> {
        bounded(hashes).map(Self).ok_or(AuditError::NotIncluded)
    }

    /// The hashes.
    #[must_use]
    pub fn hashes(&self) -> &[TreeHash] {
        &self.0
    }

    /// Checks that the entry stands at this place of the tree with this size and root.
    ///
    /// # Errors
    /// It does not follow from the proof.
    pub fn check(&self, leaf: LeafHash, place: u64, size: u64, root: Root) -> Result<(), AuditError> {
        if place >= size || size > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let checked = tlog_tiles::check_record(&theirs(&self.0), size, root.into(), place, leaf.into());
        checked.map_err(|_| AuditError::NotIncluded)
    }
}

impl ConsistencyProof {
    /// Proves that the tree of the later size begins with that of the earlier. Between equal sizes, and from the empty
    /// tree, there is nothing to prove.
    ///
    /// # Errors
    /// The earlier is the larger, no tree is as large, or a hash is missing.
    pub fn make<H: Hashes + ?Sized>(earlier: u64, later: u64, hashes: &H) -> Result<Self, AuditError> {
        if earlier > later || later > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        if earlier == 0 {
            return Ok(Self(Vec::new()));
        }
        let proof = tlog_tiles::prove_tree(later, earlier, &Reader(hashes));
        proof.map(|proof| Self(ours(proof))).map_err(|_| AuditError::MissingHash)
    }

    /// Where the hashes lie that [`make`](Self::make) reads for two sizes.
    ///
    /// # Errors
    /// The earlier is the larger, or no tree is as large.
    pub fn needs(earlier: u64, later: u64) -> Result<Vec<StoredAt>, AuditError> {
        let asked = Asked::default();
        Self::make(earlier, later, &asked)?;
        Ok(asked.numbers().into_iter().map(StoredAt::of).collect())
    }

    /// No proof at all: what is shown where one cannot be made, and what is enough between equal sizes.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Takes the hashes as they travelled.
    ///
    /// # Errors
    /// More than any proof has.
    pub fn from_hashes(hashes: Vec<TreeHash>) -> Result<Self, AuditError> {
        bounded(hashes).map(Self).ok_or(AuditError::NotConsistent)
    }

    /// The hashes.
    #[must_use]
    pub fn hashes(&self) -> &[TreeHash] {
        &self.0
    }

    /// Checks that the later tree begins with the earlier one, each given as its size and root.
    ///
    /// # Errors
    /// It does not follow from the proof. The empty tree has one root, and two trees of one size are one tree.
    pub fn check(&self, earlier: (u64, Root), later: (u64, Root)) -> Result<(), AuditError> {
        let ((size, root), (later_size, later_root)) = (earlier, later);
        if size > later_size || later_size > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let is_possible = |(size, root): (u64, Root)| (size == 0) == (root == Root::empty());
        if !is_possible(earlier) || !is_possible(later) {
            return Err(AuditError::NotConsistent);
        }
        if size == 0 || size == later_size {
            let holds = self.0.is_empty() && (size == 0 || root == later_root);
            return if holds { Ok(()) } else { Err(AuditError::NotConsistent) };
        }
        let checked =
            tlog_tiles::check_tree(&theirs(&self.0), later_size, later_root.into(), size, root.into());
        checked.map_err(|_| AuditError::NotConsistent)
    }
}

/// A proof travels as one byte string, its hashes end to end.
macro_rules! codec {
    ($name:ty) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                let hashes: Vec<[u8; 32]> = self.0.iter().map(|hash| *hash.as_bytes()).collect();
                encoder.bytes(hashes.as_flattened())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let (hashes, rest) = decoder.bytes()?.as_chunks::<32>();
                if !rest.is_empty() || hashes.len() > MAX_PROOF_HASHES {
                    return Err(minicbor::decode::Error::message("not the hashes of a proof"));
                }
                Ok(Self(hashes.iter().copied().map(TreeHash::from_bytes).collect()))
            }
        }
    };
}

codec!(InclusionProof);
codec!(ConsistencyProof);

fn bounded(hashes: Vec<TreeHash>) -> Option<Vec<TreeHash>> {
    (hashes.len() <= MAX_PROOF_HASHES).then_some(hashes)
}

fn ours(proof: Vec<Hash>) -> Vec<TreeHash> {
    proof.into_iter().map(TreeHash::from).collect()
}

fn theirs(proof: &[TreeHash]) -> Vec<Hash> {
    proof.iter().copied().map(Hash::from).collect()
}
