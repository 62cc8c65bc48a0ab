//! Counting: what is shown, what of it is right, and what of the truth is found.

use std::collections::{BTreeMap, BTreeSet};

use domain::Certainty;
use linkage::{FieldKind, KeyKind};

use super::baseline::Baseline;
use super::clear_text::{self, ClearText};
use super::em::{self, Estimates, Pattern};
use super::network::{Finding, Network};
use super::truth::{Relation, Truth};
use crate::population::Population;

/// How often something was shown, and how often it was right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it was shown.
    pub shown: usize,
    /// How often it was right.
    pub right: usize,
}

impl Tally {
    pub(super) fn count(&mut self, is_right: bool) {
        self.shown += 1;
        self.right += usize::from(is_right);
    }

    /// The share that was right; 1 when nothing was shown.
    #[must_use]
    pub fn precision(&self) -> f64 {
        if self.shown == 0 { 1.0 } else { self.right as f64 / self.shown as f64 }
    }
}

/// How much of what there is was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recall {
    /// Pairs of a record and another organisation that there are.
    pub there: usize,
    /// Those found as zeker or waarschijnlijk.
    pub probable: usize,
    /// Those found as mogelijk.
    pub possible: usize,
}

impl Recall {
    fn find(&mut self, certainty: Certainty) {
        match certainty {
            Certainty::Possible => self.possible += 1,
            Certainty::Probable | Certainty::Certain => self.probable += 1,
        }
    }

    /// The share found as zeker or waarschijnlijk; 1 when there is nothing to find.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.there == 0 { 1.0 } else { self.probable as f64 / self.there as f64 }
    }

    /// The same with those found as mogelijk.
    #[must_use]
    pub fn share_with_possible(&self) -> f64 {
        if self.there == 0 { 1.0 } else { (self.probable + self.possible) as f64 / self.there as f64 }
    }
}

/// What linking a region brought.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Records that were linked.
    pub families: usize,
    /// Tags that were published.
    pub tags: usize,
    /// Keys by kind, each counted for each record that carries it.
    pub keys: BTreeMap<KeyKind, usize>,
    /// What was shown of families, by certainty.
    pub shown: BTreeMap<Certainty, Tally>,
    /// What was shown of persons, by certainty: right when the other organisation knows that very person.
    pub persons: BTreeMap<Certainty, Tally>,
    /// What was told of families in which one person agrees, and not by BSN, by the facts of that person that agree.
    pub by_facts: BTreeMap<BTreeSet<FieldKind>, Tally>,
    /// Which weak keys of persons agree, as a node sees it.
    seen: BTreeMap<Pattern, usize>,
    /// What was shown by household keys alone.
    pub by_household: Tally,
    /// What was shown of persons without a BSN that agrees, by whole bits of weight.
    pub by_weight: BTreeMap<u32, Tally>,
    /// Pairs of which both recorded enough of a person.
    pub person_known: Recall,
    /// Pairs of which both know a person, whatever they recorded.
    pub person_there: Recall,
    /// Pairs without a common person that recorded one address for children of one household, of which they know people
    /// with one surname.
    pub siblings: Recall,
    /// The same where they know nobody with one surname: only the address is common.
    pub siblings_by_address: Recall,
    /// What is found in an index of children by BSN.
    pub child_by_bsn: Tally,
    /// What exact tokens find.
    pub exact_tokens: Tally,
    /// What fuzzy comparison in clear text finds where it is right as often.
    pub clear_text: ClearText,
    /// What was told though it is not so.
    pub invented: Vec<Pair>,
    /// Those of them in which the other organisation knows a housemate, taken for the person of the record.
    pub housemates: usize,
    /// What was not told though both recorded enough of a person.
    pub missed: Vec<Pair>,
    /// What was not told of siblings at one address.
    pub missed_siblings: Vec<Pair>,
    told: BTreeSet<Pair>,
}

/// One record and one other organisation, by their places in the population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The organisation whose record it is.
    pub asker: usize,
    /// The record.
    pub record: usize,
    /// The other organisation.
    pub other: usize,
}

impl Score {
    pub(super) fn new(population: &Population, truth: &Truth, network: &Network<'_>) -> Self {
        let mut score = Self {
            families: network.families,
            tags: network.tags(),
            keys: network.keys.clone(),
            ..Self::default()
        };
        for (asker, organisation) in population.organisations.iter().enumerate() {
            for record in &organisation.records {
                let others = (0..population.organisations.len()).filter(|other| *other != asker);
                for other in others {
                    for recall in score.recalls(truth.relation(population, record, other)) {
                        recall.there += 1;
                    }
                }
            }
        }
        score
    }

