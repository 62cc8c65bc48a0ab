//! What was put into an epoch is there until the epoch is forgotten, and then for nobody and never again.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::Epoch;
use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};
use store::{Record, StorageSecret, Store, StoreError};

const LASTING: Scope = Scope::Lasting;
const FOUR: Scope = Scope::Epoch(Epoch(4));
const FIVE: Scope = Scope::Epoch(Epoch(5));

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &StorageSecret::from_bytes([9; 32]))
}

fn put(scope: Scope, key: &[u8], value: &[u8]) -> Write {
    Write::Put { scope, collection: Collection::Body, key: key.to_vec(), value: value.to_vec() }
}

fn forget(epoch: u32) -> Write {
    Write::Forget { scope: Scope::Epoch(Epoch(epoch)) }
}

fn value(store: &Store, scope: Scope, key: &[u8]) -> Option<Vec<u8>> {
    store.record(scope, Collection::Body, key).unwrap()
}

/// Scope and value of every body, sorted.
fn listed(store: &Store) -> Vec<(Scope, Vec<u8>)> {
    let records = store.records(Collection::Body);
    let mut found: Vec<_> = records.map(|record| record.map(|it| (it.scope, it.value)).unwrap()).collect();
    found.sort();
    found
}

fn key_file(folder: &Path, epoch: u32) -> PathBuf {
    folder.join(format!("keys/epoch-{epoch}.sealed"))
}

/// The same key in three scopes, closed.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    let all = [(LASTING, &b"lasting"[..]), (FOUR, b"four"), (FIVE, b"five")];
    store.make_durable(all.map(|(scope, value)| put(scope, b"key", value)).into()).unwrap();
    folder
}

/// Changes the database behind the store's back.
fn tamper<T>(folder: &Path, change: impl FnOnce(&sled::Db) -> T) -> T {
    let log = fs::File::open(folder.join("db/db")).unwrap();
    log.lock().unwrap();
    log.unlock().unwrap();
    let db = sled::Config::new().path(folder.join("db")).flush_every_ms(None).open().unwrap();
    let changed = change(&db);
    db.flush().unwrap();
    changed
}

/// Entries of bodies in epoch 4, sealed.
fn sealed_entries(folder: &Path) -> usize {
    tamper(folder, |db| db.scan_prefix([Collection::Body.number(), 1, 0, 0, 0, 4]).count())
}

#[test]
fn one_key_in_several_scopes_is_several_records() {
    let folder = filled();
    let mut store = open(folder.path()).unwrap();
    assert_eq!(value(&store, LASTING, b"key").unwrap(), b"lasting");
    assert_eq!(value(&store, FOUR, b"key").unwrap(), b"four");
    assert_eq!(value(&store, Scope::Epoch(Epoch(6)), b"key"), None);
    let all = vec![(LASTING, b"lasting".to_vec()), (FOUR, b"four".to_vec()), (FIVE, b"five".to_vec())];
    assert_eq!(listed(&store), all);
    let (collection, key) = (Collection::Body, b"key".to_vec());
    store.make_durable(vec![Write::Delete { scope: FOUR, collection, key }]).unwrap();
    assert_eq!(listed(&store), [all[0].clone(), all[2].clone()]);
    let never = Write::Delete { scope: Scope::Epoch(Epoch(6)), collection, key: b"never".to_vec() };
    store.make_durable(vec![never]).unwrap();
    assert!(!key_file(folder.path(), 6).exists(), "a deletion makes no key");
}

#[test]
fn a_forgotten_epoch_is_gone_at_once_and_after_reopening_and_nothing_else_is() {
    let folder = filled();
    let left = vec![(LASTING, b"lasting".to_vec()), (FIVE, b"five".to_vec())];
    let witness = folder.path().join("witness");
    fs::hard_link(key_file(folder.path(), 4), &witness).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.make_durable(vec![forget(4), forget(4)]).unwrap();
    for again in 0..3 {
        assert!(!key_file(folder.path(), 4).exists());
        assert_eq!((value(&store, FOUR, b"key"), listed(&store)), (None, left.clone()));
        assert!(store.is_forgotten(FOUR) && !store.is_forgotten(FIVE));
        store.make_durable(vec![forget(4)]).unwrap();
        store.make_durable(vec![put(LASTING, &[again], b"x"), put(LASTING, b"key", b"lasting")]).unwrap();
        store
            .make_durable(vec![Write::Delete {
                scope: LASTING,
                collection: Collection::Body,
                key: vec![again],
            }])
            .unwrap();
        drop(store);
        store = open(folder.path()).unwrap();
    }
    let overwritten = fs::read(&witness).unwrap();
    assert!(overwritten.len() > 32 && overwritten.iter().all(|byte| *byte == 0));
}

#[test]
fn an_epoch_that_was_forgotten_takes_nothing_again() {
    let folder = filled();
    let mut store = open(folder.path()).unwrap();
    // Also one of which nothing was ever kept, and one that is put and forgotten in one commit.
    store
        .make_durable(vec![forget(4), forget(9), put(Scope::Epoch(Epoch(7)), b"k", b"v"), forget(7)])
        .unwrap();
    for epoch in [4, 9, 7] {
        let scope = Scope::Epoch(Epoch(epoch));
        let secret = Write::PutSecret { name: SecretName::new("share".into()), secret: Secret::new(vec![1]) };
        let refused = vec![secret, put(LASTING, b"with it", b"v"), put(scope, b"k", b"v")];
        let error = store.make_durable(refused).unwrap_err();
        assert!(
            matches!(error, StoreError::Forgotten { scope: Scope::Epoch(Epoch(of)) } if of == epoch),
            "{error}"
        );
        assert!(!key_file(folder.path(), epoch).exists());
    }
    let error = store.make_durable(vec![forget(5), put(FIVE, b"k", b"v")]).unwrap_err();
    assert!(matches!(error, StoreError::Forgotten { .. }), "{error}");
    assert_eq!(value(&store, FIVE, b"key").unwrap(), b"five", "a commit that is refused forgets nothing");
    assert_eq!((value(&store, LASTING, b"with it"), store.secret_names().unwrap()), (None, vec![]));
    // It is refused before anything was touched, so the store goes on.
    store.make_durable(vec![put(FIVE, b"k", b"v")]).unwrap();
    drop(store);
    let mut store = open(folder.path()).unwrap();
    let error = store.make_durable(vec![put(Scope::Epoch(Epoch(9)), b"k", b"v")]).unwrap_err();
    assert!(error.to_string().contains("epoch 9, which this data folder has forgotten"), "{error}");
}

