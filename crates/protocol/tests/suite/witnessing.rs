//! Members watch each other's logs: what an honest keeper gets, and what one gets that shows two logs, takes entries back,
//! or was restored.

use std::collections::BTreeSet;

use audit::{
    Checkpoint, ConsistencyProof, Cosigner, Event, LeafHash, Origin, Root, SignedCheckpoint, Tree, TreeHash,
};
use crypto::{Digest, cbor};
use domain::{Oin, Role};
use protocol::witness::{
    COMPARED_PER_FRAME, HeldFork, LogKind, LogName, OwnLogStatus, Shown, WitnessRequest, WitnessResponse,
    WitnessStatus,
};
use protocol::{Collection, Command, Conversation, LogHead, Notice, Refused, Reply};
use roster::{Accountability, LogGeneration, OinBytes, Witnesses};
use testkit::{Dice, Fate, Founding, MemoryDisk, Simulation, family, person};

/// Keeps a log; nobody's witness.
const KEEPER: usize = 5;
const WITNESSES: [usize; 4] = [1, 2, 3, 4];
const NEEDED: usize = 3;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn founding() -> Founding {
    let members = WITNESSES.map(|witness| OinBytes(oin(witness))).to_vec();
    let witnesses = Witnesses { needed: NEEDED as u16, members };
    Founding::uniform(6).with_accountability(Accountability { witnesses, ..Accountability::default() })
}

fn network() -> Simulation {
    let mut net = Simulation::new(founding());
    net.settle();
    net
}

fn witnessing(net: &mut Simulation, member: usize) -> WitnessStatus {
    net.status(oin(member)).witnessing
}

fn own_log(net: &mut Simulation, member: usize) -> OwnLogStatus {
    let [own] = witnessing(net, member).own.try_into().unwrap();
    own
}

/// The head of a member's main log on its disk.
fn head(net: &Simulation, member: usize) -> LogHead {
    let disk = net.disk(oin(member));
    let value = disk.in_collection(Collection::LogHead).next().map(|(.., value)| value.to_vec());
    value.map_or_else(LogHead::default, |value| LogHead::from_bytes(&value).unwrap())
}

/// Lets a member log something.
fn log_something(net: &mut Simulation, member: usize) {
    let reply = net.try_command(oin(member), Command::Exporting(audit::Exported::Log));
    assert!(matches!(reply, None | Some(Reply::Logged)), "{reply:?}");
}

fn until_cosigned(net: &mut Simulation, member: usize, by: usize) {
    net.until(120, "everything logged is cosigned", |net| {
        let own = own_log(net, member);
        own.size == head(net, member).tree.size() && own.cosignatures >= by
    });
}

fn main_log(keeper: usize, generation: u32) -> LogName {
    LogName { keeper: oin(keeper), kind: LogKind::Main, generation }
}

/// A log that somebody makes up: its tree after each entry, and the hashes that are stored.
struct MadeUp {
    trees: Vec<Tree>,
    stored: Vec<TreeHash>,
}

impl MadeUp {
    fn of(entries: &[&str]) -> Self {
        let (mut tree, mut trees, mut stored) = (Tree::default(), vec![Tree::default()], Vec::new());
        for entry in entries {
            stored.extend(tree.append(LeafHash::of(entry.as_bytes())).unwrap());
            trees.push(tree.clone());
        }
        Self { trees, stored }
    }

    fn at(&self, size: usize) -> (u64, Root) {
        (self.trees[size].size(), self.trees[size].root())
    }

    fn proof(&self, earlier: u64, later: u64) -> ConsistencyProof {
        ConsistencyProof::make(earlier, later, self.stored.as_slice()).unwrap()
    }
}

/// A checkpoint as the keeper signs it, whatever its node does.
fn signed(net: &Simulation, log: LogName, (size, root): (u64, Root)) -> SignedCheckpoint {
    let origin = log.origin(net.founding().roster.network());
    SignedCheckpoint::sign(Checkpoint { origin, size, root }, &Founding::log_key(log.keeper)).unwrap()
}

