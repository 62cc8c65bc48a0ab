//! Checkpoints and cosignatures as C2SP specifies them, and as nobody may change them.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use audit::{
    AuditError, Checkpoint, Cosignature, Cosigner, MAX_CHECKPOINT_BYTES, Origin, Root, SignedCheckpoint,
};
use crypto::{Seed, SigningKey};
use domain::{NetworkId, Oin, Timestamp};

const NETWORK: NetworkId = NetworkId::from_bytes([7; 32]);

fn oin(number: u64) -> Oin {
    Oin::test_number(number).unwrap()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: Origin::main_log(NETWORK, oin(1)),
        size: 20_852_163,
        root: Root::from_bytes([5; 32]),
    }
}

fn signed() -> SignedCheckpoint {
    SignedCheckpoint::sign(checkpoint(), &key(1)).unwrap()
}

fn witness(number: u8) -> Cosigner {
    Cosigner::new(NETWORK, oin(number.into()), key(number).verifying_key())
}

fn cosigned(number: u8, time: u64) -> Cosignature {
    Cosignature::sign(&checkpoint(), Timestamp(time), &key(number)).unwrap()
}

#[test]
fn a_checkpoint_is_three_lines_and_a_signature_by_the_key_of_its_log() {
    let bytes = signed().to_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let origin = format!("samenhang/{}/log/00000099000000000001", "07".repeat(32));
    let expected =
        format!("{origin}\n20852163\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n\n\u{2014} {origin} ");
    assert!(text.starts_with(&expected), "{text}");
    let read = SignedCheckpoint::verify(&bytes, &checkpoint().origin, &key(1).verifying_key()).unwrap();
    assert_eq!((read.checkpoint(), read.to_bytes()), (&checkpoint(), bytes));
}

#[test]
fn another_key_another_log_and_other_spellings_are_refused() {
    let (bytes, origin, key_of_log) = (signed().to_bytes(), checkpoint().origin, key(1).verifying_key());
    let verify = |bytes: &[u8]| SignedCheckpoint::verify(bytes, &origin, &key_of_log).map(drop);
    let another = SignedCheckpoint::verify(&bytes, &origin, &key(2).verifying_key()).map(drop);
    assert_eq!(another, Err(AuditError::BadSignature));
    let other_log = Origin::main_log(NETWORK, oin(2));
    assert_eq!(
        SignedCheckpoint::verify(&bytes, &other_log, &key_of_log).map(drop),
        Err(AuditError::OtherLog)
    );
    let text = String::from_utf8(bytes.clone()).unwrap();
    for (what, changed) in [
        ("size", text.replacen("20852163", "20852164", 1)),
        ("root", text.replacen("BQUF", "AQUF", 1)),
        ("zero in front", text.replacen("20852163", "020852163", 1)),
        ("further line", text.replacen("BQU=\n\n", "BQU=\nmore\n\n", 1)),
        ("no signature", text.split_inclusive("\n\n").next().unwrap().to_owned()),
        ("control character", text.replacen("\n\n", "\r\n\n", 1)),
        ("bytes behind", format!("{text}\n")),
        ("nothing", String::new()),
        ("too long", format!("{text}{}", "\u{2014} x AAAAAAAA\n".repeat(MAX_CHECKPOINT_BYTES / 12))),
    ] {
        assert!(verify(changed.as_bytes()).is_err(), "{what}");
    }
    // Every single bit of it.
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&changed).is_err(), "bit {bit}");
    }
    assert_eq!(verify(&bytes), Ok(()));
}

#[test]
fn cosignatures_are_added_replaced_and_verified_by_name_and_key() {
    let mut signed = signed();
    assert_eq!(signed.cosignature_of(&witness(2)), Err(AuditError::BadCosignature));
    signed.add(&witness(2), &cosigned(2, 100)).unwrap();
    signed.add(&witness(3), &cosigned(3, 101)).unwrap();
    signed.add(&witness(2), &cosigned(2, 200)).unwrap();
    assert_eq!(signed.add(&witness(4), &cosigned(3, 101)), Err(AuditError::BadCosignature), "another's");
    let bytes = signed.to_bytes();
    assert_eq!(String::from_utf8_lossy(&bytes).lines().count(), 3 + 1 + 3, "one line of each");
    let read = SignedCheckpoint::verify(&bytes, &checkpoint().origin, &key(1).verifying_key()).unwrap();
    assert_eq!(read.cosignature_of(&witness(2)).unwrap().time(), Timestamp(200));
    assert_eq!(read.cosignature_of(&witness(3)).unwrap(), cosigned(3, 101));
    assert!(read.cosignature_of(&witness(4)).is_err());
    let renamed = Cosigner::new(NETWORK, oin(3), key(2).verifying_key());
    assert!(read.cosignature_of(&renamed).is_err(), "the name and the key belong together");
}

#[test]
fn a_cosignature_holds_for_one_checkpoint_and_one_time() {
    let cosignature = cosigned(2, 100);
    cosignature.verify(&witness(2), &checkpoint()).unwrap();
    let larger = Checkpoint { size: 20_852_164, ..checkpoint() };
    let other_root = Checkpoint { root: Root::from_bytes([6; 32]), ..checkpoint() };
    let other_log = Checkpoint { origin: Origin::main_log(NETWORK, oin(2)), ..checkpoint() };
    for other in [larger, other_root, other_log] {
        assert_eq!(cosignature.verify(&witness(2), &other), Err(AuditError::BadCosignature));
    }
    assert!(
        Cosignature::sign(&checkpoint(), Timestamp(u64::MAX), &key(2)).is_err(),
        "2^63 and above is no time"
    );
    // The key of a log does not cosign by signing its own checkpoint.
    let itself = Cosigner::new(NETWORK, oin(1), key(1).verifying_key());
    assert!(signed().cosignature_of(&itself).is_err());
}
