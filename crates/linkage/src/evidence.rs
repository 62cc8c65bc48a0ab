//! What the agreement of some keys of a family proves, and what it says about each person.

use std::collections::{BTreeMap, BTreeSet};

use domain::Certainty;

use crate::family_keys::{Entry, Field, Source};
use crate::private::PrivateBytes;
use crate::weight::{Bits, POSSIBLE, PROBABLE, Slot};
use crate::{Basis, BasisRole, FamilyKeys, FieldKind, KeyKind, Verdict};

/// Weak keys of a person of which at least one must agree beside a BSN for it to be certain. Keys that hold no more than
/// what others hold already, and a given name or another initial, are no witnesses of their own.
const WITNESSES: usize = 2;

/// Whether a kind of key says something that no other kind of a person's keys says.
fn may_witness(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::NameBirth | KeyKind::NameAddress | KeyKind::BirthAddress)
}

/// What agreement with another organisation says about a family, in terms of the own record only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What follows; `None`: nothing worth telling.
    pub verdict: Option<Verdict>,
    /// The joint weight of the facts that agree, in tenths of a bit.
    pub weight: u32,
    /// Whether a household key agrees.
    pub household: bool,
    /// The persons about whom something agrees, by position in the record.
    pub persons: Vec<PersonEvidence>,
}

/// What agrees about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonEvidence {
    /// The person.
    pub source: Source,
    /// How sure it is that the other organisation means this person; `None`: not sure enough to count.
    pub certainty: Option<Certainty>,
    /// The weight of the facts that agree, in tenths of a bit.
    pub weight: u32,
    /// The kinds of this person's keys.
    pub kinds: BTreeSet<KeyKind>,
    /// Those of them that agree.
    pub agreed_kinds: BTreeSet<KeyKind>,
    /// The facts that agree.
    pub agreed: BTreeSet<FieldKind>,
    /// The facts of this person that are in keys, but in none that agrees: recorded otherwise there, or not at all, or in no
    /// key without another fact that differs.
    pub unconfirmed: BTreeSet<FieldKind>,
    /// Whether the BSN agrees and nothing else that the own record has: one of the two may be typed wrong.
    pub is_contradicted: bool,
}

impl FamilyKeys {
    /// What it proves that the keys at these positions agree with another organisation's. Positions out of range and
    /// repeated ones change nothing. `None`: nothing worth telling.
    #[must_use]
    pub fn weigh(&self, agreeing: impl IntoIterator<Item = usize>) -> Option<Verdict> {
        self.evidence(agreeing).verdict
    }

    /// The same with what is behind it.
    ///
    /// A BSN is certain, unless the own record has weak keys of that person and none of them agrees: then it is probable.
    /// Otherwise each person's fields add up, one per slot; persons who reach the threshold of `mogelijk` count. Their
    /// evidence is then joined as a union of distinct facts: a surname or address that siblings share, or a birth date
    /// that twins share, counts once, so that two persons corroborate each other only by what is their own. The
    /// household key is probable, alone or not.
    ///
    /// More agreement never means less, but for the initials of a roepnaam: where several of them agree and not all, another
    /// roepnaam is meant.
    #[must_use]
    pub fn evidence(&self, agreeing: impl IntoIterator<Item = usize>) -> Evidence {
        let mut persons: BTreeMap<Source, Agreement<'_>> = BTreeMap::new();
        let mut households: BTreeSet<KeyKind> = BTreeSet::new();
        let agreeing = self.entries(agreeing);
        for entry in &agreeing {
            if entry.key.kind().is_of_household() {
                households.insert(entry.key.kind());
                continue;
            }
            for source in
                entry.sources.iter().filter(|source| !self.speaks_of_another(**source, entry, &agreeing))
            {
                persons.entry(*source).or_default().add(entry);
            }
        }
        let mut basis: BTreeSet<Basis> = BTreeSet::new();
        let mut certainty = None;
        let household = !households.is_empty();
        if household {
            certainty = Some(Certainty::Probable);
            // Who has the same name has the same beginning and end: the end is told where it agrees alone.
            if households.contains(&KeyKind::Household) {
                households.retain(|key| *key == KeyKind::Household);
            }
            basis.extend(households.iter().map(|key| Basis { role: BasisRole::Family, key: *key }));
        }
        let mut joint: BTreeMap<(Slot, &PrivateBytes), Bits> = BTreeMap::new();
        let mut told = Vec::new();
        for (source, agreement) in &persons {
            let person = agreement.told(*source, self.own(*source));
            if person.certainty.is_some() {
                certainty = certainty.max(person.certainty);
                basis.extend(agreement.keys.iter().map(|key| Basis { role: source.role.into(), key: *key }));
                for (slot, field) in &agreement.best {
                    let value = match slot {
                        Slot::Given => self.initial_of(*source).unwrap_or(&field.value),
                        Slot::Number | Slot::Surname | Slot::Birth | Slot::Place => &field.value,
                    };
                    let bits = joint.entry((*slot, value)).or_default();
                    *bits = field.bits.max(*bits);
                }
            }
            told.push(person);
        }
        let weight = joint.values().sum();
        if weight >= PROBABLE {
            certainty = certainty.max(Some(Certainty::Probable));
        }
        let verdict = certainty.map(|certainty| Verdict { certainty, basis: basis.into_iter().collect() });
        Evidence { verdict, weight, household, persons: told }
    }

