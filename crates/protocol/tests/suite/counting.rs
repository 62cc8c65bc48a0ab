//! Every request for evaluation is counted, over all keyholders together, and nobody counts twice unseen.

use audit::{EntryKind, EvaluationLeaf, ForkKind, ForkProof, KeySetName, Origin};
use crypto::{BlindedBatch, Seed, SignedKeySet, cbor, oprf_input};
use domain::{Epoch, KeyClass, Oin, Role, Signal};
use protocol::evaluation::{AskedInputs, EvaluationRefusal, EvaluationRequest, EvaluationResponse, OwnLeaf};
use protocol::{Collection, Command, Conversation, Notice, Reply};
use roster::{Accountability, BulkAllowance, OinBytes, Quota};
use testkit::{Asker, Fate, Founding, Simulation, family, person};

use crate::threats::Tape;

fn oin(member: usize) -> Oin {
    Founding::oin(member)
}

fn mother(number: usize) -> Signal {
    let person = person(Role::Parent).name("Anna", "Zonneveld").born("1987-05-12");
    family(&format!("m{number}"), [person.at("1234AB", &(number + 1).to_string())])
}

fn import(net: &mut Simulation, member: usize, numbers: std::ops::Range<usize>) {
    let reply = net.command(oin(member), Command::Import(numbers.map(mother).collect()));
    assert!(matches!(reply, Reply::Imported(_)), "{reply:?}");
}

fn key_set(net: &Simulation, class: KeyClass) -> KeySetName {
    let section = net.founding().roster.keyholder_section();
    let held = net.disk(oin(1)).in_collection(Collection::KeySet);
    let read = |wire: &[u8]| SignedKeySet::parse(wire).unwrap().verify(&section).unwrap();
    let named = held.map(|(_, _, wire)| read(wire)).find(|held| held.ceremony().class == class).unwrap();
    KeySetName { epoch: named.ceremony().epoch, class, digest: named.digest() }
}

/// The leaves of a member's log on its own disk.
fn own_leaves(net: &Simulation, member: usize) -> Vec<OwnLeaf> {
    let records = net.disk(oin(member)).in_collection(Collection::OwnLeaf);
    records.map(|(_, _, value)| OwnLeaf::from_bytes(value).unwrap()).collect()
}

fn elements(net: &Simulation, count: usize, mark: u8) -> Vec<[u8; 32]> {
    let network = net.founding().roster.network();
    let input = |number: usize| oprf_input(&network, Epoch(1), "naam-geboorte", &[mark, number as u8]);
    let inputs: Vec<_> = (0..count).map(input).collect();
    BlindedBatch::new(&inputs, &Seed::from_bytes([mark; 32]), &[mark; 16]).unwrap().elements().to_vec()
}

fn asker(net: &Simulation, member: usize) -> Asker {
    Asker::new(net.founding().roster.network(), oin(member), Founding::log_key(oin(member)))
}

/// What a keyholder answers a member that asks by hand.
fn asked(net: &mut Simulation, member: usize, keyholder: usize, frame: Vec<u8>) -> EvaluationResponse {
    let tape = Tape::record(net);
    net.ask_as(oin(member), oin(keyholder), Conversation::Evaluation, frame);
    let answers = tape.take();
    net.judge(|_| Fate::Deliver);
    let mut answers = answers.iter().filter(|message| message.is_response && message.to == oin(member));
    let mut answers =
        answers.by_ref().filter(|message| message.conversation == Some(Conversation::Evaluation));
    cbor::from_slice(&answers.find(|message| message.from == oin(keyholder)).unwrap().frame).unwrap()
}

fn refused(reason: EvaluationRefusal) -> EvaluationResponse {
    EvaluationResponse::Refused { reason }
}

fn is_evaluated(answer: &EvaluationResponse) -> bool {
    matches!(answer, EvaluationResponse::Evaluated { .. })
}

