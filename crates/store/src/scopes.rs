//! The scopes of a folder: which epochs and months there are records of, the keys of each, and which were forgotten.
//!
//! The database lists every epoch and month that ever got a record or was forgotten: in use, forgotten, or forgotten and
//! swept. One in use has a data key in `keys/`; one that is missing is an error, never made anew, since what it sealed would
//! stay unreadable beside what a new one seals. A forgotten one has none, and gets none again: the entry, of 13 bytes,
//! stays. Epochs last weeks, so a folder lists some dozens of them and of months.
//!
//! The engine forgets nothing for certain, and gives no space back; destroying the key is what forgets. That the sealed
//! entries are removed afterwards only keeps later listings short.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Collection, Scope};

use crate::{
    Record, StoreError,
    engine::{Changes, Engine},
    record::{self, Drawer},
    seal::Key,
    secrets::Secrets,
};

/// Engine keys of the list: this and the scope as it stands in the keys of records.
const SCOPE_PREFIX: &[u8] = b"\0scope/";

/// How a scope stands in the list.
const IN_USE: u8 = 1;
const FORGOTTEN: u8 = 2;
const SWEPT: u8 = 3;

/// Entries of forgotten scopes that one commit takes along: as many as it may hold changes of its own.
const SWEEP_ENTRIES: usize = 200;

/// The scopes of an open folder.
pub(crate) struct Scopes {
    lasting: Drawers,
    /// Those that can be forgotten.
    others: BTreeMap<Scope, State>,
}

enum State {
    InUse(Drawers),
    Forgotten { swept: bool },
}

/// One drawer for each collection.
struct Drawers(Vec<(Collection, Drawer)>);

impl Drawers {
    fn new(scope: Scope, data_key: &Key) -> Self {
        let drawer = |collection| (collection, Drawer::new(scope, collection, data_key));
        Self(Collection::ALL.map(drawer).into())
    }

    fn drawer(&self, collection: Collection) -> &Drawer {
        let found = self.0.iter().find(|(of, _)| *of == collection);
        &found.expect("there is a drawer for each of Collection::ALL").1
    }
}

