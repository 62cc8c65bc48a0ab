//! Dealers that deal badly, and what a dispute brings into the open.

use crypto::cbor;
use domain::{Epoch, KeyClass, NetworkId};

use super::*;
use crate::ceremony::AbandonmentDocument;
use crate::ceremony::message::{
    CeremonyResponse, ComplaintDocument, DisclosureDocument, MAX_PARTS, Part, SealedShare,
};
use crate::{CeremonyProblem, Conversation};

/// Keyholders that hold one ceremony, by index.
struct Holders(BTreeMap<u16, (Identity, Ceremony)>);

fn key(index: u16) -> crypto::SigningKey {
    crypto::SigningKey::from_seed(&Seed::from_bytes([3; 32]).derive("keyholder", u64::from(index)))
}

fn oin(index: u16) -> Oin {
    Oin::test_number(u64::from(index)).unwrap()
}

fn section(keyholders: u16, threshold: u16) -> KeyholderSection {
    let keyholder = |index| Keyholder { index, oin: oin(index), key: key(index).verifying_key() };
    KeyholderSection {
        network: NetworkId::from_bytes([1; 32]),
        threshold,
        keyholders: (1..=keyholders).map(keyholder).collect(),
    }
}

/// A keyholder with the seed of its attempt, from the beginning or with what an earlier run kept.
fn begun(section: &KeyholderSection, index: u16, seed: u8, kept: &KeptAttempt) -> (Identity, Ceremony) {
    let (epoch, class) = (Epoch(1), KeyClass::Bsn);
    let id = CeremonyId { network: section.network, section: section.digest(), epoch, class, attempt: 1 };
    let identity = Identity {
        oin: oin(index),
        key: key(index),
        log_key: key(100 + index),
        cosignature_key: key(200 + index),
    };
    let span = Span { began: Timestamp(0), deadline: Timestamp(100) };
    let among = (section.clone(), section.indices());
    let seed = Seed::from_bytes([seed; 32]).derive("attempt", u64::from(index));
    let ceremony = Ceremony::start(id, among, &identity, seed, span, kept).unwrap();
    (identity, ceremony)
}

impl Holders {
    fn new(keyholders: u16, threshold: u16) -> Self {
        let section = section(keyholders, threshold);
        let holder = |index| (index, begun(&section, index, 7, &KeptAttempt::default()));
        Self((1..=keyholders).map(holder).collect())
    }

    fn at(&self, index: u16) -> &Ceremony {
        &self.0[&index].1
    }

    fn give(&mut self, to: u16, from: u16, parts: &[Part]) {
        let (identity, ceremony) = self.0.get_mut(&to).unwrap();
        let mut refused = Refused::default();
        ceremony.receive(from, parts, &mut refused);
        ceremony.advance(identity, Timestamp(0));
        assert_eq!(refused, Refused::default(), "{from} to {to}");
    }

    /// Everybody tells everybody else, each what it had before.
    fn exchange(&mut self) {
        let said: Vec<(u16, Vec<Part>)> =
            self.0.iter().map(|(index, (_, ceremony))| (*index, ceremony.parts())).collect();
        let all: Vec<u16> = self.0.keys().copied().collect();
        for (from, parts) in said {
            for to in all.iter().filter(|to| **to != from) {
                self.give(*to, from, &parts);
            }
        }
    }

    /// Lets a dealer deal something else, before anybody has its package.
    fn deal_otherwise(&mut self, dealer: u16, change: impl FnOnce(&mut Vec<SealedShare>)) {
        let (identity, ceremony) = self.0.get_mut(&dealer).unwrap();
        let mut document = ceremony.round2[&dealer].document().clone();
        change(&mut document.shares);
        ceremony.round2.insert(dealer, Signed::sign(document, &identity.key));
    }

    /// The digest of a dealer's package.
    fn package(&self, dealer: u16) -> Digest {
        self.at(dealer).round2[&dealer].digest()
    }

    fn is_convicted(&self, at: u16, liar: u16, because: &str) -> bool {
        self.at(at).problems(Timestamp(0)).into_iter().any(|problem| {
            matches!(problem, CeremonyProblem::Lying { keyholder, what, .. }
                if keyholder == oin(liar) && what.contains(because))
        })
    }

    fn have_completed(&self) -> bool {
        self.0.values().all(|(_, ceremony)| ceremony.complete.is_some())
    }
}

fn disclosures(parts: &[Part]) -> Vec<(u16, u16)> {
    let disclosed = |part: &Part| match part {
        Part::Disclosure(wire) => {
            let document = crypto::Unverified::<DisclosureDocument>::parse(wire).unwrap();
            Some((document.claimed().index, document.claimed().recipient))
        }
        Part::Round1(_)
        | Part::Round2(_)
        | Part::Echo(_)
        | Part::Complaint(_)
        | Part::KeySet(_)
        | Part::Abandonment(_) => None,
    };
    parts.iter().filter_map(disclosed).collect()
}

