//! Evaluations for other members, in threads of their own: a full batch takes a keyholder some 15 ms, and no question of
//! a professional waits for that.
//!
//! One thread takes what is over soon, the other the rest, and gives way to everything else. How much waits here is
//! bounded by what the network hands out.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{Builder, JoinHandle};

use anyhow::{Context as _, Result};
use protocol::Input;
use protocol::evaluation::EvaluationTask;

/// How far the thread of long evaluations gives way, of 19.
const NICENESS: i32 = 5;

/// Where evaluations are given. They end when it is dropped.
pub(super) struct Evaluators {
    few: Sender<EvaluationTask>,
    many: Sender<EvaluationTask>,
}

/// The threads, to be waited for.
pub(super) struct EvaluatorThreads([JoinHandle<()>; 2]);

impl Evaluators {
    /// Starts the threads. Results go to `done`.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(super) fn start(done: &tokio::sync::mpsc::Sender<Input>) -> Result<(Self, EvaluatorThreads)> {
        let (few, few_tasks) = mpsc::channel();
        let (many, many_tasks) = mpsc::channel();
        let spawn = |name: &str, tasks: Receiver<EvaluationTask>, niceness: i32| {
            let done = done.clone();
            let work = move || {
                give_way(niceness);
                for task in tasks {
                    if done.blocking_send(Input::Evaluated(task.run())).is_err() {
                        // The event loop has ended.
                        return;
                    }
                }
            };
            Builder::new().name(name.to_owned()).spawn(work).context("cannot start a thread for evaluations")
        };
        let threads = [spawn("evaluate-few", few_tasks, 0)?, spawn("evaluate-many", many_tasks, NICENESS)?];
        Ok((Self { few, many }, EvaluatorThreads(threads)))
    }

    /// Has a task run.
    pub(super) fn take(&self, task: EvaluationTask) {
        let thread = if task.is_short() { &self.few } else { &self.many };
        // It ended with the event loop; so does the node, in a moment.
        let _stopping = thread.send(task);
    }
}

impl EvaluatorThreads {
    /// Waits for their end.
    pub(super) fn join(self) {
        for thread in self.0 {
            let _ended = thread.join();
        }
    }
}

/// Makes the calling thread less urgent. Without the right to, it goes on as it is.
fn give_way(niceness: i32) {
    if niceness > 0 {
        let this_thread = None;
        if let Err(error) = rustix::process::setpriority_process(this_thread, niceness) {
            tracing::debug!(%error, "evaluations are as urgent as everything else");
        }
    }
}
