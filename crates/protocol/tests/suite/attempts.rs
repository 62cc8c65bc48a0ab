//! Attempts at a key: given up, begun again without whoever stays away or lies, and never two keys of one.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::{Digest, KeySet, Signed, SignedKeySet, TypeName, Unverified, cbor};
use domain::{Epoch, KeyClass, Oin, Role};
use protocol::ceremony::{
    AbandonmentDocument, CeremonyRequest, CeremonyResponse, CeremonyState, KeyId, Part, Round1Document,
    Round2Document,
};
use protocol::{CeremonyProblem, Collection, Command, Conversation, Notice};
use roster::KeyholderRecord;
use testkit::{Dice, Fate, Founding, MemberPlan, Message, Simulation, family, person};

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

/// Members of whom the first `keyholders` hold keys.
fn network(members: usize, keyholders: u16, threshold: u16) -> Simulation {
    let members = vec![MemberPlan { sector: "jeugd", bsn_entitled: true }; members];
    Simulation::new(Founding::new(&members, keyholders, threshold, &[("jeugd", "jeugd")]))
}

/// The parts that a message carries.
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

/// The message with some of its parts, or others.
fn with_parts(message: &Message, change: impl FnOnce(&mut Vec<Part>)) -> Fate {
    let mut parts = parts(message);
    if parts.is_empty() {
        return Fate::Deliver;
    }
    change(&mut parts);
    if message.is_response {
        return Fate::Replace(cbor::to_vec(&CeremonyResponse::Exchange { parts }));
    }
    match cbor::from_slice(&message.frame) {
        Ok(CeremonyRequest::Exchange { ceremony, .. }) => {
            Fate::Replace(cbor::to_vec(&CeremonyRequest::Exchange { ceremony, parts }))
        }
        _ => Fate::Deliver,
    }
}

fn is_key_set(part: &Part) -> bool {
    matches!(part, Part::KeySet(_))
}

/// The key sets on a member's disk, verified.
fn on_disk(net: &Simulation, member: usize) -> Vec<KeySet> {
    let section = net.founding().roster.keyholder_section();
    let kept = net.disk(oin(member)).kept();
    let wires = kept.records.iter().filter(|(collection, ..)| *collection == Collection::KeySet);
    wires.filter_map(|(_, _, wire)| SignedKeySet::parse(wire).unwrap().verify(&section).ok()).collect()
}

/// The participants of the first key set on a member's disk, and its attempt.
fn made(net: &Simulation, member: usize) -> (u32, Vec<u16>) {
    let key_sets = on_disk(net, member);
    assert_eq!(key_sets.len(), 2, "member {member}");
    let first = key_sets.first().unwrap();
    (first.ceremony().attempt, first.indices().collect())
}

fn digest_at(net: &Simulation, member: usize) -> Digest {
    on_disk(net, member).first().unwrap().digest()
}

/// The attempts whose secrets a member's disk still holds.
fn attempts_with_secrets(net: &Simulation, member: usize) -> BTreeSet<u32> {
    let names = net.disk(oin(member)).secret_names();
    names.map(|name| name.split('-').nth(3).unwrap().parse().unwrap()).collect()
}

fn has_both(net: &mut Simulation, members: &[usize]) -> bool {
    members.iter().all(|member| net.status(oin(*member)).key_sets.len() == 2)
}

fn state(net: &mut Simulation, member: usize) -> CeremonyState {
    net.status(oin(member)).ceremonies.into_iter().next().unwrap()
}

fn told(net: &Simulation, member: usize) -> Vec<CeremonyProblem> {
    let notices = net.notices(oin(member)).iter();
    notices
        .filter_map(|notice| match notice {
            Notice::Ceremony(problem) => Some(problem.clone()),
            _ => None,
        })
        .collect()
}

fn is_evaluated(net: &mut Simulation, member: usize) {
    let mother = person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
    net.command(oin(member), Command::Import(vec![family("a", [mother])]));
    net.until(60, "evaluated", |net| net.status(oin(member)).keys_waiting == 0);
}

