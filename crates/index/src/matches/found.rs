//! What was found for one family, feed by feed, in little memory.
//!
//! A family agrees with many feeds by the same few keys. So each key is held once, and each feed names keys by their place
//! in that list: sixteen bytes a feed, where a set of keys of its own takes hundreds.

use std::collections::BTreeSet;
use std::fmt;

use linkage::LinkageKey;

use crate::FeedId;

/// The keys of one family that agree with each of some feeds.
#[derive(Clone, Default)]
pub struct Found {
    /// The keys that agree with some feed, in no particular order; none twice, and none that agrees with no feed.
    keys: Vec<LinkageKey>,
    /// Ascending by feed, each with at least one key.
    feeds: Vec<(FeedId, Places)>,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("feeds", &self.feeds.len()).finish_non_exhaustive()
    }
}

impl Found {
    /// Adds a key that agrees with a feed. Returns whether it is new.
    pub fn insert(&mut self, feed: FeedId, key: LinkageKey) -> bool {
        let key = self.keys.iter().position(|held| *held == key).unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        match self.place(&feed) {
            Ok(place) => self.feeds.get_mut(place).is_some_and(|(_, places)| places.insert(key)),
            Err(place) => {
                let mut places = Places::default();
                places.insert(key);
                self.feeds.insert(place, (feed, places));
                true
            }
        }
    }

    /// Whether nothing is found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    /// The feeds with which some key agrees, ascending.
    pub(super) fn feeds(&self) -> impl Iterator<Item = &FeedId> {
        self.feeds.iter().map(|(feed, _)| feed)
    }

    /// The feeds with the keys that agree with each, ascending by feed.
    pub(super) fn agreeing(&self) -> impl Iterator<Item = (&FeedId, impl Iterator<Item = &LinkageKey>)> {
        self.feeds.iter().map(|(feed, places)| (feed, self.keys_at(places)))
    }

    /// The keys that agree with one feed.
    pub(super) fn agreeing_with(&self, feed: &FeedId) -> BTreeSet<LinkageKey> {
        let places = self.place(feed).ok().and_then(|place| self.feeds.get(place));
        places.into_iter().flat_map(|(_, places)| self.keys_at(places)).cloned().collect()
    }

    /// Removes keys that agreed with one feed. Returns whether one of them did.
    pub(super) fn remove<'a>(
        &mut self,
        feed: &FeedId,
        keys: impl IntoIterator<Item = &'a LinkageKey>,
    ) -> bool {
        let gone: Vec<usize> =
            keys.into_iter().filter_map(|key| self.keys.iter().position(|held| held == key)).collect();
        let Ok(place) = self.place(feed) else { return false };
        let Some((_, places)) = self.feeds.get_mut(place) else { return false };
        let removed = gone.into_iter().filter(|key| places.remove(*key)).count() > 0;
        self.tidy();
        removed
    }

    /// Keeps what `stays` says of a feed and a key. Returns the feeds of which something is gone.
    pub(super) fn retain(&mut self, stays: impl Fn(&FeedId, &LinkageKey) -> bool) -> Vec<FeedId> {
        let mut changed = Vec::new();
        for (feed, places) in &mut self.feeds {
            let gone: Vec<usize> = places
                .iter()
                .filter(|place| !self.keys.get(*place).is_some_and(|key| stays(feed, key)))
                .collect();
            if !gone.is_empty() {
                changed.push(*feed);
                for place in gone {
                    places.remove(place);
                }
            }
        }
        if !changed.is_empty() {
            self.tidy();
        }
        changed
    }

    fn keys_at<'a>(&'a self, places: &'a Places) -> impl Iterator<Item = &'a LinkageKey> {
        places.iter().filter_map(|place| self.keys.get(place))
    }

    fn place(&self, feed: &FeedId) -> Result<usize, usize> {
        self.feeds.binary_search_by(|(held, _)| held.cmp(feed))
    }

    /// Lets go of feeds without keys, and of keys that agree with no feed any more: they are personal data.
    fn tidy(&mut self) {
        self.feeds.retain(|(_, places)| !places.is_empty());
        let mut named = Places::default();
        for (_, places) in &self.feeds {
            for place in places.iter() {
                named.insert(place);
            }
        }
        // From the last on: the one that takes the place of another has been looked at.
        for place in (0..self.keys.len()).rev().filter(|place| !named.contains(*place)) {
            self.keys.swap_remove(place);
            let moved = self.keys.len();
            for (_, places) in self.feeds.iter_mut().filter(|(_, places)| places.contains(moved)) {
                places.remove(moved);
                places.insert(place);
            }
        }
    }
}

/// Places in a list.
#[derive(Clone, PartialEq, Eq)]
enum Places {
    /// Bits of the first 64 places: hardly a family has more keys.
    Few(u64),
    /// Bits of more.
    Many(Box<[u64]>),
}

impl Default for Places {
    fn default() -> Self {
        Self::Few(0)
    }
}

