//! What reading a database takes in memory: what its cache may hold, whatever lies on disk.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::{fs, path::Path, process::Command};

use protocol::{Collection, Durable as _, Scope, Write};
use store::{MAX_WRITES, StorageSecret, Store, StoreOptions};

const RECORDS: u32 = 80_000;
const RECORD_BYTES: usize = 600;

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    1_024 * line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap()
}

fn put(number: u32) -> Write {
    let (scope, key) = (Scope::Lasting, number.to_be_bytes().to_vec());
    Write::Put { scope, collection: Collection::Body, key, value: vec![7; RECORD_BYTES] }
}

/// Names the folder that another process of this program fills: what it took for that is gone with it.
const FILL: &str = "STORE_TEST_FILL";

const CACHE_BYTES: u64 = 8 << 20;

fn open(folder: &Path) -> Store {
    let options = StoreOptions { cache_bytes: CACHE_BYTES, ..StoreOptions::default() };
    Store::open_with(folder, &StorageSecret::from_bytes([9; 32]), &options).unwrap()
}

fn fill(folder: &Path) {
    let mut store = open(folder);
    let numbers: Vec<u32> = (0..RECORDS).collect();
    for some in numbers.chunks(MAX_WRITES) {
        store.make_durable(some.iter().copied().map(put).collect()).unwrap();
    }
}

#[test]
fn a_database_that_is_read_stays_on_disk() {
    if let Some(folder) = std::env::var_os(FILL) {
        return fill(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    assert!(Command::new(program).env(FILL, folder.path()).status().unwrap().success());
    let before = resident_bytes();
    let store = open(folder.path());
    assert_eq!(store.records(Collection::Body).map(Result::unwrap).count(), RECORDS as usize);
    for number in 0..RECORDS {
        let value = store.record(Scope::Lasting, Collection::Body, &number.to_be_bytes()).unwrap().unwrap();
        assert_eq!(value.len(), RECORD_BYTES);
    }
    let grown = resident_bytes().saturating_sub(before);
    let whole = u64::from(RECORDS) * RECORD_BYTES as u64;
    assert!(grown < whole * 3 / 4, "grew by {grown} while it read {whole}");
}
