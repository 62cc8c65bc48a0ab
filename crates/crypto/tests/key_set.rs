//! A key set is accepted only when everything about it is right, and a refusal says what is not.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

mod support;

use crypto::{EncodingError, KeySetDocument, KeySetError, KeyholderSection, Signature, SignedKeySet};
use curve25519_dalek::scalar::Scalar;
use domain::NetworkId;
use support::{Dealt, ceremony, deal, section, signatures, signed, signing_key, transcript_digest};

fn dealt() -> Dealt {
    deal(Scalar::from(1234_u32), 5, 3, 1)
}

fn refusal(document: &KeySetDocument, section: &KeyholderSection) -> KeySetError {
    signed(document).verify(section).unwrap_err()
}

fn document(change: impl FnOnce(&mut Dealt)) -> KeySetDocument {
    let mut dealt = dealt();
    change(&mut dealt);
    dealt.document(&section(5, 3), 1)
}

#[test]
fn a_complete_key_set_survives_the_wire() {
    let section = section(5, 3);
    let document = dealt().document(&section, 1);
    let signed = signed(&document);
    let parsed = SignedKeySet::parse(&signed.to_wire()).unwrap();
    assert_eq!(parsed, signed);
    assert_eq!(parsed.claimed(), document);
    let key_set = parsed.verify(&section).unwrap();
    assert_eq!(*key_set.ceremony(), ceremony(&section, 1));
    assert_eq!(key_set.threshold(), 3);
    assert_eq!(key_set.indices().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(*key_set.group_key(), dealt().group_key);
    assert_eq!(key_set.verifying_share(2).unwrap(), &dealt().verifying_shares[&2]);
    assert_eq!(key_set.verifying_share(6), None);
    assert_eq!(key_set.digest(), document.digest());
}

#[test]
fn a_quorum_suffices_and_less_does_not() {
    let four = document(|dealt| dealt.verifying_shares.retain(|index, _| *index != 2));
    assert_eq!(signed(&four).verify(&section(5, 3)).unwrap().indices().collect::<Vec<_>>(), [1, 3, 4, 5]);
    let three = document(|dealt| dealt.verifying_shares.retain(|index, _| *index > 2));
    assert_eq!(refusal(&three, &section(5, 3)), KeySetError::TooFew { participants: 3, quorum: 4 });
}

#[test]
fn another_network_section_or_threshold_is_refused() {
    let ours = section(5, 3);
    let document = dealt().document(&ours, 1);
    let elsewhere = KeyholderSection { network: NetworkId::from_bytes([0; 32]), ..ours.clone() };
    assert_eq!(refusal(&document, &elsewhere), KeySetError::OtherNetwork);
    assert_eq!(refusal(&document, &section(6, 3)), KeySetError::OtherSection);
    assert_eq!(refusal(&document, &section(5, 4)), KeySetError::OtherSection);
    let dealt = dealt();
    let lower = KeySetDocument::new(
        &ceremony(&ours, 1),
        2,
        &dealt.verifying_shares,
        dealt.group_key,
        transcript_digest(),
    );
    assert_eq!(refusal(&lower, &ours), KeySetError::Threshold { found: 2, expected: 3 });
}

#[test]
fn strangers_identities_and_non_points_are_refused() {
    let section = section(5, 3);
    let stranger = document(|dealt| {
        let share = dealt.verifying_shares.remove(&5).unwrap();
        dealt.verifying_shares.insert(6, share);
    });
    assert_eq!(refusal(&stranger, &section), KeySetError::Stranger { index: 6 });
    for bytes in [[0; 32], [0xff; 32]] {
        let share = document(|dealt| *dealt.verifying_shares.get_mut(&4).unwrap() = bytes);
        assert_eq!(refusal(&share, &section), KeySetError::Share { index: 4 });
        let group_key = document(|dealt| dealt.group_key = bytes);
        assert_eq!(refusal(&group_key, &section), KeySetError::GroupKey);
    }
}

#[test]
fn shares_and_group_key_must_lie_on_one_polynomial() {
    let section = section(5, 3);
    let other = deal(Scalar::from(99_u8), 5, 3, 2);
    for index in 1..=5 {
        let share = other.verifying_shares[&index];
        let mixed = document(|dealt| *dealt.verifying_shares.get_mut(&index).unwrap() = share);
        assert_eq!(refusal(&mixed, &section), KeySetError::Polynomial, "{index}");
    }
    let group_key = document(|dealt| dealt.group_key = other.group_key);
    assert_eq!(refusal(&group_key, &section), KeySetError::Polynomial);
    let steeper = deal(Scalar::from(1234_u32), 5, 4, 1).document(&section, 1);
    assert_eq!(refusal(&steeper, &section), KeySetError::Polynomial);
}

#[test]
fn every_participant_signs_and_nobody_else() {
    let section = section(5, 3);
    let document = dealt().document(&section, 1);
    let all = signatures(&document);
    let check = |signatures: Vec<(u16, Signature)>, expected: KeySetError| {
        assert_eq!(SignedKeySet::new(&document, signatures).verify(&section).unwrap_err(), expected);
    };
    check(vec![], KeySetError::Signers);
    check(all[..4].to_vec(), KeySetError::Signers);
    check(all.iter().rev().copied().collect(), KeySetError::Signers);
    check([&all[..], &all[4..]].concat(), KeySetError::Signers);
    let mut forged = all.clone();
    forged[2].1 = document.sign(&signing_key(9));
    check(forged, KeySetError::Signature { index: 3 });
    let mut elsewhere = all;
    elsewhere[4].1 = dealt().document(&section, 2).sign(&signing_key(5));
    check(elsewhere, KeySetError::Signature { index: 5 });
    assert_eq!(document.verify_signature(&section, 3, &document.sign(&signing_key(3))), Ok(()));
    let stranger = document.verify_signature(&section, 9, &document.sign(&signing_key(9)));
    assert_eq!(stranger, Err(KeySetError::Stranger { index: 9 }));
}

#[test]
fn shares_out_of_order_are_refused() {
    let section = section(5, 3);
    let document = dealt().document(&section, 1);
    let mut bytes = document.to_bytes();
    // An entry of a small index is `82 index 5820 share`: 36 bytes.
    let first = bytes.windows(4).position(|window| window == [0x82, 1, 0x58, 0x20]).unwrap();
    assert_eq!(bytes[first + 36..first + 38], [0x82, 2]);
    let (one, two) = bytes[first..first + 72].split_at_mut(36);
    one.swap_with_slice(two);
    let mut wire = minicbor::Encoder::new(Vec::new());
    wire.array(2).unwrap().bytes(&bytes).unwrap().array(0).unwrap();
    let parsed = SignedKeySet::parse(&wire.into_writer()).unwrap();
    assert_eq!(parsed.verify(&section).unwrap_err(), KeySetError::Order);
}

#[test]
fn a_damaged_wire_form_is_refused() {
    let wire = signed(&dealt().document(&section(5, 3), 1)).to_wire();
    let parse = |wire: &[u8]| SignedKeySet::parse(wire).unwrap_err();
    assert_eq!(parse(&[]), EncodingError::Malformed);
    assert_eq!(parse(&wire[..wire.len() - 1]), EncodingError::Malformed);
    assert_eq!(parse(&[wire.as_slice(), &[0]].concat()), EncodingError::TrailingBytes);
    // Whatever byte changes, it does not parse or it does not verify.
    for position in 0..wire.len() {
        let mut damaged = wire.clone();
        damaged[position] ^= 1;
        let accepted =
            SignedKeySet::parse(&damaged).is_ok_and(|parsed| parsed.verify(&section(5, 3)).is_ok());
        assert!(!accepted, "byte {position}");
    }
}
