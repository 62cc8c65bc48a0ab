//! What a damaged, foreign or held data folder gets: an error that names the part, never a panic.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{fs, path::Path};

use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};
use store::{StorageSecret, Store, StoreError};

fn secret() -> StorageSecret {
    StorageSecret::from_bytes([9; 32])
}

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, &secret())
}

fn put(collection: Collection, key: &[u8], value: &[u8]) -> Write {
    Write::Put { scope: Scope::Lasting, collection, key: key.to_vec(), value: value.to_vec() }
}

fn name(name: &str) -> SecretName {
    SecretName::new(name.to_owned())
}

/// A folder with a few records in two collections and two secrets, closed.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    store
        .make_durable(vec![
            put(Collection::Signal, b"one", b"value one"),
            put(Collection::Signal, b"two", b"value two"),
            put(Collection::Body, b"long", &[3; 20_000]),
            Write::PutSecret { name: name("share"), secret: Secret::new(b"share".to_vec()) },
            Write::PutSecret { name: name("other"), secret: Secret::new(b"other".to_vec()) },
        ])
        .unwrap();
    folder
}

/// The engine of a store that was just dropped lets go of its own lock when its last background task ends.
fn wait_for_engine(folder: &Path) {
    let log = fs::File::open(folder.join("db/db")).unwrap();
    log.lock().unwrap();
    log.unlock().unwrap();
}

/// Changes the database behind the store's back.
fn tamper(folder: &Path, change: impl FnOnce(&sled::Db)) {
    wait_for_engine(folder);
    let db = sled::Config::new().path(folder.join("db")).flush_every_ms(None).open().unwrap();
    change(&db);
    db.flush().unwrap();
}

fn entries(db: &sled::Db, collection: Collection) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = db.scan_prefix([collection.number()]);
    entries.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

fn corrupt_part(error: StoreError) -> String {
    let StoreError::Corrupt { part } = error else { panic!("not corrupt: {error}") };
    part
}

#[test]
fn another_storage_secret_is_refused() {
    let folder = filled();
    let error = Store::open(folder.path(), &StorageSecret::from_bytes([8; 32])).unwrap_err();
    assert!(matches!(error, StoreError::WrongSecret { .. }), "{error}");
    assert!(error.to_string().contains("does not fit"), "{error}");
    open(folder.path()).unwrap();
}

#[test]
fn a_second_opening_is_refused_while_the_first_is_open() {
    let folder = filled();
    let first = open(folder.path()).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("in use by another process; stop that one first"), "{error}");
    drop(first);
    open(folder.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused() {
    let folder = filled();
    tamper(folder.path(), |db| {
        assert_eq!(db.insert(b"\0format", &2_u32.to_be_bytes()).unwrap().unwrap(), 1_u32.to_be_bytes());
    });
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1 }), "{error}");
}

#[test]
fn a_damaged_or_missing_format_is_refused() {
    for change in [Some(&b"\0\0\0\0"[..]), Some(b"\0\0\0\x01\0"), Some(b""), None] {
        let folder = filled();
        tamper(folder.path(), |db| {
            let before = match change {
                Some(bytes) => db.insert(b"\0format", bytes),
                None => db.remove(b"\0format"),
            };
            assert!(before.unwrap().is_some());
        });
        assert!(corrupt_part(open(folder.path()).unwrap_err()).contains("(db/)"));
    }
}

#[test]
fn a_lost_data_key_is_not_silently_replaced() {
    let folder = filled();
    fs::remove_file(folder.path().join("keys/data.sealed")).unwrap();
    assert!(matches!(open(folder.path()).unwrap_err(), StoreError::KeyMissing { .. }));
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    assert!(matches!(open(folder.path()).unwrap_err(), StoreError::KeyMissing { .. }));
    assert!(!folder.path().join("keys/data.sealed").exists());
}

#[test]
fn a_lost_database_is_not_silently_replaced() {
    for file in ["db/db", ""] {
        let folder = filled();
        if file.is_empty() {
            fs::remove_dir_all(folder.path().join("db")).unwrap();
        } else {
            fs::write(folder.path().join(file), b"").unwrap();
        }
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Engine { .. }), "{error}");
        assert!(folder.path().join("keys/share.sealed").exists());
    }
}

#[test]
fn any_flipped_byte_of_the_data_key_file_is_damage_and_not_a_wrong_secret() {
    let folder = filled();
    let file = folder.path().join("keys/data.sealed");
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(&file, &flipped).unwrap();
        assert_eq!(corrupt_part(open(folder.path()).unwrap_err()), "the file keys/data.sealed");
    }
    for length in [0, 1, 31, 32, 40, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(corrupt_part(open(folder.path()).unwrap_err()), "the file keys/data.sealed");
    }
    fs::write(&file, vec![0; 3_000_000]).unwrap();
    corrupt_part(open(folder.path()).unwrap_err());
    fs::write(&file, whole).unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn a_damaged_or_renamed_secret_file_is_refused_by_name() {
    let folder = filled();
    let store = open(folder.path()).unwrap();
    let (share, other) = (folder.path().join("keys/share.sealed"), folder.path().join("keys/other.sealed"));
    let mut bytes = fs::read(&share).unwrap();
    bytes[40] ^= 4;
    fs::write(&share, bytes).unwrap();
    assert_eq!(corrupt_part(store.secret(&name("share")).unwrap_err()), "the file keys/share.sealed");
    fs::copy(&other, &share).unwrap();
    assert_eq!(corrupt_part(store.secret(&name("share")).unwrap_err()), "the file keys/share.sealed");
    assert_eq!(store.secret(&name("other")).unwrap().unwrap().reveal(), b"other");
    fs::write(folder.path().join("keys/README.txt"), "not ours").unwrap();
    fs::write(folder.path().join("keys/Not-Ours.sealed"), "not ours").unwrap();
    assert_eq!(store.secret_names().unwrap(), [name("other"), name("share")]);
}

