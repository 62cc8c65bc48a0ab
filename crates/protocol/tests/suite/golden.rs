//! The frames and signed packages of every conversation, byte for byte.

use audit::{ConsistencyProof, TreeHash};
use crypto::{Document, SealingKey, Seed, Signed, TypeName, cbor, digest};
use domain::{CircleId, Epoch, KeyClass, NetworkId, Timestamp};
use index::{FeedId, ProofPlace};
use minicbor::bytes::ByteVec;
use protocol::Collection;
use protocol::ceremony::{
    AbandonmentDocument, CeremonyRequest, CeremonyResponse, ComplaintDocument, DisclosureDocument,
    EchoDocument, Part, Round1Document, Round2Document, SealedShare,
};
use protocol::evaluation::{EvaluationRefusal, EvaluationRequest, EvaluationResponse};
use protocol::feed::{FeedRequest, FeedResponse, NewerThan};
use protocol::roster::{RosterName, RosterRequest, RosterResponse};
use protocol::witness::{LogKind, LogName, Shown, WitnessRequest, WitnessResponse};
use testkit::{Founding, Simulation};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed<T: Document + Clone>(lines: &mut Vec<String>, document: T) {
    let signed = Signed::sign(document, &Founding::organisation_key(Founding::oin(1)));
    lines.push(format!("{} = {}", T::LABEL, hex(&signed.to_wire())));
}