/// A network in which members have so many elements of class `zwak`, and so many more each day.
fn limited(base: u32, daily: u32, bulk: &[BulkAllowance]) -> Simulation {
    let quota = Quota { member: None, class: KeyClass::Weak, base, daily };
    Simulation::new(Founding::uniform(5).with_accountability(Accountability {
        quotas: vec![quota],
        bulk_allowances: bulk.to_vec(),
        ..Accountability::default()
    }))
}

#[test]
fn every_request_is_a_leaf_that_its_asker_and_its_keyholders_hold() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    import(&mut net, 4, 0..3);
    net.settle();
    let own = own_leaves(&net, 4);
    assert!(!own.is_empty());
    let places: Vec<u64> = own.iter().map(|own| own.leaf.place).collect();
    assert_eq!(places, (0..own.len() as u64).collect::<Vec<_>>());
    assert!(own.iter().all(|own| own.leaf.count == 16), "filled up");
    // What was asked lies with its families, until the month in which it is forgotten.
    let weak = own.iter().find(|own| own.leaf.key_set.class == KeyClass::Weak).unwrap();
    let (scope, _, inputs) = net
        .disk(oin(4))
        .in_collection(Collection::AskedInputs)
        .find(|(_, key, _)| key.starts_with(&weak.leaf.place.to_be_bytes()))
        .unwrap();
    assert_eq!(scope, protocol::Scope::Month(weak.month.unwrap()));
    let inputs = AskedInputs::from_bytes(inputs).unwrap();
    assert!(inputs.inputs.iter().all(|input| !input.families.is_empty()));
    assert!(inputs.inputs.iter().any(|input| input.kind == "naam-geboorte" && input.families.len() == 3));
    // Each keyholder told the same of it, and as much as it was asked or more.
    let hear = asker(&net, 4).hear();
    let holding: Vec<Vec<Vec<u8>>> = (1..=3)
        .map(|keyholder| match asked(&mut net, 4, keyholder, hear.clone()) {
            EvaluationResponse::Holds { leaves, .. } => leaves.into_iter().map(Vec::from).collect(),
            other => panic!("{other:?}"),
        })
        .collect();
    let known: Vec<Vec<u8>> = own.iter().map(|own| own.leaf.to_bytes()).collect();
    assert!(holding.iter().all(|held| known.starts_with(held)));
    assert!(holding.iter().filter(|held| **held == known).count() >= 1);
    // Asked and granted, in the main log.
    let entries = net.disk(oin(4)).in_collection(Collection::LogEntry);
    let kinds: Vec<EntryKind> =
        entries.map(|(_, _, entry)| audit::Entry::from_bytes(entry).unwrap().event.kind()).collect();
    let count = |kind| kinds.iter().filter(|one| **one == kind).count();
    assert_eq!(count(EntryKind::EvaluationRequested), own.len());
    assert_eq!(count(EntryKind::EvaluationGranted), own.len());
}

#[test]
fn nothing_is_evaluated_that_no_leaf_counts() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    let (name, all) = (key_set(&net, KeyClass::Weak), elements(&net, 32, 1));
    let (mine, other) = all.split_at(16);
    let mut log = asker(&net, 4);
    log.count(name, mine);
    assert!(is_evaluated(&asked(&mut net, 4, 1, log.frame(mine))));
    // Other elements, more of them, another order: presented with a leaf that counts these.
    let mut turned = mine.to_vec();
    turned.reverse();
    for wrong in [other, &all, turned.as_slice()] {
        let answer = asked(&mut net, 4, 1, log.frame(wrong));
        assert_eq!(answer, refused(EvaluationRefusal::NotCounted));
    }
    // A number of elements that tells how many persons a family has.
    log.count(name, &all[..15]);
    assert_eq!(asked(&mut net, 4, 1, log.frame(&all[..15])), refused(EvaluationRefusal::NotCounted));
    // The same leaf again, and to somebody else, counts once.
    let leaf = log.count(name, other);
    for keyholder in [1, 1, 2, 3] {
        assert!(is_evaluated(&asked(&mut net, 4, keyholder, log.frame(other))));
    }
    assert_eq!(leaf.counted, 16 + 15 + 16);
    // With the checkpoint of another.
    let frame = log.frame(other);
    assert_eq!(asked(&mut net, 5, 1, frame), refused(EvaluationRefusal::Malformed));
}

