//! The one loop that owns the state machine: input and time in, Steps to the writer.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Oin, Timestamp};
use protocol::{Input, Node, Refused};
use store::StepSender;
use tokio::sync::mpsc::Receiver;

/// Runs until every sender of inputs is gone or the writer has stopped.
pub(super) fn run(mut node: Node, mut inputs: Receiver<Input>, steps: &StepSender) {
    while let Some(input) = inputs.blocking_recv() {
        let before = node.refused();
        let from = sender(&input);
        for step in node.handle(input, now()) {
            if steps.send(step).is_err() {
                // The writer failed and has said why; nothing may happen any more.
                return;
            }
        }
        log_refusals(&before, &node.refused(), from);
    }
}

/// The member that an input came from, where it came from one.
fn sender(input: &Input) -> Option<Oin> {
    match input {
        Input::Request { from, .. } => Some(*from),
        Input::Tick
        | Input::Connected(_)
        | Input::Disconnected(_)
        | Input::Response { .. }
        | Input::RequestFailed { .. }
        | Input::Gossip { .. }
        | Input::Command { .. } => None,
    }
}

/// Says that something was refused, by kind and number only: what was refused may hold anything.
fn log_refusals(before: &Refused, after: &Refused, from: Option<Oin>) {
    if before == after {
        return;
    }
    for ((what, earlier), (_, count)) in before.named().into_iter().zip(after.named()) {
        if count > earlier {
            tracing::warn!(what, count, from = from.map(tracing::field::display), "refused");
        }
    }
}

/// The clock of the operating system, in UTC seconds.
#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs()))
}
