//! The one loop that owns the state machine: input and time in, Steps to the writer.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Oin, Timestamp};
use protocol::{Input, Node, Refused};
use store::StepSender;
use tokio::runtime::Handle;

use super::inbox::Inbox;

/// Seconds between two lines about refusals of one kind.
const LOG_SECONDS: u64 = 60;

/// Runs until nobody gives commands any more or the writer has stopped.
pub(super) fn run(mut node: Node, mut inbox: Inbox, runtime: &Handle, steps: &StepSender) {
    let mut refusals = Refusals::default();
    while let Some(input) = inbox.next(runtime) {
        let from = sender(&input);
        for step in node.handle(input, now()) {
            if steps.send(step).is_err() {
                // The writer failed and has said why; nothing may happen any more.
                return;
            }
        }
        refusals.log(&node.refused(), from, now());
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
        | Input::Evaluated(_)
        | Input::Gossip { .. }
        | Input::Command { .. } => None,
    }
}

/// What was said of refusals, so that a member that misbehaves cannot fill the log.
#[derive(Default)]
struct Refusals {
    /// For each kind: the count last logged, and when.
    logged: BTreeMap<&'static str, (u64, Timestamp)>,
}

impl Refusals {
    /// Says that something was refused, by kind and number only: what was refused may hold anything. The first of a
    /// kind at once, later ones together once a minute.
    fn log(&mut self, refused: &Refused, from: Option<Oin>, now: Timestamp) {
        for (what, count) in refused.named() {
            let due = match self.logged.get(what) {
                None => count > 0,
                Some((logged, at)) => count > *logged && now.since(*at) >= LOG_SECONDS,
            };
            if due {
                self.logged.insert(what, (count, now));
                tracing::warn!(what, count, last = from.map(tracing::field::display), "refused");
            }
        }
    }
}

/// The clock of the operating system, in UTC seconds.
#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
pub fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs()))
}
