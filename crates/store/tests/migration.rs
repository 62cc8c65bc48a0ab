//! An older data folder is backed up and brought up to date, whenever the process dies.
//!
//! The test starts this test binary again as a child that dies in the middle of a migration.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{fs, path::Path, process::Command, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use domain::{Oin, Timestamp};
use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};
use store::{
    BackedUp, BackupContents, BackupHead, BackupReader, HashCosts, Migration, OlderStore, Record, Restoring,
    Schema, StorageSecret, Store, StoreError, StoreOptions,
};

const FOLDER: &str = "SAMENHANG_STORE_TEST_FOLDER";
/// After how many records the child dies.
const DIES: &str = "SAMENHANG_STORE_TEST_DIES";
const RECORDS: u32 = 700;

/// Format 2 wants an exclamation mark behind every signal, and no matches; format 3 doubles every head.
const MIGRATIONS: &[Migration] = &[
    Migration { from: 1, collections: &[Collection::Match, Collection::Signal], change: to_2 },
    Migration { from: 2, collections: &[Collection::Head], change: to_3 },
];

static SHOWN: AtomicUsize = AtomicUsize::new(0);

fn die_when_told() {
    let shown = SHOWN.fetch_add(1, Ordering::Relaxed) + 1;
    if std::env::var(DIES).is_ok_and(|after| after.parse::<usize>().unwrap() == shown) {
        std::process::abort();
    }
}

fn to_2(collection: Collection, record: &Record) -> Option<Vec<Write>> {
    die_when_told();
    let key = record.key.clone();
    if collection == Collection::Match {
        return Some(vec![Write::Delete { scope: Scope::Lasting, collection, key }]);
    }
    if record.value == b"unreadable" {
        return None;
    }
    let value = [record.value.as_slice(), b"!"].concat();
    Some(vec![Write::Put { scope: Scope::Lasting, collection, key, value }])
}

fn to_3(collection: Collection, record: &Record) -> Option<Vec<Write>> {
    die_when_told();
    let value = record.value.repeat(2);
    Some(vec![Write::Put { scope: Scope::Lasting, collection, key: record.key.clone(), value }])
}

fn options() -> StoreOptions {
    StoreOptions { schema: Schema { format: 3, migrations: MIGRATIONS }, ..StoreOptions::default() }
}

fn secret() -> StorageSecret {
    StorageSecret::from_bytes([9; 32])
}

fn name() -> SecretName {
    SecretName::new("node".to_owned())
}

fn put(collection: Collection, number: u32, value: Vec<u8>) -> Write {
    Write::Put { scope: Scope::Lasting, collection, key: number.to_be_bytes().to_vec(), value }
}

/// A folder of format 1.
fn older() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &secret()).unwrap();
    let all: Vec<Write> = (0..RECORDS)
        .flat_map(|number| {
            let value = number.to_string().into_bytes();
            [Collection::Signal, Collection::Match].map(|one| put(one, number, value.clone()))
        })
        .chain([put(Collection::Head, 0, b"head".to_vec())])
        .collect();
    for writes in all.chunks(200) {
        store.make_durable(writes.to_vec()).unwrap();
    }
    let node = Write::PutSecret { name: name(), secret: Secret::new(vec![1; 32]) };
    store.make_durable(vec![node]).unwrap();
    folder
}

fn back_up(older: &OlderStore, path: &Path) -> Result<BackedUp, StoreError> {
    let head = BackupHead::new(HashCosts { memory_kibibytes: 8, passes: 1, lanes: 1 })?;
    let (sealed_head, key) = head.seal(&[1; 32]);
    let contents = BackupContents {
        oin: Oin::test_number(7).unwrap(),
        made_at: Timestamp(1_795_253_400),
        program: "0.1.0".to_owned(),
        rosters: Vec::new(),
        snapshot: older.snapshot(&[name()], &[])?,
    };
    Ok(older.back_up(path, &head, &sealed_head, &key, contents)?.0)
}

/// What a node does with an older folder.
fn bring_up_to_date(folder: &Path) -> Store {
    let older = OlderStore::open_with(folder, &secret(), &options()).unwrap();
    let backed_up = match older.resumes().unwrap() {
        Some(backed_up) => backed_up,
        None => {
            let path = folder.join("backups").join(format!("format-{}.backup", older.format()));
            back_up(&older, &path).unwrap()
        }
    };
    let mut last = (0, 0);
    older
        .migrate(backed_up, |format, records| {
            assert!((format, records) > last, "counts grow");
            last = (format, records);
        })
        .unwrap()
}

fn check_new(store: &Store) {
    for number in 0..RECORDS {
        let signal =
            store.record(Scope::Lasting, Collection::Signal, &number.to_be_bytes()).unwrap().unwrap();
        assert_eq!(signal, format!("{number}!").into_bytes());
    }
    assert_eq!(store.records(Collection::Match).count(), 0);
    assert_eq!(store.record(Scope::Lasting, Collection::Head, &[0; 4]).unwrap().unwrap(), b"headhead");
}

