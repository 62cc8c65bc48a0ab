//! Dummies: live tags behind which there is no family. Random, so that they match nothing and look like any other.
//!
//! They are two sorts, which nobody but their publisher can tell apart. *Standing* dummies fill a feed up to its size
//! class, stay, and make room when families come. *Passing* dummies come and go as a group, as a family does. Which group
//! goes is drawn: the youngest with probability one half, the one before it with a quarter, and so on. So most groups
//! stay for moments, and a few stay for weeks, like families.

use std::collections::BTreeSet;
use std::ops::Range;

use crypto::{Seed, Tag, cbor};
use minicbor::{Decode, Encode};

use crate::padding::GROUP;

/// Most groups that pass at the same time.
const PASSING_GROUPS: usize = 8;

/// Most dummies that are believed of a record: more than an eighth of any feed.
const MAX_STANDING: u64 = 1 << 20;

/// The dummies of one own feed.
#[derive(Debug, Clone)]
pub struct Dummies {
    seed: Seed,
    /// Numbers of the standing dummies, the oldest first.
    standing: Range<u64>,
    /// The groups that pass, the oldest first.
    passing: Vec<Group>,
    /// Number of the next group.
    next_group: u64,
    /// How many groups were drawn.
    drawn: u64,
    /// All of them.
    tags: BTreeSet<Tag>,
}

/// What is left of a group: those of its members from a place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct Group {
    #[n(0)]
    number: u64,
    #[n(1)]
    from: u8,
}

/// What is kept on disk. Whoever reads it can tell dummies from families.
#[derive(Encode, Decode)]
struct Record {
    #[cbor(n(0), with = "minicbor::bytes")]
    seed: [u8; 32],
    #[n(1)]
    first_standing: u64,
    #[n(2)]
    next_standing: u64,
    #[n(3)]
    passing: Vec<Group>,
    #[n(4)]
    next_group: u64,
    #[n(5)]
    drawn: u64,
}

impl Dummies {
    /// None yet. The seed is used for nothing else.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { seed, standing: 0..0, passing: Vec::new(), next_group: 0, drawn: 0, tags: BTreeSet::new() }
    }

    /// Reads what `to_bytes` wrote; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let record: Record = cbor::from_slice(bytes).ok()?;
        let standing = record.first_standing..record.next_standing;
        let too_many = standing.end.saturating_sub(standing.start) > MAX_STANDING
            || record.passing.len() > PASSING_GROUPS
            || record.passing.iter().any(|group| usize::from(group.from) >= GROUP);
        if too_many {
            return None;
        }
        let (seed, passing) = (Seed::from_bytes(record.seed), record.passing);
        let (next_group, drawn) = (record.next_group, record.drawn);
        let mut dummies = Self { standing, passing, next_group, drawn, ..Self::new(seed) };
        dummies.tags = dummies.standing.clone().map(|number| dummies.standing_tag(number)).collect();
        let passing: Vec<Tag> = dummies.passing.iter().flat_map(|group| dummies.group_tags(*group)).collect();
        dummies.tags.extend(passing);
        Some(dummies)
    }

    /// The record that lets the same dummies go on after a restart.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        cbor::to_vec(&Record {
            seed: *self.seed.reveal(),
            first_standing: self.standing.start,
            next_standing: self.standing.end,
            passing: self.passing.clone(),
            next_group: self.next_group,
            drawn: self.drawn,
        })
    }

    /// All dummies that are live.
    #[must_use]
    pub fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }

    /// Lets dummies come. Alone they come as groups that pass; beside families they stay, as the families do.
    pub(crate) fn come(&mut self, mut count: usize, alone: bool) -> Vec<Tag> {
        let mut come = Vec::new();
        while alone && count >= GROUP && self.passing.len() < PASSING_GROUPS {
            let group = Group { number: self.next_group, from: 0 };
            self.next_group += 1;
            self.passing.push(group);
            come.extend(self.group_tags(group));
            count -= GROUP;
        }
        let next = self.standing.end.saturating_add(count as u64);
        come.extend((self.standing.end..next).map(|number| self.standing_tag(number)));
        self.standing.end = next;
        self.tags.extend(&come);
        come
    }

    /// Lets dummies go, whole groups as far as possible; all of them when there are no more.
    pub(crate) fn go(&mut self, mut count: usize) -> Vec<Tag> {
        let mut gone = Vec::new();
        while count > 0 && gone.len() < self.tags.len() {
            let drawn = self.draw().and_then(|place| Some((place, *self.passing.get(place)?)));
            let stand = usize::try_from(self.standing.end - self.standing.start).unwrap_or(usize::MAX);
            let left = |group: Group| GROUP.saturating_sub(usize::from(group.from));
            let before = gone.len();
            match drawn {
                Some((place, group)) if left(group) <= count => {
                    self.passing.remove(place);
                    gone.extend(self.group_tags(group));
                }
                _ if stand > 0 => {
                    let go = stand.min(count).min(GROUP);
                    let end = self.standing.start + go as u64;
                    gone.extend((self.standing.start..end).map(|number| self.standing_tag(number)));
                    self.standing.start = end;
                }
                _ => {
                    // Nothing else is left: the oldest group goes in part.
                    let Some(group) = self.passing.first().copied() else { break };
                    let go = left(group).min(count);
                    gone.extend(self.group_tags(group).into_iter().take(go));
                    match self.passing.first_mut() {
                        Some(first) if go < left(group) => {
                            first.from = first.from.saturating_add(u8::try_from(go).unwrap_or(u8::MAX));
                        }
                        Some(_) | None => drop(self.passing.remove(0)),
                    }
                }
            }
            count = count.saturating_sub(gone.len() - before);
        }
        for tag in &gone {
            self.tags.remove(tag);
        }
        gone
    }

    /// The place of the group that goes; `None` where the draw goes beyond the oldest.
    fn draw(&mut self) -> Option<usize> {
        let seed = self.seed.derive("dummy draw", self.drawn);
        self.drawn += 1;
        let (bytes, _) = seed.reveal().split_first_chunk::<8>()?;
        let from_youngest = usize::try_from(u64::from_be_bytes(*bytes).trailing_ones()).ok()?;
        self.passing.len().checked_sub(from_youngest.checked_add(1)?)
    }

    fn standing_tag(&self, number: u64) -> Tag {
        tag(&self.seed.derive("standing dummy", number))
    }

    fn group_tags(&self, group: Group) -> Vec<Tag> {
        let seed = self.seed.derive("passing dummies", group.number);
        (u64::from(group.from)..GROUP as u64).map(|place| tag(&seed.derive("passing dummy", place))).collect()
    }
}

