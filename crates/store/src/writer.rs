//! The one writer thread: Steps in, in order; committed together; what they say out.

use std::{
    fmt,
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};

use protocol::{Batch, Durable, Outbound, Step};

use crate::{MAX_WRITES, Store, StoreError, plan};

/// Most Steps that wait for the writer before [`StepSender::send`] waits too: enough to fill a commit with Steps of
/// one change each, few enough that memory does not run far ahead of the disk. Also the most Steps in one commit.
pub const QUEUED_STEPS: usize = 256;

enum Message<D> {
    Step(Step),
    Look(Box<dyn FnOnce(&D) + Send>),
    Stop,
}

/// Where the event loop puts its Steps. There is one: the order of Steps is the order of sending.
pub struct StepSender {
    steps: SyncSender<Message<Store>>,
}

/// Looks at the store between two commits.
#[derive(Clone)]
pub struct Looker {
    steps: SyncSender<Message<Store>>,
}

impl Looker {
    /// Has the writer run `look` after the Steps that were sent before, and waits for what it finds. Nothing is
    /// committed meanwhile, so `look` should be short.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (tell, told) = mpsc::sync_channel(1);
        let look = move |store: &Store| {
            // Whoever asked waits for it below.
            let _unheard = tell.send(look(store));
        };
        self.steps.send(Message::Look(Box::new(look))).map_err(|_| Stopped)?;
        told.recv().map_err(|_| Stopped)
    }
}

impl fmt::Debug for Looker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looker").finish_non_exhaustive()
    }
}

/// The writer has stopped, because it was told to or because a commit failed; the Step did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the writer has stopped; the node must stop too")]
pub struct Stopped;

impl StepSender {
    /// Queues a Step, waiting while [`QUEUED_STEPS`] are queued already.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub fn send(&self, step: Step) -> Result<(), Stopped> {
        self.steps.send(Message::Step(step)).map_err(|_| Stopped)
    }
}

impl fmt::Debug for StepSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepSender").finish_non_exhaustive()
    }
}

/// The running writer thread. Dropped without [`Writer::stop`], the thread ends when the [`StepSender`] is dropped.
#[must_use = "stop the writer, or the last Steps may not be on disk when the process ends"]
pub struct Writer {
    steps: SyncSender<Message<Store>>,
    thread: JoinHandle<Option<Store>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// `on_commit` gets what the committed Steps say, in order, once they are on disk; it is not called for commits
    /// that say nothing. `on_failure` gets the error of the first commit that fails; nothing is committed, and
    /// `on_commit` not called, after it. Both run on the writer thread.
    ///
    /// # Panics
    /// When the operating system starts no thread.
    pub fn spawn(
        store: Store,
        on_commit: impl FnMut(Vec<Outbound>) + Send + 'static,
        on_failure: impl FnOnce(StoreError) + Send + 'static,
    ) -> (Self, StepSender) {
        let (steps, queue) = mpsc::sync_channel(QUEUED_STEPS);
        let thread = thread::spawn(move || {
            let (mut store, mut on_commit) = (store, on_commit);
            let result = commit_all(&mut store, &queue, &mut on_commit);
            // Senders learn that it is over before anybody else does.
            drop(queue);
            match result {
                Ok(()) => Some(store),
                Err(error) => {
                    // Folder and lock are free again when the node hears of it.
                    drop(store);
                    on_failure(error);
                    None
                }
            }
        });
        (Self { steps: steps.clone(), thread }, StepSender { steps })
    }

    /// Whom to ask for a look at the store.
    #[must_use]
    pub fn looker(&self) -> Looker {
        Looker { steps: self.steps.clone() }
    }

    /// Commits what is queued, ends the thread and gives the store back. Later Steps are refused.
    ///
    /// # Errors
    /// When a commit had failed: now, or earlier. `on_failure` has got the reason.
    pub fn stop(self) -> Result<Store, StoreError> {
        // Refused only when the thread has ended already, and then joining tells how.
        let _ = self.steps.send(Message::Stop);
        self.thread.join().ok().flatten().ok_or(StoreError::WriterStopped)
    }
}

