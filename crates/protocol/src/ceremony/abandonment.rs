//! Abandonments: the signed word of a keyholder that it gave up one attempt, and who takes part in the next.
//!
//! Whoever signs one has destroyed its secrets of the attempt, its share included, and never signs a key set of it. A
//! quorum of them makes the next attempt possible: every key set of the abandoned one has so many participants without
//! a share that the rest stays below the threshold.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{CeremonyId, Digest, Document, KeyholderSection, Signed, TypeName};
use domain::{NetworkId, Oin, Timestamp};
use minicbor::{Decode, Encode};

/// Most attempts at one key. Each lasts a deadline, so that a network which gets here has been at it for a week; what
/// is left then is another roster, or the next epoch.
pub(super) const MAX_ATTEMPTS: u32 = 1_000;

/// Abandonment: the signer gave up an attempt after its deadline, without a complete key set of use in hand.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AbandonmentDocument {
    /// Says that it is this type of document.
    #[n(0)]
    pub kind: TypeName<Self>,
    /// The network.
    #[cbor(n(1), with = "crypto::cbor::network_id")]
    pub network: NetworkId,
    /// The keyholder that made it.
    #[cbor(n(2), with = "crypto::cbor::oin")]
    pub signer: Oin,
    /// Digest that names the attempt, whoever took part in it.
    #[n(3)]
    pub ceremony: Digest,
    /// The signer's index.
    #[n(4)]
    pub index: u16,
    /// The attempt.
    #[n(5)]
    pub attempt: u32,
    /// Keyholders that the signer waited for in vain, ascending.
    #[n(6)]
    pub missing: Vec<u16>,
    /// Keyholders that the signer convicted of a lie, in this attempt or an earlier one, ascending.
    #[n(7)]
    pub lying: Vec<u16>,
    /// When.
    #[cbor(n(8), with = "crypto::cbor::timestamp")]
    pub time: Timestamp,
}

impl Document for AbandonmentDocument {
    const LABEL: &'static str = "samenhang abandonment v1";
}

impl AbandonmentDocument {
    /// Whether what it says can be: it names that attempt, a keyholder signs for itself, and the accused are other
    /// keyholders in order.
    pub(super) fn is_sound(&self, first: &CeremonyId, section: &KeyholderSection) -> bool {
        let accused = |list: &[u16]| {
            list.is_sorted_by(|one, next| one < next)
                && list.iter().all(|index| *index != self.index && section.keyholder(*index).is_some())
        };
        (1..=MAX_ATTEMPTS).contains(&self.attempt)
            && self.network == first.network
            && self.ceremony == first.with_attempt(self.attempt).digest()
            && section.keyholder(self.index).is_some_and(|keyholder| keyholder.oin == self.signer)
            && accused(&self.missing)
            && accused(&self.lying)
    }

    /// Whether the signer holds a keyholder responsible, so that it should not take part again. Whoever missed the
    /// first attempt and is back by its end was late; everybody in a later one had just been there.
    fn blames(&self, index: u16) -> bool {
        self.lying.contains(&index) || self.attempt > 1 && self.missing.contains(&index)
    }
}

/// Who takes part in the attempt after the one that these abandoned: its signers, without those whom more of them
/// blame than may be wrong or lying. Where that leaves too few, the least blamed come back: they did sign, so they are
/// there. `None` below a quorum.
///
/// Everybody who holds the same abandonments names the same participants.
pub(super) fn next_participants(
    section: &KeyholderSection,
    abandoned: &BTreeMap<u16, Signed<AbandonmentDocument>>,
) -> Option<BTreeSet<u16>> {
    let quorum = section.quorum();
    if abandoned.len() < quorum {
        return None;
    }
    let blaming = |index: u16| abandoned.values().filter(|signed| signed.document().blames(index)).count();
    let mut ranked: Vec<(usize, u16)> = abandoned.keys().map(|index| (blaming(*index), *index)).collect();
    ranked.sort_unstable();
    let trusted = ranked.iter().filter(|(blaming, _)| *blaming <= section.spare()).count();
    Some(ranked.into_iter().take(trusted.max(quorum)).map(|(_, index)| index).collect())
}

#[cfg(test)]
mod tests {
    use crypto::{Keyholder, Seed, SigningKey};
    use domain::{Epoch, KeyClass};

    use super::*;

