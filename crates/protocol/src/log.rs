//! The main log: every Step that does something an officer may ask about holds its entry, so that nothing happens that is
//! not on disk in the log as well.
//!
//! Kept are the entry and its details, until the month is over in which their retention ends, and the hashes of the tree,
//! which last. So what is erased leaves a tree that every earlier checkpoint still fits.

mod record;

use std::collections::BTreeSet;

use audit::{
    ActorRole, Details, Entry, Event, InCircle, LeafHash, OnBasis, Retention, Root, Salt, Tree, is_over,
};
use crypto::{Seed, SeedSequence};
use domain::{CircleId, FamilyRef, LegalBasisCode, Month, Timestamp, Unit};

pub use self::record::{LogHashes, LogHead, log_head_key, log_place_key};
use crate::{Collection, Scope, Write};

/// What is to be said of something that happens, beside who acts and when.
pub(crate) struct Happening<'a> {
    event: Event,
    family: Option<&'a FamilyRef>,
    unit: Option<&'a Unit>,
    basis: Option<&'a LegalBasisCode>,
    circles: Vec<CircleId>,
}

impl<'a> Happening<'a> {
    /// Something that is about nobody.
    pub(crate) fn new(event: Event) -> Self {
        Self { event, family: None, unit: None, basis: None, circles: Vec::new() }
    }

    /// Something about a family.
    pub(crate) fn about(event: Event, family: &'a FamilyRef) -> Self {
        Self { family: Some(family), ..Self::new(event) }
    }

    /// On whose behalf, within the organisation.
    pub(crate) fn of_unit(self, unit: Option<&'a Unit>) -> Self {
        Self { unit, ..self }
    }

    /// On which legal basis, in which circles.
    pub(crate) fn on_basis(
        self,
        basis: Option<&'a LegalBasisCode>,
        circles: impl IntoIterator<Item = CircleId>,
    ) -> Self {
        Self { basis, circles: circles.into_iter().collect(), ..self }
    }
}

/// Where something was logged.
#[derive(Clone, Copy)]
pub(crate) struct Recorded {
    /// The place of the entry.
    pub(crate) place: u64,
    /// Its hash in the tree.
    pub(crate) hash: LeafHash,
    /// With which month it is forgotten.
    pub(crate) month: Month,
}

/// The log as it grows.
pub(crate) struct MainLog {
    tree: Tree,
    /// With which something is to be forgotten.
    months: BTreeSet<Month>,
    /// The last month that was forgotten. Nothing can be kept until it again, not even by a clock that was set back.
    forgotten: Option<Month>,
    /// The newest moment that the clocks of others bore out. Nothing is kept for less than from then on, so that nobody
    /// shortens the retention of an entry by setting the clock back for it.
    borne_out: Timestamp,
    /// The generation that governors approved after a loss; 0 is the first.
    generation: u32,
    retention: Retention,
    salts: SeedSequence,
}

impl MainLog {
    /// Goes on with what was kept. `None`: begins.
    pub(crate) fn restore(head: Option<LogHead>, retention: Retention, seed: Seed) -> Self {
        let LogHead { tree, months, forgotten, borne_out, generation } = head.unwrap_or_default();
        Self { tree, months, forgotten, borne_out, generation, retention, salts: SeedSequence::new(seed) }
    }

    /// How many entries it has, and the root over them.
    pub(crate) fn now(&self) -> (u64, Root) {
        (self.tree.size(), self.tree.root())
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    pub(crate) fn begin_generation(&mut self, generation: u32) {
        self.generation = generation;
    }

    /// Appends an entry, and returns what is to be written for it. The head is to be written once after all of them.
    pub(crate) fn append(
        &mut self,
        now: Timestamp,
        role: ActorRole,
        happening: Happening<'_>,
    ) -> (Recorded, [Write; 3]) {
        let Happening { event, family, unit, basis, mut circles } = happening;
        circles.sort_unstable();
        let month = self.retention.last_month(event.kind(), now.max(self.borne_out));
        let month = self.forgotten.map_or(month, |forgotten| month.max(forgotten.plus(1)));
        let salt = Salt::from_seed(&self.salts.next("salt"));
        let text = |text: &str| text.to_owned();
        let details = Details::new(
            &salt,
            None,
            family.map(|family| text(family.as_str())),
            unit.map(|unit| text(unit.as_str())),
        );
        let entry = Entry {
            place: self.tree.size(),
            time: now,
            role,
            event,
            circles: circles.into_iter().map(InCircle).collect(),
            details: details.commitment(),
            basis: basis.cloned().map(OnBasis),
        };
        let hashes = self.tree.append(entry.leaf()).expect("no log gets to 2⁴⁸ entries");
        self.months.insert(month);
        let (scope, key) = (Scope::Month(month), log_place_key(entry.place));
        let writes = [
            put(scope, Collection::LogEntry, key.clone(), entry.to_bytes()),
            put(scope, Collection::LogDetails, key.clone(), details.reveal_bytes()),
            put(Scope::Lasting, Collection::LogHashes, key, LogHashes { month, hashes }.to_bytes()),
        ];
        (Recorded { place: entry.place, hash: entry.leaf(), month }, writes)
    }

    /// What is to be written once entries were appended or a month was forgotten.
    pub(crate) fn head(&self) -> Write {
        let (tree, months) = (self.tree.clone(), self.months.clone());
        let Self { forgotten, borne_out, generation, .. } = *self;
        let head = LogHead { tree, months, forgotten, borne_out, generation };
        put(Scope::Lasting, Collection::LogHead, log_head_key(), head.to_bytes())
    }

    /// The first month that is over of which something is kept; from now on nothing is. The clocks of others bear `now` out.
    pub(crate) fn forget_month(&mut self, now: Timestamp) -> Option<Month> {
        self.borne_out = self.borne_out.max(now);
        let month = self.months.first().copied().filter(|month| is_over(*month, now))?;
        self.months.remove(&month);
        self.forgotten = self.forgotten.max(Some(month));
        Some(month)
    }
}

fn put(scope: Scope, collection: Collection, key: Vec<u8>, value: Vec<u8>) -> Write {
    Write::Put { scope, collection, key, value }
}
