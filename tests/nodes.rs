//! Real nodes in one process: libp2p on the loopback interface, sled in folders of their own, restarts from disk.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a panic in a test is a failing test"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use crypto::{Seed, SigningKey};
use domain::{
    Certainty, CircleId, Epoch, Family, FamilyRef, KeyClass, Oin, Person, PersonalText, Role, Signal,
    SignalKind, Visibility,
};
use protocol::{CeremonyProblem, Command, KeyId, Notice, Reply, Status};
use roster::{
    Accountability, Circle, EpochRules, Governors, KeyholderRecord, LegalBasis, LegalBasisText, Member,
    OpenPair, RosterChain, RosterContent, Rules, genesis,
};
use samenhang::runtime::{Prepared, RunningNode, now};
use store::StorageSecret;
use tempfile::TempDir;

/// Longest wait for anything; a healthy run needs a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

fn oin(number: usize) -> Oin {
    Oin::test_number(number as u64).unwrap()
}

fn secret(number: usize) -> StorageSecret {
    StorageSecret::from_bytes([u8::try_from(number).unwrap(); 32])
}

async fn open(folder: &Path, number: usize) -> Prepared {
    let folder = folder.join(number.to_string());
    std::fs::create_dir_all(&folder).unwrap();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Prepared::open(oin(number), &folder, &secret(number), listen).await.unwrap()
}

