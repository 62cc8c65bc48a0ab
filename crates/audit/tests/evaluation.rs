//! The replay of an evaluation log: what continues it, and everything by which somebody could ask more than is counted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use audit::evaluation::{MAX_KEY_SETS, MAX_LEAF_BYTES, elements_root, prove_element};
use audit::{AuditError, Counters, Day, EvaluationLeaf, LeafHash, LeafRefusal, Salt};
use domain::{Epoch, KeyClass};
use proptest::prelude::*;
use support::{Log, TODAY, element, key_set, leaf, leaves};

/// A replay of these leaves.
fn replayed(leaves: &[EvaluationLeaf]) -> Counters {
    let mut counters = Counters::default();
    for leaf in leaves {
        counters.take(leaf).unwrap();
    }
    counters
}

#[test]
fn leaves_count_on_for_each_key_set_apart() {
    let (weak, bsn, next) =
        (key_set(7, KeyClass::Weak), key_set(7, KeyClass::Bsn), key_set(8, KeyClass::Weak));
    let leaves = [
        leaf(0, weak, 16, 16),
        leaf(1, bsn, 32, 32),
        leaf(2, weak, 256, 272),
        leaf(3, next, 16, 16),
        leaf(4, bsn, 16, 48),
    ];
    let counters = replayed(&leaves);
    let counted = |key_set| counters.counted(&key_set);
    assert_eq!((counted(weak), counted(bsn), counted(next)), (272, 48, 16));
    assert_eq!(counted(key_set(8, KeyClass::Bsn)), 0);
    let log = Log::of(leaves.iter().map(EvaluationLeaf::hash));
    assert_eq!((counters.size(), counters.root()), (5, log.tree.root()), "the root of a checkpoint");
    assert_eq!(Counters::from_bytes(&counters.to_bytes()).unwrap(), counters);
}

#[test]
fn what_does_not_continue_the_log_is_refused_by_name_and_changes_nothing() {
    let weak = key_set(7, KeyClass::Weak);
    let leaves = leaves(4);
    let mut counters = replayed(&leaves);
    let before = counters.clone();
    let next = leaf(4, weak, 16, 80);
    let mut check = |what: &str, leaf: &EvaluationLeaf, expected| {
        assert_eq!(counters.take(leaf), Err(expected), "{what}");
        assert_eq!(counters, before, "{what}");
    };
    check("a gap", &leaf(6, weak, 16, 112), LeafRefusal::Missing { from: 4 });
    check("presented again", &leaves[2], LeafRefusal::AlreadyTaken { place: 2 });
    check("another in its place", &leaf(2, weak, 32, 64), LeafRefusal::AlreadyTaken { place: 2 });
    check("the counter continued twice", &leaf(4, weak, 16, 64), LeafRefusal::CountedTwice { earlier: 3 });
    check("the counter begun anew", &leaf(4, weak, 16, 16), LeafRefusal::CountedTwice { earlier: 3 });
    check("the counter ahead", &leaf(4, weak, 16, 96), LeafRefusal::Uncounted { counted: 64, claimed: 80 });
    check(
        "the counter of other keys not from nothing",
        &leaf(4, key_set(8, KeyClass::Weak), 16, 32),
        LeafRefusal::Uncounted { counted: 0, claimed: 16 },
    );
    let yesterday = EvaluationLeaf { day: Day(TODAY.0 - 1), ..next.clone() };
    check("a day back", &yesterday, LeafRefusal::DayBack { earlier: 3 });
    counters.take(&next).unwrap();
}

#[test]
fn what_was_counted_under_keys_that_are_gone_is_forgotten_and_the_log_goes_on() {
    let (weak, next) = (key_set(7, KeyClass::Weak), key_set(8, KeyClass::Weak));
    let mut counters = replayed(&[leaf(0, weak, 16, 16), leaf(1, next, 16, 16)]);
    counters.forget_before(Epoch(8));
    assert_eq!((counters.counted(&weak), counters.counted(&next)), (0, 16));
    counters.take(&leaf(2, weak, 16, 32)).unwrap();
    assert_eq!(counters.counted(&weak), 0, "nobody evaluates under it");
    assert_eq!(counters.take(&leaf(3, next, 16, 16)), Err(LeafRefusal::CountedTwice { earlier: 1 }));
    counters.take(&leaf(3, next, 16, 32)).unwrap();
    assert_eq!(Counters::from_bytes(&counters.to_bytes()).unwrap(), counters);
    counters.forget_before(Epoch(7));
    assert_eq!(counters.counted(&next), 32, "what is forgotten does not come back");
}

#[test]
fn a_log_under_invented_key_sets_is_bounded() {
    let mut counters = Counters::default();
    let most = u32::try_from(MAX_KEY_SETS).unwrap();
    for number in 0..most {
        counters.take(&leaf(u64::from(number), key_set(number, KeyClass::Weak), 16, 16)).unwrap();
    }
    let more = leaf(u64::from(most), key_set(most, KeyClass::Weak), 16, 16);
    assert_eq!(counters.take(&more), Err(LeafRefusal::KeySets));
    counters.take(&leaf(u64::from(most), key_set(3, KeyClass::Weak), 16, 32)).unwrap();
    counters.forget_before(Epoch(1));
    counters.take(&EvaluationLeaf { place: u64::from(most) + 1, ..more }).unwrap();
}

