//! Probing: the keyed states of one epoch side by side, and a sieve of the tags that they are looked up in.
//!
//! One HMAC per own key is what a segment costs; the rest must not. So the states lie in one run of memory instead of a
//! tree, and a tag is searched for only when the sieve lets it through.

use std::fmt;

use crypto::{Tag, TagPlace, Tagger};
use domain::{Epoch, FamilyRef};
use linkage::LinkageKey;

use super::{Hit, OwnFamilies};
use crate::FeedId;

/// Bits of the sieve for each tag: one in sixteen tags that are not there gets through.
const BITS_PER_TAG: usize = 16;

/// The keys that have a pseudonym of one epoch, in no particular order.
#[derive(Debug, Default)]
pub(super) struct Lane {
    taggers: Vec<Tagger>,
    /// The key of each, in the same place.
    keys: Vec<LinkageKey>,
}

impl Lane {
    /// Adds a key and returns its place.
    pub(super) fn push(&mut self, key: LinkageKey, tagger: Tagger) -> usize {
        self.taggers.push(tagger);
        self.keys.push(key);
        self.keys.len() - 1
    }

    /// Removes the key in a place. Returns the one that moved there, if one did.
    pub(super) fn remove(&mut self, place: usize) -> Option<LinkageKey> {
        if place < self.keys.len() {
            self.taggers.swap_remove(place);
            self.keys.swap_remove(place);
        }
        self.keys.get(place).cloned()
    }

    pub(super) fn tagger(&self, place: usize) -> Option<&Tagger> {
        self.taggers.get(place)
    }

    /// The keys whose tags are there.
    pub(super) fn probe<'a>(
        &'a self,
        place: &'a TagPlace,
        tags: &'a Sieve<'_>,
    ) -> impl Iterator<Item = &'a LinkageKey> {
        let probed = self.taggers.iter().zip(&self.keys);
        probed.filter(|(tagger, _)| tags.contains(&tagger.tag_at(place))).map(|(_, key)| key)
    }
}

/// Bits of a sieve that are set, about, in the time that it saves one key. With fewer keys for its tags it does not pay.
const TAGS_PER_KEY: usize = 16;

/// The keys of some families in one epoch.
///
/// Where several families are probed in many feeds, this goes feed by feed and not family by family: the tags of one feed
/// stay close to the processor meanwhile, those of all do not, and waiting for them takes ten times as long as the HMACs.
pub struct Prober<'a> {
    pub(super) own: &'a OwnFamilies,
    pub(super) epoch: Epoch,
    pub(super) keys: Vec<ProbedKey<'a>>,
}

/// One key that is probed with, and the families that carry it.
pub(super) struct ProbedKey<'a> {
    pub(super) tagger: &'a Tagger,
    pub(super) key: &'a LinkageKey,
    pub(super) carriers: Vec<&'a FamilyRef>,
}

impl fmt::Debug for Prober<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prober").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

impl Prober<'_> {
    /// Probes tags of a feed, ascending: one HMAC per key. Nothing is found in a feed of another epoch.
    #[must_use]
    pub fn probe(&self, feed: &FeedId, tags: &[Tag]) -> Vec<Hit> {
        if tags.is_empty() || feed.epoch != self.epoch {
            return Vec::new();
        }
        let place = TagPlace::new(&feed.publisher, &feed.circle);
        let sieve = (self.keys.len().saturating_mul(TAGS_PER_KEY) >= tags.len()).then(|| Sieve::new(tags));
        let is_there = |tag: &Tag| match &sieve {
            Some(sieve) => sieve.contains(tag),
            None => tags.binary_search(tag).is_ok(),
        };
        let mut hits = Vec::new();
        for probed in self.keys.iter().filter(|probed| is_there(&probed.tagger.tag_at(&place))) {
            let carriers = probed.carriers.iter().copied();
            let taking_part = carriers.filter(|family| self.own.takes_part(family, &feed.circle));
            hits.extend(taking_part.map(|family| Hit { family: family.clone(), key: probed.key.clone() }));
        }
        hits
    }
}

/// Tags to be looked up, ascending, with a bit for the first bits of each.
///
/// Their publisher chooses them, and can at most set one bit with each: whatever it chooses, own tags of which it does
/// not know the key meet a set bit no more often than [`BITS_PER_TAG`] says.
pub(super) struct Sieve<'a> {
    tags: &'a [Tag],
    bits: Vec<u64>,
    /// How far the first 64 bits of a tag are shifted to give the number of its bit.
    shift: u32,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(tags: &'a [Tag]) -> Self {
        let words = (tags.len() * BITS_PER_TAG).div_ceil(64).next_power_of_two();
        let mut sieve = Self { tags, bits: vec![0; words], shift: 58 - words.trailing_zeros() };
        for tag in tags {
            let (word, bit) = sieve.place(tag);
            if let Some(word) = sieve.bits.get_mut(word) {
                *word |= bit;
            }
        }
        sieve
    }

    fn contains(&self, tag: &Tag) -> bool {
        let (word, bit) = self.place(tag);
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.tags.binary_search(tag).is_ok()
    }

    /// Word and bit of a tag.
    fn place(&self, tag: &Tag) -> (usize, u64) {
        let (first, _) = tag.as_bytes().split_first_chunk().expect("8 of 16 bytes");
        let number = u64::from_be_bytes(*first) >> self.shift;
        (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
    }
}

#[cfg(test)]
mod tests {
    use crypto::Seed;

    use super::*;

    fn tags(label: &str, count: u64) -> Vec<Tag> {
        let seed = Seed::from_bytes([3; 32]);
        let tag = |n| {
            let drawn = seed.derive(label, n);
            Tag::from_bytes(*drawn.reveal().first_chunk().unwrap())
        };
        let mut tags: Vec<Tag> = (0..count).map(tag).collect();
        tags.sort_unstable();
        tags
    }

    #[test]
    fn a_sieve_finds_what_is_there_and_nothing_else() {
        for count in [1, 2, 3, 64, 1_000, 4_000, 70_000] {
            let there = tags("there", count);
            let sieve = Sieve::new(&there);
            assert!(there.iter().all(|tag| sieve.contains(tag)), "{count}");
            assert!(tags("elsewhere", 1_000).iter().all(|tag| !sieve.contains(tag)), "{count}");
        }
        assert!(!Sieve::new(&[]).contains(&Tag::from_bytes([0; 16])));
    }

    #[test]
    fn few_get_through_whatever_the_publisher_chooses() {
        let seed = |tag: &Tag| u16::from_be_bytes(*tag.as_bytes().first_chunk().unwrap());
        let spread: Vec<Tag> = (0..4_000_u16)
            .map(|n| Tag::from_bytes([(n * 16).to_be_bytes(); 8].concat().try_into().unwrap()))
            .collect();
        for chosen in [tags("uniform", 4_000), spread, vec![Tag::from_bytes([255; 16])]] {
            assert!(chosen.is_sorted_by_key(seed));
            let sieve = Sieve::new(&chosen);
            let set: u32 = sieve.bits.iter().map(|word| word.count_ones()).sum();
            assert!(set as usize <= chosen.len() && sieve.bits.len() * 64 >= chosen.len() * BITS_PER_TAG);
        }
    }
}
