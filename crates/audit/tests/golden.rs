//! The bytes of everything here that is hashed, signed or sealed, as text. A format change shows as a difference in
//! `golden/audit.txt`; `BLESS=1 cargo test -p audit --test golden` writes it anew. The values are the test vectors of the
//! protocol's specification.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use std::fmt::Write;
use std::path::Path;

use audit::evaluation::filling_input;
use audit::evidence::{EntryAtPlace, ShownLeaf};
use audit::{
    Challenge, Checkpoint, Commitment, Cosignature, Cosigner, Counters, CountingProof, EvaluationLeaf,
    ForkProof, InclusionProof, LeafHash, Origin, Period, PeriodClosed, Population, Sample, SignedCheckpoint,
};
use crypto::Seed;
use domain::{Epoch, KeyClass, Timestamp};
use support::{
    Log, NETWORK, Organisation, SEED, entry, hex, key, key_set, leaf, leaves, officer, oin, salt, sealed_seed,
};

#[derive(Default)]
struct Golden(String);

impl Golden {
    fn part(&mut self, title: &str) {
        writeln!(self.0, "\n# {title}").unwrap();
    }

    fn line(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        writeln!(self.0, "{name} = {}", hex(bytes)).unwrap();
    }
}

#[test]
fn formats_are_as_specified() {
    let mut golden = Golden::default();
    golden.0.push_str(
        "# Values in hexadecimal; \"seed X\" is the byte X thirty-two times. Network 07 (32 times).\n",
    );
    evaluation_log(&mut golden);
    openings(&mut golden);
    samples(&mut golden);
    evidence(&mut golden);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/audit.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &golden.0).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(golden.0, expected, "a format changed; if that is meant, run again with BLESS=1");
}

fn evaluation_log(golden: &mut Golden) {
    golden.part("Commitments: salt 02 (32 times), fields \"Jansen\" and \"2015-06-17\"; place 6 and the entry's leaf hash");
    let salt_of_two = audit::Salt::from_bytes([2; 32]);
    let details = Commitment::to_details(&salt_of_two, &[b"Jansen", b"2015-06-17"]);
    golden.line("commitment to details", details.as_bytes());
    golden.line("entry", entry(2));
    golden.line("entry leaf hash", LeafHash::of(&entry(2)).as_bytes());
    let cause = Commitment::to_cause(&salt_of_two, 6, LeafHash::of(&entry(2)));
    golden.line("commitment to cause", cause.as_bytes());
    golden.part("Filling: seed 05, request 06 (16 times), position 14, epoch 7");
    golden.line("filling input", filling_input(&NETWORK, Epoch(7), &Seed::from_bytes([5; 32]), &[6; 16], 14));
    golden.part("Leaves at places 0 to 2 under one key set of class zwak, epoch 7, 16 elements each");
    let mut counters = Counters::default();
    for place in 0..3 {
        let leaf = leaf(place, key_set(7, KeyClass::Weak), 16, 16 * (place + 1));
        golden.line(&format!("leaf {place}"), leaf.to_bytes());
        golden.line(&format!("leaf {place} hash"), leaf.hash().as_bytes());
        assert_eq!(EvaluationLeaf::from_bytes(&leaf.to_bytes()), Ok(leaf.clone()));
        counters.take(&leaf).unwrap();
    }
    golden.line("salt of leaf 2's cause", salt(2).reveal());
    golden.line("root of three leaves", counters.root().as_bytes());
}

fn openings(golden: &mut Golden) {
    golden.part("Seed 21 of 22 November 2026 (day 20779) of OIN 00000099000000000001, sealed to officers of seeds 31 and 32");
    let sealed = sealed_seed();
    golden.line("key of the privacy officer", officer(0x31).public().as_bytes());
    golden.line("key of the supervisor", officer(0x32).public().as_bytes());
    golden.line("sealed seed", sealed.to_bytes());
    golden.line("sealed seed digest", sealed.digest().as_bytes());
    golden.part("Opening of position 1 of leaf 2 of five, logs signed with the key of seed 01");
    let organisation = Organisation::of_leaves(5);
    let asked = &organisation.asked[2];
    golden.line("key of the logs", key(1).verifying_key().as_bytes());
    golden.line("opened leaf hash", asked.leaf.hash().as_bytes());
    golden.line("opened kind", asked.inputs[1].kind());
    golden.line("opened value", asked.inputs[1].reveal());
    golden.line("opened blinding scalar", *crypto::blind_scalar(&SEED, &asked.leaf.request, 1));
    golden.line("opened blinded element", asked.elements[1]);
    golden.line("root of the elements", asked.leaf.elements.as_bytes());
    let opening = organisation.open(2, 1, &SEED);
    golden.line("opening", opening.to_bytes().as_slice());
    opening.verify(NETWORK, &key(1).verifying_key()).unwrap();
    writeln!(golden.0, "\n# Its checkpoint").unwrap();
    golden.0.push_str(std::str::from_utf8(&organisation.checkpoint.to_bytes()).unwrap());
}

