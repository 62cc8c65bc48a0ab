//! The secrets of keys: what may be in no frame, in no record, and in no file of anybody else.
//!
//! A judge who knows everything knows them: the share of every keyholder; the seed from which a keyholder draws its
//! polynomial and its sealing key; and what it deals to each other keyholder, computed from that seed once more.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crypto::{KeyholderSection, Seed, Unverified, dkg};
use curve25519_dalek::scalar::Scalar;
use domain::Oin;
use minicbor::Decode;
use minicbor::bytes::ByteVec;
use protocol::ceremony::Round1Document;

use crate::Simulation;

/// Bytes of every secret.
const SECRET_BYTES: usize = 32;

/// Bytes by which a secret is known again, and the distance of those that are remembered: whatever holds the secret
/// holds one of them.
const PIECE_BYTES: usize = 8;
const STRIDE: usize = SECRET_BYTES - PIECE_BYTES + 1;

/// Everything that was seen somewhere, so far that 32 bytes in a row can be found in it.
#[derive(Default)]
pub(super) struct Seen {
    pieces: HashSet<[u8; PIECE_BYTES]>,
}

impl Seen {
    pub(super) fn see(&mut self, bytes: &[u8]) {
        let places = (0..bytes.len()).step_by(STRIDE);
        self.pieces.extend(places.filter_map(|place| bytes.get(place..)?.first_chunk().copied()));
    }

    fn holds(&self, secret: &[u8; SECRET_BYTES]) -> bool {
        let mut pieces = secret.windows(PIECE_BYTES).filter_map(|piece| piece.first_chunk());
        pieces.any(|piece| self.pieces.contains(piece))
    }
}

/// What sort of secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Share,
    Seed,
    /// Dealt to a keyholder, who may know it.
    Dealt(Oin),
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    owner: Oin,
    sort: Sort,
    bytes: [u8; SECRET_BYTES],
}

/// All secrets of the keys of a network, whenever they were made.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    known: BTreeSet<Known>,
    /// The files that they were read from.
    files: BTreeSet<(Oin, Vec<u8>)>,
    /// The shares of each key, by index.
    shares: BTreeMap<String, BTreeMap<u16, Scalar>>,
}

/// What the secret file of a ceremony begins with.
#[derive(Decode)]
struct CeremonyFile {
    #[n(0)]
    seed: ByteVec,
    #[n(2)]
    round1: Vec<ByteVec>,
}

impl Secrets {
    /// Takes up what was ever put into a secret file of any node.
    pub(super) fn learn(&mut self, net: &Simulation, sections: &[KeyholderSection]) -> Result<(), String> {
        for owner in net.founding().oins() {
            for (name, secret) in net.disk(owner).secrets_ever() {
                if !self.files.insert((owner, secret.to_vec())) {
                    continue;
                }
                let is_read = if name.starts_with("share-") {
                    self.learn_share(owner, name, secret)
                } else {
                    self.learn_ceremony(owner, name, secret, sections)
                };
                is_read.ok_or_else(|| format!("{name} of {owner} is not what it was expected to be"))?;
            }
        }
        Ok(())
    }

    fn learn_share(&mut self, owner: Oin, name: &str, secret: &[u8]) -> Option<()> {
        let (index, bytes) = secret.split_first_chunk::<2>()?;
        let bytes = <[u8; SECRET_BYTES]>::try_from(bytes).ok()?;
        self.known.insert(Known { owner, sort: Sort::Share, bytes });
        let scalar = Option::from(Scalar::from_canonical_bytes(bytes))?;
        self.shares.entry(name.to_owned()).or_default().insert(u16::from_be_bytes(*index), scalar);
        Some(())
    }

    fn learn_ceremony(
        &mut self,
        owner: Oin,
        name: &str,
        secret: &[u8],
        sections: &[KeyholderSection],
    ) -> Option<()> {
        let file: CeremonyFile = minicbor::decode(secret).ok()?;
        let seed = <[u8; SECRET_BYTES]>::try_from(file.seed.as_slice()).ok()?;
        self.known.insert(Known { owner, sort: Sort::Seed, bytes: seed });
        let is_of = |section: &&KeyholderSection| {
            let digest: String = section.digest().to_string().chars().take(8).collect();
            name.ends_with(&digest)
        };
        let section = sections.iter().find(is_of)?;
        let read = |wire: &ByteVec| {
            Unverified::<Round1Document>::parse(wire).ok().map(|document| document.claimed().clone())
        };
        let documents: Vec<Round1Document> = file.round1.iter().filter_map(read).collect();
        let own = documents.iter().find(|document| document.signer == owner)?;
        let participants: BTreeSet<u16> = own.participants.iter().copied().collect();
        if documents.len() < participants.len() {
            // Nothing is dealt before all packages are there.
            return Some(());
        }
        let seed = Seed::from_bytes(seed).derive("round1", 0);
        let (polynomial, package) = dkg::start(own.index, &participants, section.threshold, &seed).ok()?;
        let others = documents.iter().filter(|document| document.index != own.index);
        let others = others.map(|document| (document.index, document.package.clone())).collect();
        // Nothing is dealt either when somebody's package is a lie.
        let dealt = polynomial.distribute(&others).map_or_else(|_| BTreeMap::new(), |(_, dealt)| dealt);
        for (index, share) in dealt {
            let to = Sort::Dealt(section.keyholder(index)?.oin);
            self.known.insert(Known {
                owner,
                sort: to,
                bytes: <[u8; SECRET_BYTES]>::try_from(share.as_slice()).ok()?,
            });
        }
        (package == own.package).then_some(())
    }

