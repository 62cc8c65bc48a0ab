//! How the node stands between two epochs: for the status, and for people when something is to be done.

use std::collections::BTreeMap;

use control::NextEpochLine;
use domain::{Epoch, KeyClass};
use protocol::{CeremonyProblem, NextEpoch, Status};
use roster::VerifiedRoster;

/// The epoch that each class of keys is in, by its name.
pub(super) fn entered(status: &Status) -> BTreeMap<String, u32> {
    status.entered.iter().map(|(class, epoch)| (class.dutch().to_owned(), epoch.0)).collect()
}

/// How far the next epoch is prepared.
pub(super) fn next(next: &NextEpoch) -> NextEpochLine {
    let made = next.ceremonies.iter().filter(|ceremony| ceremony.key_set.is_some());
    let is_late = |problem: &CeremonyProblem| matches!(problem, CeremonyProblem::Late { .. });
    let late = next.ceremonies.iter().filter(|ceremony| ceremony.problems.iter().any(is_late));
    NextEpochLine {
        epoch: next.epoch.0,
        starts: next.starts.to_string(),
        key_sets: made.map(|ceremony| ceremony.class.dutch().to_owned()).collect(),
        late: late.map(|ceremony| ceremony.class.dutch().to_owned()).collect(),
        keys_waiting: next.keys_waiting,
        published: next.published,
    }
}

/// What is to be said of classes that have not entered the epoch that runs although they were in the one before.
pub(super) fn sentences(status: &Status, roster: &VerifiedRoster) -> Vec<String> {
    let behind = status.entered.iter().filter(|(_, epoch)| **epoch < status.epoch);
    let sentence = |(class, epoch): (&KeyClass, &Epoch)| {
        format!(
            "there is no key {class} for epoch {} yet; that of epoch {epoch} goes on until {}. The keyholders have to be \
             reachable for their ceremony",
            status.epoch,
            roster.expiry_of(*epoch)
        )
    };
    behind.map(sentence).collect()
}