#[test]
fn an_absent_keyholder_is_named_and_the_others_make_the_key_without_it() {
    let mut net = network(6, 5, 3);
    net.disconnect(oin(5));
    net.until(60, "a second attempt", |net| has_both(net, &[1, 2, 3, 4, 6]));
    for member in [1, 2, 3, 4] {
        assert_eq!(made(&net, member), (2, vec![1, 2, 3, 4]));
        assert_eq!(attempts_with_secrets(&net, member), BTreeSet::from([2]), "nothing of the first is left");
        let missing = |class| CeremonyProblem::Missing {
            key: KeyId { epoch: Epoch(1), class },
            keyholder: oin(5),
            what: "round 1 package",
        };
        assert_eq!(told(&net, member), KeyClass::ALL.map(missing));
        assert!(net.status(oin(member)).ceremony_problems().next().is_none(), "and it is over");
    }
    is_evaluated(&mut net, 6);
    // It comes back: it uses the key, holds no share, and nothing is wrong with that.
    net.reconnect(oin(5));
    net.until(30, "the late one has it too", |net| has_both(net, &[5]));
    assert_eq!(made(&net, 5), (2, vec![1, 2, 3, 4]));
    assert_eq!(net.disk(oin(5)).secret_names().count(), 0);
    assert_eq!((state(&mut net, 5).share, state(&mut net, 5).attempt), (None, 2));
    is_evaluated(&mut net, 5);
    net.restart(oin(5));
    net.restart(oin(1));
    net.second();
    assert_eq!((state(&mut net, 5).share, state(&mut net, 1).share), (None, Some(1)));
}

#[test]
fn a_liar_is_left_out_of_the_next_attempt() {
    let mut net = network(5, 5, 3);
    net.judge(|message| {
        if message.from != oin(2) {
            return Fate::Deliver;
        }
        with_parts(message, |parts| {
            for part in parts {
                if let Part::Round1(wire) = part {
                    let mut document = Unverified::<Round1Document>::parse(wire).unwrap().claimed().clone();
                    if document.signer == oin(2) {
                        *document.package.last_mut().unwrap() ^= 1;
                        *wire = Signed::sign(document, &Founding::organisation_key(oin(2))).to_wire();
                    }
                }
            }
        })
    });
    net.until(60, "the honest ones", |net| has_both(net, &[1, 3, 4, 5]));
    assert_eq!(made(&net, 1), (2, vec![1, 3, 4, 5]));
    let lied = |problem: &CeremonyProblem| matches!(problem, CeremonyProblem::Lying { keyholder, .. } if *keyholder == oin(2));
    assert!(told(&net, 3).iter().any(lied));
}

/// Every signed package of round 2 that was ever on the wire, by session and dealer.
type Dealt = Rc<RefCell<BTreeMap<(Digest, u16), BTreeSet<Vec<u8>>>>>;

/// Lets messages pass as `fate` says. Notes the packages of round 2, and panics when a share is shown.
fn observe(net: &mut Simulation, mut fate: impl FnMut(&Message) -> Fate + 'static) -> Dealt {
    let dealt: Dealt = Rc::default();
    let seen = Rc::clone(&dealt);
    net.judge(move |message| {
        for part in parts(message) {
            assert!(!matches!(part, Part::Disclosure(_)), "{} shows a share", message.from);
            if let Part::Round2(wire) = part {
                let document = Unverified::<Round2Document>::parse(&wire).unwrap().claimed().clone();
                let place = (document.ceremony, document.index);
                seen.borrow_mut().entry(place).or_default().insert(wire);
            }
        }
        fate(message)
    });
    dealt
}

/// Takes a dealer's package out of a message.
fn without_package_of(dealer: usize, message: &Message) -> Fate {
    with_parts(message, |parts| {
        parts.retain(|part| match part {
            Part::Round2(wire) => {
                Unverified::<Round2Document>::parse(wire).unwrap().claimed().signer != oin(dealer)
            }
            _ => true,
        });
    })
}

#[test]
fn a_line_that_is_down_between_two_keyholders_ends_no_attempt() {
    for (keyholders, threshold) in [(3, 2), (5, 3)] {
        let mut net = network(6, keyholders, threshold);
        let apart = [oin(1), oin(2)];
        observe(&mut net, move |message| {
            let is_down = apart.contains(&message.from) && apart.contains(&message.to);
            if is_down { Fate::Drop } else { Fate::Deliver }
        });
        completes_at_once(&mut net, 25, keyholders);
        is_evaluated(&mut net, 6);
    }
}

#[test]
fn a_line_that_swallows_everything_between_two_keyholders_ends_no_attempt() {
    for (keyholders, threshold) in [(3, 2), (5, 3)] {
        let members = vec![MemberPlan { sector: "jeugd", bsn_entitled: true }; 6];
        let founding = Founding::new(&members, keyholders, threshold, &[("jeugd", "jeugd")]);
        let mut net = Simulation::new(founding.with_rules(|rules| rules.ceremony_deadline_seconds = 600));
        observe(&mut net, |_| Fate::Deliver);
        for (from, to) in [(1, 2), (2, 1)] {
            net.deafen(&BTreeSet::from([oin(from)]), &BTreeSet::from([oin(to)]));
        }
        completes_at_once(&mut net, 400, keyholders);
    }
}

