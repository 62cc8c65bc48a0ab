//! Keyholders that answer wrongly, each way that mathematics offers; and members that want more than they may.

use std::collections::BTreeSet;

use audit::{EvaluationLeaf, KeySetName};
use crypto::{Evaluation, KeyShare, Seed, cbor};
use domain::{Certainty, Epoch, FamilyRef, KeyClass, Oin};
use protocol::evaluation::{EvaluationRequest, EvaluationResponse};
use protocol::{Command, Conversation, Notice, Reply};
use testkit::{Fate, Founding, MemberPlan, Message, Simulation, family};

use super::{BSN, Tape, asker, feed, guess, import, key_set, mother, oin, prepared, tag, tags};

/// What a lying keyholder makes of a request, of its honest answer, and of answers that it gave before.
type Trick = fn(&[[u8; 32]], &Evaluation, &[Evaluation]) -> Evaluation;

/// A keyholder's answer with the scalar `secret` in place of its share, and a proof that fits that scalar.
fn with_scalar(secret: u8, elements: &[[u8; 32]]) -> Evaluation {
    let mut bytes = [0; 34];
    (bytes[1], bytes[2]) = (1, secret);
    KeyShare::from_secret_bytes(&bytes).unwrap().evaluate(elements, &Seed::from_bytes([6; 32])).unwrap()
}

const TRICKS: [(&str, Trick); 9] = [
    ("another share", |asked, _, _| with_scalar(5, asked)),
    ("key 1: the elements unchanged, and a proof of that", |asked, _, _| with_scalar(1, asked)),
    ("the elements unchanged, and the honest proof", |asked, honest, _| Evaluation {
        elements: asked.to_vec(),
        proof: honest.proof,
    }),
    ("the group's generator for every element", |asked, honest, _| Evaluation {
        elements: vec![GENERATOR; asked.len()],
        proof: honest.proof,
    }),
    ("the identity for every element", |asked, honest, _| Evaluation {
        elements: vec![[0; 32]; asked.len()],
        proof: honest.proof,
    }),
    ("elements permuted", |_, honest, _| {
        let mut elements = honest.elements.clone();
        elements.rotate_left(1);
        Evaluation { elements, proof: honest.proof }
    }),
    ("one element too few", |_, honest, _| Evaluation {
        elements: honest.elements[1..].to_vec(),
        proof: honest.proof,
    }),
    ("the proof of another batch", |_, honest, before| Evaluation {
        elements: honest.elements.clone(),
        proof: before[0].proof,
    }),
    ("the answer to another batch", |_, _, before| before[0].clone()),
];

/// The generator of ristretto255, as RFC 9496 writes it.
const GENERATOR: [u8; 32] = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58,
    0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];

/// The blinded elements of a request for evaluation.
fn elements_of(message: &Message) -> Option<Vec<u8>> {
    match cbor::from_slice(&message.frame).unwrap() {
        EvaluationRequest::Evaluate { elements, .. } => Some(elements),
        EvaluationRequest::Show { .. } | EvaluationRequest::Hear { .. } => None,
    }
}

/// Lets a keyholder answer every evaluation with a trick.
fn lie(net: &mut Simulation, liar: Oin, trick: Trick) {
    let mut asked: Vec<(Oin, Vec<u8>)> = Vec::new();
    let mut before: Vec<Evaluation> = Vec::new();
    net.judge(move |message: &Message| {
        if message.conversation != Some(Conversation::Evaluation) {
            return Fate::Deliver;
        }
        if message.to == liar && !message.is_response {
            asked.extend(elements_of(message).map(|elements| (message.from, elements)));
        } else if message.from == liar
            && let Ok(EvaluationResponse::Evaluated { elements, proof }) = cbor::from_slice(&message.frame)
        {
            let honest = Evaluation { elements: elements.as_chunks().0.to_vec(), proof };
            let place =
                asked.iter().position(|(from, asked)| *from == message.to && asked.len() == elements.len());
            let (_, asked) = asked.remove(place.unwrap());
            if before.is_empty() {
                // The first batch is answered honestly: what is repeated later was once right.
                before.push(honest);
                return Fate::Deliver;
            }
            let answer = trick(asked.as_chunks().0, &honest, &before);
            let (elements, proof) = (answer.elements.as_flattened().to_vec(), answer.proof);
            return Fate::Replace(cbor::to_vec(&EvaluationResponse::Evaluated { elements, proof }));
        }
        Fate::Deliver
    });
}

