//! Key ceremonies: complete ones, and each way in which a keyholder can spoil one.

use crypto::{Seed, Signed, SignedKeySet, SigningKey, Unverified, cbor};
use domain::{Epoch, KeyClass};
use protocol::ceremony::{
    CeremonyRequest, CeremonyResponse, EchoDocument, Part, Round1Document, Round2Document,
};
use protocol::{CeremonyProblem, Collection, Conversation, KeyId, Notice};
use testkit::{Fate, Founding, Message, Simulation};

fn key(class: KeyClass) -> KeyId {
    KeyId { epoch: Epoch(1), class }
}

fn key_sets(net: &mut Simulation, member: usize) -> Vec<KeyClass> {
    net.status(Founding::oin(member)).key_sets
}

/// Rewrites the parts that member 1 sends, whether it asks or answers.
fn tamper(net: &mut Simulation, mut change: impl FnMut(&Message, &mut Vec<Part>) + 'static) {
    let liar = Founding::oin(1);
    net.judge(move |message| {
        if message.from != liar || message.conversation != Some(Conversation::Ceremony) {
            return Fate::Deliver;
        }
        if let Ok(CeremonyRequest::Exchange { ceremony, mut parts }) = cbor::from_slice(&message.frame) {
            change(message, &mut parts);
            return Fate::Replace(cbor::to_vec(&CeremonyRequest::Exchange { ceremony, parts }));
        }
        if let Ok(CeremonyResponse::Exchange { mut parts }) = cbor::from_slice(&message.frame) {
            change(message, &mut parts);
            return Fate::Replace(cbor::to_vec(&CeremonyResponse::Exchange { parts }));
        }
        Fate::Deliver
    });
}

fn liar_key() -> SigningKey {
    Founding::organisation_key(Founding::oin(1))
}

/// The problems that members 2 and 3 tell, each once.
fn told(net: &Simulation, member: usize) -> Vec<CeremonyProblem> {
    let notices = net.notices(Founding::oin(member)).iter();
    notices
        .filter_map(|notice| match notice {
            Notice::Ceremony(problem) => Some(problem.clone()),
            _ => None,
        })
        .collect()
}

fn names_liar(net: &Simulation, member: usize, because: &str) -> bool {
    told(net, member).iter().any(|problem| {
        matches!(problem, CeremonyProblem::Lying { keyholder, what, .. }
            if *keyholder == Founding::oin(1) && what.contains(because))
    })
}

#[test]
fn three_keyholders_make_both_key_sets_and_every_member_gets_them() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.until(20, "key sets everywhere", |net| (1..=5).all(|member| key_sets(net, member).len() == 2));
    for member in 1..=5 {
        let disk = net.disk(Founding::oin(member));
        assert_eq!(disk.count(Collection::KeySet), 2);
        let mut secrets: Vec<&str> = disk.secret_names().collect();
        secrets.sort_unstable();
        // Ceremony secrets are gone; shares stay with keyholders only.
        let expected: &[&str] = if member <= 3 { &["share-1-bsn-1-", "share-1-zwak-1-"] } else { &[] };
        assert_eq!(secrets.len(), expected.len(), "member {member}: {secrets:?}");
        assert!(secrets.iter().zip(expected).all(|(name, start)| name.starts_with(start)), "{secrets:?}");
    }
    let wires: Vec<Vec<u8>> = (1..=5)
        .map(|member| {
            let kept = net.disk(Founding::oin(member)).kept();
            let found = kept.records.iter().find(|(collection, ..)| *collection == Collection::KeySet);
            found.unwrap().2.clone()
        })
        .collect();
    assert!(wires.windows(2).all(|pair| pair[0] == pair[1]), "all hold the same key set");
    let section = net.founding().roster.keyholder_section();
    SignedKeySet::parse(&wires[0]).unwrap().verify(&section).unwrap();
}

#[test]
fn five_keyholders_with_lost_messages_and_restarts_still_agree() {
    let members = vec![testkit::MemberPlan { sector: "jeugd", bsn_entitled: true }; 5];
    let mut net = Simulation::new(Founding::new(&members, 5, 3, &[("jeugd", "jeugd")]));
    let mut count = 0_u32;
    net.judge(move |_| {
        count += 1;
        if count.is_multiple_of(3) { Fate::Drop } else { Fate::Deliver }
    });
    for member in 1..=5 {
        net.second();
        net.restart(Founding::oin(member));
    }
    net.until(120, "key sets everywhere", |net| (1..=5).all(|member| key_sets(net, member).len() == 2));
    for member in 1..=5 {
        assert!(told(&net, member).is_empty(), "nobody is accused: {:?}", told(&net, member));
    }
}