fn samples(golden: &mut Golden) {
    golden.part(
        "Period 202611 of those five leaves, closed and cosigned by OIN 00000099000000000002, key of seed 02",
    );
    let organisation = Organisation::of_leaves(5);
    let end = (5, organisation.log.tree.root());
    let mut closed = PeriodClosed::sign(NETWORK, oin(1), Period(202_611), end, &key(1)).unwrap();
    let witness = Cosigner::new(NETWORK, oin(2), key(2).verifying_key());
    let checkpoint = closed.checkpoint().checkpoint().clone();
    let cosignature = Cosignature::sign(&checkpoint, Timestamp(1_796_083_200), &key(2)).unwrap();
    closed.add(&witness, &cosignature).unwrap();
    golden.line("key of the witness", key(2).verifying_key().as_bytes());
    golden.0.push_str(std::str::from_utf8(&closed.checkpoint().to_bytes()).unwrap());
    let leaves = organisation.asked.iter().map(|asked| asked.leaf.clone());
    let population = Population::new(None, &[], leaves, &closed).unwrap();
    let sample = Sample::draw(&closed, &witness, &population, 6).unwrap();
    let drawn: Vec<String> =
        sample.drawn().map(|drawn| format!("{}/{}", drawn.place, drawn.position)).collect();
    writeln!(golden.0, "sample of six, place/position = {}", drawn.join(" ")).unwrap();
}

fn evidence(golden: &mut Golden) {
    golden.part("Two logs under one name: leaves 0 to 2 of above, and the same with another leaf 2, which counts as leaf 1 does");
    let one = leaves(3);
    let mut other = leaves(3);
    other[2] = leaf(2, key_set(7, KeyClass::Weak), 16, 32);
    let (one_log, other_log) =
        (Log::of(one.iter().map(EvaluationLeaf::hash)), Log::of(other.iter().map(EvaluationLeaf::hash)));
    let origin = Origin::evaluation_log(NETWORK, oin(1));
    let at = |log: &Log, size: usize| {
        let checkpoint = Checkpoint { origin: origin.clone(), size: size as u64, root: log.roots[size] };
        SignedCheckpoint::sign(checkpoint, &key(1)).unwrap()
    };
    let inclusion =
        |log: &Log, place| InclusionProof::make(place, log.tree.size(), log.hashes.as_slice()).unwrap();
    let (first, second) = (at(&one_log, 3), at(&other_log, 3));
    golden.line("fork, one size", ForkProof::of(&first, &second).unwrap().to_bytes());
    let entry =
        |log, leaf: &EvaluationLeaf| EntryAtPlace { entry: leaf.hash(), inclusion: inclusion(log, 2) };
    let (first, second) = ((&first, entry(&one_log, &one[2])), (&second, entry(&other_log, &other[2])));
    let proof = ForkProof::of_entries(2, first, second);
    proof.verify(&origin, &key(1).verifying_key()).unwrap();
    golden.line("fork, one place", proof.to_bytes());
    golden.line("challenge", Challenge::new(&at(&other_log, 2), &at(&other_log, 3)).to_bytes());
    let shown = |place: u8| {
        let leaf = other[usize::from(place)].clone();
        ShownLeaf::new(&at(&other_log, 3), leaf, inclusion(&other_log, place.into()))
    };
    let proof = CountingProof::of(shown(1), shown(2)).unwrap();
    proof.verify(&origin, &key(1).verifying_key()).unwrap();
    golden.line("counted twice", proof.to_bytes());
}
