//! Looking at key files while the folder is in use: what is wrong is named, nothing is changed.
#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::fs;
use std::path::Path;

use protocol::{Durable as _, Secret, SecretName, Write};
use store::{KeyFiles, StorageSecret, Store, StoreError, inspect_keys};

const NAME: &str = "organisation";

fn secret(byte: u8) -> StorageSecret {
    StorageSecret::from_bytes([byte; 32])
}

fn with_secret(folder: &Path) -> Store {
    let mut store = Store::open(folder, &secret(1)).unwrap();
    let put = |name: &str| Write::PutSecret {
        name: SecretName::new(name.to_owned()),
        secret: Secret::new(vec![7; 32]),
    };
    store.make_durable(vec![put(NAME), put("node")]).unwrap();
    store
}

fn inspect(folder: &Path, byte: u8) -> KeyFiles {
    inspect_keys(folder, Some(&secret(byte))).unwrap()
}

#[test]
fn sound_files_are_counted_while_the_folder_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let _held = with_secret(folder.path());
    for found in [inspect(folder.path(), 1), inspect_keys(folder.path(), None).unwrap()] {
        assert!(found.faults.is_empty(), "{found:?}");
        assert_eq!(found.sound, 3);
    }
    assert!(inspect_keys(&folder.path().join("elsewhere"), None).is_err());
}

#[test]
fn each_fault_is_named_and_left() {
    let folder = tempfile::tempdir().unwrap();
    drop(with_secret(folder.path()));
    let keys = folder.path().join("keys");

    assert!(matches!(inspect(folder.path(), 2).faults[..], [StoreError::WrongSecret { .. }]));

    let file = keys.join("organisation.sealed");
    let whole = fs::read(&file).unwrap();
    for length in [0, 5, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        for found in [inspect(folder.path(), 1), inspect_keys(folder.path(), None).unwrap()] {
            assert_eq!(found.sound, 2);
            let [fault] = &found.faults[..] else { panic!("{found:?}") };
            assert!(fault.to_string().contains("keys/organisation.sealed"), "{fault}");
        }
        assert_eq!(fs::read(&file).unwrap().len(), length);
    }
    // Whole, but under another name: only the key shows it.
    fs::copy(keys.join("node.sealed"), &file).unwrap();
    assert_eq!(inspect(folder.path(), 1).faults.len(), 1);
    assert!(inspect_keys(folder.path(), None).unwrap().faults.is_empty());
    fs::write(&file, whole).unwrap();

    fs::rename(keys.join("data.sealed"), keys.join("away")).unwrap();
    for found in [inspect(folder.path(), 1), inspect_keys(folder.path(), None).unwrap()] {
        assert!(matches!(found.faults[..], [StoreError::KeyMissing { .. }]), "{found:?}");
    }
    assert!(!keys.join("data.sealed").exists());
}
