//! Completeness (dekking): how far an answer may be trusted, per organisation.

use std::collections::BTreeMap;

use domain::{Oin, Timestamp};

/// State of one feed as seen from this node, best first so that the greater is the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedState {
    /// Its newest head is fresh and everything up to it is held.
    Current,
    /// Something is known to be missing, at the publisher or here.
    Incomplete,
    /// Nothing was heard since this moment.
    Stale(Timestamp),
    /// Its publisher provably signed two histories, and has not begun anew since: another reader may hold other tags.
    TwoHistories,
}

/// Completeness of an answer over every organisation that may publish to the asker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completeness {
    worst: BTreeMap<Oin, FeedState>,
}

impl Completeness {
    /// Adds one feed; an organisation is as good as its worst feed.
    pub fn add(&mut self, publisher: Oin, state: FeedState) {
        self.worst.entry(publisher).and_modify(|held| *held = worse(*held, state)).or_insert(state);
    }

    /// Marks every organisation that is not stale as incomplete: the own side has work left.
    pub fn own_work_left(&mut self) {
        for state in self.worst.values_mut() {
            *state = worse(*state, FeedState::Incomplete);
        }
    }

    /// How many organisations are current.
    #[must_use]
    pub fn current(&self) -> usize {
        self.worst.values().filter(|state| **state == FeedState::Current).count()
    }

    /// Whether everything of an organisation is held.
    #[must_use]
    pub fn is_current(&self, publisher: &Oin) -> bool {
        self.worst.get(publisher) == Some(&FeedState::Current)
    }

    /// How many organisations may publish to the asker.
    #[must_use]
    pub fn total(&self) -> usize {
        self.worst.len()
    }

    /// Organisations of which something is missing.
    pub fn incomplete(&self) -> impl Iterator<Item = Oin> {
        self.worst.iter().filter(|(_, state)| **state == FeedState::Incomplete).map(|(oin, _)| *oin)
    }

    /// Organisations not heard of, and since when.
    pub fn stale(&self) -> impl Iterator<Item = (Oin, Timestamp)> {
        self.worst.iter().filter_map(|(oin, state)| match state {
            FeedState::Stale(since) => Some((*oin, *since)),
            FeedState::Current | FeedState::Incomplete | FeedState::TwoHistories => None,
        })
    }

    /// Organisations that provably signed two histories of a feed.
    pub fn two_histories(&self) -> impl Iterator<Item = Oin> {
        self.worst.iter().filter(|(_, state)| **state == FeedState::TwoHistories).map(|(oin, _)| *oin)
    }

    /// Whether "no one else" may be said without saying more.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.current() == self.total()
    }
}

/// Of two stale feeds the one silent for longer is the worse.
fn worse(a: FeedState, b: FeedState) -> FeedState {
    match (a, b) {
        (FeedState::Stale(a), FeedState::Stale(b)) => FeedState::Stale(a.min(b)),
        _ => a.max(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_as_good_as_its_worst_feed() {
        let [a, b, c] = [1, 2, 3].map(|n| Oin::test_number(n).unwrap());
        let mut completeness = Completeness::default();
        for (oin, state) in [
            (a, FeedState::Current),
            (b, FeedState::Incomplete),
            (b, FeedState::Current),
            (c, FeedState::Stale(Timestamp(9))),
            (c, FeedState::Stale(Timestamp(5))),
            (c, FeedState::Incomplete),
        ] {
            completeness.add(oin, state);
        }
        assert_eq!((completeness.current(), completeness.total()), (1, 3));
        assert_eq!(completeness.incomplete().collect::<Vec<_>>(), [b]);
        assert_eq!(completeness.stale().collect::<Vec<_>>(), [(c, Timestamp(5))]);
        assert!(!completeness.is_complete());
        completeness.add(c, FeedState::TwoHistories);
        assert_eq!(
            (completeness.stale().count(), completeness.two_histories().collect::<Vec<_>>()),
            (0, vec![c])
        );
        completeness.own_work_left();
        assert_eq!((completeness.current(), completeness.two_histories().count()), (0, 1));
    }
}
