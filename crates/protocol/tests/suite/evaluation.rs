//! Evaluation by honest, lying, unwilling and absent keyholders.

use crypto::cbor;
use domain::Role;
use protocol::evaluation::{EvaluationRefusal, EvaluationRequest, EvaluationResponse};
use protocol::{Command, Conversation, Notice};
use testkit::{Fate, Founding, MemberPlan, Simulation, family, person};

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
fn the_class_bsn_is_for_entitled_members_only() {
    let plan = |bsn_entitled| MemberPlan { sector: "jeugd", bsn_entitled };
    let members = [plan(true), plan(true), plan(true), plan(false)];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("jeugd", "jeugd")]));
    net.settle();
    // The unentitled member asks for class bsn all the same, by replaying what an entitled one asked.
    let asked = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let (seen, answers) = (std::rc::Rc::clone(&asked), std::rc::Rc::new(std::cell::RefCell::new(Vec::new())));
    let answered = std::rc::Rc::clone(&answers);
    net.judge(move |message| {
        if message.conversation == Some(Conversation::Evaluation) {
            let list = if message.is_response { &answered } else { &seen };
            list.borrow_mut().push(message.frame.clone());
        }
        Fate::Deliver
    });
    net.command(Founding::oin(1), Command::Import(vec![family("a", [mother()])]));
    net.settle();
    let frames = asked.borrow().clone();
    assert!(!frames.is_empty());
    let before = net.status(Founding::oin(2)).refused.not_allowed;
    for frame in frames {
        net.inject(Founding::oin(4), Founding::oin(2), Conversation::Evaluation, frame);
    }
    assert_eq!(net.status(Founding::oin(2)).refused.not_allowed, before + 1, "one of the two classes is bsn");
}

#[test]
fn malformed_requests_are_refused_and_counted() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    let answers = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let key_set = {
        let kept = net.disk(Founding::oin(1)).kept();
        let wire =
            kept.records.iter().find(|(kind, ..)| *kind == protocol::Collection::KeySet).unwrap().2.clone();
        let section = net.founding().roster.keyholder_section();
        crypto::SignedKeySet::parse(&wire).unwrap().verify(&section).unwrap().digest()
    };
    let seen = std::rc::Rc::clone(&answers);
    net.judge(move |message| {
        seen.borrow_mut().push(message.frame.clone());
        Fate::Deliver
    });
    let request =
        |elements: Vec<u8>| cbor::to_vec(&EvaluationRequest { key_set, request_id: [0; 16], elements });
    let batch = crypto::BlindedBatch::new(&[b"input"], &crypto::Seed::from_bytes([0; 32]), &[1; 16]).unwrap();
    let element = batch.elements()[0];
    let malformed = [
        vec![],
        vec![0xff; 10],
        request(vec![]),
        request(vec![1; 31]),
        request(vec![0; 32]),
        request(vec![0xff; 32]),
        request(element.repeat(257)),
    ];
    let count = malformed.len() as u64;
    let before = net.status(Founding::oin(2)).refused.malformed_frames;
    for frame in malformed {
        net.inject(Founding::oin(4), Founding::oin(2), Conversation::Evaluation, frame);
    }
    assert_eq!(net.status(Founding::oin(2)).refused.malformed_frames, before + count);
    let _reason: EvaluationRefusal = EvaluationRefusal::Malformed;
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
