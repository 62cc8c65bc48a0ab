//! Records and secrets: what is committed is there after reopening, and nothing of it can be read on disk.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{collections::BTreeMap, fs, path::Path};

use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};
use store::{MAX_VALUE_BYTES, Record, StorageSecret, Store, StoreError};

fn secret() -> StorageSecret {
    StorageSecret::from_bytes([9; 32])
}

fn open(folder: &Path) -> Store {
    Store::open(folder, &secret()).unwrap()
}

fn put(collection: Collection, key: &[u8], value: &[u8]) -> Write {
    Write::Put { scope: Scope::Lasting, collection, key: key.to_vec(), value: value.to_vec() }
}

fn delete(collection: Collection, key: &[u8]) -> Write {
    Write::Delete { scope: Scope::Lasting, collection, key: key.to_vec() }
}

fn name(name: &str) -> SecretName {
    SecretName::new(name.to_owned())
}

fn put_secret(of: &str, content: &[u8]) -> Write {
    Write::PutSecret { name: name(of), secret: Secret::new(content.to_vec()) }
}

fn destroy(of: &str) -> Write {
    Write::DestroySecret { name: name(of) }
}

fn listed(store: &Store, collection: Collection) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let records = store.records(collection);
    records
        .map(|record| record.map(|Record { key, value, .. }| (key, value)))
        .collect::<Result<_, _>>()
        .unwrap()
}

/// All files below a folder, with their content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn records_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/by/the/store");
    let mut store = open(&data);
    store
        .make_durable(vec![
            put(Collection::Signal, b"a", b"first"),
            put(Collection::Signal, b"a", b"second"),
            put(Collection::Signal, b"b", b""),
            put(Collection::Head, b"a", b"another collection"),
            put(Collection::Head, b"", b"empty key"),
            put(Collection::Head, b"gone", b"in the same commit"),
            delete(Collection::Head, b"gone"),
            delete(Collection::Head, b"never there"),
        ])
        .unwrap();
    drop(store);

    let mut store = open(&data);
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"a").unwrap().unwrap(), b"second");
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"b").unwrap().unwrap(), b"");
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"gone").unwrap(), None);
    assert_eq!(
        listed(&store, Collection::Head),
        BTreeMap::from([(b"a".to_vec(), b"another collection".to_vec()), (vec![], b"empty key".to_vec())])
    );
    assert_eq!(listed(&store, Collection::Match).len(), 0);

    store.make_durable(vec![delete(Collection::Signal, b"a")]).unwrap();
    drop(store);
    let store = open(&data);
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"a").unwrap(), None);
    assert_eq!(listed(&store, Collection::Signal).len(), 1);
}

#[test]
fn large_bodies_stay_in_the_synced_log_and_shrink_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let body =
        |seed: usize, bytes: usize| -> Vec<u8> { (0..bytes).map(|at| (at * seed + seed) as u8).collect() };
    for round in 1..=4 {
        for start in (0..60_u8).step_by(20) {
            let writes = (start..start + 20)
                .map(|key| put(Collection::Body, &[key], &body(usize::from(key) + round, MAX_VALUE_BYTES)));
            store.make_durable(writes.collect()).unwrap();
        }
    }
    // sled would move what it finds too large here, and never sync it.
    assert_eq!(fs::read_dir(folder.path().join("db/blobs")).unwrap().count(), 0);
    store
        .make_durable(vec![
            put(Collection::Body, &[7], &body(1, 7000)),
            put(Collection::Body, &[8], b"short"),
        ])
        .unwrap();
    store.make_durable(vec![delete(Collection::Body, &[9])]).unwrap();
    drop(store);

    let store = open(folder.path());
    let bodies = listed(&store, Collection::Body);
    assert_eq!(bodies.len(), 59);
    for (key, value) in bodies {
        let expected = match key[0] {
            7 => body(1, 7000),
            8 => b"short".to_vec(),
            key => body(usize::from(key) + 4, MAX_VALUE_BYTES),
        };
        assert!(value == expected, "body {key:?}");
        assert!(
            store.record(Scope::Lasting, Collection::Body, &key).unwrap().unwrap() == expected,
            "body {key:?}"
        );
    }
}

#[test]
fn secrets_are_put_read_replaced_and_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys/share-1.sealed");
    let mut store = open(folder.path());
    store.make_durable(vec![put_secret("share-1", b"one"), put_secret("k-2", b"two")]).unwrap();
    store.make_durable(vec![put_secret("share-1", b"three"), put_secret("x", b""), destroy("x")]).unwrap();
    drop(store);

    let mut store = open(folder.path());
    assert_eq!(store.secret_names().unwrap(), [name("k-2"), name("share-1")]);
    assert_eq!(store.secret(&name("share-1")).unwrap().unwrap().reveal(), b"three");
    assert_eq!(store.secret(&name("data")).unwrap(), None);
    assert!(file.exists());

    store.make_durable(vec![destroy("share-1"), destroy("never-there")]).unwrap();
    assert!(!file.exists());
    assert_eq!(store.secret(&name("share-1")).unwrap(), None);
    store.make_durable(vec![destroy("k-2"), put_secret("k-2", b"again")]).unwrap();
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.secret_names().unwrap(), [name("k-2")]);
    assert_eq!(store.secret(&name("k-2")).unwrap().unwrap().reveal(), b"again");
}

