//! A keyholder that lost its shares and ceremonies signs nothing twice, and says what it cannot do.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crypto::{Signed, Unverified, cbor};
use domain::{Epoch, FamilyRef, KeyClass, Oin, Role};
use protocol::ceremony::{CeremonyRequest, CeremonyResponse, Part, Round1Document};
use protocol::{CeremonyProblem, Collection, Command, Conversation, KeyId, Notice, Reply};
use testkit::{Fate, Founding, Message, Simulation, family, person};

fn key(class: KeyClass) -> KeyId {
    KeyId { epoch: Epoch(1), class }
}

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

/// The parts that a message carries, with what puts other parts in their place.
fn parts(message: &Message) -> Vec<Part> {
    if message.conversation != Some(Conversation::Ceremony) {
        return Vec::new();
    }
    match (cbor::from_slice(&message.frame), cbor::from_slice(&message.frame)) {
        (Ok(CeremonyRequest::Exchange { parts, .. }), _) if !message.is_response => parts,
        (_, Ok(CeremonyResponse::Exchange { parts })) if message.is_response => parts,
        _ => Vec::new(),
    }
}

/// Digests of the round 1 packages that a member signed and sends itself.
fn own_packages(message: &Message, signer: Oin) -> Vec<crypto::Digest> {
    let key = Founding::organisation_key(signer).verifying_key();
    let packages = parts(message).into_iter().filter_map(|part| match part {
        Part::Round1(wire) => Some(wire),
        _ => None,
    });
    packages
        .filter_map(|wire| {
            let verified = Unverified::<Round1Document>::parse(&wire).ok()?.verify(&key).ok()?;
            (message.from == signer).then(|| Signed::digest(&verified))
        })
        .collect()
}

/// Watches which round 1 packages a member sends; `blocked` messages are lost.
fn watch(
    net: &mut Simulation,
    signer: Oin,
    mut blocked: impl FnMut(&Message) -> bool + 'static,
) -> Rc<RefCell<Vec<crypto::Digest>>> {
    let seen: Rc<RefCell<Vec<crypto::Digest>>> = Rc::default();
    let sent = Rc::clone(&seen);
    net.judge(move |message| {
        if blocked(message) {
            return Fate::Drop;
        }
        sent.borrow_mut().extend(own_packages(message, signer));
        Fate::Deliver
    });
    seen
}

/// What the status of the first keyholder says is wrong.
fn standing(net: &mut Simulation) -> Vec<CeremonyProblem> {
    net.status(oin(1)).ceremony_problems().cloned().collect()
}

fn problems(net: &Simulation, member: usize) -> Vec<CeremonyProblem> {
    let notices = net.notices(oin(member)).iter();
    notices
        .filter_map(|notice| match notice {
            Notice::Ceremony(problem) => Some(problem.clone()),
            _ => None,
        })
        .collect()
}

fn lies(net: &Simulation) -> usize {
    let all = (1..=3).flat_map(|member| problems(net, member));
    all.filter(|problem| matches!(problem, CeremonyProblem::Lying { .. })).count()
}

