//! What is true in a simulated network: who registered what, and therefore which keys stand in whose feed, since when.
//!
//! Time in it is the publisher's: a head is dated by the clock of whoever signs it, so what a head can hold and what it
//! cannot is told by that clock. Of a clock that goes back the highest reading counts, because a head signed before may
//! be dated then.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CalendarDate, FamilyRef, KeyClass, Oin, Role, Signal, Timestamp, Visibility};
use protocol::SignalSummary;

use crate::schedule::{Details, PEOPLE, Record};
use crate::{BASES, Founding, Plan, START, family, person};

/// What two records agree on when they know the same person: its BSN, or its name and birth date.
pub(super) type Key = (usize, KeyClass);

/// A signal as a member registered it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) record: Record,
    /// Tells this registration from others of the same family.
    version: u64,
}

/// What a member holds of one family: one of two states while a crash leaves open which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) now: Option<Known>,
    or: Option<Option<Known>>,
}

impl Held {
    pub(super) fn is_certain(&self) -> bool {
        self.or.is_none()
    }

    fn states(&self) -> impl Iterator<Item = Option<Known>> {
        [Some(self.now), self.or].into_iter().flatten()
    }
}

/// One key in one feed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    /// Since when it is there beyond doubt, while it is.
    pub(super) there_since: Option<u64>,
    /// Since when it is gone beyond doubt, while it is.
    pub(super) gone_since: Option<u64>,
}

/// Everything registered, and what follows from it.
pub(super) struct Truth {
    pub(super) plan: Plan,
    held: BTreeMap<(usize, usize), Held>,
    /// By publisher, circle and key: everything that was ever published.
    spans: BTreeMap<(usize, usize, Key), Span>,
    /// The records that were replaced by part of an import, of which nothing may have followed yet.
    before: BTreeMap<(usize, usize), Vec<Record>>,
    /// The highest reading of each member's clock.
    clocks: BTreeMap<usize, u64>,
    /// The day on which each member's node last looked at what has ended.
    days: BTreeMap<usize, CalendarDate>,
    versions: u64,
}