/// One circle, one sector, the first three keyholders, two needed.
fn found(nodes: &[&Prepared], ceremony_deadline_seconds: u32) -> RosterChain {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let code: domain::LegalBasisCode = "wet".parse().unwrap();
    let sector: domain::Sector = "jeugd".parse().unwrap();
    let content = RosterContent {
        name: "test".to_owned(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(now().0, 86_400),
            publish_interval_seconds: 1,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles: vec![Circle {
            id: CircleId::from_bytes([1; 16]),
            name: "test".to_owned(),
            purpose: "test".to_owned(),
            legal_bases: vec![LegalBasisText(code.clone())],
            open: vec![OpenPair::new(sector.clone(), sector.clone())],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code,
            article: "test".to_owned(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        threshold: 2,
        keyholders: (1..=3).map(|index| KeyholderRecord { index, oin: oin(usize::from(index)) }).collect(),
        members: nodes
            .iter()
            .map(|node| Member {
                oin: node.identity().oin,
                name: "test".to_owned(),
                sector: sector.clone(),
                working_area: "test".to_owned(),
                bsn_entitled: true,
                keys: node.identity().secrets.member_keys(),
                addresses: node.addresses().iter().map(ToString::to_string).collect(),
                contact_point: "test".to_owned(),
                relay: false,
            })
            .collect(),
        governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability::default(),
    };
    RosterChain::found(genesis(content, &[&governor]).unwrap().0, None).unwrap()
}

fn mother(reference: &str) -> Signal {
    let mut person = Person::new(Role::Parent);
    person.bsn = Some("111222333".parse().unwrap());
    person.name.surname = Some(PersonalText::new("name", "Zonneveld").unwrap());
    Signal {
        family_ref: FamilyRef::new(reference).unwrap(),
        family: Family::new(vec![person], None).unwrap(),
        kind: SignalKind::Known,
        legal_basis: Some("wet".parse().unwrap()),
        visibility: Visibility::Visible,
        unit: None,
        contact: domain::Contact::default(),
        involved_since: None,
        informed_on: None,
        ends_on: None,
    }
}

async fn until(what: &str, node: &RunningNode, condition: impl Fn(&Status) -> bool) -> Status {
    let started = tokio::time::Instant::now();
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    loop {
        let status = node.status().await.unwrap();
        if condition(&status) {
            return status;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: {status:?}");
        clock.tick().await;
    }
}

async fn settled(node: &RunningNode) -> Status {
    until("settled", node, |status| {
        status.key_sets.len() == 2 && status.published && status.completeness.is_complete()
    })
    .await
}

async fn involved(node: &RunningNode, family: &str) -> Vec<(Oin, Certainty)> {
    match node.command(Command::Who(FamilyRef::new(family).unwrap())).await.unwrap() {
        Reply::Who(answer) => {
            answer.unwrap().involved.iter().map(|found| (found.organisation, found.certainty)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_found_a_network_match_and_go_on_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut prepared = Vec::new();
    for number in 1..=4 {
        prepared.push(open(folder.path(), number).await);
    }
    let roster = found(&prepared.iter().collect::<Vec<_>>(), 60);
    let mut nodes = Vec::new();
    for (number, node) in prepared.into_iter().enumerate() {
        let signals =
            if number == 0 || number == 3 { vec![mother(&format!("family-{number}"))] } else { vec![] };
        nodes.push(node.start(roster.clone(), signals).await.unwrap());
    }
    for node in &nodes {
        settled(node).await;
    }
    assert_eq!(involved(&nodes[0], "family-0").await, [(oin(4), Certainty::Certain)]);
    assert_eq!(involved(&nodes[3], "family-3").await, [(oin(1), Certainty::Certain)]);
    let told = nodes[3].notices();
    assert!(
        told.iter()
            .any(|notice| matches!(notice, Notice::NewMatch { family, .. } if family.as_str() == "family-3"))
    );

    // Two keyholders leave: the third still answers from what it holds, and says what it lacks.
    let rest = nodes.split_off(2);
    for node in nodes {
        node.stop().await.unwrap();
    }
    let status = until("both gone", &rest[1], |status| status.keyholders_reachable == 1).await;
    assert_eq!(status.keyholder_shortage().unwrap(), "1 of 3 keyholders reachable, 2 needed");
    rest[1].import(vec![mother("later")]).await.unwrap();
    assert_eq!(involved(&rest[1], "family-3").await, [(oin(1), Certainty::Certain)]);

    // The first comes back from its disk, on another port, and knows what it knew.
    let back = open(folder.path(), 1).await;
    let node = back.start(roster, vec![mother("family-0")]).await.unwrap();
    assert_eq!(involved(&node, "family-0").await, [(oin(4), Certainty::Certain)]);
    let status = until("connected again", &rest[1], |status| status.keyholder_shortage().is_none()).await;
    assert!(status.keyholders_reachable >= 2);
    until("the waiting family is evaluated", &rest[1], |status| status.keys_waiting == 0).await;
    assert_eq!(node.status().await.unwrap().keys_evaluated, 0, "nothing was evaluated twice");
    assert_eq!(involved(&rest[1], "later").await, [(oin(1), Certainty::Certain)]);
    node.stop().await.unwrap();
    for node in rest {
        node.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keyholder_that_stays_away_is_named_and_the_others_wait() {
    let folder = TempDir::new().unwrap();
    let mut prepared = Vec::new();
    for number in 1..=3 {
        prepared.push(open(folder.path(), number).await);
    }
    let roster = found(&prepared.iter().collect::<Vec<_>>(), 1);
    let absent = prepared.remove(0);
    let mut nodes = Vec::new();
    for node in prepared {
        nodes.push(node.start(roster.clone(), vec![]).await.unwrap());
    }
    for node in &nodes {
        let missing = KeyClass::ALL.map(|class| {
            let key = KeyId { epoch: Epoch(1), class };
            CeremonyProblem::Missing { key, keyholder: oin(1), what: "round 1 package" }
        });
        let status =
            until("the silent one is named", node, |status| status.ceremony_problems().eq(missing.iter()))
                .await;
        assert!(status.key_sets.is_empty());
    }
    let late = absent.start(roster, vec![]).await.unwrap();
    for node in nodes.iter().chain([&late]) {
        settled(node).await;
    }
    for node in nodes.into_iter().chain([late]) {
        node.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_outside_the_roster_is_refused_and_counted() {
    let folder = TempDir::new().unwrap();
    let mut prepared = Vec::new();
    for number in 1..=4 {
        prepared.push(open(folder.path(), number).await);
    }
    // The stranger knows everybody; nobody knows the stranger.
    let all = found(&prepared.iter().collect::<Vec<_>>(), 60);
    let stranger = prepared.pop().unwrap();
    let members = found(&prepared.iter().collect::<Vec<_>>(), 60);
    let mut nodes = Vec::new();
    for node in prepared {
        nodes.push(node.start(members.clone(), vec![]).await.unwrap());
    }
    let stranger = stranger.start(all, vec![mother("x")]).await.unwrap();
    for node in &nodes {
        settled(node).await;
    }
    let refused = || nodes.iter().map(|node| node.network_counters().strangers_refused).sum::<u64>();
    let started = tokio::time::Instant::now();
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    while refused() == 0 {
        assert!(started.elapsed() < PATIENCE, "the stranger never dialled");
        clock.tick().await;
    }
    let status = stranger.status().await.unwrap();
    assert_eq!(status.keyholders_reachable, 0);
    assert!(status.key_sets.is_empty());
    for node in nodes.into_iter().chain([stranger]) {
        node.stop().await.unwrap();
    }
}
