//! Two rosters of one version: every node keeps its first, hears of both, and only what names both brings them together.

use std::collections::BTreeSet;

use crypto::{Digest, Seed, SigningKey, cbor};
use domain::Oin;
use protocol::roster::{RosterName, RosterRequest, RosterResponse};
use protocol::{Collection, Command, Conversation, Notice, Reply};
use roster::{Governors, RosterContent, RosterError, SignedRoster, VerifiedRoster};
use testkit::{Fate, Founding, Simulation};

const NOTICE: u32 = 600;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn governor(number: u8) -> SigningKey {
    SigningKey::from_seed(&Seed::from_bytes([number; 32]))
}

/// Five members with clocks that were compared, of whom 4 and 5 hear nothing of the others.
fn parted(notice: u32) -> Simulation {
    let mut net = Simulation::new(Founding::uniform(5).with_rules(|rules| rules.notice_seconds = notice));
    net.settle();
    net.until(120, "clocks are compared", |net| {
        (1..=5).all(|member| net.status(oin(member)).clock.members == 4)
    });
    net.split(&BTreeSet::from([oin(4), oin(5)]));
    net
}

fn install(net: &mut Simulation, member: usize, version: &SignedRoster) -> Result<u32, RosterError> {
    match net.command(oin(member), Command::InstallRoster(Box::new(version.clone()))) {
        Reply::Roster(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

/// The version after `held` with what that one says, changed.
fn after(held: &VerifiedRoster, change: impl FnOnce(&mut RosterContent)) -> SignedRoster {
    deciding(held, &[], change)
}

/// The same, naming rosters between which it decides.
fn deciding(
    held: &VerifiedRoster,
    named: &[Digest],
    change: impl FnOnce(&mut RosterContent),
) -> SignedRoster {
    let mut content = RosterContent::from(held.document().clone());
    change(&mut content);
    Founding::version_resolving(held, content, named)
}

fn named(name: &'static str) -> impl FnOnce(&mut RosterContent) {
    move |content| content.name = name.to_owned()
}

fn unentitled(number: usize) -> impl FnOnce(&mut RosterContent) {
    move |content| {
        let member = content.members.iter_mut().find(|member| member.oin == oin(number)).unwrap();
        member.bsn_entitled = false;
    }
}

fn in_force(net: &Simulation, member: usize) -> Digest {
    net.roster(oin(member)).unwrap().digest()
}

fn all_in_force(net: &mut Simulation, digest: Digest, members: impl IntoIterator<Item = usize>) -> bool {
    members.into_iter().all(|member| in_force(net, member) == digest)
}

/// What members know of the conflict of a version: its rosters, and what decided.
fn known(net: &mut Simulation, member: usize, version: u32) -> Option<(BTreeSet<Digest>, Option<u32>)> {
    let conflicts = net.status(oin(member)).roster_conflicts;
    let conflict = conflicts.into_iter().find(|conflict| conflict.version == version)?;
    Some((conflict.held.into_iter().chain(conflict.others).collect(), conflict.resolved_by))
}

fn all_know(net: &mut Simulation, digests: &[Digest], decided: Option<u32>) -> bool {
    let digests: BTreeSet<Digest> = digests.iter().copied().collect();
    (1..=5).all(|member| known(net, member, 2) == Some((digests.clone(), decided)))
}

#[test]
fn two_halves_with_two_rosters_keep_theirs_know_of_both_and_come_together_by_one_that_names_both() {
    let mut net = parted(0);
    let genesis = net.founding().roster.clone();
    let (left, right) = (after(&genesis, named("left")), after(&genesis, named("right")));
    install(&mut net, 1, &left).unwrap();
    install(&mut net, 4, &right).unwrap();
    net.until(70, "each half has its own", |net| {
        all_in_force(net, left.digest(), 1..=3) && all_in_force(net, right.digest(), 4..=5)
    });
    // The right half goes on: it is further when they meet.
    let held = genesis.successor(&right).unwrap();
    let further = after(&held, named("further"));
    install(&mut net, 5, &further).unwrap();
    net.until(70, "further", |net| all_in_force(net, further.digest(), 4..=5));
    net.heal();
    let both = [left.digest(), right.digest()];
    net.until(200, "everybody knows", |net| all_know(net, &both, None));
    for member in 1..=5 {
        let told = Notice::RosterConflict { version: 2 };
        assert_eq!(net.notices(oin(member)).iter().filter(|notice| **notice == told).count(), 1);
        assert_eq!(net.disk(oin(member)).count(Collection::RosterConflict), 2);
    }
    net.restart(oin(2));
    net.restart(oin(5));
    net.seconds(130);
    assert!(all_know(&mut net, &both, None));
    assert!(all_in_force(&mut net, left.digest(), 1..=3) && all_in_force(&mut net, further.digest(), 4..=5));

    // A version that names only one of them, or none, brings nobody over.
    let held = genesis.successor(&left).unwrap();
    let other = Digest::from_bytes([7; 32]);
    for named in [vec![], vec![left.digest(), other], vec![right.digest(), other]] {
        let mut again = net_of(&net);
        install(&mut again, 1, &deciding(&held, &named, |content| content.name = "no".to_owned())).unwrap();
        again.seconds(130);
        assert!(all_in_force(&mut again, further.digest(), 4..=5), "{named:?}");
    }
    let decision = deciding(&held, &both, named("together"));
    install(&mut net, 1, &decision).unwrap();
    net.until(200, "all together", |net| all_in_force(net, decision.digest(), 1..=5));
    assert!(all_know(&mut net, &both, Some(3)));
    for member in 1..=5 {
        net.restart(oin(member));
        assert_eq!(in_force(&net, member), decision.digest(), "member {member} after a restart");
    }
    // The chain goes on for all.
    let held = held.successor(&decision).unwrap();
    let next = after(&held, named("next"));
    install(&mut net, 5, &next).unwrap();
    net.until(70, "the next one", |net| all_in_force(net, next.digest(), 1..=5));
    net.settle();
    assert!(all_know(&mut net, &both, Some(3)), "what was proven stays");
}

/// Another network that goes on from the same disks.
fn net_of(net: &Simulation) -> Simulation {
    let disks = (1..=5).map(|member| (oin(member), net.disk(oin(member)).clone())).collect();
    Simulation::continued(net.founding().clone(), disks, net.now())
}

#[test]
fn who_crosses_over_does_so_after_a_notice_where_something_opens_and_at_once_where_nothing_does() {
    let mut net = parted(NOTICE);
    let genesis = net.founding().roster.clone();
    let (left, right) = (after(&genesis, unentitled(1)), after(&genesis, unentitled(2)));
    install(&mut net, 1, &left).unwrap();
    install(&mut net, 4, &right).unwrap();
    net.until(70, "each half has its own", |net| {
        all_in_force(net, left.digest(), 1..=3) && all_in_force(net, right.digest(), 4..=5)
    });
    net.heal();
    let both = [left.digest(), right.digest()];
    net.until(200, "everybody knows", |net| all_know(net, &both, None));
    let held = genesis.successor(&left).unwrap();

    // What takes away what either side has is at once for all.
    let mut strict = net_of(&net);
    let decision = deciding(&held, &both, unentitled(2));
    install(&mut strict, 3, &decision).unwrap();
    strict.until(130, "at once", |net| all_in_force(net, decision.digest(), 1..=5));

    // What gives back to the right half what only the left one has is not.
    let decision = deciding(&held, &both, |_| {});
    install(&mut net, 3, &decision).unwrap();
    net.until(130, "at once where nothing opens", |net| all_in_force(net, decision.digest(), 1..=3));
    let due = |net: &mut Simulation, member: usize| {
        net.status(oin(member)).roster_crossing.map(|crossing| (crossing.roster.digest(), crossing.due))
    };
    net.until(130, "it waits", |net| (4..=5).all(|member| due(net, member).is_some()));
    assert!(all_in_force(&mut net, right.digest(), 4..=5));
    let promised = due(&mut net, 5).unwrap();
    assert_eq!(promised.0, decision.digest());
    net.seconds(100);
    net.restart(oin(5));
    net.until(130, "it waits again", |net| due(net, 5).is_some());
    assert_eq!(due(&mut net, 5), Some(promised), "known since then, not since the restart");
    let left_over = promised.1.since(net.now());
    net.seconds(left_over.saturating_sub(2));
    assert_eq!(in_force(&net, 5), right.digest());
    net.until(200, "crossed", |net| all_in_force(net, decision.digest(), 1..=5));
    assert!(net.now() >= promised.1);
    net.restart(oin(5));
    assert_eq!(in_force(&net, 5), decision.digest());
    assert!(net.disk(oin(5)).count(Collection::RosterDecision) <= 1);
}

#[test]
fn two_rosters_that_wait_are_a_conflict_too_and_what_takes_both_back_is_at_once() {
    let mut net = parted(NOTICE);
    let genesis = net.founding().roster.clone();
    let (left, right) = (after(&genesis, named("left")), after(&genesis, named("right")));
    install(&mut net, 1, &left).unwrap();
    install(&mut net, 4, &right).unwrap();
    net.until(70, "they wait", |net| {
        (1..=5).all(|member| net.status(oin(member)).rosters_waiting.len() == 1)
    });
    net.heal();
    let both = [left.digest(), right.digest()];
    net.until(200, "everybody knows", |net| all_know(net, &both, None));
    // Nobody named the rosters: the governors take both back.
    let held = genesis.successor(&right).unwrap();
    let back = deciding(&held, &both, |content| content.name = genesis.name().to_owned());
    install(&mut net, 5, &back).unwrap();
    net.until(200, "nothing waits", |net| {
        all_in_force(net, back.digest(), 1..=5)
            && (1..=5).all(|member| net.status(oin(member)).rosters_waiting.is_empty())
    });
    assert!(all_know(&mut net, &both, Some(3)));
    for member in 1..=5 {
        net.restart(oin(member));
        assert_eq!(in_force(&net, member), back.digest());
    }
}

#[test]
fn former_governors_who_sign_another_line_and_decide_for_it_are_told_of_and_not_followed() {
    let mut net = parted(0);
    net.heal();
    let genesis = net.founding().roster.clone();
    let handed_over = after(&genesis, |content| {
        content.governors = Governors { threshold: 1, keys: vec![governor(51).verifying_key()] };
    });
    install(&mut net, 1, &handed_over).unwrap();
    net.until(70, "handed over", |net| all_in_force(net, handed_over.digest(), 1..=5));
    let back = after(&genesis, named("ours again"));
    assert!(matches!(install(&mut net, 2, &back), Err(RosterError::Conflict { version: 2 })));
    let both = [handed_over.digest(), back.digest()];
    net.until(200, "everybody knows", |net| all_know(net, &both, None));
    let held = genesis.successor(&back).unwrap();
    let decision = deciding(&held, &both, |_| {});
    assert!(matches!(install(&mut net, 2, &decision), Err(RosterError::TooFewSignatures { .. })));
    // Nor from a member that answers as one that has the other line.
    let answers = [cbor::to_vec(&RosterResponse::Differs), next(&back), next(&decision)];
    let mut turn = 0;
    net.judge(move |message| {
        let about = message.conversation == Some(Conversation::Roster) && message.is_response;
        if !about || message.from != oin(3) || message.to != oin(1) {
            return Fate::Deliver;
        }
        turn += 1;
        Fate::Replace(answers[(turn - 1) % 3].clone())
    });
    for _ in 0..4 {
        net.restart(oin(1));
        net.seconds(65);
    }
    assert!(all_in_force(&mut net, handed_over.digest(), 1..=5));
    net.judge(|_| Fate::Deliver);
    // Those in office end it.
    let held = genesis.successor(&handed_over).unwrap();
    let content = RosterContent::from(held.document().clone());
    let end = SignedRoster::resolving(&held, content, &both, &[&governor(51)]);
    install(&mut net, 4, &end).unwrap();
    net.until(130, "ended", |net| all_know(net, &both, Some(3)));
}

fn next(version: &SignedRoster) -> Vec<u8> {
    cbor::to_vec(&RosterResponse::Next { wire: version.to_wire() })
}

#[test]
fn two_decisions_for_two_halves_are_a_conflict_until_one_names_them_as_well() {
    let mut net = parted(0);
    let genesis = net.founding().roster.clone();
    let (left, right) = (after(&genesis, named("left")), after(&genesis, named("right")));
    let both = [left.digest(), right.digest()];
    let lefts = deciding(&genesis.successor(&left).unwrap(), &both, |_| {});
    let rights = deciding(&genesis.successor(&right).unwrap(), &both, |_| {});
    for (member, version) in [(1, &left), (1, &lefts), (4, &right), (4, &rights)] {
        install(&mut net, member, version).unwrap();
    }
    net.until(70, "each half has decided", |net| {
        all_in_force(net, lefts.digest(), 1..=3) && all_in_force(net, rights.digest(), 4..=5)
    });
    net.heal();
    let decisions = BTreeSet::from([lefts.digest(), rights.digest()]);
    net.until(300, "everybody knows", |net| {
        (1..=5).all(|member| known(net, member, 3) == Some((decisions.clone(), None)))
    });
    assert!(all_in_force(&mut net, lefts.digest(), 1..=3) && all_in_force(&mut net, rights.digest(), 4..=5));
    let held = genesis.successor(&right).unwrap().successor(&rights).unwrap();
    let all: Vec<Digest> = both.into_iter().chain(decisions).collect();
    let last = deciding(&held, &all, named("at last"));
    install(&mut net, 5, &last).unwrap();
    net.until(300, "together", |net| all_in_force(net, last.digest(), 1..=5));
}

#[test]
fn what_a_member_says_of_conflicts_is_bounded_and_proven_or_nothing() {
    let mut net = parted(0);
    net.heal();
    let genesis = net.founding().roster.clone();
    let second = after(&genesis, named("second"));
    install(&mut net, 1, &second).unwrap();
    net.until(70, "taken", |net| all_in_force(net, second.digest(), 1..=5));
    // One that nobody signed, whoever shows it.
    let content =
        RosterContent { name: "other".to_owned(), ..RosterContent::from(genesis.document().clone()) };
    let unsigned = SignedRoster::next(&genesis, content, &[&governor(51)]);
    assert!(matches!(install(&mut net, 1, &unsigned), Err(RosterError::NotTheNext { held: 2, found: 2 })));
    let name = |number: u8| RosterName { version: 2, digest: Digest::from_bytes([number; 32]) };
    let ask = |count: u8| RosterRequest::After {
        version: 2,
        digest: second.digest(),
        conflicts: (0..count).map(name).collect(),
    };
    let shown = next(&unsigned);
    net.judge(move |message| {
        let about = message.conversation == Some(Conversation::Roster) && message.is_response;
        if about && message.from == oin(3) { Fate::Replace(shown.clone()) } else { Fate::Deliver }
    });
    net.ask_as(oin(3), oin(2), Conversation::Roster, cbor::to_vec(&ask(16)));
    net.seconds(2);
    let refused = net.status(oin(2)).refused;
    assert_eq!(refused.bad_signatures, 16, "asked for each, and none is what was named");
    net.ask_as(oin(3), oin(2), Conversation::Roster, cbor::to_vec(&ask(17)));
    assert_eq!(net.status(oin(2)).refused.malformed_frames, refused.malformed_frames + 1);
    assert!(net.status(oin(2)).roster_conflicts.is_empty());
    assert!(cbor::to_vec(&ask(16)).len() <= Conversation::Roster.max_request_bytes());
}