#[test]
fn an_older_folder_is_refused_until_it_is_backed_up_and_migrated() {
    let folder = older();
    let refused = Store::open_with(folder.path(), &secret(), &options()).unwrap_err();
    assert!(matches!(refused, StoreError::Older { found: 1, known: 3 }), "{refused}");
    check_new(&bring_up_to_date(folder.path()));
    let store = Store::open_with(folder.path(), &secret(), &options()).unwrap();
    check_new(&store);
    drop(store);
    // The program that wrote it does not touch it any more.
    let refused = Store::open(folder.path(), &secret()).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 3, known: 1 }), "{refused}");

    // And its backup is one of format 1, from before.
    let mut file = fs::File::open(folder.path().join("backups/format-1.backup")).unwrap();
    let key = BackupHead::read(&mut file).unwrap().open(&[1; 32]).unwrap();
    let backup = BackupReader::new(file, &key).unwrap();
    assert_eq!(backup.manifest().format, 1);
    let restored = tempfile::tempdir().unwrap();
    let mut filled = Restoring::begin(restored.path()).unwrap().open(&secret(), 1).unwrap();
    let mut writes = Vec::new();
    backup
        .read_all::<StoreError>(|entry, _| {
            if let store::Entry::Record { collection, record } = entry {
                writes.push(Write::Put {
                    scope: Scope::Lasting,
                    collection,
                    key: record.key,
                    value: record.value,
                });
            }
            Ok(())
        })
        .unwrap();
    writes.chunks(200).for_each(|writes| filled.store().make_durable(writes.to_vec()).unwrap());
    drop(filled.finish().unwrap());
    let store = Store::open(restored.path(), &secret()).unwrap();
    assert_eq!(
        store.record(Scope::Lasting, Collection::Signal, &7_u32.to_be_bytes()).unwrap().unwrap(),
        b"7"
    );
    drop(store);
    // A newer program can take it from there.
    let older = OlderStore::open_with(restored.path(), &secret(), &options()).unwrap();
    assert_eq!((older.format(), older.resumes().unwrap().is_some()), (1, false));
}

#[test]
#[ignore = "the child of the test in which it dies"]
fn child_migrates_until_it_dies() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    drop(bring_up_to_date(Path::new(&folder)));
    panic!("it was to die before this");
}

#[test]
fn a_migration_goes_on_where_a_crash_left_it() {
    // In the first collection, at its border, in the second one, and in the second migration.
    let matches = usize::try_from(RECORDS).unwrap();
    for after in [[1, 1], [250, 50], [matches, 1], [matches + 350, 120], [2 * matches + 1, 1]] {
        let folder = older();
        for dies in after {
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child_migrates_until_it_dies", "--ignored", "--test-threads=1"])
                .env(FOLDER, folder.path())
                .env(DIES, dies.to_string())
                .output()
                .unwrap();
            assert!(!status.status.success());
            let refused = Store::open_with(folder.path(), &secret(), &options()).unwrap_err();
            assert!(matches!(refused, StoreError::Older { known: 3, .. }), "{refused}");
            // Half migrated it is nothing that a program of format 1 may read.
            let older = OlderStore::open_with(folder.path(), &secret(), &options()).unwrap();
            let begun = older.resumes().unwrap().is_some();
            drop(older);
            if begun {
                let refused = Store::open(folder.path(), &secret()).unwrap_err();
                assert!(matches!(refused, StoreError::Newer { known: 1, .. }), "{refused}");
            }
            // A crash before the first batch leaves the backup, which stands in the way of none: a node's has the time
            // in its name.
            if !begun {
                let _made = fs::remove_dir_all(folder.path().join("backups"));
            }
        }
        check_new(&bring_up_to_date(folder.path()));
    }
}

#[test]
fn a_record_that_cannot_be_read_stops_the_migration_and_says_where() {
    let folder = older();
    let mut store = Store::open(folder.path(), &secret()).unwrap();
    store.make_durable(vec![put(Collection::Signal, 3, b"unreadable".to_vec())]).unwrap();
    drop(store);
    let older = OlderStore::open_with(folder.path(), &secret(), &options()).unwrap();
    let backed_up = back_up(&older, &folder.path().join("b.backup")).unwrap();
    let error = older.migrate(backed_up, |_, _| ()).unwrap_err();
    assert!(matches!(error, StoreError::Migration { collection: Collection::Signal, to: 2 }), "{error}");
}

#[test]
fn a_format_without_a_way_to_this_one_is_refused() {
    let folder = older();
    let schema = Schema { format: 3, migrations: MIGRATIONS.get(1..).unwrap() };
    let options = StoreOptions { schema, ..StoreOptions::default() };
    let error = Store::open_with(folder.path(), &secret(), &options).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}