/// Group commit: one Step, and those that came meanwhile, as long as they are few enough changes together.
fn commit_all<D: Durable<Error = StoreError>>(
    disk: &mut D,
    queue: &Receiver<Message<D>>,
    on_commit: &mut impl FnMut(Vec<Outbound>),
) -> Result<(), StoreError> {
    let mut next: Option<Message<D>> = None;
    loop {
        let first = match next.take().map_or_else(|| queue.recv(), Ok) {
            Ok(Message::Step(step)) => step,
            Ok(Message::Look(look)) => {
                look(disk);
                continue;
            }
            Ok(Message::Stop) | Err(mpsc::RecvError) => return Ok(()),
        };
        plan::check_len(first.writes_len())?;
        let mut batch = Batch::default();
        batch.push(first);
        for _ in 1..QUEUED_STEPS {
            match queue.try_recv() {
                Ok(Message::Step(step)) if batch.writes_len() + step.writes_len() <= MAX_WRITES => {
                    batch.push(step);
                }
                // Too much for this commit, or something to be done after it.
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let said = batch.commit(disk)?;
        if !said.is_empty() {
            on_commit(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Collection, ResponseToken, Scope, Write};

    use super::*;

    /// Counts changes per commit, and refuses after some commits.
    #[derive(Default)]
    struct Disk {
        commits: Vec<usize>,
        refuse_after: Option<usize>,
    }

    impl Durable for Disk {
        type Error = StoreError;

        fn make_durable(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
            if self.refuse_after == Some(self.commits.len()) {
                return Err(StoreError::Failed);
            }
            self.commits.push(writes.len());
            Ok(())
        }

        fn read(&mut self, _: Scope, _: Collection, _: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(None)
        }
    }

    fn step(id: u64, writes: usize) -> Message<Disk> {
        let mut step = Step::default();
        for number in 0..writes {
            step.put(Collection::Head, number.to_be_bytes().to_vec(), vec![1]);
        }
        step.say(Outbound::Respond { token: ResponseToken(id), frame: Vec::new() });
        Message::Step(step)
    }

    /// Runs the loop over Steps that are all queued beforehand; returns the tokens of each call of `on_commit`.
    fn run(disk: &mut Disk, steps: &[usize]) -> (Vec<Vec<u64>>, Result<(), StoreError>) {
        let (sender, queue) = mpsc::sync_channel(steps.len());
        for (id, writes) in (0..).zip(steps) {
            sender.send(step(id, *writes)).unwrap();
        }
        drop(sender);
        let mut said = Vec::new();
        let result = commit_all(disk, &queue, &mut |outbound: Vec<Outbound>| {
            said.push(outbound.iter().map(said_id).collect());
        });
        (said, result)
    }

    fn said_id(outbound: &Outbound) -> u64 {
        let Outbound::Respond { token, .. } = outbound else { panic!("only answers are said here") };
        token.0
    }

    #[test]
    fn waiting_steps_are_committed_together_whole_and_in_order() {
        let mut disk = Disk::default();
        let (said, result) = run(&mut disk, &[90, 90, 30, 180, 10, 10, 1]);
        result.unwrap();
        assert_eq!(disk.commits, [180, 30, 200, 1]);
        assert_eq!(said, [vec![0, 1], vec![2], vec![3, 4, 5], vec![6]]);
    }

    #[test]
    fn steps_that_keep_nothing_speak_in_order_and_their_number_is_bounded() {
        let mut disk = Disk::default();
        let (said, result) = run(&mut disk, &[0; QUEUED_STEPS + 3]);
        result.unwrap();
        assert!(disk.commits.is_empty());
        assert_eq!(said.iter().map(Vec::len).collect::<Vec<_>>(), [QUEUED_STEPS, 3]);
        assert!(said.concat().is_sorted());
    }

    #[test]
    fn a_look_sees_every_step_before_it_and_none_after() {
        let mut disk = Disk::default();
        let (sender, queue) = mpsc::sync_channel(4);
        let (tell, told) = mpsc::channel();
        let look = move |disk: &Disk| tell.send(disk.commits.clone()).unwrap();
        for message in [step(0, 3), step(1, 4), Message::Look(Box::new(look)), step(2, 5)] {
            sender.send(message).unwrap();
        }
        drop(sender);
        commit_all(&mut disk, &queue, &mut |_| ()).unwrap();
        assert_eq!(told.recv().unwrap(), [7]);
        assert_eq!(disk.commits, [7, 5]);
    }

    #[test]
    fn after_a_refusal_nothing_is_said() {
        let mut disk = Disk { refuse_after: Some(1), ..Disk::default() };
        let (said, result) = run(&mut disk, &[200, 200, 200]);
        assert!(matches!(result, Err(StoreError::Failed)));
        assert_eq!(said, [vec![0]]);
    }

    #[test]
    fn a_step_that_is_too_large_fails_after_those_before_it_are_kept() {
        let mut disk = Disk::default();
        let (said, result) = run(&mut disk, &[1, 201, 1]);
        assert!(matches!(result, Err(StoreError::StepTooLarge { writes: 201, limit: 200 })));
        assert_eq!((disk.commits.as_slice(), said), ([1].as_slice(), vec![vec![0]]));
    }
}