#[test]
fn frames_and_packages_are_the_golden_ones() {
    let network = NetworkId::from_bytes([7; 32]);
    let (one, two) = (Founding::oin(1), Founding::oin(2));
    let ceremony = digest("ceremony", &[]);
    let mut lines = vec!["# Frames and packages. Regenerate with BLESS=1 cargo test -p protocol.".to_owned()];
    signed(
        &mut lines,
        Round1Document {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            package: vec![1, 2, 3],
            sealing_key: SealingKey::from_seed(&Seed::from_bytes([4; 32])).public(),
            attempt: 2,
            participants: vec![1, 2, 4],
        },
    );
    signed(
        &mut lines,
        Round2Document {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            shares: vec![
                SealedShare { recipient: 2, sealed: vec![4, 5, 6] },
                SealedShare { recipient: 4, sealed: vec![7] },
            ],
        },
    );
    signed(
        &mut lines,
        EchoDocument {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            transcript: digest("transcript", &[]),
        },
    );
    signed(
        &mut lines,
        ComplaintDocument {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            accused: 2,
            package: digest("package", &[]),
        },
    );
    signed(
        &mut lines,
        DisclosureDocument {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            recipient: 2,
            share: vec![7, 8, 9],
        },
    );
    signed(
        &mut lines,
        AbandonmentDocument {
            kind: TypeName::new(),
            network,
            signer: one,
            ceremony,
            index: 1,
            attempt: 2,
            missing: vec![3],
            lying: vec![4, 5],
            time: Timestamp(1_795_000_000),
        },
    );
    let feed = FeedId { publisher: one, circle: CircleId::from_bytes([1; 16]), epoch: Epoch(7) };
    let mut frame = |name: &str, bytes: Vec<u8>| lines.push(format!("{name} = {}", hex(&bytes)));
    let parts =
        vec![Part::Round1(vec![1]), Part::Round2(vec![2]), Part::Echo(vec![3]), Part::Complaint(vec![4])];
    frame("exchange", cbor::to_vec(&CeremonyRequest::Exchange { ceremony, parts }));
    let wanted = CeremonyRequest::KeySet { epoch: Epoch(7), class: KeyClass::Weak };
    frame("key set wanted", cbor::to_vec(&wanted));
    let parts = vec![Part::Disclosure(vec![5]), Part::KeySet(vec![6]), Part::Abandonment(vec![7])];
    frame("exchange answered", cbor::to_vec(&CeremonyResponse::Exchange { parts }));
    frame("key set", cbor::to_vec(&CeremonyResponse::KeySet { wire: vec![1, 2] }));
    frame("ceremony unknown", cbor::to_vec(&CeremonyResponse::Unknown));
    let (leaves, checkpoint): (Vec<ByteVec>, _) = (vec![vec![1, 2].into(), vec![3].into()], vec![4; 3]);
    let elements = vec![9; 32];
    let evaluate = EvaluationRequest::Evaluate {
        leaves: leaves.clone(),
        checkpoint: checkpoint.clone(),
        elements: elements.clone(),
    };
    frame("evaluation", cbor::to_vec(&evaluate));
    let show = EvaluationRequest::Show { leaves: leaves.clone(), checkpoint: checkpoint.clone() };
    frame("leaves shown", cbor::to_vec(&show));
    frame("leaves wanted", cbor::to_vec(&EvaluationRequest::Hear { from: 41 }));
    frame("evaluated", cbor::to_vec(&EvaluationResponse::Evaluated { elements, proof: [8; 64] }));
    frame("leaves held", cbor::to_vec(&EvaluationResponse::Holds { size: 43, leaves, checkpoint }));
    for reason in [
        EvaluationRefusal::UnknownKeySet,
        EvaluationRefusal::NotEntitled,
        EvaluationRefusal::Malformed,
        EvaluationRefusal::NoShare,
        EvaluationRefusal::Missing { from: 7 },
        EvaluationRefusal::NotCounted,
        EvaluationRefusal::OverQuota { again: Some(domain::Timestamp(1_800_000_000)) },
        EvaluationRefusal::OverQuota { again: None },
        EvaluationRefusal::TwoLogs,
        EvaluationRefusal::NoLogKey,
    ] {
        frame("evaluation refused", cbor::to_vec(&EvaluationResponse::Refused { reason }));
    }
    let newer = vec![NewerThan { publisher: two, epoch: feed.epoch, time: domain::Timestamp(5) }];
    frame("heads wanted", cbor::to_vec(&FeedRequest::Heads { circle: feed.circle, newer }));
    frame("headers wanted", cbor::to_vec(&FeedRequest::Headers { feed, after: 41, taken: 40 }));
    frame("bodies wanted", cbor::to_vec(&FeedRequest::Bodies { feed, digests: vec![digest("body", &[])] }));
    frame("newest wanted", cbor::to_vec(&FeedRequest::Newest { feed }));
    let after = Some(ProofPlace { publisher: two, circle: feed.circle });
    frame("proofs wanted", cbor::to_vec(&FeedRequest::Proofs { after: None }));
    frame("more proofs wanted", cbor::to_vec(&FeedRequest::Proofs { after }));
    frame("proof passed on", cbor::to_vec(&FeedRequest::Proof { proof: vec![1, 2].into() }));
    frame("proofs", cbor::to_vec(&FeedResponse::Proofs { proofs: vec![vec![1].into(), vec![2].into()] }));
    frame("heads", cbor::to_vec(&FeedResponse::Heads { heads: vec![vec![1].into(), vec![2].into()] }));
    frame("headers", cbor::to_vec(&FeedResponse::Headers { headers: vec![vec![1].into()] }));
    frame(
        "bodies",
        cbor::to_vec(&FeedResponse::Bodies { bodies: vec![vec![1, 2, 3].into(), vec![4].into()] }),
    );
    frame("feed unknown", cbor::to_vec(&FeedResponse::Unknown));
    let newest = FeedResponse::Newest { header: Some(vec![1].into()), head: Some(vec![2].into()) };
    frame("newest", cbor::to_vec(&newest));
    frame("nothing held", cbor::to_vec(&FeedResponse::Newest { header: None, head: None }));
    let name = |version| RosterName { version, digest: crypto::Digest::from_bytes([8; 32]) };
    let after = |conflicts| RosterRequest::After {
        version: 41,
        digest: crypto::Digest::from_bytes([7; 32]),
        conflicts,
    };
    frame("roster wanted", cbor::to_vec(&after(vec![])));
    frame(
        "roster wanted, and two that contradict each other",
        cbor::to_vec(&after(vec![name(40), name(41)])),
    );
    frame("one roster wanted", cbor::to_vec(&RosterRequest::Document(name(40))));
    frame("another roster held", cbor::to_vec(&RosterResponse::Differs));
    frame("roster", cbor::to_vec(&RosterResponse::Next { wire: vec![1, 2, 3] }));
    frame("roster unknown", cbor::to_vec(&RosterResponse::Unknown));
    let log = LogName { keeper: two, kind: LogKind::Main, generation: 1 };
    let shown = || Shown { log, note: vec![1, 2] };
    let proof = || ConsistencyProof::from_hashes(vec![TreeHash::from_bytes([6; 32])]).unwrap();
    frame("recall", cbor::to_vec(&WitnessRequest::Recall { log }));
    frame("show", cbor::to_vec(&WitnessRequest::Show { shown: shown(), proof: proof() }));
    frame("challenge", cbor::to_vec(&WitnessRequest::Challenge { log, challenge: vec![3] }));
    let evaluations = LogName { kind: LogKind::Evaluations, generation: 0, ..log };
    frame(
        "compare",
        cbor::to_vec(&WitnessRequest::Compare {
            shown: vec![shown(), Shown { log: evaluations, note: vec![] }],
        }),
    );
    frame("evidence", cbor::to_vec(&WitnessRequest::Evidence { log, proof: vec![4] }));
    frame("forks wanted", cbor::to_vec(&WitnessRequest::Forks { after: None }));
    frame("more forks wanted", cbor::to_vec(&WitnessRequest::Forks { after: Some(log) }));
    frame("cosigned", cbor::to_vec(&WitnessResponse::Cosigned { cosignature: vec![9; 72] }));
    frame("recalled", cbor::to_vec(&WitnessResponse::Recalled { note: Some(vec![1].into()) }));
    frame("nothing remembered", cbor::to_vec(&WitnessResponse::Recalled { note: None }));
    frame("forked", cbor::to_vec(&WitnessResponse::Forked { log, proof: vec![4] }));
    frame("consistent", cbor::to_vec(&WitnessResponse::Consistent { proof: proof() }));
    frame("nothing to say", cbor::to_vec(&WitnessResponse::Nothing));
    // A whole ceremony from fixed seeds: its key sets pin the transcript and everything it is made of.
    let mut net = Simulation::new(Founding::uniform(3));
    net.settle();
    let kept = net.disk(one).kept();
    for (.., wire) in kept.records.iter().filter(|(collection, ..)| *collection == Collection::KeySet) {
        frame("key set of a ceremony", wire.clone());
    }
    let text = lines.join("\n") + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/frames.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a format changed; if meant, run with BLESS=1");
}