#[test]
fn a_quota_holds_over_all_keyholders_together_and_a_refusal_says_when_there_is_more() {
    let mut net = limited(32, 16, &[]);
    net.settle();
    let name = key_set(&net, KeyClass::Weak);
    let began = net.founding().roster.start_of(Epoch(1));
    let mut log = asker(&net, 4);
    let mut evaluated = 0;
    // One leaf for each keyholder, and then each leaf shown to all.
    for round in 0..6_u8 {
        let asked_for = elements(&net, 16, round);
        log.count(name, &asked_for);
        for keyholder in 1..=3 {
            let answer = asked(&mut net, 4, (usize::from(round) + keyholder) % 3 + 1, log.frame(&asked_for));
            if is_evaluated(&answer) {
                evaluated += 1;
            } else {
                let days = u64::from(round) - 1;
                let again = Some(began.plus(days * 86_400));
                assert_eq!(answer, refused(EvaluationRefusal::OverQuota { again }), "round {round}");
            }
        }
    }
    assert_eq!(evaluated, 2 * 3, "32 elements, whoever evaluates them");
}

#[test]
fn a_node_waits_for_its_quota_says_so_and_goes_on() {
    let until = BulkAllowance {
        member: OinBytes(oin(5)),
        class: KeyClass::Weak,
        amount: 10_000,
        expires: testkit::START.0 + 86_400,
    };
    let mut net = limited(64, 64, &[until]);
    net.settle();
    import(&mut net, 4, 0..40);
    import(&mut net, 5, 0..40);
    net.seconds(30);
    let began = net.founding().roster.start_of(Epoch(1));
    let waiting = net.status(oin(4));
    assert!(waiting.keys_waiting > 0 && !waiting.published);
    let [spent] = waiting.quotas_spent.as_slice() else { panic!("{:?}", waiting.quotas_spent) };
    assert_eq!((spent.class, spent.until), (KeyClass::Weak, Some(began.plus(86_400))));
    assert!(net.status(oin(5)).published, "governors let it in with everything that it has");
    assert_eq!(own_leaves(&net, 4).iter().map(|own| own.leaf.count).sum::<u32>(), 64, "and not one more");
    let before = own_leaves(&net, 4).len();
    net.jump(86_400 - net.now().since(began));
    net.seconds(30);
    assert!(own_leaves(&net, 4).len() > before, "a day later there is more");
}

#[test]
fn two_logs_are_proof_and_their_keeper_gets_nothing_more() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    let (name, all) = (key_set(&net, KeyClass::Weak), elements(&net, 48, 1));
    let (first, rest) = all.split_at(16);
    let (second, third) = rest.split_at(16);
    let mut log = asker(&net, 4);
    log.count(name, first);
    assert!(is_evaluated(&asked(&mut net, 4, 1, log.frame(first))));
    // The same count is continued twice, for two keyholders apart.
    let mut other = log.fork();
    log.count(name, second);
    other.count(name, third);
    assert!(is_evaluated(&asked(&mut net, 4, 1, log.frame(second))));
    assert!(is_evaluated(&asked(&mut net, 4, 2, other.frame(third))));
    // So neither evaluates what the other one did.
    assert_eq!(asked(&mut net, 4, 1, other.frame(third)), refused(EvaluationRefusal::TwoLogs));
    assert_eq!(asked(&mut net, 4, 2, log.frame(second)), refused(EvaluationRefusal::TwoLogs));
    let next = elements(&net, 16, 9);
    log.count(name, &next);
    assert_eq!(asked(&mut net, 4, 1, log.frame(&next)), refused(EvaluationRefusal::TwoLogs), "for good");
    for keyholder in [1, 2] {
        assert!(net.notices(oin(keyholder)).contains(&Notice::TwoLogs { member: oin(4) }));
        let status = net.status(oin(keyholder));
        let [proof] = status.two_logs.as_slice() else { panic!("{:?}", status.two_logs) };
        assert_eq!(proof.keeper, oin(4));
        let origin = Origin::evaluation_log(net.founding().roster.network(), oin(4));
        let key = Founding::log_key(oin(4)).verifying_key();
        let kind = ForkProof::from_bytes(&proof.proof).unwrap().verify(&origin, &key);
        assert_eq!(kind, Ok(ForkKind::OneSize { size: 2 }));
    }
    // It stays over a restart, and others are not refused for it.
    net.restart(oin(1));
    assert_eq!(asked(&mut net, 4, 1, log.frame(&next)), refused(EvaluationRefusal::TwoLogs));
    let mut honest = asker(&net, 5);
    honest.count(name, first);
    assert!(is_evaluated(&asked(&mut net, 5, 1, honest.frame(first))));
}