    /// Whether the other side means somebody called by another roepnaam. The initials that one may stand for agree one at a
    /// time with whoever is registered under such a name, and all with whoever has the same roepnaam. Where several agree
    /// and not all, another roepnaam may stand for them too: Bert and Lia are not one person.
    fn speaks_of_another(&self, source: Source, entry: &Entry, agreeing: &[&Entry]) -> bool {
        if !entry.holds(FieldKind::Initial) {
            return false;
        }
        let has_same = |other: &Entry| other.sources.contains(&source) && other.has_facts_of(entry);
        let agreed = agreeing.iter().filter(|other| has_same(other)).count();
        agreed > 1 && agreed < self.all_entries().iter().filter(|other| has_same(other)).count()
    }

    /// The initial of a person. Given names with one initial count once for a family: twins of whom the other side knows one
    /// share all else.
    fn initial_of(&self, source: Source) -> Option<&PrivateBytes> {
        let fields = self.own(source).flat_map(|entry| &entry.fields);
        fields.into_iter().find(|field| field.kind == FieldKind::Initial).map(|field| &field.value)
    }

    /// The entries that a person carries, but for the household keys.
    fn own(&self, source: Source) -> impl Iterator<Item = &Entry> {
        let carries = move |entry: &&Entry| entry.sources.contains(&source);
        self.all_entries().iter().filter(carries).filter(|entry| !entry.key.kind().is_of_household())
    }
}

/// What agrees about one person: the keys, and of their facts the strongest per slot.
#[derive(Default)]
struct Agreement<'a> {
    best: BTreeMap<Slot, &'a Field>,
    agreed: BTreeSet<FieldKind>,
    keys: BTreeSet<KeyKind>,
}

impl<'a> Agreement<'a> {
    /// Of two equally strong facts the smaller value stays, so that the order of keys makes no difference.
    fn add(&mut self, entry: &'a Entry) {
        self.keys.insert(entry.key.kind());
        for field in &entry.fields {
            self.agreed.insert(field.kind);
            let rank = |field: &'a Field| (field.bits, std::cmp::Reverse(&field.value));
            let kept = self.best.entry(field.kind.slot()).or_insert(field);
            if rank(field) > rank(kept) {
                *kept = field;
            }
        }
    }

    fn told<'b>(&self, source: Source, own: impl Iterator<Item = &'b Entry>) -> PersonEvidence {
        let (mut kinds, mut unconfirmed) = (BTreeSet::new(), BTreeSet::new());
        let mut witnesses: Vec<&Entry> = Vec::new();
        for entry in own {
            kinds.insert(entry.key.kind());
            // The initials that a roepnaam may stand for make several keys of the same facts.
            if may_witness(entry.key.kind()) && !witnesses.iter().any(|known| known.has_facts_of(entry)) {
                witnesses.push(entry);
            }
            unconfirmed.extend(entry.fields.iter().map(|field| field.kind));
        }
        unconfirmed.retain(|kind| !self.agreed.contains(kind));
        let by_number = self.keys.contains(&KeyKind::Bsn);
        let is_contradicted = by_number && self.keys.len() == 1 && witnesses.len() >= WITNESSES;
        let weight = self.best.values().map(|field| field.bits).sum();
        let certainty = match (by_number, is_contradicted) {
            (true, false) => Some(Certainty::Certain),
            (true, true) => Some(Certainty::Probable),
            (false, _) if weight >= PROBABLE => Some(Certainty::Probable),
            (false, _) => (weight >= POSSIBLE).then_some(Certainty::Possible),
        };
        PersonEvidence {
            source,
            certainty,
            weight,
            kinds,
            agreed_kinds: self.keys.clone(),
            agreed: self.agreed.clone(),
            unconfirmed,
            is_contradicted,
        }
    }
}