impl Truth {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            held: BTreeMap::new(),
            spans: BTreeMap::new(),
            before: BTreeMap::new(),
            clocks: BTreeMap::new(),
            days: BTreeMap::new(),
            versions: 0,
        }
    }

    /// What a registration comes to: a record that is held already stays as it is, and one without an end keeps the
    /// end that is held.
    pub(super) fn registration(&mut self, member: usize, number: usize, record: Record) -> Known {
        let held = self.of(member, number).now;
        let ends = record.ends.or(held.and_then(|held| held.record.ends));
        let record = Record { ends, ..record };
        match held {
            Some(held) if held.record == record => held,
            Some(_) | None => {
                self.versions += 1;
                Known { record, version: self.versions }
            }
        }
    }

    /// A registration is part of an import: answers go by the record before until the import is followed.
    pub(super) fn follows_later(&mut self, member: usize, number: usize) {
        if let Some(known) = self.of(member, number).now {
            self.before.entry((member, number)).or_default().push(known.record);
        }
    }

    /// A member's node says that everything has followed from what it registered.
    pub(super) fn has_followed(&mut self, member: usize) {
        self.before.retain(|(owner, _), _| *owner != member);
    }

    /// The records by which an answer may still go.
    pub(super) fn before(&self, member: usize, number: usize) -> &[Record] {
        self.before.get(&(member, number)).map_or(&[], Vec::as_slice)
    }

    /// What a renewal comes to.
    pub(super) fn renewal(&self, member: usize, number: usize, day: u16) -> Option<Known> {
        let held = self.of(member, number).now?;
        Some(Known { record: Record { ends: Some(day), ..held.record }, ..held })
    }

    /// A member holds this of a family since its node said so.
    pub(super) fn settle(&mut self, member: usize, number: usize, now: Option<Known>) {
        self.held.insert((member, number), Held { now, or: None });
    }

    /// A member's disk was put back: it holds what it held then.
    pub(super) fn put_back(&mut self, member: usize, families: Vec<(usize, Held)>) {
        self.held.retain(|(owner, _), _| *owner != member);
        self.held.extend(families.into_iter().map(|(number, held)| ((member, number), held)));
        self.before.retain(|(owner, _), _| *owner != member);
    }

    /// A crash leaves open whether a member holds what it held, or this.
    pub(super) fn doubt(&mut self, member: usize, number: usize, or: Option<Known>) {
        let held = self.held.entry((member, number)).or_default();
        if held.now != or {
            held.or = Some(or);
        }
    }

    pub(super) fn of(&self, member: usize, number: usize) -> Held {
        self.held.get(&(member, number)).copied().unwrap_or_default()
    }

    /// Everything that a member holds or held, by family.
    pub(super) fn families(&self, member: usize) -> impl Iterator<Item = (usize, Held)> {
        self.held.range((member, 0)..(member + 1, 0)).map(|((_, number), held)| (*number, *held))
    }

    pub(super) fn has_doubts(&self, member: usize) -> bool {
        self.families(member).any(|(_, held)| !held.is_certain())
    }

    /// Compares what a member's node says that it holds, and so learns what a crash left open.
    pub(super) fn compare(&mut self, member: usize, said: &[SignalSummary]) -> Result<(), String> {
        let said: BTreeMap<&str, &SignalSummary> =
            said.iter().map(|summary| (summary.family.as_str(), summary)).collect();
        let mut expected = 0;
        let families: Vec<(usize, Held)> = self.families(member).collect();
        for (number, held) in families {
            let name = reference(number);
            let summary = said.get(name.as_str()).copied();
            let fits = |state: &Option<Known>| match (state, summary) {
                (None, None) => true,
                (Some(known), Some(summary)) => known.is(summary),
                (Some(_), None) | (None, Some(_)) => false,
            };
            let Some(state) = held.states().find(fits) else {
                let holds = summary.map(|summary| (summary.involved_since, summary.ends_on));
                return Err(format!(
                    "member {member} holds {holds:?} of its family {number} where it acknowledged {:?}",
                    held.now
                ));
            };
            expected += usize::from(state.is_some());
            self.settle(member, number, state);
        }
        if expected == said.len() {
            return Ok(());
        }
        Err(format!("member {member} holds {} families where it acknowledged {expected}", said.len()))
    }

    /// A member's clock shows this, and its node acts on it.
    pub(super) fn tell_time(&mut self, member: usize, clock: Timestamp) {
        let highest = self.clocks.entry(member).or_default();
        *highest = clock.0.max(*highest);
    }

    /// The highest reading of a member's clock.
    pub(super) fn clock(&self, member: usize) -> Timestamp {
        Timestamp(self.clocks.get(&member).copied().unwrap_or(0))
    }

    /// The highest reading of any clock.
    pub(super) fn latest(&self) -> u64 {
        self.clocks.values().max().copied().unwrap_or(0)
    }

    /// A member's node looks at what has ended, on this day.
    pub(super) fn look(&mut self, member: usize, today: CalendarDate) {
        self.days.insert(member, today);
    }

    /// Brings what stands in a member's feeds in line with what it holds, as its node does.
    pub(super) fn publish(&mut self, member: usize) {
        let today = self.days.get(&member).copied().unwrap_or_else(|| START.date());
        let clock = self.clocks.get(&member).copied().unwrap_or(0);
        let mut certain: BTreeSet<(usize, Key)> = BTreeSet::new();
        let mut possible: BTreeSet<(usize, Key)> = BTreeSet::new();
        for (_, held) in self.families(member) {
            let states = held.states().map(|state| match state {
                Some(known) if !known.record.shielded => self.places(member, &known.record, today),
                Some(_) | None => BTreeSet::new(),
            });
            let states: Vec<BTreeSet<(usize, Key)>> = states.collect();
            possible.extend(states.iter().flatten());
            let common = states.into_iter().reduce(|one, other| &one & &other);
            certain.extend(common.into_iter().flatten());
        }
        let of_member = (member, 0, (0, KeyClass::ALL[0]))..(member + 1, 0, (0, KeyClass::ALL[0]));
        let ever = self.spans.range(of_member).map(|((_, circle, key), _)| (*circle, *key));
        let every: BTreeSet<(usize, Key)> = ever.chain(possible.iter().copied()).collect();
        for (circle, key) in every {
            let span = self.spans.entry((member, circle, key)).or_default();
            if !certain.contains(&(circle, key)) {
                span.there_since = None;
            } else if span.there_since.is_none() {
                span.there_since = Some(clock);
            }
            if possible.contains(&(circle, key)) {
                span.gone_since = None;
            } else if span.gone_since.is_none() {
                span.gone_since = Some(clock);
            }
        }
    }

    /// Where a record of a member stands, and by which keys.
    fn places(&self, member: usize, record: &Record, today: CalendarDate) -> BTreeSet<(usize, Key)> {
        let circles = self.circles(record, today);
        circles.flat_map(|circle| self.keys(member, record).map(move |key| (circle, key))).collect()
    }

    /// The keys of a record, at a member.
    pub(super) fn keys(&self, member: usize, record: &Record) -> impl Iterator<Item = Key> + use<> {
        let is_entitled = self.plan.member(member).is_some_and(|member| member.bsn_entitled);
        let by_bsn = is_entitled && record.details != Details::Names;
        let by_name = record.details != Details::Bsn;
        let people = BTreeSet::from([record.parent, record.child]);
        people.into_iter().flat_map(move |person| {
            let bsn = by_bsn.then_some((person, KeyClass::Bsn));
            let name = by_name.then_some((person, KeyClass::Weak));
            bsn.into_iter().chain(name)
        })
    }

    /// The circles in which a record takes part on a day; none: closed.
    pub(super) fn circles(&self, record: &Record, today: CalendarDate) -> impl Iterator<Item = usize> {
        let basis = record.basis.filter(|_| !has_ended(record, today)).and_then(|basis| BASES.get(basis));
        basis.into_iter().flat_map(|basis| self.plan.circles_of(basis))
    }

    /// How a key stands in a feed; `None` when it was never there.
    pub(super) fn span(&self, publisher: usize, circle: usize, key: Key) -> Option<Span> {
        self.spans.get(&(publisher, circle, key)).copied()
    }

    /// How many tags stand in a member's feeds that somebody may read; `None` while that is in doubt.
    pub(super) fn live_tags(&self, member: usize, plan: &Plan) -> Option<usize> {
        let is_read = |circle: usize| plan.is_read(circle, member);
        let none = KeyClass::ALL[0];
        let spans = self.spans.range((member, 0, (0, none))..(member + 1, 0, (0, none)));
        let mut live = 0;
        for ((_, circle, (_, class)), span) in spans {
            if span.there_since.is_none() && span.gone_since.is_none() {
                return None;
            }
            if span.there_since.is_some() && is_read(*circle) {
                live += tags_of(*class);
            }
        }
        Some(live)
    }
}