#[test]
fn a_damaged_body_of_a_feed_is_left_out_and_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    // One of them has several chunks.
    let bodies = [(b"small", vec![1; 40]), (b"large", vec![2; 40_000]), (b"other", vec![3; 40])];
    let writes = bodies.iter().map(|(key, value)| put(Collection::Body, *key, value)).collect();
    store.make_durable(writes).unwrap();
    drop(store);
    let count = |store: &Store| {
        let mut left_out = 0;
        let sound =
            store.records(Collection::Body).leaving_out_damage(&mut left_out).map(Result::unwrap).count();
        (sound, left_out)
    };
    assert_eq!(count(&open(folder.path()).unwrap()), (3, 0));
    let whole = std::cell::RefCell::new(Vec::new());
    tamper(folder.path(), |db| *whole.borrow_mut() = entries(db, Collection::Body));
    for (entry, bytes) in whole.borrow().iter() {
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        tamper(folder.path(), |db| drop(db.insert(entry, damaged).unwrap()));
        let mut store = open(folder.path()).unwrap();
        let (sound, left_out) = count(&store);
        assert_eq!((sound, left_out > 0), (2, true));
        // Whoever asks for it is told that there is none, and it can be put in its place again.
        let read = |store: &mut Store, key: &[u8]| store.read(Scope::Lasting, Collection::Body, key).unwrap();
        let gone: Vec<_> = bodies.iter().filter(|(key, _)| read(&mut store, *key).is_none()).collect();
        assert_eq!(gone.len(), 1);
        store.make_durable(vec![put(Collection::Body, gone[0].0, &gone[0].1)]).unwrap();
        assert_eq!(count(&store), (3, 0));
        drop(store);
    }
}

#[test]
fn any_flipped_byte_of_a_record_is_damage_of_its_collection() {
    let folder = filled();
    let mut tried = 0;
    loop {
        let mut at_end = false;
        tamper(folder.path(), |db| {
            for (key, mut value) in entries(db, Collection::Signal) {
                at_end |= tried + 1 == value.len();
                value[tried] ^= 0x20;
                db.insert(key, value).unwrap();
            }
        });
        let store = open(folder.path()).unwrap();
        let error = store.record(Scope::Lasting, Collection::Signal, b"one").unwrap_err();
        assert_eq!(corrupt_part(error), "the collection Signal", "byte {tried}");
        let mut records = store.records(Collection::Signal);
        assert_eq!(corrupt_part(records.next().unwrap().unwrap_err()), "the collection Signal");
        assert!(records.next().is_none());
        assert_eq!(store.records(Collection::Body).map(Result::unwrap).count(), 1);
        drop(store);
        tamper(folder.path(), |db| {
            for (key, mut value) in entries(db, Collection::Signal) {
                value[tried] ^= 0x20;
                db.insert(key, value).unwrap();
            }
        });
        tried += 1;
        if at_end {
            break;
        }
    }
    assert!(tried > 50);
    assert_eq!(open(folder.path()).unwrap().records(Collection::Signal).map(Result::unwrap).count(), 2);
}

#[test]
fn a_record_under_the_key_of_another_or_in_another_collection_is_refused() {
    let folder = filled();
    tamper(folder.path(), |db| {
        let records = entries(db, Collection::Signal);
        db.insert(&records[0].0, records[1].1.clone()).unwrap();
        db.insert(&records[1].0, records[0].1.clone()).unwrap();
        let mut elsewhere = records[0].0.clone();
        elsewhere[0] = Collection::Match.number();
        db.insert(elsewhere, records[0].1.clone()).unwrap();
    });
    let store = open(folder.path()).unwrap();
    for key in [b"one", b"two"] {
        assert_eq!(
            corrupt_part(store.record(Scope::Lasting, Collection::Signal, key).unwrap_err()),
            "the collection Signal"
        );
    }
    let error = store.records(Collection::Match).next().unwrap().unwrap_err();
    assert_eq!(corrupt_part(error), "the collection Match");
}

