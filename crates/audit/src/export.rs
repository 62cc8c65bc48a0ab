//! Checking an export of a main log on whatever machine, entry by entry, against one checkpoint.
//!
//! An export names the checkpoint, then the hash of each whole block of [`BLOCK_ENTRIES`] entries, then every entry with
//! its leaf hash. The checkpoint proves the hashes of the blocks, these prove the leaf hashes, and each leaf hash proves
//! its entry. So whatever was changed afterwards is found where it stands, and at worst within its block.

use std::collections::BTreeMap;

use domain::Month;
use tlog_tiles::{Hash, node_hash};

use crate::{AuditError, Checkpoint, Details, Entry, Event, LeafHash, Root, Tree, TreeHash};

/// Entries of a block, as many as a tile of C2SP's tlog-tiles has.
pub const BLOCK_ENTRIES: u64 = 256;

/// What is wrong in an export, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The entries do not stand in order, or one is missing.
    Order {
        /// The place that is expected.
        expected: u64,
        /// The place that is there.
        found: u64,
    },
    /// An entry is not the one with this hash, or says that it stands at another place.
    Entry(u64),
    /// The details are not those that the entry commits to.
    Details(u64),
    /// Details without their entry.
    DetailsAlone(u64),
    /// Only the hash is left of an entry that no retention that ended can have covered: no erasure of a late enough month
    /// stands behind it.
    NotErased(u64),
    /// The hashes of these entries do not make the block that the checkpoint proves: one of them was replaced together
    /// with its hash.
    Block {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// The blocks and the entries after them do not make the tree of the checkpoint.
    Tree,
    /// The first so many entries are not those that witnesses cosigned.
    Cosigned(u64),
    /// There are fewer or more entries than the checkpoint says.
    Size {
        /// As many as the checkpoint says.
        expected: u64,
        /// As many as there are.
        found: u64,
    },
}

/// What was found in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// Of how many only the hash is left, because their retention ended.
    pub erased: u64,
    /// The first thing that is wrong; `None`: everything is as it was logged.
    pub wrong: Option<Wrong>,
}

/// One entry of an export as it stands there.
#[derive(Debug, Clone, Copy)]
pub struct ExportedEntry<'a> {
    /// Its place.
    pub place: u64,
    /// Its hash.
    pub leaf: LeafHash,
    /// Its bytes; `None` when it was erased.
    pub entry: Option<&'a [u8]>,
    /// Its details; `None` when they were erased or left out.
    pub details: Option<&'a [u8]>,
}

/// Checks an export while it is read; holds no more than the hashes of the blocks.
#[derive(Debug)]
pub struct ExportVerifier {
    checkpoint: Checkpoint,
    /// What witnesses cosigned, not compared yet.
    cosigned: Option<(u64, Root)>,
    blocks: Vec<TreeHash>,
    /// Whether the export says whom entries are about.
    with_details: bool,
    /// Months that must have been erased, with the first entry of which that is so.
    unexplained: BTreeMap<Month, u64>,
    /// The first month in which an entry at the present place can have been forgotten.
    soonest: Month,
    /// The tree over the entries of the present block.
    block: Tree,
    /// Blocks whose entries do not make what is stated of them.
    first_bad_block: Option<u64>,
    /// The size up to which witnesses cosigned something else.
    differs_from_cosigned: Option<u64>,
    entries: u64,
    erased: u64,
    wrong: Option<Wrong>,
}

impl ExportVerifier {
    /// Begins with what stands at the head.
    #[must_use]
    pub fn new(checkpoint: Checkpoint, blocks: Vec<TreeHash>, with_details: bool) -> Self {
        let (block, first_bad_block, entries, erased, wrong) = (Tree::default(), None, 0, 0, None);
        let (unexplained, soonest) = (BTreeMap::new(), Month::default());
        Self {
            checkpoint,
            cosigned: None,
            blocks,
            with_details,
            unexplained,
            soonest,
            block,
            first_bad_block,
            differs_from_cosigned: None,
            entries,
            erased,
            wrong,
        }
    }

    /// Compares with what witnesses cosigned as well: size and root of a checkpoint of the same log.
    #[must_use]
    pub fn cosigned(self, size: u64, root: Root) -> Self {
        Self { cosigned: (size != 0).then_some((size, root)), ..self }
    }