impl Places {
    fn words(&self) -> &[u64] {
        match self {
            Self::Few(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match self {
            Self::Few(word) => std::slice::from_mut(word),
            Self::Many(words) => words,
        }
    }

    fn contains(&self, place: usize) -> bool {
        self.words().get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Returns whether it is new.
    fn insert(&mut self, place: usize) -> bool {
        if self.contains(place) {
            return false;
        }
        if place / 64 >= self.words().len() {
            let mut words = self.words().to_vec();
            words.resize(place / 64 + 1, 0);
            *self = Self::Many(words.into());
        }
        if let Some(word) = self.words_mut().get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
        true
    }

    /// Returns whether it was there.
    fn remove(&mut self, place: usize) -> bool {
        let was_there = self.contains(place);
        if let Some(word) = self.words_mut().get_mut(place / 64) {
            *word &= !(1 << (place % 64));
        }
        was_there
    }

    fn is_empty(&self) -> bool {
        self.words().iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |word: u64| (0..64).filter(move |bit| word >> bit & 1 == 1);
        (0..).zip(self.words()).flat_map(move |(number, word)| bits(*word).map(move |bit| number * 64 + bit))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{CircleId, Epoch, Family, Oin, Person, PersonalText, Role};
    use linkage::{DeriveOptions, HouseholdSuppression, derive};

    use super::*;

    #[test]
    fn a_feed_takes_no_more_than_it_must() {
        assert_eq!(size_of::<Places>(), 16);
        assert!(size_of::<(FeedId, Places)>() <= 56);
    }

    /// So many keys as no family has, of so many persons.
    fn keys(count: usize) -> Vec<LinkageKey> {
        let person = |number: usize| {
            let letters: String = [number / 26, number % 26]
                .map(|letter| char::from(b'a' + u8::try_from(letter).unwrap()))
                .iter()
                .collect();
            let mut person = Person::new(Role::Child);
            person.name.given_names = Some(PersonalText::new("name", &format!("T{letters}")).unwrap());
            person.name.surname = Some(PersonalText::new("name", &format!("Z{letters}")).unwrap());
            person.born = Some(format!("2010-01-{:02}", 1 + number % 28).parse().unwrap());
            person
        };
        let suppressed = HouseholdSuppression::default();
        let options = DeriveOptions {
            bsn_entitled: false,
            today: "2026-11-21".parse().unwrap(),
            suppressed_households: &suppressed,
        };
        let mut keys = Vec::new();
        for first in (0..).step_by(20) {
            let family = Family::new((first..first + 20).map(person).collect(), None).unwrap();
            keys.extend(derive(&family, &options).keys().cloned());
            if keys.len() >= count {
                keys.sort();
                keys.dedup();
                keys.truncate(count);
                return keys;
            }
        }
        keys
    }

    fn feed(number: u32) -> FeedId {
        let publisher = Oin::test_number(u64::from(1 + number % 7)).unwrap();
        FeedId { publisher, circle: CircleId::from_bytes([1; 16]), epoch: Epoch(1 + number / 7) }
    }

    /// What it ought to be.
    type Plain = BTreeMap<FeedId, BTreeSet<LinkageKey>>;

    fn check(found: &Found, plain: &Plain, step: u32) {
        let held: Plain = found.agreeing().map(|(feed, keys)| (*feed, keys.cloned().collect())).collect();
        assert_eq!(held, *plain, "{step}");
        assert_eq!(found.is_empty(), plain.is_empty());
        assert!(found.feeds().eq(plain.keys()));
        let named: BTreeSet<&LinkageKey> = plain.values().flatten().collect();
        assert_eq!(found.keys.len(), named.len(), "{step}: keys that agree with nothing are let go of");
    }

    #[test]
    fn it_is_a_map_of_sets_whatever_is_done_to_it() {
        for count in [3, 20, 150] {
            let keys = keys(count);
            assert_eq!(keys.len(), count);
            let (mut found, mut plain) = (Found::default(), Plain::new());
            let mut drawn = 12_345_u32;
            let mut draw = |below: usize| {
                drawn = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (drawn >> 8) as usize % below
            };
            for step in 0..3_000 {
                let at = feed(u32::try_from(draw(21)).unwrap());
                match draw(40) {
                    0 => {
                        let (kept, epoch) = (&keys[draw(count)], Epoch(1 + u32::try_from(draw(3)).unwrap()));
                        let stays = |feed: &FeedId, key: &LinkageKey| key != kept || feed.epoch == epoch;
                        let mut changed = Vec::new();
                        for (feed, keys) in &mut plain {
                            let before = keys.len();
                            keys.retain(|key| stays(feed, key));
                            changed.extend((keys.len() != before).then_some(*feed));
                        }
                        plain.retain(|_, keys| !keys.is_empty());
                        assert_eq!(found.retain(stays), changed);
                    }
                    1..=18 => {
                        let gone = [&keys[draw(count)], &keys[draw(count)]];
                        let held = plain.entry(at).or_default();
                        let removed = gone.iter().filter(|key| held.remove(**key)).count() > 0;
                        plain.retain(|_, keys| !keys.is_empty());
                        assert_eq!(found.remove(&at, gone), removed);
                    }
                    _ => {
                        let key = &keys[draw(count)];
                        let is_new = plain.entry(at).or_default().insert(key.clone());
                        assert_eq!(found.insert(at, key.clone()), is_new);
                    }
                }
                check(&found, &plain, step);
                assert_eq!(found.agreeing_with(&at), plain.get(&at).cloned().unwrap_or_default());
            }
            assert!(!found.is_empty());
        }
    }
}
