//! The own families: their linkage keys, the pseudonym keys evaluated so far, and probing what arrives.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{PseudonymKey, Tag, Tagger};
use domain::{CircleId, FamilyRef, Oin, Unit};
use linkage::{FamilyKeys, LinkageKey, Verdict};

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
}

#[derive(Debug)]
struct OwnFamily {
    keys: FamilyKeys,
    participation: Participation,
}

#[derive(Debug, Default)]
struct OwnKey {
    pseudonym: Option<(PseudonymKey, Tagger)>,
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
    /// Adds a family or replaces it; keys that stay keep their pseudonym.
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
                    self.keys.remove(key);
                }
            }
        }
    }

    /// The keys of a family that have no pseudonym yet.
    #[must_use]
    pub fn missing(&self, family: &FamilyRef) -> Vec<LinkageKey> {
        let Some(own) = self.families.get(family).filter(|own| !own.participation.circles.is_empty()) else {
            return Vec::new();
        };
        own.keys.keys().filter(|key| self.tagger(key).is_none()).cloned().collect()
    }

    /// Stores the evaluated pseudonym key of a linkage key; ignored when no family carries it any more.
    pub fn set_pseudonym(&mut self, key: &LinkageKey, pseudonym: PseudonymKey) {
        if let Some(own) = self.keys.get_mut(key) {
            let tagger = Tagger::new(&pseudonym);
            own.pseudonym = Some((pseudonym, tagger));
        }
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

    /// Whether every key of the family has its pseudonym, so that probing it misses nothing.
    #[must_use]
    pub fn is_evaluated(&self, family: &FamilyRef) -> bool {
        let Some(own) = self.families.get(family) else { return false };
        own.participation.circles.is_empty() || own.keys.keys().all(|key| self.tagger(key).is_some())
    }

    /// The keys of a family with the pseudonyms evaluated so far.
    pub fn pseudonyms(&self, family: &FamilyRef) -> impl Iterator<Item = (&LinkageKey, &PseudonymKey)> {
        let keys = self.families.get(family).into_iter().flat_map(|own| own.keys.keys());
        keys.filter_map(|key| {
            let (pseudonym, _) = self.keys.get(key)?.pseudonym.as_ref()?;
            Some((key, pseudonym))
        })
    }

    /// The linkage keys of a family; `None` for an unknown family.
    #[must_use]
    pub fn keys(&self, family: &FamilyRef) -> Option<&FamilyKeys> {
        self.families.get(family).map(|own| &own.keys)
    }

    /// The own tags of a family in one circle, as `publisher` publishes them: of the keys evaluated so far.
    #[must_use]
    pub fn tags(&self, family: &FamilyRef, publisher: &Oin, circle: &CircleId) -> Vec<Tag> {
        let Some(own) = self.families.get(family) else { return Vec::new() };
        own.keys.keys().filter_map(|key| Some(self.tagger(key)?.tag(publisher, circle))).collect()
    }

    /// Probes tags of `publisher` in `circle`, ascending, with the keys of every family that takes part there: one
    /// HMAC per own key.
    #[must_use]
    pub fn probe(&self, publisher: &Oin, circle: &CircleId, tags: &[Tag]) -> Vec<Hit> {
        if tags.is_empty() {
            return Vec::new();
        }
        let mut hits = Vec::new();
        for (key, own) in &self.keys {
            let Some((_, tagger)) = &own.pseudonym else { continue };
            if tags.binary_search(&tagger.tag(publisher, circle)).is_ok() {
                let taking_part = own.carriers.iter().filter(|family| self.takes_part(family, circle));
                hits.extend(taking_part.map(|family| Hit { family: family.clone(), key: key.clone() }));
            }
        }
        hits
    }

    /// Probes tags of `publisher` in `circle`, ascending, with the keys of one family.
    #[must_use]
    pub fn probe_family(
        &self,
        family: &FamilyRef,
        publisher: &Oin,
        circle: &CircleId,
        tags: &[Tag],
    ) -> Vec<Hit> {
        if tags.is_empty() || !self.takes_part(family, circle) {
            return Vec::new();
        }
        let Some(own) = self.families.get(family) else { return Vec::new() };
        own.keys
            .keys()
            .filter(|key| {
                self.tagger(key)
                    .is_some_and(|tagger| tags.binary_search(&tagger.tag(publisher, circle)).is_ok())
            })
            .map(|key| Hit { family: family.clone(), key: key.clone() })
            .collect()
    }

    /// What a set of agreeing keys says about the family; `None` when it is too little to be called a match.
    #[must_use]
    pub fn verdict(&self, family: &FamilyRef, agreeing: &BTreeSet<LinkageKey>) -> Option<Verdict> {
        let keys = &self.families.get(family)?.keys;
        keys.weigh(agreeing.iter().filter_map(|key| keys.position(key)))
    }

    fn takes_part(&self, family: &FamilyRef, circle: &CircleId) -> bool {
        self.families.get(family).is_some_and(|own| own.participation.circles.contains(circle))
    }

    fn tagger(&self, key: &LinkageKey) -> Option<&Tagger> {
        self.keys.get(key)?.pseudonym.as_ref().map(|(_, tagger)| tagger)
    }
}