    /// Takes the next entry. Returns it as it was logged; `None` when it was erased or is wrong.
    pub fn next(&mut self, exported: ExportedEntry<'_>) -> Option<(Entry, Option<Details>)> {
        let ExportedEntry { place, leaf, entry, details } = exported;
        let expected = self.entries;
        if place != expected {
            self.note(Wrong::Order { expected, found: place });
        }
        self.entries += 1;
        let number = expected / BLOCK_ENTRIES;
        // A tree of so few entries has room for one more.
        let _stored = self.block.append(leaf);
        if self.block.size() == BLOCK_ENTRIES {
            let made = std::mem::take(&mut self.block).root();
            let stated = usize::try_from(number).ok().and_then(|number| self.blocks.get(number));
            if stated.is_none_or(|stated| stated.as_bytes() != made.as_bytes()) {
                self.first_bad_block.get_or_insert(number);
            }
        }
        if let Some((size, root)) = self.cosigned.filter(|(size, _)| *size == self.entries) {
            self.cosigned = None;
            let whole = usize::try_from(size / BLOCK_ENTRIES).ok().and_then(|whole| self.blocks.get(..whole));
            if whole.is_none_or(|whole| root_of(whole, &self.block) != Ok(root)) {
                self.differs_from_cosigned = Some(size);
            }
        }
        let Some(bytes) = entry else {
            self.erased += 1;
            self.unexplained.entry(self.soonest).or_insert(expected);
            if details.is_some() {
                self.note(Wrong::DetailsAlone(expected));
            }
            return None;
        };
        let read = Entry::from_bytes(bytes).ok().filter(|entry| entry.place == place);
        let Some(read) = read.filter(|_| LeafHash::of(bytes) == leaf) else {
            self.note(Wrong::Entry(expected));
            return None;
        };
        // Nothing is kept for less than a month.
        self.soonest = self.soonest.max(Month::from(read.time.date()).plus(1));
        if let Event::Erasure { month } = read.event {
            self.unexplained.retain(|soonest, _| soonest.number() > month);
        }
        let Some(bytes) = details else {
            if self.with_details {
                self.note(Wrong::Details(expected));
                return None;
            }
            return Some((read, None));
        };
        match Details::from_bytes(bytes) {
            Ok(details) if details.commitment() == read.details => Some((read, Some(details))),
            Ok(_) | Err(_) => {
                self.note(Wrong::Details(expected));
                None
            }
        }
    }

    /// Ends.
    #[must_use]
    pub fn finish(self) -> Verified {
        let Self { checkpoint, blocks, block, first_bad_block, entries, erased, wrong, unexplained, .. } =
            self;
        // What was not reached is cosigned beyond the end: entries are missing.
        let cosigned =
            self.differs_from_cosigned.or(self.cosigned.map(|(size, _)| size)).map(Wrong::Cosigned);
        let wrong = earlier(wrong, unexplained.into_values().min().map(Wrong::NotErased));
        let wrong = if entries != checkpoint.size {
            wrong.or(Some(Wrong::Size { expected: checkpoint.size, found: entries }))
        } else if root_of(&blocks, &block) != Ok(checkpoint.root) {
            // Whatever else was found may be the fault of the head itself, unless an entry contradicts its own hash.
            wrong.or(Some(Wrong::Tree))
        } else {
            let block = first_bad_block.map(|number| number * BLOCK_ENTRIES);
            let block = block.map(|first| Wrong::Block { first, last: first + BLOCK_ENTRIES - 1 });
            earlier(wrong, block).or(cosigned)
        };
        Verified { entries, erased, wrong }
    }

    fn note(&mut self, wrong: Wrong) {
        self.wrong.get_or_insert(wrong);
    }
}

/// The one that stands first. An entry that is named is better than the block that it stands in.
fn earlier(entry: Option<Wrong>, block: Option<Wrong>) -> Option<Wrong> {
    match (entry, block) {
        (Some(entry), Some(block)) => Some(if entry.place() <= block.place() { entry } else { block }),
        (entry, block) => entry.or(block),
    }
}

impl Wrong {
    /// Until where everything is as it was logged, for all that is known.
    fn place(&self) -> u64 {
        match self {
            Self::Order { expected: place, .. }
            | Self::Entry(place)
            | Self::Details(place)
            | Self::DetailsAlone(place)
            | Self::NotErased(place) => *place,
            Self::Block { last, .. } => *last,
            Self::Tree | Self::Cosigned(_) | Self::Size { .. } => u64::MAX,
        }
    }
}

impl Verified {
    /// Takes in what else was found wrong about an entry.
    pub fn also(&mut self, wrong: Wrong) {
        self.wrong = earlier(self.wrong.take(), Some(wrong));
    }
}

/// The root of the tree that begins with these blocks and ends with the entries of one that is not full.
///
/// # Errors
/// The last block is full: it ought to stand among the others.
fn root_of(blocks: &[TreeHash], rest: &Tree) -> Result<Root, AuditError> {
    if rest.size() >= BLOCK_ENTRIES {
        return Err(AuditError::BeyondEnd);
    }
    // Whole subtrees of blocks, the largest first, each with the number of blocks in it.
    let mut edge: Vec<(u64, Hash)> = Vec::new();
    for block in blocks {
        let mut joined = (1, Hash::from(*block));
        while let Some((count, left)) = edge.pop_if(|(count, _)| *count == joined.0) {
            joined = (count + joined.0, node_hash(left, joined.1));
        }
        edge.push(joined);
    }
    let mut hashes: Vec<Hash> = edge.into_iter().map(|(_, hash)| hash).collect();
    hashes.extend(rest.edge().iter().copied().map(Hash::from));
    let Some(last) = hashes.pop() else { return Ok(Root::empty()) };
    Ok(hashes.into_iter().rev().fold(last, |right, left| node_hash(left, right)).into())
}

/// The hashes of the whole blocks of a log, from its stored hashes.
///
/// # Errors
/// One of them is missing.
pub fn blocks_of(
    size: u64,
    mut hash: impl FnMut(u64, usize) -> Option<TreeHash>,
) -> Result<Vec<TreeHash>, AuditError> {
    let level = BLOCK_ENTRIES.trailing_zeros() as usize;
    let last_of = |number: u64| (number + 1) * BLOCK_ENTRIES - 1;
    (0..size / BLOCK_ENTRIES)
        .map(|number| hash(last_of(number), level).ok_or(AuditError::MissingHash))
        .collect()
}
