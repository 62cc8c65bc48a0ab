//! What `crypto` reads: signed documents, key sets, shares, elements with their proofs, packages of a key generation,
//! sealed messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::OnceLock;

use crypto::dkg::{self, share_is_valid};
use crypto::{
    BlindedBatch, CeremonyId, DkgError, Document, Evaluation, KeySet, KeySetDocument, KeyShare, Keyholder,
    KeyholderSection, Round1Secret, Round2Secret, SealingKey, SealingPublicKey, Seed, Signature, Signed,
    SignedKeySet, SigningKey, Unverified, VerifyingKey, cbor,
};
use domain::{CircleId, Epoch, KeyClass, LegalBasisCode, NetworkId, Oin, Sector, Timestamp};
use minicbor::{Decode, Encode};
use testkit::Founding;
use zeroize::Zeroizing;

use super::Check;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("key-set", key_set),
    ("key-set-document", document::<KeySetDocument>),
    ("key-share", key_share),
    ("elements", elements),
    ("evaluation", evaluation),
    ("round-1", round_1),
    ("round-2", round_2),
    ("dispute", dispute),
    ("signature", signature),
    ("sealed", sealed),
    ("sealing-key", sealing_key),
    ("domain-types", value::<DomainTypes>),
];

/// Who signs in checks.
pub(crate) fn signer() -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([2; 32]))
}

/// One CBOR value of a type: whatever is read is written as the same bytes.
pub(crate) fn value<T>(bytes: &[u8]) -> bool
where
    T: Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>,
{
    let Ok(read) = cbor::from_slice::<T>(bytes) else { return false };
    assert_eq!(cbor::to_vec(&read), bytes, "one encoding for each value");
    shown(&read, bytes);
    true
}

/// A signed document of a type, as it travels.
pub(crate) fn signed<T: Document + Debug + PartialEq + Clone>(bytes: &[u8]) -> bool {
    let Ok(read) = Unverified::<T>::parse(bytes) else { return false };
    let document = cbor::to_vec(read.claimed());
    assert!(bytes.windows(document.len()).any(|window| window == document), "read as it was written");
    shown(read.claimed(), bytes);
    // Believed under the one key that signed it, and under no other.
    let stranger = SigningKey::from_seed(&Seed::from_bytes([3; 32])).verifying_key();
    assert!(read.clone().verify(&stranger).is_err(), "nobody has signed with this key");
    for key in [signer(), Founding::organisation_key(Founding::oin(1))] {
        if let Ok(signed) = read.clone().verify(&key.verifying_key()) {
            assert_eq!(signed.to_wire(), bytes);
            assert_eq!(signed.bytes(), document);
        }
    }
    true
}

/// The document without its signature, which is made here: no fuzzer can.
pub(crate) fn document<T: Document + Debug + PartialEq + Clone>(bytes: &[u8]) -> bool {
    let Ok(read) = cbor::from_slice::<T>(bytes) else { return false };
    assert_eq!(cbor::to_vec(&read), bytes, "one encoding for each document");
    let made = Signed::sign(read, &signer());
    let again = Unverified::<T>::parse(&made.to_wire()).expect("what is written is read");
    let again = again.verify(&signer().verifying_key()).expect("its signature verifies");
    assert_eq!((again.bytes(), &again), (bytes, &made));
    true
}

/// What a log would show of a value: bounded by what came in.
fn shown<T: Debug>(value: &T, bytes: &[u8]) {
    assert!(format!("{value:?}").len() < 4_096 + 64 * bytes.len());
}

/// Every type of the domain that has a codec.
#[derive(Debug, PartialEq, Encode, Decode)]
struct DomainTypes {
    #[cbor(n(0), with = "crypto::cbor::network_id")]
    network: NetworkId,
    #[cbor(n(1), with = "crypto::cbor::epoch")]
    epoch: Epoch,
    #[cbor(n(2), with = "crypto::cbor::key_class")]
    class: KeyClass,
    #[cbor(n(3), with = "crypto::cbor::oin")]
    oin: Oin,
    #[cbor(n(4), with = "crypto::cbor::circle_id")]
    circle: CircleId,
    #[cbor(n(5), with = "crypto::cbor::timestamp")]
    time: Timestamp,
    #[cbor(n(6), with = "crypto::cbor::sector")]
    sector: Sector,
    #[cbor(n(7), with = "crypto::cbor::legal_basis")]
    basis: LegalBasisCode,
}

