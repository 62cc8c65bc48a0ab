//! From one format to the next.
//!
//! A format number stands in the database; this program writes one and reads no other. An older folder opens as an
//! [`OlderStore`], which can be backed up and then migrated, one format at a time. A migration goes through the
//! collections it concerns, record by record, in durable batches; the place it has reached is part of each batch, so
//! that after a crash it goes on there. The number is raised last. A program of the older format refuses a folder in
//! which a migration was begun.

use std::path::Path;

use protocol::{Collection, SecretName, Write};

use crate::{
    BackupContents, BackupFile, BackupHead, BackupKey, BackupSummary, Record, Snapshot, StorageSecret, Store,
    StoreError, StoreOptions,
    engine::{Changes, Engine},
    files, restoring,
    store::{FORMAT_KEY, number},
};

/// Engine keys of the store's own: the format that is being made, and the last engine key that is done.
const BEGUN_KEY: &[u8] = b"\0migrating";
const PLACE_KEY: &[u8] = b"\0migrated-to";

/// Changes after which a batch is closed; well under what one commit may hold.
const BATCH_WRITES: usize = 100;

/// Records without a change after which the place is kept all the same.
const BATCH_RECORDS: usize = 2_000;

/// The format of this program, and the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The format that is written.
    pub format: u32,
    /// One for each older format that can still be read, in order.
    pub migrations: &'static [Migration],
}

impl Schema {
    /// What this program works with. Format 1 is the first.
    pub const CURRENT: Self = Self { format: 1, migrations: &[] };

    /// Whether a format is this one, or leads to it.
    pub(crate) fn reaches(&self, format: u32) -> bool {
        (format..self.format).all(|from| self.from(from).is_some()) && format <= self.format && format > 0
    }

    fn from(&self, format: u32) -> Option<&'static Migration> {
        self.migrations.iter().find(|migration| migration.from == format)
    }
}

/// The way from one format to the next.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The format it begins with; it ends with the next number.
    pub from: u32,
    /// The collections whose records change, in this order.
    pub collections: &'static [Collection],
    /// What becomes of a record, of whatever scope: at most 100 changes, none to leave it. `None` for one that cannot be read.
    ///
    /// A record that it puts under another key may be shown to it in turn, and must then be left.
    pub change: fn(Collection, &Record) -> Option<Vec<Write>>,
}

/// The format that an interrupted migration was making.
pub(crate) fn begun(engine: &Engine) -> Result<Option<u32>, StoreError> {
    Ok(number(engine, BEGUN_KEY)?.map(u32::from_be_bytes))
}

/// Proof that a folder was backed up before its records change.
#[derive(Debug)]
#[must_use = "it is what a migration needs to start"]
pub struct BackedUp(());

/// An open data folder of an older format: it can be backed up and migrated, nothing else.
#[derive(Debug)]
pub struct OlderStore {
    store: Store,
    schema: Schema,
}

impl OlderStore {
    /// Opens the folder. One that is not older is fine too; its migration changes nothing.
    ///
    /// # Errors
    /// As [`Store::open`], but for [`StoreError::Older`].
    pub fn open_with(
        folder: &Path,
        secret: &StorageSecret,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let lock = restoring::lock_whole(folder)?;
        let store = Store::open_locked(folder, secret, options, lock)?;
        Ok(Self { store, schema: options.schema })
    }

    /// The format of the folder.
    #[must_use]
    pub fn format(&self) -> u32 {
        self.store.format()
    }

    /// Whether a migration was begun and interrupted. Its backup was made then; one made now would hold records of two
    /// formats.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn resumes(&self) -> Result<Option<BackedUp>, StoreError> {
        Ok(begun(self.store.engine())?.map(|_| BackedUp(())))
    }

    /// What goes into its backup.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub fn snapshot(&self, keys: &[SecretName], staged: &[SecretName]) -> Result<Snapshot, StoreError> {
        self.store.snapshot(keys, staged)
    }

    /// Backs the folder up into a file that must not exist yet.
    ///
    /// # Errors
    /// When something is damaged or the disk refuses; there is no file then.
    pub fn back_up(
        &self,
        path: &Path,
        head: &BackupHead,
        sealed_head: &[u8],
        key: &BackupKey,
        contents: BackupContents,
    ) -> Result<(BackedUp, BackupSummary), StoreError> {
        files::private_folder(files::parent(path))?;
        let mut file = BackupFile::create(path, false)?;
        file.write(sealed_head)?;
        for piece in contents.seal(key) {
            file.write(&piece?)?;
        }
        let (summary, _) = file.finish(head, key)?;
        Ok((BackedUp(()), summary))
    }

    /// Brings the folder to the format of this program. `each` hears how many records were looked at in the format
    /// that is being made.
    ///
    /// # Errors
    /// When a record cannot be read, or the disk refuses. The next attempt goes on where this one ended.
    pub fn migrate(mut self, _proof: BackedUp, mut each: impl FnMut(u32, u64)) -> Result<Store, StoreError> {
        while let Some(migration) = self.schema.from(self.store.format()) {
            self.migrate_once(migration, &mut each)?;
        }
        Ok(self.store)
    }

    fn migrate_once(
        &mut self,
        migration: &Migration,
        each: &mut impl FnMut(u32, u64),
    ) -> Result<(), StoreError> {
        let to = migration.from + 1;
        // The last engine key that is done; its first byte is the number of its collection.
        let place = match begun(self.store.engine())? {
            Some(begun) if begun == to => self.store.engine().value(PLACE_KEY)?,
            Some(_) | None => None,
        };
        let mut looked_at = 0;
        let mut collections = migration.collections.iter().copied();
        if let Some(place) = place {
            let number = place.first().copied().unwrap_or_default();
            if let Some(collection) = collections.find(|collection| collection.number() == number) {
                self.go_through(migration, collection, place, &mut looked_at, each)?;
            }
        }
        for collection in collections {
            self.go_through(migration, collection, vec![collection.number()], &mut looked_at, each)?;
        }
        let mut raise = Changes::default();
        raise.put(FORMAT_KEY.to_vec(), to.to_be_bytes().to_vec());
        raise.remove(BEGUN_KEY.to_vec());
        raise.remove(PLACE_KEY.to_vec());
        self.store.commit(Vec::new(), raise)?;
        self.store.raised(to);
        Ok(())
    }

    /// One collection, from behind an engine key on.
    fn go_through(
        &mut self,
        migration: &Migration,
        collection: Collection,
        mut after: Vec<u8>,
        looked_at: &mut u64,
        each: &mut impl FnMut(u32, u64),
    ) -> Result<(), StoreError> {
        let to = migration.from + 1;
        loop {
            let mut writes = Vec::new();
            let mut last = None;
            let scopes = self.store.scopes();
            let mut entries = self.store.engine().entries_after(collection.number(), &after);
            for _ in 0..BATCH_RECORDS {
                let Some(record) = scopes.next(collection, &mut entries) else { break };
                let record = record?;
                let change = (migration.change)(collection, &record);
                writes.extend(change.ok_or(StoreError::Migration { collection, to })?);
                last = scopes.drawer(record.scope, collection).map(|drawer| drawer.behind(&record.key));
                *looked_at += 1;
                if writes.len() >= BATCH_WRITES {
                    break;
                }
            }
            let Some(last) = last else { return Ok(()) };
            let mut own = Changes::default();
            own.put(BEGUN_KEY.to_vec(), to.to_be_bytes().to_vec());
            own.put(PLACE_KEY.to_vec(), last.clone());
            self.store.commit(writes, own)?;
            after = last;
            each(to, *looked_at);
        }
    }
}
