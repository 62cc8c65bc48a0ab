//! A disk in memory: applies whole batches, and gives back what a restarted node would find.

use std::collections::BTreeMap;
use std::convert::Infallible;

use protocol::{Collection, Durable, Kept, Secret, SecretName, Write};

/// Records and secret files of one node.
#[derive(Debug, Default)]
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
