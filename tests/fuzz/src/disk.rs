//! What `store` reads: records and their scopes, key files, the number of commits, backups.

use domain::{Epoch, Month};
use protocol::{Collection, Scope};
use store::{BackupHead, BackupKey, BackupReader, Entry, HEAD_BYTES, MAX_KEY_BYTES, decoders};

use super::Check;
use super::pieces::Pieces;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("commits", commits),
    ("scope", scope),
    ("key-file", key_file),
    ("data-key", data_key),
    ("record", record),
    ("record-text", record_text),
    ("backup-head", backup_head),
    ("backup-stream", backup_stream),
    ("backup-entries", backup_entries),
];

const NAME: &str = "node";

fn backup_key() -> BackupKey {
    BackupKey::from_bytes([3; 32])
}

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let names = ["manifest ", "key ", "roster ", "record ", "of a month "];
    let entries: Vec<u8> = names.into_iter().flat_map(golden).collect();
    let text = [&[0, 3], b"G-1".as_slice(), b"value"].concat();
    vec![
        ("commits", [9_u64.to_be_bytes(), (!9_u64).to_be_bytes()].concat()),
        ("scope", vec![0, 1, 2]),
        ("scope", vec![1, 0, 0, 0, 7, 8]),
        ("key-file", decoders::sealed_key_file(NAME, &[2; 32]).expect("the system has randomness")),
        ("data-key", [[7; 32].as_slice(), &[1]].concat()),
        ("record", piece(&[4, 0]).into_iter().chain(piece(&[1, 1, 2])).collect()),
        ("record-text", text),
        ("backup-head", golden("head ")),
        ("backup-stream", decoders::sealed_backup(&entries, &backup_key())),
        ("backup-entries", entries),
    ]
}

fn piece(bytes: &[u8]) -> Vec<u8> {
    [u16::try_from(bytes.len()).expect("a short piece").to_be_bytes().as_slice(), bytes].concat()
}

/// A line of the golden backup.
fn golden(name: &str) -> Vec<u8> {
    let golden = include_str!("../../../crates/store/tests/golden/backup.txt");
    let line = golden.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the golden file");
    hex::decode(line.trim()).expect("golden files are in hexadecimal")
}

fn commits(bytes: &[u8]) -> bool {
    let Some(number) = decoders::commits(bytes) else { return false };
    assert_eq!(bytes, [number.to_be_bytes(), (!number).to_be_bytes()].concat());
    true
}

fn scope(bytes: &[u8]) -> bool {
    let Some((scope, rest)) = decoders::scope(bytes) else { return false };
    assert_eq!([decoders::scope_bytes(scope).as_slice(), rest].concat(), bytes);
    true
}

fn key_file(bytes: &[u8]) -> bool {
    let Ok(secret) = decoders::key_file(NAME, bytes) else { return false };
    assert!(secret.reveal().len() < bytes.len());
    assert!(decoders::key_file("other", bytes).is_err(), "sealed under its name");
    true
}

fn data_key(bytes: &[u8]) -> bool {
    let Ok(in_use) = decoders::data_key(bytes) else { return false };
    assert_eq!((bytes.len(), bytes.last()), (33, Some(&u8::from(in_use))));
    true
}

/// Entries of the engine, as they lie there: keys and values by turns.
fn record(bytes: &[u8]) -> bool {
    let mut pieces = Pieces::new(bytes);
    let mut entries = Vec::new();
    while !pieces.is_empty() {
        entries.push((pieces.piece().to_vec(), pieces.piece().to_vec()));
    }
    // No sealed record is among the inputs: its nonce would be another each time.
    assert!(decoders::record(Scope::Lasting, Collection::Header, entries).is_err());
    true
}

/// What the sealed text of a record says.
fn record_text(bytes: &[u8]) -> bool {
    let month = Month::from_number(7).expect("of the first year");
    for scope in [Scope::Lasting, Scope::Epoch(Epoch(7)), Scope::Month(month)] {
        let Ok(record) = decoders::record_text(scope, Collection::Signal, bytes) else { return false };
        let length = u16::try_from(record.key.len()).expect("bounded").to_be_bytes();
        assert_eq!([length.as_slice(), &record.key, &record.value].concat(), bytes);
        assert!(record.scope == scope && record.key.len() <= MAX_KEY_BYTES);
        assert_eq!(format!("{record:?}"), format!("Record({} bytes)", record.value.len()));
    }
    true
}

fn backup_head(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let Ok(head) = BackupHead::read(&mut rest) else { return false };
    assert_eq!(bytes.len() - rest.len(), HEAD_BYTES);
    let costs = head.costs();
    assert!(costs.memory_kibibytes <= 1 << 20 && costs.passes <= 64 && costs.lanes <= 64, "{costs:?}");
    // Somebody else's passphrase.
    assert!(head.open(&[0xee; 32]).is_err());
    true
}

/// What follows the head, as it lies there.
fn backup_stream(bytes: &[u8]) -> bool {
    let Ok(reader) = BackupReader::new(bytes, &backup_key()) else { return false };
    read_entries(reader)
}

/// What the sealed part of a backup says.
fn backup_entries(bytes: &[u8]) -> bool {
    let sealed = decoders::sealed_backup(bytes, &backup_key());
    let Ok(reader) = BackupReader::new(sealed.as_slice(), &backup_key()) else { return false };
    read_entries(reader)
}

fn read_entries(reader: BackupReader<&[u8]>) -> bool {
    let promised = reader.manifest().clone();
    let mut found = 0;
    let whole = reader.read_all(|entry, _| {
        found += 1;
        assert!(format!("{entry:?}").len() < 256, "an entry shows what it holds");
        if let Entry::Record { collection, record } = &entry {
            assert!(store::is_backed_up(*collection) && !matches!(record.scope, Scope::Epoch(_)));
        }
        Ok::<(), store::StoreError>(())
    });
    let Ok(summary) = whole else { return false };
    assert_eq!((summary.manifest.entries(), &summary.manifest), (found, &promised));
    assert!(summary.signals <= promised.records);
    true
}
