//! An open data folder.

use std::{fmt, path::Path};

use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};

use crate::{
    Record, Schema, StorageSecret, StoreError,
    engine::{Changes, Engine, Entries},
    files,
    lock::FolderLock,
    mark::Mark,
    migration,
    plan::Plan,
    record, restoring,
    scopes::Scopes,
    secrets::{self, KeyFolder, Secrets},
};

/// Engine keys of the store's own; collections count from 1.
pub(crate) const FORMAT_KEY: &[u8] = b"\0format";
const COMMITS_KEY: &[u8] = b"\0commits";
const DESTROY_PREFIX: &[u8] = b"\0destroy/";

/// How to open a folder.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Ceiling of the engine's page cache, in bytes. It is not reserved beforehand, and counts pages as they lie on disk.
    pub cache_bytes: u64,
    /// The format of the database, and how older ones are brought to it.
    pub schema: Schema,
}

impl StoreOptions {
    /// 32 MiB. What a node needs again and again it holds itself; its database is read when it starts, and when a peer
    /// asks for bodies.
    pub const DEFAULT_CACHE_BYTES: u64 = 32 * 1024 * 1024;
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache_bytes: Self::DEFAULT_CACHE_BYTES, schema: Schema::CURRENT }
    }
}

/// An open data folder: the records, and the secret files.
///
/// Reading shows what [`Durable::make_durable`] has kept. The order within one commit, and what a crash leaves:
/// 1. Secret files are put, each whole and synced. A crash after this leaves secrets that no record speaks of: a new
///    one lies idle until it is put again or destroyed; one that replaced another has replaced it. So a secret that
///    belongs to an attempt carries the attempt in its name. The data key of an epoch or month that gets its first records is
///    made here too; after a crash it lies idle until there are some.
/// 2. The records change, all or none, in one batch that is flushed and synced. It also holds the names of the
///    secrets to destroy, and says of the epochs and months to forget that they are forgotten.
/// 3. Those secrets and the data keys of those epochs and months are destroyed. A crash before this is made good by the next
///    [`Store::open`].
///
/// So no record ever speaks of a secret that is not there yet, and no secret is gone while a record needs it. From the
/// batch on nothing is read of what is forgotten, and when the commit returns nobody can. Its records are taken out of
/// the engine by the commits that follow, a few with each.
pub struct Store {
    engine: Engine,
    format: u32,
    scopes: Scopes,
    secrets: Secrets,
    /// Number of commits in the database.
    commits: u64,
    mark: Mark,
    /// Destroyed, while the database still names them as to be destroyed; the next batch removes that.
    destroyed: Vec<String>,
    /// A commit failed half-way; memory and disk may differ.
    failed: bool,
    /// Last: the lock is let go of after the engine has closed its files.
    _lock: FolderLock,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the data folder, or makes it when it is absent, with default options.
    ///
    /// # Errors
    /// When another process holds it, the secret is another, the format is newer, something is damaged, or the
    /// operating system refuses.
    pub fn open(folder: &Path, secret: &StorageSecret) -> Result<Self, StoreError> {
        Self::open_with(folder, secret, &StoreOptions::default())
    }