#[test]
fn a_missing_keyholder_is_named_after_the_deadline_and_nothing_is_made() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.disconnect(Founding::oin(1));
    net.seconds(29);
    assert!(told(&net, 2).is_empty(), "the deadline has not passed");
    net.seconds(3);
    for member in [2, 3] {
        let missing = |class| CeremonyProblem::Missing {
            key: key(class),
            keyholder: Founding::oin(1),
            what: "round 1 package",
        };
        assert_eq!(told(&net, member), [missing(KeyClass::Bsn), missing(KeyClass::Weak)]);
        assert!(key_sets(&mut net, member).is_empty());
    }
    // It comes after all: the ceremony completes.
    net.reconnect(Founding::oin(1));
    net.until(20, "key sets after all", |net| key_sets(net, 4).len() == 2);
    assert!(net.status(Founding::oin(2)).ceremony_problems().next().is_none());
}

#[test]
fn two_different_round_1_packages_name_their_signer() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |message, parts| {
        if message.to != Founding::oin(3) {
            return;
        }
        for part in parts {
            if let Part::Round1(wire) = part {
                let unverified = Unverified::<Round1Document>::parse(wire).unwrap();
                if unverified.claimed().signer == Founding::oin(1) {
                    let mut other = unverified.claimed().clone();
                    other.sealing_key = crypto::SealingKey::from_seed(&Seed::from_bytes([1; 32])).public();
                    *wire = Signed::sign(other, &liar_key()).to_wire();
                }
            }
        }
    });
    net.seconds(10);
    assert!(names_liar(&net, 2, "two different round 1 packages"), "{:?}", told(&net, 2));
    assert!(names_liar(&net, 3, "two different round 1 packages"), "{:?}", told(&net, 3));
    assert!(key_sets(&mut net, 2).is_empty());
}

#[test]
fn a_round_1_package_without_proof_of_knowledge_names_its_signer() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |_, parts| {
        for part in parts {
            if let Part::Round1(wire) = part {
                let mut document = Unverified::<Round1Document>::parse(wire).unwrap().claimed().clone();
                if document.signer == Founding::oin(1) {
                    *document.package.last_mut().unwrap() ^= 1;
                    *wire = Signed::sign(document, &liar_key()).to_wire();
                }
            }
        }
    });
    net.seconds(10);
    assert!(names_liar(&net, 2, "round 1 package"), "{:?}", told(&net, 2));
    assert!(key_sets(&mut net, 3).is_empty());
}

#[test]
fn a_dealer_that_answers_no_complaint_of_a_share_that_does_not_open_is_named() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |_, parts| {
        // Its own node knows nothing of what it deals here, so that its echo would give it away.
        parts.retain(|part| !matches!(part, Part::Disclosure(_) | Part::Echo(_)));
        for part in parts {
            if let Part::Round2(wire) = part {
                let mut document = Unverified::<Round2Document>::parse(wire).unwrap().claimed().clone();
                if document.signer == Founding::oin(1) {
                    *document.shares[0].sealed.last_mut().unwrap() ^= 1;
                    *wire = Signed::sign(document, &liar_key()).to_wire();
                }
            }
        }
    });
    net.seconds(35);
    // Keyholder 3 has its share; it hears from keyholder 2 what is wrong with the other one.
    for member in [2, 3] {
        let owes = |problem: &CeremonyProblem| {
            matches!(problem, CeremonyProblem::Missing { keyholder, what: "answer to a complaint", .. }
                if *keyholder == Founding::oin(1))
        };
        assert!(told(&net, member).iter().any(owes), "{:?}", told(&net, member));
    }
    let victim = told(&net, 3).into_iter().find(|problem| problem.keyholder() == Some(Founding::oin(2)));
    assert_eq!(victim, None, "it waits itself");
    assert!(key_sets(&mut net, 2).is_empty());
}

