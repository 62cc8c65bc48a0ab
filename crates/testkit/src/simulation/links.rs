//! Who can reach whom: members off the network, pairs without a connection, pairs of which one does not hear the other.

use std::collections::BTreeSet;

use domain::Oin;

/// What keeps messages from passing. Everything passes at first.
#[derive(Debug, Default)]
pub(super) struct Links {
    absent: BTreeSet<Oin>,
    /// Pairs whose connection broke, both ways round.
    severed: BTreeSet<(Oin, Oin)>,
    /// Pairs of which the second does not hear the first, and neither has noticed.
    deaf: BTreeSet<(Oin, Oin)>,
}

impl Links {
    pub(super) fn leave(&mut self, oin: Oin) {
        self.absent.insert(oin);
    }

    pub(super) fn come_back(&mut self, oin: Oin) {
        self.absent.remove(&oin);
    }

    pub(super) fn is_absent(&self, oin: &Oin) -> bool {
        self.absent.contains(oin)
    }

    pub(super) fn sever(&mut self, one: Oin, other: Oin) {
        self.severed.extend([(one, other), (other, one)]);
    }

    pub(super) fn deafen(&mut self, from: Oin, to: Oin) {
        self.deaf.insert((from, to));
    }

    /// Mends everything between pairs; returns those that had no connection, each pair once.
    pub(super) fn heal(&mut self) -> Vec<(Oin, Oin)> {
        self.deaf.clear();
        std::mem::take(&mut self.severed).into_iter().filter(|(one, other)| one < other).collect()
    }

    /// Whether the two have a connection, as far as they know.
    pub(super) fn are_connected(&self, one: &Oin, other: &Oin) -> bool {
        !self.is_absent(one) && !self.is_absent(other) && !self.severed.contains(&(*one, *other))
    }

    /// Whether a message arrives.
    pub(super) fn passes(&self, from: &Oin, to: &Oin) -> bool {
        self.are_connected(from, to) && !self.deaf.contains(&(*from, *to))
    }
}
