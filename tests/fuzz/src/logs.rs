//! What `audit` reads: checkpoints, leaves and their replay, sealed seeds, openings, and evidence against a keeper; and
//! what a main log keeps.

use std::fmt::Debug;
use std::sync::OnceLock;

use audit::evidence::{EntryAtPlace, ShownLeaf};
use audit::{
    ActorRole, Challenge, Checkpoint, ConsistencyProof, Cosignature, Cosigner, Counters, CountingProof,
    Details, Entry, EntryKind, EvaluationLeaf, Event, ForkProof, InclusionProof, Opening, Origin, Period,
    PeriodClosed, Salt, SealedSeed, SignedCheckpoint, Tree,
};
use crypto::cbor;
use domain::{KeyClass, Month, NetworkId, Timestamp};
use protocol::{LogHashes, LogHead};

use super::Check;
use super::documents::value;

#[path = "../../../crates/audit/tests/support/mod.rs"]
mod support;

use support::{Log, NETWORK, Organisation, SEED, key, key_set, leaf, leaves, officer, oin, sealed_seed};

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("checkpoint", checkpoint),
    ("closed-period", closed_period),
    ("leaf", evaluation_leaf),
    ("counters", counters),
    ("inclusion", value::<InclusionProof>),
    ("consistency", value::<ConsistencyProof>),
    ("sealed-seed", sealed),
    ("opening", opening),
    ("fork", fork),
    ("challenge", challenge),
    ("counting", counting),
    ("main-log-entry", main_log_entry),
    ("main-log-details", main_log_details),
    ("main-log-head", main_log_head),
    ("main-log-hashes", main_log_hashes),
];

fn origin() -> Origin {
    Origin::evaluation_log(NETWORK, oin(1))
}

fn at(log: &Log, size: usize) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: origin(), size: size as u64, root: log.roots[size] };
    SignedCheckpoint::sign(checkpoint, &key(1)).expect("a small log")
}

/// A keeper with two logs: after two leaves they differ, and the second counts twice.
struct Made {
    organisation: Organisation,
    one: (Vec<EvaluationLeaf>, Log),
    other: (Vec<EvaluationLeaf>, Log),
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let log = |leaves: Vec<EvaluationLeaf>| {
            let log = Log::of(leaves.iter().map(EvaluationLeaf::hash));
            (leaves, log)
        };
        let mut other = leaves(3);
        other[2] = leaf(2, key_set(7, KeyClass::Weak), 16, 32);
        Made { organisation: Organisation::of_leaves(3), one: log(leaves(3)), other: log(other) }
    })
}

fn inclusion(log: &Log, place: u64) -> InclusionProof {
    InclusionProof::make(place, log.tree.size(), log.hashes.as_slice()).expect("a place of the log")
}

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let Made { organisation, one, other } = made();
    let mut cosigned = at(&one.1, 3);
    let witness = Cosigner::new(NETWORK, oin(2), key(2).verifying_key());
    let cosignature = Cosignature::sign(cosigned.checkpoint(), Timestamp(1_795_000_000), &key(2));
    cosigned.add(&witness, &cosignature.expect("a time")).expect("room for one");
    let end = (3, one.1.tree.root());
    let closed = PeriodClosed::sign(NETWORK, oin(1), Period(1), end, &key(1)).expect("a small log");
    let mut counters = Counters::default();
    for leaf in &one.0 {
        counters.take(leaf).expect("the next leaf");
    }
    let consistency = ConsistencyProof::make(2, 3, one.1.hashes.as_slice()).expect("the log grew");
    let at_place = |(leaves, log): &(Vec<EvaluationLeaf>, Log)| EntryAtPlace {
        entry: leaves[2].hash(),
        inclusion: inclusion(log, 2),
    };
    let (first, second) = (at(&one.1, 3), at(&other.1, 3));
    let one_size = ForkProof::of(&first, &second).expect("two roots");
    let one_place = ForkProof::of_entries(2, (&first, at_place(one)), (&second, at_place(other)));
    let shown = |place: u8| {
        let leaf = other.0[usize::from(place)].clone();
        ShownLeaf::new(&second, leaf, inclusion(&other.1, place.into()))
    };
    let twice = CountingProof::of(shown(1), shown(2)).expect("counted twice");
    vec![
        ("checkpoint", cosigned.to_bytes()),
        ("closed-period", closed.checkpoint().to_bytes()),
        ("leaf", one.0[2].to_bytes()),
        ("counters", counters.to_bytes()),
        ("inclusion", cbor::to_vec(&inclusion(&one.1, 1))),
        ("consistency", cbor::to_vec(&consistency)),
        ("sealed-seed", sealed_seed().to_bytes()),
        ("opening", organisation.open(2, 1, &SEED).to_bytes().to_vec()),
        ("opening", organisation.open(1, 15, &SEED).to_bytes().to_vec()),
        ("fork", one_size.to_bytes()),
        ("fork", one_place.to_bytes()),
        ("challenge", Challenge::new(&at(&one.1, 2), &at(&one.1, 3)).to_bytes()),
        ("counting", twice.to_bytes()),
        ("main-log-entry", main_log().1.to_bytes()),
        ("main-log-details", main_log().0.reveal_bytes()),
        ("main-log-head", main_log_kept().0.to_bytes()),
        ("main-log-hashes", main_log_kept().1.to_bytes()),
    ]
}

/// An entry of a main log and its details.
fn main_log() -> (Details, Entry) {
    let details = Details::new(&Salt::from_bytes([2; 32]), None, Some("L-1".to_owned()), None);
    let entry = Entry {
        place: 0,
        time: Timestamp(1_795_000_000),
        role: ActorRole::Operator,
        event: Event::Question { families: 1, found: 2, complete: true },
        circles: Vec::new(),
        details: details.commitment(),
        basis: None,
    };
    (details, entry)
}

