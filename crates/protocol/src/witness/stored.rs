//! Proofs made of the hashes that a log has on disk, read when the Step that gives them is there.

use std::collections::BTreeMap;

use audit::{ConsistencyProof, Root, StoredAt, TreeHash};

use super::message::LogKind;
use crate::effects::Records;
use crate::log::{LogHashes, log_place_key};
use crate::{Collection, Scope};

/// A log as its owner has it: what may be shown of it as soon as the present Step is on disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogNow {
    /// Which of the own logs.
    pub(crate) kind: LogKind,
    /// How many entries it has.
    pub(crate) size: u64,
    /// The root over them.
    pub(crate) root: Root,
    /// Where its hashes lie.
    pub(crate) hashes: StoredHashes,
}

/// How the hashes of a log's tree lie on disk: one lasting record for each entry.
#[derive(Clone, Copy)]
pub(crate) struct StoredHashes {
    pub(crate) collection: Collection,
    /// Key of the record of the entry at a place.
    pub(crate) key: fn(u64) -> Vec<u8>,
    /// The hashes of a record, by level.
    pub(crate) read: fn(&[u8]) -> Option<Vec<TreeHash>>,
}

impl std::fmt::Debug for StoredHashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredHashes({:?})", self.collection)
    }
}

impl StoredHashes {
    /// Those of the main log.
    pub(crate) const MAIN: Self = Self {
        collection: Collection::LogHashes,
        key: log_place_key,
        read: |bytes| LogHashes::from_bytes(bytes).map(|stored| stored.hashes),
    };

    /// What is needed to prove that the later size continues the earlier: the records to read, and what makes the proof of
    /// them. Where one is gone there is no proof, which is shown all the same: it tells others.
    pub(crate) fn proof(
        self,
        earlier: u64,
        later: u64,
    ) -> (Records, impl FnOnce(Vec<Vec<u8>>) -> Option<ConsistencyProof> + Send + use<>) {
        let mut needs = ConsistencyProof::needs(earlier, later).unwrap_or_default();
        needs.sort_unstable();
        let mut places: Vec<u64> = needs.iter().map(|at| at.place).collect();
        places.dedup();
        let records: Records =
            places.iter().map(|place| (Scope::Lasting, self.collection, (self.key)(*place))).collect();
        let make = move |found: Vec<Vec<u8>>| {
            let found: BTreeMap<u64, Vec<TreeHash>> = places
                .into_iter()
                .zip(found)
                .filter_map(|(place, bytes)| Some((place, (self.read)(&bytes)?)))
                .collect();
            let hash = |at: &StoredAt| found.get(&at.place)?.get(at.level).map(|hash| (at.number(), *hash));
            let hashes: BTreeMap<u64, TreeHash> = needs.iter().filter_map(hash).collect();
            ConsistencyProof::make(earlier, later, &hashes).ok()
        };
        (records, make)
    }
}
