//! The governors' side, through the library: a roster for machines that have made their join requests.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use crypto::{Seed, SigningKey};
use domain::{CircleId, LegalBasisCode};
use roster::{
    Accountability, Circle, EpochRules, Governors, JoinRequest, KeyholderRecord, LegalBasis, LegalBasisText,
    Member, OpenPair, RosterContent, Rules, SignedRoster, VerifiedRoster, genesis,
};

use crate::machine::Machine;

/// One circle, one sector, every machine a keyholder, two needed.
pub(crate) fn found(machines: &[Machine]) -> SignedRoster {
    found_with(machines, machines.len())
}

/// The same with the first machines as keyholders.
pub(crate) fn found_with(machines: &[Machine], keyholders: usize) -> SignedRoster {
    found_as(machines, keyholders, |_| ())
}

/// The same with something changed before it is signed.
pub(crate) fn found_as(
    machines: &[Machine],
    keyholders: usize,
    change: impl FnOnce(&mut RosterContent),
) -> SignedRoster {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let code: LegalBasisCode = "wet".parse().unwrap();
    let members: Vec<Member> = machines
        .iter()
        .map(|machine| {
            let wire = fs::read(machine.data().join(format!("{}.join", machine.oin()))).unwrap();
            Member::from(JoinRequest::read(&wire).unwrap().document())
        })
        .collect();
    let text = || "proef".to_owned();
    let mut content = RosterContent {
        name: text(),
        test_network: true,
        rules: Rules {
            epoch: EpochRules::starting(
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs(),
                86_400,
            ),
            publish_interval_seconds: 1,
            heartbeat_seconds: 60,
            ceremony_deadline_seconds: 60,
            live_tags: Rules::LIVE_TAGS,
            segments_per_snapshot: Rules::SEGMENTS_PER_SNAPSHOT,
            notice_seconds: 0,
        },
        circles: vec![Circle {
            id: CircleId::from_bytes([1; 16]),
            name: text(),
            purpose: text(),
            legal_bases: vec![LegalBasisText(code.clone())],
            open: vec![OpenPair::new("jeugd".parse().unwrap(), "jeugd".parse().unwrap())],
            trial: false,
        }],
        legal_bases: vec![LegalBasis {
            code,
            article: text(),
            avg6: "6.1.e".to_owned(),
            avg9: None,
            secrecy: None,
            consent_required: false,
            valid_until: None,
        }],
        threshold: 2,
        keyholders: members
            .iter()
            .take(keyholders)
            .zip(1..)
            .map(|(member, index)| KeyholderRecord { index, oin: member.oin })
            .collect(),
        members,
        governors: Governors { threshold: 1, keys: vec![governor.verifying_key()] },
        institutions: Vec::new(),
        accountability: Accountability::default(),
    };
    change(&mut content);
    genesis(content, &[&governor]).unwrap().0
}

/// The version after the first, with another name for the network.
pub(crate) fn renamed(first: &SignedRoster, name: &str) -> SignedRoster {
    changed(first, |content| content.name = name.to_owned())
}

/// The version after the first, with something changed.
pub(crate) fn changed(first: &SignedRoster, change: impl FnOnce(&mut RosterContent)) -> SignedRoster {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let held = VerifiedRoster::genesis(first, None).unwrap();
    let mut content = RosterContent::from(held.document().clone());
    change(&mut content);
    SignedRoster::next(&held, content, &[&governor])
}

/// The version after those given, with what a machine's newest join request asks.
pub(crate) fn rejoined(chain: &[SignedRoster], machine: &Machine) -> SignedRoster {
    let governor = SigningKey::from_seed(&Seed::from_bytes([1; 32]));
    let mut held = VerifiedRoster::genesis(&chain[0], None).unwrap();
    for signed in &chain[1..] {
        held = held.successor(signed).unwrap();
    }
    let wire = fs::read(machine.data().join(format!("{}.join", machine.oin()))).unwrap();
    let asked = Member::from(JoinRequest::read(&wire).unwrap().document());
    let mut content = RosterContent::from(held.document().clone());
    let member = content.members.iter_mut().find(|member| member.oin == asked.oin).unwrap();
    assert_ne!(*member, asked, "the join request asks for something new");
    *member = asked;
    SignedRoster::next(&held, content, &[&governor])
}

/// Puts the first version where the node looks for it.
pub(crate) fn install(machine: &Machine, roster: &SignedRoster) {
    install_version(machine, 1, roster);
}

/// Puts a version where the node looks for it.
pub(crate) fn install_version(machine: &Machine, version: u32, roster: &SignedRoster) {
    let folder = machine.data().join("roster");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("new"), roster.to_wire()).unwrap();
    fs::rename(folder.join("new"), folder.join(format!("{version:08}.roster"))).unwrap();
}