#[test]
fn a_keyholder_that_lost_its_share_uses_the_key_and_says_that_it_cannot_evaluate() {
    let mut net = Simulation::new(Founding::uniform(4));
    let mother = || {
        person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12").at("1234AB", "12")
    };
    net.command(oin(1), Command::Import(vec![family("a", [mother()])]));
    net.command(oin(4), Command::Import(vec![family("d", [mother()])]));
    net.settle();
    let seen = watch(&mut net, oin(1), |_| false);
    let backup = net.disk(oin(1)).restored(net.now());
    net.restart_from(oin(1), backup);
    net.until(60, "key sets again", |net| net.status(oin(1)).key_sets.len() == 2);
    net.settle();
    assert!(seen.borrow().is_empty(), "it signs no second package");
    let lost = KeyClass::ALL.map(|class| CeremonyProblem::ShareLost { key: key(class) });
    assert_eq!(standing(&mut net), lost);
    assert_eq!(problems(&net, 1), lost, "told once each");
    assert_eq!(net.disk(oin(1)).secret_names().count(), 0, "nothing is left of an attempt");
    // Its own families are evaluated by the two that are left.
    match net.command(oin(1), Command::Who(FamilyRef::new("a").unwrap())) {
        Reply::Who(Ok(answer)) => assert_eq!(answer.involved.len(), 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(lies(&net), 0);
    // Whoever asks it for an evaluation learns that it has no share, and counts it no more.
    for (reference, bsn) in [("e", "123456782"), ("f", "100000009"), ("g", "100000010")] {
        let other = person(Role::Parent).bsn(bsn);
        net.command(oin(4), Command::Import(vec![family(reference, [other])]));
        net.until(30, "evaluated by the others", |net| net.status(oin(4)).keys_waiting == 0);
    }
    assert_eq!(net.status(oin(4)).keyholders_reachable, 2);
    assert_eq!(net.status(oin(1)).keyholders_reachable, 2, "nor does it count itself");
    net.restart(oin(1));
    net.seconds(3);
    assert_eq!(standing(&mut net), lost, "and still after a restart");
    assert!(seen.borrow().is_empty());
}

#[test]
fn a_keyholder_restored_in_the_middle_of_a_ceremony_signs_no_second_package() {
    let mut net = Simulation::new(Founding::uniform(4));
    // The ceremony gets stuck before the end: nothing with an echo arrives until the keyholder is restored.
    let stuck = Rc::new(Cell::new(true));
    let is_stuck = Rc::clone(&stuck);
    let seen = watch(&mut net, oin(1), move |message| {
        is_stuck.get() && parts(message).iter().any(|part| matches!(part, Part::Echo(_)))
    });
    net.seconds(4);
    let before: std::collections::BTreeSet<_> = seen.borrow().iter().copied().collect();
    assert_eq!(before.len(), 2, "a package for each class");
    seen.borrow_mut().clear();
    let backup = net.disk(oin(1)).restored(net.now());
    stuck.set(false);
    net.restart_from(oin(1), backup);
    net.seconds(10);
    assert!(seen.borrow().is_empty(), "the others hold what it signed");
    let lost = KeyClass::ALL.map(|class| CeremonyProblem::Lost { key: key(class) });
    assert_eq!(standing(&mut net), lost);
    let waits = standing(&mut net).remove(0).to_string();
    assert!(waits.contains("signs no second package"), "{waits}");
    // It takes part in the next attempt, once the others gave that one up.
    net.until(40, "made in the next attempt", |net| net.status(oin(1)).key_sets.len() == 2);
    assert_eq!(lies(&net), 0, "silent is what it is, and no liar");
    assert!(matches!(problems(&net, 2).first(), Some(CeremonyProblem::Missing { .. })));
    assert!(seen.borrow().iter().all(|package| !before.contains(package)));
    assert_eq!(
        seen.borrow().iter().collect::<std::collections::BTreeSet<_>>().len(),
        2,
        "one for each class"
    );
    assert!(standing(&mut net).is_empty());
    let names: Vec<String> = net.disk(oin(1)).secret_names().map(str::to_owned).collect();
    assert!(names.iter().all(|name| name.contains("-2-")), "{names:?}");
}

#[test]
fn a_restored_keyholder_begins_only_when_every_other_has_told() {
    let mut net = Simulation::new(Founding::uniform(4));
    let seen = watch(&mut net, oin(1), |_| false);
    let fresh = net.disk(oin(1)).restored(net.now());
    net.restart_from(oin(1), fresh);
    net.disconnect(oin(3));
    net.seconds(40);
    assert!(seen.borrow().is_empty());
    let missing = |class| CeremonyProblem::Missing { key: key(class), keyholder: oin(3), what: "answer" };
    for class in KeyClass::ALL {
        assert!(standing(&mut net).contains(&missing(class)));
    }
    net.reconnect(oin(3));
    net.until(30, "the ceremony completes", |net| net.status(oin(1)).key_sets.len() == 2);
    assert!(standing(&mut net).is_empty());
    assert_eq!(lies(&net), 0);
}

#[test]
fn the_mark_of_a_restore_stays_as_long_as_a_ceremony_asks() {
    let mut net = Simulation::new(Founding::uniform(4));
    let seen = watch(&mut net, oin(1), |_| false);
    let fresh = net.disk(oin(1)).restored(net.now());
    net.restart_from(oin(1), fresh);
    net.disconnect(oin(3));
    net.until(30, "the feed goes on", |net| net.disk(oin(1)).count(Collection::Head) > 0);
    net.seconds(5);
    assert!(net.status(oin(1)).hearing.is_empty());
    assert_eq!(net.disk(oin(1)).count(Collection::Restored), 1, "keyholder 3 did not tell yet");
    net.restart(oin(1));
    net.disconnect(oin(3));
    net.seconds(40);
    assert!(seen.borrow().is_empty(), "also after another start every other keyholder is heard");
    net.reconnect(oin(3));
    net.until(30, "the ceremony completes", |net| net.status(oin(1)).key_sets.len() == 2);
    assert_eq!(net.disk(oin(1)).count(Collection::Restored), 0);
    assert_eq!(lies(&net), 0);
}

#[test]
fn packages_kept_back_or_made_up_do_not_pass_for_the_own_ones() {
    let mut net = Simulation::new(Founding::uniform(4));
    // Somebody hands the asking keyholder a package in its name that it never signed.
    net.judge(|message| {
        if message.from == oin(2) && message.to == oin(1) && message.is_response {
            let forged = Part::Round1(vec![0x82, 0x41, 0x00, 0x41, 0x00]);
            let answer: Result<CeremonyResponse, _> = cbor::from_slice(&message.frame);
            if let Ok(CeremonyResponse::Exchange { mut parts }) = answer {
                parts.push(forged);
                return Fate::Replace(cbor::to_vec(&CeremonyResponse::Exchange { parts }));
            }
        }
        Fate::Deliver
    });
    net.until(30, "the ceremony completes", |net| net.status(oin(4)).key_sets.len() == 2);
    assert_eq!(lies(&net), 0);
}
