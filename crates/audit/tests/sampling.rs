//! Samples: drawn by a signature that nobody foresees, from exactly the leaves of a period, and covered by openings of
//! these and no others.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use std::collections::BTreeSet;

use audit::sampling::MAX_SAMPLE;
use audit::{
    AuditError, Cosignature, Cosigner, Coverage, Drawn, EvaluationLeaf, Period, PeriodClosed, Population,
    Sample, Tree, VerifiedOpening,
};
use domain::{KeyClass, Timestamp};
use support::{Asked, Log, NETWORK, Organisation, SEED, key, key_set, leaf, oin};

fn witness(number: u8) -> Cosigner {
    Cosigner::new(NETWORK, oin(number.into()), key(number).verifying_key())
}

/// The closing of a period at a size, cosigned by witnesses 2 and 3.
fn closed(log: &Log, period: u32, size: u64) -> PeriodClosed {
    let end = (size, log.roots[usize::try_from(size).unwrap()]);
    let mut closed = PeriodClosed::sign(NETWORK, oin(1), Period(period), end, &key(1)).unwrap();
    for number in [2, 3] {
        let checkpoint = closed.checkpoint().checkpoint().clone();
        let cosignature = Cosignature::sign(&checkpoint, Timestamp(1_795_000_000), &key(number)).unwrap();
        closed.add(&witness(number), &cosignature).unwrap();
    }
    closed
}

fn leaves_of(organisation: &Organisation) -> Vec<EvaluationLeaf> {
    organisation.asked.iter().map(|asked| asked.leaf.clone()).collect()
}

fn opened(organisation: &Organisation, drawn: Drawn) -> VerifiedOpening {
    let opening = organisation.open(drawn.place, drawn.position, &SEED);
    opening.verify(NETWORK, &key(1).verifying_key()).unwrap()
}

/// A log of ten leaves, periods closed at four and at ten; the sample that a witness drew in the second.
fn sampled(number: u8) -> (Organisation, Sample) {
    let organisation = Organisation::of_leaves(10);
    let (first, second) = (closed(&organisation.log, 1, 4), closed(&organisation.log, 2, 10));
    let edge = Tree::from_hashes(4, organisation.log.hashes.as_slice()).unwrap();
    let leaves = leaves_of(&organisation).split_off(4);
    let population = Population::new(Some(&first), edge.edge(), leaves, &second).unwrap();
    assert_eq!((population.leaves(), population.elements()), (6, 96));
    let sample = Sample::draw(&second, &witness(number), &population, 8).unwrap();
    (organisation, sample)
}

#[test]
fn each_witness_draws_a_sample_of_its_own_from_the_period() {
    let (_, sample) = sampled(2);
    let drawn: Vec<Drawn> = sample.drawn().collect();
    assert_eq!(drawn.len(), 8);
    assert!(drawn.iter().all(|drawn| (4..10).contains(&drawn.place) && drawn.position < 16));
    assert_eq!(sampled(2).1, sample, "the same for everybody");
    assert_ne!(sampled(3).1, sample, "another witness, another sample");
}

#[test]
fn a_sample_is_covered_by_openings_of_all_that_was_drawn() {
    let (organisation, sample) = sampled(2);
    let drawn: BTreeSet<Drawn> = sample.drawn().collect();
    let openings: Vec<VerifiedOpening> = drawn.iter().map(|drawn| opened(&organisation, *drawn)).collect();
    let all = sample.covered_by(&openings, &[]);
    assert_eq!(all, Coverage { opened: drawn.clone(), ..Coverage::default() });

    let missing = *drawn.first().unwrap();
    let coverage = sample.covered_by(&openings[1..], &[]);
    assert_eq!((coverage.opened.len(), &coverage.unopened), (7, &BTreeSet::from([missing])));
    assert!(coverage.lost.is_empty());

    // What lies in a gap that the governors approved is shown apart; what is opened nevertheless is opened.
    let gap = missing.place..missing.place + 1;
    let coverage = sample.covered_by(&openings[1..], std::slice::from_ref(&gap));
    let lost: BTreeSet<Drawn> = coverage.lost.clone();
    assert_eq!((lost, coverage.unopened.len()), (BTreeSet::from([missing]), 0));
    assert_eq!(sample.covered_by(&openings, &[gap]), all);

    // Openings of others are no cover.
    let others = (4..10).flat_map(|place| (0..16).map(move |position| Drawn { place, position }));
    let others: Vec<VerifiedOpening> = others
        .filter(|other| !drawn.contains(other))
        .take(8)
        .map(|other| opened(&organisation, other))
        .collect();
    assert_eq!(sample.covered_by(&others, &[]).unopened, drawn);
}

#[test]
fn an_opening_of_a_second_log_covers_nothing_of_the_first() {
    let (organisation, sample) = sampled(2);
    let drawn = sample.drawn().next().unwrap();
    let place = usize::try_from(drawn.place).unwrap();
    let asked: Vec<Asked> = (0..10)
        .map(|at| {
            let asked = Asked::at(at);
            let differs = usize::try_from(at).unwrap() == place;
            let request = if differs { [0xee; 16] } else { asked.leaf.request };
            Asked::of(EvaluationLeaf { request, ..asked.leaf }, "naam-geboorte")
        })
        .collect();
    let second_log = Organisation::new(asked);
    let opening = opened(&second_log, drawn);
    assert_eq!(opening.leaf().place, organisation.asked[place].leaf.place);
    assert!(sample.covered_by([&opening], &[]).opened.is_empty());
    assert_eq!(sample.covered_by([&opened(&organisation, drawn)], &[]).opened.len(), 1);
}

