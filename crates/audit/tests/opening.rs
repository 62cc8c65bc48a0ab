//! Openings: made with the sealed seed, verified without it, and of nothing but what was asked.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use audit::evaluation::FILLING_KIND;
use audit::opening::{MAX_OPENING_BYTES, MAX_SEALED_SEED_BYTES};
use audit::{AuditError, Cause, EvaluationLeaf, LeafInLog, OpenedInput, Opening, OpeningError, SealedSeed};
use crypto::Seed;
use domain::{KeyClass, NetworkId};
use support::{
    Asked, NETWORK, Organisation, SEED, TODAY, entry, key, key_set, leaf, officer, oin, sealed_seed,
};

fn verify(opening: Opening) -> Result<(), OpeningError> {
    opening.verify(NETWORK, &key(1).verifying_key()).map(drop)
}

#[test]
fn either_officer_opens_by_the_sealed_seed_and_anybody_verifies_without_it() {
    let organisation = Organisation::of_leaves(5);
    let sealed = SealedSeed::from_bytes(&sealed_seed().to_bytes()).unwrap();
    assert_eq!(sealed.digest(), organisation.asked[2].leaf.seed, "the leaf names it");
    assert_eq!(sealed.day(), TODAY);
    for number in [0x31, 0x32] {
        let seed = sealed.open(&officer(number)).unwrap();
        for position in 0..16 {
            let bytes = organisation.open(2, position, &seed).to_bytes();
            assert!(bytes.len() < MAX_OPENING_BYTES);
            let verified =
                Opening::from_bytes(&bytes).unwrap().verify(NETWORK, &key(1).verifying_key()).unwrap();
            assert_eq!((verified.leaf(), verified.position()), (&organisation.asked[2].leaf, position));
            assert_eq!(verified.input(), &organisation.asked[2].inputs[usize::try_from(position).unwrap()]);
            assert_eq!(verified.input().is_filling(), position >= 3);
            assert_eq!((verified.cause().place(), verified.cause().entry()), (6, entry(2).as_slice()));
            assert_eq!((verified.keeper(), verified.checkpoint().checkpoint().size), (oin(1), 5));
            assert_eq!(verified.main_log().size, 15);
            assert!(verified.follows_from(&seed) && !verified.follows_from(&Seed::from_bytes([1; 32])));
        }
    }
}

#[test]
fn another_identifier_seed_or_leaf_fails() {
    let organisation = Organisation::of_leaves(5);
    let honest = organisation.asked[2].inputs[0].clone();
    assert_eq!(verify(organisation.open(2, 0, &SEED)), Ok(()));
    let check = |what: &str, input: OpenedInput| {
        assert_eq!(verify(organisation.open_as(2, 0, input, &SEED)), Err(OpeningError::Element), "{what}");
    };
    check("another person", OpenedInput::new("naam-geboorte", b"person 9 of 2"));
    check("another kind of the same value", OpenedInput::new("naam-adres", honest.reveal()));
    check("a filling that was none", OpenedInput::new(FILLING_KIND, honest.reveal()));
    check("another element's", organisation.asked[2].inputs[1].clone());
    let other_seed = organisation.open(2, 0, &Seed::from_bytes([0x22; 32]));
    assert_eq!(verify(other_seed), Err(OpeningError::Element), "another seed");

    // Of another leaf of the log: the elements are not its own, or it is not the input that stands there.
    let other = Opening::make(
        organisation.leaf_in_log(3),
        &organisation.asked[2].elements,
        0,
        honest.clone(),
        &SEED,
        organisation.cause(3),
    );
    assert_eq!(other.unwrap_err(), OpeningError::Position);
    assert_eq!(verify(organisation.open_as(3, 0, honest.clone(), &SEED)), Err(OpeningError::Element));

    // A leaf that the log does not have.
    let invented = EvaluationLeaf { counted: 1_000, ..organisation.asked[2].leaf.clone() };
    let place = LeafInLog { leaf: &invented, ..organisation.leaf_in_log(2) };
    let elements = &organisation.asked[2].elements;
    let opening = Opening::make(place, elements, 0, honest.clone(), &SEED, organisation.cause(2)).unwrap();
    assert_eq!(verify(opening), Err(OpeningError::Leaf(AuditError::NotIncluded)));

    // Beyond the leaf.
    let place = organisation.leaf_in_log(2);
    let beyond = Opening::make(place, elements, 16, honest, &SEED, organisation.cause(2));
    assert_eq!(beyond.unwrap_err(), OpeningError::Position);
}

#[test]
fn it_holds_in_one_network_for_one_organisation_and_under_the_key_of_its_logs() {
    let organisation = Organisation::of_leaves(5);
    let opening = || organisation.open(2, 1, &SEED);
    let other_key = opening().verify(NETWORK, &key(2).verifying_key()).unwrap_err();
    assert_eq!(other_key, OpeningError::Checkpoint(AuditError::BadSignature));
    let other_network = opening().verify(NetworkId::from_bytes([8; 32]), &key(1).verifying_key());
    assert_eq!(other_network.unwrap_err(), OpeningError::Malformed);
    let place = LeafInLog { keeper: oin(2), ..organisation.leaf_in_log(2) };
    let asked = &organisation.asked[2];
    let of_another =
        Opening::make(place, &asked.elements, 1, asked.inputs[1].clone(), &SEED, organisation.cause(2));
    assert_eq!(verify(of_another.unwrap()), Err(OpeningError::Checkpoint(AuditError::OtherLog)));
}