/// The tags by which one person of [`PERSONS`] stands in a feed. No address is recorded of them, so a name and a birth date yield
/// `begin-geboorte` beside `naam-geboorte`; the two come and go together.
const fn tags_of(class: KeyClass) -> usize {
    match class {
        KeyClass::Bsn => 1,
        KeyClass::Weak => 2,
    }
}

impl Known {
    /// The signal that is registered.
    pub(super) fn signal(&self, number: usize) -> Signal {
        let record = &self.record;
        let people = [(Role::Parent, record.parent), (Role::Child, record.child)].map(|(role, place)| {
            let described = person(role);
            let Some((bsn, given, surname, born)) = PERSONS.get(place) else { return described };
            match record.details {
                Details::Bsn => described.bsn(bsn),
                Details::Names => described.name(given, surname).born(born),
                Details::Full => described.bsn(bsn).name(given, surname).born(born),
            }
        });
        let mut signal = family(reference(number).as_str(), people);
        if record.shielded {
            signal.visibility = Visibility::Shielded;
        }
        signal.legal_basis = record.basis.and_then(|basis| BASES.get(basis)?.parse().ok());
        signal.ends_on = record.ends.map(day);
        signal.involved_since = Some(self.stamp());
        signal
    }

    /// A date that tells this registration from others.
    fn stamp(&self) -> CalendarDate {
        Timestamp(self.version.saturating_mul(86_400)).date()
    }

    fn is(&self, summary: &SignalSummary) -> bool {
        summary.involved_since == Some(self.stamp())
            && self.record.ends.is_none_or(|ends| summary.ends_on == Some(day(ends)))
            && (summary.visibility == Visibility::Shielded) == self.record.shielded
    }
}

/// The day that many days after the network began.
pub(super) fn day(number: u16) -> CalendarDate {
    START.plus(u64::from(number) * 86_400).date()
}

pub(super) fn has_ended(record: &Record, today: CalendarDate) -> bool {
    record.ends.is_some_and(|ends| day(ends) < today)
}

/// The reference of a family at its member.
pub(super) fn reference(number: usize) -> FamilyRef {
    FamilyRef::new(&format!("F-{number}")).expect("a short reference")
}

/// The member with an OIN.
pub(super) fn number_of(plan: &Plan, oin: Oin) -> Option<usize> {
    plan.numbers().find(|number| Founding::oin(*number) == oin)
}

/// BSN, given name, surname and birth date. No two share anything, a name with its birth date alone is enough to be
/// probably the same person, and no given name stands for others, so that each yields two keys by name.
const PERSONS: [(&str, &str, &str, &str); PEOPLE] = [
    ("111222333", "Anna", "Zonneveld", "1987-05-13"),
    ("123456782", "Boris", "Akkerhuis", "1984-11-29"),
    ("100000009", "Carla", "Brandsma", "1990-02-17"),
    ("100000010", "Douwe", "Duinker", "1979-08-23"),
    ("100000022", "Els", "Eikelboom", "1988-03-14"),
    ("100000034", "Floor", "Goudsmit", "1991-12-19"),
    ("100000046", "Gijs", "Haverkamp", "1983-09-27"),
    ("100000058", "Hedda", "Lindeboom", "1986-06-18"),
    ("990001003", "Iris", "Molendijk", "2012-04-15"),
    ("990001374", "Jelle", "Noordzij", "2014-10-21"),
    ("990002111", "Kiki", "Oosterhof", "2016-01-26"),
    ("990002482", "Lars", "Pannekoek", "2011-07-30"),
    ("990002858", "Mila", "Rozendaal", "2015-05-16"),
    ("990003590", "Niek", "Slotboom", "2013-12-24"),
    ("990003966", "Otis", "Terpstra", "2017-03-22"),
    ("990004338", "Puck", "Uitdehaag", "2010-09-28"),
];
