//! What is done to a folder as a whole: a migration with its backup, restoring, erasing; and what the engine leaves over
//! when it is killed while it writes a snapshot.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
};

use domain::{Epoch, Oin, Timestamp};
use protocol::{Collection, Durable as _, Scope, Secret, SecretName, Write};

use super::{Scenario, life};
use crate::{
    BackedUp, BackupContents, BackupHead, BackupReader, HashCosts, Migration, OlderStore, Record, Restoring,
    Schema, StorageSecret, Store, StoreError, StoreOptions, erase, fault::testing::Mode,
};

/// More than one batch of a migration.
const RECORDS: u8 = 104;

const SIGNAL: Collection = Collection::Signal;
const EPOCH: Scope = Scope::Epoch(Epoch(5));

fn secret() -> StorageSecret {
    StorageSecret::from_bytes([9; 32])
}

fn names() -> [SecretName; 1] {
    [SecretName::new("node".to_owned())]
}

fn writes() -> Vec<Write> {
    let put =
        |scope, number| Write::Put { scope, collection: SIGNAL, key: vec![number], value: vec![number; 3] };
    let mut writes: Vec<Write> = (0..RECORDS).map(|number| put(Scope::Lasting, number)).collect();
    writes.extend((0..3).map(|number| put(EPOCH, number)));
    writes.extend(names().map(|name| Write::PutSecret { name, secret: Secret::new(vec![1; 32]) }));
    writes
}

/// A folder of format 1.
fn filled(folder: &Path) -> usize {
    Store::open(&folder.join("data"), &secret()).unwrap().make_durable(writes()).unwrap();
    0
}

/// Every signal has this behind what [`writes`] put, and there is nothing else.
fn check_signals(store: &Store, behind: &[u8]) {
    let records: Result<Vec<Record>, StoreError> = store.records(SIGNAL).collect();
    let found: BTreeMap<_, _> =
        records.unwrap().into_iter().map(|it| ((it.scope, it.key), it.value)).collect();
    let expected = writes().into_iter().filter_map(|write| match write {
        Write::Put { scope, key, value, .. } => Some(((scope, key), [value.as_slice(), behind].concat())),
        Write::PutSecret { .. }
        | Write::DestroySecret { .. }
        | Write::Delete { .. }
        | Write::Forget { .. } => None,
    });
    assert_eq!(found, expected.collect());
    assert_eq!(store.secret_names().unwrap(), names());
}

fn mark(collection: Collection, record: &Record) -> Option<Vec<Write>> {
    let (scope, key) = (record.scope, record.key.clone());
    Some(vec![Write::Put { scope, collection, key, value: [record.value.as_slice(), b"!"].concat() }])
}

/// Format 2 wants an exclamation mark behind every signal.
fn next_format() -> StoreOptions {
    const MIGRATIONS: &[Migration] = &[Migration { from: 1, collections: &[SIGNAL], change: mark }];
    StoreOptions { schema: Schema { format: 2, migrations: MIGRATIONS }, ..StoreOptions::default() }
}

fn back_up(older: &OlderStore, folder: &Path) -> Result<BackedUp, StoreError> {
    let backups = folder.join("data/backups");
    // What an earlier attempt finished stays.
    let path = (0..).map(|number| backups.join(format!("{number}.backup"))).find(|path| !path.exists());
    let head = BackupHead::new(HashCosts { memory_kibibytes: 8, passes: 1, lanes: 1 })?;
    let (sealed_head, key) = head.seal(&[1; 32]);
    let contents = BackupContents {
        oin: Oin::test_number(7).unwrap(),
        made_at: Timestamp(1_795_253_400),
        program: "0.1.0".to_owned(),
        rosters: Vec::new(),
        snapshot: older.snapshot(&names(), &[])?,
    };
    Ok(older.back_up(&path.unwrap(), &head, &sealed_head, &key, contents)?.0)
}

fn migrate(folder: &Path, reached: &Cell<usize>) -> Result<(), StoreError> {
    let older = OlderStore::open_with(&folder.join("data"), &secret(), &next_format())?;
    let backed_up = match older.resumes()? {
        Some(backed_up) => backed_up,
        None => back_up(&older, folder)?,
    };
    drop(older.migrate(backed_up, |_, _| ())?);
    reached.set(1);
    Ok(())
}

