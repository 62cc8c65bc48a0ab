//! Evaluation by honest, lying, unwilling and absent keyholders.

use audit::KeySetName;
use crypto::cbor;
use domain::Role;
use protocol::evaluation::{EvaluationRequest, EvaluationResponse};
use protocol::{Command, Conversation, Notice};
use testkit::{Asker, Fate, Founding, Simulation, family, person};

fn mother() -> testkit::PersonBuilder {
    person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
}

#[test]
fn a_keyholder_with_a_failing_proof_is_named_and_another_takes_its_place() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let (liar, asker) = (Founding::oin(1), Founding::oin(4));
    net.judge(move |message| {
        if message.from == liar
            && let Ok(EvaluationResponse::Evaluated { elements, mut proof }) =
                cbor::from_slice(&message.frame)
        {
            proof[0] ^= 1;
            return Fate::Replace(cbor::to_vec(&EvaluationResponse::Evaluated { elements, proof }));
        }
        Fate::Deliver
    });
    for round in 0..3 {
        let signal = family(&format!("d{round}"), [mother().at("1234AB", &format!("{}", round + 20))]);
        net.command(asker, Command::Import(vec![signal]));
        net.settle();
    }
    let status = net.status(asker);
    assert_eq!(status.keys_waiting, 0);
    assert!(status.refused.failing_proofs > 0);
    assert!(net.notices(asker).contains(&Notice::FailingProof { keyholder: liar }));
}

#[test]
fn malformed_requests_are_refused_and_counted() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let key_set = {
        let kept = net.disk(Founding::oin(1)).kept();
        let wire =
            kept.records.iter().find(|(kind, ..)| *kind == protocol::Collection::KeySet).unwrap().2.clone();
        let section = net.founding().roster.keyholder_section();
        let held = crypto::SignedKeySet::parse(&wire).unwrap().verify(&section).unwrap();
        let (epoch, class) = (held.ceremony().epoch, held.ceremony().class);
        KeySetName { epoch, class, digest: held.digest() }
    };
    let network = net.founding().roster.network();
    let mut asker = Asker::new(network, Founding::oin(4), Founding::log_key(Founding::oin(4)));
    // What is told of the elements is not true of all of them, and is not what is wrong with any.
    let mut request = |elements: Vec<u8>| {
        let asked: Vec<[u8; 32]> = elements.as_chunks().0.to_vec();
        asker.count(key_set, if asked.is_empty() { &[[1; 32]] } else { &asked });
        match cbor::from_slice(&asker.frame(&asked)).unwrap() {
            EvaluationRequest::Evaluate { leaves, checkpoint, .. } => {
                cbor::to_vec(&EvaluationRequest::Evaluate { leaves, checkpoint, elements })
            }
            other => panic!("{other:?}"),
        }
    };
    let batch = crypto::BlindedBatch::new(&[b"input"], &crypto::Seed::from_bytes([0; 32]), &[1; 16]).unwrap();
    let element = batch.elements()[0];
    let malformed = [
        vec![],
        vec![0xff; 10],
        request(vec![]),
        request(vec![1; 31]),
        request([0; 32].repeat(16)),
        request([0xff; 32].repeat(16)),
        request([element.as_slice(), &[7]].concat()),
    ];
    let count = malformed.len() as u64;
    let before = net.status(Founding::oin(2)).refused.malformed_frames;
    for frame in malformed {
        net.inject(Founding::oin(4), Founding::oin(2), Conversation::Evaluation, frame);
    }
    assert_eq!(net.status(Founding::oin(2)).refused.malformed_frames, before + count);
}

#[test]
fn a_keyholder_that_stops_answering_is_replaced_and_used_again_later() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    net.disconnect(Founding::oin(1));
    net.command(Founding::oin(4), Command::Import(vec![family("d", [mother()])]));
    net.until(30, "evaluated by the other two", |net| net.status(Founding::oin(4)).keys_waiting == 0);
    net.reconnect(Founding::oin(1));
    net.disconnect(Founding::oin(2));
    let later = family("e", [mother().born("1990-01-02")]);
    net.command(Founding::oin(5), Command::Import(vec![later]));
    net.until(30, "evaluated by the first and the third", |net| {
        net.status(Founding::oin(5)).keys_waiting == 0
    });
}
