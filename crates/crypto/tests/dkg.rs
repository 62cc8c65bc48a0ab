//! Keys made without a dealer work, and every way of lying names the liar.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failing test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use crypto::dkg::{self, DkgError, DkgOutcome, Round1Secret, Round2Secret, share_is_valid};
use crypto::{BlindedBatch, KeySetDocument, PseudonymKey, Seed};
use support::{ceremony, section, signed, transcript_digest};
use zeroize::Zeroizing;

type Shares = BTreeMap<u16, Zeroizing<Vec<u8>>>;

struct Run {
    secrets: BTreeMap<u16, Round1Secret>,
    packages: BTreeMap<u16, Vec<u8>>,
}

fn seed(index: u16) -> Seed {
    Seed::from_bytes([0x33; 32]).derive("test dkg", u64::from(index))
}

fn start(indices: &[u16], threshold: u16) -> Run {
    let participants: BTreeSet<u16> = indices.iter().copied().collect();
    let mut run = Run { secrets: BTreeMap::new(), packages: BTreeMap::new() };
    for index in indices {
        let (secret, package) = dkg::start(*index, &participants, threshold, &seed(*index)).unwrap();
        run.secrets.insert(*index, secret);
        run.packages.insert(*index, package);
    }
    run
}

impl Run {
    fn others(&self, index: u16) -> BTreeMap<u16, Vec<u8>> {
        self.packages.iter().filter(|(other, _)| **other != index).map(|(i, p)| (*i, p.clone())).collect()
    }

    /// The second secrets, and per recipient the shares it gets.
    fn distribute(&self) -> (BTreeMap<u16, Round2Secret>, BTreeMap<u16, Shares>) {
        let (mut secrets, mut inboxes) = (BTreeMap::new(), BTreeMap::<u16, Shares>::new());
        for (dealer, secret) in &self.secrets {
            let (second, shares) = secret.distribute(&self.others(*dealer)).unwrap();
            secrets.insert(*dealer, second);
            for (recipient, share) in shares {
                inboxes.entry(recipient).or_default().insert(*dealer, share);
            }
        }
        (secrets, inboxes)
    }

    fn finish(&self) -> BTreeMap<u16, DkgOutcome> {
        let (secrets, inboxes) = self.distribute();
        secrets.iter().map(|(i, s)| (*i, s.finish(&self.others(*i), &inboxes[i]).unwrap())).collect()
    }
}

#[test]
fn two_of_three_and_three_of_five_evaluate() {
    for (count, threshold) in [(3, 2), (5, 3)] {
        let indices: Vec<u16> = (1..=count).collect();
        let outcomes = start(&indices, threshold).finish();
        let first = &outcomes[&1];
        for (index, outcome) in &outcomes {
            assert_eq!(outcome.share.index(), *index);
            assert_eq!(outcome.verifying_shares, first.verifying_shares);
            assert_eq!(outcome.group_key, first.group_key);
            assert_eq!(outcome.share.verifying_share(), first.verifying_shares[index]);
        }
        let section = section(count, threshold);
        let document = KeySetDocument::new(
            &ceremony(&section, 1),
            threshold,
            &first.verifying_shares,
            first.group_key,
            transcript_digest(),
        );
        let key_set = signed(&document).verify(&section).unwrap();

        let batch = BlindedBatch::new(&[b"mother", b"father"], &seed(0), &[1; 16]).unwrap();
        let verified: Vec<_> = outcomes
            .values()
            .map(|outcome| {
                let evaluation = outcome.share.evaluate(batch.elements(), &seed(9)).unwrap();
                batch.verify(&key_set, outcome.share.index(), &evaluation).unwrap()
            })
            .collect();
        let threshold = usize::from(threshold);
        let keys: Vec<PseudonymKey> = batch.finish(&key_set, &verified[..threshold]).unwrap();
        assert_ne!(keys[0], keys[1]);
        assert_eq!(keys, batch.finish(&key_set, &verified[verified.len() - threshold..]).unwrap());
        let again = BlindedBatch::new(&[b"father"], &seed(8), &[2; 16]).unwrap();
        let verified: Vec<_> = outcomes
            .values()
            .map(|outcome| {
                let evaluation = outcome.share.evaluate(again.elements(), &seed(9)).unwrap();
                again.verify(&key_set, outcome.share.index(), &evaluation).unwrap()
            })
            .collect();
        assert_eq!(again.finish(&key_set, &verified).unwrap(), keys[1..]);
    }
}

#[test]
fn indices_need_not_be_consecutive() {
    let outcomes = start(&[2, 7, 40_000], 2).finish();
    assert_eq!(outcomes[&2].verifying_shares.keys().copied().collect::<Vec<_>>(), [2, 7, 40_000]);
    assert_eq!(outcomes[&2].group_key, outcomes[&40_000].group_key);
}

