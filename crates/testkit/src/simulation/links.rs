//! Who can reach whom: members off the network, pairs without a connection, pairs of which one does not hear the other.

use std::collections::{BTreeMap, BTreeSet};

use domain::Oin;

/// What keeps messages from passing. Everything passes at first.
#[derive(Debug, Default)]
pub(super) struct Links {
    absent: BTreeSet<Oin>,
    /// Pairs whose connection broke, both ways round.
    severed: BTreeSet<(Oin, Oin)>,
    /// Pairs of which the second does not hear the first, and neither has noticed.
    deaf: BTreeSet<(Oin, Oin)>,
    /// Whom each node lets in, by its roster.
    let_in: BTreeMap<Oin, BTreeSet<Oin>>,
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

    /// A node lets these in and nobody else.
    pub(super) fn let_in(&mut self, oin: Oin, members: BTreeSet<Oin>) {
        self.let_in.insert(oin, members);
    }

    fn lets_in(&self, one: &Oin, other: &Oin) -> bool {
        self.let_in.get(one).is_none_or(|members| members.contains(other))
    }

    /// Whether the two have a connection, as far as they know.
    pub(super) fn are_connected(&self, one: &Oin, other: &Oin) -> bool {
        self.lets_in(one, other) && self.lets_in(other, one) && self.are_linked(one, other)
    }

    /// Whether there is a way between the two. A message of somebody who is let in no more may just be on it.
    pub(super) fn are_linked(&self, one: &Oin, other: &Oin) -> bool {
        !self.is_absent(one) && !self.is_absent(other) && !self.severed.contains(&(*one, *other))
    }

    /// Whether a message arrives.
    pub(super) fn passes(&self, from: &Oin, to: &Oin) -> bool {
        self.are_linked(from, to) && !self.deaf.contains(&(*from, *to))
    }
}