fn complaint(of: &Ceremony, accuser: u16, accused: u16, package: Digest) -> Part {
    let document = ComplaintDocument {
        kind: TypeName::new(),
        network: of.id.network,
        signer: oin(accuser),
        ceremony: of.digest,
        index: accuser,
        accused,
        package,
    };
    Part::Complaint(Signed::sign(document, &key(accuser)).to_wire())
}

#[test]
fn a_share_that_does_not_open_is_disclosed_and_the_ceremony_goes_on() {
    let mut net = Holders::new(4, 3);
    net.exchange();
    net.deal_otherwise(1, |shares| *shares[0].sealed.last_mut().unwrap() ^= 1);
    for _ in 0..5 {
        net.exchange();
    }
    assert_eq!(disclosures(&Ceremony::parts(net.at(3))), [], "complete, nothing more is told of it");
    assert!(net.have_completed());
}

#[test]
fn only_the_share_that_was_complained_of_is_disclosed() {
    let mut net = Holders::new(4, 3);
    net.exchange();
    net.deal_otherwise(1, |shares| shares[1].sealed.clear());
    for _ in 0..3 {
        net.exchange();
    }
    for index in 1..=4 {
        assert_eq!(disclosures(&net.at(index).parts()), [(1, 3)], "at {index}");
    }
}

#[test]
fn a_package_that_leaves_somebody_out_convicts_its_dealer_with_everybody() {
    for change in [
        (|shares| drop(shares.remove(1))) as fn(&mut Vec<SealedShare>),
        |shares| shares.swap(0, 1),
        |shares| shares[0].recipient = 1,
        |shares| shares.push(shares[0].clone()),
    ] {
        let mut net = Holders::new(4, 3);
        net.exchange();
        net.deal_otherwise(1, change);
        net.exchange();
        for index in 2..=4 {
            assert!(net.is_convicted(index, 1, "not for every participant"), "at {index}");
        }
    }
}

#[test]
fn packages_that_are_too_long_convict_who_signed_them() {
    let mut net = Holders::new(4, 3);
    let (identity, ceremony) = &net.0[&1];
    let mut document = ceremony.round1[&1].document().clone();
    document.package.resize(2_049, 0);
    let package = Part::Round1(Signed::sign(document, &identity.key).to_wire());
    net.give(2, 1, &[package]);
    assert!(net.is_convicted(2, 1, "oversized round 1 package"));

    let mut net = Holders::new(4, 3);
    net.exchange();
    net.deal_otherwise(1, |shares| shares[0].sealed.resize(257, 0));
    net.exchange();
    for index in 2..=4 {
        assert!(net.is_convicted(index, 1, "oversized round 2 package"), "at {index}");
    }
}

#[test]
fn two_different_packages_of_one_dealer_meet_and_convict_it() {
    let mut net = Holders::new(4, 3);
    net.exchange();
    let one = net.at(1).parts();
    net.deal_otherwise(1, |shares| *shares[0].sealed.last_mut().unwrap() ^= 1);
    let other = net.at(1).parts();
    net.give(2, 1, &one);
    net.give(3, 1, &other);
    net.give(4, 1, &other);
    net.exchange();
    for index in 2..=4 {
        assert!(net.is_convicted(index, 1, "two different round 2 packages"), "at {index}");
    }
}

#[test]
fn a_dealer_that_was_put_back_and_signed_twice_is_convicted_and_accuses_nobody() {
    let mut net = Holders::new(4, 3);
    let (_, before) = begun(&section(4, 3), 1, 8, &KeptAttempt::default());
    net.give(2, 1, &before.parts());
    for _ in 0..2 {
        net.exchange();
    }
    for index in 1..=4 {
        assert!(net.is_convicted(index, 1, "two different round 1 packages"), "at {index}");
        let Accused { missing, lying } = net.at(index).accused(Timestamp(100));
        let expected: &[u16] = if index == 1 { &[] } else { &[1] };
        assert!(missing.is_empty() && lying.iter().eq(expected), "at {index}");
    }
}

#[test]
fn a_complaint_of_a_package_that_was_not_sent_shows_nothing() {
    let mut net = Holders::new(4, 3);
    net.exchange();
    let dealer = net.package(1);
    let (unknown, of_another) = (crypto::digest("none", &[]), net.package(2));
    for package in [unknown, of_another] {
        let said = complaint(net.at(1), 2, 1, package);
        net.give(1, 2, &[said]);
        assert!(net.at(1).complaints.is_empty() && disclosures(&net.at(1).parts()).is_empty());
    }
    // What was sent, its recipient may complain of: it knows the share.
    let said = complaint(net.at(1), 2, 1, dealer);
    net.give(1, 2, &[said]);
    assert_eq!(disclosures(&net.at(1).parts()), [(1, 2)]);
}