#[test]
fn a_crash_between_the_batch_and_the_key_and_a_key_that_is_put_back_change_nothing() {
    let folder = filled();
    let file = key_file(folder.path(), 4);
    let key = fs::read(&file).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.make_durable(vec![forget(4)]).unwrap();
    for _ in 0..2 {
        drop(store);
        fs::write(&file, &key).unwrap();
        store = open(folder.path()).unwrap();
        assert!(!file.exists());
        assert_eq!(value(&store, FOUR, b"key"), None);
        assert_eq!(listed(&store).len(), 2);
        store.make_durable(vec![put(LASTING, b"key", b"goes on")]).unwrap();
    }
}

#[test]
fn an_older_database_beside_the_keys_of_now_is_refused() {
    let folder = filled();
    let older = fs::read(folder.path().join("db/db")).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.make_durable(vec![forget(4)]).unwrap();
    drop(store);
    fs::write(folder.path().join("db/db"), older).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::LostCommits { .. }), "{error}");
    fs::remove_file(folder.path().join("commits")).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, StoreError::KeyMissing { path } if path.ends_with("keys/epoch-4.sealed")),
        "{error}"
    );
    // The key of another epoch is none of this one.
    fs::copy(key_file(folder.path(), 5), key_file(folder.path(), 4)).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { part } if part == "the file keys/epoch-4.sealed"),
        "{error}"
    );
    // And without its line in the list the records are nobody's.
    fs::remove_file(key_file(folder.path(), 4)).unwrap();
    tamper(folder.path(), |db| assert!(db.remove(b"\0scope/\x01\0\0\0\x04").unwrap().is_some()));
    let store = open(folder.path()).unwrap();
    let all: Result<Vec<Record>, _> = store.records(Collection::Body).collect();
    assert!(matches!(all.unwrap_err(), StoreError::Corrupt { .. }));
}

#[test]
fn a_list_of_epochs_and_months_that_this_program_did_not_write_is_refused() {
    for (key, state) in [
        (&b"\0scope/\x01\0\0\0\x04"[..], &b"\x04"[..]),
        (b"\0scope/\x01\0\0\0\x04", b""),
        (b"\0scope/\x01\0\0\0\x04\0", b"\x01"),
        (b"\0scope/\x02\xff\0\0\x04", b"\x01"),
        (b"\0scope/\x03\0\0\0\x04", b"\x01"),
        (b"\0scope/\0", b"\x01"),
        (b"\0scope/", b"\x01"),
    ] {
        let folder = filled();
        tamper(folder.path(), |db| drop(db.insert(key, state).unwrap()));
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt { part } if part == "the list of epochs and months (db/)"),
            "{error}"
        );
    }
}

#[test]
fn the_entries_of_a_forgotten_epoch_are_removed_with_the_commits_that_follow() {
    let folder = filled();
    let mut store = open(folder.path()).unwrap();
    // Six chunks each, and a few more in one commit than a commit takes along.
    for start in (0..80_u8).step_by(20) {
        let writes = (start..start + 20).map(|key| put(FOUR, &[key], &[key; 32 * 1024]));
        store.make_durable(writes.collect()).unwrap();
    }
    store.make_durable(vec![forget(4)]).unwrap();
    drop(store);
    let mut before = sealed_entries(folder.path());
    assert!(before > 450, "{before}");
    for commit in 0..4 {
        let mut store = open(folder.path()).unwrap();
        assert_eq!(listed(&store).len(), 2, "half swept is as unreadable as not swept");
        store.make_durable(vec![put(LASTING, b"key", &[commit])]).unwrap();
        drop(store);
        let after = sealed_entries(folder.path());
        assert_eq!(after, before.saturating_sub(200));
        before = after;
    }
    assert_eq!(before, 0);
    assert_eq!(tamper(folder.path(), |db| db.get(b"\0scope/\x01\0\0\0\x04").unwrap().unwrap()), [3]);
    assert_eq!(listed(&open(folder.path()).unwrap()).len(), 2);
}

#[test]
fn keys_of_epochs_are_the_stores_own() {
    let folder = filled();
    let mut store = open(folder.path()).unwrap();
    let name = SecretName::new("epoch-4".to_owned());
    assert_eq!((store.secret(&name).unwrap(), store.secret_names().unwrap()), (None, vec![]));
    let put = Write::PutSecret { name: name.clone(), secret: Secret::new(vec![1; 32]) };
    for write in [put, Write::DestroySecret { name }] {
        let error = store.make_durable(vec![write]).unwrap_err();
        assert!(matches!(error, StoreError::ReservedName { .. }), "{error}");
    }
    // They are looked at with the other key files.
    let found = store::inspect_keys(folder.path(), Some(&StorageSecret::from_bytes([9; 32]))).unwrap();
    assert_eq!((found.sound, found.faults.len()), (3, 0));
}