impl Scopes {
    /// Reads the list and the keys, and destroys every key of a forgotten scope: one that a crash left, or that somebody
    /// put back.
    pub(crate) fn open(engine: &Engine, secrets: &Secrets, data_key: &Key) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("the list of epochs and months (db/)");
        let mut others = BTreeMap::new();
        for entry in engine.entries(SCOPE_PREFIX) {
            let (key, state) = entry?;
            let scope = key.strip_prefix(SCOPE_PREFIX).and_then(record::split_scope);
            let Some((scope @ (Scope::Epoch(_) | Scope::Month(_)), [])) = scope else {
                return Err(corrupt());
            };
            let state = match state.as_slice() {
                [IN_USE] => {
                    let key = secrets.scope_key(scope)?.ok_or_else(|| secrets.missing_scope_key(scope))?;
                    State::InUse(Drawers::new(scope, &key))
                }
                [FORGOTTEN] => State::Forgotten { swept: false },
                [SWEPT] => State::Forgotten { swept: true },
                _ => return Err(corrupt()),
            };
            others.insert(scope, state);
        }
        let scopes = Self { lasting: Drawers::new(Scope::Lasting, data_key), others };
        for scope in secrets.scopes()? {
            if scopes.is_forgotten(scope) {
                secrets.destroy_scope_key(scope)?;
            }
        }
        Ok(scopes)
    }

    pub(crate) fn is_forgotten(&self, scope: Scope) -> bool {
        matches!(self.others.get(&scope), Some(State::Forgotten { .. }))
    }

    /// What lasts, and every month that there are records of: what goes into a backup, if its collection does.
    pub(crate) fn backed_up(&self) -> impl Iterator<Item = Scope> {
        let months = self
            .others
            .iter()
            .filter(|(scope, state)| matches!((scope, state), (Scope::Month(_), State::InUse(_))));
        std::iter::once(Scope::Lasting).chain(months.map(|(scope, _)| *scope))
    }

    /// The drawer of a collection; none in a scope that has no record or is forgotten.
    pub(crate) fn drawer(&self, scope: Scope, collection: Collection) -> Option<&Drawer> {
        match scope {
            Scope::Lasting => Some(self.lasting.drawer(collection)),
            Scope::Epoch(_) | Scope::Month(_) => match self.others.get(&scope)? {
                State::InUse(drawers) => Some(drawers.drawer(collection)),
                State::Forgotten { .. } => None,
            },
        }
    }

    /// The next record of `entries`, the engine's entries of a collection in order. What is forgotten and not yet swept
    /// is passed over.
    pub(crate) fn next(
        &self,
        collection: Collection,
        entries: &mut impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>>,
    ) -> Option<Result<Record, StoreError>> {
        loop {
            let found = entries.next()?.and_then(|(key, first)| {
                let scope = record::scope_of(collection, &key)?;
                match self.drawer(scope, collection) {
                    Some(drawer) => drawer.read(&key, &first, entries).map(Some),
                    None if self.is_forgotten(scope) => Ok(None),
                    None => Err(StoreError::corrupt_collection(collection)),
                }
            });
            if let Some(found) = found.transpose() {
                return Some(found);
            }
        }
    }

    /// Makes a scope ready for records. Its key is on disk when this returns; that it is in use becomes part of the
    /// batch.
    pub(crate) fn begin(
        &mut self,
        scope: Scope,
        secrets: &Secrets,
        changes: &mut Changes,
    ) -> Result<(), StoreError> {
        if self.others.contains_key(&scope) {
            return Ok(());
        }
        // One that lies idle was made for a commit that failed; it has sealed nothing that was kept.
        let key = match secrets.scope_key(scope)? {
            Some(idle) => idle,
            None => secrets.make_scope_key(scope)?,
        };
        self.others.insert(scope, State::InUse(Drawers::new(scope, &key)));
        changes.put(listed(scope), vec![IN_USE]);
        Ok(())
    }

    /// That these scopes are forgotten becomes part of the batch.
    pub(crate) fn mark_forgotten(&self, scopes: &BTreeSet<Scope>, changes: &mut Changes) {
        for scope in scopes.iter().filter(|scope| !self.is_forgotten(**scope)) {
            changes.put(listed(*scope), vec![FORGOTTEN]);
        }
    }

    /// Destroys the key of a scope, after the batch that says so.
    pub(crate) fn forget(&mut self, scope: Scope, secrets: &Secrets) -> Result<(), StoreError> {
        if !self.is_forgotten(scope) {
            self.others.insert(scope, State::Forgotten { swept: false });
        }
        secrets.destroy_scope_key(scope)
    }

    /// Adds the removal of some entries of forgotten scopes to the batch. Returns the scopes of which it leaves none,
    /// for [`Self::swept`] when the batch is durable.
    pub(crate) fn sweep(&self, engine: &Engine, changes: &mut Changes) -> Result<Vec<Scope>, StoreError> {
        let (mut swept, mut room) = (Vec::new(), SWEEP_ENTRIES);
        for (scope, state) in &self.others {
            if !matches!(state, State::Forgotten { swept: false }) {
                continue;
            }
            for collection in Collection::ALL {
                for entry in engine.entries(&record::prefix(collection, *scope)) {
                    let Some(left) = room.checked_sub(1) else { return Ok(swept) };
                    room = left;
                    changes.remove(entry?.0);
                }
            }
            changes.put(listed(*scope), vec![SWEPT]);
            swept.push(*scope);
        }
        Ok(swept)
    }

    /// No entry of these scopes is left.
    pub(crate) fn swept(&mut self, scopes: &[Scope]) {
        for scope in scopes {
            self.others.insert(*scope, State::Forgotten { swept: true });
        }
    }
}