fn show(net: &mut Simulation, witness: usize, log: LogName, at: (u64, Root), proof: ConsistencyProof) {
    let note = signed(net, log, at).to_bytes();
    let frame = cbor::to_vec(&WitnessRequest::Show { shown: Shown { log, note }, proof });
    net.inject(log.keeper, oin(witness), Conversation::Witness, frame);
}

/// What a witness has on disk of others' logs.
fn remembered(net: &Simulation, witness: usize) -> BTreeSet<Vec<u8>> {
    net.disk(oin(witness)).in_collection(Collection::Witnessed).map(|(.., value)| value.to_vec()).collect()
}

fn is_remembered(net: &Simulation, witness: usize, log: LogName, at: (u64, Root)) -> bool {
    let note = signed(net, log, at).to_bytes();
    remembered(net, witness).iter().any(|record| record.windows(note.len()).any(|part| part == note))
}

fn forks_of(net: &mut Simulation, member: usize, keeper: usize) -> Vec<HeldFork> {
    let forks = witnessing(net, member).forks.into_iter();
    forks.filter(|fork| fork.log.keeper == oin(keeper)).collect()
}

fn nobody_is_accused(net: &mut Simulation) {
    for member in 1..=6 {
        let WitnessStatus { forks, challenges, own, .. } = witnessing(net, member);
        assert!(forks.is_empty() && challenges.is_empty(), "at {member}: {forks:?} {challenges:?}");
        assert!(own.iter().all(|own| own.lost.is_none()), "at {member}: {own:?}");
        let accused = |notice: &Notice| {
            matches!(notice, Notice::LogForked { .. } | Notice::LogUnshown { .. } | Notice::LogLost { .. })
        };
        assert!(!net.notices(oin(member)).iter().any(accused), "at {member}");
    }
}

#[test]
fn what_everybody_logs_is_cosigned_by_its_witnesses_as_it_grows() {
    let mut net = network();
    for member in 1..=6 {
        // A witness does not witness itself.
        until_cosigned(&mut net, member, if member <= 4 { 3 } else { 4 });
    }
    let before = own_log(&mut net, KEEPER);
    assert_eq!((before.needed, before.witnesses, before.log), (3, 4, main_log(KEEPER, 0)));
    log_something(&mut net, KEEPER);
    until_cosigned(&mut net, KEEPER, 4);
    let after = own_log(&mut net, KEEPER);
    assert!(after.size > before.size);
    // The note that is kept says so to whoever has the roster, and nothing else is on disk than what status tells.
    let network = net.founding().roster.network();
    let key = Founding::log_key(oin(KEEPER)).verifying_key();
    let note = after.cosigned.unwrap();
    let note = SignedCheckpoint::verify(&note, &Origin::main_log(network, oin(KEEPER)), &key).unwrap();
    assert_eq!(note.checkpoint().root, head(&net, KEEPER).tree.root());
    for witness in WITNESSES {
        let key = Founding::cosignature_key(oin(witness)).verifying_key();
        assert!(note.cosignature_of(&Cosigner::new(network, oin(witness), key)).is_ok());
    }
    assert_eq!(net.disk(oin(KEEPER)).count(Collection::CosignedCheckpoint), 1);
    // Nobody but witnesses remembers, and those the newest of each of the others.
    assert_eq!(remembered(&net, 6).len(), 0);
    assert_eq!(remembered(&net, 1).len(), 5);
    nobody_is_accused(&mut net);
    for member in 1..=6 {
        assert_eq!(net.status(oin(member)).refused, Refused::default());
    }
}