    /// Opens the data folder, or makes it when it is absent.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        folder: &Path,
        secret: &StorageSecret,
        options: &StoreOptions,
    ) -> Result<Self, StoreError> {
        let lock = restoring::lock_whole(folder)?;
        let store = Self::open_locked(folder, secret, options, lock)?;
        let (found, known) = (store.format, options.schema.format);
        if found < known { Err(StoreError::Older { found, known }) } else { Ok(store) }
    }

    /// Opens a folder of this format or an older one, whose lock the caller holds.
    pub(crate) fn open_locked(
        folder: &Path,
        secret: &StorageSecret,
        options: &StoreOptions,
        lock: FolderLock,
    ) -> Result<Self, StoreError> {
        let db = folder.join("db");
        // The key is durable before the database exists, so a database without it has lost it.
        let keys = KeyFolder::open(folder.join("keys"))?;
        let mut data_key = keys.data_key(secret, !db.exists())?;
        let engine = Engine::open(&db, options.cache_bytes)?;
        let (mut mark, acknowledged) = Mark::open(&folder.join("commits"))?;
        let (format, commits) = check_database(&engine, data_key.in_use, acknowledged, &options.schema)?;
        mark.set(commits)?;
        mark.sync()?;
        files::sync_folder(folder)?;
        if !data_key.in_use {
            data_key.in_use = true;
            keys.put_data_key(secret, &data_key)?;
        }
        let secrets = Secrets::new(keys, &data_key.key);
        let scopes = Scopes::open(&engine, &secrets, &data_key.key)?;
        let mut store = Self {
            engine,
            format,
            scopes,
            secrets,
            commits,
            mark,
            destroyed: Vec::new(),
            failed: false,
            _lock: lock,
        };
        store.finish_destroying()?;
        Ok(store)
    }

    /// The value under `key`; of what is forgotten there is none.
    ///
    /// # Errors
    /// When the record is damaged or the disk refuses.
    pub fn record(
        &self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.scopes.drawer(scope, collection).map_or(Ok(None), |drawer| drawer.value(&self.engine, key))
    }

    /// All records of a collection, of every scope that is not forgotten, opened one after the other. Their order is
    /// that of their blind indexes, scope by scope: the same at every call, but unrelated to their keys. After the first
    /// error there is nothing more.
    pub fn records(&self, collection: Collection) -> Records<'_> {
        Records {
            scopes: &self.scopes,
            collection,
            entries: Some(self.engine.entries(&[collection.number()])),
        }
    }

    /// Whether an epoch or a month was forgotten. Putting a record into it stops the store.
    #[must_use]
    pub fn is_forgotten(&self, scope: Scope) -> bool {
        self.scopes.is_forgotten(scope)
    }

    /// A secret.
    ///
    /// # Errors
    /// When its file is damaged or the disk refuses.
    pub fn secret(&self, name: &SecretName) -> Result<Option<Secret>, StoreError> {
        self.secrets.secret(name)
    }

    /// Names of all secrets, sorted.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn secret_names(&self) -> Result<Vec<SecretName>, StoreError> {
        self.secrets.names()
    }

    /// The format of the records.
    pub(crate) fn format(&self) -> u32 {
        self.format
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine's entries of the records of a collection in a scope, sealed.
    pub(crate) fn sealed(&self, scope: Scope, collection: Collection) -> Entries {
        self.engine.entries(&record::prefix(collection, scope))
    }

    /// A key file that ought to be there is not.
    pub(crate) fn missing_key(&self, name: &SecretName) -> StoreError {
        StoreError::KeyMissing { path: self.secrets.path(name) }
    }

    pub(crate) fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Makes writes durable together with changes of the store's own.
    pub(crate) fn commit(&mut self, writes: Vec<Write>, own: Changes) -> Result<(), StoreError> {
        let plan = Plan::new(writes)?;
        if let Some(scope) = plan.scopes_put_into().into_iter().find(|scope| self.is_forgotten(*scope)) {
            return Err(StoreError::Forgotten { scope });
        }
        self.failed = true;
        self.carry_out(plan, own)?;
        self.failed = false;
        Ok(())
    }

    /// Raises the format; the caller has made it durable.
    pub(crate) fn raised(&mut self, format: u32) {
        self.format = format;
    }

    /// Destroys the secrets that the last commit of an earlier run wanted destroyed.
    fn finish_destroying(&mut self) -> Result<(), StoreError> {
        for entry in self.engine.entries(DESTROY_PREFIX) {
            let (key, _) = entry?;
            let name = key.strip_prefix(DESTROY_PREFIX).unwrap_or_default().to_vec();
            // Checked, because a name becomes part of a path.
            let name = String::from_utf8(name)
                .ok()
                .filter(|name| secrets::is_secret_name(name) && !secrets::is_reserved(name))
                .ok_or_else(|| StoreError::corrupt("the list of secrets to destroy"))?;
            self.secrets.destroy(&name)?;
            self.destroyed.push(name);
        }
        Ok(())
    }

    fn carry_out(&mut self, plan: Plan, mut changes: Changes) -> Result<(), StoreError> {
        for name in &self.destroyed {
            changes.remove(destroy_key(name));
        }
        for scope in plan.scopes_put_into() {
            self.scopes.begin(scope, &self.secrets, &mut changes)?;
        }
        let mut to_destroy = Vec::new();
        for (name, secret) in plan.secrets {
            if let Some(secret) = secret {
                self.secrets.put(&name, &secret)?;
            } else {
                changes.put(destroy_key(name.as_str()), Vec::new());
                to_destroy.push(name.as_str().to_owned());
            }
        }
        for ((scope, collection, key), value) in plan.records {
            // Without a drawer there is nothing to delete; one for what is put was made above.
            let Some(drawer) = self.scopes.drawer(scope, collection) else { continue };
            match value {
                Some(value) => drawer.put(&self.engine, &mut changes, &key, &value)?,
                None => drawer.delete(&self.engine, &mut changes, &key)?,
            }
        }
        let swept = self.scopes.sweep(&self.engine, &mut changes)?;
        self.scopes.mark_forgotten(&plan.forget, &mut changes);
        if !changes.is_empty() {
            let commits = self.commits + 1;
            changes.put(COMMITS_KEY.to_vec(), commits.to_be_bytes().to_vec());
            self.engine.commit(changes)?;
            self.mark.set(commits)?;
            self.commits = commits;
        }
        self.scopes.swept(&swept);
        self.destroyed.clear();
        for scope in plan.forget {
            self.scopes.forget(scope, &self.secrets)?;
        }
        for name in to_destroy {
            self.secrets.destroy(&name)?;
            self.destroyed.push(name);
        }
        Ok(())
    }
}

