//! Oblivious evaluation and the key ceremony, against raw scalar multiplication.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use anyhow::{Context as _, Result};
use crypto::{
    BlindedBatch, CeremonyId, Digest, DkgOutcome, Evaluation, KeySet, KeySetDocument, KeyShare, Keyholder,
    KeyholderSection, MAX_BATCH, Seed, SignedKeySet, SigningKey, VerifiedEvaluation, dkg, oprf_input,
};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul as _;
use domain::{Epoch, KeyClass, NetworkId, Oin};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use super::measure::{self, Case, Name, Section};
use super::report::grouped;

/// Keyholders of the bench, as in a demonstration without a description of the network.
pub(super) const KEYHOLDERS: u16 = 3;

/// How many of them one evaluation needs.
pub(super) const THRESHOLD: u16 = 2;

/// The figure that the headline figure follows from.
pub(super) const EVALUATE: &str = "evaluate_and_prove";

/// Ceremonies in one round: one alone is over too soon to be measured well.
const CEREMONIES: usize = 10;

const NETWORK: NetworkId = NetworkId::from_bytes([0xbe; 32]);

/// One request with everything that its steps need from the steps before.
struct Request {
    id: [u8; 16],
    inputs: Vec<Zeroizing<Vec<u8>>>,
    batch: BlindedBatch,
    /// By the first share.
    evaluation: Evaluation,
    verified: Vec<VerifiedEvaluation>,
}

/// Measures every step of the evaluation of so many elements, and a keyholder's beside the multiplications in it.
pub(super) fn measure(elements: usize) -> Result<Vec<Section>> {
    let seed = Seed::from_bytes([0x5e; 32]);
    let outcomes = ceremony(&seed)?;
    let key_set = key_set(&outcomes)?;
    let shares: Vec<&KeyShare> = outcomes.values().map(|outcome| &outcome.share).collect();
    let share = shares.first().copied().context("the ceremony left nobody a share")?;
    let requests = requests(elements, &seed, &key_set, &shares)?;

    let points: Vec<RistrettoPoint> =
        (1_u64..).take(elements).map(|n| RistrettoPoint::mul_base(&Scalar::from(n))).collect();
    let scalar = Scalar::from_bytes_mod_order([0x77; 32]);
    let step = |id, words, work| Case { name: Name { id, words }, unit: "element", units: elements, work };
    let cases = vec![
        step(
            "scalar_multiplication",
            "scalar multiplication",
            Box::new(|| {
                for point in &points {
                    black_box(black_box(point) * black_box(scalar));
                }
                Ok(())
            }),
        ),
        step(
            "blind",
            "blind",
            Box::new(|| {
                for request in &requests {
                    black_box(BlindedBatch::new(&request.inputs, &seed, &request.id)?);
                }
                Ok(())
            }),
        ),
        step(
            EVALUATE,
            "keyholder: evaluate and prove",
            Box::new(|| {
                for request in &requests {
                    black_box(share.evaluate(request.batch.elements(), &seed)?);
                }
                Ok(())
            }),
        ),
        step(
            "verify",
            "verify the proof of one keyholder",
            Box::new(|| {
                for request in &requests {
                    black_box(request.batch.verify(&key_set, share.index(), &request.evaluation)?);
                }
                Ok(())
            }),
        ),
        step(
            "finish",
            "combine 2 of 3, unblind, finalize, K",
            Box::new(|| {
                for request in &requests {
                    black_box(request.batch.finish(&key_set, &request.verified)?);
                }
                Ok(())
            }),
        ),
        Case {
            name: Name { id: "key_ceremony", words: "key ceremony 2 of 3, all three together" },
            unit: "key",
            units: CEREMONIES,
            work: Box::new(|| {
                for n in (0..).take(CEREMONIES) {
                    black_box(ceremony(&seed.derive("bench ceremony", n))?);
                }
                Ok(())
            }),
        },
    ];
    let all = grouped(elements as f64);
    let batches = match requests.len() {
        1 => format!("one batch of {all}"),
        count => format!("{all} elements in {count} batches"),
    };
    let steps = measure::measure(format!("oblivious evaluation, {batches}"), cases)?;
    let weights: Vec<Scalar> = (0..elements as u64).map(weight).collect();
    let cases = vec![
        step(
            "keyholder_multiplications",
            "one multiplication, one term of a multiscalar one",
            Box::new(|| {
                for (points, weights) in points.chunks(MAX_BATCH).zip(weights.chunks(MAX_BATCH)) {
                    for point in points {
                        black_box(black_box(point) * black_box(scalar));
                    }
                    black_box(RistrettoPoint::vartime_multiscalar_mul(black_box(weights), points));
                }
                Ok(())
            }),
        ),
        step(
            "keyholder",
            "evaluate and prove",
            Box::new(|| {
                for request in &requests {
                    black_box(share.evaluate(request.batch.elements(), &seed)?);
                }
                Ok(())
            }),
        ),
    ];
    let keyholder = measure::measure("a keyholder beside its multiplications".to_owned(), cases)?;
    Ok(vec![steps, keyholder])
}

/// A scalar as long as those of a proof.
fn weight(number: u64) -> Scalar {
    let hash: [u8; 64] = Sha512::digest(number.to_be_bytes()).into();
    Scalar::from_bytes_mod_order_wide(&hash)
}