#[test]
fn a_share_that_is_neither_sent_nor_disclosed_names_its_dealer() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |_, parts| parts.retain(|part| !matches!(part, Part::Round2(_) | Part::Disclosure(_))));
    net.seconds(35);
    let missing = told(&net, 2).into_iter().any(|problem| {
        matches!(problem, CeremonyProblem::Missing { keyholder, what: "round 2 package", .. }
            if keyholder == Founding::oin(1))
    });
    assert!(missing, "{:?}", told(&net, 2));
    assert!(key_sets(&mut net, 2).is_empty());
}

#[test]
fn an_echo_of_other_packages_names_its_signer() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |_, parts| {
        for part in parts {
            if let Part::Echo(wire) = part {
                let mut document = Unverified::<EchoDocument>::parse(wire).unwrap().claimed().clone();
                document.transcript = crypto::digest("another transcript", &[]);
                *wire = Signed::sign(document, &liar_key()).to_wire();
            }
        }
    });
    net.seconds(10);
    assert!(names_liar(&net, 2, "echoed other packages"), "{:?}", told(&net, 2));
    assert!(key_sets(&mut net, 2).is_empty());
}

#[test]
fn a_key_set_that_does_not_follow_from_the_packages_names_its_signer() {
    let mut net = Simulation::new(Founding::uniform(3));
    tamper(&mut net, |_, parts| {
        for part in parts {
            if let Part::KeySet(wire) = part {
                let held = SignedKeySet::parse(wire).unwrap();
                let document = held.claimed();
                let shares: std::collections::BTreeMap<u16, [u8; 32]> =
                    document.participants().map(|index| (index, [9; 32])).collect();
                let other = crypto::KeySetDocument::new(
                    &document.ceremony(),
                    2,
                    &shares,
                    [9; 32],
                    document.transcript(),
                );
                let signature = other.sign(&liar_key());
                *wire = SignedKeySet::new(&other, vec![(1, signature)]).to_wire();
            }
        }
    });
    net.seconds(10);
    assert!(names_liar(&net, 2, "another key set"), "{:?}", told(&net, 2));
    assert!(key_sets(&mut net, 2).is_empty());
}

#[test]
fn parts_of_strangers_and_of_other_ceremonies_are_refused_and_counted() {
    let mut net = Simulation::new(Founding::uniform(4));
    let (member, keyholder) = (Founding::oin(4), Founding::oin(2));
    net.second();
    let before = net.status(keyholder).refused;
    let unknown = CeremonyRequest::Exchange { ceremony: crypto::digest("none", &[]), parts: vec![] };
    net.inject(member, keyholder, Conversation::Ceremony, cbor::to_vec(&unknown));
    net.inject(Founding::oin(1), keyholder, Conversation::Ceremony, vec![0xff; 40]);
    let after = net.status(keyholder).refused;
    assert_eq!(after.malformed_frames, before.malformed_frames + 1);
}

#[test]
fn a_keyholder_restarted_after_signing_gets_the_key_set_all_the_same() {
    let mut net = Simulation::new(Founding::uniform(3));
    let late = Founding::oin(1);
    // Its signature goes out; nobody else's reaches it.
    net.judge(move |message| {
        let brings_key_set = match cbor::from_slice::<CeremonyRequest>(&message.frame) {
            Ok(CeremonyRequest::Exchange { parts, .. }) => has_key_set(&parts),
            Ok(CeremonyRequest::KeySet { .. }) | Err(_) => matches!(
                cbor::from_slice::<CeremonyResponse>(&message.frame),
                Ok(CeremonyResponse::Exchange { parts }) if has_key_set(&parts)
            ),
        };
        if message.to == late && brings_key_set { Fate::Drop } else { Fate::Deliver }
    });
    net.until(30, "the others complete", |net| key_sets(net, 2).len() == 2 && key_sets(net, 3).len() == 2);
    assert!(key_sets(&mut net, 1).is_empty());
    net.restart(late);
    net.judge(|_| Fate::Deliver);
    net.until(30, "it completes as well", |net| key_sets(net, 1).len() == 2);
    // And its share works: with another keyholder away, evaluation needs it.
    net.disconnect(Founding::oin(2));
    let mother = testkit::person(domain::Role::Parent).bsn("111222333");
    net.command(Founding::oin(3), protocol::Command::Import(vec![testkit::family("f", [mother])]));
    net.until(30, "evaluated with its share", |net| net.status(Founding::oin(3)).keys_waiting == 0);
}

fn has_key_set(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::KeySet(_)))
}