#[test]
fn leaves_that_a_keyholder_missed_travel_with_the_next_request() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    net.disconnect(oin(1));
    // More requests than travel in one frame.
    for round in 0..36 {
        import(&mut net, 4, round * 2..round * 2 + 2);
        net.seconds(2);
    }
    net.until(60, "evaluated by the other two", |net| net.status(oin(4)).keys_waiting == 0);
    assert!(own_leaves(&net, 4).len() > 32);
    net.reconnect(oin(1));
    net.disconnect(oin(2));
    import(&mut net, 4, 80..81);
    net.until(60, "evaluated by the first and the third", |net| net.status(oin(4)).keys_waiting == 0);
    let held = net.disk(oin(1)).in_collection(Collection::HeldLeaf).count();
    assert_eq!(held, own_leaves(&net, 4).len(), "every leaf");
}

#[test]
fn a_node_that_lost_leaves_takes_them_back_and_goes_on_above_them() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    import(&mut net, 4, 0..3);
    net.settle();
    let earlier = net.disk(oin(4)).restored(net.now());
    import(&mut net, 4, 3..6);
    net.settle();
    let before: Vec<EvaluationLeaf> = own_leaves(&net, 4).into_iter().map(|own| own.leaf).collect();
    net.restart_from(oin(4), earlier);
    assert!(own_leaves(&net, 4).len() < before.len(), "the backup is older");
    import(&mut net, 4, 6..9);
    net.settle();
    let after: Vec<EvaluationLeaf> = own_leaves(&net, 4).into_iter().map(|own| own.leaf).collect();
    assert!(after.starts_with(&before) && after.len() > before.len());
    let lost = own_leaves(&net, 4).into_iter().filter(|own| own.month.is_none()).count();
    assert!(lost > 0, "what was asked in those is lost");
    for member in 1..=5 {
        assert!(!net.notices(oin(member)).contains(&Notice::TwoLogs { member: oin(4) }));
    }
}

#[test]
fn a_keyholder_that_lost_what_it_held_is_shown_it_again() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    import(&mut net, 4, 0..3);
    net.settle();
    // It keeps its share, and a message that asks for more than it has.
    let mut disk = net.disk(oin(1)).clone();
    disk.lose(&[Collection::HeldLog, Collection::HeldLeaf]);
    net.restart_from(oin(1), disk);
    net.disconnect(oin(2));
    import(&mut net, 4, 3..6);
    net.until(60, "evaluated by the first and the third", |net| net.status(oin(4)).keys_waiting == 0);
    let held = net.disk(oin(1)).in_collection(Collection::HeldLeaf).count();
    assert_eq!(held, own_leaves(&net, 4).len());
}

