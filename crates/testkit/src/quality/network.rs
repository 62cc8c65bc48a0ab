//! The region as nodes see it: keys derived, tags published, everybody probing everybody.

use std::collections::{BTreeMap, BTreeSet};

use crypto::Tag;
use domain::{CircleId, Epoch, FamilyRef};
use index::{FeedId, OwnFamilies, Participation};
use linkage::{DeriveOptions, Evidence, FamilyKeys, HouseholdSuppression, KeyKind, derive};

use super::Linking;
use crate::oracle;
use crate::population::{Organisation, Population};

const EPOCH: Epoch = Epoch(1);
const CIRCLE: CircleId = CircleId::from_bytes([4; 16]);

/// What every organisation published.
pub(super) struct Network<'a> {
    population: &'a Population,
    linking: &'a Linking,
    /// By organisation, ascending.
    tags: Vec<Vec<Tag>>,
    /// Records that carry a key.
    pub(super) families: usize,
    /// Keys of each kind, each counted once for each record that carries it.
    pub(super) keys: BTreeMap<KeyKind, usize>,
}

/// What agrees between one record and one other organisation.
pub(super) struct Finding {
    pub(super) asker: usize,
    pub(super) record: usize,
    pub(super) other: usize,
    pub(super) evidence: Evidence,
}

impl<'a> Network<'a> {
    pub(super) fn publish(population: &'a Population, linking: &'a Linking) -> Self {
        let mut network = Self { population, linking, tags: Vec::new(), families: 0, keys: BTreeMap::new() };
        for organisation in &population.organisations {
            let own = network.own(organisation);
            let feed = feed(organisation);
            let mut tags: BTreeSet<Tag> = BTreeSet::new();
            for family in own.families() {
                tags.extend(own.tags(family, &feed));
                for (key, _) in own.pseudonyms(EPOCH, family) {
                    *network.keys.entry(key.kind()).or_default() += 1;
                }
            }
            network.families += own.len();
            network.tags.push(tags.into_iter().collect());
        }
        network
    }

    /// Distinct tags that everybody published together.
    pub(super) fn tags(&self) -> usize {
        self.tags.iter().map(Vec::len).sum()
    }

    /// Lets everybody probe everybody.
    pub(super) fn find(&self, mut take: impl FnMut(Finding)) {
        for (asker, organisation) in self.population.organisations.iter().enumerate() {
            let own = self.own(organisation);
            for (other, publisher) in self.population.organisations.iter().enumerate() {
                let Some(tags) = self.tags.get(other).filter(|_| other != asker) else { continue };
                let mut agreeing: BTreeMap<FamilyRef, BTreeSet<usize>> = BTreeMap::new();
                for hit in own.probe(&feed(publisher), tags) {
                    let position = own.keys(&hit.family).and_then(|keys| keys.position(&hit.key));
                    agreeing.entry(hit.family).or_default().extend(position);
                }
                for (family, positions) in agreeing {
                    let record = family.as_str().parse().expect("a reference made here");
                    let evidence = own.keys(&family).map(|keys| keys.evidence(positions));
                    if let Some(evidence) = evidence {
                        take(Finding { asker, record, other, evidence });
                    }
                }
            }
        }
    }

    /// An organisation's families with every pseudonym that is not left out.
    fn own(&self, organisation: &Organisation) -> OwnFamilies {
        let families = organisation.records.iter().map(|record| &record.family);
        let options = DeriveOptions {
            bsn_entitled: organisation.bsn_entitled,
            today: self.linking.today,
            suppressed_households: &HouseholdSuppression::from_families(families)
                .with_institutions(&self.population.institutions),
        };
        let takes_part = Participation { circles: BTreeSet::from([CIRCLE]), publishes: true, unit: None };
        let mut own = OwnFamilies::default();
        for (place, record) in organisation.records.iter().enumerate() {
            let reference = FamilyRef::new(&place.to_string()).expect("a number");
            let keys: FamilyKeys = derive(&record.family, &options);
            own.insert(reference.clone(), keys, takes_part.clone());
            for key in own.missing(EPOCH, &reference) {
                if !self.linking.without.contains(&key.kind()) {
                    own.set_pseudonym(EPOCH, &key, oracle(EPOCH, &key));
                }
            }
        }
        own
    }
}

fn feed(organisation: &Organisation) -> FeedId {
    FeedId { publisher: organisation.oin, circle: CIRCLE, epoch: EPOCH }
}
