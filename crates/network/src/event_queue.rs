//! Events between the swarm and the node's channel.
//!
//! Two bounds. Below the first, the swarm is polled and peers are read. Above it peers wait, but the own node's
//! commands may still cause events (a request to an absent member fails at once), up to the second. Only a node
//! that gives thousands of orders without ever taking an event reaches that one.

use std::collections::VecDeque;

use protocol::Input;

/// Events that commands may cause beyond the bound for peers: failures of about hundred bytes each.
const COMMAND_MARGIN: usize = 65_536;

/// Events in order, bounded.
#[derive(Debug)]
pub(crate) struct EventQueue {
    inputs: VecDeque<Input>,
    room_for_peers: usize,
}

impl EventQueue {
    pub(crate) fn new(room_for_peers: usize) -> Self {
        Self { inputs: VecDeque::new(), room_for_peers: room_for_peers.max(1) }
    }

    /// Whether peers may cause more events.
    pub(crate) fn has_room_for_peers(&self) -> bool {
        self.inputs.len() < self.room_for_peers
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Appends an event; false when it is lost for lack of room.
    pub(crate) fn push(&mut self, input: Input) -> bool {
        let fits = self.inputs.len() < self.room_for_peers + COMMAND_MARGIN;
        if fits {
            self.inputs.push_back(input);
        }
        fits
    }

    pub(crate) fn pop(&mut self) -> Option<Input> {
        self.inputs.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use protocol::RequestId;

    use super::*;

    #[test]
    fn peers_stop_at_the_first_bound_and_commands_at_the_second() {
        let mut queue = EventQueue::new(2);
        assert!(queue.push(Input::Tick) && queue.has_room_for_peers());
        assert!(queue.push(Input::Tick) && !queue.has_room_for_peers());
        for id in 0..COMMAND_MARGIN as u64 {
            assert!(queue.push(Input::RequestFailed { id: RequestId(id) }));
        }
        assert!(!queue.push(Input::Tick));
        assert!(matches!(queue.pop(), Some(Input::Tick)));
        assert!(queue.push(Input::Tick));
    }
}