#[test]
fn frames_of_leaves_that_cannot_be_are_refused() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    let (name, all) = (key_set(&net, KeyClass::Weak), elements(&net, 16, 1));
    let mut log = asker(&net, 4);
    for _ in 0..3 {
        log.count(name, &all);
    }
    let EvaluationRequest::Evaluate { leaves, checkpoint, elements } =
        cbor::from_slice(&log.frame(&all)).unwrap()
    else {
        panic!("a request");
    };
    let shown = |leaves: &[minicbor::bytes::ByteVec]| {
        let (checkpoint, elements) = (checkpoint.clone(), elements.clone());
        cbor::to_vec(&EvaluationRequest::Evaluate { leaves: leaves.to_vec(), checkpoint, elements })
    };
    let malformed = refused(EvaluationRefusal::Malformed);
    assert_eq!(asked(&mut net, 4, 1, shown(&[])), malformed);
    assert_eq!(asked(&mut net, 4, 1, shown(&[vec![1].into()])), malformed);
    assert_eq!(asked(&mut net, 4, 1, shown(&[leaves[0].clone(), leaves[2].clone()])), malformed, "a gap");
    assert_eq!(asked(&mut net, 4, 1, shown(&leaves[..2])), malformed, "the checkpoint is of three");
    let missing = refused(EvaluationRefusal::Missing { from: 0 });
    assert_eq!(asked(&mut net, 4, 1, shown(&leaves[1..])), missing);
    assert!(is_evaluated(&asked(&mut net, 4, 1, shown(&leaves))));
}

#[test]
fn a_leaf_that_is_too_old_to_be_known_again_is_not_evaluated() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    let (name, all) = (key_set(&net, KeyClass::Weak), elements(&net, 16, 1));
    let mut log = asker(&net, 4);
    log.count(name, &all);
    let oldest = log.frame(&all);
    for mark in 2..18 {
        let newer = elements(&net, 16, mark);
        log.count(name, &newer);
        if mark >= 16 {
            assert!(is_evaluated(&asked(&mut net, 4, 1, log.frame(&newer))));
        }
        if mark == 16 {
            assert!(is_evaluated(&asked(&mut net, 4, 1, oldest.clone())), "one of sixteen");
        }
    }
    assert_eq!(asked(&mut net, 4, 1, oldest), refused(EvaluationRefusal::NotCounted));
}

#[test]
fn a_keyholder_that_tells_nothing_useful_is_not_waited_for() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    net.disconnect(oin(2));
    net.restart(oin(4));
    net.judge(|message| {
        let holds = matches!(cbor::from_slice(&message.frame), Ok(EvaluationResponse::Holds { .. }));
        let lies = holds && message.conversation == Some(Conversation::Evaluation) && message.from == oin(1);
        if lies { Fate::Replace(vec![0xff]) } else { Fate::Deliver }
    });
    import(&mut net, 4, 0..1);
    net.seconds(3);
    assert!(net.status(oin(4)).keys_waiting > 0, "one of two that are needed has told");
    net.until(20, "evaluated all the same", |net| net.status(oin(4)).keys_waiting == 0);
}

#[test]
fn what_a_large_request_asked_lies_in_several_records() {
    let mut net = Simulation::new(Founding::uniform(5));
    net.settle();
    import(&mut net, 4, 0..60);
    net.settle();
    let large = own_leaves(&net, 4).into_iter().find(|own| own.leaf.count == 256).unwrap();
    let records = net.disk(oin(4)).in_collection(Collection::AskedInputs);
    let of_it: Vec<AskedInputs> = records
        .filter(|(_, key, _)| key.starts_with(&large.leaf.place.to_be_bytes()))
        .map(|(_, _, value)| AskedInputs::from_bytes(value).unwrap())
        .collect();
    assert!(of_it.len() > 4 && of_it.iter().all(|record| record.inputs.len() <= 32));
    let inputs: usize = of_it.iter().map(|record| record.inputs.len()).sum();
    assert!(inputs > 128 && inputs <= 256);
}