#[test]
fn a_bad_package_names_its_sender() {
    let run = start(&[1, 2, 3], 2);
    let steeper = start(&[1, 2, 3], 3);
    let check = |name: &str, package: Vec<u8>| {
        let mut packages = run.others(1);
        packages.insert(3, package);
        let refused = run.secrets[&1].distribute(&packages).unwrap_err();
        assert_eq!(refused, DkgError::Culprit { index: 3 }, "{name}");
        assert_eq!(refused.culprit(), Some(3));
    };
    let own = &run.packages[&3];
    check("empty", vec![]);
    check("cut short", own[..own.len() - 1].to_vec());
    check("longer", [own.as_slice(), &[0]].concat());
    check("another's package", run.packages[&2].clone());
    check("another threshold", steeper.packages[&3].clone());
    for position in 0..own.len() {
        let mut damaged = own.clone();
        damaged[position] ^= 1;
        // A changed higher coefficient is a different commitment, which its shares will not fit.
        let mut packages = run.others(1);
        packages.insert(3, damaged.clone());
        match run.secrets[&1].distribute(&packages) {
            Err(refused) => assert_eq!(refused, DkgError::Culprit { index: 3 }, "byte {position}"),
            Ok((second, _)) => {
                let (_, inboxes) = run.distribute();
                let refused = second.finish(&packages, &inboxes[&1]).unwrap_err();
                assert_eq!(refused, DkgError::Culprit { index: 3 }, "byte {position}");
                assert!(!share_is_valid(&damaged, 1, &inboxes[&1][&3]), "byte {position}");
            }
        }
    }
}

#[test]
fn a_bad_share_names_its_dealer_and_settles_the_dispute() {
    let run = start(&[1, 2, 3], 2);
    let (secrets, inboxes) = run.distribute();
    let honest = inboxes[&1][&3].clone();
    assert!(share_is_valid(&run.packages[&3], 1, &honest));
    let check = |name: &str, share: Vec<u8>| {
        assert!(!share_is_valid(&run.packages[&3], 1, &share), "{name}");
        let mut shares = inboxes[&1].clone();
        shares.insert(3, Zeroizing::new(share));
        let refused = secrets[&1].finish(&run.others(1), &shares).unwrap_err();
        assert_eq!(refused, DkgError::Culprit { index: 3 }, "{name}");
    };
    let mut altered = honest.to_vec();
    altered[0] ^= 1;
    check("altered", altered);
    check("of another dealer", inboxes[&1][&2].to_vec());
    check("for another recipient", inboxes[&2][&3].to_vec());
    check("not canonical", vec![0xff; 32]);
    check("zero", vec![0; 32]);
    check("empty", vec![]);
    check("longer", [honest.as_slice(), &[0]].concat());
    assert!(!share_is_valid(&run.packages[&3], 0, &honest));
    assert!(!share_is_valid(&run.packages[&3], 2, &honest));
    assert!(!share_is_valid(b"", 1, &honest));
}

#[test]
fn everyone_else_and_nobody_more_takes_part() {
    let run = start(&[1, 2, 3], 2);
    let (secrets, inboxes) = run.distribute();
    let mut missing = run.others(1);
    missing.remove(&3);
    assert_eq!(run.secrets[&1].distribute(&missing).unwrap_err(), DkgError::Participants);
    assert_eq!(run.secrets[&1].distribute(&run.packages).unwrap_err(), DkgError::Participants);
    let mut swapped = missing;
    swapped.insert(4, run.packages[&3].clone());
    assert_eq!(run.secrets[&1].distribute(&swapped).unwrap_err(), DkgError::Participants);
    let mut shares = inboxes[&1].clone();
    shares.remove(&3);
    assert_eq!(secrets[&1].finish(&run.others(1), &shares).unwrap_err(), DkgError::Participants);
}

#[test]
fn parameters_that_make_no_key_are_refused() {
    for (index, participants, threshold) in [
        (1, &[1, 2, 3][..], 1),
        (1, &[1, 2, 3], 4),
        (4, &[1, 2, 3], 2),
        (1, &[1], 1),
        (1, &[0, 1, 2], 2),
        (0, &[0, 1], 2),
    ] {
        let set = participants.iter().copied().collect();
        let refused = dkg::start(index, &set, threshold, &seed(1)).unwrap_err();
        assert_eq!(refused, DkgError::Parameters, "{index} of {participants:?}, {threshold}");
    }
}

#[test]
fn no_secret_prints() {
    let run = start(&[1, 2], 2);
    let (second, _) = run.secrets[&1].distribute(&run.others(1)).unwrap();
    assert_eq!(
        format!("{:?} {second:?}", run.secrets[&1]),
        "Round1Secret(1, redacted) Round2Secret(1, redacted)"
    );
}