/// The first attempt makes the key, and nobody is found missing.
fn completes_at_once(net: &mut Simulation, at_most: u64, keyholders: u16) {
    net.until(at_most, "the first attempt completes", |net| has_both(net, &[1, 2, 3, 4, 5, 6]));
    for member in 1..=6 {
        assert_eq!(made(net, member), (1, (1..=keyholders).collect()));
        assert!(told(net, member).is_empty(), "{:?}", told(net, member));
    }
}

#[test]
fn packages_come_over_several_lines_where_there_is_no_other_way() {
    let mut net = network(5, 5, 3);
    // Each speaks with its neighbours alone.
    observe(&mut net, |message| {
        let place = |member: Oin| (1..=5).position(|number| oin(number) == member).unwrap();
        if place(message.from).abs_diff(place(message.to)) > 1 { Fate::Drop } else { Fate::Deliver }
    });
    net.until(28, "the first attempt completes", |net| has_both(net, &[1, 2, 3, 4, 5]));
    assert_eq!(made(&net, 3), (1, vec![1, 2, 3, 4, 5]));
}

#[test]
fn a_dealer_that_gives_one_keyholder_nothing_changes_nothing() {
    for (keyholders, threshold) in [(3, 2), (5, 3)] {
        let mut net = network(5, keyholders, threshold);
        observe(&mut net, |message| {
            let is_kept_back = message.from == oin(1) && message.to == oin(2);
            if is_kept_back { without_package_of(1, message) } else { Fate::Deliver }
        });
        net.until(25, "the first attempt completes", |net| has_both(net, &[1, 2, 3]));
        assert_eq!(made(&net, 2), (1, (1..=keyholders).collect()));
        assert_eq!(state(&mut net, 2).share, Some(2));
    }
}

#[test]
fn a_dealer_that_leaves_somebody_out_is_named_and_the_next_attempt_is_without_it() {
    let mut net = network(5, 5, 3);
    net.judge(|message| {
        if message.from != oin(1) {
            return Fate::Deliver;
        }
        with_parts(message, |parts| {
            for part in parts {
                if let Part::Round2(wire) = part {
                    let mut document = Unverified::<Round2Document>::parse(wire).unwrap().claimed().clone();
                    if document.signer == oin(1) {
                        document.shares.retain(|share| share.recipient != 2);
                        *wire = Signed::sign(document, &Founding::organisation_key(oin(1))).to_wire();
                    }
                }
            }
        })
    });
    net.until(60, "the honest ones", |net| has_both(net, &[2, 3, 4, 5]));
    assert_eq!(made(&net, 2), (2, vec![2, 3, 4, 5]));
    for member in 2..=5 {
        let named: BTreeSet<Oin> = told(&net, member)
            .iter()
            .filter(|problem| matches!(problem, CeremonyProblem::Lying { .. }))
            .filter_map(CeremonyProblem::keyholder)
            .collect();
        assert_eq!(named, BTreeSet::from([oin(1)]), "{:?}", told(&net, member));
    }
}

#[test]
fn a_dealer_whose_share_does_not_open_cannot_have_its_recipient_left_out() {
    let mut net = network(5, 5, 3);
    net.judge(|message| {
        if message.from != oin(1) {
            return Fate::Deliver;
        }
        with_parts(message, |parts| {
            parts.retain(|part| !matches!(part, Part::Disclosure(_)));
            for part in parts {
                if let Part::Round2(wire) = part {
                    let mut document = Unverified::<Round2Document>::parse(wire).unwrap().claimed().clone();
                    if document.signer == oin(1)
                        && let Some(share) = document.shares.iter_mut().find(|share| share.recipient == 2)
                    {
                        *share.sealed.last_mut().unwrap() ^= 1;
                        *wire = Signed::sign(document, &Founding::organisation_key(oin(1))).to_wire();
                    }
                }
            }
        })
    });
    net.until(150, "a later attempt", |net| has_both(net, &[2, 3, 4, 5]));
    let (attempt, participants) = made(&net, 3);
    assert!(attempt > 1 && participants == [2, 3, 4, 5], "{attempt} {participants:?}");
}