fn requests(elements: usize, seed: &Seed, key_set: &KeySet, shares: &[&KeyShare]) -> Result<Vec<Request>> {
    let inputs: Vec<Zeroizing<Vec<u8>>> = (0..elements)
        .map(|n| oprf_input(&NETWORK, Epoch(1), "naam-geboorte", format!("{n:048}").as_bytes()))
        .collect();
    let mut requests = Vec::new();
    for (inputs, n) in inputs.chunks(MAX_BATCH).zip(0_u128..) {
        let id = n.to_be_bytes();
        let batch = BlindedBatch::new(inputs, seed, &id)?;
        let answer = |share: &KeyShare| -> Result<(Evaluation, VerifiedEvaluation)> {
            let evaluation = share.evaluate(batch.elements(), seed)?;
            let verified = batch.verify(key_set, share.index(), &evaluation)?;
            Ok((evaluation, verified))
        };
        let answers = shares.iter().take(usize::from(THRESHOLD)).copied().map(answer);
        let (evaluations, verified): (Vec<_>, Vec<_>) =
            answers.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let evaluation = evaluations.into_iter().next().context("no keyholder answered")?;
        requests.push(Request { id, inputs: inputs.to_vec(), batch, evaluation, verified });
    }
    Ok(requests)
}

/// What the keyholders compute in a ceremony, without the network between them: each starts, checks the packages of
/// the others and deals, checks the shares and adds up.
pub(super) fn ceremony(seed: &Seed) -> Result<BTreeMap<u16, DkgOutcome>> {
    let participants: BTreeSet<u16> = (1..=KEYHOLDERS).collect();
    let mut packages = BTreeMap::new();
    let mut started = Vec::new();
    for index in &participants {
        let seed = seed.derive("bench keyholder", u64::from(*index));
        let (secret, package) = dkg::start(*index, &participants, THRESHOLD, &seed)?;
        packages.insert(*index, package);
        started.push(secret);
    }
    let received = |index: u16| -> BTreeMap<u16, Vec<u8>> {
        let others = packages.iter().filter(|(dealer, _)| **dealer != index);
        others.map(|(dealer, package)| (*dealer, package.clone())).collect()
    };
    let mut dealt: BTreeMap<u16, BTreeMap<u16, Zeroizing<Vec<u8>>>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for secret in started {
        let (next, shares) = secret.distribute(&received(secret.index()))?;
        for (recipient, share) in shares {
            dealt.entry(recipient).or_default().insert(secret.index(), share);
        }
        waiting.push(next);
    }
    let mut outcomes = BTreeMap::new();
    for secret in waiting {
        let shares = dealt.remove(&secret.index()).unwrap_or_default();
        outcomes.insert(secret.index(), secret.finish(&received(secret.index()), &shares)?);
    }
    Ok(outcomes)
}

/// The key set of a ceremony among keyholders of this bench alone.
fn key_set(outcomes: &BTreeMap<u16, DkgOutcome>) -> Result<KeySet> {
    let signing_key =
        |index: u16| SigningKey::from_seed(&Seed::from_bytes([0x51; 32]).derive("bench", u64::from(index)));
    let mut keyholders = Vec::new();
    for index in 1..=KEYHOLDERS {
        let oin = Oin::test_number(u64::from(index))?;
        keyholders.push(Keyholder { index, oin, key: signing_key(index).verifying_key() });
    }
    let section = KeyholderSection { network: NETWORK, threshold: THRESHOLD, keyholders };
    Ok(signed_key_set(outcomes, &section, (Epoch(1), KeyClass::Bsn), signing_key)?.verify(&section)?)
}

/// The key set of a ceremony, signed by all of its participants.
pub(super) fn signed_key_set(
    outcomes: &BTreeMap<u16, DkgOutcome>,
    section: &KeyholderSection,
    (epoch, class): (Epoch, KeyClass),
    signing_key: impl Fn(u16) -> SigningKey,
) -> Result<SignedKeySet> {
    let id = CeremonyId { network: section.network, section: section.digest(), epoch, class, attempt: 1 };
    let (_, outcome) = outcomes.first_key_value().context("the ceremony had no participants")?;
    let transcript = Digest::from_bytes([0; 32]);
    let document =
        KeySetDocument::new(&id, section.threshold, &outcome.verifying_shares, outcome.group_key, transcript);
    let signatures =
        document.participants().map(|index| (index, document.sign(&signing_key(index)))).collect();
    Ok(SignedKeySet::new(&document, signatures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_of_the_three_give_the_same_pseudonyms() {
        let seed = Seed::from_bytes([1; 32]);
        let outcomes = ceremony(&seed).unwrap();
        let key_set = key_set(&outcomes).unwrap();
        let shares: Vec<&KeyShare> = outcomes.values().map(|outcome| &outcome.share).collect();
        let finish = |shares: &[&KeyShare]| {
            let requests = requests(3, &seed, &key_set, shares).unwrap();
            requests[0].batch.finish(&key_set, &requests[0].verified).unwrap()
        };
        let first = finish(&shares[..2]);
        assert_eq!(first.len(), 3);
        assert_ne!(first[0], first[1]);
        assert_eq!(finish(&shares[1..]), first);
    }

    #[test]
    fn more_elements_than_a_batch_holds_are_divided() {
        let seed = Seed::from_bytes([1; 32]);
        let outcomes = ceremony(&seed).unwrap();
        let key_set = key_set(&outcomes).unwrap();
        let shares: Vec<&KeyShare> = outcomes.values().map(|outcome| &outcome.share).collect();
        let sizes: Vec<usize> = requests(MAX_BATCH + 1, &seed, &key_set, &shares)
            .unwrap()
            .iter()
            .map(|request| request.inputs.len())
            .collect();
        assert_eq!(sizes, [MAX_BATCH, 1]);
    }
}
