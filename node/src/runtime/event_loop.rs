//! The one loop that owns the state machine: input and time in, Steps to the writer.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use protocol::{Input, Node};
use store::StepSender;
use tokio::sync::mpsc::Receiver;

/// Runs until every sender of inputs is gone or the writer has stopped.
pub(super) fn run(mut node: Node, mut inputs: Receiver<Input>, steps: &StepSender) {
    while let Some(input) = inputs.blocking_recv() {
        for step in node.handle(input, now()) {
            if steps.send(step).is_err() {
                // The writer failed and has said why; nothing may happen any more.
                return;
            }
        }
    }
}

/// The clock of the operating system, in UTC seconds.
#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs()))
}
