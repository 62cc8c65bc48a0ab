//! RFC 9497, appendix A.1.2: the threshold OPRF gives the element and the output of the RFC for every choice of
//! keyholders, and names the keyholder whenever an answer is wrong.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use crypto::{BlindedBatch, Evaluation, KeySet, OprfError, Seed, VerifiedEvaluation};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use support::{Dealt, deal, section};

const VECTORS: &str = include_str!("vectors/rfc9497_a_1_2.txt");
const FIELDS: [&str; 7] =
    ["Input", "Blind", "BlindedElement", "EvaluationElement", "Proof", "ProofRandomScalar", "Output"];

struct Vector {
    inputs: Vec<Vec<u8>>,
    blinds: Vec<[u8; 32]>,
    blinded: Vec<[u8; 32]>,
    evaluated: Vec<[u8; 32]>,
    proof: [u8; 64],
    outputs: Vec<Vec<u8>>,
}

/// Strict: every section holds exactly the fields of the RFC, in its order.
fn vectors() -> (Scalar, [u8; 32], Vec<Vector>) {
    let mut sections = VECTORS.split("\n[");
    let pairs = |text: &str| -> Vec<(String, String)> {
        text.lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("A.1.2"))
            .map(|line| line.split_once(" = ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    let header = pairs(sections.next().unwrap());
    let names: Vec<&str> = header.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Seed", "KeyInfo", "skSm", "pkSm"]);
    let secret = Scalar::from_canonical_bytes(array(&header[2].1)).unwrap();
    let vectors: Vec<Vector> = sections
        .map(|section| {
            let fields = pairs(section);
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, FIELDS);
            let list = |field: usize| -> Vec<Vec<u8>> {
                fields[field].1.split(',').map(|value| hex::decode(value).unwrap()).collect()
            };
            let arrays =
                |field: usize| list(field).into_iter().map(|bytes| bytes.try_into().unwrap()).collect();
            Vector {
                inputs: list(0),
                blinds: arrays(1),
                blinded: arrays(2),
                evaluated: arrays(3),
                proof: array(&fields[4].1),
                outputs: list(6),
            }
        })
        .collect();
    assert_eq!(vectors.len(), 3, "the RFC has three vectors in this mode");
    assert_eq!(vectors.iter().map(|vector| vector.inputs.len()).collect::<Vec<_>>(), [1, 1, 2]);
    (secret, array(&header[3].1), vectors)
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// Every subset of 1..=5 with `size` members.
fn subsets(size: u32) -> Vec<Vec<u16>> {
    (0_u16..32)
        .filter(|bits| bits.count_ones() == size)
        .map(|bits| (1..=5).filter(|index| bits >> (index - 1) & 1 == 1).collect())
        .collect()
}

fn seed(index: u16) -> Seed {
    Seed::from_bytes([0x77; 32]).derive("test evaluation", u64::from(index))
}

fn answer(dealt: &Dealt, batch: &BlindedBatch, index: u16) -> Evaluation {
    dealt.shares[&index].evaluate(batch.elements(), &seed(index)).unwrap()
}

fn verified(
    dealt: &Dealt,
    key_set: &KeySet,
    batch: &BlindedBatch,
    indices: &[u16],
) -> Vec<VerifiedEvaluation> {
    indices
        .iter()
        .map(|index| batch.verify(key_set, *index, &answer(dealt, batch, *index)).unwrap())
        .collect()
}

#[test]
fn every_subset_of_three_to_five_shares_gives_the_elements_and_outputs_of_the_rfc() {
    let (secret, public, vectors) = vectors();
    let dealt = deal(secret, 5, 3, 1);
    assert_eq!(dealt.group_key, public);
    let key_set = dealt.key_set(&section(5, 3), 1);
    for vector in &vectors {
        let batch = BlindedBatch::with_blinds(&vector.inputs, &vector.blinds).unwrap();
        assert_eq!(batch.elements(), vector.blinded);
        let mut tried = 0;
        for size in 3..=5 {
            for indices in subsets(size) {
                let verified = verified(&dealt, &key_set, &batch, &indices);
                assert_eq!(
                    batch.combined_elements(&key_set, &verified).unwrap(),
                    vector.evaluated,
                    "{indices:?}"
                );
                let outputs = batch.finish_raw(&key_set, &verified).unwrap();
                let outputs: Vec<&[u8]> = outputs.iter().map(|output| output.as_slice()).collect();
                assert_eq!(outputs, vector.outputs, "{indices:?}");
                tried += 1;
            }
        }
        assert_eq!(tried, 10 + 5 + 1);
    }
}

/// The RFC's proofs are by the whole key; with threshold one, that is what every keyholder holds.
#[test]
fn the_proof_of_the_rfc_verifies_against_the_whole_key() {
    let (secret, public, vectors) = vectors();
    let whole = deal(secret, 2, 1, 1);
    assert!(whole.verifying_shares.values().all(|share| *share == public));
    let key_set = whole.key_set(&section(2, 1), 1);
    for vector in &vectors {
        let batch = BlindedBatch::with_blinds(&vector.inputs, &vector.blinds).unwrap();
        let rfc = Evaluation { elements: vector.evaluated.clone(), proof: vector.proof };
        let verified = batch.verify(&key_set, 1, &rfc).unwrap();
        let outputs = batch.finish_raw(&key_set, &[verified]).unwrap();
        assert_eq!(outputs.iter().map(|output| output.to_vec()).collect::<Vec<_>>(), vector.outputs);
        for position in 0..64 {
            let mut damaged = rfc.clone();
            damaged.proof[position] ^= 1;
            assert_eq!(batch.verify(&key_set, 1, &damaged).unwrap_err(), OprfError::Proof { index: 1 });
        }
    }
}

#[test]
fn two_of_five_shares_give_nothing() {
    let (secret, _, vectors) = vectors();
    let dealt = deal(secret, 5, 3, 1);
    let key_set = dealt.key_set(&section(5, 3), 1);
    let vector = &vectors[2];
    let batch = BlindedBatch::with_blinds(&vector.inputs, &vector.blinds).unwrap();
    for indices in subsets(2) {
        let mut two = verified(&dealt, &key_set, &batch, &indices);
        two.push(two[0].clone());
        let refused = batch.finish(&key_set, &two).unwrap_err();
        assert_eq!(refused, OprfError::TooFew { found: 2, needed: 3 });
        let [one, other] = [indices[0], indices[1]].map(Scalar::from);
        let weights = [other * (other - one).invert(), one * (one - other).invert()];
        let points = [indices[0], indices[1]].map(|index| {
            CompressedRistretto(answer(&dealt, &batch, index).elements[0]).decompress().unwrap()
        });
        let combined: RistrettoPoint = points[0] * weights[0] + points[1] * weights[1];
        assert_ne!(combined.compress().to_bytes(), vector.evaluated[0], "{indices:?}");
    }
}

#[test]
fn whoever_answers_wrongly_is_named() {
    let (secret, _, vectors) = vectors();
    let section = section(5, 3);
    let dealt = deal(secret, 5, 3, 1);
    let key_set = dealt.key_set(&section, 1);
    let other_key_set = deal(secret, 5, 3, 2).key_set(&section, 2);
    let vector = &vectors[2];
    let batch = BlindedBatch::with_blinds(&vector.inputs, &vector.blinds).unwrap();
    let swapped = BlindedBatch::with_blinds(&vector.inputs, &[vector.blinds[1], vector.blinds[0]]).unwrap();
    let good = answer(&dealt, &batch, 2);
    let check = |key_set: &KeySet, index: u16, evaluation: &Evaluation, expected: OprfError| {
        assert_eq!(batch.verify(key_set, index, evaluation).unwrap_err(), expected);
    };
    let (proof, wrong) = (OprfError::Proof { index: 2 }, OprfError::Evaluation { index: 2 });
    assert_eq!(batch.verify(&key_set, 2, &good).unwrap().index(), 2);

    // A tampered share: the proof is honest, yet by another key than the verifying share's.
    let mut bytes = dealt.shares[&2].to_secret_bytes();
    bytes[2] ^= 1;
    let tampered = crypto::KeyShare::from_secret_bytes(&bytes).unwrap();
    check(&key_set, 2, &tampered.evaluate(batch.elements(), &seed(2)).unwrap(), proof);
    // The proof of another batch, by another keyholder, under another key set.
    check(&key_set, 2, &answer(&dealt, &swapped, 2), proof);
    check(&key_set, 2, &answer(&dealt, &batch, 3), proof);
    check(&other_key_set, 2, &good, proof);
    check(&key_set, 6, &good, OprfError::Stranger { index: 6 });
    // Elements exchanged, repeated, missing, added, not a point, the identity.
    let elements = |elements: &[[u8; 32]]| Evaluation { elements: elements.to_vec(), proof: good.proof };
    let [one, two] = [good.elements[0], good.elements[1]];
    check(&key_set, 2, &elements(&[two, one]), proof);
    check(&key_set, 2, &elements(&[one, one]), proof);
    check(&key_set, 2, &elements(&[one]), wrong);
    check(&key_set, 2, &elements(&[one, two, two]), wrong);
    check(&key_set, 2, &elements(&[one, [0xff; 32]]), wrong);
    check(&key_set, 2, &elements(&[one, [0; 32]]), wrong);
    // A proof in a second encoding: the response plus the order of the group.
    let mut lengthened = good.clone();
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut carry = 0;
    for (byte, add) in lengthened.proof[32..].iter_mut().zip(&order) {
        let sum = u16::from(*byte) + u16::from(*add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_ne!(lengthened, good);
    check(&key_set, 2, &lengthened, proof);

    // Verified answers do not travel between batches or key sets.
    let others = verified(&dealt, &key_set, &swapped, &[1, 2, 3]);
    assert_eq!(batch.finish(&key_set, &others).unwrap_err(), OprfError::Mixed { index: 1 });
    let ours = verified(&dealt, &key_set, &batch, &[1, 2, 3]);
    assert_eq!(batch.finish(&other_key_set, &ours).unwrap_err(), OprfError::Mixed { index: 1 });
}

#[test]
fn a_keyholder_refuses_what_is_not_a_batch_of_points() {
    let dealt = deal(Scalar::from(5_u8), 2, 2, 1);
    let batch = BlindedBatch::new(&[b"input"], &seed(0), &[1; 16]).unwrap();
    let good = batch.elements()[0];
    let evaluate = |elements: &[[u8; 32]]| dealt.shares[&1].evaluate(elements, &seed(1)).unwrap_err();
    assert_eq!(evaluate(&[]), OprfError::BatchSize { found: 0 });
    assert_eq!(evaluate(&vec![good; 1025]), OprfError::BatchSize { found: 1025 });
    assert_eq!(evaluate(&[good, [0; 32]]), OprfError::Element { position: 1 });
    assert_eq!(evaluate(&[good, good, [0xff; 32]]), OprfError::Element { position: 2 });
}

#[test]
fn a_client_refuses_what_is_not_a_batch_of_inputs() {
    let new = |inputs: &[Vec<u8>]| BlindedBatch::new(inputs, &seed(0), &[1; 16]).unwrap_err();
    assert_eq!(new(&[]), OprfError::BatchSize { found: 0 });
    assert_eq!(new(&vec![vec![1]; 1025]), OprfError::BatchSize { found: 1025 });
    assert_eq!(new(&[vec![1], vec![]]), OprfError::Input { position: 1 });
    assert_eq!(new(&[vec![1; 65_536]]), OprfError::Input { position: 0 });
    let with = |blinds: &[[u8; 32]]| BlindedBatch::with_blinds(&[b"input"], blinds).unwrap_err();
    for blinds in [&[][..], &[[0; 32]], &[[0xff; 32]], &[[1; 32], [1; 32]]] {
        assert_eq!(with(blinds), OprfError::Blind);
    }
}

#[test]
fn the_same_request_blinds_alike_and_another_does_not() {
    let elements =
        |seed: &Seed, id: u8| BlindedBatch::new(&[b"a", b"a"], seed, &[id; 16]).unwrap().elements().to_vec();
    let first = elements(&seed(0), 1);
    assert_eq!(first, elements(&seed(0), 1));
    assert_ne!(first[0], first[1]);
    for other in [elements(&seed(0), 2), elements(&seed(1), 1)] {
        assert!(other.iter().all(|element| !first.contains(element)));
    }
}

#[test]
fn secrets_do_not_print() {
    let dealt = deal(Scalar::from(5_u8), 2, 2, 1);
    let batch = BlindedBatch::new(&[b"input"], &seed(0), &[1; 16]).unwrap();
    assert_eq!(format!("{batch:?}"), "BlindedBatch(1 inputs, redacted)");
    assert_eq!(format!("{:?}", dealt.shares[&1]), "KeyShare(1, redacted)");
}
