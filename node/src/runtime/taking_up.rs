//! A node that goes on from what an earlier run kept on disk.

use std::cell::RefCell;

use anyhow::{Result, bail};
use crypto::Digest;
use domain::{Epoch, Timestamp};
use protocol::{Bodies, Collection, Kept, LogHead, Node, NodeConfig, Scope};
use store::{Record, Store, StoreError};

/// What an earlier run kept: records and secrets, and where the bodies lie.
pub(crate) struct Earlier<'a> {
    kept: Kept,
    bodies: StoredBodies<'a>,
    records: usize,
    logical_bytes: u64,
}

/// Bodies in the store.
struct StoredBodies<'a> {
    store: &'a Store,
    names: Vec<(Epoch, Digest)>,
    /// Why one could not be read.
    failure: RefCell<Option<StoreError>>,
}

impl Bodies for StoredBodies<'_> {
    fn names(&self) -> Vec<(Epoch, Digest)> {
        self.names.clone()
    }

    fn body(&self, epoch: Epoch, digest: &Digest) -> Option<Vec<u8>> {
        match self.store.record(Scope::Epoch(epoch), Collection::Body, digest.as_bytes()) {
            Ok(body) => body,
            Err(StoreError::Corrupt { .. }) => None,
            Err(error) => {
                self.failure.borrow_mut().get_or_insert(error);
                None
            }
        }
    }
}

impl<'a> Earlier<'a> {
    /// Reads everything but the main log, and holds everything of that but the bodies.
    pub(crate) fn read(store: &'a Store) -> Result<Self> {
        let mut kept = Kept::default();
        let (mut names, mut records, mut logical_bytes) = (Vec::new(), 0, 0);
        for collection in Collection::ALL.into_iter().filter(|collection| collection.is_taken_up()) {
            let mut held = Vec::new();
            let (all, mut damaged) = (store.records(collection), 0);
            let found: Box<dyn Iterator<Item = Result<Record, StoreError>>> =
                if collection == Collection::Body {
                    // Others hold what is damaged: it is fetched again and takes its own place.
                    Box::new(all.leaving_out_damage(&mut damaged))
                } else {
                    Box::new(all)
                };
            for record in found {
                let record = record?;
                records += 1;
                logical_bytes += record.value.len() as u64;
                if collection != Collection::Body {
                    held.push(record);
                } else if let Scope::Epoch(epoch) = record.scope
                    && let Ok(digest) = record.key.as_slice().try_into()
                {
                    names.push((epoch, Digest::from_bytes(digest)));
                }
            }
            if damaged > 0 {
                tracing::error!(
                    damaged,
                    "bodies of feeds are damaged on the disk; they are left out and fetched again: check the disk"
                );
            }
            held.sort_by(|a, b| a.key.cmp(&b.key));
            kept.records.extend(held.into_iter().map(|record| (collection, record.scope, record.value)));
        }
        let head = kept.records.iter().find(|(collection, ..)| *collection == Collection::LogHead);
        let is_sound = match head {
            Some((.., head)) => LogHead::from_bytes(head).is_some(),
            None => store.records(Collection::LogHashes).next().is_none(),
        };
        if !is_sound {
            bail!(
                "the head of the main log is gone or damaged while its entries are there: somebody or something changed it. Keep the \
                 data folder as it is, tell the privacy officer, and restore a backup into another folder"
            );
        }
        for name in store.secret_names()? {
            if let Some(secret) = store.secret(&name)? {
                kept.secrets.push((name, secret));
            }
        }
        let bodies = StoredBodies { store, names, failure: RefCell::default() };
        Ok(Self { kept, bodies, records, logical_bytes })
    }

    /// How many records there are.
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Bytes of the records but those of the main log, before they are sealed and before the engine lays them out.
    pub(crate) fn logical_bytes(&self) -> u64 {
        self.logical_bytes
    }

    /// A node that goes on from there.
    pub(crate) fn take_up(self, config: NodeConfig, now: Timestamp) -> Result<Node> {
        let node = Node::new(config, self.kept, &self.bodies, now);
        if let Some(error) = self.bodies.failure.into_inner() {
            return Err(error.into());
        }
        Ok(node)
    }
}

/// A node that goes on from what the store holds, and how many bytes of records that are.
pub(crate) fn taken_up(config: NodeConfig, store: &Store, now: Timestamp) -> Result<(Node, u64)> {
    let earlier = Earlier::read(store)?;
    let logical_bytes = earlier.logical_bytes();
    Ok((earlier.take_up(config, now)?, logical_bytes))
}
