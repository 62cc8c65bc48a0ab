//! Witnessing in a status: as lines, and as sentences where somebody has to do something.

use std::collections::BTreeSet;

use control::{ChallengeLine, ForkLine, LogSort, LostLine, OwnLogLine, WitnessingLine};
use protocol::Status;
use protocol::witness::{HeldChallenge, HeldFork, LogKind, OwnLogStatus};
use roster::VerifiedRoster;

use super::lines::name;

/// The own logs, and what is held against others.
pub(super) fn line(status: &Status, roster: &VerifiedRoster) -> WitnessingLine {
    let held = &status.witnessing;
    WitnessingLine {
        logs: held.own.iter().map(own).collect(),
        remembered: held.remembered,
        forks: held.forks.iter().map(|held| fork(held, roster)).collect(),
        challenges: held.challenges.iter().map(|held| challenge(held, roster)).collect(),
    }
}

fn sort(kind: LogKind) -> LogSort {
    match kind {
        LogKind::Main => LogSort::Main,
        LogKind::Evaluations => LogSort::Evaluations,
    }
}

fn own(own: &OwnLogStatus) -> OwnLogLine {
    OwnLogLine {
        log: sort(own.log.kind),
        generation: own.log.generation,
        cosigned: own.size,
        cosignatures: own.cosignatures,
        needed: own.needed,
        witnesses: own.witnesses,
        heard: own.heard,
        lost: own.lost.map(|lost| LostLine {
            first: lost.from,
            last: lost.to.saturating_sub(1),
            size: lost.to,
            root: hex::encode(lost.root.as_bytes()),
        }),
    }
}

fn fork(held: &HeldFork, roster: &VerifiedRoster) -> ForkLine {
    ForkLine {
        oin: held.log.keeper.to_string(),
        organisatie: name(roster, &held.log.keeper),
        log: sort(held.log.kind),
        generation: held.log.generation,
        since: held.since.to_string(),
        open: held.is_open,
        proof: hex::encode(&held.proof),
    }
}

fn challenge(held: &HeldChallenge, roster: &VerifiedRoster) -> ChallengeLine {
    ChallengeLine {
        oin: held.log.keeper.to_string(),
        organisatie: name(roster, &held.log.keeper),
        log: sort(held.log.kind),
        earlier: held.sizes.0,
        later: held.sizes.1,
        since: held.since.to_string(),
    }
}

/// What is to be done.
pub(super) fn sentences(line: &WitnessingLine, oin: &str) -> Vec<String> {
    let lost = line.logs.iter().filter_map(|log| Some((log, log.lost.as_ref()?)));
    let lost = lost.map(|(log, LostLine { first, last, size, root })| {
        format!(
            "the {} lost entries {first} to {last}, which witnesses remember: nothing of it is signed until the governors \
             approve a log generation. Tell the privacy officer and ask the governors for generation {}, size = {size}, \
             root = \"{root}\"",
            log.log.words(),
            log.generation.saturating_add(1)
        )
    });
    // One sentence for an organisation, whatever it did.
    let forked: BTreeSet<(&str, &str)> = line
        .forks
        .iter()
        .filter(|fork| fork.open)
        .map(|fork| (fork.oin.as_str(), fork.organisatie.as_str()))
        .collect();
    let forks = forked.into_iter().map(|(forker, organisatie)| {
        if forker == oin {
            "others hold proof that two logs are signed with this organisation's key, and evaluate nothing for it: an old \
             data folder was put back, or somebody else has the key. Call the governors"
                .to_owned()
        } else {
            format!(
                "{organisatie} has signed two logs: nothing is evaluated for it. Call it and the governors. `samenhang \
                 status --json` holds the proof"
            )
        }
    });
    let challenges = line.challenges.iter().map(|challenge| {
        let ChallengeLine { organisatie, log, earlier, later, .. } = challenge;
        format!(
            "{organisatie} has not shown that its {} of {later} entries continues that of {earlier}: call it. If it was \
             restored from a backup, its governors can let the log go on",
            log.words()
        )
    });
    lost.chain(forks).chain(challenges).collect()
}