#[test]
fn a_log_that_does_not_grow_is_shown_once() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    net.seconds(30);
    let shows = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = std::rc::Rc::clone(&shows);
    net.watch(move |message| {
        let is_show = message.conversation == Some(Conversation::Witness)
            && !message.is_response
            && matches!(
                cbor::from_slice::<WitnessRequest>(&message.frame),
                Ok(WitnessRequest::Show { .. } | WitnessRequest::Recall { .. })
            );
        counted.set(counted.get() + u32::from(is_show));
    });
    net.seconds(60);
    assert_eq!(shows.get(), 0);
    log_something(&mut net, KEEPER);
    net.seconds(10);
    assert_eq!(shows.get(), 4);
}

#[test]
fn a_keeper_that_shows_two_logs_to_two_witnesses_is_caught_when_they_hear_each_other() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    net.disconnect(oin(KEEPER));
    let own = head(&net, KEEPER).tree;
    // Both continue what the witnesses remember, each in its own way.
    let hashes: Vec<TreeHash> = {
        let kept = net.disk(oin(KEEPER)).in_collection(Collection::LogHashes);
        kept.flat_map(|(.., value)| protocol::LogHashes::from_bytes(value).unwrap().hashes).collect()
    };
    let continued = |entry: &str| {
        let (mut tree, mut stored) = (own.clone(), hashes.clone());
        stored.extend(tree.append(LeafHash::of(entry.as_bytes())).unwrap());
        let proof = ConsistencyProof::make(own.size(), tree.size(), stored.as_slice()).unwrap();
        ((tree.size(), tree.root()), proof)
    };
    let ((one, to_one), (other, to_other)) = (continued("asked for nobody"), continued("asked for Jansen"));
    let log = main_log(KEEPER, 0);
    show(&mut net, 1, log, one, to_one);
    show(&mut net, 2, log, other, to_other);
    assert!(is_remembered(&net, 1, log, one) && is_remembered(&net, 2, log, other));
    net.until(60, "all others hold the proof", |net| {
        [1, 2, 3, 4, 6].into_iter().all(|member| forks_of(net, member, KEEPER).len() == 1)
    });
    for member in [1, 2, 3, 4, 6] {
        let forked = Notice::LogForked { keeper: oin(KEEPER) };
        let told = net.notices(oin(member)).iter().filter(|notice| **notice == forked).count();
        assert_eq!(told, 1, "at {member}");
        let [fork] = forks_of(&mut net, member, KEEPER).try_into().unwrap();
        assert!(fork.is_open);
        // Whoever has the key of the log can check it.
        let proof = audit::ForkProof::from_bytes(&fork.proof).unwrap();
        let origin = log.origin(net.founding().roster.network());
        let key = Founding::log_key(oin(KEEPER)).verifying_key();
        assert_eq!(proof.verify(&origin, &key), Ok(audit::ForkKind::OneSize { size: one.0 }));
    }
    // It lasts, and nothing more of that log is cosigned, also not where only one of the two was seen.
    net.restart(oin(3));
    assert_eq!(forks_of(&mut net, 3, KEEPER).len(), 1);
    let before = remembered(&net, 3);
    let (third, to_third) = continued("asked for nobody");
    show(&mut net, 3, log, third, to_third);
    assert_eq!(remembered(&net, 3), before);
    // Keyholders evaluate nothing more for it.
    net.reconnect(oin(KEEPER));
    let signal = family("a", [person(Role::Parent).bsn("111222333")]);
    net.command(oin(KEEPER), Command::Import(vec![signal]));
    net.seconds(30);
    let status = net.status(oin(KEEPER));
    assert!(status.keys_waiting > 0 && !status.published, "{status:?}");
    assert!([1, 2, 3].into_iter().any(|keyholder| net.status(oin(keyholder)).refused.not_allowed > 0));
    // It hears of it as well.
    assert_eq!(forks_of(&mut net, KEEPER, KEEPER).len(), 1);
    // Nobody else is accused of anything.
    for member in 1..=6 {
        assert_eq!(witnessing(&mut net, member).forks.len(), 1);
    }
}

