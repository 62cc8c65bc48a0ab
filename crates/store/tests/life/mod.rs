//! The life of a folder: commits of all sorts, closing and opening in between; and what must be left of it after a crash.
//! Also included by the crate's own tests.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{StorageSecret, Store, StoreError};
use domain::Epoch;
use protocol::{Collection, Durable as _, Scope, Secret, SecretName, Write};

/// After so many commits the folder is closed and opened again.
const COMMITS_PER_OPENING: usize = 4;

fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(&folder.join("data"), &StorageSecret::from_bytes([9; 32]))
}

/// What a folder shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shown {
    records: BTreeMap<(Scope, u8, Vec<u8>), Vec<u8>>,
    secrets: BTreeMap<SecretName, Vec<u8>>,
}

/// The record that tells how many commits there were.
const NEWEST: (Scope, Collection, &[u8]) = (Scope::Lasting, Collection::Head, b"newest");

fn put(scope: Scope, collection: Collection, key: &str, bytes: usize) -> Write {
    let value = key.bytes().cycle().take(bytes).collect();
    Write::Put { scope, collection, key: key.as_bytes().to_vec(), value }
}

fn delete(scope: Scope, collection: Collection, key: &str) -> Write {
    Write::Delete { scope, collection, key: key.as_bytes().to_vec() }
}

fn name(name: &str) -> SecretName {
    SecretName::new(name.to_owned())
}

fn secret(of: &str, content: &str) -> Write {
    Write::PutSecret { name: name(of), secret: Secret::new(content.as_bytes().to_vec()) }
}

fn destroy(of: &str) -> Write {
    Write::DestroySecret { name: name(of) }
}

fn month() -> Scope {
    Scope::Month("2031-12".parse().unwrap())
}

fn commits() -> Vec<Vec<Write>> {
    use Collection::{Body, FamilyKeys, Header, Signal};
    let (lasting, one, two, three) =
        (Scope::Lasting, Scope::Epoch(Epoch(1)), month(), Scope::Epoch(Epoch(3)));
    let forget = |scope| Write::Forget { scope };
    let mut all = vec![
        vec![
            put(lasting, Signal, "a", 30),
            put(lasting, Signal, "b", 7000),
            secret("node", "n"),
            secret("share-1", "old"),
        ],
        vec![
            put(one, Header, "x", 10),
            put(one, Body, "y", 20_000),
            put(two, FamilyKeys, "a", 64),
            secret("share-1", "new"),
        ],
        vec![
            delete(lasting, Signal, "b"),
            put(one, Body, "y", 100),
            put(one, Header, "z", 10),
            destroy("share-1"),
            secret("share-2", "s"),
        ],
        vec![forget(one), put(lasting, Signal, "c", 10), put(three, Header, "x", 10)],
        vec![put(lasting, Signal, "a", 13_000), destroy("never"), secret("share-1", "again")],
        vec![forget(two), delete(three, Header, "x"), destroy("share-2")],
        vec![put(three, Body, "w", 50), put(lasting, Signal, "d", 5)],
    ];
    for (number, writes) in (1_u8..).zip(&mut all) {
        let (scope, collection, key) = NEWEST;
        writes.push(Write::Put { scope, collection, key: key.to_vec(), value: vec![number] });
    }
    all
}

/// What the first commits make.
fn expected(commits_done: usize) -> Shown {
    let mut shown = Shown::default();
    for write in commits().into_iter().take(commits_done).flatten() {
        match write {
            Write::Put { scope, collection, key, value } => {
                shown.records.insert((scope, collection.number(), key), value);
            }
            Write::Delete { scope, collection, key } => {
                shown.records.remove(&(scope, collection.number(), key));
            }
            Write::Forget { scope: gone } => shown.records.retain(|(scope, ..), _| *scope != gone),
            Write::PutSecret { name, secret } => {
                shown.secrets.insert(name, secret.reveal().to_vec());
            }
            Write::DestroySecret { name } => {
                shown.secrets.remove(&name);
            }
        }
    }
    shown
}