    fn key(index: u16) -> SigningKey {
        SigningKey::from_seed(&Seed::from_bytes([3; 32]).derive("keyholder", u64::from(index)))
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

    fn first(section: &KeyholderSection) -> CeremonyId {
        let (epoch, class) = (Epoch(1), KeyClass::Bsn);
        CeremonyId { network: section.network, section: section.digest(), epoch, class, attempt: 1 }
    }

    fn abandonment(section: &KeyholderSection, attempt: u32, index: u16) -> AbandonmentDocument {
        AbandonmentDocument {
            kind: TypeName::new(),
            network: section.network,
            signer: oin(index),
            ceremony: first(section).with_attempt(attempt).digest(),
            index,
            attempt,
            missing: Vec::new(),
            lying: Vec::new(),
            time: Timestamp(1),
        }
    }

    /// Each signer with those whom it misses.
    type Missed<'a> = &'a [(u16, &'a [u16])];

    fn check(keyholders: (u16, u16), attempt: u32, missed: Missed<'_>, expected: Option<&[u16]>) {
        let section = section(keyholders.0, keyholders.1);
        let abandon = |(index, missing): &(u16, &[u16])| {
            let document =
                AbandonmentDocument { missing: missing.to_vec(), ..abandonment(&section, attempt, *index) };
            (*index, Signed::sign(document, &key(*index)))
        };
        let abandoned = missed.iter().map(abandon).collect();
        let expected = expected.map(|expected| expected.iter().copied().collect::<BTreeSet<u16>>());
        assert_eq!(next_participants(&section, &abandoned), expected, "{missed:?}");
    }

    #[test]
    fn the_next_attempt_is_among_those_who_abandoned_and_are_not_blamed_by_more_than_may_err() {
        // Four of five are a quorum, and one may be wrong.
        check((5, 3), 1, &[(1, &[5]), (2, &[5]), (3, &[5])], None);
        check((5, 3), 1, &[(1, &[5]), (2, &[5]), (3, &[5]), (4, &[5])], Some(&[1, 2, 3, 4]));
        check((5, 3), 2, &[(1, &[]), (2, &[1]), (3, &[]), (4, &[]), (5, &[])], Some(&[1, 2, 3, 4, 5]));
        let missed: Missed<'_> = &[(1, &[]), (2, &[1]), (3, &[1]), (4, &[]), (5, &[])];
        check((5, 3), 2, missed, Some(&[2, 3, 4, 5]));
        // Late for the first attempt, and there by its end.
        check((5, 3), 1, missed, Some(&[1, 2, 3, 4, 5]));
        // Two are blamed: no more than one may be left out, the one whom most blame.
        let two: Missed<'_> = &[(1, &[4, 5]), (2, &[4, 5]), (3, &[5]), (4, &[]), (5, &[])];
        check((5, 3), 2, two, Some(&[1, 2, 3, 4]));
        // All three are needed: whoever signs is taken.
        check((3, 2), 2, &[(1, &[3]), (2, &[3])], None);
        check((3, 2), 2, &[(1, &[3]), (2, &[3]), (3, &[])], Some(&[1, 2, 3]));
    }

    #[test]
    fn a_liar_is_left_out_of_the_second_attempt() {
        let section = section(5, 3);
        let abandon = |index: u16| {
            let lying = if index == 1 { Vec::new() } else { vec![1] };
            let document = AbandonmentDocument { lying, ..abandonment(&section, 1, index) };
            (index, Signed::sign(document, &key(index)))
        };
        let abandoned = (1..=5).map(abandon).collect();
        assert_eq!(next_participants(&section, &abandoned), Some(BTreeSet::from([2, 3, 4, 5])));
    }

    #[test]
    fn an_abandonment_names_its_attempt_its_signer_and_others_in_order() {
        let section = section(5, 3);
        let sound = AbandonmentDocument { missing: vec![1, 3], ..abandonment(&section, 1, 2) };
        let first = first(&section);
        assert!(sound.is_sound(&first, &section));
        type Change = fn(&mut AbandonmentDocument);
        let refused: [(&str, Change); 9] = [
            ("attempt zero", |d| d.attempt = 0),
            ("another attempt than it names", |d| d.attempt = 2),
            ("past the last attempt", |d| d.attempt = MAX_ATTEMPTS + 1),
            ("another network", |d| d.network = NetworkId::from_bytes([2; 32])),
            ("the place of another", |d| d.index = 4),
            ("itself", |d| d.missing = vec![2]),
            ("a stranger", |d| d.lying = vec![6]),
            ("twice", |d| d.missing = vec![1, 1]),
            ("out of order", |d| d.missing = vec![3, 1]),
        ];
        for (what, change) in refused {
            let mut document = sound.clone();
            change(&mut document);
            assert!(!document.is_sound(&first, &section), "{what}");
        }
        let later = AbandonmentDocument { attempt: 2, ceremony: first.with_attempt(2).digest(), ..sound };
        assert!(later.is_sound(&first, &section));
    }
}
