//! What a keyholder replays of one organisation's evaluation log: leaf after leaf, each where the one before left off.

use std::collections::BTreeMap;

use crypto::cbor::{self, EncodingError};
use domain::Epoch;
use minicbor::{Decode, Encode};
use thiserror::Error;

use super::{Day, EvaluationLeaf, KeySetName};
use crate::{Root, Tree, TreeHash};

/// Most key sets of one organisation's log whose counts are held: two classes in two epochs, and attempts that came to
/// nothing. Beyond that the organisation waits until epochs are forgotten.
pub const MAX_KEY_SETS: usize = 64;

/// Why a leaf does not continue a log. Whoever keeps the log is to blame, but for [`Missing`](Self::Missing) and
/// [`AlreadyTaken`](Self::AlreadyTaken). A place that is named belongs to the leaf that, beside the refused one, is proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LeafRefusal {
    /// Leaves before it are not there yet: ask for those from this place on.
    #[error("the leaves from place {from} on are missing")]
    Missing {
        /// The first place that is missing.
        from: u64,
    },
    /// The place is taken: by this leaf, which may be presented again, or by another, which makes two logs.
    #[error("there is a leaf at place {place} already")]
    AlreadyTaken {
        /// The place.
        place: u64,
    },
    /// Dated before an earlier leaf.
    #[error("dated before the leaf at place {earlier}")]
    DayBack {
        /// The place of the earlier leaf.
        earlier: u64,
    },
    /// Counts again what an earlier leaf has counted.
    #[error("counts again what the leaf at place {earlier} has counted")]
    CountedTwice {
        /// The place of the newest leaf under the same keys.
        earlier: u64,
    },
    /// Counts elements that no leaf has.
    #[error("{counted} elements were counted before it under these keys, not {claimed}")]
    Uncounted {
        /// By the leaves that are there.
        counted: u64,
        /// By this leaf.
        claimed: u64,
    },
    /// Under more key sets than there can be.
    #[error("the log has leaves under more than {MAX_KEY_SETS} key sets")]
    KeySets,
    /// The log has as many entries as a log may have.
    #[error("the log is full")]
    Full,
}

/// What was counted under one key set, and the place of the newest leaf under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Count {
    #[n(0)]
    key_set: KeySetName,
    #[n(1)]
    counted: u64,
    #[n(2)]
    newest: u64,
}

/// The state of a replay: how many leaves, the tree over them, and what they count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    tree: Tree,
    day: Day,
    /// What was counted under keys of earlier epochs is forgotten.
    oldest: Epoch,
    counts: BTreeMap<KeySetName, Count>,
}

impl Default for Counters {
    fn default() -> Self {
        Self { tree: Tree::default(), day: Day(0), oldest: Epoch(0), counts: BTreeMap::new() }
    }
}

/// As it is kept.
#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    size: u64,
    #[n(1)]
    edge: Vec<TreeHash>,
    #[n(2)]
    day: Day,
    #[cbor(n(3), with = "crypto::cbor::epoch")]
    oldest: Epoch,
    #[n(4)]
    counts: Vec<Count>,
}

impl Counters {
    /// How many leaves were taken: the place of the next.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The day of the newest leaf.
    #[must_use]
    pub fn day(&self) -> Day {
        self.day
    }

    /// The root over the leaves taken, to be compared with a checkpoint of that size.
    #[must_use]
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// What was counted under a key set.
    #[must_use]
    pub fn counted(&self, key_set: &KeySetName) -> u64 {
        self.counts.get(key_set).map_or(0, |count| count.counted)
    }

    /// Takes the next leaf. Returns the hashes of the tree to be stored. A leaf that is refused changes nothing.
    ///
    /// # Errors
    /// It does not continue the log.
    pub fn take(&mut self, leaf: &EvaluationLeaf) -> Result<Vec<TreeHash>, LeafRefusal> {
        self.check(leaf)?;
        let stored = self.tree.append(leaf.hash()).map_err(|_| LeafRefusal::Full)?;
        self.day = leaf.day;
        if leaf.key_set.epoch >= self.oldest {
            let count = Count { key_set: leaf.key_set, counted: leaf.counted, newest: leaf.place };
            self.counts.insert(leaf.key_set, count);
        }
        Ok(stored)
    }

    /// Whether a leaf is the next.
    ///
    /// # Errors
    /// It does not continue the log.
    pub fn check(&self, leaf: &EvaluationLeaf) -> Result<(), LeafRefusal> {
        let size = self.size();
        if leaf.place > size {
            return Err(LeafRefusal::Missing { from: size });
        }
        if leaf.place < size {
            return Err(LeafRefusal::AlreadyTaken { place: leaf.place });
        }
        if leaf.day < self.day {
            return Err(LeafRefusal::DayBack { earlier: size.saturating_sub(1) });
        }
        // Nobody evaluates under keys of an epoch that is over, so nothing is lost by not counting.
        if leaf.key_set.epoch < self.oldest {
            return Ok(());
        }
        let held = self.counts.get(&leaf.key_set);
        if held.is_none() && self.counts.len() >= MAX_KEY_SETS {
            return Err(LeafRefusal::KeySets);
        }
        let (counted, claimed) = (held.map_or(0, |held| held.counted), leaf.counted_before());
        match held {
            Some(held) if claimed < counted => Err(LeafRefusal::CountedTwice { earlier: held.newest }),
            Some(_) | None if claimed > counted => Err(LeafRefusal::Uncounted { counted, claimed }),
            Some(_) | None => Ok(()),
        }
    }

    /// Forgets what was counted under keys of epochs before this one, when they are over. Leaves under them still take
    /// their places.
    pub fn forget_before(&mut self, epoch: Epoch) {
        self.oldest = self.oldest.max(epoch);
        self.counts.retain(|key_set, _| key_set.epoch >= epoch);
    }

    /// The bytes to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (size, edge, day) = (self.tree.size(), self.tree.edge().to_vec(), self.day);
        cbor::to_vec(&Kept {
            size,
            edge,
            day,
            oldest: self.oldest,
            counts: self.counts.values().copied().collect(),
        })
    }

    /// Takes up what was kept.
    ///
    /// # Errors
    /// The record is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let Kept { size, edge, day, oldest, counts } = cbor::from_slice(bytes)?;
        let tree = Tree::restore(size, edge).map_err(|_| EncodingError::Malformed)?;
        let counters =
            Self { tree, day, oldest, counts: counts.iter().map(|count| (count.key_set, *count)).collect() };
        // In order, each key set once, and none that a replay would not hold.
        let is_kept = counters.counts.values().eq(counts.iter()) && counts.len() <= MAX_KEY_SETS;
        let holds =
            is_kept && counts.iter().all(|count| count.newest < size && count.key_set.epoch >= oldest);
        if holds { Ok(counters) } else { Err(EncodingError::NotCanonical) }
    }
}