#[test]
fn a_dealer_that_starts_again_deals_the_same_bytes_whatever_it_is_brought() {
    let mut net = Holders::new(4, 3);
    net.exchange();
    let (round1, round2) = net.at(1).packages();
    let dealt = net.at(1).round2[&1].to_wire();
    assert_eq!((round1.len(), &round2), (4, &vec![dealt.clone()]), "kept before it is told");
    let section = section(4, 3);
    let (identity, mut again) = begun(&section, 1, 7, &KeptAttempt { round1, round2, verifying_share: None });
    // A keyholder brings another round 1 package, with another key to seal to.
    let (_, other) = begun(&section, 2, 8, &KeptAttempt::default());
    again.receive(2, &other.parts(), &mut Refused::default());
    assert!(!again.liars.is_empty());
    again.liars = Liars::default();
    again.advance(&identity, Timestamp(0));
    assert_eq!(again.round2[&1].to_wire(), dealt);
}

#[test]
fn whoever_spoke_last_is_missed_and_not_those_whom_it_left_no_time() {
    let mut net = Holders::new(4, 3);
    let tell = |net: &mut Holders, to: u16, from: u16, now: u64| {
        let parts = net.at(from).parts();
        let (identity, ceremony) = net.0.get_mut(&to).unwrap();
        ceremony.receive(from, &parts, &mut Refused::default());
        ceremony.advance(identity, Timestamp(now));
    };
    // The other three exchange at once; the first tells nobody anything.
    for (to, from) in [(2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3), (1, 2), (1, 3), (1, 4)] {
        tell(&mut net, to, from, 1);
    }
    assert_eq!(net.at(2).accused(Timestamp(99)).missing, [1].into());
    // One moment before the deadline everything of it comes, and nothing more of the others.
    for to in 2..=4 {
        tell(&mut net, to, 1, 99);
    }
    assert!(net.at(2).missing_of(1).is_none() && net.at(2).missing_of(3).is_some());
    for index in 2..=4 {
        assert_eq!(net.at(index).accused(Timestamp(100)).missing, [1].into(), "at {index}");
    }
}

#[test]
fn the_longest_exchange_of_the_most_keyholders_fits_its_frame() {
    let last = u16::try_from(roster::MAX_KEYHOLDERS).unwrap();
    let mut net = Holders::new(last, last);
    let gather = |net: &mut Holders| {
        for index in 2..=last {
            let parts = net.at(index).parts();
            net.give(1, index, &parts);
        }
        let all = net.at(1).parts();
        for index in 2..=last {
            net.give(index, 1, &all);
        }
    };
    gather(&mut net);
    gather(&mut net);
    let pairs = (1..=last).flat_map(|accuser| (1..=last).map(move |accused| (accuser, accused)));
    let complaints: Vec<Part> = pairs
        .filter(|(accuser, accused)| accuser != accused)
        .map(|(accuser, accused)| complaint(net.at(1), accuser, accused, net.package(accused)))
        .collect();
    for dealer in 1..=last {
        net.give(dealer, if dealer == 1 { 2 } else { 1 }, &complaints);
    }
    for dealer in 2..=last {
        let shown: Vec<Part> =
            net.at(dealer).parts().into_iter().filter(|part| matches!(part, Part::Disclosure(_))).collect();
        net.give(1, dealer, &shown);
    }
    for index in 2..=last {
        let parts = net.at(index).parts();
        net.give(1, index, &parts);
    }
    let mut parts = net.at(1).parts();
    let count = |parts: &[Part], is: fn(&Part) -> bool| parts.iter().filter(|part| is(part)).count();
    let most = usize::from(last);
    assert_eq!(count(&parts, |part| matches!(part, Part::Round2(_))), most);
    assert_eq!(count(&parts, |part| matches!(part, Part::Echo(_))), most);
    assert_eq!(count(&parts, |part| matches!(part, Part::Disclosure(_))), most * (most - 1));
    // The key set with every signature, once as of this attempt and once as of one before, and all abandonments.
    let key_set = parts.iter().find(|part| matches!(part, Part::KeySet(_))).unwrap().clone();
    parts.push(key_set);
    for attempt in [998, 999] {
        for index in 1..=last {
            let others: Vec<u16> = (1..=last).filter(|other| *other != index).collect();
            let document = AbandonmentDocument {
                kind: TypeName::new(),
                network: net.at(1).id.network,
                signer: oin(index),
                ceremony: net.at(1).digest,
                index,
                attempt,
                missing: others.clone(),
                lying: others,
                time: Timestamp(1_795_000_000),
            };
            parts.push(Part::Abandonment(Signed::sign(document, &key(index)).to_wire()));
        }
    }
    let (parts_sent, bytes) = (parts.len(), cbor::to_vec(&CeremonyResponse::Exchange { parts }).len());
    assert!(parts_sent <= MAX_PARTS, "{parts_sent}");
    assert!(bytes < Conversation::Ceremony.max_response_bytes(), "{bytes}");
}
