//! A backup is whole or refused, holds what it should and nothing else, and a store can be made of it again.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{fs, path::Path};

use domain::{Oin, Timestamp};
use protocol::{Collection, Durable, Scope, Secret, SecretName, Write};
use store::{
    BackupContents, BackupFile, BackupHead, BackupKey, BackupReader, BackupSummary, Entry, HashCosts,
    Restoring, StorageSecret, Store, StoreError, is_backed_up,
};

const PLAINTEXT: &[u8] = b"Zonneveld 111222333";

fn secret() -> StorageSecret {
    StorageSecret::from_bytes([9; 32])
}

fn name(name: &str) -> SecretName {
    SecretName::new(name.to_owned())
}

fn names() -> [SecretName; 2] {
    [name("node"), name("organisation")]
}

/// Decisions in a store that is filled.
const DECISIONS: u64 = 3;

/// Records of a main log in it: each sort but the head, in two months.
const LOGGED: u64 = 6;

fn months() -> [Scope; 2] {
    ["2031-11", "2031-12"].map(|month| Scope::Month(month.parse().unwrap()))
}

/// A store with a record in every collection, `signals` signals, and secrets of three kinds.
fn filled(folder: &Path, signals: u16) -> Store {
    let mut store = Store::open(folder, &secret()).unwrap();
    let put = |collection, key: &[u8], value: &[u8]| Write::Put {
        scope: Scope::Lasting,
        collection,
        key: key.to_vec(),
        value: value.to_vec(),
    };
    let mut writes: Vec<Write> = Collection::ALL
        .into_iter()
        .filter(|collection| !is_backed_up(*collection))
        .map(|collection| put(collection, b"key", b"value"))
        .collect();
    writes.extend((0..DECISIONS).map(|number| put(Collection::Decision, &number.to_be_bytes(), b"value")));
    for (of, bytes) in [("node", 1), ("organisation", 2), ("share-1-bsn-1-ab", 3)] {
        writes.push(Write::PutSecret { name: name(of), secret: Secret::new(vec![bytes; 32]) });
    }
    for collection in [Collection::LogEntry, Collection::LogDetails, Collection::LogHashes] {
        let of_month =
            |scope| Write::Put { scope, collection, key: b"place".to_vec(), value: PLAINTEXT.to_vec() };
        writes.extend(months().map(of_month));
    }
    // In collections that are backed up too, and yet in no backup.
    let epoch = Scope::Epoch(domain::Epoch(3));
    writes.extend(Collection::ALL.map(|collection| Write::Put {
        scope: epoch,
        collection,
        key: b"key".to_vec(),
        value: PLAINTEXT.to_vec(),
    }));
    store.make_durable(writes).unwrap();
    let all: Vec<Write> = (0..signals)
        .map(|number| {
            // Some in one chunk of the store, some in many.
            let value = PLAINTEXT.repeat(1 + usize::from(number % 5) * 700);
            put(Collection::Signal, format!("G-{number}").as_bytes(), &value)
        })
        .collect();
    for writes in all.chunks(100) {
        store.make_durable(writes.to_vec()).unwrap();
    }
    store
}

fn contents(store: &Store) -> BackupContents {
    BackupContents {
        oin: Oin::test_number(7).unwrap(),
        made_at: Timestamp(1_795_253_400),
        program: "0.1.0".to_owned(),
        rosters: vec![vec![1; 70_000], vec![2; 10]],
        snapshot: store.snapshot(&names(), &[]).unwrap(),
    }
}

fn head(passphrase_hash: u8) -> (BackupHead, Vec<u8>, BackupKey) {
    let head = BackupHead::new(HashCosts { memory_kibibytes: 8, passes: 1, lanes: 1 }).unwrap();
    let (bytes, key) = head.seal(&[passphrase_hash; 32]);
    (head, bytes, key)
}

fn backup(store: &Store, passphrase_hash: u8) -> Vec<u8> {
    let (_, mut bytes, key) = head(passphrase_hash);
    for piece in contents(store).seal(&key) {
        bytes.extend(piece.unwrap());
    }
    bytes
}

fn read(bytes: &[u8], passphrase_hash: u8) -> Result<(BackupSummary, Vec<Entry>), StoreError> {
    let mut source = bytes;
    let key = BackupHead::read(&mut source)?.open(&[passphrase_hash; 32])?;
    let mut entries = Vec::new();
    let summary = BackupReader::new(source, &key)?.read_all::<StoreError>(|entry, done| {
        entries.push(entry);
        assert_eq!(u64::try_from(entries.len()).unwrap(), done);
        Ok(())
    })?;
    Ok((summary, entries))
}