fn tag(seed: &Seed) -> Tag {
    let (bytes, _) = seed.reveal().split_first_chunk::<16>().expect("a seed is longer than a tag");
    Tag::from_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dummies() -> Dummies {
        Dummies::new(Seed::from_bytes([4; 32]))
    }

    #[test]
    fn dummies_come_and_go_as_asked_and_survive_their_record() {
        let mut dummies = dummies();
        let mut live: BTreeSet<Tag> = BTreeSet::new();
        for round in 0..400_usize {
            let come = dummies.come(16 + round % 40, round % 3 == 0);
            assert_eq!(come.len(), 16 + round % 40);
            assert!(come.iter().all(|tag| live.insert(*tag)), "none comes twice");
            let go = live.len().min(round * 7 % 60);
            let gone = dummies.go(go);
            assert_eq!(gone.len(), go);
            assert!(gone.iter().all(|tag| live.remove(tag)), "none goes that is not there");
            assert_eq!(dummies.tags(), &live);
            dummies = Dummies::from_bytes(&dummies.to_bytes()).unwrap();
            assert_eq!(dummies.tags(), &live);
        }
        let rest = live.len();
        assert_eq!(dummies.go(rest + 5).len(), rest);
        assert!(dummies.tags().is_empty() && dummies.go(1).is_empty());
    }

    #[test]
    fn most_groups_stay_for_moments_and_some_for_long() {
        let mut dummies = dummies();
        dummies.come(192, false);
        let mut ages: Vec<usize> = Vec::new();
        let mut born: std::collections::BTreeMap<Tag, usize> = std::collections::BTreeMap::new();
        for now in 0..4_000 {
            let gone = dummies.go(GROUP);
            let group: BTreeSet<usize> = gone.iter().filter_map(|tag| born.remove(tag)).collect();
            assert!(group.len() <= 1, "a group goes as one");
            ages.extend(group.iter().map(|at| now - at));
            born.extend(dummies.come(GROUP, true).into_iter().map(|tag| (tag, now)));
        }
        let older = |than: usize| ages.iter().filter(|age| **age > than).count();
        assert!(older(1) > 1_000 && older(1) < 3_000, "{}", older(1));
        assert!(older(30) > 20 && older(200) > 1, "{} {}", older(30), older(200));
        assert_eq!(dummies.tags().len(), 192);
    }

    #[test]
    fn records_that_cannot_be_are_refused() {
        assert!(Dummies::from_bytes(&[]).is_none());
        let mut record = Record {
            seed: [1; 32],
            first_standing: 0,
            next_standing: MAX_STANDING + 1,
            passing: vec![],
            next_group: 0,
            drawn: 0,
        };
        assert!(Dummies::from_bytes(&cbor::to_vec(&record)).is_none());
        record.next_standing = 0;
        record.passing = vec![Group { number: 1, from: 16 }];
        assert!(Dummies::from_bytes(&cbor::to_vec(&record)).is_none());
    }
}