#[test]
fn a_proof_reaches_who_was_away_and_a_forged_one_changes_nothing() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = main_log(KEEPER, 0);
    let size = own_log(&mut net, KEEPER).size;
    net.disconnect(oin(6));
    // Two roots for one size, which the keeper's own log key signs; and the same signed by somebody else.
    let made_up = |text: &str| (size, MadeUp::of(&[text]).at(1).1);
    let forged = {
        let origin = log.origin(net.founding().roster.network());
        let sign = |(size, root)| {
            let checkpoint = Checkpoint { origin: origin.clone(), size, root };
            SignedCheckpoint::sign(checkpoint, &Founding::log_key(oin(2))).unwrap()
        };
        audit::ForkProof::of(&sign(made_up("a")), &sign(made_up("b"))).unwrap().to_bytes()
    };
    let evidence = |proof: Vec<u8>| cbor::to_vec(&WitnessRequest::Evidence { log, proof });
    net.inject(oin(2), oin(1), Conversation::Witness, evidence(forged));
    net.inject(oin(2), oin(1), Conversation::Witness, evidence(vec![1, 2, 3]));
    net.seconds(5);
    nobody_is_accused(&mut net);
    assert_eq!(net.status(oin(1)).refused.bad_signatures, 1);
    let real = {
        let (one, other) = (signed(&net, log, made_up("a")), signed(&net, log, made_up("b")));
        audit::ForkProof::of(&one, &other).unwrap().to_bytes()
    };
    net.inject(oin(2), oin(1), Conversation::Witness, evidence(real));
    net.seconds(5);
    assert_eq!(forks_of(&mut net, 4, KEEPER).len(), 1);
    assert_eq!(forks_of(&mut net, 6, KEEPER).len(), 0);
    net.reconnect(oin(6));
    net.until(30, "whoever was away asks", |net| forks_of(net, 6, KEEPER).len() == 1);
}

#[test]
fn a_keeper_that_takes_entries_back_and_goes_on_stands_challenged_until_it_shows_one_log() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = main_log(KEEPER, 0);
    let own = own_log(&mut net, KEEPER).size;
    // A log of another past, and longer: its keeper has no proof that it continues what was cosigned.
    let entries: Vec<String> = (0..own + 3).map(|number| format!("entry {number}")).collect();
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let other = MadeUp::of(&entries);
    let (truncated, goes_on) = (other.at(1), other.at(entries.len()));
    let before = remembered(&net, 1);
    let proof = other.proof(own, goes_on.0);
    show(&mut net, 1, log, goes_on, proof);
    assert_eq!(remembered(&net, 1), before, "nothing is cosigned");
    net.until(30, "the keeper was asked and did not show it", |net| witnessing(net, 1).challenges.len() == 1);
    let unshown = Notice::LogUnshown { keeper: oin(KEEPER), sizes: (own, goes_on.0) };
    assert!(net.notices(oin(1)).contains(&unshown));
    // It stands through a restart, and however often the keeper is asked again.
    net.restart(oin(1));
    net.seconds(40);
    let [challenge] = witnessing(&mut net, 1).challenges.try_into().unwrap();
    assert_eq!(challenge.sizes, (own, goes_on.0));
    // One that is shorter than what is remembered stands as well.
    show(&mut net, 2, log, truncated, ConsistencyProof::none());
    net.until(30, "the keeper did not show it", |net| witnessing(net, 2).challenges.len() == 1);
    assert_eq!(witnessing(&mut net, 2).challenges[0].sizes, (1, own));
    assert!(forks_of(&mut net, 1, KEEPER).is_empty(), "nothing is called proof that is none");
}

#[test]
fn an_honest_keeper_answers_challenges_and_none_stands() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    // Witnesses that see the log at different moments.
    for round in 0..6 {
        let away = 1 + round % 4;
        net.disconnect(oin(away));
        log_something(&mut net, KEEPER);
        net.seconds(15);
        net.reconnect(oin(away));
        log_something(&mut net, KEEPER);
        net.seconds(9);
    }
    until_cosigned(&mut net, KEEPER, 4);
    net.seconds(60);
    nobody_is_accused(&mut net);
}