#[test]
fn no_share_is_shown_because_the_network_and_others_keep_it_from_one_keyholder() {
    let mut net = network(5, 5, 3);
    // Two keyholders lie together with the network: nothing of round 2 gets to keyholder 3 until long after the deadline,
    // and what it says gets to nobody but them.
    let dealt = observe(&mut net, |message| {
        if message.to == oin(3) {
            return with_parts(message, |parts| parts.retain(|part| !matches!(part, Part::Round2(_))));
        }
        if message.from == oin(3) && message.to != oin(1) && message.to != oin(2) {
            return Fate::Late(20);
        }
        Fate::Deliver
    });
    net.seconds(100);
    assert!(!dealt.borrow().is_empty(), "sealed, they are everywhere");
    // And with the line up again there is a key after all.
    net.judge(|_| Fate::Deliver);
    net.until(120, "a key", |net| has_both(net, &[1, 2, 3, 4, 5]));
}

#[test]
fn a_dealer_says_the_same_after_each_restart_and_the_attempt_completes() {
    let mut net = network(5, 5, 3);
    let stuck = Rc::new(Cell::new(true));
    let is_stuck = Rc::clone(&stuck);
    // Keyholder 1 gives keyholder 2 nothing itself, and no echo arrives until everybody has restarted.
    let dealt = observe(&mut net, move |message| {
        if message.from == oin(1) && message.to == oin(2) {
            return without_package_of(1, message);
        }
        if is_stuck.get() {
            return with_parts(message, |parts| parts.retain(|part| !matches!(part, Part::Echo(_))));
        }
        Fate::Deliver
    });
    net.until(10, "dealt", |_| dealt.borrow().len() == 10);
    for member in 1..=5 {
        net.restart(oin(member));
        net.second();
    }
    stuck.set(false);
    net.until(15, "the first attempt completes", |net| has_both(net, &[1, 2, 3, 4, 5]));
    assert_eq!(made(&net, 2), (1, vec![1, 2, 3, 4, 5]));
    for (place, packages) in dealt.borrow().iter() {
        assert_eq!(packages.len(), 1, "{place:?}");
    }
}

#[test]
fn a_keyholder_that_speaks_at_the_last_moment_of_each_attempt_is_left_out() {
    let mut net = network(5, 5, 3);
    let speaks = Rc::new(Cell::new(false));
    let may_speak = Rc::clone(&speaks);
    // The others take a second for each message, so that what it says comes too late for an answer.
    net.judge(move |message| {
        if message.from != oin(1) {
            return if message.to == oin(1) { Fate::Deliver } else { Fate::Late(1) };
        }
        if may_speak.get() {
            return Fate::Deliver;
        }
        with_parts(message, |parts| parts.retain(|part| matches!(part, Part::Abandonment(_))))
    });
    for _ in 0..300 {
        net.second();
        let now = net.now();
        let deadline = state(&mut net, 2).deadline;
        speaks.set(deadline.is_none_or(|deadline| now.plus(2) >= deadline));
    }
    assert!(has_both(&mut net, &[2, 3, 4, 5]), "{:?}", state(&mut net, 2));
    let (attempt, participants) = made(&net, 2);
    assert!(attempt > 1 && participants == [2, 3, 4, 5], "{attempt} {participants:?}");
}

#[test]
fn a_clock_that_jumps_gives_no_attempt_up() {
    let mut net = network(5, 5, 3);
    let stuck = Rc::new(Cell::new(true));
    let is_stuck = Rc::clone(&stuck);
    net.judge(move |message| {
        if is_stuck.get() {
            return with_parts(message, |parts| parts.retain(|part| !matches!(part, Part::Echo(_))));
        }
        Fate::Deliver
    });
    net.seconds(5);
    for ahead in [3_600, 0, -3_600] {
        net.set_clock(oin(2), ahead);
        net.seconds(4);
        assert_eq!(net.disk(oin(2)).count(Collection::Abandonment), 0, "ahead by {ahead}");
        assert!(told(&net, 2).is_empty(), "{:?}", told(&net, 2));
    }
    stuck.set(false);
    net.until(10, "the first attempt completes", |net| has_both(net, &[1, 2, 3, 4, 5]));
    assert_eq!(made(&net, 2), (1, vec![1, 2, 3, 4, 5]));
}