/// Three keyholders that made a key, two of which suffice.
struct Made {
    section: KeyholderSection,
    key_set: KeySet,
    signed: SignedKeySet,
    share: KeyShare,
    /// What keyholder 1 keeps after its package and after its shares, and what the others sent it.
    round1: Round1Secret,
    round2: Round2Secret,
    packages: BTreeMap<u16, Vec<u8>>,
    shares: BTreeMap<u16, Zeroizing<Vec<u8>>>,
    batch: BlindedBatch,
    honest: Evaluation,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let participants: BTreeSet<u16> = (1..=3).collect();
        let key =
            |index: u16| SigningKey::from_seed(&Seed::from_bytes([4; 32]).derive("keyholder", index.into()));
        let holder = |index: u16| Keyholder {
            index,
            oin: Oin::test_number(index.into()).expect("a small number"),
            key: key(index).verifying_key(),
        };
        let section = KeyholderSection {
            network: NetworkId::from_bytes([1; 32]),
            threshold: 2,
            keyholders: participants.iter().copied().map(holder).collect(),
        };
        let started: BTreeMap<u16, (Round1Secret, Vec<u8>)> = participants
            .iter()
            .map(|index| {
                let seed = Seed::from_bytes([5; 32]).derive("start", u64::from(*index));
                (*index, dkg::start(*index, &participants, 2, &seed).expect("three of which two suffice"))
            })
            .collect();
        let packages_for = |own: u16| -> BTreeMap<u16, Vec<u8>> {
            let others = started.iter().filter(|(index, _)| **index != own);
            others.map(|(index, (_, package))| (*index, package.clone())).collect()
        };
        let distributed: BTreeMap<u16, _> = started
            .iter()
            .map(|(index, (secret, _))| (*index, secret.distribute(&packages_for(*index)).expect("honest")))
            .collect();
        let shares_for = |own: u16| -> BTreeMap<u16, Zeroizing<Vec<u8>>> {
            let others = distributed.iter().filter(|(index, _)| **index != own);
            others.map(|(index, (_, shares))| (*index, shares[&own].clone())).collect()
        };
        let outcome = distributed[&1].0.finish(&packages_for(1), &shares_for(1)).expect("honest");
        let ceremony = CeremonyId {
            network: section.network,
            section: section.digest(),
            epoch: Epoch(7),
            class: KeyClass::Bsn,
            attempt: 1,
        };
        let transcript = crypto::digest("transcript", &[]);
        let document =
            KeySetDocument::new(&ceremony, 2, &outcome.verifying_shares, outcome.group_key, transcript);
        let signatures = participants.iter().map(|index| (*index, document.sign(&key(*index)))).collect();
        let signed = SignedKeySet::new(&document, signatures);
        let key_set = signed.verify(&section).expect("everybody signed");
        let seed = Seed::from_bytes([6; 32]);
        let batch = BlindedBatch::new(&[b"one", b"two"], &seed, &[7; 16]).expect("two inputs");
        let honest = outcome.share.evaluate(batch.elements(), &seed).expect("two elements");
        let (packages, shares) = (packages_for(1), shares_for(1));
        let round1 = dkg::start(1, &participants, 2, &Seed::from_bytes([5; 32]).derive("start", 1))
            .expect("as above")
            .0;
        let round2 = round1.distribute(&packages).expect("as above").0;
        Made {
            section,
            key_set,
            signed,
            share: outcome.share,
            round1,
            round2,
            packages,
            shares,
            batch,
            honest,
        }
    })
}

/// Good inputs, by check.
pub(crate) fn good() -> Vec<(&'static str, Vec<u8>)> {
    let made = made();
    let receiver = SealingKey::from_seed(&Seed::from_bytes([8; 32]));
    let sealed = receiver.public().seal("label", b"aad", b"text", &Seed::from_bytes([9; 32]));
    let types = DomainTypes {
        network: NetworkId::from_bytes([1; 32]),
        epoch: Epoch(7),
        class: KeyClass::Weak,
        oin: Oin::test_number(1).expect("a small number"),
        circle: CircleId::from_bytes([1; 16]),
        time: Timestamp(1_795_000_000),
        sector: "jeugd".parse().expect("a sector"),
        basis: "jeugdwet-7.1".parse().expect("a code"),
    };
    vec![
        ("key-set", made.signed.to_wire()),
        ("key-set-document", made.signed.bytes().to_vec()),
        ("key-share", made.share.to_secret_bytes().to_vec()),
        ("elements", made.batch.elements().as_flattened().to_vec()),
        ("evaluation", [made.honest.elements.as_flattened(), &made.honest.proof].concat()),
        ("round-1", made.packages[&2].clone()),
        ("round-2", made.shares[&2].to_vec()),
        ("dispute", [made.shares[&2].as_slice(), &made.packages[&2]].concat()),
        (
            "signature",
            [
                signer().verifying_key().as_bytes().as_slice(),
                signer().sign("label", b"text").as_bytes(),
                b"text",
            ]
            .concat(),
        ),
        ("sealed", sealed.expect("a usable key")),
        ("sealing-key", receiver.public().as_bytes().to_vec()),
        ("domain-types", cbor::to_vec(&types)),
    ]
}

