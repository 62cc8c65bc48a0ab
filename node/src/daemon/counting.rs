//! What is counted of evaluations, and who counts twice, as a status shows it.

use control::{EvaluationLine, TwoLogsLine};
use protocol::{EvaluationCount, QuotaSpent, Status, TwoLogs};
use roster::VerifiedRoster;

use super::lines::name;

pub(super) fn evaluations(status: &Status) -> Vec<EvaluationLine> {
    let line = |count: &EvaluationCount| {
        let of_it = |spent: &&QuotaSpent| (spent.epoch, spent.class) == (count.epoch, count.class);
        let spent = status.quotas_spent.iter().find(of_it);
        EvaluationLine {
            epoch: count.epoch.0,
            class: count.class.dutch().to_owned(),
            counted: count.counted,
            allowed: count.allowed,
            spent: spent.is_some(),
            until: spent.and_then(|spent| spent.until).map(|until| until.to_string()),
        }
    };
    status.evaluations.iter().map(line).collect()
}

pub(super) fn two_logs(status: &Status, roster: &VerifiedRoster) -> Vec<TwoLogsLine> {
    let line = |proven: &TwoLogs| TwoLogsLine {
        oin: proven.keeper.to_string(),
        organisatie: name(roster, &proven.keeper),
        proof: hex::encode(&proven.proof),
    };
    status.two_logs.iter().map(line).collect()
}

/// What is to be done about it.
pub(super) fn sentences(status: &Status, roster: &VerifiedRoster) -> Vec<String> {
    let unnamed = (!status.log_is_named).then(|| {
        "the roster does not name the key of this organisation's logs, so nothing is evaluated: run `samenhang init` again and \
         send the governors the join request"
            .to_owned()
    });
    let spent = evaluations(status).into_iter().filter(|line| line.spent).map(|line| {
        let more = line.until.map_or_else(
            || "there will be no more in this epoch".to_owned(),
            |until| format!("there will be more at {until}"),
        );
        format!(
            "the quota for evaluations of class {} in epoch {} is spent and {more}; families wait until then. Ask the governors \
             for a bulk allowance if that is too late",
            line.class, line.epoch
        )
    });
    let two_logs = two_logs(status, roster).into_iter().map(|line| {
        format!(
            "{} has shown two evaluation logs, which is proof that it does not count all that it asks; nothing more is \
             evaluated for it here. Show the governors the proof in `samenhang status --json`",
            line.organisatie
        )
    });
    unnamed.into_iter().chain(spent).chain(two_logs).collect()
}
