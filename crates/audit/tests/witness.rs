//! A witness cosigns what continues what it remembers, and keeps evidence of everything else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use audit::witness::{Judgement, judge};
use audit::{Checkpoint, ConsistencyProof, ForkKind, LeafHash, Origin, Period, SignedCheckpoint, TreeHash};
use proptest::prelude::*;
use support::{Log, NETWORK, key, oin};

fn origin() -> Origin {
    Origin::main_log(NETWORK, oin(1))
}

/// A log of so many entries, of which those from a place on are another's.
fn log(count: u64, other_from: u64) -> Log {
    let entry = |place| if place < other_from { format!("{place}") } else { format!("other {place}") };
    Log::of((0..count).map(|place| LeafHash::of(entry(place).as_bytes())))
}

fn named(log: &Log, size: u64, origin: Origin) -> SignedCheckpoint {
    let root = log.roots[usize::try_from(size).unwrap()];
    SignedCheckpoint::sign(Checkpoint { origin, size, root }, &key(1)).unwrap()
}

fn at(log: &Log, size: u64) -> SignedCheckpoint {
    named(log, size, origin())
}

fn proof(log: &Log, earlier: u64, later: u64) -> ConsistencyProof {
    ConsistencyProof::make(earlier, later, log.hashes.as_slice()).unwrap()
}

#[test]
fn what_continues_the_log_is_cosigned() {
    let log = log(9, 9);
    let nothing = proof(&log, 0, 0);
    assert_eq!(judge(None, &at(&log, 5), &nothing), Judgement::Cosign, "the first that it sees");
    assert_eq!(judge(Some(&at(&log, 0)), &at(&log, 5), &nothing), Judgement::Cosign, "from nothing");
    assert_eq!(judge(Some(&at(&log, 5)), &at(&log, 5), &nothing), Judgement::Cosign, "nothing was added");
    assert_eq!(judge(Some(&at(&log, 5)), &at(&log, 9), &proof(&log, 5, 9)), Judgement::Cosign);
}

#[test]
fn what_is_not_shown_to_continue_it_is_not() {
    let log = log(9, 9);
    let made_up = ConsistencyProof::from_hashes(vec![TreeHash::from_bytes([1; 32]); 3]).unwrap();
    for proof in [proof(&log, 0, 0), proof(&log, 4, 9), made_up] {
        let Judgement::Unshown(challenge) = judge(Some(&at(&log, 5)), &at(&log, 9), &proof) else {
            panic!("cosigned without a proof");
        };
        // An honest keeper that sent a wrong proof can still answer.
        let key = key(1).verifying_key();
        assert_eq!(challenge.verify(&origin(), &key), Ok((5, 9)));
        let answer = ConsistencyProof::make(5, 9, log.hashes.as_slice()).unwrap();
        assert_eq!(challenge.answered_by(&answer, &origin(), &key), Ok(()));
    }
}

#[test]
fn a_log_that_was_put_back_is_behind_and_a_second_one_is_a_fork() {
    let (before, after) = (log(9, 9), log(9, 5));
    let nothing = proof(&before, 0, 0);
    let Judgement::Behind(challenge) = judge(Some(&at(&before, 9)), &at(&before, 5), &nothing) else {
        panic!("a smaller checkpoint was cosigned");
    };
    assert_eq!(challenge.verify(&origin(), &key(1).verifying_key()), Ok((5, 9)));
    let Judgement::Fork(fork) = judge(Some(&at(&before, 9)), &at(&after, 9), &nothing) else {
        panic!("another history of the same size was cosigned");
    };
    assert_eq!(fork.verify(&origin(), &key(1).verifying_key()), Ok(ForkKind::OneSize { size: 9 }));
}

#[test]
fn a_closing_is_cosigned_once() {
    let log = log(9, 9);
    let nothing = proof(&log, 0, 0);
    let name = Origin::closed_period(NETWORK, oin(1), Period(1));
    let closing = |size| named(&log, size, name.clone());
    assert_eq!(judge(None, &closing(5), &nothing), Judgement::Cosign);
    assert_eq!(judge(Some(&closing(5)), &closing(5), &nothing), Judgement::GiveAgain);
    let Judgement::Fork(fork) = judge(Some(&closing(5)), &closing(9), &proof(&log, 5, 9)) else {
        panic!("a second closing was cosigned");
    };
    assert_eq!(fork.verify(&name, &key(1).verifying_key()), Ok(ForkKind::ClosedTwice));
}

proptest! {
    /// Whatever a keeper with two histories shows in whatever order, with whatever proof of its own, a witness that has
    /// cosigned something of which they differ cosigns nothing of the other.
    #[test]
    fn a_witness_cosigns_one_history(
        fork_at in 0_u64..12,
        shown in proptest::collection::vec((any::<bool>(), 0_u64..=12, 0_u64..=12), 1..12),
    ) {
        let logs = [log(12, 12), log(12, fork_at)];
        let mut remembered: Option<SignedCheckpoint> = None;
        let mut cosigned: Vec<(bool, u64)> = Vec::new();
        for (is_other, size, from) in shown {
            let log = &logs[usize::from(is_other)];
            let proof = ConsistencyProof::make(from.min(size), size, log.hashes.as_slice()).unwrap();
            if judge(remembered.as_ref(), &at(log, size), &proof) == Judgement::Cosign {
                remembered = Some(at(log, size));
                cosigned.push((is_other, size));
            }
        }
        let beyond = |wanted: bool| cosigned.iter().any(|(other, size)| *other == wanted && *size > fork_at);
        prop_assert!(!(beyond(true) && beyond(false)), "{:?} of logs that differ from {}", cosigned, fork_at);
        prop_assert!(cosigned.is_sorted_by_key(|(_, size)| *size), "never back: {:?}", cosigned);
    }
}