#[test]
fn lost_messages_delay_cosignatures_and_accuse_nobody() {
    for seed in 0..4 {
        let mut net = network();
        let mut dice = Dice::new(seed);
        net.judge(move |message| {
            let is_hit = message.conversation == Some(Conversation::Witness) && dice.percent(40);
            let fates = [Fate::Drop, Fate::Silent(5), Fate::Twice, Fate::Behind(3)];
            fates.into_iter().nth(dice.pick(4)).filter(|_| is_hit).unwrap_or(Fate::Deliver)
        });
        for _ in 0..10 {
            log_something(&mut net, KEEPER);
            net.seconds(11);
        }
        net.judge(|_| Fate::Deliver);
        net.seconds(120);
        until_cosigned(&mut net, KEEPER, 4);
        net.seconds(60);
        for member in 1..=6 {
            // What nobody could answer for a while is answered now.
            let WitnessStatus { forks, challenges, own, .. } = witnessing(&mut net, member);
            assert!(forks.is_empty() && challenges.is_empty(), "at {member}: {forks:?} {challenges:?}");
            assert!(own.iter().all(|own| own.lost.is_none()), "at {member}: {own:?}");
            let accused =
                |notice: &Notice| matches!(notice, Notice::LogForked { .. } | Notice::LogLost { .. });
            assert!(!net.notices(oin(member)).iter().any(accused), "at {member}");
        }
    }
}

#[test]
fn whoever_stops_between_remembering_and_cosigning_goes_on_with_one_log() {
    for victim in [1, KEEPER] {
        for commits in 0..12 {
            let mut net = network();
            until_cosigned(&mut net, KEEPER, 4);
            net.crash_after(oin(victim), commits);
            for _ in 0..4 {
                log_something(&mut net, KEEPER);
                net.seconds(4);
            }
            net.crash_never();
            net.restart(oin(victim));
            log_something(&mut net, KEEPER);
            until_cosigned(&mut net, KEEPER, 4);
            net.seconds(30);
            nobody_is_accused(&mut net);
        }
    }
}

/// A network in which the keeper has logged more since a copy of its disk was made.
fn with_an_old_copy() -> (Simulation, MemoryDisk, u64) {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let (copy, size) = (net.disk(oin(KEEPER)).clone(), head(&net, KEEPER).tree.size());
    for _ in 0..3 {
        log_something(&mut net, KEEPER);
    }
    until_cosigned(&mut net, KEEPER, 4);
    (net, copy, size)
}