#[test]
fn a_migration_goes_on_wherever_it_failed_and_its_backup_is_whole_or_absent() {
    let check = |folder: &Path, reached| {
        // Nothing has its name before it is whole.
        let backups =
            fs::read_dir(folder.join("data/backups")).into_iter().flatten().map(|it| it.unwrap().path());
        for path in backups.filter(|path| path.extension().is_some_and(|ending| ending == "backup")) {
            let mut file = File::open(&path).unwrap();
            let key = BackupHead::read(&mut file).unwrap().open(&[1; 32]).unwrap();
            let summary =
                BackupReader::new(file, &key).unwrap().read_all::<StoreError>(|_, _| Ok(())).unwrap();
            assert_eq!((summary.signals, summary.manifest.keys), (RECORDS.into(), 1), "{}", path.display());
        }
        let older = OlderStore::open_with(&folder.join("data"), &secret(), &next_format()).unwrap();
        let migrated = usize::from(older.format() == 2);
        assert!(migrated >= reached);
        migrated
    };
    let finish = |folder: &Path, reached| {
        if reached == 0 {
            migrate(folder, &Cell::new(0)).unwrap();
        }
        let store = Store::open_with(&folder.join("data"), &secret(), &next_format()).unwrap();
        check_signals(&store, b"!");
    };
    let scenario = Scenario { prepare: &filled, run: &migrate, check: &check, finish: &finish };
    for (mode, least) in [(Mode::NotDone, 100), (Mode::Torn, 4), (Mode::Done, 30)] {
        let failed = scenario.fail_each(mode).len();
        assert!(failed > least, "{mode:?}: {failed}");
    }
}

#[test]
fn a_restore_leaves_a_whole_folder_or_one_that_is_refused_and_begun_anew() {
    let restore = |folder: &Path, reached: &Cell<usize>| {
        let mut filled = Restoring::begin(&folder.join("data"))?.open(&secret(), 1)?;
        let all = writes();
        for part in all.chunks(60) {
            filled.store().make_durable(part.to_vec())?;
        }
        drop(filled.finish()?);
        reached.set(1);
        Ok(())
    };
    let check = |folder: &Path, reached| {
        let data = folder.join("data");
        if data.join("restoring").exists() {
            let refused = Store::open(&data, &secret()).unwrap_err();
            assert!(matches!(refused, StoreError::HalfRestored { .. }), "{refused}");
        } else if data.join("db").exists() {
            check_signals(&Store::open(&data, &secret()).unwrap(), b"");
            return 1;
        }
        assert_eq!(reached, 0);
        0
    };
    let finish = |folder: &Path, reached| {
        if reached == 0 {
            restore(folder, &Cell::new(0)).unwrap();
        }
        assert_eq!(check(folder, 1), 1);
    };
    let scenario = Scenario { prepare: &|_| 0, run: &restore, check: &check, finish: &finish };
    for (mode, least) in [(Mode::NotDone, 60), (Mode::Torn, 4), (Mode::Done, 30)] {
        let failed = scenario.fail_each(mode).len();
        assert!(failed > least, "{mode:?}: {failed}");
    }
}

#[test]
fn erasing_makes_everything_unreadable_first_and_ends_wherever_it_failed() {
    let prepare = |folder: &Path| {
        filled(folder);
        fs::create_dir(folder.join("data/backups")).unwrap();
        fs::write(folder.join("data/backups/1.backup"), b"signals").unwrap();
        0
    };
    let run = |folder: &Path, reached: &Cell<usize>| {
        erase(&folder.join("data"))?;
        reached.set(1);
        Ok(())
    };
    let names_left = |folder: &Path| {
        let names = fs::read_dir(folder.join("data")).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let check = |folder: &Path, reached| {
        let data = folder.join("data");
        let key = fs::read(data.join("keys/data.sealed")).unwrap_or_default();
        if key.iter().all(|byte| *byte == 0) {
            // Whatever else is there, it is not taken for a folder that is new.
            if data.join("db").exists() {
                let refused = Store::open(&data, &secret()).unwrap_err();
                assert!(
                    matches!(refused, StoreError::KeyMissing { .. } | StoreError::Corrupt { .. }),
                    "{refused}"
                );
            }
        } else {
            check_signals(&Store::open(&data, &secret()).unwrap(), b"");
        }
        reached
    };
    let finish = |folder: &Path, _| {
        erase(&folder.join("data")).unwrap();
        assert_eq!(names_left(folder), ["lock"]);
    };
    let scenario = Scenario { prepare: &prepare, run: &run, check: &check, finish: &finish };
    for (mode, least) in [(Mode::NotDone, 20), (Mode::Done, 15)] {
        let failed = scenario.fail_each(mode).len();
        assert!(failed > least, "{mode:?}: {failed}");
    }
}

#[test]
fn an_unfinished_snapshot_of_the_engine_is_cleared_away_wherever_that_fails() {
    let left_over = |folder: &Path| folder.join("data/db/snap.00000000FFFFFFFF.generating");
    let prepare = |folder: &Path| {
        let reached = Cell::new(0);
        life::run(folder, &reached).unwrap();
        fs::write(left_over(folder), b"half").unwrap();
        reached.get()
    };
    let run = |folder: &Path, _: &Cell<usize>| Store::open(&folder.join("data"), &secret()).map(drop);
    let finish = |folder: &Path, reached| {
        life::finish(folder, reached);
        assert!(!left_over(folder).exists());
    };
    let scenario = Scenario { prepare: &prepare, run: &run, check: &life::check, finish: &finish };
    for (mode, least) in [(Mode::NotDone, 20), (Mode::Done, 8)] {
        let failed = scenario.fail_each(mode);
        assert!(failed.len() > least && failed.contains(&"remove"), "{mode:?}: {failed:?}");
    }
}