#[test]
fn below_a_quorum_nothing_is_made_until_a_roster_leaves_the_absent_out() {
    let mut net = network(6, 5, 3);
    net.disconnect(oin(4));
    net.disconnect(oin(5));
    net.seconds(90);
    for member in [1, 2, 3] {
        assert!(net.status(oin(member)).key_sets.is_empty());
        assert_eq!(net.disk(oin(member)).secret_names().count(), 0, "given up, destroyed");
        let problems = state(&mut net, member).problems;
        let stuck = problems.iter().find_map(|problem| match problem {
            CeremonyProblem::TooFew { attempt, abandoned, quorum, .. } => {
                Some((*attempt, *abandoned, *quorum))
            }
            _ => None,
        });
        assert_eq!(stuck, Some((1, 3, 4)), "{problems:?}");
        let missing: BTreeSet<Oin> = problems.iter().filter_map(CeremonyProblem::keyholder).collect();
        assert_eq!(missing, BTreeSet::from([oin(4), oin(5)]));
    }
    let next = net.founding().next(&net.founding().roster.clone(), |content| {
        content.keyholders.retain(|held| held.index <= 3);
    });
    net.command(oin(6), Command::InstallRoster(Box::new(next)));
    net.until(40, "made among three", |net| has_both(net, &[1, 2, 3, 6]));
    let kept = net.disk(oin(6)).kept();
    let wire = &kept.records.iter().find(|(collection, ..)| *collection == Collection::KeySet).unwrap().2;
    let claimed = SignedKeySet::parse(wire).unwrap().claimed();
    assert_eq!((claimed.ceremony().attempt, claimed.participants().collect()), (1, vec![1, 2, 3]));
    assert!(net.status(oin(1)).ceremony_problems().next().is_none());
}

#[test]
fn keyholders_that_stop_at_any_write_of_giving_up_make_the_key_after_all() {
    for commits in 0..8 {
        let mut net = network(5, 5, 3);
        net.disconnect(oin(5));
        net.seconds(29);
        for member in [1, 2] {
            net.crash_after(oin(member), commits);
        }
        for _ in 0..20 {
            net.second();
            for member in [1, 2] {
                if net.is_down(oin(member)) {
                    net.restart(oin(member));
                    net.disconnect(oin(5));
                }
            }
        }
        net.crash_never();
        net.until(120, "made all the same", |net| has_both(net, &[1, 2, 3, 4]));
        for member in 1..=4 {
            let (attempt, _) = made(&net, member);
            assert!(attempt > 1 && attempts_with_secrets(&net, member).iter().all(|kept| *kept == attempt));
        }
    }
}

#[test]
fn everybody_restarts_between_two_attempts_and_within_the_second() {
    let mut net = network(5, 5, 3);
    net.disconnect(oin(3));
    let restart = |net: &mut Simulation| {
        for member in [1, 2, 4, 5] {
            net.restart(oin(member));
            net.disconnect(oin(3));
        }
    };
    net.until(40, "given up", |net| net.disk(oin(1)).count(Collection::Abandonment) >= 8);
    restart(&mut net);
    // The echoes of the second attempt are held up until everybody has restarted.
    let stuck = Rc::new(Cell::new(true));
    let is_stuck = Rc::clone(&stuck);
    net.judge(move |message| {
        let echoes = parts(message).iter().any(|part| matches!(part, Part::Echo(_)));
        if is_stuck.get() && echoes { Fate::Drop } else { Fate::Deliver }
    });
    net.until(30, "begun again", |net| attempts_with_secrets(net, 1) == BTreeSet::from([2]));
    net.seconds(3);
    restart(&mut net);
    assert_eq!(state(&mut net, 1).attempt, 2);
    stuck.set(false);
    net.until(30, "made", |net| has_both(net, &[1, 2, 4, 5]));
    assert_eq!(made(&net, 1), (2, vec![1, 2, 4, 5]));
}

#[test]
fn one_that_completed_alone_lets_go_of_a_key_that_nobody_can_use_and_joins_the_others() {
    let mut net = network(5, 5, 3);
    // Everybody signs; only keyholder 1 ever sees the signatures, and it cannot pass them on before the deadline.
    let apart = Rc::new(Cell::new(true));
    let is_apart = Rc::clone(&apart);
    net.judge(move |message| {
        if is_apart.get() && message.to != oin(1) {
            return with_parts(message, |parts| parts.retain(|part| !is_key_set(part)));
        }
        Fate::Deliver
    });
    net.until(20, "one completes", |net| has_both(net, &[1]));
    assert_eq!(made(&net, 1), (1, vec![1, 2, 3, 4, 5]));
    net.until(40, "the others give up", |net| attempts_with_secrets(net, 2).is_empty());
    apart.set(false);
    net.until(60, "all have one", |net| has_both(net, &[1, 2, 3, 4, 5]));
    for member in 1..=5 {
        assert_eq!(made(&net, member).0, 2, "the highest wins");
        assert!(attempts_with_secrets(&net, member).iter().all(|attempt| *attempt == 2));
    }
    let digests: BTreeSet<Digest> = (1..=5).map(|member| digest_at(&net, member)).collect();
    assert_eq!(digests.len(), 1);
}

