//! A disk in memory: applies whole batches, and gives back what a restarted node would find.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use crypto::Digest;
use domain::Epoch;
use protocol::{Bodies, Collection, Durable, Kept, Scope, Secret, SecretName, Write};

/// Records and secret files of one node.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    /// The scope stands last, so that records are found in the order of their keys, as a node sorts them.
    records: BTreeMap<(Collection, Vec<u8>, Scope), Vec<u8>>,
    secrets: BTreeMap<SecretName, Secret>,
    /// Every content that a secret file ever had, also of those destroyed: for whoever judges where they went.
    secrets_ever: BTreeSet<(SecretName, Vec<u8>)>,
    forgotten: BTreeSet<Scope>,
}

impl MemoryDisk {
    /// What a node that starts from this disk finds, beside the bodies, which it [reads here](Bodies).
    #[must_use]
    pub fn kept(&self) -> Kept {
        let mut records = self.records();
        records.retain(|(collection, ..)| *collection != Collection::Body && collection.is_taken_up());
        Kept {
            records,
            secrets: self.secrets.iter().map(|(name, secret)| (name.clone(), secret.clone())).collect(),
        }
    }

    /// All records as collection, scope and value, each collection in order of its keys.
    #[must_use]
    pub fn records(&self) -> Vec<(Collection, Scope, Vec<u8>)> {
        let records = self.records.iter();
        records.map(|((collection, _, scope), value)| (*collection, *scope, value.clone())).collect()
    }

    /// Number of records in a collection.
    #[must_use]
    pub fn count(&self, collection: Collection) -> usize {
        self.records.keys().filter(|(held, ..)| *held == collection).count()
    }

    /// Number of records in a scope.
    #[must_use]
    pub fn count_in(&self, scope: Scope) -> usize {
        self.records.keys().filter(|(.., held)| *held == scope).count()
    }

    /// The epochs of which some record can be read.
    #[must_use]
    pub fn epochs(&self) -> BTreeSet<Epoch> {
        let scopes = self.records.keys().map(|(.., scope)| *scope);
        scopes
            .filter_map(|scope| match scope {
                Scope::Epoch(epoch) => Some(epoch),
                Scope::Lasting | Scope::Month(_) => None,
            })
            .collect()
    }

    /// The epochs and months that were forgotten.
    #[must_use]
    pub fn forgotten(&self) -> &BTreeSet<Scope> {
        &self.forgotten
    }

    /// What a restore makes of a backup of this disk: own signals, decisions, the roster, and the mark of a restore. No feeds,
    /// pseudonyms, key sets or shares, and nothing that is to be forgotten with an epoch.
    #[must_use]
    pub fn restored(&self, now: domain::Timestamp) -> Self {
        let backed_up = |collection: Collection| match collection {
            Collection::Signal
            | Collection::Roster
            | Collection::Decision
            | Collection::LogEntry
            | Collection::LogDetails
            | Collection::LogHashes
            | Collection::LogHead
            | Collection::OwnLeaf
            | Collection::AskedInputs
            | Collection::OwnLeaves
            | Collection::SealedSeed
            | Collection::SignedLog
            | Collection::Objection
            | Collection::Incident
            | Collection::WrongPerson
            | Collection::Informing => true,
            Collection::FamilyKeys
            | Collection::KeySet
            | Collection::Header
            | Collection::Body
            | Collection::Head
            | Collection::Match
            | Collection::UnitMatch
            | Collection::Dummies
            | Collection::Proof
            | Collection::Forgotten
            | Collection::Abandonment
            | Collection::HeldLog
            | Collection::HeldLeaf
            | Collection::Restored
            | Collection::Witnessed
            | Collection::LogEvidence
            | Collection::CosignedCheckpoint
            | Collection::MemoryLost
            | Collection::RosterConflict
            | Collection::RosterDecision => false,
        };
        let mut records = self.records.clone();
        records
            .retain(|(collection, _, scope), _| !matches!(scope, Scope::Epoch(_)) && backed_up(*collection));
        let (collection, key, value) = protocol::restored_marker(now);
        records.insert((collection, key, Scope::Lasting), value);
        Self { records, ..Self::default() }
    }

    /// Puts a lasting record.
    pub fn put(&mut self, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.records.insert((collection, key, Scope::Lasting), value);
    }

    /// Puts a record into a scope.
    pub fn put_in(&mut self, scope: Scope, collection: Collection, key: Vec<u8>, value: Vec<u8>) {
        self.records.insert((collection, key, scope), value);
    }

    /// Loses the records of some collections.
    pub fn lose(&mut self, collections: &[Collection]) {
        self.records.retain(|(held, ..), _| !collections.contains(held));
    }

    /// Names of the secret files.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(SecretName::as_str)
    }

    /// Scope, key and value of the records in a collection, in order of their keys.
    pub fn in_collection(&self, wanted: Collection) -> impl Iterator<Item = (Scope, &[u8], &[u8])> {
        let held = self.records.iter().filter(move |((collection, ..), _)| *collection == wanted);
        held.map(|((_, key, scope), value)| (*scope, key.as_slice(), value.as_slice()))
    }

    /// The values of all records.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.records.values().map(Vec::as_slice)
    }

    /// Every content that a secret file ever had here, with its name.
    pub fn secrets_ever(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.secrets_ever.iter().map(|(name, secret)| (name.as_str(), secret.as_slice()))
    }

    /// Another disk took the place of this one; what was ever secret here is judged as well.
    pub(crate) fn replaced(&mut self, before: Self) {
        self.secrets_ever.extend(before.secrets_ever);
    }
}

impl Bodies for MemoryDisk {
    fn names(&self) -> Vec<(Epoch, Digest)> {
        let bodies = self.records.keys().filter(|(collection, ..)| *collection == Collection::Body);
        bodies
            .filter_map(|(_, key, scope)| match scope {
                Scope::Epoch(epoch) => Some((*epoch, Digest::from_bytes(key.as_slice().try_into().ok()?))),
                Scope::Lasting | Scope::Month(_) => None,
            })
            .collect()
    }

    fn body(&self, epoch: Epoch, digest: &Digest) -> Option<Vec<u8>> {
        let key = (Collection::Body, digest.as_bytes().to_vec(), Scope::Epoch(epoch));
        self.records.get(&key).cloned()
    }
}

impl Durable for MemoryDisk {
    type Error = Infallible;

    /// # Panics
    /// When a record is put into a scope that was forgotten: the store of a node refuses that, and the node stops.
    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), Infallible> {
        for write in writes {
            match write {
                Write::Put { scope, collection, key, value } => {
                    assert!(!self.forgotten.contains(&scope), "{collection:?} into forgotten {scope}");
                    self.records.insert((collection, key, scope), value);
                }
                Write::Delete { scope, collection, key } => {
                    self.records.remove(&(collection, key, scope));
                }
                Write::Forget { scope: forgotten } => {
                    self.records.retain(|(.., scope), _| *scope != forgotten);
                    self.forgotten.insert(forgotten);
                }
                Write::PutSecret { name, secret } => {
                    self.secrets_ever.insert((name.clone(), secret.reveal().to_vec()));
                    self.secrets.insert(name, secret);
                }
                Write::DestroySecret { name } => {
                    self.secrets.remove(&name);
                }
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.records.get(&(collection, key.to_vec(), scope)).cloned())
    }
}
