//! How each ceremony stands, for people: who has taken part how far, what is wrong, what came out of it.

use crypto::{Digest, KeySet};
use domain::{Epoch, KeyClass, Oin, Timestamp};

use super::attempts::Attempts;
use super::keeper::{CeremonyKeeper, ceremony_id};
use super::material::KeyId;
use crate::CeremonyProblem;
use crate::effects::Context;

/// The ceremony of one key, as this node knows it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeremonyState {
    /// The class of keys.
    pub class: KeyClass,
    /// The epoch.
    pub epoch: Epoch,
    /// The attempt.
    pub attempt: u32,
    /// Until when this node waits before it names who is missing; only while it takes part.
    pub deadline: Option<Timestamp>,
    /// The keyholders, by index. Once there is a key set, those who made it.
    pub keyholders: Vec<KeyholderProgress>,
    /// What is wrong, and whose doing it is.
    pub problems: Vec<CeremonyProblem>,
    /// What came out of it.
    pub key_set: Option<KeySetSummary>,
    /// Index of the share that this node holds.
    pub share: Option<u16>,
}

/// How far one keyholder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyholderProgress {
    /// Who.
    pub keyholder: Oin,
    /// Index of its share.
    pub index: u16,
    /// Whether it is reachable now; this node itself is.
    pub reachable: bool,
    /// The last thing that it has done, as far as this node knows; nothing where it takes no part. Nodes that take no
    /// part themselves know nothing until there is a key set.
    pub done: Option<CeremonyRound>,
}

/// The things that each keyholder does, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CeremonyRound {
    /// Nothing yet.
    Nothing,
    /// Round 1: it has bound itself to its part of the key.
    Commitments,
    /// Round 2: it has given every other its share of that part.
    Shares,
    /// It has said which round 1 packages it holds.
    Echo,
    /// It has signed the key set.
    Signature,
    /// It has given the attempt up, and destroyed what it had of it.
    Abandonment,
}

impl CeremonyRound {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing yet",
            Self::Commitments => "round 1",
            Self::Shares => "round 2",
            Self::Echo => "echo",
            Self::Signature => "signature",
            Self::Abandonment => "gave the attempt up",
        }
    }

    /// For programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Commitments => "commitments",
            Self::Shares => "shares",
            Self::Echo => "echo",
            Self::Signature => "signature",
            Self::Abandonment => "abandonment",
        }
    }
}

/// A key set, as two people compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySetSummary {
    /// Its digest: the same at every node.
    pub digest: Digest,
    /// Shares needed for one evaluation.
    pub threshold: u16,
}

impl CeremonyKeeper {
    /// The ceremonies of an epoch, by class.
    pub(crate) fn states(&self, cx: &Context<'_>, epoch: Epoch) -> Vec<CeremonyState> {
        KeyId::all(epoch).map(|key| self.state(cx, key)).collect()
    }

    fn state(&self, cx: &Context<'_>, key: KeyId) -> CeremonyState {
        let key_set = self.material.key_set(key.epoch, key.class);
        let attempts = self.present(cx, key);
        let followed = || attempts.map_or_else(|| ceremony_id(cx, key), Attempts::id);
        let id = key_set.map_or_else(followed, |made| *made.ceremony());
        let present = cx.roster.keyholder_section();
        let section = cx.chain.section(&id.section).unwrap_or(&present);
        let running = self.running.get(&key);
        let gave_up = |index: u16| {
            attempts.is_some_and(|attempts| attempts.signers(id.attempt).any(|held| held == index))
        };
        let progress = |held: &crypto::Keyholder| KeyholderProgress {
            keyholder: held.oin,
            index: held.index,
            reachable: held.oin == cx.identity.oin || cx.connected.contains(&held.oin),
            done: match (key_set, running) {
                (Some(made), _) => made.verifying_share(held.index).map(|_| CeremonyRound::Signature),
                (None, _) if gave_up(held.index) => Some(CeremonyRound::Abandonment),
                (None, Some(ceremony)) if ceremony.participants().contains(&held.index) => {
                    Some(ceremony.round_of(held.index))
                }
                (None, Some(_) | None) => None,
            },
        };
        CeremonyState {
            class: key.class,
            epoch: key.epoch,
            attempt: id.attempt,
            deadline: running.map(|ceremony| ceremony.span().deadline),
            keyholders: section.keyholders.iter().map(progress).collect(),
            problems: self.problems(cx).into_iter().filter(|problem| problem.key() == key).collect(),
            key_set: key_set
                .map(|made: &KeySet| KeySetSummary { digest: made.digest(), threshold: section.threshold }),
            share: self.material.share(key.epoch, key.class).map(crypto::KeyShare::index),
        }
    }
}