#[test]
fn a_keeper_that_lost_entries_signs_nothing_until_governors_let_its_log_go_on() {
    for is_restored in [true, false] {
        let (mut net, copy, had) = with_an_old_copy();
        let before = own_log(&mut net, KEEPER);
        let copy = if is_restored { copy.restored(net.now()) } else { copy };
        net.restart_from(oin(KEEPER), copy);
        // It logs on, beyond what was cosigned before, and signs none of it.
        for _ in 0..6 {
            log_something(&mut net, KEEPER);
        }
        net.seconds(60);
        // Also when it starts with more entries than it had lost.
        net.restart(oin(KEEPER));
        log_something(&mut net, KEEPER);
        net.seconds(60);
        let own = own_log(&mut net, KEEPER);
        assert_eq!(
            own.lost.map(|lost| (lost.from, lost.to)),
            Some((had, before.size)),
            "restored: {is_restored}"
        );
        assert!(head(&net, KEEPER).tree.size() > before.size);
        assert!(own.size <= had, "{own:?}");
        let lost = Notice::LogLost { from: had, to: before.size };
        assert!(net.notices(oin(KEEPER)).contains(&lost));
        for member in [1, 2, 3, 4, 6] {
            let status = witnessing(&mut net, member);
            assert!(status.forks.is_empty() && status.challenges.is_empty(), "a restore is not fraud");
        }
        // Governors approve, on the last checkpoint that was cosigned.
        let origin = main_log(KEEPER, 0).origin(net.founding().roster.network());
        let key = Founding::log_key(oin(KEEPER)).verifying_key();
        let last = SignedCheckpoint::verify(&before.cosigned.unwrap(), &origin, &key).unwrap();
        let approved = LogGeneration {
            member: OinBytes(oin(KEEPER)),
            generation: 1,
            size: last.checkpoint().size,
            root: Digest::from_bytes(*last.checkpoint().root.as_bytes()),
        };
        let told = own.lost.unwrap();
        assert_eq!((told.to, told.root), (last.checkpoint().size, last.checkpoint().root));
        let mut content = net.founding().content().clone();
        content.accountability.log_generations.push(approved);
        let next = Founding::version_after(net.roster(oin(1)).unwrap(), content);
        net.command(oin(1), Command::InstallRoster(Box::new(next)));
        net.until(60, "the log goes on", |net| {
            let own = own_log(net, KEEPER);
            own.log == main_log(KEEPER, 1) && own.cosignatures == 4
        });
        until_cosigned(&mut net, KEEPER, 4);
        let entries: Vec<audit::Entry> = net
            .disk(oin(KEEPER))
            .in_collection(Collection::LogEntry)
            .map(|(.., value)| audit::Entry::from_bytes(value).unwrap())
            .collect();
        let begun: Vec<&Event> = entries
            .iter()
            .map(|entry| &entry.event)
            .filter(|event| matches!(event, Event::LogGeneration { .. }))
            .collect();
        let (size, root) = (approved.size, approved.root);
        assert_eq!(begun, [&Event::LogGeneration { generation: 1, size, root }]);
        assert_eq!(head(&net, KEEPER).generation, 1);
        // It stays so after another start, and grows.
        net.restart(oin(KEEPER));
        log_something(&mut net, KEEPER);
        until_cosigned(&mut net, KEEPER, 4);
        let own = own_log(&mut net, KEEPER);
        assert_eq!((own.log, own.lost), (main_log(KEEPER, 1), None));
        for member in 1..=6 {
            let status = witnessing(&mut net, member);
            assert!(status.forks.is_empty() && status.challenges.is_empty(), "at {member}");
        }
    }
}

#[test]
fn a_restore_that_lost_nothing_needs_no_generation() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let disk = net.disk(oin(KEEPER)).restored(net.now());
    net.restart_from(oin(KEEPER), disk);
    log_something(&mut net, KEEPER);
    until_cosigned(&mut net, KEEPER, 4);
    assert_eq!(own_log(&mut net, KEEPER).log, main_log(KEEPER, 0));
    nobody_is_accused(&mut net);
}

#[test]
fn a_second_loss_needs_a_second_generation() {
    let (mut net, copy, _) = with_an_old_copy();
    let generation = |number: u32, own: &OwnLogStatus| LogGeneration {
        member: OinBytes(oin(KEEPER)),
        generation: number,
        size: own.size,
        root: Digest::from_bytes([7; 32]),
    };
    let mut content = net.founding().content().clone();
    let mut approve = |net: &mut Simulation, number: u32| {
        let own = own_log(net, KEEPER);
        content.accountability.log_generations.push(generation(number, &own));
        let next = Founding::version_after(net.roster(oin(KEEPER)).unwrap(), content.clone());
        net.command(oin(KEEPER), Command::InstallRoster(Box::new(next)));
    };
    net.restart_from(oin(KEEPER), copy.restored(net.now()));
    approve(&mut net, 1);
    net.until(60, "the log goes on", |net| own_log(net, KEEPER).log.generation == 1);
    until_cosigned(&mut net, KEEPER, 4);
    // The same backup once more: the entry that began the generation is lost as well, and the roster names it still.
    let end = own_log(&mut net, KEEPER).size;
    net.restart_from(oin(KEEPER), copy.restored(net.now()));
    net.until(60, "the loss shows", |net| own_log(net, KEEPER).lost.is_some_and(|lost| lost.to == end));
    assert_eq!(own_log(&mut net, KEEPER).log.generation, 1);
    approve(&mut net, 2);
    until_cosigned(&mut net, KEEPER, 4);
    assert_eq!(own_log(&mut net, KEEPER).log.generation, 2);
    for member in [1, 2, 3, 4, 6] {
        let status = witnessing(&mut net, member);
        assert!(status.forks.is_empty() && status.challenges.is_empty());
    }
}

