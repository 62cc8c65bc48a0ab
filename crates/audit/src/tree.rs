//! The tree over the entries of a log: RFC 6962, section 2.1.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use tlog_tiles::{Hash, HashReader, stored_hash_index};

use crate::AuditError;

/// Most entries of a log: one a millisecond for nine thousand years. Proofs about larger ones are refused before any
/// arithmetic.
pub const MAX_LOG_SIZE: u64 = 1 << 48;

macro_rules! hash_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps the bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str(")")
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                decoder: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let bytes = decoder.bytes()?.try_into();
                bytes.map(Self).map_err(|_| minicbor::decode::Error::message("wrong length of a hash"))
            }
        }

        impl From<$name> for tlog_tiles::Hash {
            fn from(hash: $name) -> Self {
                Self(hash.0)
            }
        }

        impl From<tlog_tiles::Hash> for $name {
            fn from(hash: tlog_tiles::Hash) -> Self {
                Self(hash.0)
            }
        }
    };
}

hash_type!(
    /// The hash of one entry, with the prefix for leaves.
    LeafHash
);
hash_type!(
    /// The hash of a whole subtree of 1, 2, 4, … entries, as a log stores them.
    TreeHash
);
hash_type!(
    /// The root of a tree.
    Root
);

impl LeafHash {
    /// The hash of an entry's bytes.
    #[must_use]
    pub fn of(entry: &[u8]) -> Self {
        tlog_tiles::record_hash(entry).into()
    }
}

impl Root {
    /// The root of the tree without entries.
    #[must_use]
    pub fn empty() -> Self {
        tlog_tiles::EMPTY_HASH.into()
    }
}

/// Reads the hashes that a log has stored: [`Tree::append`] returned them, in the order of their numbers.
pub trait Hashes {
    /// The hash with this number; `None` when it is not there.
    fn hash(&self, number: u64) -> Option<TreeHash>;
}

impl Hashes for [TreeHash] {
    fn hash(&self, number: u64) -> Option<TreeHash> {
        self.get(usize::try_from(number).ok()?).copied()
    }
}

/// Where a stored hash lies: with the entry at a place, as the one of a level that [`Tree::append`] returned for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredAt {
    /// The place of the entry.
    pub place: u64,
    /// Which of the hashes stored with it.
    pub level: usize,
}

impl StoredAt {
    /// The number by which [`Hashes`] are read.
    #[must_use]
    pub fn number(self) -> u64 {
        Tree::first_number(self.place).saturating_add(self.level as u64)
    }

    pub(crate) fn of(number: u64) -> Self {
        let (level, n) = tlog_tiles::split_stored_hash_index(number);
        Self { place: ((n + 1) << level) - 1, level: usize::from(level) }
    }
}

/// Notes which hashes the library wants, and gives it any.
#[derive(Default)]
pub(crate) struct Asked(RefCell<Vec<u64>>);

impl Asked {
    pub(crate) fn numbers(self) -> Vec<u64> {
        self.0.into_inner()
    }
}

impl Hashes for Asked {
    fn hash(&self, number: u64) -> Option<TreeHash> {
        self.0.borrow_mut().push(number);
        Some(TreeHash::from_bytes([0; 32]))
    }
}

/// Lets the library read them.
pub(crate) struct Reader<'a, H: ?Sized>(pub(crate) &'a H);

impl<H: Hashes + ?Sized> HashReader for Reader<'_, H> {
    fn read_hashes(&self, numbers: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let read =
            |number: &u64| self.0.hash(*number).map(Hash::from).ok_or(tlog_tiles::Error::IndexesNotInTree);
        numbers.iter().map(read).collect()
    }
}

/// A tree that grows, as its right edge: the hashes of the whole subtrees that it is made of, the largest first. That is
/// all that is needed to append and to know the root; at most 48 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    edge: Vec<TreeHash>,
}

impl Tree {
    /// Takes up a tree that was kept as its size and right edge.
    ///
    /// # Errors
    /// Another number of hashes than a tree of this size has at its edge, or a size beyond [`MAX_LOG_SIZE`].
    pub fn restore(size: u64, edge: Vec<TreeHash>) -> Result<Self, AuditError> {
        let fits = size <= MAX_LOG_SIZE && edge.len() == size.count_ones() as usize;
        if fits { Ok(Self { size, edge }) } else { Err(AuditError::BeyondEnd) }
    }

    /// Takes up a tree of this size from the hashes that were stored.
    ///
    /// # Errors
    /// One of them is missing, or a size beyond [`MAX_LOG_SIZE`].
    pub fn from_hashes<H: Hashes + ?Sized>(size: u64, hashes: &H) -> Result<Self, AuditError> {
        if size > MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let numbers = edge_numbers(size);
        let edge: Option<Vec<TreeHash>> = numbers.into_iter().map(|number| hashes.hash(number)).collect();
        Ok(Self { size, edge: edge.ok_or(AuditError::MissingHash)? })
    }

    /// How many entries it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The right edge, the hash of the largest subtree first.
    #[must_use]
    pub fn edge(&self) -> &[TreeHash] {
        &self.edge
    }

    /// Appends an entry. Returns the hashes to be stored: they have the next numbers, from
    /// [`first_number`](Self::first_number) of the entry on.
    ///
    /// # Errors
    /// The log is full.
    pub fn append(&mut self, leaf: LeafHash) -> Result<Vec<TreeHash>, AuditError> {
        if self.size >= MAX_LOG_SIZE {
            return Err(AuditError::BeyondEnd);
        }
        let edge: BTreeMap<u64, TreeHash> =
            edge_numbers(self.size).into_iter().zip(self.edge.iter().copied()).collect();
        let stored = tlog_tiles::stored_hashes_for_record_hash(self.size, leaf.into(), &Reader(&edge));
        let stored: Vec<TreeHash> =
            stored.map_err(|_| AuditError::MissingHash)?.into_iter().map(TreeHash::from).collect();
        // Each further hash takes in one more subtree of the edge.
        self.edge.truncate((self.edge.len() + 1).saturating_sub(stored.len()));
        self.edge.extend(stored.last());
        self.size += 1;
        Ok(stored)
    }

    /// The number of the first hash that is stored with the entry at a place.
    #[must_use]
    pub fn first_number(place: u64) -> u64 {
        stored_hash_index(0, place.min(MAX_LOG_SIZE))
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Root {
        let Some((last, before)) = self.edge.split_last() else { return Root::empty() };
        let join = |right: Hash, left: &TreeHash| tlog_tiles::node_hash((*left).into(), right);
        before.iter().rev().fold(Hash::from(*last), join).into()
    }
}

impl Hashes for BTreeMap<u64, TreeHash> {
    fn hash(&self, number: u64) -> Option<TreeHash> {
        self.get(&number).copied()
    }
}

/// The numbers of the hashes at the right edge of a tree, the largest subtree's first.
fn edge_numbers(size: u64) -> Vec<u64> {
    tlog_tiles::sub_tree_index(0, size, Vec::new())
}