fn key_set(bytes: &[u8]) -> bool {
    let made = made();
    let Ok(read) = SignedKeySet::parse(bytes) else { return false };
    assert_eq!(read.to_wire(), bytes, "one encoding for each key set");
    assert_eq!(read.claimed().to_bytes(), read.bytes());
    if let Ok(key_set) = read.verify(&made.section) {
        assert_eq!(key_set.digest(), made.key_set.digest(), "the keyholders signed one key set");
    }
    true
}

fn key_share(bytes: &[u8]) -> bool {
    let Ok(share) = KeyShare::from_secret_bytes(bytes) else { return false };
    assert_eq!(share.to_secret_bytes().as_slice(), bytes);
    assert_eq!(format!("{share:?}"), format!("KeyShare({}, redacted)", share.index()));
    true
}

/// What a member sends to be evaluated.
fn elements(bytes: &[u8]) -> bool {
    // More would only make it slow: each element is treated alike.
    let (elements, _) = bytes.as_chunks::<32>();
    let elements = &elements[..elements.len().min(4)];
    let Ok(evaluation) = made().share.evaluate(elements, &Seed::from_bytes([1; 32])) else { return false };
    assert_eq!(evaluation.elements.len(), elements.len());
    true
}

/// What a keyholder answers: only its own evaluation is believed.
fn evaluation(bytes: &[u8]) -> bool {
    let made = made();
    let Some((rest, proof)) = bytes.split_last_chunk::<64>() else { return false };
    let evaluation = Evaluation { elements: rest.as_chunks::<32>().0.to_vec(), proof: *proof };
    let Ok(verified) = made.batch.verify(&made.key_set, 1, &evaluation) else { return false };
    assert_eq!(evaluation.elements, made.honest.elements, "a proof of something else");
    assert!(made.batch.verify(&made.key_set, 2, &evaluation).is_err(), "the answer of another keyholder");
    assert!(made.batch.finish(&made.key_set, &[verified]).is_err(), "one of two that are needed");
    true
}

/// The package of another keyholder: taken, or its sender is named.
fn round_1(bytes: &[u8]) -> bool {
    let made = made();
    let mut packages = made.packages.clone();
    packages.insert(2, bytes.to_vec());
    match made.round1.distribute(&packages) {
        Ok((_, shares)) => {
            assert!(shares.keys().eq(&[2, 3]));
            true
        }
        Err(error) => {
            assert_eq!(error, DkgError::Culprit { index: 2 });
            false
        }
    }
}

/// The share of another keyholder: the one that it committed to, or its sender is named.
fn round_2(bytes: &[u8]) -> bool {
    let made = made();
    let mut shares = made.shares.clone();
    shares.insert(2, bytes.to_vec().into());
    match made.round2.finish(&made.packages, &shares) {
        Ok(outcome) => {
            assert_eq!(bytes, made.shares[&2].as_slice(), "another share than the one committed to");
            assert_eq!(outcome.share.verifying_share(), made.share.verifying_share());
            true
        }
        Err(error) => {
            assert_eq!(error, DkgError::Culprit { index: 2 });
            false
        }
    }
}

/// A share and the package of its dealer, as they are judged in the open.
fn dispute(bytes: &[u8]) -> bool {
    let Some((share, package)) = bytes.split_at_checked(32) else { return false };
    let fits = share_is_valid(package, 1, share);
    if fits && package == made().packages[&2] {
        assert_eq!(share, made().shares[&2].as_slice());
    }
    fits
}

fn signature(bytes: &[u8]) -> bool {
    let Some((key, rest)) = bytes.split_first_chunk::<32>() else { return false };
    let Some((signature, text)) = rest.split_first_chunk::<64>() else { return false };
    let verified =
        VerifyingKey::from_bytes(*key).verify("label", text, &Signature::from_bytes(*signature)).is_ok();
    if verified && key == signer().verifying_key().as_bytes() {
        assert_eq!(text, b"text", "nothing else was signed");
    }
    verified
}

fn sealed(bytes: &[u8]) -> bool {
    let receiver = SealingKey::from_seed(&Seed::from_bytes([8; 32]));
    let Ok(text) = receiver.open("label", b"aad", bytes) else { return false };
    assert_eq!(bytes.len(), 32 + text.len() + 16);
    assert!(receiver.open("label", b"other", bytes).is_err());
    true
}

/// A public key that another published: sealing to it fails or yields something.
fn sealing_key(bytes: &[u8]) -> bool {
    let Ok(key) = <[u8; 32]>::try_from(bytes) else { return false };
    let sealed = SealingPublicKey::from_bytes(key).seal("label", b"", b"text", &Seed::from_bytes([9; 32]));
    sealed.is_ok_and(|sealed| sealed.len() == 32 + 4 + 16)
}