fn listed(scope: Scope) -> Vec<u8> {
    [SCOPE_PREFIX, &record::scope_bytes(scope)].concat()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use domain::Epoch;
    use protocol::{Durable, Write};

    use super::*;
    use crate::{StorageSecret, Store, secrets::KeyFolder};

    const EPOCH: Scope = Scope::Epoch(Epoch(4));

    fn secret() -> StorageSecret {
        StorageSecret::from_bytes([9; 32])
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    /// How many entries of the epoch lie in a database, and how many of its records whoever has the storage secret opens
    /// with all keys that lie in a folder, each tried in the place of every other.
    fn readable(db: &Path, keys: &Path) -> (usize, usize) {
        let engine = Engine::open(db, 1 << 20).unwrap();
        let folder = KeyFolder::at(keys.to_owned());
        let data_key = folder.data_key(&secret(), false).unwrap().key;
        let secrets = Secrets::new(folder, &data_key);
        let mut all = vec![data_key];
        all.extend(
            secrets.scopes().unwrap().into_iter().map(|scope| secrets.scope_key(scope).unwrap().unwrap()),
        );
        let (mut entries, mut records) = (0, 0);
        for collection in Collection::ALL {
            let prefix = record::prefix(collection, EPOCH);
            entries += engine.entries(&prefix).count();
            for key in &all {
                let drawer = Drawer::new(EPOCH, collection, key);
                for entry in engine.entries(&prefix) {
                    let (key, first) = entry.unwrap();
                    let mut rest = engine.entries_after(collection.number(), &key);
                    records += usize::from(drawer.read(&key, &first, &mut rest).is_ok());
                }
            }
        }
        (entries, records)
    }

    #[test]
    fn a_thief_with_the_storage_secret_reads_a_forgotten_epoch_neither_in_the_folder_nor_in_an_older_database()
     {
        let folder = tempfile::tempdir().unwrap();
        let (data, before) = (folder.path().join("data"), folder.path().join("before"));
        let put = |scope, collection, bytes: usize| {
            let (key, value) = (b"key".to_vec(), vec![7; bytes]);
            Write::Put { scope, collection, key, value }
        };
        let mut store = Store::open(&data, &secret()).unwrap();
        let scopes = [EPOCH, Scope::Epoch(Epoch(5)), Scope::Lasting];
        for collection in Collection::ALL {
            // One of them has several chunks.
            let bytes = if collection == Collection::Body { 20_000 } else { 20 };
            store.make_durable(scopes.map(|scope| put(scope, collection, bytes)).into()).unwrap();
        }
        drop(store);
        copy(&data, &before);
        // With the key every record is readable in this way, so that the other answers below mean something.
        let (entries, records) = readable(&before.join("db"), &before.join("keys"));
        let collections = Collection::ALL.len();
        assert_eq!((entries, records), (collections + 3, collections));

        let mut store = Store::open(&data, &secret()).unwrap();
        store.make_durable(vec![Write::Forget { scope: EPOCH }]).unwrap();
        drop(store);
        assert_eq!(readable(&data.join("db"), &data.join("keys")), (collections + 3, 0));
        assert_eq!(readable(&before.join("db"), &data.join("keys")), (collections + 3, 0));

        // And no byte of the key that was is left in any file of the folder.
        let key = fs::read(before.join("keys/epoch-4.sealed")).unwrap();
        let sealed = key.get(8..key.len() - 32).unwrap();
        for folder in ["keys", "db", "."] {
            for entry in fs::read_dir(data.join(folder)).unwrap().map(Result::unwrap) {
                let bytes = fs::read(entry.path()).unwrap_or_default();
                assert!(!bytes.windows(24).any(|window| sealed.starts_with(window)), "{:?}", entry.path());
            }
        }
    }
}
