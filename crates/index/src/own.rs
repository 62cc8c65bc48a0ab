//! The own families: their linkage keys, the pseudonym keys evaluated so far, and probing what arrives.

mod probe;

use std::collections::{BTreeMap, BTreeSet};

use crypto::{PseudonymKey, Tag, TagPlace, Tagger};
use domain::{CircleId, Epoch, FamilyRef, KeyClass, Unit};
use linkage::{Evidence, FamilyKeys, LinkageKey};

pub use self::probe::Prober;
use self::probe::{Lane, ProbedKey, Sieve};
use crate::FeedId;

/// In which circles a family takes part and whether its tags are published there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participation {
    /// Circles in which the signal's legal basis holds. None: the family neither publishes nor asks.
    pub circles: BTreeSet<CircleId>,
    /// Whether the involvement is visible. A shielded one asks, but is published by nobody.
    pub publishes: bool,
    /// The unit that registered it.
    pub unit: Option<Unit>,
}

/// Own families with everything needed to publish and to probe.
#[derive(Debug, Default)]
pub struct OwnFamilies {
    families: BTreeMap<FamilyRef, OwnFamily>,
    keys: BTreeMap<LinkageKey, OwnKey>,
    /// What is probed in each epoch.
    lanes: BTreeMap<Epoch, Lane>,
}

#[derive(Debug)]
struct OwnFamily {
    keys: FamilyKeys,
    participation: Participation,
}

#[derive(Debug, Default)]
struct OwnKey {
    /// One for each epoch in which it was evaluated, with its place in the lane of the epoch.
    pseudonyms: BTreeMap<Epoch, (PseudonymKey, usize)>,
    carriers: BTreeSet<FamilyRef>,
}

/// A tag of another organisation that is also one of an own family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The own family.
    pub family: FamilyRef,
    /// The key that agrees.
    pub key: LinkageKey,
}

impl OwnFamilies {
    /// Adds a family or replaces it; keys that stay keep their pseudonyms.
    pub fn insert(&mut self, family: FamilyRef, keys: FamilyKeys, participation: Participation) {
        if !participation.circles.is_empty() {
            for key in keys.keys() {
                self.keys.entry(key.clone()).or_default().carriers.insert(family.clone());
            }
        }
        let closed = participation.circles.is_empty();
        let new = OwnFamily { keys, participation };
        let stays = |key: &LinkageKey| !closed && new.keys.position(key).is_some();
        if let Some(old) = self.families.get(&family) {
            let gone: Vec<LinkageKey> = old.keys.keys().filter(|key| !stays(key)).cloned().collect();
            self.let_go(&family, &gone);
        }
        self.families.insert(family, new);
    }

    /// Removes a family and the keys that only it carried.
    pub fn remove(&mut self, family: &FamilyRef) {
        let Some(removed) = self.families.remove(family) else { return };
        let keys: Vec<LinkageKey> = removed.keys.keys().cloned().collect();
        self.let_go(family, &keys);
    }

    fn let_go(&mut self, family: &FamilyRef, keys: &[LinkageKey]) {
        for key in keys {
            if let Some(own) = self.keys.get_mut(key) {
                own.carriers.remove(family);
                if own.carriers.is_empty() {
                    let epochs: Vec<Epoch> = own.pseudonyms.keys().copied().collect();
                    for epoch in epochs {
                        self.forget_pseudonym(epoch, key);
                    }
                    self.keys.remove(key);
                }
            }
        }
    }

    /// The keys of a family that have no pseudonym of an epoch yet.
    #[must_use]
    pub fn missing(&self, epoch: Epoch, family: &FamilyRef) -> Vec<LinkageKey> {
        let Some(own) = self.families.get(family).filter(|own| !own.participation.circles.is_empty()) else {
            return Vec::new();
        };
        own.keys.keys().filter(|key| self.tagger(epoch, key).is_none()).cloned().collect()
    }