#[test]
fn a_secret_put_again_after_its_destruction_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store.make_durable(vec![put_secret("share", b"old")]).unwrap();
    store.make_durable(vec![destroy("share")]).unwrap();
    drop(store);
    let mut store = open(folder.path());
    store.make_durable(vec![put_secret("share", b"new")]).unwrap();
    drop(store);
    assert_eq!(open(folder.path()).secret(&name("share")).unwrap().unwrap().reveal(), b"new");
}

#[test]
fn a_destruction_that_a_crash_interrupted_is_finished_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys/share.sealed");
    let mut store = open(folder.path());
    store.make_durable(vec![put_secret("share", b"to be forgotten")]).unwrap();
    let sealed = fs::read(&file).unwrap();
    store.make_durable(vec![destroy("share")]).unwrap();
    drop(store);
    // As a crash between the durable batch and the unlink leaves it.
    fs::write(&file, sealed).unwrap();
    let store = open(folder.path());
    assert!(!file.exists());
    assert_eq!(store.secret_names().unwrap(), []);
}

#[test]
fn a_half_written_secret_file_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let half = folder.path().join("keys/share.new");
    fs::write(&half, b"half").unwrap();
    let store = open(folder.path());
    assert!(!half.exists());
    assert_eq!(store.secret_names().unwrap(), []);
}

#[test]
fn no_key_value_or_secret_is_on_disk_in_plaintext() {
    const KEY: &[u8] = b"marker-key-999990019";
    const VALUE: &[u8] = b"marker-value-Jansen";
    const SECRET: &[u8] = b"marker-secret-share";
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    for collection in Collection::ALL {
        store.make_durable(vec![put(collection, KEY, &VALUE.repeat(3000))]).unwrap();
        store.make_durable(vec![put(collection, KEY, VALUE), put_secret("share", SECRET)]).unwrap();
    }
    drop(store);
    let files = files(folder.path());
    assert!(files.iter().any(|(path, content)| path.ends_with("db/db") && content.len() > 1000));
    assert!(files.iter().any(|(path, _)| path.ends_with("keys/share.sealed")));
    for (path, content) in files {
        for marker in [&b"marker"[..], &KEY[11..], &VALUE[13..], &[9; 32]] {
            assert!(!content.windows(marker.len()).any(|window| window == marker), "{path}");
        }
    }
    let store = open(folder.path());
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, KEY).unwrap().unwrap(), VALUE);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_enter_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("keys")).unwrap();
    fs::set_permissions(folder.path().join("keys"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut store = open(folder.path());
    store.make_durable(vec![put_secret("share", b"x")]).unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["", "db", "keys"].map(mode), [0o700; 3]);
    assert_eq!(["lock", "keys/data.sealed", "keys/share.sealed"].map(mode), [0o600; 3]);
}

#[test]
fn what_is_too_large_is_refused_before_anything_happens_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let long = vec![0; MAX_VALUE_BYTES + 1];
    let refused = |writes: Vec<Write>, store: &mut Store| {
        let before = put(Collection::Head, b"innocent", b"x");
        store.make_durable([vec![before, put_secret("innocent", b"x")], writes].concat()).unwrap_err()
    };
    let error = refused(vec![put(Collection::Body, b"k", &long)], &mut store);
    assert!(matches!(error, StoreError::RecordTooLarge { part: "value", bytes: 65_537, .. }), "{error}");
    let error = refused(vec![put(Collection::Body, &long, b"v")], &mut store);
    assert!(matches!(error, StoreError::RecordTooLarge { part: "key", .. }), "{error}");
    let error = refused(vec![delete(Collection::Body, b"k"); 199], &mut store);
    assert!(matches!(error, StoreError::StepTooLarge { writes: 201, limit: 200 }), "{error}");
    let error = refused(vec![put_secret("big", &vec![0; 1024 * 1024 + 1])], &mut store);
    assert!(matches!(error, StoreError::SecretTooLarge { .. }), "{error}");
    let error = refused(vec![destroy("data")], &mut store);
    assert!(matches!(error, StoreError::ReservedName { .. }), "{error}");

    assert_eq!(store.record(Scope::Lasting, Collection::Head, b"innocent").unwrap(), None);
    assert_eq!(store.secret_names().unwrap(), []);
    store.make_durable(vec![put(Collection::Head, b"after", &long[1..])]).unwrap();
    assert!(store.record(Scope::Lasting, Collection::Head, b"after").unwrap().is_some());
}