#[test]
fn one_that_gave_up_alone_uses_the_key_of_the_others_without_a_share() {
    let mut net = network(5, 5, 3);
    let apart = Rc::new(Cell::new(true));
    let is_apart = Rc::clone(&apart);
    net.judge(move |message| {
        if is_apart.get() && message.to == oin(5) {
            return with_parts(message, |parts| parts.retain(|part| !is_key_set(part)));
        }
        Fate::Deliver
    });
    net.until(20, "the others complete", |net| has_both(net, &[1, 2, 3, 4]));
    net.until(40, "one gives up", |net| attempts_with_secrets(net, 5).is_empty());
    apart.set(false);
    net.until(20, "it takes the key over", |net| has_both(net, &[5]));
    net.seconds(60);
    for member in 1..=5 {
        assert_eq!(made(&net, member), (1, vec![1, 2, 3, 4, 5]), "nobody begins another attempt");
    }
    assert_eq!(state(&mut net, 5).share, None);
    is_evaluated(&mut net, 5);
}

#[test]
fn a_member_that_holds_the_key_of_a_lower_attempt_changes_to_the_higher() {
    let mut net = network(6, 5, 3);
    // Member 6 gets the first key from keyholder 1, which is the only one that completed it.
    let apart = Rc::new(Cell::new(true));
    let is_apart = Rc::clone(&apart);
    net.judge(move |message| {
        if is_apart.get() && message.to != oin(1) && message.to != oin(6) {
            return with_parts(message, |parts| parts.retain(|part| !is_key_set(part)));
        }
        Fate::Deliver
    });
    net.until(20, "they have the first", |net| has_both(net, &[1, 6]));
    assert_eq!(made(&net, 6).0, 1);
    net.until(40, "the others give up", |net| attempts_with_secrets(net, 2).is_empty());
    apart.set(false);
    net.until(150, "the second everywhere", |net| {
        (1..=6).all(|member| on_disk(net, member).iter().all(|made| made.ceremony().attempt == 2))
            && has_both(net, &[1, 2, 3, 4, 5, 6])
    });
    is_evaluated(&mut net, 6);
}

/// An abandonment of the first attempt at a key, signed by a keyholder whose node knows nothing of it.
fn forsaken(net: &Simulation, member: usize, class: KeyClass, missing: Vec<u16>) -> Vec<u8> {
    let roster = &net.founding().roster;
    let (network, section) = (roster.network(), roster.keyholder_section().digest());
    let id = crypto::CeremonyId { network, section, epoch: Epoch(1), class, attempt: 1 };
    let document = AbandonmentDocument {
        kind: TypeName::new(),
        network,
        signer: oin(member),
        ceremony: id.digest(),
        index: u16::try_from(member).unwrap(),
        attempt: 1,
        missing,
        lying: Vec::new(),
        time: net.now(),
    };
    let wire = Signed::sign(document, &Founding::organisation_key(oin(member))).to_wire();
    cbor::to_vec(&CeremonyRequest::Exchange { ceremony: id.digest(), parts: vec![Part::Abandonment(wire)] })
}