/// What lasts of a log with that entry.
fn main_log_kept() -> (LogHead, LogHashes) {
    let (mut tree, month) = (Tree::default(), Month::from_number(24_383).expect("a month"));
    let hashes = tree.append(main_log().1.leaf()).expect("room for one");
    (
        LogHead { tree, months: [month].into(), forgotten: None, borne_out: Timestamp(7), generation: 0 },
        LogHashes { month, hashes },
    )
}

fn main_log_entry(bytes: &[u8]) -> bool {
    let Ok(read) = Entry::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(EntryKind::ALL.contains(&read.event.kind()));
    true
}

fn main_log_details(bytes: &[u8]) -> bool {
    let Ok(read) = Details::from_bytes(bytes) else { return false };
    assert_eq!(read.reveal_bytes(), bytes, "one encoding");
    assert_eq!(format!("{read:?}"), "Details(redacted)");
    let _commitment = read.commitment();
    true
}

fn main_log_head(bytes: &[u8]) -> bool {
    let Some(read) = LogHead::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    true
}

fn main_log_hashes(bytes: &[u8]) -> bool {
    let Some(read) = LogHashes::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(!read.hashes.is_empty());
    true
}

fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(read) = SignedCheckpoint::verify(bytes, &origin(), &key(1).verifying_key()) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one spelling");
    let Made { one, other, .. } = made();
    let known = [&at(&one.1, 2), &at(&one.1, 3), &at(&other.1, 3)];
    assert!(known.iter().any(|known| known.checkpoint() == read.checkpoint()), "nothing else was signed");
    true
}

fn closed_period(bytes: &[u8]) -> bool {
    let verify = |period| PeriodClosed::verify(bytes, NETWORK, oin(1), period, &key(1).verifying_key());
    let Ok(read) = verify(Period(1)) else { return false };
    assert_eq!(read.end(), (3, made().one.1.tree.root()), "nothing else was signed");
    assert!(verify(Period(2)).is_err());
    true
}

fn evaluation_leaf(bytes: &[u8]) -> bool {
    let Ok(read) = EvaluationLeaf::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(read.counted_before() <= read.counted);
    assert!(!read.covers(&[]));
    let mut replay = Counters::default();
    if replay.take(&read).is_ok() {
        assert_eq!((read.place, read.counted_before()), (0, 0), "a log begins with nothing");
        assert_eq!(replay.counted(&read.key_set), read.counted);
        assert!(replay.take(&read).is_err(), "nor twice");
    }
    true
}

fn counters(bytes: &[u8]) -> bool {
    let Ok(mut read) = Counters::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    let (size, key_set) = (read.size(), key_set(7, KeyClass::Weak));
    let next =
        EvaluationLeaf { place: size, ..leaf(0, key_set, 16, read.counted(&key_set).saturating_add(16)) };
    let before = read.counted(&key_set);
    if read.take(&next).is_ok() {
        assert_eq!(read.size(), size + 1);
        assert!(read.counted(&key_set) == next.counted || before == 0, "counted, unless its epoch is over");
    }
    true
}

fn sealed(bytes: &[u8]) -> bool {
    let Ok(read) = SealedSeed::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    shown(&read, bytes);
    for number in [0x31, 0x32] {
        if let Ok(seed) = read.open(&officer(number)) {
            assert_eq!(seed, SEED, "nothing else was sealed");
        }
    }
    assert!(read.open(&officer(0x34)).is_err());
    true
}

fn opening(bytes: &[u8]) -> bool {
    let Ok(read) = Opening::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes().as_slice(), bytes, "one encoding");
    shown(&read, bytes);
    assert!(read.clone().verify(NETWORK, &key(2).verifying_key()).is_err());
    assert!(read.clone().verify(NetworkId::from_bytes([8; 32]), &key(1).verifying_key()).is_err());
    if let Ok(verified) = read.verify(NETWORK, &key(1).verifying_key()) {
        let place = usize::try_from(verified.leaf().place).expect("a small log");
        let position = usize::try_from(verified.position()).expect("sixteen elements");
        let asked = &made().organisation.asked[place];
        assert_eq!((verified.leaf(), verified.input()), (&asked.leaf, &asked.inputs[position]));
    }
    true
}

fn fork(bytes: &[u8]) -> bool {
    let Ok(read) = ForkProof::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(read.verify(&origin(), &key(2).verifying_key()).is_err());
    let _outcome = read.verify(&origin(), &key(1).verifying_key());
    true
}

fn challenge(bytes: &[u8]) -> bool {
    let Ok(read) = Challenge::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(read.verify(&origin(), &key(2).verifying_key()).is_err());
    if let Ok((earlier, later)) = read.verify(&origin(), &key(1).verifying_key()) {
        assert_eq!((earlier, later), (2, 3), "nothing else was signed");
    }
    true
}

fn counting(bytes: &[u8]) -> bool {
    let Ok(read) = CountingProof::from_bytes(bytes) else { return false };
    assert_eq!(read.to_bytes(), bytes, "one encoding");
    assert!(read.verify(&origin(), &key(2).verifying_key()).is_err());
    let _outcome = read.verify(&origin(), &key(1).verifying_key());
    true
}

/// What a log would show: bounded by what came in, and nothing of a person.
fn shown<T: Debug>(value: &T, bytes: &[u8]) {
    let shown = format!("{value:?}");
    assert!(shown.len() < 4_096 + 64 * bytes.len());
    assert!(!shown.contains("person"));
}