impl Durable for Store {
    type Error = StoreError;

    /// What a Step wants that is too large is refused before anything is touched. After any other failure the store
    /// refuses all further commits: what the engine has in memory may never have reached the disk.
    fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Failed);
        }
        self.commit(writes, Changes::default())
    }

    fn read(
        &mut self,
        scope: Scope,
        collection: Collection,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.record(scope, collection, key) {
            // Whoever asks gets it from another member; the next start tells of the damage and asks for it too.
            Err(StoreError::Corrupt { .. }) if collection == Collection::Body => Ok(None),
            read => read,
        }
    }
}

/// Iterator over the records of one collection, of all scopes.
pub struct Records<'a> {
    scopes: &'a Scopes,
    collection: Collection,
    entries: Option<Entries>,
}

impl<'a> Records<'a> {
    /// The same without the records that are damaged, each of which is counted: for what others hold and give again. Whatever
    /// else fails is still an error.
    pub fn leaving_out_damage(
        mut self,
        left_out: &'a mut usize,
    ) -> impl Iterator<Item = Result<Record, StoreError>> + 'a {
        std::iter::from_fn(move || {
            loop {
                match self.scopes.next(self.collection, self.entries.as_mut()?) {
                    Some(Err(StoreError::Corrupt { .. })) => *left_out += 1,
                    found => return found,
                }
            }
        })
    }
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.scopes.next(self.collection, self.entries.as_mut()?);
        if !matches!(next, Some(Ok(_))) {
            self.entries = None;
        }
        next
    }
}

fn destroy_key(name: &str) -> Vec<u8> {
    [DESTROY_PREFIX, name.as_bytes()].concat()
}

/// Begins a new database, and refuses one that is lost, cut off, or that this program does not know. Returns its
/// format and how many commits are in it.
fn check_database(
    engine: &Engine,
    in_use: bool,
    acknowledged: u64,
    schema: &Schema,
) -> Result<(u32, u64), StoreError> {
    let Some(format) = number(engine, FORMAT_KEY)?.map(u32::from_be_bytes) else {
        if in_use || !engine.is_empty()? {
            return Err(StoreError::corrupt("the beginning of the database (db/)"));
        }
        let mut changes = Changes::default();
        changes.put(FORMAT_KEY.to_vec(), schema.format.to_be_bytes().to_vec());
        changes.put(COMMITS_KEY.to_vec(), 1_u64.to_be_bytes().to_vec());
        engine.commit(changes)?;
        return Ok((schema.format, 1));
    };
    // A migration that was interrupted has written records of the next format already.
    let newest = migration::begun(engine)?.unwrap_or(format).max(format);
    if newest > schema.format {
        return Err(StoreError::Newer { found: newest, known: schema.format });
    }
    if !schema.reaches(format) {
        return Err(StoreError::corrupt("the format number of the database (db/)"));
    }
    let commits = number(engine, COMMITS_KEY)?.map(u64::from_be_bytes);
    let commits =
        commits.ok_or_else(|| StoreError::corrupt("the number of commits of the database (db/)"))?;
    match acknowledged.saturating_sub(commits) {
        0 => Ok((format, commits)),
        lost => Err(StoreError::LostCommits { lost }),
    }
}

/// The bytes of one of the store's own numbers.
pub(crate) fn number<const N: usize>(engine: &Engine, key: &[u8]) -> Result<Option<[u8; N]>, StoreError> {
    let Some(bytes) = engine.value(key)? else { return Ok(None) };
    let bytes = bytes.try_into();
    bytes.map(Some).map_err(|_| StoreError::corrupt("a number of the database's own (db/)"))
}
