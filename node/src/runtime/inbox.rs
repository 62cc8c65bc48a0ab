//! What happens to a node, in the order in which it attends to it: what the own organisation wants, then the clock, then
//! what other members send.
//!
//! A question of a professional so waits for the one thing that the event loop has in hand, and for nothing that others
//! sent. Which member comes next is decided by the network at the last moment, so hardly anything of theirs waits here.

use protocol::Input;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TryRecvError};

/// Commands of the own organisation that wait. Whoever gives more waits too; a command waits for its reply, so there are
/// hardly more than people and programs at work.
pub(crate) const QUEUED_COMMANDS: usize = 256;

/// Moments that wait: one, however long the event loop was busy.
const QUEUED_TICKS: usize = 1;

/// Events of others that wait here rather than in their fair order: one, so that the event loop has the next at hand. It
/// may be a full batch of 20 ms, which whoever comes next has to wait for.
pub(crate) const QUEUED_EVENTS: usize = 1;

/// Where inputs are put.
pub(super) struct Senders {
    pub(super) commands: Sender<Input>,
    pub(super) ticks: Sender<Input>,
    pub(super) events: Sender<Input>,
}

/// Where the event loop takes them.
pub(super) struct Inbox {
    commands: Receiver<Input>,
    ticks: Receiver<Input>,
    events: Receiver<Input>,
    /// Whether the clock had its turn: then an event has, so that a slow clock keeps nobody out.
    ticked: bool,
}

pub(super) fn new() -> (Senders, Inbox) {
    let (commands, commanded) = mpsc::channel(QUEUED_COMMANDS);
    let (ticks, ticked) = mpsc::channel(QUEUED_TICKS);
    let (events, happened) = mpsc::channel(QUEUED_EVENTS);
    let inbox = Inbox { commands: commanded, ticks: ticked, events: happened, ticked: false };
    (Senders { commands, ticks, events }, inbox)
}

impl Inbox {
    /// The next input, waiting for one on the runtime that `handle` names. `None` once nobody gives commands any more
    /// and what others sent has been taken.
    pub(super) fn next(&mut self, handle: &Handle) -> Option<Input> {
        match self.commands.try_recv() {
            Ok(command) => return Some(command),
            Err(TryRecvError::Disconnected) => return self.events.try_recv().ok(),
            Err(TryRecvError::Empty) => {}
        }
        if !std::mem::take(&mut self.ticked)
            && let Ok(tick) = self.ticks.try_recv()
        {
            self.ticked = true;
            return Some(tick);
        }
        if let Ok(event) = self.events.try_recv() {
            return Some(event);
        }
        handle.block_on(async {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => Some(command),
                    None => self.events.try_recv().ok(),
                },
                Some(tick) = self.ticks.recv() => {
                    self.ticked = true;
                    Some(tick)
                }
                Some(event) = self.events.recv() => Some(event),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Command, CommandId, RequestId};

    use super::*;

    fn command(senders: &Senders, id: u64) {
        let command = Input::Command { id: CommandId(id), command: Command::Status };
        senders.commands.try_send(command).unwrap();
    }

    fn event(senders: &Senders, id: u64) {
        senders.events.try_send(Input::RequestFailed { id: RequestId(id) }).unwrap();
    }

    /// Takes so many inputs, and says which: `c` a command, `t` a moment, `e` an event.
    fn taken(inbox: &mut Inbox, count: usize, handle: &Handle) -> String {
        let letter = |input: Input| match input {
            Input::Command { .. } => 'c',
            Input::Tick => 't',
            Input::RequestFailed { .. } => 'e',
            Input::Connected(_)
            | Input::Disconnected(_)
            | Input::Request { .. }
            | Input::Response { .. }
            | Input::Evaluated(_)
            | Input::Gossip { .. } => '?',
        };
        (0..count).map(|_| inbox.next(handle).map_or('-', letter)).collect()
    }

    #[test]
    fn commands_first_and_the_clock_keeps_no_event_out() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle();
        let (senders, mut inbox) = new();
        event(&senders, 1);
        senders.ticks.try_send(Input::Tick).unwrap();
        assert!(senders.ticks.try_send(Input::Tick).is_err(), "one moment is as good as two");
        command(&senders, 1);
        command(&senders, 2);
        assert_eq!(taken(&mut inbox, 3, handle), "cct");
        senders.ticks.try_send(Input::Tick).unwrap();
        assert_eq!(taken(&mut inbox, 1, handle), "e", "the clock was served a moment ago");
        event(&senders, 2);
        command(&senders, 3);
        assert_eq!(taken(&mut inbox, 3, handle), "cte");
    }

    #[test]
    fn it_waits_for_whatever_comes_and_ends_with_the_commands() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        let (senders, mut inbox) = new();
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = std::thread::spawn(move || {
            for _ in 0..3 {
                tell.send(taken(&mut inbox, 1, &handle)).unwrap();
            }
            taken(&mut inbox, 2, &handle)
        });
        let next = || told.recv().unwrap();
        event(&senders, 1);
        assert_eq!(next(), "e");
        senders.ticks.try_send(Input::Tick).unwrap();
        assert_eq!(next(), "t");
        command(&senders, 1);
        assert_eq!(next(), "c");
        event(&senders, 2);
        drop(senders);
        assert_eq!(waiting.join().unwrap(), "e-", "what came is taken, and then it is over");
    }
}
