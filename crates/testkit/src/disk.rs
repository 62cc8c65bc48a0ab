//! A disk in memory: applies whole batches, and gives back what a restarted node would find.

use std::collections::BTreeMap;
use std::convert::Infallible;

use protocol::{Collection, Durable, Kept, Secret, SecretName, Write};

/// Records and secret files of one node.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    records: BTreeMap<(Collection, Vec<u8>), Vec<u8>>,
    secrets: BTreeMap<SecretName, Secret>,
}

impl MemoryDisk {
    /// What a node that starts from this disk finds.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept {
            records: self
                .records
                .iter()
                .map(|((collection, _), value)| (*collection, value.clone()))
                .collect(),
            secrets: self.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
        }
    }

    /// Number of records in a collection.
    #[must_use]
    pub fn count(&self, collection: Collection) -> usize {
        self.records.keys().filter(|(held, _)| *held == collection).count()
    }

    /// What a restore makes of a backup of this disk: own signals, the roster, and the mark of a restore. No feeds,
    /// pseudonyms, key sets or shares.
    #[must_use]
    pub fn restored(&self, now: domain::Timestamp) -> Self {
        let backed_up = |collection: Collection| match collection {
            Collection::Signal | Collection::Roster => true,
            Collection::FamilyKeys
            | Collection::KeySet
            | Collection::Header
            | Collection::Body
            | Collection::Head
            | Collection::Match
            | Collection::UnitMatch
            | Collection::Restored => false,
        };
        let mut records = self.records.clone();
        records.retain(|(collection, _), _| backed_up(*collection));
        let (collection, key, value) = protocol::restored_marker(now);
        records.insert((collection, key), value);
        Self { records, secrets: BTreeMap::new() }
    }

    /// Puts a record.
    pub fn put(&mut self, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.records.insert((collection, key), value);
    }

    /// Loses the records of some collections.
    pub fn lose(&mut self, collections: &[Collection]) {
        self.records.retain(|(held, _), _| !collections.contains(held));
    }

    /// Names of the secret files.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(SecretName::as_str)
    }
}

impl Durable for MemoryDisk {
    type Error = Infallible;

    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Infallible> {
        for write in writes {
            match write {
                Write::Put { collection, key, value } => {
                    self.records.insert((collection, key), value);
                }
                Write::Delete { collection, key } => {
                    self.records.remove(&(collection, key));
                }
                Write::PutSecret { name, secret } => {
                    self.secrets.insert(name, secret);
                }
                Write::DestroySecret { name } => {
                    self.secrets.remove(&name);
                }
            }
        }
        Ok(())
    }
}
