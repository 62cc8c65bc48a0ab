//! Evidence against a keeper: what proves two logs or a false count, and what an honest keeper cannot be accused of.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use audit::evidence::CountingFault;
use audit::evidence::{EntryAtPlace, MAX_EVIDENCE_BYTES, ShownLeaf};
use audit::{
    AuditError, Challenge, Checkpoint, ConsistencyProof, CountingProof, Day, EvaluationLeaf, ForkKind,
    ForkProof, InclusionProof, LeafHash, Origin, Period, SignedCheckpoint, Tree,
};
use domain::KeyClass;
use support::{Log, NETWORK, TODAY, key, key_set, leaf, leaves, oin};

fn origin() -> Origin {
    Origin::evaluation_log(NETWORK, oin(1))
}

fn at(log: &Log, size: u64) -> SignedCheckpoint {
    let checkpoint = Checkpoint { origin: origin(), size, root: log.roots[usize::try_from(size).unwrap()] };
    SignedCheckpoint::sign(checkpoint, &key(1)).unwrap()
}

fn log(count: u64, name: &str) -> Log {
    Log::of((0..count).map(|place| LeafHash::of(format!("{name} {place}").as_bytes())))
}

/// The two logs of a keeper who forked after four entries.
fn forked() -> (Log, Log) {
    let common = |place: u64| LeafHash::of(format!("common {place}").as_bytes());
    let one = (0..9).map(|place| if place < 4 { common(place) } else { LeafHash::of(b"one") });
    let other = (0..7).map(|place| if place < 4 { common(place) } else { LeafHash::of(b"other") });
    (Log::of(one), Log::of(other))
}

fn entry(log: &Log, name: &[u8], place: u64, size: u64) -> EntryAtPlace {
    let inclusion = InclusionProof::make(place, size, log.hashes.as_slice()).unwrap();
    EntryAtPlace { entry: LeafHash::of(name), inclusion }
}

fn verify(proof: &ForkProof) -> Result<ForkKind, AuditError> {
    ForkProof::from_bytes(&proof.to_bytes()).unwrap().verify(&origin(), &key(1).verifying_key())
}

#[test]
fn two_roots_of_one_size_are_a_fork() {
    let (one, other) = forked();
    let proof = ForkProof::of(&at(&one, 6), &at(&other, 6)).unwrap();
    assert_eq!(verify(&proof), Ok(ForkKind::OneSize { size: 6 }));
    assert_eq!(ForkProof::of(&at(&other, 6), &at(&one, 6)), Some(proof.clone()), "one form");
    assert!(proof.to_bytes().len() <= MAX_EVIDENCE_BYTES);
    assert_eq!(ForkProof::of(&at(&one, 6), &at(&one, 6)), None, "one checkpoint, twice");
    assert_eq!(ForkProof::of(&at(&one, 6), &at(&other, 7)), None, "more is needed to tell");
    assert_eq!(ForkProof::of(&at(&one, 4), &at(&other, 4)), None, "before the fork");
}

#[test]
fn evidence_holds_against_the_key_that_signed_and_no_other() {
    let (one, other) = forked();
    let proof = ForkProof::of(&at(&one, 6), &at(&other, 6)).unwrap();
    assert_eq!(proof.verify(&origin(), &key(2).verifying_key()), Err(AuditError::BadSignature));
    let of_another = Origin::evaluation_log(NETWORK, oin(2));
    assert_eq!(proof.verify(&of_another, &key(1).verifying_key()), Err(AuditError::OtherLog));
    let bytes = proof.to_bytes();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        let holds = ForkProof::from_bytes(&changed)
            .is_ok_and(|proof| proof.verify(&origin(), &key(1).verifying_key()).is_ok());
        assert!(!holds, "byte {place}");
    }
    assert_eq!(ForkProof::from_bytes(&vec![0; MAX_EVIDENCE_BYTES + 1]), Err(AuditError::MalformedEvidence));
}

