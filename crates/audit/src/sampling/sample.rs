//! The sample that one witness's signature draws, and whether openings cover it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crypto::{Digest, digest};
use domain::{NetworkId, Oin};

use super::{PeriodClosed, Population};
use crate::{AuditError, Cosigner, LeafHash, VerifiedOpening};

/// Most elements of a sample: opening one takes a person a minute at least.
pub const MAX_SAMPLE: u32 = 10_000;

const SAMPLE_LABEL: &str = "samenhang sample v1";
const DRAW_LABEL: &str = "samenhang draw v1";

/// One element that is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drawn {
    /// The place of its leaf in the evaluation log.
    pub place: u64,
    /// Its position in the leaf.
    pub position: u32,
}

/// The elements of one organisation and period that one witness's signature has drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    network: NetworkId,
    keeper: Oin,
    drawn: BTreeMap<Drawn, LeafHash>,
}

/// What openings say of a sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Opened.
    pub opened: BTreeSet<Drawn>,
    /// Not opened, and to be held against the organisation.
    pub unopened: BTreeSet<Drawn>,
    /// Not opened, of leaves whose origin was lost with the approval of the governors.
    pub lost: BTreeSet<Drawn>,
}

impl Sample {
    /// Draws `size` elements, or all if there are no more, without repetition and each as likely as any other.
    ///
    /// The signature, hashed with what it is of, is a seed. Number k = 0, 1, … is the first eight bytes of
    /// digest(seed, k). It draws the element `number mod elements`, but is passed over when it lies in the incomplete
    /// last stretch of that length below 2⁶⁴, which would favour the first elements, or when its element is drawn already.
    ///
    /// # Errors
    /// The witness did not cosign this closing, the population is of another, or a sample larger than [`MAX_SAMPLE`].
    pub fn draw(
        closed: &PeriodClosed,
        witness: &Cosigner,
        population: &Population,
        size: u32,
    ) -> Result<Self, AuditError> {
        let cosignature = closed.checkpoint().cosignature_of(witness)?;
        if population.end() != closed.end() {
            return Err(AuditError::OtherLog);
        }
        if size > MAX_SAMPLE {
            return Err(AuditError::BeyondEnd);
        }
        let checkpoint = closed.checkpoint().checkpoint();
        let time = cosignature.time().0.to_be_bytes();
        let signed: [&[u8]; 4] =
            [&checkpoint.text(), witness.name().as_bytes(), &time, cosignature.signature().as_bytes()];
        let seed = digest(SAMPLE_LABEL, &signed);
        let draw = |number: u64| {
            let drawn = digest(DRAW_LABEL, &[seed.as_bytes(), &number.to_be_bytes()]);
            first_number(&drawn)
        };
        let numbers = distinct(population.elements(), u64::from(size), draw);
        let drawn = numbers.into_iter().filter_map(|number| {
            let (place, position, leaf) = population.element(number)?;
            Some((Drawn { place, position }, leaf))
        });
        Ok(Self { network: closed.network(), keeper: closed.keeper(), drawn: drawn.collect() })
    }

    /// The elements to be opened, in the order of the log.
    pub fn drawn(&self) -> impl ExactSizeIterator<Item = Drawn> + '_ {
        self.drawn.keys().copied()
    }

    /// What these openings say of it. `lost` are the places of leaves whose origin lies in a gap of the main log that the
    /// governors approved; one of them that is opened nevertheless counts as opened.
    #[must_use]
    pub fn covered_by<'a>(
        &self,
        openings: impl IntoIterator<Item = &'a VerifiedOpening>,
        lost: &[Range<u64>],
    ) -> Coverage {
        let mut coverage = Coverage::default();
        for opening in openings {
            let (leaf, position) = (opening.leaf(), opening.position());
            let shown = Drawn { place: leaf.place, position };
            // An opening under a checkpoint of a second log, with another leaf in this place, opens nothing of this one.
            let is_of_this = (opening.network(), opening.keeper()) == (self.network, self.keeper);
            if is_of_this && self.drawn.get(&shown) == Some(&leaf.hash()) {
                coverage.opened.insert(shown);
            }
        }
        for drawn in self.drawn.keys().filter(|drawn| !coverage.opened.contains(drawn)) {
            let is_lost = lost.iter().any(|places| places.contains(&drawn.place));
            if is_lost {
                coverage.lost.insert(*drawn)
            } else {
                coverage.unopened.insert(*drawn)
            };
        }
        coverage
    }
}

/// The first eight bytes of a digest, big-endian.
fn first_number(digest: &Digest) -> u64 {
    digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// So many different numbers below a bound, or all of them.
fn distinct(bound: u64, count: u64, draw: impl Fn(u64) -> u64) -> BTreeSet<u64> {
    if bound <= count {
        return (0..bound).collect();
    }
    // 2⁶⁴ mod bound numbers at the end are too many for every element to have as many.
    let incomplete = (u64::MAX % bound + 1) % bound;
    let mut numbers = BTreeSet::new();
    let mut k = 0;
    while (numbers.len() as u64) < count {
        let number = draw(k);
        k += 1;
        if number <= u64::MAX - incomplete {
            numbers.insert(number % bound);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_distinct_and_the_incomplete_stretch_is_passed_over() {
        let drawn = |bound, count, numbers: &[u64]| -> Vec<u64> {
            let draw = |k: u64| numbers[usize::try_from(k).unwrap()];
            distinct(bound, count, draw).into_iter().collect()
        };
        assert_eq!(drawn(3, 3, &[]), [0, 1, 2], "all of them");
        assert_eq!(drawn(0, 5, &[]), [0; 0]);
        assert_eq!(drawn(10, 2, &[13, 23, 4, 5]), [3, 4], "one twice");
        // 2^64 = 10 * 1844674407370955161 + 6: the last six numbers are no draw.
        assert_eq!(drawn(10, 1, &[u64::MAX, u64::MAX - 5, u64::MAX - 6]), [9]);
        // A power of two leaves nothing over.
        assert_eq!(drawn(16, 1, &[u64::MAX]), [15]);
    }

    #[test]
    fn every_element_is_as_likely_as_any_other() {
        let mut counts = [0_u32; 7];
        for seed in 0..7_000_u64 {
            let draw = |k: u64| first_number(&digest("test draw", &[&seed.to_be_bytes(), &k.to_be_bytes()]));
            for number in distinct(7, 2, draw) {
                counts[usize::try_from(number).unwrap()] += 1;
            }
        }
        // Two of seven: 2,000 each, with a standard deviation of 38.
        assert!(counts.iter().all(|count| (1_850..=2_150).contains(count)), "{counts:?}");
    }
}