#[test]
fn a_backup_holds_what_cannot_be_made_again_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 300);
    let bytes = backup(&store, 1);
    let (summary, entries) = read(&bytes, 1).unwrap();
    let manifest = &summary.manifest;
    assert_eq!((summary.signals, manifest.records, manifest.keys), (300, 300 + DECISIONS + LOGGED, 2));
    assert_eq!((summary.manifest.oin, summary.manifest.rosters), (Oin::test_number(7).unwrap(), 2));
    let (mut decisions, mut logged) = (0, 0);
    for entry in &entries {
        match entry {
            Entry::Key { name, secret } => {
                assert!(names().contains(name));
                assert_eq!(store.secret(name).unwrap().as_ref(), Some(secret));
            }
            Entry::Roster(wire) => assert!([70_000, 10].contains(&wire.len())),
            Entry::Record { collection, record } => {
                let is_logged = months().contains(&record.scope);
                assert!(is_logged || [Collection::Signal, Collection::Decision].contains(collection));
                decisions += u64::from(*collection == Collection::Decision);
                logged += u64::from(is_logged);
                assert_eq!(
                    store.record(record.scope, *collection, &record.key).unwrap().as_ref(),
                    Some(&record.value)
                );
            }
        }
    }
    // Neither personal details nor the organisation's number stand in it.
    let held = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!held(b"Zonneveld") && !held(b"111222333") && !held(b"00000099000000000007"));
    assert!(held(b"samenhang backup\n"));
    assert_eq!((decisions, logged), (DECISIONS, LOGGED));
    let backed_up = Collection::ALL.into_iter().filter(|one| is_backed_up(*one));
    assert_eq!(
        backed_up.count(),
        10,
        "signals, decisions, four for the rights of persons and the main log only"
    );
}

#[test]
fn no_truncation_bit_or_exchange_passes() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 40);
    let bytes = backup(&store, 1);
    let borders = (0..bytes.len()).step_by(64 * 1024 + 16).map(|border| border + store::HEAD_BYTES);
    for cut in borders.flat_map(|border| [border, border + 1]).chain([0, 5, bytes.len() - 1]) {
        assert!(read(&bytes[..cut.min(bytes.len() - 1)], 1).is_err(), "cut at {cut}");
    }
    for at in (0..bytes.len()).step_by(997) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        assert!(read(&flipped, 1).is_err(), "a bit of byte {at}");
    }
    // The stream of another backup under the same passphrase, behind this one's head.
    let other = backup(&store, 1);
    let mixed = [&bytes[..store::HEAD_BYTES], &other[store::HEAD_BYTES..]].concat();
    assert!(matches!(read(&mixed, 1), Err(StoreError::BackupDamaged { .. })));
    assert!(matches!(read(&bytes, 2), Err(StoreError::BackupPassphrase)));
    assert!(matches!(read(b"PK\x03\x04 something else altogether", 1), Err(StoreError::NotABackup)));
    assert!(matches!(read(b"", 1), Err(StoreError::NotABackup)));
}

#[test]
fn a_missing_key_file_makes_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 1);
    let error = store.snapshot(&[name("another")], &[]).unwrap_err();
    assert!(matches!(error, StoreError::KeyMissing { .. }), "{error}");
    // One that may be there or not is left out.
    store.snapshot(&names(), &[name("another")]).unwrap();
}

#[test]
fn a_file_appears_whole_under_its_name_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("data"), 3);
    let place = folder.path().join("place");
    fs::create_dir(&place).unwrap();
    let path = place.join("b.backup");
    let write = |replace: bool, whole: bool| {
        let (head, bytes, key) = head(1);
        let mut file = BackupFile::create(&path, replace)?;
        file.write(&bytes)?;
        let pieces: Vec<Vec<u8>> = contents(&store).seal(&key).collect::<Result<_, _>>()?;
        let pieces = pieces.concat();
        file.write(if whole { &pieces } else { &pieces[..pieces.len() - 1] })?;
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1 + usize::from(replace));
        file.finish(&head, &key)
    };
    assert!(matches!(write(false, false), Err(StoreError::BackupDamaged { .. })));
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
    let (summary, bytes) = write(false, true).unwrap();
    assert_eq!((summary.signals, fs::metadata(&path).unwrap().len()), (3, bytes));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let first = fs::read(&path).unwrap();
    assert!(matches!(write(false, true), Err(StoreError::BackupExists { .. })));
    assert_eq!(fs::read(&path).unwrap(), first);
    write(true, true).unwrap();
    assert_ne!(fs::read(&path).unwrap(), first);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
}

#[test]
fn a_folder_counts_as_restored_only_when_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut filled = Restoring::begin(&data).unwrap().open(&secret(), 1).unwrap();
    let write = Write::Put {
        scope: Scope::Lasting,
        collection: Collection::Signal,
        key: b"half".to_vec(),
        value: b"value".to_vec(),
    };
    filled.store().make_durable(vec![write.clone()]).unwrap();
    // Held by this restore; and nobody else may take it.
    assert!(matches!(Restoring::begin(&data), Err(StoreError::InUse { .. })));
    drop(filled);
    let refused = Store::open(&data, &secret()).unwrap_err();
    assert!(matches!(refused, StoreError::HalfRestored { .. }), "{refused}");

    // Begun anew, also under another secret, nothing is left of the first attempt.
    let other = StorageSecret::from_bytes([8; 32]);
    let mut filled = Restoring::begin(&data).unwrap().open(&other, 1).unwrap();
    assert_eq!(filled.store().record(Scope::Lasting, Collection::Signal, b"half").unwrap(), None);
    filled.store().make_durable(vec![write]).unwrap();
    drop(filled.finish().unwrap());
    let store = Store::open(&data, &other).unwrap();
    assert_eq!(store.record(Scope::Lasting, Collection::Signal, b"half").unwrap().unwrap(), b"value");
    drop(store);
    assert!(matches!(Restoring::begin(&data), Err(StoreError::NotEmpty { .. })));
}

#[test]
fn what_lies_in_a_folder_is_never_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    assert!(matches!(Restoring::begin(folder.path()), Err(StoreError::NotEmpty { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
