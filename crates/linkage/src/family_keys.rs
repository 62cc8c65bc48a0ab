//! The keys of one family, who carries them, and what the agreement of some of them proves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Certainty, Role};

use crate::private::PrivateBytes;
use crate::weight::{Bits, POSSIBLE, PROBABLE, Slot};
use crate::{Basis, BasisRole, FieldKind, KeyKind, LinkageKey, Verdict};

/// A person whose facts make a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Position in [`domain::Family::persons`].
    pub person: usize,
    /// The person's role.
    pub role: Role,
}

/// A fact that a key covers, in canonical form, with what agreement on it is worth.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) kind: FieldKind,
    pub(crate) value: PrivateBytes,
    pub(crate) bits: Bits,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    key: LinkageKey,
    sources: Vec<Source>,
    fields: Vec<Field>,
}

/// The distinct keys of one family, sorted. A key's position in [`FamilyKeys::keys`] names it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FamilyKeys {
    entries: Vec<Entry>,
}

impl FamilyKeys {
    /// The keys in ascending order, each once.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &LinkageKey> {
        self.entries.iter().map(|entry| &entry.key)
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the record is too poor for any key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The position of a key.
    #[must_use]
    pub fn position(&self, key: &LinkageKey) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.key.cmp(key)).ok()
    }

    /// The persons who carry a key, by position; for a household key those whose surname and address made it.
    #[must_use]
    pub fn sources(&self, key: &LinkageKey) -> &[Source] {
        self.entry(key).map_or(&[], |entry| &entry.sources)
    }

    /// The facts that a key covers.
    pub fn fields(&self, key: &LinkageKey) -> impl Iterator<Item = FieldKind> {
        self.entry(key).into_iter().flat_map(|entry| entry.fields.iter().map(|field| field.kind))
    }

    /// What it proves that the keys at these positions agree with another organisation's. Positions out of range and
    /// repeated ones change nothing. `None`: nothing worth telling.
    ///
    /// A BSN is certain. Otherwise each person's fields add up, one per slot; persons who reach
    /// the threshold of `mogelijk` count. Their evidence is then joined as a union of distinct facts: a surname or address that siblings
    /// share, or a birth date that twins share, counts once, so that two persons corroborate each other only by
    /// what is their own. The household key is probable, alone or not.
    #[must_use]
    pub fn weigh(&self, agreeing: impl IntoIterator<Item = usize>) -> Option<Verdict> {
        let positions: BTreeSet<usize> = agreeing.into_iter().collect();
        let entries: Vec<&Entry> =
            positions.into_iter().filter_map(|position| self.entries.get(position)).collect();

        let mut persons: BTreeMap<usize, PersonEvidence<'_>> = BTreeMap::new();
        let mut basis: BTreeSet<Basis> = BTreeSet::new();
        let mut certainty: Option<Certainty> = None;
        for entry in entries {
            let key = entry.key.kind();
            if key == KeyKind::Household {
                certainty = certainty.max(Some(Certainty::Probable));
                basis.insert(Basis { role: BasisRole::Family, key });
                continue;
            }
            for source in &entry.sources {
                let evidence = persons.entry(source.person).or_default();
                evidence.basis.push(Basis { role: source.role.into(), key });
                evidence.by_number |= key == KeyKind::Bsn;
                entry.fields.iter().for_each(|field| evidence.add(field));
            }
        }

        let mut joint: BTreeMap<(Slot, &PrivateBytes), Bits> = BTreeMap::new();
        for evidence in persons.values().filter(|evidence| evidence.counts()) {
            let reached = if evidence.by_number { Certainty::Certain } else { Certainty::Possible };
            certainty = certainty.max(Some(reached));
            basis.extend(&evidence.basis);
            for (slot, field) in &evidence.best {
                let bits = joint.entry((*slot, &field.value)).or_default();
                *bits = field.bits.max(*bits);
            }
        }
        if joint.values().sum::<Bits>() >= PROBABLE {
            certainty = certainty.max(Some(Certainty::Probable));
        }
        certainty.map(|certainty| Verdict { certainty, basis: basis.into_iter().collect() })
    }

    fn entry(&self, key: &LinkageKey) -> Option<&Entry> {
        self.position(key).and_then(|position| self.entries.get(position))
    }
}

impl fmt::Debug for FamilyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys()).finish()
    }
}

/// What agrees about one person: the strongest fact per slot.
#[derive(Default)]
struct PersonEvidence<'a> {
    best: BTreeMap<Slot, &'a Field>,
    by_number: bool,
    basis: Vec<Basis>,
}

impl<'a> PersonEvidence<'a> {
    /// Of two equally strong facts the smaller value stays, so that the order of keys makes no difference.
    fn add(&mut self, field: &'a Field) {
        let rank = |field: &'a Field| (field.bits, std::cmp::Reverse(&field.value));
        let kept = self.best.entry(field.kind.slot()).or_insert(field);
        if rank(field) > rank(kept) {
            *kept = field;
        }
    }

    fn counts(&self) -> bool {
        self.by_number || self.best.values().map(|field| field.bits).sum::<Bits>() >= POSSIBLE
    }
}

/// Collects keys while a family is read, in any order.
#[derive(Default)]
pub(crate) struct Collector {
    found: BTreeMap<LinkageKey, (BTreeSet<Source>, Vec<Field>)>,
}

impl Collector {
    /// Notes that `source` carries the key made of these fields. Where sources differ in what a fact is worth, the least
    /// counts.
    pub(crate) fn add(&mut self, key: LinkageKey, source: Source, fields: Vec<Field>) {
        let (sources, kept) = self.found.entry(key).or_default();
        sources.insert(source);
        for field in fields {
            match kept.iter_mut().find(|known| known.kind == field.kind) {
                Some(known) => known.bits = known.bits.min(field.bits),
                None => kept.push(field),
            }
        }
    }

    pub(crate) fn finish(self) -> FamilyKeys {
        let entry = |(key, (sources, fields)): (LinkageKey, (BTreeSet<Source>, Vec<Field>))| Entry {
            key,
            sources: sources.into_iter().collect(),
            fields,
        };
        FamilyKeys { entries: self.found.into_iter().map(entry).collect() }
    }
}