#[test]
fn two_entries_at_one_place_are_a_fork_whatever_the_sizes() {
    let (one, other) = forked();
    let proof = |place, first: &[u8], second: &[u8]| {
        let first = (&at(&one, 9), entry(&one, first, place, 9));
        let second = (&at(&other, 7), entry(&other, second, place, 7));
        verify(&ForkProof::of_entries(place, first, second))
    };
    assert_eq!(proof(5, b"one", b"other"), Ok(ForkKind::OnePlace { place: 5 }));
    assert_eq!(proof(2, b"common 2", b"common 2"), Err(AuditError::ProvesNothing), "before the fork");
    assert_eq!(proof(5, b"one", b"invented"), Err(AuditError::NotIncluded));
    assert_eq!(proof(5, b"invented", b"other"), Err(AuditError::NotIncluded));
    // The order in which they are given does not matter.
    let (first, second) =
        ((&at(&one, 9), entry(&one, b"one", 5, 9)), (&at(&other, 7), entry(&other, b"other", 5, 7)));
    let there = ForkProof::of_entries(5, first.clone(), second.clone());
    assert_eq!(there, ForkProof::of_entries(5, second, first));
}

#[test]
fn a_log_that_grows_is_no_fork_and_answers_a_challenge() {
    let honest = log(9, "honest");
    assert_eq!(ForkProof::of(&at(&honest, 4), &at(&honest, 9)), None);
    let entries = |place: u64| {
        let name = format!("honest {place}");
        let entry = |size| entry(&honest, name.as_bytes(), place, size);
        ForkProof::of_entries(place, (&at(&honest, 4), entry(4)), (&at(&honest, 9), entry(9)))
    };
    assert!((0..4).all(|place| verify(&entries(place)) == Err(AuditError::ProvesNothing)));
    let challenge = Challenge::new(&at(&honest, 4), &at(&honest, 9));
    let challenge = Challenge::from_bytes(&challenge.to_bytes()).unwrap();
    let key = key(1).verifying_key();
    assert_eq!(challenge.verify(&origin(), &key), Ok((4, 9)));
    let answer = ConsistencyProof::make(4, 9, honest.hashes.as_slice()).unwrap();
    assert_eq!(challenge.answered_by(&answer, &origin(), &key), Ok(()));
    let nothing = ConsistencyProof::from_hashes(Vec::new()).unwrap();
    assert_eq!(challenge.answered_by(&nothing, &origin(), &key), Err(AuditError::NotConsistent));
}

#[test]
fn a_keeper_who_forked_has_no_answer() {
    let (one, other) = forked();
    let key = key(1).verifying_key();
    let challenge = Challenge::new(&at(&other, 6), &at(&one, 9));
    assert_eq!(challenge.verify(&origin(), &key), Ok((6, 9)));
    for log in [&one, &other] {
        if let Ok(answer) = ConsistencyProof::make(6, 9.min(log.tree.size()), log.hashes.as_slice()) {
            assert_eq!(challenge.answered_by(&answer, &origin(), &key), Err(AuditError::NotConsistent));
        }
    }
    let nothing_to_show = |earlier: &SignedCheckpoint, later: &SignedCheckpoint| {
        Challenge::new(earlier, later).verify(&origin(), &key)
    };
    let empty = log(0, "").signed(origin(), &support::key(1));
    for (earlier, later) in
        [(&at(&one, 9), &at(&other, 6)), (&at(&one, 6), &at(&other, 6)), (&empty, &at(&one, 9))]
    {
        assert_eq!(nothing_to_show(earlier, later), Err(AuditError::ProvesNothing));
    }
    let stranger = challenge.verify(&origin(), &support::key(2).verifying_key());
    assert_eq!(stranger, Err(AuditError::BadSignature));
}