#[test]
fn a_planted_order_to_destroy_a_file_elsewhere_or_the_data_key_is_refused() {
    for planted in [&b"\0destroy/data"[..], b"\0destroy/../lock", b"\0destroy/\xff", b"\0destroy/"] {
        let folder = filled();
        tamper(folder.path(), |db| assert_eq!(db.insert(planted, b"").unwrap(), None));
        assert_eq!(corrupt_part(open(folder.path()).unwrap_err()), "the list of secrets to destroy");
        assert!(folder.path().join("keys/data.sealed").exists());
    }
}

#[test]
fn a_record_that_lost_gained_or_swapped_a_chunk_is_refused() {
    type Tampering = fn(&sled::Db, &[(Vec<u8>, Vec<u8>)]);
    let tamperings: [Tampering; 5] = [
        |db, chunks| drop(db.remove(&chunks[0].0).unwrap()),
        |db, chunks| drop(db.remove(&chunks[1].0).unwrap()),
        |db, chunks| drop(db.remove(&chunks[3].0).unwrap()),
        |db, chunks| {
            db.insert(&chunks[1].0, chunks[2].1.clone()).unwrap();
            db.insert(&chunks[2].0, chunks[1].1.clone()).unwrap();
        },
        |db, chunks| {
            let extra = [&chunks[0].0[..17], &[4]].concat();
            db.insert(extra, b"x").unwrap();
        },
    ];
    for (number, tampering) in tamperings.into_iter().enumerate() {
        let folder = filled();
        tamper(folder.path(), |db| {
            let chunks = entries(db, Collection::Body);
            assert_eq!(chunks.len(), 4);
            tampering(db, &chunks);
        });
        let store = open(folder.path()).unwrap();
        let listed: Result<Vec<_>, _> = store.records(Collection::Body).collect();
        assert_eq!(corrupt_part(listed.unwrap_err()), "the collection Body", "tampering {number}");
    }
}

#[test]
fn a_left_over_snapshot_of_the_engine_does_not_keep_the_folder_shut() {
    let folder = filled();
    let left_over = folder.path().join("db/snap.00000000FFFFFFFF.generating");
    fs::write(&left_over, b"half").unwrap();
    // That the engine itself would refuse is why the store clears it away.
    wait_for_engine(folder.path());
    let refused = sled::Config::new().path(folder.path().join("db")).open();
    assert!(matches!(refused, Err(sled::Error::Corruption { .. })));
    fs::write(&left_over, b"half").unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"one").unwrap().unwrap(), b"value one");
    assert!(!left_over.exists());
}

/// The engine takes damage in the newest part of its log for the end of the log and would go on without what follows.
#[test]
fn a_flipped_byte_anywhere_in_the_database_file_is_refused_or_harmless() {
    let pristine = filled();
    let used = fs::read(pristine.path().join("db/db")).unwrap().iter().rposition(|byte| *byte != 0).unwrap();
    let (mut refused, mut harmless) = (0, 0);
    for at in (0..used).step_by(used / 60) {
        let folder = filled();
        let file = folder.path().join("db/db");
        let mut flipped = fs::read(&file).unwrap();
        flipped[at] ^= 0x41;
        fs::write(&file, flipped).unwrap();
        let read = || {
            let store = open(folder.path())?;
            let body = store.record(Scope::Lasting, Collection::Body, b"long")?;
            let signals = store.records(Collection::Signal).collect::<Result<Vec<_>, _>>()?;
            Ok((body, signals.len()))
        };
        match read() {
            Ok(found) => {
                assert_eq!(found, (Some(vec![3; 20_000]), 2), "byte {at}");
                harmless += 1;
            }
            Err(StoreError::Corrupt { .. } | StoreError::LostCommits { .. } | StoreError::Engine { .. }) => {
                // Trying again must not make it look whole.
                assert!(read().is_err(), "byte {at}");
                refused += 1;
            }
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(refused > harmless, "{refused} refused, {harmless} harmless");
}

/// As when an older copy of `db/` is put back, or the disk forgets what it had promised.
#[test]
fn a_database_older_than_what_it_acknowledged_is_refused() {
    let folder = filled();
    let older = fs::read(folder.path().join("db/db")).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.make_durable(vec![put(Collection::Signal, b"three", b"value")]).unwrap();
    store.make_durable(vec![put(Collection::Signal, b"four", b"value")]).unwrap();
    drop(store);
    fs::write(folder.path().join("db/db"), older).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::LostCommits { lost: 2 }), "{error}");
}

#[test]
fn a_mark_that_a_loss_of_power_left_behind_or_empty_is_no_reason_to_refuse() {
    let folder = filled();
    let mark = folder.path().join("commits");
    let older = fs::read(&mark).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.make_durable(vec![put(Collection::Signal, b"three", b"value")]).unwrap();
    drop(store);
    let newest = fs::read(&mark).unwrap();
    for left in [older.as_slice(), b"", &[0; 16]] {
        fs::write(&mark, left).unwrap();
        assert_eq!(open(folder.path()).unwrap().records(Collection::Signal).count(), 3);
        assert_eq!(fs::read(&mark).unwrap(), newest);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_with_the_operation_and_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, b"").unwrap();
    let error = open(&file.join("data")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("could not create the folder") && message.contains("a-file/data"), "{message}");
    assert!(message.contains("belongs to this user"), "{message}");
}