#[test]
fn a_record_that_no_replay_wrote_is_refused() {
    let kept = replayed(&leaves(3)).to_bytes();
    for bit in 0..kept.len() * 8 {
        let mut damaged = kept.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = Counters::from_bytes(&damaged) {
            assert_eq!(read.to_bytes(), damaged, "bit {bit}");
        }
    }
    assert!(Counters::from_bytes(&kept[..kept.len() - 1]).is_err());
}

#[test]
fn a_leaf_has_one_spelling_and_possible_numbers() {
    let weak = key_set(7, KeyClass::Weak);
    let sound = leaf(3, weak, 16, 64);
    let bytes = sound.to_bytes();
    assert_eq!(EvaluationLeaf::from_bytes(&bytes), Ok(sound.clone()));
    let longest = EvaluationLeaf {
        place: (1 << 48) - 1,
        key_set: key_set(u32::MAX, KeyClass::Weak),
        day: Day(u32::MAX),
        count: 1024,
        counted: 1 << 48,
        ..sound.clone()
    };
    assert_eq!(EvaluationLeaf::from_bytes(&longest.to_bytes()), Ok(longest.clone()));
    assert!(longest.to_bytes().len() <= MAX_LEAF_BYTES);
    for (what, other) in [
        ("no element", EvaluationLeaf { count: 0, ..sound.clone() }),
        ("more than a request", EvaluationLeaf { count: 1025, counted: 2000, ..sound.clone() }),
        ("more than were counted", EvaluationLeaf { counted: 15, ..sound.clone() }),
        ("no such place", EvaluationLeaf { place: 1 << 48, ..sound.clone() }),
        ("no such count", EvaluationLeaf { counted: (1 << 48) + 1, ..sound.clone() }),
    ] {
        assert_eq!(EvaluationLeaf::from_bytes(&other.to_bytes()), Err(AuditError::MalformedLeaf), "{what}");
    }
    assert!(EvaluationLeaf::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert!(EvaluationLeaf::from_bytes(b"").is_err());
    assert_eq!(sound.hash(), LeafHash::of(&bytes));
}

#[test]
fn a_leaf_covers_its_elements_in_their_order_and_no_others() {
    let sound = leaf(3, key_set(7, KeyClass::Weak), 16, 16);
    let elements: Vec<[u8; 32]> = (0..16).map(|j| element(3, j)).collect();
    assert!(sound.covers(&elements));
    let mut other = elements.clone();
    other.swap(2, 3);
    assert!(!sound.covers(&other), "in another order");
    other.clone_from(&elements);
    other[5] = element(4, 5);
    assert!(!sound.covers(&other), "one from elsewhere");
    assert!(!sound.covers(&elements[..15]), "one less");
    assert!(!sound.covers(&[elements.as_slice(), &[element(3, 16)]].concat()), "one more");
    assert!(!EvaluationLeaf { count: 15, ..sound.clone() }.covers(&elements), "another count");
    let root = elements_root(&elements).unwrap();
    for j in 0..16 {
        let proof = prove_element(&elements, j).unwrap();
        let place = usize::try_from(j).unwrap();
        proof.check(LeafHash::of(&elements[place]), u64::from(j), 16, root).unwrap();
        assert!(proof.check(LeafHash::of(&elements[(place + 1) % 16]), u64::from(j), 16, root).is_err());
    }
    assert_eq!(prove_element(&elements, 16), Err(AuditError::BeyondEnd));
    assert_eq!(elements_root(&[]), Err(AuditError::BeyondEnd));
    assert_eq!(elements_root(&vec![[1; 32]; 1025]), Err(AuditError::BeyondEnd));
}

#[test]
fn without_its_salt_a_commitment_says_nothing_of_what_the_tree_still_holds() {
    let with = |salt: u64| EvaluationLeaf {
        cause: audit::Commitment::to_cause(&support::salt(salt), 1, LeafHash::of(b"entry")),
        ..leaf(0, key_set(7, KeyClass::Weak), 16, 16)
    };
    assert_ne!(with(1).hash(), with(2).hash(), "one cause, two salts: nobody sees that it is one");
    assert_ne!(
        with(1).cause,
        audit::Commitment::to_cause(&Salt::from_bytes([0; 32]), 1, LeafHash::of(b"entry"))
    );
}

proptest! {
    /// Whatever the leaves, what was counted is the sum of what was taken, also when a replay is kept and taken up on the
    /// way, and a keyholder that joins later comes to the same.
    #[test]
    fn counts_are_sums(requests in proptest::collection::vec((0_u32..3, 1_u32..20, any::<bool>()), 1..30)) {
        let mut sums = [0_u64; 3];
        let mut counters = Counters::default();
        let mut all = Vec::new();
        for (place, (keys, count, is_kept)) in requests.into_iter().enumerate() {
            let sum = &mut sums[usize::try_from(keys).unwrap()];
            *sum += u64::from(count);
            let leaf = leaf(place as u64, key_set(7 + keys, KeyClass::Weak), count, *sum);
            counters.take(&leaf).unwrap();
            all.push(leaf);
            if is_kept {
                counters = Counters::from_bytes(&counters.to_bytes()).unwrap();
            }
        }
        for (keys, sum) in (0_u32..).zip(sums) {
            prop_assert_eq!(counters.counted(&key_set(7 + keys, KeyClass::Weak)), sum);
        }
        prop_assert_eq!(&replayed(&all), &counters);
    }
}