    /// Whether nothing that was seen holds a secret. What was dealt to or by a hostile keyholder may have to be shown.
    pub(super) fn are_not_in(&self, seen: &Seen, net: &Simulation) -> Result<(), String> {
        let may_be_shown = |known: &&Known| match known.sort {
            Sort::Dealt(to) => net.is_hostile(to) || net.is_hostile(known.owner),
            Sort::Share | Sort::Seed => false,
        };
        let mut kept_back = self.known.iter().filter(|known| !may_be_shown(known));
        match kept_back.find(|known| seen.holds(&known.bytes)) {
            None => Ok(()),
            Some(known) => Err(format!("a secret of {} was in a frame: {:?}", known.owner, known.sort)),
        }
    }

    /// Whether no secret is in a record of anybody, or in a secret file of anybody else.
    pub(super) fn are_their_owners(&self, net: &Simulation) -> Result<(), String> {
        let mut records = Seen::default();
        for member in net.founding().oins() {
            net.disk(member).values().for_each(|value| records.see(value));
            let mut files = Seen::default();
            net.disk(member).secrets_ever().for_each(|(_, secret)| files.see(secret));
            let is_of_others = |known: &&Known| known.owner != member && known.sort != Sort::Dealt(member);
            let mut of_others = self.known.iter().filter(is_of_others);
            if let Some(known) = of_others.find(|known| files.holds(&known.bytes)) {
                return Err(format!("{member} keeps a secret of {}: {:?}", known.owner, known.sort));
            }
        }
        match self.known.iter().find(|known| records.holds(&known.bytes)) {
            None => Ok(()),
            Some(known) => Err(format!("a secret of {} is in a record: {:?}", known.owner, known.sort)),
        }
    }

    /// Whether one share less than the threshold makes another key than the threshold does: with a polynomial of a
    /// lower degree, both would make the key.
    pub(super) fn need_each_other(&self, threshold: usize) -> Result<(), String> {
        for (key, shares) in self.shares.iter().filter(|(_, shares)| shares.len() >= threshold) {
            let shares: Vec<(u16, Scalar)> = shares.iter().map(|(index, share)| (*index, *share)).collect();
            let enough = shares.get(..threshold).unwrap_or_default();
            let short = shares.get(..threshold.saturating_sub(1)).unwrap_or_default();
            if at_zero(enough) == at_zero(short) {
                return Err(format!("{} shares make the key of {key}, which needs {threshold}", short.len()));
            }
        }
        Ok(())
    }

    /// How many secrets are known of each sort: shares, seeds, shares dealt.
    #[cfg(test)]
    pub(super) fn counts(&self) -> [usize; 3] {
        let count = |sort: fn(&Sort) -> bool| self.known.iter().filter(|known| sort(&known.sort)).count();
        [
            count(|sort| matches!(sort, Sort::Share)),
            count(|sort| matches!(sort, Sort::Seed)),
            count(|sort| matches!(sort, Sort::Dealt(_))),
        ]
    }
}

/// The value at zero of the polynomial of the lowest degree through these places.
fn at_zero(places: &[(u16, Scalar)]) -> Scalar {
    let term = |(own, value): &(u16, Scalar)| {
        let others =
            || places.iter().filter(|(other, _)| other != own).map(|(other, _)| Scalar::from(*other));
        let above: Scalar = others().product();
        let below: Scalar = others().map(|other| other - Scalar::from(*own)).product();
        value * above * below.invert()
    };
    places.iter().map(term).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        let secret: [u8; SECRET_BYTES] = std::array::from_fn(|at| at as u8 + 100);
        for before in 0..2 * STRIDE {
            let mut seen = Seen::default();
            seen.see(&[vec![7; before], secret.to_vec(), vec![9; 40]].concat());
            assert!(seen.holds(&secret), "after {before} bytes");
        }
        let mut seen = Seen::default();
        seen.see(&[7; 400]);
        assert!(!seen.holds(&secret));
    }

    #[test]
    fn a_line_needs_two_places_and_a_parabola_three() {
        let places = |values: [u8; 3]| values.map(Scalar::from);
        let [one, two, three] = places([5, 7, 9]);
        assert_eq!(at_zero(&[(1, one), (2, two)]), Scalar::from(3_u8));
        assert_eq!(at_zero(&[(1, one), (2, two), (3, three)]), Scalar::from(3_u8));
        let [one, two, three] = places([4, 9, 16]);
        assert_eq!(at_zero(&[(1, one), (2, two), (3, three)]), Scalar::ONE);
        assert_ne!(at_zero(&[(1, one), (2, two)]), Scalar::ONE);
    }
}