#[test]
fn a_period_is_closed_once() {
    let honest = log(9, "honest");
    let name = Origin::closed_period(NETWORK, oin(1), Period(202_611));
    let closing = |size: u64, origin: &Origin| {
        let root = honest.roots[usize::try_from(size).unwrap()];
        SignedCheckpoint::sign(Checkpoint { origin: origin.clone(), size, root }, &key(1)).unwrap()
    };
    let proof = ForkProof::of(&closing(4, &name), &closing(9, &name)).unwrap();
    assert_eq!(proof.verify(&name, &key(1).verifying_key()), Ok(ForkKind::ClosedTwice));
    let next = Origin::closed_period(NETWORK, oin(1), Period(202_612));
    assert_eq!(ForkProof::of(&closing(4, &name), &closing(9, &next)), None, "two periods");
    assert_eq!(ForkProof::of(&closing(9, &name), &closing(9, &name)), None);
}

/// Leaves under one log, each shown under a checkpoint of all of them.
fn counted(
    leaves: &[EvaluationLeaf],
    earlier: usize,
    later: usize,
) -> Option<Result<CountingFault, AuditError>> {
    let log = Log::of(leaves.iter().map(EvaluationLeaf::hash));
    let shown = |index: usize| {
        let inclusion = InclusionProof::make(index as u64, log.tree.size(), log.hashes.as_slice()).unwrap();
        ShownLeaf::new(&at(&log, log.tree.size()), leaves[index].clone(), inclusion)
    };
    let proof = CountingProof::of(shown(earlier), shown(later))?;
    let read = CountingProof::from_bytes(&proof.to_bytes()).unwrap();
    assert_eq!(read, proof);
    assert_eq!(proof.verify(&origin(), &key(2).verifying_key()), Err(AuditError::BadSignature));
    Some(read.verify(&origin(), &key(1).verifying_key()))
}

#[test]
fn a_false_count_is_proven_by_two_leaves() {
    let (weak, bsn) = (key_set(7, KeyClass::Weak), key_set(7, KeyClass::Bsn));
    let honest = leaves(4);
    for (earlier, later) in [(0, 1), (0, 3), (1, 2), (2, 3), (3, 1), (1, 1)] {
        assert_eq!(counted(&honest, earlier, later), None, "an honest log proves nothing");
    }
    let with = |last: EvaluationLeaf| [honest.as_slice(), &[last]].concat();
    let twice = with(leaf(4, weak, 16, 64));
    assert_eq!(counted(&twice, 3, 4), Some(Ok(CountingFault::CountedTwice)));
    assert_eq!(counted(&twice, 2, 4), None, "only with the one that it continues again");
    let anew = with(leaf(4, weak, 16, 16));
    assert_eq!(counted(&anew, 0, 4), Some(Ok(CountingFault::CountedTwice)));
    let ahead = with(leaf(4, weak, 16, 96));
    assert_eq!(counted(&ahead, 3, 4), Some(Ok(CountingFault::Uncounted)));
    assert_eq!(counted(&ahead, 2, 4), None, "there may be one in between");
    let back = with(EvaluationLeaf { day: Day(TODAY.0 - 1), ..leaf(4, bsn, 16, 16) });
    assert_eq!(counted(&back, 0, 4), Some(Ok(CountingFault::DayBack)));
    assert_eq!(counted(&with(leaf(4, bsn, 16, 16)), 3, 4), None, "other keys begin from nothing");
}

#[test]
fn a_leaf_that_its_keeper_has_not_shown_proves_nothing() {
    let leaves = leaves(4);
    let log = Log::of(leaves.iter().map(EvaluationLeaf::hash));
    let checkpoint = at(&log, 4);
    let inclusion = |place| InclusionProof::make(place, 4, log.hashes.as_slice()).unwrap();
    let invented = leaf(3, key_set(7, KeyClass::Weak), 16, 16);
    let proof = CountingProof::of(
        ShownLeaf::new(&checkpoint, leaves[0].clone(), inclusion(0)),
        ShownLeaf::new(&checkpoint, invented, inclusion(3)),
    );
    let verified = proof.unwrap().verify(&origin(), &key(1).verifying_key());
    assert_eq!(verified, Err(AuditError::NotIncluded));
    // The tree that the tests share keeps its edge.
    assert_eq!(Tree::from_hashes(4, log.hashes.as_slice()).unwrap(), log.tree);
}