#[test]
fn the_entry_that_caused_it_is_the_one_that_the_leaf_commits_to() {
    let organisation = Organisation::of_leaves(5);
    let asked = &organisation.asked[2];
    let with = |cause: Cause| {
        let place = organisation.leaf_in_log(2);
        verify(Opening::make(place, &asked.elements, 0, asked.inputs[0].clone(), &SEED, cause).unwrap())
    };
    assert_eq!(with(organisation.cause(2)), Ok(()));
    assert_eq!(with(organisation.cause(3)), Err(OpeningError::Cause), "the cause of another evaluation");
    let proof = |place| {
        let hashes = organisation.main_log.hashes.as_slice();
        audit::InclusionProof::make(place, organisation.main_log.tree.size(), hashes).unwrap()
    };
    let log = &organisation.main_checkpoint;
    let cause = |salt, place, entry: Vec<u8>| Cause::new(&support::salt(salt), place, entry, log, proof(6));
    assert_eq!(with(cause(2, 6, entry(2))), Ok(()));
    assert_eq!(with(cause(3, 6, entry(2))), Err(OpeningError::Cause), "another salt");
    assert_eq!(with(cause(2, 7, entry(2))), Err(OpeningError::Cause), "another place");
    assert_eq!(with(cause(2, 6, entry(1))), Err(OpeningError::Cause), "another entry");
    let elsewhere = Cause::new(&support::salt(2), 6, entry(2), log, proof(7));
    assert_eq!(with(elsewhere), Err(OpeningError::Cause), "not shown to stand there");
    let long = Cause::new(&support::salt(2), 6, vec![0; audit::MAX_ENTRY_BYTES + 1], log, proof(6));
    assert_eq!(with(long), Err(OpeningError::Cause), "longer than any entry");
    let of_leaves = Cause::new(&support::salt(2), 6, entry(2), &organisation.checkpoint, proof(6));
    assert_eq!(with(of_leaves), Err(OpeningError::Cause), "in another log");
}

#[test]
fn a_number_is_not_asked_under_keys_that_are_not_for_numbers() {
    let opened = |class, kind: &str| {
        let asked = Asked::of(leaf(0, key_set(7, class), 16, 16), kind);
        let organisation = Organisation::new(vec![asked]);
        let filling = verify(organisation.open(0, 15, &SEED));
        assert_eq!(filling, Ok(()), "what fills up is in both");
        verify(organisation.open(0, 0, &SEED))
    };
    assert_eq!(opened(KeyClass::Bsn, "bsn"), Ok(()));
    assert_eq!(opened(KeyClass::Weak, "naam-adres"), Ok(()));
    assert_eq!(opened(KeyClass::Weak, "bsn"), Err(OpeningError::Kind), "round the entitlement");
    assert_eq!(opened(KeyClass::Bsn, "naam-adres"), Err(OpeningError::Kind));
}

#[test]
fn no_bit_of_an_opening_may_change() {
    let organisation = Organisation::of_leaves(5);
    let bytes = organisation.open(2, 1, &SEED).to_bytes();
    for place in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[place] ^= 1 << (place % 8);
        let refused = Opening::from_bytes(&changed).is_err_and(|error| error == OpeningError::Malformed)
            || verify(Opening::from_bytes(&changed).unwrap()).is_err();
        assert!(refused, "byte {place}");
    }
    assert!(Opening::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(Opening::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
    assert_eq!(Opening::from_bytes(&vec![0; MAX_OPENING_BYTES + 1]).unwrap_err(), OpeningError::Malformed);
    assert_eq!(verify(Opening::from_bytes(&bytes).unwrap()), Ok(()));
    let shown = format!("{:?}", Opening::from_bytes(&bytes).unwrap());
    assert_eq!(shown, "Opening(00000099000000000001 leaf 2 position 1, redacted)");
    assert_eq!(format!("{:?}", organisation.asked[2].inputs[1]), "OpenedInput(naam-geboorte, redacted)");
}

#[test]
fn an_input_is_bounded() {
    let organisation = Organisation::of_leaves(1);
    let check = |input: OpenedInput, expected| {
        let opening = organisation.open_as(0, 0, input, &SEED);
        assert_eq!(Opening::from_bytes(&opening.to_bytes()).map(drop), Err(expected));
        assert_eq!(verify(opening), Err(expected));
    };
    check(OpenedInput::new("naam-geboorte", &[b'x'; 4_097]), OpeningError::Malformed);
    check(OpenedInput::new(&"x".repeat(65), b"x"), OpeningError::Malformed);
}

#[test]
fn a_sealed_seed_opens_for_the_officers_of_its_day_and_for_nobody_else() {
    let sealed = sealed_seed();
    assert_eq!(sealed.open(&officer(0x31)), Ok(SEED));
    assert_eq!(sealed.open(&officer(0x32)), Ok(SEED));
    assert_eq!(sealed.open(&officer(0x34)), Err(OpeningError::Sealed));
    let bytes = sealed.to_bytes();
    assert!(bytes.len() <= MAX_SEALED_SEED_BYTES);
    // Whatever is changed, the leaf names another; and who is addressed, or what for, is bound to the seal.
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        let Ok(read) = SealedSeed::from_bytes(&changed) else { continue };
        assert_ne!(read.digest(), sealed.digest());
        let opened = [0x31, 0x32].map(|number| read.open(&officer(number)));
        assert!(opened.contains(&Err(OpeningError::Sealed)), "byte {place}");
    }
    assert!(SealedSeed::from_bytes(&vec![0; MAX_SEALED_SEED_BYTES + 1]).is_err());
    let shown = format!("{sealed:?}");
    assert!(!shown.contains("33, 33, 33"), "the seed is not shown: {shown}");
}