    pub(super) fn take(&mut self, population: &Population, truth: &Truth, finding: &Finding) {
        let organisation = population.organisations.get(finding.asker);
        let Some(record) = organisation.and_then(|organisation| organisation.records.get(finding.record))
        else {
            return;
        };
        for person in &finding.evidence.persons {
            let Some(human) = record.humans.get(person.source.person) else { continue };
            let is_right = truth.knows(finding.other, *human);
            let pattern = Pattern::of(person);
            if pattern.agreed != 0 {
                *self.seen.entry(pattern).or_default() += 1;
            }
            if !person.agreed.contains(&FieldKind::Bsn) {
                self.by_weight.entry(person.weight / 10).or_default().count(is_right);
            }
            if let Some(certainty) = person.certainty {
                self.persons.entry(certainty).or_default().count(is_right);
            }
        }
        let Some(verdict) = &finding.evidence.verdict else { return };
        let relation = truth.relation(population, record, finding.other);
        let is_right = relation != Relation::None;
        self.shown.entry(verdict.certainty).or_default().count(is_right);
        if verdict.basis.iter().all(|basis| basis.key.is_of_household()) {
            self.by_household.count(is_right);
        }
        let mut counting = finding.evidence.persons.iter().filter(|person| person.certainty.is_some());
        if let (Some(only), None) = (counting.next(), counting.next())
            && !finding.evidence.household
            && !only.agreed.contains(&FieldKind::Bsn)
        {
            self.by_facts.entry(only.agreed.clone()).or_default().count(is_right);
        }
        if verdict.certainty > Certainty::Possible {
            let pair = Pair { asker: finding.asker, record: finding.record, other: finding.other };
            self.told.insert(pair);
            if !is_right {
                self.invented.push(pair);
                self.housemates += usize::from(truth.knows_housemate(population, record, finding.other));
            }
        }
        for recall in self.recalls(relation) {
            recall.find(verdict.certainty);
        }
    }

    pub(super) fn finish(&mut self, population: &Population, truth: &Truth) {
        self.child_by_bsn = Baseline::ChildByBsn.run(population, truth);
        self.exact_tokens = Baseline::ExactTokens.run(population, truth);
        self.clear_text = clear_text::run(population, truth, self.told());
        for (asker, organisation) in population.organisations.iter().enumerate() {
            for (place, record) in organisation.records.iter().enumerate() {
                for other in (0..population.organisations.len()).filter(|other| *other != asker) {
                    let pair = Pair { asker, record: place, other };
                    if self.told.contains(&pair) {
                        continue;
                    }
                    match truth.relation(population, record, other) {
                        Relation::Person { identified: true } => self.missed.push(pair),
                        Relation::Household { one_address: true, .. } => self.missed_siblings.push(pair),
                        Relation::None | Relation::Household { .. } | Relation::Person { .. } => {}
                    }
                }
            }
        }
    }

    /// Those in which such a pair counts.
    fn recalls(&mut self, relation: Relation) -> Vec<&mut Recall> {
        match relation {
            Relation::None | Relation::Household { one_address: false, .. } => Vec::new(),
            Relation::Household { one_address: true, one_name: true } => vec![&mut self.siblings],
            Relation::Household { one_address: true, one_name: false } => vec![&mut self.siblings_by_address],
            Relation::Person { identified: false } => vec![&mut self.person_there],
            Relation::Person { identified: true } => vec![&mut self.person_known, &mut self.person_there],
        }
    }

    /// How often facts agree of persons who are the same, estimated from what is seen alone.
    #[must_use]
    pub fn estimates(&self) -> Estimates {
        em::estimate(&self.seen)
    }

    /// What was shown as zeker or waarschijnlijk, but for housemates taken for one another: strangers count only.
    #[must_use]
    pub fn told_of_households(&self) -> Tally {
        let Tally { shown, right } = self.told();
        Tally { shown: shown.saturating_sub(self.housemates), right }
    }

    /// What was shown as zeker or waarschijnlijk.
    #[must_use]
    pub fn told(&self) -> Tally {
        let told = self.shown.iter().filter(|(certainty, _)| **certainty > Certainty::Possible);
        told.fold(Tally::default(), |sum, (_, tally)| Tally {
            shown: sum.shown + tally.shown,
            right: sum.right + tally.right,
        })
    }
}
