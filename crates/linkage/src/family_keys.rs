//! The keys of one family, and who carries them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::Role;

use crate::private::PrivateBytes;
use crate::weight::Bits;
use crate::{FieldKind, LinkageKey};

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

/// A key with the persons who carry it and the facts that it covers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: LinkageKey,
    pub(crate) sources: Vec<Source>,
    pub(crate) fields: Vec<Field>,
}

impl Entry {
    /// Whether the key covers such a fact.
    pub(crate) fn holds(&self, kind: FieldKind) -> bool {
        self.fields.iter().any(|field| field.kind == kind)
    }

    /// Whether the other key is of the same kind and covers the same facts, but for the initial.
    pub(crate) fn has_facts_of(&self, other: &Self) -> bool {
        self.key.kind() == other.key.kind() && self.values_but_initial().eq(other.values_but_initial())
    }

    fn values_but_initial(&self) -> impl Iterator<Item = &PrivateBytes> {
        let fields = self.fields.iter().filter(|field| field.kind != FieldKind::Initial);
        fields.map(|field| &field.value)
    }
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

    /// The entries at these positions, each once; positions out of range are left out.
    pub(crate) fn entries(&self, positions: impl IntoIterator<Item = usize>) -> Vec<&Entry> {
        let positions: BTreeSet<usize> = positions.into_iter().collect();
        positions.into_iter().filter_map(|position| self.entries.get(position)).collect()
    }

    /// The entries of every key.
    pub(crate) fn all_entries(&self) -> &[Entry] {
        &self.entries
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

/// Collects keys while a family is read, in any order.
#[derive(Default)]
pub(crate) struct Collector {
    found: BTreeMap<LinkageKey, (BTreeSet<Source>, Vec<Field>)>,
}

impl Collector {
    /// Notes that `source` carries the key made of these fields. Where sources differ in what a fact is or is worth, the
    /// least counts: an initial is the own one of one source and stands for another of the next.
    pub(crate) fn add(&mut self, key: LinkageKey, source: Source, fields: Vec<Field>) {
        let (sources, kept) = self.found.entry(key).or_default();
        sources.insert(source);
        for field in fields {
            match kept.iter_mut().find(|known| known.kind == field.kind) {
                Some(known) => {
                    known.bits = known.bits.min(field.bits);
                    known.value = field.value.min(known.value.clone());
                }
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
