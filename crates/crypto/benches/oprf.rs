//! What the hot paths cost next to what they cannot do without: the OPRF's steps in batches of 1,000 against raw
//! scalar multiplication, tags against a raw keyed HMAC-SHA256. Baselines run in the same run. Run with
//! `cargo bench -p crypto`; times are per batch of 1,000, throughput is per element.

#![expect(clippy::unwrap_used, reason = "a panic stops the benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crypto::{
    BlindedBatch, Evaluation, KeySet, PseudonymKey, Seed, Tagger, VerifiedEvaluation, blind_scalar,
};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use domain::{CircleId, Oin};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use support::{Dealt, deal, section};
use voprf::{EvaluationElement, Proof, Ristretto255, VoprfClient};

const SIZE: usize = 1000;
const REQUEST: [u8; 16] = [4; 16];

struct Setting {
    seed: Seed,
    inputs: Vec<Vec<u8>>,
    dealt: Dealt,
    key_set: KeySet,
    batch: BlindedBatch,
    evaluation: Evaluation,
    verified: Vec<VerifiedEvaluation>,
}

fn setting() -> Setting {
    let seed = Seed::from_bytes([0x66; 32]);
    let inputs: Vec<Vec<u8>> =
        (0..SIZE).map(|i| format!("an input of the usual length, {i:060}").into_bytes()).collect();
    let dealt = deal(Scalar::from_bytes_mod_order([0x29; 32]), 5, 3, 1);
    let key_set = dealt.key_set(&section(5, 3), 1);
    let batch = BlindedBatch::new(&inputs, &seed, &REQUEST).unwrap();
    let evaluate = |index: u16| dealt.shares.get(&index).unwrap().evaluate(batch.elements(), &seed).unwrap();
    let verified = (1..=3).map(|index| batch.verify(&key_set, index, &evaluate(index)).unwrap()).collect();
    let evaluation = evaluate(1);
    Setting { seed, inputs, dealt, key_set, batch, evaluation, verified }
}

fn oprf(criterion: &mut Criterion) {
    let setting = setting();
    let share = setting.dealt.shares.get(&1).unwrap();
    let mut group = criterion.benchmark_group("oprf/1000");
    group.throughput(Throughput::Elements(SIZE as u64)).sample_size(10);
    let points: Vec<RistrettoPoint> =
        (1..=SIZE as u64).map(|i| RistrettoPoint::mul_base(&Scalar::from(i))).collect();
    let scalar = Scalar::from_bytes_mod_order([0x77; 32]);
    group.bench_function("baseline: scalar multiplication", |bench| {
        bench
            .iter(|| points.iter().map(|point| black_box(point) * black_box(scalar)).sum::<RistrettoPoint>());
    });
    group.bench_function("blind", |bench| {
        bench.iter(|| BlindedBatch::new(&setting.inputs, &setting.seed, &REQUEST).unwrap());
    });
    group.bench_function("evaluate and prove", |bench| {
        bench.iter(|| share.evaluate(setting.batch.elements(), &setting.seed).unwrap());
    });
    group.bench_function("verify one keyholder", |bench| {
        bench.iter(|| setting.batch.verify(&setting.key_set, 1, &setting.evaluation).unwrap());
    });
    let verify = verify_with_crate(&setting);
    group.bench_function("verify one keyholder with the voprf crate", |bench| bench.iter(&verify));
    group.bench_function("combine three and finalize", |bench| {
        bench.iter(|| setting.batch.finish(&setting.key_set, &setting.verified).unwrap());
    });
    group.finish();
}

/// The crate's verification, its parsing of elements included as in ours.
fn verify_with_crate(setting: &Setting) -> impl Fn() + '_ {
    let clients: Vec<VoprfClient<Ristretto255>> = (0_u32..)
        .zip(setting.batch.elements())
        .map(|(j, element)| {
            let blind = blind_scalar(&setting.seed, &REQUEST, j);
            VoprfClient::deserialize(&[*blind, *element].concat()).unwrap()
        })
        .collect();
    let public = CompressedRistretto(*setting.key_set.verifying_share(1).unwrap()).decompress().unwrap();
    move || {
        let messages: Vec<EvaluationElement<Ristretto255>> =
            setting.evaluation.elements.iter().map(|e| EvaluationElement::deserialize(e).unwrap()).collect();
        let proof = Proof::deserialize(&setting.evaluation.proof).unwrap();
        VoprfClient::batch_finalize(&setting.inputs, &clients, &messages, &proof, public).map(drop).unwrap();
    }
}

fn tags(criterion: &mut Criterion) {
    let oin = Oin::test_number(12).unwrap();
    let circle = CircleId::from_bytes([9; 16]);
    let taggers: Vec<Tagger> = (0..SIZE)
        .map(|i| Tagger::new(&PseudonymKey::from_bytes([u8::try_from(i % 251).unwrap(); 32])))
        .collect();
    let raw: Vec<Hmac<Sha256>> =
        (0..SIZE).map(|i| Hmac::new_from_slice(&[u8::try_from(i % 251).unwrap(); 32]).unwrap()).collect();
    let message = [0x5a; 52];
    let mut group = criterion.benchmark_group("tags/1000");
    group.throughput(Throughput::Elements(SIZE as u64));
    group.bench_function("baseline: keyed HMAC-SHA256", |bench| {
        bench.iter(|| {
            for mac in &raw {
                black_box(mac.clone().chain_update(black_box(message)).finalize());
            }
        });
    });
    group.bench_function("tag", |bench| {
        bench.iter(|| {
            for tagger in &taggers {
                black_box(tagger.tag(black_box(&oin), black_box(&circle)));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, oprf, tags);
criterion_main!(benches);