#[test]
fn too_few_witnesses_are_not_enough_to_sign_after_a_start() {
    let (mut net, _, _) = with_an_old_copy();
    net.disconnect(oin(1));
    net.disconnect(oin(2));
    net.restart(oin(KEEPER));
    let before = own_log(&mut net, KEEPER);
    net.seconds(60);
    let after = own_log(&mut net, KEEPER);
    assert_eq!((after.heard, after.size, after.cosigned), (2, before.size, before.cosigned));
    net.reconnect(oin(2));
    until_cosigned(&mut net, KEEPER, 3);
    nobody_is_accused(&mut net);
}

#[test]
fn a_witness_that_was_restored_asks_the_others_before_it_takes_a_log_as_new() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = main_log(KEEPER, 0);
    let last = head(&net, KEEPER).tree;
    net.disconnect(oin(KEEPER));
    let disk = net.disk(oin(1)).restored(net.now());
    net.restart_from(oin(1), disk);
    assert_eq!(remembered(&net, 1).len(), 0);
    // The keeper shows it a past that it would have known to be another.
    let other = MadeUp::of(&["nothing", "nothing", "nothing"]).at(3);
    show(&mut net, 1, log, other, ConsistencyProof::none());
    assert!(!is_remembered(&net, 1, log, other), "it is not cosigned");
    net.until(30, "the others tell", |net| is_remembered(net, 1, log, (last.size(), last.root())));
    show(&mut net, 1, log, other, ConsistencyProof::none());
    assert!(!is_remembered(&net, 1, log, other));
    // Honest keepers are cosigned by it again.
    net.reconnect(oin(KEEPER));
    for member in 2..=6 {
        log_something(&mut net, member);
    }
    for member in 2..=6 {
        until_cosigned(&mut net, member, if member <= 4 { 3 } else { 4 });
    }
    // Also after another start.
    net.restart(oin(1));
    log_something(&mut net, KEEPER);
    until_cosigned(&mut net, KEEPER, 4);
}

#[test]
fn evaluation_logs_are_watched_apart_from_main_logs() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = LogName { keeper: oin(KEEPER), kind: LogKind::Evaluations, generation: 0 };
    let leaves = MadeUp::of(&["leaf 0", "leaf 1", "leaf 2"]);
    let before = remembered(&net, 1).len();
    show(&mut net, 1, log, leaves.at(2), ConsistencyProof::none());
    show(&mut net, 1, log, leaves.at(3), leaves.proof(2, 3));
    assert_eq!(remembered(&net, 1).len(), before + 1);
    assert!(is_remembered(&net, 1, log, leaves.at(3)));
    // There is no second generation of it, and nobody shows the log of another.
    let second = LogName { generation: 1, ..log };
    show(&mut net, 1, second, leaves.at(2), ConsistencyProof::none());
    let note = signed(&net, log, leaves.at(3)).to_bytes();
    let shown = Shown { log, note };
    let frame = cbor::to_vec(&WitnessRequest::Show { shown, proof: ConsistencyProof::none() });
    net.inject(oin(6), oin(2), Conversation::Witness, frame);
    assert_eq!((remembered(&net, 1).len(), remembered(&net, 2).len()), (before + 1, before));
    // A fork of it stops evaluation, and not the main log.
    let other = MadeUp::of(&["leaf 0", "leaf 1", "another"]);
    show(&mut net, 1, log, other.at(3), other.proof(2, 3));
    net.until(30, "all hold the proof", |net| (1..=6).all(|member| forks_of(net, member, KEEPER).len() == 1));
    log_something(&mut net, KEEPER);
    until_cosigned(&mut net, KEEPER, 4);
}