    /// Stores the pseudonym key of a linkage key in an epoch; ignored when no family carries it any more.
    pub fn set_pseudonym(&mut self, epoch: Epoch, key: &LinkageKey, pseudonym: PseudonymKey) {
        self.forget_pseudonym(epoch, key);
        if let Some(own) = self.keys.get_mut(key) {
            let place = self.lanes.entry(epoch).or_default().push(key.clone(), Tagger::new(&pseudonym));
            own.pseudonyms.insert(epoch, (pseudonym, place));
        }
    }

    fn forget_pseudonym(&mut self, epoch: Epoch, key: &LinkageKey) {
        let Some((_, place)) = self.keys.get_mut(key).and_then(|own| own.pseudonyms.remove(&epoch)) else {
            return;
        };
        let moved = self.lanes.get_mut(&epoch).and_then(|lane| lane.remove(place));
        let moved = moved.and_then(|moved| self.keys.get_mut(&moved)?.pseudonyms.get_mut(&epoch));
        if let Some((_, held)) = moved {
            *held = place;
        }
    }

    /// Forgets the pseudonyms of an epoch, of one class of keys or of all.
    pub fn forget_pseudonyms(&mut self, epoch: Epoch, class: Option<KeyClass>) {
        let Some(class) = class else {
            self.lanes.remove(&epoch);
            for own in self.keys.values_mut() {
                own.pseudonyms.remove(&epoch);
            }
            return;
        };
        let of_class = self.keys.keys().filter(|key| key.kind().class() == class);
        let gone: Vec<LinkageKey> = of_class.cloned().collect();
        for key in gone {
            self.forget_pseudonym(epoch, &key);
        }
    }

    /// The classes of which some key of a family that is published has no pseudonym of the epoch yet. Shielded ones do
    /// not count: others are told this, and must not see that one waits.
    #[must_use]
    pub fn incomplete_classes(&self, epoch: Epoch) -> BTreeSet<KeyClass> {
        let published =
            |family: &FamilyRef| self.families.get(family).is_some_and(|own| own.participation.publishes);
        let without = self
            .keys
            .iter()
            .filter(|(_, own)| !own.pseudonyms.contains_key(&epoch) && own.carriers.iter().any(published));
        without.map(|(key, _)| key.kind().class()).collect()
    }

    /// References of all families, ascending.
    pub fn families(&self) -> impl Iterator<Item = &FamilyRef> {
        self.families.keys()
    }

    /// Number of families.
    #[must_use]
    pub fn len(&self) -> usize {
        self.families.len()
    }

    /// Whether there is no family.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// How the family takes part; `None` for an unknown family.
    #[must_use]
    pub fn participation(&self, family: &FamilyRef) -> Option<&Participation> {
        self.families.get(family).map(|own| &own.participation)
    }

    /// Families that carry a key.
    pub fn carriers(&self, key: &LinkageKey) -> impl Iterator<Item = &FamilyRef> {
        self.keys.get(key).into_iter().flat_map(|own| &own.carriers)
    }

    /// The same as a set; `None` for a key that no family carries.
    pub(crate) fn all_carriers(&self, key: &LinkageKey) -> Option<&BTreeSet<FamilyRef>> {
        self.keys.get(key).map(|own| &own.carriers)
    }

    /// Whether every key of the family that is of one of these classes has its pseudonym of the epoch, so that probing
    /// it misses nothing.
    #[must_use]
    pub fn is_evaluated(&self, epoch: Epoch, family: &FamilyRef, classes: &[KeyClass]) -> bool {
        let Some(own) = self.families.get(family) else { return false };
        let mut keys = own.keys.keys().filter(|key| classes.contains(&key.kind().class()));
        own.participation.circles.is_empty() || keys.all(|key| self.tagger(epoch, key).is_some())
    }