fn involved(net: &mut Simulation, member: usize, reference: &str) -> usize {
    match net.command(oin(member), Command::Who(domain::FamilyRef::new(reference).unwrap())) {
        protocol::Reply::Who(Ok(answer)) => answer.involved.len(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_evaluated_under_a_key_that_is_replaced_is_evaluated_and_published_again() {
    let mut net = network(6, 5, 3);
    let mother = || person(Role::Parent).bsn("111222333").name("Anna", "Zonneveld").born("1987-05-12");
    let apart = Rc::new(Cell::new(true));
    let is_apart = Rc::clone(&apart);
    net.judge(move |message| {
        if is_apart.get() && [oin(4), oin(5)].contains(&message.to) {
            return with_parts(message, |parts| parts.retain(|part| !is_key_set(part)));
        }
        Fate::Deliver
    });
    net.command(oin(1), Command::Import(vec![family("a", [mother()])]));
    net.command(oin(6), Command::Import(vec![family("f", [mother()])]));
    net.until(30, "matched under the first key", |net| involved(net, 6, "f") == 1);
    let first = digest_at(&net, 6);
    net.until(60, "two gave it up", |net| {
        attempts_with_secrets(net, 4).is_empty() && attempts_with_secrets(net, 5).is_empty()
    });
    net.seconds(30);
    assert_eq!(made(&net, 1).0, 1, "three of five are enough to use it");
    // A third signs that it gave up: the two that are left cannot use the key.
    for class in KeyClass::ALL {
        let frame = forsaken(&net, 3, class, Vec::new());
        net.inject(oin(3), oin(1), Conversation::Ceremony, frame);
    }
    apart.set(false);
    net.until(150, "another key everywhere", |net| {
        (1..=6).all(|member| on_disk(net, member).iter().all(|made| made.ceremony().attempt == 2))
            && has_both(net, &[1, 2, 3, 4, 5, 6])
    });
    net.settle();
    assert_ne!(digest_at(&net, 6), first);
    assert_eq!((involved(&mut net, 6, "f"), involved(&mut net, 1, "a")), (1, 1));
    net.restart(oin(6));
    net.settle();
    assert_eq!(involved(&mut net, 6, "f"), 1);
    assert_eq!(net.status(oin(6)).keys_evaluated, 0, "what is on disk is of the key in hand");
}

#[test]
fn a_keyholder_that_signs_a_key_set_and_its_abandonment_neither_stops_nor_splits_anything() {
    let mut net = network(5, 5, 3);
    // Its own node knows nothing of the abandonment and goes on.
    net.judge(|message| {
        if message.to == oin(5) {
            return with_parts(message, |parts| parts.retain(|part| !matches!(part, Part::Abandonment(_))));
        }
        Fate::Deliver
    });
    for class in KeyClass::ALL {
        let frame = forsaken(&net, 5, class, vec![1, 2, 3]);
        for member in 1..=4 {
            net.inject(oin(5), oin(member), Conversation::Ceremony, frame.clone());
        }
    }
    net.until(20, "made at once", |net| has_both(net, &[1, 2, 3, 4, 5]));
    assert_eq!(net.disk(oin(1)).count(Collection::Abandonment), 2, "heard and kept");
    net.seconds(60);
    for member in 1..=4 {
        assert_eq!(made(&net, member), (1, vec![1, 2, 3, 4, 5]));
        assert_eq!(state(&mut net, member).share, Some(u16::try_from(member).unwrap()));
    }
}

#[test]
fn the_same_keyholders_named_again_do_not_begin_again_what_they_had_begun() {
    let mut net = network(5, 5, 3);
    // Nobody gets to the end.
    net.judge(|message| with_parts(message, |parts| parts.retain(|part| !matches!(part, Part::Echo(_)))));
    net.seconds(5);
    let genesis = net.founding().roster.clone();
    let second = net.founding().next(&genesis, |content| {
        content.keyholders.retain(|held: &KeyholderRecord| held.index != 5);
    });
    net.command(oin(1), Command::InstallRoster(Box::new(second.clone())));
    net.seconds(5);
    assert_eq!(state(&mut net, 1).keyholders.len(), 4);
    let third = net.founding().next(&genesis.successor(&second).unwrap(), |_| {});
    net.command(oin(1), Command::InstallRoster(Box::new(third)));
    net.judge(|_| Fate::Deliver);
    net.until(60, "made among all", |net| has_both(net, &[1, 2, 3, 4, 5]));
    assert_eq!(made(&net, 1), (2, vec![1, 2, 3, 4, 5]));
}

#[test]
fn a_key_of_the_next_epoch_that_is_not_made_by_the_middle_of_its_preparation_is_told_everywhere() {
    let mut net = Simulation::new(Founding::uniform(4));
    net.settle();
    net.disconnect(oin(3));
    let roster = net.founding().roster.clone();
    let next = Epoch(roster.epoch_at(net.now()).0 + 1);
    let (from, until) = (roster.preparation_of(next), roster.start_of(next));
    net.jump(from.plus(until.since(from) / 2).since(net.now()) - 20);
    net.seconds(10);
    let late = |class| CeremonyProblem::Late { key: KeyId { epoch: next, class } };
    assert!(!told(&net, 4).contains(&late(KeyClass::Bsn)));
    net.seconds(20);
    for (member, class) in [1, 4].into_iter().flat_map(|member| KeyClass::ALL.map(|class| (member, class))) {
        assert!(told(&net, member).contains(&late(class)), "member {member}: {:?}", told(&net, member));
        assert!(net.status(oin(member)).ceremony_problems().any(|problem| *problem == late(class)));
    }
    net.reconnect(oin(3));
    net.until(60, "made after all", |net| net.status(oin(4)).ceremony_problems().next().is_none());
}

/// What every complete key set that was ever seen on the wire or on a disk was of.
type Seen = Rc<RefCell<BTreeMap<(Digest, Epoch, KeyClass, u32), BTreeSet<Digest>>>>;

fn note(seen: &Seen, section: &crypto::KeyholderSection, wire: &[u8]) {
    if let Ok(signed) = SignedKeySet::parse(wire)
        && let Ok(made) = signed.verify(section)
    {
        let id = made.ceremony();
        let place = (id.section, id.epoch, id.class, id.attempt);
        seen.borrow_mut().entry(place).or_default().insert(made.digest());
    }
}

/// A network of five keyholders, one of them worse than absent, through cuts, crashes and losses: safety at every
/// moment, and one key for all once the network holds.
fn torment(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut net = network(6, 5, 3);
    let faulty = 1 + usize::try_from(dice.below(5)).unwrap();
    let seen: Seen = Rc::default();
    let section = net.founding().roster.keyholder_section();
    let wire = Rc::new(Cell::new((0_u64, 0_u64)));
    let (recorded, quality) = (Rc::clone(&seen), Rc::clone(&wire));
    let mut losses = Dice::new(seed ^ 0x5eed);
    net.judge(move |message| {
        for part in parts(message) {
            if let Part::KeySet(wire) = part {
                note(&recorded, &section, &wire);
            }
        }
        let (lost, late) = quality.get();
        if losses.percent(lost) {
            return Fate::Drop;
        }
        if losses.percent(late) {
            return Fate::Late(1 + losses.below(5));
        }
        // The faulty one holds parts back, some from some.
        if message.from == oin(faulty) && losses.percent(lost) {
            return with_parts(message, |parts| parts.retain(|_| losses.percent(60)));
        }
        Fate::Deliver
    });
    let mut earlier = net.disk(oin(faulty)).clone();
    for _ in 0..30 {
        let member = 1 + usize::try_from(dice.below(5)).unwrap();
        match dice.below(10) {
            0 | 1 => net.disconnect(oin(member)),
            2 | 3 => net.reconnect(oin(member)),
            4 => net.crash_after(oin(member), usize::try_from(dice.below(6)).unwrap()),
            5 => wire.set((dice.below(60), dice.below(40))),
            6 => earlier = net.disk(oin(faulty)).clone(),
            // Its disk is set back without a word: it signs again what it signed, and otherwise.
            7 => net.restart_from(oin(faulty), earlier.clone()),
            _ => net.seconds(dice.below(20)),
        }
        net.second();
        for member in 1..=6 {
            if net.is_down(oin(member)) {
                net.restart(oin(member));
            }
        }
    }
    net.crash_never();
    wire.set((0, 0));
    for member in 1..=6 {
        if net.is_down(oin(member)) {
            net.restart(oin(member));
        }
        net.reconnect(oin(member));
    }
    let honest: Vec<usize> = (1..=6).filter(|member| *member != faulty).collect();
    net.until(400, "one key for everybody", |net| {
        let held: Vec<BTreeSet<Digest>> =
            honest.iter().map(|member| on_disk(net, *member).iter().map(KeySet::digest).collect()).collect();
        held.first().is_some_and(|first| first.len() == 2 && held.iter().all(|others| others == first))
    });
    for (place, digests) in seen.borrow().iter() {
        assert_eq!(digests.len(), 1, "two key sets of one attempt: {place:?}");
    }
    for member in honest {
        let attempts: BTreeMap<KeyClass, u32> = on_disk(&net, member)
            .iter()
            .map(|made| (made.ceremony().class, made.ceremony().attempt))
            .collect();
        for name in net.disk(oin(member)).secret_names() {
            let of = |class: &KeyClass| name.contains(&format!("-{class}-"));
            let (_, attempt) = attempts.iter().find(|(class, _)| of(class)).unwrap();
            assert!(
                name.starts_with("share-") && name.contains(&format!("-{attempt}-")),
                "{name} at {member}"
            );
        }
    }
}

#[test]
fn no_attempt_yields_two_keys_and_all_end_with_one_whatever_happens() {
    let runs = std::env::var("SAMENHANG_CEREMONIES").ok().and_then(|runs| runs.parse().ok()).unwrap_or(8);
    for seed in 0..runs {
        torment(seed);
    }
}