#[test]
fn no_wrong_answer_of_a_keyholder_passes_its_proof_or_changes_a_pseudonym() {
    for (what, trick) in TRICKS {
        let mut net = Simulation::new(Founding::uniform(5));
        net.settle();
        let liar = oin(1);
        lie(&mut net, liar, trick);
        import(&mut net, 5, "ggz");
        for round in 0..6 {
            let other = family(&format!("d{round}"), [mother().at("1234AB", &format!("{}", round + 20))]);
            net.command(oin(4), Command::Import(vec![other]));
            net.settle();
        }
        let named = Notice::FailingProof { keyholder: liar };
        let at_five = net.notices(oin(5)).contains(&named);
        assert!(at_five || net.notices(oin(4)).contains(&named), "{what}: nobody named it");
        let (four, five) = (net.status(oin(4)), net.status(oin(5)));
        assert_eq!((four.keys_waiting, five.keys_waiting), (0, 0), "{what}: another took its place");
        match net.command(oin(4), Command::Who(FamilyRef::new("d0").unwrap())) {
            Reply::Who(Ok(answer)) => {
                let found = answer.involved.iter().map(|found| (found.organisation, found.certainty));
                assert_eq!(found.collect::<Vec<_>>(), [(oin(5), Certainty::Certain)], "{what}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn too_many_liars_stop_evaluation_and_never_make_a_pseudonym() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    net.judge(|message: &Message| {
        let lies = [oin(1), oin(2)].contains(&message.from);
        match cbor::from_slice(&message.frame) {
            Ok(EvaluationResponse::Evaluated { elements, .. }) if lies => {
                let answer = with_scalar(1, elements.as_chunks().0);
                let elements = answer.elements.as_flattened().to_vec();
                Fate::Replace(cbor::to_vec(&EvaluationResponse::Evaluated { elements, proof: answer.proof }))
            }
            _ => Fate::Deliver,
        }
    });
    import(&mut net, 4, "school");
    net.seconds(30);
    let status = net.status(oin(4));
    assert!(status.keys_waiting > 0 && status.tags_published == 0, "nothing is published instead");
}

#[test]
fn whoever_is_not_entitled_gets_no_class_bsn_under_any_key_set_from_anybody() {
    let plan = |bsn_entitled| MemberPlan { sector: "jeugd", bsn_entitled };
    // Keyholder 1 is not entitled either: a share of its own gives it nothing.
    let members = [plan(false), plan(true), plan(true), plan(false), plan(true)];
    let mut net = Simulation::new(Founding::new(&members, 3, 2, &[("jeugd", "jeugd")]));
    let tape = Tape::record(&mut net);
    import(&mut net, 5, "ggz");
    net.settle();
    prepared(&mut net);
    let said = tape.take();
    let circle = net.founding().circle;
    for epoch in [Epoch(1), Epoch(2)] {
        let published = tags(&net, &feed(&net, 5, epoch));
        let [bsn, weak] = [KeyClass::Bsn, KeyClass::Weak].map(|class| key_set(&net, 5, epoch, class));
        for asker in [1, 4] {
            assert!(guess(&mut net, asker, &bsn, epoch, BSN).is_none(), "{asker} in {epoch}");
            // Under the key for weak keys a BSN becomes something else, which nobody publishes.
            let other = guess(&mut net, asker, &weak, epoch, BSN).unwrap();
            assert!(!published.contains(&tag(&other, 5, &circle)));
        }
        // Who is entitled gets it: so the guess is made as it should be.
        let right = guess(&mut net, 3, &bsn, epoch, BSN).unwrap();
        assert!(published.contains(&tag(&right, 5, &circle)));
    }
    // Nor by any other request that was ever made, with the key set of each epoch and class written into it.
    let sets: Vec<_> = [Epoch(1), Epoch(2)]
        .into_iter()
        .flat_map(|epoch| KeyClass::ALL.map(|class| (epoch, class)))
        .map(|(epoch, class)| KeySetName { epoch, class, digest: key_set(&net, 5, epoch, class).digest() })
        .collect();
    let requests: Vec<Vec<u8>> = said
        .iter()
        .filter(|message| !message.is_response && message.conversation == Some(Conversation::Evaluation))
        .filter_map(elements_of)
        .collect();
    assert!(!requests.is_empty());
    let mut asker = asker(&mut net, 4);
    let mut evaluated = BTreeSet::new();
    for elements in &requests {
        for name in &sets {
            let elements = elements.as_chunks().0;
            asker.count(*name, elements);
            for keyholder in 1..=3 {
                let tape = Tape::record(&mut net);
                net.ask_as(oin(4), oin(keyholder), Conversation::Evaluation, asker.frame(elements));
                let answers = tape.take();
                let answer = answers.iter().find(|message| message.is_response).unwrap();
                if let Ok(EvaluationResponse::Evaluated { .. }) = cbor::from_slice(&answer.frame) {
                    evaluated.insert(name.class);
                }
            }
        }
    }
    assert_eq!(evaluated, [KeyClass::Weak].into());
}

#[test]
fn a_keyholder_sees_no_element_twice_whoever_asks_for_the_same_family() {
    let mut net = Simulation::new(Founding::uniform(5));
    let tape = Tape::record(&mut net);
    // Four members register the same mother, one of them twice, and once more in the next epoch.
    for member in 2..=5 {
        import(&mut net, member, "a");
    }
    net.settle();
    net.command(oin(4), Command::Withdraw(vec![FamilyRef::new("a").unwrap()]));
    net.settle();
    import(&mut net, 4, "a");
    net.settle();
    prepared(&mut net);
    let mut seen: BTreeSet<([u8; 16], [u8; 32])> = BTreeSet::new();
    let mut elements: BTreeSet<[u8; 32]> = BTreeSet::new();
    for message in tape.take() {
        if message.conversation == Some(Conversation::Evaluation) && !message.is_response {
            let EvaluationRequest::Evaluate { leaves, elements: asked, .. } =
                cbor::from_slice(&message.frame).unwrap()
            else {
                continue;
            };
            let request = EvaluationLeaf::from_bytes(leaves.last().unwrap()).unwrap().request;
            let asked = asked.as_chunks::<32>().0;
            seen.extend(asked.iter().map(|element| (request, *element)));
            elements.extend(asked);
        }
    }
    assert!(elements.len() >= 4 * 5, "{}", elements.len());
    assert_eq!(seen.len(), elements.len(), "an element belongs to one request only");
}