fn forgotten(commits_done: usize) -> BTreeSet<Scope> {
    let writes = commits().into_iter().take(commits_done).flatten();
    writes
        .filter_map(|write| match write {
            Write::Forget { scope } => Some(scope),
            Write::Put { .. }
            | Write::Delete { .. }
            | Write::PutSecret { .. }
            | Write::DestroySecret { .. } => None,
        })
        .collect()
}

/// Reads everything, in both ways that there are.
fn look(store: &Store) -> Result<Shown, StoreError> {
    let mut shown = Shown::default();
    for collection in Collection::ALL {
        for record in store.records(collection) {
            let record = record?;
            let again = store.record(record.scope, collection, &record.key)?;
            assert_eq!(again.as_ref(), Some(&record.value));
            shown.records.insert((record.scope, collection.number(), record.key), record.value);
        }
    }
    for name in store.secret_names()? {
        let secret = store.secret(&name)?.expect("listed a moment ago");
        shown.secrets.insert(name, secret.reveal().to_vec());
    }
    Ok(shown)
}

/// Goes on after so many commits, to the end or to the first error.
pub(crate) fn run(folder: &Path, reached: &Cell<usize>) -> Result<(), StoreError> {
    let all = commits();
    while reached.get() < all.len() {
        let mut store = open(folder)?;
        for writes in all.iter().skip(reached.get()).take(COMMITS_PER_OPENING) {
            if let Err(error) = store.make_durable(writes.clone()) {
                assert!(
                    matches!(store.make_durable(vec![]), Err(StoreError::Failed)),
                    "it refuses from then on"
                );
                return Err(error);
            }
            reached.set(reached.get() + 1);
        }
        assert_eq!(look(&store)?, expected(reached.get()));
    }
    Ok(())
}

/// What is there after so many commits were acknowledged, one beyond at most, whole; returns how many.
pub(crate) fn check(folder: &Path, reached: usize) -> usize {
    let store = open(folder).unwrap();
    let found = look(&store).unwrap();
    let (scope, collection, key) = NEWEST;
    let newest = store.record(scope, collection, key).unwrap().map_or(0, |value| usize::from(value[0]));
    assert!((reached..=reached + 1).contains(&newest), "{newest} of {reached} commits are there");
    let here = expected(newest);
    assert_eq!(found.records, here.records, "commit {newest} is whole");
    if newest == reached {
        // Secrets of the commit that was under way may be there already.
        let mut next = commits().into_iter().nth(reached).unwrap_or_default();
        next.retain(|write| matches!(write, Write::PutSecret { .. }));
        let early = |name: &SecretName, content: &Vec<u8>| {
            next.iter().any(|write| {
                matches!(write, Write::PutSecret { name: of, secret } if of == name && secret.reveal() == content)
            })
        };
        for (name, content) in &found.secrets {
            assert!(here.secrets.get(name) == Some(content) || early(name, content), "{name:?}");
        }
        assert!(here.secrets.keys().all(|name| found.secrets.contains_key(name)));
    } else {
        assert_eq!(found.secrets, here.secrets);
    }
    for scope in forgotten(newest) {
        assert!(store.is_forgotten(scope));
        let name = scope.to_string().replace(' ', "-");
        assert!(!folder.join(format!("data/keys/{name}.sealed")).exists());
    }
    newest
}

/// Goes on to the end, and looks at what is there then.
pub(crate) fn finish(folder: &Path, reached: usize) {
    let all = commits().len();
    let reached = Cell::new(reached);
    run(folder, &reached).unwrap();
    assert_eq!((reached.get(), check(folder, all)), (all, all));
    assert_eq!(look(&open(folder).unwrap()).unwrap(), expected(all));
    let keys = std::fs::read_dir(folder.join("data/keys")).unwrap();
    let mut keys: Vec<_> = keys.map(|key| key.unwrap().file_name().into_string().unwrap()).collect();
    keys.sort();
    assert_eq!(
        keys,
        ["data.sealed", "epoch-3.sealed", "node.sealed", "share-1.sealed"],
        "and nothing half done"
    );
}