#[test]
fn a_population_is_exactly_what_two_closings_enclose() {
    let organisation = Organisation::of_leaves(10);
    let log = &organisation.log;
    let (first, second) = (closed(log, 1, 4), closed(log, 2, 10));
    let edge = Tree::from_hashes(4, log.hashes.as_slice()).unwrap().edge().to_vec();
    let leaves = leaves_of(&organisation);
    let empty = closed(log, 2, 4);
    let make = |before, edge: &[_], leaves: &[EvaluationLeaf], closed| {
        Population::new(before, edge, leaves.to_vec(), closed).map(|population| population.elements())
    };
    assert_eq!(make(Some(&first), &edge, &leaves[4..], &second), Ok(96));
    assert_eq!(make(None, &[], &leaves, &second), Ok(160), "the first period of a log");
    assert_eq!(make(Some(&first), &edge, &[], &empty), Ok(0), "a period without a leaf");
    let refused = |what: &str, outcome, expected| assert_eq!(outcome, Err(expected), "{what}");
    let inconsistent = AuditError::NotConsistent;
    refused("a leaf left out", make(Some(&first), &edge, &leaves[5..], &second), inconsistent);
    refused("the last left out", make(Some(&first), &edge, &leaves[4..9], &second), inconsistent);
    let more = [&leaves[4..], &[leaf(10, key_set(7, KeyClass::Weak), 16, 176)]].concat();
    refused("one more", make(Some(&first), &edge, &more, &second), inconsistent);
    let mut swapped = leaves[4..].to_vec();
    swapped.swap(0, 1);
    refused("in another order", make(Some(&first), &edge, &swapped, &second), inconsistent);
    let mut smaller = leaves[4..].to_vec();
    smaller[2].count = 1;
    refused("another count", make(Some(&first), &edge, &smaller, &second), inconsistent);
    let other = Tree::from_hashes(5, log.hashes.as_slice()).unwrap();
    refused("another edge", make(Some(&first), other.edge(), &leaves[4..], &second), AuditError::BeyondEnd);
    let mut changed = edge.clone();
    changed[0] = audit::TreeHash::from_bytes([1; 32]);
    refused("a changed edge", make(Some(&first), &changed, &leaves[4..], &second), inconsistent);
    refused("an edge of nothing", make(None, &edge, &leaves, &second), AuditError::BeyondEnd);
    refused("backwards", make(Some(&second), &[], &[], &first), AuditError::OtherLog);
    let of_another = PeriodClosed::sign(NETWORK, oin(2), Period(1), first.end(), &key(1)).unwrap();
    refused("another's", make(Some(&of_another), &edge, &leaves[4..], &second), AuditError::OtherLog);
}

#[test]
fn only_a_witness_draws_and_only_by_cosigning_this_closing() {
    let organisation = Organisation::of_leaves(4);
    let closed = closed(&organisation.log, 1, 4);
    let population = Population::new(None, &[], leaves_of(&organisation), &closed).unwrap();
    let draw = |closed: &PeriodClosed, number, size| {
        Sample::draw(closed, &witness(number), &population, size).map(|sample| sample.drawn().len())
    };
    assert_eq!(draw(&closed, 2, 10), Ok(10));
    assert_eq!(draw(&closed, 2, 1_000), Ok(64), "all there are");
    assert_eq!(draw(&closed, 2, 0), Ok(0));
    assert_eq!(draw(&closed, 2, MAX_SAMPLE + 1), Err(AuditError::BeyondEnd));
    assert_eq!(draw(&closed, 4, 10), Err(AuditError::BadCosignature), "did not cosign");
    let uncosigned = PeriodClosed::sign(NETWORK, oin(1), Period(1), closed.end(), &key(1)).unwrap();
    assert_eq!(draw(&uncosigned, 2, 10), Err(AuditError::BadCosignature));
    // A cosignature of the log's own checkpoint is none of the closing.
    let mut plain = organisation.checkpoint;
    let cosignature = Cosignature::sign(plain.checkpoint(), Timestamp(9), &key(2)).unwrap();
    plain.add(&witness(2), &cosignature).unwrap();
    let mut uncosigned = uncosigned;
    assert_eq!(uncosigned.add(&witness(2), &cosignature), Err(AuditError::BadCosignature));
    let bytes = closed.checkpoint().to_bytes();
    let verify = |period, keeper, number: u8| {
        PeriodClosed::verify(&bytes, NETWORK, oin(keeper), Period(period), &key(number).verifying_key())
    };
    assert_eq!(verify(1, 1, 1).unwrap(), closed);
    assert_eq!(verify(2, 1, 1), Err(AuditError::OtherLog));
    assert_eq!(verify(1, 2, 1), Err(AuditError::OtherLog));
    assert_eq!(verify(1, 1, 2), Err(AuditError::BadSignature));
}
