//! The verification and combination written here accept, refuse and give exactly what the `voprf` crate does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use crypto::{BlindedBatch, Evaluation, KeySet, Seed, blind_scalar};
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::scalar::Scalar;
use support::{Dealt, deal, section};
use voprf::{EvaluationElement, Proof, Ristretto255, VoprfClient, VoprfServer};

const REQUEST: [u8; 16] = [4; 16];

struct Case {
    dealt: Dealt,
    key_set: KeySet,
    inputs: Vec<Vec<u8>>,
    batch: BlindedBatch,
    seed: Seed,
}

/// With threshold one, a share is the key, so that the crate can finish alone.
fn case(size: usize) -> Case {
    let seed = Seed::from_bytes([0x66; 32]);
    let dealt = deal(Scalar::from_bytes_mod_order([0x29; 32]), 2, 1, 1);
    let inputs: Vec<Vec<u8>> = (0..size).map(|i| format!("input {i}").into_bytes()).collect();
    let batch = BlindedBatch::new(&inputs, &seed, &REQUEST).unwrap();
    Case { key_set: dealt.key_set(&section(2, 1), 1), dealt, inputs, batch, seed }
}

impl Case {
    /// The crate's outputs, or `None` where it refuses.
    fn oracle(&self, evaluation: &Evaluation) -> Option<Vec<Vec<u8>>> {
        let clients: Vec<VoprfClient<Ristretto255>> = (0_u32..)
            .zip(self.batch.elements())
            .map(|(j, element)| {
                let blind = blind_scalar(&self.seed, &REQUEST, j);
                VoprfClient::deserialize(&[*blind, *element].concat()).unwrap()
            })
            .collect();
        let messages: Option<Vec<EvaluationElement<Ristretto255>>> =
            evaluation.elements.iter().map(|element| EvaluationElement::deserialize(element).ok()).collect();
        let proof = Proof::deserialize(&evaluation.proof).ok()?;
        let public = CompressedRistretto(self.dealt.group_key).decompress().unwrap();
        let messages = messages?;
        let outputs = VoprfClient::batch_finalize(&self.inputs, &clients, &messages, &proof, public).ok()?;
        Some(outputs.map(|output| output.unwrap().to_vec()).collect())
    }

    fn ours(&self, evaluation: &Evaluation) -> Option<Vec<Vec<u8>>> {
        let verified = self.batch.verify(&self.key_set, 1, evaluation).ok()?;
        let outputs = self.batch.finish_raw(&self.key_set, &[verified]).unwrap();
        Some(outputs.iter().map(|output| output.to_vec()).collect())
    }

    /// What is accepted; both must agree.
    fn accepts(&self, evaluation: &Evaluation) -> bool {
        let ours = self.ours(evaluation);
        assert_eq!(ours, self.oracle(evaluation));
        ours.is_some()
    }
}

#[test]
fn both_accept_the_same_answers_with_the_same_outputs() {
    // 250 is past the size at which multiscalar multiplication changes its algorithm.
    for size in [1, 2, 7, 250] {
        let case = case(size);
        let evaluation = case.dealt.shares[&1].evaluate(case.batch.elements(), &case.seed).unwrap();
        assert!(case.accepts(&evaluation), "{size}");
        let mut server = voprf_server(&case.dealt);
        let direct: Vec<Vec<u8>> =
            case.inputs.iter().map(|input| server.evaluate(input).unwrap().to_vec()).collect();
        assert_eq!(case.ours(&evaluation).unwrap(), direct, "{size}");
        server = voprf_server(&case.dealt);
        assert_eq!(server.get_public_key().compress().to_bytes(), case.dealt.group_key);
    }
}

fn voprf_server(dealt: &Dealt) -> VoprfServer<Ristretto255> {
    VoprfServer::new_with_key(&dealt.shares[&1].to_secret_bytes()[2..]).unwrap()
}

#[test]
fn both_refuse_every_change_of_a_bit() {
    let case = case(3);
    let good = case.dealt.shares[&1].evaluate(case.batch.elements(), &case.seed).unwrap();
    for bit in 0..512 {
        let mut changed = good.clone();
        changed.proof[bit / 8] ^= 1 << (bit % 8);
        assert!(!case.accepts(&changed), "bit {bit} of the proof");
    }
    for bit in 0..256 {
        let mut changed = good.clone();
        changed.elements[1][bit / 8] ^= 1 << (bit % 8);
        assert!(!case.accepts(&changed), "bit {bit} of an element");
    }
}

#[test]
fn both_refuse_zero_scalars_identities_and_other_counts() {
    let case = case(3);
    let good = case.dealt.shares[&1].evaluate(case.batch.elements(), &case.seed).unwrap();
    let change = |change: &dyn Fn(&mut Evaluation)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed
    };
    for changed in [
        change(&|e| e.proof[..32].fill(0)),
        change(&|e| e.proof[32..].fill(0)),
        change(&|e| e.proof.fill(0)),
        change(&|e| e.proof.fill(0xff)),
        change(&|e| e.proof.rotate_left(32)),
        change(&|e| e.elements[0] = [0; 32]),
        change(&|e| e.elements.swap(0, 1)),
        change(&|e| e.elements.truncate(2)),
        change(&|e| e.elements.push(e.elements[0])),
        change(&|e| e.elements.clear()),
    ] {
        assert!(!case.accepts(&changed), "{changed:?}");
    }
}