    /// The keys of a family with the pseudonyms of an epoch evaluated so far.
    pub fn pseudonyms(
        &self,
        epoch: Epoch,
        family: &FamilyRef,
    ) -> impl Iterator<Item = (&LinkageKey, &PseudonymKey)> {
        let keys = self.families.get(family).into_iter().flat_map(|own| own.keys.keys());
        keys.filter_map(move |key| {
            let (pseudonym, _) = self.keys.get(key)?.pseudonyms.get(&epoch)?;
            Some((key, pseudonym))
        })
    }

    /// The linkage keys of a family; `None` for an unknown family.
    #[must_use]
    pub fn keys(&self, family: &FamilyRef) -> Option<&FamilyKeys> {
        self.families.get(family).map(|own| &own.keys)
    }

    /// The tags of a family in a feed, as its publisher publishes them: of the keys evaluated so far.
    #[must_use]
    pub fn tags(&self, family: &FamilyRef, feed: &FeedId) -> Vec<Tag> {
        let Some(own) = self.families.get(family) else { return Vec::new() };
        let tag = |key| Some(self.tagger(feed.epoch, key)?.tag(&feed.publisher, &feed.circle));
        own.keys.keys().filter_map(tag).collect()
    }

    /// Probes tags of a feed, ascending, with the keys of every family that takes part in its circle: one HMAC per own
    /// key.
    #[must_use]
    pub fn probe(&self, feed: &FeedId, tags: &[Tag]) -> Vec<Hit> {
        if tags.is_empty() {
            return Vec::new();
        }
        let Some(lane) = self.lanes.get(&feed.epoch) else { return Vec::new() };
        let place = TagPlace::new(&feed.publisher, &feed.circle);
        let mut hits = Vec::new();
        for key in lane.probe(&place, &Sieve::new(tags)) {
            let taking_part = self.carriers(key).filter(|family| self.takes_part(family, &feed.circle));
            hits.extend(taking_part.map(|family| Hit { family: family.clone(), key: key.clone() }));
        }
        hits
    }

    /// Gathers the keys of some families in an epoch, to probe one feed after another with them.
    #[must_use]
    pub fn prober<'a>(
        &'a self,
        epoch: Epoch,
        families: impl IntoIterator<Item = &'a FamilyRef>,
    ) -> Prober<'a> {
        let mut carriers: BTreeMap<&LinkageKey, Vec<&FamilyRef>> = BTreeMap::new();
        for family in families {
            for key in self.families.get(family).into_iter().flat_map(|own| own.keys.keys()) {
                carriers.entry(key).or_default().push(family);
            }
        }
        let found = carriers.into_iter().filter_map(|(key, carriers)| {
            let (_, place) = self.keys.get(key)?.pseudonyms.get(&epoch)?;
            Some((*place, (key, carriers)))
        });
        // In the order in which they lie in memory.
        let by_place: BTreeMap<usize, (&LinkageKey, Vec<&FamilyRef>)> = found.collect();
        let keys = by_place.into_iter().filter_map(|(place, (key, carriers))| {
            let tagger = self.lanes.get(&epoch)?.tagger(place)?;
            Some(ProbedKey { tagger, key, carriers })
        });
        Prober { own: self, epoch, keys: keys.collect() }
    }

    /// What a set of agreeing keys says about the family; `None` when there is no such family.
    #[must_use]
    pub fn evidence(&self, family: &FamilyRef, agreeing: &BTreeSet<LinkageKey>) -> Option<Evidence> {
        let keys = &self.families.get(family)?.keys;
        Some(keys.evidence(agreeing.iter().filter_map(|key| keys.position(key))))
    }

    fn takes_part(&self, family: &FamilyRef, circle: &CircleId) -> bool {
        self.families.get(family).is_some_and(|own| own.participation.circles.contains(circle))
    }

    fn tagger(&self, epoch: Epoch, key: &LinkageKey) -> Option<&Tagger> {
        let (_, place) = self.keys.get(key)?.pseudonyms.get(&epoch)?;
        self.lanes.get(&epoch)?.tagger(*place)
    }
}