#[test]
fn a_checkpoint_that_is_too_long_is_not_read() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = LogName { keeper: oin(KEEPER), kind: LogKind::Evaluations, generation: 0 };
    let at = MadeUp::of(&["leaf"]).at(1);
    let mut signed = signed(&net, log, at);
    // Cosignatures of anybody make it longer.
    let network = net.founding().roster.network();
    for witness in 1..=6 {
        let key = Founding::cosignature_key(oin(witness));
        let cosigner = Cosigner::new(network, oin(witness), key.verifying_key());
        let cosignature = audit::Cosignature::sign(signed.checkpoint(), net.now(), &key).unwrap();
        signed.add(&cosigner, &cosignature).unwrap();
    }
    let note = signed.to_bytes();
    assert!(note.len() > protocol::witness::MAX_SHOWN_BYTES);
    let before = (remembered(&net, 1).len(), net.status(oin(1)).refused.malformed_frames);
    let shown = Shown { log, note };
    let frame = cbor::to_vec(&WitnessRequest::Show { shown, proof: ConsistencyProof::none() });
    net.inject(oin(KEEPER), oin(1), Conversation::Witness, frame);
    let after = (remembered(&net, 1).len(), net.status(oin(1)).refused.malformed_frames);
    assert_eq!(after, (before.0, before.1 + 1));
    show(&mut net, 1, log, at, ConsistencyProof::none());
    assert_eq!(remembered(&net, 1).len(), before.0 + 1);
}

#[test]
fn a_page_that_is_too_long_is_read_as_far_as_one_may_be() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = main_log(KEEPER, 0);
    let size = own_log(&mut net, KEEPER).size;
    let contradiction = Shown { log, note: signed(&net, log, (size, MadeUp::of(&["a"]).at(1).1)).to_bytes() };
    // Logs that the witness does not know, and then what it would keep a proof of.
    let unknown = LogName { kind: LogKind::Evaluations, ..log };
    for (before, is_read) in [(COMPARED_PER_FRAME, false), (COMPARED_PER_FRAME - 1, true)] {
        let mut shown = vec![Shown { log: unknown, note: Vec::new() }; before];
        shown.push(contradiction.clone());
        net.inject(oin(2), oin(1), Conversation::Witness, cbor::to_vec(&WitnessRequest::Compare { shown }));
        assert_eq!(forks_of(&mut net, 1, KEEPER).len(), usize::from(is_read));
    }
}

#[test]
fn who_is_no_witness_of_a_log_neither_recalls_nor_cosigns_it() {
    let mut net = network();
    until_cosigned(&mut net, KEEPER, 4);
    let log = main_log(KEEPER, 0);
    let answers = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let heard = std::rc::Rc::clone(&answers);
    net.watch(move |message| {
        if message.conversation == Some(Conversation::Witness) && message.is_response && message.to == oin(6)
        {
            heard.borrow_mut().push(cbor::from_slice::<WitnessResponse>(&message.frame).unwrap());
        }
    });
    // Somebody who is neither its keeper nor a witness learns nothing of how much is logged.
    net.ask_as(oin(6), oin(1), Conversation::Witness, cbor::to_vec(&WitnessRequest::Recall { log }));
    assert_eq!(answers.borrow().as_slice(), [WitnessResponse::Nothing]);
    let made_up = MadeUp::of(&["a"]).at(1);
    show(&mut net, 6, log, made_up, ConsistencyProof::none());
    assert_eq!(remembered(&net, 6).len(), 0);
    // And nobody who is no witness is believed what it says to remember.
    let shown = vec![Shown { log, note: signed(&net, log, made_up).to_bytes() }];
    let before = net.status(oin(1)).refused.not_allowed;
    net.inject(oin(6), oin(1), Conversation::Witness, cbor::to_vec(&WitnessRequest::Compare { shown }));
    assert_eq!(net.status(oin(1)).refused.not_allowed, before + 1);
}
