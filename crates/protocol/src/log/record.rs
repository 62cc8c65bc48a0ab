//! How a main log lies on disk.

use std::collections::BTreeSet;

use audit::{Tree, TreeHash};
use crypto::cbor;
use domain::{Month, Timestamp};
use minicbor::{Decode, Encode};

/// Most months of which something is kept: as many as the longest retention has, with room for one that was shortened.
const MAX_MONTHS: usize = 1_000;

/// Where a log has got to: one record, written with every entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// The tree, as its size and right edge.
    pub tree: Tree,
    /// Months with which something is to be forgotten.
    pub months: BTreeSet<Month>,
    /// The last month that was forgotten.
    pub forgotten: Option<Month>,
    /// The newest moment that the clocks of others bore out.
    pub borne_out: Timestamp,
    /// The generation that governors approved after a loss; 0 is the first.
    pub generation: u32,
}

/// The same as bytes on disk; numbers are part of the format.
#[derive(Encode, Decode)]
struct LogHeadRecord {
    #[n(0)]
    size: u64,
    /// The hashes of the right edge, the largest subtree's first.
    #[cbor(n(1), with = "minicbor::bytes")]
    edge: Vec<u8>,
    /// Ascending.
    #[n(2)]
    months: Vec<u32>,
    #[n(3)]
    forgotten: Option<u32>,
    #[n(4)]
    borne_out: u64,
    /// Left out in the first generation.
    #[n(5)]
    generation: Option<u32>,
}

impl Default for LogHead {
    /// Of a log without entries.
    fn default() -> Self {
        Self {
            tree: Tree::default(),
            months: BTreeSet::new(),
            forgotten: None,
            borne_out: Timestamp(0),
            generation: 0,
        }
    }
}

impl LogHead {
    /// The record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(&LogHeadRecord {
            size: self.tree.size(),
            edge: self.tree.edge().iter().flat_map(TreeHash::as_bytes).copied().collect(),
            months: self.months.iter().map(|month| month.number()).collect(),
            forgotten: self.forgotten.map(Month::number),
            borne_out: self.borne_out.0,
            generation: Some(self.generation).filter(|generation| *generation != 0),
        })
    }

    /// Reads the record; `None` for one that this version did not write.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: LogHeadRecord = cbor::from_slice(bytes).ok()?;
        let tree = Tree::restore(record.size, hashes(&record.edge)?).ok()?;
        let numbers = record.months.iter().copied();
        let months: BTreeSet<Month> = numbers.map(Month::from_number).collect::<Option<_>>()?;
        let forgotten = match record.forgotten {
            None => None,
            Some(number) => Some(Month::from_number(number)?),
        };
        let is_sound =
            months.len() == record.months.len() && months.len() <= MAX_MONTHS && record.generation != Some(0);
        let (borne_out, generation) = (Timestamp(record.borne_out), record.generation.unwrap_or(0));
        is_sound.then_some(Self { tree, months, forgotten, borne_out, generation })
    }
}

/// Key of the head.
#[must_use]
pub fn log_head_key() -> Vec<u8> {
    b"head".to_vec()
}

/// Key of an entry, of its details and of the hashes that were stored with it.
#[must_use]
pub fn log_place_key(place: u64) -> Vec<u8> {
    place.to_be_bytes().to_vec()
}

/// What is kept of an entry for good: with which month the entry itself is forgotten, and the hashes of the tree that were
/// stored with it, its own first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHashes {
    /// The scope of the entry and of its details.
    pub month: Month,
    /// One for each level up to the highest subtree that it completes.
    pub hashes: Vec<TreeHash>,
}

impl LogHashes {
    /// The record: month (4, big-endian) ‖ hashes (32 each).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let hashes = self.hashes.iter().flat_map(TreeHash::as_bytes).copied();
        self.month.number().to_be_bytes().into_iter().chain(hashes).collect()
    }

    /// Reads the record; `None` for one that this version did not write.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (month, rest) = bytes.split_first_chunk()?;
        let month = Month::from_number(u32::from_be_bytes(*month))?;
        let hashes = hashes(rest).filter(|hashes| !hashes.is_empty())?;
        Some(Self { month, hashes })
    }
}

fn hashes(bytes: &[u8]) -> Option<Vec<TreeHash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().copied().map(TreeHash::from_bytes).collect())
}

#[cfg(test)]
mod tests {
    use audit::LeafHash;

    use super::*;

    #[test]
    fn a_head_survives_its_record_and_another_is_not_taken_for_one() {
        let mut tree = Tree::default();
        for entry in [b"a", b"b", b"c"] {
            tree.append(LeafHash::of(entry)).unwrap();
        }
        let months = ["2031-11", "2031-12"].map(|month| month.parse().unwrap()).into();
        let forgotten = Some("2031-10".parse().unwrap());
        let head = LogHead { tree, months, forgotten, borne_out: Timestamp(7), generation: 0 };
        let bytes = head.to_bytes();
        let later = LogHead { generation: 2, ..head.clone() };
        assert_eq!(LogHead::from_bytes(&later.to_bytes()), Some(later));
        assert_eq!(LogHead::from_bytes(&bytes), Some(head.clone()));
        assert_eq!(LogHead::from_bytes(&bytes[..bytes.len() - 1]), None);
        // A size that has another edge.
        let mut other = bytes.clone();
        assert_eq!(std::mem::replace(&mut other[1], 4), 3);
        assert_eq!(LogHead::from_bytes(&other), None);
    }
}
